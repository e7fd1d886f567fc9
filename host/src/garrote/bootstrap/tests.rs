//! Oracles: replicas drawn by hand, a problem whose density is known, any number of threads.
//!
//! Mutations seen red: one stream for all replicas; `reached` ignored; constant targets not drawn again; replicas that
//! ended early left out.

use super::super::testing::{apart, design, problem};
use super::super::trail;
use super::*;
use crate::work::Work;

fn options() -> Options<f64> {
    Options {
        tolerance: 1e-5,
        ..Options::default()
    }
}

#[test]
fn replicas_are_rows_drawn_with_replacement() {
    let design = problem(1, (20, 12), 2, (0.5, 0.0));
    let grid = trail::default_grid(&design, 6).unwrap();
    let made = bootstrap(&design, &grid, options(), 2, 7, &Work::plain()).unwrap();
    let mut inclusion = vec![vec![0.0; 12]; 6];
    for replica in 0..2 {
        let mut rng = stream(7, "garrote.bootstrap", replica);
        let rows: Vec<usize> = (0..20).map(|_| below(&mut rng, 20) as usize).collect();
        let sample = design.on_rows(&rows).unwrap();
        let trail = trace_design(&sample, &grid, options(), false).unwrap();
        for (k, sum) in inclusion.iter_mut().enumerate() {
            let kept = trail.kept.get(k).or(trail.kept.last()).unwrap();
            for (i, m, _) in &kept.gates {
                sum[*i] += m / 2.0;
            }
        }
    }
    for (k, expected) in inclusion.iter().enumerate() {
        // gates below 1e-8 are left out of a kept solution
        let density = expected.iter().sum::<f64>() / 12.0;
        assert!((made.signals[k].density - density).abs() < 1e-12, "{k}");
        let sigma = expected.iter().map(|m| m * (1.0 - m)).sum::<f64>() / 12.0;
        assert!((made.signals[k].sigma - sigma).abs() < 1e-12, "{k}");
        assert_eq!(made.signals[k].fits, 2);
    }
}

#[test]
fn the_density_of_a_clear_problem_is_inferred() {
    let design = problem(2, (60, 20), 3, (0.4, 0.0));
    let grid = trail::default_grid(&design, 14).unwrap();
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| bootstrap(&design, &grid, options(), 8, 0, &Work::plain()))
            .unwrap()
    };
    let (one, two) = (with(1), with(2));
    assert_eq!(format!("{one:?}"), format!("{two:?}"), "threads");
    let density = one.inference.as_ref().unwrap().density;
    assert!((density - 0.15).abs() < 1e-12, "{density}");
    let best = one.best(grid.len()).unwrap();
    assert!((one.signals[best].density - 0.15).abs() < 0.01);
    assert_eq!(one.best(0), None);
    assert_eq!(one.best(1), Some(0));
}

#[test] // two rows in three leave the target constant in some replicas: those are drawn again
fn a_constant_target_is_drawn_again() {
    let design = design(vec![1.0, 2.0, 3.0, 5.0], vec![0.0, 0.0, 0.0, 1.0]);
    let grid = [-3.0, -1.0];
    let constant = (0..20).filter(|replica| {
        let mut rng = stream(0, "garrote.bootstrap", *replica);
        (0..4).all(|_| below(&mut rng, 4) != 3)
    });
    assert!(constant.count() > 0, "this seed shows nothing");
    let made = bootstrap(&design, &grid, options(), 20, 0, &Work::plain()).unwrap();
    assert_eq!(made.signals[0].fits, 20);
}

#[test]
fn an_ensemble_needs_two() {
    let design = problem(1, (20, 12), 2, (0.5, 0.0));
    for replicas in [0, 1] {
        let refused = bootstrap(&design, &[-1.0], options(), replicas, 0, &Work::plain()).unwrap_err();
        assert!(matches!(refused, FitError::Option(_)));
    }
}

#[test]
fn candidates_are_whole_numbers_of_variables() {
    assert!(apart(&candidate_densities(4), &[0.0, 0.25, 0.5, 0.75]) == 0.0);
    assert_eq!(candidate_densities(400).len(), 400);
    assert_eq!(candidate_densities(401), default_grid());
}
