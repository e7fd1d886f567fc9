//! Implicit sampling (DDIM), from deterministic (eta = 0) to as random as DDPM (eta = 1); and its inversion.
//!
//! ```text
//! s²  = eta² (1 - ab_p) / (1 - ab_t) (1 - ab_t / ab_p)
//! x'  = sqrt(ab_p) x0hat + sqrt(1 - ab_p - s²) eps + s z
//! ```
//! A clipped x0hat does not change eps here, as by default in the diffusers library ([`Sampler::bounded`] derives it again,
//! without which many steps fade the image). With eta = 0 the map is the Euler step of the probability flow in
//! x / sqrt(ab), and the same formula with p > t inverts it to first order: the model is evaluated where the
//! state is.
//!
//! [`Sampler::bounded`]: super::Sampler::bounded
//!
//! Source: Song, Meng, Ermon 2021, eqs. 12 and 16, section 4.3.

use super::level::Hop;
use super::prediction::{Clip, Prediction, Split, check, finite};
use crate::Error;
use crate::math::Real;

/// One hop: from the state `x` and the model's `output` at x to `next`, all of one length. `noise` is standard
/// normal, of the same length; it may be empty for eta = 0. `clip` bounds |x0hat|.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten); `Domain` for eta outside [0, 1] or
/// above 0 on a hop that adds noise, for a clip <= 0, and as [`Prediction::split`].
#[expect(clippy::too_many_arguments, reason = "the formula has as many")]
pub fn step<T: Real>(
    x: &[T],
    output: &[T],
    noise: &[T],
    hop: &Hop,
    prediction: Prediction,
    eta: f64,
    clip: Option<f64>,
    next: &mut [T],
) -> Result<(), Error> {
    let (split, clip) = (Split::new(prediction, &hop.from)?, Clip::new(clip)?);
    check(&[x, output], next)?;
    let squared = variance(hop, eta)?;
    let left = hop.to.noise() * hop.to.noise() - squared;
    // eta = 0 keeps the noise exactly; rounding must not make a root of a negative number.
    let of_noise = match squared {
        0.0 => hop.to.noise(),
        _ if left > 0.0 => Real::sqrt(left),
        _ => 0.0,
    };
    let (of_data, of_noise) = (T::of(hop.to.signal()), T::of(of_noise));
    let flow = |x: T, output: T| {
        let (data, noise) = split.of(x, output);
        of_data * clip.of(data) + of_noise * noise
    };
    if eta > 0.0 {
        check(&[noise], next)?;
        let spread = T::of(Real::sqrt(squared));
        for (((next, x), output), z) in next.iter_mut().zip(x).zip(output).zip(noise) {
            *next = flow(*x, *output) + spread * *z;
        }
    } else {
        for ((next, x), output) in next.iter_mut().zip(x).zip(output) {
            *next = flow(*x, *output);
        }
    }
    finite(next)
}

/// The variance s² that a hop of DDIM draws anew.
fn variance(hop: &Hop, eta: f64) -> Result<f64, Error> {
    if !eta.is_finite() {
        return Err(Error::NonFinite);
    }
    if !(0.0..=1.0).contains(&eta) {
        return Err(Error::Domain);
    }
    if eta == 0.0 {
        return Ok(0.0);
    }
    let (from, to) = (
        hop.from.noise() * hop.from.noise(),
        hop.to.noise() * hop.to.noise(),
    );
    if from < to || from == 0.0 {
        return Err(Error::Domain);
    }
    Ok(eta * eta * (to / from) * ((from - to) / hop.to.alpha_bar()))
}
