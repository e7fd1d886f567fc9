//! The latent geometry of a U-Net at a sample: what joins [`model`](super::model) to [`pullback`](super::pullback).
//!
//! A [`Latent`] is a net with its noise schedule and text states. It gives the local basis of x -> h at (x, t), the noise
//! eps(x, t) for edits, and brings samples along the deterministic sampler of DDIM (spec/diffusion.md 2.1, 2.2).
//!
//! Map: [`noise`] levels and plans, [`stored`] bases and directions in files, [`editing`] one edit from x_t to pictures.

pub mod editing;
pub mod noise;
pub mod stored;
#[cfg(test)]
mod tests;

use super::model::{Denoiser, Encoder, Point, Unet};
use super::pullback::edit::Model;
use super::pullback::operator::BlockOperator;
use super::pullback::{Basis, Method, PullbackError, authors, krylov, subspace};
use crate::net::NetError;
use crate::work::{Stopped, Work};
use gibbs_core::diffusion::{self as core, Hop, Level, Prediction, Progress, Run, Sampler};
use noise::Noise;

/// Directions in one pass through the net: bounds the memory of a pass, changes no bit of a result.
const AT_ONCE: usize = 16;

/// Why a net gives no answer at a sample.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum LatentError {
    /// A pass fails: a wrong length, or something not finite in the layer that it names.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The schedule or the sampler refuses.
    #[error("the sampler refuses: {0}")]
    Sampler(#[from] gibbs_core::Error),
    /// A time that the net was not trained at.
    #[error("timestep {found}: expected a number from 0 to {last}")]
    Timestep {
        /// What came.
        found: f64,
        /// T - 1.
        last: usize,
    },
    /// More steps than there are whole times, or none.
    #[error("{found} steps of the sampler, expected 1 to {most} (the times between)")]
    Steps {
        /// What came.
        found: usize,
        /// How many there may be.
        most: usize,
    },
    /// The user wants to stop.
    #[error("interrupted")]
    Interrupted,
}

impl From<Stopped> for LatentError {
    /// Nothing is kept here, so that the user is the only reason.
    fn from(_: Stopped) -> Self {
        Self::Interrupted
    }
}

/// An error of a basis, a distance or an edit of a net.
pub type Failure = PullbackError<LatentError>;

/// How to look for a basis; what is `None` has the default of the method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Search {
    /// Which method.
    pub method: Method,
    /// Vectors wanted.
    pub count: usize,
    /// Its tolerance.
    pub tolerance: Option<f64>,
    /// Blocks (passes) at most.
    pub blocks: Option<usize>,
    /// Of its Gaussian start.
    pub seed: u64,
}

impl Search {
    /// `count` vectors by [`krylov`] with its defaults and seed 0.
    pub fn new(count: usize) -> Self {
        Self {
            method: Method::Krylov,
            count,
            tolerance: None,
            blocks: None,
            seed: 0,
        }
    }

    /// (tolerance, blocks) with the defaults of the method put in.
    pub fn limits(&self) -> (f64, usize) {
        let (tolerance, limit) = match self.method {
            Method::Krylov => {
                let options = krylov::Options::new(self.count);
                (options.tolerance, options.limit)
            }
            Method::Subspace => {
                let options = subspace::Options::new(self.count);
                (options.tolerance, options.limit)
            }
            Method::Authors => {
                let options = authors::Options::new(self.count);
                (options.tolerance, options.limit)
            }
        };
        (self.tolerance.unwrap_or(tolerance), self.blocks.unwrap_or(limit))
    }

    /// The basis of any operator.
    ///
    /// # Errors
    /// [`PullbackError`].
    pub fn run<O: BlockOperator<f32>>(
        &self,
        operator: &mut O,
    ) -> Result<Basis<f32>, PullbackError<O::Error>> {
        let (count, seed) = (self.count, self.seed);
        let (tolerance, limit) = self.limits();
        match self.method {
            Method::Krylov => {
                let mut options = krylov::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                krylov::basis(operator, &options)
            }
            Method::Subspace => {
                let mut options = subspace::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                subspace::basis(operator, &options)
            }
            Method::Authors => {
                let mut options = authors::Options::new(count);
                (options.tolerance, options.limit, options.seed) = (tolerance, limit, seed);
                authors::basis(operator, &options)
            }
        }
    }
}

/// A net with all that it needs beside x and t. Holds the memory of its passes.
pub struct Latent<'a> {
    noise: &'a Noise,
    context: Option<&'a [f32]>,
    denoiser: Denoiser<'a, f32>,
    encoder: Encoder<'a, f32>,
    /// [C, H, W] of x and of h.
    dimensions: [[usize; 3]; 2],
    work: Work<'a>,
}

impl<'a> Latent<'a> {
    /// With text states [rows, width] for a net that has cross-attention.
    pub fn new(unet: &'a Unet<f32>, noise: &'a Noise, context: Option<&'a [f32]>, work: Work<'a>) -> Self {
        Self {
            noise,
            context,
            denoiser: unet.denoiser(),
            encoder: unet.encoder(),
            dimensions: [unet.image(), unet.hidden()],
            work,
        }
    }

