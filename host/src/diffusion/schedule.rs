//! The noise schedule of a model: its table of ab_t, its samplers, and their plans of hops.
//!
//! Everything that moves a sample of a model asks here: `sample`, `invert`, and what brings samples to a time and on to data
//! for bases and edits. So that one way undoes the other, all of them have the same conventions:
//!
//! * Levels: the table is multiplied in f64; between whole times sigma is interpolated.
//! * Steps: where they lie follows `timestep_spacing` and `steps_offset` of the file, whichever sampler runs; DDIM ends at
//!   ab_0 when `set_alpha_to_one` is false. A [`NoiseSchedule::way`] is a stretch of the plan of DDIM, cut at its ends.
//! * Clipping ([`Clipping`]): `clip_sample` of the file bounds the predicted image, for all samplers and for inversion, and the
//!   noise is derived again.
//!
//! Inversion is the plan of DDIM backwards (Song, Meng, Ermon 2021, section 4.3).

use super::error::DiffusionError;
use super::folder::{self, BetaSchedule, SchedulerConfig};
use gibbs_core::Error;
use gibbs_core::diffusion::ddpm;
use gibbs_core::diffusion::plan::{self, Ending};
use gibbs_core::diffusion::schedule::{Schedule, alpha_bars};
use gibbs_core::diffusion::timesteps::{self, Spacing};
use gibbs_core::diffusion::{Betas, Hop, Level, Method, Prediction, Sampler};

/// The samplers by name.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Kind {
    /// Ancestral sampling.
    Ddpm,
    /// DDIM with eta from 0 (deterministic) to 1.
    Ddim {
        /// How random DDIM is, 0 to 1.
        eta: f64,
    },
    /// Euler's method in sigma.
    Euler,
    /// Heun's method in sigma: two evaluations a step.
    Heun,
    /// DPM-Solver++(2M).
    DpmSolver,
}

/// What is done where the predicted image leaves the range that `clip_sample_range` gives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Clipping {
    /// It is cut there and the noise is derived again, so that image and noise still make up the state: whichever the
    /// sampler, and in inversion.
    #[default]
    Derive,
    /// It is cut there and the noise stays: the default of the diffusers library, of DDPM and DDIM alone. With many steps
    /// images fade, and inversion does not return.
    KeepNoise,
    /// Nothing.
    Off,
}

/// A noise schedule, its table filled: 8 T bytes.
#[derive(Clone, Debug, PartialEq)]
pub struct NoiseSchedule {
    config: SchedulerConfig,
    alpha_bar: Vec<f64>,
    clipping: Clipping,
}

impl NoiseSchedule {
    /// From a `scheduler_config.json`, clipping as by [`Clipping::Derive`].
    ///
    /// # Errors
    /// `Core` when the betas make no schedule.
    pub fn new(config: &SchedulerConfig) -> Result<Self, DiffusionError> {
        let (first, last) = (config.beta_start, config.beta_end);
        let betas = match config.beta_schedule {
            BetaSchedule::Linear => Betas::Linear { first, last },
            BetaSchedule::ScaledLinear => Betas::ScaledLinear { first, last },
            BetaSchedule::SquaredCosine => Betas::SquaredCosine,
        };
        let mut alpha_bar = vec![0.0; config.num_train_timesteps];
        alpha_bars(betas, &mut alpha_bar)?;
        Ok(Self {
            config: config.clone(),
            alpha_bar,
            clipping: Clipping::default(),
        })
    }

    /// The same with another rule of clipping.
    #[must_use]
    pub fn clipped(self, clipping: Clipping) -> Self {
        Self { clipping, ..self }
    }

    /// The configuration that the schedule was made of.
    pub fn config(&self) -> &SchedulerConfig {
        &self.config
    }

    /// The table of ab_t, t = 0 .. T-1.
    pub fn alpha_bar(&self) -> &[f64] {
        &self.alpha_bar
    }

