//! Runs of a sampler along a plan, one hop at a time: what hosts and devices share.
//!
//! A [`Run`] holds the state, the history and its place in the plan in lent memory. To stop, keep the three; to go
//! on, [`Run::resume`] from them: the bits are those of a run that never stopped, provided that the source of noise
//! goes on as well.

use super::level::{Hop, Level};
use super::prediction::{Clip, Prediction};
use super::timesteps::Spacing;
use super::{ddim, ddpm, dpm_solver, euler, heun};
use crate::Error;
use crate::math::Real;
use crate::random;
use rand_core::Rng;

/// A model of diffusion: a network, or an exact oracle.
pub trait Denoiser<T: Real> {
    /// Its own errors, and those of the core.
    type Error: From<Error>;

    /// Evaluates the model at `x` = signal x0 + noise e (one state, or a batch of states one after another) into
    /// `output` of the same length. What the output means is told to the [`Sampler`].
    ///
    /// # Errors
    /// Whatever keeps the model from an answer. An output that is not finite is refused by the caller.
    fn predict(&mut self, x: &[T], level: &Level, output: &mut [T]) -> Result<(), Self::Error>;
}

/// The rule by which a sampler makes one hop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Ancestral sampling, [`ddpm`].
    Ddpm {
        /// Variance of the added noise.
        variance: ddpm::Variance,
        /// The bound to which x0hat is clipped on either side, if any.
        clip: Option<f64>,
    },
    /// Implicit sampling, [`ddim`].
    Ddim {
        /// 0 deterministic to 1 as random as DDPM.
        eta: f64,
        /// The bound to which x0hat is clipped on either side, if any.
        clip: Option<f64>,
    },
    /// [`euler`]; the state is x / sqrt(ab).
    Euler,
    /// [`heun`]; the state is x / sqrt(ab).
    Heun,
    /// The second-order multistep rule, [`dpm_solver`].
    DpmSolver,
}

impl Method {
    /// Numbers of history of a run whose state has the given length: of a constant, the length of an array.
    pub const fn history_len(self, state: usize) -> usize {
        match self {
            Self::DpmSolver => state,
            _ => 0,
        }
    }

    /// Numbers of scratch of a step on a state of the given length: of a constant, the length of an array.
    pub const fn scratch_len(self, state: usize) -> usize {
        state.saturating_mul(match self {
            Self::Ddim { eta: 0.0, .. } | Self::DpmSolver => 2,
            Self::Ddim { .. } | Self::Ddpm { .. } | Self::Euler => 3,
            Self::Heun => 5,
        })
    }
}

/// A rule and what it is to make of a model's output.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sampler {
    method: Method,
    prediction: Prediction,
    bound: Option<f64>,
}

/// Whether a run has hops left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Progress {
    /// Hops are left.
    Going,
    /// The state is the sample.
    Finished,
}

impl Sampler {
    /// Checks the parameters.
    ///
    /// # Errors
    /// `NonFinite`; `Domain` for eta outside [0, 1] or a clip <= 0.
    pub fn new(method: Method, prediction: Prediction) -> Result<Self, Error> {
        if let Method::Ddim { eta, .. } = method {
            if !eta.is_finite() {
                return Err(Error::NonFinite);
            }
            if !(0.0..=1.0).contains(&eta) {
                return Err(Error::Domain);
            }
        }
        if let Method::Ddim { clip, .. } | Method::Ddpm { clip, .. } = method {
            Clip::<f64>::new(clip)?;
        }
        Ok(Self {
            method,
            prediction,
            bound: None,
        })
    }

    /// The same with every output of the model kept within ± `bound` by [`Prediction::bound`], whichever the rule; `None`
    /// leaves outputs as they are. (The clip of [`Method::Ddpm`] and [`Method::Ddim`] does not derive the noise again.)
    ///
    /// # Errors
    /// `NonFinite`; `Domain` for a bound <= 0.
    pub fn bounded(self, bound: Option<f64>) -> Result<Self, Error> {
        Clip::<f64>::new(bound)?;
        Ok(Self { bound, ..self })
    }

    /// The bound of predicted data, if any.
    pub const fn bound(&self) -> Option<f64> {
        self.bound
    }

    /// What the model puts out at `x`, within the bound.
    fn evaluate<T: Real, D: Denoiser<T>>(
        &self,
        denoiser: &mut D,
        x: &[T],
        level: &Level,
        output: &mut [T],
    ) -> Result<(), D::Error> {
        denoiser.predict(x, level, output)?;
        if let Some(bound) = self.bound {
            self.prediction.bound(x, output, level, bound)?;
        }
        Ok(())
    }

