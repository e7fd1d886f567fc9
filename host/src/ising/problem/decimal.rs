//! Decimal numbers as they stand in a file: a whole number times a power of ten, nothing rounded.

use std::cmp::Ordering;
use std::fmt;

/// Powers of ten beyond these are not held: no sum of such a number with one of order one fits 128 bits.
const LARGEST_EXPONENT: i32 = 60;

/// mantissa x 10^exponent, exponent <= 0, no zero at the end of a fraction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decimal {
    /// The whole number.
    pub mantissa: i128,
    /// The power of ten, 0 or below.
    pub exponent: i32,
}

impl Decimal {
    /// The number that `text` (in the form that `f64::from_str` takes) means; `None` when it does not fit.
    pub fn parse(text: &str) -> Option<Self> {
        let (number, power) = match text.split_once(['e', 'E']) {
            Some((number, power)) => (number, power.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (negative, digits) = match number.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, number.strip_prefix('+').unwrap_or(number)),
        };
        let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
        let fraction = fraction.trim_end_matches('0');
        let mut mantissa = 0_i128;
        for digit in whole.chars().chain(fraction.chars()) {
            let digit = i128::from(digit.to_digit(10)?);
            mantissa = mantissa.checked_mul(10)?.checked_add(digit)?;
        }
        let exponent = power.checked_sub(i32::try_from(fraction.len()).ok()?)?;
        Self::new(if negative { -mantissa } else { mantissa }, exponent)
    }

    /// mantissa x 10^exponent in its one form.
    fn new(mut mantissa: i128, mut exponent: i32) -> Option<Self> {
        if mantissa == 0 {
            exponent = 0;
        }
        if exponent.abs() > LARGEST_EXPONENT {
            return None;
        }
        while exponent < 0 && mantissa % 10 == 0 {
            mantissa /= 10;
            exponent += 1;
        }
        while exponent > 0 {
            mantissa = mantissa.checked_mul(10)?;
            exponent -= 1;
        }
        Some(Self { mantissa, exponent })
    }

    /// The whole number k with k x 10^exponent = self; `None` when there is none or it does not fit.
    pub fn in_units_of(self, exponent: i32) -> Option<i128> {
        let places = u32::try_from(self.exponent.checked_sub(exponent)?).ok()?;
        self.mantissa.checked_mul(10_i128.checked_pow(places)?)
    }

    /// By size, exactly.
    pub fn order(self, other: Self) -> Ordering {
        let unit = self.exponent.min(other.exponent);
        match (self.in_units_of(unit), other.in_units_of(unit)) {
            (Some(a), Some(b)) => a.cmp(&b),
            // One of them stands in this unit already; the other does not fit, so it is the larger in magnitude.
            (None, _) => self.mantissa.cmp(&0),
            (_, None) => 0.cmp(&other.mantissa),
        }
    }

    /// The sum; `None` when it does not fit.
    pub fn plus(self, other: Self) -> Option<Self> {
        let unit = self.exponent.min(other.exponent);
        let sum = self.in_units_of(unit)?.checked_add(other.in_units_of(unit)?)?;
        Self::new(sum, unit)
    }

    /// k x 10^exponent, for exponents of decimals that were parsed.
    pub(super) fn of_units(k: i128, exponent: i32) -> Self {
        Self::new(k, exponent).unwrap_or(Self {
            mantissa: k,
            exponent,
        })
    }

    /// The nearest f64.
    pub fn nearest(self) -> f64 {
        let text = format!("{}e{}", self.mantissa, self.exponent);
        text.parse().unwrap_or(f64::NAN) // digits, an exponent: always a number
    }
}

impl fmt::Display for Decimal {
    /// Plain digits with a decimal point, never an exponent.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let places = usize::try_from(-self.exponent).unwrap_or(0);
        let digits = format!("{:0>width$}", self.mantissa.unsigned_abs(), width = places + 1);
        let sign = if self.mantissa < 0 { "-" } else { "" };
        let (whole, fraction) = digits.split_at(digits.len() - places);
        if fraction.is_empty() {
            write!(f, "{sign}{whole}")
        } else {
            write!(f, "{sign}{whole}.{fraction}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn decimal(text: &str) -> Decimal {
        Decimal::parse(text).unwrap()
    }

    #[test]
    fn one_number_has_one_form() {
        for same in [
            ["1", "1.0"],
            ["100", "1e2"],
            ["-0.50", "-5e-1"],
            ["0", "-0.0e9"],
            [".5", "+0.5"],
            ["1.", "1"],
        ] {
            assert_eq!(decimal(same[0]), decimal(same[1]), "{same:?}");
        }
        assert_eq!(decimal("-0.0625").to_string(), "-0.0625");
        assert_eq!(decimal("12e1").to_string(), "120");
        assert_eq!(decimal("0.5").in_units_of(-3), Some(500));
        assert_eq!(decimal("0.5").in_units_of(0), None);
    }

    #[test]
    fn what_does_not_fit_is_said() {
        for text in [
            "1e-400",
            "1e39",
            "123456789012345678901234567890123456789012",
            "1e99999999999",
        ] {
            assert_eq!(Decimal::parse(text), None, "{text}");
        }
    }

    proptest! {
        // the shortest decimal of an f64 comes back as that f64
        #[test]
        fn nearest_undoes_printing(value in -1e15_f64..1e15) {
            prop_assert_eq!(decimal(&format!("{value}")).nearest(), value);
            prop_assert_eq!(decimal(&format!("{value:e}")).nearest(), value);
        }

        // oracle: the order of the numbers, and of their digits where f64 cannot tell
        #[test]
        fn order_is_that_of_the_numbers(a in -999_i64..1000, b in -999_i64..1000, p in -60_i32..=0, q in -60_i32..=0) {
            let (one, other) = (Decimal::of_units(a.into(), p), Decimal::of_units(b.into(), q));
            let wanted = one.nearest().total_cmp(&other.nearest());
            prop_assert_eq!(one.order(other), if a == 0 && b == 0 { Ordering::Equal } else { wanted });
            prop_assert_eq!(other.order(one), one.order(other).reverse());
            let large = Decimal::of_units((1 << 100) + i128::from(a), 0);
            prop_assert_eq!(large.order(Decimal::of_units((1 << 100) + i128::from(b), 0)), a.cmp(&b));
            prop_assert_eq!(large.order(Decimal::of_units(b.into(), -60)), Ordering::Greater);
        }

        #[test]
        fn printing_is_exact(mantissa in any::<i64>(), exponent in -30_i32..0) {
            let number = Decimal::of_units(i128::from(mantissa), exponent);
            prop_assert_eq!(decimal(&number.to_string()), number);
        }
    }
}
