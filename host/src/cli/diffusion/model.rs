//! A model at a time, its text states and its sampler: what the verbs of the geometry share.

use super::reading::fingerprint;
use super::tensors::{One, one_of};
use crate::cli::Common;
use crate::cli::error::CliError;
use crate::cli::output::remark;
use crate::diffusion::folder::{Checkpoint, LoadOptions, SchedulerConfig};
use crate::diffusion::geometry::answers::Answers;
use crate::diffusion::geometry::noise::Noise;
use crate::diffusion::geometry::{Failure, Latent, LatentError};
use crate::diffusion::model::{ModelError, Unet};
use crate::diffusion::pullback::PullbackError;
use crate::work::Work;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use std::path::{Path, PathBuf};

/// Steps of the sampler unless the user says otherwise, or there are fewer whole times.
const STEPS: usize = 50;
/// Points of the authors' grid unless the user says otherwise.
pub(super) const POINTS: usize = 100;

/// Where the steps of DDIM lie.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum GridChoice {
    /// Evenly between the ends of each stretch
    #[default]
    Even,
    /// As in the code of Park et al. (2023): T - 1 times j / (N - 1), with their ends
    Authors,
}

impl Loaded {
    /// [C, H, W] of x and of h.
    pub(super) fn dimensions(&self) -> [[usize; 3]; 2] {
        [self.unet.image(), self.unet.hidden()]
    }
}

/// Where the model is and how its samples move.
#[derive(Debug, Args)]
pub(super) struct Model {
    /// Folder of the checkpoint
    pub(super) folder: PathBuf,
    /// Time of the sample, 0 to the last of the schedule
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(super) timestep: f64,
    /// Text states for a net with cross-attention: safetensors (tensor ctx, or the only one) or NPY, [L,D] or [B,L,D]
    #[arg(long, value_name = "FILE")]
    context: Option<PathBuf>,
    /// Steps of DDIM on each stretch: from noise to T (without --x), from T to data [default: 50, or one a time; with --grid
    /// authors the points of the whole grid, 100]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// Where the steps of DDIM lie; `authors` moves T to the nearest point of their grid
    #[arg(long, value_enum, value_name = "GRID", default_value = "even")]
    pub(super) grid: GridChoice,
    /// Leave tensors out that the net does not have
    #[arg(long)]
    allow_extra: bool,
}

/// What was read.
pub(super) struct Loaded {
    pub(super) unet: Unet<f32>,
    pub(super) noise: Noise,
    context: Option<Vec<f32>>,
    /// The time, on the grid.
    pub(super) timestep: f64,
    /// The net has text states.
    pub(super) conditional: bool,
    /// What answers depend on: empty where none are kept.
    description: String,
}

impl Model {
    /// Reads the model for images of a size, if one is given by `sized` (for whom it is, in messages), with entry `index` of
    /// the text states.
    pub(super) fn load(
        &self,
        common: &Common,
        index: usize,
        sized: impl FnOnce(&Checkpoint) -> Result<Option<([usize; 2], Option<PathBuf>)>, CliError>,
    ) -> Result<Loaded, CliError> {
        if common.resume && common.out.is_none() {
            let message = "--resume: a checkpoint lies in --out, and none is given\nhint: --out DIR";
            return Err(CliError::input(message));
        }
        let options = LoadOptions {
            allow_extra: self.allow_extra,
            ..LoadOptions::default()
        };
        let checkpoint = Checkpoint::load(&self.folder, options)?;
        let noise = self.noise(&checkpoint, common)?;
        // Before anything long is done.
        noise.level(self.timestep).map_err(|e| self.input(&e))?;
        let timestep = noise.nearest(self.timestep);
        if timestep != self.timestep {
            let said = format!(
                "note: t = {timestep}, the nearest of the grid to {}",
                self.timestep
            );
            remark(common, &said);
        }
        let (size, from) = sized(&checkpoint)?.unzip();
        let context = match &self.context {
            Some(path) => Some((path, one_of(path, &["ctx", "context"], 2, index)?)),
            None => None,
        };
        let rows = context.as_ref().map_or(0, |(_, one)| one.shape[0]);
        let unet = Unet::from_checkpoint(&checkpoint, size, rows).map_err(|error| match (error, from) {
            (ModelError::Size, _) => CliError::input(format!(
                "{}\nhint: give a sample of that size with --x",
                ModelError::Size
            ))
            .in_file(&self.folder),
            (error, Some(Some(path))) => CliError::input(error.to_string()).in_file(&path),
            (error, _) => self.input(&error),
        })?;
        self.fits(&unet, context.as_ref().map(|(path, one)| (path.as_path(), one)))?;
        let context = context.map(|(_, one)| one.values);
        let description = match common.out {
            Some(_) => fingerprint(&checkpoint, &unet, context.as_deref().unwrap_or_default()),
            None => String::new(),
        };
        Ok(Loaded {
            conditional: unet.places().context.is_some(),
            unet,
            noise,
            context,
            timestep,
            description,
        })
    }

