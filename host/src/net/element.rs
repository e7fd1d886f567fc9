//! The scalars of nets: f32 for work, f64 to check it.

use crate::raw::product::Scalar;
use gibbs_core::math::Real;
use std::cell::RefCell;
use std::fmt::{Display, LowerExp};

thread_local! {
    static SINGLE: RefCell<Vec<Vec<f32>>> = const { RefCell::new(Vec::new()) };
    static DOUBLE: RefCell<Vec<Vec<f64>>> = const { RefCell::new(Vec::new()) };
}

/// What is needed of a scalar beyond the core's.
#[allow(private_bounds)] // the door to `gemm` stays within the crate
pub trait Element: Real + Scalar + Display + LowerExp + std::iter::Sum {
    /// e^x as straight-line code that vectorises; within 2 units of the last place, 0 below the normal numbers.
    #[must_use]
    fn exponential(self) -> Self;
    /// The error function, within 7e-7 (f32) or 1e-15 (f64).
    #[must_use]
    fn error_function(self) -> Self;
    /// Lends `length` entries of this thread's scratch memory, of any content; kept from call to call. Calls nest.
    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [Self]) -> R) -> R;
}

/// Takes a vector from the pool of this thread, long enough, and gives it back after `work`.
fn lend<T: Copy + Default, R>(
    take: impl FnOnce() -> Option<Vec<T>>,
    give: impl FnOnce(Vec<T>),
    length: usize,
    work: impl FnOnce(&mut [T]) -> R,
) -> R {
    let mut memory = take().unwrap_or_default();
    if memory.len() < length {
        memory.resize(length, T::default());
    }
    let result = work(&mut memory[..length]);
    give(memory);
    result
}

impl Element for f32 {
    /// 2^n e^r with n = round(x / ln 2), |r| <= ln 2 / 2, and Taylor's polynomial of degree 7 in r.
    #[inline(always)]
    fn exponential(self) -> f32 {
        const LOG2_E: f32 = std::f32::consts::LOG2_E;
        // ln 2 in two parts, the first of few bits: n times it is exact.
        const HIGH: f32 = 355.0 / 512.0;
        const LOW: f32 = -2.121_944_4e-4;
        const MAGIC: f32 = 12_582_912.0; // 1.5 * 2^23: adding it rounds to an integer
        let x = if self > 88.722_8 { 88.722_8 } else { self };
        let x = if x < -87.336_5 { -87.336_5 } else { x };
        let shifted = x * LOG2_E + MAGIC;
        let n = shifted - MAGIC;
        let r = (x - n * HIGH) - n * LOW;
        let p = 1.0 / 720.0 + r * (1.0 / 5040.0);
        let p = 1.0 / 120.0 + r * p;
        let p = 1.0 / 24.0 + r * p;
        let p = 1.0 / 6.0 + r * p;
        let p = 0.5 + r * p;
        let e = 1.0 + (r + r * r * p);
        // 2^n in two factors: n may be 128.
        let n = (shifted.to_bits() as i32).wrapping_sub(MAGIC.to_bits() as i32);
        let half = n >> 1;
        let power = |n: i32| f32::from_bits((n.wrapping_add(127) as u32) << 23);
        let scaled = e * power(half) * power(n.wrapping_sub(half));
        if self.is_nan() {
            self
        } else if self > 88.722_8 {
            f32::INFINITY
        } else if self < -87.336_5 {
            0.0
        } else {
            scaled
        }
    }

    /// 1 - (polynomial of degree 5 in 1 / (1 + p |x|)) e^(-x²) (Abramowitz and Stegun 1964, 7.1.26: 1.5e-7 before rounding).
    #[inline(always)]
    fn error_function(self) -> f32 {
        let x = self.abs();
        let t = 1.0 / (1.0 + 0.327_591_1 * x);
        let p = 1.061_405_4 * t - 1.453_152_1;
        let p = p * t + 1.421_413_8;
        let p = p * t - 0.284_496_74;
        let p = (p * t + 0.254_829_6) * t;
        let tail = p * Element::exponential(-x * x);
        if self < 0.0 { tail - 1.0 } else { 1.0 - tail }
    }

    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [f32]) -> R) -> R {
        lend(
            || SINGLE.with(|pool| pool.borrow_mut().pop()),
            |memory| SINGLE.with(|pool| pool.borrow_mut().push(memory)),
            length,
            work,
        )
    }
}

impl Element for f64 {
    #[inline(always)]
    fn exponential(self) -> f64 {
        Real::exp(self)
    }

    #[inline(always)]
    fn error_function(self) -> f64 {
        libm::erf(self)
    }

    fn with_scratch<R>(length: usize, work: impl FnOnce(&mut [f64]) -> R) -> R {
        lend(
            || DOUBLE.with(|pool| pool.borrow_mut().pop()),
            |memory| DOUBLE.with(|pool| pool.borrow_mut().push(memory)),
            length,
            work,
        )
    }
}

/// 1 / (1 + e^-x).
#[inline(always)]
pub(crate) fn sigmoid<T: Element>(x: T) -> T {
    T::ONE / (T::ONE + Element::exponential(-x))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_is_good_to_two_units_and_the_error_function_to_its_bound() {
        let mut worst = (0.0_f64, 0.0_f64);
        for i in -873_000..887_000 {
            let x = i as f32 * 1e-4;
            let exact = f64::from(x).exp();
            let ulp = f64::from(f32::EPSILON) * exact;
            worst.0 = worst
                .0
                .max((f64::from(Element::exponential(x)) - exact).abs() / ulp);
            let y = i as f32 * 1e-5;
            worst.1 = worst
                .1
                .max((f64::from(Element::error_function(y)) - libm::erf(f64::from(y))).abs());
        }
        assert!(worst.0 <= 2.0 && worst.1 <= 7e-7, "{worst:?}");
    }

    #[test]
    fn the_ends_of_the_exponential() {
        assert_eq!(Element::exponential(f32::INFINITY), f32::INFINITY);
        assert_eq!(Element::exponential(f32::NEG_INFINITY), 0.0);
        assert_eq!(Element::exponential(200.0_f32), f32::INFINITY);
        assert_eq!(Element::exponential(0.0_f32), 1.0);
        assert!(Element::exponential(f32::NAN).is_nan());
        assert!(Element::exponential(88.7_f32).is_finite());
    }
}
