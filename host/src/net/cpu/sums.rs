//! Sums along rows and down columns, in one order that vectorises and loses little: short sums first, then their sum.

use crate::net::element::Element;
use crate::simd::Task;
use gibbs_core::math;

/// Partial sums side by side along a row.
const LANES: usize = 16;
/// Entries of a row that are summed before their sum is added to the others.
const PART: usize = 1024;
/// Rows that are summed before their sum is added to the others.
pub(crate) const BLOCK: usize = 32;

/// Σ x_i.
#[inline(always)]
pub(crate) fn sum<T: Element>(values: &[T]) -> T {
    let mut total = T::ZERO;
    for part in values.chunks(PART) {
        let (whole, rest) = part.as_chunks::<LANES>();
        let mut lanes = [T::ZERO; LANES];
        for chunk in whole {
            for (lane, x) in lanes.iter_mut().zip(chunk) {
                *lane += *x;
            }
        }
        let mut subtotal = T::ZERO;
        for x in lanes.iter().chain(rest) {
            subtotal += *x;
        }
        total += subtotal;
    }
    total
}

/// Σ x_i y_i.
#[inline(always)]
pub(crate) fn dot<T: Element>(x: &[T], y: &[T]) -> T {
    let mut total = T::ZERO;
    for (x, y) in x.chunks(PART).zip(y.chunks(PART)) {
        total += math::dot(x, y);
    }
    total
}

/// The largest entry; minus infinity for none. NaN is passed over.
#[inline(always)]
pub(crate) fn largest<T: Element>(values: &[T]) -> T {
    let (whole, rest) = values.as_chunks::<LANES>();
    let mut lanes = [T::of(f64::NEG_INFINITY); LANES];
    for chunk in whole {
        for (lane, x) in lanes.iter_mut().zip(chunk) {
            *lane = math::larger(*x, *lane);
        }
    }
    let mut largest = T::of(f64::NEG_INFINITY);
    for x in lanes.iter().chain(rest) {
        largest = math::larger(*x, largest);
    }
    largest
}

/// Adds the sum of rows of `sums.len()` numbers.
pub(crate) fn add_sum_of_rows<T: Element>(rows: &[T], sums: &mut [T]) {
    let channels = sums.len().max(1);
    T::with_scratch(channels, |block| {
        for rows in rows.chunks(BLOCK * channels) {
            block.fill(T::ZERO);
            for row in rows.chunks_exact(channels) {
                for (sum, x) in block.iter_mut().zip(row) {
                    *sum += *x;
                }
            }
            for (sum, part) in sums.iter_mut().zip(block.iter()) {
                *sum += *part;
            }
        }
    });
}

/// Sums over rows of each entry and of its product with another array, for each channel.
pub(crate) struct ChannelSums<'a, T> {
    pub values: &'a [T],
    pub others: &'a [T],
    /// Sums of the values, one per channel.
    pub first: &'a mut [T],
    /// Sums of the products.
    pub second: &'a mut [T],
    /// Room for two numbers per channel.
    pub block: &'a mut [T],
}

impl<T: Element> Task for ChannelSums<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.first.len();
        self.first.fill(T::ZERO);
        self.second.fill(T::ZERO);
        let (one, two) = self.block.split_at_mut(channels);
        let size = (BLOCK * channels).max(1);
        for (values, others) in self.values.chunks(size).zip(self.others.chunks(size)) {
            one.fill(T::ZERO);
            two.fill(T::ZERO);
            for (values, others) in values.chunks_exact(channels).zip(others.chunks_exact(channels)) {
                for (((one, two), v), o) in one.iter_mut().zip(two.iter_mut()).zip(values).zip(others) {
                    *one += *v;
                    *two += *v * *o;
                }
            }
            for (total, part) in self.first.iter_mut().zip(one.iter()) {
                *total += *part;
            }
            for (total, part) in self.second.iter_mut().zip(two.iter()) {
                *total += *part;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: rest of a part left out of sum; lanes left out of largest; block not cleared.
    use super::*;

    #[test] // integers: exact in any order
    fn sums_of_every_length_are_exact() {
        for n in [0_u32, 1, 15, 16, 17, 1023, 1024, 1025, 2100] {
            let x: Vec<f64> = (1..=n).map(f64::from).collect();
            assert_eq!(sum(&x), f64::from(n) * f64::from(n + 1) / 2.0);
            assert_eq!(
                dot(&x, &x),
                f64::from(n) * f64::from(n + 1) * f64::from(2 * n + 1) / 6.0
            );
        }
    }

    #[test]
    fn the_largest_is_found_wherever_it_is() {
        for n in 1..40 {
            for at in 0..n {
                let mut x = vec![-3.0_f32; n];
                x[at] = -1.0;
                assert_eq!(largest(&x), -1.0, "{at} of {n}");
            }
        }
        assert_eq!(largest::<f32>(&[]), f32::NEG_INFINITY);
    }

    #[test]
    fn rows_are_added_to_what_is_there() {
        let rows: Vec<f64> = (0..200).map(f64::from).collect();
        let mut sums = [1.0, 2.0];
        add_sum_of_rows(&rows, &mut sums);
        assert_eq!(sums, [9901.0, 10_002.0]);
    }
}