    /// The rule by which this sampler makes a hop.
    pub const fn method(&self) -> Method {
        self.method
    }

    /// The meaning of a model's output.
    pub const fn prediction(&self) -> Prediction {
        self.prediction
    }

    /// Whether the state is y = x / sqrt(ab) rather than x.
    pub const fn is_scaled(&self) -> bool {
        matches!(self.method, Method::Euler | Method::Heun)
    }

    /// Numbers of history of a run whose state has the given length ([`Method::history_len`]).
    pub const fn history_len(&self, state: usize) -> usize {
        self.method.history_len(state)
    }

    /// Numbers of scratch of a step on a state of the given length ([`Method::scratch_len`]).
    pub const fn scratch_len(&self, state: usize) -> usize {
        self.method.scratch_len(state)
    }

    /// Evaluations of the model along a plan.
    pub fn evaluations(&self, hops: &[Hop]) -> usize {
        let corrected = match self.method {
            Method::Heun => hops.iter().filter(|hop| heun::is_corrected(hop)).count(),
            _ => 0,
        };
        hops.len().saturating_add(corrected)
    }

    /// Turns standard normal noise into the first state of a run that starts at `first`: itself, or for a scaled
    /// state sigma times it, or with leading spacing, by the convention of the diffusers library,
    /// sqrt(1 + sigma²) times it. (The latter also turns any x into y.)
    ///
    /// # Errors
    /// `Domain` for a scaled state at a level without signal; `NonFinite` (the state is then overwritten).
    pub fn scale_start<T: Real>(
        &self,
        first: &Level,
        spacing: Spacing,
        state: &mut [T],
    ) -> Result<(), Error> {
        if self.is_scaled() {
            if first.signal() <= 0.0 {
                return Err(Error::Domain);
            }
            let factor = T::of(match spacing {
                Spacing::Leading { .. } => 1.0 / first.signal(),
                Spacing::Linspace | Spacing::Trailing => first.sigma(),
            });
            for x in state.iter_mut() {
                *x *= factor;
            }
        }
        super::prediction::finite(state)
    }
}

/// Standard normal noise from a generator, in the order of the entries, for [`Run::step`].
pub fn gaussian<T: Real>(rng: &mut impl Rng) -> impl FnMut(&mut [T]) {
    move |noise| {
        for z in noise {
            *z = random::normal(rng);
        }
    }
}

/// A run: the state on its way along a plan.
#[derive(Debug)]
pub struct Run<'a, T> {
    sampler: Sampler,
    hops: &'a [Hop],
    state: &'a mut [T],
    history: &'a mut [T],
    next: usize,
}

impl<'a, T: Real> Run<'a, T> {
    /// Starts from a state (see [`Sampler::scale_start`]), with [`Sampler::history_len`] numbers of history, whose
    /// content does not matter.
    ///
    /// # Errors
    /// As [`Self::resume`].
    pub fn new(
        sampler: Sampler,
        hops: &'a [Hop],
        state: &'a mut [T],
        history: &'a mut [T],
    ) -> Result<Self, Error> {
        history.fill(T::ZERO);
        Self::resume(sampler, hops, state, history, 0)
    }

    /// Goes on after `done` hops with the state and the history of then.
    ///
    /// # Errors
    /// `Shape` for an empty plan or state, or a history that is too short; `NonFinite`; `Domain` for more hops done
    /// than there are.
    pub fn resume(
        sampler: Sampler,
        hops: &'a [Hop],
        state: &'a mut [T],
        history: &'a mut [T],
        done: usize,
    ) -> Result<Self, Error> {
        let kept = sampler.history_len(state.len());
        let history = history.get_mut(..kept).ok_or(Error::Shape)?;
        if hops.is_empty() || state.is_empty() {
            return Err(Error::Shape);
        }
        if !state.iter().chain(&*history).all(|x| x.is_finite()) {
            return Err(Error::NonFinite);
        }
        if done > hops.len() {
            return Err(Error::Domain);
        }
        Ok(Self {
            sampler,
            hops,
            state,
            history,
            next: done,
        })
    }

    /// The state x of the run after the hops done so far.
    pub fn state(&self) -> &[T] {
        self.state
    }

    /// What [`Self::resume`] wants beside the state.
    pub fn history(&self) -> &[T] {
        self.history
    }

