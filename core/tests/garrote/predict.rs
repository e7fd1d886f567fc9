//! Predictions, intervals, importance, Delta F.

use crate::data::{Gates, Table, eliminate, exact, gap, support};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::predict::{Fitted, importance};
use gibbs_core::garrote::select::{refit, scratch_len as select_len};
use gibbs_core::garrote::solver::free_energy_without;
use gibbs_core::garrote::{Ascent, Solver};
use gibbs_core::random::{bernoulli, stream};

// soft: mean and variance of Σ s_i w_i z_i over the spins, by enumeration, plus the noise
#[test] // oracle: garrote-predict
fn soft_prediction_is_the_average_over_selections() {
    let (mean, scale) = ([1.0_f64, -2.0, 0.5, 9.0], [2.0, 0.5, 1.0, 0.0]);
    let (inclusion, weight) = ([0.9, 0.3, 0.6, 0.7], [1.5, -0.4, 0.8, 5.0]);
    let fitted = Fitted {
        mean: &mean,
        scale: &scale,
        inclusion: &inclusion,
        weight: &weight,
        target_mean: 3.0,
        precision: 4.0,
    };
    let x = [2.0, -1.0, 2.5, 100.0];
    let z = [0.5, 2.0, 2.0, 0.0]; // the dead column does not count
    let (mut first, mut second) = (0.0_f64, 0.0_f64);
    for set in 0..16_u32 {
        let (mut p, mut y) = (1.0, 3.0);
        for i in 0..4 {
            if set >> i & 1 == 1 {
                p *= inclusion[i];
                y += weight[i] * z[i];
            } else {
                p *= 1.0 - inclusion[i];
            }
        }
        first += p * y;
        second += p * y * y;
    }
    let got = fitted.predict(&x).unwrap();
    assert!((got.mean - first).abs() < tol::ROUNDING);
    assert!((got.variance - (second - first * first + 0.25)).abs() < tol::ROUNDING);
}

// hard: least squares with intercept by the normal equations of the raw rows, leverage included
#[test] // oracle: garrote-predict
fn hard_prediction_is_ordinary_least_squares() {
    let table = Table::correlated("hard", 1, 25, 6, 0.5);
    let batch = table.batch::<f64>();
    let inclusion = [0.9, 0.1, 0.8, 0.2, 0.0, 0.7];
    let set = support(&inclusion);
    let mut scratch = vec![0.0; select_len(3)];
    let mut weight = vec![0.0; 6];
    refit(&batch.moments(), &inclusion, &mut weight, &mut scratch).unwrap();
    let beta = 0.8;
    let fitted = Fitted {
        mean: &batch.mean,
        scale: &batch.scale,
        inclusion: &inclusion,
        weight: &weight,
        target_mean: batch.target_mean[0],
        precision: beta,
    };
    let mut normal = [0.0; 16];
    let mut right = [0.0; 4];
    let design = |row: &[f64]| [1.0, row[set[0]], row[set[1]], row[set[2]]];
    for (row, y) in table.each() {
        let a = design(row);
        for i in 0..4 {
            right[i] += a[i] * y[0];
            for j in 0..4 {
                normal[i * 4 + j] += a[i] * a[j];
            }
        }
    }
    let coefficients = eliminate(&normal, &right);
    for x in [[0.3, 1.0, -2.0, 0.1, 5.0, 0.7], [4.0, 0.0, 3.0, 0.0, 0.0, -3.0]] {
        let a = design(&x);
        let mean: f64 = a.iter().zip(&coefficients).map(|(a, c)| a * c).sum();
        let leverage: f64 = a.iter().zip(eliminate(&normal, &a)).map(|(a, s)| a * s).sum();
        let got = fitted
            .predict_hard(&x, &scratch[..9], 25.0, &mut [0.0; 3])
            .unwrap();
        assert!(
            (got.mean - mean).abs() < tol::LINEAR_SOLVE,
            "{} against {mean}",
            got.mean
        );
        assert!((got.variance - (1.0 + leverage) / beta).abs() < tol::LINEAR_SOLVE * 10.0);
    }
    // No variable selected: the mean of y, with the error of that mean.
    let none = Fitted {
        inclusion: &[0.0; 6],
        ..fitted
    };
    let got = none.predict_hard(&[1.0; 6], &[], 25.0, &mut []).unwrap();
    assert_eq!(got.mean, batch.target_mean[0]);
    assert!((got.variance - 1.04 / beta).abs() < tol::ROUNDING);
    // Refusals.
    let x = [0.0; 6];
    assert_eq!(fitted.predict(&x[..5]), Err(Error::Shape));
    assert_eq!(
        fitted.predict(&[0.0, 0.0, f64::NAN, 0.0, 0.0, 0.0]),
        Err(Error::NonFinite)
    );
    assert_eq!(
        fitted.predict(&[1e308, -1e308, 1e308, 0.0, 0.0, 1e308]),
        Err(Error::NonFinite),
        "an overflow is no answer"
    );
    assert_eq!(
        Fitted {
            precision: 0.0,
            ..fitted
        }
        .predict(&x),
        Err(Error::Domain)
    );
    assert_eq!(
        Fitted {
            precision: f64::NAN,
            ..fitted
        }
        .predict(&x),
        Err(Error::Domain)
    );
    assert_eq!(
        fitted.predict_hard(&x, &scratch[..8], 25.0, &mut [0.0; 3]),
        Err(Error::Shape)
    );
    assert_eq!(
        fitted.predict_hard(&x, &scratch[..9], 25.0, &mut [0.0; 2]),
        Err(Error::Shape)
    );
    assert_eq!(
        fitted.predict_hard(&x, &scratch[..9], 0.0, &mut [0.0; 3]),
        Err(Error::Domain)
    );
    assert_eq!(
        fitted.predict_hard(&x, &scratch[..9], f64::NAN, &mut [0.0; 3]),
        Err(Error::NonFinite)
    );
}

