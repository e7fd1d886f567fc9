//! The LASSO by cyclic coordinate descent.
//!
//! ```text
//! P(w) = 1/(2M) |y - Xw|^2 + alpha |w|_1                  X (M x N) and y centred, r = y - Xw
//! update     w_j <- S(x_j'r/M + d_j w_j, alpha) / d_j     d_j = x_j'x_j/M,  S(t, a) = sign(t) max(|t| - a, 0)
//! gap        P(w) - ( |y|^2 - |y - c r|^2 )/(2M)  >=  P(w) - min P,   c = min(1, alpha M / max_j |x_j'r|)
//! ```
//! The gap bounds the distance to the optimum, so a fit that says `Converged` is within
//! [`Settings::tolerance`] of it. Sweeps over the active set (the nonzero weights) alternate with
//! full passes that compute the gap and admit violators; along a path of falling alpha each fit starts from
//! the one before. Cost: 2 M multiply-adds per coordinate visited.
//!
//! Source: Friedman, Hastie, Tibshirani, J. Stat. Softw. 33(1) (2010); the gap as in Kim, Koh, Lustig, Boyd,
//! Gorinevsky, IEEE J. Sel. Top. Signal Process. 1:606 (2007). The objective is scikit-learn's `Lasso`.

use super::{BaselineError, Centred};
use gibbs_core::math::{add_scaled, dot};

/// When a fit ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Settings {
    /// The gap, times M, may be this fraction of |y|^2 (centred): scikit-learn's `tol`, default 1e-4.
    pub tolerance: f64,
    /// Most sweeps per alpha, full and active ones together; default 10,000.
    pub max_sweeps: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            tolerance: 1e-4,
            max_sweeps: 10_000,
        }
    }
}

/// How a fit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Status {
    /// The duality gap is within the tolerance.
    Converged,
    /// The sweeps ran out first; `gap` says how far the fit may be from the optimum.
    MaxSweeps,
}

/// A LASSO fit.
#[derive(Clone, Debug, PartialEq)]
pub struct LassoFit {
    /// Weights in the units of the columns given.
    pub coefficients: Vec<f64>,
    /// Constant term.
    pub intercept: f64,
    /// Penalty per unit of |w|_1.
    pub alpha: f64,
    /// Duality gap of P, in y squared: an upper bound of P(w) - min P.
    pub gap: f64,
    /// Sweeps spent.
    pub sweeps: usize,
    /// How the iteration ended.
    pub status: Status,
}

/// Fits one alpha from w = 0.
///
/// # Errors
/// [`BaselineError`] for wrong shapes, non-finite data, an alpha or a tolerance that is not positive.
pub fn lasso(x: &[f64], y: &[f64], alpha: f64, settings: Settings) -> Result<LassoFit, BaselineError> {
    let mut fits = lasso_path(x, y, &[alpha], settings)?;
    fits.pop().ok_or(BaselineError::Shape {
        values: x.len(),
        rows: y.len(),
    })
}

/// Fits every alpha in the order given, each from the one before; give them falling.
///
/// # Errors
/// As [`lasso`].
pub fn lasso_path(
    x: &[f64],
    y: &[f64],
    alphas: &[f64],
    settings: Settings,
) -> Result<Vec<LassoFit>, BaselineError> {
    check(alphas, settings)?;
    Ok(path(&Centred::new(x, y)?, alphas, settings))
}

/// `count` penalties falling geometrically from the smallest that gives w = 0, `max_j |x_j'y|/M` (centred), to
/// `ratio` times it. scikit-learn: 100 and 1e-3. A constant target gives a grid at the smallest positive number.
///
/// # Errors
/// [`BaselineError`] for wrong shapes, non-finite data, or `ratio` outside (0, 1).
pub fn alpha_grid(x: &[f64], y: &[f64], count: usize, ratio: f64) -> Result<Vec<f64>, BaselineError> {
    if !(ratio > 0.0 && ratio < 1.0) {
        return Err(BaselineError::Setting {
            name: "ratio",
            value: ratio,
            expected: "between 0 and 1",
        });
    }
    let data = Centred::new(x, y)?;
    let products = data
        .x
        .chunks_exact(data.rows)
        .map(|column| dot(column, &data.y).abs());
    let largest = products.fold(f64::MIN_POSITIVE, f64::max) / data.rows as f64;
    let steps = count.saturating_sub(1).max(1) as f64;
    Ok((0..count)
        .map(|k| largest * libm::pow(ratio, k as f64 / steps))
        .collect())
}

