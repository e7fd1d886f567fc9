//! Oracles: the autoregressive process x' = r x + noise, whose rho(k) = r^k makes tau = (1 + r)/(2 (1 - r)); small
//! series by hand. Statistical tests have fixed seeds; bounds of 6 standard deviations, false alarm below 2e-9
//! each.
//!
//! Mutations seen red: tau from 1; window of 1 tau; 2 tau -> tau; n - 1 -> n in the variance; 1/(n - k) -> 1/n; tau below
//! 1/2 let through; B^3 -> B^2 and no factor n in the end of blocking; pairs added, not averaged; B - 1 -> B in the bias; its
//! factor in the spread; blocks added; blocks that forget the last value; blocks of 0.2 tau; tau of the last series
//! instead of the largest; |z|; the bound of the error.
use super::*;
use gibbs_core::random::{normal, stream};

/// A stationary autoregressive series of variance 1/(1 - r²).
fn autoregressive(r: f64, samples: usize, index: u64) -> Vec<f64> {
    let mut rng = stream(1, "test.statistics", index);
    let mut x = normal::<f64>(&mut rng) / (1.0 - r * r).sqrt();
    let step = |_| {
        x = r * x + normal::<f64>(&mut rng);
        x
    };
    (0..samples).map(step).collect()
}

#[test] // oracle: ising-statistics
fn known_autocorrelation_time() {
    for (index, r) in [0.0, 0.5, 0.9, 0.95].into_iter().enumerate() {
        let n = 50_000;
        let found = estimate(&autoregressive(r, n, index as u64)).unwrap();
        let tau = (1.0 + r) / (2.0 * (1.0 - r));
        // Madras and Sokal: Var tau = 2 (2 W + 1) tau² / n
        let sd = tau * (2.0 * (2.0 * WINDOW * tau + 1.0) / n as f64).sqrt();
        assert!(
            (found.tau - tau).abs() < 6.0 * sd,
            "r {r}: {found:?} against {tau}"
        );
        let error = 1.0 / (1.0 - r) / (n as f64).sqrt(); // of the mean, exact up to O(1/n)
        assert!((found.error / error - 1.0).abs() < 3.0 * sd / tau + 0.02, "r {r}");
        assert_eq!(found.samples, n);
    }
}

// 400 series: the mean of z² is 1, within 6 sqrt(2/400) and a few percent for the noise of tau
#[test] // law: ising-statistics
fn errors_cover() {
    let mut sum = [0.0; 3];
    for index in 0..400 {
        let series = autoregressive(0.5, 2000, 100 + index);
        let found = estimate(&series).unwrap();
        let squares: Vec<f64> = series.iter().map(|x| x * x).collect();
        // a variance, whose exact value is 1/(1 - r²)
        let variance = jackknife(&[&series, &squares], |m| m[1] - m[0] * m[0]).unwrap();
        let blocked = Estimate {
            error: blocking(&series).unwrap().error,
            ..found
        };
        for (sum, z) in sum
            .iter_mut()
            .zip([z(&found, 0.0), z(&blocked, 0.0), z(&variance, 4.0 / 3.0)])
        {
            *sum += z * z / 400.0;
        }
    }
    for sum in sum {
        assert!((sum - 1.0).abs() < 0.45, "{sum}");
    }
}

#[test] // law: ising-statistics
fn blocking_and_jackknife_agree() {
    for r in [0.0, 0.5, 0.9] {
        let series = autoregressive(r, 40_000, 7);
        let found = estimate(&series).unwrap();
        let blocked = blocking(&series).unwrap();
        let off = blocked.error - found.error;
        assert!(
            off.abs() < 5.0 * blocked.uncertainty,
            "r {r}: {found:?} {blocked:?}"
        );
        assert_eq!(blocked.blocks, 40_000 / blocked.block);
        let knife = jackknife(&[&series], |m| m[0]).unwrap();
        assert!((knife.mean - found.mean).abs() < 1e-3 * found.error);
        let noise = (2.0 * BLOCK * found.tau / 80_000.0).sqrt();
        assert!((knife.error / found.error - 1.0).abs() < 5.0 * noise, "r {r}");
        assert_eq!((knife.tau, knife.samples), (found.tau, 40_000));
    }
}

