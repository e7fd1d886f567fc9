//! Predictions: conversions there and back, and that all samplers give one sample whatever the model predicts.

use crate::oracle::{DDIM, Entrywise, farthest, gaussian_noise, hops, relative, run, table};
use crate::tolerances::ROUNDING;
use gibbs_core::Error;
use gibbs_core::diffusion::ddpm::Variance;
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{Betas, Level, Method, Prediction, Spacing};

const ALL: [Prediction; 3] = [Prediction::Noise, Prediction::Velocity, Prediction::Sample];

// split(target) gives back data and noise; v turns (signal, noise) by a right angle
#[test] // oracle: diffusion-prediction
fn conversions_are_inverse() {
    let (data, noise) = ([0.3, -1.0, 2.0], [1.1, 0.4, -0.2]);
    for alpha_bar in [0.9999, 0.5, 0.01] {
        let level = Level::of_alpha_bar(3.0, alpha_bar).unwrap();
        let mix =
            |a: f64, b: f64| -> Vec<f64> { data.iter().zip(noise).map(|(x, e)| a * x + b * e).collect() };
        let x = mix(level.signal(), level.noise());
        for prediction in ALL {
            let (mut target, mut x0, mut eps) = ([0.0; 3], [0.0; 3], [0.0; 3]);
            prediction.target(&data, &noise, &level, &mut target).unwrap();
            prediction.split(&x, &target, &level, &mut x0, &mut eps).unwrap();
            assert!(
                farthest(&x0, &data) < ROUNDING && farthest(&eps, &noise) < ROUNDING,
                "{prediction:?}"
            );
        }
        let mut v = [0.0; 3];
        Prediction::Velocity
            .target(&data, &noise, &level, &mut v)
            .unwrap();
        assert!(farthest(&v, &mix(-level.noise(), level.signal())) < ROUNDING);
    }
}

// pure noise: v is minus the data, noise predicts nothing; pure data: the other way round
#[test] // edge: diffusion-prediction
fn levels_without_signal_or_noise() {
    let pure = Level::of_alpha_bar(999.0, 0.0).unwrap();
    let (x, v) = ([0.7], [0.2]);
    let (mut x0, mut eps) = ([0.0], [0.0]);
    Prediction::Velocity
        .split(&x, &v, &pure, &mut x0, &mut eps)
        .unwrap();
    assert_eq!((x0, eps), ([-0.2], [0.7]));
    assert_eq!(
        Prediction::Noise.split(&x, &v, &pure, &mut x0, &mut eps),
        Err(Error::Domain)
    );
    Prediction::Sample
        .split(&x, &v, &pure, &mut x0, &mut eps)
        .unwrap();
    assert_eq!((x0, eps), ([0.2], [0.7]));
    Prediction::Noise
        .split(&x, &v, &Level::DATA, &mut x0, &mut eps)
        .unwrap();
    assert_eq!((x0, eps), ([0.7], [0.2]));
    assert_eq!(
        Prediction::Sample.split(&x, &v, &Level::DATA, &mut x0, &mut eps),
        Err(Error::Domain)
    );
}

// one oracle told three ways: the same sample, for every method
#[test] // law: diffusion-prediction
fn samples_do_not_depend_on_the_prediction() {
    let table = table::<f64>(Betas::DDPM);
    let small = Method::Ddpm {
        variance: Variance::FixedSmall,
        clip: Some(1.5),
    };
    let half = Method::Ddim { eta: 0.5, clip: None };
    for method in [small, half, DDIM, Method::Euler, Method::Heun, Method::DpmSolver] {
        let hops = hops(&table, method, 20, Spacing::Trailing, Ending::Data);
        let samples = ALL.map(|prediction| {
            let mut noise = gaussian_noise(0.3);
            let mut model = Entrywise(move |x: f64, level: &Level| {
                let eps = noise(x, level);
                let data = (x - level.noise() * eps) / level.signal();
                match prediction {
                    Prediction::Noise => eps,
                    Prediction::Sample => data,
                    Prediction::Velocity => level.signal() * eps - level.noise() * data,
                }
            });
            run(method, prediction, &hops, &[1.2, -0.4], &mut model)
        });
        for sample in &samples[1..] {
            assert!(
                relative(sample, &samples[0]) < 1e3 * ROUNDING,
                "{method:?}: {samples:?}"
            );
        }
    }
}

#[test] // edge: diffusion-prediction
fn refusals() {
    let level = Level::of_alpha_bar(1.0, 0.5).unwrap();
    let (mut a, mut b) = ([0.0; 2], [0.0; 2]);
    let refuse = |x: &[f64], y: &[f64], a: &mut [f64], b: &mut [f64]| {
        Prediction::Noise.split(x, y, &level, a, b).err()
    };
    assert_eq!(refuse(&[1.0; 2], &[1.0; 3], &mut a, &mut b), Some(Error::Shape));
    assert_eq!(
        refuse(&[1.0; 2], &[1.0; 2], &mut a[..1], &mut b),
        Some(Error::Shape)
    );
    assert_eq!(
        refuse(&[1.0, f64::NAN], &[1.0; 2], &mut a, &mut b),
        Some(Error::NonFinite)
    );
    let target = Prediction::Velocity.target(&[1.0; 2], &[1.0; 3], &level, &mut a);
    assert_eq!(target, Err(Error::Shape));
    let target = Prediction::Velocity.target(&[1.0, f64::INFINITY], &[1.0; 2], &level, &mut a);
    assert_eq!(target, Err(Error::NonFinite));
    for (timestep, alpha_bar, error) in [
        (f64::NAN, 0.5, Error::NonFinite),
        (0.0, f64::NAN, Error::NonFinite),
        (0.0, -0.1, Error::Domain),
        (0.0, 1.1, Error::Domain),
    ] {
        assert_eq!(Level::of_alpha_bar(timestep, alpha_bar).err(), Some(error));
    }
    for (timestep, sigma, error) in [
        (f64::NAN, 0.5, Error::NonFinite),
        (0.0, f64::INFINITY, Error::NonFinite),
        (0.0, -0.1, Error::Domain),
        (0.0, 1e150, Error::Domain),
    ] {
        assert_eq!(Level::of_sigma(timestep, sigma).err(), Some(error));
    }
}

#[test] // both constructions describe one level
fn levels_agree() {
    for sigma in [0.0, 1e-8, 0.3, 1.0, 80.0, 1e9] {
        let level = Level::of_sigma(5.5, sigma).unwrap();
        assert!((level.sigma() - sigma).abs() <= ROUNDING * sigma);
        assert!((level.alpha_bar() + level.noise() * level.noise() - 1.0).abs() < ROUNDING);
        let same = Level::of_alpha_bar(5.5, level.alpha_bar()).unwrap();
        assert!(
            (same.signal() - level.signal()).abs() < ROUNDING && (same.noise() - level.noise()).abs() < 2e-8
        );
        assert_eq!(
            (level.at(2.0).timestep(), level.at(2.0).sigma()),
            (2.0, level.sigma())
        );
    }
}
