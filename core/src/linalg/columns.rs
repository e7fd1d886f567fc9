//! Columns of a matrix: two at a time, scaled, rotated, combined.
//!
//! A matrix is one slice, column after column, each of length n; what a function does costs O(1) per entry it touches.
//! Where an index or a length does not fit, nothing is changed and nothing panics.

use crate::Error;
use crate::math::{Real, add_scaled};

/// Columns `p` < `q` of a matrix with columns of length `n`.
pub(super) fn pair<T>(a: &mut [T], n: usize, p: usize, q: usize) -> Option<(&mut [T], &mut [T])> {
    let (head, tail) = a.split_at_mut_checked(q.checked_mul(n)?)?;
    let start = p.checked_mul(n)?;
    Some((head.get_mut(start..start.checked_add(n)?)?, tail.get_mut(..n)?))
}

/// (x, y) <- (c x - s y, s x + c y), entry by entry.
pub(super) fn rotate<T: Real>(x: &mut [T], y: &mut [T], c: T, s: T) {
    for (x, y) in x.iter_mut().zip(y) {
        (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
    }
}

/// The tangent of the smaller angle that makes a symmetric 2 x 2 matrix diagonal (Golub and Van Loan 2013,
/// 8.5.2), from zeta = (a_qq - a_pp) / (2 a_pq); as cosine and sine.
pub(super) fn rotation<T: Real>(zeta: T) -> (T, T) {
    let root = (T::ONE + zeta * zeta).sqrt();
    let t = if zeta >= T::ZERO {
        T::ONE / (zeta + root)
    } else {
        -T::ONE / (root - zeta)
    };
    let c = T::ONE / (T::ONE + t * t).sqrt();
    (c, t * c)
}

/// Exchanges two columns.
pub(super) fn swap<T: Real>(a: &mut [T], n: usize, p: usize, q: usize) {
    if let Some((x, y)) = pair(a, n, p, q) {
        for (x, y) in x.iter_mut().zip(y) {
            core::mem::swap(x, y);
        }
    }
}

/// The identity (n x n).
pub(super) fn identity<T: Real>(a: &mut [T], n: usize) {
    for (j, column) in a.chunks_exact_mut(n.max(1)).enumerate() {
        for (i, x) in column.iter_mut().enumerate() {
            *x = if i == j { T::ONE } else { T::ZERO };
        }
    }
}

/// Largest magnitude; 0 for no entries.
pub(super) fn largest<T: Real>(a: &[T]) -> T {
    a.iter().fold(T::ZERO, |m, x| crate::math::larger(x.abs(), m))
}

/// The number of columns of length `n` in `a`.
///
/// # Errors
/// `Shape` unless there is a whole number of them, at least one; `NonFinite`.
pub(super) fn count<T: Real>(a: &[T], n: usize) -> Result<usize, Error> {
    let columns = a.len().checked_div(n).unwrap_or(0);
    if columns == 0 || columns.checked_mul(n) != Some(a.len()) {
        return Err(Error::Shape);
    }
    if !a.iter().all(|x| x.is_finite()) {
        return Err(Error::NonFinite);
    }
    Ok(columns)
}

/// B = A R: column j of B (each of length n) is Σ_i R_ij times column i of A; R by columns. The shapes decide:
/// A has k columns, R is k x m, B has m columns. Cost n k m multiply-adds.
///
/// # Errors
/// `Shape`.
pub fn combine<T: Real>(a: &[T], n: usize, coefficients: &[T], b: &mut [T]) -> Result<(), Error> {
    let (k, m) = (
        a.len().checked_div(n).unwrap_or(0),
        b.len().checked_div(n).unwrap_or(0),
    );
    let fits = k > 0 && k.checked_mul(n) == Some(a.len()) && m.checked_mul(n) == Some(b.len());
    if !fits || m == 0 || k.checked_mul(m) != Some(coefficients.len()) {
        return Err(Error::Shape);
    }
    let n = n.max(1);
    for (out, weights) in b.chunks_exact_mut(n).zip(coefficients.chunks_exact(k.max(1))) {
        out.fill(T::ZERO);
        for (column, weight) in a.chunks_exact(n).zip(weights) {
            add_scaled(out, *weight, column);
        }
    }
    Ok(())
}
