//! Gradient descent with momentum (Polyak 1964), optionally after Nesterov (1983), as PyTorch's SGD has it.
//!
//! g <- g + w p;  b <- a b + g (b = 0 at first);  p <- p - r b, or after Nesterov p <- p - r (g + a b).
//! The decay w is coupled: it goes through the momentum like the gradient. The rate r multiplies the buffer, so
//! a change of the rate acts at once.

use super::{TrainError, check, zeros_like};
use crate::simd::{Task, dispatch};
use serde::{Deserialize, Serialize};

/// The constants of the rule; by default plain gradient descent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// a, in [0, 1); 0 is plain gradient descent.
    pub momentum: f64,
    /// Whether the gradient is taken where the momentum leads.
    pub nesterov: bool,
    /// The decay w, at least 0.
    pub decay: f64,
}

impl Settings {
    /// Refuses constants outside their ranges, and Nesterov's rule without momentum.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn check(&self) -> Result<(), TrainError> {
        check("momentum", self.momentum, 0.0, 1.0)?;
        check("decay", self.decay, 0.0, f64::INFINITY)?;
        if self.nesterov && self.momentum == 0.0 {
            return Err(TrainError::Setting {
                setting: "nesterov",
                reason: "needs a momentum above 0".to_owned(),
            });
        }
        Ok(())
    }
}

/// The rule and its memory: one number per parameter, used when there is momentum.
#[derive(Clone, Debug, PartialEq)]
pub struct Sgd {
    /// The constants of the optimiser.
    pub settings: Settings,
    /// The momentum b, tensor by tensor.
    pub momentum: Vec<Vec<f32>>,
}

impl Sgd {
    /// An optimiser without momentum yet.
    ///
    /// # Errors
    /// [`TrainError::Setting`].
    pub fn new(settings: Settings, parameters: &[Vec<f32>]) -> Result<Self, TrainError> {
        settings.check()?;
        Ok(Self {
            settings,
            momentum: zeros_like(parameters),
        })
    }

    /// One update of `parameters` along `gradients` (the tensors given to [`Sgd::new`]) at this rate. Elementwise,
    /// no memory taken.
    pub fn update(&mut self, rate: f64, parameters: &mut [Vec<f32>], gradients: &[Vec<f32>]) {
        let tensors = parameters.iter_mut().zip(gradients).zip(&mut self.momentum);
        for ((parameters, gradients), momentum) in tensors {
            dispatch(Update {
                rate: rate as f32,
                settings: self.settings,
                parameters,
                gradients,
                momentum,
            });
        }
    }
}

struct Update<'a> {
    rate: f32,
    settings: Settings,
    parameters: &'a mut [f32],
    gradients: &'a [f32],
    momentum: &'a mut [f32],
}

impl Task for Update<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let (a, w) = (self.settings.momentum as f32, self.settings.decay as f32);
        // One formula for both: p <- p - r (c g + d b).
        let (c, d) = if self.settings.nesterov {
            (1.0, a)
        } else {
            (0.0, 1.0)
        };
        let tensors = self.parameters.iter_mut().zip(self.gradients).zip(self.momentum);
        for ((p, g), b) in tensors {
            let g = *g + w * *p;
            *b = a * *b + g;
            *p -= self.rate * (c * g + d * *b);
        }
    }
}
