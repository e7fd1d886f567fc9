//! Measured points with error bars over curves that are known exactly.

use crate::report::figure::Figure;
use crate::report::style::{Axes, Chart, colour, dash, marker, panels};

/// One quantity: what was measured and what it should be.
#[derive(Clone, Debug, Default)]
pub struct Measured {
    /// The name that the legend shows.
    pub name: String,
    /// Points (x, y).
    pub points: Vec<(f64, f64)>,
    /// Standard error of each point.
    pub errors: Vec<f64>,
    /// The curve; empty when there is none.
    pub curve: Vec<(f64, f64)>,
    /// Name of the curve in the legend.
    pub curve_name: String,
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct Exact {
    /// The title above the figure.
    pub title: String,
    /// Label of x with its unit.
    pub x_label: String,
    /// Label of y with its unit.
    pub y_label: String,
    /// The quantities.
    pub series: Vec<Measured>,
    /// A vertical line with its name: a critical point.
    pub vertical: Option<(f64, String)>,
    /// A horizontal line with its name: a limit.
    pub horizontal: Option<(f64, String)>,
}

impl Exact {
    /// Draws the curves, and the points over them.
    pub fn draw(&self) -> Figure {
        let (chart, axes) = self.chart();
        chart.finish(&self.title, &axes)
    }

    /// Draws several in one figure, two beside each other.
    pub fn panels(title: &str, all: &[Self]) -> Figure {
        let charts = all.iter().map(|one| {
            let (chart, axes) = one.chart();
            (chart, one.title.as_str(), axes)
        });
        panels(title, charts.collect())
    }

    fn chart(&self) -> (Chart, Axes<'_>) {
        let mut chart = Chart::default();
        for (index, series) in self.series.iter().enumerate() {
            if !series.curve.is_empty() {
                chart.line(&series.curve, colour(index), dash(index), 1.6);
                if !series.curve_name.is_empty() {
                    chart.legend_line(&series.curve_name, colour(index), dash(index));
                }
            }
        }
        for (index, series) in self.series.iter().enumerate() {
            chart.errors(&series.points, &series.errors, colour(index), marker(index));
            if !series.name.is_empty() {
                chart.legend_marker(&series.name, colour(index), marker(index));
            }
        }
        if let Some((x, name)) = &self.vertical {
            chart.vertical(*x, name, "2 4");
        }
        if let Some((y, name)) = &self.horizontal {
            chart.horizontal(*y, name, "8 4");
        }
        let axes = Axes {
            x: &self.x_label,
            y: &self.y_label,
            ..Axes::default()
        };
        (chart, axes)
    }
}
