//! Flips of many spins at once with an exact probability: words of Bernoulli bits of p and of p².
//!
//! On the square lattice a Metropolis flip costs dE = 0, 4 or 8 in units of |J|. Its acceptances are
//!
//! ```text
//! p4 = P / 2^k   for dE = 4,      p8 = p4²   for dE = 8,      1 <= P <= 2^k
//! T_eff = -4 / ln(P / 2^k)
//! ```
//! Two independent draws of p4 decide dE = 8, so that p8 = p4² exactly. Whatever the rounding of P, the chain is then in
//! balance at T_eff, and that is the temperature that is reported. Rounding p4 and p8 apart would break the balance.
//! (Derived.)
//!
//! One decision compares k random bits u with the threshold t = P - 1 and accepts if u <= t. A word decides as many
//! spins as it has lanes, bit by bit:
//!
//! * [`Fixed`] runs through the k bits from the least significant. With `accepted` = 1 before the first,
//!   `accepted` = (not u) or `accepted` where the bit of t is 1, and (not u) and `accepted` where it is 0. Cost: at most
//!   k random words for each of two draws, without a branch on data.
//! * [`Lazy`] runs from the most significant: a lane is decided at the first bit in which u and t differ. It ends when
//!   every lane that matters is decided, for p and p² in one pass. Cost: 1.3 + log2(lanes) random words whatever k is, so
//!   that k = 64 costs no more than k = 16. One lane alone needs two bits on average; the rest is waiting for the last.
//!   Words that are decided together share the wait: eight words of 512 lanes take seven random words each, not ten.
//!
//! Memory: none but the words given. Thresholds of p² have 128 bits, so that they are exact for every k <= 64.

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
    /// The probability (threshold + 1) / 2^bits.
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

    /// The threshold t = P - 1: u is accepted if u <= t.
    pub const fn threshold(&self) -> u64 {
        self.threshold
    }

    /// The number of bits k.
    pub const fn bits(&self) -> u32 {
        self.bits
    }

    /// The probability P / 2^k as a float.
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

/// A word of spins, some of which may still flip.
#[derive(Clone, Copy, Debug)]
pub struct Proposal<B> {
    /// The spins, one bit per site: 1 is +1.
    pub spins: B,
    /// The lanes whose flip is not decided yet.
    pub open: B,
    /// The lanes that flip with probability p; it is p² in the others.
    pub single: B,
}

impl<B: Bits> Proposal<B> {
    /// No lane to decide, all spins 0: as many lanes as `like`.
    #[inline(always)]
    #[must_use]
    pub fn none(like: B) -> Self {
        let none = like.none();
        Self {
            spins: none,
            open: none,
            single: none,
        }
    }
}

/// How the flips of many lanes are drawn.
pub trait Draw {
    /// The probability p of a flip that costs 4.
    fn probability(&self) -> Probability;

    /// Decides all open lanes of `group`, independently: they flip with probability p or p².
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>);

    /// One word: the lanes of `need` that flip.
    #[inline(always)]
    fn draw<B: Bits>(&self, single: B, need: B, random: &mut impl Fair<B>) -> B {
        let mut lanes = Proposal {
            spins: need.none(),
            open: need,
            single,
        };
        self.decide(core::slice::from_mut(&mut lanes), random);
        lanes.spins
    }
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
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>) {
        for lanes in group {
            let all = lanes.open.all();
            let first = self.once(all, random);
            let flips = first & (lanes.single | self.once(all, random));
            lanes.spins = lanes.spins ^ (lanes.open & flips);
            lanes.open = all.none();
        }
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
    /// A lazy draw with the acceptance p.
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

/// Rounds that each word of a group has to itself, before its last lanes join those of the others: enough for
/// few to meet in a lane.
const PRIVATE: u32 = 5;

/// One more bit of u, from the highest, against the highest bits of the thresholds, of the lanes of `single` and of the
/// others: a lane flips where u is the first to be below.
#[inline(always)]
fn round<B: Bits>([single, others]: [u64; 2], lanes: &mut Proposal<B>, word: B) {
    match (single >> 63, others >> 63) {
        (0, 0) => lanes.open &= !word,
        (1, 1) => {
            lanes.spins = lanes.spins ^ (lanes.open & !word);
            lanes.open &= word;
        }
        (one, _) => {
            let bit = if one == 1 { lanes.single } else { !lanes.single };
            lanes.spins = lanes.spins ^ (lanes.open & bit & !word);
            lanes.open &= !(bit ^ word);
        }
    }
}

/// Rounds until all lanes are decided, or `bits` have been compared: then u = t in the open lanes.
#[inline(always)]
fn compare<B: Bits>(
    [mut single, mut others]: [u64; 2],
    bits: u32,
    lanes: &mut Proposal<B>,
    random: &mut impl Fair<B>,
) {
    for _ in 0..bits {
        if lanes.open.is_none() {
            break;
        }
        round([single, others], lanes, random.word());
        (single, others) = (single << 1, others << 1);
    }
}

/// Adds the open lanes of `from` to those of `merged`, where that has none of its own yet.
#[inline(always)]
fn merge<B: Bits>(merged: &mut Proposal<B>, from: &Proposal<B>) {
    merged.single |= from.open & !merged.open & from.single;
    merged.open |= from.open;
}

/// Decides every open lane of `group`: one flips where random bits u <= t. In the lanes of `single` t is `single`, of 64
/// bits; in the others `others`, of 64 bits, followed by the 64 of `low` if there are any.
///
/// Most lanes are decided within a few rounds, the last of all by far later. So after a few rounds of its own, no word
/// waits for its last lanes: what is open in any of them is decided together, in a word of lanes from here and there.
/// Where two words are open in the same lane, the later one waits for the next turn. Every random bit is used by one
/// site at most, so that the decisions are independent. A word alone has no rounds of its own: it is all there is
/// to decide.
#[inline(always)]
pub(super) fn decide<B: Bits>(
    single: u64,
    others: u64,
    low: Option<u64>,
    group: &mut [Proposal<B>],
    random: &mut impl Fair<B>,
) {
    let Some(first) = group.first() else { return };
    let none = Proposal::none(first.open);
    let private = if group.len() > 1 { PRIVATE } else { 0 };
    let mut merged = none;
    for lanes in group.iter_mut() {
        let mut own = *lanes;
        let (mut single, mut others) = (single, others);
        for _ in 0..private {
            round([single, others], &mut own, random.word());
            (single, others) = (single << 1, others << 1);
        }
        merge(&mut merged, &own);
        *lanes = own;
    }
    while !merged.open.is_none() {
        let thresholds = [single << private, others << private];
        compare(thresholds, 64 - private, &mut merged, random);
        if !merged.open.is_none() {
            // Once in 2^64 decisions: u = t so far.
            if let Some(low) = low {
                merged.spins |= merged.open & merged.single;
                merged.open &= !merged.single;
                compare([low, low], 64, &mut merged, random);
            }
            merged.spins |= merged.open;
        }
        let (mut next, mut taken) = (none, none.open);
        for lanes in group.iter_mut() {
            let mine = lanes.open & !taken;
            taken |= lanes.open;
            lanes.spins = lanes.spins ^ (mine & merged.spins);
            lanes.open &= !mine;
            merge(&mut next, lanes);
        }
        merged = next;
    }
}

impl Draw for Lazy {
    fn probability(&self) -> Probability {
        self.probability
    }

    #[inline(always)]
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>) {
        let [high, low] = self.double;
        decide(self.single, high, Some(low), group, random);
    }
}
