//! From a `scheduler_config.json` to a table of ab_t, a sampler, and its plan of hops.
//!
//! The table is multiplied in f64 (spec/diffusion.md 1.7). Where the steps lie follows `timestep_spacing` and
//! `steps_offset` of the file, whichever sampler runs; DDIM ends at ab_0 when `set_alpha_to_one` is false; `clip_sample`
//! counts for DDPM and DDIM. Inversion is the plan of DDIM backwards (Song, Meng, Ermon 2021, section 4.3), never clipped.

use super::{SamplingError, authors};
use crate::diffusion::folder::{self, BetaSchedule, SchedulerConfig};
use gibbs_core::Error;
use gibbs_core::diffusion::ddpm;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::schedule::{Schedule, alpha_bars};
use gibbs_core::diffusion::timesteps::{self, Spacing};
use gibbs_core::diffusion::{Betas, Hop, Method, Prediction, Sampler};

/// The samplers by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Ancestral sampling.
    Ddpm,
    /// DDIM with eta from 0 (deterministic) to 1.
    Ddim {
        /// How random.
        eta: f64,
    },
    /// Euler's method in sigma.
    Euler,
    /// Heun's method in sigma: two evaluations a step.
    Heun,
    /// DPM-Solver++(2M).
    DpmSolver,
}

/// A file's settings in the terms of the core.
impl SchedulerConfig {
    /// ab_t, t = 0 .. T-1: 8 T bytes.
    pub(in crate::diffusion) fn table(&self) -> Result<Vec<f64>, Error> {
        let (first, last) = (self.beta_start, self.beta_end);
        let betas = match self.beta_schedule {
            BetaSchedule::Linear => Betas::Linear { first, last },
            BetaSchedule::ScaledLinear => Betas::ScaledLinear { first, last },
            BetaSchedule::SquaredCosine => Betas::SquaredCosine,
        };
        let mut alpha_bar = vec![0.0; self.num_train_timesteps];
        alpha_bars(betas, &mut alpha_bar)?;
        Ok(alpha_bar)
    }

    /// What the net's output means.
    pub(in crate::diffusion) fn meaning(&self) -> Prediction {
        match self.prediction {
            folder::Prediction::Epsilon => Prediction::Noise,
            folder::Prediction::Velocity => Prediction::Velocity,
        }
    }

    /// The bound of the predicted image, if any.
    pub(in crate::diffusion) fn clip(&self) -> Option<f64> {
        self.clip_sample.then_some(self.clip_sample_range)
    }
}

/// A noise schedule, its table filled.
#[derive(Clone, Debug)]
pub struct NoiseSchedule {
    config: SchedulerConfig,
    alpha_bar: Vec<f64>,
}

impl NoiseSchedule {
    /// Fills the table: 8 T bytes.
    ///
    /// # Errors
    /// `Core` when the betas make no schedule.
    pub fn new(config: &SchedulerConfig) -> Result<Self, SamplingError> {
        Ok(Self {
            config: config.clone(),
            alpha_bar: config.table()?,
        })
    }

    /// What it was made of.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// ab_t, t = 0 .. T-1.
    pub fn alpha_bar(&self) -> &[f64] {
        &self.alpha_bar
    }

