//! Exponential moving average of the parameters, which samples better than the parameters themselves
//! (Polyak, Juditsky 1992, with exponential weights).
//!
//! a <- a + (1 - d) (p - a). With warm-up the decay at update n = 0, 1, ... is min(d, (1 + n) / (10 + n)), so that
//! the random start is forgotten within tens of updates instead of 1 / (1 - d).

use super::{TrainError, check};
use crate::simd::{Task, dispatch};
use serde::{Deserialize, Serialize};

/// The decay of an average, and whether it warms up.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The decay d, in [0, 1).
    pub decay: f64,
    /// Whether it grows from 0.1 to d.
    pub warm_up: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            decay: 0.999,
            warm_up: true,
        }
    }
}

impl Settings {
    /// Refuses a decay outside its range.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn check(&self) -> Result<(), TrainError> {
        check("average decay", self.decay, 0.0, 1.0)
    }

    /// The decay of update number `update`, from 0.
    pub fn decay_at(&self, update: u64) -> f64 {
        let warm = (1.0 + update as f64) / (10.0 + update as f64);
        if self.warm_up && warm < self.decay {
            warm
        } else {
            self.decay
        }
    }
}

/// An exponential moving average of parameters.
#[derive(Clone, Debug, PartialEq)]
pub struct Average {
    /// The decay of the average.
    pub settings: Settings,
    /// The number of updates made.
    pub updates: u64,
    /// The average a, tensor by tensor.
    pub values: Vec<Vec<f32>>,
}

impl Average {
    /// An average that starts at `parameters`.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn new(settings: Settings, parameters: &[Vec<f32>]) -> Result<Self, TrainError> {
        settings.check()?;
        Ok(Self {
            settings,
            updates: 0,
            values: parameters.to_vec(),
        })
    }

    /// Takes in `parameters` (the tensors given to [`Average::new`]). Elementwise, no memory taken.
    pub fn update(&mut self, parameters: &[Vec<f32>]) {
        let share = (1.0 - self.settings.decay_at(self.updates)) as f32;
        self.updates += 1;
        for (values, parameters) in self.values.iter_mut().zip(parameters) {
            dispatch(Update {
                share,
                values,
                parameters,
            });
        }
    }
}

struct Update<'a> {
    share: f32,
    values: &'a mut [f32],
    parameters: &'a [f32],
}

impl Task for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (a, p) in self.values.iter_mut().zip(self.parameters) {
            *a += self.share * (*p - *a);
        }
    }
}
