//! The orthogonal polar factor: of M = U S V' it is U V', the nearest orthogonal matrix (Golub and Van Loan 2013,
//! 9.4.3).

use super::{Rotations, combine, singular_values};
use crate::Error;
use crate::math::Real;

/// Numbers of scratch that [`polar`] needs for order k: 2 k² + k.
pub const fn polar_scratch(k: usize) -> usize {
    k.saturating_mul(k).saturating_mul(2).saturating_add(k)
}

/// Replaces `m` (k x k, by columns) by its orthogonal polar factor.
///
/// # Errors
/// `Shape`, `NonFinite`; `Domain` when `m` is singular to working precision, where the factor is not unique.
/// `m` is as it was then.
pub fn polar<T: Real>(m: &mut [T], k: usize, scratch: &mut [T]) -> Result<Rotations, Error> {
    let square = k.checked_mul(k).ok_or(Error::Shape)?;
    let (left, rest) = scratch.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let (right, rest) = rest.split_at_mut_checked(square).ok_or(Error::Shape)?;
    let values = rest.get_mut(..k).ok_or(Error::Shape)?;
    if m.len() != square || k == 0 {
        return Err(Error::Shape);
    }
    for (copy, x) in left.iter_mut().zip(&*m) {
        *copy = *x;
    }
    let rotations = singular_values(left, k, values, right)?;
    if values.contains(&T::ZERO) {
        return Err(Error::Domain);
    }
    transpose(right, k);
    combine(left, k, right, m)?;
    Ok(rotations)
}

/// Transposes a k x k matrix in place.
fn transpose<T: Real>(a: &mut [T], k: usize) {
    for j in 1..k {
        for i in 0..j {
            let (p, q) = (i * k + j, j * k + i);
            if p < a.len() && q < a.len() {
                a.swap(p, q);
            }
        }
    }
}
