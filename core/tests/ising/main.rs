//! Ising models: laws, oracles, refusals.

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod clusters;
mod direct;
mod enumerate;
mod instances;
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
