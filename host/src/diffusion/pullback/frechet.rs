//! A global basis: the Fréchet mean of local ones, first of the subspaces, then of the frames in them.
//!
//! Subspaces (Grassmann manifold; Karcher 1977; Choi et al. for the use): Y <- Exp_Y(mean_i Log_Y U_i) until the mean is
//! shorter than 1e-6. With Y Uᵀ = P diag(c) Wᵀ, rotated rows y_j = (Pᵀ Y)_j, z_j = (Wᵀ U)_j and f_j = z_j - c_j y_j:
//! Log_Y U = Σ_j theta_j p_j (f_j/|f_j|)ᵀ with theta_j = atan2(|f_j|, c_j) (derived; it needs no inverse of Y Uᵀ, so angles
//! up to pi/2 are fine), and for Delta = W diag(s) Qᵀ: Exp_Y Delta = W (cos(s) Wᵀ Y + sin(s) Qᵀ).
//!
//! Frames: O_i = polar(U_i Yᵀ) is the rotation from Y to U_i; R is their mean on SO(k), R <- R exp(mean_i log(Rᵀ O_i)); the
//! result is R Y. Singular vectors have free signs (and an order that noise can exchange), so a frame may first be
//! matched with the first one; one that is still a reflection of it gets its last vector turned round.
//!
//! Rows are vectors here: Y is [k, d].

mod rotation;
#[cfg(test)]
mod tests;

use super::block::{combine, combined, norm, products, small_product, symmetric, transposed};
use super::distance::Subspace;
use super::{Ended, GeometryError, PullbackError, length};
use crate::net::cpu::matrix::Into;
use crate::net::element::Element;
pub use rotation::{Matching, frame_mean};

/// When the search for a mean stops.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Length of the mean tangent below which the mean is reached.
    pub tolerance: f64,
    /// The largest number of steps.
    pub limit: usize,
}

impl Default for Options {
    /// A tolerance of 1e-6 and at most 100 steps.
    fn default() -> Self {
        Self {
            tolerance: 1e-6,
            limit: 100,
        }
    }
}

/// A mean on a manifold.
#[derive(Clone, Debug, PartialEq)]
pub struct Mean<M> {
    /// The mean itself.
    pub mean: M,
    /// Steps taken.
    pub steps: usize,
    /// Length of the last mean tangent.
    pub residual: f64,
    /// How the iteration ended.
    pub ended: Ended,
}

fn same(y: &Subspace, z: &Subspace) -> Result<(usize, usize), GeometryError> {
    length("vectors of the second subspace", z.count(), y.count())?;
    length("entries of the vectors", z.dimension(), y.dimension())?;
    Ok((y.count(), y.dimension()))
}

/// The tangent at `y` [k, d] of the geodesic that reaches `z` in unit time; its Frobenius norm is their distance. The
/// shortest of several where an angle is pi/2.
///
/// # Errors
/// [`PullbackError::Length`]: another k or d.
pub fn log(y: &Subspace, z: &Subspace) -> Result<Vec<f64>, GeometryError> {
    let (k, d) = same(y, z)?;
    let found = super::block::singular(&products(y.rows(), z.rows(), d), k)?;
    let left = transposed(&found.left, k);
    let near = combined(&left, y.rows(), d);
    let mut parts = combined(&found.right, z.rows(), d);
    for ((part, near), cosine) in parts.chunks_mut(d).zip(near.chunks(d)).zip(&found.values) {
        part.iter_mut().zip(near).for_each(|(z, y)| *z -= cosine * y);
        let sine = norm(part);
        let scale = if sine > 0.0 {
            libm::atan2(sine, *cosine) / sine
        } else {
            0.0
        };
        for x in part.iter_mut() {
            *x *= scale;
        }
    }
    Ok(combined(&found.left, &parts, d))
}

