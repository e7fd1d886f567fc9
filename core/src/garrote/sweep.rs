//! Coordinate ascent (solver S1): each pair (weight, inclusion) is set to its exact minimiser in turn.
//!
//! Source: Soh et al., eqs. 9-13; Kappen, Gomez. One sweep in covariance form, gates in index order:
//!
//! ```text
//! rho = b_i - g_i + d_i v_i   w_i = rho/d_i   m_i = sigmoid(gamma + (M/2) Σ_t beta_t rho²/d_i)   g += Δv C_i
//! then  1/beta = ehat = s2 - 2 b'v + v'g + Σ m_i (1 - m_i) d_i w_i²         with v_i = m_i w_i, g = C v
//! ```
//! F never rises over a sweep. Cost of a sweep: Q N² + O(Q N) multiply-adds and N exponentials. The body
//! works on lent slices: memory N + 2 N Q + Q numbers beside the moments. Duplicate columns: the first in
//! order is chosen.

pub use super::ascent::Ascent;
use super::gate;
use super::moments::Moments;
use super::solver::Noise;
use crate::math::{Real, add_scaled, larger};

/// Variational state in lent storage: inclusion m (N), weight w and field g = C v (N x Q), precision (Q).
#[derive(Debug)]
pub struct State<'a, T> {
    /// The inclusions m_i (N).
    pub inclusion: &'a mut [T],
    /// The weights w_it, target by target (N Q).
    pub weight: &'a mut [T],
    /// g = C (m w) by target.
    pub field: &'a mut [T],
    /// The noise precision beta_t of each target (Q).
    pub precision: &'a mut [T],
}

impl<T: Real> State<'_, T> {
    /// Shuts every gate at the single-variable weights: m = 0, w = b/d, g = 0, beta = 1/s2.
    pub fn close(&mut self, data: &Moments<'_, T>, noise: Noise<T>) {
        let n = data.variables().max(1);
        self.inclusion.fill(T::ZERO);
        self.field.fill(T::ZERO);
        for (w, (b, _)) in self.weight.chunks_exact_mut(n).zip(data.each_target()) {
            for ((w, b), d) in w.iter_mut().zip(b).zip(data.diagonal()) {
                *w = if d > T::ZERO { *b / d } else { T::ZERO };
            }
        }
        for (beta, s2) in self.precision.iter_mut().zip(data.variance()) {
            *beta = match noise {
                Noise::Profile { .. } => T::ONE / *s2,
                Noise::Fixed(beta) => beta,
            };
        }
    }

    /// The slices fit the moments.
    pub(crate) fn fits(&self, data: &Moments<'_, T>) -> bool {
        let (n, nq) = (data.variables(), data.correlation().len());
        self.inclusion.len() == n
            && self.weight.len() == nq
            && self.field.len() == nq
            && self.precision.len() == data.targets()
    }

    /// Takes over inclusions, weights and betas (a fixed beta stays fixed), then computes g.
    pub(crate) fn load(
        &mut self,
        data: &Moments<'_, T>,
        noise: Noise<T>,
        (inclusion, weight, precision): (&[T], &[T], &[T]),
    ) {
        copy(self.inclusion, inclusion);
        copy(self.weight, weight);
        copy(self.precision, precision);
        self.hold_precision(noise);
        self.refresh(data);
    }

    /// Writes a fixed beta over whatever an earlier fit left.
    pub(crate) fn hold_precision(&mut self, noise: Noise<T>) {
        if let Noise::Fixed(beta) = noise {
            self.precision.fill(beta);
        }
    }

    /// Computes g = C v afresh.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub fn refresh(&mut self, data: &Moments<'_, T>) {
        let n = data.variables().max(1);
        for (w, g) in self.weight.chunks_exact(n).zip(self.field.chunks_exact_mut(n)) {
            g.fill(T::ZERO);
            for ((w, m), column) in w
                .iter()
                .zip(self.inclusion.iter())
                .zip(data.covariance().chunks_exact(n))
            {
                let v = *m * *w;
                if v != T::ZERO {
                    add_scaled(g, v, column);
                }
            }
        }
    }

    /// Updates every gate once, in index order, then beta. Returns the largest changes and whether beta is
    /// capped. `skip` names a gate that stays as it is.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    pub fn sweep(
        &mut self,
        data: &Moments<'_, T>,
        gamma: T,
        noise: Noise<T>,
        skip: Option<usize>,
    ) -> Change<T> {
        let n = data.variables().max(1);
        let (mut change, mut effect) = (T::ZERO, T::ZERO);
        for (i, (column, m)) in data
            .covariance()
            .chunks_exact(n)
            .zip(self.inclusion.iter_mut())
            .enumerate()
        {
            let Some(&d) = column.get(i) else { continue };
            if d <= T::ZERO || skip == Some(i) {
                continue; // a dead column: its gate stays shut
            }
            let proposal = |b: &[T], g: &[T], w: T| match (b.get(i), g.get(i)) {
                (Some(b), Some(g)) => *b - *g + d * (*m * w),
                _ => T::ZERO,
            };
            let mut evidence = T::ZERO;
            let targets = || self.weight.chunks_exact(n).zip(self.field.chunks_exact(n));
            for (((b, _), (w, g)), beta) in data.each_target().zip(targets()).zip(self.precision.iter()) {
                let rho = proposal(b, g, w.get(i).copied().unwrap_or(T::ZERO));
                evidence += gate::evidence(*beta, data.samples(), rho, rho / d);
            }
            let m_new = gate::inclusion(gamma, evidence);
            let targets = self
                .weight
                .chunks_exact_mut(n)
                .zip(self.field.chunks_exact_mut(n));
            for ((b, s2), (w, g)) in data.each_target().zip(targets) {
                let Some(w) = w.get_mut(i) else { continue };
                let w_new = proposal(b, g, *w) / d;
                let dv = m_new * w_new - *m * *w;
                *w = w_new;
                if dv != T::ZERO {
                    add_scaled(g, dv, column); // keeps g = C v
                }
                effect = larger(dv * dv * (d / s2), effect);
            }
            change = larger((m_new - *m).abs(), change);
            *m = m_new;
        }
        let mut change = Change {
            inclusion: change,
            effect: effect.sqrt(),
            precision: T::ZERO,
            capped: false,
        };
        self.update_precision(data, noise, &mut change);
        change
    }

    // Apart from the sweep on small parts: the two stack frames are then never needed at once.
    #[cfg_attr(not(target_os = "none"), inline(always))]
    #[cfg_attr(target_os = "none", inline(never))]
    fn update_precision(&mut self, data: &Moments<'_, T>, noise: Noise<T>, change: &mut Change<T>) {
        let n = data.variables().max(1);
        let targets = self.weight.chunks_exact(n).zip(self.field.chunks_exact(n));
        for (((b, s2), (w, g)), beta) in data.each_target().zip(targets).zip(self.precision.iter_mut()) {
            let Noise::Profile { floor } = noise else { continue };
            let energy = residual_energy(data, self.inclusion, b, s2, w, g);
            let least = s2 * floor;
            let new = T::ONE / larger(energy, least);
            change.capped |= energy <= least;
            // ehat is known to the rounding of its terms, a few eps s2: what moves less than that rests.
            let moved = (new - *beta).abs() / new - T::of(16.0) * T::EPSILON * s2 * new;
            change.precision = larger(moved, change.precision);
            *beta = new;
        }
    }
}

