//! The complete graph (Curie-Weiss model): every pair coupled by J/N.
//!
//! ```text
//! E(M) = -(J/2N)(M² - N) - h M        Z = Σ_u binomial(N, u) e^(-beta E(2u - N))
//! ```
//! Cost: O(N). Source: standard; the sum over pairs is (M² - N)/2.

use super::Thermodynamics;
use super::magnetisation::Law;
use gibbs_core::Error;
use gibbs_core::math::Real;

/// N `spins` with pair coupling `coupling`/N and the field `field` at inverse temperature `beta`, with the law
/// of the magnetisation.
///
/// # Errors
/// [`Error::Shape`] for no spins, [`Error::NonFinite`].
pub fn curie_weiss(
    spins: usize,
    coupling: f64,
    field: f64,
    beta: f64,
) -> Result<(Thermodynamics, Law), Error> {
    if spins == 0 {
        return Err(Error::Shape);
    }
    let n = spins as f64;
    let energies: Vec<f64> = (0..=spins)
        .map(|up| {
            let m = 2.0 * up as f64 - n;
            -0.5 * coupling * (m * m / n - 1.0) - field * m
        })
        .collect();
    // exact extremes of beta E bound all of it
    if !energies.iter().all(|e| e.is_finite() && (beta * e).is_finite()) {
        return Err(Error::NonFinite);
    }
    let mut log_binomial = 0.0;
    let mut logs = Vec::with_capacity(spins + 1);
    for (up, energy) in energies.iter().enumerate() {
        if up > 0 {
            let up = up as f64;
            log_binomial += Real::ln((n + 1.0 - up) / up);
        }
        logs.push(log_binomial - beta * energy);
    }
    let law = Law::from_logs(&logs);
    let mean = |f: &dyn Fn(f64) -> f64| -> f64 {
        law.probabilities
            .iter()
            .zip(&energies)
            .map(|(p, e)| p * f(*e))
            .sum()
    };
    let energy = mean(&|e| e);
    let thermodynamics = Thermodynamics {
        spins,
        log_z: law.log_z,
        energy,
        heat_capacity: beta * beta * mean(&|e| (e - energy) * (e - energy)),
    };
    Ok((thermodynamics, law))
}

#[cfg(test)]
mod tests {
    //! Oracles: enumeration; the binomial law without coupling; the mean-field equation of a large system.
    //! Mutations seen red: M² for M² - N; sign of h and of beta E; N + 1 - u -> N - u; a missing beta; J for J/2.
    use super::super::tanh;
    use super::super::testing::{assert_close, configurations, enumerate};
    use super::*;
    use crate::garrote::testing::tolerance as tol;

    #[test] // oracle: ising-curie-weiss
    fn enumeration() {
        for (spins, coupling, field, beta) in [
            (1, 1.0, 0.3, 0.7),
            (2, 1.0, 0.0, 1.0),
            (5, 1.3, 0.2, 0.9),
            (8, 1.0, 0.0, 1.2),
            (9, -2.0, -0.4, 0.6),
        ] {
            let mut bonds = Vec::new();
            for i in 0..spins {
                bonds.extend((0..i).map(|j| (i, j, coupling / spins as f64)));
            }
            let (found, law) = curie_weiss(spins, coupling, field, beta).unwrap();
            assert_close(
                &found,
                &enumerate(spins, &bonds, field, beta),
                tol::ROUNDING,
                "complete graph",
            );
            let mut direct = vec![0.0; spins + 1];
            for (energy, up) in configurations(spins, &bonds, field) {
                direct[up] += Real::exp(-beta * energy - found.log_z);
            }
            for (p, q) in law.probabilities.iter().zip(direct) {
                assert!((p - q).abs() < 1e-13);
            }
        }
    }

    // m = tanh(beta (J m + h)) up to O(1/N)
    #[test] // oracle: ising-curie-weiss
    fn mean_field_equation() {
        let (_, law) = curie_weiss(20_000, 1.0, 0.1, 1.5).unwrap();
        let m = law.mean(|m| m);
        assert!((m - tanh(1.5 * (m + 0.1))).abs() < 1e-4);
        assert!((law.probabilities.iter().sum::<f64>() - 1.0).abs() < tol::ROUNDING);
    }

    #[test] // edge: ising-curie-weiss
    fn refusals() {
        assert_eq!(curie_weiss(0, 1.0, 0.0, 1.0), Err(Error::Shape));
        assert_eq!(curie_weiss(3, f64::NAN, 0.0, 1.0), Err(Error::NonFinite));
        assert_eq!(curie_weiss(3, 1.0, 0.0, f64::NAN), Err(Error::NonFinite));
        assert_eq!(curie_weiss(3, 1.0, 1e308, 1e308), Err(Error::NonFinite));
    }
}
