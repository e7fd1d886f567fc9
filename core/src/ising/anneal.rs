//! Simulated annealing (Kirkpatrick, Gelatt, Vecchi 1983): one sweep per temperature, from hot to cold.
//!
//! [`anneal`] takes the schedule as an iterator of rules, so one body serves floats and integers:
//!
//! ```text
//! geometric(hot, cold, n)?.flat_map(Metropolis::new)         inverse temperatures beta, f32 or f64
//! GeometricQ16::new(hot, cold, n)?.map(MetropolisQ16::new)   temperatures T in Q16.16, integer model
//! ```
//! Both are geometric in T, hence in beta. [`beta_range`] has default ends. What a schedule leaves excited,
//! [`State::descend`] turns right.

mod range;

pub use range::{BetaRange, beta_range};

use super::exponential::exponential;
use super::integer::words;
use super::model::Model;
use super::rule::Rule;
use super::state::{Order, State};
use crate::error::Error;
use crate::math::Real;
use rand_core::Rng;

/// Float fields are summed anew after this many sweeps.
const REFRESH: u32 = 1000;

/// How an annealing run ended.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Annealed<W> {
    /// Energy of the best state, computed from its spins.
    pub best_energy: W,
    /// Sweeps done: the length of the schedule.
    pub sweeps: u64,
    /// The number of flips that were accepted.
    pub flips: u64,
}

/// One sweep of each rule of `schedule`, from `state` as it is (see [`State::randomise`]). The best of the
/// states at the start and after each sweep is left in `best` (N), the last one in `state`. Cost of a sweep: N
/// decisions and the degree of a spin for each flip; float fields are refreshed every 1000 sweeps.
///
/// # Errors
/// [`Error::Shape`] when `state` or `best` is not of `model`'s size; nothing has changed then.
pub fn anneal<M: Model, R: Rule<M::Weight>>(
    model: &M,
    state: &mut State<'_, M::Weight>,
    schedule: impl IntoIterator<Item = R>,
    order: Order,
    best: &mut [i8],
    rng: &mut impl Rng,
) -> Result<Annealed<M::Weight>, Error> {
    if state.spins().len() != model.spins() || best.len() != model.spins() {
        return Err(Error::Shape);
    }
    copy(state.spins(), best);
    let mut best_energy = state.energy();
    let (mut sweeps, mut flips, mut stale) = (0, 0, 0);
    for rule in schedule {
        flips += state.sweep(model, &rule, order, rng) as u64;
        sweeps += 1;
        stale += 1;
        if stale == REFRESH {
            state.refresh(model);
            stale = 0;
        }
        if state.energy() < best_energy {
            best_energy = state.energy();
            copy(state.spins(), best);
        }
    }
    Ok(Annealed {
        best_energy: model.energy(best)?,
        sweeps,
        flips,
    })
}

/// `copy_from_slice` without its panic path.
fn copy(from: &[i8], to: &mut [i8]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}

/// `sweeps` values from `hot` to `cold`, both included, in equal ratios; a single one is `cold`.
///
/// # Errors
/// [`Error::NonFinite`], [`Error::Domain`] unless both are positive.
pub fn geometric<T: Real>(hot: T, cold: T, sweeps: u32) -> Result<impl Iterator<Item = T>, Error> {
    if !hot.is_finite() || !cold.is_finite() {
        return Err(Error::NonFinite);
    }
    if hot <= T::ZERO || cold <= T::ZERO {
        return Err(Error::Domain);
    }
    let (first, last) = (hot.ln(), cold.ln());
    let steps = sweeps.saturating_sub(1);
    Ok((0..sweeps).map(move |k| {
        if k == steps {
            cold
        } else if k == 0 {
            hot
        } else {
            let part = T::of_count(k as usize) / T::of_count(steps as usize);
            (first + (last - first) * part).exp()
        }
    }))
}

/// Temperatures in Q16.16 falling in equal ratios, without floating point: number k of n is the largest T with
/// -ln T >= -ln hot + (k / (n - 1)) ln(hot / cold), the logarithm being that of
/// [`exponential`](mod@super::exponential). Each is within 5e-6 of its exact value, relatively, and 2^-16. Cost: 32
/// logarithms and a division of 64 bits per temperature.
#[derive(Clone, Debug)]
pub struct GeometricQ16 {
    hot: u32,
    cold: u32,
    next: u32,
    sweeps: u32,
}

impl GeometricQ16 {
    /// `sweeps` temperatures from `hot` to `cold`, both included; a single one is `cold`.
    ///
    /// # Errors
    /// [`Error::Domain`] unless hot >= cold > 0.
    pub fn new(hot: u32, cold: u32, sweeps: u32) -> Result<Self, Error> {
        if cold == 0 || hot < cold {
            return Err(Error::Domain);
        }
        let next = 0;
        Ok(Self {
            hot,
            cold,
            next,
            sweeps,
        })
    }
}

impl Iterator for GeometricQ16 {
    type Item = u32;

    fn next(&mut self) -> Option<u32> {
        let steps = self.sweeps.checked_sub(1)?;
        let k = self.next;
        if k >= self.sweeps {
            return None;
        }
        self.next = k + 1;
        if k == steps {
            return Some(self.cold);
        }
        let (first, last) = (exponential(self.hot), exponential(self.cold));
        let rise = u64::from(last - first) * u64::from(k);
        let target = first + rise.checked_div(u64::from(steps)).unwrap_or(0) as u32;
        let temperature = words(|word| exponential(word) >= target);
        // many large words share a logarithm
        Some(if temperature < self.hot {
            temperature
        } else {
            self.hot
        })
    }
}
