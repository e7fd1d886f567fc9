//! Helpers: schedules as vectors, whole runs, models with a closed form.

use gibbs_core::Error;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::timesteps::{fractional, multistep, timesteps};
use gibbs_core::diffusion::{
    Betas, Denoiser, Hop, Level, Method, Prediction, Run, Sampler, Schedule, Spacing,
};
use gibbs_core::diffusion::{gaussian, schedule};
use gibbs_core::math::Real;
use gibbs_core::random::stream;

pub(crate) const DDIM: Method = Method::Ddim { eta: 0.0, clip: None };

pub(crate) fn table<T: Real>(betas: Betas) -> Vec<T> {
    let mut table = vec![T::ZERO; 1000];
    schedule::alpha_bars(betas, &mut table).unwrap();
    table
}

/// A model given by a function of an entry and the level.
pub(crate) struct Entrywise<F>(pub(crate) F);

impl<T: Real, F: FnMut(T, &Level) -> T> Denoiser<T> for Entrywise<F> {
    type Error = Error;

    fn predict(&mut self, x: &[T], level: &Level, output: &mut [T]) -> Result<(), Error> {
        for (x, out) in x.iter().zip(output) {
            *out = (self.0)(*x, level);
        }
        Ok(())
    }
}

/// eps* of data N(0, c): noise x / (signal² c + noise²).
pub(crate) fn gaussian_noise(c: f64) -> impl FnMut(f64, &Level) -> f64 {
    move |x, level| level.noise() * x / (level.alpha_bar() * c + level.noise() * level.noise())
}

/// The plan that the conventions give a method.
pub(crate) fn hops<T: Real>(
    table: &[T],
    method: Method,
    n: usize,
    spacing: Spacing,
    ending: Ending,
) -> Vec<Hop> {
    let schedule = Schedule::new(table).unwrap();
    let steps = schedule.steps();
    let mut hops = vec![Hop::NONE; n];
    let mut whole = vec![0; n];
    match method {
        Method::Ddpm { .. } => {
            timesteps(spacing, steps, &mut whole).unwrap();
            plan::ddpm(&schedule, &whole, &mut hops).unwrap();
        }
        Method::Ddim { .. } => {
            timesteps(spacing, steps, &mut whole).unwrap();
            plan::ddim(&schedule, &whole, ending, &mut hops).unwrap();
        }
        Method::Euler | Method::Heun => {
            let mut times = vec![0.0; n];
            fractional(spacing, steps, &mut times).unwrap();
            plan::sigmas(&schedule, &times, &mut hops).unwrap();
        }
        Method::DpmSolver => {
            multistep(spacing, steps, &mut whole).unwrap();
            let times: Vec<f64> = whole.iter().map(|t| f64::from(*t)).collect();
            plan::sigmas(&schedule, &times, &mut hops).unwrap();
        }
    }
    hops
}

/// A whole run from a state that needs no scaling.
pub(crate) fn run<T: Real, D: Denoiser<T, Error = Error>>(
    method: Method,
    prediction: Prediction,
    hops: &[Hop],
    start: &[T],
    denoiser: &mut D,
) -> Vec<T> {
    let sampler = Sampler::new(method, prediction).unwrap();
    let mut state = start.to_vec();
    let mut history = vec![T::ZERO; sampler.history_len(state.len())];
    let mut scratch = vec![T::ZERO; sampler.scratch_len(state.len())];
    let mut rng = stream(9, "diffusion/run", 0);
    let mut run = Run::new(sampler, hops, &mut state, &mut history).unwrap();
    run.finish(denoiser, &mut gaussian(&mut rng), &mut scratch)
        .unwrap();
    state
}

/// max |a - b| / max |b|.
pub(crate) fn relative(a: &[f64], b: &[f64]) -> f64 {
    let scale = b.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    farthest(a, b) / scale
}

/// max |a - b|.
pub(crate) fn farthest(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

pub(crate) fn wide<T: Real>(x: &[T]) -> Vec<f64> {
    x.iter().map(|x| x.wide()).collect()
}
