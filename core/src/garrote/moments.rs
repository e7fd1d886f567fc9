//! Second moments of a centred sample: all that the garrote needs to know about the data.

use crate::Error;
use crate::math::{Real, larger};

/// Moments of a centred sample of M rows, N variables and Q targets: C = X'X/M (N x N, by columns),
/// b = X'y/M (N x Q, by columns), s2 = y'y/M (Q). X is dimensionless; b is in y, s2 in y².
#[derive(Clone, Copy, Debug)]
pub struct Moments<'a, T> {
    covariance: &'a [T],
    correlation: &'a [T],
    variance: &'a [T],
    samples: T,
}

impl<'a, T: Real> Moments<'a, T> {
    /// Checks all that the solvers rely on, so that they cannot fail. Cost N².
    ///
    /// # Errors
    /// `Shape` if N or Q is zero or lengths disagree; `NonFinite`; `Domain` if C is asymmetric or has a
    /// negative diagonal entry, or some s2 is so small or large that 1/s2 or 16 s2 overflows;
    /// `ConstantTarget` if some s2 <= 0; `TooFewSamples` below 3.
    pub fn new(
        covariance: &'a [T],
        correlation: &'a [T],
        variance: &'a [T],
        samples: T,
    ) -> Result<Self, Error> {
        let q = variance.len();
        let n = correlation.len().checked_div(q).unwrap_or(0);
        let shaped = n > 0
            && n.checked_mul(q) == Some(correlation.len())
            && n.checked_mul(n) == Some(covariance.len());
        if !shaped {
            return Err(Error::Shape);
        }
        let mut all = covariance
            .iter()
            .chain(correlation)
            .chain(variance)
            .chain([&samples]);
        if !all.all(|x| x.is_finite()) {
            return Err(Error::NonFinite);
        }
        let symmetric = covariance.chunks_exact(n).enumerate().all(|(i, column)| {
            let row = covariance.iter().skip(i).step_by(n);
            column.iter().eq(row) && column.get(i).is_some_and(|d| *d >= T::ZERO)
        });
        if !symmetric {
            return Err(Error::Domain);
        }
        if !variance.iter().all(|s2| *s2 > T::ZERO) {
            return Err(Error::ConstantTarget);
        }
        // 1/s2 and sums of a few s2 must be representable: rescale y otherwise.
        if !variance
            .iter()
            .all(|s2| (T::ONE / *s2).is_finite() && (T::of(16.0) * *s2).is_finite())
        {
            return Err(Error::Domain);
        }
        if samples < T::of(3.0) {
            return Err(Error::TooFewSamples);
        }
        Ok(Self {
            covariance,
            correlation,
            variance,
            samples,
        })
    }

    /// The second moments C = X'X/M, N x N by columns.
    pub fn covariance(&self) -> &'a [T] {
        self.covariance
    }

    /// The moments b = X'y/M with the targets, N x Q by columns.
    pub fn correlation(&self) -> &'a [T] {
        self.correlation
    }

    /// The variance s2 = y'y/M of each target.
    pub fn variance(&self) -> &'a [T] {
        self.variance
    }

    /// M, the effective number of samples.
    pub fn samples(&self) -> T {
        self.samples
    }

    /// The number of variables, N.
    pub fn variables(&self) -> usize {
        self.correlation
            .len()
            .checked_div(self.variance.len())
            .unwrap_or(0)
    }

    /// The number of targets, Q.
    pub fn targets(&self) -> usize {
        self.variance.len()
    }

    /// The diagonal d_i = C_ii.
    pub fn diagonal(&self) -> impl Iterator<Item = T> + use<'a, T> {
        let step = self.variables().saturating_add(1);
        self.covariance.iter().step_by(step).copied()
    }

    /// b and s2 of each target.
    pub(crate) fn each_target(&self) -> impl Iterator<Item = (&'a [T], T)> + 'a {
        let n = self.variables().max(1);
        self.correlation
            .chunks_exact(n)
            .zip(self.variance.iter().copied())
    }

    /// The largest evidence a single variable can have at beta = 1/s2: (M/2) max_i Σ_t b_it² / (d_i s2_t).
    #[inline(never)] // once a path: its frame must not burden the solver's
    pub fn strongest_evidence(&self) -> T {
        let mut best = T::ZERO;
        for (i, d) in self.diagonal().enumerate() {
            if d <= T::ZERO {
                continue;
            }
            let mut sum = T::ZERO;
            for (b, s2) in self.each_target() {
                if let Some(b) = b.get(i) {
                    sum += *b * *b / (d * s2);
                }
            }
            best = larger(sum, best);
        }
        T::HALF * self.samples * best
    }
}
