//! A model at a sample: the folder, x, the time, the text states, and how a basis is looked for.

use crate::cli::Common;
use crate::cli::error::CliError;
use crate::cli::output::remark;
use crate::data::safetensors::{Finite, SafetensorsFile};
use crate::diffusion::folder::{Checkpoint, LoadOptions, SchedulerConfig};
use crate::diffusion::geometry::noise::Noise;
use crate::diffusion::geometry::{Failure, Latent, LatentError, Search};
use crate::diffusion::model::{ModelError, Unet};
use crate::diffusion::pullback::{Method, PullbackError};
use crate::diffusion::sampling::start::{drawn, read_tensor};
use crate::work::Work;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use std::path::{Path, PathBuf};

/// Steps of the sampler unless the user says otherwise, or there are fewer whole times.
const STEPS: usize = 50;

/// Where the model is and at which sample.
#[derive(Debug, Args)]
pub(super) struct Local {
    /// Folder of the checkpoint
    pub(super) folder: PathBuf,
    /// Noisy sample x_t: safetensors (tensor x, or the only one) or NPY, [C,H,W] or [B,C,H,W] [default: noise from the
    /// seed, brought to T by the sampler]
    #[arg(long, value_name = "FILE")]
    pub(super) x: Option<PathBuf>,
    /// Which sample of a file with several, from 0
    #[arg(long, value_name = "B", default_value_t = 0)]
    sample: usize,
    /// Time of the sample, 0 to the last of the schedule
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(super) timestep: f64,
    /// Text states for a net with cross-attention: safetensors (tensor ctx, or the only one) or NPY, [L,D] or [B,L,D]
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// Steps of DDIM on each stretch: from noise to T (without --x), from T to data [default: 50, or one a time]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Leave tensors out that the net does not have
    #[arg(long)]
    allow_extra: bool,
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

/// What was read.
pub(super) struct Loaded {
    unet: Unet<f32>,
    noise: Noise,
    context: Option<Vec<f32>>,
    /// The sample, if a file gave one.
    pub(super) x: Option<Vec<f32>>,
    /// The net has text states.
    pub(super) conditional: bool,
}

impl Local {
    /// Reads the model and the sample; `known` is a sample from elsewhere, of these dimensions.
    pub(super) fn load(
        &self,
        common: &Common,
        known: Option<(&[f32], [usize; 3])>,
    ) -> Result<Loaded, CliError> {
        let options = LoadOptions {
            allow_extra: self.allow_extra,
            ..LoadOptions::default()
        };
        let checkpoint = Checkpoint::load(&self.folder, options)?;
        let scheduler = checkpoint.scheduler.clone().unwrap_or_else(|| {
            let said =
                "no scheduler_config.json, taken: 1000 times, betas from 1e-4 to 0.02, noise predicted";
            remark(common, &format!("note: {}: {said}", self.folder.display()));
            SchedulerConfig::ddpm(1000)
        });
        let noise = Noise::new(&scheduler).map_err(|e| self.input(&e))?;
        // Before anything long is done.
        noise.level(self.timestep).map_err(|e| self.input(&e))?;
        let mut size = None;
        let x = match (&self.x, known) {
            (Some(path), _) => {
                let (shape, x) = one_sample(path, &["x"], 3, self.sample)?;
                let channels = checkpoint.config.in_channels;
                if shape[0] != channels {
                    let found = format!("x has {} channels, expected {channels}", shape[0]);
                    return Err(CliError::input(found).in_file(path));
                }
                size = Some([shape[1], shape[2]]);
                Some(x)
            }
            (None, Some((x, [_, height, width]))) => {
                size = Some([height, width]);
                Some(x.to_vec())
            }
            (None, None) => None,
        };
        let context = match &self.context {
            Some(path) => Some((path, one_sample(path, &["ctx", "context"], 2, self.sample)?)),
            None => None,
        };
        let rows = context.as_ref().map_or(0, |(_, (shape, _))| shape[0]);
        let unet = Unet::from_checkpoint(&checkpoint, size, rows).map_err(|error| match error {
            ModelError::Size => {
                CliError::input(format!("{error}\nhint: give a sample of that size with --x"))
                    .in_file(&self.folder)
            }
            error => self.input(&error),
        })?;
        if unet.image() != unet.output() {
            let (image, output) = (unet.image(), unet.output());
            let message = format!("the net gives {output:?} for samples {image:?}, expected the same");
            return Err(CliError::input(message).in_file(&self.folder));
        }
        if let Some((path, (shape, _))) = &context {
            let graph = unet.net().graph();
            let place = unet.places().context;
            let width = place.map(|value| graph.shape(value).elements() / rows);
            if width != Some(shape[1]) {
                let found = format!(
                    "text states of width {}, expected {}",
                    shape[1],
                    width.unwrap_or(0)
                );
                return Err(CliError::input(found).in_file(path));
            }
        }
        Ok(Loaded {
            conditional: unet.places().context.is_some(),
            unet,
            noise,
            context: context.map(|(_, (_, values))| values),
            x,
        })
    }

