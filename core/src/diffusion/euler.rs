//! Euler's method for the probability flow in y = x / sqrt(ab): dy / dsigma = eps.
//!
//! ```text
//! y_{i+1} = y_i + (sigma_{i+1} - sigma_i) eps(y_i / sqrt(1 + sigma_i²))
//! ```
//! The same map as DDIM with eta = 0 in other variables. Source: Karras et al. 2022, eq. 1 and algorithm 1 without its
//! correction.

use super::level::{Hop, Level};
use super::prediction::{Prediction, Split, check, finite};
use crate::Error;
use crate::math::Real;

/// What the model is shown: x = signal y. `Domain` at signal 0, where y does not exist.
pub(super) fn model_input<T: Real>(y: &[T], level: &Level, x: &mut [T]) -> Result<(), Error> {
    if level.signal() <= 0.0 {
        return Err(Error::Domain);
    }
    check(&[y], x)?;
    let signal = T::of(level.signal());
    for (x, y) in x.iter_mut().zip(y) {
        *x = *y * signal;
    }
    finite(x)
}

/// sigma' - sigma of a hop that both samplers of this family accept.
pub(super) fn width(hop: &Hop) -> Result<f64, Error> {
    if hop.from.signal() <= 0.0 || hop.to.signal() <= 0.0 {
        return Err(Error::Domain);
    }
    Ok(hop.to.sigma() - hop.from.sigma())
}

/// The scaled state that the model is to see, x = y / sqrt(1 + sigma²), of the length of `y`.
///
/// # Errors
/// `Shape`, `NonFinite`; `Domain` for a level without signal.
pub fn scaled<T: Real>(y: &[T], level: &Level, x: &mut [T]) -> Result<(), Error> {
    model_input(y, level, x)
}

/// One hop: from `y` and the model's `output` at its [`scaled`] state to `next`, all of one length.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten); `Domain` for a level without signal,
/// and as [`Prediction::split`].
pub fn step<T: Real>(
    y: &[T],
    output: &[T],
    hop: &Hop,
    prediction: Prediction,
    next: &mut [T],
) -> Result<(), Error> {
    let split = Split::new(prediction, &hop.from)?;
    check(&[y, output], next)?;
    let (width, signal) = (T::of(width(hop)?), T::of(hop.from.signal()));
    for ((next, y), output) in next.iter_mut().zip(y).zip(output) {
        *next = *y + width * split.of(*y * signal, *output).1;
    }
    finite(next)
}
