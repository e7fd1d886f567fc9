//! Studies: one measurement over a grid of settings, repeated with several seeds; its means and standard errors, its
//! curve, its slope, its rows.
//!
//! A setting and a seed are one part of the work: parts run in parallel and are kept one by one, so that a stopped
//! experiment goes on inside itself. The random numbers of a part depend on the name of the study, the setting itself and
//! the seed, so that a further setting changes no other.

use super::statistics::mean_error;
use super::{Context, ExperimentError, Row, Source};
use crate::report::curves::Curve;
use crate::report::figure::Figure;
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::random::Xoshiro256PlusPlus;
use std::fmt::Display;

/// A value on the axis of a study.
pub trait Setting: Copy + Sync + Display {
    /// Where it stands on the axis.
    fn value(self) -> f64;
    /// The index of its random streams: another one for every setting.
    fn index(self) -> u64;
}

impl Setting for usize {
    fn value(self) -> f64 {
        self as f64
    }

    fn index(self) -> u64 {
        self as u64
    }
}

impl Setting for f64 {
    fn value(self) -> f64 {
        self
    }

    fn index(self) -> u64 {
        self.to_bits()
    }
}

/// What is measured where, and how often.
#[derive(Clone, Copy, Debug)]
pub struct Study<'a, S> {
    /// Names the random streams and the kept parts: `EXPERIMENT` or `EXPERIMENT/PART`.
    pub name: &'a str,
    /// Symbol of the axis, such as `L`.
    pub axis: &'static str,
    /// Settings, in any order; the slowest first keeps all processors busy.
    pub settings: &'a [S],
    /// Repetitions of each.
    pub seeds: usize,
}

impl<'a, S: Setting> Study<'a, S> {
    /// Of these settings, each with so many seeds.
    pub fn new(name: &'a str, axis: &'static str, settings: &'a [S], seeds: usize) -> Self {
        Self {
            name,
            axis,
            settings,
            seeds,
        }
    }

    /// Measures N quantities at every setting with every seed. The first repetition draws from the stream
    /// `experiment/NAME`, repetition j from `experiment/NAME/j`, each at the index of its setting.
    ///
    /// # Errors
    /// The first error of `measure`; [`ExperimentError::Stopped`] once the user wants to stop.
    pub fn run<const N: usize>(
        &self,
        context: &Context<'_>,
        measure: impl Fn(S, &mut Xoshiro256PlusPlus) -> Result<[f64; N], ExperimentError> + Sync,
    ) -> Result<Grid<S, N>, ExperimentError> {
        let part = |part: usize| -> Result<Vec<f64>, ExperimentError> {
            let setting = self.settings[part / self.seeds];
            let name = match part % self.seeds {
                0 => self.name.to_owned(),
                repetition => format!("{}/{repetition}", self.name),
            };
            let values = measure(setting, &mut context.stream(&name, setting.index()))?;
            Ok(values.to_vec())
        };
        let parts = context
            .work
            .parts(self.name, self.settings.len() * self.seeds, part)?;
        let fits = |part: Vec<f64>| part.try_into().map_err(|_| "it has another length");
        let values = parts.into_iter().map(fits).collect::<Result<_, _>>();
        Ok(Grid {
            axis: self.axis,
            settings: self.settings.to_vec(),
            seeds: self.seeds,
            values: values.map_err(ExperimentError::other("a kept part"))?,
        })
    }
}

/// What a study measured.
#[derive(Clone, Debug)]
pub struct Grid<S, const N: usize> {
    axis: &'static str,
    settings: Vec<S>,
    seeds: usize,
    /// Setting by setting, its seeds together.
    values: Vec<[f64; N]>,
}

impl<S: Setting, const N: usize> Grid<S, N> {
    /// Quantity `index` of N, called `name`, over the settings.
    pub fn column(&self, index: usize, name: &str) -> Column<S> {
        let of_setting = |seeds: &[[f64; N]]| {
            let values: Vec<f64> = seeds.iter().map(|values| values[index]).collect();
            mean_error(&values)
        };
        let means = self.values.chunks(self.seeds.max(1)).map(of_setting);
        let (means, errors) = means.unzip();
        Column {
            name: name.to_owned(),
            axis: self.axis,
            settings: self.settings.clone(),
            means,
            errors,
        }
    }
}

/// One quantity over the settings of a study.
#[derive(Clone, Debug)]
pub struct Column<S> {
    /// What it is called.
    pub name: String,
    axis: &'static str,
    /// The settings.
    pub settings: Vec<S>,
    /// Means over the seeds.
    pub means: Vec<f64>,
    /// Standard errors of the means; 0 for one seed.
    pub errors: Vec<f64>,
}

impl<S: Setting> Column<S> {
    fn points(&self) -> Vec<(f64, f64)> {
        let settings = self.settings.iter().map(|setting| setting.value());
        settings.zip(self.means.iter().copied()).collect()
    }

    /// For a figure with bands.
    pub fn curve(&self) -> Curve {
        let mut ends: Vec<_> = self
            .points()
            .into_iter()
            .zip(self.errors.iter().copied())
            .collect();
        ends.sort_by(|((a, _), _), ((b, _), _)| a.total_cmp(b));
        let (points, spread) = ends.into_iter().unzip();
        Curve {
            name: self.name.clone(),
            points,
            spread,
        }
    }

    /// For a figure of scaling.
    pub fn series(&self) -> Series {
        Series {
            name: self.name.clone(),
            points: self.points(),
        }
    }

    /// The exponent: slope of the logarithm of the means against that of the settings; NaN with fewer than two.
    pub fn slope(&self) -> f64 {
        scaling::fit(&self.points()).map_or(f64::NAN, |law| law.slope)
    }

    /// The table: one row for information per setting, the smallest first, called `what, AXIS = SETTING: NAME`.
    pub fn rows(&self, what: &str, source: &Source) -> Vec<Row> {
        let mut order: Vec<usize> = (0..self.settings.len()).collect();
        order.sort_by(|i, j| self.settings[*i].value().total_cmp(&self.settings[*j].value()));
        let row = |i: usize| {
            let quantity = format!("{what}, {} = {}: {}", self.axis, self.settings[i], self.name);
            Row::informative(quantity, source.clone(), self.means[i]).with_error(self.errors[i])
        };
        order.into_iter().map(row).collect()
    }
}

/// A figure of scaling: the columns with their power laws. `labels` are those of the two axes, with units.
pub fn scaling_of<S: Setting>(title: &str, labels: [&str; 2], columns: &[Column<S>]) -> Figure {
    let [x_label, y_label] = labels.map(str::to_owned);
    let figure = Scaling {
        title: title.to_owned(),
        x_label,
        y_label,
        series: columns.iter().map(Column::series).collect(),
    };
    figure.draw()
}

#[cfg(test)]
mod tests;
