//! What the verbs share: the model of a folder, its size, its text states; refusals.

use crate::cli::Common;
use crate::cli::error::CliError;
use crate::data::ensure_output_dir;
use crate::diffusion::folder::UnetClass;
use crate::diffusion::folder::{Checkpoint, FolderError, LoadOptions, SchedulerConfig};
use crate::diffusion::model::Unet;
use crate::diffusion::sampling::model::States;
use crate::diffusion::sampling::start::read_tensor;
use crate::diffusion::sampling::{Guidance, NoiseSchedule, SamplingError};
use clap::Args;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// The folder for results, which the verb cannot do without.
pub(super) fn output(common: &Common) -> Result<&Path, CliError> {
    let Some(out) = &common.out else {
        return Err(CliError::input("no folder for the results\nhint: --out DIR"));
    };
    ensure_output_dir(out)?;
    Ok(out)
}

/// A model and what it is told.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Folder of the model
    #[arg(value_name = "FOLDER")]
    pub(super) folder: PathBuf,
    /// Pixels of an image: a side, or HEIGHTxWIDTH [default: as the model says]
    #[arg(long, value_name = "S", value_parser = size)]
    pub(super) size: Option<[usize; 2]>,
    /// Text states of the prompt, for a net with cross-attention: `context` [L,D] or [B,L,D] of a safetensors file, or NPY
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// Leave tensors out that the net does not have
    #[arg(long)]
    allow_extra: bool,
}

/// `16` or `16x24`.
fn size(text: &str) -> Result<[usize; 2], String> {
    let side = |text: &str| text.parse().ok().filter(|side| (1..=1 << 16).contains(side));
    let sides = match text.split_once('x') {
        Some((height, width)) => side(height).zip(side(width)),
        None => side(text).map(|side| (side, side)),
    };
    sides
        .map(|(height, width)| [height, width])
        .ok_or_else(|| "a number of pixels was expected, or two such as 16x24".to_owned())
}

/// A model that was read.
pub(super) struct Loaded {
    pub(super) checkpoint: Checkpoint,
    pub(super) schedule: NoiseSchedule,
}

impl Reading {
    pub(super) fn load(&self, change: impl FnOnce(&mut SchedulerConfig)) -> Result<Loaded, CliError> {
        let options = LoadOptions {
            allow_extra: self.allow_extra,
            ..LoadOptions::default()
        };
        let checkpoint = Checkpoint::load(&self.folder, options)?;
        let Some(mut scheduler) = checkpoint.scheduler.clone() else {
            return Err(CliError::from(FolderError::Lacking {
                folder: self.folder.clone(),
                what: "noise schedule",
                looked: vec![
                    "scheduler_config.json".to_owned(),
                    "scheduler/scheduler_config.json".to_owned(),
                ],
            }));
        };
        change(&mut scheduler);
        let schedule = NoiseSchedule::new(&scheduler)?;
        Ok(Loaded { checkpoint, schedule })
    }

    /// The text states of the prompt, if they are wanted: refused when missing, and when nobody reads them.
    pub(super) fn condition(&self, checkpoint: &Checkpoint, count: usize) -> Result<Guidance, CliError> {
        match (width_of_context(checkpoint), &self.context) {
            (None, None) => Ok(Guidance::None),
            (Some(width), Some(path)) => Ok(Guidance::Conditional(states(path, width, count)?)),
            (None, Some(path)) => Err(CliError::input(
                "--context: the net has no cross-attention\nhint: leave it out",
            )
            .in_file(path)),
            (Some(width), None) => Err(CliError::input(format!(
                "the net has cross-attention over text states of {width} numbers\nhint: --context FILE"
            ))),
        }
    }

    /// Why a run ended, the folder named where it is the net's doing.
    pub(super) fn refused(&self, error: SamplingError) -> CliError {
        let of_net = matches!(error, SamplingError::Net(_));
        let error = CliError::from(error);
        if of_net {
            error.in_file(&self.folder)
        } else {
            error
        }
    }

    /// The net for `rows` rows of text states.
    pub(super) fn unet(
        &self,
        checkpoint: &Checkpoint,
        size: Option<[usize; 2]>,
        guidance: &Guidance,
    ) -> Result<Unet<f32>, CliError> {
        let rows = match guidance {
            Guidance::None => 0,
            Guidance::Conditional(states) => states.rows(),
            Guidance::ClassifierFree { condition, .. } => condition.rows(),
        };
        Unet::from_checkpoint(checkpoint, size, rows)
            .map_err(|error| CliError::input(error.to_string()).in_file(&self.folder))
    }
}

/// D of a net with cross-attention.
pub(super) fn width_of_context(checkpoint: &Checkpoint) -> Option<usize> {
    match checkpoint.config.class {
        UnetClass::Unconditional { .. } => None,
        UnetClass::Conditional {
            cross_attention_dim, ..
        } => Some(cross_attention_dim),
    }
}

/// Text states of a file.
pub(super) fn states(path: &Path, width: usize, count: usize) -> Result<States, CliError> {
    let (shape, values) = read_tensor(path, &["context", "ctx"])?;
    States::new(&shape, values, width, count).map_err(|error| CliError::from(error).in_file(path))
}

/// What samples depend on beside the plan and the seed, for a checkpoint: the net with its weights, the size, the text states.
pub(super) fn description(checkpoint: &Checkpoint, unet: &Unet<f32>, guidance: &Guidance) -> String {
    let told = fnv1a(FNV_OFFSET, format!("{guidance:?}").as_bytes());
    described(checkpoint, unet, told)
}

/// The same for text states as they are.
pub(super) fn fingerprint(checkpoint: &Checkpoint, unet: &Unet<f32>, context: &[f32]) -> String {
    described(checkpoint, unet, hash_of(FNV_OFFSET, context))
}

fn described(checkpoint: &Checkpoint, unet: &Unet<f32>, told: u64) -> String {
    let hashes: Vec<u64> = checkpoint
        .tensors
        .par_iter()
        .map(|(name, tensor)| {
            let start = fnv1a(FNV_OFFSET, name.as_bytes());
            hash_of(start, &tensor.values)
        })
        .collect();
    let config = fnv1a(FNV_OFFSET, format!("{:?}", checkpoint.config).as_bytes());
    let net = hashes
        .iter()
        .fold(config, |hash, part| fnv1a(hash, &part.to_le_bytes()));
    format!("net {net:016x}, images {:?}, text {told:016x}", unet.image())
}

/// FNV-1a of numbers.
pub(super) fn hash_of(start: u64, values: &[f32]) -> u64 {
    values
        .iter()
        .fold(start, |hash, value| fnv1a(hash, &value.to_le_bytes()))
}

impl From<SamplingError> for CliError {
    fn from(error: SamplingError) -> Self {
        let message = error.to_string();
        match error {
            SamplingError::Data(error) => error.into(),
            SamplingError::Net(_) => Self::failed(message),
            SamplingError::Interrupted {
                done,
                total,
                checkpoint,
            } => {
                let result = Self::interrupted(message)
                    .with("finished", done)
                    .with("total", total);
                match checkpoint {
                    Some(path) => result.with("checkpoint", path.display().to_string()),
                    None => result,
                }
            }
            SamplingError::Other { path, .. } | SamplingError::Damaged { path, .. } => {
                Self::input(message).with("file", path.display().to_string())
            }
            _ => Self::input(message),
        }
    }
}
