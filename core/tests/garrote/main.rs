//! The Variational Garrote against closed forms, enumeration, identities and refusals (spec 11).
#![allow(clippy::doc_markdown)] // formulas in prose

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod data;
mod decoy;
mod enumeration;
mod fixed_point;
mod gradient;
mod invariance;
mod joint;
mod multi;
mod oracle;
mod orthogonal;
mod owned;
mod path;
mod predict;
mod refusals;
mod refusals_stream;
mod select;
mod single;
mod streaming;
mod subset;
mod univariate;

/// Deterministic properties: a fixed seed, no files.
fn cases(cases: u32) -> proptest::prelude::ProptestConfig {
    proptest::prelude::ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..proptest::prelude::ProptestConfig::default()
    }
}
