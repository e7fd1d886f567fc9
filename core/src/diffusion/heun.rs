//! Heun's method for the probability flow in y = x / sqrt(ab) (EDM, without churn): the trapezoidal rule.
//!
//! ```text
//! k1 = eps(y_i at sigma_i)     trial = y_i + h k1     h = sigma_{i+1} - sigma_i
//! k2 = eps(trial at sigma_{i+1})
//! y_{i+1} = y_i + h (k1 + k2) / 2;     the last hop, to sigma = 0, ends at the trial
//! ```
//! 2N - 1 evaluations for N hops, order 2. The trial is [`super::euler::step`].
//! Source: Karras et al. 2022, algorithm 1.

use super::euler::width;
use super::level::Hop;
use super::prediction::{Prediction, Split, check, finite};
use crate::Error;
use crate::math::Real;

/// Whether a hop has a second evaluation.
pub fn is_corrected(hop: &Hop) -> bool {
    hop.to.noise() > 0.0
}

/// The correction of a hop: from `y`, the model's `first` output at y, the `trial` and the model's `second` output
/// at the trial (seen scaled, at the level where the hop ends) to `next`, all of one length.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten); `Domain` for a level without signal,
/// and as [`Prediction::split`].
pub fn correct<T: Real>(
    y: &[T],
    first: &[T],
    trial: &[T],
    second: &[T],
    hop: &Hop,
    prediction: Prediction,
    next: &mut [T],
) -> Result<(), Error> {
    let (from, to) = (
        Split::new(prediction, &hop.from)?,
        Split::new(prediction, &hop.to)?,
    );
    check(&[y, first, trial, second], next)?;
    let half = T::of(0.5 * width(hop)?);
    let (here, there) = (T::of(hop.from.signal()), T::of(hop.to.signal()));
    let outputs = first.iter().zip(trial).zip(second);
    for ((next, y), ((first, trial), second)) in next.iter_mut().zip(y).zip(outputs) {
        let slope = from.of(*y * here, *first).1 + to.of(*trial * there, *second).1;
        *next = *y + half * slope;
    }
    finite(next)
}