    /// The schedule of the core.
    ///
    /// # Errors
    /// None for a table that [`Self::new`] made.
    pub fn schedule(&self) -> Result<Schedule<'_, f64>, DiffusionError> {
        Ok(Schedule::new(&self.alpha_bar)?)
    }

    /// What the net's output means.
    pub fn prediction(&self) -> Prediction {
        match self.config.prediction {
            folder::Prediction::Epsilon => Prediction::Noise,
            folder::Prediction::Velocity => Prediction::Velocity,
        }
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

    /// The level of a time, which may be fractional.
    ///
    /// # Errors
    /// `Timestep` outside 0..=T-1, NaN included.
    pub fn level(&self, t: f64) -> Result<Level, DiffusionError> {
        let last = self.alpha_bar.len() - 1;
        if !(t >= 0.0 && t <= last as f64) {
            return Err(DiffusionError::Timestep { found: t, last });
        }
        let schedule = self.schedule()?;
        if t.fract() == 0.0 {
            return Ok(schedule.level(t as u32)?);
        }
        Ok(schedule.interpolated(t)?)
    }

    /// A sampler with the conventions of the file.
    ///
    /// # Errors
    /// `Eta`; `Core` for a clip that is none.
    pub fn sampler(&self, kind: Kind) -> Result<Sampler, DiffusionError> {
        let config = &self.config;
        let range = config.clip_sample.then_some(config.clip_sample_range);
        let (bound, kept) = match self.clipping {
            Clipping::Derive => (range, None),
            Clipping::KeepNoise => (None, range),
            Clipping::Off => (None, None),
        };
        let method = match kind {
            // Its mean is of the image and the state alone: the noise is derived again either way.
            Kind::Ddpm => {
                let variance = match config.variance {
                    folder::Variance::FixedSmall => ddpm::Variance::FixedSmall,
                    folder::Variance::FixedLarge => ddpm::Variance::FixedLarge,
                };
                let clip = bound.or(kept);
                return Ok(Sampler::new(Method::Ddpm { variance, clip }, self.prediction())?);
            }
            Kind::Ddim { eta } if !(0.0..=1.0).contains(&eta) => return Err(DiffusionError::Eta { eta }),
            Kind::Ddim { eta } => Method::Ddim { eta, clip: kept },
            Kind::Euler => Method::Euler,
            Kind::Heun => Method::Heun,
            Kind::DpmSolver => Method::DpmSolver,
        };
        Ok(Sampler::new(method, self.prediction())?.bounded(bound)?)
    }

    /// The hops of `steps` steps, noisiest first.
    ///
    /// # Errors
    /// `Steps`, `Spacing`; `Core` as the planner.
    pub fn plan(&self, kind: Kind, steps: usize) -> Result<Vec<Hop>, DiffusionError> {
        let most = self.alpha_bar.len();
        if steps == 0 || steps > most {
            return Err(DiffusionError::Steps { steps, most });
        }
        let (schedule, spacing, total) = (self.schedule()?, self.spacing(), most as u32);
        let misfit = |_: Error| DiffusionError::Spacing {
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
    pub fn inversion(&self, steps: usize) -> Result<Vec<Hop>, DiffusionError> {
        let mut hops = self.plan(Kind::Ddim { eta: 0.0 }, steps)?;
        plan::invert(&mut hops);
        Ok(hops)
    }

    /// The stretch of the plan of DDIM of `steps` steps from a time down to another; without `from` from its start, without
    /// `to` to its end. Hops that do not begin or end at such a time are cut there. From a time down to itself: none.
    ///
    /// Two stretches that meet at a step of the plan are the whole plan; where they meet at another time, with one more hop.
    ///
    /// # Errors
    /// As [`Self::plan`]; `Timestep`, also where `to` is above `from`.
    pub fn way(&self, from: Option<f64>, to: Option<f64>, steps: usize) -> Result<Vec<Hop>, DiffusionError> {
        let mut hops = self.plan(Kind::Ddim { eta: 0.0 }, steps)?;
        if let Some(from) = from {
            let start = self.level(from)?;
            if let Some(to) = to.filter(|to| *to > from) {
                let last = from as usize;
                return Err(DiffusionError::Timestep { found: to, last });
            }
            let end = hops.last().map_or(Level::DATA, |hop| hop.to);
            hops.retain(|hop| hop.from.timestep() <= from);
            match hops.first().map(|hop| hop.from) {
                Some(first) if first.timestep() == from => {}
                first => {
                    let to = first.unwrap_or(end);
                    hops.insert(0, Hop { from: start, to });
                }
            }
        }
        if let Some(to) = to {
            let end = self.level(to)?;
            hops.retain(|hop| hop.from.timestep() > to);
            if let Some(last) = hops.last_mut() {
                last.to = end;
            }
        }
        Ok(hops)
    }

    /// The time that samples of `steps` steps start from.
    ///
    /// # Errors
    /// As [`Self::plan`].
    pub fn start(&self, steps: usize) -> Result<f64, DiffusionError> {
        let hops = self.plan(Kind::Ddim { eta: 0.0 }, steps)?;
        Ok(hops.first().map_or(0.0, |hop| hop.from.timestep()))
    }

    fn ending(&self) -> Ending {
        if self.config.set_alpha_to_one {
            Ending::Data
        } else {
            Ending::FirstStep
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::garrote::testing::tolerance::ROUNDING;

    fn schedule() -> NoiseSchedule {
        NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap()
    }

    fn times(hops: &[Hop]) -> Vec<(f64, f64)> {
        let pair = |hop: &Hop| (hop.from.timestep(), hop.to.timestep());
        hops.iter().map(pair).collect()
    }

    #[test]
    fn stretches_meet_and_make_the_plan() {
        let schedule = schedule();
        for (spacing, steps) in [
            (folder::Spacing::Leading, 50),
            (folder::Spacing::Leading, 13),
            (folder::Spacing::Trailing, 7),
            (folder::Spacing::Linspace, 30),
        ] {
            let mut config = schedule.config().clone();
            config.timestep_spacing = spacing;
            let schedule = NoiseSchedule::new(&config).unwrap();
            let plan = schedule.plan(Kind::Ddim { eta: 0.0 }, steps).unwrap();
            assert_eq!(schedule.way(None, None, steps).unwrap(), plan);
            let at = plan[steps / 2].from.timestep();
            let both = [
                schedule.way(None, Some(at), steps).unwrap(),
                schedule.way(Some(at), None, steps).unwrap(),
            ];
            assert_eq!(both.concat().len(), steps);
            assert_eq!(both[1], plan[steps / 2..]);
            assert_eq!(both[0].last().unwrap().to, plan[steps / 2].from);
        }
    }

    #[test]
    fn stretches_are_cut_at_times_between_steps() {
        let schedule = schedule();
        let way = |from, to| times(&schedule.way(from, to, 4).unwrap());
        assert_eq!(way(None, Some(600.0)), [(750.0, 600.0)], "the first hop is cut");
        assert_eq!(
            way(Some(600.0), None),
            [(600.0, 500.0), (500.0, 250.0), (250.0, 0.0), (0.0, 0.0)]
        );
        assert_eq!(way(Some(999.0), Some(700.5)), [(999.0, 750.0), (750.0, 700.5)]);
        assert_eq!(way(Some(7.0), Some(7.0)), []);
        assert_eq!(way(Some(7.0), Some(3.0)), [(7.0, 3.0)]);
        assert_eq!(way(Some(0.0), None), [(0.0, 0.0)]);
        assert_eq!(way(None, Some(800.0)), []);
        let hops = schedule.way(Some(600.0), None, 4).unwrap();
        assert_eq!(hops[3].to, Level::DATA);
        let product: f64 = (0..=500)
            .map(|i| 1.0 - (1e-4 + 0.0199 * f64::from(i) / 999.0))
            .product();
        assert!((hops[0].to.alpha_bar() - product).abs() <= ROUNDING);
        let level = schedule.level(600.5).unwrap();
        let sigma = [600.0, 601.0].map(|t| schedule.level(t).unwrap().sigma());
        assert!((level.sigma() - f64::midpoint(sigma[0], sigma[1])).abs() <= 1e3 * ROUNDING);
        let config = SchedulerConfig {
            set_alpha_to_one: false,
            ..SchedulerConfig::ddpm(1000)
        };
        let schedule = NoiseSchedule::new(&config).unwrap();
        let hops = schedule.way(Some(600.0), None, 4).unwrap();
        assert_eq!(hops[3].to, schedule.level(0.0).unwrap());
    }

    #[test]
    fn times_that_are_not_there() {
        let schedule = schedule();
        for t in [-1.0, 999.5, 1000.0, f64::NAN, f64::INFINITY] {
            let refused = schedule.level(t).unwrap_err();
            assert!(
                matches!(refused, DiffusionError::Timestep { last: 999, .. }),
                "{t}"
            );
            assert!(schedule.way(Some(t), None, 1).is_err(), "{t}");
        }
        let refused = schedule.way(Some(5.0), Some(6.0), 1).unwrap_err();
        assert!(matches!(refused, DiffusionError::Timestep { last: 5, .. }));
    }
}
