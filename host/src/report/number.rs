//! How numbers are printed for people: four significant digits, plain where plain is readable.

/// `value` with `digits` significant digits: integers as they are, plain decimals from 1e-4 to 1e6,
/// otherwise `1.234e-7`. NaN and the infinities are named.
pub fn significant(value: f64, digits: usize) -> String {
    if value.is_nan() {
        return "NaN".to_owned();
    }
    if value.is_infinite() {
        return if value > 0.0 {
            "inf".to_owned()
        } else {
            "-inf".to_owned()
        };
    }
    if value == 0.0 {
        return "0".to_owned();
    }
    let magnitude = value.abs();
    if value.fract() == 0.0 && magnitude < 1e9 {
        return format!("{value:.0}");
    }
    let places = digits.max(1) - 1;
    let scientific = format!("{value:.places$e}");
    // The exponent after rounding: 9.9996 at four digits is 1.000e1.
    let exponent: i32 = scientific
        .split_once('e')
        .and_then(|(_, e)| e.parse().ok())
        .unwrap_or(0);
    if (-4..6).contains(&exponent) {
        let decimals = i32::try_from(places).unwrap_or(0).saturating_sub(exponent).max(0);
        format!("{value:.*}", usize::try_from(decimals).unwrap_or(0))
    } else {
        scientific
    }
}

/// Four significant digits, see [`significant`].
pub fn plain(value: f64) -> String {
    significant(value, 4)
}

/// A tick of an axis: six significant digits without the zeros at the end.
pub fn tick(value: f64) -> String {
    let text = significant(value, 6);
    let (number, exponent) = text
        .split_once('e')
        .map_or((text.as_str(), None), |(n, e)| (n, Some(e)));
    let short = if number.contains('.') {
        number.trim_end_matches('0').trim_end_matches('.')
    } else {
        number
    };
    exponent.map_or_else(|| short.to_owned(), |e| format!("{short}e{e}"))
}

/// `value ± error`, both rounded to the second significant digit of the error.
pub fn with_error(value: f64, error: f64) -> String {
    if !(error > 0.0 && error.is_finite() && value.is_finite()) {
        return plain(value);
    }
    let exponent = libm::log10(error).floor();
    let decimals = 1.0 - exponent;
    if value.abs() >= 1e6 || !(0.0..=6.0).contains(&decimals) {
        return format!("{} ± {}", plain(value), significant(error, 2));
    }
    let decimals = decimals as usize;
    format!("{value:.decimals$} ± {error:.decimals$}")
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: exponent taken before rounding; one digit of the error; zeros cut from integers.
    use super::*;

    #[test]
    fn four_digits_plain_or_scientific() {
        let cases = [
            (0.0, "0"),
            (-0.0, "0"),
            (256.0, "256"),
            (0.985, "0.9850"),
            (-1.5, "-1.500"),
            (9.9996, "10.00"),
            (123_456.7, "123457"),
            (1.234_56e-7, "1.235e-7"),
            (0.000_123_4, "0.0001234"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-inf"),
        ];
        for (value, text) in cases {
            assert_eq!(plain(value), text);
        }
    }

    #[test]
    fn ticks_drop_zeros_but_no_digit() {
        let cases = [
            (0.0125, "0.0125"),
            (-1.4325, "-1.4325"),
            (0.5, "0.5"),
            (-30.0, "-30"),
            (2.5e-7, "2.5e-7"),
            (100.0, "100"),
            (1e-5, "1e-5"),
        ];
        for (value, text) in cases {
            assert_eq!(tick(value), text);
        }
    }

    #[test]
    fn the_error_sets_the_digits() {
        assert_eq!(with_error(0.985_12, 0.012_3), "0.985 ± 0.012");
        assert_eq!(with_error(12.345, 1.5), "12.3 ± 1.5");
        assert_eq!(with_error(0.5, 0.0), "0.5000");
        assert_eq!(with_error(0.5, f64::NAN), "0.5000");
        assert_eq!(with_error(3.0e8, 2.0e6), "300000000 ± 2000000");
    }
}
