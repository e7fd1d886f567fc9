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

#[cfg(test)]
mod tests {
    //! Mutations seen red: alpha bar of the time above; the loop of inversion run to its end.
    use super::*;

    /// ab_t = 1 - t / 20, of 10 times.
    fn table() -> Vec<f64> {
        (0..10).map(|t| 1.0 - f64::from(t) / 20.0).collect()
    }

    #[test]
    fn times_are_fractional_and_tables_are_read_below_them() {
        let levels = levels(&table(), 5).unwrap();
        let times: Vec<f64> = levels.iter().map(Level::timestep).collect();
        assert_eq!(times, [0.0, 2.25, 4.5, 6.75, 9.0]);
        for (level, below) in levels.iter().zip([0, 2, 4, 6, 9]) {
            let expected = Level::of_alpha_bar(level.timestep(), table()[below]).unwrap();
            assert_eq!(*level, expected);
        }
        // As many points as times: each is one.
        let whole = super::levels(&table(), 10).unwrap();
        assert!(
            whole
                .iter()
                .zip(0..)
                .all(|(level, t)| level.timestep() == f64::from(t))
        );
    }

    #[test]
    fn sampling_ends_at_time_0_and_inversion_one_step_early() {
        let levels = levels(&table(), 5).unwrap();
        let pairs = |hops: &[Hop]| -> Vec<(f64, f64)> {
            let pair = |hop: &Hop| (hop.from.timestep(), hop.to.timestep());
            hops.iter().map(pair).collect()
        };
        let sampling = down(&levels, 4, 0);
        assert_eq!(
            pairs(&sampling),
            [(9.0, 6.75), (6.75, 4.5), (4.5, 2.25), (2.25, 0.0)]
        );
        assert_eq!(sampling[3].to, levels[0]);
        assert_eq!(pairs(&down(&levels, 3, 1)), [(6.75, 4.5), (4.5, 2.25)]);
        assert_eq!(down(&levels, 2, 2), []);
        assert_eq!(
            pairs(&inversion(&levels)),
            [(0.0, 2.25), (2.25, 4.5), (4.5, 6.75)]
        );
    }

    #[test]
    fn grids_that_are_none() {
        for points in [0, 1, 11] {
            assert_eq!(levels(&table(), points), Err(Error::Shape), "{points}");
        }
        for t in [-0.5, 10.0, f64::NAN] {
            assert!(level(&table(), t).is_err(), "{t}");
        }
    }
}
