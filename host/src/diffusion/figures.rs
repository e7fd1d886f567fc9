//! A square table of values as coloured cells: distances between subspaces, for instance.

use crate::report::figure::Figure;
use crate::report::style::label;
use kuva::plot::{ColorMap, Heatmap as Cells};
use kuva::render::layout::Layout;
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use std::sync::Arc;

/// Numbers are written into the cells of tables up to this side.
const LEGIBLE: usize = 12;

/// White to the first colour of series, most of the way: the numbers in the cells are black.
fn pale(part: f64) -> String {
    let channel = |end: f64| (255.0 + (end - 255.0) * 0.7 * part.clamp(0.0, 1.0)).round() as u8;
    format!("rgb({},{},{})", channel(0.0), channel(114.0), channel(178.0))
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct Heatmap {
    /// Title of the figure, with the unit of the values.
    pub title: String,
    /// Names of the rows, top to bottom, and of the columns, left to right.
    pub names: Vec<String>,
    /// The values of the cells, as many as names squared, row by row.
    pub values: Vec<f64>,
}

impl Heatmap {
    /// Draws the cells.
    pub fn draw(&self) -> Figure {
        let side = self.names.len().max(1);
        // The renderer's first row is the lowest.
        let rows = self.values.chunks(side).rev().map(|row| row.iter().copied());
        let mut cells = Cells::new()
            .with_data(rows)
            .with_color_map(ColorMap::Custom(Arc::new(pale)));
        if side <= LEGIBLE {
            cells = cells.with_values();
        }
        let names: Vec<String> = self.names.iter().map(|name| label(name)).collect();
        let plots = vec![Plot::Heatmap(cells)];
        let layout = Layout::auto_from_plots(&plots)
            .with_width(760.0)
            .with_height(640.0)
            .with_title(self.title.replace('$', "\\$"))
            .with_title_size(16)
            .with_tick_size(12)
            .with_x_categories(names.clone())
            .with_y_categories(names.into_iter().rev().collect());
        Figure::new(&self.title, render_multiple(plots, layout))
    }
}
