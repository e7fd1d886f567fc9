//! Scalars and elementary functions: the only door to `libm`.
//!
//! Platform mathematics differs in the last bit from machine to machine; `libm` in pure Rust does not. No
//! fused multiply-add anywhere. Larger and smaller of two numbers are written out (`if a > b`), so that
//! signed zeros and NaN behave alike on every target.

use core::fmt::Debug;
use core::ops::{Add, AddAssign, Div, DivAssign, Mul, MulAssign, Neg, Sub, SubAssign};

mod sealed {
    pub trait Sealed {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// The scalar of every algorithm: f32 or f64. Sealed: bits are promised for these two only.
pub trait Real:
    sealed::Sealed
    + Copy
    + Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Div<Output = Self>
    + Neg<Output = Self>
    + AddAssign
    + SubAssign
    + MulAssign
    + DivAssign
{
    /// 0.
    const ZERO: Self;
    /// 1.
    const ONE: Self;
    /// 1/2.
    const HALF: Self;
    /// 2.
    const TWO: Self;
    /// Distance from 1 to the next number.
    const EPSILON: Self;
    /// ln(2 pi).
    const LN_TAU: Self;
    /// The scalar has 53 bits of mantissa.
    const IS_DOUBLE: bool;
    /// Nearest scalar to a literal or a host number.
    fn of(x: f64) -> Self;
    /// Exact up to 2^24 (f32) or 2^53 (f64), else nearest.
    fn of_count(n: usize) -> Self;
    /// Widened to f64 (exact).
    fn wide(self) -> f64;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// The magnitude |x|.
    #[must_use]
    fn abs(self) -> Self;
    /// The exponential e^x.
    #[must_use]
    fn exp(self) -> Self;
    /// The natural logarithm.
    #[must_use]
    fn ln(self) -> Self;
    /// ln(1 + x), accurate for small x.
    #[must_use]
    fn ln_1p(self) -> Self;
    /// Square root (correctly rounded).
    #[must_use]
    fn sqrt(self) -> Self;
    /// Cosine of an angle in radians.
    #[must_use]
    fn cos(self) -> Self;
    /// Sine of an angle in radians.
    #[must_use]
    fn sin(self) -> Self;
    /// The angle, in (-pi, pi], of the point with ordinate `self` and abscissa `x`.
    #[must_use]
    fn atan2(self, x: Self) -> Self;
    /// Nearest whole number, halves to the even one.
    #[must_use]
    fn round_even(self) -> Self;
    /// Uniform on [0, 1) from the high bits of one 64-bit word: 24 bits (f32) or 53 bits (f64).
    fn unit(word: u64) -> Self;
    /// Bit pattern, widened to 64 bits (for hashes).
    fn bits(self) -> u64;
}

macro_rules! real {
    ($t:ty, $double:literal, $shift:literal, $ulp:expr, $exp:ident, $log:ident, $log1p:ident, $sqrt:ident, $cos:ident, $sin:ident, $atan2:ident, $rint:ident, $fabs:ident) => {
        impl Real for $t {
            const ZERO: Self = 0.0;
            const ONE: Self = 1.0;
            const HALF: Self = 0.5;
            const TWO: Self = 2.0;
            const EPSILON: Self = <$t>::EPSILON;
            #[allow(clippy::excessive_precision)] // rounded to nearest by the compiler
            const LN_TAU: Self = 1.837_877_066_409_345_5;
            const IS_DOUBLE: bool = $double;
            #[inline]
            fn of(x: f64) -> Self {
                x as $t
            }
            #[inline]
            fn of_count(n: usize) -> Self {
                n as $t
            }
            #[inline]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            #[inline]
            fn abs(self) -> Self {
                libm::$fabs(self)
            }
            #[inline]
            fn exp(self) -> Self {
                libm::$exp(self)
            }
            #[inline]
            fn ln(self) -> Self {
                libm::$log(self)
            }
            #[inline]
            fn ln_1p(self) -> Self {
                libm::$log1p(self)
            }
            #[inline]
            fn sqrt(self) -> Self {
                libm::$sqrt(self)
            }
            #[inline]
            fn cos(self) -> Self {
                libm::$cos(self)
            }
            #[inline]
            fn sin(self) -> Self {
                libm::$sin(self)
            }
            #[inline]
            fn atan2(self, x: Self) -> Self {
                libm::$atan2(self, x)
            }
            #[inline]
            fn round_even(self) -> Self {
                libm::$rint(self)
            }
            #[inline]
            fn unit(word: u64) -> Self {
                (word >> $shift) as $t * $ulp
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
        }
    };
}

real!(
    f32,
    false,
    40,
    1.0 / 16_777_216.0,
    expf,
    logf,
    log1pf,
    sqrtf,
    cosf,
    sinf,
    atan2f,
    rintf,
    fabsf
);
real!(
    f64,
    true,
    11,
    1.0 / 9_007_199_254_740_992.0,
    exp,
    log,
    log1p,
    sqrt,
    cos,
    sin,
    atan2,
    rint,
    fabs
);

/// The larger of two; `b` when they do not compare.
#[inline]
pub fn larger<T: Real>(a: T, b: T) -> T {
    if a > b { a } else { b }
}

/// The smaller of two; `b` when they do not compare.
#[inline]
pub fn smaller<T: Real>(a: T, b: T) -> T {
    if a < b { a } else { b }
}

/// 1 / (1 + e^-t), without overflow: the argument is held to +-80 first, where both scalars are saturated
/// or within 2e-35 of it.
#[inline]
pub fn sigmoid<T: Real>(t: T) -> T {
    let limit = T::of(80.0);
    let e = (-smaller(t.abs(), limit)).exp();
    let tail = e / (T::ONE + e);
    if t < T::ZERO { tail } else { T::ONE / (T::ONE + e) }
}

/// ln(1 + e^t) = max(t, 0) + ln(1 + e^-|t|), without overflow.
#[inline]
pub fn softplus<T: Real>(t: T) -> T {
    let limit = T::of(80.0);
    larger(t, T::ZERO) + (-smaller(t.abs(), limit)).exp().ln_1p()
}

// The loops under `inline(always)` are inlined, on hosts only, into functions compiled for wider instruction
// sets (dispatched at run time); bare-metal targets leave the choice to the optimiser, which saves stack.

/// Lanes of [`dot`]: one AVX-512 register of f64, two of AVX2.
const LANES: usize = 8;

/// Σ x_i y_i over eight partial sums (entry i goes to lane i mod 8), added up as
/// ((0 + 4) + (2 + 6)) + ((1 + 5) + (3 + 7)), then the last len mod 8 products in order: the one order in
/// which this project adds up products. It vectorises without changing a bit.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub fn dot<T: Real>(x: &[T], y: &[T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (p, q) in xs.iter().zip(ys) {
        for ((lane, p), q) in lanes.iter_mut().zip(p).zip(q) {
            *lane += *p * *q;
        }
    }
    let mut rest = T::ZERO;
    for (p, q) in x_rest.iter().zip(y_rest) {
        rest += *p * *q;
    }
    let [a, b, c, d, e, f, g, h] = lanes;
    (((a + e) + (c + g)) + ((b + f) + (d + h))) + rest
}

/// y += a x, entry by entry.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub fn add_scaled<T: Real>(y: &mut [T], a: T, x: &[T]) {
    for (y, x) in y.iter_mut().zip(x) {
        *y += a * *x;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // closed form: sigmoid(t) + sigmoid(-t) = 1, softplus(t) - softplus(-t) = t
    fn sigmoid_and_softplus_identities() {
        for k in -1000..=1000 {
            let t = f64::from(k) * 0.1;
            assert!((sigmoid(t) + sigmoid(-t) - 1.0).abs() < 1e-15, "{t}");
            assert!((softplus(t) - softplus(-t) - t).abs() < 1e-13, "{t}");
            let direct = 1.0 / (1.0 + (-t).exp());
            if t.abs() < 80.0 {
                assert!(
                    (sigmoid(t) - direct).abs() <= 1e-15 * direct.max(1e-300) * 4.0 + 1e-16,
                    "{t}"
                );
            }
        }
        assert_eq!(sigmoid(1e300_f64), 1.0);
        assert!(sigmoid(f32::NEG_INFINITY) >= 0.0);
    }

    #[test] // remainders of every length, and exact integers
    fn dot_sums_every_entry_once() {
        for n in 0..29_u32 {
            let x: std::vec::Vec<f64> = (1..=n).map(f64::from).collect();
            let expected = f64::from(n * (n + 1) * (2 * n + 1)) / 6.0;
            assert_eq!(dot(&x, &x), expected);
        }
    }

    #[test]
    fn unit_is_exact_and_below_one() {
        assert_eq!(f32::unit(u64::MAX), 1.0 - f32::EPSILON / 2.0);
        assert_eq!(f64::unit(u64::MAX), 1.0 - f64::EPSILON / 2.0);
        assert_eq!(f32::unit(0), 0.0);
    }
}
