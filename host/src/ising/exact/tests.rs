//! Enumeration against sums written out here, and golden values.

use super::*;
use crate::ising::Kind;
use crate::ising::testing::golden;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

#[test] // golden: ising-enumerate
fn golden_spin_glasses() {
    for (problem, ground, degeneracy, beta, log_z, energy) in golden() {
        let found = exact(&problem, beta).unwrap();
        assert_eq!(
            (found.ground.to_string(), found.degeneracy),
            (ground.to_string(), degeneracy)
        );
        assert!((found.log_z - log_z).abs() < 1e-5, "{} {log_z}", found.log_z);
        assert!((found.energy - energy).abs() < 1e-5, "{} {energy}", found.energy);
    }
}

#[test] // edge: ising-enumerate
fn too_many_spins_are_refused_with_what_to_do() {
    let problem = Problem::parse(Path::new("f"), b"0,24,1", Kind::Ising, None).unwrap();
    let message = exact(&problem, 1.0).unwrap_err().to_string();
    assert!(
        message.contains("25 spins") && message.contains("temper"),
        "{message}"
    );
}

// 4096 levels and no more are a table
#[test] // edge: ising-enumerate
fn many_levels_are_left_out() {
    let fields = |n: u32| {
        let mut text = String::new();
        for i in 0..n {
            writeln!(text, "{i},{i},{}", 1_u32 << i).unwrap();
        }
        Problem::parse(Path::new("f"), text.as_bytes(), Kind::Ising, None).unwrap()
    };
    assert_eq!(exact(&fields(12), 0.01).unwrap().levels.unwrap().len(), 4096);
    assert_eq!(exact(&fields(13), 0.01).unwrap().levels, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test] // oracle: ising-enumerate
    fn sums_agree_with_all_states(
        n in 1_u32..=6,
        list in prop::collection::vec((0_u32..6, 0_u32..6, -40_i32..=40), 1..14),
        tenths in any::<bool>(),
        float in any::<bool>(),
        beta in -1.0_f64..2.0,
    ) {
        let mut text = String::new();
        for (i, j, q) in &list {
            let value = if tenths { f64::from(*q) / 10.0 } else { f64::from(*q) };
            writeln!(text, "{},{},{value:?}", i % n, j % n).unwrap();
        }
        if float {
            writeln!(text, "0,0,0.123456789012345").unwrap(); // beyond 32 bits in units of its last place
        }
        let problem = Problem::parse(Path::new("f"), text.as_bytes(), Kind::Qubo, Some(n as usize)).unwrap();
        let found = exact(&problem, beta).unwrap();
        prop_assert_eq!(found.levels.is_some(), !float);

        let states: Vec<Vec<i8>> = (0..1_u32 << n)
            .map(|word| (0..n).map(|i| if word >> i & 1 == 1 { 1 } else { -1 }).collect())
            .collect();
        let energies: Vec<f64> = states.iter().map(|s| problem.energy(s).nearest()).collect();
        let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
        let weights: Vec<f64> = energies.iter().map(|e| (-beta * (e - lowest)).exp()).collect();
        let z: f64 = weights.iter().sum();
        let mean = |f: &dyn Fn(usize) -> f64| weights.iter().enumerate().map(|(k, w)| w * f(k)).sum::<f64>() / z;
        let energy = mean(&|k| energies[k]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b.abs());
        prop_assert!(near(found.log_z, z.ln() - beta * lowest), "{} {}", found.log_z, z.ln() - beta * lowest);
        prop_assert!(near(found.energy, energy));
        prop_assert!(near(found.heat_capacity, beta * beta * mean(&|k| (energies[k] - energy).powi(2))));
        for (i, m) in found.means.iter().enumerate() {
            prop_assert!(near(*m, mean(&|k| f64::from(states[k][i]))));
        }
        let ground = energies.iter().filter(|e| (**e - lowest).abs() < 1e-11).count();
        prop_assert_eq!(found.degeneracy as usize, ground);
        prop_assert!((found.ground.nearest() - lowest).abs() < 1e-11);
        prop_assert_eq!(problem.energy(&found.state), found.ground);
        if let Some(levels) = &found.levels {
            prop_assert_eq!(levels.iter().map(|(_, count)| *count).sum::<u32>(), 1 << n);
            for (level, count) in levels {
                let there = energies.iter().filter(|e| near(**e, *level)).count();
                prop_assert_eq!(there, *count as usize);
            }
        }
    }
}
