//! The statistical physics of learning: library and the `gibbs` command.
#![deny(unsafe_code)] // but for `raw`

pub mod baseline;
pub mod cli;
pub mod data;
pub mod diffusion;
pub mod experiments;
pub mod files;
pub mod garrote;
pub mod ising;
pub mod net;
pub mod progress;
mod raw;
pub mod report;
mod simd;
pub mod work;
