//! Which N of the T training steps a sampler visits, noisiest first.
//!
//! ```text
//! leading    i floor(T/N) + offset, i = N-1 .. 0           (offset: `steps_offset`)
//! linspace   round(i (T-1)/(N-1)), i = N-1 .. 0            (N = 1: step 0)
//! trailing   round(T - i T/N) - 1, i = 0 .. N-1
//! ```
//! Halves round to the even number. Euler and Heun keep the fractions of linspace ([`fractional`]). Multistep
//! DPM-Solver++ takes N + 1 points and leaves the last out ([`multistep`]): leading i floor(T/(N+1)) + offset and
//! linspace round(i (T-1)/N), i = N .. 1.
//! Sources: Lin et al. 2024, table 2; the rounding and the multistep variants are those of the diffusers library.

use crate::Error;
use crate::math::Real;

/// Where the N chosen steps lie among the T of training.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Spacing {
    /// Counted from the data's end; the noisiest steps are not visited.
    Leading {
        /// The number added to every step.
        offset: u32,
    },
    /// Evenly from 0 to T - 1, both ends included.
    Linspace,
    /// Counted from the noisy end.
    Trailing,
}

/// Fills `chosen` (N) with steps of 0 .. `steps` (T), descending: for DDPM and DDIM.
///
/// # Errors
/// `Shape` for N = 0 or T = 0; `Domain` for N > T, or when the offset leads past the last step.
pub fn timesteps(spacing: Spacing, steps: u32, chosen: &mut [u32]) -> Result<(), Error> {
    fill(spacing, steps, 0, chosen, |t| t.round_even() as u32)
}

/// The steps of multistep DPM-Solver++, N + 1 points without the last; otherwise as [`timesteps`]. (N = T is refused
/// under `Leading`, whose stride is then 0.)
///
/// # Errors
/// As [`timesteps`].
pub fn multistep(spacing: Spacing, steps: u32, chosen: &mut [u32]) -> Result<(), Error> {
    fill(spacing, steps, 1, chosen, |t| t.round_even() as u32)
}

/// The steps of Euler and Heun, where linspace is not rounded; otherwise as [`timesteps`].
///
/// # Errors
/// As [`timesteps`].
pub fn fractional(spacing: Spacing, steps: u32, chosen: &mut [f64]) -> Result<(), Error> {
    let rounds = spacing != Spacing::Linspace;
    fill(
        spacing,
        steps,
        0,
        chosen,
        |t| if rounds { t.round_even() } else { t },
    )
}

/// `left_out` points are counted at the data's end but not visited.
fn fill<X>(
    spacing: Spacing,
    steps: u32,
    left_out: u32,
    chosen: &mut [X],
    of: impl Fn(f64) -> X,
) -> Result<(), Error> {
    let count = u32::try_from(chosen.len()).map_err(|_| Error::Domain)?;
    if count == 0 || steps == 0 {
        return Err(Error::Shape);
    }
    if count > steps {
        return Err(Error::Domain);
    }
    let points = count.saturating_add(left_out);
    let (total, stride) = (f64::from(steps), steps.checked_div(points).unwrap_or(0));
    if let Spacing::Leading { offset } = spacing {
        let noisiest = u64::from(points - 1) * u64::from(stride) + u64::from(offset);
        if stride == 0 || noisiest >= u64::from(steps) {
            return Err(Error::Domain);
        }
    }
    for (i, x) in (0..points).zip(chosen) {
        let from_data = f64::from(points - 1 - i);
        *x = of(match spacing {
            Spacing::Leading { offset } => from_data * f64::from(stride) + f64::from(offset),
            Spacing::Linspace if points == 1 => 0.0,
            Spacing::Linspace if i == 0 => total - 1.0,
            Spacing::Linspace => from_data * ((total - 1.0) / f64::from(points - 1)),
            Spacing::Trailing => (total - f64::from(i) * (total / f64::from(count))).round_even() - 1.0,
        });
    }
    Ok(())
}
