//! Baselines of sparse regression without Python: ridge, the LASSO, their cross-validation and the rules
//! that turn their weights into selections. Held to scikit-learn by goldens (`fixtures/baseline.json`).
//!
//! Data come as one column-major slice `x` of M*N numbers and `y` of M numbers. Every fit centres columns
//! and target (the intercept is not penalised) and scales nothing: what is penalised is the weight in the
//! units of the columns given.

pub mod cv;
pub mod lasso;
pub mod masks;
pub mod ridge;

use gibbs_core::math::dot;

/// The data or a setting cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// Lengths do not fit.
    #[error(
        "{values} design values do not make columns of {rows} rows\n\
         hint: give x column by column, rows x columns values, and one y per row"
    )]
    Shape {
        /// The length of x.
        values: usize,
        /// The length of y.
        rows: usize,
    },
    /// Too few rows to fit (or to leave some out).
    #[error("{rows} rows are too few, at least {least} are needed\nhint: add rows or ask for fewer folds")]
    TooFewRows {
        /// The number of rows given.
        rows: usize,
        /// The number of rows needed.
        least: usize,
    },
    /// NaN or infinity in the data.
    #[error("{place} is NaN or infinite\nhint: remove or fill the row")]
    NonFinite {
        /// Column and row, or target and row, 0-based.
        place: String,
    },
    /// A setting outside its domain.
    #[error("{name} = {value} is outside its domain: {expected}")]
    Setting {
        /// The name of the setting.
        name: &'static str,
        /// The value that was given.
        value: f64,
        /// The values that are expected.
        expected: &'static str,
    },
    /// A matrix could not be factored.
    #[error("the normal equations are singular at penalty {penalty}\nhint: use a larger penalty")]
    Singular {
        /// The ridge penalty.
        penalty: f64,
    },
}

/// Means and centred copies of a design and its target; the ground of every fit here.
#[derive(Clone, Debug)]
pub(crate) struct Centred {
    pub(crate) x: Vec<f64>,
    pub(crate) y: Vec<f64>,
    pub(crate) rows: usize,
    column_means: Vec<f64>,
    target_mean: f64,
}

impl Centred {
    /// Checks shape and content, then centres.
    pub(crate) fn new(x: &[f64], y: &[f64]) -> Result<Self, BaselineError> {
        let rows = y.len();
        if rows == 0 || x.is_empty() || !x.len().is_multiple_of(rows) {
            return Err(BaselineError::Shape {
                values: x.len(),
                rows,
            });
        }
        if rows < 2 {
            return Err(BaselineError::TooFewRows { rows, least: 2 });
        }
        if let Some(at) = x.iter().position(|v| !v.is_finite()) {
            let place = format!("column {}, row {}", at / rows, at % rows);
            return Err(BaselineError::NonFinite { place });
        }
        if let Some(at) = y.iter().position(|v| !v.is_finite()) {
            return Err(BaselineError::NonFinite {
                place: format!("the target, row {at}"),
            });
        }
        let mean = |column: &[f64]| column.iter().sum::<f64>() / rows as f64;
        let column_means: Vec<f64> = x.chunks_exact(rows).map(mean).collect();
        let target_mean = mean(y);
        let columns = x.chunks_exact(rows).zip(&column_means);
        Ok(Self {
            x: columns
                .flat_map(|(column, mean)| column.iter().map(move |x| x - mean))
                .collect(),
            y: y.iter().map(|y| y - target_mean).collect(),
            rows,
            column_means,
            target_mean,
        })
    }

    pub(crate) fn columns(&self) -> usize {
        self.column_means.len()
    }

    /// The constant that makes the fit pass through the means.
    pub(crate) fn intercept(&self, coefficients: &[f64]) -> f64 {
        self.target_mean - dot(&self.column_means, coefficients)
    }
}

/// intercept + X coefficients for a column-major design of `rows` rows.
pub fn linear_prediction(x: &[f64], rows: usize, coefficients: &[f64], intercept: f64) -> Vec<f64> {
    let mut predicted = vec![intercept; rows];
    for (column, weight) in x
        .chunks_exact(rows.max(1))
        .zip(coefficients)
        .filter(|(_, w)| **w != 0.0)
    {
        predicted
            .iter_mut()
            .zip(column)
            .for_each(|(p, x)| *p += weight * x);
    }
    predicted
}

/// Predictions and mean squared error of a linear model on unseen rows.
pub fn mean_squared_error(x: &[f64], y: &[f64], coefficients: &[f64], intercept: f64) -> f64 {
    let predicted = linear_prediction(x, y.len(), coefficients, intercept);
    predicted
        .iter()
        .zip(y)
        .map(|(p, y)| (p - y) * (p - y))
        .sum::<f64>()
        / y.len() as f64
}

/// A cross-validated model.
#[derive(Clone, Debug, PartialEq)]
pub struct Validated<Fit> {
    /// The fit on all rows at the chosen penalty.
    pub fit: Fit,
    /// Penalties tried, in the order given.
    pub alphas: Vec<f64>,
    /// Mean over folds of the mean squared error on the rows left out, per penalty.
    pub errors: Vec<f64>,
    /// Place of the chosen penalty in `alphas`.
    pub best: usize,
    /// Fits of folds that ended at the sweep limit.
    pub unconverged: usize,
}

#[cfg(test)]
mod tests {
    use super::linear_prediction;

    #[test]
    fn a_linear_prediction_by_hand() {
        // columns (1, 2) and (3, 4) with weights 10, -1 and intercept 5
        assert_eq!(
            linear_prediction(&[1.0, 2.0, 3.0, 4.0], 2, &[10.0, -1.0], 5.0),
            [12.0, 21.0]
        );
    }
}
