//! Choosing gamma by rows left out: K-fold cross-validation and one validation sample.
//!
//! All fits use the gamma grid of the whole design, so that errors at one gamma belong together. Rows are
//! dealt to folds by a seeded shuffle. A gamma that some fold's path did not reach (it was capped or full
//! before) has no error and cannot be chosen. Rows among which the target is constant (a rare event that happened in
//! the rows left out) teach that constant: it is then the prediction at every gamma.

use super::design::{Design, FitError};
use super::trail::{Trail, trace_design};
use crate::baseline::cv::Folds;
use crate::work::Work;
use gibbs_core::garrote::Options;
use gibbs_core::random::{shuffle, stream};

/// Mean squared errors along the path.
#[derive(Clone, Debug, PartialEq)]
pub struct ErrorCurve {
    /// Per gamma reached by all fits: error on the rows that were fitted.
    pub train: Vec<f64>,
    /// Error on the rows left out.
    pub validation: Vec<f64>,
    /// Standard error of the latter over folds (0 for a single sample).
    pub spread: Vec<f64>,
}

impl ErrorCurve {
    /// Index of the smallest validation error; the first of equals.
    pub fn best(&self) -> Option<usize> {
        (0..self.validation.len()).min_by(|a, b| self.validation[*a].total_cmp(&self.validation[*b]))
    }
}

/// Train and validation error at each gamma that the path of `fitted` rows of `design` reaches; `judged` rows are of
/// `whole`. Where the target is constant among the fitted rows, its mean predicts at every gamma.
fn errors_of_rows(
    design: &Design,
    (fitted, judged): (&[usize], &[usize]),
    grid: &[f64],
    options: Options<f64>,
) -> Result<Vec<(f64, f64)>, FitError> {
    match design.on_rows(fitted) {
        Ok(part) => {
            let trail = trace_design(&part, grid, options, false)?;
            Ok(errors(&trail, &part, design, judged))
        }
        Err(FitError::ConstantTarget(_)) => {
            let pair = (
                design.constant_error(fitted, fitted),
                design.constant_error(fitted, judged),
            );
            Ok(vec![pair; grid.len()])
        }
        Err(error) => Err(error),
    }
}

/// Train and validation error of every kept solution of `trail`, traced on `fitted`; `rows` are of `whole`.
fn errors(trail: &Trail, fitted: &Design, whole: &Design, rows: &[usize]) -> Vec<(f64, f64)> {
    let own: Vec<usize> = (0..fitted.rows()).collect();
    let of = |effects: &[(usize, f64)]| {
        (
            fitted.error_on(fitted, &own, effects),
            fitted.error_on(whole, rows, effects),
        )
    };
    trail.kept.iter().map(|kept| of(&kept.effects())).collect()
}

/// K-fold cross-validation on `grid`, folds in parallel; the result does not depend on the number of threads.
///
/// # Errors
/// `Option` for fewer than 2 folds or fewer than 3 rows left to fit; those of [`trace_design`] and [`Work`].
pub fn cross_validate(
    design: &Design,
    grid: &[f64],
    options: Options<f64>,
    folds: usize,
    seed: u64,
    work: &Work<'_>,
) -> Result<ErrorCurve, FitError> {
    let dealt = Folds::shuffled(design.rows(), folds, seed)
        .map_err(|error| FitError::Option(format!("cross-validation: {error}")))?;
    // One part a fold: train and validation error of each gamma reached, alternating.
    let parts = work.parts::<Vec<f64>, FitError>("cross-validation, folds", folds, |fold| {
        let of = dealt.of_rows().iter().enumerate();
        let (inside, outside): (Vec<_>, Vec<_>) = of.partition(|(_, f)| **f == fold);
        let rows = |part: Vec<(usize, &usize)>| part.into_iter().map(|(row, _)| row).collect::<Vec<_>>();
        let pairs = errors_of_rows(design, (&rows(outside), &rows(inside)), grid, options)
            .map_err(|error| error.of_part(format!("fold {} of {folds}", fold + 1)))?;
        Ok(pairs.into_iter().flat_map(<[f64; 2]>::from).collect())
    })?;
    let pairs = |part: &Vec<f64>| part.as_chunks::<2>().0.iter().map(|[a, b]| (*a, *b)).collect();
    let fold_errors: Vec<Vec<(f64, f64)>> = parts.iter().map(pairs).collect();
    let reached = fold_errors.iter().map(Vec::len).min().unwrap_or(0);
    let count = folds as f64;
    let mut curve = ErrorCurve {
        train: Vec::new(),
        validation: Vec::new(),
        spread: Vec::new(),
    };
    for k in 0..reached {
        let mean =
            |pick: fn(&(f64, f64)) -> f64| fold_errors.iter().map(|e| pick(&e[k])).sum::<f64>() / count;
        let (train, validation) = (mean(|e| e.0), mean(|e| e.1));
        let square = fold_errors
            .iter()
            .map(|e| (e[k].1 - validation).powi(2))
            .sum::<f64>();
        curve.train.push(train);
        curve.validation.push(validation);
        curve.spread.push((square / (count - 1.0) / count).sqrt());
    }
    Ok(curve)
}

/// Errors along the path of one validation sample: `held` in raw units ([`Design::raw`]), or a third of the
/// rows of `design`, dealt by the seed.
///
/// # Errors
/// `TooFewRows`; `Option` if `held` has other variables; those of [`trace_design`].
pub fn validate(
    design: &Design,
    held: Option<&Design>,
    grid: &[f64],
    options: Options<f64>,
    seed: u64,
) -> Result<ErrorCurve, FitError> {
    let pairs = if let Some(held) = held {
        if held.variables() != design.variables() {
            return Err(FitError::Option(format!(
                "the validation sample has {} variables, the fitted one {}",
                held.variables(),
                design.variables()
            )));
        }
        if !design.forced.is_empty() {
            let message = "rows held out need the forced predictors too: leave a third out instead of a file";
            return Err(FitError::Option(message.into()));
        }
        let trail = trace_design(design, grid, options, false)?;
        errors(&trail, design, held, &(0..held.rows()).collect::<Vec<_>>())
    } else {
        let mut rows: Vec<usize> = (0..design.rows()).collect();
        shuffle(&mut stream(seed, "garrote.validation", 0), &mut rows);
        let (held, fitted) = rows.split_at(design.rows() / 3);
        errors_of_rows(design, (fitted, held), grid, options)
            .map_err(|error| error.of_part("the two thirds of the rows that are fitted"))?
    };
    let (train, validation): (Vec<f64>, Vec<f64>) = pairs.into_iter().unzip();
    Ok(ErrorCurve {
        spread: vec![0.0; train.len()],
        train,
        validation,
    })
}

#[cfg(test)]
mod tests;
