//! `gibbs ising verify`: exact results, exact balance and long runs, checked on this machine.

use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status, interrupt};
use crate::ising::verify::{Check, Halted, Judgement, Report, SIGMAS, Size, verify, verify_engine};
use crate::progress;
use crate::report::number::{plain, significant, with_error};
use crate::report::table::{Cell, Paint, Style, Table};
use crate::work::{Stopped, Work};
use clap::Args;
use gibbs_core::random;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail

/// Arguments of `gibbs ising verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising verify                  every check, about half a minute on two cores
  gibbs ising verify --seed 7         the same with other random numbers
  gibbs ising verify --json --quiet   one JSON object (schema gibbs.ising.verify/1)

A check of exact arithmetic must be within a stated distance; a sampled mean nearer than 5 standard errors to the
exact value, with an error below a stated size. Exit code 1 if any check fails. Another seed gives another run; a
run without fault fails with the small probability that is printed at the end.")]
pub(super) struct Arguments {}

pub(super) fn run(_: &Arguments, common: &Common) -> Result<Status, CliError> {
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupt::install(common.quiet)?);
    let make = |name: &str, index| random::stream(common.seed, name, index);
    let mut report = verify(make, Size::Full, &work).map_err(|reason| failed(&reason))?;
    let engine = verify_engine(common.seed, Size::Full, &work).map_err(|reason| failed(&reason))?;
    report.checks.extend(engine.checks);
    emit(common, || json_of(&report, common.seed), || text_of(&report))?;
    Ok(if report.passes() {
        Status::Done
    } else {
        Status::NotMet
    })
}

fn failed(reason: &Halted) -> CliError {
    match reason {
        Halted::Stopped(Stopped::Interrupted { .. }) => CliError::interrupted("interrupted"),
        other => CliError::failed(other.to_string()),
    }
}

/// The object of schema `gibbs.ising.verify/1`. `error` and `largest_error` are null where nothing is sampled,
/// `tolerance` where something is, `measured` where there was no value (`remark` says why).
fn json_of(report: &Report, seed: u64) -> Value {
    let one = |check: &Check| {
        let (error, largest, tolerance) = match check.judgement {
            Judgement::Within(most) => (None, None, Some(most)),
            Judgement::Sampled { error, largest } => (Some(error), Some(largest), None),
            Judgement::Deviate => (Some(1.0), None, None),
            Judgement::AtLeast => (None, None, None),
        };
        json!({
            "group": check.group,
            "check": check.name,
            "source": check.source,
            "rule": rule(check.judgement),
            "expected": check.expected,
            "measured": check.measured,
            "error": error,
            "largest_error": largest,
            "tolerance": tolerance,
            "z": check.z(),
            "passed": check.passes(),
            "remark": check.remark,
        })
    };
    json!({
        "schema": "gibbs.ising.verify/1",
        "seed": seed,
        "passed": report.passes(),
        "failures": report.failures().count(),
        "sigmas": SIGMAS,
        "statistical_checks": report.statistical(),
        "false_alarm_probability": report.false_alarm(),
        "checks": report.checks.iter().map(one).collect::<Vec<_>>(),
    })
}

fn rule(judgement: Judgement) -> &'static str {
    match judgement {
        Judgement::Within(_) => "within",
        Judgement::Sampled { .. } => "sampled",
        Judgement::Deviate => "deviate",
        Judgement::AtLeast => "at least",
    }
}

fn text_of(report: &Report) -> String {
    let mut table =
        Table::new(&["check", "source", "expected", "measured", "error", "verdict"]).right(&[2, 3, 4]);
    for check in &report.checks {
        let (expected, measured, error) = numbers(check);
        let verdict = if check.passes() {
            Cell::painted("ok", Paint::Good)
        } else {
            let reason = check.remark.as_deref().and_then(|text| text.lines().next());
            Cell::painted(
                format!("FAILED {}", reason.unwrap_or_default()).trim_end(),
                Paint::Bad,
            )
        };
        table.push([
            Cell::from(format!("{}: {}", check.group, check.name)),
            Cell::from(check.source),
            Cell::from(expected),
            Cell::from(measured),
            Cell::from(error),
            verdict,
        ]);
    }
    let mut text = table.to_text(Style {
        wrap: None,
        ..Style::of_stdout()
    });
    let failures = report.failures().count();
    let _ = writeln!(
        text,
        "\n{} checks, {failures} failed; {} of them sampled: chance alone fails a run with probability {}",
        report.checks.len(),
        report.statistical(),
        plain(report.false_alarm()),
    );
    text
}

