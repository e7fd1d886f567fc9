//! Choosing a gamma on the path: information criteria, the plateau rule, a validation sample.
//!
//! For the support S = {m > 1/2}, k = |S|, refitted by least squares (RSS per sample floored at its rounding
//! error, [`rounding_floor`] s2, so that noiseless data do not give ln 0 and their exact supports tie):
//!
//! ```text
//! EBIC_g = M Σ_t ln(RSS_t/M) + k (Q ln M + 2 g ln N)      Chen, Chen 2008; g = 1 default, g = 1/2, BIC: g = 0
//! ```
//! At m in {0,1}^N, 2 F equals this up to a constant when -gamma = ln(M)/2 + g ln N (derived). Supports with
//! k >= M/2 are skipped; ties go to the smaller k, then to the most decided solution (least Σ m (1 - m)).
//! The rule a user should reach for on weak or correlated signals is g = 1/2.

use super::moments::Moments;
use super::path::PathStore;
use super::solver::rounding_floor;
use crate::Error;
use crate::linalg::{cholesky_jittered, cholesky_solve};
use crate::math::{Real, larger};

/// Length of the scratch for a support of `k` variables.
pub const fn scratch_len(k: usize) -> usize {
    k.saturating_mul(k.saturating_add(2))
}

/// Selected means m > 1/2.
#[inline]
pub fn selected<T: Real>(inclusion: T) -> bool {
    inclusion > T::HALF
}

/// Number of selected variables.
pub fn support_len<T: Real>(inclusion: &[T]) -> usize {
    inclusion.iter().filter(|m| selected(**m)).count()
}

/// Least-squares refit on {m > 1/2} over moments, for one target `b` (N) of variance `s2`. Leaves the
/// Cholesky factor of C_SS in the first k² entries of `scratch` and the k weights behind it. Returns RSS/M.
fn refit_target<T: Real>(
    data: &Moments<'_, T>,
    inclusion: &[T],
    b: &[T],
    s2: T,
    scratch: &mut [T],
) -> Result<T, Error> {
    let n = data.variables().max(1);
    let k = support_len(inclusion);
    if k == 0 {
        return Ok(s2);
    }
    let Some((gram, rest)) = scratch.split_at_mut_checked(k.saturating_mul(k)) else {
        return Err(Error::Shape);
    };
    let Some((weights, diagonal)) = rest.split_at_mut_checked(k) else {
        return Err(Error::Shape);
    };
    let Some(diagonal) = diagonal.get_mut(..k) else {
        return Err(Error::Shape);
    };
    let chosen = data
        .covariance()
        .chunks_exact(n)
        .zip(inclusion)
        .filter(|(_, m)| selected(**m));
    for (to, (from, _)) in gram.chunks_exact_mut(k).zip(chosen) {
        let entries = from.iter().zip(inclusion).filter(|(_, m)| selected(**m));
        for (to, (from, _)) in to.iter_mut().zip(entries) {
            *to = *from;
        }
    }
    let right = || {
        b.iter()
            .zip(inclusion)
            .filter(|(_, m)| selected(**m))
            .map(|(b, _)| *b)
    };
    for (w, b) in weights.iter_mut().zip(right()) {
        *w = b;
    }
    cholesky_jittered(gram, k, diagonal)?;
    cholesky_solve(gram, k, weights)?;
    let mut rss = s2;
    for (w, b) in weights.iter().zip(right()) {
        rss -= *w * b;
    }
    Ok(rss)
}

/// Least-squares weights on {m > 1/2}, zero elsewhere, into `refit` (N x Q). `scratch`: [`scratch_len`] of k.
///
/// # Errors
/// `Shape`; `NotPositiveDefinite` if the selected columns are collinear beyond the jitter policy.
pub fn refit<T: Real>(
    data: &Moments<'_, T>,
    inclusion: &[T],
    refit: &mut [T],
    scratch: &mut [T],
) -> Result<(), Error> {
    let n = data.variables();
    let k = support_len(inclusion);
    if inclusion.len() != n || refit.len() != data.correlation().len() || scratch.len() < scratch_len(k) {
        return Err(Error::Shape);
    }
    for ((b, s2), out) in data.each_target().zip(refit.chunks_exact_mut(n.max(1))) {
        refit_target(data, inclusion, b, s2, scratch)?;
        out.fill(T::ZERO);
        let slots = out.iter_mut().zip(inclusion).filter(|(_, m)| selected(**m));
        for ((to, _), from) in slots.zip(scratch.iter().skip(k * k)) {
            *to = *from;
        }
    }
    Ok(())
}

