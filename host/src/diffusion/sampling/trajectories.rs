//! Many samples on their way along one plan, batch after batch, hop after hop.
//!
//! The samples of a batch share the passes of the net; batches follow each other, so that memory does not grow with the
//! number of samples. A [`Trajectories`] can be stopped after any hop, kept, and goes on to the same bits: kept are the states,
//! the history, and the place in the plan.

use crate::diffusion::error::DiffusionError;
use crate::keep::{KeepError, Resumable, Shelf};
use crate::work::Work;
use gibbs_core::diffusion::{Denoiser, Hop, Level, Progress, Run, Sampler, Spacing};
use gibbs_core::math::Real;
use gibbs_core::random;
use std::ops::Range;

/// A denoiser that wants to know which samples it is given.
pub trait Model<T: Real>: Denoiser<T> {
    /// The batches from now on hold these samples.
    fn select(&mut self, _samples: Range<usize>) {}
}

/// The states of all samples. Memory: the states twice over for a batch, with history and scratch.
#[derive(Clone, Debug, PartialEq)]
pub struct Trajectories<T> {
    sampler: Sampler,
    hops: Vec<Hop>,
    seed: u64,
    length: usize,
    batch: usize,
    states: Vec<T>,
    history: Vec<T>,
    /// First sample of the batch in hand.
    first: usize,
    /// Hops that it has done.
    done: usize,
    scratch: Vec<T>,
}

impl<T: Real> Trajectories<T> {
    /// Samples of `length` values each, one after another, as they are at the start of the plan: for a sampler whose
    /// state is scaled, see [`Self::from_noise`]. `batch` samples share a pass; no result depends on it.
    ///
    /// # Errors
    /// `Length`; `Core` for an empty plan or values that are not finite.
    pub fn new(
        sampler: Sampler,
        hops: Vec<Hop>,
        states: Vec<T>,
        length: usize,
        batch: usize,
        seed: u64,
    ) -> Result<Self, DiffusionError> {
        let samples = states.len().checked_div(length).unwrap_or(0);
        if samples == 0 || states.len() != samples * length {
            return Err(DiffusionError::Length {
                found: states.len(),
                samples: samples.max(1),
                length,
            });
        }
        if hops.is_empty() {
            return Err(gibbs_core::Error::Shape.into());
        }
        if !states.iter().all(|x| x.is_finite()) {
            return Err(gibbs_core::Error::NonFinite.into());
        }
        let mut made = Self {
            sampler,
            hops,
            seed,
            length,
            batch: batch.clamp(1, samples),
            states,
            history: Vec::new(),
            first: 0,
            done: 0,
            scratch: Vec::new(),
        };
        made.history = made.fresh_history();
        Ok(made)
    }

    /// Trajectories from standard normal noise, which becomes the state that the sampler starts from.
    ///
    /// # Errors
    /// As [`Self::new`]; `Core` for a scaled state at a level without signal.
    pub fn from_noise(
        sampler: Sampler,
        hops: Vec<Hop>,
        spacing: Spacing,
        mut noise: Vec<T>,
        length: usize,
        batch: usize,
        seed: u64,
    ) -> Result<Self, DiffusionError> {
        let first: Level = hops.first().ok_or(gibbs_core::Error::Shape)?.from;
        sampler.scale_start(&first, spacing, &mut noise)?;
        Self::new(sampler, hops, noise, length, batch, seed)
    }

    /// The samples of the batch in hand.
    fn samples(&self) -> Range<usize> {
        self.first..self.count().min(self.first + self.batch)
    }

    fn fresh_history(&self) -> Vec<T> {
        vec![T::ZERO; self.sampler.history_len(self.samples().len() * self.length)]
    }

    /// Number of samples.
    pub fn count(&self) -> usize {
        self.states.len() / self.length
    }

    /// All states; the samples once [`Self::is_finished`].
    pub fn states(&self) -> &[T] {
        &self.states
    }

    /// Whether all samples are at the end of the plan.
    pub fn is_finished(&self) -> bool {
        self.first >= self.count()
    }

    /// Hops of samples in all.
    pub fn total(&self) -> u64 {
        self.count() as u64 * self.hops.len() as u64
    }

    /// Hops of samples that are done.
    pub fn advanced(&self) -> u64 {
        self.first as u64 * self.hops.len() as u64 + self.samples().len() as u64 * self.done as u64
    }

    /// One hop of the batch in hand, with the noise of `noise(sample, hop, out)`. An error leaves the state before the hop.
    ///
    /// # Errors
    /// Those of the model.
    pub fn hop<M: Model<T>>(
        &mut self,
        model: &mut M,
        noise: &mut impl FnMut(usize, usize, &mut [T]),
    ) -> Result<(), M::Error> {
        if self.is_finished() {
            return Ok(());
        }
        let (samples, hop, length) = (self.samples(), self.done, self.length);
        model.select(samples.clone());
        let states = &mut self.states[samples.start * length..samples.end * length];
        self.scratch
            .resize(self.sampler.scratch_len(states.len()), T::ZERO);
        let mut draw = |out: &mut [T]| {
            for (sample, out) in samples.clone().zip(out.chunks_exact_mut(length)) {
                noise(sample, hop, out);
            }
        };
        let mut run = Run::resume(self.sampler, &self.hops, states, &mut self.history, hop)?;
        let progress = run.step(model, &mut draw, &mut self.scratch)?;
        self.done = run.done();
        if progress == Progress::Finished {
            self.first = samples.end;
            self.done = 0;
            self.history = self.fresh_history();
        }
        Ok(())
    }
}

impl Trajectories<f32> {
    /// All hops that are left, each sample with the noise of its own streams.
    ///
    /// # Errors
    /// Those of the model; `Stopped`.
    pub fn finish(
        &mut self,
        task: &str,
        model: &mut impl Model<f32, Error = DiffusionError>,
        work: &Work<'_>,
    ) -> Result<(), DiffusionError> {
        let seed = self.seed;
        let mut noise = |sample: usize, hop: usize, out: &mut [f32]| step_noise(seed, sample, hop, out);
        work.advance(task, self.total(), self, |run| run.hop(model, &mut noise))
    }
}

impl Resumable for Trajectories<f32> {
    fn done(&self) -> u64 {
        self.advanced()
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.put("states", &[self.count(), self.length], self.states.clone());
        shelf.list("history", self.history.clone());
        shelf.list(
            "place",
            [self.first, self.done, self.batch].map(|n| n as u64).to_vec(),
        );
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        let [first, done, batch] = shelf.take_counts("place")?;
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        (self.first, self.done, self.batch) = (number(first), number(done), number(batch));
        if self.first > self.count() || self.done >= self.hops.len() || self.batch == 0 {
            return Err(shelf.damaged("its place is outside the run"));
        }
        self.states = shelf.take("states", &[self.count(), self.length])?;
        let history = self.fresh_history().len();
        self.history = shelf.take("history", &[history])?;
        Ok(())
    }
}

/// The noise of one hop of one sample.
fn step_noise(seed: u64, sample: usize, hop: usize, out: &mut [f32]) {
    // Plans have at most 10^6 hops.
    let mut rng = random::stream(seed, "diffusion/step", ((sample as u64) << 32) | hop as u64);
    for z in out {
        *z = random::normal(&mut rng);
    }
}
