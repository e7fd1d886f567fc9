//! The noise of a problem with more variables than rows, from the data alone: what [`Noise::Fixed`] needs.
//!
//! ```text
//! LASSO residual     RSS/(M - k - 1) of the cross-validated LASSO (5 folds), k = number of nonzero weights
//! refitted halves    EBIC support on one half of the rows, RSS/(M/2 - k - 1) of least squares on the other;
//!                    mean of both ways, median over 5 random halvings
//! EBIC residual      RSS/(M - k - 1) of least squares on the EBIC support of all rows
//! ```
//! Measured: estimated over true standard deviation, mean (standard deviation) over draws 0 to 19 of the
//! protocols of [`super::synth`], seed = number of the draw; [`estimate_noise`] again by `garrote-dense` of
//! [`crate::experiments`] in its full version.
//!
//! ```text
//! protocol   rows x columns, relevant   LASSO residual   refitted halves   EBIC residual
//! A:5        256 x 256, 5               1.00 (.04)       1.03 (.06)        0.99 (.04)
//! A:80       256 x 256, 80              1.07 (.08)       2.01 (.10)        1.93 (.11)
//! B           67 x 100, 5               0.91 (.24)       1.76 (.46)        0.98 (.10)
//! B-large    100 x 1000, 10             1.01 (.38)       3.31 (.16)        1.06 (.35)
//! C          100 x 500, 10, correlated  1.02 (.19)       2.00 (.12)        1.58 (.38)
//! ```
//! The LASSO residual is chosen: alone it has no large bias anywhere. It scatters where rows are few
//! (.44 to 1.94 on B and B-large), and on A with 192 relevant variables it gives 1.17 (.14). The EBIC residual is better where the
//! EBIC finds the support (B), but where it does not (A:80, C) it takes signal for noise. Halving the rows
//! makes this worse: half of them rarely hold the support.
//!
//! Sources: Reid, Tibshirani, Friedman, Statistica Sinica 26:35 (2016) for the LASSO residual; Fan, Guo, Hao, J. R. Stat. Soc. B 74:37
//! (2012) for refitted cross-validation. Cost: that of the LASSO path on 6 samples.
//!
//! [`Noise::Fixed`]: gibbs_core::garrote::Noise::Fixed

use super::design::{Design, FitError};
use super::fit::{FitOptions, fit};
use super::least_squares::refit;
use crate::baseline::BaselineError;
use crate::baseline::cv::{Folds, lasso_cv};
use crate::baseline::lasso::{Settings, alpha_grid};
use gibbs_core::math::{add_scaled, dot};
use gibbs_core::random::{shuffle, stream};

/// Folds of the LASSO's cross-validation.
const FOLDS: usize = 5;
/// Random halvings of the refitted cross-validation.
const SPLITS: u64 = 5;

/// How the noise is estimated; the table at the head of the module compares them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Estimator {
    /// Residual of the cross-validated LASSO, its nonzero weights counted as degrees of freedom.
    LassoResidual,
    /// Refitted cross-validation: support from one half of the rows, residual variance from the other.
    RefittedHalves,
    /// Residual of the least-squares refit on the EBIC support of all rows.
    CriterionResidual,
}

/// Standard deviation of the noise, in the units of the target, by the estimator chosen above
/// ([`Estimator::LassoResidual`]); fix the garrote's precision at `1/sd²`.
///
/// # Errors
/// Those of [`estimate_with`].
pub fn estimate_noise(design: &Design, seed: u64) -> Result<f64, FitError> {
    estimate_with(design, Estimator::LassoResidual, seed)
}

/// Standard deviation of the noise by a named estimator.
///
/// # Errors
/// `TooFewRows` for fewer rows than folds (or halves of 3); `NoChoice` when the selected variables leave no
/// degrees of freedom; those of the fits inside.
pub fn estimate_with(design: &Design, estimator: Estimator, seed: u64) -> Result<f64, FitError> {
    let variance = match estimator {
        Estimator::LassoResidual => lasso_residual(design, seed),
        Estimator::RefittedHalves => refitted_halves(design, seed),
        Estimator::CriterionResidual => {
            let support = fit(design, &FitOptions::default())?.support();
            least_squares_variance(design, &support)
        }
    }?;
    Ok(design.unit * variance.sqrt())
}

/// RSS/(M - k - 1), the intercept counted.
fn per_freedom(rss: f64, rows: usize, used: usize) -> Result<f64, FitError> {
    if used + 2 > rows {
        let reason = "as many variables as rows are selected, nothing is left to measure the noise by";
        return Err(FitError::NoChoice("noise estimate".into(), reason));
    }
    Ok(rss / (rows - used - 1) as f64)
}

fn lasso_residual(design: &Design, seed: u64) -> Result<f64, FitError> {
    let refused = |error: BaselineError| match error {
        BaselineError::TooFewRows { rows, least } => FitError::TooFewRows { rows, needed: least },
        other => FitError::Option(format!("noise estimate: {other}")),
    };
    let (x, y) = (&design.x, &design.y);
    let alphas = alpha_grid(x, y, 100, 1e-3).map_err(refused)?;
    let folds = Folds::shuffled(design.rows(), FOLDS, seed).map_err(refused)?;
    let fit = lasso_cv(x, y, &alphas, &folds, Settings::default())
        .map_err(refused)?
        .fit;
    let effects: Vec<_> = fit
        .coefficients
        .iter()
        .copied()
        .enumerate()
        .filter(|(_, w)| *w != 0.0)
        .collect();
    per_freedom(residual_squares(design, &effects), design.rows(), effects.len())
}

fn least_squares_variance(design: &Design, support: &[usize]) -> Result<f64, FitError> {
    per_freedom(
        residual_squares(design, &refit(design, support)),
        design.rows(),
        support.len(),
    )
}

fn residual_squares(design: &Design, effects: &[(usize, f64)]) -> f64 {
    let mut residual = design.y.clone();
    for (i, v) in effects {
        add_scaled(&mut residual, -v, design.column(*i));
    }
    dot(&residual, &residual)
}

/// Median over splits of the mean over both halves.
fn refitted_halves(design: &Design, seed: u64) -> Result<f64, FitError> {
    let mut estimates = Vec::new();
    for split in 0..SPLITS {
        let mut rows: Vec<usize> = (0..design.rows()).collect();
        shuffle(&mut stream(seed, "garrote.noise.halves", split), &mut rows);
        let (first, second) = rows.split_at(rows.len() / 2);
        let half = |rows| {
            design
                .on_rows(rows)
                .map_err(|error| error.of_part("one half of the rows"))
        };
        let halves = [half(first)?, half(second)?];
        let mut sum = 0.0;
        for (chosen_on, judged_on) in [(0, 1), (1, 0)] {
            let support = fit(&halves[chosen_on], &FitOptions::default())?.support();
            sum += least_squares_variance(&halves[judged_on], &support)?;
        }
        estimates.push(0.5 * sum);
    }
    estimates.sort_by(f64::total_cmp);
    Ok(estimates[estimates.len() / 2])
}

#[cfg(test)]
mod tests;
