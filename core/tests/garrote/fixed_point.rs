//! Fixed points of both solvers: stationarity, monotone F, closed-form weights, limits.

use crate::data::{Batch, Gates, Table, eliminate, exact, gap, least_squares};
use crate::tolerances as tol;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::{Ascent, Noise, Options, Solver, Status};
use gibbs_core::math::sigmoid;
use gibbs_core::random::{stream, uniform};
use proptest::prelude::*;

/// Largest residual of the stationarity equations, in units of sd_y for weights, 1 for m, relative for beta.
fn residual(batch: &Batch<f64>, gates: &Gates<f64>, gamma: f64) -> f64 {
    let n = batch.variables();
    let v: Vec<f64> = gates
        .weight
        .iter()
        .zip(&gates.inclusion)
        .map(|(w, m)| w * m)
        .collect();
    let (mut worst, mut ehat) = (0.0_f64, batch.s2[0]);
    for i in 0..n {
        let d = batch.c[i * n + i];
        let cv: f64 = (0..n).map(|j| batch.c[i * n + j] * v[j]).sum();
        let (w, m) = (gates.weight[i], gates.inclusion[i]);
        worst = worst.max((w - (batch.b[i] - cv + d * v[i]) / d).abs() / batch.s2[0].sqrt());
        let theta = gamma + 0.5 * gates.precision[0] * batch.samples * d * w * w;
        worst = worst.max((m - sigmoid(theta)).abs());
        ehat += v[i] * (cv - 2.0 * batch.b[i]) + m * (1.0 - m) * d * w * w;
    }
    worst.max((gates.precision[0] * ehat - 1.0).abs())
}

/// The same fixed point from the dual side: A = 1 + X diag(m/((1-m) d)) X'/M, beta = M/(y'A^-1 y).
fn dual_residual(table: &Table, gates: &Gates<f64>) -> f64 {
    let (x, y) = table.standardised();
    let (rows, n) = (y.len(), table.columns);
    let mut a = vec![0.0; rows * rows];
    for p in 0..rows {
        for q in 0..rows {
            let inner = (0..n).map(|i| {
                let m = gates.inclusion[i];
                x[p * n + i] * x[q * n + i] * m / (1.0 - m)
            });
            a[p * rows + q] = inner.sum::<f64>() / rows as f64 + f64::from(u8::from(p == q));
        }
    }
    let alpha = eliminate(&a, &y);
    let quadratic: f64 = y.iter().zip(&alpha).map(|(y, a)| y * a).sum();
    let mut worst = (rows as f64 / quadratic / gates.precision[0] - 1.0).abs();
    for i in 0..n {
        let xa: f64 = (0..rows).map(|p| x[p * n + i] * alpha[p]).sum();
        let w = xa / (rows as f64 * (1.0 - gates.inclusion[i]));
        worst = worst.max((w - gates.weight[i]).abs());
    }
    worst
}

