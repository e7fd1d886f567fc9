//! The golden spin glasses: ±1 couplings from splitmix64, their ground states and sums known by enumeration, and
//! their energies by parallel tempering and by the rules in integers.

use super::{Check, Halted, Setting, Task, task};
use crate::ising::series::{Plan, Sampler, record};
use crate::ising::statistics::{Estimate, SeriesError, estimate};
use crate::work::Stopped;
use gibbs_core::Error;
use gibbs_core::ising::enumerate::Enumeration;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::temper::{Betas, Replica, Rung, Tempering};
use gibbs_core::ising::{Dense, HeatBathQ16, Metropolis, MetropolisQ16, Order, Rule, State};
use rand_core::{Rng, TryRng};
use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};

const GROUP: &str = "glasses";
const STREAM: &str = "ising.verify.glasses";
/// Spins of an instance.
pub(crate) const SPINS: usize = 16;
/// The ladder; 0.25 and 1 are where the tables are.
const BETAS: [f64; 6] = [0.25, 0.5, 0.75, 1.0, 1.4, 2.0];

pub(super) fn tasks<'a, R: Rng>(make: &'a (impl Fn(&str, u64) -> R + Sync)) -> Vec<Task<'a>> {
    let mut tasks: Vec<Task<'a>> = Vec::new();
    for index in 0..6 {
        tasks.push(task(move |setting| {
            tempering(index, make(STREAM, index as u64), setting)
        }));
    }
    tasks.push(task(move |setting| {
        let rule = MetropolisQ16::new(quantise(4.0)?);
        integers("Metropolis, Q16", &rule, make(STREAM, 10), setting)
    }));
    tasks.push(task(move |setting| {
        let rule = HeatBathQ16::new(quantise(4.0)?);
        integers("heat bath, Q16", &rule, make(STREAM, 11), setting)
    }));
    tasks
}

/// splitmix64 (Steele, Lea, Flood 2014) from a seed as it is: what the golden data are defined by.
pub(crate) struct SplitMix(pub(crate) u64);

impl TryRng for SplitMix {
    type Error = Infallible;

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        Ok(z ^ (z >> 31))
    }

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.try_next_u64().map(|word| (word >> 32) as u32)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for chunk in bytes.chunks_mut(8) {
            let word = self.next_u64().to_le_bytes();
            chunk.copy_from_slice(&word[..chunk.len()]);
        }
        Ok(())
    }
}

/// An instance and the digits of its table.
#[derive(Clone, Debug)]
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    /// Symmetric, row by row.
    pub(crate) couplings: [i32; SPINS * SPINS],
    pub(crate) ground_energy: f64,
    pub(crate) ground_states: f64,
    /// Where ln Z and E are given.
    pub(crate) beta: f64,
    pub(crate) log_z: f64,
    pub(crate) energy: f64,
}

/// Couplings ±1 (top bit 1: +1) of these bonds, in this order.
fn drawn(seed: u64, bonds: impl Iterator<Item = (usize, usize)>) -> [i32; SPINS * SPINS] {
    let mut words = SplitMix(seed);
    let mut couplings = [0; SPINS * SPINS];
    for (i, j) in bonds {
        let coupling = if words.next_u64() >> 63 == 1 { 1 } else { -1 };
        couplings[SPINS * i + j] = coupling;
        couplings[SPINS * j + i] = coupling;
    }
    couplings
}

/// Three Sherrington-Kirkpatrick glasses (pairs i < j row by row), three Edwards-Anderson ones (4 x 4 torus: of
/// each site the bond to the right, then the one down).
pub(crate) fn golden() -> [Golden; 6] {
    let complete = || (0..SPINS).flat_map(|i| (i + 1..SPINS).map(move |j| (i, j)));
    let square = || {
        (0..SPINS).flat_map(|site| {
            let (x, y) = (site % 4, site / 4);
            [(site, 4 * y + (x + 1) % 4), (site, 4 * ((y + 1) % 4) + x)]
        })
    };
    let instance = |name, couplings, [ground_energy, ground_states, beta, log_z, energy]: [f64; 5]| Golden {
        name,
        couplings,
        ground_energy,
        ground_states,
        beta,
        log_z,
        energy,
    };
    [
        instance(
            "SK 16, seed 1",
            drawn(1, complete()),
            [-36.0, 8.0, 0.25, 14.479_259_5, -24.356_829],
        ),
        instance(
            "SK 16, seed 2",
            drawn(2, complete()),
            [-44.0, 2.0, 0.25, 14.776_885, -28.320_602],
        ),
        instance(
            "SK 16, seed 3",
            drawn(3, complete()),
            [-40.0, 8.0, 0.25, 14.787_176, -27.360_363],
        ),
        instance(
            "EA 4 x 4, seed 1",
            drawn(1, square()),
            [-24.0, 2.0, 1.0, 24.953_192, -22.880_978],
        ),
        instance(
            "EA 4 x 4, seed 2",
            drawn(2, square()),
            [-20.0, 22.0, 1.0, 23.369_77, -18.924_679],
        ),
        instance(
            "EA 4 x 4, seed 3",
            drawn(3, square()),
            [-22.0, 14.0, 1.0, 24.801_205, -21.321_259],
        ),
    ]
}

/// What parallel tempering gives.
pub(crate) struct Tempered {
    /// Mean energy at each temperature.
    pub(crate) energies: Vec<Result<Estimate, SeriesError>>,
    /// The lowest energy seen.
    pub(crate) lowest: f64,
    /// Share of exchanges made, of each pair.
    pub(crate) acceptance: Vec<f64>,
}

