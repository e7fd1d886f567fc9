//! Ridge regression, its path, and its leave-one-out error in closed form.
//!
//! ```text
//! minimise |y - Xw|^2 + alpha |w|^2            X (M x N) and y centred: scikit-learn's `Ridge`
//! N <= M   w = (X'X + alpha I)^-1 X'y          one N x N Cholesky factor per alpha
//! N >  M   w = X'(XX' + alpha I)^-1 y          one M x M factor: the same w
//! hat      H_ii = 1/M + x_i'(X'X + alpha I)^-1 x_i   or, N > M,   1 - H_ii = alpha [(XX' + alpha I)^-1]_ii - 1/M
//! LOO      mean_i ( r_i/(1 - H_ii) )^2         exactly the error of M refits, intercept and all
//! GCV      mean_i r_i^2 / (1 - tr H/M)^2       Golub, Heath, Wahba, Technometrics 21:215 (1979)
//! ```
//! The 1/M is the intercept's share of the hat matrix. Cost: min(M, N)^2 max(M, N) once for the products; per
//! alpha min(M, N)^3/3 for the factor, and M min(M, N)^2 / 2 for the leave-one-out errors.

use super::cv::Validated;
use super::{BaselineError, Centred, add_scaled, dot};

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
    /// Exact leave-one-out.
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
        return Err(BaselineError::Setting { name: "smallest penalty", value: smallest, expected });
    }
    let steps = count.saturating_sub(1).max(1) as f64;
    Ok((0..count).map(|k| largest * (smallest / largest).powf(k as f64 / steps)).collect())
}

/// Fits one penalty.
///
/// # Errors
/// [`BaselineError`] for wrong shapes, non-finite data or alpha <= 0.
pub fn ridge(x: &[f64], y: &[f64], alpha: f64) -> Result<RidgeFit, BaselineError> {
    let mut fits = ridge_path(x, y, &[alpha])?;
    fits.pop().ok_or(BaselineError::Shape { values: x.len(), rows: y.len() })
}

/// Fits every penalty; the products X'X or XX' are made once.
///
/// # Errors
/// As [`ridge`].
pub fn ridge_path(x: &[f64], y: &[f64], alphas: &[f64]) -> Result<Vec<RidgeFit>, BaselineError> {
    let problem = Problem::new(x, y, alphas)?;
    alphas.iter().map(|alpha| Ok(problem.fit(*alpha, &problem.factor(*alpha)?))).collect()
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
        let fit = problem.fit(*alpha, &factor);
        errors.push(problem.error(&fit, &factor, score));
        if chosen.as_ref().is_none_or(|(best, _)| errors[k] < errors[*best]) {
            chosen = Some((k, fit));
        }
    }
    match chosen {
        Some((best, fit)) => Ok(Validated { fit, alphas: alphas.to_vec(), errors, best, unconverged: 0 }),
        None => {
            Err(BaselineError::Setting { name: "alphas", value: 0.0, expected: "at least one penalty" })
        }
    }
}

/// Centred data and the smaller of X'X and XX'.
struct Problem {
    data: Centred,
    products: Vec<f64>,
    order: usize,
    dual: bool,
}

impl Problem {
    fn new(x: &[f64], y: &[f64], alphas: &[f64]) -> Result<Self, BaselineError> {
        if let Some(&value) = alphas.iter().find(|a| !(**a > 0.0 && a.is_finite())) {
            return Err(BaselineError::Setting { name: "alpha", value, expected: "finite, above 0" });
        }
        let data = Centred::new(x, y)?;
        let dual = data.columns() > data.rows;
        let order = if dual { data.rows } else { data.columns() };
        let mut products = vec![0.0; order * order];
        if dual {
            for column in data.x.chunks_exact(data.rows) {
                for (row, value) in products.chunks_exact_mut(order).zip(column) {
                    add_scaled(row, *value, column);
                }
            }
        } else {
            let columns = || data.x.chunks_exact(data.rows);
            for (row, a) in products.chunks_exact_mut(order).zip(columns()) {
                row.iter_mut().zip(columns()).for_each(|(p, b)| *p = dot(a, b));
            }
        }
        Ok(Self { data, products, order, dual })
    }

    fn factor(&self, alpha: f64) -> Result<Factor, BaselineError> {
        let mut matrix = self.products.clone();
        matrix.iter_mut().step_by(self.order + 1).for_each(|diagonal| *diagonal += alpha);
        Factor::new(matrix, self.order).ok_or(BaselineError::Singular { penalty: alpha })
    }

    fn fit(&self, alpha: f64, factor: &Factor) -> RidgeFit {
        let columns = self.data.x.chunks_exact(self.data.rows);
        let coefficients: Vec<f64> = if self.dual {
            let mut c = self.data.y.clone();
            factor.solve(&mut c);
            columns.map(|column| dot(column, &c)).collect()
        } else {
            let mut w: Vec<f64> = columns.map(|column| dot(column, &self.data.y)).collect();
            factor.solve(&mut w);
            w
        };
        let intercept = self.data.intercept(&coefficients);
        RidgeFit { coefficients, intercept, alpha }
    }

    fn error(&self, fit: &RidgeFit, factor: &Factor, score: Score) -> f64 {
        let rows = self.data.rows;
        let count = rows as f64;
        let mut residual = self.data.y.clone();
        for (column, weight) in self.data.x.chunks_exact(rows).zip(&fit.coefficients) {
            add_scaled(&mut residual, -weight, column);
        }
        // 1 - H_ii, row by row
        let freedom = |row: usize| {
            let mut z: Vec<f64> = if self.dual {
                (0..rows).map(|i| f64::from(u8::from(i == row))).collect()
            } else {
                self.data.x.iter().skip(row).step_by(rows).copied().collect()
            };
            factor.forward(&mut z);
            let square = dot(&z, &z);
            if self.dual { fit.alpha * square - 1.0 / count } else { 1.0 - 1.0 / count - square }
        };
        match score {
            Score::LeaveOneOut => {
                let squares = residual.iter().enumerate().map(|(row, r)| (r / freedom(row)).powi(2));
                squares.sum::<f64>() / count
            }
            Score::Generalised => {
                let mean = (0..rows).map(freedom).sum::<f64>() / count;
                dot(&residual, &residual) / count / (mean * mean)
            }
        }
    }
}

/// Lower Cholesky factor L of a positive definite matrix, row-major.
struct Factor {
    lower: Vec<f64>,
    order: usize,
}

impl Factor {
    fn new(mut lower: Vec<f64>, order: usize) -> Option<Self> {
        for i in 0..order {
            let (above, row) = lower.split_at_mut(i * order);
            for j in 0..i {
                let other = &above[j * order..j * order + j + 1];
                row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
            }
            let pivot = row[i] - dot(&row[..i], &row[..i]);
            if !(pivot > 0.0) {
                return None;
            }
            row[i] = pivot.sqrt();
        }
        Some(Self { lower, order })
    }

    /// b <- L^-1 b.
    fn forward(&self, b: &mut [f64]) {
        for (i, row) in self.lower.chunks_exact(self.order).enumerate() {
            b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
        }
    }

    /// b <- (L L')^-1 b.
    fn solve(&self, b: &mut [f64]) {
        self.forward(b);
        for (i, row) in self.lower.chunks_exact(self.order).enumerate().rev() {
            b[i] /= row[i];
            let x = b[i];
            add_scaled(&mut b[..i], -x, &row[..i]);
        }
    }
}

#[cfg(test)]
mod tests;
