//! The lattice in vectors, on its own generators, with each instruction set of this machine.

use super::lattice::{KAUFMAN, observables};
use super::{Check, Halted, Setting, Task, task};
use crate::ising::lattice::{Engine, Instructions};
use crate::ising::oracle::{kaufman, onsager};
use crate::ising::series::{Plan, Vectors, record};
use gibbs_core::ising::lattice::{Fixed, HeatBath, Lazy, Metropolis, Probability, Uniform, Update};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random;
use onsager::CRITICAL_TEMPERATURE;

const GROUP: &str = "vectors";

pub(super) fn tasks(seed: u64) -> Vec<Task<'static>> {
    let mut tasks = vec![task(move |_| same_bits(seed))];
    for instructions in Instructions::available() {
        tasks.push(task(move |setting| {
            let update = Metropolis(Lazy::new(Probability::at_temperature(CRITICAL_TEMPERATURE, 64)?));
            small(instructions, "Metropolis, 64 bits", update, seed, setting)
        }));
        tasks.push(task(move |setting| {
            let bath = HeatBath::at_temperature(CRITICAL_TEMPERATURE)?;
            small(instructions, "heat bath", bath, seed.wrapping_add(1), setting)
        }));
        // the others have the same bits: once is enough for the rest of the curve
        let best = instructions == Instructions::best();
        let temperatures: &[f64] = if best { &[1.5, 2.0, 2.5, 3.0] } else { &[2.0] };
        for temperature in temperatures.iter().copied() {
            tasks.push(task(move |setting| {
                let lazy = Metropolis(Lazy::new(Probability::at_temperature(temperature, 64)?));
                large(instructions, "64 bits, lazy", lazy, seed.wrapping_add(2), setting)
            }));
        }
        tasks.push(task(move |setting| {
            let fixed = Metropolis(Fixed(Probability::at_temperature(2.5, 16)?));
            large(
                instructions,
                "16 bits, fixed",
                fixed,
                seed.wrapping_add(3),
                setting,
            )
        }));
    }
    tasks
}

/// The engine and its place in names.
fn vectors<U: Update + Sync>(
    instructions: Instructions,
    side: usize,
    update: U,
    seed: u64,
) -> Result<Vectors<U, Uniform>, Halted> {
    let mut rng = random::stream(seed, "ising.verify.vectors", side as u64);
    let mut sampler = Vectors::new(side, update, Uniform::Ferromagnet, true, &mut rng)?;
    sampler.engine = sampler.engine.with_instructions(instructions);
    Ok(sampler)
}

/// All instruction sets give the same spins: of a lattice with many bands and of one with a short last vector.
fn same_bits(seed: u64) -> Result<Vec<Check>, Halted> {
    let lazy = Metropolis(Lazy::new(Probability::at_temperature(CRITICAL_TEMPERATURE, 64)?));
    let mut checks = Vec::new();
    for (width, height) in [(1024, 256), (128, 6), (24, 10)] {
        let run = |instructions| -> Result<Engine, Halted> {
            let mut engine = Engine::new(width, height, Wrap::Simple, seed)?.with_instructions(instructions);
            for _ in 0..20 {
                engine.sweep(&lazy, &Uniform::Ferromagnet)?;
            }
            Ok(engine)
        };
        let baseline = run(Instructions::Baseline)?;
        for instructions in Instructions::available() {
            let engine = run(instructions)?;
            let different: u32 = [0, 1]
                .into_iter()
                .flat_map(|colour| engine.plane(colour).iter().zip(baseline.plane(colour)))
                .map(|(a, b)| (a ^ b).count_ones())
                .sum();
            let name =
                format!("{instructions:?}, {width} x {height}, 20 sweeps: spins unlike the baseline's");
            let values = [0.0, f64::from(different)];
            checks.push(Check::within(GROUP, name, "same bits everywhere", values, 0.0));
        }
    }
    Ok(checks)
}

fn small<U: Update + Sync>(
    instructions: Instructions,
    name: &str,
    update: U,
    seed: u64,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    const SIDE: usize = 8;
    let temperature = update.temperature_effective();
    let mut sampler = vectors(instructions, SIDE, update, seed)?;
    let plan = Plan {
        burn_in: 200,
        samples: setting.size.samples(200_000),
        every: 2,
    };
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    observables(
        GROUP,
        &format!("{instructions:?}, {name}"),
        SIDE,
        temperature,
        &series,
        setting,
    )
}

fn large<U: Update + Sync>(
    instructions: Instructions,
    name: &str,
    update: U,
    seed: u64,
    setting: Setting<'_>,
) -> Result<Vec<Check>, Halted> {
    const SIDE: usize = 64;
    let temperature = update.temperature_effective();
    let mut sampler = vectors(instructions, SIDE, update, seed)?;
    let plan = Plan {
        burn_in: 1000,
        samples: setting.size.samples(25_000),
        every: 4,
    };
    let series = record(&mut sampler, plan, setting.work.interrupted)?;
    let name = format!("{instructions:?}, Metropolis, {name}, L = {SIDE}, T = {temperature:.3}");
    let beta = 1.0 / temperature;
    let exact = kaufman::torus(SIDE, SIDE, beta)?.energy_per_spin();
    let limit = setting.size.limit(5e-4);
    let mut checks = vec![Check::sampled(
        GROUP,
        format!("{name}: e"),
        KAUFMAN,
        exact,
        &series.energy(),
        limit,
    )];
    if temperature < 2.1 {
        let exact = onsager::magnetisation(beta)?;
        checks.push(Check::sampled(
            GROUP,
            format!("{name}: |m|"),
            "Yang",
            exact,
            &series.abs(),
            limit,
        ));
    }
    Ok(checks)
}
