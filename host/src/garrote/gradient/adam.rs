//! Adam's step and the plateau rule for its rate.

use super::{GradientOptions, Point};

const DECAY: (f64, f64) = (0.9, 0.999);
const EPSILON: f64 = 1e-8;

/// Running means of the gradient and of its square, bias-corrected (Kingma, Ba, arXiv 1412.6980, algorithm 1).
pub(super) struct Adam {
    weight: Vec<(f64, f64)>,
    logit: Vec<(f64, f64)>,
    /// b1^t, b2^t.
    power: (f64, f64),
}

impl Adam {
    pub(super) fn new(n: usize) -> Self {
        Self {
            weight: vec![(0.0, 0.0); n],
            logit: vec![(0.0, 0.0); n],
            power: (1.0, 1.0),
        }
    }

    pub(super) fn step(&mut self, point: &mut Point, slope: &Point, rate: f64) {
        self.power = (self.power.0 * DECAY.0, self.power.1 * DECAY.1);
        let correction = (1.0 - self.power.0, 1.0 - self.power.1);
        for (x, g, means) in [
            (&mut point.weight, &slope.weight, &mut self.weight),
            (&mut point.logit, &slope.logit, &mut self.logit),
        ] {
            for ((x, g), (mean, square)) in x.iter_mut().zip(g).zip(means) {
                *mean += (1.0 - DECAY.0) * (g - *mean);
                *square += (1.0 - DECAY.1) * (g * g - *square);
                *x -= rate * (*mean / correction.0) / ((*square / correction.1).sqrt() + EPSILON);
            }
        }
    }
}

/// Reduces the rate when the loss stops falling (the rule known as `ReduceLROnPlateau`).
pub(super) struct Plateau {
    pub(super) rate: f64,
    factor: f64,
    patience: u32,
    threshold: f64,
    best: f64,
    waited: u32,
}

impl Plateau {
    pub(super) fn new(options: &GradientOptions) -> Self {
        let GradientOptions {
            rate,
            factor,
            patience,
            threshold,
            ..
        } = *options;
        Self {
            rate,
            factor,
            patience,
            threshold,
            best: f64::INFINITY,
            waited: 0,
        }
    }

    pub(super) fn observe(&mut self, loss: f64) {
        // losses may be negative: the fall is measured against their size
        if self.best.is_infinite() || loss < self.best - self.threshold * self.best.abs() {
            self.best = loss;
            self.waited = 0;
            return;
        }
        self.waited += 1;
        if self.waited > self.patience {
            self.rate *= self.factor;
            self.waited = 0;
        }
    }
}