// whichever comes first
#[test] // law: ising-statistics
fn the_slowest_series_sets_the_blocks() {
    let (slow, fast) = (autoregressive(0.9, 20_000, 10), autoregressive(0.0, 20_000, 11));
    let tau = estimate(&slow).unwrap().tau;
    for pair in [[&slow[..], &fast], [&fast, &slow]] {
        assert_eq!(jackknife(&pair, |m| m[0] + m[1]).unwrap().tau, tau);
    }
}

// Binder's cumulant of a Gaussian vanishes
#[test] // oracle: ising-statistics
fn binder_of_a_gaussian() {
    let series = autoregressive(0.8, 50_000, 8);
    let power = |k: i32| -> Vec<f64> { series.iter().map(|x| x.powi(k)).collect() };
    let (square, fourth) = (power(2), power(4));
    let found = jackknife(&[&square, &fourth], |m| 1.0 - m[1] / (3.0 * m[0] * m[0])).unwrap();
    assert!(accepts(&found, 0.0, 5.0, 0.03), "{found:?}");
}

// 0 1 0 1 ..: values that alternate count as independent
#[test] // edge: ising-statistics
fn alternating_values() {
    let series: Vec<f64> = (0..32).map(|t| f64::from(t % 2)).collect();
    let found = estimate(&series).unwrap();
    assert_eq!((found.mean, found.tau, found.samples), (0.5, 0.5, 32));
    assert!((found.error - (0.25_f64 / 31.0).sqrt()).abs() < 1e-16);
    let blocked = blocking(&series).unwrap();
    assert_eq!((blocked.block, blocked.error), (2, 0.0));
}

// rho(k) as its definition reads, and the window as it is used
#[test] // oracle: ising-statistics
fn definition() {
    let series: Vec<f64> = (0..300)
        .map(|t| f64::from((t * t + 3 * t / 7) % 31 + 20 * (t / 10 % 3)))
        .collect();
    let n = series.len() as f64;
    let mean = series.iter().sum::<f64>() / n;
    let covariance = |k: usize| {
        let pairs = series.iter().zip(&series[k..]);
        pairs.map(|(a, b)| (a - mean) * (b - mean)).sum::<f64>() / (n - k as f64)
    };
    let tau = |window: usize| 0.5 + (1..=window).map(|k| covariance(k) / covariance(0)).sum::<f64>();
    let window = (1..150).find(|w| *w as f64 >= 6.0 * tau(*w)).unwrap();
    let found = estimate(&series).unwrap();
    assert!(tau(window) > 1.0, "a dull series: {window} {}", tau(window));
    assert!((found.tau - tau(window)).abs() < 1e-12);
    let error = (2.0 * tau(window) * covariance(0) / (n - 1.0)).sqrt();
    assert!((found.error - error).abs() < 1e-12 && (found.mean - mean).abs() < 1e-12);
}

// the bias of x² is the variance of the mean: by hand, 4 blocks of 1
#[test] // oracle: ising-statistics
fn jackknife_by_hand() {
    let series = [1.0, 2.0, 4.0, 9.0];
    let (mean, error, _) = delete_blocks(&[&series], 4, 4, |m| m[0] * m[0]).unwrap();
    let unbiased = 16.0 - (9.0 + 4.0 + 0.0 + 25.0) / 12.0;
    assert!((mean - unbiased).abs() < 1e-13, "{mean}");
    let left = [5.0, 14.0 / 3.0, 4.0, 7.0 / 3.0].map(|m: f64| m * m);
    let average = left.iter().sum::<f64>() / 4.0;
    let square = 0.75 * left.iter().map(|f| (f - average) * (f - average)).sum::<f64>();
    assert!((error - square.sqrt()).abs() < 1e-13);
    // 7 values in 3 blocks of 2, 2 and 3: none is left out
    let uneven = [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 3.0];
    let (_, error, _) = delete_blocks(&[&uneven], 7, 3, |m| m[0]).unwrap();
    let left = [13.0 / 5.0, 11.0 / 5.0, 6.0 / 4.0];
    let average = left.iter().sum::<f64>() / 3.0;
    let square = 2.0 / 3.0 * left.iter().map(|f| (f - average) * (f - average)).sum::<f64>();
    assert!((error - square.sqrt()).abs() < 1e-14);
}