// 95 % intervals of a right model cover (4000 fresh points, 6 sigma)
#[test] // law: garrote-predict
fn intervals_cover() {
    let table = Table::sparse("cover", 0, 400, 5, 2, 1.0);
    let batch = table.batch::<f64>();
    let mut gates = Gates::of(&batch);
    let solution = Ascent::new(batch.moments(), gates.lend(), exact())
        .unwrap()
        .solve(-4.0);
    let fitted = Fitted {
        mean: &batch.mean,
        scale: &batch.scale,
        inclusion: &gates.inclusion,
        weight: &gates.weight,
        target_mean: batch.target_mean[0],
        precision: solution.precision,
    };
    let mut fresh = Table::sparse("cover fresh", 1, 4000, 5, 0, 1.0);
    fresh
        .y
        .iter_mut()
        .zip(fresh.x.chunks_exact(5))
        .for_each(|(y, row)| *y += table.truth.iter().map(|i| row[*i]).sum::<f64>());
    let covered = fresh.each().filter(|(x, y)| {
        let p = fitted.predict(x).unwrap();
        (p.mean - y[0]).abs() < 1.96 * p.variance.sqrt()
    });
    let share = covered.count() as f64 / 4000.0;
    // The training noise estimate itself varies by 1/sqrt(2 * 400) = 3.5 %: 6 sigma of both together.
    assert!((share - 0.95).abs() < 0.05, "{share}");
}

