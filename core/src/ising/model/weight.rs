//! The numbers that energies are made of, and how they are stored.

use crate::error::Error;
use core::ops::{Add, AddAssign, Mul, Neg, Sub};

mod sealed {
    pub trait Sealed {}
    impl Sealed for i32 {}
    impl Sealed for i128 {}
    impl Sealed for f32 {}
    impl Sealed for f64 {}
}

/// What energies and local fields are made of: i32 and i128 (exact), f32 or f64. Sealed.
pub trait Weight:
    sealed::Sealed
    + Copy
    + core::fmt::Debug
    + Default
    + PartialEq
    + PartialOrd
    + Send
    + Sync
    + 'static
    + Add<Output = Self>
    + AddAssign
    + Sub<Output = Self>
    + Mul<Output = Self>
    + Neg<Output = Self>
{
    /// 0.
    const ZERO: Self;
    /// 2.
    const TWO: Self;
    /// Distance from 1 to the next number; 0 of integers, whose sums are exact.
    const ROUNDING: f64;
    /// As f64: exact, but of i128 the nearest.
    fn wide(self) -> f64;
    /// `self - other` as f64. Its sign is exact, and so is the difference that is rounded.
    #[inline]
    fn above(self, other: Self) -> f64 {
        self.wide() - other.wide()
    }
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// Refuses a bound of sums (in f64) that this type does not hold.
    ///
    /// # Errors
    /// [`Error::Overflow`] of integers, [`Error::NonFinite`] of floats.
    fn holds(bound: f64) -> Result<(), Error>;
    /// This many bits of value: for hashes.
    fn bits(self) -> u64;

    /// The product of the weight with a spin.
    #[inline]
    #[must_use]
    fn times(self, spin: i8) -> Self {
        if spin < 0 { -self } else { self }
    }
}

impl Weight for i32 {
    const ZERO: Self = 0;
    const TWO: Self = 2;
    const ROUNDING: f64 = 0.0;
    #[inline]
    fn wide(self) -> f64 {
        f64::from(self)
    }
    #[inline]
    fn is_finite(self) -> bool {
        true
    }
    fn holds(bound: f64) -> Result<(), Error> {
        if bound < 2_147_483_647.0 {
            Ok(())
        } else {
            Err(Error::Overflow)
        }
    }
    #[inline]
    fn bits(self) -> u64 {
        u64::from(self as u32)
    }
}

/// For enumerations of weights that do not fit 32 bits: wide sums cost too much for anything that runs long.
impl Weight for i128 {
    const ZERO: Self = 0;
    const TWO: Self = 2;
    const ROUNDING: f64 = 0.0;
    #[inline]
    fn wide(self) -> f64 {
        self as f64
    }
    #[inline]
    fn above(self, other: Self) -> f64 {
        (self - other) as f64
    }
    #[inline]
    fn is_finite(self) -> bool {
        true
    }
    /// Bounds below 2^126: differences of two sums still fit.
    fn holds(bound: f64) -> Result<(), Error> {
        if bound < 8.507_059_173_023_462e37 {
            Ok(())
        } else {
            Err(Error::Overflow)
        }
    }
    #[inline]
    fn bits(self) -> u64 {
        (self as u64) ^ ((self >> 64) as u64)
    }
}

macro_rules! float_weight {
    ($t:ty) => {
        impl Weight for $t {
            const ZERO: Self = 0.0;
            const TWO: Self = 2.0;
            const ROUNDING: f64 = <$t>::EPSILON as f64;
            #[inline]
            fn wide(self) -> f64 {
                f64::from(self)
            }
            #[inline]
            fn is_finite(self) -> bool {
                <$t>::is_finite(self)
            }
            fn holds(bound: f64) -> Result<(), Error> {
                if bound < f64::from(<$t>::MAX) {
                    Ok(())
                } else {
                    Err(Error::NonFinite)
                }
            }
            #[inline]
            fn bits(self) -> u64 {
                u64::from(self.to_bits())
            }
        }
    };
}

float_weight!(f32);
float_weight!(f64);

/// How a coupling is stored: i8 and i16 are read as i32.
pub trait Stored: Copy + Send + Sync + 'static {
    /// What its energies are made of.
    type Weight: Weight;
    /// The stored number as a weight.
    fn weight(self) -> Self::Weight;
}

macro_rules! stored {
    ($($t:ty => $w:ty),*) => {$(
        impl Stored for $t {
            type Weight = $w;
            #[inline]
            fn weight(self) -> $w {
                <$w>::from(self)
            }
        }
    )*};
}

stored!(i8 => i32, i16 => i32, i32 => i32, i128 => i128, f32 => f32, f64 => f64);
