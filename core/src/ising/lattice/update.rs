//! The update of one word of sites that do not interact with each other: pure boolean algebra, the same
//! function for a microcontroller's word, a host's vector and (as a formula) a GPU.

use super::bits::{Bits, Fair};
use super::probability::{Draw, Proposal, decide};
use crate::error::Error;
use crate::ising::rule::Whole;
use crate::math::Real;

/// The neighbours as the rules take them: with the signs of their bonds. Lanes outside `sites` hold no site and
/// see two up and two down: no rule compares random bits for them, so that neither the cost nor the draws of the
/// other lanes depend on them.
#[inline(always)]
pub fn seen<B: Bits>(neighbours: [B; 4], signs: [B; 4], sites: B) -> [B; 4] {
    let ([n1, n2, n3, n4], [s1, s2, s3, s4]) = (neighbours, signs);
    let none = !sites;
    [
        (n1 ^ s1) & sites,
        (n2 ^ s2) & sites,
        (n3 ^ s3) | none,
        (n4 ^ s4) | none,
    ]
}

/// How words of sites are updated, given their neighbours.
pub trait Update {
    /// Whether half sweeps leave sites out now and then, which every update needs that makes some flips with certainty:
    /// see [`rests`].
    const GAPS: bool = true;

    /// The new spins, but for the flips that are still to be decided. `spins`: one bit per site; `neighbours`: the
    /// four neighbours of each site, with the sign of the bond already in (a bit is flipped where J = -1); `random`
    /// gives fair words.
    fn propose<B: Bits>(&self, spins: B, neighbours: [B; 4], random: &mut impl Fair<B>) -> Proposal<B>;

    /// Decides the flips of words of sites that do not interact with each other.
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>);

    /// The temperature at which it is exact.
    fn temperature_effective(&self) -> f64;

    /// The new spins of one word.
    #[inline(always)]
    fn update<B: Bits>(&self, spins: B, neighbours: [B; 4], random: &mut impl Fair<B>) -> B {
        let mut proposal = self.propose(spins, neighbours, random);
        self.decide(core::slice::from_mut(&mut proposal), random);
        proposal.spins
    }
}

/// Whether this half sweep leaves each site out with probability 1/2: one in 16 does, where the update has
/// [`GAPS`](Update::GAPS).
///
/// Without them Metropolis has closed classes on every lattice: a flip that costs nothing is certain, so that stripes of
/// one row up and one row down turn over in each sweep for ever; on lattices of two rows or columns, whose bonds count
/// twice, most starts end in such a class. With them every configuration is reached from every other: two sweeps
/// that flip every site, but for one that is left out of one of them, flip that site alone; and a sweep may leave all of
/// them out, so that there is no period. What moves a site keeps the law, hence so does a half sweep, whatever it
/// leaves out. (Derived.)
#[inline(always)]
pub fn rests<U: Update + ?Sized>(word: impl FnOnce() -> u32) -> bool {
    U::GAPS && word() >> 28 == 0
}

/// Metropolis: with u unsatisfied bonds of four, a flip costs 8 - 4u. It is accepted for u >= 2, with p for
/// u = 1, with p² for u = 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metropolis<D>(pub D);

impl<D: Draw> Update for Metropolis<D> {
    #[inline(always)]
    fn propose<B: Bits>(&self, spins: B, neighbours: [B; 4], _: &mut impl Fair<B>) -> Proposal<B> {
        let [n1, n2, n3, n4] = neighbours;
        let (d1, d2, d3, d4) = (n1 ^ spins, n2 ^ spins, n3 ^ spins, n4 ^ spins); // 1: unsatisfied
        let (x1, c1) = (d1 ^ d2, d1 & d2);
        let (x2, c2) = (d3 ^ d4, d3 & d4);
        let free = c1 | c2 | (x1 & x2); // u >= 2
        Proposal {
            spins: spins ^ free,
            open: !free,
            single: x1 ^ x2, // u = 1, or 3
        }
    }

    #[inline(always)]
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>) {
        self.0.decide(group, random);
    }

    fn temperature_effective(&self) -> f64 {
        self.0.probability().temperature_effective()
    }
}

