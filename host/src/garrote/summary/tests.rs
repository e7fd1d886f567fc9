//! Oracles: predictions in standardised units, normal equations, the path in the other layout.
//!
//! Mutations seen red: sign of the correlation in `ties`; evidence without M; a gate excluded without mending the
//! residual (`columns`).

use super::super::fit::fit;
use super::super::testing::{apart, design, least_squares, problem, raw};
use super::super::trail::Gram;
use super::*;
use gibbs_core::garrote::{Ascent, State};

#[test]
fn the_model_predicts_as_the_fit_does() {
    let (mut x, mut y) = raw(1, (30, 20), 2, (0.5, 0.3));
    for (i, v) in x.iter_mut().enumerate() {
        *v = *v * 10.0_f64.powf((i / 30 % 5) as f64) + (i / 30) as f64;
    }
    x[150..180].fill(4.0); // column 5 is dead
    for v in &mut y {
        *v = 3.0 * *v - 8.0;
    }
    let design = design(x.clone(), y);
    let options = FitOptions {
        gammas: 15,
        seed: 5,
        ..FitOptions::default()
    };
    let fitted = fit(&design, &options).unwrap();
    let model = fitted.model(&design, &options).unwrap();
    let (coefficients, intercept) = (model.coefficients(), model.intercept());
    for r in 0..30 {
        let inner: f64 = (0..20)
            .map(|i| fitted.inclusion[i] * fitted.weight[i] * design.column(i)[r])
            .sum();
        let outer: f64 = (0..20).map(|i| coefficients[i] * x[i * 30 + r]).sum();
        assert!((design.target_mean + inner - intercept - outer).abs() < 1e-10);
    }
    assert_eq!(coefficients[5], 0.0);
    let support = fitted.support();
    assert_eq!(support, [0, 10]);
    let (weights, _) = least_squares(&design, &support);
    let found: Vec<f64> = support.iter().map(|i| model.refit[*i]).collect();
    assert!(apart(&found, &weights) < 1e-10);
    assert_eq!(model.refit.iter().filter(|w| **w != 0.0).count(), 2);
    // (Z'Z)^-1 of two columns of squared length 30 and product c
    let c = dot(design.column(0), design.column(10));
    let det = 900.0 - c * c;
    let expected = [30.0 / det, -c / det, -c / det, 30.0 / det];
    assert!(apart(&model.refit_covariance, &expected) < 1e-12);
    for i in 0..20 {
        let evidence = 0.5 * fitted.precision * 30.0 * fitted.weight[i].powi(2);
        assert!((model.evidence[i] - evidence).abs() < 1e-9 * (1.0 + evidence));
    }
    let about = (
        &model.rule[..],
        &model.status[..],
        &model.pass[..],
        model.seed,
        model.samples,
    );
    assert_eq!(about, ("ebic", "converged", "search", 5, 30.0));
    assert!((model.target_sd.powi(2) / design.variance - 1.0).abs() < 1e-12);
}

#[test]
fn an_empty_support_has_no_covariance_and_collinear_ones_are_jittered() {
    let problem = problem(2, (30, 5), 1, (0.5, 0.0));
    assert_eq!(inverse_gram(&problem, &[]).unwrap(), Vec::<f64>::new());
    let (x, y) = raw(3, (10, 1), 1, (0.5, 0.0));
    let twice = design(x.iter().chain(&x).copied().collect(), y);
    let inverse = inverse_gram(&twice, &[0, 1]).unwrap();
    assert!(
        inverse.iter().all(|v| v.is_finite()) && inverse[0] > 1e3,
        "{inverse:?}"
    );
    assert_eq!(inverse[1], inverse[2]);
}

#[test]
fn true_variables_lower_the_free_energy() {
    // 20 columns and 30 rows run by columns, 10 by moments
    for columns in [20, 10] {
        let problem = problem(4, (30, columns), 2, (0.6, 0.3));
        let options = FitOptions {
            gammas: 15,
            ..FitOptions::default()
        };
        let fitted = fit(&problem, &options).unwrap();
        assert_eq!(fitted.support(), [0, columns / 2]);
        let gains = fitted.free_energy_gains(&problem, &options).unwrap();
        let gram = Gram::new(&problem);
        for (i, gain) in &gains {
            assert!(*gain > 3.0, "{i}: {gain}");
            // by moments, from the fitted state with gate i shut
            let (mut inclusion, mut weight) = (fitted.inclusion.clone(), fitted.weight.clone());
            inclusion[*i] = 0.0;
            let (mut field, mut precision) = (vec![0.0; columns], [fitted.precision]);
            let state = State {
                inclusion: &mut inclusion,
                weight: &mut weight,
                field: &mut field,
                precision: &mut precision,
            };
            let mut ascent = Ascent::resume(gram.moments().unwrap(), state, options.solver).unwrap();
            ascent.exclude(Some(*i));
            let without = ascent.solve(fitted.solution.gamma).free_energy;
            assert!((without - fitted.solution.free_energy - gain).abs() < 1e-6, "{i}");
        }
        assert_eq!(
            gains.iter().map(|(i, _)| *i).collect::<Vec<_>>(),
            fitted.support()
        );
    }
}

#[test]
fn ties_are_pairs_of_a_selected_and_a_nearly_equal_column() {
    let (mut x, y) = raw(5, (20, 3), 1, (0.5, 0.0));
    let near: Vec<f64> = x[..20]
        .iter()
        .zip(&x[20..40])
        .map(|(a, b)| -a + 0.01 * b)
        .collect();
    let far: Vec<f64> = x[..20].iter().zip(&x[20..40]).map(|(a, b)| a + 0.2 * b).collect();
    x.extend(near.iter().chain(&far));
    let design = design(x, y);
    let found = ties(&design, &[0]);
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((found[0].0, found[0].1), (0, 3));
    assert!(found[0].2 < -0.999 && found[0].2 >= -1.0 - 1e-12);
    assert_eq!(ties(&design, &[0, 3]), []);
}
