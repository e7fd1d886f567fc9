//! Oracles: the optimality conditions and the orthogonal closed form; goldens in `host/tests/baseline.rs`.
//!
//! Mutations seen red: `norm * old` dropped from `slope`; soft threshold without the clip at 0; residual updated
//! with `new - old`; scale = 1 always in `gap`; penalty = alpha (not times M).

use super::*;
use gibbs_core::random::{normal, stream};

fn problem(rows: usize, columns: usize, seed: u64) -> (Vec<f64>, Vec<f64>) {
    let mut rng = stream(seed, "test.lasso", 0);
    let mut x: Vec<f64> = (0..rows * columns)
        .map(|_| 3.0 + normal::<f64>(&mut rng))
        .collect();
    for j in 1..columns {
        let (before, here) = x.split_at_mut(j * rows);
        add_scaled(&mut here[..rows], 0.8, &before[(j - 1) * rows..]);
    }
    let y = (0..rows)
        .map(|i| 2.0 * x[i] - x[2 * rows + i] + normal::<f64>(&mut rng))
        .collect();
    (x, y)
}

const TIGHT: Settings = Settings {
    tolerance: 1e-13,
    max_sweeps: 1_000_000,
};

/// `|x_j'r/M|` = alpha with the sign of the weight where it is not zero, at most alpha elsewhere.
#[test] // law: lasso
fn optimality_conditions_hold() {
    for (rows, columns, seed) in [(40, 6, 1), (20, 50, 2), (7, 9, 3)] {
        let (x, y) = problem(rows, columns, seed);
        let grid = alpha_grid(&x, &y, 20, 1e-2).unwrap();
        for fit in lasso_path(&x, &y, &grid, TIGHT).unwrap() {
            assert_eq!(fit.status, Status::Converged);
            let data = Centred::new(&x, &y).unwrap();
            let mut r = data.y.clone();
            for (column, w) in data.x.chunks_exact(rows).zip(&fit.coefficients) {
                add_scaled(&mut r, -w, column);
            }
            for (column, w) in data.x.chunks_exact(rows).zip(&fit.coefficients) {
                let slope = dot(column, &r) / rows as f64;
                // a gap of 1e-13 |y|^2 leaves slopes wrong by about its root times |x_j|
                let slack = 1e-5 * fit.alpha + 1e-6;
                if *w == 0.0 {
                    assert!(slope.abs() <= fit.alpha + slack, "{slope} {}", fit.alpha);
                } else {
                    assert!(
                        (slope - fit.alpha.copysign(*w)).abs() <= slack,
                        "{slope} {}",
                        fit.alpha
                    );
                }
            }
            let shift: f64 = y.iter().sum::<f64>() / rows as f64;
            let predicted = crate::baseline::linear_prediction(&x, rows, &fit.coefficients, fit.intercept);
            let mean = predicted.iter().sum::<f64>() / rows as f64;
            assert!(
                (mean - shift).abs() < 1e-10 * shift.abs().max(1.0),
                "the fit passes through the means"
            );
        }
    }
}

/// Two centred orthogonal columns with x'x/M = 1: `w_j = S(b_j, alpha)`.
#[test] // oracle: lasso
fn orthogonal_columns_are_soft_thresholded() {
    let x = [1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0];
    let y = [3.0, 0.0, 1.0, -2.0];
    let b = [0, 4].map(|s| dot(&x[s..s + 4], &y) / 4.0);
    for alpha in [0.1, 0.9, 1.2, 2.0] {
        let fit = lasso(&x, &y, alpha, TIGHT).unwrap();
        for (w, b) in fit.coefficients.iter().zip(b) {
            let expected = (b.abs() - alpha).max(0.0).copysign(b);
            assert!((w - expected).abs() < 1e-14, "{w} against {expected}");
        }
    }
}