/// EBIC_g of the support {m > 1/2}. `scratch`: at least [`scratch_len`] of k.
///
/// # Errors
/// `NoSignal` for k >= M/2; `Shape`; `NotPositiveDefinite`.
pub fn information_criterion<T: Real>(
    data: &Moments<'_, T>,
    inclusion: &[T],
    g: T,
    scratch: &mut [T],
) -> Result<T, Error> {
    let k = T::of_count(support_len(inclusion));
    if k >= data.samples() * T::HALF {
        return Err(Error::NoSignal);
    }
    let floor = rounding_floor::<T>();
    let mut fit = T::ZERO;
    for (b, s2) in data.each_target() {
        fit += larger(refit_target(data, inclusion, b, s2, scratch)?, floor * s2).ln();
    }
    let (n, q) = (T::of_count(data.variables()), T::of_count(data.targets()));
    Ok(data.samples() * fit + k * (q * data.samples().ln() + T::TWO * g * n.ln()))
}

/// Index of the kept solution with the smallest EBIC_g; `g` = 0 is BIC. `scratch`: at least [`scratch_len`]
/// of the largest support with k < M/2 (N is always enough).
///
/// # Errors
/// `NonFinite`/`Domain` for a bad g; `Shape` if the scratch is too short; `NoSignal` if every point is
/// skipped (k >= M/2, or collinear).
pub fn by_information<T: Real>(
    data: &Moments<'_, T>,
    path: &PathStore<'_, T>,
    g: T,
    scratch: &mut [T],
) -> Result<usize, Error> {
    if !g.is_finite() {
        return Err(Error::NonFinite);
    }
    if g < T::ZERO {
        return Err(Error::Domain);
    }
    let mut best: Option<(usize, Score<T>)> = None;
    for index in 0..path.reached() {
        let inclusion = path.inclusion_at(index);
        let criterion = match information_criterion(data, inclusion, g, scratch) {
            Ok(value) => value,
            Err(Error::Shape) => return Err(Error::Shape),
            Err(_) => continue,
        };
        let score = Score {
            criterion,
            size: support_len(inclusion),
            undecided: undecided(inclusion),
        };
        if best.as_ref().is_none_or(|(_, old)| score.beats(old)) {
            best = Some((index, score));
        }
    }
    best.map(|(index, _)| index).ok_or(Error::NoSignal)
}

/// How candidates are ranked: criterion, then size, then decision.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Score<T> {
    /// Value to be minimised.
    pub criterion: T,
    /// The number k of variables in the support.
    pub size: usize,
    /// How undecided the solution is: Σ m (1 - m).
    pub undecided: T,
}

impl<T: Real> Score<T> {
    /// Strictly better than `other`.
    pub fn beats(&self, other: &Self) -> bool {
        if self.criterion != other.criterion {
            return self.criterion < other.criterion;
        }
        self.size < other.size || (self.size == other.size && self.undecided < other.undecided)
    }
}

/// Σ m (1 - m), N times the "within" part of sigma_sel.
pub fn undecided<T: Real>(inclusion: &[T]) -> T {
    let mut sum = T::ZERO;
    for m in inclusion {
        sum += *m * (T::ONE - *m);
    }
    sum
}

/// The plateau rule, the transition signal of a single data set: the middle of the longest gamma interval on
/// which the support stays the same, is not empty, and mean m (1 - m) < 1e-4.
///
/// # Errors
/// `NoSignal` if there is no such interval.
pub fn by_plateau<T: Real>(path: &PathStore<'_, T>) -> Result<usize, Error> {
    let gamma = |i: usize| path.solution(i).map_or(T::ZERO, |s| s.gamma);
    let calm = |i: usize| {
        let m = path.inclusion_at(i);
        support_len(m) > 0 && undecided(m) < calm_limit(m.len())
    };
    let same = |i: usize, j: usize| same_support(path.inclusion_at(i), path.inclusion_at(j));
    longest_plateau(path.reached(), gamma, calm, same).ok_or(Error::NoSignal)
}

