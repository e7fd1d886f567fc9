//! Unsatisfied bonds and spins that are up, counted beside the update.
//!
//! Every bond has one end of colour 1: when the sites of colour 1 are updated, with their neighbours at hand, all bonds
//! are seen once. With x_k = 1 where neighbour k (its bond's sign in it) differs from the spin, a site has
//! x_1 + x_2 + x_3 + x_4 unsatisfied bonds: three planes of bits, added up in planes of binary digits, 512 sites side
//! by side, and counted when the digits are full (Warren, Hacker's Delight, 5-1: carry-save adders).

use super::machine::{Lanes, Machine};
use gibbs_core::ising::lattice::Bits;

/// What a half sweep counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    /// Unsatisfied bonds of the updated sites.
    pub(super) unsatisfied: u64,
    /// Spins that are up: of the updated colour, of the other.
    pub(super) up: [u64; 2],
}

impl Tally {
    pub(super) fn plus(self, other: Self) -> Self {
        let [own, rest] = self.up;
        let [more, others] = other.up;
        Self {
            unsatisfied: self.unsatisfied + other.unsatisfied,
            up: [own + more, rest + others],
        }
    }
}

/// Binary digits of the counter.
const DIGITS: usize = 7;
/// Additions of at most 4 that the digits hold: 4 x 31 < 2^7.
const MOST: u32 = 31;

/// Sums of up to four bits, lane by lane.
pub(super) struct Counter<M: Machine> {
    digits: [Lanes<M>; DIGITS],
    added: u32,
    total: u64,
}

impl<M: Machine> Counter<M> {
    /// 0; `any` lends its machine.
    #[inline(always)]
    pub(super) fn new(any: Lanes<M>) -> Self {
        Self {
            digits: [any.none(); DIGITS],
            added: 0,
            total: 0,
        }
    }

    /// Adds the unsatisfied bonds of the lanes of `sites`.
    #[inline(always)]
    pub(super) fn add(&mut self, spins: Lanes<M>, neighbours: [Lanes<M>; 4], sites: Lanes<M>) {
        let [a, b, c, d] = neighbours;
        let (a, b, c, d) = (a ^ spins, b ^ spins, c ^ spins, d ^ spins);
        // a + b + c = s + 2 t;  s + d = ones + 2 u;  t + u = twos + 2 fours
        let s = a.xor_two(b, c);
        let t = (a & b) | ((a ^ b) & c);
        let (ones, u) = (s ^ d, s & d);
        let (twos, fours) = (t ^ u, t & u);
        let (ones, twos, fours) = (ones & sites, twos & sites, fours & sites);
        let [d0, d1, d2, d3, d4, d5, d6] = self.digits;
        let (n0, carry) = (d0 ^ ones, d0 & ones);
        let n1 = d1.xor_two(twos, carry);
        let carry = (d1 & twos) | ((d1 ^ twos) & carry);
        let n2 = d2.xor_two(fours, carry);
        let carry = (d2 & fours) | ((d2 ^ fours) & carry);
        let (n3, carry) = (d3 ^ carry, d3 & carry);
        let (n4, carry) = (d4 ^ carry, d4 & carry);
        let (n5, carry) = (d5 ^ carry, d5 & carry);
        self.digits = [n0, n1, n2, n3, n4, n5, d6 ^ carry];
        self.added += 1;
        if self.added == MOST {
            self.flush();
        }
    }

    /// The sum.
    #[inline(always)]
    pub(super) fn total(mut self) -> u64 {
        self.flush();
        self.total
    }

    #[inline(always)]
    fn flush(&mut self) {
        let mut weight = 1;
        for digit in &mut self.digits {
            let mut count = 0;
            for word in digit.store() {
                count += u64::from(word.count_ones());
            }
            self.total += weight * count;
            weight *= 2;
            *digit = digit.none();
        }
        self.added = 0;
    }
}
