//! Singular value decomposition by one-sided Jacobi rotations (Hestenes 1958; Golub and Van Loan 2013, 8.6.3).
//!
//! The columns of A are rotated in pairs until all are orthogonal: A R = U S, so A = U S R'. Small singular values
//! come out with small relative errors when the columns are badly scaled, which a reduction to bidiagonal form
//! would lose.

use super::columns::{count, identity, largest, pair, rotate, rotation, swap};
use super::{MAX_SWEEPS, Rotations};
use crate::Error;
use crate::math::{Real, dot};

/// Decomposes `a`, k columns of length n, in place: `a` becomes U (k left vectors of length n), `values` (k) the
/// singular values in descending order, `right` (k x k, by columns) the right vectors. A singular value that is
/// zero, or below 4 EPSILON k of the largest, is returned as 0 with a zero left vector. n < k is allowed.
///
/// Cost about 3 n k² multiply-adds a sweep, six to ten sweeps.
///
/// # Errors
/// `Shape`, `NonFinite`; nothing has changed then. `NonFinite` also when a singular value overflows.
pub fn singular_values<T: Real>(
    a: &mut [T],
    n: usize,
    values: &mut [T],
    right: &mut [T],
) -> Result<Rotations, Error> {
    let k = count(a, n)?;
    if values.len() != k || k.checked_mul(k) != Some(right.len()) {
        return Err(Error::Shape);
    }
    let n = n.max(1);
    identity(right, k);
    let scale = largest(a);
    if scale == T::ZERO {
        values.fill(T::ZERO);
        return Ok(Rotations {
            converged: true,
            sweeps: 0,
        });
    }
    for x in a.iter_mut() {
        *x /= scale;
    }
    let rotations = rotate_to_orthogonal(a, n, k, right);
    for (value, column) in values.iter_mut().zip(a.chunks_exact(n)) {
        *value = dot(column, column).sqrt();
    }
    sort_descending(values, a, n, right, k);
    let floor = T::of(4.0) * T::EPSILON * T::of_count(k) * values.first().copied().unwrap_or(T::ZERO);
    for (value, column) in values.iter_mut().zip(a.chunks_exact_mut(n)) {
        if *value > floor {
            for x in column {
                *x /= *value;
            }
            *value *= scale;
        } else {
            column.fill(T::ZERO);
            *value = T::ZERO;
        }
    }
    if values.iter().all(|x| x.is_finite()) {
        Ok(rotations)
    } else {
        Err(Error::NonFinite)
    }
}

fn rotate_to_orthogonal<T: Real>(a: &mut [T], n: usize, k: usize, right: &mut [T]) -> Rotations {
    let tolerance = T::EPSILON * T::of_count(n).sqrt();
    let longest = a
        .chunks_exact(n)
        .fold(T::ZERO, |m, c| crate::math::larger(dot(c, c), m));
    // Columns this short are rounding errors of the others: rotating them on would never end.
    let negligible = T::EPSILON * T::EPSILON * longest;
    for sweep in 1..=MAX_SWEEPS {
        let mut rotated = false;
        for q in 1..k {
            for p in 0..q {
                let Some((x, y)) = pair(a, n, p, q) else { continue };
                let (xx, yy, xy) = (dot(x, x), dot(y, y), dot(x, y));
                if xx <= negligible || yy <= negligible || xy.abs() <= tolerance * (xx.sqrt() * yy.sqrt()) {
                    continue;
                }
                rotated = true;
                let (c, s) = rotation((yy - xx) / (T::TWO * xy));
                rotate(x, y, c, s);
                if let Some((x, y)) = pair(right, k, p, q) {
                    rotate(x, y, c, s);
                }
            }
        }
        if !rotated {
            return Rotations {
                converged: true,
                sweeps: sweep,
            };
        }
    }
    Rotations {
        converged: false,
        sweeps: MAX_SWEEPS,
    }
}

/// Selection sort of the values with their columns of both matrices; ties keep their order.
fn sort_descending<T: Real>(values: &mut [T], a: &mut [T], n: usize, right: &mut [T], k: usize) {
    for place in 0..k {
        let mut best = place;
        for (i, value) in values.iter().enumerate().skip(place + 1) {
            if values.get(best).is_some_and(|b| value > b) {
                best = i;
            }
        }
        if best != place && best < values.len() && place < values.len() {
            values.swap(place, best);
            swap(a, n, place, best);
            swap(right, k, place, best);
        }
    }
}