    /// The schedule of the core.
    ///
    /// # Errors
    /// None for a table that [`Self::new`] made.
    pub fn schedule(&self) -> Result<Schedule<'_, f64>, SamplingError> {
        Ok(Schedule::new(&self.alpha_bar)?)
    }

    /// What the net's output means.
    pub fn prediction(&self) -> Prediction {
        self.config.meaning()
    }

    /// Where the steps lie.
    pub fn spacing(&self) -> Spacing {
        match self.config.timestep_spacing {
            // Below T, which is at most 10^6.
            folder::Spacing::Leading => Spacing::Leading {
                offset: self.config.steps_offset as u32,
            },
            folder::Spacing::Linspace => Spacing::Linspace,
            folder::Spacing::Trailing => Spacing::Trailing,
        }
    }

    /// A sampler with the conventions of the file.
    ///
    /// # Errors
    /// `Eta`; `Clip`; `Core` for a clip that is none.
    pub fn sampler(&self, kind: Kind) -> Result<Sampler, SamplingError> {
        let config = &self.config;
        let clip = config.clip();
        let method = match kind {
            Kind::Ddpm => Method::Ddpm {
                variance: match config.variance {
                    folder::Variance::FixedSmall => ddpm::Variance::FixedSmall,
                    folder::Variance::FixedLarge => ddpm::Variance::FixedLarge,
                },
                clip,
            },
            Kind::Ddim { eta } if !(0.0..=1.0).contains(&eta) => return Err(SamplingError::Eta { eta }),
            Kind::Ddim { eta } => Method::Ddim { eta, clip },
            Kind::Euler => Method::Euler,
            // Of the classes that are read, Heun's is the only one that clips along sigmas.
            Kind::Heun if clip.is_some() && config.class == "HeunDiscreteScheduler" => {
                return Err(SamplingError::Clip { class: config.class });
            }
            Kind::Heun => Method::Heun,
            Kind::DpmSolver => Method::DpmSolver,
        };
        Ok(Sampler::new(method, self.prediction())?)
    }

    /// The sampler of inversion and of the way back from it: DDIM, deterministic, without a clip.
    ///
    /// # Errors
    /// None in fact.
    pub fn inverter(&self) -> Result<Sampler, SamplingError> {
        let method = Method::Ddim { eta: 0.0, clip: None };
        Ok(Sampler::new(method, self.prediction())?)
    }

    /// The hops of `steps` steps, noisiest first.
    ///
    /// # Errors
    /// `Steps`, `Spacing`; `Core` as the planner.
    pub fn plan(&self, kind: Kind, steps: usize) -> Result<Vec<Hop>, SamplingError> {
        let most = self.alpha_bar.len();
        if steps == 0 || steps > most {
            return Err(SamplingError::Steps { steps, most });
        }
        let (schedule, spacing, total) = (self.schedule()?, self.spacing(), most as u32);
        let misfit = |_| SamplingError::Spacing {
            steps,
            most,
            spacing: self.config.timestep_spacing,
            offset: self.config.steps_offset,
        };
        let mut hops = vec![Hop::NONE; steps];
        match kind {
            Kind::Ddpm | Kind::Ddim { .. } => {
                let mut chosen = vec![0; steps];
                timesteps::timesteps(spacing, total, &mut chosen).map_err(misfit)?;
                if kind == Kind::Ddpm {
                    plan::ddpm(&schedule, &chosen, &mut hops)?;
                } else {
                    plan::ddim(&schedule, &chosen, self.ending(), &mut hops)?;
                }
            }
            Kind::Euler | Kind::Heun => {
                let mut chosen = vec![0.0; steps];
                timesteps::fractional(spacing, total, &mut chosen).map_err(misfit)?;
                plan::sigmas(&schedule, &chosen, &mut hops)?;
            }
            Kind::DpmSolver => {
                let mut chosen = vec![0; steps];
                timesteps::multistep(spacing, total, &mut chosen).map_err(misfit)?;
                let chosen: Vec<f64> = chosen.into_iter().map(f64::from).collect();
                plan::sigmas(&schedule, &chosen, &mut hops)?;
            }
        }
        Ok(hops)
    }

    /// The hops of inversion: those of deterministic DDIM from data to noise.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn inversion(&self, steps: usize) -> Result<Vec<Hop>, SamplingError> {
        let mut hops = self.plan(Kind::Ddim { eta: 0.0 }, steps)?;
        plan::invert(&mut hops);
        Ok(hops)
    }

    /// The hops there and back (inversion, sampling) on the grid of the authors of [`authors`].
    ///
    /// # Errors
    /// `Grid`.
    pub fn authors(&self, points: usize) -> Result<[Vec<Hop>; 2], SamplingError> {
        let (least, most) = (3, self.alpha_bar.len());
        if points < least || points > most {
            return Err(SamplingError::Grid { points, least, most });
        }
        let levels = authors::levels(&self.alpha_bar, points)?;
        let back = authors::down(&levels, points - 1, 0);
        Ok([authors::inversion(&levels), back])
    }

    fn ending(&self) -> Ending {
        if self.config.set_alpha_to_one {
            Ending::Data
        } else {
            Ending::FirstStep
        }
    }
}
