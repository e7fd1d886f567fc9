//! Attempted flips per nanosecond of this library's lattice samplers on one core, for `peers/ising.py`.
//!
//! `ising_flips SIDE SWEEPS BLOCKS TEMPERATURE SEED` runs, in each mode, BLOCKS blocks of SWEEPS sweeps on one thread and prints
//! one JSON line `{"method", "instructions", "bits", "side", "flips_per_ns", "energy", "error", "z"}`: the median over
//! blocks of the speed of a block, and the mean energy per site at the ends of the blocks (not timed) with its
//! error and its distance from Kaufman's exact value at the effective temperature, in errors.

use gibbs::ising::lattice::{Engine, Instructions, Packed};
use gibbs::ising::oracle::kaufman;
use gibbs::ising::statistics::{estimate, z};
use gibbs_core::ising::lattice::{Fixed, HeatBath, Lattice, Lazy, Metropolis, Probability, Uniform, Update};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::stream;
use serde_json::json;
use std::error::Error;
use std::time::Instant;

/// What is run.
#[derive(Clone, Copy)]
struct Plan {
    side: usize,
    sweeps: u32,
    blocks: usize,
    seed: u64,
}

/// Runs the blocks; prints the line.
fn report(
    plan: Plan,
    name: [&str; 3],
    temperature: f64,
    mut block: impl FnMut() -> Result<(), Box<dyn Error>>,
    mut energy: impl FnMut() -> Result<f64, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let sites = (plan.side * plan.side) as f64;
    for _ in 0..plan.blocks {
        block()?; // from the ordered start to equilibrium
    }
    let (mut speeds, mut energies) = (Vec::new(), Vec::new());
    for _ in 0..plan.blocks {
        let start = Instant::now();
        block()?;
        speeds.push(sites * f64::from(plan.sweeps) / (start.elapsed().as_secs_f64() * 1e9));
        energies.push(energy()? / sites);
    }
    speeds.sort_by(f64::total_cmp);
    let measured = estimate(&energies)?;
    let exact = kaufman::torus(plan.side, plan.side, 1.0 / temperature)?.energy_per_spin();
    let [method, instructions, bits] = name;
    println!(
        "{}",
        json!({
            "method": method,
            "instructions": instructions,
            "bits": bits,
            "side": plan.side,
            "flips_per_ns": speeds[speeds.len() / 2],
            "energy": measured.mean,
            "error": measured.error,
            "z": z(&measured, exact),
        })
    );
    Ok(())
}

fn lanes(plan: Plan, name: [&str; 2], update: &(impl Update + Sync)) -> Result<(), Box<dyn Error>> {
    if plan.side <= 64 {
        words::<u32>(plan, name, update)
    } else {
        words::<u64>(plan, name, update)
    }
}

fn words<W: Packed>(
    plan: Plan,
    name: [&str; 2],
    update: &(impl Update + Sync),
) -> Result<(), Box<dyn Error>> {
    for instructions in Instructions::available() {
        let engine = Engine::<W>::new(plan.side, plan.side, Wrap::Simple, plan.seed)?;
        let mut engine = engine.with_instructions(instructions);
        engine.planes().fill(true);
        let engine = std::cell::RefCell::new(engine);
        let [method, bits] = name;
        report(
            plan,
            [method, &format!("{instructions:?}").to_lowercase(), bits],
            update.temperature_effective(),
            || {
                for _ in 0..plan.sweeps {
                    engine.borrow_mut().sweep(update, &Uniform::Ferromagnet)?;
                }
                Ok(())
            },
            || Ok(engine.borrow_mut().planes().energy(&Uniform::Ferromagnet)? as f64),
        )?;
    }
    Ok(())
}

/// The core's own sweeps of the 512-byte lattice, as on a device.
fn device(plan: Plan, temperature: f64) -> Result<(), Box<dyn Error>> {
    let update = Metropolis(Lazy::new(Probability::at_temperature(temperature, 64)?));
    let mut rng = stream(plan.seed, "ising-scalar", 0);
    let mut lattice = Lattice::<u32, 1, 64>::new();
    lattice.view(64, Wrap::Simple)?.fill(true);
    let lattice = std::cell::RefCell::new(lattice);
    report(
        plan,
        ["metropolis, 512 bytes, one generator", "none", "64"],
        update.temperature_effective(),
        || {
            let mut lattice = lattice.borrow_mut();
            let mut planes = lattice.view(64, Wrap::Simple)?;
            for _ in 0..plan.sweeps {
                planes.sweep(&update, &Uniform::Ferromagnet, &mut rng)?;
            }
            Ok(())
        },
        || {
            Ok(lattice
                .borrow_mut()
                .view(64, Wrap::Simple)?
                .energy(&Uniform::Ferromagnet)? as f64)
        },
    )
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, side, sweeps, blocks, temperature, seed] = arguments.as_slice() else {
        return Err("usage: ising_flips SIDE SWEEPS BLOCKS TEMPERATURE SEED".into());
    };
    rayon::ThreadPoolBuilder::new().num_threads(1).build_global()?;
    let plan = Plan {
        side: side.parse()?,
        sweeps: sweeps.parse()?,
        blocks: blocks.parse()?,
        seed: seed.parse()?,
    };
    let temperature: f64 = temperature.parse()?;
    let p = |bits| Probability::at_temperature(temperature, bits);
    lanes(plan, ["metropolis", "16"], &Metropolis(Lazy::new(p(16)?)))?;
    lanes(plan, ["metropolis, all bits", "16"], &Metropolis(Fixed(p(16)?)))?;
    lanes(plan, ["metropolis", "64"], &Metropolis(Lazy::new(p(64)?)))?;
    lanes(plan, ["heat bath", "64"], &HeatBath::at_temperature(temperature)?)?;
    if plan.side == 64 {
        device(plan, temperature)?;
    }
    Ok(())
}
