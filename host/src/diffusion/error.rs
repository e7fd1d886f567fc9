//! Why a diffusion model gives no sample, basis or edit.

use super::folder::Spacing;
use super::model::ModelError;
use crate::data::DataError;
use crate::net::NetError;
use crate::refusal::{Kind, Place, Refusal};
use crate::work::Stopped;
use std::path::PathBuf;

/// Why there is no sample, basis or edit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffusionError {
    /// No steps, or more than the schedule has.
    #[error("{steps} steps, expected 1 to {most}, the noise levels that the net was trained with")]
    Steps {
        /// The number of steps asked for.
        steps: usize,
        /// The number T of times of the schedule, the most there can be.
        most: usize,
    },
    /// The steps do not fit into the schedule the way they are spaced.
    #[error(
        "{steps} steps of {most} do not fit with timestep_spacing {spacing:?} and steps_offset {offset}\nhint: fewer steps, or \
         another spacing"
    )]
    Spacing {
        /// The number of steps asked for.
        steps: usize,
        /// The number T of times of the schedule, the most there can be.
        most: usize,
        /// The rule of spacing.
        spacing: Spacing,
        /// The number added to every step, `steps_offset`.
        offset: usize,
    },
    /// A time that the net was not trained at.
    #[error("timestep {found}: expected a number from 0 to {last}")]
    Timestep {
        /// Asked for.
        found: f64,
        /// The last one there is.
        last: usize,
    },
    /// eta outside [0, 1].
    #[error("eta {eta}, expected a number from 0 (deterministic) to 1 (as random as DDPM)")]
    Eta {
        /// The value of eta asked for.
        eta: f64,
    },
    /// The net cannot be sampled from.
    #[error(
        "the net takes {inputs} channels and gives {outputs}: sampling needs as many\nhint: nets that predict a variance are not supported"
    )]
    Channels {
        /// The number of input channels, `in_channels`.
        inputs: usize,
        /// The number of output channels, `out_channels`.
        outputs: usize,
    },
    /// Text states that do not fit, or are missing, or are too many.
    #[error("{0}")]
    Context(String),
    /// A file with samples or text states that are none.
    #[error("{path}: {reason}", path = .path.display())]
    Input {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// States that are not whole samples.
    #[error("{found} values to start from, expected {samples} samples of {length}")]
    Length {
        /// The number of values that was given.
        found: usize,
        /// The number of samples.
        samples: usize,
        /// The number of values of one sample.
        length: usize,
    },
    /// A sampler refuses.
    #[error("sampler: {0}")]
    Core(#[from] gibbs_core::Error),
    /// The net fails.
    #[error(transparent)]
    Net(#[from] NetError),
    /// The net cannot be made.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file that cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Stopped by the user, or what is kept does not fit.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl Refusal for DiffusionError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            Self::Net(_) => Kind::Failed,
            Self::Data(error) if error.is_runtime() => Kind::Failed,
            _ => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            Self::Data(error) => error.code(),
            _ => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            Self::Data(error) => error.path().map_or_else(Place::default, Place::in_file),
            Self::Input { path, .. } => Place::in_file(path),
            _ => Place::default(),
        }
    }
}
