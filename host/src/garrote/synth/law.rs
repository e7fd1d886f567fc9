//! The joint law of the columns of a synthetic design.

/// How the columns of the design depend on each other.
#[derive(Clone, Copy)]
pub(super) enum Law {
    /// Stationary autoregression of order 1 along the columns: corr(i, j) = r^|i-j|; r = 0 is iid.
    Chain(f64),
    /// Zhao and Yu's third column, a mixture of the first two.
    ZhaoYu,
}

impl Law {
    /// Turns iid standard normal columns into columns of this law.
    pub(super) fn impose(self, x: &mut [f64], rows: usize) {
        match self {
            Self::Chain(r) => {
                let fresh = (1.0 - r * r).sqrt();
                for end in (2..=x.len() / rows).filter(|_| r != 0.0) {
                    let (before, here) = x[..end * rows].split_at_mut((end - 1) * rows);
                    let before = &before[(end - 2) * rows..];
                    here.iter_mut()
                        .zip(before)
                        .for_each(|(x, p)| *x = r * p + fresh * *x);
                }
            }
            Self::ZhaoYu => {
                let (pair, third) = x.split_at_mut(2 * rows);
                let (first, second) = pair.split_at(rows);
                for ((e, a), b) in third.iter_mut().zip(first).zip(second) {
                    *e = (2.0 * a + 2.0 * b + *e) / 3.0;
                }
            }
        }
    }

    /// w'Sw, the variance of the noiseless target; S as in [`Law::impose`].
    pub(super) fn signal_variance(self, weights: &[f64]) -> f64 {
        let on: Vec<(usize, f64)> = weights
            .iter()
            .copied()
            .enumerate()
            .filter(|(_, weight)| *weight != 0.0)
            .collect();
        let correlation = |i: usize, j: usize| match self {
            // far powers are 0; the zeroth is 1, also for r = 0
            Self::Chain(r) => r.powi(i32::try_from(i.abs_diff(j)).unwrap_or(i32::MAX)),
            Self::ZhaoYu => match (i.min(j), i.max(j)) {
                (0, 1) => 0.0,
                (0 | 1, 2) => 2.0 / 3.0,
                _ => 1.0,
            },
        };
        on.iter()
            .map(|(i, a)| on.iter().map(|(j, b)| a * b * correlation(*i, *j)).sum::<f64>())
            .sum()
    }
}

/// Subtracts the mean and divides by the standard deviation (1/M) of the first `reference` entries.
pub(super) fn standardise(column: &mut [f64], reference: usize) {
    let count = reference as f64;
    let mean = column[..reference].iter().sum::<f64>() / count;
    let sd = (column[..reference]
        .iter()
        .map(|x| (x - mean) * (x - mean))
        .sum::<f64>()
        / count)
        .sqrt();
    for x in column {
        *x = (*x - mean) / sd;
    }
}
