//! Streaming sufficient statistics: samples arrive one by one and are never stored.
//!
//! Weighted means and centred sums (West 1979; merge: Chan, Golub, LeVeque 1983). With weight omega and
//! forgetting lambda in (0, 1]:
//!
//! ```text
//! W = lambda W + omega      W2 = lambda² W2 + omega²      dx = x - xbar      c = omega/W      xbar += c dx
//! f = omega (1 - c)         Sxx = lambda Sxx + f dx dx'   (likewise Sxy, Syy)
//! ```
//! Effective sample number M = W²/W2: the count for unit weights, (1 + lambda)/(1 - lambda) in the long run
//! with forgetting. Raw moments Σ x x' - n xbar xbar' would cancel at large offsets; these do not. Memory
//! N² + (1 + Q) N + 2 Q numbers (lower triangle of Sxx kept); a push costs N²/2 + O(Q N) multiply-adds.

pub use super::standardise::{StandardisedMut, standardise_row};
use crate::Error;
use crate::math::{Real, larger};

/// Scalars of the statistics.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Totals<T> {
    /// W, the sum of the weights.
    pub weight: T,
    /// W2, the sum of their squares.
    pub weight2: T,
    /// Samples refused because they held NaN, infinity, or numbers too large to square.
    pub refused: u32,
}

/// Statistics in lent storage: means (N), target means (Q), Sxx (N x N, lower triangle), Sxy (N x Q by
/// columns), Syy (Q).
#[derive(Debug)]
pub struct Sums<'a, T> {
    /// The sums of weights W and W2, and the number of refused samples.
    pub totals: &'a mut Totals<T>,
    /// The weighted means xbar_i of the variables.
    pub mean: &'a mut [T],
    /// The weighted mean ybar of each target.
    pub target_mean: &'a mut [T],
    /// The centred sums Sxx, N x N by columns, lower triangle kept.
    pub xx: &'a mut [T],
    /// The centred sums Sxy, N x Q by columns.
    pub xy: &'a mut [T],
    /// The centred sum Syy of each target.
    pub yy: &'a mut [T],
}

/// A shared view of streaming sums: what can be merged or standardised.
#[derive(Clone, Copy, Debug)]
pub struct SumsRef<'a, T> {
    /// The sums of weights W and W2, and the number of refused samples.
    pub totals: &'a Totals<T>,
    /// The weighted means xbar_i of the variables.
    pub mean: &'a [T],
    /// The weighted mean ybar of each target.
    pub target_mean: &'a [T],
    /// The centred sums Sxx, N x N by columns, lower triangle kept.
    pub xx: &'a [T],
    /// The centred sums Sxy, N x Q by columns.
    pub xy: &'a [T],
    /// The centred sum Syy of each target.
    pub yy: &'a [T],
}

pub(super) fn shapes(mean: usize, target: usize, xx: usize, xy: usize, yy: usize) -> Result<(), Error> {
    let fits = mean > 0
        && target > 0
        && yy == target
        && mean.checked_mul(mean) == Some(xx)
        && mean.checked_mul(target) == Some(xy);
    if fits { Ok(()) } else { Err(Error::Shape) }
}

/// Refuses slices of the wrong length, and counts as `Capacity` what is longer than the storage.
fn fits<T>(given: &[T], room: usize) -> Result<(), Error> {
    match given.len() {
        len if len > room => Err(Error::Capacity),
        len if len < room => Err(Error::Shape),
        _ => Ok(()),
    }
}

