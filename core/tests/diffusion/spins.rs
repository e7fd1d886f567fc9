//! ±1 data: the posterior mean against sums written out, closed forms, limits, refusals.

use crate::oracle::{farthest, relative};
use crate::tolerances::ROUNDING;
use gibbs_core::Error;
use gibbs_core::diffusion::Level;
use gibbs_core::diffusion::spins::posterior_mean;
use gibbs_core::random::{normal, stream};

fn mean(log_weights: &[f64], x: &[f64], level: &Level) -> Vec<f64> {
    let mut mean = vec![0.0; x.len()];
    posterior_mean(log_weights, x, level, &mut mean).unwrap();
    mean
}

// Bayes with the Gaussian likelihood itself, over all states
#[test] // oracle: diffusion-spins
fn the_mean_is_that_of_bayes() {
    let mut rng = stream(5, "spins", 0);
    for n in 1..=8_u32 {
        let log_weights: Vec<f64> = (0..1 << n).map(|_| normal(&mut rng)).collect();
        let x: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        for alpha_bar in [0.9, 0.5, 0.05] {
            let level = Level::of_alpha_bar(1.0, alpha_bar).unwrap();
            let (mut total, mut sum) = (0.0, vec![0.0; n as usize]);
            for (state, log_weight) in log_weights.iter().enumerate() {
                let spin = |i: usize| if state & (1 << i) == 0 { -1.0 } else { 1.0 };
                let distance: f64 = x
                    .iter()
                    .enumerate()
                    .map(|(i, x)| (x - level.signal() * spin(i)).powi(2))
                    .sum();
                let weight = (log_weight - distance / (2.0 * (1.0 - alpha_bar))).exp();
                total += weight;
                sum.iter_mut()
                    .enumerate()
                    .for_each(|(i, sum)| *sum += weight * spin(i));
            }
            let expected: Vec<f64> = sum.iter().map(|sum| sum / total).collect();
            assert!(relative(&mean(&log_weights, &x, &level), &expected) < 10.0 * ROUNDING);
        }
    }
}

// closed form: independent spins, tanh(signal x / noise²); a single allowed state is always returned
#[test] // law: diffusion-spins
fn free_spins_and_certain_states() {
    let level = Level::of_alpha_bar(1.0, 0.3).unwrap();
    let x: Vec<f64> = (0..16).map(|i| f64::from(i).sin()).collect();
    let gain = 0.3_f64.sqrt() / 0.7;
    let expected: Vec<f64> = x.iter().map(|x| (gain * x).tanh()).collect();
    assert!(farthest(&mean(&vec![-3.0; 1 << 16], &x, &level), &expected) < ROUNDING);
    let mut weights = [f64::NEG_INFINITY; 8];
    weights[0b011] = -700.0;
    assert_eq!(mean(&weights, &[-5.0, 0.1, 9.0], &level), [1.0, 1.0, -1.0]);
    // hardly any noise: the nearest state, without overflow
    let clear = Level::of_alpha_bar(0.0, 1.0 - 1e-9).unwrap();
    assert_eq!(mean(&[0.0; 4], &[0.9, -1.1], &clear), [1.0, -1.0]);
}

#[test] // edge: diffusion-spins
fn refusals() {
    let level = Level::of_alpha_bar(1.0, 0.5).unwrap();
    let mut out = [7.0; 2];
    let mut refuse =
        |weights: &[f64], x: &[f64], level: &Level| posterior_mean(weights, x, level, &mut out).err();
    assert_eq!(refuse(&[0.0; 4], &[0.1; 2], &level), None);
    assert_eq!(refuse(&[0.0; 5], &[0.1; 2], &level), Some(Error::Shape));
    assert_eq!(refuse(&[0.0; 8], &[0.1; 3], &level), Some(Error::Shape));
    assert_eq!(refuse(&[0.0], &[], &level), Some(Error::Shape));
    assert_eq!(refuse(&[0.0; 4], &[0.1; 17], &level), Some(Error::Capacity));
    assert_eq!(
        refuse(&[0.0; 4], &[0.1, f64::NAN], &level),
        Some(Error::NonFinite)
    );
    assert_eq!(
        refuse(&[0.0, 0.0, 0.0, f64::NAN], &[0.1; 2], &level),
        Some(Error::NonFinite)
    );
    assert_eq!(
        refuse(&[0.0, 0.0, 0.0, f64::INFINITY], &[0.1; 2], &level),
        Some(Error::NonFinite)
    );
    assert_eq!(
        refuse(&[f64::NEG_INFINITY; 4], &[0.1; 2], &level),
        Some(Error::Domain)
    );
    assert_eq!(refuse(&[0.0; 4], &[0.1; 2], &Level::DATA), Some(Error::Domain));
    assert_eq!(refuse(&[0.0; 4], &[f64::MAX; 2], &level), Some(Error::NonFinite));
}