    /// The sample: that of the file, or noise from the seed brought to the time.
    pub(super) fn start(
        &self,
        loaded: &Loaded,
        latent: &mut Latent<'_>,
        common: &Common,
    ) -> Result<Vec<f32>, CliError> {
        if let Some(x) = &loaded.x {
            return Ok(x.clone());
        }
        let mut x = drawn(common.seed, 1, loaded.unet.image().iter().product());
        let first = (loaded.noise.steps() - 1) as f64;
        let hops = self.hops(&loaded.noise, first, Some(self.timestep))?;
        latent
            .sample(&mut x, &hops)
            .map_err(|error| self.refused(PullbackError::Operator(error)))?;
        Ok(x)
    }

    /// The steps of the sampler from one time to another, or to data.
    pub(super) fn hops(&self, noise: &Noise, from: f64, to: Option<f64>) -> Result<Vec<Hop>, CliError> {
        let between = (from - to.unwrap_or(0.0)) as usize;
        let steps = self.steps.unwrap_or_else(|| STEPS.min(between.max(1)));
        noise.hops(from, to, steps).map_err(|error| match error {
            LatentError::Steps { .. } => CliError::input(format!("--steps: {error}")),
            error => self.input(&error),
        })
    }

    fn input(&self, error: &impl std::fmt::Display) -> CliError {
        CliError::input(error.to_string()).in_file(&self.folder)
    }

    /// Why there is no basis, sample or edit.
    pub(super) fn refused(&self, error: Failure) -> CliError {
        match error {
            PullbackError::Operator(LatentError::Interrupted) => {
                CliError::interrupted("interrupted; nothing was written")
            }
            PullbackError::Lost | PullbackError::Decomposition { .. } => CliError::failed(error.to_string()),
            PullbackError::Count { .. } | PullbackError::Option { .. } => CliError::input(error.to_string()),
            error => self.input(&error),
        }
    }
}

impl Loaded {
    /// Its geometry.
    pub(super) fn latent<'a>(&'a self, work: Work<'a>) -> Latent<'a> {
        Latent::new(&self.unet, &self.noise, self.context.as_deref(), work)
    }
}

/// A tensor of `rank` dimensions, or entry `index` of one that has one more.
fn one_sample(
    path: &Path,
    names: &[&str],
    rank: usize,
    index: usize,
) -> Result<(Vec<usize>, Vec<f32>), CliError> {
    let (shape, values) = read(path, names)?;
    let bad = |message: String| Err(CliError::input(message).in_file(path));
    if shape.contains(&0) {
        return bad(format!("shape {shape:?} holds no data"));
    }
    if shape.len() == rank {
        return match index {
            0 => Ok((shape, values)),
            _ => bad(format!("--sample {index}: the file holds one sample, number 0")),
        };
    }
    if shape.len() != rank + 1 {
        let expected = if rank == 3 {
            "[C,H,W] or [B,C,H,W]"
        } else {
            "[L,D] or [B,L,D]"
        };
        return bad(format!("shape {shape:?}, expected {expected}"));
    }
    let size: usize = shape[1..].iter().product();
    match values.get(index * size..(index + 1) * size) {
        Some(one) => Ok((shape[1..].to_vec(), one.to_vec())),
        None => bad(format!(
            "--sample {index}: the file holds {} samples, numbers from 0",
            shape[0]
        )),
    }
}

/// A tensor from NPY, or from safetensors by the first of the names that is there, or because it is the only one.
fn read(path: &Path, names: &[&str]) -> Result<(Vec<usize>, Vec<f32>), CliError> {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("npy") => Ok(read_tensor(path, names)?),
        Some("png") => {
            let message = "a picture holds data, not a noisy sample\nhint: `gibbs diffusion invert` brings it to a time";
            Err(CliError::input(message).in_file(path))
        }
        _ => {
            let file = SafetensorsFile::open(path)?;
            let entries = file.entries();
            let named = names.iter().copied().find(|name| entries.contains_key(*name));
            let only = entries.keys().next().filter(|_| entries.len() == 1);
            let Some(name) = named.or(only.map(String::as_str)) else {
                let message = format!("no tensor `{}` among {}", names[0], entries.len());
                return Err(CliError::input(message).in_file(path));
            };
            let tensor = file.read_f32(name, Finite::Check)?;
            Ok((tensor.shape, tensor.values))
        }
    }
}
