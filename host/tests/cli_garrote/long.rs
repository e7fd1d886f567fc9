//! Long fits: threads. Stops and resumes: `verbs.rs`.

use super::cli::{object, run, text};
use super::diabetes;
use serde_json::Value;
use std::process::Output;
use tempfile::TempDir;

/// The object of a finished fit without its clock times.
fn timeless(output: &Output) -> Value {
    let mut object = object(output, 0);
    object["timing"] = Value::Null;
    object
}

#[test] // law: garrote-cv
fn results_do_not_depend_on_the_number_of_threads() {
    for rule in ["cv", "transition"] {
        let fit = |threads: &str, dir: &TempDir| {
            let output = run(&[
                "garrote",
                "fit",
                &diabetes(),
                "--target",
                "target",
                "--rule",
                rule,
                "--replicas",
                "6",
                "--json",
                "--threads",
                threads,
                "--out",
                text(dir.path()),
            ]);
            let fit = timeless(&output);
            let model = std::fs::read(dir.path().join("model.safetensors")).unwrap();
            (fit, model)
        };
        let (one, two) = (TempDir::new().unwrap(), TempDir::new().unwrap());
        assert!(fit("1", &one) == fit("2", &two), "{rule}");
    }
}
