//! `gibbs reproduce`: runs the experiments, prints one screen, writes the page and its figures.

use super::error::CliError;
use super::output::emit;
use super::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::experiments::experiment::Settings;
use crate::experiments::finished::{FigureFile, Finished};
use crate::experiments::registry::REGISTRY;
use crate::experiments::runner::{self, Report};
use crate::experiments::{Experiment, Row, Verdict, page};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::screen::{screen, table_of};
use crate::report::table::{Style, Table, wrap};
use clap::Args;
use serde_json::{Map, Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

const VERB: Verb = Verb {
    name: "reproduce",
    version: 2,
    folder: Folder::Default("report"),
    keeps: true,
};

/// Arguments of `gibbs reproduce`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs reproduce                      everything, quick versions, report/index.html
  gibbs reproduce random-moments       one experiment
  gibbs reproduce --full --resume      full size, going on where a stopped run left off
  gibbs reproduce ising-glass --rows   an experiment with all its rows
  gibbs reproduce --json --quiet       one JSON object (schema gibbs.reproduce/2)

Exit code 1 when a claim is not met; rows for information and known shortfalls do not change it.
The page and the figures of earlier runs in the folder are removed.")]
pub struct Arguments {
    /// Experiments to run [default: all]
    #[arg(value_name = "NAME")]
    names: Vec<String>,
    /// Full-size versions: minutes to hours
    #[arg(long)]
    full: bool,
    /// Show every row instead of the one screen
    #[arg(long)]
    rows: bool,
    /// List the experiments and do nothing
    #[arg(long)]
    list: bool,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let wanted = choose(REGISTRY, &arguments.names)?;
    if arguments.list {
        emit(common, || list_json(&wanted), || list_text(&wanted)).map_err(CliError::unwritten)?;
        return Ok(Status::Done);
    }
    let session = Session::begin(common, VERB)?;
    let settings = Settings {
        seed: session.seed(),
        full: arguments.full,
        out: session.out().map(Path::to_owned).unwrap_or_default(),
    };
    let identity = Identity::new(VERB.name, settings.seed).with("full size", settings.full);
    let report = session.run(&identity, |work| {
        clear(&session, &wanted, common.resume)?;
        runner::run_all(&wanted, &settings, work).map_err(CliError::from)
    })?;
    let stems = report.finished.iter().flat_map(|done| &done.figures);
    for stem in stems.map(|figure| settings.out.join(&figure.stem)) {
        session.wrote(&stem.with_extension("svg"));
        session.wrote(&stem.with_extension("png"));
    }
    session.wrote(&report.page);
    let mut answer = Answer::new();
    fields(&mut answer, &wanted, &report, &settings);
    answer.block(text_of(&wanted, &report, &settings, arguments.rows));
    if report.finished.iter().any(|done| done.failure.is_some()) {
        session.leave_kept()?; // --resume tries again what failed
        return session.done(answer, Ended::not_met("failed"));
    }
    let not_met = report.finished.iter().any(|done| done.count(Verdict::NotMet) > 0);
    session.done(
        answer,
        if not_met {
            Ended::not_met("claims_not_met")
        } else {
            Ended::DONE
        },
    )
}

/// Removes the page and the figures of earlier runs; those of the experiments that go on stay.
fn clear(session: &Session<'_>, wanted: &[Experiment<'_>], resumed: bool) -> Result<(), CliError> {
    let stays = |name: &str| resumed && wanted.iter().any(|one| one.about.name == name);
    let figure_of = |file: &str, name: &str| {
        let rest = file.strip_prefix(name).and_then(|rest| rest.strip_prefix('-'));
        rest.and_then(|rest| rest.rsplit_once('.'))
            .is_some_and(|(_, end)| matches!(end, "svg" | "png"))
    };
    session.clear_where("", |file| {
        let mut names = REGISTRY.iter().map(|one| one.about.name);
        file == "index.html" || names.any(|name| !stays(name) && figure_of(file, name))
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

/// One screen, or with `all` every row of every experiment.
fn text_of(experiments: &[Experiment<'_>], report: &Report, settings: &Settings, all: bool) -> String {
    let style = Style::of_stdout();
    let mut text = if all {
        let tables = report
            .finished
            .iter()
            .map(|done| rows_of(experiments, done, style));
        tables.collect()
    } else {
        let groups: Vec<_> = report.finished.iter().map(Finished::group).collect();
        screen("experiment", &groups, style)
    };
    let size = if settings.full { "full size" } else { "quick" };
    let summary = page::summary(&report.finished);
    let _ = write!(text, "\n{summary}; seed {}, {size}\n", settings.seed);
    let _ = writeln!(text, "all rows and figures: {}", report.page.display());
    text
}

/// All rows and notes of one experiment.
fn rows_of(experiments: &[Experiment<'_>], done: &Finished, style: Style) -> String {
    let about = experiments.iter().find(|e| e.about.name == done.name);
    let title = about.map_or("", |e| e.about.title);
    let mut text = format!("{title} ({}, {:.1} s)\n\n", done.name, done.seconds);
    if let Some(failure) = &done.failure {
        let _ = writeln!(text, "FAILED: {failure}");
    } else {
        text.push_str(&table_of(&done.rows).to_text(style));
    }
    for note in &done.notes {
        for (k, line) in wrap(
            note,
            style.width.map_or(usize::MAX, |width| width.saturating_sub(6)),
        )
        .iter()
        .enumerate()
        {
            let _ = writeln!(text, "{}{line}", if k == 0 { "note: " } else { "      " });
        }
    }
    text.push('\n');
    text
}

/// The fields of JSON; seconds are under `timing`.
fn fields(answer: &mut Answer, experiments: &[Experiment<'_>], report: &Report, settings: &Settings) {
    let count = |verdict| report.finished.iter().map(|f| f.count(verdict)).sum::<usize>();
    let figure = |f: &FigureFile| json!({"svg": format!("{}.svg", f.stem), "png": format!("{}.png", f.stem), "caption": f.caption});
    let entry = |done: &Finished| {
        let about = experiments.iter().find(|e| e.about.name == done.name);
        json!({
            "name": done.name,
            "title": about.map(|e| e.about.title),
            "paper": about.map(|e| e.about.paper),
            "claim": about.map(|e| e.about.claim),
            "rows": done.rows.iter().map(Row::to_json).collect::<Vec<_>>(),
            "figures": done.figures.iter().map(figure).collect::<Vec<_>>(),
            "notes": done.notes,
            "failure": done.failure,
        })
    };
    answer.hidden("version", env!("CARGO_PKG_VERSION"));
    answer.hidden("full", settings.full);
    answer.hidden(
        "claims",
        json!({
            "met": count(Verdict::Met),
            "not_met": count(Verdict::NotMet),
            "known_shortfall": count(Verdict::KnownShortfall),
            "informative": count(Verdict::Informative),
        }),
    );
    answer.hidden(
        "experiments",
        report.finished.iter().map(entry).collect::<Vec<_>>(),
    );
    let seconds: Map<String, Value> = report
        .finished
        .iter()
        .map(|f| (f.name.clone(), json!(f.seconds)))
        .collect();
    answer.timing("experiments", seconds);
}
