//! What every fit contains beside the variables to choose from: the constant, row weights, predictors forced in.
//!
//! All of it is projected out of the columns and the target before anything is chosen, as the mean always was:
//!
//! ```text
//! row r times sqrt(omega_r)      column = scale z + mean 1 + Σ_f slope_f F_f      z orthogonal to 1 and all F
//! ```
//! With weights `1` stands for the vector of sqrt(omega_r). A weight omega_r says that the noise of row r has variance
//! sd²/omega_r: weights are scaled to a mean of 1, and a row of weight 0 is left out. Two fits agree: the one on z, and
//! the one that holds the forced predictors in with inclusion 1 and least-squares weights (Frisch, Waugh, Lovell).

use super::FitError;
use gibbs_core::math::{add_scaled, dot};

/// Row weights and forced predictors of a sample, in raw units.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Given {
    /// One weight a row, not negative; none: all 1.
    pub weights: Option<Vec<f64>>,
    /// Predictors that every fit contains: name and column.
    pub forced: Vec<(String, Vec<f64>)>,
}

/// A forced predictor, standardised once for the whole sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Forced {
    /// Its name.
    pub name: String,
    /// Mean in original units.
    pub mean: f64,
    /// Standard deviation in original units.
    pub scale: f64,
    /// Standardised values times sqrt(omega), one a row.
    pub column: Vec<f64>,
}

/// 2^-300 and 2^300: squares of what lies between, and their products, stay in range.
const SMALL: f64 = f64::from_bits((1023 - 300) << 52);
const LARGE: f64 = f64::from_bits((1023 + 300) << 52);

/// A power of two near the largest of the values; 1 unless their squares could leave the range of f64.
pub(super) fn unit_of(values: &[f64]) -> f64 {
    let largest = values.iter().fold(0.0_f64, |most, v| most.max(v.abs()));
    if largest == 0.0 || (SMALL..=LARGE).contains(&largest) {
        return 1.0;
    }
    // the exponent alone: exact; of a subnormal number the least normal one
    let exponent = (largest.to_bits() >> 52).max(1);
    f64::from_bits(exponent << 52)
}

/// The span of the constant and the forced predictors on some rows.
#[derive(Clone, Debug)]
pub(super) struct Span<'g> {
    root: &'g [f64],
    /// Means of the forced columns on these rows.
    mean: Vec<f64>,
    /// Orthonormal, centred.
    basis: Vec<Vec<f64>>,
    /// Triangular: forced column f, centred, = Σ_e factor[f][e] basis_e.
    factor: Vec<Vec<f64>>,
}

/// What was projected out of a column.
pub(super) struct Parts {
    /// Share of the constant: the intercept, with forced columns as they are given.
    pub(super) mean: f64,
    /// Shares of the forced columns.
    pub(super) slopes: Vec<f64>,
    /// Standard deviation of what is left, 0 if that is rounding.
    pub(super) sd: f64,
}

impl<'g> Span<'g> {
    /// Fails with the name of a forced predictor that is constant, or a mixture of those before it.
    pub(super) fn new(root: &'g [f64], forced: &[Forced]) -> Result<Self, FitError> {
        let mut span = Self {
            root,
            mean: Vec::new(),
            basis: Vec::new(),
            factor: Vec::new(),
        };
        for predictor in forced {
            let mut rest = predictor.column.clone();
            let mean = span.centre(&mut rest);
            let before = dot(&rest, &rest);
            let mut along = span.reduce(&mut rest);
            let length = dot(&rest, &rest).sqrt();
            if length * length <= 1e-18 * (before + mean * mean * rest.len() as f64) {
                return Err(FitError::Option(format!(
                    "the forced predictor {:?} is constant, or follows from the others: leave it out",
                    predictor.name
                )));
            }
            along.push(length);
            span.mean.push(mean);
            span.basis.push(rest.iter().map(|v| v / length).collect());
            span.factor.push(along);
        }
        Ok(span)
    }

    /// Takes the (weighted) mean out; returns it.
    fn centre(&self, column: &mut [f64]) -> f64 {
        if self.root.is_empty() {
            let count = column.len() as f64;
            let rough = column.iter().sum::<f64>() / count;
            let mean = rough + column.iter().map(|v| v - rough).sum::<f64>() / count;
            for v in &mut *column {
                *v -= mean;
            }
            return mean;
        }
        let total = dot(self.root, self.root);
        let mut mean = 0.0;
        for _ in 0..2 {
            let step = dot(self.root, column) / total;
            add_scaled(column, -step, self.root);
            mean += step;
        }
        mean
    }

    /// Takes the basis out, twice; returns the shares.
    fn reduce(&self, column: &mut [f64]) -> Vec<f64> {
        let mut shares = vec![0.0; self.basis.len()];
        for _ in 0..2 {
            for (q, share) in self.basis.iter().zip(&mut shares) {
                let part = dot(q, column);
                *share += part;
                add_scaled(column, -part, q);
            }
        }
        shares
    }

    /// Projects everything out of `column`, in place. A column whose rest is rounding becomes zero.
    pub(super) fn project(&self, column: &mut [f64]) -> Parts {
        let count = column.len() as f64;
        let centre = self.centre(column);
        let before = if self.basis.is_empty() {
            0.0
        } else {
            dot(column, column) / count
        };
        let shares = self.reduce(column);
        let d = dot(column, column) / count;
        let mut slopes = shares;
        for f in (0..slopes.len()).rev() {
            slopes[f] /= self.factor[f][f];
            for e in 0..f {
                slopes[e] -= slopes[f] * self.factor[f][e];
            }
        }
        let mean = centre - dot(&slopes, &self.mean);
        let alive = d > 64.0 * f64::EPSILON * f64::EPSILON * (d + before + centre * centre);
        if !alive {
            column.fill(0.0);
        }
        Parts {
            mean,
            slopes,
            sd: if alive { d.sqrt() } else { 0.0 },
        }
    }
}
