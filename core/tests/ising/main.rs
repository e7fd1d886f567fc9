//! Ising models against enumeration, laws, exact identities, golden instances and refusals.
#![allow(clippy::doc_markdown)] // formulas in prose

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod anneal;
mod balance;
mod bifurcation;
mod clusters;
mod direct;
mod enumerate;
mod exponential;
mod glasses;
mod instances;
mod integer;
mod lattice;
mod lattice_balance;
mod lattice_draws;
mod lattice_geometry;
mod lattice_physics;
mod lattice_update;
mod oracle;
mod statistics;
mod temper;

/// Deterministic properties: a fixed seed, no files.
fn cases(cases: u32) -> proptest::prelude::ProptestConfig {
    proptest::prelude::ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: proptest::test_runner::RngSeed::Fixed(1),
        ..proptest::prelude::ProptestConfig::default()
    }
}
