//! K-fold cross-validation of the LASSO and of ridge.
//!
//! For each fold the model is fitted on the other rows (centred by their own means) along one grid of
//! penalties made from all rows; the penalty with the smallest mean over folds of the mean squared error on the
//! rows left out is refitted on all rows. Ties go to the larger penalty. This is scikit-learn's `LassoCV` and
//! `RidgeCV(cv=K)`. Folds run in parallel; each is computed alone and they are added in order, so the result
//! does not depend on the threads.

use super::lasso::{self, LassoFit, Settings};
use super::ridge::{self, RidgeFit};
use super::{BaselineError, Centred, Validated, mean_squared_error};
use gibbs_core::random::{shuffle, stream};
use rayon::prelude::*;

/// The fold of each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folds {
    of_row: Vec<usize>,
    count: usize,
}

impl Folds {
    /// `count` runs of consecutive rows whose sizes differ by at most one, the longer first: scikit-learn's
    /// `KFold` without shuffling.
    ///
    /// # Errors
    /// [`BaselineError::TooFewRows`] if some fold would be empty, [`BaselineError::Setting`] for `count` < 2.
    pub fn consecutive(rows: usize, count: usize) -> Result<Self, BaselineError> {
        if count < 2 {
            let value = count as f64;
            return Err(BaselineError::Setting {
                name: "folds",
                value,
                expected: "at least 2",
            });
        }
        if rows < count.max(3) {
            return Err(BaselineError::TooFewRows {
                rows,
                least: count.max(3),
            });
        }
        let sizes = (0..count).map(|fold| rows / count + usize::from(fold < rows % count));
        let of_row = sizes
            .enumerate()
            .flat_map(|(fold, size)| std::iter::repeat_n(fold, size))
            .collect();
        Ok(Self { of_row, count })
    }

    /// Folds of equal sizes over rows shuffled by `stream(seed, "folds", 0)`: the project's default.
    ///
    /// # Errors
    /// As [`Folds::consecutive`].
    pub fn shuffled(rows: usize, count: usize, seed: u64) -> Result<Self, BaselineError> {
        let mut folds = Self::consecutive(rows, count)?;
        shuffle(&mut stream(seed, "folds", 0), &mut folds.of_row);
        Ok(folds)
    }

    /// Number of folds.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The fold of each row, 0..count.
    pub fn of_rows(&self) -> &[usize] {
        &self.of_row
    }

    /// Rows outside and inside fold `fold`, in order: (x, y) to fit and (x, y) to judge, column-major.
    pub fn split(&self, x: &[f64], y: &[f64], fold: usize) -> [(Vec<f64>, Vec<f64>); 2] {
        [false, true].map(|inside| {
            let keep = |column: &[f64]| -> Vec<f64> {
                let rows = column.iter().zip(&self.of_row);
                rows.filter(|(_, of)| (**of == fold) == inside)
                    .map(|(value, _)| *value)
                    .collect()
            };
            (x.chunks_exact(y.len()).flat_map(keep).collect(), keep(y))
        })
    }
}

/// LASSO with the penalty chosen by cross-validation over `alphas` (falling; see [`lasso::alpha_grid`]).
///
/// # Errors
/// As [`lasso::lasso`]; [`BaselineError::Setting`] for an empty grid; `Shape` if `folds` is for other rows.
pub fn lasso_cv(
    x: &[f64],
    y: &[f64],
    alphas: &[f64],
    folds: &Folds,
    settings: Settings,
) -> Result<Validated<LassoFit>, BaselineError> {
    lasso::check(alphas, settings)?;
    let curve = validate(x, y, alphas, folds, |x, y| {
        let fits = lasso::path(&Centred::new(x, y)?, alphas, settings);
        let unconverged = fits
            .iter()
            .filter(|fit| fit.status == lasso::Status::MaxSweeps)
            .count();
        Ok((
            fits.into_iter()
                .map(|fit| (fit.coefficients, fit.intercept))
                .collect(),
            unconverged,
        ))
    })?;
    // from zero, not along the path: the refit is then the fit that `lasso` gives at this alpha
    let fit = lasso::lasso(x, y, alphas[curve.best], settings)?;
    Ok(curve.with(fit))
}

/// Ridge with the penalty chosen by K-fold cross-validation over `alphas` (falling, so that ties go to the
/// larger). Leave-one-out needs no folds: [`ridge::ridge_loo`].
///
/// # Errors
/// As [`ridge::ridge`]; [`BaselineError::Setting`] for an empty grid; `Shape` if `folds` is for other rows.
pub fn ridge_cv(
    x: &[f64],
    y: &[f64],
    alphas: &[f64],
    folds: &Folds,
) -> Result<Validated<RidgeFit>, BaselineError> {
    let curve = validate(x, y, alphas, folds, |x, y| {
        let fits = ridge::ridge_path(x, y, alphas)?;
        Ok((
            fits.into_iter()
                .map(|fit| (fit.coefficients, fit.intercept))
                .collect(),
            0,
        ))
    })?;
    let fit = ridge::ridge(x, y, alphas[curve.best])?;
    Ok(curve.with(fit))
}

impl Validated<()> {
    fn with<Fit>(self, fit: Fit) -> Validated<Fit> {
        let Self {
            alphas,
            errors,
            best,
            unconverged,
            ..
        } = self;
        Validated {
            fit,
            alphas,
            errors,
            best,
            unconverged,
        }
    }
}

/// Coefficients and intercept per penalty, and how many of them did not converge.
type Path = (Vec<(Vec<f64>, f64)>, usize);

fn validate(
    x: &[f64],
    y: &[f64],
    alphas: &[f64],
    folds: &Folds,
    path: impl Fn(&[f64], &[f64]) -> Result<Path, BaselineError> + Sync,
) -> Result<Validated<()>, BaselineError> {
    Centred::new(x, y)?; // refuse before any fold does, with places in the user's own rows
    if folds.of_row.len() != y.len() {
        return Err(BaselineError::Shape {
            values: folds.of_row.len(),
            rows: y.len(),
        });
    }
    if alphas.is_empty() {
        return Err(BaselineError::Setting {
            name: "alphas",
            value: 0.0,
            expected: "at least one penalty",
        });
    }
    let per_fold = (0..folds.count)
        .into_par_iter()
        .map(|fold| {
            let [(x_fit, y_fit), (x_judge, y_judge)] = folds.split(x, y, fold);
            let (models, unconverged) = path(&x_fit, &y_fit)?;
            let errors: Vec<f64> = models
                .iter()
                .map(|(w, c)| mean_squared_error(&x_judge, &y_judge, w, *c))
                .collect();
            Ok((errors, unconverged))
        })
        .collect::<Result<Vec<_>, BaselineError>>()?;
    let errors: Vec<f64> = (0..alphas.len())
        .map(|k| per_fold.iter().map(|(errors, _)| errors[k]).sum::<f64>() / folds.count as f64)
        .collect();
    let best = (0..errors.len()).fold(0, |best, k| if errors[k] < errors[best] { k } else { best });
    let unconverged = per_fold.iter().map(|(_, count)| count).sum();
    Ok(Validated {
        fit: (),
        alphas: alphas.to_vec(),
        errors,
        best,
        unconverged,
    })
}
