//! The exact denoiser of ±1 data: the posterior mean by enumeration of all 2^n states, n <= 16.
//!
//! ```text
//! p(s | x) ∝ p(s) exp(-|x - signal s|² / (2 noise²)) ∝ p(s) exp(Σ_i h_i s_i),     h_i = signal x_i / noise²
//! ```
//! since |s|² = n for every state: noise acts as an external field. Bit b of a state's number is spin b, a bit of 1
//! is +1, as everywhere in [`crate::ising`]. Source: derived.

use super::level::Level;
use crate::Error;
use crate::math::{Real, larger};

/// The most spins whose states are enumerated.
pub const MAX_SPINS: usize = 16;

/// E\[s | x\] into `mean` (n), for a state `x` (n) at a level; `log_weights` (2^n) holds ln p(s) up to a constant, minus
/// infinity for states that do not occur. Cost about n 2^(n+1) multiply-adds and 2^n exponentials.
///
/// # Errors
/// `Shape`; `Capacity` for n > 16; `NonFinite`, also for a log-weight that is NaN or plus infinity; `Domain` when no
/// state can occur, or at a level without noise.
pub fn posterior_mean<T: Real>(
    log_weights: &[T],
    x: &[T],
    level: &Level,
    mean: &mut [T],
) -> Result<(), Error> {
    let n = x.len();
    if n > MAX_SPINS {
        return Err(Error::Capacity);
    }
    if n == 0 || mean.len() != n || log_weights.len() != 1 << n {
        return Err(Error::Shape);
    }
    let plus_infinity = T::of(f64::INFINITY);
    if !x.iter().all(|x| x.is_finite()) || !log_weights.iter().all(|w| *w < plus_infinity) {
        return Err(Error::NonFinite);
    }
    if level.noise() <= 0.0 {
        return Err(Error::Domain);
    }
    let field = T::of(level.signal() / (level.noise() * level.noise()));
    let spin = |state: u32, i: usize| {
        if state >> i & 1 == 1 { T::ONE } else { -T::ONE }
    };
    let exponent = |(state, log_weight): (u32, &T)| {
        let mut sum = T::ZERO;
        for (i, x) in x.iter().enumerate() {
            sum += *x * spin(state, i);
        }
        *log_weight + field * sum
    };
    let highest = (0..)
        .zip(log_weights)
        .map(exponent)
        .fold(-plus_infinity, |m, e| larger(e, m));
    if highest == -plus_infinity {
        return Err(Error::Domain);
    }
    if !highest.is_finite() {
        return Err(Error::NonFinite);
    }
    let mut total = T::ZERO;
    mean.fill(T::ZERO);
    for state in (0..).zip(log_weights) {
        let weight = (exponent(state) - highest).exp();
        total += weight;
        for (i, mean) in mean.iter_mut().enumerate() {
            *mean += weight * spin(state.0, i);
        }
    }
    for mean in mean.iter_mut() {
        *mean /= total;
    }
    super::prediction::finite(mean)
}
