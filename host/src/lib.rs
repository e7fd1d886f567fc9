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
pub mod keep;
pub mod memory;
pub mod net;
pub mod progress;
#[allow(unsafe_code)]
pub mod raw;
pub mod refusal;
pub mod report;
pub mod simd;
pub mod train;
pub mod work;