proptest! {
    #![proptest_config(crate::cases(96))]

    // F never rises over a sweep, whatever the start; m stays at or above sigmoid(gamma)
    #[test] // law: garrote-ascent
    fn sweeps_descend(index in 0..1000_u64, n in 1..16_usize, r in 0.0..0.97_f64, gamma in -30.0..4.0_f64, kind in 0..3_u8) {
        let table = Table::correlated("descent", index, 20, n, r);
        let batch = table.batch::<f64>();
        let noise = match kind {
            0 => Noise::Profile { floor: 1e-3 },
            1 => Noise::Profile { floor: 0.3 }, // the cap at work
            _ => Noise::Fixed(1.5),
        };
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(batch.moments(), gates.lend(), Options { noise, ..exact() }).unwrap();
        let mut rng = stream(13, "start", index);
        let m: Vec<f64> = (0..n).map(|_| uniform(&mut rng)).collect();
        let w: Vec<f64> = (0..n).map(|_| 4.0 * uniform::<f64>(&mut rng) - 2.0).collect();
        ascent.load(&m, &w, &[0.7]);
        let mut last = ascent.energy(gamma).free_energy;
        for _ in 0..100 {
            let now = ascent.advance(gamma, 1).free_energy;
            prop_assert!(now <= last + tol::MONOTONE * (1.0 + last.abs()), "{now} after {last}");
            last = now;
        }
        prop_assert!(ascent.inclusion().iter().all(|m| *m >= sigmoid(gamma)));
    }

    // (a), (b), (c) hold at convergence of either solver, and the dual route agrees
    #[test] // law: garrote-ascent, garrote-joint
    fn converged_means_stationary(index in 0..1000_u64, n in 1..12_usize, r in 0.0..0.9_f64, gamma in -8.0..1.0_f64) {
        let table = Table::correlated("stationary", index, 24, n, r);
        let batch = table.batch::<f64>();
        let mut gates = Gates::of(&batch);
        let solution = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap().solve(gamma);
        prop_assert_eq!(solution.status, Status::Converged);
        let worst = residual(&batch, &gates, gamma);
        prop_assert!(worst < tol::FIXED_POINT, "ascent: {worst}");
        // The dual weights carry 1/(1-m): compared where no gate is decided beyond 1e-4.
        if gates.inclusion.iter().all(|m| *m < 0.9999) {
            let worst = dual_residual(&table, &gates);
            prop_assert!(worst < tol::FIXED_POINT, "dual: {worst}");
        }
        // The joint solver, started at this fixed point, stays there; from shut gates it finds a stationary one.
        let (mut other, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(n)]);
        let options = Options { tolerance: 1e-11, max_sweeps: 20_000, ..Options::default() };
        let mut joint = Joint::new(batch.moments(), other.lend(), options, &mut scratch).unwrap();
        joint.load(&gates.inclusion, &gates.weight, &gates.precision);
        prop_assert_eq!(joint.solve(gamma).status, Status::Converged);
        prop_assert!(gap(joint.inclusion(), &gates.inclusion) < tol::SAME_FIXED_POINT);
        joint.close();
        prop_assert_eq!(joint.solve(gamma).status, Status::Converged);
        let worst = residual(&batch, &other, gamma);
        prop_assert!(worst < tol::FIXED_POINT, "joint: {worst}");
    }

    // closed form: weights for given m are generalised ridge with penalties d (1 - m)/m
    #[test] // law: garrote-ascent, garrote-joint
    fn weights_are_generalised_ridge(index in 0..1000_u64, n in 1..12_usize, r in 0.0..0.9_f64) {
        let table = Table::correlated("ridge", index, 24, n, r);
        let batch = table.batch::<f64>();
        let mut rng = stream(14, "ridge", index);
        let m: Vec<f64> = (0..n).map(|i| if index % 2 == 0 { 0.5 } else { 0.02 + 0.9 * uniform::<f64>(&mut rng) + 0.0 * i as f64 }).collect();
        let mut a = batch.c.clone();
        for (i, m) in m.iter().enumerate() {
            a[i * n + i] += (1.0 - m) / m;
        }
        let v = eliminate(&a, &batch.b);
        let (mut gates, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(n)]);
        let mut joint = Joint::new(batch.moments(), gates.lend(), Options { max_sweeps: 1, ..exact() }, &mut scratch).unwrap();
        joint.load(&m, &vec![0.0; n], &[1.0]);
        let _ = joint.solve(-1.0); // one iteration: weights for the loaded m, then a step of m
        let w: Vec<f64> = v.iter().zip(&m).map(|(v, m)| v / m).collect();
        prop_assert!(gap(joint.weight(), &w) < tol::LINEAR_SOLVE * 10.0);
        let fit: f64 = batch.b.iter().zip(&v).map(|(b, v)| b * v).sum();
        prop_assert!((joint.precision()[0] * (batch.s2[0] - fit) - 1.0).abs() < tol::LINEAR_SOLVE, "1/beta = s2 - b'v");
    }
}

// limits: gamma -> +inf is least squares, gamma -> -inf the mean
#[test] // edge: garrote-ascent
fn extreme_priors() {
    let table = Table::correlated("limits", 0, 40, 8, 0.6);
    let batch = table.batch::<f64>();
    let all: Vec<usize> = (0..8).collect();
    let (refit, rss) = least_squares(&batch, &all);
    let mut gates = Gates::of(&batch);
    let mut scratch = vec![0.0; scratch_len(8)];
    let solution = Ascent::new(batch.moments(), gates.lend(), exact())
        .unwrap()
        .solve(60.0);
    assert_eq!(solution.status, Status::Converged);
    assert!(gap(&gates.weight, &refit) < tol::FIXED_POINT);
    assert!((solution.precision * rss - 1.0).abs() < tol::ROUNDING);
    assert!(gates.inclusion.iter().all(|m| *m > 1.0 - tol::DECIDED));
    let mut joint = Joint::new(batch.moments(), gates.lend(), Options::default(), &mut scratch).unwrap();
    assert_eq!(joint.solve(60.0).status, Status::Converged);
    assert!(gap(joint.weight(), &refit) < tol::FIXED_POINT);

    let mut ascent = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap();
    let solution = ascent.solve(-1e4);
    assert_eq!(solution.status, Status::Converged);
    assert!(solution.total_inclusion < 1e-30);
    assert!((solution.precision * batch.s2[0] - 1.0).abs() < tol::ROUNDING);
}

// a limit on sweeps is reported, and a default tolerance leaves residuals of its own size
#[test] // edge: garrote-ascent
fn endings_are_reported() {
    let table = Table::correlated("endings", 0, 40, 10, 0.8);
    let batch = table.batch::<f64>();
    let mut gates = Gates::of(&batch);
    let mut scratch = vec![0.0; scratch_len(10)];
    let few = Options {
        max_sweeps: 2,
        ..Options::default()
    };
    let solution = Ascent::new(batch.moments(), gates.lend(), few)
        .unwrap()
        .solve(-2.0);
    assert_eq!((solution.status, solution.sweeps), (Status::MaxSweeps, 2));
    let solution = Joint::new(batch.moments(), gates.lend(), few, &mut scratch)
        .unwrap()
        .solve(-2.0);
    assert_eq!((solution.status, solution.sweeps), (Status::MaxSweeps, 2));
    let solution = Ascent::new(batch.moments(), gates.lend(), Options::default())
        .unwrap()
        .solve(-2.0);
    assert_eq!(solution.status, Status::Converged);
    let worst = residual(&batch, &gates, -2.0);
    assert!(worst < 1e-5, "{worst}");
}
