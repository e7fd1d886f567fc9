//! What a fitted garrote says: predictions with intervals, and the importance of each variable.
//!
//! ```text
//! soft   yhat = ybar + Σ_i z_i m_i w_i         variance 1/beta + Σ_i m_i (1 - m_i) w_i² z_i²
//! hard   yhat = ybar + z_S' u_S                variance (1 + 1/M + z_S' C_SS^-1 z_S / M) / beta
//! ```
//! with z_i = (x_i - xbar_i)/sd_i and u the least-squares refit on S = {m > 1/2}. The soft variance covers
//! noise and selection but not the error of the weights; the hard one covers noise and that error. Few samples: the
//! beta of a profiled solve is that of the largest likelihood, too large by M/(M - 1 - Σ m); [`unbiased_precision`] mends
//! it, and intervals are then Student's t with M - 1 - Σ m degrees of freedom.

use super::gate;
use super::moments::Moments;
use super::select::selected;
use crate::Error;
use crate::linalg::forward_substitute;
use crate::math::{Real, larger};

/// A fitted model of one target in lent storage; all slices have N entries.
#[derive(Clone, Copy, Debug)]
pub struct Fitted<'a, T> {
    /// The means xbar_i of the variables.
    pub mean: &'a [T],
    /// sd; 0 marks a dead column.
    pub scale: &'a [T],
    /// The inclusions m_i.
    pub inclusion: &'a [T],
    /// The weights w_i, in units of y per standard deviation of the variable.
    pub weight: &'a [T],
    /// The mean ybar of the target.
    pub target_mean: T,
    /// beta in 1/y²: where it was fixed beforehand, itself; where it was profiled out, by [`unbiased_precision`].
    pub precision: T,
}

/// A profiled beta with the degrees of freedom that mean and variables have used: beta (M - 1 - Σ m)/M, at least one
/// degree left. `samples` = M.
pub fn unbiased_precision<T: Real>(precision: T, samples: T, inclusion: &[T]) -> T {
    let mut degrees = samples - T::ONE;
    for m in inclusion {
        degrees -= *m;
    }
    precision * (larger(degrees, T::ONE) / samples)
}

/// Mean and variance of a prediction, in y and y².
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Prediction<T> {
    /// The expected value of the target.
    pub mean: T,
    /// The predictive variance, in y².
    pub variance: T,
}

impl<T: Real> Prediction<T> {
    fn checked(self) -> Result<Self, Error> {
        if self.mean.is_finite() && self.variance.is_finite() {
            Ok(self)
        } else {
            Err(Error::NonFinite)
        }
    }
}

