//! Oracles: ensembles whose means are known (independent and exclusive selections), the identity within + between
//!, and inference on curves made by the theory.
//!
//! Mutations seen red: the two branches of `theory` exchanged; `mean * mean` in sigma; the square not squared; merge
//! without `judged`; argmin for argmax in `infer_density`; weights of sum zero let through.

use super::*;
use gibbs_core::random::{below, stream, uniform};

#[test] // law: garrote-transition
fn theory_has_its_zeros_peak_and_range() {
    for d in [0.01, 0.2, 0.5, 0.9] {
        assert_eq!((theory(d, d), theory(0.0, d), theory(1.0, d)), (0.0, 0.0, 0.0));
        // both branches peak half-way, at rho_d/4 and (1 - rho_d)/4
        assert!((theory(d / 2.0, d) - d / 4.0).abs() < 1e-15);
        assert!((theory(f64::midpoint(1.0, d), d) - (1.0 - d) / 4.0).abs() < 1e-15);
        assert!((0..=100).all(|k| (0.0..=1.0).contains(&theory(f64::from(k) / 100.0, d))));
    }
    assert_eq!(
        (theory(0.0, 0.0), theory(1.0, 1.0), theory(0.5, 0.0)),
        (0.0, 0.0, 0.25)
    );
    assert_eq!(theory_error(0.25, 1.0), 0.75);
}

/// All ways to select k of the 4 relevant among 10 variables (k < 4) or 4 + (k - 4) of the 6 others: the theory's own
/// ensemble, exactly.
#[test] // oracle: garrote-transition
fn the_full_ensemble_gives_the_theory() {
    let (n, relevant) = (10_usize, 4_usize);
    let truth: Vec<bool> = (0..n).map(|i| i < relevant).collect();
    for k in 0..=n {
        let mut ensemble = Ensemble::new(1, n);
        for bits in 0..1_u32 << n {
            let on = |i: usize| bits >> i & 1 == 1;
            let hits = (0..relevant).filter(|i| on(*i)).count();
            let count = bits.count_ones() as usize;
            if count == k && hits == k.min(relevant) {
                let m: Vec<f64> = (0..n).map(|i| f64::from(u8::from(on(i)))).collect();
                ensemble.push(0, &m, Some(&truth)).unwrap();
            }
        }
        let signal = ensemble.signals()[0].unwrap();
        let (rho, d) = (k as f64 / 10.0, 0.4);
        assert!((signal.density - rho).abs() < 1e-14);
        assert!(
            (signal.sigma - theory(rho, d)).abs() < 1e-14,
            "k = {k}: {signal:?}"
        );
        assert!(
            (signal.error.unwrap() - theory_error(rho, d)).abs() < 1e-14,
            "k = {k}: {signal:?}"
        );
        assert_eq!(signal.within, 0.0);
    }
}

// within + between = sigma with between computed from its definition; merge = whole
#[test] // law: garrote-transition
fn the_decomposition_is_an_identity_and_halves_merge() {
    let mut rng = stream(1, "test.transition", 0);
    let fits: Vec<Vec<f64>> = (0..40)
        .map(|_| (0..6).map(|_| uniform(&mut rng)).collect())
        .collect();
    let truth: Vec<bool> = (0..6).map(|_| below(&mut rng, 2) == 1).collect();
    let (mut whole, mut left, mut right) = (Ensemble::new(2, 6), Ensemble::new(2, 6), Ensemble::new(2, 6));
    for (i, m) in fits.iter().enumerate() {
        whole.push(1, m, Some(&truth)).unwrap();
        let half = if i < 13 { &mut left } else { &mut right };
        half.push(1, m, Some(&truth)).unwrap();
    }
    left.merge(&right).unwrap();
    let [none, Some(s)] = whole.signals()[..] else {
        panic!()
    };
    assert_eq!(none, None);
    let mean = |i: usize| fits.iter().map(|m| m[i]).sum::<f64>() / 40.0;
    let between = (0..6)
        .map(|i| fits.iter().map(|m| (m[i] - mean(i)).powi(2)).sum::<f64>() / 40.0)
        .sum::<f64>()
        / 6.0;
    let within = fits.iter().flatten().map(|m| m * (1.0 - m)).sum::<f64>() / 240.0;
    assert!(
        (s.between - between).abs() < 1e-14 && (s.within - within).abs() < 1e-14,
        "{s:?}"
    );
    assert!((s.within + s.between - s.sigma).abs() < 1e-15);
    let merged = left.signals()[1].unwrap();
    assert_eq!((merged.fits, s.fits), (40, 40));
    for (a, b) in [
        (merged.sigma, s.sigma),
        (merged.error.unwrap(), s.error.unwrap()),
        (merged.within, s.within),
    ] {
        assert!((a - b).abs() < 1e-14);
    }
    let frequencies = whole.frequencies(1).unwrap();
    assert!((0..6).all(|i| (frequencies[i] - mean(i)).abs() < 1e-15));
    assert!(whole.frequencies(0).is_none() && whole.frequencies(9).is_none());
    whole.push(1, &fits[0], None).unwrap();
    assert_eq!(
        whole.signals()[1].unwrap().error,
        None,
        "an error over part of the fits would mislead"
    );
}

