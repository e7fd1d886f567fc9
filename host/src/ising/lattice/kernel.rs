//! One colour of one band of rows, compiled for each instruction set.

use super::generators::{Generators, Running};
use super::machine::{Baseline, LANES, Lanes, Machine};
use super::packed::{Packed, gather, gather_signs, scatter};
use super::tally::{Counter, Tally};
use crate::simd::Instructions;
use gibbs_core::ising::lattice::geometry::looks_right;
use gibbs_core::ising::lattice::{Bonds, Fair, Geometry, Proposal, Update, rests, seen};
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// What a half sweep of a band reads and writes.
pub(super) struct Band<'a, W, U, B> {
    pub own: &'a mut [W],
    /// The other colour: the rows above those of the band, the rows of the band, the rows below.
    pub above: &'a [W],
    pub centre: &'a [W],
    /// The rows of the band, a word sooner and a word later.
    pub before: &'a [W],
    pub after: &'a [W],
    pub below: &'a [W],
    /// Scratch for the second neighbours within the rows.
    pub side: &'a mut [W],
    pub geometry: &'a Geometry,
    pub update: &'a U,
    pub bonds: &'a B,
    pub colour: usize,
    /// First row of the band.
    pub top: usize,
    pub generators: &'a mut Generators,
}

/// Vectors that are decided together.
const GROUP: usize = 8;

#[cfg(target_arch = "x86_64")]
struct On<M, T, const MEASURED: bool>(M, T);

#[cfg(target_arch = "x86_64")]
impl<W: Packed, U: Update, B: Bonds<W>, M: Machine, const MEASURED: bool> pulp::NullaryFnOnce
    for On<M, Band<'_, W, U, B>, MEASURED>
{
    type Output = Tally;

    #[inline(always)]
    fn call(self) -> Tally {
        self.1.run::<M, MEASURED>(self.0)
    }
}

