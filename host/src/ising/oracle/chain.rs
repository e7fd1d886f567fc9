//! One dimension, no field, any bonds: the open chain and the ring.
//!
//! ```text
//! open   Z = 2^N Π cosh K_i                               K_i = beta J_i, N - 1 bonds
//! ring   Z = 2^N [Π cosh K_i + Π sinh K_i]                N bonds; equal ones: (2 cosh K)^N + (2 sinh K)^N
//! ```
//! Evaluated through broken bonds (derived): a bond costs 2 |J_i| when it is broken, which of a free bond has
//! probability p_i = 1/(1 + e^(2|K_i|)). On a ring the number of broken bonds is even, or odd if Π J_i < 0
//! (frustrated), so that
//!
//! ```text
//! Z = 2 e^(Σ|K_i|) Π (1 + e^(-2|K_i|)) P(parity)         P = 1 for the open chain
//! ```
//! where P(parity) is a sum of positive terms: no cancellation in the frustrated ring at low temperature.
//! Cost: O(N). Source: E. Ising, Z. Phys. 31, 253 (1925).

use super::Thermodynamics;
use gibbs_core::Error;
use gibbs_core::math::Real;

/// Free bonds: ln Π 2 cosh K_i and its derivatives by beta, and the parity of broken ones.
struct Bonds {
    log: f64,
    slope: f64,
    curvature: f64,
    /// P(even), P(odd), each with first and second derivative by beta.
    parity: [[f64; 3]; 2],
    frustrated: bool,
}

impl Bonds {
    fn new(bonds: &[f64], beta: f64) -> Result<Self, Error> {
        if !(beta.is_finite() && bonds.iter().all(|bond| (bond * beta).is_finite())) {
            return Err(Error::NonFinite);
        }
        let mut sum = Self {
            log: 0.0,
            slope: 0.0,
            curvature: 0.0,
            parity: [[1.0, 0.0, 0.0], [0.0; 3]],
            frustrated: false,
        };
        for bond in bonds {
            // J, K and the parity belong to a bond that beta < 0 turns around
            let signed = if beta < 0.0 { -bond } else { *bond };
            let size = (bond * beta).abs();
            let rate = bond.abs().copysign(beta); // d|K|/d beta
            let q = Real::exp(-2.0 * size);
            let p = q / (1.0 + q);
            sum.frustrated ^= signed < 0.0;
            sum.log += size + Real::ln_1p(q);
            sum.slope += rate * (1.0 - 2.0 * p);
            sum.curvature += 4.0 * rate * rate * p * (1.0 - p);
            let first = -2.0 * rate * p * (1.0 - p);
            let broken = [p, first, -2.0 * rate * first * (1.0 - 2.0 * p)];
            let whole = [1.0 - p, -broken[1], -broken[2]];
            let [even, odd] = sum.parity;
            sum.parity = [
                plus(product(even, whole), product(odd, broken)),
                plus(product(odd, whole), product(even, broken)),
            ];
        }
        Ok(sum)
    }
}

fn plus(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [a[0] + b[0], a[1] + b[1], a[2] + b[2]]
}

/// Value, first and second derivative of a product (Leibniz).
fn product(a: [f64; 3], b: [f64; 3]) -> [f64; 3] {
    [
        a[0] * b[0],
        a[1] * b[0] + a[0] * b[1],
        a[2] * b[0] + 2.0 * a[1] * b[1] + a[0] * b[2],
    ]
}

/// The open chain of `bonds.len() + 1` spins; bond i joins spins i and i + 1.
///
/// # Errors
/// [`Error::NonFinite`].
pub fn open(bonds: &[f64], beta: f64) -> Result<Thermodynamics, Error> {
    let free = Bonds::new(bonds, beta)?;
    Ok(Thermodynamics {
        spins: bonds.len() + 1,
        log_z: core::f64::consts::LN_2 + free.log,
        energy: -free.slope,
        heat_capacity: beta * beta * free.curvature,
    })
}