// evidence, effects in the units of the data
#[test] // law: garrote-importance
fn importance_is_in_original_units() {
    let table = Table::correlated("importance", 0, 50, 5, 0.5);
    let batch = table.batch::<f64>();
    let mut gates = Gates::of(&batch);
    let solution = Ascent::new(batch.moments(), gates.lend(), exact())
        .unwrap()
        .solve(-4.0);
    let fitted = Fitted {
        mean: &batch.mean,
        scale: &batch.scale,
        inclusion: &gates.inclusion,
        weight: &gates.weight,
        target_mean: batch.target_mean[0],
        precision: solution.precision,
    };
    let at = |i| importance(&fitted, 50.0, batch.s2[0], i);
    let base = fitted.predict(&batch.mean).unwrap().mean;
    assert_eq!(base, batch.target_mean[0]);
    for i in 0..5 {
        let got = at(i).unwrap();
        assert_eq!(got.inclusion, gates.inclusion[i]);
        let logit = (got.inclusion / (1.0 - got.inclusion)).ln();
        if got.inclusion < 0.999 {
            assert!(
                (got.evidence - (logit + 4.0)).abs() < 1e-6,
                "theta = gamma + evidence"
            );
        }
        let mut x = batch.mean.clone();
        x[i] += 1.0;
        let slope = fitted.predict(&x).unwrap().mean - base;
        assert!(
            (got.effect - slope).abs() < tol::ROUNDING,
            "effect is the slope in original units"
        );
        assert!(
            (got.standardised_effect - slope.abs() * batch.scale[i] / batch.s2[0].sqrt()).abs()
                < tol::ROUNDING
        );
    }
    assert_eq!(at(5), None);
    let dead = Fitted {
        scale: &[0.0; 5],
        ..fitted
    };
    assert_eq!(importance(&dead, 50.0, 0.0, 0).unwrap().effect, 0.0);
}

// Delta F: F of the problem without the column (its gate costs softplus(gamma)), minus F; state restored
#[test] // oracle: garrote-importance
fn delta_free_energy_is_that_of_the_smaller_problem() {
    let table = Table::correlated("delta", 0, 60, 6, 0.3);
    let batch = table.batch::<f64>();
    let gamma = -3.0;
    let mut gates = Gates::of(&batch);
    let (mut other, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(6)]);
    let mut ascent = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap();
    let tolerant = gibbs_core::garrote::Options {
        tolerance: 1e-11,
        ..exact()
    };
    let mut joint = Joint::new(batch.moments(), other.lend(), tolerant, &mut scratch).unwrap();
    for index in 0..6 {
        let mut less = table.clone();
        less.columns = 5;
        less.x = table
            .x
            .iter()
            .enumerate()
            .filter(|(k, _)| k % 6 != index)
            .map(|(_, x)| *x)
            .collect();
        let small = less.batch::<f64>();
        let mut small_gates = Gates::of(&small);
        let expected = Ascent::new(small.moments(), small_gates.lend(), exact())
            .unwrap()
            .solve(gamma);
        let softplus = (1.0 + gamma.exp()).ln();
        let check = |solver: &mut dyn FnMut() -> (f64, f64)| {
            let (delta, present) = solver();
            let wanted = expected.free_energy + softplus - present;
            assert!(
                (delta - wanted).abs() < 1e-6,
                "variable {index}: {delta} against {wanted}"
            );
        };
        check(&mut || without(&mut ascent, gamma, index));
        check(&mut || without(&mut joint, gamma, index));
    }
    let delta: Vec<f64> = (0..6).map(|i| without(&mut ascent, gamma, i).0).collect();
    assert!(
        delta[0] > 5.0 && delta[3] > 5.0,
        "the strong variables of the truth: {delta:?}"
    );
    let mut rng = stream(21, "unused", 0);
    assert!(!bernoulli(&mut rng, 0.0));
}

/// Delta F and the present F; checks that the state is put back.
fn without(solver: &mut impl Solver<f64>, gamma: f64, index: usize) -> (f64, f64) {
    let present = solver.solve(gamma);
    let (m, w, beta) = (
        solver.inclusion().to_vec(),
        solver.weight().to_vec(),
        solver.precision().to_vec(),
    );
    let delta = free_energy_without(solver, &present, (&m, &w, &beta), index);
    assert_eq!(
        (solver.inclusion(), solver.weight(), solver.precision()),
        (&m[..], &w[..], &beta[..])
    );
    // The gate is free again: solving on stays at the present solution.
    let again = solver.solve(gamma);
    assert!((again.free_energy - present.free_energy).abs() < 1e-9);
    assert!(gap(solver.inclusion(), &m) < 1e-7);
    (delta, present.free_energy)
}
