//! Ising models beyond one device: large lattices, problems from files and their solvers, what is known exactly,
//! the statistics of what is measured.
//!
//! Conventions as in [`gibbs_core::ising`]: E = - Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i, s = ±1.
//!
//! Start here: an [`lattice::Engine`] for the square lattice (`examples/onsager.rs` measures an energy beside the exact
//! one), a [`Problem`] from a file for anything else, [`anneal`] and [`temper`] for its low energies, [`exact`] for all
//! configurations of a small one.
//!
//! ```
//! use gibbs::ising::lattice::Engine;
//! use gibbs_core::ising::lattice::{Fixed, Metropolis, Probability, Uniform};
//! use gibbs_core::ising::model::Wrap;
//!
//! # fn main() -> Result<(), gibbs_core::Error> {
//! let rule = Metropolis(Fixed(Probability::at_temperature(2.0, 32)?));
//! let mut engine = Engine::<u64>::new(128, 128, Wrap::Simple, 0)?; // seed 0
//! for _ in 0..10 {
//!     engine.sweep(&rule, &Uniform::Ferromagnet)?; // on all cores, the same bits on any number of them
//! }
//! assert!(engine.planes().energy(&Uniform::Ferromagnet)? < 0);
//! # Ok(())
//! # }
//! ```

pub mod anneal;
pub mod exact;
pub mod figures;
mod kept;
pub mod lattice;
pub mod oracle;
pub mod problem;
pub mod sample;
pub(crate) mod series;
pub mod states;
pub mod statistics;
pub mod success;
pub mod temper;
#[cfg(test)]
pub(crate) mod testing;
pub mod transition;
pub mod verify;

pub use problem::{Energy, Kind, Problem};
