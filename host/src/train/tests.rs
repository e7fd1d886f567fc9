//! Closed forms of every rule, and runs that must not depend on where they were stopped.
//!
//! Mutations seen red:
//! MUTATIONS

use crate::garrote::testing::tolerance::{ROUNDING, SINGLE_STEPS};

mod optimisers;
mod rules;
mod runs;

/// Relative to one: some ten to a hundred roundings of f32.
fn near(got: f32, expected: f64) {
    let error = (f64::from(got) - expected).abs();
    assert!(
        error <= SINGLE_STEPS * (1.0 + expected.abs()),
        "{got} against {expected}"
    );
}
