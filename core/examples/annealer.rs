//! Simulated annealing in integers: the ground state of a glass of 16 spins, checked against all 2^16 configurations.
//!
//! `cargo run -p gibbs-core --example annealer`

use gibbs_core::Error;
use gibbs_core::ising::anneal::{GeometricQ16, anneal};
use gibbs_core::ising::{Dense, Enumeration, MetropolisQ16, Order, State};
use gibbs_core::random::{below, stream};

const SPINS: usize = 16;
const RUNS: u64 = 10;
const SWEEPS: u32 = 100;

pub(crate) fn main() -> Result<(), Error> {
    // Couplings from -4 to 4, symmetric, nothing on the diagonal. All memory is yours, here on the stack.
    let mut couplings = [0_i8; SPINS * SPINS];
    let mut rng = stream(1, "example/couplings", 0);
    for row in 0..SPINS {
        for column in 0..row {
            let coupling = below(&mut rng, 9) as i8 - 4;
            couplings[row * SPINS + column] = coupling;
            couplings[column * SPINS + row] = coupling;
        }
    }
    let model = Dense::new(&couplings, &[0; SPINS])?;

    let (mut spins, mut fields, mut best) = ([1; SPINS], [0; SPINS], [0; SPINS]);
    let mut lowest = i32::MAX;
    {
        let mut state = State::new(&model, &mut spins, &mut fields)?;
        for run in 0..RUNS {
            let mut rng = stream(1, "example/runs", run);
            state.randomise(&model, &mut rng);
            // From temperature 16 to 1, as fixed-point numbers with 16 bits behind the point.
            let schedule = GeometricQ16::new(16 << 16, 1 << 16, SWEEPS)?.map(MetropolisQ16::new);
            let found = anneal(&model, &mut state, schedule, Order::Random, &mut best, &mut rng)?;
            lowest = lowest.min(found.best_energy);
        }
    }
    println!("lowest energy of {RUNS} runs: {lowest}");

    let ground = Enumeration::new(&model, &mut spins, &mut fields)?.ground()?;
    println!(
        "ground energy by enumeration: {}, {} states",
        ground.energy, ground.degeneracy
    );
    assert_eq!(lowest, ground.energy);
    Ok(())
}
