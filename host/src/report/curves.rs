//! Curves of several methods over one axis: generalisation error against model density, for instance.

use super::figure::Figure;
use super::style::{Axes, Chart, around, colour, dash, marker};

/// One method.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    /// The name that the legend shows.
    pub name: String,
    /// Points (x, y).
    pub points: Vec<(f64, f64)>,
    /// Standard error of each y, drawn as a band; empty when there is none.
    pub spread: Vec<f64>,
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct Curves {
    /// The title above the figure.
    pub title: String,
    /// Label of x with its unit.
    pub x_label: String,
    /// Label of y with its unit.
    pub y_label: String,
    /// The methods.
    pub curves: Vec<Curve>,
    /// A vertical line and its name (the true density, for instance).
    pub vertical: Option<(f64, String)>,
    /// A horizontal line and its name (the noise floor, for instance).
    pub horizontal: Option<(f64, String)>,
    /// Both axes logarithmic: points that are not positive are left out, bands are not drawn.
    pub logarithmic: bool,
}

impl Curves {
    /// Draws the curves, each with its own colour, dash and marker.
    pub fn draw(&self) -> Figure {
        let mut chart = Chart::default();
        for (series, curve) in self.curves.iter().enumerate() {
            let shown = |p: &&(f64, f64)| !self.logarithmic || (p.0 > 0.0 && p.1 > 0.0);
            let points: Vec<(f64, f64)> = curve.points.iter().filter(shown).copied().collect();
            if !curve.spread.is_empty() && !self.logarithmic {
                let ends = curve.points.iter().zip(&curve.spread);
                let x: Vec<f64> = curve.points.iter().map(|p| p.0).collect();
                let low: Vec<f64> = ends.clone().map(|(p, s)| p.1 - s).collect();
                let high: Vec<f64> = ends.map(|(p, s)| p.1 + s).collect();
                chart.band(&x, &low, &high, colour(series));
            }
            chart.line(&points, colour(series), dash(series), 2.0);
            let stride = (points.len() / 12).max(1);
            let some: Vec<_> = points.iter().copied().step_by(stride).collect();
            chart.points(&some, colour(series), marker(series), 4.0);
            chart.legend_marker(&curve.name, colour(series), marker(series));
        }
        if let Some((x, name)) = &self.vertical {
            chart.vertical(*x, name, "2 4");
        }
        if let Some((y, name)) = &self.horizontal {
            chart.horizontal(*y, name, "8 4");
        }
        let mut axes = Axes {
            x: &self.x_label,
            y: &self.y_label,
            logarithmic: self.logarithmic,
            ..Axes::default()
        };
        if self.logarithmic {
            axes.x_ends = around(self.curves.iter().flat_map(|curve| &curve.points).map(|p| p.0));
        }
        chart.finish(&self.title, &axes)
    }
}
