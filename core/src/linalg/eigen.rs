//! Eigenvalues and eigenvectors of a symmetric matrix by cyclic Jacobi rotations (Golub and Van Loan 2013, 8.5).

use super::columns::{count, identity, largest, pair, rotate, rotation, swap};
use super::{MAX_SWEEPS, Rotations};
use crate::Error;
use crate::math::Real;

/// Decomposes the symmetric `a` (n x n, both triangles read) as V diag(values) V': `values` (n) in descending
/// order, the columns of `vectors` (n x n) orthonormal. `a` is overwritten. Cost about 6 n³ multiply-adds a sweep.
///
/// # Errors
/// `Shape`, `NonFinite`, `Asymmetric` when two mirrored entries differ by more than 16 EPSILON of the largest.
/// Nothing has changed then. `NonFinite` also when an eigenvalue overflows.
pub fn symmetric_eigen<T: Real>(
    a: &mut [T],
    values: &mut [T],
    vectors: &mut [T],
) -> Result<Rotations, Error> {
    let n = values.len();
    if n == 0 || n.checked_mul(n) != Some(a.len()) || vectors.len() != a.len() {
        return Err(Error::Shape);
    }
    count(a, n)?;
    let scale = largest(a);
    let slack = T::of(16.0) * T::EPSILON * scale;
    for (row, column) in a.chunks_exact(n).enumerate() {
        let mirrored = a.iter().skip(row).step_by(n);
        if column.iter().zip(mirrored).any(|(x, y)| (*x - *y).abs() > slack) {
            return Err(Error::Asymmetric { row });
        }
    }
    identity(vectors, n);
    let mut rotations = Rotations {
        converged: scale == T::ZERO,
        sweeps: 0,
    };
    let negligible = T::EPSILON / T::of_count(n);
    if scale > T::ZERO {
        for x in a.iter_mut() {
            *x /= scale;
        }
    }
    while !rotations.converged && rotations.sweeps < MAX_SWEEPS {
        rotations.sweeps += 1;
        rotations.converged = !sweep(a, n, vectors, negligible);
    }
    for (j, (value, column)) in values.iter_mut().zip(a.chunks_exact(n)).enumerate() {
        *value = column.get(j).copied().unwrap_or(T::ZERO) * scale;
    }
    sort_descending(values, vectors, n);
    if values.iter().all(|x| x.is_finite()) {
        Ok(rotations)
    } else {
        Err(Error::NonFinite)
    }
}

/// Every pair once; whether any was rotated.
fn sweep<T: Real>(a: &mut [T], n: usize, vectors: &mut [T], negligible: T) -> bool {
    let mut rotated = false;
    for q in 1..n {
        for p in 0..q {
            let entry = |i: usize, j: usize| a.get(j * n + i).copied().unwrap_or(T::ZERO);
            let off = entry(p, q);
            if off.abs() <= negligible {
                continue;
            }
            rotated = true;
            let (c, s) = rotation((entry(q, q) - entry(p, p)) / (T::TWO * off));
            if let Some((x, y)) = pair(a, n, p, q) {
                rotate(x, y, c, s);
            }
            for column in a.chunks_exact_mut(n.max(1)) {
                let Some((head, tail)) = column.split_at_mut_checked(q) else {
                    continue;
                };
                if let (Some(x), Some(y)) = (head.get_mut(p), tail.first_mut()) {
                    (*x, *y) = (c * *x - s * *y, s * *x + c * *y);
                }
            }
            // What the rotation made zero is zero, not its rounding.
            for place in [q * n + p, p * n + q] {
                if let Some(x) = a.get_mut(place) {
                    *x = T::ZERO;
                }
            }
            if let Some((x, y)) = pair(vectors, n, p, q) {
                rotate(x, y, c, s);
            }
        }
    }
    rotated
}

fn sort_descending<T: Real>(values: &mut [T], vectors: &mut [T], n: usize) {
    for place in 0..n {
        let mut best = place;
        for (i, value) in values.iter().enumerate().skip(place + 1) {
            if values.get(best).is_some_and(|b| value > b) {
                best = i;
            }
        }
        if best != place && best < values.len() && place < values.len() {
            values.swap(place, best);
            swap(vectors, n, place, best);
        }
    }
}
