//! Log-log scaling with the fitted slope: time against problem size, error against sample size.

use super::figure::Figure;
use super::style::{Axes, Chart, around, colour, dash, marker};
use gibbs_core::math::Real;

/// The power law y = scale * x^slope fitted by least squares on the logarithms.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PowerLaw {
    /// Exponent: the slope of log y against log x.
    pub slope: f64,
    /// Value at x = 1.
    pub scale: f64,
}

/// Fits a power law to the points with positive finite x and y; `None` with fewer than two different x.
pub fn fit(points: &[(f64, f64)]) -> Option<PowerLaw> {
    let usable = |v: f64| v > 0.0 && v.is_finite();
    let logs: Vec<(f64, f64)> = points
        .iter()
        .filter(|(x, y)| usable(*x) && usable(*y))
        .map(|(x, y)| (Real::ln(*x), Real::ln(*y)))
        .collect();
    let count = logs.len() as f64;
    let mean_x = logs.iter().map(|p| p.0).sum::<f64>() / count;
    let mean_y = logs.iter().map(|p| p.1).sum::<f64>() / count;
    let square: f64 = logs.iter().map(|p| (p.0 - mean_x).powi(2)).sum();
    let cross: f64 = logs.iter().map(|p| (p.0 - mean_x) * (p.1 - mean_y)).sum();
    // NaN (no points) fails this comparison as well.
    (square > 0.0).then(|| PowerLaw {
        slope: cross / square,
        scale: Real::exp(mean_y - cross / square * mean_x),
    })
}

/// One measured series.
#[derive(Clone, Debug, Default)]
pub struct Series {
    /// The name that the legend shows.
    pub name: String,
    /// Points (x, y), both positive.
    pub points: Vec<(f64, f64)>,
}

/// The data of the figure.
#[derive(Clone, Debug, Default)]
pub struct Scaling {
    /// The title above the figure.
    pub title: String,
    /// Label of x with its unit.
    pub x_label: String,
    /// Label of y with its unit.
    pub y_label: String,
    /// The measured series.
    pub series: Vec<Series>,
}

impl Scaling {
    /// Draws markers and, through each series, the fitted power law, its slope in the legend.
    pub fn draw(&self) -> Figure {
        let mut chart = Chart::default();
        for (index, series) in self.series.iter().enumerate() {
            let positive = |p: &&(f64, f64)| p.0 > 0.0 && p.1 > 0.0;
            let points: Vec<_> = series.points.iter().filter(positive).copied().collect();
            chart.points(&points, colour(index), marker(index), 5.0);
            chart.legend_marker(&series.name, colour(index), marker(index));
            if let Some(law) = fit(&points) {
                let low = points.iter().map(|p| p.0).fold(f64::INFINITY, f64::min);
                let high = points.iter().map(|p| p.0).fold(0.0, f64::max);
                let ends = [low, high].map(|x| (x, law.scale * libm::pow(x, law.slope)));
                chart.line(&ends, colour(index), dash(index + 1), 1.6);
                chart.legend_line(&format!("slope {:.2}", law.slope), colour(index), dash(index + 1));
            }
        }
        let x = self.series.iter().flat_map(|s| &s.points).map(|p| p.0);
        let axes = Axes {
            x: &self.x_label,
            y: &self.y_label,
            x_ends: around(x),
            logarithmic: true,
            ..Axes::default()
        };
        chart.finish(&self.title, &axes)
    }
}

#[cfg(test)]
mod tests {
    //! Mutation seen red: points without a logarithm not left out.
    use super::*;

    // an exact power law is found; zeros and NaN are left out
    #[test]
    fn finds_an_exact_power_law() {
        let mut points: Vec<(f64, f64)> = [10.0, 100.0, 1e5]
            .iter()
            .map(|x: &f64| (*x, 3.0 * x.powf(1.25)))
            .collect();
        points.extend([(0.0, 1.0), (5.0, f64::NAN)]);
        let law = fit(&points).expect("three usable points");
        assert!((law.slope - 1.25).abs() < 1e-12, "{law:?}"); // rounding of logarithms near 1e1
        assert!((law.scale - 3.0).abs() < 1e-11, "{law:?}");
    }

    #[test]
    fn one_abscissa_has_no_slope() {
        assert_eq!(fit(&[(2.0, 1.0), (2.0, 3.0)]), None);
        assert_eq!(fit(&[]), None);
    }
}