/// The ring of `bonds.len()` spins; bond i joins spins i and i + 1, the last one the ends. Two spins are
/// joined by both bonds.
///
/// # Errors
/// [`Error::Shape`] for fewer than 2 bonds, [`Error::NonFinite`], [`Error::Domain`] for a frustrated ring so
/// cold that breaking a bond is below the smallest number.
pub fn ring(bonds: &[f64], beta: f64) -> Result<Thermodynamics, Error> {
    if bonds.len() < 2 {
        return Err(Error::Shape);
    }
    let free = Bonds::new(bonds, beta)?;
    let [p, first, second] = free.parity[usize::from(free.frustrated)];
    if p < f64::MIN_POSITIVE {
        return Err(Error::Domain);
    }
    let slope = first / p;
    Ok(Thermodynamics {
        spins: bonds.len(),
        log_z: core::f64::consts::LN_2 + free.log + Real::ln(p),
        energy: -(free.slope + slope),
        heat_capacity: beta * beta * (free.curvature + second / p - slope * slope),
    })
}

#[cfg(test)]
mod tests {
    //! Oracles: enumeration; the two eigenvalues. frustration by or; factors 4
    //! and 2 of the curvatures; 1 - 2p -> 1 and 1 - p; Leibniz without its 2; odd for even; no ln P; no square of the
    //! slope; the sign of beta in d|K| and in the parity.
    use super::super::testing::{assert_close, enumerate};
    use super::*;
    use crate::garrote::testing::tolerance as tol;
    use gibbs_core::random::{normal, stream};

    fn joined(bonds: &[f64], spins: usize) -> Vec<(usize, usize, f64)> {
        let ends = bonds.iter().enumerate();
        ends.map(|(i, coupling)| (i, (i + 1) % spins, *coupling))
            .collect()
    }

    #[test] // oracle: ising-chain
    fn enumeration() {
        for seed in 0..20 {
            let mut rng = stream(seed, "test.chain", 0);
            let spins = 2 + seed as usize % 7;
            let mut bonds: Vec<f64> = (0..spins).map(|_| normal(&mut rng)).collect();
            if seed % 4 == 0 {
                bonds[0] = 0.0;
            }
            for beta in [-1.3, -0.2, 0.0, 0.4, 1.0, 3.0] {
                let found = ring(&bonds, beta).unwrap();
                let expected = enumerate(spins, &joined(&bonds, spins), 0.0, beta);
                assert_close(&found, &expected, tol::ROUNDING, "ring");
                let found = open(&bonds[1..], beta).unwrap();
                let expected = enumerate(spins, &joined(&bonds[1..], spins), 0.0, beta);
                assert_close(&found, &expected, tol::ROUNDING, "open");
            }
        }
    }

    // the transfer matrix has the eigenvalues 2 cosh K and 2 sinh K
    #[test] // oracle: ising-chain
    fn eigenvalues() {
        for (spins, k) in [(2_i32, 0.5_f64), (9, 0.3), (100, 1.1), (10, -0.8), (7, -0.8)] {
            let (plus, minus) = (Real::exp(k) + Real::exp(-k), Real::exp(k) - Real::exp(-k));
            let ratio = (minus / plus).powi(spins);
            let expected = f64::from(spins) * Real::ln(plus) + Real::ln_1p(ratio);
            let found = ring(&vec![k; spins as usize], 1.0).unwrap();
            assert!((found.log_z - expected).abs() < 1e-11, "{spins} {k}");
        }
    }

    // frustrated and cold: 2 N ground states of energy 2 - N
    #[test] // edge: ising-chain
    fn frustrated_ring_in_the_cold() {
        let bonds = [1.0, 1.0, -1.0, 1.0, 1.0];
        let found = ring(&bonds, 30.0).unwrap();
        assert!((found.energy + 3.0).abs() < tol::ROUNDING);
        assert!((found.log_z - (90.0 + Real::ln(10.0))).abs() < tol::ROUNDING);
        assert!(found.heat_capacity.abs() < 1e-9);
        assert_eq!(ring(&bonds, 1000.0), Err(Error::Domain));
    }

    #[test] // edge: ising-chain
    fn refusals() {
        assert_eq!(ring(&[1.0], 1.0), Err(Error::Shape));
        assert_eq!(ring(&[1.0, f64::NAN], 1.0), Err(Error::NonFinite));
        assert_eq!(open(&[1.0], f64::INFINITY), Err(Error::NonFinite));
        assert_eq!(open(&[1e300], 1e300), Err(Error::NonFinite));
        assert_eq!(open(&[], 0.7).unwrap().spins, 1);
    }
}
