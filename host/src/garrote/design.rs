//! A regression problem made ready: columns centred and scaled, the target centred.
//!
//! Columns are standardised to variance 1 (d_i = 1), so weights are in units of the target per standard
//! deviation of the variable. A column with variance <= (8 eps)² times its mean square is dead: all zeros,
//! scale 0, never selected. Memory M N numbers, column-major.
//!
//! Units do not matter: numbers whose squares would leave the range of f64 are first multiplied by a power of two,
//! columns for good, the target by [`Design::unit`]. Row weights and forced predictors: [`Given`].

mod given;

use crate::refusal::{Kind, Place, Refusal};
use crate::simd::{Task, dispatch};
use crate::work::Stopped;
use gibbs_core::garrote::stream::standardise_row;
use gibbs_core::math::{add_scaled, dot};
pub use given::{Forced, Given};
use given::{Span, unit_of};
use std::borrow::Cow;

impl Refusal for FitError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            _ => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            _ => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            Self::Part { reason, .. } => reason.place(),
            Self::ConstantTarget(column) | Self::Ragged { column, .. } | Self::NonFinite { column, .. } => {
                Place {
                    column: Some(column.clone()),
                    ..Place::default()
                }
            }
            _ => Place::default(),
        }
    }
}

/// Why a fit was refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum FitError {
    /// The core refuses the problem.
    #[error(transparent)]
    Core(#[from] gibbs_core::Error),
    /// The target does not vary.
    #[error("the target {0:?} is constant: there is nothing to explain\nhint: choose another --target")]
    ConstantTarget(String),
    /// Too few rows.
    #[error("{rows} rows are too few: at least {needed} are needed")]
    TooFewRows {
        /// The number of rows given.
        rows: usize,
        /// The number of rows needed.
        needed: usize,
    },
    /// There are no variables.
    #[error("there are no variables beside the target")]
    NoVariables,
    /// Lengths disagree.
    #[error("column {column:?} has {found} rows, the target has {expected}")]
    Ragged {
        /// Name of the column.
        column: String,
        /// The length of the column.
        found: usize,
        /// The target's length.
        expected: usize,
    },
    /// NaN or infinity.
    #[error("column {column:?}, row {row}: the value is not finite")]
    NonFinite {
        /// Name of the column.
        column: String,
        /// The row of the data, from 1.
        row: usize,
    },
    /// The rule found nothing to choose from.
    #[error("the rule `{0}` found no solution to choose: {1}\nhint: try another --rule, such as ebic:0.5")]
    NoChoice(String, &'static str),
    /// A part of the rows (a fold, a resample, a half) could not be fitted; the whole may well be.
    #[error("in {part}: {reason}")]
    Part {
        /// Which part.
        part: String,
        /// Why it was refused.
        reason: Box<FitError>,
    },
    /// An option outside its range.
    #[error("{0}")]
    Option(String),
    /// Long work ended early.
    #[error(transparent)]
    Stopped(#[from] Stopped),
}

impl FitError {
    /// Says of which part of the rows this is true; an interruption is of no part.
    #[must_use]
    pub fn of_part(self, part: impl Into<String>) -> Self {
        match self {
            Self::Stopped(_) => self,
            reason => Self::Part {
                part: part.into(),
                reason: Box::new(reason),
            },
        }
    }
}

/// A standardised regression problem of M rows and N variables.
#[derive(Clone, Debug)]
pub struct Design {
    /// Variable names (N).
    pub names: Vec<String>,
    /// Name of the target.
    pub target: String,
    /// Standardised columns, M x N column-major.
    pub x: Vec<f64>,
    /// Centred target (M), in multiples of `unit`.
    pub y: Vec<f64>,
    /// Column means in original units (N).
    pub mean: Vec<f64>,
    /// Column standard deviations in original units (N); 0 marks a dead column.
    pub scale: Vec<f64>,
    /// Mean of the target.
    pub target_mean: f64,
    /// s2, variance of the target in multiples of `unit`²; what forced predictors explain is left out.
    pub variance: f64,
    /// A power of two, 1 but for targets beyond 2^±300.
    pub unit: f64,
    /// Predictors in every fit.
    pub forced: Vec<Forced>,
    /// Shares of the forced predictors in each column, then in the target (in its original unit): (N + 1) x F by rows.
    pub slopes: Vec<f64>,
    /// sqrt(omega) of each row; none where all weights are 1.
    root: Vec<f64>,
}

impl Design {
    /// Standardises raw columns (M x N, column-major) and target.
    ///
    /// # Errors
    /// `NoVariables`, `TooFewRows` below 3, `Ragged`, `NonFinite` naming column and row, `ConstantTarget`.
    pub fn new(
        names: Vec<String>,
        target: impl Into<String>,
        x: Vec<f64>,
        y: Vec<f64>,
    ) -> Result<Self, FitError> {
        Self::with_given(names, target, x, y, &Given::default())
    }

    /// As [`Design::new`], with row weights and predictors forced in.
    ///
    /// # Errors
    /// Also `Option` for a weight below 0, or a forced predictor that is constant or follows from the others.
    pub fn with_given(
        names: Vec<String>,
        target: impl Into<String>,
        x: Vec<f64>,
        y: Vec<f64>,
        given: &Given,
    ) -> Result<Self, FitError> {
        let enough = |rows| match rows {
            3.. => Ok(()),
            _ => Err(FitError::TooFewRows { rows, needed: 3 }),
        };
        enough(y.len())?;
        let mut design = Self::unscaled(names, target.into(), x, y)?;
        design.rescale_target();
        design.forced = design.standardised_forced(&given.forced)?;
        if let Some(weights) = &given.weights {
            design.weigh(weights)?;
        }
        enough(design.rows())?;
        design.slopes = vec![0.0; (design.variables() + 1) * design.forced.len()];
        design.standardise()?;
        Ok(design)
    }

    /// Brings the target to multiples of a unit whose squares are in range.
    fn rescale_target(&mut self) {
        let unit = unit_of(&self.y);
        if unit != 1.0 {
            for v in &mut self.y {
                *v /= unit;
            }
            self.unit *= unit;
        }
    }

    /// The forced predictors by their plain mean and standard deviation: only a matter of digits.
    fn standardised_forced(&self, forced: &[(String, Vec<f64>)]) -> Result<Vec<Forced>, FitError> {
        let span = Span::new(&[], &[])?;
        let one = |(name, column): &(String, Vec<f64>)| {
            check_column(name, column, self.rows())?;
            let (mut column, unit) = (column.clone(), unit_of(column));
            for v in &mut column {
                *v /= unit;
            }
            let parts = span.project(&mut column);
            if parts.sd <= 0.0 {
                let message = format!("the forced predictor {name:?} does not vary: leave it out");
                return Err(FitError::Option(message));
            }
            for v in &mut column {
                *v /= parts.sd;
            }
            Ok(Forced {
                name: name.clone(),
                mean: parts.mean * unit,
                scale: parts.sd * unit,
                column,
            })
        };
        forced.iter().map(one).collect()
    }

    /// Multiplies each row by the root of its weight over the mean weight; rows of weight 0 go.
    fn weigh(&mut self, weights: &[f64]) -> Result<(), FitError> {
        check_column("the row weights", weights, self.rows())?;
        if let Some(row) = weights.iter().position(|w| *w < 0.0) {
            return Err(FitError::Option(format!(
                "the weight of row {} is {}: weights are not negative",
                row + 1,
                weights[row]
            )));
        }
        let kept: Vec<usize> = (0..weights.len()).filter(|r| weights[*r] > 0.0).collect();
        let largest = weights.iter().copied().fold(0.0, f64::max);
        let total: f64 = weights.iter().map(|w| w / largest).sum();
        let root: Vec<f64> = kept
            .iter()
            .map(|r| (weights[*r] / largest * (kept.len() as f64 / total)).sqrt())
            .collect();
        let pick = |column: &[f64]| {
            let rows = kept.iter().zip(&root);
            rows.map(|(r, root)| column[*r] * root).collect::<Vec<_>>()
        };
        let rows = self.rows();
        self.x = self
            .x
            .chunks_exact(rows)
            .flat_map(|column| {
                let unit = unit_of(column); // the root must not push a number out of range
                let column: Vec<f64> = column.iter().map(|v| v / unit).collect();
                pick(&column).into_iter().map(move |v| v * unit)
            })
            .collect();
        self.y = pick(&self.y);
        for predictor in &mut self.forced {
            predictor.column = pick(&predictor.column);
        }
        self.root = root;
        Ok(())
    }

    fn unscaled(names: Vec<String>, target: String, x: Vec<f64>, y: Vec<f64>) -> Result<Self, FitError> {
        let rows = y.len();
        if names.is_empty() {
            return Err(FitError::NoVariables);
        }
        if x.len() != rows * names.len() {
            // By columns, so the first short one (or the last, too long) is at fault.
            let index = (x.len() / rows).min(names.len() - 1);
            return Err(FitError::Ragged {
                column: names[index].clone(),
                found: x.len() - index * rows,
                expected: rows,
            });
        }
        let columns = x.chunks_exact(rows).zip(&names).chain([(&y[..], &target)]);
        for (column, name) in columns {
            if let Some(row) = column.iter().position(|v| !v.is_finite()) {
                return Err(FitError::NonFinite {
                    column: name.clone(),
                    row: row + 1,
                });
            }
        }
        let (mean, scale) = (vec![0.0; names.len()], vec![1.0; names.len()]);
        Ok(Self {
            names,
            target,
            x,
            y,
            mean,
            scale,
            target_mean: 0.0,
            variance: 0.0,
            unit: 1.0,
            forced: Vec::new(),
            slopes: Vec::new(),
            root: Vec::new(),
        })
    }

    /// A sample left in raw units (mean 0, scale 1): rows to judge a fit on, not to fit.
    ///
    /// # Errors
    /// `NoVariables`, `Ragged`, `NonFinite`; `TooFewRows` for none.
    pub fn raw(
        names: Vec<String>,
        target: impl Into<String>,
        x: Vec<f64>,
        y: Vec<f64>,
    ) -> Result<Self, FitError> {
        if y.is_empty() {
            return Err(FitError::TooFewRows { rows: 0, needed: 1 });
        }
        Self::unscaled(names, target.into(), x, y)
    }

    /// Projects and scales in place, on top of the centres, slopes and scales there are.
    fn standardise(&mut self) -> Result<(), FitError> {
        let (rows, count) = (self.y.len(), self.forced.len());
        let span = Span::new(&self.root, &self.forced)?;
        let places = self.mean.iter_mut().zip(&mut self.scale);
        for (i, (column, (mean, scale))) in self.x.chunks_exact_mut(rows).zip(places).enumerate() {
            let unit = unit_of(column);
            if unit != 1.0 {
                for v in &mut *column {
                    *v /= unit;
                }
            }
            let parts = span.project(column);
            *mean += *scale * (unit * parts.mean);
            for (slope, part) in self.slopes[i * count..].iter_mut().zip(&parts.slopes) {
                *slope += *scale * (unit * part);
            }
            *scale *= unit * parts.sd;
            if parts.sd > 0.0 {
                for v in column {
                    *v /= parts.sd;
                }
            }
        }
        let parts = span.project(&mut self.y);
        if parts.sd <= 0.0 {
            return Err(FitError::ConstantTarget(self.target.clone()));
        }
        self.target_mean += self.unit * parts.mean;
        for (slope, part) in self.slopes[self.names.len() * count..]
            .iter_mut()
            .zip(&parts.slopes)
        {
            *slope += self.unit * part;
        }
        self.variance = dot(&self.y, &self.y) / rows as f64;
        Ok(())
    }

    /// The number of samples, M.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// The number of variables, N.
    pub fn variables(&self) -> usize {
        self.names.len()
    }

    /// Standardised column `i`.
    pub fn column(&self, i: usize) -> &[f64] {
        &self.x[i * self.rows()..(i + 1) * self.rows()]
    }

    /// The moments b = X'y/M of the columns with the target.
    pub fn correlation(&self) -> Vec<f64> {
        self.products(&self.y)
    }

    /// X'v/M for a vector v of M entries.
    pub fn products(&self, v: &[f64]) -> Vec<f64> {
        dispatch(Products(self, v))
    }

    /// The problem on some of the rows (repeats allowed), standardised anew.
    ///
    /// # Errors
    /// `TooFewRows`; `ConstantTarget`.
    pub fn on_rows(&self, rows: &[usize]) -> Result<Self, FitError> {
        if rows.len() < 3 {
            return Err(FitError::TooFewRows {
                rows: rows.len(),
                needed: 3,
            });
        }
        let pick = |column: &[f64]| rows.iter().map(|r| column[*r]).collect::<Vec<_>>();
        let forced = self.forced.iter().map(|predictor| Forced {
            column: pick(&predictor.column),
            ..predictor.clone()
        });
        let mut design = Self {
            names: self.names.clone(),
            target: self.target.clone(),
            x: self.x.chunks_exact(self.rows()).flat_map(pick).collect(),
            y: pick(&self.y),
            mean: self.mean.clone(),
            scale: self.scale.clone(),
            target_mean: self.target_mean,
            variance: 0.0,
            unit: self.unit,
            forced: forced.collect(),
            slopes: self.slopes.clone(),
            root: if self.root.is_empty() {
                Vec::new()
            } else {
                pick(&self.root)
            },
        };
        design.standardise()?;
        Ok(design)
    }

    /// Mean squared error, on some rows of `whole` (the design these rows came from), of sparse effects
    /// (index, v) fitted on `self`, in the square of its unit. Weighted rows count by their weight.
    pub fn error_on(&self, whole: &Self, rows: &[usize], effects: &[(usize, f64)]) -> f64 {
        let mut sum = 0.0;
        let (unit, count) = (whole.unit / self.unit, self.forced.len());
        let terms: Vec<(usize, f64, f64)> = effects
            .iter()
            .filter(|(i, _)| self.scale[*i] > 0.0)
            .map(|(i, v)| {
                let ratio = whole.scale[*i] / self.scale[*i];
                (
                    *i,
                    v * ratio,
                    v * (whole.mean[*i] - self.mean[*i]) / self.scale[*i],
                )
            })
            .collect();
        let offset = (whole.target_mean - self.target_mean) / self.unit;
        // of each forced predictor: what the target has more of it than the effects explain
        let slope = |f: usize| {
            let gap = |i: usize| whole.slopes[i * count + f] - self.slopes[i * count + f];
            let explained = terms
                .iter()
                .zip(effects.iter().filter(|(i, _)| self.scale[*i] > 0.0));
            let explained = explained.map(|((i, _, _), (_, v))| v * gap(*i) / self.scale[*i]);
            gap(self.variables()) / self.unit - explained.sum::<f64>()
        };
        let slopes: Vec<f64> = (0..count).map(slope).collect();
        for r in rows {
            let root = whole.root.get(*r).copied().unwrap_or(1.0);
            let mut residual = whole.y[*r] * unit + offset * root;
            for (i, slope, shift) in &terms {
                residual -= whole.column(*i)[*r] * slope + shift * root;
            }
            for (predictor, slope) in whole.forced.iter().zip(&slopes) {
                residual += slope * predictor.column[*r];
            }
            sum += residual * residual;
        }
        sum / rows.len() as f64
    }

    /// Mean squared error on rows `judged` of the (weighted) mean of the target on rows `fitted`, forced predictors left
    /// at their shares of the whole.
    pub fn constant_error(&self, fitted: &[usize], judged: &[usize]) -> f64 {
        let (mut sum, mut total) = (0.0, 0.0);
        for r in fitted {
            let root = self.root_weight(*r);
            sum += root * self.y[*r];
            total += root * root;
        }
        let mean = sum / total;
        let squares = judged
            .iter()
            .map(|r| (self.y[*r] - mean * self.root_weight(*r)).powi(2));
        squares.sum::<f64>() / judged.len() as f64
    }

    /// The same sample with the forced predictors as ordinary columns behind the others: the ground of the model in
    /// the user's columns, and of the refit.
    ///
    /// # Errors
    /// As [`Design::new`].
    pub fn unfolded(&self) -> Result<Cow<'_, Self>, FitError> {
        if self.forced.is_empty() {
            return Ok(Cow::Borrowed(self));
        }
        let count = self.forced.len();
        let restored = |values: &[f64], scale: f64, mean: f64, slopes: &[f64]| {
            let mut column: Vec<f64> = values.iter().map(|v| v * scale).collect();
            for (row, v) in column.iter_mut().enumerate() {
                *v += mean * self.root_weight(row);
            }
            for (predictor, slope) in self.forced.iter().zip(slopes) {
                add_scaled(&mut column, *slope, &predictor.column);
            }
            column
        };
        let slopes = |i: usize| &self.slopes[i * count..(i + 1) * count];
        let n = self.variables();
        let mut x = Vec::with_capacity(self.rows() * (n + count));
        for i in 0..n {
            x.extend(restored(self.column(i), self.scale[i], self.mean[i], slopes(i)));
        }
        let mut names = self.names.clone();
        for predictor in &self.forced {
            names.push(predictor.name.clone());
            x.extend(restored(&predictor.column, predictor.scale, predictor.mean, &[]));
        }
        let y = restored(&self.y, self.unit, self.target_mean, slopes(n));
        let mut design = Self::unscaled(names, self.target.clone(), x, y)?;
        design.rescale_target();
        design.root.clone_from(&self.root);
        design.standardise()?;
        Ok(Cow::Owned(design))
    }

    /// Variance of the target in multiples of `unit`², with what forced predictors explain.
    pub fn total_variance(&self) -> f64 {
        if self.forced.is_empty() {
            return self.variance;
        }
        self.unfolded().map_or(self.variance, |whole| {
            let ratio = whole.unit / self.unit;
            whole.variance * ratio * ratio
        })
    }

    /// sqrt(omega) of row `row`, 1 without weights.
    pub fn root_weight(&self, row: usize) -> f64 {
        self.root.get(row).copied().unwrap_or(1.0)
    }

    /// The target takes two values only, so that a classifier may be meant: least squares then gives a linear
    /// probability, and its noise depends on the row.
    pub fn has_binary_target(&self) -> bool {
        if !self.forced.is_empty() || !self.root.is_empty() {
            return false; // no longer to be seen in the residuals
        }
        let Some(first) = self.y.first() else { return false };
        let mut others = self.y.iter().filter(|v| *v != first);
        others.next().is_some_and(|second| others.all(|v| v == second))
    }

    /// Brings a raw row to the centres and scales of this design.
    ///
    /// # Errors
    /// Those of [`standardise_row`].
    pub fn standardise_row(&self, row: &mut [f64]) -> Result<(), FitError> {
        Ok(standardise_row(row, &self.mean, &self.scale)?)
    }
}

/// [`Design::products`] on the best instruction set.
struct Products<'d>(&'d Design, &'d [f64]);

impl Task for Products<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let Self(design, v) = self;
        let mut products = vec![0.0; design.variables()];
        for (product, column) in products.iter_mut().zip(design.x.chunks_exact(design.rows())) {
            *product = dot(column, v) / design.rows() as f64;
        }
        products
    }
}

/// Length and content of a raw column.
fn check_column(name: &str, column: &[f64], rows: usize) -> Result<(), FitError> {
    if column.len() != rows {
        return Err(FitError::Ragged {
            column: name.to_owned(),
            found: column.len(),
            expected: rows,
        });
    }
    match column.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(FitError::NonFinite {
            column: name.to_owned(),
            row: row + 1,
        }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
