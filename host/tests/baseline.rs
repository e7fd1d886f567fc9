//! `host::baseline` and `garrote::nnls` against scikit-learn 1.9.1 and scipy 1.17.1
//! (`fixtures/make_baseline_goldens.py` made `fixtures/baseline.json`), and cross-validation itself.
//!
//! Tolerances: both sides solve the same convex problems. LASSO at tol 1e-14 |y|^2: weights agree to about the
//! root of the gap over the smallest curvature, so 1e-6 of the largest
//! weight. Ridge is a direct solve: 1e-9. Errors of cross-validation are quadratic in the weights: 1e-6, 1e-9.
//! Mutations seen red: error curve summed, not averaged; the first fold left out; the worst penalty chosen; the
//! remainder of the rows given to no fold.

use gibbs::baseline::cv::{Folds, lasso_cv, ridge_cv};
use gibbs::baseline::lasso::{Settings, Status, alpha_grid, lasso, lasso_path};
use gibbs::baseline::ridge::{Score, ridge, ridge_loo};
use gibbs::garrote::nnls::nnls;
use serde_json::Value;

const TIGHT: Settings = Settings {
    tolerance: 1e-14,
    max_sweeps: 1_000_000,
};

fn goldens() -> Value {
    serde_json::from_str(include_str!("../../fixtures/baseline.json")).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

fn cases() -> Vec<(Value, Vec<f64>, Vec<f64>)> {
    let all = goldens();
    let cases = all["regression"].as_array().unwrap().iter();
    cases
        .map(|case| (case.clone(), numbers(&case["x"]), numbers(&case["y"])))
        .collect()
}

#[track_caller]
fn close(got: &[f64], expected: &[f64], relative: f64) {
    assert_eq!(got.len(), expected.len());
    let size = expected.iter().fold(0.0_f64, |a, b| a.max(b.abs()));
    for (g, e) in got.iter().zip(expected) {
        assert!(
            (g - e).abs() <= relative * size,
            "{g} against {e} (largest {size})"
        );
    }
}

#[test] // golden: lasso
fn lasso_agrees_with_scikit_learn() {
    for (case, x, y) in cases() {
        for golden in case["lasso"].as_array().unwrap() {
            let fit = lasso(&x, &y, golden["alpha"].as_f64().unwrap(), TIGHT).unwrap();
            assert_eq!(fit.status, Status::Converged);
            close(&fit.coefficients, &numbers(&golden["coefficients"]), 1e-6);
            close(&[fit.intercept], &[golden["intercept"].as_f64().unwrap()], 1e-6);
        }
    }
}

#[test] // golden: lasso
fn lasso_cv_agrees_with_scikit_learn() {
    for (case, x, y) in cases() {
        let golden = &case["lasso_cv"];
        let alphas = alpha_grid(&x, &y, 30, 1e-2).unwrap();
        close(&alphas, &numbers(&golden["alphas"]), 1e-12);
        let folds = Folds::consecutive(y.len(), 5).unwrap();
        let found = lasso_cv(&x, &y, &alphas, &folds, TIGHT).unwrap();
        assert_eq!(found.unconverged, 0);
        close(&found.errors, &numbers(&golden["errors"]), 1e-6);
        close(&[found.fit.alpha], &[golden["alpha"].as_f64().unwrap()], 1e-12);
        close(&found.fit.coefficients, &numbers(&golden["coefficients"]), 1e-6);
        close(
            &[found.fit.intercept],
            &[golden["intercept"].as_f64().unwrap()],
            1e-6,
        );
    }
}

#[test] // golden: ridge
fn ridge_agrees_with_scikit_learn() {
    for (case, x, y) in cases() {
        for golden in case["ridge"].as_array().unwrap() {
            let fit = ridge(&x, &y, golden["alpha"].as_f64().unwrap()).unwrap();
            close(&fit.coefficients, &numbers(&golden["coefficients"]), 1e-9);
            close(&[fit.intercept], &[golden["intercept"].as_f64().unwrap()], 1e-9);
        }
        let golden = &case["ridge_cv"];
        let alphas = numbers(&golden["alphas"]);
        let loo = ridge_loo(&x, &y, &alphas, Score::LeaveOneOut).unwrap();
        close(&loo.errors, &numbers(&golden["loo_errors"]), 1e-9);
        assert_eq!(loo.fit.alpha, golden["loo_alpha"].as_f64().unwrap());
        close(&loo.fit.coefficients, &numbers(&golden["loo_coefficients"]), 1e-9);
        let folds = Folds::consecutive(y.len(), 5).unwrap();
        let found = ridge_cv(&x, &y, &alphas, &folds).unwrap();
        assert_eq!(found.fit.alpha, golden["folds_alpha"].as_f64().unwrap());
    }
}

#[test] // golden: nnls
fn nnls_agrees_with_scipy() {
    let all = goldens();
    for case in all["nnls"].as_array().unwrap() {
        let found = nnls(&numbers(&case["a"]), &numbers(&case["b"])).unwrap();
        let expected = numbers(&case["x"]);
        close(&found.solution, &expected, 1e-10);
        assert_eq!(
            found.solution.iter().map(|x| *x > 0.0).collect::<Vec<_>>(),
            expected.iter().map(|x| *x > 0.0).collect::<Vec<_>>()
        );
        assert!((found.residual - case["residual"].as_f64().unwrap()).abs() < 1e-10);
    }
}

#[test] // law: lasso
fn folds_partition_the_rows() {
    let plain = Folds::consecutive(11, 4).unwrap();
    assert_eq!(plain.of_rows(), [0, 0, 0, 1, 1, 1, 2, 2, 2, 3, 3]);
    let mixed = Folds::shuffled(11, 4, 7).unwrap();
    assert_eq!(mixed, Folds::shuffled(11, 4, 7).unwrap());
    assert_ne!(mixed, Folds::shuffled(11, 4, 8).unwrap());
    let mut sorted = mixed.of_rows().to_vec();
    sorted.sort_unstable();
    assert_eq!(sorted, plain.of_rows());
    let x: Vec<f64> = (0..22).map(f64::from).collect();
    let y: Vec<f64> = (0..11).map(|i| f64::from(100 + i)).collect();
    let [(x_fit, y_fit), (x_judge, y_judge)] = plain.split(&x, &y, 3);
    assert_eq!(
        (x_judge, y_judge),
        (vec![9.0, 10.0, 20.0, 21.0], vec![109.0, 110.0])
    );
    assert_eq!((x_fit.len(), y_fit.len(), x_fit[9]), (18, 9, 11.0));
    assert!(
        Folds::consecutive(4, 5)
            .unwrap_err()
            .to_string()
            .contains("too few")
    );
    assert!(
        Folds::consecutive(40, 1)
            .unwrap_err()
            .to_string()
            .contains("folds")
    );
}

// one thread and four give the same bits
#[test] // law: lasso
fn cross_validation_does_not_depend_on_threads() {
    let (_, x, y) = cases().remove(1);
    let alphas = alpha_grid(&x, &y, 30, 1e-2).unwrap();
    let folds = Folds::shuffled(y.len(), 6, 0).unwrap();
    let run = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| lasso_cv(&x, &y, &alphas, &folds, Settings::default()).unwrap())
    };
    assert_eq!(run(1), run(4));
}

