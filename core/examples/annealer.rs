//! The largest cut of the corners of a cube, by annealing in integers: what a part without floating point can run.
//!
//! `cargo run -p gibbs-core --example annealer`

use gibbs_core::Error;
use gibbs_core::ising::anneal::{GeometricQ16, anneal};
use gibbs_core::ising::{Dense, MetropolisQ16, Order, State};
use gibbs_core::random::stream;

const N: usize = 8;

fn main() -> Result<(), Error> {
    // Corners are joined where their numbers differ in one bit. J = -1: an edge costs less when its ends differ.
    let mut couplings = [0_i8; N * N];
    for corner in 0..N {
        for axis in 0..3 {
            couplings[corner * N + (corner ^ (1 << axis))] = -1;
        }
    }
    let fields = [0_i8; N];
    let model = Dense::new(&couplings, &fields)?;

    let (mut spins, mut local, mut best) = ([1_i8; N], [0_i32; N], [0_i8; N]);
    let mut state = State::new(&model, &mut spins, &mut local)?;
    let mut rng = stream(0, "example/annealer", 0);
    state.randomise(&model, &mut rng);
    // Temperatures in Q16.16: from 4 down to 1/4, one sweep each.
    let schedule = GeometricQ16::new(4 << 16, 1 << 14, 100)?.map(MetropolisQ16::new);
    let found = anneal(
        &model,
        &mut state,
        schedule,
        Order::Typewriter,
        &mut best,
        &mut rng,
    )?;

    println!("sides {best:?}");
    println!(
        "energy {}, {} of 12 edges cut",
        found.best_energy,
        (12 - found.best_energy) / 2
    );
    assert_eq!(found.best_energy, -12); // a cube has two colours
    Ok(())
}
