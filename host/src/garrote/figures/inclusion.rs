//! Inclusion of every variable against gamma, forward and backward pass: where the two differ, the
//! transition is first order (hysteresis).

use crate::report::figure::Figure;
use crate::report::number::plain;
use crate::report::style::{Axes, Chart, INK, PALE, colour, marker};

/// Variables drawn in colour.
const NAMED: usize = 12;
/// Further variables drawn as thin lines; more would only blacken the page and swell the file.
const THIN: usize = 200;

/// One pass along the path.
#[derive(Clone, Debug, Default)]
pub struct Pass {
    /// Prior log-odds gamma (nats) of each point of the pass.
    pub gamma: Vec<f64>,
    /// For each gamma, the inclusion of every variable.
    pub inclusion: Vec<Vec<f64>>,
}

impl Pass {
    fn curve(&self, variable: usize) -> Vec<(f64, f64)> {
        let value = |row: &Vec<f64>| row.get(variable).copied().unwrap_or(f64::NAN);
        self.gamma
            .iter()
            .copied()
            .zip(self.inclusion.iter().map(value))
            .collect()
    }
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct InclusionPath {
    /// The title above the figure.
    pub title: String,
    /// Names of all variables.
    pub names: Vec<String>,
    /// The pass from sparse to dense.
    pub forward: Pass,
    /// The pass from dense to sparse, if it was made.
    pub backward: Option<Pass>,
    /// The gamma that was chosen, in nats.
    pub chosen: Option<f64>,
    /// Variables to draw in colour (the first 12 count). Empty: those with the largest mean inclusion
    /// over the path.
    pub coloured: Vec<usize>,
}

impl InclusionPath {
    /// Draws inclusion against gamma: solid lines forward, dashed lines backward.
    pub fn draw(&self) -> Figure {
        let order = self.by_mean_inclusion();
        let coloured: Vec<usize> = match self.coloured.as_slice() {
            [] => order.iter().copied().take(NAMED).collect(),
            given => given
                .iter()
                .copied()
                .filter(|v| *v < self.names.len())
                .take(NAMED)
                .collect(),
        };
        let others: Vec<usize> = order.into_iter().filter(|v| !coloured.contains(v)).collect();
        let passes: Vec<(&Pass, &str)> = [(&self.forward, "")]
            .into_iter()
            .chain(self.backward.iter().map(|pass| (pass, "8 6")))
            .collect();

        let mut chart = Chart::default();
        for variable in others.iter().take(THIN) {
            for (pass, dash) in &passes {
                chart.line(&pass.curve(*variable), PALE, dash, 0.8);
            }
        }
        for (series, variable) in coloured.iter().enumerate() {
            for (pass, dash) in &passes {
                let curve = pass.curve(*variable);
                chart.line(&curve, colour(series), dash, 2.0);
                // A few markers a curve, staggered so that curves lying on each other stay readable.
                let stride = (curve.len() / 6).max(1);
                let some: Vec<_> = curve.into_iter().skip(series % stride).step_by(stride).collect();
                chart.points(&some, colour(series), marker(series), 4.0);
            }
            if let Some(name) = self.names.get(*variable) {
                chart.legend_marker(name, colour(series), marker(series));
            }
        }
        if !others.is_empty() {
            let shown = others.len().min(THIN);
            let name = if shown < others.len() {
                format!("others ({shown} of {} drawn)", others.len())
            } else {
                format!("{shown} other{}", if shown == 1 { "" } else { "s" })
            };
            chart.legend_line(&name, PALE, "");
        }
        if self.backward.is_some() {
            chart.legend_line("forward pass", INK, "");
            chart.legend_line("backward pass", INK, "8 6");
        }
        if let Some(gamma) = self.chosen {
            chart.vertical(gamma, &format!("chosen γ = {}", plain(gamma)), "2 4");
        }
        let axes = Axes {
            x: "prior log-odds γ (nats)",
            y: "inclusion probability m",
            y_ends: (Some(0.0), Some(1.05)),
            ..Axes::default()
        };
        chart.finish(&self.title, &axes)
    }

    fn by_mean_inclusion(&self) -> Vec<usize> {
        let mut order: Vec<(f64, usize)> = (0..self.names.len())
            .map(|v| {
                (
                    self.forward.inclusion.iter().filter_map(|row| row.get(v)).sum(),
                    v,
                )
            })
            .collect();
        order.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
        order.into_iter().map(|(_, v)| v).collect()
    }
}
