//! Least squares on a set S of the variables, from residuals: exact to the rounding of the data.
//!
//! ```text
//! C_SS u = b_S      r = y - X_S u      u += P X_S' r / M,  r anew (twice)      RSS/M = r'r/M      P = C_SS^-1
//! ```
//! Normal equations alone would lose RSS/M below 1e-15 s2; the two steps of refinement bring it to what the rounding
//! of the numbers given leaves, [`rounding`]. Derived: each number v carries an error of up to eps |v|, so
//!
//! ```text
//! RSS/M >= about eps² (s2 + ybar² + Σ_S u_i² (1 + xbar_i²/sd_i²))
//! ```
//! even for data without noise. A residual below 16 times that counts as that: supports that explain everything tie.
//! Cost k² M + k³/3; memory k² + M.

use super::design::{Design, FitError};
use gibbs_core::linalg::{cholesky_jittered, cholesky_solve};
use gibbs_core::math::{add_scaled, dot};

/// Least squares of the target on the columns of a set.
#[derive(Clone, Debug, PartialEq)]
pub struct LeastSquares {
    /// The set S, in the order asked for.
    pub support: Vec<usize>,
    /// u, in the target's unit per standard deviation of the column.
    pub weight: Vec<f64>,
    /// P = C_SS^-1, k x k.
    pub inverse: Vec<f64>,
    /// RSS/M, not below [`rounding`].
    pub rss: f64,
    /// RSS/M is the rounding of the data: nothing is left to explain.
    pub exact: bool,
}

/// Solves on `support`.
///
/// # Errors
/// `Core(NotPositiveDefinite)` if the columns are collinear beyond the jitter policy.
pub fn least_squares(design: &Design, support: &[usize]) -> Result<LeastSquares, FitError> {
    let (k, m) = (support.len(), design.rows() as f64);
    let mut gram = vec![0.0; k * k];
    for (a, i) in support.iter().enumerate() {
        for (b, j) in support.iter().enumerate().skip(a) {
            let c = dot(design.column(*i), design.column(*j)) / m;
            gram[a * k + b] = c;
            gram[b * k + a] = c;
        }
    }
    if k > 0 {
        cholesky_jittered(&mut gram, k, &mut vec![0.0; k])?;
    }
    let mut weight = vec![0.0; k];
    let mut residual = design.y.clone();
    for _ in 0..3 {
        let pull = |i: &usize| dot(design.column(*i), &residual) / m;
        let mut step: Vec<f64> = support.iter().map(pull).collect();
        if k > 0 {
            cholesky_solve(&gram, k, &mut step)?;
        }
        for ((u, e), i) in weight.iter_mut().zip(&step).zip(support) {
            *u += e;
            add_scaled(&mut residual, -e, design.column(*i));
        }
    }
    let (rss, least) = (dot(&residual, &residual) / m, rounding(design, support, &weight));
    Ok(LeastSquares {
        support: support.to_vec(),
        inverse: inverse(&gram, k)?,
        weight,
        rss: rss.max(least),
        exact: rss <= least,
    })
}

/// The part of RSS/M that the rounding of the numbers given may make, 16 eps² per squared number.
pub fn rounding(design: &Design, support: &[usize], weight: &[f64]) -> f64 {
    let offset = design.target_mean / design.unit;
    let terms = support.iter().zip(weight).map(|(i, u)| {
        let ratio = if design.scale[*i] > 0.0 {
            design.mean[*i] / design.scale[*i]
        } else {
            0.0
        };
        u * u * (1.0 + ratio * ratio)
    });
    let size = design.variance + offset * offset + terms.sum::<f64>();
    16.0 * f64::EPSILON * f64::EPSILON * size
}

/// The inverse of L L', symmetric to the last bit.
fn inverse(factor: &[f64], k: usize) -> Result<Vec<f64>, FitError> {
    let mut inverse = vec![0.0; k * k];
    for (i, unit) in inverse.chunks_exact_mut(k.max(1)).enumerate() {
        unit[i] = 1.0;
        cholesky_solve(factor, k, unit)?;
    }
    for i in 0..k {
        for j in 0..i {
            let mean = 0.5 * (inverse[i * k + j] + inverse[j * k + i]);
            inverse[i * k + j] = mean;
            inverse[j * k + i] = mean;
        }
    }
    Ok(inverse)
}

/// Least-squares weights on a support, as (index, weight); falls back on shrunk single-variable weights
/// where the columns are collinear beyond the jitter policy.
pub fn refit(design: &Design, support: &[usize]) -> Vec<(usize, f64)> {
    let weights = least_squares(design, support).map_or_else(
        |_| {
            let alone = |i: &usize| dot(design.column(*i), &design.y) / design.rows() as f64;
            let count = support.len() as f64;
            support.iter().map(|i| alone(i) / count).collect()
        },
        |solved| solved.weight,
    );
    support.iter().copied().zip(weights).collect()
}

impl LeastSquares {
    /// What RSS/M rises to when the member at `position` leaves the set: RSS/M + u²/P_aa.
    pub fn without(&self, position: usize) -> f64 {
        let u = self.weight[position];
        self.rss + u * u / self.inverse[position * (self.support.len() + 1)]
    }
}

#[cfg(test)]
mod tests;
