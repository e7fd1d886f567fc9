//! The small nets: trained as those of the pilot run, one for each set and seed.

use crate::diffusion::datasets::{Configurations, Dataset, DatasetError, Discs, DiscsAndBars};
use crate::diffusion::folder::SchedulerConfig;
use crate::diffusion::model::Unet;
use crate::diffusion::presets;
use crate::diffusion::training::{self, NoisePrediction};
use crate::experiments::{Context, ExperimentError};
use crate::progress::Silent;
use crate::train::{Settings, TrainError, Trainer};
use crate::work::{Stopped, Work};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Pixels of a side, levels of noise.
pub(super) const SIDE: usize = 16;
pub(super) const LEVELS: usize = 1000;
/// The pilot had 198: after those, the bases of two of three seeds still had the high frequencies of the random start at
/// early times. The rest is the pilot's, as far as it is known; no average of the weights.
pub(super) const STEPS: u64 = 500;
const RATE: f64 = 2e-3;
const WARM_UP: u64 = 100;
const BATCH: u32 = 64;
/// Steps in the reported loss.
const WINDOW: u64 = 20;

/// What is learned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Set {
    /// (a).
    Discs,
    /// (c).
    Bars,
    /// (b).
    Ising,
}

impl Set {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Discs => "discs",
            Self::Bars => "discs and bars",
            Self::Ising => "Ising",
        }
    }

    pub(super) fn make(self, seed: u64) -> Result<Box<dyn Dataset>, ExperimentError> {
        let made = || -> Result<Box<dyn Dataset>, DatasetError> {
            Ok(match self {
                Self::Discs => Box::new(Discs::new(SIDE, seed)?),
                Self::Bars => Box::new(DiscsAndBars::new(SIDE, seed)?),
                Self::Ising => Box::new(Configurations::new(SIDE, &Configurations::TEMPERATURES, seed)?),
            })
        };
        made().map_err(ExperimentError::other(self.name()))
    }
}

/// A net after [`STEPS`] steps.
#[derive(Serialize, Deserialize)]
pub(super) struct Trained {
    /// Mean loss over the last steps.
    pub(super) loss: f64,
    /// The weights by name.
    weights: BTreeMap<String, Vec<f32>>,
}

impl Trained {
    /// The net itself.
    pub(super) fn unet(&self) -> Result<Unet<f32>, ExperimentError> {
        let weights = |name: &str| self.weights.get(name).map(Vec::as_slice);
        let config = presets::small(1, SIDE);
        let unet = Unet::new(&config, [SIDE, SIDE], 0, |parameter| weights(&parameter.name));
        unet.map_err(ExperimentError::other("a trained net"))
    }
}

/// Trains the net of a set and seed.
pub(super) fn train(context: &Context<'_>, (set, seed): (Set, u64)) -> Result<Trained, ExperimentError> {
    let task = format!("training on {}", set.name());
    let data = set.make(seed)?;
    let config = presets::small(1, SIDE);
    let alpha_bar =
        training::alpha_bars(&SchedulerConfig::ddpm(LEVELS)).map_err(ExperimentError::other(&*task))?;
    let batches = training::batches(&*data, seed, BATCH, 0).map_err(ExperimentError::other(&*task))?;
    let (mut objective, start) = NoisePrediction::new(&config, &*data, &alpha_bar, batches, seed)
        .map_err(ExperimentError::other(&*task))?;
    let settings = Settings {
        window: WINDOW,
        average: None,
        ..training::settings(STEPS, RATE, WARM_UP, seed)
    };
    let mut trainer = Trainer::new(settings, &objective, start).map_err(ExperimentError::other(&*task))?;
    let work = Work::new(&Silent, context.work.interrupted);
    let report = trainer.run(&mut objective, &work).map_err(|error| match error {
        TrainError::Stopped(Stopped::Interrupted { .. }) => Stopped::INSIDE.into(),
        other => ExperimentError::other(&*task)(other),
    })?;
    let tensors = training::tensors(&objective, trainer.parameters());
    let weights = tensors.into_iter().map(|(name, tensor)| (name, tensor.values));
    Ok(Trained {
        loss: report.mean,
        weights: weights.collect(),
    })
}
