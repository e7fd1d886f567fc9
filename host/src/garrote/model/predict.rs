//! Prediction from a fitted model on a table whose columns are found by name.
//!
//! ```text
//! soft:  mean = ybar + sum_i (x_i - xbar_i) c_i          c_i = m_i w_i / sd_i
//!        var  = 1/beta + sum_i (x_i - xbar_i)^2 h_i      h_i = m_i (1 - m_i) (w_i / sd_i)^2
//! hard:  mean = ybar + sum_{i in S} z_i r_i              z_i = (x_i - xbar_i) / sd_i,  S = {i: m_i > 1/2}
//!        var  = (1 + 1/M + z_S' (Z_S' Z_S)^-1 z_S) / beta
//! ```
//! Soft covers noise and selection, not the error of the weights; hard covers noise, the weights of the least
//! squares refit r, and the mean (methods guide, Variational Garrote 8). Sums run in index order, starting
//! with ybar or 1/beta; the code that [`crate::garrote::export`] writes does the same operations in the
//! same order. Dead columns (sd = 0) have c = h = 0. Cost: rows x N soft, rows x k^2 hard.

use super::Model;
use crate::data::{DataError, Table};

/// Predictive mean and standard deviation of every row, in units of the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Mean of each row.
    pub mean: Vec<f64>,
    /// Standard deviation of each row.
    pub sd: Vec<f64>,
}

impl Model {
    /// Effective coefficient `c_i = m_i w_i / sd_i` of each variable, in original units.
    pub fn coefficients(&self) -> Vec<f64> {
        let gates = self.inclusion.iter().zip(&self.weight).zip(&self.scale);
        gates
            .map(|((m, w), sd)| if *sd > 0.0 { m * w / sd } else { 0.0 })
            .collect()
    }

    /// `ybar - sum_i xbar_i c_i`: the soft prediction at x = 0.
    pub fn intercept(&self) -> f64 {
        self.mean
            .iter()
            .zip(self.coefficients())
            .fold(self.target_mean, |sum, (mean, c)| sum - mean * c)
    }

    /// Variance `h_i = m_i (1 - m_i) (w_i / sd_i)^2` that an undecided gate adds per squared unit of the column.
    pub(in crate::garrote) fn gate_variances(&self) -> Vec<f64> {
        let gates = self.inclusion.iter().zip(&self.weight).zip(&self.scale);
        gates
            .map(|((m, w), sd)| {
                if *sd > 0.0 {
                    m * (1.0 - m) * (w / sd) * (w / sd)
                } else {
                    0.0
                }
            })
            .collect()
    }

    /// Soft prediction: every variable by its inclusion.
    ///
    /// # Errors
    /// `ColumnNotFound` for a variable that the table lacks; `Model` for an inconsistent model; `Overflow`.
    pub fn predict(&self, table: &Table) -> Result<Prediction, DataError> {
        let columns = self.match_columns(table)?;
        finish(soft(self, &columns, table.rows()))
    }

    /// Hard prediction: the least squares refit on the selected variables.
    ///
    /// # Errors
    /// As [`Model::predict`]; `NoRefit` when variables are selected but had no refit.
    pub fn predict_hard(&self, table: &Table) -> Result<Prediction, DataError> {
        let columns = self.match_columns(table)?;
        if self.refit_covariance.is_empty() && !self.selected().is_empty() {
            return Err(DataError::NoRefit);
        }
        finish(hard(self, &columns, table.rows()))
    }

    /// The column of each variable, in the model's order.
    fn match_columns<'a>(&self, table: &'a Table) -> Result<Vec<&'a [f64]>, DataError> {
        self.check("model")?;
        let by_name: std::collections::HashMap<&str, &[f64]> = table
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.values.as_slice()))
            .collect();
        let find = |name: &String| {
            by_name
                .get(name.as_str())
                .copied()
                .ok_or_else(|| table.not_found(name))
        };
        self.variables.iter().map(find).collect()
    }
}

/// Mean and variance of the soft prediction, column by column: the same sums, in the same order, as row by row.
fn soft(model: &Model, columns: &[&[f64]], rows: usize) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![model.target_mean; rows];
    let mut variance = vec![1.0 / model.precision; rows];
    let parts = model.coefficients().into_iter().zip(model.gate_variances());
    for ((column, centre), (c, h)) in columns.iter().zip(&model.mean).zip(parts) {
        for ((x, mean), variance) in column.iter().zip(&mut mean).zip(&mut variance) {
            let x = x - centre;
            *mean += x * c;
            *variance += x * x * h;
        }
    }
    (mean, variance)
}

/// Mean and variance of the hard prediction.
fn hard(model: &Model, columns: &[&[f64]], rows: usize) -> (Vec<f64>, Vec<f64>) {
    // a dead column is never selected by a fit; one that a file declares selected predicts nothing
    let standardise = |index: usize, row: usize| match model.scale[index] {
        sd if sd > 0.0 => (columns[index][row] - model.mean[index]) / sd,
        _ => 0.0,
    };
    let selected = model.selected();
    let k = selected.len();
    let mut mean = Vec::with_capacity(rows);
    let mut variance = Vec::with_capacity(rows);
    for row in 0..rows {
        let z: Vec<f64> = selected.iter().map(|index| standardise(*index, row)).collect();
        mean.push(
            selected
                .iter()
                .zip(&z)
                .fold(model.target_mean, |sum, (index, z)| sum + z * model.refit[*index]),
        );
        let mut spread = 1.0 + 1.0 / model.samples;
        for (column, zj) in model.refit_covariance.chunks_exact(k.max(1)).zip(&z) {
            spread += zj * column.iter().zip(&z).map(|(a, zi)| a * zi).sum::<f64>();
        }
        variance.push(spread / model.precision);
    }
    (mean, variance)
}

/// Roots of the variances; refuses what left the range of f64 (or a covariance that is not positive).
fn finish((mean, variance): (Vec<f64>, Vec<f64>)) -> Result<Prediction, DataError> {
    let bad =
        |(mean, variance): (&f64, &f64)| !(mean.is_finite() && variance.is_finite() && *variance >= 0.0);
    if let Some(row) = mean.iter().zip(&variance).position(bad) {
        return Err(DataError::Overflow { row });
    }
    Ok(Prediction {
        mean,
        sd: variance.into_iter().map(f64::sqrt).collect(),
    })
}
