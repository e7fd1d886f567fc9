//! Plain subspace iteration: V <- qr(JᵀJ V), stopped when the subspace stands still.
//!
//! Each pass also gives the Ritz triplets of the current V and their residuals, for J V and JᵀJ V are at hand. The stop
//! looks at the sine of the largest principal angle between successive subspaces, which knows neither signs nor ties.
//! It converges as (s_{k+1} / s_k)^(2 passes): see [`krylov`](super::krylov) for what is done with the same products.
//!
//! Where JᵀJ V spans less than k dimensions, V is filled up with what is left of its predecessor.
//!
//! Cost of a pass: k products with J and Jᵀ, and O(k² (d + dim h)) multiply-adds. Memory: 3 k (d + dim h).

use super::block::{combined, negligible, orthonormalise, singular};
use super::operator::{BlockOperator, Counted};
use super::ritz;
use super::{Basis, Ended, Method, PullbackError, check};
use crate::net::element::Element;

#[cfg(test)]
mod tests;

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Triplets wanted, 1 to min(dim h, dim x).
    pub count: usize,
    /// The sine of the largest angle between successive subspaces that counts as standing still.
    pub tolerance: f64,
    /// Passes at most.
    pub limit: usize,
    /// Of the Gaussian start (the start of [`krylov`](super::krylov)).
    pub seed: u64,
}

impl Options {
    /// Tolerance 1e-4, at most 50 passes, seed 0.
    pub fn new(count: usize) -> Self {
        Self {
            count,
            tolerance: 1e-4,
            limit: 50,
            seed: 0,
        }
    }
}

/// The leading singular triplets of J.
///
/// # Errors
/// [`PullbackError`]: the operator fails or gives NaN or infinity; an option is out of range.
pub fn basis<T: Element, O: BlockOperator<T>>(
    operator: &mut O,
    options: &Options,
) -> Result<Basis<T>, PullbackError<O::Error>> {
    let dimensions @ (_, columns) = operator.dimensions();
    let k = options.count;
    check(k, options.tolerance, options.limit, dimensions)?;
    let mut operator = Counted::new(operator);
    let omega = ritz::gaussian(options.seed, "pullback", k, columns);
    let mut v: Vec<T> = orthonormalise(omega, &[], columns, 0.0).q;
    let mut blocks = 0;
    loop {
        let y = operator.push(&v)?;
        let w = operator.pull(&y)?;
        blocks += 1;
        let next = filled(w.clone(), &v, columns, k);
        let measure = turn(&v, &next, columns)?;
        let converged = measure < options.tolerance;
        if !converged && blocks < options.limit {
            v = next;
            continue;
        }
        let mut basis = triplets(&v, y, &w, dimensions)?;
        basis.blocks = blocks;
        basis.passes = operator.passes;
        basis.measure = measure;
        basis.ended = if converged { Ended::Converged } else { Ended::Limit };
        ritz::fix_signs(&mut basis);
        return Ok(basis);
    }
}

/// Orthonormal rows of W, filled up from the orthonormal `v` to k.
fn filled<T: Element>(w: Vec<T>, v: &[T], d: usize, k: usize) -> Vec<T> {
    let mut next = orthonormalise(w, &[], d, negligible::<T>()).q;
    let missing = k - next.len() / d;
    if missing > 0 {
        // What the new rows leave of the old, the largest parts of it first in a basis of singular vectors.
        let rest = orthonormalise(v.to_vec(), &next, d, FILLER).q;
        next.extend_from_slice(&rest[..rest.len().min(missing * d)]);
    }
    next
}

/// What must be left of an old row for it to fill a gap. At least `missing` singular values of the projected rows are 1,
/// but the rows that carry them may be split over all k.
const FILLER: f64 = 1e-3;

/// The sine of the largest principal angle between orthonormal rows `old` and `new`.
fn turn<T: Element, E>(old: &[T], new: &[T], d: usize) -> Result<f64, PullbackError<E>> {
    let parts = orthonormalise(new.to_vec(), old, d, 0.0);
    let k = new.len() / d;
    let width = parts.q.len() / d;
    if width == 0 {
        return Ok(0.0);
    }
    let mut square = vec![0.0; k * k];
    for (to, from) in square.chunks_mut(k).zip(parts.r.chunks(width)) {
        to[..width].copy_from_slice(from);
    }
    Ok(singular(&square, k)?.values.first().copied().unwrap_or(0.0))
}

/// The Ritz triplets in the span of `v`, with Y = J V and W = Jᵀ Y.
fn triplets<T: Element, E>(
    v: &[T],
    y: Vec<T>,
    w: &[T],
    dimensions: (usize, usize),
) -> Result<Basis<T>, PullbackError<E>> {
    let (rows, columns) = dimensions;
    let k = v.len() / columns;
    let image = orthonormalise(y, &[], rows, negligible::<T>());
    let p = image.q.len() / rows;
    let found = ritz::ritz(&image.r, (k, p), k, ritz::zero::<T>())?;
    let turned = combined(&found.right, v, columns);
    let mut rest = combined(&found.right, w, columns);
    for ((rest, v), s) in rest
        .chunks_mut(columns)
        .zip(turned.chunks(columns))
        .zip(&found.values)
    {
        rest.iter_mut()
            .zip(v)
            .for_each(|(rest, v)| *rest -= T::of(s * s) * *v);
    }
    let u = if p == 0 {
        vec![T::ZERO; k * rows]
    } else {
        combined(&found.left, &image.q, rows)
    };
    Ok(Basis {
        dimensions,
        residuals: ritz::residuals(&rest, columns, &found.values),
        singular_values: found.values,
        v: turned,
        u,
        zero: found.zero,
        blocks: 0,
        passes: super::operator::Passes::default(),
        measure: 0.0,
        ended: Ended::Limit,
        method: Method::Subspace,
    })
}
