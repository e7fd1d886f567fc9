//! The runner with experiments of its own: resume, interruption, a damaged kept run, failures.

use super::*;
use crate::experiments::{About, Expected, Row, Source, Verdict};
use crate::keep::{Identity, Keeper, Wish};
use crate::progress::Silent;
use crate::report::curves::{Curve, Curves};
use gibbs_core::random;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

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

const FILE: &str = "runner.checkpoint";

/// Runs them in `out`, kept as `wish` says, with seed 5; the kept run stays.
fn go(list: &[&Draws<'_>], out: &Path, wish: Wish, stop: &AtomicBool) -> Result<Report, RunError> {
    go_as(5, list, out, wish, stop)
}

fn go_as(
    seed: u64,
    list: &[&Draws<'_>],
    out: &Path,
    wish: Wish,
    stop: &AtomicBool,
) -> Result<Report, RunError> {
    let runs: Vec<_> = list
        .iter()
        .map(|one| |context: &Context<'_>| one.run(context))
        .collect();
    let pairs = list.iter().zip(&runs);
    let experiments: Vec<_> = pairs
        .map(|(one, run)| Experiment::new(one.about(), run))
        .collect();
    let settings = Settings {
        seed,
        full: false,
        out: out.to_owned(),
    };
    let keeper = Keeper::open(out, &Identity::new("test.runner", seed), wish)?;
    let work = Work {
        keeper: Some(&keeper),
        ..Work::new(&Silent, stop)
    };
    run_all(&experiments, &settings, &work)
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

#[test] // law: the second of three is interrupted; resuming gives what an undisturbed run gives, byte for byte
fn an_interrupted_run_goes_on_bit_identically() -> Result<(), Box<dyn std::error::Error>> {
    let (broken, whole) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let stop = AtomicBool::new(false);
    let (first, third) = (Draws::new("first", nothing), Draws::new("third", nothing));
    let second = Draws::new("second", |context: &Context<'_>| {
        stop.store(true, Ordering::SeqCst); // what the signal handler does
        context.check()
    });
    let error = go(&[&first, &second, &third], broken.path(), Wish::Unsaid, &stop).expect_err("stopped");
    let RunError::Stopped(Stopped::Interrupted { done, total, kept }) = error else {
        panic!("{error}");
    };
    assert_eq!((done, total), (1, 3));
    assert_eq!(kept, Some(broken.path().join(FILE)));
    assert!(!broken.path().join("index.html").exists());
    assert_eq!(third.runs.load(Ordering::SeqCst), 0);

    let calm = AtomicBool::new(false);
    let second = Draws::new("second", nothing);
    let list = [&first, &second, &third];
    let resumed = go(&list, broken.path(), Wish::Resume, &calm)?;
    assert_eq!(
        first.runs.load(Ordering::SeqCst),
        1,
        "a finished experiment is not run again"
    );
    let undisturbed = go(&list, whole.path(), Wish::Unsaid, &calm)?;
    assert_eq!(first.runs.load(Ordering::SeqCst), 2);
    assert_eq!(rows(&resumed), rows(&undisturbed));
    let (a, b) = (files(broken.path()), files(whole.path()));
    assert_eq!(a.len(), 7, "three SVG, three PNG, one page");
    assert!(
        a == b,
        "a file differs between the resumed and the undisturbed run"
    );
    Ok(())
}

#[test] // law: stopped in the middle of an experiment, its finished parts are not computed again, and go when it is done
fn an_experiment_goes_on_inside_itself() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (stop, parts) = (AtomicBool::new(false), AtomicUsize::new(0));
    let study = |context: &Context<'_>, task, count| {
        let values = context.work.parts(task, count, |index| {
            parts.fetch_add(1, Ordering::SeqCst);
            Ok::<_, ExperimentError>(vec![index as f64])
        })?;
        assert_eq!(values.concat(), [0.0, 1.0, 2.0, 3.0][..count]);
        Ok::<_, ExperimentError>(())
    };
    let one = Draws::new("one", |context: &Context<'_>| {
        study(context, "before", 2)?;
        study(context, "after", 4)
    });
    let stopping = Draws::new("one", |context: &Context<'_>| {
        study(context, "before", 2)?;
        stop.store(true, Ordering::SeqCst); // what the signal handler does
        context.check()
    });
    go(&[&stopping], out.path(), Wish::Unsaid, &stop).expect_err("stopped");
    assert_eq!(parts.load(Ordering::SeqCst), 2);
    stop.store(false, Ordering::SeqCst);
    go(&[&one], out.path(), Wish::Resume, &stop)?;
    assert_eq!(parts.load(Ordering::SeqCst), 6, "two kept, four new");
    let kept = std::fs::read(out.path().join(FILE))?;
    let holds = |word: &str| kept.windows(word.len()).any(|bytes| bytes == word.as_bytes());
    assert!(holds("finished/one/") && !holds("one/before/"));
    Ok(())
}

