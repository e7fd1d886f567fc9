//! Plans: the hops from level to level that a sampler makes.
//!
//! Where a hop ends is a convention of each sampler, and they differ when N does not divide T:
//!
//! ```text
//! DDPM                        p = the next chosen step; after the last, data (ab = 1)
//! DDIM                        p = t - floor(T/N); below 0 data, or ab_0 (`set_alpha_to_one = false`)
//! Euler, Heun, DPM-Solver++   the next chosen sigma; after the last, data (sigma = 0)
//! EDM grid                    sigma_i = (smax^(1/r) + i/(N-1) (smin^(1/r) - smax^(1/r)))^r, r = 7, then data
//! ```
//! Sources: Ho, Jain, Abbeel 2020; Song, Meng, Ermon 2021; Karras et al. 2022, eq. 5; conventions of the diffusers
//! library.

use super::level::{Hop, Level};
use super::schedule::Schedule;
use crate::Error;
use crate::math::Real;

/// Where the last hop of DDIM ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The last hop ends at data, where ab = 1.
    Data,
    /// The last hop ends at the first training step, ab_0.
    FirstStep,
}

/// Plans DDPM through the chosen steps (descending, N), into `hops` (N).
///
/// # Errors
/// `Shape`; `Domain` for a step outside the schedule or steps that do not descend. `hops` may be overwritten.
pub fn ddpm<T: Real>(schedule: &Schedule<'_, T>, chosen: &[u32], hops: &mut [Hop]) -> Result<(), Error> {
    descending(chosen, hops)?;
    let after = chosen.iter().skip(1).map(Some).chain([None]);
    for ((hop, t), next) in hops.iter_mut().zip(chosen).zip(after) {
        let to = next.map_or(Ok(Level::DATA), |p| schedule.level(*p))?;
        *hop = Hop {
            from: schedule.level(*t)?,
            to,
        };
    }
    Ok(())
}

/// Plans DDIM through the chosen steps (descending, N), into `hops` (N).
///
/// # Errors
/// As [`ddpm`].
pub fn ddim<T: Real>(
    schedule: &Schedule<'_, T>,
    chosen: &[u32],
    ending: Ending,
    hops: &mut [Hop],
) -> Result<(), Error> {
    descending(chosen, hops)?;
    let count = u32::try_from(chosen.len()).map_err(|_| Error::Domain)?;
    let stride = schedule.steps().checked_div(count).ok_or(Error::Shape)?;
    for (hop, t) in hops.iter_mut().zip(chosen) {
        let to = match (t.checked_sub(stride), ending) {
            (Some(p), _) => schedule.level(p)?,
            (None, Ending::Data) => Level::DATA,
            (None, Ending::FirstStep) => schedule.level(0)?,
        };
        *hop = Hop {
            from: schedule.level(*t)?,
            to,
        };
    }
    Ok(())
}

fn descending(chosen: &[u32], hops: &[Hop]) -> Result<(), Error> {
    if chosen.is_empty() || chosen.len() != hops.len() {
        return Err(Error::Shape);
    }
    if chosen.iter().zip(chosen.iter().skip(1)).all(|(a, b)| a > b) {
        Ok(())
    } else {
        Err(Error::Domain)
    }
}

/// Plans Euler, Heun or DPM-Solver++ through the chosen, possibly fractional times (N), into `hops` (N).
///
/// # Errors
/// `Shape`, `NonFinite`; `Domain` for a time outside the schedule, or unless sigma falls at each hop. `hops` may be
/// overwritten.
pub fn sigmas<T: Real>(schedule: &Schedule<'_, T>, chosen: &[f64], hops: &mut [Hop]) -> Result<(), Error> {
    if chosen.is_empty() || chosen.len() != hops.len() {
        return Err(Error::Shape);
    }
    let levels = chosen.iter().map(|t| schedule.interpolated(*t));
    chain(levels, hops)
}

/// The grid of sigmas of Karras et al. 2022.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KarrasGrid {
    /// The largest sigma, sigma_0.
    pub largest: f64,
    /// The smallest sigma before data, sigma_{N-1} > 0.
    pub smallest: f64,
    /// r; larger puts more of the steps near the data.
    pub exponent: f64,
}

impl KarrasGrid {
    /// The grid of the EDM paper: 80 to 0.002 with r = 7.
    pub const EDM: Self = Self {
        largest: 80.0,
        smallest: 0.002,
        exponent: 7.0,
    };

    /// Plans Euler, Heun or DPM-Solver++ along the grid, into `hops` (N); the last hop goes from `smallest` to data.
    /// `time` gives the time that the model is told at a sigma (EDM networks: ln(sigma) / 4).
    ///
    /// # Errors
    /// `Shape` for N = 0; `NonFinite`; `Domain` unless 0 < smallest < largest and exponent >= 1 (N = 1 uses `largest`
    /// alone). `hops` may be overwritten.
    pub fn plan(&self, mut time: impl FnMut(f64) -> f64, hops: &mut [Hop]) -> Result<(), Error> {
        let last = hops.len().checked_sub(1).ok_or(Error::Shape)?;
        if ![self.largest, self.smallest, self.exponent]
            .iter()
            .all(|x| x.is_finite())
        {
            return Err(Error::NonFinite);
        }
        if !(self.smallest > 0.0 && self.smallest < self.largest && self.exponent >= 1.0) {
            return Err(Error::Domain);
        }
        let root = |sigma: f64| Real::exp(Real::ln(sigma) / self.exponent);
        let (high, low) = (root(self.largest), root(self.smallest));
        let levels = (0..hops.len()).map(|i| {
            let sigma = match i {
                0 => self.largest,
                i if i == last => self.smallest,
                i => {
                    let part = f64::of_count(i) / f64::of_count(last);
                    Real::exp(self.exponent * Real::ln(high + part * (low - high)))
                }
            };
            Level::of_sigma(time(sigma), sigma)
        });
        chain(levels, hops)
    }
}

/// Hops from each level to the next, and from the last to data.
fn chain(levels: impl Iterator<Item = Result<Level, Error>>, hops: &mut [Hop]) -> Result<(), Error> {
    let mut before: Option<&mut Hop> = None;
    for (hop, level) in hops.iter_mut().zip(levels) {
        let level = level?;
        if let Some(before) = before {
            if level.sigma() >= before.from.sigma() {
                return Err(Error::Domain);
            }
            before.to = level;
        }
        *hop = Hop {
            from: level,
            to: Level::DATA,
        };
        before = Some(hop);
    }
    Ok(())
}

/// Turns a plan of DDIM round: from its end to its start, for inversion (data to noise). The model is then
/// evaluated at the less noisy end of each hop, where the state is.
pub fn invert(hops: &mut [Hop]) {
    hops.reverse();
    for hop in hops {
        (hop.from, hop.to) = (hop.to, hop.from);
    }
}
