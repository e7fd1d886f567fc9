//! A model at a time: what the verbs of the geometry share.

use super::reading::{Reading, STEPS, description};
use crate::cli::Common;
use crate::cli::error::CliError;
use crate::diffusion::eps::Guidance;
use crate::diffusion::folder::ModelFolder;
use crate::diffusion::geometry::Geometry;
use crate::diffusion::geometry::answers::Answers;
use crate::diffusion::model::Unet;
use crate::diffusion::schedule::NoiseSchedule;
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
    /// What answers depend on: empty where none are kept.
    description: String,
}

impl Loaded {
    /// [C, H, W] of x and of h.
    pub(super) fn dimensions(&self) -> [[usize; 3]; 2] {
        [self.unet.image(), self.unet.hidden()]
    }

    /// The net has text states.
    pub(super) fn conditional(&self) -> bool {
        self.guidance.condition().is_some()
    }

    /// T of the schedule.
    pub(super) fn levels(&self) -> f64 {
        self.schedule.alpha_bar().len() as f64
    }
}

impl Model {
    /// Reads the model for images of the size that `sized` finds, if it does, with entry `index` of the text states.
    pub(super) fn load(
        &self,
        common: &Common,
        index: usize,
        sized: impl FnOnce(&ModelFolder) -> Result<Option<[usize; 2]>, CliError>,
    ) -> Result<Loaded, CliError> {
        if common.resume && common.out.is_none() {
            let message = "--resume: a checkpoint lies in --out, and none is given\nhint: --out DIR";
            return Err(CliError::input(message));
        }
        let super::reading::Loaded { model, schedule } = self.reading.load_at_sample(common)?;
        // Before anything long is done.
        let refused = |error| self.reading.refused(error);
        schedule.level(self.timestep).map_err(refused)?;
        let guidance = self.reading.condition_of(&model, index)?;
        let size = sized(&model)?.or(self.reading.size);
        let unet = self.reading.unet(&model, size, &guidance)?;
        let description = match common.out {
            Some(_) => description(&model, &unet, &guidance),
            None => String::new(),
        };
        Ok(Loaded {
            unet,
            schedule,
            guidance,
            description,
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

    /// The geometry of the net, what it answers kept in `NAME.checkpoint` of --out, if there is an --out. `told` is what a
    /// run depends on beside the net and the questions that it is asked.
    pub(super) fn geometry<'a>(
        &self,
        loaded: &'a Loaded,
        work: Work<'a>,
        common: &Common,
        name: &str,
        told: &str,
    ) -> Result<Geometry<'a>, CliError> {
        let geometry = Geometry::new(&loaded.unet, &loaded.schedule, loaded.guidance.clone(), work);
        let mut geometry = geometry.map_err(|error| self.reading.refused(error))?;
        if let Some(out) = &common.out {
            let folder = out.join(format!("{name}.checkpoint"));
            let pause = super::sample::PAUSE;
            let description = format!("{}{told}", loaded.description);
            geometry.keep(Answers::open(&folder, &description, pause, common.resume)?);
        }
        Ok(geometry)
    }
}
