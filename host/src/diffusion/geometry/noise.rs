//! The noise schedule of a checkpoint, and plans between any two of its times.
//!
//! The plans here are those of an edit: from the time t of a sample to data, or from noise to t. Times are evenly
//! spaced, t_i = t (N - i) / N, rounded to whole ones but for the ends; after the last comes data, or alpha bar of
//! time 0 where the checkpoint says so (`set_alpha_to_one` false).

use super::LatentError;
use crate::diffusion::folder::SchedulerConfig;
use gibbs_core::Error;
use gibbs_core::diffusion::{Hop, Level, Prediction, Schedule};

/// A schedule of T levels, and what a net makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    alpha_bar: Vec<f64>,
    prediction: Prediction,
    clip: Option<f64>,
    ends_at_data: bool,
}

impl Noise {
    /// From a checkpoint's `scheduler_config.json`.
    ///
    /// # Errors
    /// Those of [`alpha_bars`](gibbs_core::diffusion::schedule::alpha_bars).
    pub fn new(config: &SchedulerConfig) -> Result<Self, Error> {
        Ok(Self {
            alpha_bar: config.table()?,
            prediction: config.meaning(),
            clip: config.clip(),
            ends_at_data: config.set_alpha_to_one,
        })
    }

    /// T.
    pub fn steps(&self) -> usize {
        self.alpha_bar.len()
    }

    /// What the net predicts.
    pub fn prediction(&self) -> Prediction {
        self.prediction
    }

    /// The bound of the predicted image, if any.
    pub fn clip(&self) -> Option<f64> {
        self.clip
    }

    /// The level of a time, which may be fractional.
    ///
    /// # Errors
    /// [`LatentError::Timestep`] outside 0..=T-1, NaN included.
    pub fn level(&self, t: f64) -> Result<Level, LatentError> {
        let last = self.steps() - 1;
        if !(t >= 0.0 && t <= last as f64) {
            return Err(LatentError::Timestep { found: t, last });
        }
        let schedule = Schedule::new(&self.alpha_bar)?;
        if t.fract() == 0.0 {
            return Ok(schedule.level(t as u32)?);
        }
        Ok(schedule.interpolated(t)?)
    }

    /// `steps` hops from time `from` down to time `to`, or to data if it is `None`. Empty if `to` is `from`.
    ///
    /// # Errors
    /// [`LatentError::Timestep`], also where `to` is above `from`; [`LatentError::Steps`] for none, or more than one for
    /// each whole time between.
    pub fn hops(&self, from: f64, to: Option<f64>, steps: usize) -> Result<Vec<Hop>, LatentError> {
        let first = self.level(from)?;
        let end = to.unwrap_or(0.0);
        let last = match to {
            Some(to) if to > from => {
                let last = from as usize;
                return Err(LatentError::Timestep { found: to, last });
            }
            Some(to) => self.level(to)?,
            None if self.ends_at_data => Level::DATA,
            None => self.level(0.0)?,
        };
        if to == Some(from) {
            return Ok(Vec::new());
        }
        // One hop is always possible; more need a whole time each.
        let most = ((from - end) as usize).max(1);
        if steps == 0 || steps > most {
            let found = steps;
            return Err(LatentError::Steps { found, most });
        }
        let mut hops = Vec::with_capacity(steps);
        let mut from_level = first;
        for left in (0..steps).rev() {
            let to = if left == 0 {
                last
            } else {
                let t = end + (from - end) * left as f64 / steps as f64;
                self.level(t.round())?
            };
            hops.push(Hop { from: from_level, to });
            from_level = to;
        }
        Ok(hops)
    }
}
