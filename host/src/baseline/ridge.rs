//! Ridge regression, its path, and its leave-one-out error in closed form.
//!
//! ```text
//! minimise |y - Xw|^2 + alpha |w|^2            X (M x N) and y centred: scikit-learn's `Ridge`
//! N <= M   w = (X'X + alpha I)^-1 X'y          one N x N Cholesky factor per alpha
//! N >  M   w = X'(XX' + alpha I)^-1 y          one M x M factor: the same w
//! hat      H_ii = 1/M + x_i'(X'X + alpha I)^-1 x_i
//! N >  M   1 - H_ii = alpha [(XX' + alpha I)^-1]_ii - 1/M
//! LOO      mean_i ( r_i/(1 - H_ii) )^2         exactly the error of M refits, intercept and all
//! GCV      mean_i r_i^2 / (1 - tr H/M)^2       Golub, Heath, Wahba, Technometrics 21:215 (1979)
//! ```
//! The 1/M is the intercept's share of the hat matrix. Centring leaves XX' singular along 1 = (1, .., 1),
//! where the inverse would be 1/alpha and drown the rest: we add s 1 1' with s M the mean diagonal of XX'. w
//! stays the same (y has no share along 1), and then
//!
//! ```text
//! N >  M   1 - H_ii = alpha [(XX' + s 1 1' + alpha I)^-1]_ii - alpha / (M (alpha + s M))
//! ```
//! Cost: min(M, N)^2 max(M, N) once for the products; per alpha min(M, N)^3/6 for the factor, and
//! M min(M, N)^2 / 2 for the leave-one-out errors.

use super::Validated;
use super::{BaselineError, Centred};
use gibbs_core::linalg::{cholesky, cholesky_solve, forward_substitute};
use gibbs_core::math::{add_scaled, dot};

/// A ridge fit.
#[derive(Clone, Debug, PartialEq)]
pub struct RidgeFit {
    /// Weights in the units of the columns given.
    pub coefficients: Vec<f64>,
    /// Constant term.
    pub intercept: f64,
    /// Penalty alpha per unit of |w|^2, in the units of x squared, summed over rows.
    pub alpha: f64,
}

/// Which closed-form error chooses the penalty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Score {
    /// The exact leave-one-out error.
    LeaveOneOut,
    /// Generalised cross-validation: every leverage replaced by their mean.
    Generalised,
}

/// `count` penalties from `largest` falling geometrically to `smallest`.
///
/// # Errors
/// [`BaselineError::Setting`] unless 0 < smallest <= largest.
pub fn penalty_grid(largest: f64, smallest: f64, count: usize) -> Result<Vec<f64>, BaselineError> {
    if !(smallest > 0.0 && smallest <= largest && largest.is_finite()) {
        let expected = "above 0 and at most the largest";
        return Err(BaselineError::Setting {
            name: "smallest penalty",
            value: smallest,
            expected,
        });
    }
    let steps = count.saturating_sub(1).max(1) as f64;
    Ok((0..count)
        .map(|k| largest * libm::pow(smallest / largest, k as f64 / steps))
        .collect())
}

/// Fits one penalty.
///
/// # Errors
/// [`BaselineError`] for wrong shapes, non-finite data or alpha <= 0.
pub fn ridge(x: &[f64], y: &[f64], alpha: f64) -> Result<RidgeFit, BaselineError> {
    let mut fits = ridge_path(x, y, &[alpha])?;
    fits.pop().ok_or(BaselineError::Shape {
        values: x.len(),
        rows: y.len(),
    })
}

/// Fits every penalty; the products X'X or XX' are made once.
///
/// # Errors
/// As [`ridge`].
pub fn ridge_path(x: &[f64], y: &[f64], alphas: &[f64]) -> Result<Vec<RidgeFit>, BaselineError> {
    let problem = Problem::new(x, y, alphas)?;
    alphas
        .iter()
        .map(|alpha| problem.fit(*alpha, &problem.factor(*alpha)?))
        .collect()
}

/// Chooses the penalty by a closed-form error; ties go to the earlier in `alphas` (give them falling).
///
/// # Errors
/// As [`ridge`]; [`BaselineError::Setting`] for an empty grid.
pub fn ridge_loo(
    x: &[f64],
    y: &[f64],
    alphas: &[f64],
    score: Score,
) -> Result<Validated<RidgeFit>, BaselineError> {
    let problem = Problem::new(x, y, alphas)?;
    let mut errors = Vec::with_capacity(alphas.len());
    let mut chosen: Option<(usize, RidgeFit)> = None;
    for (k, alpha) in alphas.iter().enumerate() {
        let factor = problem.factor(*alpha)?;
        let fit = problem.fit(*alpha, &factor)?;
        errors.push(problem.error(&fit, &factor, score)?);
        if chosen.as_ref().is_none_or(|(best, _)| errors[k] < errors[*best]) {
            chosen = Some((k, fit));
        }
    }
    match chosen {
        Some((best, fit)) => Ok(Validated {
            fit,
            alphas: alphas.to_vec(),
            errors,
            best,
            unconverged: 0,
        }),
        None => Err(BaselineError::Setting {
            name: "alphas",
            value: 0.0,
            expected: "at least one penalty",
        }),
    }
}

