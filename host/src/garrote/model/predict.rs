//! Prediction from a fitted model on a table whose columns are found by name.
//!
//! ```text
//! soft:  mean = ybar + sum_i (x_i - xbar_i) c_i          c_i = m_i w_i / sd_i
//!        var  = n^2 (1 + 1/M) + sum_i (x_i - xbar_i)^2 h_i + sum_{a,b in S} (x_a - xbar_a) (x_b - xbar_b) e_ab
//!               h_i = m_i (1 - m_i) (w_i / sd_i)^2       e_ab = n^2 ((Z_S' Z_S)^-1)_ab / (sd_a sd_b)
//! hard:  mean = ybar + sum_{i in S} z_i r_i              z_i = (x_i - xbar_i) / sd_i,  S = {i: m_i > 1/2}
//!        var  = n_r^2 (1 + 1/M + z_S' (Z_S' Z_S)^-1 z_S)
//! low, high = mean -+ t_{.975} sd                        t of the degrees of freedom of n (soft) or n_r (hard)
//! ```
//! with n = `noise_sd`, n_r = `refit_noise_sd`. Both cover noise, mean and weights, soft also gates that are undecided;
//! neither covers that another set might have been selected. Sums run in index order; the code that
//! [`crate::garrote::export`] writes does the same operations in the same order. Dead columns (sd = 0) have
//! c = h = e = 0. Cost: rows x (N + k^2) soft, rows x k^2 hard.

use super::Model;
use crate::data::{DataError, Table};
use crate::garrote::student::{half_width, two_sided};

/// What intervals cover.
const COVERED: f64 = 0.95;

/// Predictive mean, standard deviation and 95 % interval of every row, in units of the target.
#[derive(Clone, Debug, PartialEq)]
pub struct Prediction {
    /// Mean of each row.
    pub mean: Vec<f64>,
    /// Standard deviation of each row: the scale of Student's t.
    pub sd: Vec<f64>,
    /// Degrees of freedom of the standard deviations; infinity where the noise was given.
    pub degrees: f64,
    /// Lower ends of the 95 % intervals.
    pub low: Vec<f64>,
    /// Upper ends.
    pub high: Vec<f64>,
}

/// A selected variable's weight by least squares, with its error, in units of the target per unit of the column.
///
/// The interval holds for a set that was fixed beforehand: it does not know that the same data chose it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Index of the variable.
    pub index: usize,
    /// The weight.
    pub estimate: f64,
    /// Its standard error.
    pub standard_error: f64,
    /// Lower end of the 95 % interval.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Probability of a weight so far from 0 if the true one is 0 (two-sided t test).
    pub p_value: f64,
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

    /// Variance n^2 (1 + 1/M) of noise and mean.
    pub(in crate::garrote) fn base_variance(&self) -> f64 {
        self.noise_sd * self.noise_sd * (1.0 + 1.0 / self.samples)
    }

    /// Half width of the soft prediction's 95 % interval, in standard deviations.
    pub(in crate::garrote) fn interval_reach(&self) -> f64 {
        half_width(COVERED, self.degrees)
    }

    /// Covariance of the selected weights in original units, `e_ab`, k x k; empty without a refit.
    pub(in crate::garrote) fn weight_covariance(&self) -> Vec<f64> {
        let noise = self.noise_sd;
        let over = |i: &usize| {
            if self.scale[*i] > 0.0 {
                noise / self.scale[*i]
            } else {
                0.0
            }
        };
        let factors: Vec<f64> = self.selected().iter().map(over).collect();
        let rows = self.refit_covariance.chunks_exact(factors.len().max(1));
        rows.zip(&factors)
            .flat_map(|(row, a)| row.iter().zip(&factors).map(move |(c, b)| a * b * c))
            .collect()
    }

    /// Weights of the least-squares refit with 95 % intervals, by index; none without a refit.
    pub fn intervals(&self) -> Vec<Interval> {
        let selected = self.selected();
        let reach = half_width(COVERED, self.refit_degrees);
        let diagonal = self.refit_covariance.iter().step_by(selected.len() + 1);
        let one = |(index, variance): (usize, &f64)| {
            let sd = self.scale[index];
            let estimate = self.refit[index] / sd;
            let standard_error = self.refit_noise_sd * variance.sqrt() / sd;
            Interval {
                index,
                estimate,
                standard_error,
                low: estimate - reach * standard_error,
                high: estimate + reach * standard_error,
                p_value: two_sided(estimate / standard_error, self.refit_degrees),
            }
        };
        selected
            .into_iter()
            .zip(diagonal)
            .filter(|(i, _)| self.scale[*i] > 0.0)
            .map(one)
            .collect()
    }

    /// Soft prediction: every variable by its inclusion.
    ///
    /// # Errors
    /// `ColumnNotFound` for a variable that the table lacks; `Model` for an inconsistent model; `Overflow`.
    pub fn predict(&self, table: &Table) -> Result<Prediction, DataError> {
        let columns = self.match_columns(table, |_| true)?;
        finish(soft(self, &columns, table.rows()), self.degrees)
    }

    /// Hard prediction: the least squares refit on the selected variables; the table needs no others.
    ///
    /// # Errors
    /// As [`Model::predict`]; `NoRefit` when variables are selected but had no refit.
    pub fn predict_hard(&self, table: &Table) -> Result<Prediction, DataError> {
        let columns = self.match_columns(table, |index| self.inclusion[index] > 0.5)?;
        if self.refit_covariance.is_empty() && !self.selected().is_empty() {
            return Err(DataError::NoRefit);
        }
        finish(hard(self, &columns, table.rows()), self.refit_degrees)
    }

    /// The column of each variable that is needed, in the model's order; nothing of the others.
    fn match_columns<'a>(
        &self,
        table: &'a Table,
        needed: impl Fn(usize) -> bool,
    ) -> Result<Vec<&'a [f64]>, DataError> {
        self.check("model")?;
        let by_name: std::collections::HashMap<&str, &[f64]> = table
            .columns
            .iter()
            .map(|column| (column.name.as_str(), column.values.as_slice()))
            .collect();
        let find = |(index, name): (usize, &String)| match by_name.get(name.as_str()) {
            Some(values) => Ok(*values),
            None if !needed(index) => Ok(&[][..]),
            None => Err(table.not_found(name)),
        };
        self.variables.iter().enumerate().map(find).collect()
    }
}

