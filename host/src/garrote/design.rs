//! A regression problem made ready: columns centred and scaled, the target centred.
//!
//! Columns are standardised to variance 1 (d_i = 1), so weights are in units of the target per standard
//! deviation of the variable. A column with variance <= (8 eps)² times its mean square is dead: all zeros,
//! scale 0, never selected. Memory M N numbers, column-major.

use crate::refusal::{Kind, Place, Refusal};
use crate::simd::{Task, dispatch};
use crate::work::Stopped;
use gibbs_core::garrote::stream::standardise_row;
use gibbs_core::math::dot;

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
    /// The core's reason.
    #[error(transparent)]
    Core(#[from] gibbs_core::Error),
    /// The target does not vary.
    #[error("the target {0:?} is constant: there is nothing to explain\nhint: choose another --target")]
    ConstantTarget(String),
    /// Too few rows.
    #[error("{rows} rows are too few: at least {needed} are needed")]
    TooFewRows {
        /// Rows given.
        rows: usize,
        /// Rows needed.
        needed: usize,
    },
    /// No variables.
    #[error("there are no variables beside the target")]
    NoVariables,
    /// Lengths disagree.
    #[error("column {column:?} has {found} rows, the target has {expected}")]
    Ragged {
        /// Name of the column.
        column: String,
        /// Its length.
        found: usize,
        /// The target's length.
        expected: usize,
    },
    /// NaN or infinity.
    #[error("column {column:?}, row {row}: the value is not finite")]
    NonFinite {
        /// Name of the column.
        column: String,
        /// 1-based data row.
        row: usize,
    },
    /// The rule found nothing to choose from.
    #[error("the rule `{0}` found no solution to choose: {1}\nhint: try another --rule, such as ebic:0.5")]
    NoChoice(String, &'static str),
    /// An option outside its range.
    #[error("{0}")]
    Option(String),
    /// Long work ended early.
    #[error(transparent)]
    Stopped(#[from] Stopped),
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
    /// Centred target (M).
    pub y: Vec<f64>,
    /// Column means in original units (N).
    pub mean: Vec<f64>,
    /// Column standard deviations in original units (N); 0 marks a dead column.
    pub scale: Vec<f64>,
    /// Mean of the target.
    pub target_mean: f64,
    /// s2, variance of the target.
    pub variance: f64,
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
        if y.len() < 3 {
            return Err(FitError::TooFewRows {
                rows: y.len(),
                needed: 3,
            });
        }
        let mut design = Self::unscaled(names, target.into(), x, y)?;
        design.standardise()?;
        Ok(design)
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
        })
    }

    /// The same sample left in raw units (mean 0, scale 1): rows to judge a fit on, not to fit.
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

    /// Centres and scales in place, on top of the centres and scales there are.
    fn standardise(&mut self) -> Result<(), FitError> {
        let rows = self.y.len();
        for ((column, mean), scale) in self
            .x
            .chunks_exact_mut(rows)
            .zip(&mut self.mean)
            .zip(&mut self.scale)
        {
            let (centre, sd) = centre(column);
            *mean += *scale * centre;
            *scale *= sd;
            for v in column {
                *v = if sd > 0.0 { *v / sd } else { 0.0 };
            }
        }
        let (centre, sd) = centre(&mut self.y);
        if sd <= 0.0 {
            return Err(FitError::ConstantTarget(self.target.clone()));
        }
        self.target_mean += centre;
        self.variance = dot(&self.y, &self.y) / rows as f64;
        Ok(())
    }

    /// M.
    pub fn rows(&self) -> usize {
        self.y.len()
    }

    /// N.
    pub fn variables(&self) -> usize {
        self.names.len()
    }

    /// Standardised column `i`.
    pub fn column(&self, i: usize) -> &[f64] {
        &self.x[i * self.rows()..(i + 1) * self.rows()]
    }

    /// b = X'y/M.
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
        let mut design = Self {
            names: self.names.clone(),
            target: self.target.clone(),
            x: self.x.chunks_exact(self.rows()).flat_map(pick).collect(),
            y: pick(&self.y),
            mean: self.mean.clone(),
            scale: self.scale.clone(),
            target_mean: self.target_mean,
            variance: 0.0,
        };
        design.standardise()?;
        Ok(design)
    }

    /// Mean squared error, on some rows of `whole` (the design these rows came from), of sparse effects
    /// (index, v) fitted on `self`.
    pub fn error_on(&self, whole: &Self, rows: &[usize], effects: &[(usize, f64)]) -> f64 {
        let mut sum = 0.0;
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
        let offset = whole.target_mean - self.target_mean;
        for r in rows {
            let mut residual = whole.y[*r] + offset;
            for (i, slope, shift) in &terms {
                residual -= whole.column(*i)[*r] * slope + shift;
            }
            sum += residual * residual;
        }
        sum / rows.len() as f64
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

/// Centres a column; returns its mean and standard deviation (0: dead, and the column is set to zero).
fn centre(column: &mut [f64]) -> (f64, f64) {
    let count = column.len() as f64;
    let rough = column.iter().sum::<f64>() / count;
    let mean = rough + column.iter().map(|v| v - rough).sum::<f64>() / count;
    for v in &mut *column {
        *v -= mean;
    }
    let d = dot(column, column) / count;
    if d > 64.0 * f64::EPSILON * f64::EPSILON * (d + mean * mean) {
        (mean, d.sqrt())
    } else {
        column.fill(0.0);
        (mean, 0.0)
    }
}

#[cfg(test)]
mod tests;
