//! The infinite square lattice, J = 1, no field: Onsager's energy and Yang's magnetisation.
//!
//! ```text
//! e = -coth 2K [1 + (2/pi)(2 tanh² 2K - 1) K1(q)]    q = 2 sinh 2K / cosh² 2K
//! K1(q) = (pi/2) / agm(1, q'),   q' = sqrt(1 - q²) = |sinh² 2K - 1| / cosh² 2K      (complete, modulus q)
//! m = (1 - 1/sinh⁴ 2K)^(1/8) below the critical temperature, else 0
//! ```
//! 2 tanh² 2K - 1 = ± q', so that e = -coth 2K [1 ± q'/agm(1, q')] has no singular term (derived).
//! Sources: L. Onsager, Phys. Rev. 65, 117 (1944); C. N. Yang, Phys. Rev. 85, 808 (1952).

use gibbs_core::Error;
use gibbs_core::math::Real;

/// Critical inverse temperature ln(1 + sqrt 2) / 2.
pub const CRITICAL_BETA: f64 = 0.440_686_793_509_771_5;
/// Critical temperature 2 / ln(1 + sqrt 2).
pub const CRITICAL_TEMPERATURE: f64 = 2.269_185_314_213_022;
/// Beyond it sinh 2K overflows; the lattice is in a ground state in every digit long before.
const COLDEST: f64 = 100.0;

/// Arithmetic-geometric mean of 1 and 0 < `b` <= 1: quadratic convergence.
fn agm(b: f64) -> f64 {
    let (mut a, mut b) = (1.0_f64, b);
    while a - b > 4.0 * f64::EPSILON * a {
        (a, b) = (0.5 * (a + b), (a * b).sqrt());
    }
    a
}

/// sinh 2 beta and cosh 2 beta.
fn hyperbolic(beta: f64) -> Result<(f64, f64), Error> {
    if !(beta > 0.0 && beta <= COLDEST) {
        return Err(Error::Domain);
    }
    let (up, down) = (Real::exp(2.0 * beta), Real::exp(-2.0 * beta));
    Ok((0.5 * (up - down), 0.5 * (up + down)))
}

/// Mean energy per spin; -sqrt 2 at the critical point.
///
/// # Errors
/// [`Error::Domain`] unless 0 < beta <= 100.
pub fn energy(beta: f64) -> Result<f64, Error> {
    let (s, c) = hyperbolic(beta)?;
    let order = (s - 1.0) * (s + 1.0) / (c * c); // 2 tanh² 2K - 1
    let term = if order == 0.0 {
        0.0
    } else {
        order / agm(order.abs())
    };
    Ok(-c / s * (1.0 + term))
}

/// Spontaneous magnetisation per spin.
///
/// # Errors
/// [`Error::Domain`] unless 0 < beta <= 100.
pub fn magnetisation(beta: f64) -> Result<f64, Error> {
    let (s, _) = hyperbolic(beta)?;
    if s <= 1.0 {
        return Ok(0.0);
    }
    let inverse = 1.0 / (s * s);
    Ok(Real::exp(Real::ln_1p(-(inverse * inverse)) / 8.0))
}

#[cfg(test)]
mod tests {
    //! Oracles: the critical point in closed form, expansions at both ends, a table of another program; Kaufman's finite
    //! lattice in `kaufman::tests`. Mutations seen red: means of the AGM, its
    //! stop at 1%; cosh for sinh, tanh for coth, the sign of the second term; 1/8 -> 1/4, sinh^-4 -> sinh^-2 and
    //! a wrong critical point in m; beta <= 0 let through.
    use super::*;
    use crate::garrote::testing::tolerance as tol;

    #[test] // oracle: ising-onsager
    fn critical_point() {
        let exact = Real::ln_1p(2.0_f64.sqrt()) / 2.0;
        assert!((CRITICAL_BETA - exact).abs() < 1e-16);
        assert!((CRITICAL_TEMPERATURE * CRITICAL_BETA - 1.0).abs() < 4e-16);
        // beta is known to half an ulp and e has an infinite slope: |x ln x| at x = 1e-16 is 4e-15
        assert!((energy(CRITICAL_BETA).unwrap() + 2.0_f64.sqrt()).abs() < 2e-14);
        assert!(magnetisation(CRITICAL_BETA - 1e-12).unwrap() == 0.0);
        assert!(magnetisation(CRITICAL_BETA + 1e-12).unwrap() > 0.03);
    }

    // every digit of the table
    #[test] // golden: ising-onsager
    fn table() {
        for (t, e) in [
            (1.5, -1.951_116_6),
            (2.0, -1.745_564_6),
            (CRITICAL_TEMPERATURE, -core::f64::consts::SQRT_2),
            (2.5, -1.106_079_2),
            (3.0, -0.817_309_6),
        ] {
            assert!((energy(1.0 / t).unwrap() - e).abs() <= tol::DIGITS_7, "T {t}");
        }
        for (t, m) in [(1.5, 0.986_499_6), (2.0, 0.911_319_4)] {
            assert!(
                (magnetisation(1.0 / t).unwrap() - m).abs() <= tol::DIGITS_7,
                "T {t}"
            );
        }
    }

    // first terms of the series: e = -2 tanh K - 4 tanh³ K ...; -2 + 8 x⁴, m = 1 - 2 x⁴ with x = e^-2K
    #[test] // edge: ising-onsager
    fn both_ends() {
        for beta in [1e-3, 1e-2] {
            let t = super::super::tanh(beta);
            let series = -2.0 * t - 4.0 * (t * t * t) * (1.0 - t * t);
            assert!((energy(beta).unwrap() - series).abs() < 40.0 * beta.powi(5) + 1e-12);
        }
        for beta in [1.5_f64, 2.5] {
            let x4 = Real::exp(-8.0 * beta);
            assert!(
                (energy(beta).unwrap() - (-2.0 + 8.0 * x4)).abs()
                    < 30.0 * x4 * Real::exp(-4.0 * beta) + 1e-15
            );
            assert!(
                (magnetisation(beta).unwrap() - (1.0 - 2.0 * x4)).abs()
                    < 30.0 * x4 * Real::exp(-4.0 * beta) + 1e-15
            );
        }
        assert_eq!(energy(100.0), Ok(-2.0));
        assert_eq!(magnetisation(100.0), Ok(1.0));
    }

    #[test] // edge: ising-onsager
    fn refusals() {
        for beta in [0.0, -1.0, f64::NAN, f64::INFINITY, 101.0] {
            assert_eq!(energy(beta), Err(Error::Domain));
            assert_eq!(magnetisation(beta), Err(Error::Domain));
        }
    }
}
