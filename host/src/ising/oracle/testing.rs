//! Sums over all configurations, written as the definitions read.

use super::Thermodynamics;
use gibbs_core::math::Real;

/// Two ends and a coupling.
pub(super) type Bond = (usize, usize, f64);

/// The bonds of a torus with J = 1, right and down from every site; a side of 2 gives each twice.
pub(super) fn torus(width: usize, height: usize) -> Vec<Bond> {
    let mut bonds = Vec::new();
    for y in 0..height {
        for x in 0..width {
            bonds.push((y * width + x, y * width + (x + 1) % width, 1.0));
            bonds.push((y * width + x, (y + 1) % height * width + x, 1.0));
        }
    }
    bonds
}

/// (energy, number of up spins) of every configuration under a uniform field.
pub(super) fn configurations(spins: usize, bonds: &[Bond], field: f64) -> Vec<(f64, usize)> {
    (0..1_usize << spins)
        .map(|state| {
            let s = |i: usize| if state >> i & 1 == 1 { 1.0 } else { -1.0 };
            let bonds: f64 = bonds
                .iter()
                .map(|(i, j, coupling)| coupling * s(*i) * s(*j))
                .sum();
            let fields: f64 = (0..spins).map(|i| field * s(i)).sum();
            (-bonds - fields, state.count_ones() as usize)
        })
        .collect()
}

/// ln Z, <E> and beta² Var E.
pub(super) fn enumerate(spins: usize, bonds: &[Bond], field: f64, beta: f64) -> Thermodynamics {
    let all = configurations(spins, bonds, field);
    let ground = all.iter().fold(f64::INFINITY, |a, (e, _)| a.min(*e * beta));
    let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
        let terms = all.iter().map(|(e, _)| Real::exp(ground - beta * e) * f(*e));
        terms.sum()
    };
    let z = mean(&|_| 1.0);
    let energy = mean(&|e| e) / z;
    Thermodynamics {
        spins,
        log_z: Real::ln(z) - ground,
        energy,
        heat_capacity: beta * beta * mean(&|e| (e - energy) * (e - energy)) / z,
    }
}

/// Asserts that two results agree to `tolerance` of their size.
pub(super) fn assert_close(found: &Thermodynamics, expected: &Thermodynamics, tolerance: f64, what: &str) {
    assert_eq!(found.spins, expected.spins);
    for (a, b) in [
        (found.log_z, expected.log_z),
        (found.energy, expected.energy),
        (found.heat_capacity, expected.heat_capacity),
    ] {
        assert!(
            (a - b).abs() <= tolerance * (1.0 + b.abs()),
            "{what}: {found:?} against {expected:?}"
        );
    }
}
