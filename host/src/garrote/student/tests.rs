//! Oracles: closed forms for 1, 2 and infinitely many degrees, tables, the density by quadrature.
//!
//! Meant to be seen: f for f/2; the reflection of the fraction left out; `odd` without its sign.

use super::*;

#[test] // oracle: 1 degree is Cauchy's law, 2 degrees have P(|t| > x) = 1 - x/sqrt(2 + x²)
fn one_and_two_degrees_have_closed_forms() {
    for x in [1e-8, 0.1, 0.7, 1.0, 3.0, 12.7, 1e3, 1e8] {
        let cauchy = 2.0 / std::f64::consts::PI * libm::atan(1.0 / x);
        assert!((two_sided(x, 1.0) / cauchy - 1.0).abs() < 1e-12, "{x}");
        let root = libm::sqrt(2.0 + x * x);
        let two = 2.0 / (root * (root + x));
        assert!((two_sided(x, 2.0) / two - 1.0).abs() < 1e-11, "{x}");
    }
}

#[test] // golden: printed tables (Abramowitz, Stegun 26.10), three decimals
fn quantiles_are_those_of_the_tables() {
    let table = [
        (1.0, 12.706),
        (2.0, 4.303),
        (5.0, 2.571),
        (8.0, 2.306),
        (10.0, 2.228),
        (30.0, 2.042),
        (120.0, 1.980),
        (f64::INFINITY, 1.960),
    ];
    for (degrees, value) in table {
        assert!((half_width(0.95, degrees) - value).abs() < 5e-4, "{degrees}");
    }
    assert!((half_width(0.99, 8.0) - 3.355).abs() < 5e-4);
    assert!((half_width(0.95, 1e9) - half_width(0.95, f64::INFINITY)).abs() < 1e-6);
    assert_eq!(half_width(0.0, 5.0), half_width(0.0, 5.0).max(0.0));
}

#[test] // oracle: the density integrated by Simpson's rule
fn tails_are_the_integral_of_the_density() {
    for degrees in [0.7, 3.5, 9.0, 44.3] {
        let norm = libm::exp(libm::lgamma(0.5 * (degrees + 1.0)) - libm::lgamma(0.5 * degrees))
            / libm::sqrt(degrees * std::f64::consts::PI);
        let density = |t: f64| norm * libm::pow(1.0 + t * t / degrees, -0.5 * (degrees + 1.0));
        for x in [0.3, 1.2, 2.9] {
            let (steps, mut sum) = (2000, 0.0);
            for k in 0..=steps {
                let weight = match k {
                    0 => 1.0,
                    k if k == steps => 1.0,
                    k if k % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                sum += weight * density(x * f64::from(k) / f64::from(steps));
            }
            let inside = 2.0 * sum * x / (3.0 * f64::from(steps));
            assert!(
                (1.0 - inside - two_sided(x, degrees)).abs() < 1e-12,
                "{degrees} {x}"
            );
        }
    }
}

#[test] // edge
fn what_is_no_probability_has_no_half_width() {
    for (probability, degrees) in [
        (1.0, 3.0),
        (-0.1, 3.0),
        (f64::NAN, 3.0),
        (0.95, 0.0),
        (0.95, f64::NAN),
    ] {
        assert!(
            half_width(probability, degrees).is_nan(),
            "{probability} {degrees}"
        );
    }
    assert!(two_sided(f64::NAN, 3.0).is_nan());
}
