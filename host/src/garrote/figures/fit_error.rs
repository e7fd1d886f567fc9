//! Training and validation error against gamma, with the chosen gamma marked.

use crate::report::figure::Figure;
use crate::report::number::plain;
use crate::report::style::{Axes, Chart, colour, dash, marker};

/// One error curve over the gamma grid.
#[derive(Clone, Debug, Default)]
pub struct ErrorCurve {
    /// Name in the legend: "training", "validation (5 folds)".
    pub name: String,
    /// Error at each gamma.
    pub error: Vec<f64>,
    /// Standard error of each point; empty when there is none.
    pub spread: Vec<f64>,
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct FitErrors {
    /// The title above the figure.
    pub title: String,
    /// Label of the error axis with its unit, e.g. "mean squared error (progression²)".
    pub error_label: String,
    /// The gamma grid in nats.
    pub gamma: Vec<f64>,
    /// The curves; usually training and validation.
    pub curves: Vec<ErrorCurve>,
    /// The gamma that was chosen, in nats.
    pub chosen: Option<f64>,
}

impl FitErrors {
    /// Draws the curves, each with its own colour, dash and marker.
    pub fn draw(&self) -> Figure {
        let mut chart = Chart::default();
        for (series, curve) in self.curves.iter().enumerate() {
            let points: Vec<_> = self
                .gamma
                .iter()
                .copied()
                .zip(curve.error.iter().copied())
                .collect();
            chart.line(&points, colour(series), dash(series), 2.0);
            if curve.spread.is_empty() {
                chart.points(&points, colour(series), marker(series), 3.5);
            } else {
                chart.errors(&points, &curve.spread, colour(series), marker(series));
            }
            chart.legend_marker(&curve.name, colour(series), marker(series));
        }
        if let Some(gamma) = self.chosen {
            chart.vertical(gamma, &format!("chosen γ = {}", plain(gamma)), "2 4");
        }
        let axes = Axes {
            x: "prior log-odds γ (nats)",
            y: &self.error_label,
            ..Axes::default()
        };
        chart.finish(&self.title, &axes)
    }
}
