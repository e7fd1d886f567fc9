//! What the experiments on regression share: linear models of any origin, judged alike.

use crate::baseline::linear_prediction;
use crate::baseline::masks;
use crate::experiments::ExperimentError;
use crate::garrote::metrics::{Support, generalisation_error};
use crate::garrote::synth::{Draw, Sample};
use crate::garrote::{Design, Fit, FitError};
use serde::{Deserialize, Serialize};

/// The training rows of a draw, made ready for a garrote.
pub(super) fn design_of(sample: &Sample) -> Result<Design, FitError> {
    let names = (0..sample.columns()).map(|i| format!("x{}", i + 1)).collect();
    Design::new(names, "y", sample.x.clone(), sample.y.clone())
}

/// A linear model in the units of the data, and the variables it calls relevant.
#[derive(Clone, Debug)]
pub(super) struct Linear {
    pub(super) selected: Vec<bool>,
    pub(super) coefficients: Vec<f64>,
    pub(super) intercept: f64,
}

impl Linear {
    /// Effects (index, v) in standardised units, as a garrote gives them.
    pub(super) fn of_effects(design: &Design, effects: &[(usize, f64)], selected: &[usize]) -> Self {
        let mut model = Self {
            selected: vec![false; design.variables()],
            coefficients: vec![0.0; design.variables()],
            intercept: design.target_mean,
        };
        for i in selected {
            model.selected[*i] = true;
        }
        for (i, v) in effects.iter().filter(|(i, _)| design.scale[*i] > 0.0) {
            model.coefficients[*i] = v / design.scale[*i];
            model.intercept -= model.coefficients[*i] * design.mean[*i];
        }
        model
    }

    /// A fitted garrote: selected if m > 1/2, predicting with m w.
    pub(super) fn of_fit(design: &Design, fit: &Fit) -> Self {
        let effects: Vec<_> = fit
            .inclusion
            .iter()
            .zip(&fit.weight)
            .map(|(m, w)| m * w)
            .enumerate()
            .collect();
        Self::of_effects(design, &effects, &fit.support())
    }

    /// A baseline's weights; selected if not zero.
    pub(super) fn of_weights(coefficients: &[f64], intercept: f64) -> Self {
        Self {
            selected: masks::nonzero(coefficients),
            coefficients: coefficients.to_vec(),
            intercept,
        }
    }

    /// `E_gen` on the test rows of a draw.
    pub(super) fn error(&self, draw: &Draw) -> f64 {
        let test = &draw.test;
        let predicted = linear_prediction(&test.x, test.rows, &self.coefficients, self.intercept);
        generalisation_error(&predicted, &test.y)
    }

    /// Selection and prediction against the truth of a draw.
    pub(super) fn score(&self, draw: &Draw) -> Score {
        let support = Support::of(self.selected.iter().copied(), &draw.weights);
        Score {
            f1: support.f1(),
            exact: f64::from(u8::from(support.exact())),
            error: self.error(draw),
            selected: self.selected.iter().filter(|s| **s).count() as f64,
        }
    }
}

/// How one model did on one draw.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Score {
    pub(super) f1: f64,
    pub(super) exact: f64,
    pub(super) error: f64,
    pub(super) selected: f64,
}

/// "refused by the fit of draw 3" around whatever a fit reports.
pub(super) fn draw_failed<E>(what: &str, number: u64) -> impl FnOnce(E) -> ExperimentError + use<E>
where
    E: Into<Box<dyn std::error::Error + Send + Sync>>,
{
    ExperimentError::other(format!("{what}, draw {number}"))
}

#[cfg(test)]
mod tests {
    //! Oracle: a line by hand. Mutation seen red: the intercept left at the mean of the target.
    use super::*;

    #[test] // y = 3 + 2 x exactly, whatever the centre and scale of x
    fn effects_return_to_the_units_of_the_data() {
        let sample = Sample {
            x: vec![10.0, 20.0, 40.0, 50.0],
            y: vec![23.0, 43.0, 83.0, 103.0],
            rows: 4,
        };
        let design = design_of(&sample).expect("a plain sample");
        let model = Linear::of_effects(&design, &[(0, 2.0 * design.scale[0])], &[0]);
        assert!((model.intercept - 3.0).abs() < 1e-12, "{model:?}"); // rounding at 63
        assert!((model.coefficients[0] - 2.0).abs() < 1e-14);
        assert_eq!(model.selected, [true]);
    }
}
