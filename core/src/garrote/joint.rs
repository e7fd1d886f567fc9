//! The joint solver (S2): all weights at once by Cholesky for given inclusions, damped steps on the latter.
//!
//! With S = diag(sqrt m), the weights that minimise F for given m follow from (derived)
//!
//! ```text
//! K = S C S + diag((1 - m_i) d_i)     K u_t = S b_t     v_t = S u_t     w_it = (b_it - (C v_t)_i + d_i v_it) / d_i
//! ```
//! K is positive definite for m < 1 with K_ii = d_i whatever m; as m -> 1 it becomes the Gram matrix of the
//! selected columns, and collinear columns are met by the jitter policy of [`crate::linalg`]. Then
//! m += eta (sigmoid(gamma + evidence) - m), with eta halved whenever F rises (after Kappen and Gomez). The
//! fixed points are those of [`super::sweep`]; on strongly correlated columns it needs fewer iterations, and
//! it is the reference that coordinate ascent is held to. Cost N³/6 + (1 + Q) N² an iteration.

use super::energy::{Energy, measure};
use super::gate;
use super::moments::Moments;
use super::solver::{Noise, Options, Solution, Solver, Status};
use super::sweep::{State, residual_energy};
use crate::Error;
use crate::linalg::{cholesky_jittered, cholesky_solve};
use crate::math::{Real, larger, smaller};

/// Joint solver over moments, in lent storage.
#[derive(Debug)]
pub struct Joint<'a, T> {
    data: Moments<'a, T>,
    state: State<'a, T>,
    options: Options<T>,
    excluded: Option<usize>,
    kernel: &'a mut [T],
    scratch: &'a mut [T],
}

/// Length of the scratch slice that [`Joint::new`] takes for N variables: K, and three vectors.
pub const fn scratch_len(n: usize) -> usize {
    n.saturating_mul(n.saturating_add(3))
}

impl<'a, T: Real> Joint<'a, T> {
    /// Checks lengths and options, then shuts all gates.
    ///
    /// # Errors
    /// `Shape` if a slice of the state does not fit the moments, or `scratch` is not [`scratch_len`] long;
    /// those of [`Options::check`].
    pub fn new(
        data: Moments<'a, T>,
        state: State<'a, T>,
        options: Options<T>,
        scratch: &'a mut [T],
    ) -> Result<Self, Error> {
        options.check_for(&data)?;
        let n = data.variables();
        let fits = state.fits(&data) && scratch.len() == scratch_len(n);
        let Some((kernel, scratch)) = scratch.split_at_mut_checked(n.saturating_mul(n)) else {
            return Err(Error::Shape);
        };
        if !fits {
            return Err(Error::Shape);
        }
        let mut joint = Self {
            data,
            state,
            options,
            excluded: None,
            kernel,
            scratch,
        };
        joint.close();
        Ok(joint)
    }

    /// Weights, fields and beta for the present inclusions; returns F.
    fn solve_weights(&mut self, gamma: T) -> Result<Energy<T>, Error> {
        let n = self.data.variables().max(1);
        // Scratch: u (first the diagonal that the jitter policy saves), then the old inclusions and the step.
        let Some(u) = self.scratch.get_mut(..n) else {
            return Err(Error::Shape);
        };
        let m = &*self.state.inclusion;
        let columns = self.data.covariance().chunks_exact(n);
        for (j, ((kernel, c), mj)) in self.kernel.chunks_exact_mut(n).zip(columns).zip(m).enumerate() {
            for (i, ((k, c), mi)) in kernel.iter_mut().zip(c).zip(m).enumerate() {
                *k = if i != j {
                    (*mi * *mj).sqrt() * *c
                } else if *c > T::ZERO {
                    *c
                } else {
                    T::ONE // a dead column: decoupled
                };
            }
        }
        cholesky_jittered(self.kernel, n, u)?;
        let targets = self
            .state
            .weight
            .chunks_exact_mut(n)
            .zip(self.state.field.chunks_exact_mut(n));
        for ((b, _), (w, g)) in self.data.each_target().zip(targets) {
            for ((u, b), m) in u.iter_mut().zip(b).zip(m) {
                *u = m.sqrt() * *b;
            }
            cholesky_solve(self.kernel, n, u)?;
            g.fill(T::ZERO);
            for ((u, m), column) in u.iter_mut().zip(m).zip(self.data.covariance().chunks_exact(n)) {
                *u *= m.sqrt();
                crate::math::add_scaled(g, *u, column);
            }
            for ((((w, g), b), v), d) in w.iter_mut().zip(&*g).zip(b).zip(&*u).zip(self.data.diagonal()) {
                *w = if d > T::ZERO {
                    (*b - *g + d * *v) / d
                } else {
                    T::ZERO
                };
            }
            // With dead weights zero, g = C (m w) up to rounding: the state is consistent.
        }
        self.state.refresh(&self.data);
        if let Noise::Profile { floor } = self.options.noise {
            let targets = self
                .state
                .weight
                .chunks_exact(n)
                .zip(self.state.field.chunks_exact(n));
            for (((b, s2), (w, g)), beta) in self
                .data
                .each_target()
                .zip(targets)
                .zip(self.state.precision.iter_mut())
            {
                let energy = residual_energy(&self.data, self.state.inclusion, b, s2, w, g);
                *beta = T::ONE / larger(energy, s2 * floor);
            }
        }
        let state = &self.state;
        Ok(measure(
            &self.data,
            state.inclusion,
            state.weight,
            state.field,
            state.precision,
            gamma,
        ))
    }

