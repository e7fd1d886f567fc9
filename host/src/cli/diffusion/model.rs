//! A model at a time: what the verbs of the geometry share.

use super::reading::{Reading, STEPS, description};
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::diffusion::eps::Guidance;
use crate::diffusion::folder::ModelFolder;
use crate::diffusion::geometry::{Failure, Geometry};
use crate::diffusion::model::Unet;
use crate::diffusion::pullback::PullbackError;
use crate::diffusion::schedule::NoiseSchedule;
use crate::keep::Identity;
use crate::work::Work;
use clap::Args;
use gibbs_core::diffusion::Hop;

/// Where the model is and how its samples move.
#[derive(Debug, Args)]
pub(super) struct Model {
    #[command(flatten)]
    pub(super) reading: Reading,
    /// Time of the sample, 0 to the last of the schedule
    #[arg(long, value_name = "T", allow_negative_numbers = true)]
    pub(super) timestep: f64,
    /// Steps of DDIM from noise to data, those of `sample` and `invert`, of which a part leads to T and the others on [default:
    /// 50, or those of the inversion that made the sample]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
}

/// What was read.
pub(super) struct Loaded {
    pub(super) unet: Unet<f32>,
    pub(super) schedule: NoiseSchedule,
    guidance: Guidance,
    description: String,
}

impl Loaded {
    /// [C, H, W] of x and of h.
    pub(super) fn dimensions(&self) -> [[usize; 3]; 2] {
        [self.unet.image(), self.unet.hidden()]
    }

    /// (dim h, dim x).
    pub(super) fn sides(&self) -> (usize, usize) {
        let [x, h] = self.dimensions().map(|lengths| lengths.iter().product());
        (h, x)
    }

    /// The net has text states.
    pub(super) fn conditional(&self) -> bool {
        self.guidance.condition().is_some()
    }

    /// T of the schedule.
    pub(super) fn levels(&self) -> f64 {
        self.schedule.alpha_bar().len() as f64
    }

    /// The geometry of the net, what it does kept by `work`.
    pub(super) fn geometry<'a>(&'a self, work: &Work<'a>) -> Result<Geometry<'a>, Failure> {
        let geometry = Geometry::new(&self.unet, &self.schedule, self.guidance.clone(), *work);
        geometry.map_err(PullbackError::Operator)
    }
}

impl Model {
    /// Reads the model for images of the size that `sized` finds, if it does, with entry `index` of the text states, if there is
    /// memory for a basis of `count` vectors.
    pub(super) fn load(
        &self,
        session: &Session<'_>,
        (count, blocks): (usize, usize),
        index: usize,
        sized: impl FnOnce(&ModelFolder) -> Result<Option<[usize; 2]>, CliError>,
    ) -> Result<Loaded, CliError> {
        let super::reading::Loaded { model, schedule } = self.reading.load_at_sample(session)?;
        // Before anything long is done.
        let refused = |error| self.reading.refused(error);
        schedule.level(self.timestep).map_err(refused)?;
        let guidance = self.reading.condition_of(&model, index)?;
        let size = sized(&model)?.or(self.reading.size);
        let needs = self.reading.needs(&model, size, &guidance)?;
        session.needs(needs.basis(count, blocks), "--count and --blocks at this size")?;
        let unet = self.reading.unet(&model, size, &guidance)?;
        Ok(Loaded {
            description: description(&model, &unet, &guidance),
            unet,
            schedule,
            guidance,
        })
    }

    /// Steps of DDIM, where a file tells of so many.
    pub(super) fn steps(&self, told: Option<usize>) -> usize {
        self.steps.or(told).unwrap_or(STEPS)
    }

    /// The hops of a stretch of `steps` steps of DDIM in all.
    pub(super) fn way(
        &self,
        loaded: &Loaded,
        from: Option<f64>,
        to: Option<f64>,
        steps: usize,
    ) -> Result<Vec<Hop>, CliError> {
        let way = loaded.schedule.way(from, to, steps);
        way.map_err(|error| self.reading.refused(error))
    }

    /// What a run depends on: the net, the time, the ways.
    pub(super) fn identity(
        &self,
        run: &'static str,
        seed: u64,
        loaded: &Loaded,
        ways: &[&[Hop]],
    ) -> Identity {
        Identity::new(run, seed)
            .with("model", &loaded.description)
            .with("timestep", self.timestep)
            .with("clip", format!("{:?}", self.reading.clip()))
            .options(&ways)
    }
}
