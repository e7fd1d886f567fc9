//! One colour of one band of rows, compiled for each instruction set.

use super::generators::{Generators, Running};
use super::machine::{Baseline, LANES, Lanes, Machine};
use super::packed::Packed;
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
    /// Neighbours: same place in the row, side, above, below; at least as long.
    pub around: [&'a [W]; 4],
    pub geometry: &'a Geometry,
    pub update: &'a U,
    pub bonds: &'a B,
    pub colour: usize,
    /// Index in the plane of the first word.
    pub first: usize,
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
        let own = std::mem::take(&mut self.own);
        let mut random = self.generators.load(machine);
        let mask = [W::mask(self.geometry.used()); 2 * LANES];
        let full = W::gather(&mask, 0);
        let mut done = 0;
        while done < own.len() {
            let left = own.len() - done;
            let sites = if left < W::PER_VECTOR {
                W::gather(&mask[..left], 0)
            } else {
                full
            };
            let spins = Lanes::load(machine, W::gather(own, done));
            let new = self.vector(machine, spins, sites, done, &mut random);
            W::scatter(new.store(), own, done);
            done += W::PER_VECTOR;
        }
        self.generators.store(&random);
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
        let [c, s, a, b] = self.around;
        let neighbours = [
            Lanes::load(machine, W::gather(c, done)),
            Lanes::load(machine, W::gather(s, done)),
            Lanes::load(machine, W::gather(a, done)),
            Lanes::load(machine, W::gather(b, done)),
        ];
        let [c, s, a, b] = W::gather_signs(self.bonds, self.colour, self.first + done);
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
