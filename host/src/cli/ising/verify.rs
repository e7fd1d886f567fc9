//! `gibbs ising verify`: exact results, exact balance and long runs, checked on this machine.

use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::verify::{Check, Halted, Report, Size, verify, verify_engine};
use crate::report::answer::Answer;
use crate::report::claim::{Row, SIGMAS};
use crate::report::number::plain;
use crate::report::screen::{Group, screen, table_of};
use crate::report::table::Style;
use clap::Args;
use gibbs_core::random;
use std::fmt::Write as _; // writing to a string cannot fail

const VERB: Verb = Verb {
    name: "ising.verify",
    version: 2,
    folder: Folder::Unused,
    keeps: false,
};

/// Arguments of `gibbs ising verify`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising verify                  every check, about half a minute on two cores
  gibbs ising verify --seed 7         the same with other random numbers
  gibbs ising verify --rows           every check with its numbers
  gibbs ising verify --json --quiet   one JSON object (schema gibbs.ising.verify/2)

A check of exact arithmetic must be within a stated distance; a sampled mean nearer than 5 standard errors to the
exact value, with an error below a stated size. Exit code 1 if any check fails. Another seed gives another run; a
run without fault fails with the small probability that is printed at the end.")]
pub(super) struct Arguments {
    /// Show every check instead of the one screen
    #[arg(long)]
    rows: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let work = session.work()?;
    let seed = session.seed();
    let make = |name: &str, index| random::stream(seed, name, index);
    let failed = |reason: Halted| match reason {
        Halted::Stopped(stopped) => stopped.into(),
        other @ Halted::Core(_) => CliError::failed(other.to_string()),
    };
    let mut report = verify(make, Size::Full, &work).map_err(failed)?;
    let engine = verify_engine(seed, Size::Full, &work).map_err(failed)?;
    report.checks.extend(engine.checks);
    let mut answer = Answer::new();
    fields(&mut answer, &report);
    answer.block(text_of(&report, arguments.rows));
    let ended = if report.passes() {
        Ended::DONE
    } else {
        Ended::not_met("checks_failed")
    };
    session.done(answer, ended)
}

/// The fields of JSON: `checks` are rows as those of `gibbs reproduce`, each with its `group`.
fn fields(answer: &mut Answer, report: &Report) {
    let one = |check: &Check| {
        let mut row = check.row.to_json();
        row["group"] = check.group.into();
        row
    };
    answer.hidden("passed", report.passes());
    answer.hidden("failures", report.failures().count());
    answer.hidden("sigmas", SIGMAS);
    answer.hidden("statistical_checks", report.statistical());
    answer.hidden("false_alarm_probability", report.false_alarm());
    answer.hidden("checks", report.checks.iter().map(one).collect::<Vec<_>>());
}

fn group<'a>((name, rows): &'a (&'static str, Vec<Row>)) -> Group<'a> {
    Group {
        name,
        rows,
        failure: None,
        seconds: None,
    }
}

/// One screen, or with `all` every row.
fn text_of(report: &Report, all: bool) -> String {
    let style = Style::of_stdout();
    let groups = report.groups();
    let mut text = String::new();
    if all {
        for (name, rows) in &groups {
            let _ = write!(text, "{name}\n\n{}\n", table_of(rows).to_text(style));
        }
    } else {
        text = screen("group", &groups.iter().map(group).collect::<Vec<_>>(), style);
        text.push('\n');
    }
    let _ = writeln!(
        text,
        "{} checks, {} failed; {} of them sampled: chance alone fails a run with probability {}",
        report.checks.len(),
        report.failures().count(),
        report.statistical(),
        plain(report.false_alarm()),
    );
    text
}

#[cfg(test)]
mod tests {
    //! The run itself is tested beside the library function; here, what is printed of it.
    use super::*;
    use crate::report::claim::{Expected, Source};
    use serde_json::{Value, json};

    fn check(name: &str, measured: f64, error: f64) -> Check {
        let exact = -1.491_589_1;
        let expected = if error > 0.0 {
            Expected::sampled(exact, 0.002)
        } else {
            Expected::equal(exact, 1e-12)
        };
        let row = Row::new(name, Source::oracle("Kaufman, finite torus"), expected, measured);
        let mut row = row.with_error(error);
        row.remark = measured.is_nan().then(|| "too short: measure longer".to_owned());
        Check {
            group: "lattice",
            row,
        }
    }

    fn report() -> Report {
        Report {
            checks: vec![
                check("near", -1.491, 0.000_75),
                check("far", -1.5, 0.000_75),
                check("none", f64::NAN, 0.000_75),
                check("exact", -1.491_589_1, 0.0),
            ],
        }
    }

    #[test]
    fn one_screen_shows_what_failed_and_rows_show_all() {
        let text = text_of(&report(), false);
        assert!(
            text.contains("lattice: far") && text.contains("lattice: none"),
            "{text}"
        );
        assert!(
            !text.contains("near") && text.contains("too short: measure longer"),
            "{text}"
        );
        assert!(text.contains("(-11.2 σ)"), "{text}");
        assert!(text.contains("4 checks, 2 failed; 3 of them sampled"), "{text}");
        let all = text_of(&report(), true);
        for (word, verdict) in [
            ("near", "met"),
            ("far", "NOT MET"),
            ("none", "NOT MET: too short: measure longer"),
            ("exact", "met"),
        ] {
            let line = all.lines().find(|line| line.starts_with(word));
            assert!(line.is_some_and(|line| line.ends_with(verdict)), "{all}");
        }
        assert!(all.contains("-1.491589  ") && all.contains("(+0.8 σ)"), "{all}");
    }

    #[test]
    fn json_says_the_same() {
        let mut answer = Answer::new();
        fields(&mut answer, &report());
        let object = answer.to_json(0.0);
        assert_eq!(object["passed"], json!(false));
        assert_eq!(
            (&object["failures"], &object["statistical_checks"]),
            (&json!(2), &json!(3))
        );
        let checks = object["checks"].as_array().map(Vec::as_slice).unwrap_or_default();
        let verdicts: Vec<_> = checks.iter().map(|c| c["verdict"].as_str()).collect();
        assert_eq!(
            verdicts,
            [Some("met"), Some("not_met"), Some("not_met"), Some("met")]
        );
        assert_eq!(
            (&checks[0]["group"], &checks[2]["measured"], &checks[0]["error"]),
            (&json!("lattice"), &Value::Null, &json!(0.000_75))
        );
        assert_eq!(
            (
                &checks[0]["expected"]["largest_error"],
                &checks[3]["expected"]["tolerance"]
            ),
            (&json!(0.002), &json!(1e-12))
        );
    }
}