/// ehat = s2 - 2 b'v + v'g + Σ m (1 - m) d w², twice the energy of eq. 10 per sample, for one target.
#[cfg_attr(not(target_os = "none"), inline(always))]
pub(crate) fn residual_energy<T: Real>(
    data: &Moments<'_, T>,
    inclusion: &[T],
    b: &[T],
    s2: T,
    w: &[T],
    g: &[T],
) -> T {
    let mut energy = s2;
    for ((((w, m), g), b), d) in w.iter().zip(inclusion).zip(g).zip(b).zip(data.diagonal()) {
        let v = *m * *w;
        energy += v * (*g - *b - *b) + v * (T::ONE - *m) * d * *w;
    }
    energy
}

/// How much a sweep of coordinate ascent changed.
#[derive(Clone, Copy, Debug, PartialEq)]
#[must_use]
pub struct Change<T> {
    /// Largest change of an inclusion.
    pub inclusion: T,
    /// Largest change of an effect, |v_new - v_old| sd_i / sd_y.
    pub effect: T,
    /// Largest relative change of beta beyond the rounding of ehat, 16 eps s2.
    pub precision: T,
    /// 1/beta of some target reached the noise floor.
    pub capped: bool,
}

impl<T: Real> Change<T> {
    /// The largest of the three: what the stopping rule compares with the tolerance. Once all gates are decided
    /// only the effects still move, and beta, stationary in them, hides it: hence all three.
    pub fn largest(&self) -> T {
        larger(self.inclusion, larger(self.effect, self.precision))
    }
}

/// Copies the common length.
pub(crate) fn copy<T: Real>(to: &mut [T], from: &[T]) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = *from;
    }
}
