//! The grid of times of the authors' code (Park et al. 2023), for runs that are to be compared with it.
//!
//! s_j = (T - 1) j / (N - 1), j = 0 .. N-1; alpha bar is that of the whole time below, floor(s_j), while the net is told s_j
//! itself. Sampling goes s_{N-1}, ..., s_1, s_0 and ends there, at alpha bar of time 0 and not at data. Inversion
//! goes s_0, ..., s_{N-2}: their loop stops one step early, so that its result is a little less noisy than the time
//! s_{N-1} that it is used at.

use gibbs_core::Error;
use gibbs_core::diffusion::{Hop, Level};

/// The levels s_0 .. s_{N-1} of a table of alpha bars.
///
/// # Errors
/// `Shape` unless 2 <= N <= T.
pub fn levels(alpha_bar: &[f64], points: usize) -> Result<Vec<Level>, Error> {
    if points < 2 || points > alpha_bar.len() {
        return Err(Error::Shape);
    }
    let last = alpha_bar.len() - 1;
    (0..points)
        .map(|j| {
            let t = (last * j) as f64 / (points - 1) as f64;
            level(alpha_bar, t)
        })
        .collect()
}

/// The level of a time of the grid, 0 to T - 1.
///
/// # Errors
/// `Domain` outside.
pub fn level(alpha_bar: &[f64], t: f64) -> Result<Level, Error> {
    // A time below 0 or NaN would be cast to 0.
    let known = (t >= 0.0).then(|| alpha_bar.get(t as usize)).flatten();
    Level::of_alpha_bar(t, *known.ok_or(Error::Domain)?)
}

/// The hops of sampling from the point `from` of the grid down to the point `to`.
pub fn down(levels: &[Level], from: usize, to: usize) -> Vec<Hop> {
    let pairs = levels.get(to..=from).unwrap_or_default().windows(2);
    pairs
        .rev()
        .map(|pair| Hop {
            from: pair[1],
            to: pair[0],
        })
        .collect()
}

/// The hops of inversion: from s_0 to s_{N-2}.
pub fn inversion(levels: &[Level]) -> Vec<Hop> {
    let (_, visited) = levels.split_last().unwrap_or((&Level::DATA, &[]));
    let pairs = visited.windows(2);
    pairs
        .map(|pair| Hop {
            from: pair[0],
            to: pair[1],
        })
        .collect()
}
