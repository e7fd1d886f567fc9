//! Ising models beyond one device: large lattices, problems from files and their solvers, what is known exactly,
//! the statistics of what is measured.
//!
//! Conventions as in [`gibbs_core::ising`]: E = - Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i, s = ±1.

pub mod anneal;
pub mod exact;
pub mod lattice;
pub mod oracle;
mod packing;
pub mod problem;
pub mod sample;
pub(crate) mod series;
pub mod statistics;
pub mod success;
pub mod temper;
#[cfg(test)]
pub(crate) mod testing;
pub mod transition;
pub mod verify;

pub use problem::{Energy, Kind, Problem};
