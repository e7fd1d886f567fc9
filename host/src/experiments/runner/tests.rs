//! The runner with experiments of its own: resume, interruption, refusals, failures.
//!
//! Mutations seen red: the checkpoint not written after an experiment; the hash of figures not compared;
//! `seed` left out of the comparison; a failed experiment kept as finished.

use super::*;
use crate::experiments::{About, Expected, Row, Source, Verdict};
use crate::progress::Silent;
use crate::report::curves::{Curve, Curves};
use gibbs_core::random;
use std::sync::atomic::{AtomicUsize, Ordering};

type During<'a> = Box<dyn Fn(&Context<'_>) -> Result<(), ExperimentError> + Sync + 'a>;

/// Draws a few numbers and a figure; does `during` in the middle; counts its runs.
struct Draws<'a> {
    name: &'static str,
    runs: AtomicUsize,
    during: During<'a>,
}

impl<'a> Draws<'a> {
    fn new(
        name: &'static str,
        during: impl Fn(&Context<'_>) -> Result<(), ExperimentError> + Sync + 'a,
    ) -> Self {
        Self {
            name,
            runs: AtomicUsize::new(0),
            during: Box::new(during),
        }
    }

    fn about(&self) -> About {
        About {
            name: self.name,
            title: "Draws",
            paper: "None",
            claim: "None",
        }
    }

    fn run(&self, context: &Context<'_>) -> Result<Outcome, ExperimentError> {
        self.runs.fetch_add(1, Ordering::SeqCst);
        let mut rng = random::stream(context.seed, self.name, 0);
        let points: Vec<(f64, f64)> = (0..20)
            .map(|k| (f64::from(k), random::normal(&mut rng)))
            .collect();
        (self.during)(context)?;
        context.check()?;
        let mut outcome = Outcome::default();
        let (x, y) = points[7];
        outcome.row(Row::new("draw", Source::own("test"), Expected::Informative, y));
        outcome.row(Row::new("index", Source::own("test"), Expected::AtLeast(7.0), x));
        let curve = Curve {
            name: "c".to_owned(),
            points,
            spread: Vec::new(),
        };
        let figure = Curves {
            title: "draws".to_owned(),
            curves: vec![curve],
            ..Curves::default()
        };
        outcome.figure("walk", figure.draw(), "A walk.");
        outcome.note("a note");
        Ok(outcome)
    }
}

#[allow(clippy::unnecessary_wraps)] // the signature of `during`
fn nothing(_: &Context<'_>) -> Result<(), ExperimentError> {
    Ok(())
}

fn settings(out: &Path, resume: bool) -> Settings {
    Settings {
        seed: 5,
        full: false,
        out: out.to_owned(),
        resume,
    }
}

fn go(list: &[&Draws<'_>], settings: &Settings, stop: &AtomicBool) -> Result<Report, RunError> {
    let runs: Vec<_> = list
        .iter()
        .map(|one| |context: &Context<'_>| one.run(context))
        .collect();
    let pairs = list.iter().zip(&runs);
    let experiments: Vec<_> = pairs
        .map(|(one, run)| Experiment::new(one.about(), run))
        .collect();
    run_all(&experiments, settings, &Silent, stop)
}

/// Every file of a folder but the checkpoint (which holds seconds), with its content.
fn files(out: &Path) -> Vec<(String, Vec<u8>)> {
    let entries = std::fs::read_dir(out).expect("the folder is there").flatten();
    let mut all: Vec<_> = entries
        .map(|e| {
            (
                e.file_name().to_string_lossy().into_owned(),
                std::fs::read(e.path()).unwrap_or_default(),
            )
        })
        .filter(|(name, _)| name != FILE)
        .collect();
    all.sort();
    all
}

fn rows(report: &Report) -> Vec<(&str, &[Row], &[String])> {
    report
        .finished
        .iter()
        .map(|f| (f.name.as_str(), f.rows.as_slice(), f.notes.as_slice()))
        .collect()
}

#[test] // the second of three is interrupted; resuming gives what an undisturbed run gives, byte for byte
fn an_interrupted_run_goes_on_bit_identically() -> Result<(), Box<dyn std::error::Error>> {
    let (broken, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let stop = AtomicBool::new(false);
    let (first, third) = (Draws::new("first", nothing), Draws::new("third", nothing));
    let second = Draws::new("second", |context: &Context<'_>| {
        stop.store(true, Ordering::SeqCst); // what the signal handler does
        context.check()
    });
    let error = go(&[&first, &second, &third], &settings(broken.path(), false), &stop).expect_err("stopped");
    assert!(
        matches!(
            error,
            RunError::Interrupted {
                finished: 1,
                total: 3,
                ..
            }
        ),
        "{error}"
    );
    assert!(broken.path().join(FILE).exists());
    assert!(!broken.path().join("index.html").exists());
    assert_eq!(third.runs.load(Ordering::SeqCst), 0);

    let calm = AtomicBool::new(false);
    let second = Draws::new("second", nothing);
    let list: [&Draws<'_>; 3] = [&first, &second, &third];
    let resumed = go(&list, &settings(broken.path(), true), &calm)?;
    assert_eq!(
        first.runs.load(Ordering::SeqCst),
        1,
        "a finished experiment is not run again"
    );
    let undisturbed = go(&list, &settings(whole.path(), false), &calm)?;
    assert_eq!(first.runs.load(Ordering::SeqCst), 2);
    assert_eq!(rows(&resumed), rows(&undisturbed));
    let (a, b) = (files(broken.path()), files(whole.path()));
    assert_eq!(
        a.iter().map(|f| &f.0).collect::<Vec<_>>(),
        b.iter().map(|f| &f.0).collect::<Vec<_>>()
    );
    assert_eq!(a.len(), 7, "three SVG, three PNG, one page");
    assert!(
        a == b,
        "a file differs between the resumed and the undisturbed run"
    );
    Ok(())
}

#[test]
fn a_changed_or_missing_figure_makes_its_experiment_run_again() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (one, calm) = (Draws::new("one", nothing), AtomicBool::new(false));
    go(&[&one], &settings(out.path(), false), &calm)?;
    let before = files(out.path());
    for spoil in ["one-walk.svg", "one-walk.png"] {
        std::fs::write(out.path().join(spoil), b"something else")?;
        go(&[&one], &settings(out.path(), true), &calm)?;
        assert!(files(out.path()) == before, "{spoil} was not made again");
    }
    std::fs::remove_file(out.path().join("one-walk.svg"))?;
    go(&[&one], &settings(out.path(), true), &calm)?;
    assert_eq!(one.runs.load(Ordering::SeqCst), 4);
    go(&[&one], &settings(out.path(), true), &calm)?;
    assert_eq!(one.runs.load(Ordering::SeqCst), 4);
    Ok(())
}

#[test]
fn a_checkpoint_of_another_run_is_refused_and_says_why() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (one, calm) = (Draws::new("one", nothing), AtomicBool::new(false));
    go(&[&one], &settings(out.path(), false), &calm)?;
    let file = out.path().join(FILE);
    let good = std::fs::read_to_string(&file)?;
    let base = settings(out.path(), true);
    let refused = |wanted: &Settings, word: &str| {
        let error = go(&[&one], wanted, &calm).expect_err(word).to_string();
        assert!(
            error.contains(word) && error.contains("hint: ") && error.contains(FILE),
            "{error}"
        );
    };
    refused(
        &Settings {
            seed: 6,
            ..base.clone()
        },
        "seed 5",
    );
    refused(
        &Settings {
            full: true,
            ..base.clone()
        },
        "full size false",
    );
    let version = format!("\"version\": \"{}\"", env!("CARGO_PKG_VERSION"));
    assert!(good.contains(&version));
    std::fs::write(&file, good.replace(&version, "\"version\": \"0.0.1\""))?;
    refused(&base, "version 0.0.1");
    std::fs::write(&file, good.replace("checkpoint/1", "checkpoint/2"))?;
    refused(&base, "gibbs.reproduce.checkpoint/2");
    std::fs::write(&file, good.get(..good.len() / 2).unwrap_or_default())?;
    refused(&base, "damaged");
    assert_eq!(
        std::fs::read_to_string(&file)?.len(),
        good.len() / 2,
        "a refused checkpoint is left alone"
    );
    go(&[&one], &settings(out.path(), false), &calm)?; // afresh is always possible
    Ok(())
}

#[test] // one failure does not stop the others, is in the report, and is tried again on resume
fn a_failed_experiment_is_reported_and_not_kept() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let calm = AtomicBool::new(false);
    let bad = Draws::new("bad", |_: &Context<'_>| {
        Err(ExperimentError::core("fitting draw 3")(
            gibbs_core::Error::ConstantTarget,
        ))
    });
    let good = Draws::new("good", nothing);
    for resume in [false, true] {
        let report = go(&[&bad, &good], &settings(out.path(), resume), &calm)?;
        let failure = report.finished[0].failure.as_deref();
        assert_eq!(failure, Some("fitting draw 3: the target is constant"));
        assert_eq!(report.finished[1].count(Verdict::Met), 1);
    }
    assert_eq!(
        (bad.runs.load(Ordering::SeqCst), good.runs.load(Ordering::SeqCst)),
        (2, 1)
    );
    assert!(std::fs::read_to_string(out.path().join("index.html"))?.contains("fitting draw 3"));
    Ok(())
}

#[test]
fn an_unwritable_folder_is_refused_before_any_work() -> Result<(), Box<dyn std::error::Error>> {
    let file = tempfile::NamedTempFile::new()?;
    let one = Draws::new("one", nothing);
    let error = go(&[&one], &settings(file.path(), false), &AtomicBool::new(false)).expect_err("a file");
    assert!(matches!(error, RunError::Output { .. }), "{error}");
    assert_eq!(one.runs.load(Ordering::SeqCst), 0);
    Ok(())
}
