//! `gibbs reproduce`: runs the experiments, prints the table, writes the page and its figures.

use super::error::CliError;
use super::output::emit;
use super::{Common, Status, interrupt};
use crate::experiments::checkpoint::Finished;
use crate::experiments::registry::REGISTRY;
use crate::experiments::runner::{self, Report, Settings};
use crate::experiments::{Expected, Experiment, Row, Verdict, page};
use crate::progress;
use crate::report::table::{Cell, Paint, Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::PathBuf;

/// Arguments of `gibbs reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs reproduce                      everything, quick versions, report/index.html
  gibbs reproduce random-moments       one experiment
  gibbs reproduce --full --resume      full size, going on where a stopped run left off
  gibbs reproduce --json --quiet       one JSON object (schema gibbs.reproduce/1)

Exit code 1 when a claim is not met; rows for information and known shortfalls do not change it.")]
pub struct Arguments {
    /// Experiments to run [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Full-size versions: minutes to hours
    #[arg(long)]
    full: bool,
    /// List the experiments and do nothing
    #[arg(long)]
    list: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let wanted = choose(REGISTRY, &arguments.names)?;
    if arguments.list {
        emit(common, || list_json(&wanted), || list_text(&wanted))?;
        return Ok(Status::Done);
    }
    let settings = Settings {
        seed: common.seed,
        full: arguments.full,
        out: common.out.clone().unwrap_or_else(|| PathBuf::from("report")),
        resume: common.resume,
    };
    let progress = progress::for_stderr(common.quiet);
    let report = runner::run_all(&wanted, &settings, &*progress, interrupt::install(common.quiet)?)?;
    emit(
        common,
        || json_of(&wanted, &report, &settings),
        || text_of(&wanted, &report, &settings),
    )?;
    let bad = |f: &Finished| f.failure.is_some() || f.count(Verdict::NotMet) > 0;
    Ok(if report.finished.iter().any(bad) {
        Status::NotMet
    } else {
        Status::Done
    })
}

/// The named experiments in the order of the registry, each once; all without names.
fn choose<'a>(all: &[Experiment<'a>], names: &[String]) -> Result<Vec<Experiment<'a>>, CliError> {
    if let Some(unknown) = names
        .iter()
        .find(|name| !all.iter().any(|e| e.about.name == *name))
    {
        let known: Vec<_> = all.iter().map(|e| e.about.name).collect();
        let message = format!(
            "no experiment is called `{unknown}`; hint: there are {}",
            known.join(", ")
        );
        return Err(CliError::input(message).with("name", unknown.as_str()));
    }
    let asked = |e: &Experiment<'_>| names.is_empty() || names.iter().any(|name| name == e.about.name);
    Ok(all.iter().copied().filter(asked).collect())
}

fn list_text(experiments: &[Experiment<'_>]) -> String {
    let mut table = Table::new(&["name", "title", "source"]);
    for e in experiments {
        table.push([e.about.name, e.about.title, e.about.paper]);
    }
    table.to_text(Style::of_stdout())
}

fn list_json(experiments: &[Experiment<'_>]) -> Value {
    let entry = |e: &Experiment<'_>| json!({"name": e.about.name, "title": e.about.title, "paper": e.about.paper, "claim": e.about.claim});
    json!({
        "schema": "gibbs.reproduce.list/1",
        "experiments": experiments.iter().map(entry).collect::<Vec<_>>(),
    })
}

fn text_of(experiments: &[Experiment<'_>], report: &Report, settings: &Settings) -> String {
    let style = Style::of_stdout();
    let mut text = String::new();
    for done in &report.finished {
        let title = experiments
            .iter()
            .find(|e| e.about.name == done.name)
            .map_or("", |e| e.about.title);
        let _ = write!(text, "{title} ({}, {:.1} s)\n\n", done.name, done.seconds);
        if let Some(failure) = &done.failure {
            let _ = writeln!(text, "FAILED: {failure}");
        } else {
            text.push_str(&table_of(&done.rows).to_text(style));
        }
        for note in &done.notes {
            let _ = writeln!(text, "note: {note}");
        }
        text.push('\n');
    }
    let size = if settings.full { "full size" } else { "quick" };
    let _ = writeln!(
        text,
        "{}; seed {}, {size}",
        page::summary(&report.finished),
        settings.seed
    );
    let _ = writeln!(text, "report: {}", report.page.display());
    text
}

/// The table of the report: quantity, source, expected, tolerance, measured, verdict.
pub fn table_of(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "quantity",
        "source",
        "expected",
        "tolerance",
        "measured",
        "verdict",
    ])
    .right(&[2, 3, 4]);
    for row in rows {
        let [quantity, source, expected, tolerance, measured, verdict] = row.cells();
        let paint = match row.verdict() {
            Verdict::Met => Paint::Good,
            Verdict::NotMet => Paint::Bad,
            Verdict::Informative | Verdict::KnownShortfall => Paint::Quiet,
        };
        let cells = [quantity, source, expected, tolerance, measured].map(Cell::from);
        table.push(cells.into_iter().chain([Cell::painted(verdict, paint)]));
    }
    table
}

fn json_of(experiments: &[Experiment<'_>], report: &Report, settings: &Settings) -> Value {
    let count = |verdict| report.finished.iter().map(|f| f.count(verdict)).sum::<usize>();
    let entry = |done: &Finished| {
        let about = experiments.iter().find(|e| e.about.name == done.name);
        let figure = |f: &crate::experiments::checkpoint::FigureFile| json!({"svg": format!("{}.svg", f.stem), "png": format!("{}.png", f.stem), "caption": f.caption});
        json!({
            "name": done.name,
            "title": about.map(|e| e.about.title),
            "paper": about.map(|e| e.about.paper),
            "claim": about.map(|e| e.about.claim),
            "rows": done.rows.iter().map(row_json).collect::<Vec<_>>(),
            "figures": done.figures.iter().map(figure).collect::<Vec<_>>(),
            "notes": done.notes,
            "failure": done.failure,
            "seconds": done.seconds,
        })
    };
    json!({
        "schema": "gibbs.reproduce/1",
        "version": env!("CARGO_PKG_VERSION"),
        "seed": settings.seed,
        "full": settings.full,
        "report": report.page.display().to_string(),
        "claims": {
            "met": count(Verdict::Met),
            "not_met": count(Verdict::NotMet),
            "known_shortfall": count(Verdict::KnownShortfall),
            "informative": count(Verdict::Informative),
        },
        "experiments": report.finished.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// A row for JSON. A number that JSON cannot hold (NaN, infinity) is null.
fn row_json(row: &Row) -> Value {
    json!({
        "quantity": row.quantity,
        "source": {"kind": row.source.kind(), "detail": row.source.detail()},
        "expected": expected_json(&row.expected),
        "measured": row.measured,
        "error": row.error,
        "unit": row.unit,
        "verdict": row.verdict().key(),
        "timed": row.timed,
    })
}

fn expected_json(expected: &Expected) -> Value {
    match expected {
        Expected::Equal { value, tolerance } => {
            json!({"kind": "equal", "value": value, "tolerance": tolerance})
        }
        Expected::AtLeast(bound) => json!({"kind": "at_least", "value": bound}),
        Expected::AtMost(bound) => json!({"kind": "at_most", "value": bound}),
        Expected::Within { low, high } => json!({"kind": "within", "low": low, "high": high}),
        Expected::Informative => json!({"kind": "informative"}),
        Expected::KnownShortfall { target, reason } => {
            json!({"kind": "known_shortfall", "target": expected_json(target), "reason": reason})
        }
    }
}