/// Centred data and the smaller of X'X and XX'.
struct Problem {
    data: Centred,
    products: Vec<f64>,
    order: usize,
    dual: bool,
    /// s of the module's head; 0 for N <= M.
    shift: f64,
}

impl Problem {
    fn new(x: &[f64], y: &[f64], alphas: &[f64]) -> Result<Self, BaselineError> {
        if let Some(&value) = alphas.iter().find(|a| !(**a > 0.0 && a.is_finite())) {
            return Err(BaselineError::Setting {
                name: "alpha",
                value,
                expected: "finite, above 0",
            });
        }
        let data = Centred::new(x, y)?;
        let dual = data.columns() > data.rows;
        let order = if dual { data.rows } else { data.columns() };
        let mut products = vec![0.0; order * order];
        let mut shift = 0.0;
        if dual {
            for column in data.x.chunks_exact(data.rows) {
                for (row, value) in products.chunks_exact_mut(order).zip(column) {
                    add_scaled(row, *value, column);
                }
            }
            shift = products.iter().step_by(order + 1).sum::<f64>() / (order * order) as f64;
            for product in &mut products {
                *product += shift;
            }
        } else {
            let columns = || data.x.chunks_exact(data.rows);
            for (row, a) in products.chunks_exact_mut(order).zip(columns()) {
                row.iter_mut().zip(columns()).for_each(|(p, b)| *p = dot(a, b));
            }
        }
        Ok(Self {
            data,
            products,
            order,
            dual,
            shift,
        })
    }

    /// The lower Cholesky factor of the products with the penalty on the diagonal.
    fn factor(&self, alpha: f64) -> Result<Vec<f64>, BaselineError> {
        let mut matrix = self.products.clone();
        matrix
            .iter_mut()
            .step_by(self.order + 1)
            .for_each(|diagonal| *diagonal += alpha);
        cholesky(&mut matrix, self.order).map_err(|_| BaselineError::Singular { penalty: alpha })?;
        Ok(matrix)
    }

    fn fit(&self, alpha: f64, factor: &[f64]) -> Result<RidgeFit, BaselineError> {
        let columns = self.data.x.chunks_exact(self.data.rows);
        let mut solution: Vec<f64> = if self.dual {
            self.data.y.clone()
        } else {
            columns.clone().map(|column| dot(column, &self.data.y)).collect()
        };
        cholesky_solve(factor, self.order, &mut solution)
            .map_err(|_| BaselineError::Singular { penalty: alpha })?;
        let coefficients: Vec<f64> = if self.dual {
            columns.map(|column| dot(column, &solution)).collect()
        } else {
            solution
        };
        let intercept = self.data.intercept(&coefficients);
        Ok(RidgeFit {
            coefficients,
            intercept,
            alpha,
        })
    }

    fn error(&self, fit: &RidgeFit, factor: &[f64], score: Score) -> Result<f64, BaselineError> {
        let count = self.data.rows as f64;
        let mut residual = self.data.y.clone();
        for (column, weight) in self.data.x.chunks_exact(self.data.rows).zip(&fit.coefficients) {
            add_scaled(&mut residual, -weight, column);
        }
        let freedom = (0..self.data.rows)
            .map(|row| self.freedom(row, fit.alpha, factor))
            .collect::<Result<Vec<f64>, BaselineError>>()?;
        Ok(match score {
            Score::LeaveOneOut => {
                residual
                    .iter()
                    .zip(&freedom)
                    .map(|(r, f)| (r / f) * (r / f))
                    .sum::<f64>()
                    / count
            }
            Score::Generalised => {
                let mean = freedom.iter().sum::<f64>() / count;
                dot(&residual, &residual) / count / (mean * mean)
            }
        })
    }

    /// `1 - H_ii` of one row.
    fn freedom(&self, row: usize, alpha: f64, factor: &[f64]) -> Result<f64, BaselineError> {
        let (rows, count) = (self.data.rows, self.data.rows as f64);
        let mut z: Vec<f64> = if self.dual {
            (0..rows).map(|i| f64::from(u8::from(i == row))).collect()
        } else {
            self.data.x.iter().skip(row).step_by(rows).copied().collect()
        };
        forward_substitute(factor, self.order, &mut z)
            .map_err(|_| BaselineError::Singular { penalty: alpha })?;
        let square = dot(&z, &z);
        Ok(if self.dual {
            alpha * square - alpha / (count * (alpha + self.shift * count))
        } else {
            1.0 - 1.0 / count - square
        })
    }
}

#[cfg(test)]
mod tests;