impl<T: Real> Sums<'_, T> {
    /// A shared view of the sums.
    pub fn view(&self) -> SumsRef<'_, T> {
        SumsRef {
            totals: self.totals,
            mean: self.mean,
            target_mean: self.target_mean,
            xx: self.xx,
            xy: self.xy,
            yy: self.yy,
        }
    }

    /// Adds a sample `x` (N), `y` (Q) of weight `omega`, after shrinking the past by `forget`.
    ///
    /// # Errors
    /// `Capacity` if x or y is longer than the storage, `Shape` if shorter; `Domain` unless omega > 0 and
    /// 0 < forget <= 1; `NonFinite` (the sample is ignored and counted).
    pub fn push(&mut self, x: &[T], y: &[T], omega: T, forget: T) -> Result<(), Error> {
        fits(x, self.mean.len())?;
        fits(y, self.target_mean.len())?;
        shapes(
            self.mean.len(),
            self.target_mean.len(),
            self.xx.len(),
            self.xy.len(),
            self.yy.len(),
        )?;
        if !(omega.is_finite() && forget.is_finite()) {
            return Err(Error::NonFinite);
        }
        if omega <= T::ZERO || forget <= T::ZERO || forget > T::ONE {
            return Err(Error::Domain);
        }
        let weight = forget * self.totals.weight + omega;
        let change = Rank1 {
            forget,
            factor: omega * (T::ONE - omega / weight),
            shift: omega / weight,
        };
        let weight2 = forget * forget * self.totals.weight2 + omega * omega;
        if !(weight.is_finite() && weight2.is_finite() && self.allows(x, y, &change, None)) {
            self.totals.refused = self.totals.refused.saturating_add(1);
            return Err(Error::NonFinite);
        }
        self.totals.weight = weight;
        self.totals.weight2 = weight2;
        self.apply(x, y, &change);
        Ok(())
    }

    /// Takes a sample out again (sliding window without forgetting): the recurrence of `push` with -omega.
    ///
    /// # Errors
    /// `Unsupported` in f32 (cancellation); `Capacity`/`Shape`; `NonFinite`; `Domain` unless omega > 0 and
    /// W - omega >= 1, or if a variance would become negative: that sample was never pushed.
    pub fn remove(&mut self, x: &[T], y: &[T], omega: T) -> Result<(), Error> {
        if !T::IS_DOUBLE {
            return Err(Error::Unsupported);
        }
        fits(x, self.mean.len())?;
        fits(y, self.target_mean.len())?;
        shapes(
            self.mean.len(),
            self.target_mean.len(),
            self.xx.len(),
            self.xy.len(),
            self.yy.len(),
        )?;
        if !omega.is_finite() {
            return Err(Error::NonFinite);
        }
        let weight = self.totals.weight - omega;
        let weight2 = self.totals.weight2 - omega * omega;
        if omega <= T::ZERO || weight < T::ONE || weight2 <= T::ZERO {
            return Err(Error::Domain);
        }
        let shift = -(omega / weight);
        let change = Rank1 {
            forget: T::ONE,
            factor: -omega * (T::ONE - shift),
            shift,
        };
        if !x.iter().chain(y).all(|v| v.is_finite()) {
            return Err(Error::NonFinite);
        }
        if !self.allows(x, y, &change, Some(T::of(1e-9))) {
            return Err(Error::Domain);
        }
        self.totals.weight = weight;
        self.totals.weight2 = weight2;
        self.apply(x, y, &change);
        let n = self.mean.len();
        for d in self
            .xx
            .iter_mut()
            .step_by(n.saturating_add(1))
            .chain(self.yy.iter_mut())
        {
            *d = larger(*d, T::ZERO); // rounding below zero within the slack that `allows` granted
        }
        Ok(())
    }

    /// True if all new diagonal entries are finite and, given a relative slack, not below zero by more.
    fn allows(&self, x: &[T], y: &[T], change: &Rank1<T>, slack: Option<T>) -> bool {
        let n = self.mean.len();
        let good = |old: T, delta: T| {
            let new = change.forget * old + change.factor * (delta * delta);
            delta.is_finite() && new.is_finite() && slack.is_none_or(|s| new >= -s * (old + delta * delta))
        };
        let diagonal = self.xx.iter().step_by(n.saturating_add(1));
        diagonal
            .zip(x.iter().zip(self.mean.iter()))
            .all(|(s, (x, m))| good(*s, *x - *m))
            && self
                .yy
                .iter()
                .zip(y.iter().zip(self.target_mean.iter()))
                .all(|(s, (y, m))| good(*s, *y - *m))
    }

    fn apply(&mut self, x: &[T], y: &[T], change: &Rank1<T>) {
        let n = self.mean.len().max(1);
        let Rank1 {
            forget,
            factor,
            shift,
        } = *change;
        let delta = || x.iter().zip(self.mean.iter()).map(|(x, m)| *x - *m);
        for (j, (column, dj)) in self.xx.chunks_exact_mut(n).zip(delta()).enumerate() {
            for (s, di) in column.iter_mut().zip(delta()).skip(j) {
                *s = forget * *s + factor * (dj * di);
            }
        }
        let targets = self.xy.chunks_exact_mut(n).zip(self.yy.iter_mut());
        for ((column, yy), (y, ybar)) in targets.zip(y.iter().zip(self.target_mean.iter_mut())) {
            let dy = *y - *ybar;
            for (s, dx) in column.iter_mut().zip(delta()) {
                *s = forget * *s + factor * (dx * dy);
            }
            *yy = forget * *yy + factor * (dy * dy);
            *ybar += shift * dy;
        }
        for (m, x) in self.mean.iter_mut().zip(x) {
            *m += shift * (*x - *m);
        }
    }

    /// Adds all samples of `other`: W adds, W2 adds, S = Sa + Sb + (Wa Wb / W) d d', d = mean difference.
    ///
    /// # Errors
    /// `Shape`; `NonFinite` if `other` holds such numbers, or the sum overflows. Nothing is changed then.
    pub fn merge(&mut self, other: &SumsRef<'_, T>) -> Result<(), Error> {
        let (n, q) = (self.mean.len(), self.target_mean.len());
        shapes(n, q, self.xx.len(), self.xy.len(), self.yy.len())?;
        shapes(
            other.mean.len(),
            other.target_mean.len(),
            other.xx.len(),
            other.xy.len(),
            other.yy.len(),
        )?;
        if other.mean.len() != n || other.target_mean.len() != q {
            return Err(Error::Shape);
        }
        let mut all = other
            .mean
            .iter()
            .chain(other.target_mean)
            .chain(other.xx)
            .chain(other.xy)
            .chain(other.yy);
        let weight = self.totals.weight + other.totals.weight;
        let weight2 = self.totals.weight2 + other.totals.weight2;
        if !(all.all(|v| v.is_finite()) && weight.is_finite() && weight2.is_finite()) {
            return Err(Error::NonFinite);
        }
        let refused = self.totals.refused.saturating_add(other.totals.refused);
        if other.totals.weight <= T::ZERO {
            self.totals.refused = refused;
            return Ok(());
        }
        let share = other.totals.weight / weight;
        let factor = self.totals.weight * share;
        let delta = || other.mean.iter().zip(self.mean.iter()).map(|(b, a)| *b - *a);
        let target_delta = other.target_mean.iter().zip(self.target_mean.iter());
        let diagonal = |s: &[T], t: &[T]| {
            let sum = s.iter().zip(t).step_by(n.saturating_add(1));
            sum.zip(delta())
                .all(|((s, t), d)| (*s + (*t + factor * (d * d))).is_finite())
        };
        let targets_fit = self
            .yy
            .iter()
            .zip(other.yy)
            .zip(target_delta)
            .all(|((s, t), (b, a))| (*s + (*t + factor * ((*b - *a) * (*b - *a)))).is_finite());
        if !(targets_fit && diagonal(self.xx, other.xx)) {
            return Err(Error::NonFinite);
        }
        let columns = paired_columns(self.xx, other.xx, n);
        for (j, ((mine, theirs), dj)) in columns.zip(delta()).enumerate() {
            for ((s, t), di) in mine.iter_mut().zip(theirs).zip(delta()).skip(j) {
                *s += *t + factor * (dj * di);
            }
        }
        let columns = paired_columns(self.xy, other.xy, n);
        let targets = self.yy.iter_mut().zip(other.yy);
        let means = self.target_mean.iter_mut().zip(other.target_mean);
        for (((mine, theirs), (yy, other_yy)), (ybar, other_ybar)) in columns.zip(targets).zip(means) {
            let dy = *other_ybar - *ybar;
            for ((s, t), dx) in mine.iter_mut().zip(theirs).zip(delta()) {
                *s += *t + factor * (dx * dy);
            }
            *yy += *other_yy + factor * (dy * dy);
            *ybar += share * dy;
        }
        for (a, b) in self.mean.iter_mut().zip(other.mean) {
            *a += share * (*b - *a);
        }
        *self.totals = Totals {
            weight,
            weight2,
            refused,
        };
        Ok(())
    }
}

/// Columns of N entries of two matrices, side by side. Not a `zip`: that divides by the chunk size to know its
/// length, and where the compiler does not inline it, the division keeps its panic path.
pub(super) fn paired_columns<'a, T>(
    to: &'a mut [T],
    from: &'a [T],
    n: usize,
) -> impl Iterator<Item = (&'a mut [T], &'a [T])> {
    let mut from = from.chunks_exact(n.max(1));
    to.chunks_exact_mut(n.max(1))
        .map_while(move |to| Some((to, from.next()?)))
}

/// One weighted rank-one change: S = forget S + factor d d', mean += shift d.
struct Rank1<T> {
    forget: T,
    factor: T,
    shift: T,
}
