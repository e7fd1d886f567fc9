//! The local geometry of a U-Net at a sample: what joins the net to [`pullback`](super::pullback).
//!
//! A [`Geometry`] is a net with its schedule and text states. It gives the local basis of x -> h at (x, t), the noise
//! eps(x, t) for edits, and brings samples along the deterministic sampler of DDIM (Park et al. 2023, sections 3.2, 3.3).
//!
//! Map: [`stored`] bases and directions in files, [`editing`] one edit from x_t to pictures, [`global`] bases in files,
//! `answers` what a stopped run goes on from.

mod answers;
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
use crate::keep::{KeepError, Resumable, Shelf};
use crate::net::NetError;
use crate::net::pass::Stop;
use crate::work::Work;
use answers::{Answers, question};
use gibbs_core::diffusion::{self as core, Denoiser as _, Hop, Level, Prediction, Run};
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
    /// Stands before the names of what is kept of this sample.
    scope: String,
    answers: Answers,
    /// Ways gone.
    ways: usize,
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
    /// The seed of the noise.
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
            scope: work.scope.to_owned(),
            answers: Answers::default(),
            ways: 0,
            place: 0,
            boost: None,
        })
    }

    /// From now on what is done is kept as that of sample `index`: a stopped run never takes it for another's.
    pub fn turn_to(&mut self, index: usize) {
        self.scope = self.work.place(&format!("sample {index}"));
        (self.answers, self.ways) = (Answers::default(), 0);
    }

    /// What is done of the sample turned to leads to something that is kept elsewhere.
    pub fn forget(&self) {
        if let Some(keeper) = self.work.keeper {
            keeper.forget(&self.scope);
        }
    }

    /// From now on [`Self::sample`] is random at its end.
    pub fn boost(&mut self, boost: Option<Boost>) {
        self.boost = boost;
    }

    /// Ends the work when the user asked for it; what is not written yet is.
    fn check(&self) -> Result<(), DiffusionError> {
        let wish = self.work.check();
        wish.map_err(|_| self.answers.stopped(&self.work).into())
    }

    /// The same for a pass that ended early.
    fn ended(&self, error: DiffusionError) -> DiffusionError {
        match error {
            DiffusionError::Net(NetError::Interrupted) => self.answers.stopped(&self.work).into(),
            error => error,
        }
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
    /// [`DiffusionError`]; `x` is then as it was.
    pub fn sample(&mut self, x: &mut [f32], hops: &[Hop]) -> Result<(), DiffusionError> {
        if hops.is_empty() {
            return Ok(());
        }
        let task = format!("way {}", self.ways);
        self.ways += 1;
        let work = self.work.within(&self.scope);
        let (schedule, boost) = (self.schedule, self.boost);
        let mut way = Way {
            x: x.to_vec(),
            done: 0,
        };
        work.advance(&task, hops.len() as u64, &mut way, |way| {
            let index = way.done as usize;
            let hop = &hops[index];
            let random = boost.filter(|boost| hop.from.timestep() < boost.below);
            let mut noise = |out: &mut [f32]| {
                if let Some(Boost { seed, .. }) = random {
                    core::gaussian(&mut stream(seed, "diffusion/boost", index as u64))(out);
                }
            };
            let eta = if random.is_some() { 1.0 } else { 0.0 };
            let sampler = schedule.sampler(Kind::Ddim { eta })?;
            let mut scratch = vec![0.0; sampler.scratch_len(way.x.len())];
            let one = std::slice::from_ref(hop);
            Run::new(sampler, one, &mut way.x, &mut [])?.finish(&mut self.model, &mut noise, &mut scratch)?;
            way.done += 1;
            Ok::<(), DiffusionError>(())
        })?;
        x.copy_from_slice(&way.x);
        Ok(())
    }

    /// What the net puts out at `x` and a level, kept.
    fn output(&mut self, x: &[f32], level: &Level, out: &mut [f32]) -> Result<(), DiffusionError> {
        self.check()?;
        let asked = question("eps", &[x, &[level.timestep() as f32]]);
        let model = &mut self.model;
        let answer = self
            .answers
            .answer(&self.work.within(&self.scope), asked, out, |out| {
                model.predict(x, level, out)
            });
        answer.map_err(|error| self.ended(error))
    }
}

/// A sample on its way.
struct Way {
    x: Vec<f32>,
    done: u64,
}

impl Resumable for Way {
    fn done(&self) -> u64 {
        self.done
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("x", self.x.clone());
        shelf.list("done", vec![self.done]);
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        [self.done] = shelf.take_counts("done")?;
        self.x = shelf.take("x", &[self.x.len()])?;
        Ok(())
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