    /// sigmoid(gamma + evidence_i) at the present weights, held away from 1, where the kernel of collinear
    /// columns would lose rank.
    fn target_inclusion(&self, i: usize, d: T, gamma: T) -> T {
        if d <= T::ZERO || self.excluded == Some(i) {
            return T::ZERO;
        }
        let n = self.data.variables().max(1);
        let mut evidence = T::ZERO;
        for (w, beta) in self.state.weight.chunks_exact(n).zip(self.state.precision.iter()) {
            let w = w.get(i).copied().unwrap_or(T::ZERO);
            evidence += gate::evidence(*beta, self.data.samples(), d * w, w);
        }
        let edge = T::of(if T::IS_DOUBLE { 1e-10 } else { 1e-6 });
        smaller(gate::inclusion(gamma, evidence), T::ONE - edge)
    }

    /// Moves the inclusions by a damped step: m = m_old + eta step.
    fn apply_step(&mut self, eta: T) {
        let n = self.data.variables().max(1);
        let Some((old, step)) = self.scratch.get(n..).and_then(|s| s.split_at_checked(n)) else {
            return;
        };
        let dead = self
            .data
            .diagonal()
            .enumerate()
            .map(|(i, d)| d <= T::ZERO || self.excluded == Some(i));
        for (((m, old), step), dead) in self.state.inclusion.iter_mut().zip(old).zip(step).zip(dead) {
            *m = if dead { T::ZERO } else { *old + eta * *step };
        }
    }
}

/// Minimises F over the weights of all open gates (m > 1/16) at once, inclusions and betas held: what coordinate
/// ascent needs hundreds of sweeps for where columns are nearly equal. As a step from the present state,
///
/// ```text
/// K e = S (b - g - (1 - m) d w)     w += e / sqrt m     v += S e     g += C S e       K, S of the open gates
/// ```
/// The field stays g = C v; F never rises, nor does it with the jitter of [`cholesky_jittered`], which only shortens
/// the step. Does nothing where fewer than two gates are open, `scratch` is shorter than [`scratch_len`] of their
/// number, or K cannot be factored. Cost k³/6 + (1 + Q) k N for k open gates.
#[inline(never)] // its frame counts on a microcontroller only where scratch is lent
pub fn settle_weights<T: Real>(data: &Moments<'_, T>, state: &mut State<'_, T>, scratch: &mut [T]) {
    let n = data.variables().max(1);
    let open = |m: &T| *m > T::of(0.0625);
    let k = state.inclusion.iter().filter(|m| open(m)).count();
    let Some((kernel, rest)) = scratch.split_at_mut_checked(k.saturating_mul(k)) else {
        return;
    };
    let Some((step, diagonal)) = rest.split_at_mut_checked(k) else {
        return;
    };
    let Some(diagonal) = diagonal.get_mut(..k) else {
        return;
    };
    let m = &*state.inclusion;
    let gates = || m.iter().enumerate().filter(|(_, m)| open(m));
    let columns = data.covariance().chunks_exact(n).zip(m).filter(|(_, m)| open(m));
    for ((to, (column, mj)), (j, _)) in kernel.chunks_exact_mut(k.max(1)).zip(columns).zip(gates()) {
        for (to, (c, (i, mi))) in to.iter_mut().zip(
            column
                .iter()
                .zip(m)
                .filter(|(_, m)| open(m))
                .map(|(c, _)| c)
                .zip(gates()),
        ) {
            *to = if i == j { *c } else { (*mi * *mj).sqrt() * *c };
        }
    }
    if k < 2 || cholesky_jittered(kernel, k, diagonal).is_err() {
        return;
    }
    let targets = state
        .weight
        .chunks_exact_mut(n)
        .zip(state.field.chunks_exact_mut(n));
    for ((b, _), (w, g)) in data.each_target().zip(targets) {
        let pulls = b.iter().zip(&*g).zip(data.diagonal()).zip(&*w).zip(m);
        for (e, ((((b, g), d), w), m)) in step.iter_mut().zip(pulls.filter(|(_, m)| open(m))) {
            *e = m.sqrt() * (*b - *g - (T::ONE - *m) * d * *w);
        }
        if cholesky_solve(kernel, k, step).is_err() {
            return;
        }
        let slots = w.iter_mut().zip(m).zip(data.covariance().chunks_exact(n));
        for (((w, m), column), e) in slots.filter(|((_, m), _)| open(m)).zip(&*step) {
            *w += *e / m.sqrt();
            crate::math::add_scaled(g, m.sqrt() * *e, column);
        }
    }
}

