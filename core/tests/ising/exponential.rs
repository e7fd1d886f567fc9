//! The integer variates against -ln(w / 2^32) and the logit in f64.

use crate::tolerances::VARIATE;
use gibbs_core::ising::exponential::{FRACTION_BITS, exponential, logit, word};
use gibbs_core::random::stream;

/// Words that meet every chord of every octave at 65 places, and both ends of the range.
fn sweep() -> impl Iterator<Item = u32> {
    let octave = |zeros: u32| {
        (0..256 * 64_u64).flat_map(move |k| {
            let start = (1 << 31 | k << 17) as u32;
            [start, start + (1 << 16) + 77, start + ((1 << 17) - 1)].map(|m| m >> zeros)
        })
    };
    (0..32).flat_map(octave).chain([1, 2, 3, u32::MAX - 1, u32::MAX])
}

fn real(fixed: f64) -> f64 {
    fixed / f64::from(1_u32 << FRACTION_BITS)
}

// closed form: the bounds of the module's head
#[test] // oracle: ising-integer
fn exponential_is_within_its_bound() {
    let (mut low, mut high) = (0.0_f64, 0.0_f64);
    for w in sweep() {
        let error = real(f64::from(exponential(w))) + (f64::from(w) / 4_294_967_296.0).ln();
        (low, high) = (low.min(error), high.max(error));
    }
    assert!(low > -1e-7 && high < VARIATE, "{low:e} {high:e}");
    assert!(
        high > 2.0e-6,
        "the sweep misses the middle of the first chord: {high:e}"
    );
    assert_eq!(exponential(0), exponential(1)); // no word gives anything else
}

// closed form; exact identity: odd about one half
#[test] // oracle: ising-integer
fn logit_is_within_its_bound_and_odd() {
    for w in sweep() {
        let u = f64::from(w) / 4_294_967_296.0;
        let error = (real(f64::from(logit(w))) - (u / (1.0 - u)).ln()).abs();
        assert!(error < VARIATE, "{w} {error:e}");
        assert_eq!(logit(w), -logit(w.wrapping_neg()));
    }
    assert_eq!(logit(1 << 31), 0);
}

// what counting by bisection relies on: joints of chords and octaves, and runs of words
#[test] // law: ising-integer
fn exponential_never_rises_and_logit_never_falls() {
    let joints = (0..32).flat_map(|zeros| (0..512).map(move |k| (1 << 31 | k << 22_u32) >> zeros));
    let runs = [
        1_u32,
        1 << 12,
        1 << 23,
        (1 << 31) - 70_000,
        1 << 31,
        u32::MAX - 140_000,
    ]
    .into_iter()
    .flat_map(|start| start..start + 139_000);
    for w in joints.chain(runs) {
        assert!(exponential(w) <= exponential(w - 1), "{w}");
        assert!(w < 2 || logit(w) >= logit(w - 1), "{w}");
    }
}

// moments of 1e5 draws, |z| < 6 each: false alarm below 2e-8 in all
#[test] // law: ising-integer
fn draws_follow_their_laws() {
    let mut rng = stream(5, "variates", 0);
    let (mut x, mut x2, mut l, mut l2) = (0.0, 0.0, 0.0, 0.0);
    let n = 100_000;
    for _ in 0..n {
        let w = word(&mut rng);
        let (e, g) = (real(f64::from(exponential(w))), real(f64::from(logit(w))));
        x += e;
        x2 += e * e;
        l += g;
        l2 += g * g;
    }
    let n = f64::from(n);
    let z = |sum: f64, mean: f64, variance: f64| ((sum / n - mean) / (variance / n).sqrt()).abs();
    let square = core::f64::consts::PI.powi(2) / 3.0;
    assert!(z(x, 1.0, 1.0) < 6.0 && z(x2, 2.0, 20.0) < 6.0);
    // the fourth moment of the logistic law is 7 pi^4 / 15, that is 4.2 squares of the variance
    assert!(z(l, 0.0, square) < 6.0 && z(l2, square, 3.2 * square * square) < 6.0);
}
