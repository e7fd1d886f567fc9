//! The finished experiments as an HTML page.

use super::Experiment;
use super::Verdict;
use super::experiment::Settings;
use super::finished::Finished;
use crate::report::html::{Mark, Page, PageFigure, PageRow, Section};
use std::fmt::Write as _; // writing to a string cannot fail
use std::io;
use std::path::Path;

/// One sentence on all claims: "12 claims met, 1 not met; 3 rows for information; 1 known shortfall".
pub fn summary(finished: &[Finished]) -> String {
    let count = |verdict| finished.iter().map(|f| f.count(verdict)).sum::<usize>();
    let failed = finished.iter().filter(|f| f.failure.is_some()).count();
    let mut text = format!(
        "{} claims met, {} not met",
        count(Verdict::Met),
        count(Verdict::NotMet)
    );
    let mut add = |number: usize, what: &str| {
        if number > 0 {
            let _ = write!(text, "; {number} {what}");
        }
    };
    add(count(Verdict::KnownShortfall), "known shortfall(s)");
    add(count(Verdict::Informative), "row(s) for information");
    add(failed, "experiment(s) failed");
    text
}

/// Builds the page; the figures are read back from `settings.out`.
///
/// # Errors
/// When a figure cannot be read.
pub fn build(experiments: &[Experiment<'_>], finished: &[Finished], settings: &Settings) -> io::Result<Page> {
    let mut sections = Vec::new();
    for result in finished {
        let Some(experiment) = experiments.iter().find(|e| e.about.name == result.name) else {
            continue;
        };
        sections.push(Section {
            name: result.name.clone(),
            title: experiment.about.title.to_owned(),
            paper: experiment.about.paper.to_owned(),
            claim: experiment.about.claim.to_owned(),
            command: command(Some(&result.name), settings),
            rows: result
                .rows
                .iter()
                .map(|r| PageRow {
                    cells: r.cells(),
                    mark: mark(r.verdict()),
                })
                .collect(),
            figures: figures(result, &settings.out)?,
            notes: result.notes.clone(),
            failure: result.failure.clone(),
        });
    }
    Ok(Page {
        title: "gibbs: reproduced results".to_owned(),
        summary: summary(finished),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        seed: settings.seed,
        command: command(None, settings),
        sections,
    })
}

fn figures(result: &Finished, out: &Path) -> io::Result<Vec<PageFigure>> {
    let load = |figure: &super::finished::FigureFile| {
        Ok(PageFigure {
            svg: std::fs::read_to_string(out.join(format!("{}.svg", figure.stem)))?,
            png: format!("{}.png", figure.stem),
            caption: figure.caption.clone(),
        })
    };
    result.figures.iter().map(load).collect()
}

/// The command that repeats one experiment, or all. The folder is left out: it changes no result.
fn command(name: Option<&str>, settings: &Settings) -> String {
    let mut text = "gibbs reproduce".to_owned();
    if let Some(name) = name {
        let _ = write!(text, " {name}");
    }
    let _ = write!(text, " --seed {}", settings.seed);
    if settings.full {
        text.push_str(" --full");
    }
    text
}

fn mark(verdict: Verdict) -> Mark {
    match verdict {
        Verdict::Met => Mark::Good,
        Verdict::NotMet => Mark::Bad,
        Verdict::Informative | Verdict::KnownShortfall => Mark::Neutral,
    }
}
