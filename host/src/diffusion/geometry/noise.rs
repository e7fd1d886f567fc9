//! The noise schedule of a checkpoint, and plans between any two of its times.
//!
//! The plans here are those of an edit: from the time t of a sample to data, or from noise to t. Times are evenly
//! spaced, t_i = t (N - i) / N, rounded to whole ones but for the ends; after the last comes data, or alpha bar of
//! time 0 where the checkpoint says so (`set_alpha_to_one` false). Or they are those of
//! [`authors`], which have a grid of their own.

use super::LatentError;
use crate::diffusion::folder::SchedulerConfig;
use crate::diffusion::sampling::authors;
use gibbs_core::Error;
use gibbs_core::diffusion::{Hop, Level, Prediction, Schedule};

/// A schedule of T levels, and what a net makes of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Noise {
    alpha_bar: Vec<f64>,
    prediction: Prediction,
    clip: Option<f64>,
    ends_at_data: bool,
    /// The grid of the authors, if it is theirs.
    grid: Option<Vec<Level>>,
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
            grid: None,
        })
    }

    /// The same on the grid of the authors, of so many points.
    ///
    /// # Errors
    /// [`LatentError::Grid`].
    pub fn on_authors_grid(self, points: usize) -> Result<Self, LatentError> {
        let most = self.steps();
        let grid = authors::levels(&self.alpha_bar, points);
        let grid = grid.map_err(|_| LatentError::Grid { points, most })?;
        Ok(Self {
            grid: Some(grid),
            ..self
        })
    }

    /// The time nearest to `t` where a sample can be: the point of the grid of the authors, otherwise `t`.
    pub fn nearest(&self, t: f64) -> f64 {
        let grid = self.grid.as_ref().and_then(|grid| grid.get(nearest(grid, t)));
        grid.map_or(t, Level::timestep)
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
        if self.grid.is_some() {
            return Ok(authors::level(&self.alpha_bar, t)?);
        }
        let schedule = Schedule::new(&self.alpha_bar)?;
        if t.fract() == 0.0 {
            return Ok(schedule.level(t as u32)?);
        }
        Ok(schedule.interpolated(t)?)
    }

    /// `steps` hops from time `from` down to time `to`, or to data if it is `None`. Empty if `to` is `from`. On the grid of
    /// the authors: the hops of the grid between the points nearest to these times, whatever `steps` says.
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
        if let Some(grid) = &self.grid {
            let points = [from, end].map(|t| nearest(grid, t));
            return Ok(authors::down(grid, points[0], points[1]));
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

/// The number of the level nearest to a time, the earlier of two.
fn nearest(grid: &[Level], t: f64) -> usize {
    let off = |at: &usize| (grid[*at].timestep() - t).abs();
    let best = (0..grid.len()).min_by(|a, b| off(a).total_cmp(&off(b)));
    best.unwrap_or(0)
}
