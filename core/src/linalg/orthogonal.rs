//! Orthonormalisation by Gram and Schmidt, repeated until it holds.
//!
//! One pass of a_j <- a_j - Σ_{i<j} q_i (q_i . a_j) loses orthogonality when most of a_j is removed; a second pass
//! restores it ("twice is enough": Giraud, Langou, Rozloznik, van den Eshof 2005). Passes repeat while a
//! pass still halves the norm, at most four times.

use super::columns::{count, largest};
use crate::Error;
use crate::math::{Real, add_scaled, dot};

/// Passes of one column.
const PASSES: u32 = 4;

/// Makes k vectors of length n orthonormal, in order, in place: vector j of the result lies in the span of the
/// first j + 1 given ones. What is left of a vector when all earlier ones are projected out counts as zero up to
/// `relative` times the largest norm of the given vectors; the slot is then filled with zeros (which are
/// orthogonal to all). Returns the rank, the number of vectors that are not zero.
///
/// Cost about 4 n k² multiply-adds.
///
/// # Errors
/// `Shape` unless a.len() is a positive multiple of n; `NonFinite` (also when a squared norm overflows);
/// `Domain` for `relative` outside [0, 1).
pub fn orthonormalise<T: Real>(a: &mut [T], n: usize, relative: T) -> Result<usize, Error> {
    let k = count(a, n)?;
    if !(relative >= T::ZERO && relative < T::ONE) {
        return Err(Error::Domain);
    }
    let n = n.max(1);
    // Norms are taken relative to the largest entry: no square underflows that matters, none overflows.
    let scale = largest(a);
    if scale == T::ZERO {
        return Ok(0);
    }
    for x in a.iter_mut() {
        *x /= scale;
    }
    let norms = a.chunks_exact(n).map(|c| dot(c, c).sqrt());
    let longest = norms.fold(T::ZERO, |m, x| crate::math::larger(x, m));
    let threshold = relative * longest;
    let mut rank = 0;
    for j in 0..k {
        let Some((done, rest)) = a.split_at_mut_checked(j.saturating_mul(n)) else {
            return Err(Error::Shape);
        };
        let Some(column) = rest.get_mut(..n) else {
            return Err(Error::Shape);
        };
        let norm = project_out(done, n, column);
        if norm > threshold {
            rank += 1;
            for x in column {
                *x /= norm;
            }
        } else {
            column.fill(T::ZERO);
        }
    }
    Ok(rank)
}

/// Removes the components of `x` along the orthonormal `basis` (zero vectors in it do nothing); returns the norm
/// of what is left.
pub(super) fn project_out<T: Real>(basis: &[T], n: usize, x: &mut [T]) -> T {
    let mut norm = dot(x, x).sqrt();
    for _ in 0..PASSES {
        let before = norm;
        for q in basis.chunks_exact(n.max(1)) {
            let component = dot(q, x);
            add_scaled(x, -component, q);
        }
        norm = dot(x, x).sqrt();
        if norm > T::HALF * before {
            break;
        }
    }
    norm
}
