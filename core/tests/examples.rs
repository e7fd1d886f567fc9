//! The examples run, and find what they say that they find.

#[path = "../examples/annealer.rs"]
mod annealer;
#[path = "../examples/denoiser.rs"]
mod denoiser;
#[path = "../examples/garrote.rs"]
mod garrote;
#[path = "../examples/lattice.rs"]
mod lattice;

use gibbs_core::Error;

#[test]
fn annealer_finds_the_ground_state() -> Result<(), Error> {
    annealer::main()
}

#[test]
fn denoiser_finds_both_clusters() -> Result<(), Error> {
    denoiser::main()
}

#[test]
fn garrote_finds_the_sensors() -> Result<(), Error> {
    garrote::main()
}

#[test]
fn lattice_has_the_exact_energy() -> Result<(), Error> {
    lattice::main()
}