    fn noise(&self, checkpoint: &Checkpoint, common: &Common) -> Result<Noise, CliError> {
        let scheduler = checkpoint.scheduler.clone().unwrap_or_else(|| {
            let said =
                "no scheduler_config.json, taken: 1000 times, betas from 1e-4 to 0.02, noise predicted";
            remark(common, &format!("note: {}: {said}", self.folder.display()));
            SchedulerConfig::ddpm(1000)
        });
        let noise = Noise::new(&scheduler).map_err(|e| self.input(&e))?;
        match self.grid {
            GridChoice::Even => Ok(noise),
            GridChoice::Authors => {
                let noise = noise.on_authors_grid(self.steps.unwrap_or(POINTS));
                noise.map_err(|error| CliError::input(format!("--steps: {error}")))
            }
        }
    }

    /// The net gives what it takes, and takes these text states.
    fn fits(&self, unet: &Unet<f32>, context: Option<(&Path, &One)>) -> Result<(), CliError> {
        if unet.image() != unet.output() {
            let (image, output) = (unet.image(), unet.output());
            let message = format!("the net gives {output:?} for samples {image:?}, expected the same");
            return Err(CliError::input(message).in_file(&self.folder));
        }
        if let Some((path, One { shape, .. })) = context {
            let graph = unet.net().graph();
            let place = unet.places().context;
            let width = place.map(|value| graph.shape(value).elements() / shape[0]);
            if width != Some(shape[1]) {
                let wanted = width.unwrap_or(0);
                let found = format!("text states of width {}, expected {wanted}", shape[1]);
                return Err(CliError::input(found).in_file(path));
            }
        }
        Ok(())
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

    /// The geometry of the net, what it answers kept in `NAME.checkpoint` of --out, if there is an --out. `told` is what a
    /// run depends on beside the net and the questions that it is asked.
    pub(super) fn latent<'a>(
        &self,
        loaded: &'a Loaded,
        work: Work<'a>,
        common: &Common,
        name: &str,
        told: &str,
    ) -> Result<Latent<'a>, CliError> {
        let mut latent = Latent::new(&loaded.unet, &loaded.noise, loaded.context.as_deref(), work);
        if let Some(out) = &common.out {
            let folder = out.join(format!("{name}.checkpoint"));
            let pause = super::sample::PAUSE;
            let description = format!("{}{told}", loaded.description);
            latent.keep(Answers::open(&folder, &description, pause, common.resume)?);
        }
        Ok(latent)
    }

    fn input(&self, error: &impl std::fmt::Display) -> CliError {
        CliError::input(error.to_string()).in_file(&self.folder)
    }

    /// Why there is no basis, sample or edit.
    pub(super) fn refused(&self, error: Failure) -> CliError {
        let message = error.to_string();
        match error {
            PullbackError::Operator(LatentError::Interrupted) => {
                CliError::interrupted(format!("{message}\nhint: with --out DIR, --resume goes on"))
            }
            PullbackError::Operator(LatentError::Kept { done, checkpoint }) => {
                let path = checkpoint.display().to_string();
                CliError::interrupted(message)
                    .with("finished", done)
                    .with("checkpoint", path)
            }
            PullbackError::Operator(LatentError::Keep(_))
            | PullbackError::Lost
            | PullbackError::Decomposition { .. } => CliError::failed(message),
            PullbackError::Operator(LatentError::Net(_)) | PullbackError::NotFinite { .. } => {
                CliError::failed(message).in_file(&self.folder)
            }
            PullbackError::Operator(LatentError::Resume(_))
            | PullbackError::Count { .. }
            | PullbackError::Option { .. } => CliError::input(message),
            error => self.input(&error),
        }
    }
}
