//! Oracles: predictions in standardised units, normal equations, the path in the other layout.
//!
//! Mutations seen red: sign of the correlation in `ties`; evidence without M; a gate excluded without mending the
//! residual (`columns`).

use super::super::design::Given;
use super::super::fit::fit;
use super::super::testing::{apart, design, least_squares, problem, raw};
use super::super::trail::Gram;
use super::*;
use gibbs_core::garrote::{Ascent, Solver, State};
use gibbs_core::math::dot;

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
        let gains = fitted.gains.clone();
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

/// Oracle: the same least squares with the forced columns among the others, by the normal equations; and a fit to
/// columns and target from which they were projected by hand.
#[test]
fn forced_predictors_are_in_every_fit() {
    let (x, y) = raw(6, (40, 8), 2, (0.5, 0.4)); // relevant: 0 and 4
    let rows = 40;
    let column = |i: usize| x[rows * i..rows * (i + 1)].to_vec();
    let forced = vec![("x2".to_owned(), column(2)), ("x7".to_owned(), column(7))];
    let kept = [0, 1, 3, 4, 5, 6];
    let names = kept.iter().map(|i| format!("x{i}")).collect();
    let given = Given {
        weights: None,
        forced,
    };
    let rest: Vec<f64> = kept.iter().flat_map(|i| column(*i)).collect();
    let design = Design::with_given(names, "y", rest, y.clone(), &given).unwrap();
    let options = FitOptions::default();
    let fitted = fit(&design, &options).unwrap();
    assert_eq!(fitted.support(), [0, 3], "x0 and x4");
    let model = fitted.model(&design, &options).unwrap();
    assert_eq!(model.selected(), [0, 3, 6, 7]);
    assert_eq!(model.variables[6..], ["x2", "x7"]);
    let whole = super::super::testing::design(x.clone(), y.clone());
    let (weights, rss) = least_squares(&whole, &[0, 4, 2, 7]);
    let found: Vec<f64> = model.selected().iter().map(|i| model.refit[*i]).collect();
    assert!(apart(&found, &weights) < 1e-10, "{found:?} {weights:?}");
    let sd = (rss * 40.0 / 35.0).sqrt();
    assert!((model.refit_noise_sd / sd - 1.0).abs() < 1e-12 && model.refit_degrees == 35.0);
    // soft prediction of a row in the user's columns = standardised prediction plus what was projected out
    let (coefficients, intercept) = (model.coefficients(), model.intercept());
    for r in [0, 17, 39] {
        let raw_row = |name: &String| x[name[1..].parse::<usize>().unwrap() * rows + r];
        let outer: f64 = model
            .variables
            .iter()
            .zip(&coefficients)
            .map(|(name, c)| c * raw_row(name))
            .sum();
        let inner: f64 = (0..6)
            .map(|i| fitted.inclusion[i] * fitted.weight[i] * design.column(i)[r])
            .sum();
        let share = |f: usize| design.slopes[6 * 2 + f] * design.forced[f].column[r];
        let expected = design.target_mean + share(0) + share(1) + inner;
        assert!((intercept + outer - expected).abs() < 1e-9, "{r}");
    }
    let constant = Given {
        weights: None,
        forced: vec![("c".to_owned(), vec![2.0; 40])],
    };
    let refused = Design::with_given(vec!["a".into()], "y", column(0), y, &constant).unwrap_err();
    assert!(refused.to_string().contains("\"c\""), "{refused}");
}

/// Oracle: whole weights are repeated rows, for centres, scales, least squares and the selected set.
#[test]
fn row_weights_are_repetitions() {
    let (x, y) = raw(7, (30, 6), 2, (0.5, 0.2));
    let weights: Vec<f64> = (0..30).map(|r| f64::from(r % 4)).collect();
    let names = || (0..6).map(|i| format!("x{i}")).collect::<Vec<_>>();
    let given = Given {
        weights: Some(weights.clone()),
        forced: Vec::new(),
    };
    let weighted = Design::with_given(names(), "y", x.clone(), y.clone(), &given).unwrap();
    let rows: Vec<usize> = (0..30).flat_map(|r| std::iter::repeat_n(r, r % 4)).collect();
    let pick = |column: &[f64]| rows.iter().map(|r| column[*r]).collect::<Vec<_>>();
    let repeated = design(x.chunks_exact(30).flat_map(pick).collect(), pick(&y));
    assert!(apart(&weighted.mean, &repeated.mean) < 1e-12 && apart(&weighted.scale, &repeated.scale) < 1e-12);
    assert_eq!(weighted.rows(), 22, "rows of weight 0 are left out");
    let solved = |design: &Design| super::super::least_squares::least_squares(design, &[0, 3]).unwrap();
    assert!(apart(&solved(&weighted).weight, &solved(&repeated).weight) < 1e-12);
    let mean_weight = 45.0 / 22.0;
    assert!((weighted.variance * 22.0 * mean_weight / (repeated.variance * 45.0) - 1.0).abs() < 1e-12);
    let negative = Given {
        weights: Some(vec![-1.0; 30]),
        forced: Vec::new(),
    };
    let refused = Design::with_given(names(), "y", x, y, &negative).unwrap_err();
    assert!(refused.to_string().contains("row 1"), "{refused}");
}

