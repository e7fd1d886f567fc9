//! Distances between subspaces.
//!
//! Principal angles theta_j of span A and span B (orthonormal rows): cos theta_j are the singular values of A Bᵀ, sin theta_j
//! those of B - (B Aᵀ) A; theta_j = atan2(sin, cos) is good for small and for large ones (Björck and Golub 1973). Geodesic
//! distance on the Grassmann manifold: D = sqrt(Σ theta_j²), in [0, sqrt(k) pi/2].

use super::block::{combine, orthonormalise, products, singular};
use super::{GeometryError, PullbackError, length, ritz};
use crate::net::cpu::matrix::Into;
use crate::net::element::Element;
use rayon::prelude::*;
use std::f64::consts::FRAC_PI_2;

#[cfg(test)]
mod tests;

/// What must be left of a vector, relative to the longest, for it to count as independent of those before.
const INDEPENDENT: f64 = 1e-5;

/// A k-dimensional subspace of R^d, by an orthonormal basis in f64 that spans what the given vectors span. Distances do
/// not depend on the basis.
#[derive(Clone, Debug, PartialEq)]
pub struct Subspace {
    dimension: usize,
    rows: Vec<f64>,
}

impl Subspace {
    /// The span of vectors [k, d]. Cost k² d.
    ///
    /// # Errors
    /// [`PullbackError::Length`]; [`PullbackError::Dependent`]; [`PullbackError::NotFinite`].
    pub fn new<T: Element>(vectors: &[T], dimension: usize) -> Result<Self, GeometryError> {
        let count = vectors.len() / dimension.max(1);
        length("vectors", vectors.len(), count.max(1) * dimension.max(1))?;
        if let Some(at) = vectors.iter().position(|x| !x.is_finite()) {
            return Err(PullbackError::NotFinite {
                map: "vector",
                direction: at / dimension,
                index: at % dimension,
            });
        }
        let wide = vectors.iter().map(|x| x.wide()).collect();
        let rows = orthonormalise(wide, &[], dimension, INDEPENDENT).q;
        let rank = rows.len() / dimension;
        if rank < count {
            return Err(PullbackError::Dependent { found: count, rank });
        }
        Ok(Self { dimension, rows })
    }

    /// The number of vectors, k.
    pub fn count(&self) -> usize {
        self.rows.len() / self.dimension
    }

    /// The dimension d of the space.
    pub fn dimension(&self) -> usize {
        self.dimension
    }

    /// The orthonormal basis [k, d]: Gram and Schmidt of the vectors in their order.
    pub fn rows(&self) -> &[f64] {
        &self.rows
    }

    /// The span of rows that are orthonormal up to rounding.
    pub(super) fn of_orthonormal(rows: Vec<f64>, dimension: usize) -> Self {
        let rows = orthonormalise(rows, &[], dimension, 0.0).q;
        Self { dimension, rows }
    }
}

/// The principal angles, smallest first; as many as the smaller subspace has dimensions. Cost 3 k² d.
///
/// # Errors
/// [`PullbackError::Length`]: subspaces of spaces of another dimension.
pub fn principal_angles(a: &Subspace, b: &Subspace) -> Result<Vec<f64>, GeometryError> {
    let d = a.dimension;
    length("second subspace", b.dimension, d)?;
    let (a, b) = if a.count() < b.count() { (b, a) } else { (a, b) };
    let (many, few) = (a.count(), b.count());
    let cosines = products(&b.rows, &a.rows, d);
    let minus: Vec<f64> = cosines.iter().map(|x| -x).collect();
    let mut rest = b.rows.clone();
    combine(&minus, &a.rows, d, &mut rest, Into::Add);
    // Not again against A: the rest is wanted as it is.
    let rest = orthonormalise(rest, &[], d, 0.0);
    let left = rest.q.len() / d;
    let cosines = square_values(&cosines, few, many)?;
    let sines = square_values(&rest.r, few, left)?;
    // Largest cosine beside the smallest sine.
    let pairs = cosines.iter().zip(sines.iter().rev());
    Ok(pairs.map(|(cos, sin)| libm::atan2(*sin, *cos)).collect())
}

