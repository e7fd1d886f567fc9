//! Methods side by side: one row per quantity, one marker with its interval per method.
//!
//! Points with intervals instead of bars: the eye compares positions, the interval is not hidden, and the
//! axis need not begin at zero.

use super::figure::Figure;
use super::style::{Axes, Chart, colour, label, marker};

/// The values of one method.
#[derive(Clone, Debug, Default)]
pub struct Method {
    /// The name that the legend shows.
    pub name: String,
    /// One value per row; NaN leaves a gap.
    pub values: Vec<f64>,
    /// Interval arms below and above each value; empty when there is none.
    pub arms: Vec<(f64, f64)>,
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// The title above the figure.
    pub title: String,
    /// Label of the value axis with its unit.
    pub value_label: String,
    /// Names of the rows, top to bottom.
    pub rows: Vec<String>,
    /// The methods.
    pub methods: Vec<Method>,
    /// Fixed ends of the value axis, e.g. (0, 1) for frequencies.
    pub ends: Option<(f64, f64)>,
}

impl Comparison {
    /// Draws the rows top to bottom, the methods of a row slightly apart.
    pub fn draw(&self) -> Figure {
        let mut chart = Chart::default();
        let count = self.methods.len().max(1) as f64;
        for (series, method) in self.methods.iter().enumerate() {
            let shift = 0.4 * (count - 1.0 - 2.0 * series as f64) / count;
            let heights = (1..=self.rows.len()).rev().map(|row| row as f64 + shift);
            let bare: Vec<(f64, f64)> = method.values.iter().copied().zip(heights).collect();
            if method.arms.is_empty() {
                chart.points(&bare, colour(series), marker(series), 5.0);
            }
            for (at, arms) in bare.iter().zip(&method.arms) {
                chart.interval(*at, *arms, colour(series), marker(series));
            }
            chart.legend_marker(&method.name, colour(series), marker(series));
        }
        chart.categories(self.rows.iter().rev().map(|name| label(name)).collect());
        let x_ends = self
            .ends
            .map_or((None, None), |(low, high)| (Some(low), Some(high)));
        chart.finish(
            &self.title,
            &Axes {
                x: &self.value_label,
                x_ends,
                ..Axes::default()
            },
        )
    }
}
