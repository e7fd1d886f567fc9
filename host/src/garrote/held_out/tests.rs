//! Oracles: the folds done by hand in raw units, and the same numbers for any number of threads.
//!
//! Mutations seen red: divisor of the standard error; folds exchanged; the best of the training errors; half held out.

use super::super::testing::{apart, design, problem, raw};
use super::super::trail::default_grid;
use super::*;
use crate::work::Work;

fn options() -> Options<f64> {
    Options {
        tolerance: 1e-6,
        ..Options::default()
    }
}

#[test]
fn cross_validation_is_the_folds_done_by_hand() {
    let (x, y) = raw(1, (24, 40), 2, (0.6, 0.2));
    let whole = design(x.clone(), y.clone());
    let grid = default_grid(&whole, 24).unwrap();
    let curve = cross_validate(&whole, &grid, options(), 4, 9, &Work::plain()).unwrap();
    let dealt = Folds::shuffled(24, 4, 9).unwrap();
    let mut errors = vec![Vec::new(); grid.len()];
    let mut judged = 0;
    for fold in 0..4 {
        let of = dealt.of_rows();
        let rows = |inside: bool| (0..24).filter(move |r| (of[*r] == fold) == inside);
        judged += rows(true).count();
        let pick = |column: &[f64]| rows(false).map(|r| column[r]).collect::<Vec<_>>();
        let pick = &pick;
        let fitted = design(x.chunks_exact(24).flat_map(pick).collect(), pick(&y));
        let trail = trace_design(&fitted, &grid, options(), false).unwrap();
        for (errors, kept) in errors.iter_mut().zip(&trail.kept) {
            let error = |r: usize| {
                let term = |(i, m, w): &(usize, f64, f64)| {
                    m * w * (x[i * 24 + r] - fitted.mean[*i]) / fitted.scale[*i]
                };
                (y[r] - fitted.target_mean - kept.gates.iter().map(term).sum::<f64>()).powi(2)
            };
            let mean = |inside: bool| rows(inside).map(error).sum::<f64>() / rows(inside).count() as f64;
            errors.push((mean(false), mean(true)));
        }
    }
    assert_eq!(judged, 24, "every row is judged once");
    let ragged = errors.iter().any(|e| !e.is_empty() && e.len() < 4);
    assert!(
        ragged,
        "all folds end at one gamma: the shortest decides nothing here"
    );
    let reached = errors.iter().take_while(|e| e.len() == 4).count();
    assert_eq!(
        (curve.train.len(), curve.validation.len(), curve.spread.len()),
        (reached, reached, reached)
    );
    for (k, e) in errors[..reached].iter().enumerate() {
        let mean = e.iter().map(|e| e.1).sum::<f64>() / 4.0;
        let square = e.iter().map(|e| (e.1 - mean).powi(2)).sum::<f64>();
        assert!((curve.train[k] - e.iter().map(|e| e.0).sum::<f64>() / 4.0).abs() < 1e-9);
        // on_rows standardises the standardised columns: the same to rounding, and so are the solutions
        assert!((curve.validation[k] - mean).abs() < 1e-5, "{k}");
        assert!((curve.spread[k] - (square / 12.0).sqrt()).abs() < 1e-5, "{k}");
    }
}

#[test]
fn threads_change_nothing() {
    let design = problem(2, (24, 15), 2, (0.6, 0.2));
    let grid = default_grid(&design, 5).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| cross_validate(&design, &grid, options(), 5, 3, &Work::plain()))
            .unwrap()
    };
    assert_eq!(with(1), with(2));
}

#[test] // noiseless: the path of a fold ends at the noise floor, and later gammas cannot be chosen
fn a_gamma_that_some_fold_did_not_reach_has_no_error() {
    let design = problem(3, (24, 15), 2, (0.0, 0.0));
    let grid = default_grid(&design, 12).unwrap();
    let curve = cross_validate(&design, &grid, options(), 3, 0, &Work::plain()).unwrap();
    assert!(!curve.validation.is_empty() && curve.validation.len() < grid.len());
    assert!(curve.validation[curve.best().unwrap()] < 0.01 * design.variance);
}

#[test]
fn a_sample_of_its_own_is_judged_in_raw_units() {
    let (x, y) = raw(4, (40, 8), 2, (0.6, 0.2));
    let part = |from: usize, to: usize| {
        let x: Vec<f64> = x.chunks_exact(40).flat_map(|c| c[from..to].to_vec()).collect();
        (x, y[from..to].iter().map(|v| 2.0 + v).collect::<Vec<_>>())
    };
    let ((x, y), (held_x, held_y)) = (part(0, 25), part(25, 40));
    let design = design(x, y);
    let held = Design::raw(design.names.clone(), "y", held_x.clone(), held_y.clone()).unwrap();
    let grid = default_grid(&design, 5).unwrap();
    let curve = validate(&design, Some(&held), &grid, options(), 0).unwrap();
    let trail = trace_design(&design, &grid, options(), false).unwrap();
    assert_eq!(curve.validation.len(), trail.kept.len());
    for (kept, found) in trail.kept.iter().zip(&curve.validation) {
        let error = |r: usize| {
            let term = |(i, v): &(usize, f64)| v * (held_x[i * 15 + r] - design.mean[*i]) / design.scale[*i];
            (held_y[r] - design.target_mean - kept.effects().iter().map(term).sum::<f64>()).powi(2)
        };
        assert!(((0..15).map(error).sum::<f64>() / 15.0 - found).abs() < 1e-9);
    }
    let short = Design::raw(vec!["x0".into()], "y", vec![1.0; 4], vec![1.0; 4]).unwrap();
    let refused = validate(&design, Some(&short), &grid, options(), 0).unwrap_err();
    assert!(refused.to_string().contains("1 variables"), "{refused}");
}

#[test]
fn a_third_is_held_out_by_the_seed() {
    let design = problem(5, (30, 8), 2, (0.6, 0.2));
    let grid = default_grid(&design, 5).unwrap();
    let curve = |seed| validate(&design, None, &grid, options(), seed).unwrap();
    assert_eq!(curve(1), curve(1));
    assert_ne!(curve(1).validation, curve(2).validation);
    let mut rows: Vec<usize> = (0..30).collect();
    shuffle(&mut stream(1, "garrote.validation", 0), &mut rows);
    let fitted = design.on_rows(&rows[10..]).unwrap();
    let trail = trace_design(&fitted, &grid, options(), false).unwrap();
    let expected: Vec<f64> = trail
        .kept
        .iter()
        .map(|kept| fitted.error_on(&design, &rows[..10], &kept.effects()))
        .collect();
    assert!(apart(&curve(1).validation, &expected) == 0.0);
    let few = problem(6, (3, 2), 1, (0.6, 0.0));
    let refused = validate(&few, None, &grid, options(), 0).unwrap_err();
    let FitError::Part { reason, .. } = &refused else {
        panic!("{refused}")
    };
    assert_eq!(**reason, FitError::TooFewRows { rows: 2, needed: 3 });
    for folds in [0, 1, 31] {
        let refused = cross_validate(&design, &grid, options(), folds, 0, &Work::plain()).unwrap_err();
        assert!(matches!(refused, FitError::Option(_)), "{refused}");
    }
}

#[test]
fn the_first_of_equal_errors_is_best() {
    let curve = |validation: &[f64]| ErrorCurve {
        train: vec![],
        validation: validation.to_vec(),
        spread: vec![],
    };
    assert_eq!(curve(&[3.0, 1.0, 1.0, 2.0]).best(), Some(1));
    assert_eq!(curve(&[]).best(), None);
}
