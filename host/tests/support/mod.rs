//! What several test binaries share: a small model with awkward content, and byte mutations.
#![allow(dead_code)] // each binary uses a part

use gibbs::garrote::model::Model;
use proptest::prelude::*;

/// Five variables: two selected, one undecided, one shut, one dead; names that need escaping.
pub(crate) fn model() -> Model {
    let names = ["bmi", "s5", "quote \" \\ ??/ */ \u{e9}\n1", "", "dead"];
    let inclusion = vec![0.999_9, 0.75, 0.3, 1e-9, 0.0];
    let weight = vec![24.5, -1.0 / 3.0, 7.25, 0.1, 0.0];
    let precision = 1.0 / 2_870.5;
    let evidence = weight.iter().map(|w| 0.5 * precision * 442.0 * w * w).collect();
    Model {
        variables: names.map(str::to_owned).to_vec(),
        target: "target \"y\"".to_owned(),
        mean: vec![26.375_791_855_203_62, 4.641_410_859_728_507, 1e4, -0.0, 3.0],
        scale: vec![4.413_124_3, 0.521_8, 1e-3, 12.0, 0.0],
        target_mean: 152.133_484_162_895_94,
        target_sd: 77.0,
        inclusion,
        weight,
        evidence,
        refit: vec![25.0, -0.5, 0.0, 0.0, 0.0],
        refit_covariance: vec![0.003, -0.001, -0.001, 0.002_5],
        gamma: -8.1,
        noise_sd: 2_870.5_f64.sqrt(),
        degrees: 437.5,
        refit_noise_sd: 53.75,
        refit_degrees: 438.0,
        free_energy: 2_450.125,
        samples: 442.0,
        rule: "ebic".to_owned(),
        status: "converged".to_owned(),
        pass: "forward".to_owned(),
        seed: u64::MAX,
    }
}

/// Up to eight bytes overwritten, then perhaps cut off.
pub(crate) fn mutated(bytes: Vec<u8>) -> impl Strategy<Value = Vec<u8>> {
    let length = bytes.len();
    let edits = prop::collection::vec((0..length, any::<u8>()), 0..8);
    (edits, prop::option::of(0..length)).prop_map(move |(edits, cut)| {
        let mut bytes = bytes.clone();
        for (place, byte) in edits {
            bytes[place] = byte;
        }
        bytes.truncate(cut.unwrap_or(length));
        bytes
    })
}