/// 400 draws of 12 rows: y = x1 + x2 + x3 + N(0, 1), 50 new rows each. The noise sd is unbiased in the mean of its square,
/// and 95 % intervals cover: the standard error of the coverage over draws is about .6 %, so 3.5 % are 6 of them (false
/// alarm 1e-8). With sqrt(RSS/M) they covered 77 %.
#[test]
fn twelve_rows_have_honest_intervals() {
    use crate::data::Table;
    use gibbs_core::random::{normal, stream};
    let (mut covered, mut soft_covered, mut square) = (0.0, 0.0, 0.0);
    for draw in 0..400 {
        let mut rng = stream(draw, "test.twelve", 0);
        let mut sample = |rows: usize| {
            let x: Vec<f64> = (0..3 * rows).map(|_| normal(&mut rng)).collect();
            let y: Vec<f64> = (0..rows)
                .map(|r| x[r] + x[rows + r] + x[2 * rows + r] + normal::<f64>(&mut rng))
                .collect();
            (x, y)
        };
        let ((x, y), (x_new, y_new)) = (sample(12), sample(50));
        let design = design(x, y);
        let mut fitted = fit(&design, &FitOptions::default()).unwrap();
        fitted.inclusion = vec![1.0; 3]; // the error of selection is another matter
        fitted.weight = least_squares(&design, &[0, 1, 2]).0;
        fitted.precision = 1.0 / least_squares(&design, &[0, 1, 2]).1;
        fitted.solution.total_inclusion = 3.0;
        let model = fitted.model(&design, &FitOptions::default()).unwrap();
        square += model.noise_sd.powi(2) / 400.0;
        let columns = x_new.chunks_exact(50).zip(&design.names);
        let table = Table::of(columns.map(|(values, name)| (name.clone(), values.to_vec())));
        let inside = |p: &crate::garrote::model::Prediction| {
            let rows = y_new.iter().zip(p.low.iter().zip(&p.high));
            rows.filter(|(y, (low, high))| *low < y && y < high).count() as f64 / 50.0
        };
        covered += inside(&model.predict_hard(&table).unwrap()) / 400.0;
        soft_covered += inside(&model.predict(&table).unwrap()) / 400.0;
    }
    // the mean of 400 chi²/8: 6 standard errors of sqrt(2/8/400)
    assert!((square - 1.0).abs() < 0.15, "{square}");
    assert!((covered - 0.95).abs() < 0.035, "{covered}");
    assert!((soft_covered - 0.95).abs() < 0.035, "{soft_covered}");
}

#[test]
fn statistics_are_those_of_the_refit() {
    let design = problem(8, (30, 9), 2, (0.7, 0.3));
    let options = FitOptions::default();
    let fitted = fit(&design, &options).unwrap();
    let found = fitted.statistics(&design, &options).unwrap();
    let (_, rss) = least_squares(&design, &fitted.support());
    assert!((found.r2 - (1.0 - rss / design.variance)).abs() < 1e-12);
    let k = fitted.support().len() as f64;
    let adjusted = 1.0 - (rss * 30.0 / (29.0 - k)) / (design.variance * 30.0 / 29.0);
    assert!((found.adjusted_r2 - adjusted).abs() < 1e-12);
    let value = |support: &[usize]| {
        let rss = least_squares(&design, support).1;
        30.0 * rss.ln() + support.len() as f64 * (30.0_f64.ln() + 2.0 * 9.0_f64.ln())
    };
    assert!((found.criterion - value(&fitted.support())).abs() < 1e-9 && found.proven);
    assert_eq!(found.runners_up.len(), 5);
    for candidate in &found.runners_up {
        assert!(
            (candidate.criterion - value(&candidate.support)).abs() < 1e-8,
            "{candidate:?}"
        );
        assert!(candidate.criterion >= found.criterion && candidate.support != fitted.support());
    }
    assert!(found.runners_up.is_sorted_by(|a, b| a.criterion <= b.criterion));
    // the best of all others, by enumeration
    let best = (0_u32..1 << 9)
        .map(|set| (0..9).filter(|i| set >> i & 1 == 1).collect::<Vec<usize>>())
        .filter(|s| *s != fitted.support() && s.len() < 15)
        .min_by(|a, b| value(a).total_cmp(&value(b)))
        .unwrap();
    assert_eq!(found.runners_up[0].support, best);
    let model = fitted.model(&design, &options).unwrap();
    for interval in model.intervals() {
        let (estimate, error) = (interval.estimate, interval.standard_error);
        let reach = crate::garrote::student::half_width(0.95, model.refit_degrees);
        assert!((interval.high - estimate - reach * error).abs() < 1e-12 && interval.low < interval.high);
        assert!(interval.p_value < 1e-3 && interval.index % 4 == 0);
    }
    assert!(!design.has_binary_target());
    let rare = super::super::testing::design(vec![1.0, 2.0, 3.0, 5.0], vec![0.0, 1.0, 0.0, 1.0]);
    assert!(rare.has_binary_target());
}
