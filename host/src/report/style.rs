//! The look of every figure, and the small chart builder that the figure kinds share.
//!
//! Colours: Okabe and Ito, "Color Universal Design" (2008), without yellow (too pale for lines on white).
//! Meaning is never carried by colour alone: each series also has its own dash or marker.

use super::figure::Figure;
use super::number::tick;
use kuva::plot::legend::{LegendEntry, LegendShape};
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, LineStyle, ScatterPlot};
use kuva::render::annotations::ReferenceLine;
use kuva::render::figure::Figure as Grid;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use std::sync::Arc;

/// Okabe-Ito colours for series, in the order they are handed out.
pub const COLOURS: [&str; 6] = ["#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9"];
/// Ink of marks that belong to no series.
pub const INK: &str = "#333333";
/// Thin lines in the background.
pub const PALE: &str = "#BBBBBB";

const DASHES: [&str; 6] = ["", "8 6", "2 5", "10 5 2 5", "14 6", "6 4 2 4 2 4"];
const MARKERS: [MarkerShape; 10] = [
    MarkerShape::Circle,
    MarkerShape::Square,
    MarkerShape::Triangle,
    MarkerShape::Diamond,
    MarkerShape::TriangleDown,
    MarkerShape::Star,
    MarkerShape::Pentagon,
    MarkerShape::Hexagon,
    MarkerShape::Cross,
    MarkerShape::Plus,
];
/// Longest label drawn; a longer name is cut with an ellipsis.
const LABEL: usize = 32;

/// The colour of series number `index`.
pub fn colour(index: usize) -> &'static str {
    COLOURS.get(index % COLOURS.len()).copied().unwrap_or(INK)
}

/// The dash pattern (SVG `stroke-dasharray`) of series number `index`; empty is solid.
pub fn dash(index: usize) -> &'static str {
    DASHES.get(index % DASHES.len()).copied().unwrap_or_default()
}

pub(crate) fn marker(index: usize) -> MarkerShape {
    MARKERS.get(index % MARKERS.len()).copied().unwrap_or_default()
}

/// A name as a label: cut to size, control characters out, and `$` escaped, which would begin mathematics.
pub(crate) fn label(name: &str) -> String {
    let clean = |c: char| if c.is_control() { ' ' } else { c };
    let mut text: String = name.chars().map(clean).take(LABEL).collect();
    if name.chars().count() > LABEL {
        text.pop();
        text.push('…');
    }
    text.replace('$', "\\$")
}

/// Axes of a chart; an end that is not given follows the data.
#[derive(Clone, Debug, Default)]
pub(crate) struct Axes<'a> {
    pub(crate) x: &'a str,
    pub(crate) y: &'a str,
    pub(crate) x_ends: (Option<f64>, Option<f64>),
    pub(crate) y_ends: (Option<f64>, Option<f64>),
    pub(crate) logarithmic: bool,
}

/// Ends of a logarithmic axis with a little air about the positive values, or the markers of the first and last are cut
/// by the frame.
pub(crate) fn around(values: impl Iterator<Item = f64>) -> (Option<f64>, Option<f64>) {
    let positive = values.filter(|x| *x > 0.0);
    let (low, high) = positive.fold((f64::INFINITY, 0.0_f64), |(l, h), x| (l.min(x), h.max(x)));
    if low <= high {
        (Some(low / 1.4), Some(high * 1.4))
    } else {
        (None, None)
    }
}

/// Collects series, marks and legend, and draws them once.
#[derive(Default)]
pub(crate) struct Chart {
    plots: Vec<Plot>,
    marks: Vec<ReferenceLine>,
    legend: Vec<LegendEntry>,
    names: Vec<String>,
}

fn finite(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    points
        .iter()
        .copied()
        .filter(|(x, y)| x.is_finite() && y.is_finite())
        .collect()
}

fn style(dash: &str) -> LineStyle {
    if dash.is_empty() {
        LineStyle::Solid
    } else {
        LineStyle::Custom(dash.to_owned())
    }
}