#[test]
fn a_changed_or_missing_figure_makes_its_experiment_run_again() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (one, calm) = (Draws::new("one", nothing), AtomicBool::new(false));
    go(&[&one], out.path(), Wish::Unsaid, &calm)?;
    let before = files(out.path());
    for spoil in ["one-walk.svg", "one-walk.png"] {
        std::fs::write(out.path().join(spoil), b"something else")?;
        go(&[&one], out.path(), Wish::Resume, &calm)?;
        assert!(files(out.path()) == before, "{spoil} was not made again");
    }
    std::fs::remove_file(out.path().join("one-walk.svg"))?;
    go(&[&one], out.path(), Wish::Resume, &calm)?;
    assert_eq!(one.runs.load(Ordering::SeqCst), 4);
    go(&[&one], out.path(), Wish::Resume, &calm)?;
    assert_eq!(one.runs.load(Ordering::SeqCst), 4);
    Ok(())
}

#[test] // edge: R3: one digit of a kept row changed, wherever it stands
fn a_changed_digit_in_a_kept_row_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (one, calm) = (Draws::new("one", nothing), AtomicBool::new(false));
    go(&[&one], out.path(), Wish::Unsaid, &calm)?;
    let file = out.path().join(FILE);
    let good = std::fs::read(&file)?;
    let row = b"measured";
    let starts = good
        .windows(row.len())
        .enumerate()
        .filter(|(_, bytes)| bytes == row);
    let starts: Vec<usize> = starts.map(|(at, _)| at).collect();
    assert_eq!(starts.len(), 2, "two rows");
    for start in starts {
        let digit = good[start..]
            .iter()
            .position(u8::is_ascii_digit)
            .unwrap_or_default();
        let mut bad = good.clone();
        let byte = &mut bad[start + digit];
        *byte = if *byte == b'9' { b'8' } else { *byte + 1 };
        std::fs::write(&file, &bad)?;
        let error = go(&[&one], out.path(), Wish::Resume, &calm).expect_err("changed");
        let damaged = RunError::Stopped(Stopped::Keep(KeepError::Damaged {
            path: file.clone(),
            reason: String::new(),
        }));
        assert_eq!(std::mem::discriminant(&error), std::mem::discriminant(&damaged));
        assert_eq!(error.code(), "kept_run_damaged", "{error}");
    }
    std::fs::write(&file, &good)?;
    go(&[&one], out.path(), Wish::Resume, &calm)?;
    assert_eq!(one.runs.load(Ordering::SeqCst), 1);
    Ok(())
}

#[test]
fn a_kept_run_of_another_seed_is_refused() -> Result<(), Box<dyn std::error::Error>> {
    let out = tempfile::tempdir()?;
    let (one, calm) = (Draws::new("one", nothing), AtomicBool::new(false));
    go(&[&one], out.path(), Wish::Unsaid, &calm)?;
    for (seed, wish, code) in [
        (6, Wish::Resume, "kept_run_of_another"),
        (5, Wish::Unsaid, "kept_run_lies_here"),
    ] {
        let error = go_as(seed, &[&one], out.path(), wish, &calm).expect_err(code);
        assert_eq!(error.code(), code, "{error}");
    }
    go_as(6, &[&one], out.path(), Wish::Anew, &calm)?; // afresh is always possible
    assert_eq!(one.runs.load(Ordering::SeqCst), 2);
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
    for wish in [Wish::Unsaid, Wish::Resume] {
        let report = go(&[&bad, &good], out.path(), wish, &calm)?;
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