/// Expected, measured and error as text; an error of exact arithmetic is the distance that is accepted.
fn numbers(check: &Check) -> (String, String, String) {
    match check.judgement {
        Judgement::Within(most) => (
            significant(check.expected, 9),
            significant(check.measured, 9),
            if most > 0.0 {
                format!("≤ {}", significant(most, 2))
            } else {
                "exact".to_owned()
            },
        ),
        Judgement::Sampled { error, .. } if !error.is_finite() => {
            (significant(check.expected, 9), "none".to_owned(), String::new())
        }
        Judgement::Sampled { error, .. } => {
            let both = with_error(check.measured, error);
            let (measured, error) = both.split_once(" ± ").unwrap_or((&both, ""));
            let digits = measured.split_once('.').map_or(0, |(_, decimals)| decimals.len());
            let expected = format!("{:.*}", (digits + 1).min(9), check.expected);
            let z = check.z().map_or(String::new(), |z| format!(" ({z:+.1} σ)"));
            (expected, measured.to_owned(), format!("{error}{z}"))
        }
        Judgement::Deviate => ("0".to_owned(), format!("{:+.2}", check.measured), "1".to_owned()),
        Judgement::AtLeast => (
            format!("≥ {}", plain(check.expected)),
            plain(check.measured),
            String::new(),
        ),
    }
}

#[cfg(test)]
mod tests {
    //! The run itself is tested beside the library function; here, what is printed of it.
    use super::*;

    fn check(name: &str, measured: f64, judgement: Judgement) -> Check {
        Check {
            group: "lattice",
            name: name.to_owned(),
            source: "Kaufman, finite torus",
            expected: -1.491_589_1,
            measured,
            judgement,
            remark: measured
                .is_nan()
                .then(|| "too short\nhint: measure longer".to_owned()),
        }
    }

    fn report() -> Report {
        let sampled = Judgement::Sampled {
            error: 0.000_75,
            largest: 0.002,
        };
        Report {
            checks: vec![
                check("near", -1.491, sampled),
                check("far", -1.5, sampled),
                check("none", f64::NAN, sampled),
                check("exact", -1.491_589_1, Judgement::Within(1e-12)),
            ],
        }
    }

    #[test]
    fn text_has_one_line_a_check_and_a_summary() {
        let text = text_of(&report());
        for (word, verdict) in [
            ("near", "ok"),
            ("far", "FAILED"),
            ("none", "FAILED too short"),
            ("exact", "ok"),
        ] {
            let line = text
                .lines()
                .find(|line| line.contains(&format!("lattice: {word}")));
            assert!(
                line.is_some_and(|line| line.trim_end().ends_with(verdict)),
                "{text}"
            );
        }
        assert!(
            text.contains("-1.491589 ") && text.contains("(+0.8 σ)") && text.contains("(-11.2 σ)"),
            "{text}"
        );
        assert!(text.contains("4 checks, 2 failed; 3 of them sampled"), "{text}");
    }

    #[test]
    fn json_says_the_same() {
        let object = json_of(&report(), 7);
        assert_eq!(object["schema"], "gibbs.ising.verify/1");
        assert_eq!((&object["seed"], &object["passed"]), (&json!(7), &json!(false)));
        assert_eq!(
            (&object["failures"], &object["statistical_checks"]),
            (&json!(2), &json!(3))
        );
        let checks = object["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let passed: Vec<_> = checks.iter().map(|c| c["passed"].as_bool()).collect();
        assert_eq!(passed, [Some(true), Some(false), Some(false), Some(true)]);
        assert_eq!(
            (&checks[2]["measured"], &checks[3]["z"]),
            (&Value::Null, &Value::Null)
        );
        assert_eq!(
            (&checks[0]["error"], &checks[3]["tolerance"]),
            (&json!(0.000_75), &json!(1e-12))
        );
    }
}
