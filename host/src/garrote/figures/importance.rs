//! Importance of the variables of a fit: inclusion and standardised effect, most important on top.

use crate::report::figure::Figure;
use crate::report::style::{Axes, Chart, colour, label, marker};

/// Rows drawn; a longer list belongs into the table.
const ROWS: usize = 30;

/// One variable.
#[derive(Clone, Debug, Default)]
pub struct Importance {
    /// Column name.
    pub name: String,
    /// Inclusion probability, 0 to 1.
    pub inclusion: f64,
    /// Standardised effect: |v| `sd_x/sd_y` (no unit).
    pub effect: f64,
}

/// Draws a bar for the inclusion and a diamond for the standardised effect of each variable, sorted by
/// inclusion, then effect; at most 30 variables.
pub fn draw(title: &str, variables: &[Importance]) -> Figure {
    let mut sorted: Vec<&Importance> = variables.iter().collect();
    sorted.sort_by(|a, b| {
        b.inclusion
            .total_cmp(&a.inclusion)
            .then(b.effect.total_cmp(&a.effect))
            .then(a.name.cmp(&b.name))
    });
    let left_out = sorted.len().saturating_sub(ROWS);
    sorted.truncate(ROWS);
    sorted.reverse(); // the first category lies at the bottom

    let mut chart = Chart::default();
    for (row, variable) in sorted.iter().enumerate() {
        let y = row as f64 + 1.0;
        chart.bar(variable.inclusion, y + 0.14, 0.32, colour(0));
    }
    let effects: Vec<_> = sorted
        .iter()
        .zip(1_u32..)
        .map(|(v, y)| (v.effect, f64::from(y) - 0.22))
        .collect();
    chart.points(&effects, colour(1), marker(3), 5.0);
    chart.legend_bar("inclusion m", colour(0));
    chart.legend_marker("effect |v| sd_x / sd_y", colour(1), marker(3));
    chart.categories(sorted.iter().map(|v| label(&v.name)).collect());
    let x = match left_out {
        0 => "inclusion probability; standardised effect (no unit)".to_owned(),
        count => format!("inclusion probability; standardised effect (no unit); {count} more not drawn"),
    };
    let widest = variables
        .iter()
        .map(|v| v.effect)
        .filter(|e| e.is_finite())
        .fold(1.0, f64::max);
    let axes = Axes {
        x: &x,
        x_ends: (Some(0.0), Some(if widest > 1.0 { widest * 1.05 } else { 1.05 })),
        ..Axes::default()
    };
    chart.finish(title, &axes)
}