// the error curve's definition, by hand; folds fit for other rows are refused
#[test] // law: lasso
fn the_error_is_the_mean_over_folds() {
    let (_, x, y) = cases().remove(0);
    let alphas = [1.0, 0.1];
    let folds = Folds::shuffled(y.len(), 3, 1).unwrap();
    let found = lasso_cv(&x, &y, &alphas, &folds, TIGHT).unwrap();
    let mut expected = [0.0; 2];
    for fold in 0..3 {
        let [(x_fit, y_fit), (x_judge, y_judge)] = folds.split(&x, &y, fold);
        for (sum, fit) in expected
            .iter_mut()
            .zip(lasso_path(&x_fit, &y_fit, &alphas, TIGHT).unwrap())
        {
            let m = y_judge.len();
            let error = (0..m).map(|i| {
                let dots: f64 = fit
                    .coefficients
                    .iter()
                    .enumerate()
                    .map(|(j, w)| w * x_judge[j * m + i])
                    .sum();
                (fit.intercept + dots - y_judge[i]).powi(2)
            });
            *sum += error.sum::<f64>() / m as f64 / 3.0;
        }
    }
    close(&found.errors, &expected, 1e-12);
    let other = Folds::shuffled(y.len() - 1, 3, 1).unwrap();
    assert!(lasso_cv(&x, &y, &alphas, &other, TIGHT).is_err());
    assert!(
        lasso_cv(&x, &y, &[], &folds, TIGHT)
            .unwrap_err()
            .to_string()
            .contains("at least one penalty")
    );
}
