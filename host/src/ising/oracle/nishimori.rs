//! The Nishimori line of the ±J spin glass: an exact average over disorder at any size, on any graph.
//!
//! ```text
//! P(J_ij = +1) = p,   e^(2 beta) = p/(1 - p)     =>     [<E>] = -(number of bonds) tanh beta
//! ```
//! [.] is the mean over the bonds, no field. Source: H. Nishimori, Prog. Theor. Phys. 66, 1169 (1981).

use super::tanh;
use gibbs_core::Error;
use gibbs_core::math::Real;

/// p = 1/(1 + e^(-2 beta)) of an inverse temperature.
///
/// # Errors
/// [`Error::NonFinite`].
pub fn probability(beta: f64) -> Result<f64, Error> {
    let beta = finite(beta)?;
    let q = Real::exp(-2.0 * beta.abs());
    Ok(if beta < 0.0 { q } else { 1.0 } / (1.0 + q))
}

/// beta = ln(p/(1 - p))/2 of a probability of +1.
///
/// # Errors
/// [`Error::Domain`] unless 0 < p < 1.
pub fn beta(probability: f64) -> Result<f64, Error> {
    if probability > 0.0 && probability < 1.0 {
        Ok(0.5 * (Real::ln(probability) - Real::ln_1p(-probability)))
    } else {
        Err(Error::Domain)
    }
}

/// Mean energy per bond on the line, over spins and bonds: -tanh beta.
///
/// # Errors
/// [`Error::NonFinite`].
pub fn energy_per_bond(beta: f64) -> Result<f64, Error> {
    finite(beta).map(|beta| -tanh(beta))
}

fn finite(beta: f64) -> Result<f64, Error> {
    if beta.is_finite() {
        Ok(beta)
    } else {
        Err(Error::NonFinite)
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: all 2^12 choices of the bonds of a 3 x 2 torus times all 2^6 configurations.
    //! Mutations seen red: 2 beta -> beta and the other sign in `probability`; + for - and no half in `beta`; the
    //! sign of the energy; p <= 0 let through.
    use super::super::testing::{self, Bond};
    use super::*;

    #[test] // oracle: ising-nishimori
    fn every_choice_of_bonds() {
        for b in [0.3, 0.9, -0.4] {
            let p = probability(b).unwrap();
            assert!((beta(p).unwrap() - b).abs() < 1e-14);
            let graph = testing::torus(3, 2);
            let mut mean = 0.0;
            for choice in 0..1_u32 << graph.len() {
                let mut weight = 1.0;
                let bonds: Vec<Bond> = graph
                    .iter()
                    .enumerate()
                    .map(|(k, bond)| {
                        let up = choice >> k & 1 == 1;
                        weight *= if up { p } else { 1.0 - p };
                        (bond.0, bond.1, if up { 1.0 } else { -1.0 })
                    })
                    .collect();
                mean += weight * testing::enumerate(6, &bonds, 0.0, b).energy;
            }
            let expected = energy_per_bond(b).unwrap() * graph.len() as f64;
            assert!((mean - expected).abs() < 1e-11, "{mean} against {expected}");
        }
    }

    #[test] // edge: ising-nishimori
    fn both_ends() {
        for b in [-300.0, -20.0, 15.0] {
            let found = beta(probability(b).unwrap()).unwrap();
            assert!((found / b - 1.0).abs() < 1e-3, "{b}: {found}");
        }
        assert_eq!(energy_per_bond(-400.0), Ok(1.0));
    }

    #[test] // edge: ising-nishimori
    fn refusals() {
        for p in [0.0, 1.0, -0.1, f64::NAN] {
            assert_eq!(beta(p), Err(Error::Domain));
        }
        assert_eq!(probability(f64::NAN), Err(Error::NonFinite));
        assert_eq!(energy_per_bond(f64::INFINITY), Err(Error::NonFinite));
        assert_eq!(probability(0.0), Ok(0.5));
    }
}