#[test] // edge: garrote-transition
fn bad_fits_are_refused_and_leave_the_sums() {
    let mut ensemble = Ensemble::new(1, 2);
    ensemble.push(0, &[0.5, 1.0], None).unwrap();
    let before = ensemble.clone();
    assert_eq!(ensemble.push(1, &[0.5, 1.0], None), Err(gibbs_core::Error::Shape));
    assert_eq!(ensemble.push(0, &[0.5], None), Err(gibbs_core::Error::Shape));
    assert_eq!(
        ensemble.push(0, &[0.5, 1.0], Some(&[true])),
        Err(gibbs_core::Error::Shape)
    );
    assert_eq!(
        ensemble.push(0, &[0.5, f64::NAN], None),
        Err(gibbs_core::Error::Domain)
    );
    assert_eq!(
        ensemble.push(0, &[0.5, 1.5], None),
        Err(gibbs_core::Error::Domain)
    );
    assert_eq!(
        ensemble.merge(&Ensemble::new(1, 3)),
        Err(gibbs_core::Error::Shape)
    );
    assert_eq!(ensemble, before);
}

/// A curve of the theory is explained by itself alone, a mixture by its parts. The signal is sampled more finely than
/// the candidates: candidates between two neighbouring samples differ by rounding only.
#[test] // oracle: garrote-transition
fn inference_recovers_the_density() {
    let rho: Vec<f64> = (1..600).map(|k| f64::from(k) / 1000.0).collect();
    let grid = default_grid();
    assert_eq!((grid.len(), grid[0], grid[1]), (201, 0.0, 0.001));
    assert!((grid[200] - 0.5).abs() < 1e-15);
    for k in [5, 40, 120, 199] {
        let sigma: Vec<f64> = rho.iter().map(|r| theory(*r, grid[k])).collect();
        let found = infer_density(&rho, &sigma, &grid).unwrap();
        assert_eq!(found.density, grid[k]);
        assert!(
            found.weights[k] > 1.0 - 1e-6 && found.misfit < 1e-9,
            "{} {}",
            found.weights[k],
            found.misfit
        );
    }
    let sigma: Vec<f64> = rho
        .iter()
        .map(|r| 0.7 * theory(*r, grid[20]) + 0.3 * theory(*r, grid[150]))
        .collect();
    let found = infer_density(&rho, &sigma, &grid).unwrap();
    assert_eq!(found.density, grid[20]);
    assert!((found.weights.iter().sum::<f64>() - 1.0).abs() < 1e-12);
    assert!((found.weights[20] - 0.7).abs() < 1e-6 && (found.weights[150] - 0.3).abs() < 1e-6);
}

#[test] // edge: garrote-transition
fn no_signal_is_said() {
    let rho = [0.1, 0.2, 0.3];
    assert_eq!(infer_density(&rho, &[0.0; 3], &[0.1, 0.2]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[-1.0; 3], &[0.1, 0.2]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[0.1; 2], &[0.1, 0.2]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[0.1; 3], &[]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[0.1; 3], &[-0.1, 0.2]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[0.1; 3], &[0.2, 1.0]), Err(NoSignal));
    assert_eq!(infer_density(&rho, &[f64::NAN; 3], &[0.1]), Err(NoSignal));
    assert!(NoSignal.to_string().contains("hint: "));
}
