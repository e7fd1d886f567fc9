//! Student's t distribution with f degrees of freedom (real, above 0; infinity: the normal law).
//!
//! ```text
//! P(|t| > x) = I_{f/(f + x²)}(f/2, 1/2)        I the regularised incomplete beta function
//! ```
//! I by Lentz's continued fraction (DLMF 8.17.22), to about 14 digits; the quantile by bisection of P, which falls in
//! x. `libm` throughout: the same bits on every platform. Cost: some tens of terms of the fraction, about a hundred times that
//! for the quantile.

/// P(|t| > x) with `degrees` degrees of freedom; NaN of NaN.
pub fn two_sided(x: f64, degrees: f64) -> f64 {
    if degrees == f64::INFINITY {
        return libm::erfc(x.abs() / std::f64::consts::SQRT_2);
    }
    // x / sqrt(f) first: x² alone may overflow
    let ratio = x.abs() / libm::sqrt(degrees);
    let square = ratio * ratio;
    incomplete_beta(0.5 * degrees, 0.5, 1.0 / (1.0 + square), square / (1.0 + square))
}

/// The x with P(|t| <= x) = `probability`: 1.96 for .95 and infinite degrees. NaN for a probability outside of [0, 1) and for
/// degrees that are not above 0.
pub fn half_width(probability: f64, degrees: f64) -> f64 {
    if !((0.0..1.0).contains(&probability) && degrees > 0.0) {
        return f64::NAN;
    }
    let outside = 1.0 - probability;
    let mut above = 1.0;
    while two_sided(above, degrees) > outside && above < 1e300 {
        above *= 2.0;
    }
    let mut below = 0.0;
    loop {
        let middle = 0.5 * (below + above);
        if middle <= below || middle >= above {
            return above;
        }
        if two_sided(middle, degrees) > outside {
            below = middle;
        } else {
            above = middle;
        }
    }
}

/// `I_x(a, b)`, x in [0, 1], with y = 1 - x, which may be too small to be found in x.
fn incomplete_beta(a: f64, b: f64, x: f64, y: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if y <= 0.0 {
        return 1.0;
    }
    let log_front =
        libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b) + a * libm::log(x) + b * libm::log(y);
    let front = libm::exp(log_front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * fraction(a, b, x) / a
    } else {
        1.0 - front * fraction(b, a, y) / b
    }
}

/// The continued fraction of DLMF 8.17.22, by Lentz's method.
fn fraction(a: f64, b: f64, x: f64) -> f64 {
    let away = |v: f64| if v.abs() < 1e-300 { 1e-300 } else { v };
    let (mut c, mut d) = (1.0, 1.0 / away(1.0 - (a + b) * x / (a + 1.0)));
    let mut value = d;
    for step in 1..10_000 {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away(1.0 + term * d);
            c = away(1.0 + term / c);
            value *= d * c;
            change = d * c;
        }
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    value
}

#[cfg(test)]
mod tests;
