//! The latent geometry of a U-Net at a sample: what joins [`model`](super::model) to [`pullback`](super::pullback).
//!
//! A [`Latent`] is a net with its noise schedule and text states. It gives the local basis of x -> h at (x, t), the noise
//! eps(x, t) for edits, and brings samples along the deterministic sampler of DDIM (spec/diffusion.md 2.1, 2.2).
//!
//! Map: [`noise`] levels and plans, [`stored`] bases and directions in files, [`editing`] one edit from x_t to pictures,
//! [`global`] bases in files, [`answers`] what a stopped run goes on from.

pub mod answers;
pub mod editing;
pub mod global;
mod jacobian;
pub mod noise;
mod search;
pub mod stored;
#[cfg(test)]
mod tests;

use super::model::{Denoiser, Encoder, Point, Unet};
use super::pullback::edit::Model;
use super::pullback::{Basis, PullbackError};
use super::sampling::SamplingError;
use crate::net::NetError;
use crate::work::Work;
use answers::{Answers, question};
use gibbs_core::diffusion::{self as core, Hop, Level, Prediction, Run, Sampler};
use gibbs_core::random::stream;
use jacobian::Jacobian;
use noise::Noise;
pub use search::Search;
use std::path::PathBuf;

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
    /// A grid of the authors that there is not.
    #[error("the authors' grid of {points} points: expected 2 to {most}")]
    Grid {
        /// What came.
        points: usize,
        /// T.
        most: usize,
    },
    /// The user wants to stop; nothing is kept.
    #[error("interrupted; nothing was kept")]
    Interrupted,
    /// The user wants to stop, and what was done is kept.
    #[error("interrupted after {done} passes of the net, kept in {}\nhint: go on with --resume", .checkpoint.display())]
    Kept {
        /// Answers of the net that are kept.
        done: u64,
        /// Where.
        checkpoint: PathBuf,
    },
    /// What is kept belongs to another run, or is damaged.
    #[error("{0}")]
    Resume(String),
    /// The answers cannot be kept.
    #[error("{0}")]
    Keep(String),
}

impl From<SamplingError> for LatentError {
    /// Those of [`Answers`].
    fn from(error: SamplingError) -> Self {
        match &error {
            SamplingError::Data(data) if data.is_runtime() => Self::Keep(error.to_string()),
            _ => Self::Resume(error.to_string()),
        }
    }
}

/// An error of a basis, a distance or an edit of a net.
pub type Failure = PullbackError<LatentError>;

/// A net with all that it needs beside x and t. Holds the memory of its passes.
pub struct Latent<'a> {
    noise: &'a Noise,
    context: Option<&'a [f32]>,
    denoiser: Denoiser<'a, f32>,
    encoder: Encoder<'a, f32>,
    /// [C, H, W] of x and of h.
    dimensions: [[usize; 3]; 2],
    work: Work<'a>,
    answers: Option<Answers>,
    /// Hash of where the encoder is.
    place: u64,
    boost: Option<Boost>,
}

/// Quality boosting (the authors' name): the last hops of the sampler are random, eta = 1. Hop i of a plan has the noise of
/// the stream (seed, "diffusion/boost", i).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Boost {
    /// Hops that start below this time are random.
    pub below: f64,
    /// Of the noise.
    pub seed: u64,
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
            answers: None,
            place: 0,
            boost: None,
        }
    }

    /// From now on answers of the net are kept, or taken from those that were.
    pub fn keep(&mut self, answers: Answers) {
        self.answers = Some(answers);
    }

    /// The answers that are kept, if any.
    pub fn answers(&mut self) -> Option<&mut Answers> {
        self.answers.as_mut()
    }

    /// All is done: what is kept is removed.
    pub fn finish(mut self) {
        if let Some(answers) = self.answers.take() {
            answers.remove();
        }
    }

    /// From now on [`Self::sample`] is random at its end.
    pub fn boost(&mut self, boost: Option<Boost>) {
        self.boost = boost;
    }

    /// Ends the work when the user asked for it; what is not written yet is.
    fn check(&mut self) -> Result<(), LatentError> {
        if self.work.check().is_ok() {
            return Ok(());
        }
        let Some(answers) = &mut self.answers else {
            return Err(LatentError::Interrupted);
        };
        answers.flush()?;
        Err(LatentError::Kept {
            done: answers.count(),
            checkpoint: answers.folder().to_owned(),
        })
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
        self.place = question("h", &[x, &time]);
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

    /// Takes `x` along a plan of [`Noise::hops`] by DDIM without noise (eta = 0; see [`Self::boost`]), in place; an empty plan
    /// leaves it.
    ///
    /// # Errors
    /// [`LatentError`]; `x` is then where the hops before had brought it.
    pub fn sample(&mut self, x: &mut [f32], hops: &[Hop]) -> Result<(), LatentError> {
        if hops.is_empty() {
            return Ok(());
        }
        let work = self.work;
        work.progress.begin("sampling", hops.len() as u64);
        for (index, hop) in hops.iter().enumerate() {
            let random = self.boost.filter(|boost| hop.from.timestep() < boost.below);
            let mut noise = |out: &mut [f32]| {
                if let Some(Boost { seed, .. }) = random {
                    core::gaussian(&mut stream(seed, "diffusion/boost", index as u64))(out);
                }
            };
            let eta = if random.is_some() { 1.0 } else { 0.0 };
            let clip = self.noise.clip();
            let sampler = Sampler::new(core::Method::Ddim { eta, clip }, self.noise.prediction())?;
            let mut scratch = vec![0.0; sampler.scratch_len(x.len())];
            let one = std::slice::from_ref(hop);
            Run::new(sampler, one, x, &mut [])?.finish(self, &mut noise, &mut scratch)?;
            work.progress.advance(1);
        }
        work.progress.end(&format!("sampled: {} steps", hops.len()));
        Ok(())
    }

    /// What the net puts out at `x`, `t`.
    fn output(&mut self, x: &[f32], t: f64, out: &mut [f32]) -> Result<(), LatentError> {
        self.check()?;
        let time = [t as f32];
        let asked = || question("eps", &[x, &time]);
        let (denoiser, context) = (&mut self.denoiser, self.context);
        let point = Point { x, t: &time, context };
        answered(&mut self.answers, asked, out, |out| {
            Ok(denoiser.eps(point, out, None)?)
        })
    }
}

/// What is kept as the answer, or what `make` gives.
fn answered(
    answers: &mut Option<Answers>,
    question: impl FnOnce() -> u64,
    out: &mut [f32],
    make: impl FnOnce(&mut [f32]) -> Result<(), LatentError>,
) -> Result<(), LatentError> {
    match answers {
        Some(answers) => answers.answer(question(), out, make),
        None => make(out),
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
