//! Words of a lattice as vectors: eight of 64 bits, or sixteen of 32 bits two by two.

use super::machine::{LANES, Lanes, Machine};
use gibbs_core::ising::lattice::{Bonds, Word};

/// A word that vectors are made of: u32 (lattices up to 64 columns wide fill it better) or u64.
pub trait Packed: Word {
    /// Words of a vector.
    const PER_VECTOR: usize;
    /// Words of a lane.
    const PER_LANE: usize = Self::PER_VECTOR / LANES;
    /// The word in every place of a lane.
    fn repeat(self) -> u64;
    /// A full vector of words.
    fn load(words: &[Self]) -> Option<[u64; LANES]>;
    /// A vector back into as many words.
    fn store(lanes: [u64; LANES], words: &mut [Self]) -> Option<()>;
}

/// The vector of these words, zeros past the end.
#[inline(always)]
pub(super) fn gather<M: Machine, W: Packed>(machine: M, from: &[W]) -> Lanes<M> {
    match W::load(from) {
        Some(lanes) => Lanes::load(machine, lanes),
        None => Lanes::load(machine, gather_rest(from)),
    }
}

/// Writes a vector to these words, as far as there are any.
#[inline(always)]
pub(super) fn scatter<M: Machine, W: Packed>(lanes: Lanes<M>, to: &mut [W]) {
    if W::store(lanes.store(), to).is_none() {
        scatter_rest(&lanes.store(), to);
    }
}

/// The signs of the bonds of the vector that starts at word `first` of a plane.
#[inline(always)]
pub(super) fn gather_signs<M: Machine, W: Packed>(
    machine: M,
    bonds: &impl Bonds<W>,
    colour: usize,
    first: usize,
) -> [Lanes<M>; 4] {
    let mut signs = [[0; LANES]; 4];
    for k in 0..W::PER_VECTOR {
        let (lane, shift) = (k / W::PER_LANE, k % W::PER_LANE * W::BITS as usize);
        let [c, s, a, b] = bonds.signs(colour, first + k);
        signs[0][lane] |= c.wide() << shift;
        signs[1][lane] |= s.wide() << shift;
        signs[2][lane] |= a.wide() << shift;
        signs[3][lane] |= b.wide() << shift;
    }
    let [c, s, a, b] = signs;
    [
        Lanes::load(machine, c),
        Lanes::load(machine, s),
        Lanes::load(machine, a),
        Lanes::load(machine, b),
    ]
}

/// The last words of a band, once in a while: kept out of the loops.
#[cold]
#[inline(never)]
fn gather_rest<W: Packed>(from: &[W]) -> [u64; LANES] {
    let mut lanes = [0; LANES];
    for (k, word) in from.iter().enumerate() {
        lanes[k / W::PER_LANE] |= word.wide() << (k % W::PER_LANE * W::BITS as usize);
    }
    lanes
}

#[cold]
#[inline(never)]
fn scatter_rest<W: Packed>(lanes: &[u64; LANES], to: &mut [W]) {
    for (k, word) in to.iter_mut().enumerate() {
        *word = W::narrow(lanes[k / W::PER_LANE] >> (k % W::PER_LANE * W::BITS as usize));
    }
}

impl Packed for u64 {
    const PER_VECTOR: usize = LANES;

    #[inline(always)]
    fn repeat(self) -> u64 {
        self
    }

    #[inline(always)]
    fn load(words: &[Self]) -> Option<[u64; LANES]> {
        words.first_chunk().copied()
    }

    #[inline(always)]
    fn store(lanes: [u64; LANES], words: &mut [Self]) -> Option<()> {
        *words.first_chunk_mut()? = lanes;
        Some(())
    }
}

impl Packed for u32 {
    const PER_VECTOR: usize = 2 * LANES;

    #[inline(always)]
    fn repeat(self) -> u64 {
        u64::from(self) << 32 | u64::from(self)
    }

    #[inline(always)]
    fn load(words: &[Self]) -> Option<[u64; LANES]> {
        // The first of a pair is the low half; nothing is left of the conversions on little-endian machines.
        let words: [u32; 2 * LANES] = *words.first_chunk()?;
        let lanes: [u64; LANES] = pulp::cast(words.map(u32::to_le));
        Some(lanes.map(u64::from_le))
    }

    #[inline(always)]
    fn store(lanes: [u64; LANES], words: &mut [Self]) -> Option<()> {
        let halves: [u32; 2 * LANES] = pulp::cast(lanes.map(u64::to_le));
        *words.first_chunk_mut()? = halves.map(u32::from_le);
        Some(())
    }
}
