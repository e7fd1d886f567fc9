//! The learning rate as a function of the step alone, so that a resumed run needs no memory of it.
//!
//! Step n = 0, 1, ... During a warm-up of W steps the rate is r (n + 1) / W: the first step already moves, and step
//! W - 1 is the first at the full rate. After it, with k = n - W:
//! constant r;  steps r f^floor(k / every);  cosine (Loshchilov, Hutter 2017)
//! r_end + (r - r_end) (1 + cos(pi min(1, k / (S - W)))) / 2, which stays at r_end from step S on.

use super::{TrainError, check, power};
use gibbs_core::math::Real;
use serde::{Deserialize, Serialize};

/// How the rate goes on after the warm-up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Shape {
    /// The rate stays as it is.
    #[default]
    Constant,
    /// Multiplied by `factor` after each `every` steps.
    Steps {
        /// Length of a stair, at least 1.
        every: u64,
        /// From one stair to the next, more than 0.
        factor: f64,
    },
    /// Half a period of a cosine.
    Cosine {
        /// S: the step, warm-up included, from which the rate stays at `end`.
        steps: u64,
        /// The last rate r_end, at least 0.
        end: f64,
    },
}

/// A peak rate, a warm-up, and a shape.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Schedule {
    /// r, the highest rate, at least 0.
    pub peak: f64,
    /// W, in steps; 0 for none.
    pub warm_up: u64,
    /// What follows the warm-up.
    pub shape: Shape,
}

impl Schedule {
    /// One rate throughout.
    pub fn constant(peak: f64) -> Self {
        Self {
            peak,
            warm_up: 0,
            shape: Shape::Constant,
        }
    }

    /// Refuses what is out of range.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn check(&self) -> Result<(), TrainError> {
        check("rate", self.peak, 0.0, f64::INFINITY)?;
        match self.shape {
            Shape::Constant => Ok(()),
            Shape::Steps { every, factor } => {
                check("every", every as f64, 1.0, f64::INFINITY)?;
                check("factor", factor, f64::MIN_POSITIVE, f64::INFINITY)
            }
            Shape::Cosine { steps, end } => {
                check(
                    "steps of the cosine",
                    steps as f64,
                    self.warm_up as f64 + 1.0,
                    f64::INFINITY,
                )?;
                check("end", end, 0.0, f64::INFINITY)
            }
        }
    }

    /// The rate of step `step`, from 0.
    pub fn rate(&self, step: u64) -> f64 {
        let Some(after) = step.checked_sub(self.warm_up) else {
            return self.peak * (step + 1) as f64 / self.warm_up as f64;
        };
        match self.shape {
            Shape::Constant => self.peak,
            Shape::Steps { every, factor } => self.peak * power(factor, after / every.max(1)),
            Shape::Cosine { steps, end } => {
                let length = steps.saturating_sub(self.warm_up);
                if after >= length {
                    return end;
                }
                let angle = std::f64::consts::PI * after as f64 / length as f64;
                end + (self.peak - end) * (1.0 + Real::cos(angle)) / 2.0
            }
        }
    }
}