/// Heat bath: the new spin opposes its local field f with probability 1 / (1 + e^(2 beta |f|)), whatever it was; it is
/// a fair coin for f = 0. Both probabilities (|f| = 2 and 4) are thresholds of 64 bits, compared lazily: they are off by
/// at most 2^-65, or 2^-52 of themselves, which is how far balance is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeatBath {
    thresholds: [u64; 2],
}

impl HeatBath {
    /// The heat bath from thresholds t of 64 bits, (t + 1) / 2^64 being the probability to oppose a field of 2 and of
    /// 4: for devices without floats.
    ///
    /// # Errors
    /// [`Error::Domain`]: a probability above 1/2, or above that of the weaker field.
    pub const fn from_thresholds(thresholds: [u64; 2]) -> Result<Self, Error> {
        let [two, four] = thresholds;
        if two >> 63 != 0 || four > two {
            return Err(Error::Domain);
        }
        Ok(Self { thresholds })
    }

    /// At temperature `temperature` (in units of |J|), which may be infinite.
    ///
    /// # Errors
    /// [`Error::NonFinite`] for NaN, [`Error::Domain`] for T <= 0, [`Error::TooCold`] when e^(-8 / T) rounds to 0.
    pub fn at_temperature(temperature: f64) -> Result<Self, Error> {
        if temperature.is_nan() {
            return Err(Error::NonFinite);
        }
        if temperature <= 0.0 {
            return Err(Error::Domain);
        }
        let mut thresholds = [0; 2];
        for (threshold, cost) in thresholds.iter_mut().zip([4.0, 8.0]) {
            let r = Real::exp(-cost / temperature);
            let scaled = libm::rint(r / (1.0 + r) * 18_446_744_073_709_551_616.0);
            if scaled < 1.0 {
                return Err(Error::TooCold { bits: 64 });
            }
            *threshold = scaled as u64 - 1;
        }
        Ok(Self { thresholds })
    }

    /// The thresholds t of a field of 2 and of 4: (t + 1) / 2^64 is the probability to oppose it.
    pub const fn thresholds(&self) -> [u64; 2] {
        self.thresholds
    }
}

impl Update for HeatBath {
    const GAPS: bool = false;

    #[inline(always)]
    fn propose<B: Bits>(&self, _: B, neighbours: [B; 4], random: &mut impl Fair<B>) -> Proposal<B> {
        let [n1, n2, n3, n4] = neighbours;
        let (x1, c1) = (n1 ^ n2, n1 & n2);
        let (x2, c2) = (n3 ^ n4, n3 & n4);
        let odd = x1 ^ x2; // one or three up: |f| = 2
        let none = (x1 & x2) | ((c1 ^ c2) & !(x1 | x2)); // two up: f = 0
        let up = (c1 & c2) | (odd & (c1 | c2)); // f > 0
        let coin = none & random.word();
        Proposal {
            spins: up ^ coin,
            open: !none,
            single: odd,
        }
    }

    #[inline(always)]
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>) {
        let [two, four] = self.thresholds;
        decide(two, four, None, group, random);
    }

    fn temperature_effective(&self) -> f64 {
        let [two, _] = self.thresholds;
        let q = (two as f64 + 1.0) / 18_446_744_073_709_551_616.0;
        let log = Real::ln(q / (1.0 - q));
        if log < 0.0 { -4.0 / log } else { f64::INFINITY }
    }
}

/// Every site in every half sweep, with no gaps: not a sampler under [`Metropolis`] (see [`rests`]). It draws what this
/// crate drew before it knew, bit for bit.
impl<U: Update> Update for Whole<U> {
    const GAPS: bool = false;

    #[inline(always)]
    fn propose<B: Bits>(&self, spins: B, neighbours: [B; 4], random: &mut impl Fair<B>) -> Proposal<B> {
        self.0.propose(spins, neighbours, random)
    }

    #[inline(always)]
    fn decide<B: Bits>(&self, group: &mut [Proposal<B>], random: &mut impl Fair<B>) {
        self.0.decide(group, random);
    }

    fn temperature_effective(&self) -> f64 {
        self.0.temperature_effective()
    }
}
