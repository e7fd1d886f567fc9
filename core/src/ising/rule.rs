//! Single-spin rules: does this spin flip?
//!
//! Both are in detailed balance with e^(-beta E) when the spin is chosen at random or belongs to one colour of
//! a two-coloured graph; a whole sweep in a fixed order keeps the law stationary without detailed balance.
//! Updating all spins at once does neither: that is another model (Peretto 1984).
//!
//! Where not to use which. [`Metropolis`] flips with certainty what costs nothing, so that a sweep of *every* spin has
//! closed classes: the ferromagnetic triangle never leaves (+,-,+) and (-,+,-) at any temperature, free spins turn over
//! together for ever. Sweeps ([`State::sweep`](super::State::sweep)) therefore leave a spin out now and then under such
//! rules ([`Rule::GAPS`]), and [`Whole`], which does not, is for annealing alone. [`HeatBath`] needs no gaps; it decorrelates
//! more slowly (by a factor of 3 at the critical point of the square lattice, measured). Neither moves at all where
//! beta dE is above 37 to 44 for every flip: what accepts such a flip is finer than one random word resolves.

use super::model::Weight;
use crate::error::Error;
use crate::math::Real;
use crate::random;
use rand_core::Rng;

/// beta dE above which a flip is not tried: e^-44.36 is 2^-64, what one random word resolves.
const COLDEST: f64 = 44.36;

/// A single-spin rule: whether one spin flips.
pub trait Rule<W: Weight> {
    /// Whether sweeps leave a spin out now and then, which every rule needs that makes some flips with certainty: see
    /// [`State::sweep`](super::State::sweep).
    const GAPS: bool = true;

    /// Whether the spin of value `spin` (±1) in the local field `field` flips; the flip costs 2 spin field.
    fn flips(&self, spin: i8, field: W, rng: &mut impl Rng) -> bool;
}

/// Refuses an inverse temperature that is not a number. Negative ones are allowed: they turn every
/// ferromagnet into an antiferromagnet and seek the highest energy.
fn checked<T: Real>(beta: T) -> Result<T, Error> {
    if beta.is_finite() {
        Ok(beta)
    } else {
        Err(Error::NonFinite)
    }
}

/// Metropolis et al. (1953): accept with min(1, e^(-beta dE)). A flip that costs nothing is accepted without
/// a draw, so that only the spins that a sweep leaves out break step at beta = 0: within some 30 sweeps, where
/// [`HeatBath`] forgets everything in one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Metropolis<T> {
    beta: T,
}

impl<T: Real> Metropolis<T> {
    /// The rule at inverse temperature `beta` (1 / energy).
    ///
    /// # Errors
    /// [`Error::NonFinite`].
    pub fn new(beta: T) -> Result<Self, Error> {
        checked(beta).map(|beta| Self { beta })
    }
}

impl<T: Real + Weight> Rule<T> for Metropolis<T> {
    #[inline]
    fn flips(&self, spin: i8, field: T, rng: &mut impl Rng) -> bool {
        let cost = <T as Real>::TWO * (self.beta * field.times(spin));
        if cost <= <T as Real>::ZERO {
            return true;
        }
        // A cost so small that its probability is 1 needs no draw either: rounding in a field changes no run.
        if cost >= T::of(COLDEST) {
            return false;
        }
        let probability = Real::exp(-cost);
        probability >= T::ONE || random::uniform::<T>(rng) < probability
    }
}

/// Heat bath (Glauber 1963): the new spin is +1 with probability 1 / (1 + e^(-2 beta f)), whatever it was.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeatBath<T> {
    beta: T,
}

impl<T: Real> HeatBath<T> {
    /// The rule at inverse temperature `beta` (1 / energy).
    ///
    /// # Errors
    /// [`Error::NonFinite`].
    pub fn new(beta: T) -> Result<Self, Error> {
        checked(beta).map(|beta| Self { beta })
    }
}

impl<T: Real + Weight> Rule<T> for HeatBath<T> {
    const GAPS: bool = false;

    #[inline]
    fn flips(&self, spin: i8, field: T, rng: &mut impl Rng) -> bool {
        let up = crate::math::sigmoid(<T as Real>::TWO * (self.beta * field));
        (random::uniform::<T>(rng) < up) != (spin > 0)
    }
}

/// A rule under which a sweep decides about every spin, with no gaps. Under [`Metropolis`] and
/// [`MetropolisQ16`](super::MetropolisQ16) that is **not a sampler**: equal couplings leave classes of configurations that
/// are never left, whatever the temperature, and annealing a ferromagnetic ring of 12 spins or more misses its ground
/// state. It draws what this crate drew before it knew, bit for bit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Whole<R>(pub R);

impl<W: Weight, R: Rule<W>> Rule<W> for Whole<R> {
    const GAPS: bool = false;

    #[inline]
    fn flips(&self, spin: i8, field: W, rng: &mut impl Rng) -> bool {
        self.0.flips(spin, field, rng)
    }
}