/// The k singular values of a matrix [k, columns], largest first; zeros where it has fewer columns.
fn square_values(values: &[f64], k: usize, columns: usize) -> Result<Vec<f64>, GeometryError> {
    let side = k.max(columns);
    let mut square = vec![0.0; side * side];
    if columns > 0 {
        for (to, from) in square.chunks_mut(side).zip(values.chunks(columns)) {
            to[..columns].copy_from_slice(from);
        }
    }
    let mut found = singular(&square, side)?.values;
    found.truncate(k);
    Ok(found)
}

/// The geodesic distance sqrt(Σ theta_j²) of two subspaces, in radians.
///
/// # Errors
/// As [`principal_angles`].
pub fn distance(a: &Subspace, b: &Subspace) -> Result<f64, GeometryError> {
    let angles = principal_angles(a, b)?;
    Ok(angles.iter().map(|angle| angle * angle).sum::<f64>().sqrt())
}

/// The largest distance of k-dimensional subspaces: sqrt(k) pi / 2.
pub fn largest_distance(k: usize) -> f64 {
    (k as f64).sqrt() * FRAC_PI_2
}

/// What random subspaces have.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// Mean distance of pairs.
    pub mean: f64,
    /// The standard error of the mean.
    pub error: f64,
    /// Pairs drawn.
    pub pairs: usize,
}

/// The mean distance of `pairs` independent pairs of uniform k-dimensional subspaces of R^d, from
/// `stream(seed, "pullback.chance", ..)`. One of a pair may be fixed, for the other's law does not change under rotations.
///
/// # Errors
/// [`PullbackError::Count`] unless 1 <= k <= d; [`PullbackError::Option`] for fewer than 2 pairs.
pub fn chance(k: usize, d: usize, pairs: usize, seed: u64) -> Result<Chance, GeometryError> {
    ritz::check_count(k, (d, d))?;
    if pairs < 2 {
        return Err(PullbackError::Option {
            name: "pairs",
            found: pairs as f64,
            expected: "at least 2, for a standard error",
        });
    }
    let mut fixed = vec![0.0; k * d];
    fixed.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
    let fixed = Subspace {
        dimension: d,
        rows: fixed,
    };
    let drawn: Vec<f64> = (0..pairs)
        .into_par_iter()
        .map(|pair| {
            let name = format!("pullback.chance.{pair}");
            distance(
                &fixed,
                &Subspace::new::<f64>(&ritz::gaussian(seed, &name, k, d), d)?,
            )
        })
        .collect::<Result<_, _>>()?;
    let mean = drawn.iter().sum::<f64>() / pairs as f64;
    let square = drawn.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    let error = (square / (pairs - 1) as f64 / pairs as f64).sqrt();
    Ok(Chance { mean, error, pairs })
}

/// All distances of n subspaces, [n, n], symmetric with zeros on the diagonal.
///
/// # Errors
/// As [`principal_angles`].
pub fn distance_matrix(subspaces: &[Subspace]) -> Result<Vec<f64>, GeometryError> {
    let n = subspaces.len();
    let pairs: Vec<(usize, usize)> = (0..n).flat_map(|i| (0..i).map(move |j| (i, j))).collect();
    let found: Vec<f64> = pairs
        .par_iter()
        .map(|(i, j)| distance(&subspaces[*i], &subspaces[*j]))
        .collect::<Result<_, _>>()?;
    let mut matrix = vec![0.0; n * n];
    for ((i, j), distance) in pairs.iter().zip(found) {
        matrix[i * n + j] = distance;
        matrix[j * n + i] = distance;
    }
    Ok(matrix)
}

/// Σ_j D(U_j, U_{j+1}) along a sequence of subspaces: how far the tangent space turns on the way (0 for fewer than two).
///
/// # Errors
/// As [`principal_angles`].
pub fn total_turn(sequence: &[Subspace]) -> Result<f64, GeometryError> {
    sequence.windows(2).map(|pair| distance(&pair[0], &pair[1])).sum()
}

/// Σ_j |x_{j+1} - x_j| along a sequence of points: how long the way is.
pub fn way_length<T: Element>(points: &[&[T]]) -> f64 {
    let steps = points.windows(2).map(|pair| {
        let squares = pair[0]
            .iter()
            .zip(pair[1])
            .map(|(a, b)| (a.wide() - b.wide()).powi(2));
        squares.sum::<f64>().sqrt()
    });
    steps.sum()
}
