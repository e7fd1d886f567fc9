//! Energies of the square lattice: sampled on 64 x 64 sites, exact on that lattice (Kaufman) and on the infinite one
//! (Onsager).
//!
//! `cargo run --release -p gibbs --example onsager`

use gibbs::ising::oracle::{kaufman, onsager};
use gibbs_core::ising::lattice::{Lattice, Lazy, Metropolis, Probability, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::stream;

const SIDE: usize = 64;
const SWEEPS: u32 = 2000;

fn main() -> Result<(), gibbs_core::Error> {
    let mut rng = stream(0, "example/onsager", 0);
    println!("     T   sampled     exact  infinite");
    for temperature in [1.8, 2.0, 2.5, 3.0] {
        let acceptance = Probability::at_temperature(temperature, 64)?;
        let rule = Metropolis(Lazy::new(acceptance));
        let mut memory = Lattice::<u32, 1, SIDE>::new(); // all spins down: ordered
        let mut lattice = memory.view(SIDE, Wrap::Simple)?;
        let mut sum = 0.0;
        for sweep in 0..2 * SWEEPS {
            lattice.sweep(&rule, &Uniform::Ferromagnet, &mut rng)?;
            if sweep >= SWEEPS {
                sum += lattice.energy(&Uniform::Ferromagnet)? as f64;
            }
        }
        let sampled = sum / f64::from(SWEEPS) / (SIDE * SIDE) as f64;
        let beta = 1.0 / acceptance.temperature_effective();
        let exact = kaufman::torus(SIDE, SIDE, beta)?.energy_per_spin();
        println!(
            "{temperature:6.2} {sampled:9.4} {exact:9.4} {:9.4}",
            onsager::energy(beta)?
        );
        assert!((sampled - exact).abs() < 0.02, "far from the exact energy");
    }
    Ok(())
}
