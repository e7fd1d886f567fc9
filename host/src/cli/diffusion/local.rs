//! A model at one sample: that of a file, of a basis, or noise brought to the time; and how a basis is looked for.

use super::model::{GridChoice, Loaded, Model};
use super::tensors::one_of;
use crate::cli::Common;
use crate::cli::error::CliError;
use crate::diffusion::folder::Checkpoint;
use crate::diffusion::geometry::{Latent, Search};
use crate::diffusion::pullback::{Method, PullbackError};
use crate::diffusion::sampling::start::drawn;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use std::path::PathBuf;

/// Where the model is and at which sample.
#[derive(Debug, Args)]
pub(super) struct Local {
    #[command(flatten)]
    pub(super) model: Model,
    /// Noisy sample x_t: safetensors (tensor x, or the only one) or NPY, [C,H,W] or [B,C,H,W] [default: noise from the
    /// seed, brought to T by the sampler]
    #[arg(long, value_name = "FILE")]
    x: Option<PathBuf>,
    /// Noise to bring to T by the sampler: the latent of `invert`, or standard normal numbers, of the last time unless the
    /// file says another
    #[arg(long, value_name = "FILE", conflicts_with = "x")]
    start: Option<PathBuf>,
    /// Which sample of a file with several, from 0
    #[arg(long, value_name = "B", default_value_t = 0)]
    sample: usize,
}

/// A sample to begin with.
enum Origin {
    /// At the time.
    There(Vec<f32>),
    /// At a time of its own.
    Elsewhere(Vec<f32>, Option<f64>),
    /// From the seed.
    Drawn,
}

/// A model and its sample.
pub(super) struct Placed {
    pub(super) loaded: Loaded,
    /// The sample, and the hops that bring it to the time.
    way: (Vec<f32>, Vec<Hop>),
}

impl Local {
    /// Reads the model and the sample; `known` is a sample from elsewhere, of these dimensions.
    pub(super) fn load(
        &self,
        common: &Common,
        known: Option<(&[f32], [usize; 3])>,
    ) -> Result<Placed, CliError> {
        let mut origin = Origin::Drawn;
        let sized = |checkpoint: &Checkpoint| {
            let given = (self.x.as_ref().or(self.start.as_ref()), known);
            Ok(match given {
                (Some(path), _) => {
                    let one = one_of(path, &["x"], 3, self.sample)?;
                    let shape = [one.shape[0], one.shape[1], one.shape[2]];
                    let size = size_of(checkpoint, shape).map_err(|error| error.in_file(path))?;
                    origin = match self.x {
                        Some(_) => Origin::There(one.values),
                        None => Origin::Elsewhere(one.values, one.timestep),
                    };
                    Some((size, Some(path.clone())))
                }
                (None, Some((x, shape))) => {
                    let size =
                        size_of(checkpoint, shape).map_err(|error| error.in_file(&self.model.folder))?;
                    origin = Origin::There(x.to_vec());
                    Some((size, None))
                }
                (None, None) => None,
            })
        };
        let loaded = self.model.load(common, self.sample, sized)?;
        let way = self.way(&loaded, origin, common)?;
        Ok(Placed { loaded, way })
    }

    fn way(
        &self,
        loaded: &Loaded,
        origin: Origin,
        common: &Common,
    ) -> Result<(Vec<f32>, Vec<Hop>), CliError> {
        let last = (loaded.noise.steps() - 1) as f64;
        let (x, from) = match origin {
            Origin::There(x) => return Ok((x, Vec::new())),
            // The authors use their latent at the last time, whatever time their inversion led to.
            Origin::Elsewhere(x, from) if self.model.grid == GridChoice::Even => (x, from.unwrap_or(last)),
            Origin::Elsewhere(x, _) => (x, last),
            Origin::Drawn => (drawn(common.seed, 1, loaded.unet.image().iter().product()), last),
        };
        if from < loaded.timestep {
            let message = format!(
                "--start: the sample is of t = {from}, earlier than --timestep {}\nhint: --timestep {from} or less",
                loaded.timestep
            );
            return Err(CliError::input(message));
        }
        let hops = self.model.hops(&loaded.noise, from, Some(loaded.timestep))?;
        Ok((x, hops))
    }

    /// The sample at the time.
    pub(super) fn start(&self, placed: &Placed, latent: &mut Latent<'_>) -> Result<Vec<f32>, CliError> {
        let (x, hops) = &placed.way;
        let mut x = x.clone();
        latent
            .sample(&mut x, hops)
            .map_err(|error| self.model.refused(PullbackError::Operator(error)))?;
        Ok(x)
    }
}

/// The size of an image that the model takes.
fn size_of(checkpoint: &Checkpoint, [channels, height, width]: [usize; 3]) -> Result<[usize; 2], CliError> {
    let wanted = checkpoint.config.in_channels;
    if channels == wanted {
        return Ok([height, width]);
    }
    Err(CliError::input(format!(
        "x has {channels} channels, expected {wanted}"
    )))
}

/// How a basis is looked for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum MethodChoice {
    /// Block Krylov with Rayleigh-Ritz
    #[default]
    Krylov,
    /// Plain subspace iteration
    Subspace,
    /// The loop of Park et al. (2023), for comparison
    Authors,
}

impl From<MethodChoice> for Method {
    fn from(choice: MethodChoice) -> Self {
        match choice {
            MethodChoice::Krylov => Self::Krylov,
            MethodChoice::Subspace => Self::Subspace,
            MethodChoice::Authors => Self::Authors,
        }
    }
}

/// Options of the search for a basis.
#[derive(Debug, Args)]
pub(super) struct Searching {
    /// How the vectors are found
    #[arg(long, value_enum, value_name = "METHOD", default_value = "krylov")]
    method: MethodChoice,
    /// Measure that counts as converged: largest residual (krylov), sine of the angle between passes (subspace),
    /// change of an entry (authors) [default: 1e-4]
    #[arg(long, value_name = "E")]
    tolerance: Option<f64>,
    /// Blocks multiplied by J and its transpose at most [default: 10, 50 for subspace and authors]
    #[arg(long, value_name = "M")]
    blocks: Option<usize>,
}

impl Searching {
    pub(super) fn search(&self, count: usize, common: &Common) -> Search {
        Search {
            method: self.method.into(),
            count,
            tolerance: self.tolerance,
            blocks: self.blocks,
            seed: common.seed,
        }
    }
}
