//! One colour of one band of rows, compiled for each instruction set.

use super::generators::{Generators, Running};
use super::machine::{Baseline, LANES, Lanes, Machine};
use gibbs_core::ising::lattice::{Bonds, Geometry, Update, Word, seen};
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
pub(super) struct Band<'a, U, B> {
    pub own: &'a mut [u64],
    /// Neighbours: same place in the row, side, above, below; at least as long.
    pub around: [&'a [u64]; 4],
    pub geometry: &'a Geometry,
    pub update: &'a U,
    pub bonds: &'a B,
    pub colour: usize,
    /// Index in the plane of the first word.
    pub first: usize,
    pub generators: &'a mut Generators,
}

struct On<M, T>(M, T);

impl<U: Update, B: Bonds<u64>, M: Machine> pulp::NullaryFnOnce for On<M, Band<'_, U, B>> {
    type Output = ();

    #[inline(always)]
    fn call(self) {
        self.1.run(self.0);
    }
}

impl<U: Update, B: Bonds<u64>> Band<'_, U, B> {
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
        let mut sites = [u64::mask(self.geometry.used()); LANES];
        let (whole, rest) = own.as_chunks_mut::<LANES>();
        let mut done = 0;
        for spins in whole {
            *spins = self.vector(machine, *spins, sites, done, &mut random);
            done += LANES;
        }
        if !rest.is_empty() {
            let mut spins = [0; LANES];
            spins[..rest.len()].copy_from_slice(rest);
            sites[rest.len()..].fill(0);
            let new = self.vector(machine, spins, sites, done, &mut random);
            rest.copy_from_slice(&new[..rest.len()]);
        }
        self.generators.store(&random);
    }

    /// The new spins of the vector that starts `done` words into the band; `sites` are the lanes that hold one.
    #[inline(always)]
    fn vector<M: Machine>(
        &self,
        machine: M,
        spins: [u64; LANES],
        sites: [u64; LANES],
        done: usize,
        random: &mut Running<M>,
    ) -> [u64; LANES] {
        let mut signs = [[0; LANES]; 4];
        #[allow(clippy::needless_range_loop)] // transposes
        for lane in 0..LANES {
            let [c, s, a, b] = self.bonds.signs(self.colour, self.first + done + lane);
            signs[0][lane] = c;
            signs[1][lane] = s;
            signs[2][lane] = a;
            signs[3][lane] = b;
        }
        let [c, s, a, b] = self.around;
        let neighbours = [
            Lanes::load(machine, words(c, done)),
            Lanes::load(machine, words(s, done)),
            Lanes::load(machine, words(a, done)),
            Lanes::load(machine, words(b, done)),
        ];
        let signs = [
            Lanes::load(machine, signs[0]),
            Lanes::load(machine, signs[1]),
            Lanes::load(machine, signs[2]),
            Lanes::load(machine, signs[3]),
        ];
        let sites = Lanes::load(machine, sites);
        let seen = seen(neighbours, signs, sites);
        let new = self.update.update(Lanes::load(machine, spins), seen, random);
        (new & sites).store()
    }
}

/// Eight words from `at` on, zeros past the end.
#[inline(always)]
fn words(from: &[u64], at: usize) -> [u64; LANES] {
    let from = &from[at..];
    if let Some(words) = from.first_chunk() {
        return *words;
    }
    let mut words = [0; LANES];
    words[..from.len()].copy_from_slice(from);
    words
}
