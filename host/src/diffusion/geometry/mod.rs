//! The local geometry of a U-Net at a sample: what joins the net to [`pullback`](super::pullback).
//!
//! A [`Geometry`] is a net with its schedule and text states. It gives the local basis of x -> h at (x, t), the noise
//! eps(x, t) for edits, and brings samples along the deterministic sampler of DDIM (Park et al. 2023, sections 3.2, 3.3).
//!
//! Map: [`stored`] bases and directions in files, [`editing`] one edit from x_t to pictures, [`global`] bases in files,
//! [`answers`] what a stopped run goes on from.

pub mod answers;
pub mod editing;
pub mod global;
mod jacobian;
pub mod stored;
#[cfg(test)]
mod tests;

use super::eps::{EpsModel, Guidance};
use super::error::DiffusionError;
use super::model::{Encoder, Point, Unet};
use super::pullback::edit::Model;
use super::pullback::krylov::{self, Search};
use super::pullback::{Basis, PullbackError};
use super::schedule::{Kind, NoiseSchedule};
use crate::net::NetError;
use crate::net::pass::Stop;
use crate::work::Work;
use answers::{Answers, question};
use gibbs_core::diffusion::{self as core, Denoiser, Hop, Level, Prediction, Run};
use gibbs_core::random::stream;
pub(super) use jacobian::AT_ONCE;
use jacobian::Jacobian;

/// An error of a basis, a distance or an edit of a net.
pub type Failure = PullbackError<DiffusionError>;

/// A net with all that it needs beside x and t. Holds the memory of its passes.
pub struct Geometry<'a> {
    schedule: &'a NoiseSchedule,
    model: EpsModel<'a>,
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

impl<'a> Geometry<'a> {
    /// With text states for a net that has cross-attention.
    ///
    /// # Errors
    /// As [`EpsModel::new`].
    pub fn new(
        unet: &'a Unet<f32>,
        schedule: &'a NoiseSchedule,
        guidance: Guidance,
        work: Work<'a>,
    ) -> Result<Self, DiffusionError> {
        Ok(Self {
            schedule,
            model: EpsModel::new(unet, guidance)?.until(Stop::when(work.interrupted)),
            encoder: unet.encoder().until(Stop::when(work.interrupted)),
            dimensions: [unet.image(), unet.hidden()],
            work,
            answers: None,
            place: 0,
            boost: None,
        })
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
    fn check(&mut self) -> Result<(), DiffusionError> {
        match self.work.check() {
            Ok(()) => Ok(()),
            Err(_) => Err(self.stopped()?),
        }
    }

    /// The same for a pass that ended early.
    fn ended(&mut self, error: DiffusionError) -> DiffusionError {
        match error {
            DiffusionError::Net(NetError::Interrupted) => self.stopped().unwrap_or_else(|error| error),
            error => error,
        }
    }

    fn stopped(&mut self) -> Result<DiffusionError, DiffusionError> {
        let (mut done, mut checkpoint) = (0, None);
        if let Some(answers) = &mut self.answers {
            answers.flush()?;
            (done, checkpoint) = (answers.count(), Some(answers.folder().to_owned()));
        }
        Ok(DiffusionError::Interrupted {
            done,
            total: None,
            checkpoint,
        })
    }

    /// [C, H, W] of x and of h.
    pub fn dimensions(&self) -> [[usize; 3]; 2] {
        self.dimensions
    }

    /// Its schedule.
    pub fn schedule(&self) -> &'a NoiseSchedule {
        self.schedule
    }

    /// The local basis of x -> h at `x` [C, H, W], `t`. One forward pass, then those of the method.
    ///
    /// # Errors
    /// [`PullbackError`] with [`DiffusionError`].
    pub fn basis(&mut self, x: &[f32], t: f64, search: &Search) -> Result<Basis<f32>, Failure> {
        self.schedule.level(t).map_err(PullbackError::Operator)?;
        let [_, hidden] = self.dimensions;
        let mut h = vec![0.0; hidden.iter().product()];
        let time = [t as f32];
        let condition = self.model.guidance().condition();
        let point = Point {
            x,
            t: &time,
            context: condition.map(|states| states.sample(0)),
        };
        self.place = question("h", &[x, &time]);
        let moved = self.encoder.move_to(point, &mut h);
        moved.map_err(|error| PullbackError::Operator(self.ended(error.into())))?;
        self.work
            .progress
            .begin(&format!("basis at t = {t}"), search.limit as u64 + 1);
        let found = krylov::basis(&mut Jacobian { geometry: self }, search);
        let line = match &found {
            Ok(basis) => format!("basis at t = {t}: {} blocks", basis.blocks),
            Err(_) => format!("basis at t = {t}: stopped"),
        };
        self.work.progress.end(&line);
        found
    }

    /// Takes `x` along a [`NoiseSchedule::way`] by DDIM without noise (eta = 0; see [`Self::boost`]), in place; an empty way
    /// leaves it.
    ///
    /// # Errors
    /// [`DiffusionError`]; `x` is then where the hops before had brought it.
    pub fn sample(&mut self, x: &mut [f32], hops: &[Hop]) -> Result<(), DiffusionError> {
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
            let sampler = self.schedule.sampler(Kind::Ddim { eta })?;
            let mut scratch = vec![0.0; sampler.scratch_len(x.len())];
            let one = std::slice::from_ref(hop);
            Run::new(sampler, one, x, &mut [])?.finish(self, &mut noise, &mut scratch)?;
            work.progress.advance(1);
        }
        work.progress.end(&format!("sampled: {} steps", hops.len()));
        Ok(())
    }

    /// What the net puts out at `x` and a level.
    fn output(&mut self, x: &[f32], level: &Level, out: &mut [f32]) -> Result<(), DiffusionError> {
        self.check()?;
        let asked = || question("eps", &[x, &[level.timestep() as f32]]);
        let model = &mut self.model;
        let answer = answered(&mut self.answers, asked, out, |out| model.predict(x, level, out));
        answer.map_err(|error| self.ended(error))
    }
}

/// What is kept as the answer, or what `make` gives.
fn answered(
    answers: &mut Option<Answers>,
    question: impl FnOnce() -> u64,
    out: &mut [f32],
    make: impl FnOnce(&mut [f32]) -> Result<(), DiffusionError>,
) -> Result<(), DiffusionError> {
    match answers {
        Some(answers) => answers.answer(question(), out, make),
        None => make(out),
    }
}

impl Denoiser<f32> for Geometry<'_> {
    type Error = DiffusionError;

    fn predict(&mut self, x: &[f32], level: &Level, output: &mut [f32]) -> Result<(), DiffusionError> {
        self.output(x, level, output)
    }
}

impl Model<f32> for Geometry<'_> {
    type Error = DiffusionError;

    /// The noise in x, also of a net that predicts the velocity.
    fn eps(&mut self, x: &[f32], t: f64, out: &mut [f32]) -> Result<(), DiffusionError> {
        let level = self.schedule.level(t)?;
        self.output(x, &level, out)?;
        if self.schedule.prediction() != Prediction::Noise {
            let (mut data, mut noise) = (vec![0.0; x.len()], vec![0.0; x.len()]);
            self.schedule
                .prediction()
                .split(x, out, &level, &mut data, &mut noise)?;
            out.copy_from_slice(&noise);
        }
        Ok(())
    }
}