impl<T: Real> Solver<T> for Joint<'_, T> {
    fn close(&mut self) {
        self.state.close(&self.data, self.options.noise);
    }

    fn solve(&mut self, gamma: T) -> Solution<T> {
        let n = self.data.variables().max(1);
        let slack = T::of(if T::IS_DOUBLE { 1e-10 } else { 1e-5 });
        let (mut eta, mut best): (T, Option<T>) = (T::ONE, None);
        let (mut count, mut status) = (0, Status::MaxSweeps);
        let mut energy = Energy {
            free_energy: T::ZERO,
            total_inclusion: T::ZERO,
            precision: T::ONE,
        };
        while count < self.options.max_sweeps {
            count += 1;
            let Ok(now) = self.solve_weights(gamma) else {
                if best.is_some() {
                    self.apply_step(T::ZERO); // back to the inclusions that the weights belong to
                }
                return energy.solution(gamma, count, Status::Singular);
            };
            energy = now;
            if let Some(old) = best
                && energy.free_energy > old + slack * old.abs()
            {
                eta *= T::HALF;
                self.apply_step(eta);
                continue;
            }
            best = Some(energy.free_energy);
            let mut largest = T::ZERO;
            for (i, d) in self.data.diagonal().enumerate() {
                let target = self.target_inclusion(i, d, gamma);
                let Some(m) = self.state.inclusion.get(i).copied() else {
                    continue;
                };
                largest = larger((target - m).abs(), largest);
                if let Some(old) = self.scratch.get_mut(n + i) {
                    *old = m;
                }
                if let Some(step) = self.scratch.get_mut(2 * n + i) {
                    *step = target - m;
                }
            }
            if largest < self.options.tolerance {
                let floor = match self.options.noise {
                    Noise::Profile { floor } => floor,
                    Noise::Fixed(_) => T::ZERO,
                };
                let mut bounds = self.data.variance().iter().zip(self.state.precision.iter());
                let capped = bounds.any(|(s2, beta)| *beta * *s2 * floor >= T::ONE - T::EPSILON * T::TWO);
                status = if capped {
                    Status::BetaCapped
                } else {
                    Status::Converged
                };
                break;
            }
            self.apply_step(eta);
            eta = smaller(T::ONE, eta * T::of(1.2));
        }
        energy.solution(gamma, count, status)
    }

    fn load(&mut self, inclusion: &[T], weight: &[T], precision: &[T]) {
        self.state
            .load(&self.data, self.options.noise, (inclusion, weight, precision));
    }

    fn exclude(&mut self, index: Option<usize>) {
        self.excluded = index;
        if let Some(m) = index.and_then(|i| self.state.inclusion.get_mut(i)) {
            *m = T::ZERO;
        }
    }

    fn inclusion(&self) -> &[T] {
        self.state.inclusion
    }

    fn weight(&self) -> &[T] {
        self.state.weight
    }

    fn precision(&self) -> &[T] {
        self.state.precision
    }
}
