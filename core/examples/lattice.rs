//! A magnet of 64 x 64 spins in 512 bytes, at the critical temperature, in integers alone.
//!
//! `cargo run -p gibbs-core --example lattice`

use gibbs_core::Error;
use gibbs_core::ising::lattice::{Fixed, Lattice, Metropolis, Probability, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::stream;

const SIDE: usize = 64;
const SWEEPS: u32 = 2_000;

pub(crate) fn main() -> Result<(), Error> {
    // (11,243 + 1) / 2^16 = e^(-4/T) at T = 2.2692; a host computes it with `Probability::at_temperature`.
    let rule = Metropolis(Fixed(Probability::new(11_243, 16)?));
    let mut memory = Lattice::<u32, 1, SIDE>::new(); // one word of 32 columns per row and colour
    let mut lattice = memory.view(SIDE, Wrap::Simple)?;
    let mut rng = stream(0, "example", 0);
    let mut energy = 0;
    for sweep in 0..2 * SWEEPS {
        lattice.sweep(&rule, &Uniform::Ferromagnet, &mut rng)?;
        if sweep >= SWEEPS {
            energy += lattice.energy(&Uniform::Ferromagnet)?; // in units of the coupling
        }
    }
    let sites = (SIDE * SIDE) as f64;
    let mean = energy as f64 / f64::from(SWEEPS) / sites;
    println!("energy per spin {mean:.3}; exact for 64 x 64 at this temperature: -1.423");
    assert!((mean + 1.423).abs() < 0.12, "{mean}"); // six standard errors of such a run, and the seed is fixed
    Ok(())
}
