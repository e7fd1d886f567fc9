//! Long fits: threads, signals, resume.

use super::cli::{err, gibbs, object, run, text};
use super::{diabetes, listing};
use serde_json::Value;
use std::process::{Command, Output, Stdio};
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

/// Long enough to be stopped after the checkpoint was first written, which is before the work.
#[cfg(unix)]
#[test] // law: garrote-transition
fn a_stopped_fit_resumes_to_the_same_bits() {
    let (stopped, whole) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let arguments = |dir: &TempDir, more: &[&str]| -> Vec<String> {
        let all = [
            "garrote",
            "fit",
            &diabetes(),
            "--target",
            "target",
            "--rule",
            "transition",
            "--replicas",
            "150",
        ];
        let rest = ["--json", "--out", text(dir.path())];
        all.iter()
            .chain(&rest)
            .chain(more)
            .map(|word| (*word).to_owned())
            .collect()
    };
    let words = |all: &[String]| -> Vec<String> { all.to_vec() };
    let start = |all: Vec<String>| {
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        gibbs(&all)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let child = start(arguments(&stopped, &["--threads", "1"]));
    let checkpoint = stopped.path().join("fit.checkpoint");
    for _ in 0..2000 {
        if checkpoint.exists() {
            break;
        }
        std::thread::sleep(std::time::Duration::from_millis(5));
    }
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert!(
        Command::new("kill")
            .args(["-INT", &child.id().to_string()])
            .status()
            .unwrap()
            .success()
    );
    let output = child.wait_with_output().unwrap();
    let refusal = object(&output, 130);
    assert_eq!(refusal["schema"], "gibbs.error/1");
    let finished = refusal["finished"].as_u64().unwrap();
    assert!((1..150).contains(&finished), "stopped on the way: {finished}");
    assert!(err(&output).contains("--resume"), "{}", err(&output));
    assert_eq!(
        listing(stopped.path()),
        ["fit.checkpoint"],
        "nothing half-written"
    );

    // Another fit may not go on from here, nor may a damaged file be believed.
    let other = start(arguments(&stopped, &["--resume", "--seed", "1"]))
        .wait_with_output()
        .unwrap();
    assert_eq!(object(&other, 2)["schema"], "gibbs.error/1");
    assert!(
        err(&other).contains("seed 0") && err(&other).contains("hint: "),
        "{}",
        err(&other)
    );
    let other = start(arguments(&stopped, &["--resume", "--gammas", "20"]))
        .wait_with_output()
        .unwrap();
    assert!(err(&other).contains("options"), "{}", err(&other));
    let good = std::fs::read(&checkpoint).unwrap();
    let mut bad = good.clone();
    *bad.last_mut().unwrap() ^= 1;
    std::fs::write(&checkpoint, bad).unwrap();
    let damaged = start(arguments(&stopped, &["--resume"]))
        .wait_with_output()
        .unwrap();
    assert_eq!(object(&damaged, 2)["code"], 2);
    assert!(err(&damaged).contains("damaged"), "{}", err(&damaged));
    std::fs::write(&checkpoint, good).unwrap();

    let resumed = start(words(&arguments(&stopped, &["--resume"])))
        .wait_with_output()
        .unwrap();
    let direct = start(arguments(&whole, &[])).wait_with_output().unwrap();
    object(&direct, 0);
    assert_eq!(timeless(&resumed), timeless(&direct), "{}", err(&resumed));
    assert_eq!(
        listing(stopped.path()),
        listing(whole.path()),
        "the checkpoint is gone"
    );
    for file in listing(whole.path()) {
        let read = |dir: &TempDir| std::fs::read(dir.path().join(&file)).unwrap();
        assert!(read(&stopped) == read(&whole), "{file}");
    }
}
