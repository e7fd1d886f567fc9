//! The longest wave on the lattice, and the correlation length that it tells.
//!
//! ```text
//! F  = |Σ_y M_y e^(2 pi i y/H)|² / N²       M_y: sum of the spins of row y (of an antiferromagnet staggered)
//! xi = 1/(2 sin(pi/H)) sqrt(<m²>/<F> - 1)   the second-moment correlation length, in sites
//! ```
//! Above the critical temperature xi tends to the correlation length of m as the lattice grows. Below it <m²> holds the
//! square of the spontaneous magnetisation, which is not subtracted: xi then grows with the lattice.
//!
//! Source: F. Cooper, B. Freedman, D. Preston, Nucl. Phys. B 210, 210 (1982).

use gibbs_core::math::Real;
use std::f64::consts::PI;

/// The turns e^(2 pi i y/H) of all rows.
pub(super) struct Wave {
    turns: Vec<[f64; 2]>,
    sites: f64,
}

impl Wave {
    /// The wave along the columns of a lattice of `width` x `height` sites.
    pub(super) fn new(width: usize, height: usize) -> Self {
        let turn = |y: usize| {
            let angle = 2.0 * PI * y as f64 / height as f64;
            [Real::cos(angle), Real::sin(angle)]
        };
        Self {
            turns: (0..height).map(turn).collect(),
            sites: width as f64 * height as f64,
        }
    }

    /// F of the sums of the rows, top to bottom.
    pub(super) fn power(&self, rows: impl Iterator<Item = i64>) -> f64 {
        let mut sum = [0.0; 2];
        for (row, [cosine, sine]) in rows.zip(&self.turns) {
            let row = row as f64 / self.sites;
            sum[0] += row * cosine;
            sum[1] += row * sine;
        }
        sum[0] * sum[0] + sum[1] * sum[1]
    }
}

/// The second-moment correlation length in sites, from the means of m² and F; NaN where F is the larger.
pub(super) fn correlation_length(square: f64, power: f64, height: usize) -> f64 {
    let sine = Real::sin(PI / height as f64);
    (square / power - 1.0).sqrt() / (2.0 * sine)
}