impl Chart {
    /// A line through the finite points.
    pub(crate) fn line(&mut self, points: &[(f64, f64)], colour: &str, dash: &str, width: f64) {
        let line = LinePlot::new().with_data(finite(points)).with_color(colour);
        self.plots.push(Plot::Line(
            line.with_line_style(style(dash)).with_stroke_width(width),
        ));
    }

    /// A band between two curves over the same x.
    pub(crate) fn band(&mut self, x: &[f64], low: &[f64], high: &[f64], colour: &str) {
        let ends = x.iter().zip(low.iter().zip(high));
        let kept: Vec<_> = ends
            .filter(|(x, (l, h))| x.is_finite() && l.is_finite() && h.is_finite())
            .collect();
        let band = kuva::plot::BandPlot::new(
            kept.iter().map(|(x, _)| **x),
            kept.iter().map(|(_, (l, _))| **l),
            kept.iter().map(|(_, (_, h))| **h),
        );
        self.plots
            .push(Plot::Band(band.with_color(colour).with_opacity(0.18)));
    }

    /// A horizontal bar from zero, its middle at height `y`.
    pub(crate) fn bar(&mut self, length: f64, y: f64, thickness: f64, colour: &str) {
        if length.is_finite() {
            let half = thickness / 2.0;
            let ends = [0.0, length];
            let band = kuva::plot::BandPlot::new(ends, [y - half; 2], [y + half; 2]);
            self.plots
                .push(Plot::Band(band.with_color(colour).with_opacity(1.0)));
        }
    }

    /// Markers at the finite points.
    pub(crate) fn points(&mut self, points: &[(f64, f64)], colour: &str, shape: MarkerShape, size: f64) {
        let scatter = ScatterPlot::new().with_data(finite(points)).with_color(colour);
        self.plots
            .push(Plot::Scatter(scatter.with_marker(shape).with_size(size)));
    }

    /// A marker with a horizontal error bar.
    pub(crate) fn interval(&mut self, at: (f64, f64), arms: (f64, f64), colour: &str, shape: MarkerShape) {
        if at.0.is_finite() && arms.0.is_finite() && arms.1.is_finite() {
            let scatter = ScatterPlot::new()
                .with_data([at])
                .with_x_err_asymmetric([arms])
                .with_color(colour);
            self.plots
                .push(Plot::Scatter(scatter.with_marker(shape).with_size(5.0)));
        } else {
            self.points(&[at], colour, shape, 5.0);
        }
    }

    /// Markers with vertical error bars of half-length `errors`; points without a finite error go bare.
    pub(crate) fn errors(&mut self, points: &[(f64, f64)], errors: &[f64], colour: &str, shape: MarkerShape) {
        let kept: Vec<_> = points
            .iter()
            .zip(errors)
            .filter(|((x, y), e)| x.is_finite() && y.is_finite() && e.is_finite())
            .collect();
        let scatter = ScatterPlot::new()
            .with_data(kept.iter().map(|(p, _)| **p))
            .with_color(colour);
        let scatter = scatter.with_y_err(kept.iter().map(|(_, e)| **e));
        self.plots
            .push(Plot::Scatter(scatter.with_marker(shape).with_size(3.5)));
    }

    /// A vertical line, named in the legend unless its name is empty.
    pub(crate) fn vertical(&mut self, x: f64, name: &str, dash: &str) {
        if x.is_finite() {
            let line = ReferenceLine::vertical(x)
                .with_color(INK)
                .with_stroke_width(1.5)
                .with_dasharray(dash);
            self.marks.push(line);
            if !name.is_empty() {
                self.legend_line(name, INK, dash);
            }
        }
    }

    /// A horizontal line, named in the legend.
    pub(crate) fn horizontal(&mut self, y: f64, name: &str, dash: &str) {
        if y.is_finite() {
            let line = ReferenceLine::horizontal(y)
                .with_color(INK)
                .with_stroke_width(1.5)
                .with_dasharray(dash);
            self.marks.push(line);
            self.legend_line(name, INK, dash);
        }
    }

