//! Parallel tempering: which replica has which temperature.
//!
//! R replicas run at the rungs beta_1 <= .. <= beta_R of a ladder (Hukushima and Nemoto 1996). After every few
//! sweeps, neighbours a, b of the ladder exchange their temperatures with probability
//! min(1, e^((beta_a - beta_b)(E_a - E_b))): pairs (0, 1), (2, 3), .. and (1, 2), (3, 4), .. by turns. Only
//! indices move. Where the replicas live and who sweeps them, this module does not ask: it takes their
//! energies.
//!
//! A round trip of a replica: from rung 0 to rung R - 1 and back to rung 0.

mod q16;

pub use q16::TemperaturesQ16;

use super::model::Weight;
use crate::error::Error;
use crate::math::Real;
use crate::random;
use rand_core::Rng;

/// Decides one exchange: with floats ([`Betas`]), or with integers on parts without a floating-point unit
/// ([`TemperaturesQ16`]).
pub trait Exchange<W: Weight> {
    /// The number R of rungs of the ladder.
    fn rungs(&self) -> usize;
    /// Whether the replica of energy `energy` on `rung` and that of energy `above` on rung + 1 exchange.
    fn swaps(&self, rung: usize, energy: W, above: W, rng: &mut impl Rng) -> bool;
}

/// Inverse temperatures that do not fall, in f64.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Betas<'a>(&'a [f64]);

impl<'a> Betas<'a> {
    /// R >= 2 of them; equal neighbours always exchange.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`], [`Error::Domain`] where they fall.
    pub fn new(betas: &'a [f64]) -> Result<Self, Error> {
        if betas.len() < 2 {
            return Err(Error::Shape);
        }
        if !betas.iter().all(|beta| Real::is_finite(*beta)) {
            return Err(Error::NonFinite);
        }
        if betas.iter().zip(betas.iter().skip(1)).any(|(a, b)| a > b) {
            return Err(Error::Domain);
        }
        Ok(Self(betas))
    }
}

impl<W: Weight> Exchange<W> for Betas<'_> {
    fn rungs(&self) -> usize {
        self.0.len()
    }

    /// One word, where the exchange is not certain.
    fn swaps(&self, rung: usize, energy: W, above: W, rng: &mut impl Rng) -> bool {
        let (Some(a), Some(b)) = (self.0.get(rung), self.0.get(rung.saturating_add(1))) else {
            return false;
        };
        let exponent = (a - b) * (energy.wide() - above.wide());
        exponent >= 0.0 || random::uniform::<f64>(rng) < Real::exp(exponent)
    }
}

/// Where a replica stands on the ladder, which end it comes from, and its round trips.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replica {
    /// The rung on which the replica stands.
    pub rung: u32,
    /// Which end of the ladder it comes from.
    pub leg: Leg,
    /// Completed round trips.
    pub round_trips: u64,
}

/// Where on its round trip a replica is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Leg {
    /// Has not been on rung 0 yet.
    #[default]
    Before,
    /// Was on rung 0 and not since on rung R - 1.
    Up,
    /// Was on rung 0, then on rung R - 1.
    Down,
}

/// One rung, and the exchanges between it and the next.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Rung {
    /// The replica that stands on the rung.
    pub replica: u32,
    /// Exchanges tried with rung + 1.
    pub attempts: u64,
    /// Exchanges made with rung + 1.
    pub accepted: u64,
}

/// Who is on which rung, in lent memory.
#[derive(Debug)]
pub struct Tempering<'a> {
    replicas: &'a mut [Replica],
    rungs: &'a mut [Rung],
    odd: bool,
}

impl<'a> Tempering<'a> {
    /// Replica r on rung r; both slices R long, R >= 2; what they hold is overwritten.
    ///
    /// # Errors
    /// [`Error::Shape`]; [`Error::Capacity`] from R = 2^32 on.
    pub fn new(replicas: &'a mut [Replica], rungs: &'a mut [Rung]) -> Result<Self, Error> {
        for (at, (replica, rung)) in (0..).zip(replicas.iter_mut().zip(rungs.iter_mut())) {
            *replica = Replica {
                rung: at,
                ..Replica::default()
            };
            *rung = Rung {
                replica: at,
                ..Rung::default()
            };
        }
        if let Some(first) = replicas.first_mut() {
            first.leg = Leg::Up;
        }
        Self::resume(replicas, rungs, false)
    }

    /// Goes on from what [`Self::replicas`], [`Self::rungs`] and [`Self::odd`] said.
    ///
    /// # Errors
    /// [`Error::Shape`]; [`Error::Capacity`] from R = 2^32 on; [`Error::Domain`] unless each replica is on one
    /// rung and the two slices agree.
    pub fn resume(replicas: &'a mut [Replica], rungs: &'a mut [Rung], odd: bool) -> Result<Self, Error> {
        if replicas.len() != rungs.len() || rungs.len() < 2 {
            return Err(Error::Shape);
        }
        if u32::try_from(rungs.len()).is_err() {
            return Err(Error::Capacity);
        }
        let agrees = |(at, rung): (u32, &Rung)| {
            let replica = replicas.get(rung.replica as usize);
            replica.is_some_and(|replica| replica.rung == at)
        };
        if !(0..).zip(rungs.iter()).all(agrees) {
            return Err(Error::Domain);
        }
        Ok(Self { replicas, rungs, odd })
    }

    /// The replicas, in their own order.
    pub fn replicas(&self) -> &[Replica] {
        self.replicas
    }

    /// The rungs, from beta_1 up: the permutation, and per pair the exchanges tried and made.
    pub fn rungs(&self) -> &[Rung] {
        self.rungs
    }

