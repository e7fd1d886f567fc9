//! Sampling with a U-Net, and DDIM inversion: the samplers of `gibbs_core::diffusion` on checkpoint folders.
//!
//! Map. [`levels`] turns a `scheduler_config.json` into plans, [`authors`] has those of another program; [`start`] makes or reads the noise to begin with; [`model`]
//! is a U-Net as a denoiser, with classifier-free guidance; [`trajectories`] carries many samples along a plan, stopped,
//! kept and resumed in `checkpoint`.
//!
//! Sample i starts from the stream (seed, "diffusion/start", i) and draws the noise of hop k from the stream (seed,
//! "diffusion/step", i 2^32 + k): what becomes of a sample does not depend on the others, on batches or on threads.

pub mod authors;
mod checkpoint;
pub mod levels;
pub mod model;
pub mod start;
#[cfg(test)]
mod tests;
pub mod trajectories;

pub use levels::{Kind, NoiseSchedule};
pub use model::{Guidance, UnetModel};
pub use trajectories::{Keep, Model, Trajectories};

use super::folder::Spacing;
use super::model::ModelError;
use crate::data::DataError;
use crate::net::NetError;
use std::path::PathBuf;

/// Why there is no sample.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SamplingError {
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
    /// No such grid.
    #[error("{points} points of the authors' grid, expected {least} to {most}")]
    Grid {
        /// Asked for.
        points: usize,
        /// For one hop.
        least: usize,
        /// T.
        most: usize,
    },
    /// eta outside [0, 1].
    #[error("eta {eta}, expected a number from 0 (deterministic) to 1 (as random as DDPM)")]
    Eta {
        /// Asked for.
        eta: f64,
    },
    /// The schedule asks a sampler to clip that cannot.
    #[error(
        "field `clip_sample` is true, which {class} does with a sampler that does not clip here\nhint: set it to false, or use \
         ddpm or ddim"
    )]
    Clip {
        /// `_class_name`.
        class: &'static str,
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
    #[error("interrupted after {done} of {total} hops{}", kept(.checkpoint.as_ref()))]
    Interrupted {
        /// Hops done, of all samples together.
        done: u64,
        /// Hops in all.
        total: u64,
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

fn kept(checkpoint: Option<&PathBuf>) -> String {
    checkpoint.map_or_else(String::new, |path| {
        format!(", kept in {}\nhint: go on with --resume", path.display())
    })
}
