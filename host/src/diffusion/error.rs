//! Why a diffusion model gives no sample, basis or edit.

use super::folder::Spacing;
use super::model::ModelError;
use crate::data::DataError;
use crate::net::NetError;
use std::path::PathBuf;

/// Why there is no sample, basis or edit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DiffusionError {
    /// No steps, or more than the schedule has.
    #[error("{steps} steps, expected 1 to {most}, the noise levels that the net was trained with")]
    Steps {
        /// Asked for.
        steps: usize,
        /// T.
        most: usize,
    },
    /// The steps do not fit into the schedule the way they are spaced.
    #[error(
        "{steps} steps of {most} do not fit with timestep_spacing {spacing:?} and steps_offset {offset}\nhint: fewer steps, or \
         another spacing"
    )]
    Spacing {
        /// Asked for.
        steps: usize,
        /// T.
        most: usize,
        /// How they are spaced.
        spacing: Spacing,
        /// `steps_offset`.
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
        /// Asked for.
        eta: f64,
    },
    /// The net cannot be sampled from.
    #[error(
        "the net takes {inputs} channels and gives {outputs}: sampling needs as many\nhint: nets that predict a variance are not supported"
    )]
    Channels {
        /// `in_channels`.
        inputs: usize,
        /// `out_channels`.
        outputs: usize,
    },
    /// Text states that do not fit, or are missing, or are too many.
    #[error("{0}")]
    Context(String),
    /// A file with samples or text states that are none.
    #[error("{path}: {reason}", path = .path.display())]
    Input {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what was expected.
        reason: String,
    },
    /// States that are not whole samples.
    #[error("{found} values to start from, expected {samples} samples of {length}")]
    Length {
        /// Values that came.
        found: usize,
        /// Samples.
        samples: usize,
        /// Values of one.
        length: usize,
    },
    /// A sampler refuses.
    #[error("sampler: {0}")]
    Core(#[from] gibbs_core::Error),
    /// The net fails.
    #[error(transparent)]
    Net(#[from] NetError),
    /// There is no net.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// A file that cannot be read or written.
    #[error(transparent)]
    Data(#[from] DataError),
    /// Stopped by the user.
    #[error("interrupted after {}{}", advanced(*.done, *.total), kept(.checkpoint.as_ref()))]
    Interrupted {
        /// Hops done, of all samples together; without a total, passes of the net.
        done: u64,
        /// Hops in all, where they are known.
        total: Option<u64>,
        /// Where they are kept, if anywhere.
        checkpoint: Option<PathBuf>,
    },
    /// A checkpoint of another run.
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
}

fn advanced(done: u64, total: Option<u64>) -> String {
    total.map_or_else(
        || format!("{done} passes of the net"),
        |total| format!("{done} of {total} hops"),
    )
}

fn kept(checkpoint: Option<&PathBuf>) -> String {
    checkpoint.map_or_else(
        || "; nothing was kept".to_owned(),
        |path| format!(", kept in {}\nhint: go on with --resume", path.display()),
    )
}