/// Mean and variance of the soft prediction, column by column: the same sums, in the same order, as row by row.
fn soft(model: &Model, columns: &[&[f64]], rows: usize) -> (Vec<f64>, Vec<f64>) {
    let mut mean = vec![model.target_mean; rows];
    let mut variance = vec![model.base_variance(); rows];
    let parts = model.coefficients().into_iter().zip(model.gate_variances());
    for ((column, centre), (c, h)) in columns.iter().zip(&model.mean).zip(parts) {
        for ((x, mean), variance) in column.iter().zip(&mut mean).zip(&mut variance) {
            let x = x - centre;
            *mean += x * c;
            *variance += x * x * h;
        }
    }
    let selected = model.selected();
    let covariance = model.weight_covariance();
    for (row, variance) in variance.iter_mut().enumerate() {
        let away = |i: &usize| columns[*i][row] - model.mean[*i];
        for (a, shares) in selected
            .iter()
            .zip(covariance.chunks_exact(selected.len().max(1)))
        {
            let along = selected
                .iter()
                .zip(shares)
                .fold(0.0, |sum, (b, e)| sum + away(b) * e);
            *variance += away(a) * along;
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
        variance.push(model.refit_noise_sd * model.refit_noise_sd * spread);
    }
    (mean, variance)
}

/// Roots of the variances and intervals; refuses what left the range of f64 (or a covariance that is not positive).
fn finish((mean, variance): (Vec<f64>, Vec<f64>), degrees: f64) -> Result<Prediction, DataError> {
    let bad =
        |(mean, variance): (&f64, &f64)| !(mean.is_finite() && variance.is_finite() && *variance >= 0.0);
    if let Some(row) = mean.iter().zip(&variance).position(bad) {
        return Err(DataError::Overflow { row });
    }
    let sd: Vec<f64> = variance.into_iter().map(f64::sqrt).collect();
    let reach = half_width(COVERED, degrees);
    let end = |sign: f64| {
        mean.iter()
            .zip(&sd)
            .map(move |(mean, sd)| mean + sign * (reach * sd))
            .collect()
    };
    Ok(Prediction {
        low: end(-1.0),
        high: end(1.0),
        mean,
        sd,
        degrees,
    })
}
