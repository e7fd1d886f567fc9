//! Ancestral sampling (DDPM): one draw from the posterior of the less noisy state.
//!
//! ```text
//! a = ab_t / ab_p    b = 1 - a     (p: where the hop ends)
//! mean = sqrt(ab_p) b / (1 - ab_t) x0hat + sqrt(a) (1 - ab_p) / (1 - ab_t) x
//! var  = (1 - ab_p) / (1 - ab_t) b, at least 1e-20   (fixed_small)      or      b   (fixed_large)
//! x'   = mean + sqrt(var) z if t > 0
//! ```
//! Source: Ho, Jain, Abbeel 2020, eqs. 6 and 7, section 3.2, for hops over several steps as in Nichol, Dhariwal
//! 2021.

use super::level::Hop;
use super::prediction::{Clip, Prediction, Split, check, finite};
use crate::Error;
use crate::math::Real;

/// Variance of a step, between the two bounds of Ho et al.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Variance {
    /// Exact for data at one point.
    FixedSmall,
    /// Exact for data of unit variance.
    FixedLarge,
}

/// Whether [`step`] adds noise on this hop.
pub fn is_random(hop: &Hop) -> bool {
    hop.from.timestep() > 0.0
}

/// One hop: from the state `x`, the model's `output` at x, and standard normal `noise` to `next`, all of one
/// length; `noise` may be empty where [`is_random`] says no. `clip` bounds |x0hat|.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten); `Domain` unless the hop removes
/// noise, for a clip <= 0, and as [`Prediction::split`].
#[expect(clippy::too_many_arguments, reason = "the formula has as many")]
pub fn step<T: Real>(
    x: &[T],
    output: &[T],
    noise: &[T],
    hop: &Hop,
    prediction: Prediction,
    variance: Variance,
    clip: Option<f64>,
    next: &mut [T],
) -> Result<(), Error> {
    let (split, clip) = (Split::new(prediction, &hop.from)?, Clip::new(clip)?);
    check(&[x, output], next)?;
    let (from, to) = (
        hop.from.noise() * hop.from.noise(),
        hop.to.noise() * hop.to.noise(),
    );
    if from <= to {
        return Err(Error::Domain);
    }
    // 1 - ab_t / ab_p = ((1 - ab_t) - (1 - ab_p)) / ab_p
    let b = (from - to) / hop.to.alpha_bar();
    let of_data = T::of(hop.to.signal() * b / from);
    let of_state = T::of(hop.from.signal() / hop.to.signal() * to / from);
    let spread = match variance {
        Variance::FixedSmall if to / from * b < 1e-20 => 1e-20,
        Variance::FixedSmall => to / from * b,
        Variance::FixedLarge => b,
    };
    let mean = |x: T, output: T| of_data * clip.of(split.of(x, output).0) + of_state * x;
    if is_random(hop) {
        check(&[noise], next)?;
        let spread = T::of(Real::sqrt(spread));
        for (((next, x), output), z) in next.iter_mut().zip(x).zip(output).zip(noise) {
            *next = mean(*x, *output) + spread * *z;
        }
    } else {
        for ((next, x), output) in next.iter_mut().zip(x).zip(output) {
            *next = mean(*x, *output);
        }
    }
    finite(next)
}
