//! Oracles: the normal equations, and the leave-one-out error by actually leaving each row out; goldens in
//! `host/tests/baseline.rs`.
//!
//! Mutations seen red: the intercept's share dropped from `freedom` (both forms); alpha dropped from the dual
//! leverage; residuals divided by freedom once, not squared; mean freedom not squared; penalty twice on the diagonal.

use super::*;
use crate::baseline::cv::{Folds, ridge_cv};
use gibbs_core::random::{normal, stream};

fn problem(rows: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    let mut rng = stream(9, "test.ridge", rows as u64);
    let x: Vec<f64> = (0..rows * columns)
        .map(|_| 1.0 + normal::<f64>(&mut rng))
        .collect();
    let y = (0..rows).map(|i| 5.0 + x[i] + normal::<f64>(&mut rng)).collect();
    (x, y)
}

// X'(y - Xw) = alpha w, tall and wide
#[test] // law: ridge
fn normal_equations_hold() {
    for (rows, columns) in [(30, 5), (8, 20), (10, 10)] {
        let (x, y) = problem(rows, columns);
        for fit in ridge_path(&x, &y, &[0.01, 1.0, 100.0]).unwrap() {
            let data = Centred::new(&x, &y).unwrap();
            let mut r = data.y.clone();
            for (column, w) in data.x.chunks_exact(rows).zip(&fit.coefficients) {
                add_scaled(&mut r, -w, column);
            }
            for (column, w) in data.x.chunks_exact(rows).zip(&fit.coefficients) {
                // products are of order 100, 1e-16 each, amplified by a condition number below 1e5
                assert!(
                    (dot(column, &r) - fit.alpha * w).abs() < 1e-9,
                    "{rows} x {columns}"
                );
            }
        }
    }
}

// the closed form against M real refits
#[test] // oracle: ridge
fn leave_one_out_is_what_it_says() {
    for (rows, columns) in [(15, 4), (9, 14)] {
        let (x, y) = problem(rows, columns);
        let alphas = penalty_grid(100.0, 0.1, 7).unwrap();
        let closed = ridge_loo(&x, &y, &alphas, Score::LeaveOneOut).unwrap();
        let refits = ridge_cv(&x, &y, &alphas, &Folds::consecutive(rows, rows).unwrap()).unwrap();
        for (a, b) in closed.errors.iter().zip(&refits.errors) {
            assert!((a - b).abs() < 1e-9 * b, "{a} against {b}");
        }
        assert_eq!((closed.best, &closed.fit), (refits.best, &refits.fit));
    }
}

// equal leverages: GCV is leave-one-out. A 2^k factorial design has them all equal.
#[test] // law: ridge
fn generalised_is_leave_one_out_for_equal_leverages() {
    let x = [1.0, -1.0, 1.0, -1.0, 1.0, 1.0, -1.0, -1.0];
    let y = [3.0, 0.5, 1.0, -2.0];
    let alphas = [10.0, 1.0, 0.1];
    let [a, b] =
        [Score::LeaveOneOut, Score::Generalised].map(|s| ridge_loo(&x, &y, &alphas, s).unwrap().errors);
    assert!(
        a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-12 * a),
        "{a:?} {b:?}"
    );
    let (x, y) = problem(15, 4); // unequal leverages: the two differ
    let [a, b] =
        [Score::LeaveOneOut, Score::Generalised].map(|s| ridge_loo(&x, &y, &alphas, s).unwrap().errors);
    assert!(
        a.iter().zip(&b).all(|(a, b)| (a - b).abs() > 1e-6 * a),
        "{a:?} {b:?}"
    );
}

#[test] // edge: ridge
fn bad_input_is_named() {
    assert!(
        ridge(&[1.0, 2.0], &[1.0, 2.0], 0.0)
            .unwrap_err()
            .to_string()
            .contains("alpha")
    );
    assert!(
        ridge(&[1.0, 2.0, 3.0], &[1.0, 2.0], 1.0)
            .unwrap_err()
            .to_string()
            .contains("3 design")
    );
    assert!(ridge_loo(&[1.0, 2.0], &[1.0, 2.0], &[], Score::LeaveOneOut).is_err());
    assert!(penalty_grid(1.0, 2.0, 3).is_err() && penalty_grid(1.0, 0.0, 3).is_err());
    // a penalty lost in rounding beside duplicated columns of size 1e8
    let x = [1e8, 2e8, 4e8, 1e8, 2e8, 4e8];
    let message = ridge(&x, &[1.0, 2.0, 4.0], 1e-9).unwrap_err().to_string();
    assert!(
        message.contains("singular") && message.contains("hint"),
        "{message}"
    );
}
