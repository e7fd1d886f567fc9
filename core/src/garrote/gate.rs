//! The scalar step of one selection gate, shared by every layout and schedule.
//!
//! With all other gates fixed, F is minimised exactly over the pair (w_i, m_i): m_i drops out of the
//! optimal weight (derived), so
//!
//! ```text
//! w_i = rho_i / d_i      evidence_i = (M/2) Σ_t beta_t rho_it² / d_i      m_i = sigmoid(gamma + evidence_i)
//! ```
//! with rho_i = b_i - Σ_{j≠i} C_ij v_j. Several targets t share the spin, hence the sum (one target: one
//! term). Units: rho in y (columns dimensionless), evidence and gamma in nats.

use crate::math::{Real, sigmoid};

/// Evidence of one target for a gate, in nats: beta M rho² / (2 d), written with w = rho / d.
#[inline]
pub fn evidence<T: Real>(precision: T, samples: T, rho: T, weight: T) -> T {
    T::HALF * precision * samples * (rho * weight)
}

/// Inclusion m = sigmoid(gamma + evidence); never below sigmoid(gamma) since evidence >= 0.
#[inline]
pub fn inclusion<T: Real>(gamma: T, evidence: T) -> T {
    sigmoid(gamma + evidence)
}

/// Entropy of one gate in nats, -m ln m - (1-m) ln(1-m), with 0 ln 0 = 0.
#[inline]
pub fn entropy<T: Real>(m: T) -> T {
    let mut s = T::ZERO;
    if m > T::ZERO {
        s -= m * m.ln();
    }
    if m < T::ONE {
        s -= (T::ONE - m) * (-m).ln_1p();
    }
    s
}