impl<T: Real> Fitted<'_, T> {
    fn check(&self, x: &[T]) -> Result<(), Error> {
        let lengths = [
            self.mean.len(),
            self.scale.len(),
            self.inclusion.len(),
            self.weight.len(),
        ];
        if lengths.iter().any(|l| *l != x.len()) {
            return Err(Error::Shape);
        }
        if !x.iter().all(|v| v.is_finite()) {
            return Err(Error::NonFinite);
        }
        if self.precision > T::ZERO {
            Ok(())
        } else {
            Err(Error::Domain)
        }
    }

    fn standardised<'b>(&'b self, x: &'b [T]) -> impl Iterator<Item = T> + 'b {
        x.iter().zip(self.mean).zip(self.scale).map(|((x, mean), sd)| {
            if *sd > T::ZERO {
                (*x - *mean) / *sd
            } else {
                T::ZERO
            }
        })
    }

    /// Soft prediction at `x` (N, original units). Cost N.
    ///
    /// # Errors
    /// `Shape`; `NonFinite`; `Domain` unless beta > 0.
    pub fn predict(&self, x: &[T]) -> Result<Prediction<T>, Error> {
        self.check(x)?;
        let (mut mean, mut variance) = (self.target_mean, T::ONE / self.precision);
        for ((z, m), w) in self.standardised(x).zip(self.inclusion).zip(self.weight) {
            mean += z * (*m * *w);
            variance += *m * (T::ONE - *m) * (*w * *w) * (z * z);
        }
        Prediction { mean, variance }.checked()
    }

    /// Hard prediction at `x`: `self.weight` is the refit (zero off the support), `factor` the k x k Cholesky
    /// factor of C_SS as [`super::select::refit`] leaves it, `samples` = M, `z` scratch of k entries.
    ///
    /// # Errors
    /// `Shape`; `NonFinite`; `Domain` unless beta > 0 and M > 0.
    pub fn predict_hard(
        &self,
        x: &[T],
        factor: &[T],
        samples: T,
        z: &mut [T],
    ) -> Result<Prediction<T>, Error> {
        self.check(x)?;
        if samples <= T::ZERO {
            return Err(Error::Domain);
        }
        let k = super::select::support_len(self.inclusion);
        if z.len() != k || k.checked_mul(k) != Some(factor.len()) {
            return Err(Error::Shape);
        }
        let mut mean = self.target_mean;
        let chosen = self
            .standardised(x)
            .zip(self.inclusion)
            .zip(self.weight)
            .filter(|((_, m), _)| selected(**m));
        for (slot, ((value, _), w)) in z.iter_mut().zip(chosen) {
            *slot = value;
            mean += value * *w;
        }
        if k > 0 {
            forward_substitute(factor, k, z)?;
        }
        let mut leverage = T::ONE;
        for value in z {
            leverage += *value * *value;
        }
        let variance = (T::ONE + leverage / samples) / self.precision;
        Prediction { mean, variance }.checked()
    }
}

/// Variables that the data cannot tell apart from the selected variable `index`, |correlation| > .999, and that are
/// not selected. Coordinate ascent takes the first in order; a reader should know that it could have been one of
/// these. Empty for a variable that is not selected, and for inclusions of the wrong length. Cost N.
pub fn ties<'a, T: Real>(
    data: &Moments<'a, T>,
    inclusion: &'a [T],
    index: usize,
) -> impl Iterator<Item = usize> + use<'a, T> {
    let n = data.variables();
    let fits = inclusion.len() == n && inclusion.get(index).is_some_and(|m| selected(*m));
    let column = if fits {
        data.covariance().chunks_exact(n.max(1)).nth(index)
    } else {
        None
    };
    let column = column.unwrap_or(&[]);
    let close = column.get(index).map_or(T::ZERO, |d| T::of(0.999 * 0.999) * *d);
    let entries = column.iter().zip(data.diagonal()).zip(inclusion).enumerate();
    entries
        .filter(move |(_, ((c, d), m))| !selected(**m) && **c * **c > close * *d)
        .map(|(other, _)| other)
}

/// The importance of one variable.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Importance<T> {
    /// The inclusion m of the variable, 0 to 1.
    pub inclusion: T,
    /// theta - gamma = beta M w²/2 in nats: what the data say for the variable.
    pub evidence: T,
    /// v = m w in y per unit of x.
    pub effect: T,
    /// |v| sd_i / sd_y: dimensionless.
    pub standardised_effect: T,
}

/// Importance of variable `index` of a fit to standardised moments of `samples` samples and target variance
/// `variance`. `None` past the end. For Delta F see [`super::solver::free_energy_without`].
pub fn importance<T: Real>(
    model: &Fitted<'_, T>,
    samples: T,
    variance: T,
    index: usize,
) -> Option<Importance<T>> {
    let (m, w) = (*model.inclusion.get(index)?, *model.weight.get(index)?);
    let sd = *model.scale.get(index)?;
    let effect = m * w;
    Some(Importance {
        inclusion: m,
        evidence: gate::evidence(model.precision, samples, w, w),
        effect: if sd > T::ZERO { effect / sd } else { T::ZERO },
        standardised_effect: if variance > T::ZERO {
            effect.abs() / variance.sqrt()
        } else {
            T::ZERO
        },
    })
}
