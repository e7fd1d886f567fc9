//! The softmax of a row, and its linearisation, which is symmetric: J d = p (d - <p, d>) entry by entry.

use super::sums::{dot, largest, sum};
use crate::net::element::Element;
use crate::simd::Task;

/// Replaces a row z by e^z / Σ e^z; returns ln Σ e^z. The largest entry is taken off first: no overflow.
#[inline(always)]
pub(crate) fn normalise<T: Element>(row: &mut [T]) -> T {
    let top = largest(row);
    for z in row.iter_mut() {
        *z = Element::exponential(*z - top);
    }
    let total = sum(row);
    let inverse = T::ONE / total;
    for z in row.iter_mut() {
        *z *= inverse;
    }
    top + total.ln()
}

/// [`normalise`] of rows of `width` entries that start `stride` entries apart.
pub(crate) struct Normalise<'a, T> {
    pub rows: &'a mut [T],
    pub stride: usize,
    pub width: usize,
    /// ln Σ e^z of each row; may be empty.
    pub logarithms: &'a mut [T],
    /// Distance between the logarithms of two rows.
    pub apart: usize,
}

impl<T: Element> Task for Normalise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        for (i, row) in self.rows.chunks_mut(self.stride.max(1)).enumerate() {
            let logarithm = normalise(&mut row[..self.width]);
            if let Some(kept) = self.logarithms.get_mut(i * self.apart) {
                *kept = logarithm;
            }
        }
    }
}

/// Replaces rows of scores of `width` entries by e^(z - the row's ln Σ e^z).
pub(crate) struct Restore<'a, T> {
    pub rows: &'a mut [T],
    pub width: usize,
    pub logarithms: &'a [T],
    /// Distance between the logarithms of two rows.
    pub apart: usize,
}

impl<T: Element> Task for Restore<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let logarithms = self.logarithms.iter().step_by(self.apart.max(1));
        for (row, logarithm) in self.rows.chunks_mut(self.width.max(1)).zip(logarithms) {
            for z in row {
                *z = Element::exponential(*z - *logarithm);
            }
        }
    }
}

/// Replaces rows d by factor x p (d - <p, d>).
pub(crate) struct Linearise<'a, T> {
    pub probabilities: &'a [T],
    /// Distance between the rows of the probabilities.
    pub stride: usize,
    /// Rows of `width` entries.
    pub rows: &'a mut [T],
    pub width: usize,
    pub factor: T,
}

impl<T: Element> Task for Linearise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let probabilities = self.probabilities.chunks(self.stride.max(1));
        for (row, p) in self.rows.chunks_mut(self.width.max(1)).zip(probabilities) {
            let p = &p[..row.len()];
            let mean = dot(p, row);
            for (d, p) in row.iter_mut().zip(p) {
                *d = self.factor * (*p * (*d - mean));
            }
        }
    }
}