    /// [C, H, W] of x and of h.
    pub fn dimensions(&self) -> [[usize; 3]; 2] {
        self.dimensions
    }

    /// Its schedule.
    pub fn noise(&self) -> &'a Noise {
        self.noise
    }

    /// The local basis of x -> h at `x` [C, H, W], `t`. One forward pass, then those of the method.
    ///
    /// # Errors
    /// [`PullbackError`] with [`LatentError`].
    pub fn basis(&mut self, x: &[f32], t: f64, search: &Search) -> Result<Basis<f32>, Failure> {
        self.noise.level(t).map_err(PullbackError::Operator)?;
        let [_, hidden] = self.dimensions;
        let mut h = vec![0.0; hidden.iter().product()];
        let time = [t as f32];
        let point = Point {
            x,
            t: &time,
            context: self.context,
        };
        let moved = self.encoder.move_to(point, &mut h);
        moved.map_err(|error| PullbackError::Operator(error.into()))?;
        self.work
            .progress
            .begin(&format!("basis at t = {t}"), search.limits().1 as u64);
        let found = search.run(&mut Jacobian { latent: self });
        let line = match &found {
            Ok(basis) => format!("basis at t = {t}: {} blocks", basis.blocks),
            Err(_) => format!("basis at t = {t}: stopped"),
        };
        self.work.progress.end(&line);
        found
    }

    /// Takes `x` along a plan of [`Noise::hops`] by DDIM without noise (eta = 0), in place; an empty plan leaves it.
    ///
    /// # Errors
    /// [`LatentError`]; `x` is then where the hops before had brought it.
    pub fn sample(&mut self, x: &mut [f32], hops: &[Hop]) -> Result<(), LatentError> {
        if hops.is_empty() {
            return Ok(());
        }
        let (eta, clip) = (0.0, self.noise.clip());
        let sampler = Sampler::new(core::Method::Ddim { eta, clip }, self.noise.prediction())?;
        let mut scratch = vec![0.0; sampler.scratch_len(x.len())];
        let mut run = Run::new(sampler, hops, x, &mut [])?;
        let work = self.work;
        work.progress.begin("sampling", hops.len() as u64);
        // Without eta no noise is asked for.
        let mut none = |_: &mut [f32]| {};
        while run.progress() == Progress::Going {
            work.check()?;
            let _ = run.step(self, &mut none, &mut scratch)?;
            work.progress.advance(1);
        }
        work.progress.end(&format!("sampled: {} steps", hops.len()));
        Ok(())
    }

    /// What the net puts out at `x`, `t`.
    fn output(&mut self, x: &[f32], t: f64, out: &mut [f32]) -> Result<(), LatentError> {
        self.work.check()?;
        let time = [t as f32];
        let point = Point {
            x,
            t: &time,
            context: self.context,
        };
        Ok(self.denoiser.eps(point, out, None)?)
    }
}

impl core::Denoiser<f32> for Latent<'_> {
    type Error = LatentError;

    fn predict(&mut self, x: &[f32], level: &Level, output: &mut [f32]) -> Result<(), LatentError> {
        self.output(x, level.timestep(), output)
    }
}

impl Model<f32> for Latent<'_> {
    type Error = LatentError;

    /// The noise in x, also of a net that predicts the velocity.
    fn eps(&mut self, x: &[f32], t: f64, out: &mut [f32]) -> Result<(), LatentError> {
        let level = self.noise.level(t)?;
        self.output(x, t, out)?;
        if self.noise.prediction() != Prediction::Noise {
            let (mut data, mut noise) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            self.noise
                .prediction()
                .split(x, out, &level, &mut data, &mut noise)?;
            out.copy_from_slice(&noise);
        }
        Ok(())
    }
}

/// J of x -> h where the encoder was moved to.
struct Jacobian<'l, 'a> {
    latent: &'l mut Latent<'a>,
}

impl Jacobian<'_, '_> {
    fn sizes(&self) -> (usize, usize) {
        let [image, hidden] = self.latent.dimensions;
        (hidden.iter().product(), image.iter().product())
    }
}

impl BlockOperator<f32> for Jacobian<'_, '_> {
    type Error = LatentError;

    fn dimensions(&self) -> (usize, usize) {
        self.sizes()
    }

    fn apply(&mut self, _: usize, v: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.sizes();
        let parts = v.chunks(AT_ONCE * columns);
        for (v, out) in parts.zip(out.chunks_mut(AT_ONCE * rows)) {
            self.latent.work.check()?;
            self.latent.encoder.jvp(v.len() / columns, v, out);
        }
        Ok(())
    }

    fn apply_transposed(&mut self, _: usize, u: &[f32], out: &mut [f32]) -> Result<(), LatentError> {
        let (rows, columns) = self.sizes();
        let parts = u.chunks(AT_ONCE * rows);
        for (u, out) in parts.zip(out.chunks_mut(AT_ONCE * columns)) {
            self.latent.work.check()?;
            self.latent.encoder.vjp(u.len() / rows, u, out);
        }
        self.latent.work.progress.advance(1);
        Ok(())
    }
}
