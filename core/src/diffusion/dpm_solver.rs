//! DPM-Solver++(2M): second-order multistep integration in lambda = ln(signal / noise), exact in the linear part.
//!
//! ```text
//! m_i = x0hat at level i      h = lambda_{i+1} - lambda_i      r = h_{i-1} / h      e^-h = sigma_{i+1} / sigma_i
//! x_{i+1} = noise_{i+1} / noise_i x_i + signal_{i+1} (1 - e^-h) [m_i + (m_i - m_{i-1}) / (2 r)]
//! ```
//! The first hop, and the last one to sigma = 0, where h is infinite, use m_i alone. One evaluation a hop.
//! Source: Lu, Zhou, Bao, Chen, Li, Zhu 2022, algorithm 2 (midpoint).

use super::level::Hop;
use super::prediction::{Prediction, check, finite};
use crate::Error;
use crate::math::Real;

/// What a hop needs of the one before: predicted data (the length of the state) and the hop itself.
#[derive(Clone, Copy, Debug)]
pub struct Previous<'a, T> {
    /// The data prediction of the hop before, m_{i-1}.
    pub data: &'a [T],
    /// The hop that ended where this one starts.
    pub hop: &'a Hop,
}

/// Predicted data from a model's output: in place, m_i for [`step`].
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `output` is overwritten); `Domain` as [`Prediction::split`].
pub fn predicted_data<T: Real>(
    x: &[T],
    output: &mut [T],
    hop: &Hop,
    prediction: Prediction,
) -> Result<(), Error> {
    let split = super::prediction::Split::new(prediction, &hop.from)?;
    check(&[x], output)?;
    finite(output)?;
    for (output, x) in output.iter_mut().zip(x) {
        *output = split.of(*x, *output).0;
    }
    finite(output)
}

/// One hop: from the state `x` and the predicted `data` to `next`, all of one length; without `previous` of first order.
///
/// # Errors
/// `Shape`; `NonFinite` (for a result that is not finite, `next` is overwritten); `Domain` unless both hops remove noise
/// and start with signal and noise.
pub fn step<T: Real>(
    x: &[T],
    data: &[T],
    previous: Option<Previous<'_, T>>,
    hop: &Hop,
    next: &mut [T],
) -> Result<(), Error> {
    check(&[x, data], next)?;
    let kept = ratio(hop)?;
    let of_state = T::of(hop.to.noise() / hop.from.noise());
    let of_data = hop.to.signal() * (1.0 - kept);
    match previous {
        Some(previous) if kept > 0.0 => {
            check(&[previous.data], next)?;
            let before = ratio(previous.hop)?;
            if before <= 0.0 {
                return Err(Error::Domain);
            }
            // 1 / (2 r) = h / (2 h_{i-1})
            let weight = 0.5 * Real::ln(kept) / Real::ln(before);
            let (newer, older) = (T::of(of_data * (1.0 + weight)), T::of(of_data * weight));
            let pairs = data.iter().zip(previous.data);
            for ((next, x), (m, old)) in next.iter_mut().zip(x).zip(pairs) {
                *next = of_state * *x + (newer * *m - older * *old);
            }
        }
        _ => {
            let of_data = T::of(of_data);
            for ((next, x), m) in next.iter_mut().zip(x).zip(data) {
                *next = of_state * *x + of_data * *m;
            }
        }
    }
    finite(next)
}

/// e^-h = sigma' / sigma, in [0, 1).
fn ratio(hop: &Hop) -> Result<f64, Error> {
    if hop.from.signal() <= 0.0 || hop.from.noise() <= 0.0 {
        return Err(Error::Domain);
    }
    let ratio = hop.to.sigma() / hop.from.sigma();
    if ratio < 1.0 {
        Ok(ratio)
    } else {
        Err(Error::Domain)
    }
}
