//! The reproduced papers: what each claims, what we measure, and what became of the claim.
//!
//! One file per paper, one small struct each, listed in [`registry`]. To add one: implement
//! [`Experiment`], add a line to the registry. Map: [`claim`] holds rows and verdicts, [`runner`] runs
//! experiments with checkpoints, [`checkpoint`] the file they leave, [`page`] the HTML page.
//!
//! A result depends on the seed and on `full` alone: never on time, threads or the order of experiments. Clock
//! times are the one exception: their rows say so ([`Row::on_the_clock`]), and a claim about cost is made on
//! counted work wherever it can be.

pub mod checkpoint;
pub mod claim;
mod diffusion;
pub mod diffusion_krylov;
pub mod diffusion_samplers;
pub mod diffusion_tangents;
pub mod garrote_dense;
pub mod garrote_diabetes;
pub mod garrote_recovery;
pub mod garrote_scaling;
pub mod garrote_sparse;
pub mod garrote_transition;
pub mod garrote_zhao_yu;
mod ising;
pub mod ising_binder;
pub mod ising_coarsening;
pub mod ising_curves;
pub mod ising_dynamics;
pub mod ising_glass;
pub mod ising_temperature;
pub mod page;
pub mod random_moments;
pub mod runner;
pub mod scores;

pub use claim::{Expected, Row, Source, Verdict};

use crate::progress::Progress;
use crate::report::figure::{Figure, FigureError};
use std::sync::atomic::{AtomicBool, Ordering};

/// What an experiment is given.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Seed of all its random streams.
    pub seed: u64,
    /// Full-size version instead of the quick one.
    pub full: bool,
    /// Told of the advance.
    pub progress: &'a dyn Progress,
    /// Set when the user wants to stop.
    pub interrupted: &'a AtomicBool,
}

impl Context<'_> {
    /// To be called between pieces of work of at most a second or so.
    ///
    /// # Errors
    /// [`ExperimentError::Interrupted`] once the user wants to stop.
    pub fn check(&self) -> Result<(), ExperimentError> {
        if self.interrupted.load(Ordering::Relaxed) {
            Err(ExperimentError::Interrupted)
        } else {
            Ok(())
        }
    }
}

/// Why an experiment has no outcome.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ExperimentError {
    /// The user wants to stop; not a failure.
    #[error("interrupted")]
    Interrupted,
    /// An algorithm of the core refused its input.
    #[error("{context}: {source}")]
    Core {
        /// What was being done.
        context: String,
        /// The refusal.
        source: gibbs_core::Error,
    },
    /// A figure could not be drawn or written.
    #[error(transparent)]
    Figure(#[from] FigureError),
    /// Anything else: data files, host algorithms.
    #[error("{context}: {source}")]
    Other {
        /// What was being done.
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
    /// What to see in it.
    pub caption: String,
}

/// What an experiment found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// Claims and what was measured.
    pub rows: Vec<Row>,
    /// Figures.
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

/// One reproduced paper (or one figure or table of it).
pub trait Experiment: Sync {
    /// Name on the command line: lower case, hyphens.
    fn name(&self) -> &'static str;
    /// Title for people.
    fn title(&self) -> &'static str;
    /// Citation: authors, title, where, equations or figures.
    fn paper(&self) -> &'static str;
    /// What is claimed, in one or two sentences.
    fn claim(&self) -> &'static str;
    /// Runs it.
    ///
    /// # Errors
    /// [`ExperimentError`]; a claim that is not met is a row, not an error.
    fn run(&self, context: &Context<'_>) -> Result<Outcome, ExperimentError>;
}

/// All experiments, in the order of the report.
pub fn registry() -> Vec<Box<dyn Experiment>> {
    vec![
        Box::new(random_moments::RandomMoments),
        Box::new(garrote_zhao_yu::ZhaoYu),
        Box::new(garrote_sparse::Sparse),
        Box::new(garrote_dense::GarroteDense),
        Box::new(garrote_transition::Transition),
        Box::new(garrote_recovery::Recovery),
        Box::new(garrote_diabetes::Diabetes),
        Box::new(garrote_scaling::Sizes),
        Box::new(ising_curves::Curves),
        Box::new(ising_binder::Binder),
        Box::new(ising_dynamics::Dynamics),
        Box::new(ising_coarsening::Coarsening),
        Box::new(ising_temperature::EffectiveTemperature),
        Box::new(ising_glass::Glass),
        Box::new(diffusion_samplers::Samplers),
        Box::new(diffusion_krylov::Krylov),
        Box::new(diffusion_tangents::Tangents),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test] // names become file names and arguments
    fn names_are_unique_and_plain() {
        let mut seen = BTreeSet::new();
        for experiment in registry() {
            let name = experiment.name();
            assert!(seen.insert(name), "{name} twice");
            assert!(
                name.bytes()
                    .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-'),
                "{name}"
            );
            assert!(!experiment.title().is_empty() && !experiment.paper().is_empty());
        }
    }
}
