//! Ising models beyond one device: problems from files and their solvers.
//!
//! Conventions as in [`gibbs_core::ising`]: E = - Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i, s = ±1.

pub mod anneal;
mod packing;
pub mod problem;
pub mod success;

pub use problem::{Energy, Kind, Problem};
