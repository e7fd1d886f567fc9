//! The variational free energy and its gradient.
//!
//! Soh et al., eqs. 9-10 (sign of gamma as in their eq. 6), all constants kept, Q targets:
//!
//! ```text
//! ehat_t = s2_t - 2 b_t'v_t + v_t'C v_t + Σ_i m_i (1 - m_i) d_i w_it²
//! F = Σ_t [ beta_t (M/2) ehat_t - (M/2) ln(beta_t / 2π) ] - gamma Σ m_i + N softplus(gamma) - S(m)
//! ```
//! F >= -ln Σ_s p(y|s,w,beta) p(s) (Jensen, eq. 7). With one target and beta = 1/ehat this is the profiled
//! G of eqs. 12-13 plus M/2 - (M/2) ln(M/2π) + N softplus(gamma). F is in nats.

use super::gate;
use super::moments::Moments;
use super::solver::{Solution, Status};
use super::sweep::residual_energy;
use crate::Error;
use crate::math::{Real, softplus};

/// The free energy of a state and the two sums reported beside it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Energy<T> {
    /// The variational free energy F in nats.
    pub free_energy: T,
    /// The expected number of selected variables, Σ m_i.
    pub total_inclusion: T,
    /// Geometric mean of the betas.
    pub precision: T,
}

impl<T: Real> Energy<T> {
    /// The same numbers as the outcome of a solve that ended this way.
    pub fn solution(self, gamma: T, sweeps: u32, status: Status) -> Solution<T> {
        Solution {
            gamma,
            total_inclusion: self.total_inclusion,
            free_energy: self.free_energy,
            precision: self.precision,
            sweeps,
            status,
        }
    }
}

/// F from its parts, whatever the layout: the pairs (beta_t, ehat_t), the inclusions, M and gamma. Dead
/// variables count with m = 0.
pub fn assemble<T: Real>(
    targets: impl Iterator<Item = (T, T)>,
    inclusion: &[T],
    samples: T,
    gamma: T,
) -> Energy<T> {
    let half = T::HALF * samples;
    let (mut free_energy, mut log_precision, mut count) = (T::ZERO, T::ZERO, T::ZERO);
    let mut precision = T::ONE;
    for (beta, energy) in targets {
        free_energy += half * (beta * energy - beta.ln() + T::LN_TAU);
        log_precision += beta.ln();
        precision = beta;
        count += T::ONE;
    }
    if count > T::ONE {
        precision = (log_precision / count).exp();
    }
    let (mut total, mut entropy) = (T::ZERO, T::ZERO);
    for m in inclusion {
        total += *m;
        entropy += gate::entropy(*m);
    }
    free_energy += T::of_count(inclusion.len()) * softplus(gamma) - gamma * total - entropy;
    Energy {
        free_energy,
        total_inclusion: total,
        precision,
    }
}

/// F of a state over moments; `field` is g = C v. Cost O(N Q).
pub fn measure<T: Real>(
    data: &Moments<'_, T>,
    inclusion: &[T],
    weight: &[T],
    field: &[T],
    precision: &[T],
    gamma: T,
) -> Energy<T> {
    let n = data.variables().max(1);
    let states = weight.chunks_exact(n).zip(field.chunks_exact(n)).zip(precision);
    let targets = data
        .each_target()
        .zip(states)
        .map(|((b, s2), ((w, g), beta))| (*beta, residual_energy(data, inclusion, b, s2, w, g)));
    assemble(targets, inclusion, data.samples(), gamma)
}

/// Gradient of F at fixed beta for one target, with respect to the weights and the gate logits theta
/// (m = sigmoid(theta)); `field` is g = C v. For the profiled energy pass beta = 1/ehat, for the floored one
/// beta = 1/(ehat + floor s2). Written to `by_weight` and `by_logit` (N each). Cost O(N).
///
/// ```text
/// dF/dw_i = beta M m_i [ g_i - b_i + (1 - m_i) d_i w_i ]
/// dF/dtheta_i = m_i (1 - m_i) { beta M [ w_i (g_i - b_i) + (1 - 2 m_i) d_i w_i²/2 ] - gamma + theta_i }
/// ```
///
/// # Errors
/// `Shape` unless all slices have N entries and there is one target.
#[allow(clippy::too_many_arguments)]
pub fn gradient<T: Real>(
    data: &Moments<'_, T>,
    weight: &[T],
    logit: &[T],
    field: &[T],
    precision: T,
    gamma: T,
    by_weight: &mut [T],
    by_logit: &mut [T],
) -> Result<(), Error> {
    let n = data.variables();
    let lengths = [
        weight.len(),
        logit.len(),
        field.len(),
        by_weight.len(),
        by_logit.len(),
    ];
    if data.targets() != 1 || lengths.iter().any(|l| *l != n) {
        return Err(Error::Shape);
    }
    let scale = precision * data.samples();
    let inputs = weight
        .iter()
        .zip(logit)
        .zip(field)
        .zip(data.correlation())
        .zip(data.diagonal());
    for (((((w, theta), g), b), d), (dw, dt)) in inputs.zip(by_weight.iter_mut().zip(by_logit)) {
        (*dw, *dt) = gate_gradient(*w, *theta, *g - *b, d, scale, gamma);
    }
    Ok(())
}

/// Gradient of one gate, `pull` = (C v)_i - b_i, `scale` = beta M: shared by the moment form above and the
/// matrix-free form of the host.
pub fn gate_gradient<T: Real>(w: T, theta: T, pull: T, d: T, scale: T, gamma: T) -> (T, T) {
    let m = crate::math::sigmoid(theta);
    let by_weight = scale * m * (pull + (T::ONE - m) * d * w);
    let by_inclusion = scale * (w * pull + (T::ONE - T::TWO * m) * d * w * w * T::HALF) - gamma + theta;
    (by_weight, m * (T::ONE - m) * by_inclusion)
}
