//! Closed forms of every rule, and runs that must not depend on where they were stopped.
//!
//! Mutations seen red:
//! * AdamW: epsilon inside the root, no correction of the mean, none of the square, decay without the rate, no decay;
//!   SGD: Nesterov as plain momentum, no decay, dampened, buffer scaled; average: warm-up an update ahead, decay and share
//!   exchanged, the larger decay, updates not counted.
//! * Schedule: warm-up from 0, cosine and stairs from step 0, cosine past its end, peak above the end; clip: squared norm,
//!   scaled up as well, an entry of the rest lost, squares in f32, scaled by NaN; batches: the same epoch again, first
//!   permutation kept, one batch drawn for all, seed left out, samples twice, batches overlapping.
//! * Checkpoint: bias correction or warm-up of the average anew, moments or average not restored, digest, settings or steps
//!   not compared, extra tensors taken; loop: gradients not cleared, first rate doubled, no checkpoint when stopped or
//!   while it runs, infinite loss or gradient taken, the wrong tensor named, average of the gradients, losses scaled, the
//!   first window instead of the last.

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
