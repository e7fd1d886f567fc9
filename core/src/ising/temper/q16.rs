//! The exchange in integers, for parts without a floating-point unit.
//!
//! With the temperatures in Q16.16 that the [integer rules](super::super::integer) run at, X exponential of mean 1 and
//! E > E' the energies on a rung and on the next, colder one:
//!
//! ```text
//! exchange iff (1/T' - 1/T)(E - E') <= X   <=>   (T - T')(E - E') <= X T T':      P = e^(-(1/T' - 1/T)(E - E'))
//! ```
//! Source: the identity of [`exponential`](mod@super::super::exponential), derived. The second form has no quotient:
//! inverse temperatures in Q16 would be coarse where couplings, and so temperatures, are large. Both sides are
//! compared exactly (106 bits), so that the probability is within 2.4e-6 of the exact one (the bound of X, and
//! 2^-32 for the words). T' = 0 takes what costs nothing, and two rungs of T = 0 always exchange.

use super::Exchange;
use crate::error::Error;
use crate::ising::exponential::{self, FRACTION_BITS, exponential};
use crate::ising::integer::words;
use rand_core::Rng;

/// T T' X has 16 + 16 + 26 bits of fraction, a difference of temperatures 16.
const SHIFT: u32 = 16 + FRACTION_BITS;

/// Temperatures in Q16.16 that do not rise, the hottest on rung 0: the ladder of
/// [`MetropolisQ16`](super::super::MetropolisQ16) and [`HeatBathQ16`](super::super::HeatBathQ16).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TemperaturesQ16<'a>(&'a [u32]);

impl<'a> TemperaturesQ16<'a> {
    /// R >= 2 of them (see [`quantise`](super::super::integer::quantise)); equal neighbours always exchange.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::Domain`] where they rise.
    pub fn new(temperatures: &'a [u32]) -> Result<Self, Error> {
        if temperatures.len() < 2 {
            return Err(Error::Shape);
        }
        let mut pairs = temperatures.iter().zip(temperatures.iter().skip(1));
        if pairs.any(|(hot, cold)| hot < cold) {
            return Err(Error::Domain);
        }
        Ok(Self(temperatures))
    }

    /// The temperatures, from hot to cold.
    pub const fn temperatures(&self) -> &'a [u32] {
        self.0
    }

    /// The exact probability of the exchange between `rung` and the next, whose replicas have the energies `energy` and
    /// `above`: the accepting words, counted by bisection, of the 2^32 - 1 there are; 0 without a next rung.
    /// Cost: 32 decisions.
    pub fn acceptance(&self, rung: usize, energy: i32, above: i32) -> f64 {
        match self.pair(rung) {
            None => 0.0,
            Some(pair) if pair.is_free(energy, above) => 1.0,
            Some(pair) => {
                let cost = energy.abs_diff(above);
                f64::from(words(|word| pair.accepts(cost, word))) / f64::from(u32::MAX)
            }
        }
    }

    fn pair(&self, rung: usize) -> Option<Pair> {
        let hot = *self.0.get(rung)?;
        let cold = *self.0.get(rung.checked_add(1)?)?;
        Some(Pair { hot, cold })
    }
}

/// The temperatures of a rung and the next.
#[derive(Clone, Copy)]
struct Pair {
    hot: u32,
    cold: u32,
}

impl Pair {
    fn is_free(self, energy: i32, above: i32) -> bool {
        energy <= above || self.hot == self.cold
    }

    fn accepts(self, cost: u32, word: u32) -> bool {
        let product = u64::from(self.hot) * u64::from(self.cold);
        let difference = u64::from(self.hot.abs_diff(self.cold)) * u64::from(cost);
        u128::from(difference) << SHIFT <= u128::from(product) * u128::from(exponential(word))
    }
}

impl Exchange<i32> for TemperaturesQ16<'_> {
    fn rungs(&self) -> usize {
        self.0.len()
    }

    /// One word, where the exchange is not certain.
    fn swaps(&self, rung: usize, energy: i32, above: i32, rng: &mut impl Rng) -> bool {
        self.pair(rung).is_some_and(|pair| {
            pair.is_free(energy, above) || pair.accepts(energy.abs_diff(above), exponential::word(rng))
        })
    }
}