    pub(crate) fn legend_line(&mut self, name: &str, colour: &str, dash: &str) {
        let dasharray = (!dash.is_empty()).then(|| dash.to_owned());
        self.legend_entry(name, colour, LegendShape::Line, dasharray);
    }

    pub(crate) fn legend_marker(&mut self, name: &str, colour: &str, shape: MarkerShape) {
        self.legend_entry(name, colour, LegendShape::Marker(shape), None);
    }

    pub(crate) fn legend_bar(&mut self, name: &str, colour: &str) {
        self.legend_entry(name, colour, LegendShape::Rect, None);
    }

    fn legend_entry(&mut self, name: &str, colour: &str, shape: LegendShape, dasharray: Option<String>) {
        self.legend.push(LegendEntry {
            label: label(name),
            color: colour.to_owned(),
            shape,
            dasharray,
        });
    }

    /// Names along y, bottom to top, at 1, 2, 3, ...
    pub(crate) fn categories(&mut self, names: Vec<String>) {
        self.names = names;
    }

    /// Draws the chart.
    pub(crate) fn finish(self, title: &str, axes: &Axes<'_>) -> Figure {
        let (plots, layout) = self.laid_out(title, axes);
        Figure::new(title, render_multiple(plots, layout))
    }

    /// What is drawn and how it is laid out.
    fn laid_out(self, title: &str, axes: &Axes<'_>) -> (Vec<Plot>, Layout) {
        let height = if self.names.is_empty() {
            440.0
        } else {
            150.0 + 30.0 * self.names.len() as f64
        };
        let mut layout = Layout::auto_from_plots(&self.plots)
            .with_width(760.0)
            .with_height(height)
            .with_title(label_free(title))
            .with_x_label(axes.x)
            .with_y_label(axes.y)
            .with_title_size(16)
            .with_label_size(14)
            .with_tick_size(12)
            .with_body_size(12)
            .with_ticks(6)
            .with_tick_format(TickFormat::Custom(Arc::new(tick)))
            .with_legend_box(false);
        // Without a single point there is no decade to place a tick in.
        let positive = |((x, _), (y, _)): &((f64, f64), (f64, f64))| *x > 0.0 && *y > 0.0;
        if axes.logarithmic
            && self
                .plots
                .iter()
                .filter_map(Plot::bounds)
                .any(|bounds| positive(&bounds))
        {
            layout = layout.with_log_scale();
        }
        if !self.names.is_empty() {
            layout.y_range = (0.5, self.names.len() as f64 + 0.5);
            layout = layout.with_y_categories(self.names);
        }
        if let Some(low) = axes.x_ends.0 {
            layout = layout.with_x_axis_min(low);
        }
        if let Some(high) = axes.x_ends.1 {
            layout = layout.with_x_axis_max(high);
        }
        if let Some(low) = axes.y_ends.0 {
            layout = layout.with_y_axis_min(low);
        }
        if let Some(high) = axes.y_ends.1 {
            layout = layout.with_y_axis_max(high);
        }
        if !self.legend.is_empty() {
            layout = layout.with_legend_entries(self.legend);
        }
        for mark in self.marks {
            layout = layout.with_reference_line(mark);
        }
        (self.plots, layout)
    }
}

/// Draws charts beside and below each other, two in a row, each with its own title and axes.
pub(crate) fn panels(title: &str, charts: Vec<(Chart, &str, Axes<'_>)>) -> Figure {
    const SIZE: (f64, f64) = (560.0, 360.0);
    let rows = charts.len().div_ceil(2);
    let (plots, layouts) = charts
        .into_iter()
        .map(|(chart, name, axes)| chart.laid_out(name, &axes))
        .unzip();
    let grid = Grid::new(rows, 2)
        .with_title(label_free(title))
        .with_title_size(18)
        .with_plots(plots)
        .with_layouts(layouts)
        .with_cell_size(SIZE.0, SIZE.1);
    Figure::new(title, grid.render())
}

/// A title: not cut, but safe to draw.
fn label_free(text: &str) -> String {
    text.replace('$', "\\$")
}