    /// Whether the next exchange tries the pairs (1, 2), (3, 4), ..
    pub fn odd(&self) -> bool {
        self.odd
    }

    /// Forgets the exchanges tried and made and the round trips: after a burn-in.
    pub fn reset_counts(&mut self) {
        for rung in self.rungs.iter_mut() {
            (rung.attempts, rung.accepted) = (0, 0);
        }
        for replica in self.replicas.iter_mut() {
            replica.round_trips = 0;
        }
    }

    /// One round over every other pair; `energies` (R) in the order of the replicas. Returns the number of
    /// exchanges made. Cost: O(R).
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NonFinite`].
    pub fn exchange<W: Weight>(
        &mut self,
        energies: &[W],
        rule: &impl Exchange<W>,
        rng: &mut impl Rng,
    ) -> Result<usize, Error> {
        if energies.len() != self.replicas.len() || rule.rungs() != self.rungs.len() {
            return Err(Error::Shape);
        }
        if !energies.iter().all(|energy| energy.is_finite()) {
            return Err(Error::NonFinite);
        }
        let skipped = usize::from(self.odd);
        self.odd = !self.odd;
        let pairs = self
            .rungs
            .get_mut(skipped..)
            .unwrap_or(&mut [])
            .chunks_exact_mut(2);
        let mut made = 0;
        for (pair, rung) in pairs.zip((skipped..).step_by(2)) {
            let [lower, upper] = pair else { continue };
            let energy = |rung: &Rung| energies.get(rung.replica as usize).copied();
            let (Some(below), Some(above)) = (energy(lower), energy(upper)) else {
                continue;
            };
            lower.attempts += 1;
            if rule.swaps(rung, below, above, rng) {
                lower.accepted += 1;
                made += 1;
                core::mem::swap(&mut lower.replica, &mut upper.replica);
            }
        }
        self.follow();
        Ok(made)
    }

    /// Tells the replicas their rungs, and who finished a round trip.
    fn follow(&mut self) {
        let last = self.rungs.len() - 1;
        for (at, rung) in self.rungs.iter().enumerate() {
            let Some(replica) = self.replicas.get_mut(rung.replica as usize) else {
                continue;
            };
            replica.rung = at as u32;
            if at == 0 {
                replica.round_trips += u64::from(replica.leg == Leg::Down);
                replica.leg = Leg::Up;
            } else if at == last && replica.leg == Leg::Up {
                replica.leg = Leg::Down;
            }
        }
    }
}

/// The geometric ladder: beta_k = first (last / first)^(k / (R - 1)), its ends exact.
///
/// # Errors
/// [`Error::Shape`] for R < 2, [`Error::NonFinite`], [`Error::Domain`] unless 0 < first < last.
pub fn geometric(first: f64, last: f64, betas: &mut [f64]) -> Result<(), Error> {
    if !Real::is_finite(first) || !Real::is_finite(last) {
        return Err(Error::NonFinite);
    }
    if first <= 0.0 || first >= last {
        return Err(Error::Domain);
    }
    let steps = betas.len().checked_sub(1).filter(|steps| *steps > 0);
    let steps = steps.ok_or(Error::Shape)?;
    let (low, high) = (Real::ln(first), Real::ln(last));
    for (k, beta) in betas.iter_mut().enumerate() {
        *beta = match k {
            0 => first,
            k if k == steps => last,
            k => Real::exp(low + (high - low) * (k as f64 / steps as f64)),
        };
    }
    Ok(())
}

/// A ladder of the same ends whose pairs are to be accepted equally often, from the acceptances measured on
/// this one: rejections, added up along the ladder and interpolated linearly, are cut into equal parts (the
/// communication barrier of Syed, Bouchard-Côté, Deligiannidis, Doucet 2022). Its fixed points are the ladders
/// of equal acceptance; run, adjust, and run again. Returns the barrier B, the sum of the rejections:
/// about 1 + B / (1 - a) rungs accept a fraction a (0.2 to 0.4 is good). Cost: O(R²).
///
/// Rejections count as (rejected + 1/2) / (tried + 1), so that no pair is free.
///
/// # Errors
/// As [`Betas::new`]; [`Error::Shape`]; [`Error::TooFewSamples`] while a pair has not been tried.
pub fn equalise(betas: &[f64], rungs: &[Rung], adjusted: &mut [f64]) -> Result<f64, Error> {
    let Betas(betas) = Betas::new(betas)?;
    if rungs.len() != betas.len() || adjusted.len() != betas.len() {
        return Err(Error::Shape);
    }
    let steps = betas.len() - 1;
    if rungs.iter().take(steps).any(|rung| rung.attempts == 0) {
        return Err(Error::TooFewSamples);
    }
    let rejection = |rung: &Rung| {
        let rejected = rung.attempts.saturating_sub(rung.accepted);
        (rejected as f64 + 0.5) / (rung.attempts as f64 + 1.0)
    };
    let barrier: f64 = rungs.iter().take(steps).map(rejection).sum();
    for (beta, old) in adjusted.iter_mut().zip(betas) {
        *beta = *old;
    }
    for (k, beta) in adjusted.iter_mut().enumerate().take(steps).skip(1) {
        let mut left = barrier * (k as f64 / steps as f64);
        for ((from, to), rung) in betas.iter().zip(betas.iter().skip(1)).zip(rungs) {
            let width = rejection(rung);
            if left <= width {
                *beta = from + (to - from) * (left / width);
                break;
            }
            left -= width;
        }
    }
    Ok(barrier)
}
