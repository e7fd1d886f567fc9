//! The vocabulary of experiments: what one says about itself, what it is given, what it finds, how it fails.

use super::Row;
use crate::report::figure::{Figure, FigureError};
use crate::work::{Stopped, Work};
use gibbs_core::random::{self, Xoshiro256PlusPlus};
use std::path::PathBuf;

/// What an experiment says about itself.
#[derive(Clone, Copy, Debug)]
pub struct About {
    /// Name on the command line and in files: lower case, digits, hyphens.
    pub name: &'static str,
    /// Title for people.
    pub title: &'static str,
    /// Citation: authors, title, where, equations or figures.
    pub paper: &'static str,
    /// What is claimed, in one or two sentences.
    pub claim: &'static str,
}

/// One reproduced paper (or one figure or table of it): what is claimed, and the function that measures it.
#[derive(Clone, Copy)]
pub struct Experiment<'a> {
    /// What it says about itself.
    pub about: About,
    /// Measures. A claim that is not met is a row of the outcome, not an error.
    pub run: &'a Run<'a>,
}

/// The function of an experiment.
pub type Run<'a> = dyn Fn(&Context<'_>) -> Result<Outcome, ExperimentError> + Sync + 'a;

impl<'a> Experiment<'a> {
    /// An experiment that says `about` of itself and measures with `run`.
    pub const fn new(about: About, run: &'a Run<'a>) -> Self {
        Self { about, run }
    }
}

/// What a run is asked for.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Seed of all experiments.
    pub seed: u64,
    /// Full-size versions.
    pub full: bool,
    /// Folder for the page and the figures, which is there.
    pub out: PathBuf,
}

/// What an experiment is given.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Told of the advance, asked whether to stop, given the finished parts to keep.
    pub work: Work<'a>,
    /// Seed of all its random streams.
    pub seed: u64,
    /// Full-size version instead of the quick one.
    pub full: bool,
}

impl Context<'_> {
    /// To be called between pieces of work of at most a second or so.
    ///
    /// # Errors
    /// [`ExperimentError::Stopped`] once the user wants to stop.
    pub fn check(&self) -> Result<(), ExperimentError> {
        Ok(self.work.check()?)
    }

    /// One of two values: of the quick version, of the full one.
    pub fn pick<T>(&self, quick: T, full: T) -> T {
        if self.full { full } else { quick }
    }

    /// The random stream number `index` of this name, behind `experiment/`.
    pub fn stream(&self, name: &str, index: u64) -> Xoshiro256PlusPlus {
        random::stream(self.seed, &format!("experiment/{name}"), index)
    }
}

/// Why an experiment has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The user wants to stop, which is not a failure; or a finished part cannot be kept.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// An algorithm of the core refused its input.
    #[error("{context}: {source}")]
    Core {
        /// What was being done when it happened.
        context: String,
        /// The error of the core.
        source: gibbs_core::Error,
    },
    /// A figure could not be drawn or written.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// Anything else: data files, host algorithms.
    #[error("{context}: {source}")]
    Other {
        /// What was being done when it happened.
        context: String,
        /// The cause.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl ExperimentError {
    /// Wraps a refusal of the core: `.map_err(ExperimentError::core("fitting draw 3"))`.
    pub fn core(context: impl Into<String>) -> impl FnOnce(gibbs_core::Error) -> Self {
        let context = context.into();
        move |source| Self::Core { context, source }
    }

    /// Wraps any other error.
    pub fn other<E>(context: impl Into<String>) -> impl FnOnce(E) -> Self
    where
        E: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let context = context.into();
        move |source| Self::Other {
            context,
            source: source.into(),
        }
    }
}

/// A figure of an outcome.
#[derive(Debug)]
pub struct Illustration {
    /// File stem, unique within the experiment: letters, digits, hyphens.
    pub stem: &'static str,
    /// The drawing.
    pub figure: Figure,
    /// What is to be seen in the figure.
    pub caption: String,
}

/// What an experiment found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Claims and what was measured.
    pub rows: Vec<Row>,
    /// The figures of the outcome.
    pub figures: Vec<Illustration>,
    /// Remarks: what was scaled down, what the paper leaves open.
    pub notes: Vec<String>,
}

impl Outcome {
    /// Adds a row.
    pub fn row(&mut self, row: Row) {
        self.rows.push(row);
    }

    /// Adds a figure.
    pub fn figure(&mut self, stem: &'static str, figure: Figure, caption: impl Into<String>) {
        self.figures.push(Illustration {
            stem,
            figure,
            caption: caption.into(),
        });
    }

    /// Adds a remark.
    pub fn note(&mut self, note: impl Into<String>) {
        self.notes.push(note.into());
    }
}
