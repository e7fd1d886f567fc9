//! Large square lattices: bands of rows in parallel, 512 sites at a time.

mod engine;
mod generators;
mod kernel;
mod machine;

pub use engine::Engine;
pub use kernel::Instructions;

#[cfg(test)]
mod tests;
