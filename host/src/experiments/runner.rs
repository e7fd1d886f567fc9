//! Runs experiments one after the other, leaves a checkpoint after each, writes the page at the end.

use super::checkpoint::{Checkpoint, CheckpointError, FILE, FigureFile, Finished};
use super::{Context, Experiment, ExperimentError, Outcome, page};
use crate::files::{ensure_writable, write_whole};
use crate::progress::Progress;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::time::Instant;

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of all experiments.
    pub seed: u64,
    /// Full-size versions.
    pub full: bool,
    /// Output folder; made when missing.
    pub out: PathBuf,
    /// Go on from the checkpoint in the output folder.
    pub resume: bool,
}

/// What a run gives.
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
    /// The output folder cannot be made or written to.
    #[error("cannot write to output folder {}: {source}; hint: choose another with --out DIR", path.display())]
    Output {
        /// The folder.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// The checkpoint cannot be used.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A file could not be written or read while running.
    #[error("{}: {source}; finished experiments are kept, go on with --resume", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// The user wanted to stop.
    #[error("interrupted: {finished} of {total} experiments done; hint: go on with --resume ({})", checkpoint.display())]
    Interrupted {
        /// Experiments that are done and kept.
        finished: usize,
        /// Experiments asked for.
        total: usize,
        /// The checkpoint.
        checkpoint: PathBuf,
    },
}

/// Runs `experiments` in order. After each, its figures and the checkpoint are on disk; at the end
/// `index.html` is written. With `settings.resume` finished experiments are taken from the checkpoint,
/// provided that their figures are still as they were written. An experiment that fails is reported with its
/// reason, and the others still run.
///
/// # Errors
/// [`RunError`]; on interruption the checkpoint is left for `resume`.
pub fn run_all(
    experiments: &[Experiment<'_>],
    settings: &Settings,
    progress: &dyn Progress,
    interrupted: &AtomicBool,
) -> Result<Report, RunError> {
    let out = settings.out.as_path();
    let unwritable = |source| RunError::Output {
        path: out.to_owned(),
        source,
    };
    ensure_writable(out).map_err(unwritable)?;
    let mut checkpoint = if settings.resume {
        Checkpoint::resume(out, settings.seed, settings.full)?
    } else {
        Checkpoint::new(settings.seed, settings.full)
    };
    checkpoint
        .finished
        .retain(|done| done.figures.iter().all(|figure| figure.intact(out)));
    // An early write: an unwritable folder and an old checkpoint are found out before the work, not after.
    checkpoint.write(out).map_err(unwritable)?;

    let context = Context {
        seed: settings.seed,
        full: settings.full,
        progress,
        interrupted,
    };
    let mut finished: Vec<Finished> = Vec::new();
    for experiment in experiments {
        if let Some(done) = checkpoint
            .finished
            .iter()
            .find(|done| done.name == experiment.about.name)
        {
            finished.push(done.clone());
            continue;
        }
        let begin = Instant::now();
        let outcome = context.check().and_then(|()| (experiment.run)(&context));
        let result = outcome.and_then(|outcome| keep(experiment, outcome, out, begin));
        match result {
            Ok(done) => {
                progress.end(&format!("{}: done in {:.1} s", done.name, done.seconds));
                checkpoint.finished.push(done.clone());
                checkpoint.write(out).map_err(|source| RunError::Io {
                    path: out.join(FILE),
                    source,
                })?;
                finished.push(done);
            }
            Err(ExperimentError::Interrupted) => {
                progress.end(&format!("{}: interrupted", experiment.about.name));
                return Err(RunError::Interrupted {
                    finished: finished.len(),
                    total: experiments.len(),
                    checkpoint: out.join(FILE),
                });
            }
            Err(failure) => {
                progress.end(&format!("{}: failed: {failure}", experiment.about.name));
                finished.push(Finished {
                    name: experiment.about.name.to_owned(),
                    rows: Vec::new(),
                    figures: Vec::new(),
                    notes: Vec::new(),
                    failure: Some(failure.to_string()),
                    seconds: begin.elapsed().as_secs_f64(),
                });
            }
        }
    }

    let page = out.join("index.html");
    let write = || {
        write_whole(
            &page,
            page::build(experiments, &finished, settings)?
                .to_html()
                .as_bytes(),
        )
    };
    write().map_err(|source| RunError::Io {
        path: page.clone(),
        source,
    })?;
    Ok(Report { finished, page })
}

/// Writes the figures and turns the outcome into what the checkpoint keeps.
fn keep(
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
