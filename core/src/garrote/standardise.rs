//! From streaming statistics to the moments of standardised variables, and rows brought to the same scales.
//!
//! ```text
//! C_ij = Sxx_ij / (W sd_i sd_j)    b_i = Sxy_i / (W sd_i)    s2 = Syy / W    sd_i² = Sxx_ii / W
//! ```
//! A column whose variance is rounding error of its mean square, d <= (8 eps)² mean(x²), is dead. Cost N².

use super::stream::{SumsRef, paired_columns, shapes};
use crate::Error;
use crate::math::Real;

/// Where [`SumsRef::standardise`] writes: C (N x N), b (N x Q), s2 (Q), and the scales sd_i (N).
#[derive(Debug)]
pub struct StandardisedMut<'a, T> {
    /// C with unit diagonal; rows and columns of dead variables are zero.
    pub covariance: &'a mut [T],
    /// The moments b with each target, in units of y.
    pub correlation: &'a mut [T],
    /// The variance s2 of each target, in y².
    pub variance: &'a mut [T],
    /// sd_i; 0 marks a dead column.
    pub scale: &'a mut [T],
}

impl<T: Real> SumsRef<'_, T> {
    /// Effective number of samples M = W²/W2 (0 before the first).
    pub fn samples(&self) -> T {
        if self.totals.weight2 > T::ZERO {
            self.totals.weight * (self.totals.weight / self.totals.weight2)
        } else {
            T::ZERO
        }
    }

    /// Moments of the standardised variables: C_ij = Sxx_ij/(W sd_i sd_j), b_i = Sxy_i/(W sd_i), s2 = Syy/W.
    /// A column (or target) with variance <= (8 eps)² times its mean square is dead: scale 0. Returns M.
    ///
    /// # Errors
    /// `Shape`; `TooFewSamples` for M < 3; `NonFinite` if the weights overflow; `ConstantTarget` if a target is
    /// dead. Nothing is written then.
    pub fn standardise(&self, out: &mut StandardisedMut<'_, T>) -> Result<T, Error> {
        let (n, q) = (self.mean.len(), self.target_mean.len());
        shapes(n, q, self.xx.len(), self.xy.len(), self.yy.len())?;
        shapes(
            n,
            q,
            out.covariance.len(),
            out.correlation.len(),
            out.variance.len(),
        )?;
        if out.scale.len() != n {
            return Err(Error::Shape);
        }
        let (samples, weight) = (self.samples(), self.totals.weight);
        if samples < T::of(3.0) {
            return Err(Error::TooFewSamples);
        }
        if !samples.is_finite() {
            return Err(Error::NonFinite);
        }
        let dead = T::of(64.0) * T::EPSILON * T::EPSILON;
        let alive = |s: T, mean: T| {
            let d = s / weight;
            d > T::ZERO && d > dead * (d + mean * mean)
        };
        if !self
            .yy
            .iter()
            .zip(self.target_mean)
            .all(|(s, mean)| alive(*s, *mean))
        {
            return Err(Error::ConstantTarget);
        }
        let diagonal = self.xx.iter().step_by(n.saturating_add(1));
        for (scale, (s, mean)) in out.scale.iter_mut().zip(diagonal.zip(self.mean)) {
            *scale = if alive(*s, *mean) {
                (*s / weight).sqrt()
            } else {
                T::ZERO
            };
        }
        let over = |s: T, sd: T| if sd > T::ZERO { s / weight / sd } else { T::ZERO };
        for j in 0..n {
            for i in j..n {
                let sd = |k: usize| out.scale.get(k).copied().unwrap_or(T::ZERO);
                let s = self.xx.get(j * n + i).copied().unwrap_or(T::ZERO);
                let both = over(s, sd(i));
                let c = match (i == j, sd(j) > T::ZERO) {
                    (_, false) => T::ZERO,
                    (true, true) => T::ONE,
                    (false, true) => both / sd(j),
                };
                for index in [j * n + i, i * n + j] {
                    if let Some(entry) = out.covariance.get_mut(index) {
                        *entry = c;
                    }
                }
            }
        }
        for (to, from) in paired_columns(out.correlation, self.xy, n) {
            for ((b, s), sd) in to.iter_mut().zip(from).zip(out.scale.iter()) {
                *b = over(*s, *sd);
            }
        }
        for (s2, s) in out.variance.iter_mut().zip(self.yy) {
            *s2 = *s / weight;
        }
        Ok(samples)
    }
}

/// Brings a row to the centres and scales of a training sample; dead columns become 0.
///
/// # Errors
/// `Shape`; `NonFinite` (the row is then left as it was).
pub fn standardise_row<T: Real>(row: &mut [T], mean: &[T], scale: &[T]) -> Result<(), Error> {
    if row.len() != mean.len() || row.len() != scale.len() {
        return Err(Error::Shape);
    }
    if !row.iter().all(|x| x.is_finite()) {
        return Err(Error::NonFinite);
    }
    for ((x, mean), sd) in row.iter_mut().zip(mean).zip(scale) {
        *x = if *sd > T::ZERO {
            (*x - *mean) / *sd
        } else {
            T::ZERO
        };
    }
    Ok(())
}
