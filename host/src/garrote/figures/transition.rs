//! The transition signal: the spread of the selection over an ensemble against the fraction of selected
//! variables, with the mean-field curve (Soh, Lee, Periwal, Jo, arXiv 2509.06383, eqs. 15 to 19).

use crate::report::figure::Figure;
use crate::report::number::plain;
use crate::report::style::{Axes, Chart, INK, colour, marker};

/// Points of the theory curve on either side of its kink.
const SAMPLES: u32 = 120;

/// The data of the figure.
#[derive(Clone, Debug)]
pub struct TransitionSignal {
    /// The title above the figure.
    pub title: String,
    /// `rho_model`: mean fraction of selected variables at each gamma.
    pub selected: Vec<f64>,
    /// `sigma_sel` at each gamma.
    pub signal: Vec<f64>,
    /// `E_sel` at each gamma, where the truth is known; otherwise empty.
    pub selection_error: Vec<f64>,
    /// `rho_d`: the (true or inferred) fraction of relevant variables.
    pub relevant: f64,
    /// The mean-field curve f(rho; `rho_d`), called as `theory(rho, rho_d)`.
    pub theory: fn(f64, f64) -> f64,
}

impl TransitionSignal {
    /// Draws the measured points over the theory curve; the vertical line is at `rho_d`.
    pub fn draw(&self) -> Figure {
        let mut chart = Chart::default();
        let reach = self
            .selected
            .iter()
            .copied()
            .filter(|x| x.is_finite())
            .fold(self.relevant, f64::max);
        // The kink at rho_d is a sample itself, or the minimum would be drawn too high.
        let below = (0..SAMPLES).map(|k| self.relevant * f64::from(k) / f64::from(SAMPLES));
        let above = (0..=SAMPLES).map(|k| {
            let share = f64::from(k) / f64::from(SAMPLES);
            self.relevant + (reach - self.relevant) * share
        });
        let curve: Vec<_> = below
            .chain(above)
            .map(|rho| (rho, (self.theory)(rho, self.relevant)))
            .collect();
        chart.line(&curve, INK, "", 1.6);
        chart.legend_line("mean-field σₛₑₗ", INK, "");

        let pairs =
            |y: &[f64]| -> Vec<(f64, f64)> { self.selected.iter().copied().zip(y.iter().copied()).collect() };
        chart.points(&pairs(&self.signal), colour(0), marker(0), 4.5);
        chart.legend_marker("spread σₛₑₗ measured", colour(0), marker(0));
        if !self.selection_error.is_empty() {
            chart.points(&pairs(&self.selection_error), colour(1), marker(2), 4.5);
            chart.legend_marker("error Eₛₑₗ measured", colour(1), marker(2));
        }
        chart.vertical(
            self.relevant,
            &format!("relevant: ρ = {}", plain(self.relevant)),
            "2 4",
        );
        let axes = Axes {
            x: "fraction of selected variables ρ",
            y: if self.selection_error.is_empty() {
                "selection spread (per variable)"
            } else {
                "selection spread, selection error (per variable)"
            },
            x_ends: (Some(0.0), None),
            y_ends: (Some(0.0), None),
            ..Axes::default()
        };
        chart.finish(&self.title, &axes)
    }
}
