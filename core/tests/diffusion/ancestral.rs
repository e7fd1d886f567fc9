//! DDPM against DDIM with eta = 1, against its published form, and in law.

use crate::oracle::{Entrywise, gaussian_noise, hops, relative, run, table};
use crate::tolerances::{ROUNDING, SAME_SAMPLER, SIGMAS};
use gibbs_core::diffusion::ddpm::{self, Variance};
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{
    Betas, Hop, Level, Method, Prediction, Run, Sampler, Schedule, Spacing, ddim, gaussian,
};
use gibbs_core::random::{normal, stream};

const SMALL: Method = Method::Ddpm {
    variance: Variance::FixedSmall,
    clip: None,
};

// identity, step by step, each method on its own state
#[test] // law: diffusion-ddpm, diffusion-ddim
fn ddim_with_eta_one_is_ddpm() {
    let table = table::<f64>(Betas::DDPM);
    let random = Method::Ddim { eta: 1.0, clip: None };
    let (first, second) = (
        hops(&table, SMALL, 1000, Spacing::Leading { offset: 0 }, Ending::Data),
        hops(&table, random, 1000, Spacing::Leading { offset: 0 }, Ending::Data),
    );
    assert_eq!(first, second);
    let mut states = [[0.9, -0.3, 2.0]; 2];
    let (mut rng, mut other) = (stream(4, "same", 0), stream(4, "same", 0));
    let (mut noise, mut same) = (gaussian(&mut rng), gaussian(&mut other));
    let mut scratch = [0.0; 9];
    let [a, b] = &mut states;
    let (mut none, mut empty) = ([], []);
    let new = |method| Sampler::new(method, Prediction::Noise).unwrap();
    let mut ddpm = Run::new(new(SMALL), &first, a, &mut none).unwrap();
    let mut ddim = Run::new(new(random), &second, b, &mut empty).unwrap();
    let mut model = Entrywise(|x: f64, level: &Level| (x + level.signal()).sin());
    for hop in &first {
        let _ = ddpm.step(&mut model, &mut noise, &mut scratch).unwrap();
        let _ = ddim.step(&mut model, &mut same, &mut scratch).unwrap();
        let error = relative(ddpm.state(), ddim.state());
        assert!(error < SAME_SAMPLER, "{}: {error:e}", hop.from.timestep());
    }
}

// the posterior of two Gaussians, from beta_t and ab_t as Ho et al. write it (eqs. 6, 7)
#[test] // oracle: diffusion-ddpm, diffusion-ddim
fn a_step_is_the_published_one() {
    let table = table::<f64>(Betas::STABLE_DIFFUSION);
    let schedule = Schedule::new(&table).unwrap();
    let (x, eps, z) = (0.8, -0.35, 1.1);
    for t in [1, 2, 37, 500, 999] {
        let hop = Hop {
            from: schedule.level(t).unwrap(),
            to: schedule.level(t - 1).unwrap(),
        };
        let (ab, before) = (table[t as usize], table[t as usize - 1]);
        let beta = 1.0 - ab / before;
        let mean = (x - beta / (1.0 - ab).sqrt() * eps) / (1.0 - beta).sqrt();
        let small = (1.0 - before) / (1.0 - ab) * beta;
        for (variance, spread) in [(Variance::FixedSmall, small), (Variance::FixedLarge, beta)] {
            let mut next = [0.0];
            ddpm::step(
                &[x],
                &[eps],
                &[z],
                &hop,
                Prediction::Noise,
                variance,
                None,
                &mut next,
            )
            .unwrap();
            let expected = mean + spread.sqrt() * z;
            assert!(
                (next[0] - expected).abs() < ROUNDING,
                "{t} {variance:?}: {} {expected}",
                next[0]
            );
        }
        // clipping: x0hat beyond the range counts as the range
        let data = (x - (1.0 - ab).sqrt() * eps) / ab.sqrt();
        let clip = 0.5 * data.abs();
        let mut next = [0.0];
        ddpm::step(
            &[x],
            &[eps],
            &[z],
            &hop,
            Prediction::Noise,
            Variance::FixedSmall,
            Some(clip),
            &mut next,
        )
        .unwrap();
        let kept = before.sqrt() * beta / (1.0 - ab) * clip.copysign(data);
        let expected = kept + (1.0 - beta).sqrt() * (1.0 - before) / (1.0 - ab) * x + small.sqrt() * z;
        assert!((next[0] - expected).abs() < ROUNDING);
        let mut wide = [0.0];
        ddpm::step(
            &[x],
            &[eps],
            &[z],
            &hop,
            Prediction::Noise,
            Variance::FixedSmall,
            Some(1e3),
            &mut wide,
        )
        .unwrap();
        assert!((wide[0] - mean - small.sqrt() * z).abs() < ROUNDING);
        // DDIM: the clipped data with the noise as predicted
        ddim::step(
            &[x],
            &[eps],
            &[],
            &hop,
            Prediction::Noise,
            0.0,
            Some(clip),
            &mut next,
        )
        .unwrap();
        let expected = before.sqrt() * clip.copysign(data) + (1.0 - before).sqrt() * eps;
        assert!((next[0] - expected).abs() < ROUNDING);
        // DDIM with some noise (Song et al., eqs. 12 and 16)
        let s = 0.4 * small.sqrt();
        ddim::step(&[x], &[eps], &[z], &hop, Prediction::Noise, 0.4, None, &mut next).unwrap();
        let expected = before.sqrt() * data + (1.0 - before - s * s).sqrt() * eps + s * z;
        assert!(
            (next[0] - expected).abs() < ROUNDING,
            "{t}: {} {expected}",
            next[0]
        );
    }
}