/// Largest Σ m (1 - m) of a decided solution of `variables` variables: 1e-4 each on average.
pub fn calm_limit<T: Real>(variables: usize) -> T {
    T::of(1e-4) * T::of_count(variables)
}

/// The middle of the longest stretch of points 0..`count` that are `calm` and all have the `same` support;
/// whatever the storage of the points. The first of equals.
pub fn longest_plateau<T: Real>(
    count: usize,
    gamma: impl Fn(usize) -> T,
    calm: impl Fn(usize) -> bool,
    same: impl Fn(usize, usize) -> bool,
) -> Option<usize> {
    let mut best: Option<(T, usize)> = None;
    let mut start = None;
    for i in 0..count {
        if !calm(i) {
            start = None;
            continue;
        }
        let first = start.filter(|first| same(*first, i)).unwrap_or(i);
        start = Some(first);
        let length = gamma(i) - gamma(first);
        if best.is_none_or(|(longest, _)| length > longest) {
            best = Some((length, first.midpoint(i)));
        }
    }
    best.map(|(_, index)| index)
}

/// Both select the same variables.
pub fn same_support<T: Real>(a: &[T], b: &[T]) -> bool {
    a.iter().zip(b).all(|(a, b)| selected(*a) == selected(*b))
}

/// Rows lent for validation, brought to the centres and scales of the training sample
/// ([`super::stream::standardise_row`]): `x` holds K rows of N, `y` K rows of Q.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a, T> {
    /// Standardised variables, K x N by rows.
    pub x: &'a [T],
    /// Centred targets, K x Q by rows.
    pub y: &'a [T],
}

/// Index of the kept solution with the smallest mean squared error on lent rows. First of equals.
///
/// # Errors
/// `Shape` if rows and path disagree; `NoSignal` for an empty path or no rows.
pub fn by_validation<T: Real>(path: &PathStore<'_, T>, rows: &Rows<'_, T>) -> Result<usize, Error> {
    let mut best: Option<(T, usize)> = None;
    for index in 0..path.reached() {
        let error = validation_error(rows, path.inclusion_at(index), path.weight_at(index))?;
        if best.is_none_or(|(least, _)| error < least) {
            best = Some((error, index));
        }
    }
    best.map(|(_, index)| index).ok_or(Error::NoSignal)
}

/// Mean squared error of the soft prediction v = m w on lent rows, summed over targets. Cost K N Q.
///
/// # Errors
/// `Shape`; `NoSignal` for no rows; `NonFinite` if a row is.
pub fn validation_error<T: Real>(rows: &Rows<'_, T>, inclusion: &[T], weight: &[T]) -> Result<T, Error> {
    let n = inclusion.len().max(1);
    let q = weight.len().checked_div(n).unwrap_or(0).max(1);
    let count = rows.y.len().checked_div(q).unwrap_or(0);
    let fits = inclusion.len().checked_mul(q) == Some(weight.len())
        && count.checked_mul(n) == Some(rows.x.len())
        && count.checked_mul(q) == Some(rows.y.len());
    if !fits {
        return Err(Error::Shape);
    }
    if count == 0 {
        return Err(Error::NoSignal);
    }
    let mut error = T::ZERO;
    for (x, y) in rows.x.chunks_exact(n).zip(rows.y.chunks_exact(q)) {
        for (y, w) in y.iter().zip(weight.chunks_exact(n)) {
            let mut residual = *y;
            for ((x, w), m) in x.iter().zip(w).zip(inclusion) {
                residual -= *x * (*m * *w);
            }
            error += residual * residual;
        }
    }
    if error.is_finite() {
        Ok(error / T::of_count(count))
    } else {
        Err(Error::NonFinite)
    }
}

/// Susceptibility chi(gamma) = d(Σ m)/d gamma of the kept solution by differences along the path: central
/// inside, one-sided at the ends; 0 for a path of one point. `None` past the reached part.
pub fn susceptibility<T: Real>(path: &PathStore<'_, T>, index: usize) -> Option<T> {
    let here = path.solution(index)?;
    let before = index
        .checked_sub(1)
        .and_then(|i| path.solution(i))
        .unwrap_or(here);
    let after = path.solution(index.saturating_add(1)).unwrap_or(here);
    let step = after.gamma - before.gamma;
    Some(if step > T::ZERO {
        (after.total_inclusion - before.total_inclusion) / step
    } else {
        T::ZERO
    })
}
