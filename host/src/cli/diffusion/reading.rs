//! What the verbs share: the model of a folder, its size, its text states; refusals.

use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::diffusion::eps::{Guidance, States};
use crate::diffusion::error::DiffusionError;
use crate::diffusion::folder::UnetClass;
use crate::diffusion::folder::{FolderError, LoadOptions, ModelFolder, SchedulerConfig};
use crate::diffusion::geometry::Failure;
use crate::diffusion::inputs::{read_states, read_states_of};
use crate::diffusion::memory::Needs;
use crate::diffusion::model::{ModelError, Unet};
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::schedule::{Clipping, NoiseSchedule};
use clap::{Args, ValueEnum};
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use rayon::prelude::*;
use std::path::{Path, PathBuf};

/// Steps of the sampler unless the user or a file says otherwise.
pub(super) const STEPS: usize = 50;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum ClipChoice {
    /// Cut it and derive the noise again: all samplers, and inversion
    #[default]
    Derive,
    /// Cut it and keep the noise, as the diffusers library does by default: ddpm and ddim alone
    KeepNoise,
    /// Leave it
    Off,
}

impl From<ClipChoice> for Clipping {
    fn from(choice: ClipChoice) -> Self {
        match choice {
            ClipChoice::Derive => Self::Derive,
            ClipChoice::KeepNoise => Self::KeepNoise,
            ClipChoice::Off => Self::Off,
        }
    }
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
    /// What to do where the predicted image leaves the range of a model that says `clip_sample`
    #[arg(long, value_enum, value_name = "RULE", default_value = "derive")]
    clip: ClipChoice,
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
    pub(super) model: ModelFolder,
    pub(super) schedule: NoiseSchedule,
}

impl Reading {
    /// The rule of clipping.
    pub(super) fn clip(&self) -> Clipping {
        self.clip.into()
    }

    /// Reads the folder, whose schedule there must be.
    pub(super) fn load(&self, change: impl FnOnce(&mut SchedulerConfig)) -> Result<Loaded, CliError> {
        let model = self.model()?;
        let Some(mut scheduler) = model.scheduler()? else {
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
        let schedule = self.schedule(&scheduler)?;
        Ok(Loaded { model, schedule })
    }

    /// The same, the usual schedule taken with a note where there is none: a basis at a sample needs no more of it than the
    /// range of times.
    pub(super) fn load_at_sample(&self, session: &Session<'_>) -> Result<Loaded, CliError> {
        let model = self.model()?;
        let scheduler = model.scheduler()?.unwrap_or_else(|| {
            let said =
                "no scheduler_config.json, taken: 1000 times, betas from 1e-4 to 0.02, noise predicted";
            session.remark(&format!("note: {}: {said}", self.folder.display()));
            SchedulerConfig::ddpm(1000)
        });
        let schedule = self.schedule(&scheduler)?;
        Ok(Loaded { model, schedule })
    }

    fn model(&self) -> Result<ModelFolder, CliError> {
        let options = LoadOptions {
            allow_extra: self.allow_extra,
            ..LoadOptions::default()
        };
        Ok(ModelFolder::load(&self.folder, options)?)
    }

    fn schedule(&self, scheduler: &SchedulerConfig) -> Result<NoiseSchedule, CliError> {
        Ok(NoiseSchedule::new(scheduler)?.clipped(self.clip.into()))
    }

    /// The text states of the prompt for `count` samples, if they are wanted: refused when missing, and when nobody reads
    /// them.
    pub(super) fn condition(&self, model: &ModelFolder, count: usize) -> Result<Guidance, CliError> {
        self.told(model, |path, width| states(path, width, count))
    }

    /// The same for the sample of a number.
    pub(super) fn condition_of(&self, model: &ModelFolder, index: usize) -> Result<Guidance, CliError> {
        self.told(model, |path, width| {
            let (shape, values) = read_states_of(path, index)?;
            let states = States::new(&shape, values, width, 1);
            states.map_err(|error| CliError::from(error).in_file(path))
        })
    }

    fn told(
        &self,
        model: &ModelFolder,
        read: impl FnOnce(&Path, usize) -> Result<States, CliError>,
    ) -> Result<Guidance, CliError> {
        match (width_of_context(model), &self.context) {
            (None, None) => Ok(Guidance::None),
            (Some(width), Some(path)) => Ok(Guidance::Conditional(read(path, width)?)),
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
    pub(super) fn refused(&self, error: DiffusionError) -> CliError {
        let of_net = matches!(error, DiffusionError::Net(_) | DiffusionError::Timestep { .. });
        let error = CliError::from(error);
        if of_net {
            error.in_file(&self.folder)
        } else {
            error
        }
    }

    /// Why there is no basis or edit.
    pub(super) fn no_basis(&self, error: Failure) -> CliError {
        let message = error.to_string();
        match error {
            PullbackError::Operator(error) => self.refused(error),
            PullbackError::Lost | PullbackError::Decomposition { .. } => CliError::failed(message),
            PullbackError::NotFinite { .. } => CliError::failed(message).in_file(&self.folder),
            PullbackError::Count { .. } | PullbackError::Option { .. } => CliError::input(message),
            PullbackError::Length { .. } | PullbackError::Dependent { .. } => {
                CliError::input(message).in_file(&self.folder)
            }
        }
    }

    /// What the net will need of memory.
    pub(super) fn needs(
        &self,
        model: &ModelFolder,
        size: Option<[usize; 2]>,
        guidance: &Guidance,
    ) -> Result<Needs, CliError> {
        Needs::new(&model.config, size, guidance.rows()).map_err(|error| self.no_net(&error))
    }

    fn no_net(&self, error: &ModelError) -> CliError {
        let hint = match error {
            ModelError::Size => "\nhint: --size",
            _ => "",
        };
        CliError::input(format!("{error}{hint}")).in_file(&self.folder)
    }

    /// The net for `rows` rows of text states.
    pub(super) fn unet(
        &self,
        model: &ModelFolder,
        size: Option<[usize; 2]>,
        guidance: &Guidance,
    ) -> Result<Unet<f32>, CliError> {
        Unet::from_folder(model, size, guidance.rows()).map_err(|error| self.no_net(&error))
    }
}

/// D of a net with cross-attention.
pub(super) fn width_of_context(model: &ModelFolder) -> Option<usize> {
    match model.config.class {
        UnetClass::Unconditional { .. } => None,
        UnetClass::Conditional {
            cross_attention_dim, ..
        } => Some(cross_attention_dim),
    }
}

/// Text states of a file.
pub(super) fn states(path: &Path, width: usize, count: usize) -> Result<States, CliError> {
    let (shape, values) = read_states(path)?;
    States::new(&shape, values, width, count).map_err(|error| CliError::from(error).in_file(path))
}

/// What samples depend on beside the plan and the seed, for a checkpoint: the net with its weights, the size, the text states.
pub(super) fn description(model: &ModelFolder, unet: &Unet<f32>, guidance: &Guidance) -> String {
    let told = fnv1a(FNV_OFFSET, format!("{guidance:?}").as_bytes());
    let hashes: Vec<u64> = model
        .tensors
        .par_iter()
        .map(|(name, tensor)| {
            let start = fnv1a(FNV_OFFSET, name.as_bytes());
            hash_of(start, &tensor.values)
        })
        .collect();
    let config = fnv1a(FNV_OFFSET, format!("{:?}", model.config).as_bytes());
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