    /// The number of hops done so far.
    pub fn done(&self) -> usize {
        self.next
    }

    /// Whether hops are left.
    pub fn progress(&self) -> Progress {
        if self.next < self.hops.len() {
            Progress::Going
        } else {
            Progress::Finished
        }
    }

    /// Makes one hop; none on a finished run. `noise` fills a slice with standard normal noise (see [`gaussian`]) and
    /// is called on hops that need it only. `scratch` holds [`Sampler::scratch_len`] numbers. On an error, the
    /// state is as it was before the hop.
    ///
    /// # Errors
    /// Those of the model; `Shape` for too little scratch; `NonFinite` for an output or a result that is not finite;
    /// `Domain` for a hop that the rule does not make.
    pub fn step<D: Denoiser<T>>(
        &mut self,
        denoiser: &mut D,
        noise: &mut impl FnMut(&mut [T]),
        scratch: &mut [T],
    ) -> Result<Progress, D::Error> {
        let Some(hop) = self.hops.get(self.next) else {
            return Ok(Progress::Finished);
        };
        let mut scratch = Scratch {
            left: scratch,
            length: self.state.len(),
        };
        let (sampler, x, prediction) = (self.sampler, &*self.state, self.sampler.prediction);
        let output = scratch.take()?;
        let next = scratch.take()?;
        match sampler.method {
            Method::Ddpm { variance, clip } => {
                let z = scratch.take()?;
                if ddpm::is_random(hop) {
                    noise(z);
                }
                sampler.evaluate(denoiser, x, &hop.from, output)?;
                ddpm::step(x, output, z, hop, prediction, variance, clip, next)?;
            }
            Method::Ddim { eta, clip } => {
                let z = if eta > 0.0 { scratch.take()? } else { &mut [] };
                noise_unless_empty(noise, z);
                sampler.evaluate(denoiser, x, &hop.from, output)?;
                ddim::step(x, output, z, hop, prediction, eta, clip, next)?;
            }
            Method::Euler | Method::Heun => {
                let input = scratch.take()?;
                euler::scaled(x, &hop.from, input)?;
                sampler.evaluate(denoiser, input, &hop.from, output)?;
                euler::step(x, output, hop, prediction, next)?;
                if sampler.method == Method::Heun && heun::is_corrected(hop) {
                    let (second, corrected) = (scratch.take()?, scratch.take()?);
                    euler::scaled(next, &hop.to, input)?;
                    sampler.evaluate(denoiser, input, &hop.to, second)?;
                    heun::correct(x, output, next, second, hop, prediction, corrected)?;
                    copy(corrected, next);
                }
            }
            Method::DpmSolver => {
                sampler.evaluate(denoiser, x, &hop.from, output)?;
                dpm_solver::predicted_data(x, output, hop, prediction)?;
                let before = self.next.checked_sub(1).and_then(|i| self.hops.get(i));
                let previous = before.map(|hop| dpm_solver::Previous {
                    data: self.history,
                    hop,
                });
                dpm_solver::step(x, output, previous, hop, next)?;
                copy(output, self.history);
            }
        }
        copy(next, self.state);
        self.next = self.next.saturating_add(1);
        Ok(self.progress())
    }

    /// Makes all hops that are left.
    ///
    /// # Errors
    /// As [`Self::step`]; the state is then that of the last hop that succeeded.
    pub fn finish<D: Denoiser<T>>(
        &mut self,
        denoiser: &mut D,
        noise: &mut impl FnMut(&mut [T]),
        scratch: &mut [T],
    ) -> Result<(), D::Error> {
        while self.progress() == Progress::Going {
            let _ = self.step(denoiser, noise, scratch)?;
        }
        Ok(())
    }
}

fn noise_unless_empty<T>(noise: &mut impl FnMut(&mut [T]), z: &mut [T]) {
    if !z.is_empty() {
        noise(z);
    }
}

fn copy<T: Real>(from: &[T], to: &mut [T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// Slices of one length from lent memory.
struct Scratch<'s, T> {
    left: &'s mut [T],
    length: usize,
}

impl<'s, T> Scratch<'s, T> {
    fn take(&mut self) -> Result<&'s mut [T], Error> {
        let left = core::mem::take(&mut self.left);
        let (taken, left) = left.split_at_mut_checked(self.length).ok_or(Error::Shape)?;
        self.left = left;
        Ok(taken)
    }
}