// the grid starts where the first weight leaves zero
#[test] // law: lasso
fn the_grid_starts_at_the_first_weight() {
    let (x, y) = problem(30, 8, 4);
    let grid = alpha_grid(&x, &y, 50, 1e-3).unwrap();
    assert!((grid[49] / grid[0] - 1e-3).abs() < 1e-15 && grid.windows(2).all(|a| a[1] < a[0]));
    assert!(
        lasso(&x, &y, grid[0] * 1.0001, TIGHT)
            .unwrap()
            .coefficients
            .iter()
            .all(|w| *w == 0.0)
    );
    assert!(
        lasso(&x, &y, grid[0] * 0.999, TIGHT)
            .unwrap()
            .coefficients
            .iter()
            .any(|w| *w != 0.0)
    );
}

/// The gap bounds the distance to the optimum, also when the fit was cut short.
#[test] // law: lasso
fn the_gap_bounds_the_error_and_a_cut_fit_says_so() {
    let (x, y) = problem(20, 50, 5);
    let alpha = alpha_grid(&x, &y, 2, 0.02).unwrap()[1];
    let value = |fit: &LassoFit| {
        let error = super::super::mean_squared_error(&x, &y, &fit.coefficients, fit.intercept);
        0.5 * error + alpha * fit.coefficients.iter().map(|w| w.abs()).sum::<f64>()
    };
    let best = value(&lasso(&x, &y, alpha, TIGHT).unwrap());
    for max_sweeps in [0, 1, 3, 10, 30] {
        let fit = lasso(
            &x,
            &y,
            alpha,
            Settings {
                tolerance: 1e-13,
                max_sweeps,
            },
        )
        .unwrap();
        assert_eq!((fit.status, fit.sweeps), (Status::MaxSweeps, max_sweeps));
        let excess = value(&fit) - best;
        assert!(excess > 0.0 && excess <= fit.gap, "{excess} {}", fit.gap);
    }
}

#[test] // edge: lasso
fn dead_columns_and_constant_targets_give_zero() {
    let x = [1.0, 2.0, 4.0, 5.0, 5.0, 5.0];
    let fit = lasso(&x, &[1.0, 2.0, 4.0], 0.01, TIGHT).unwrap();
    assert!(fit.coefficients[0] > 0.9 && fit.coefficients[1] == 0.0);
    let flat = lasso(&x, &[7.0; 3], 0.01, TIGHT).unwrap();
    assert_eq!(
        (flat.coefficients, flat.intercept, flat.status),
        (vec![0.0; 2], 7.0, Status::Converged)
    );
}

#[test] // edge: lasso
fn bad_input_is_named() {
    let settings = Settings::default();
    let message = |x: &[f64], y: &[f64], alpha| lasso(x, y, alpha, settings).unwrap_err().to_string();
    assert!(message(&[1.0; 5], &[1.0, 2.0], 0.1).contains("5 design values"));
    assert!(message(&[], &[], 0.1).contains("0 design values"));
    assert!(message(&[1.0], &[1.0], 0.1).contains("too few"));
    assert!(message(&[1.0, 2.0, 3.0, f64::NAN], &[1.0, 2.0], 0.1).contains("column 1, row 1"));
    assert!(message(&[1.0, 2.0], &[1.0, f64::INFINITY], 0.1).contains("target, row 1"));
    assert!(message(&[1.0, 2.0], &[1.0, 2.0], 0.0).contains("alpha = 0"));
    assert!(message(&[1.0, 2.0], &[1.0, 2.0], f64::NAN).contains("alpha = NaN"));
    let lax = Settings {
        tolerance: 0.0,
        ..settings
    };
    assert!(
        lasso(&[1.0, 2.0], &[1.0, 2.0], 0.1, lax)
            .unwrap_err()
            .to_string()
            .contains("tolerance")
    );
    assert!(
        alpha_grid(&[1.0, 2.0], &[1.0, 2.0], 5, 1.0)
            .unwrap_err()
            .to_string()
            .contains("ratio")
    );
}
