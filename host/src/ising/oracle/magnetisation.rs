//! The exact law of the magnetisation: of any system through its probabilities, of the L x L torus by a
//! transfer matrix.
//!
//! ```text
//! Z(z) = Σ_s e^(K Σ s s') z^(number of up spins) = tr T(z)^L        P(M = 2 u - L²) = [z^u] Z(z) / Z(1)
//! ```
//! T is applied site by site: the spin of the row above leaves the frontier, the new one enters, with one
//! vertical bond and the horizontal bonds to neighbours that have already entered. Powers of z are kept as
//! coefficients: an inverse Fourier transform over L² + 1 imaginary fields gives the same numbers, but these
//! are sums of positive terms, so that the rarest magnetisation is as accurate as the commonest. First rows
//! that differ by a rotation or a reflection have equal diagonal elements of T^L, those of flipped rows are
//! mirrored: one of each kind is run.
//! Bonds count 1 when satisfied by the sign of K and e^(-2|K|) when not.
//!
//! Cost: (first rows up to symmetry) x L² x 2^L x (up to L² + 1) x 2 multiply-adds: L = 8 has 18 first rows.
//! Memory: 2 x 2^L x (L² + 1) numbers. Derived.

use gibbs_core::Error;
use gibbs_core::math::{Real, add_scaled};

/// Probabilities of 0, 1, .., N up spins.
#[derive(Clone, Debug, PartialEq)]
pub struct Law {
    /// ln Z of the system.
    pub log_z: f64,
    /// `probabilities[u]` of M = 2 u - N; N + 1 values that sum to 1.
    pub probabilities: Vec<f64>,
}

impl Law {
    /// The law of weights e^(log weight) of u = 0, .., N up spins; ln Z is the logarithm of their sum.
    pub(super) fn from_logs(logs: &[f64]) -> Self {
        let largest = logs.iter().fold(f64::NEG_INFINITY, |a, b| a.max(*b));
        let weights: Vec<f64> = logs.iter().map(|log| Real::exp(log - largest)).collect();
        Self::from_weights(&weights, largest)
    }

    fn from_weights(weights: &[f64], log_unit: f64) -> Self {
        let total: f64 = weights.iter().sum();
        Self {
            log_z: log_unit + Real::ln(total),
            probabilities: weights.iter().map(|w| w / total).collect(),
        }
    }

    /// Number of spins N.
    pub fn spins(&self) -> usize {
        self.probabilities.len().saturating_sub(1)
    }

    /// Mean of f(m), m = M/N.
    pub fn mean(&self, f: impl Fn(f64) -> f64) -> f64 {
        let n = self.spins() as f64;
        let terms = self.probabilities.iter().enumerate();
        terms.map(|(u, p)| p * f((2.0 * u as f64 - n) / n)).sum()
    }

    /// <|m|>.
    pub fn abs(&self) -> f64 {
        self.mean(f64::abs)
    }

    /// The mean of the squared magnetisation, <m²>.
    pub fn square(&self) -> f64 {
        self.mean(|m| m * m)
    }

    /// Binder's cumulant U4 = 1 - <m⁴>/(3 <m²>²); NaN of a law that knows no m but 0.
    pub fn binder(&self) -> f64 {
        let square = self.square();
        1.0 - self.mean(|m| m * m * m * m) / (3.0 * square * square)
    }
}

/// Longest side of [`torus`].
pub const LONGEST: usize = 8;
/// Largest |beta|: every weight stays a normal number.
const COLDEST: f64 = 16.0;

/// The law of the L x L torus, J = 1, no field; a side of 2 has each bond twice. beta < 0 is the antiferromagnet.
///
/// # Errors
/// [`Error::UnsupportedSide`] unless 2 <= L <= 8, [`Error::Domain`] unless |beta| <= 16.
pub fn torus(side: usize, beta: f64) -> Result<Law, Error> {
    if !(2..=LONGEST).contains(&side) {
        return Err(Error::UnsupportedSide { side });
    }
    if !(-COLDEST..=COLDEST).contains(&beta) {
        return Err(Error::Domain);
    }
    let sites = side * side;
    let mut frontier = Frontier::new(side, beta);
    let mut weights = vec![0.0; sites + 1];
    for (row, copies) in first_rows(side) {
        add_scaled(&mut weights, copies, frontier.closed(row));
    }
    let mirrored: Vec<f64> = weights.iter().rev().copied().collect();
    add_scaled(&mut weights, 1.0, &mirrored);
    Ok(Law::from_weights(&weights, 2.0 * sites as f64 * beta.abs()))
}

/// One first row of each kind (rotations, reflections, flips), with half the size of its kind.
fn first_rows(side: usize) -> Vec<(usize, f64)> {
    let all = (1 << side) - 1;
    let mut halves = vec![0.0; all + 1];
    for row in 0..=all {
        let mirrored = (0..side).fold(0, |m, x| m | (row >> x & 1) << (side - 1 - x));
        let images = (0..side).flat_map(|by| {
            let turned = [row, mirrored].map(|row| (row << by | row >> (side - by)) & all);
            turned.into_iter().chain(turned.map(|row| all - row))
        });
        halves[images.min().unwrap_or(row)] += 0.5;
    }
    let kinds = halves.into_iter().enumerate();
    kinds.filter(|(_, half)| *half > 0.0).collect()
}

/// Polynomials in z of the 2^L frontiers, N + 1 coefficients each.
struct Frontier {
    side: usize,
    /// Weight of equal and of opposite neighbours.
    bond: [f64; 2],
    now: Vec<f64>,
    next: Vec<f64>,
}

impl Frontier {
    fn new(side: usize, beta: f64) -> Self {
        let broken = Real::exp(-2.0 * beta.abs());
        let zeros = vec![0.0; (side * side + 1) << side];
        Self {
            side,
            bond: if beta < 0.0 { [broken, 1.0] } else { [1.0, broken] },
            now: zeros.clone(),
            next: zeros,
        }
    }

    /// Coefficients of (T^L)_ii, i = `first`.
    fn closed(&mut self, first: usize) -> &[f64] {
        let width = self.side * self.side + 1;
        self.now.fill(0.0);
        self.now[first * width] = 1.0;
        for site in 0..self.side * self.side {
            self.add_site(site % self.side, site + 1);
        }
        &self.now[first * width..(first + 1) * width]
    }

    /// Puts a new spin in column x of the frontier; `terms` coefficients may be nonzero before.
    fn add_site(&mut self, x: usize, terms: usize) {
        let (side, width) = (self.side, self.side * self.side + 1);
        let spin = |row: usize, x: usize| row >> x & 1;
        for (row, new) in self.next.chunks_exact_mut(width).enumerate() {
            let up = spin(row, x);
            let mut horizontal = 1.0;
            if x > 0 {
                horizontal *= self.bond[up ^ spin(row, x - 1)];
            }
            if x + 1 == side {
                horizontal *= self.bond[up ^ spin(row, 0)];
            }
            // the new spin shifts the powers of z by one if it is up
            new[..=terms].fill(0.0);
            for old in 0..2 {
                let above = (row & !(1 << x) | old << x) * width;
                let old_terms = &self.now[above..above + terms];
                add_scaled(&mut new[up..], horizontal * self.bond[up ^ old], old_terms);
            }
        }
        core::mem::swap(&mut self.now, &mut self.next);
    }
}

#[cfg(test)]
mod tests;
