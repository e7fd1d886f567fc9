//! The workload whose bits must agree on every target: x86-64, Cortex-M, RISC-V, WebAssembly.
//!
//! [`hashes`] runs every algorithm of the core once in f32 and once in f64, integer ones once, and folds the bit
//! patterns of all results into one 64-bit FNV-1a hash each (Fowler, Noll, Vo). `fixtures/hashes.toml` holds the
//! golden vector. [`demo`], [`lattice`], [`annealer`] and [`denoiser`] are what the firmware examples run; the host runs the same
//! functions to know what they must print.
//!
//! Sizes are those of a 16 KiB device: no array over 1 KiB; each entry has its own frame, so that the
//! deepest one decides, not their sum. No heap, no formatting.
#![no_std]
#![forbid(unsafe_code)]

pub mod annealer;
pub mod demo;
pub mod denoiser;
mod diffusion;
mod garrote;
mod ground;
mod hash;
mod ising;
pub mod lattice;
mod linalg;
pub mod sizes;

pub use hash::Hash;

/// A name and a hash.
pub type Entry = (&'static str, u64);

/// One hash per algorithm and scalar, in a fixed order: a new algorithm adds NAME-f32 and NAME-f64 to a part, or one
/// row when it has no floats.
pub fn hashes() -> impl Iterator<Item = Entry> {
    garrote_hashes()
        .into_iter()
        .chain(ising_hashes())
        .chain(diffusion_hashes())
}

/// The ground floor and the garrote. Parts, since the flash of the smallest device does not hold all of them.
pub fn garrote_hashes() -> [Entry; 14] {
    [
        ("math-f32", ground::math::<f32>()),
        ("math-f64", ground::math::<f64>()),
        ("random-f32", ground::random::<f32>()),
        ("random-f64", ground::random::<f64>()),
        ("linalg-f32", linalg::linalg::<f32>()),
        ("linalg-f64", linalg::linalg::<f64>()),
        ("garrote-stream-f32", garrote::streaming::<f32>()),
        ("garrote-stream-f64", garrote::streaming::<f64>()),
        ("garrote-ascent-f32", garrote::ascent::<f32>()),
        ("garrote-ascent-f64", garrote::ascent::<f64>()),
        ("garrote-path-f32", garrote::path::<f32>()),
        ("garrote-path-f64", garrote::path::<f64>()),
        ("garrote-joint-f32", garrote::joint::<f32>()),
        ("garrote-joint-f64", garrote::joint::<f64>()),
    ]
}

/// The Ising models.
pub fn ising_hashes() -> [Entry; 17] {
    [
        ("ising-lattice", ising::lattice()),
        ("ising-integer", ising::integer()),
        ("ising-anneal-f32", ising::annealing::<f32>()),
        ("ising-anneal-f64", ising::annealing::<f64>()),
        ("ising-bifurcation-q29", ising::bifurcation_q29()),
        ("ising-bifurcation-f32", ising::bifurcation::<f32>()),
        ("ising-bifurcation-f64", ising::bifurcation::<f64>()),
        ("ising-wolff-f32", ising::wolff::<f32>()),
        ("ising-wolff-f64", ising::wolff::<f64>()),
        ("ising-swendsen-wang-f32", ising::swendsen_wang::<f32>()),
        ("ising-swendsen-wang-f64", ising::swendsen_wang::<f64>()),
        ("ising-temper-f32", ising::tempering::<f32>()),
        ("ising-temper-f64", ising::tempering::<f64>()),
        ("ising-temper-q16", ising::tempering_q16()),
        ("ising-enumerate-f32", ising::enumeration::<f32>()),
        ("ising-enumerate-f64", ising::enumeration::<f64>()),
        ("ising-levels", ising::levels()),
    ]
}

/// Diffusion models, and the decompositions beneath them.
pub fn diffusion_hashes() -> [Entry; 12] {
    [
        ("linalg-decompositions-f32", diffusion::decompositions::<f32>()),
        ("linalg-decompositions-f64", diffusion::decompositions::<f64>()),
        ("diffusion-schedule-f32", diffusion::schedules::<f32>()),
        ("diffusion-schedule-f64", diffusion::schedules::<f64>()),
        ("diffusion-samplers-f32", diffusion::samplers::<f32>()),
        ("diffusion-samplers-f64", diffusion::samplers::<f64>()),
        ("diffusion-oracles-f32", diffusion::oracles::<f32>()),
        ("diffusion-oracles-f64", diffusion::oracles::<f64>()),
        ("diffusion-subspace-f32", diffusion::subspace::<f32>()),
        ("diffusion-subspace-f64", diffusion::subspace::<f64>()),
        ("diffusion-mlp-f32", diffusion::perceptron::<f32>()),
        ("diffusion-mlp-f64", diffusion::perceptron::<f64>()),
    ]
}
