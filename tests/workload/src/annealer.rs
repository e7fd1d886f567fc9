//! The device example of the optimiser: a Sherrington-Kirkpatrick glass of 64 spins, couplings of 8 bits, annealed
//! in integers.
//!
//! J_ij is the sum of four dice of -3..=3: variance 16, so the glass temperature of a large system is 4 √64 = 32
//! and its ground energy -0.763 N 32.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::ising::anneal::{GeometricQ16, anneal};
use gibbs_core::ising::integer::MetropolisQ16;
use gibbs_core::ising::model::Dense;
use gibbs_core::ising::state::{Order, State};
use gibbs_core::random::{below, stream};

/// The number of spins.
pub const SPINS: usize = 64;
/// Runs, each from a random state: of 200 with these numbers, 155 found the lowest energy.
pub const RUNS: u64 = 4;
/// Sweeps of a run.
pub const SWEEPS: u32 = 200;
/// Seed of the couplings and of the runs.
pub const SEED: u64 = 5;
/// First and last temperature in Q16.16: 32 and 8.
pub const TEMPERATURES: [u32; 2] = [32 << 16, 8 << 16];

/// All memory of the example: 4.5 KiB, the couplings 4 KiB of it. New, it is all zeros: a static costs
/// no flash.
#[derive(Debug)]
pub struct Annealer {
    couplings: [i8; SPINS * SPINS],
    external: [i8; SPINS],
    spins: [i8; SPINS],
    latest: [i8; SPINS],
    best: [i8; SPINS],
    fields: [i32; SPINS],
}

/// How the runs ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Energy of the best state.
    pub energy: i32,
    /// Flips accepted, over all runs.
    pub flips: u64,
    /// Hash of the best and of the last state of every run.
    pub hash: u64,
}

impl Default for Annealer {
    fn default() -> Self {
        Self::new()
    }
}

impl Annealer {
    /// No couplings yet.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            couplings: [0; SPINS * SPINS],
            external: [0; SPINS],
            spins: [0; SPINS],
            latest: [0; SPINS],
            best: [0; SPINS],
            fields: [0; SPINS],
        }
    }

    /// Draws the couplings.
    #[inline(never)]
    pub fn draw(&mut self) {
        let mut rng = stream(black_box(SEED), "workload/glass", 0);
        for row in 0..SPINS {
            for column in 0..row {
                let coupling = (0..4).fold(-12, |sum, _| sum + below(&mut rng, 7) as i8);
                for at in [row * SPINS + column, column * SPINS + row] {
                    if let Some(entry) = self.couplings.get_mut(at) {
                        *entry = coupling;
                    }
                }
            }
        }
    }

    /// The couplings, row-major.
    #[must_use]
    pub fn couplings(&self) -> &[i8] {
        &self.couplings
    }

    /// The best state found.
    #[must_use]
    pub fn best(&self) -> &[i8] {
        &self.best
    }

    /// Checks the model, then anneals [`RUNS`] times from random states.
    ///
    /// # Errors
    /// None once the couplings are drawn.
    #[inline(never)]
    pub fn anneal(&mut self) -> Result<Found, Error> {
        let model = Dense::new(&self.couplings, &self.external)?;
        self.spins.fill(1);
        let mut state = State::new(&model, &mut self.spins, &mut self.fields)?;
        let [hot, cold] = black_box(TEMPERATURES);
        let (mut found, mut hash) = (Found::default(), Hash::default());
        for run in 0..RUNS {
            let mut rng = stream(black_box(SEED), "workload/annealer", run);
            state.randomise(&model, &mut rng);
            let schedule = GeometricQ16::new(hot, cold, SWEEPS)?.map(MetropolisQ16::new);
            let (latest, order) = (&mut self.latest, Order::Typewriter);
            let annealed = anneal(&model, &mut state, schedule, order, latest, &mut rng)?;
            if run == 0 || annealed.best_energy < found.energy {
                found.energy = annealed.best_energy;
                self.best = self.latest;
            }
            found.flips += annealed.flips;
            for spin in self.latest.iter().chain(state.spins()) {
                hash.word(u64::from(*spin > 0));
            }
        }
        found.hash = hash.value();
        Ok(found)
    }
}