pub(super) fn check(alphas: &[f64], settings: Settings) -> Result<(), BaselineError> {
    if let Some(&value) = alphas.iter().find(|a| !(**a > 0.0 && a.is_finite())) {
        return Err(BaselineError::Setting {
            name: "alpha",
            value,
            expected: "finite, above 0",
        });
    }
    let value = settings.tolerance;
    if !(value > 0.0 && value.is_finite()) {
        return Err(BaselineError::Setting {
            name: "tolerance",
            value,
            expected: "finite, above 0",
        });
    }
    Ok(())
}

pub(super) fn path(data: &Centred, alphas: &[f64], settings: Settings) -> Vec<LassoFit> {
    let norms = data
        .x
        .chunks_exact(data.rows)
        .map(|column| dot(column, column))
        .collect();
    let mut state = Descent {
        data,
        norms,
        w: vec![0.0; data.columns()],
        residual: data.y.clone(),
        active: Vec::new(),
        target: dot(&data.y, &data.y),
    };
    alphas.iter().map(|alpha| state.fit(*alpha, settings)).collect()
}

/// Weights and residual, carried from alpha to alpha. Everything below is P times M, as sums over rows.
struct Descent<'a> {
    data: &'a Centred,
    /// `x_j'x_j = M d_j`.
    norms: Vec<f64>,
    w: Vec<f64>,
    /// y - Xw.
    residual: Vec<f64>,
    active: Vec<usize>,
    /// |y|^2.
    target: f64,
}

impl Descent<'_> {
    fn fit(&mut self, alpha: f64, settings: Settings) -> LassoFit {
        let penalty = alpha * self.data.rows as f64;
        let allowed = settings.tolerance * self.target;
        let mut sweeps = 0;
        let mut gap = self.gap(penalty);
        while gap > allowed && sweeps < settings.max_sweeps {
            self.full_sweep(penalty);
            sweeps += 1;
            // an active sweep that lowers P by less than this share of the allowed gap is not worth its cost
            // against a look at the true gap
            while sweeps < settings.max_sweeps {
                sweeps += 1;
                if self.active_sweep(penalty) <= 0.01 * allowed {
                    break;
                }
            }
            gap = self.gap(penalty);
        }
        LassoFit {
            coefficients: self.w.clone(),
            intercept: self.data.intercept(&self.w),
            alpha,
            gap: gap.max(0.0) / self.data.rows as f64,
            sweeps,
            status: if gap <= allowed {
                Status::Converged
            } else {
                Status::MaxSweeps
            },
        }
    }

    fn full_sweep(&mut self, penalty: f64) {
        self.active.clear();
        for j in 0..self.w.len() {
            self.update(j, penalty);
            if self.w[j] != 0.0 {
                self.active.push(j);
            }
        }
    }

    /// Updates the nonzero weights of the last full sweep; gives a lower bound of the fall of M P.
    fn active_sweep(&mut self, penalty: f64) -> f64 {
        (0..self.active.len())
            .map(|k| self.update(self.active[k], penalty))
            .sum()
    }

    /// Minimises M P over one weight; the fall is at least `M d_j (change)^2 / 2`: P is strongly convex in it.
    fn update(&mut self, j: usize, penalty: f64) -> f64 {
        let (norm, old) = (self.norms[j], self.w[j]);
        if norm == 0.0 {
            return 0.0; // a constant column carries nothing
        }
        let rows = self.data.rows;
        let column = &self.data.x[j * rows..(j + 1) * rows];
        let slope = dot(column, &self.residual) + norm * old;
        let new = (slope.abs() - penalty).max(0.0).copysign(slope) / norm;
        if new == old {
            return 0.0;
        }
        add_scaled(&mut self.residual, old - new, column);
        self.w[j] = new;
        0.5 * norm * (new - old) * (new - old)
    }

    /// M times the duality gap.
    fn gap(&self, penalty: f64) -> f64 {
        let columns = self.data.x.chunks_exact(self.data.rows);
        let steepest = columns
            .map(|column| dot(column, &self.residual).abs())
            .fold(0.0, f64::max);
        let scale = if steepest > penalty {
            penalty / steepest
        } else {
            1.0
        };
        let rss = dot(&self.residual, &self.residual);
        let size: f64 = self.w.iter().map(|w| w.abs()).sum();
        // P - D = rss/2 + penalty |w| - (|y|^2 - |y - c r|^2)/2, with the squares multiplied out
        0.5 * (1.0 + scale * scale) * rss + penalty * size - scale * dot(&self.residual, &self.data.y)
    }
}

#[cfg(test)]
mod tests;
