//! Guidance: combinations of several outputs of a model.
//!
//! ```text
//! classifier-free   e = e_u + w (e_c - e_u)               w = 0 unconditional, 1 conditional, > 1 extrapolated
//! x-space           x <- x + gamma [eps(x + delta v, t) - eps(x, t)]
//! ```
//! Sources: Ho, Salimans 2022, eq. 6 (its w is this one minus 1); Park et al. 2023, section 3.3.

use super::prediction::{check, finite};
use crate::Error;
use crate::math::Real;

/// Classifier-free guidance of weight w, all slices of one length. w = 1 and w = 0 copy the one output bit for bit:
/// the other need not be computed, any slice of the right length will do for it.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `combined` is overwritten).
pub fn classifier_free<T: Real>(
    unconditional: &[T],
    conditional: &[T],
    weight: T,
    combined: &mut [T],
) -> Result<(), Error> {
    check(&[unconditional, conditional], combined)?;
    if !weight.is_finite() {
        return Err(Error::NonFinite);
    }
    for ((out, u), c) in combined.iter_mut().zip(unconditional).zip(conditional) {
        *out = if weight == T::ONE {
            *c
        } else if weight == T::ZERO {
            *u
        } else {
            *u + weight * (*c - *u)
        };
    }
    finite(combined)
}

/// x + delta v: where the second output of [`x_space`] is taken. All slices of one length.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `shifted` is overwritten).
pub fn shifted<T: Real>(x: &[T], direction: &[T], delta: T, shifted: &mut [T]) -> Result<(), Error> {
    check(&[x, direction], shifted)?;
    if !delta.is_finite() {
        return Err(Error::NonFinite);
    }
    for ((out, x), v) in shifted.iter_mut().zip(x).zip(direction) {
        *out = *x + delta * *v;
    }
    finite(shifted)
}

/// One step of guidance in x-space, from the noise at the shifted and at the plain state to `next`, all slices of
/// one length. gamma = 0 leaves every bit of x.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten).
pub fn x_space<T: Real>(
    x: &[T],
    at_shifted: &[T],
    at_plain: &[T],
    gamma: T,
    next: &mut [T],
) -> Result<(), Error> {
    check(&[x, at_shifted, at_plain], next)?;
    if !gamma.is_finite() {
        return Err(Error::NonFinite);
    }
    let outputs = at_shifted.iter().zip(at_plain);
    for ((out, x), (shifted, plain)) in next.iter_mut().zip(x).zip(outputs) {
        *out = if gamma == T::ZERO {
            *x
        } else {
            *x + gamma * (*shifted - *plain)
        };
    }
    finite(next)
}