#[test] // edge: diffusion-ddpm
fn the_last_step_adds_noise_only_away_from_step_zero() {
    let table = table::<f64>(Betas::DDPM);
    let schedule = Schedule::new(&table).unwrap();
    let step = |t: u32, variance, z: f64| {
        let hop = Hop {
            from: schedule.level(t).unwrap(),
            to: Level::DATA,
        };
        assert_eq!(ddpm::is_random(&hop), t > 0);
        let mut next = [0.0];
        ddpm::step(
            &[0.4],
            &[0.3],
            &[z],
            &hop,
            Prediction::Noise,
            variance,
            None,
            &mut next,
        )
        .unwrap();
        next[0]
    };
    for variance in [Variance::FixedSmall, Variance::FixedLarge] {
        assert_eq!(step(0, variance, 5.0), step(0, variance, -5.0));
    }
    let spread = |variance| (step(1, variance, 1.0) - step(1, variance, 0.0)) / 1.0;
    assert!((spread(Variance::FixedSmall) - 1e-10).abs() < 1e-15); // the floor of the variance, 1e-20
    assert!((spread(Variance::FixedLarge) - (1.0 - table[1]).sqrt()).abs() < ROUNDING);
}

/// Gaussian data: each step is linear, so the variance of the sample follows by recursion; 20 000 samples agree with it.
/// Six comparisons with [`SIGMAS`] standard errors each, of means of 20 000: false alarm 6e-7 each.
#[test] // oracle: diffusion-ddpm
fn samples_have_the_variance_of_the_recursion() {
    let table = table::<f64>(Betas::DDPM);
    let count = 20_000;
    for (variance, c) in [
        (Variance::FixedSmall, 0.25),
        (Variance::FixedLarge, 0.25),
        (Variance::FixedSmall, 2.0),
    ] {
        let method = Method::Ddpm { variance, clip: None };
        let hops = hops(&table, method, 50, Spacing::Trailing, Ending::Data);
        let mut expected = 1.0;
        for hop in &hops {
            let apply = |z: f64, x: f64| {
                let eps = gaussian_noise(c)(x, &hop.from);
                let mut next = [0.0];
                ddpm::step(
                    &[x],
                    &[eps],
                    &[z],
                    hop,
                    Prediction::Noise,
                    variance,
                    None,
                    &mut next,
                )
                .unwrap();
                next[0]
            };
            expected = apply(0.0, 1.0).powi(2) * expected + apply(1.0, 0.0).powi(2);
        }
        // exact data would be c; the discrete chain is near it
        assert!((expected / c - 1.0).abs() < 0.3, "{expected} {c}");
        let mut rng = stream(12, "law", 0);
        let start: Vec<f64> = (0..count).map(|_| normal(&mut rng)).collect();
        let sample = run(
            method,
            Prediction::Noise,
            &hops,
            &start,
            &mut Entrywise(gaussian_noise(c)),
        );
        let mean = sample.iter().sum::<f64>() / f64::from(count);
        let second = sample.iter().map(|x| x * x).sum::<f64>() / f64::from(count);
        let root = f64::from(count).sqrt();
        assert!(
            mean.abs() < SIGMAS * expected.sqrt() / root,
            "{variance:?}: mean {mean}"
        );
        assert!(
            (second - expected).abs() < SIGMAS * expected * 2.0_f64.sqrt() / root,
            "{variance:?}: {second} for {expected}"
        );
    }
}

// between two small levels the variance is that of the target, sigma², as long as it is above the floor of 1e-20
#[test] // edge: diffusion-ddpm
fn the_floor_of_the_variance_is_far_below_small_levels() {
    let step = |to: f64| {
        let hop = Hop {
            from: Level::of_sigma(2.0, 0.1).unwrap(),
            to: Level::of_sigma(1.0, to).unwrap(),
        };
        let mut next = [0.0_f64];
        let (noise, small) = (Prediction::Noise, Variance::FixedSmall);
        ddpm::step(&[0.0], &[0.0], &[1.0], &hop, noise, small, None, &mut next).unwrap();
        next[0]
    };
    assert!((step(1e-9) / 1e-9 - 1.0).abs() < 1e-6, "{:e}", step(1e-9));
    assert!((step(1e-12) / 1e-10 - 1.0).abs() < 1e-6, "{:e}", step(1e-12));
}