impl<W: Packed, U: Update, B: Bonds<W>> Band<'_, W, U, B> {
    /// Updates the band, and counts what it holds then (`MEASURED`: else all counts are 0); instructions that this
    /// machine lacks fall back to the next that it has.
    pub(super) fn half_sweep<const MEASURED: bool>(self, instructions: Instructions) -> Tally {
        #[cfg(target_arch = "x86_64")]
        {
            if instructions == Instructions::Avx512
                && let Some(machine) = V4::try_new()
            {
                return machine.vectorize(On::<_, _, MEASURED>(machine, self));
            }
            if instructions != Instructions::Baseline
                && let Some(machine) = V3::try_new()
            {
                return machine.vectorize(On::<_, _, MEASURED>(machine, self));
            }
        }
        let _ = instructions;
        self.run::<_, MEASURED>(Baseline)
    }

    // No closures and no `array::map` from here on: they are not compiled for the machine.
    #[inline(always)]
    fn run<M: Machine, const MEASURED: bool>(mut self, machine: M) -> Tally {
        self.gather_side();
        let own = std::mem::take(&mut self.own);
        let mut random = self.generators.load(machine);
        let mask = [W::mask(self.geometry.used()); 2 * LANES];
        let full = gather(machine, &mask);
        #[allow(clippy::manual_map)] // no closures
        let uniform = match self.bonds.uniform() {
            Some(sign) => Some(Lanes::load(machine, [sign.repeat(); LANES])),
            None => None,
        };
        // No closure that draws: it would not be compiled for the machine.
        let word = if U::GAPS {
            (random.word().store()[0] >> 32) as u32
        } else {
            0
        };
        let rests = rests::<U>(|| word);
        let mut group = [Proposal::none(full); GROUP];
        let mut unsatisfied = Counter::new(full);
        let (whole, rest) = own.split_at_mut(own.len() - own.len() % W::PER_VECTOR);
        let mut done = 0;
        for own in whole.chunks_mut(GROUP * W::PER_VECTOR) {
            let words = own.len();
            let others = self.centre[done..][..words]
                .chunks_exact(W::PER_VECTOR)
                .zip(self.side[done..][..words].chunks_exact(W::PER_VECTOR))
                .zip(self.above[done..][..words].chunks_exact(W::PER_VECTOR))
                .zip(self.below[done..][..words].chunks_exact(W::PER_VECTOR));
            let vectors = own.chunks_exact(W::PER_VECTOR).zip(others);
            let mut count = 0;
            for (proposal, (own, (((centre, side), above), below))) in group.iter_mut().zip(vectors) {
                *proposal = self.propose(
                    machine,
                    [own, centre, side, above, below],
                    (full, rests),
                    uniform,
                    done,
                    &mut random,
                );
                done += W::PER_VECTOR;
                count += 1;
            }
            self.update.decide(&mut group[..count], &mut random);
            for (proposal, own) in group.iter().zip(own.chunks_exact_mut(W::PER_VECTOR)) {
                scatter(proposal.spins, own);
            }
            if MEASURED {
                let mut at = done - words;
                for proposal in &group[..count] {
                    let neighbours = self.neighbours(machine, at, W::PER_VECTOR, uniform);
                    unsatisfied.add(proposal.spins, neighbours, full);
                    at += W::PER_VECTOR;
                }
            }
        }
        if !rest.is_empty() {
            let words = [
                &*rest,
                &self.centre[done..],
                &self.side[done..],
                &self.above[done..],
                &self.below[done..],
            ];
            let sites = gather(machine, &mask[..rest.len()]);
            group[0] = self.propose(machine, words, (sites, rests), uniform, done, &mut random);
            self.update.decide(&mut group[..1], &mut random);
            scatter(group[0].spins, rest);
            if MEASURED {
                let neighbours = self.neighbours(machine, done, rest.len(), uniform);
                unsatisfied.add(group[0].spins, neighbours, sites);
            }
        }
        self.generators.store(&random);
        if !MEASURED {
            return Tally::default();
        }
        let mut up = [0, 0];
        for word in own.iter() {
            up[0] += u64::from(word.count());
        }
        for word in self.centre {
            up[1] += u64::from(word.count());
        }
        Tally {
            unsatisfied: unsatisfied.total(),
            up,
        }
    }

    /// The four neighbours of a vector of `words` words, `at` words into the band, with the signs of their bonds.
    #[inline(always)]
    fn neighbours<M: Machine>(
        &self,
        machine: M,
        at: usize,
        words: usize,
        uniform: Option<Lanes<M>>,
    ) -> [Lanes<M>; 4] {
        let [c, s, a, b] = [
            gather(machine, &self.centre[at..][..words]),
            gather(machine, &self.side[at..][..words]),
            gather(machine, &self.above[at..][..words]),
            gather(machine, &self.below[at..][..words]),
        ];
        let [t, u, v, w] = if let Some(sign) = uniform {
            [sign; 4]
        } else {
            let first = self.top * self.geometry.words() + at;
            gather_signs(machine, self.bonds, self.colour, first)
        };
        [c ^ t, s ^ u, a ^ v, b ^ w]
    }

    /// What the update makes of the vector that starts `done` words into the band, given its words and those of its
    /// neighbours: centre, side, above, below. `sites` has the lanes that hold sites; a random half of them is left out where
    /// the half sweep `rests`.
    #[inline(always)]
    fn propose<M: Machine>(
        &self,
        machine: M,
        words: [&[W]; 5],
        (sites, rests): (Lanes<M>, bool),
        uniform: Option<Lanes<M>>,
        done: usize,
        random: &mut Running<M>,
    ) -> Proposal<Lanes<M>> {
        let [own, centre, side, above, below] = words;
        let signs = if let Some(sign) = uniform {
            [sign; 4]
        } else {
            let first = self.top * self.geometry.words() + done;
            gather_signs(machine, self.bonds, self.colour, first)
        };
        let neighbours = [
            gather(machine, centre),
            gather(machine, side),
            gather(machine, above),
            gather(machine, below),
        ];
        let spins = gather(machine, own);
        let moved = if rests { sites & random.word() } else { sites };
        let mut proposal = self.update.propose(spins, seen(neighbours, signs, moved), random);
        proposal.spins &= moved;
        if rests {
            proposal.spins |= spins & !moved;
        }
        proposal
    }

    /// The second neighbours within the rows.
    #[inline(always)]
    fn gather_side(&mut self) {
        match self.geometry.words() {
            1 => self.gather_single(),
            words if words.is_multiple_of(8) => self.gather_rows::<8>(),
            words if words.is_multiple_of(4) => self.gather_rows::<4>(),
            words if words.is_multiple_of(2) => self.gather_rows::<2>(),
            _ => self.gather_rows::<1>(),
        }
    }

    /// Rows of one word, which is its own neighbour. Bands and heights are even: rows come in pairs, one to the right
    /// and one to the left.
    #[inline(always)]
    fn gather_single(&mut self) {
        let used = self.geometry.used();
        let pairs = self.side.as_chunks_mut::<2>().0;
        let pairs = pairs.iter_mut().zip(self.centre.as_chunks::<2>().0);
        if looks_right(self.colour, self.top) {
            for (side, [first, second]) in pairs {
                *side = [first.rotate_down(used), second.rotate_up(used)];
            }
        } else {
            for (side, [first, second]) in pairs {
                *side = [first.rotate_up(used), second.rotate_down(used)];
            }
        }
    }

    /// Rows of several words, `CHUNK` at a time (not by the call of a function that copies any number).
    #[inline(always)]
    fn gather_rows<const CHUNK: usize>(&mut self) {
        let (words, used) = (self.geometry.words(), self.geometry.used());
        let mut right = looks_right(self.colour, self.top);
        for (y, side) in self.side.chunks_exact_mut(words).enumerate() {
            let from = if right { self.after } else { self.before };
            let from = from[y * words..][..words].as_chunks::<CHUNK>().0;
            for (to, from) in side.as_chunks_mut::<CHUNK>().0.iter_mut().zip(from) {
                *to = *from;
            }
            // The end of the row has the word at its other end.
            let row = &self.centre[y * words..][..words];
            if right {
                side[words - 1] = row[0].rotate_down(used);
            } else {
                side[0] = row[words - 1].rotate_up(used);
            }
            right = !right;
        }
    }
}
