//! Large square lattices: bands of rows in parallel, 512 sites at a time.

mod engine;
mod generators;
mod kernel;
mod machine;
mod packed;
mod tally;

pub use crate::simd::Instructions;
pub use engine::{Engine, Observation, STREAM};
pub use packed::Packed;

#[cfg(test)]
mod tests;
