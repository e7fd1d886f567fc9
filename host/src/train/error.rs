//! Why training was refused or ended early.

use crate::refusal::{Kind, Place, Refusal};
use crate::work::Stopped;

/// What can go wrong in training.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainError {
    /// A setting outside its range.
    #[error("setting `{setting}`: {reason}")]
    Setting {
        /// The name of the setting.
        setting: &'static str,
        /// What it is and what was expected.
        reason: String,
    },
    /// The starting parameters are not those of the objective.
    #[error("parameter `{parameter}`: {reason}")]
    Parameter {
        /// Its name, or its position when it has none.
        parameter: String,
        /// What is wrong with it, in words.
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
    /// Stopped by the user, or what is kept does not fit.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Refusal for TrainError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            Self::Loss { .. } | Self::Gradient { .. } | Self::Objective { .. } => Kind::Failed,
            Self::Setting { .. } | Self::Parameter { .. } => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            _ => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            _ => Place::default(),
        }
    }
}
