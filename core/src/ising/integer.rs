//! The single-spin rules in integers: no floating point at run time.
//!
//! Temperatures are in Q16.16 (65,536 is 1, in units of the couplings) and decisions compare integers exactly:
//!
//! ```text
//! Metropolis   flip iff dE <= 0, else iff dE <= T X,      X exponential of mean 1: P = e^(-dE / T)
//! heat bath    new spin +1 iff 2 f + T L >= 0,            L logistic:              P = 1 / (1 + e^(-2 f / T))
//! ```
//! Source: the identities of [`exponential`](mod@super::exponential), derived; one fresh variate per decision. The
//! probabilities are within 2.3e-6 of the exact ones (the bound of X times the slope of either law, plus 2^-32
//! for the words): beyond dE = 22.18 T, where e^-22.18 is 2^-32, nothing is accepted and no word is drawn.
//!
//! Range: T X < 2^63 as u64 for every T, and every i32 field is accepted. T = 0 is allowed and means descent:
//! Metropolis takes what costs nothing, the heat bath sets each spin to sign(f) with sign(0) = +1.

use super::exponential::{self, FRACTION_BITS, exponential, logit};
use super::rule::Rule;
use crate::error::Error;
use rand_core::Rng;

/// T X has 16 + 26 bits of fraction, an energy scaled for the comparison has 31: this many are cut off.
const EXCESS: u32 = 16 + FRACTION_BITS - 31;

/// A temperature (in units of the couplings) in Q16.16, to nearest.
///
/// # Errors
/// [`Error::NonFinite`]; [`Error::Domain`] below 0 and from 65,536 on; [`Error::TooCold`] for one that is
/// positive but rounds to 0.
pub fn quantise(temperature: f64) -> Result<u32, Error> {
    if !temperature.is_finite() {
        return Err(Error::NonFinite);
    }
    let scaled = temperature * 65_536.0 + 0.5;
    if temperature < 0.0 || scaled >= 4_294_967_296.0 {
        return Err(Error::Domain);
    }
    match scaled as u32 {
        0 if temperature > 0.0 => Err(Error::TooCold { bits: 16 }),
        quantised => Ok(quantised),
    }
}

/// Largest cost that some word accepts at this temperature: floor(32 ln 2 T).
fn reach(temperature: u32) -> u32 {
    ((u64::from(temperature) * u64::from(exponential(1))) >> (16 + FRACTION_BITS)) as u32
}

/// Number of words in 1..2^32 below the first one that fails `holds`, which holds up to some word.
pub(super) fn words(holds: impl Fn(u32) -> bool) -> u32 {
    let (mut good, mut bad) = (0_u64, 1 << 32);
    while good + 1 < bad {
        let middle = u64::midpoint(good, bad);
        if holds(middle as u32) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good as u32
}

/// [`Metropolis`](super::Metropolis) of an integer model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MetropolisQ16 {
    temperature: u32,
    reach: u32,
}

impl MetropolisQ16 {
    /// The rule at a temperature in Q16.16 (see [`quantise`]); 0 is descent.
    pub fn new(temperature: u32) -> Self {
        Self {
            temperature,
            reach: reach(temperature),
        }
    }

    /// The exact probability with which this rule accepts a flip that costs `cost`: the accepting words,
    /// counted by bisection, of the 2^32 - 1 there are. Cost: 32 decisions.
    pub fn acceptance(&self, cost: i32) -> f64 {
        match u32::try_from(cost) {
            Err(_) | Ok(0) => 1.0,
            Ok(cost) => f64::from(words(|word| self.accepts(cost, word))) / f64::from(u32::MAX),
        }
    }

    fn accepts(self, cost: u32, word: u32) -> bool {
        let threshold = u64::from(self.temperature) * u64::from(exponential(word));
        u64::from(cost) << 31 <= threshold >> EXCESS
    }
}

impl Rule<i32> for MetropolisQ16 {
    #[inline]
    fn flips(&self, spin: i8, field: i32, rng: &mut impl Rng) -> bool {
        let field = i64::from(field);
        let cost = 2 * if spin < 0 { -field } else { field };
        match u32::try_from(cost) {
            Err(_) => cost < 0, // 2^32: beyond every reach
            Ok(0) => true,
            Ok(cost) => cost <= self.reach && self.accepts(cost, exponential::word(rng)),
        }
    }
}

/// [`HeatBath`](super::HeatBath) of an integer model.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeatBathQ16 {
    temperature: u32,
    reach: u32,
}

impl HeatBathQ16 {
    /// The rule at a temperature in Q16.16 (see [`quantise`]); 0 is descent.
    pub fn new(temperature: u32) -> Self {
        Self {
            temperature,
            reach: reach(temperature),
        }
    }

    /// The exact probability with which this rule makes a spin +1 in the local field `field`, counted as in
    /// [`MetropolisQ16::acceptance`].
    pub fn up(&self, field: i32) -> f64 {
        let down = words(|word| !self.raises(field, word));
        f64::from(u32::MAX - down) / f64::from(u32::MAX)
    }

    fn raises(self, field: i32, word: u32) -> bool {
        let noise = i64::from(self.temperature) * i64::from(logit(word));
        // the shift rounds down, so the sign of the sum is exact; |f| 2^31 <= 2^62 leaves room
        (i64::from(field) << 31) + (noise >> (EXCESS + 1)) >= 0
    }
}

impl Rule<i32> for HeatBathQ16 {
    const GAPS: bool = false;

    #[inline]
    fn flips(&self, spin: i8, field: i32, rng: &mut impl Rng) -> bool {
        let up = if field.unsigned_abs() > self.reach / 2 {
            field > 0
        } else {
            self.raises(field, exponential::word(rng))
        };
        up != (spin > 0)
    }
}
