//! Adam with decoupled weight decay (Kingma, Ba 2015; Loshchilov, Hutter 2019).
//!
//! At update n = 1, 2, ... with gradient g and rate r:
//! p <- (1 - r w) p;  m <- b1 m + (1 - b1) g;  v <- b2 v + (1 - b2) g^2;
//! p <- p - r / (1 - b1^n) * m / (sqrt(v) / sqrt(1 - b2^n) + e).
//! The decay w acts on every parameter, and e is added outside the root, as in PyTorch's AdamW.

use super::{TrainError, check, power, zeros_like};
use crate::simd::{Task, dispatch};
use serde::{Deserialize, Serialize};

/// The constants of the rule; by default PyTorch's.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// b1, memory of the mean gradient, in [0, 1).
    pub first: f64,
    /// b2, memory of the mean squared gradient, in [0, 1).
    pub second: f64,
    /// e, added to the root of the mean square, a positive f32.
    pub epsilon: f64,
    /// w, decay per unit of the rate, at least 0.
    pub decay: f64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            first: 0.9,
            second: 0.999,
            epsilon: 1e-8,
            decay: 0.01,
        }
    }
}

impl Settings {
    /// Refuses constants outside their ranges.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn check(&self) -> Result<(), TrainError> {
        check("first", self.first, 0.0, 1.0)?;
        check("second", self.second, 0.0, 1.0)?;
        // A zero that never saw a gradient would be 0 / 0 without it.
        check(
            "epsilon",
            self.epsilon,
            f64::from(f32::MIN_POSITIVE),
            f64::INFINITY,
        )?;
        check("decay", self.decay, 0.0, f64::INFINITY)
    }
}

/// The rule and its memory: two numbers per parameter.
#[derive(Clone, Debug, PartialEq)]
pub struct AdamW {
    /// The constants of the optimiser.
    pub settings: Settings,
    /// The number of updates made.
    pub updates: u64,
    /// The running mean m of the gradients, tensor by tensor.
    pub mean: Vec<Vec<f32>>,
    /// The running mean v of their squares, tensor by tensor.
    pub square: Vec<Vec<f32>>,
}

impl AdamW {
    /// An optimiser that has made no update yet.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn new(settings: Settings, parameters: &[Vec<f32>]) -> Result<Self, TrainError> {
        settings.check()?;
        Ok(Self {
            settings,
            updates: 0,
            mean: zeros_like(parameters),
            square: zeros_like(parameters),
        })
    }

    /// One update of `parameters` along `gradients` (the tensors given to [`AdamW::new`]) at this rate. Elementwise:
    /// four numbers read and three written per parameter, no memory taken.
    pub fn update(&mut self, rate: f64, parameters: &mut [Vec<f32>], gradients: &[Vec<f32>]) {
        self.updates += 1;
        let Settings {
            first,
            second,
            epsilon,
            decay,
        } = self.settings;
        let constants = Constants {
            keep: (1.0 - rate * decay) as f32,
            first: (1.0 - first) as f32,
            second: second as f32,
            fresh: (1.0 - second) as f32,
            root: (1.0 - power(second, self.updates)).sqrt() as f32,
            epsilon: epsilon as f32,
            rate: (rate / (1.0 - power(first, self.updates))) as f32,
        };
        let moments = self.mean.iter_mut().zip(&mut self.square);
        for ((parameters, gradients), (mean, square)) in parameters.iter_mut().zip(gradients).zip(moments) {
            dispatch(Update {
                constants,
                parameters,
                gradients,
                mean,
                square,
            });
        }
    }
}

#[derive(Clone, Copy)]
struct Constants {
    keep: f32,
    first: f32,
    second: f32,
    fresh: f32,
    root: f32,
    epsilon: f32,
    rate: f32,
}

struct Update<'a> {
    constants: Constants,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    mean: &'a mut [f32],
    square: &'a mut [f32],
}

impl Task for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let c = self.constants;
        let moments = self.mean.iter_mut().zip(self.square);
        for ((p, g), (m, v)) in self.parameters.iter_mut().zip(self.gradients).zip(moments) {
            *m += c.first * (*g - *m);
            *v = c.second * *v + c.fresh * (*g * *g);
            *p = c.keep * *p - c.rate * (*m / (v.sqrt() / c.root + c.epsilon));
        }
    }
}
