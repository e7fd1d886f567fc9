//! Runs experiments one after the other, keeps each when it is done, writes the page at the end.

use super::experiment::Settings;
use super::finished::{FigureFile, Finished};
use super::{Context, Experiment, ExperimentError, Outcome, page};
use crate::files::write_whole;
use crate::keep::KeepError;
use crate::refusal::{Kind, Place, Refusal};
use crate::work::{Stopped, Work};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

/// The outcome of a run of experiments.
#[derive(Debug)]
pub struct Report {
    /// One entry per experiment, in the order asked for.
    pub finished: Vec<Finished>,
    /// The page that was written.
    pub page: PathBuf,
}

/// Why a run has no report.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The user wanted to stop, or what is done cannot be kept.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// A file could not be written or read while running.
    #[error("{}: {source}; finished experiments are kept, go on with --resume", path.display())]
    Io {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
}

impl From<KeepError> for RunError {
    fn from(error: KeepError) -> Self {
        Self::Stopped(error.into())
    }
}

impl Refusal for RunError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            Self::Io { .. } => Kind::Failed,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            Self::Io { .. } => "report_io",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            Self::Io { path, .. } => Place::in_file(path),
        }
    }
}

/// Runs `experiments` in order. After each, its figures are on disk and it is kept; at the end `index.html` is written.
/// An experiment that was kept is not run again, provided that its figures are still as they were written; one that was
/// stopped goes on with the parts that it has kept. One that fails is reported with its reason, and the others still
/// run.
///
/// # Errors
/// [`RunError`].
pub fn run_all(
    experiments: &[Experiment<'_>],
    settings: &Settings,
    work: &Work<'_>,
) -> Result<Report, RunError> {
    let mut finished: Vec<Finished> = Vec::new();
    for experiment in experiments {
        let name = experiment.about.name;
        if let Some(done) = recall(work, name, &settings.out)? {
            finished.push(done);
            continue;
        }
        let begin = Instant::now();
        let context = Context {
            work: work.within(name),
            seed: settings.seed,
            full: settings.full,
        };
        let outcome = context.check().and_then(|()| (experiment.run)(&context));
        let result = outcome.and_then(|outcome| write(experiment, outcome, &settings.out, begin));
        match result {
            Ok(done) => {
                work.progress
                    .end(&format!("{name}: done in {:.1} s", done.seconds));
                keep(work, &done)?;
                finished.push(done);
            }
            Err(ExperimentError::Stopped(stopped)) => {
                work.progress.end(&format!("{name}: interrupted"));
                return Err(told(stopped, work, finished.len(), experiments.len()));
            }
            Err(failure) => {
                work.progress.end(&format!("{name}: failed: {failure}"));
                finished.push(Finished {
                    name: name.to_owned(),
                    rows: Vec::new(),
                    figures: Vec::new(),
                    notes: Vec::new(),
                    failure: Some(failure.to_string()),
                    seconds: begin.elapsed().as_secs_f64(),
                });
            }
        }
    }

    let page = settings.out.join("index.html");
    let written = page::build(experiments, &finished, settings)
        .and_then(|built| write_whole(&page, built.to_html().as_bytes()));
    written.map_err(|source| RunError::Io {
        path: page.clone(),
        source,
    })?;
    Ok(Report { finished, page })
}

/// Where a finished experiment is kept: apart from the parts of one that is not finished.
fn place(name: &str) -> String {
    format!("finished/{name}")
}

/// The experiment of this name, if it is kept and its figures are as it left them.
fn recall(work: &Work<'_>, name: &str, out: &Path) -> Result<Option<Finished>, KeepError> {
    let Some(keeper) = work.keeper else {
        return Ok(None);
    };
    let kept: Option<Finished> = keeper.part(&place(name))?;
    Ok(kept.filter(|done| done.figures.iter().all(|figure| figure.intact(out))))
}

/// Keeps a finished experiment in the place of its parts.
fn keep(work: &Work<'_>, done: &Finished) -> Result<(), KeepError> {
    let Some(keeper) = work.keeper else { return Ok(()) };
    keeper.forget(&done.name);
    keeper.keep(&place(&done.name), done)?;
    keeper.write()
}

/// An interruption, told in experiments; anything else as it is.
fn told(stopped: Stopped, work: &Work<'_>, done: usize, total: usize) -> RunError {
    let Stopped::Interrupted { .. } = stopped else {
        return stopped.into();
    };
    if let Some(Err(error)) = work.keeper.map(crate::keep::Keeper::write) {
        return error.into();
    }
    let interrupted = Stopped::Interrupted {
        done: done as u64,
        total: total as u64,
        kept: work.keeper.map(|keeper| keeper.path().to_owned()),
    };
    interrupted.into()
}

/// Writes the figures and turns the outcome into what is kept.
fn write(
    experiment: &Experiment<'_>,
    outcome: Outcome,
    out: &Path,
    begin: Instant,
) -> Result<Finished, ExperimentError> {
    let name = experiment.about.name;
    let mut figures = Vec::new();
    for illustration in outcome.figures {
        let stem = format!("{name}-{}", illustration.stem);
        illustration.figure.write(out, &stem)?;
        let hash = FigureFile::hash_on_disk(out, &stem)
            .map_err(ExperimentError::other(format!("reading back figure {stem}")))?;
        figures.push(FigureFile {
            stem,
            caption: illustration.caption,
            hash,
        });
    }
    Ok(Finished {
        name: name.to_owned(),
        rows: outcome.rows,
        figures,
        notes: outcome.notes,
        failure: None,
        seconds: begin.elapsed().as_secs_f64(),
    })
}

#[cfg(test)]
mod tests;