// scale and shift of the unit: what must follow follows
#[test] // law: ising-statistics
fn units() {
    let series = autoregressive(0.6, 2000, 9);
    let moved: Vec<f64> = series.iter().map(|x| -8.0 * x + 1024.0).collect();
    let (a, b) = (estimate(&series).unwrap(), estimate(&moved).unwrap());
    assert!((b.tau - a.tau).abs() < 1e-9 && (b.error - 8.0 * a.error).abs() < 1e-9);
    assert!((b.mean - (1024.0 - 8.0 * a.mean)).abs() < 1e-9);
}

#[test] // edge: ising-statistics
fn no_error_to_tell() {
    let constant = Err(SeriesError::Constant {
        value: -2.0,
        samples: 40,
    });
    assert_eq!(estimate(&[-2.0; 40]), constant);
    assert_eq!(jackknife(&[&[-2.0; 40]], |m| m[0]), constant);
    assert!(matches!(blocking(&[-2.0; 40]), Err(SeriesError::Constant { .. })));
    let (samples, least) = (15, LEAST);
    assert_eq!(
        estimate(&[1.0; 15]),
        Err(SeriesError::TooShort { samples, least })
    );
    assert!(matches!(blocking(&[]), Err(SeriesError::TooShort { .. })));
    assert!(matches!(
        jackknife(&[], |_| 0.0),
        Err(SeriesError::TooShort { .. })
    ));
    let step: Vec<f64> = (0..64).map(|t| f64::from(t / 32)).collect();
    assert!(matches!(estimate(&step), Err(SeriesError::Correlated { samples: 64, tau }) if tau > 5.0));
    assert!(matches!(
        blocking(&step),
        Err(SeriesError::Correlated { samples: 64, .. })
    ));
    let short = autoregressive(0.0, 100, 3);
    assert!(matches!(
        jackknife(&[&short], |m| m[0]),
        Err(SeriesError::Correlated { .. })
    ));
    let mut broken = short.clone();
    broken[17] = f64::NAN;
    assert_eq!(estimate(&broken), Err(SeriesError::NonFinite { index: 17 }));
    let lengths = jackknife(&[&short, &short[1..]], |m| m[0]);
    assert_eq!(lengths, Err(SeriesError::Lengths { left: 100, right: 99 }));
    let huge: Vec<f64> = short.iter().map(|x| x * 1e200).collect();
    assert_eq!(estimate(&huge), Err(SeriesError::Range));
    let tiny: Vec<f64> = short.iter().map(|x| x * 1e-200).collect();
    assert_eq!(estimate(&tiny), Err(SeriesError::Range));
    let long = autoregressive(0.0, 1000, 4);
    let undefined = jackknife(&[&long], |m| if m[0] > -9.0 { f64::NAN } else { 0.0 });
    assert_eq!(undefined, Err(SeriesError::NonFinite { index: 0 }));
    assert!(matches!(
        jackknife(&[&long], |_| 5.0),
        Err(SeriesError::Constant { .. })
    ));
    // one constant series among others is no obstacle
    assert!(jackknife(&[&long, &[2.0; 1000]], |m| m[0] * m[1]).is_ok());
}

#[test]
fn scores() {
    let found = Estimate {
        mean: 1.5,
        error: 0.25,
        tau: 0.5,
        samples: 100,
    };
    assert_eq!((z(&found, 1.0), z(&found, 2.0), z(&found, 1.5)), (2.0, -2.0, 0.0));
    assert!(accepts(&found, 1.0, 3.0, 0.3));
    assert!(!accepts(&found, 1.0, 2.0, 0.3));
    assert!(!accepts(&found, 1.0, 3.0, 0.25));
    assert!(!accepts(&found, 3.0, 5.0, 0.3));
    let exact = Estimate { error: 0.0, ..found };
    assert_eq!((z(&exact, 1.5), z(&exact, 1.0)), (0.0, f64::INFINITY));
}
