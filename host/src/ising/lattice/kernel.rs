//! One colour of one band of rows, compiled for each instruction set.

use super::generators::{Generators, Running};
use super::machine::{Baseline, LANES, Lanes, Machine};
use super::packed::Packed;
use gibbs_core::ising::lattice::geometry::{looks_right, side_neighbours};
use gibbs_core::ising::lattice::{Bonds, Geometry, Update, seen};
#[cfg(target_arch = "x86_64")]
use pulp::x86::{V3, V4};

/// Which instructions to use. All give the same bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Instructions {
    /// AVX-512 (F, BW, CD, DQ, VL).
    Avx512,
    /// AVX2.
    Avx2,
    /// None in particular.
    Baseline,
}

impl Instructions {
    /// Those of this machine, the best first; the baseline is always there.
    pub fn available() -> Vec<Self> {
        let mut all = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            if V4::is_available() {
                all.push(Self::Avx512);
            }
            if V3::is_available() {
                all.push(Self::Avx2);
            }
        }
        all.push(Self::Baseline);
        all
    }

    /// The best of this machine.
    pub fn best() -> Self {
        Self::available().first().copied().unwrap_or(Self::Baseline)
    }
}

/// What a half sweep of a band reads and writes.
pub(super) struct Band<'a, W, U, B> {
    pub own: &'a mut [W],
    /// The other colour: the rows above those of the band, the rows of the band, the rows below.
    pub above: &'a [W],
    pub centre: &'a [W],
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

struct On<M, T>(M, T);

impl<W: Packed, U: Update, B: Bonds<W>, M: Machine> pulp::NullaryFnOnce for On<M, Band<'_, W, U, B>> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.run(self.0);
    }
}

impl<W: Packed, U: Update, B: Bonds<W>> Band<'_, W, U, B> {
    /// Updates the band; instructions that this machine lacks fall back to the next that it has.
    pub(super) fn half_sweep(self, instructions: Instructions) {
        #[cfg(target_arch = "x86_64")]
        {
            if instructions == Instructions::Avx512
                && let Some(machine) = V4::try_new()
            {
                return machine.vectorize(On(machine, self));
            }
            if instructions != Instructions::Baseline
                && let Some(machine) = V3::try_new()
            {
                return machine.vectorize(On(machine, self));
            }
        }
        let _ = instructions;
        self.run(Baseline);
    }

    // No closures and no `array::map` from here on: they are not compiled for the machine.
    #[inline(always)]
    fn run<M: Machine>(mut self, machine: M) {
        self.gather_side();
        let own = std::mem::take(&mut self.own);
        let mut random = self.generators.load(machine);
        let mask = [W::mask(self.geometry.used()); 2 * LANES];
        let full = W::gather(&mask, 0);
        let mut done = 0;
        while done + W::PER_VECTOR <= own.len() {
            let spins = Lanes::load(machine, W::gather(own, done));
            let new = self.vector(machine, spins, full, done, &mut random);
            W::scatter(new.store(), own, done);
            done += W::PER_VECTOR;
        }
        if done < own.len() {
            let sites = W::gather(&mask[..own.len() - done], 0);
            let spins = Lanes::load(machine, W::gather(own, done));
            let new = self.vector(machine, spins, sites, done, &mut random);
            W::scatter(new.store(), own, done);
        }
        self.generators.store(&random);
    }

    #[inline(always)]
    fn gather_side(&mut self) {
        let (words, used) = (self.geometry.words(), self.geometry.used());
        let mut right = looks_right(self.colour, self.top);
        if words == 1 {
            // Bands and heights are even: rows come in pairs, one to the right and one to the left.
            let sides = self.side.as_chunks_mut::<2>().0;
            for (side, row) in sides.iter_mut().zip(self.centre.as_chunks::<2>().0) {
                let down = row[usize::from(!right)].rotate_down(used);
                let up = row[usize::from(right)].rotate_up(used);
                *side = if right { [down, up] } else { [up, down] };
            }
            return;
        }
        let rows = self.centre.chunks_exact(words);
        for (side, row) in self.side.chunks_exact_mut(words).zip(rows) {
            side_neighbours(row, side, used, right);
            right = !right;
        }
    }

    /// The new spins of the vector that starts `done` words into the band; `sites` has the lanes that hold sites.
    #[inline(always)]
    fn vector<M: Machine>(
        &self,
        machine: M,
        spins: Lanes<M>,
        sites: [u64; LANES],
        done: usize,
        random: &mut Running<M>,
    ) -> Lanes<M> {
        let neighbours = [
            Lanes::load(machine, W::gather(self.centre, done)),
            Lanes::load(machine, W::gather(self.side, done)),
            Lanes::load(machine, W::gather(self.above, done)),
            Lanes::load(machine, W::gather(self.below, done)),
        ];
        let first = self.top * self.geometry.words() + done;
        let [c, s, a, b] = W::gather_signs(self.bonds, self.colour, first);
        let signs = [
            Lanes::load(machine, c),
            Lanes::load(machine, s),
            Lanes::load(machine, a),
            Lanes::load(machine, b),
        ];
        let sites = Lanes::load(machine, sites);
        self.update.update(spins, seen(neighbours, signs, sites), random) & sites
    }
}
