//! The acceptance p = P / 2^k of a flip that costs one unit, and words of Bernoulli bits of p and p².
//!
//! On the square lattice a Metropolis flip costs 4 or 8 (or nothing). p4 = P / 2^k decides the first, two
//! independent draws of it the second, so that p8 = p4² exactly: whatever the rounding of P, the chain is in
//! balance at the effective temperature T_eff = -4 / ln(P / 2^k), and that is what is reported. Rounding p4 and
//! p8 apart would break balance. (Derived.)
//!
//! A decision compares random bits u with a threshold t, accepting when u <= t. [`Fixed`] runs through the k bits
//! of t = P - 1 from the least significant, at most k random words for each of two draws; [`Lazy`] from the most
//! significant until every lane that matters is decided, for p and p² in one pass: 1.3 + log2(lanes) words or
//! so whatever k, so that k = 64 costs no more than k = 16.

use super::bits::{Bits, Fair};
use crate::error::Error;
use crate::math::Real;

/// A probability P / 2^k with 1 <= P <= 2^k, as integers: no float is needed to use it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Probability {
    threshold: u64,
    bits: u32,
}

impl Probability {
    /// (threshold + 1) / 2^bits.
    ///
    /// # Errors
    /// [`Error::Domain`]: `bits` outside 1..=64 or a threshold of more bits.
    pub const fn new(threshold: u64, bits: u32) -> Result<Self, Error> {
        if bits == 0 || bits > 64 || (bits < 64 && threshold >> bits != 0) {
            return Err(Error::Domain);
        }
        Ok(Self { threshold, bits })
    }

    /// The acceptance e^(-4 / T) of a cost of 4 at temperature `temperature` (in units of |J|), rounded to
    /// `bits` bits. An infinite temperature gives 1.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN, [`Error::Domain`] for T <= 0 or bits outside 1..=64, [`Error::TooCold`] when
    /// it rounds to 0.
    pub fn at_temperature(temperature: f64, bits: u32) -> Result<Self, Error> {
        if temperature.is_nan() {
            return Err(Error::NonFinite);
        }
        if temperature <= 0.0 || bits == 0 || bits > 64 {
            return Err(Error::Domain);
        }
        let scale = (bits / 2, bits - bits / 2);
        let scale = (1_u64 << scale.0) as f64 * (1_u64 << scale.1) as f64;
        let numerator = libm::rint(Real::exp(-4.0 / temperature) * scale);
        if numerator < 1.0 {
            return Err(Error::TooCold { bits });
        }
        // The threshold of P = 2^k, which may not fit in 64 bits, is all ones.
        let threshold = if numerator >= scale {
            u64::MAX >> (64 - bits)
        } else {
            numerator as u64 - 1
        };
        Self::new(threshold, bits)
    }

    /// P - 1.
    pub const fn threshold(&self) -> u64 {
        self.threshold
    }

    /// k.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// P / 2^k.
    pub fn value(&self) -> f64 {
        let mut value = self.threshold as f64 + 1.0;
        for _ in 0..self.bits {
            value *= 0.5;
        }
        value
    }

    /// The temperature at which the sampler is exact: -4 / ln(P / 2^k); infinite for P = 2^k.
    pub fn temperature_effective(&self) -> f64 {
        let log = Real::ln(self.value());
        if log < 0.0 { -4.0 / log } else { f64::INFINITY }
    }
}

/// How the decisions of many lanes are drawn.
pub trait Draw {
    /// The probability p.
    fn probability(&self) -> Probability;
    /// A word whose lanes in `need` are independent: 1 with probability p in the lanes of `single`, with p² in the
    /// others. Lanes outside `need` are anything.
    fn draw<B: Bits>(&self, single: B, need: B, random: &mut impl Fair<B>) -> B;
}

/// All bits of every decision, from the least significant: for each draw, k words of randomness less the
/// trailing ones of the threshold, without a branch on data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fixed(pub Probability);

impl Fixed {
    #[inline(always)]
    fn once<B: Bits>(self, all: B, random: &mut impl Fair<B>) -> B {
        let skipped = self.0.threshold.trailing_ones().min(self.0.bits);
        let mut threshold = self.0.threshold.checked_shr(skipped).unwrap_or(0);
        let mut accepted = all; // u <= t on no bits
        for _ in skipped..self.0.bits {
            // On one more bit u, of weight above the others: t = 1: !u or accepted; t = 0: !u and accepted.
            let word = random.word();
            accepted = if threshold & 1 == 1 {
                accepted | word
            } else {
                accepted & word
            };
            threshold >>= 1;
        }
        accepted
    }
}

impl Draw for Fixed {
    fn probability(&self) -> Probability {
        self.0
    }

    #[inline(always)]
    fn draw<B: Bits>(&self, single: B, _: B, random: &mut impl Fair<B>) -> B {
        let all = single.all();
        let first = self.once(all, random);
        first & (single | self.once(all, random))
    }
}

/// Bits from the most significant, until every needed lane is decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lazy {
    probability: Probability,
    single: u64,
    /// p² as a threshold of 128 bits: exact for every k.
    double: [u64; 2],
}

impl Lazy {
    /// For the acceptance p.
    pub const fn new(probability: Probability) -> Self {
        let Probability { threshold, bits } = probability;
        // (P 2^(64 - k)) - 1 and (P² 2^(128 - 2k)) - 1: free low bits are ones.
        let single = (threshold << (64 - bits)) | low_ones(64 - bits) as u64;
        let t = threshold as u128;
        let square = t * t + 2 * t; // (t + 1)² - 1 < 2^128
        let free = 128 - 2 * bits;
        let square = (square << free) | low_ones(free);
        Self {
            probability,
            single,
            double: [(square >> 64) as u64, square as u64],
        }
    }
}

/// 2^count - 1 for count < 128.
const fn low_ones(count: u32) -> u128 {
    (1 << count) - 1
}

/// Compares 64 random bits u of each lane in `open` with a threshold t: `in_single` in the lanes of `single`, `in_others`
/// in the others. Returns the lanes with u < t and those with u = t.
#[inline(always)]
pub(super) fn compare<B: Bits>(
    mut in_single: u64,
    mut in_others: u64,
    single: B,
    mut open: B,
    random: &mut impl Fair<B>,
) -> (B, B) {
    let mut below = open.none();
    for _ in 0..64 {
        if open.is_none() {
            break;
        }
        let word = random.word();
        match (in_single >> 63, in_others >> 63) {
            (0, 0) => open &= !word,
            (1, 1) => {
                below |= open & !word;
                open &= word;
            }
            (one, _) => {
                let bit = if one == 1 { single } else { !single };
                below |= open & bit & !word;
                open &= !(bit ^ word);
            }
        }
        in_single <<= 1;
        in_others <<= 1;
    }
    (below, open)
}

impl Draw for Lazy {
    fn probability(&self) -> Probability {
        self.probability
    }

    #[inline(always)]
    fn draw<B: Bits>(&self, single: B, need: B, random: &mut impl Fair<B>) -> B {
        let [high, low] = self.double;
        let (below, equal) = compare(self.single, high, single, need, random);
        if equal.is_none() {
            return below;
        }
        // Once in 2^64 decisions: u = t accepts, for p² after its other 64 bits.
        let (rest, equal_again) = compare(low, low, single, equal & !single, random);
        below | (equal & single) | rest | equal_again
    }
}
