//! Why training was refused or ended early.

use crate::data::DataError;
use std::path::PathBuf;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range.
    #[error("setting `{setting}`: {reason}")]
    Setting {
        /// Its name.
        setting: &'static str,
        /// What it is and what was expected.
        reason: String,
    },
    /// The starting parameters are not those of the objective.
    #[error("parameter `{parameter}`: {reason}")]
    Parameter {
        /// Its name, or its position when it has none.
        parameter: String,
        /// What is wrong.
        reason: String,
    },
    /// The objective gave no loss.
    #[error("step {step}: {source}")]
    Objective {
        /// The step, from 0.
        step: u64,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The loss is not a finite number.
    #[error("step {step}: the loss is {loss}\nhint: lower the rate, clip the gradients, or warm up longer")]
    Loss {
        /// The step, from 0.
        step: u64,
        /// The loss.
        loss: f64,
    },
    /// A gradient is not finite.
    #[error(
        "step {step}: the gradient of `{parameter}` is {value} at entry {entry}\nhint: lower the rate, clip the \
         gradients, or warm up longer"
    )]
    Gradient {
        /// The step, from 0.
        step: u64,
        /// Name of the first such parameter.
        parameter: String,
        /// The first such entry, last index fastest.
        entry: usize,
        /// What stands there.
        value: f32,
    },
    /// Stopped by the user.
    #[error("interrupted after {steps} steps{}", kept(.checkpoint.as_ref()))]
    Interrupted {
        /// Steps done.
        steps: u64,
        /// Where they are kept, if anywhere.
        checkpoint: Option<PathBuf>,
    },
    /// A checkpoint of a run with other settings.
    #[error(
        "{path}: its {what} is {found}, but {wanted} was asked for\nhint: give the same options, or start anew",
        path = .path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// What differs.
        what: &'static str,
        /// In the file.
        found: String,
        /// Asked for.
        wanted: String,
    },
    /// A checkpoint that is not as it was written.
    #[error("{path}: damaged: {reason}\nhint: remove it and start anew", path = .path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// A checkpoint that cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
}

fn kept(checkpoint: Option<&PathBuf>) -> String {
    checkpoint.map_or_else(String::new, |path| {
        format!(", kept in {}\nhint: go on with --resume", path.display())
    })
}