/// Metropolis sweeps of one replica per inverse temperature, an exchange after each; `rounds` are measured after a
/// tenth of as many.
pub(crate) fn temper(
    couplings: &[i32; SPINS * SPINS],
    betas: &[f64],
    rounds: usize,
    rng: &mut impl Rng,
    interrupted: &AtomicBool,
) -> Result<Tempered, Halted> {
    let floats = couplings.map(f64::from);
    let model = Dense::new(&floats, &[0.0; SPINS])?;
    let rules = betas.iter().map(|beta| Metropolis::new(*beta));
    let rules: Vec<_> = rules.collect::<Result<_, Error>>()?;
    let ladder = Betas::new(betas)?;
    let mut memory = vec![([1_i8; SPINS], [0.0; SPINS]); betas.len()];
    let mut states = Vec::new();
    for (spins, fields) in &mut memory {
        let mut state = State::new(&model, spins, fields)?;
        state.randomise(&model, rng);
        states.push(state);
    }
    let (mut replicas, mut rungs) = (
        vec![Replica::default(); betas.len()],
        vec![Rung::default(); betas.len()],
    );
    let mut tempering = Tempering::new(&mut replicas, &mut rungs)?;
    let mut series = vec![Vec::new(); betas.len()];
    let mut energies = vec![0.0; betas.len()];
    let mut lowest = f64::INFINITY;
    for round in 0..rounds / 10 + rounds {
        if round % 256 == 0 && interrupted.load(Ordering::Relaxed) {
            return Err(Stopped::INSIDE.into());
        }
        for ((state, replica), energy) in states.iter_mut().zip(tempering.replicas()).zip(&mut energies) {
            let rule = &rules[replica.rung as usize];
            state.sweep(&model, rule, Order::Random, rng);
            *energy = state.energy(); // ±1 couplings: exact in f64
            lowest = lowest.min(*energy);
        }
        tempering.exchange(&energies, &ladder, rng)?;
        if round >= rounds / 10 {
            for (one, rung) in series.iter_mut().zip(tempering.rungs()) {
                one.push(energies[rung.replica as usize]);
            }
        }
    }
    let pairs = tempering.rungs().iter().take(betas.len() - 1);
    Ok(Tempered {
        energies: series.iter().map(|one| estimate(one)).collect(),
        lowest,
        acceptance: pairs
            .map(|rung| rung.accepted as f64 / rung.attempts as f64)
            .collect(),
    })
}

/// The exact mean energy of an instance.
pub(crate) fn exact_energy(couplings: &[i32; SPINS * SPINS], beta: f64) -> Result<f64, Error> {
    let model = Dense::new(couplings, &[0; SPINS])?;
    let (mut spins, mut fields) = ([1; SPINS], [0; SPINS]);
    Ok(Enumeration::new(&model, &mut spins, &mut fields)?
        .thermal(beta)?
        .energy)
}

fn tempering(index: usize, mut rng: impl Rng, setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let golden = &golden()[index];
    let rounds = setting.size.cheap_samples(40_000);
    let found = temper(
        &golden.couplings,
        &BETAS,
        rounds,
        &mut rng,
        setting.work.interrupted,
    )?;
    let name = |what: &str| format!("{}, tempering: {what}", golden.name);
    let lowest = [golden.ground_energy, found.lowest];
    let mut checks = vec![Check::within(
        GROUP,
        name("lowest energy seen"),
        "enumeration",
        lowest,
        0.0,
    )];
    for (beta, energy) in BETAS.iter().zip(&found.energies) {
        let exact = exact_energy(&golden.couplings, *beta)?;
        let name = name(&format!("E at beta = {beta}"));
        let limit = setting.size.limit(0.1);
        checks.push(Check::sampled(GROUP, name, "enumeration", exact, energy, limit));
    }
    Ok(checks)
}

/// One spin after the other, in integers.
struct Integers<'a, L, R> {
    model: Dense<'a, i32>,
    state: State<'a, i32>,
    rule: &'a L,
    rng: R,
}

impl<L: Rule<i32>, R: Rng> Sampler for Integers<'_, L, R> {
    fn sweep(&mut self) -> Result<(), Error> {
        self.state
            .sweep(&self.model, self.rule, Order::Typewriter, &mut self.rng);
        Ok(())
    }

    fn observe(&mut self) -> Result<[f64; 2], Error> {
        Ok([f64::from(self.state.energy()), self.state.magnetization() as f64])
    }
}

fn integers(
    name: &str,
    rule: &impl Rule<i32>,
    rng: impl Rng,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    let [golden, ..] = golden();
    let model = Dense::new(&golden.couplings, &[0; SPINS])?;
    let (mut spins, mut fields) = ([1; SPINS], [0; SPINS]);
    let plan = Plan {
        burn_in: 100,
        samples: setting.size.cheap_samples(100_000),
        every: 1,
    };
    let mut sampler = Integers {
        model,
        state: State::new(&model, &mut spins, &mut fields)?,
        rule,
        rng,
    };
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    let exact = exact_energy(&golden.couplings, 0.25)?;
    let name = format!("{}, {name}, T = 4: E", golden.name);
    let limit = setting.size.limit(0.1);
    Ok(vec![Check::sampled(
        GROUP,
        name,
        "enumeration",
        exact,
        &series.energy(),
        limit,
    )])
}
