//! Sampling with a U-Net, and DDIM inversion: the samplers of `gibbs_core::diffusion` on model folders.
//!
//! Map. [`trajectories`] carries many samples along a plan of the [`schedule`](super::schedule) with an
//! [`EpsModel`](super::eps::EpsModel), stopped, kept and resumed.
//!
//! Sample i starts from the stream (seed, "diffusion/start", i) and draws the noise of hop k from the stream (seed,
//! "diffusion/step", i 2^32 + k): what becomes of a sample does not depend on the others, on batches or on threads.

#[cfg(test)]
mod tests;
pub mod trajectories;

pub use trajectories::{Model, Trajectories};

use gibbs_core::random;

/// Standard normal noise for samples 0 .. `count` of `length` values each, one after another.
pub fn drawn(seed: u64, count: usize, length: usize) -> Vec<f32> {
    (0..count).flat_map(|i| drawn_at(seed, i, length)).collect()
}

/// Standard normal noise for sample `index`.
pub fn drawn_at(seed: u64, index: usize, length: usize) -> Vec<f32> {
    let mut rng = random::stream(seed, "diffusion/start", index as u64);
    (0..length).map(|_| random::normal(&mut rng)).collect()
}

/// What all numbers of some samples have in common.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moments {
    /// Their mean.
    pub mean: f64,
    /// Standard deviation about the mean.
    pub spread: f64,
    /// The least.
    pub least: f64,
    /// The largest.
    pub largest: f64,
}

impl Moments {
    /// Of at least one number.
    pub fn of(values: &[f32]) -> Self {
        let count = values.len().max(1) as f64;
        let wide = || values.iter().map(|x| f64::from(*x));
        let mean = wide().sum::<f64>() / count;
        Self {
            mean,
            spread: (wide().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt(),
            least: wide().fold(f64::INFINITY, f64::min),
            largest: wide().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}
