//! Principal angles between two subspaces (Björck and Golub 1973; Golub and Van Loan 2013, 6.4.3).
//!
//! With orthonormal bases A and B the cosines are the singular values of A'B and the sines those of
//! B - A A'B. Small angles are only seen by their sines, angles near a right one only by their cosines:
//! theta_j = atan2(sine_j, cosine_j) is accurate for both.

use super::columns::count;
use super::{Rotations, singular_values, symmetric_eigen};
use crate::Error;
use crate::math::{Real, add_scaled, dot, smaller};

/// Numbers of scratch that [`principal_angles`] needs for k vectors of length n: n k + 2 k² + k.
pub const fn principal_angles_scratch(n: usize, k: usize) -> usize {
    let square = k.saturating_mul(k).saturating_mul(2);
    n.saturating_mul(k).saturating_add(square).saturating_add(k)
}

/// The principal angles (radians, ascending, k of them) between the spans of `a` and `b`, each k orthonormal
/// vectors of length n. The geodesic distance is the root of the sum of their squares. Cost that of two
/// decompositions and 2 n k² multiply-adds.
///
/// # Errors
/// `Shape`, `NonFinite`.
pub fn principal_angles<T: Real>(
    a: &[T],
    b: &[T],
    n: usize,
    angles: &mut [T],
    scratch: &mut [T],
) -> Result<Rotations, Error> {
    let k = check(a, b, n)?;
    let square = k.checked_mul(k).ok_or(Error::Shape)?;
    let (rest, spare) = scratch.split_at_mut_checked(a.len()).ok_or(Error::Shape)?;
    let (cross, spare) = spare.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let (right, spare) = spare.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let cosines = spare.get_mut(..k).ok_or(Error::Shape)?;
    if angles.len() != k {
        return Err(Error::Shape);
    }
    residual(a, b, n, rest, cross);
    let first = singular_values(cross, k, cosines, right)?;
    let second = singular_values(rest, n, angles, right)?;
    // Cosines descend as angles ascend; the sines came in descending order.
    for (cosine, sine) in cosines.iter_mut().zip(angles.iter().rev()) {
        *cosine = sine.atan2(*cosine);
    }
    for (angle, found) in angles.iter_mut().zip(cosines) {
        *angle = *found;
    }
    Ok(Rotations {
        converged: first.converged && second.converged,
        sweeps: first.sweeps.max(second.sweeps),
    })
}

/// Numbers of scratch that [`subspace_sine`] needs for k vectors of length n: n k + 2 k² + k.
pub const fn subspace_sine_scratch(n: usize, k: usize) -> usize {
    principal_angles_scratch(n, k)
}

/// The sine of the largest principal angle alone, without the decomposition of n-vectors: the root of the largest
/// eigenvalue of R'R with R = B - A A'B. It does not depend on the signs or the bases chosen.
///
/// # Errors
/// `Shape`, `NonFinite`.
pub fn subspace_sine<T: Real>(a: &[T], b: &[T], n: usize, scratch: &mut [T]) -> Result<T, Error> {
    let k = check(a, b, n)?;
    let square = k.checked_mul(k).ok_or(Error::Shape)?;
    let (rest, spare) = scratch.split_at_mut_checked(a.len()).ok_or(Error::Shape)?;
    let (gram, spare) = spare.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let (vectors, spare) = spare.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let values = spare.get_mut(..k).ok_or(Error::Shape)?;
    sine_in(a, b, n, rest, gram, vectors, values)
}

/// [`subspace_sine`] in given pieces of memory: n k, k², k², k.
pub(super) fn sine_in<T: Real>(
    a: &[T],
    b: &[T],
    n: usize,
    rest: &mut [T],
    gram: &mut [T],
    vectors: &mut [T],
    values: &mut [T],
) -> Result<T, Error> {
    let (n, k) = (n.max(1), values.len().max(1));
    residual(a, b, n, rest, gram);
    for (column, x) in gram.chunks_exact_mut(k).zip(rest.chunks_exact(n)) {
        for (entry, y) in column.iter_mut().zip(rest.chunks_exact(n)) {
            *entry = dot(x, y);
        }
    }
    let _ = symmetric_eigen(gram, values, vectors)?;
    let largest = values.first().copied().unwrap_or(T::ZERO);
    if largest > T::ZERO {
        Ok(smaller(largest.sqrt(), T::ONE))
    } else {
        Ok(T::ZERO)
    }
}

fn check<T: Real>(a: &[T], b: &[T], n: usize) -> Result<usize, Error> {
    if a.len() != b.len() {
        return Err(Error::Shape);
    }
    count(b, n)?;
    count(a, n)
}

/// `rest` = B - A A'B and `cross` = A'B (k x k, by columns).
fn residual<T: Real>(a: &[T], b: &[T], n: usize, rest: &mut [T], cross: &mut [T]) {
    let n = n.max(1);
    for (x, y) in rest.iter_mut().zip(b) {
        *x = *y;
    }
    let k = a.len().checked_div(n).unwrap_or(0).max(1);
    for (x, column) in rest.chunks_exact_mut(n).zip(cross.chunks_exact_mut(k)) {
        for (q, entry) in a.chunks_exact(n).zip(column) {
            *entry = dot(q, x);
            add_scaled(x, -*entry, q);
        }
    }
}
