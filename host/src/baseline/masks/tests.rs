//! Oracles: a sample of the mixture itself, and cases by hand.
//!
//! Mutations seen red: responsibilities exchanged; threshold without the root; `0.5 *` dropped from the odds; the
//! information criterion ignored; `>` for `>=` in ridge's rule.

use super::*;
use gibbs_core::random::{normal, stream};

// 900 weights of sd 0.1 and 100 of sd 2: the mixture is recovered, the elbow is where both are as likely
#[test] // oracle: masks
fn the_mixture_is_recovered() {
    let mut rng = stream(3, "test.masks", 0);
    let mut w: Vec<f64> = (0..900).map(|_| 0.1 * normal::<f64>(&mut rng)).collect();
    w.extend((0..100).map(|_| 2.0 * normal::<f64>(&mut rng)));
    w.extend([0.0; 50]);
    let elbow = Elbow::fit(&w);
    assert!(elbow.steps < Elbow::LIMIT);
    // relative sd of an estimated sd is 1/sqrt(2n): 2.4 % of 900, 7 % of 100; bounds at 6 of them
    assert!((elbow.sd[0] / 0.1 - 1.0).abs() < 0.15, "{elbow:?}");
    assert!((elbow.sd[1] / 2.0 - 1.0).abs() < 0.45, "{elbow:?}");
    assert!((elbow.share - 0.1).abs() < 6.0 * 0.01, "{elbow:?}");
    let density = |share: f64, sd: f64| share / sd * (-0.5 * (elbow.threshold / sd).powi(2)).exp();
    let (narrow, wide) = (
        density(1.0 - elbow.share, elbow.sd[0]),
        density(elbow.share, elbow.sd[1]),
    );
    assert!((narrow / wide - 1.0).abs() < 1e-9, "{narrow} {wide}");
    let kept = elbow.select(&w);
    assert!(kept[..900].iter().filter(|k| **k).count() < 15);
    assert!(kept[900..1000].iter().filter(|k| **k).count() > 75);
    assert!(kept[1000..].iter().all(|k| !k));
}

// one Gaussian: no elbow, all nonzero weights stay
#[test] // edge: masks
fn one_population_is_kept_whole() {
    let mut rng = stream(4, "test.masks", 0);
    let mut w: Vec<f64> = (0..300).map(|_| normal(&mut rng)).collect();
    w.push(0.0);
    let elbow = Elbow::fit(&w);
    assert_eq!((elbow.threshold, elbow.share), (0.0, 1.0));
    assert_eq!(elbow.select(&w), nonzero(&w));
    assert_eq!(Elbow::fit(&[]).threshold, 0.0);
    assert_eq!(
        Elbow::fit(&[1.0, 2.0, 0.0]).select(&[1.0, 2.0, 0.0]),
        [true, true, false]
    );
    // ties at one size must not divide by zero
    assert!(Elbow::fit(&[1.0; 20]).threshold.is_finite());
    assert!(
        Elbow::fit(&[1e-3, 1e-3, 1e-3, 1e-3, 1.0, 1.0, 1.0, 1.0])
            .threshold
            .is_finite()
    );
}

#[test] // law: masks
fn rules_by_hand() {
    assert_eq!(nonzero(&[0.0, 1e-11, -1e-9]), [false, false, true]);
    let mut rule = OlsMinimum::default();
    assert_eq!(rule.threshold(), 0.0);
    rule.push(&[3.0, -0.5]);
    rule.push(&[-1.5, 2.0]);
    rule.push(&[]);
    assert_eq!(rule.threshold(), 1.0);
    assert_eq!(rule.select(&[1.0, -0.9, -1.1]), [true, false, true]);
}
