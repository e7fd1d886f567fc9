//! A lattice of 64 x 64 spins in 512 bytes at the critical temperature, in integers alone.
//!
//! `cargo run -p gibbs-core --example magnet`

use gibbs_core::Error;
use gibbs_core::ising::lattice::{Fixed, Lattice, Metropolis, Probability, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::stream;

fn main() -> Result<(), Error> {
    let acceptance = Probability::new(11_243, 16)?; // (11,243 + 1) / 2^16 = e^(-4/T)
    let rule = Metropolis(Fixed(acceptance));
    let mut memory = Lattice::<u32, 1, 64>::new(); // one word of 32 columns per row and colour
    let mut lattice = memory.view(64, Wrap::Simple)?;
    let mut rng = stream(0, "ising-scalar", 0);
    println!("exact at T = {:.6}", acceptance.temperature_effective());
    for sweeps in [10, 100, 1000] {
        for _ in 0..sweeps {
            lattice.sweep(&rule, &Uniform::Ferromagnet, &mut rng)?;
        }
        let energy = lattice.energy(&Uniform::Ferromagnet)?;
        println!("after {sweeps} more sweeps: energy {energy} of -8192 at most");
    }
    Ok(())
}
