//! Oracle: the noise that the protocol put in. The tolerances come from the table at the head of the module.
//! Mutations seen red: M for M - k - 1.
use super::*;
use crate::garrote::synth::Protocol;

fn design(protocol: &Protocol, seed: u64) -> (Design, f64) {
    let draw = protocol.draw(seed);
    let names = (0..draw.train.columns()).map(|i| format!("x{i}")).collect();
    (
        Design::new(names, "y", draw.train.x, draw.train.y).unwrap(),
        draw.noise_sd,
    )
}

/// Mean over draws 0..count of estimated over true standard deviation.
fn ratio(protocol: &Protocol, estimator: Estimator, count: u64) -> f64 {
    let one = |seed| {
        let (design, sd) = design(protocol, seed);
        estimate_with(&design, estimator, seed).unwrap() / sd
    };
    (0..count).map(one).sum::<f64>() / count as f64
}

// regression on fixed seeds: mean of 6 draws, true value 1; the table's sd over sqrt 6, three times
#[test] // law: garrote-noise
fn the_estimates_are_near_the_truth_on_sparse_problems() {
    let lasso = ratio(&Protocol::B, Estimator::LassoResidual, 6);
    assert!((lasso - 0.91).abs() < 3.0 * 0.235 / 6.0_f64.sqrt(), "{lasso}");
    let criterion = ratio(&Protocol::B, Estimator::CriterionResidual, 6);
    assert!(
        (criterion - 0.98).abs() < 3.0 * 0.104 / 6.0_f64.sqrt(),
        "{criterion}"
    );
}

// halves of 200 rows find two strong variables among ten; every estimator is then near 1
#[test] // law: garrote-noise
fn all_estimators_agree_on_an_easy_problem() {
    let mut rng = stream(7, "noise.tests", 0);
    let x: Vec<f64> = (0..400 * 10)
        .map(|_| gibbs_core::random::normal(&mut rng))
        .collect();
    let y: Vec<f64> = (0..400)
        .map(|r| 3.0 * x[r] - 2.0 * x[400 + r] + 1.5 * gibbs_core::random::normal::<f64>(&mut rng))
        .collect();
    let design = Design::new((0..10).map(|i| format!("x{i}")).collect(), "y", x, y).unwrap();
    for estimator in [
        Estimator::LassoResidual,
        Estimator::RefittedHalves,
        Estimator::CriterionResidual,
    ] {
        // sd of the estimate: 1.5/sqrt(2 * 400) = .053; four of them
        let sd = estimate_with(&design, estimator, 3).unwrap();
        assert!((sd - 1.5).abs() < 0.212, "{estimator:?}: {sd}");
        assert_eq!(sd, estimate_with(&design, estimator, 3).unwrap());
    }
    assert_eq!(
        estimate_noise(&design, 3).unwrap(),
        estimate_with(&design, Estimator::LassoResidual, 3).unwrap()
    );
    let other = estimate_with(&design, Estimator::RefittedHalves, 4).unwrap();
    assert_ne!(
        other,
        estimate_with(&design, Estimator::RefittedHalves, 3).unwrap()
    );
}

// closed form: an orthogonal pair of columns, RSS and degrees of freedom by hand
#[test] // oracle: garrote-noise
fn the_residual_counts_its_freedom() {
    let x = vec![1.0, 1.0, -1.0, -1.0, 1.0, -1.0, 1.0, -1.0];
    let y = vec![3.0, 1.0, -1.0, -3.0]; // 2 x1 + x2
    let design = Design::new(vec!["a".into(), "b".into()], "y", x, y).unwrap();
    // without b: residual is b itself, 4; freedom 4 - 1 - 1
    assert!((least_squares_variance(&design, &[0]).unwrap() - 2.0).abs() < 1e-12);
    assert!(least_squares_variance(&design, &[0, 1]).unwrap().abs() < 1e-12);
    assert!((least_squares_variance(&design, &[]).unwrap() - 20.0 / 3.0).abs() < 1e-12);
    assert!(matches!(per_freedom(1.0, 4, 3), Err(FitError::NoChoice(..))));
}

#[test] // edge: garrote-noise
fn too_few_rows_are_refused() {
    let x: Vec<f64> = (0..8).map(|k| f64::from(k * k % 7)).collect();
    let design = Design::new(vec!["a".into(), "b".into()], "y", x, vec![1.0, 2.0, 0.0, 4.0]).unwrap();
    assert_eq!(
        estimate_noise(&design, 0),
        Err(FitError::TooFewRows { rows: 4, needed: 5 })
    );
    let halves = estimate_with(&design, Estimator::RefittedHalves, 0);
    let Err(FitError::Part { reason, .. }) = halves else {
        panic!("{halves:?}")
    };
    assert_eq!(*reason, FitError::TooFewRows { rows: 2, needed: 3 });
}
