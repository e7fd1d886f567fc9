//! The workload whose bits must agree on every target: x86-64, Cortex-M, RISC-V, WebAssembly.
//!
//! [`hashes`] runs every algorithm of the core once in f32 and once in f64 and folds the bit patterns of all
//! results into one 64-bit FNV-1a hash each (Fowler, Noll, Vo). `fixtures/hashes.toml` holds the golden
//! vector. [`demo::demo`] is the streaming fit that the firmware examples run; the host runs the same function to
//! know what they must print.
//!
//! Sizes are those of a 16 KiB device: no array over 1 KiB; each entry has its own frame, so that the
//! deepest one decides, not their sum. No heap, no formatting.
#![no_std]
#![forbid(unsafe_code)]

pub mod demo;
mod garrote;
mod ground;
mod hash;
mod linalg;

pub use hash::Hash;

/// One hash per algorithm and scalar, in a fixed order: a new algorithm adds its two rows here.
pub fn hashes() -> [(&'static str, u64); 14] {
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