/// The subspace that the geodesic from `y` with tangent `delta` [k, d] (rows orthogonal to `y`) reaches in unit time.
///
/// # Errors
/// [`PullbackError::Length`].
pub fn exp(y: &Subspace, delta: &[f64]) -> Result<Subspace, GeometryError> {
    let (k, d) = (y.count(), y.dimension());
    length("tangent", delta.len(), k * d)?;
    let (_, directions) = symmetric(&products(delta, delta, d), k)?;
    let mut moved = combined(&directions, y.rows(), d);
    let mut along = combined(&directions, delta, d);
    for (moved, along) in moved.chunks_mut(d).zip(along.chunks_mut(d)) {
        let s = norm(along);
        let scale = if s > 0.0 { libm::sin(s) / s } else { 1.0 };
        let pairs = moved.iter_mut().zip(along.iter());
        pairs.for_each(|(y, x)| *y = libm::cos(s) * *y + scale * x);
    }
    // Back from the turned rows, so that the frame is carried along and not just its span.
    let rows = combined(&transposed(&directions, k), &moved, d);
    Ok(Subspace::of_orthonormal(rows, d))
}

/// The Karcher mean of subspaces, from the first one. Cost of a step: n k² d.
///
/// # Errors
/// [`PullbackError::Length`]: no subspace, or another k or d.
pub fn subspace_mean(subspaces: &[Subspace], options: &Options) -> Result<Mean<Subspace>, GeometryError> {
    let Some(first) = subspaces.first() else {
        return Err(PullbackError::Length {
            name: "subspaces",
            found: 0,
            expected: 1,
        });
    };
    let mut mean = first.clone();
    let mut steps = 0;
    loop {
        let mut tangent = vec![0.0; mean.rows().len()];
        for subspace in subspaces {
            let log = log(&mean, subspace)?;
            tangent.iter_mut().zip(log).for_each(|(sum, x)| *sum += x);
        }
        for x in &mut tangent {
            *x /= subspaces.len() as f64;
        }
        let residual = norm(&tangent);
        let converged = residual < options.tolerance;
        if converged || steps >= options.limit {
            return Ok(Mean {
                mean,
                steps,
                residual,
                ended: if converged { Ended::Converged } else { Ended::Limit },
            });
        }
        mean = exp(&mean, &tangent)?;
        steps += 1;
    }
}

/// The global basis of local ones.
#[derive(Clone, Debug, PartialEq)]
pub struct Global {
    /// The vectors of the mean frame [k, d], orthonormal.
    pub vectors: Vec<f64>,
    /// The mean of the subspaces.
    pub subspace: Mean<Subspace>,
    /// The mean of the frames, a rotation [k, k] of the rows of the mean subspace.
    pub frame: Mean<Vec<f64>>,
    /// Frames with a vector turned round to be no reflection of the first.
    pub reflected: usize,
}

/// The Fréchet mean of frames [k, d] (each orthonormal): subspace, then frame.
///
/// # Errors
/// [`PullbackError`]: frames of different shapes, or none; vectors that are dependent (a zero vector among them).
pub fn global_basis<T: Element>(
    frames: &[&[T]],
    dimension: usize,
    matching: Matching,
    options: &Options,
) -> Result<Global, GeometryError> {
    let wide: Vec<Vec<f64>> = (frames.iter())
        .map(|frame| frame.iter().map(|x| x.wide()).collect())
        .collect();
    let spans: Vec<Subspace> = (wide.iter())
        .map(|frame| Subspace::new(frame, dimension))
        .collect::<Result<_, _>>()?;
    let subspace = subspace_mean(&spans, options)?;
    let rotations = (wide.iter())
        .map(|frame| {
            rotation::polar(
                &products(frame, subspace.mean.rows(), dimension),
                subspace.mean.count(),
            )
        })
        .collect::<Result<Vec<_>, _>>()?;
    let (frame, reflected) = frame_mean(&rotations, subspace.mean.count(), matching, options)?;
    let mut vectors = vec![0.0; subspace.mean.rows().len()];
    combine(
        &frame.mean,
        subspace.mean.rows(),
        dimension,
        &mut vectors,
        Into::Set,
    );
    Ok(Global {
        vectors,
        subspace,
        frame,
        reflected,
    })
}

/// A rotation times a rotation, [k, k].
fn turn(a: &[f64], b: &[f64], k: usize) -> Vec<f64> {
    small_product(a, b, [k, k, k])
}
