//! The joint solver in its dual form (S2), for many more variables than rows: an M x M system instead of N x N.
//!
//! For given inclusions the weights that minimise F are (Kappen and Gomez; columns have `d_i` = 1 here)
//!
//! ```text
//! A = I + (1/M) Σ_i m_i/(1 - m_i) X_i X_i'      A a = y      w_i = X_i'a / (M (1 - m_i))      1/beta = y'a/M
//! ```
//! a is the residual y - X v, and beta a are the Lagrange multipliers of the constraints z = X v. As `m_i` -> 1 the
//! weight 1/(1 - `m_i`) loses digits: `X_i`'a is then a small difference of large numbers. So the gates B with
//! m > 0.99 are eliminated instead (derived; `A_0` is A without them, with eigenvalues from 1 up):
//!
//! ```text
//! A_0 a + X_B v_B = y,   X_B'a = M (1 - m_B)/m_B v_B
//! =>   [ X_B' A_0^-1 X_B + diag(M (1 - m_B)/m_B) ] v_B = X_B' A_0^-1 y     a = A_0^-1 (y - X_B v_B)
//! ```
//! This stays exact up to m = 1 (collinear columns meet the jitter policy of [`gibbs_core::linalg`]), so that
//! inclusions need not be held away from 1 as in the primal form.
//! Then m += eta (sigmoid(gamma + evidence) - m), with eta halved whenever F rises, as in
//! [`gibbs_core::garrote::joint`]; the fixed points are those of coordinate ascent. Cost of an iteration
//! N M²/2 + M³/6 + M² |B|; memory M² + M |B| + |B|² beside the design.

use super::design::{Design, FitError};
use gibbs_core::Error;
use gibbs_core::garrote::energy::{Energy, assemble};
use gibbs_core::garrote::{Noise, Options, Solution, Solver, Status, gate};
use gibbs_core::linalg::{cholesky, cholesky_jittered, cholesky_solve};
use gibbs_core::math::{add_scaled, dot};

/// Gates above this inclusion are eliminated; below it `A_0` loses at most two digits.
const SATURATED: f64 = 0.99;
/// A rise of F by less than this fraction is rounding.
const SLACK: f64 = 1e-10;

/// The dual joint solver.
#[derive(Clone, Debug)]
pub struct Dual<'a> {
    design: &'a Design,
    options: Options<f64>,
    correlation: Vec<f64>,
    excluded: Option<usize>,
    inclusion: Vec<f64>,
    weight: Vec<f64>,
    precision: [f64; 1],
    kernel: Vec<f64>,
    residual: Vec<f64>,
}

impl<'a> Dual<'a> {
    /// All gates shut.
    ///
    /// # Errors
    /// Those of [`Options::check`].
    pub fn new(design: &'a Design, options: Options<f64>) -> Result<Self, FitError> {
        options.check()?;
        let (n, rows) = (design.variables(), design.rows());
        let mut dual = Self {
            design,
            options,
            correlation: design.correlation(),
            excluded: None,
            inclusion: vec![0.0; n],
            weight: vec![0.0; n],
            precision: [1.0],
            kernel: vec![0.0; rows * rows],
            residual: design.y.clone(),
        };
        dual.close();
        Ok(dual)
    }

    /// lambda = beta (y - X v), the Lagrange multipliers (M), in 1/y; valid after a solve.
    pub fn multipliers(&self) -> Vec<f64> {
        self.residual.iter().map(|a| self.precision[0] * a).collect()
    }

    fn usable(&self, i: usize) -> bool {
        self.design.scale[i] > 0.0 && self.excluded != Some(i)
    }

    /// `A_0` (lower triangle, by columns), factored; returns the gates left out of it.
    fn factor(&mut self) -> Result<Vec<usize>, Error> {
        let rows = self.design.rows();
        self.kernel.fill(0.0);
        self.kernel
            .iter_mut()
            .step_by(rows + 1)
            .for_each(|diagonal| *diagonal = 1.0);
        let mut saturated = Vec::new();
        for (i, m) in self.inclusion.iter().enumerate() {
            if *m > SATURATED {
                saturated.push(i);
            } else if *m > 0.0 {
                let share = m / ((1.0 - m) * rows as f64);
                let x = self.design.column(i);
                for (j, column) in self.kernel.chunks_exact_mut(rows).enumerate() {
                    add_scaled(&mut column[j..], share * x[j], &x[j..]);
                }
            }
        }
        cholesky(&mut self.kernel, rows)?;
        Ok(saturated)
    }

    /// Weights, residual and beta for the present inclusions; returns F.
    fn solve_weights(&mut self, gamma: f64) -> Result<Energy<f64>, Error> {
        let (design, rows) = (self.design, self.design.rows());
        let samples = rows as f64;
        let saturated = self.factor()?;
        self.residual.copy_from_slice(&design.y);
        cholesky_solve(&self.kernel, rows, &mut self.residual)?;
        let mut effects = Vec::new();
        if !saturated.is_empty() {
            let k = saturated.len();
            let mut solved = Vec::with_capacity(k * rows);
            for i in &saturated {
                let mut column = design.column(*i).to_vec();
                cholesky_solve(&self.kernel, rows, &mut column)?;
                solved.extend(column);
            }
            let mut system = vec![0.0; k * k];
            for (b, column) in solved.chunks_exact(rows).enumerate() {
                for (a, i) in saturated.iter().enumerate().take(b + 1) {
                    let entry = dot(design.column(*i), column);
                    system[a * k + b] = entry;
                    system[b * k + a] = entry;
                }
                let m = self.inclusion[saturated[b]];
                system[b * k + b] += samples * (1.0 - m) / m;
            }
            effects = saturated
                .iter()
                .map(|i| dot(design.column(*i), &self.residual))
                .collect();
            cholesky_jittered(&mut system, k, &mut vec![0.0; k])?;
            cholesky_solve(&system, k, &mut effects)?;
            for (v, column) in effects.iter().zip(solved.chunks_exact(rows)) {
                add_scaled(&mut self.residual, -v, column);
            }
        }
        for (i, (w, m)) in self.weight.iter_mut().zip(&self.inclusion).enumerate() {
            if *m <= SATURATED {
                *w = dot(design.column(i), &self.residual) / (samples * (1.0 - m));
            }
        }
        for (i, v) in saturated.iter().zip(&effects) {
            self.weight[*i] = v / self.inclusion[*i];
        }
        let energy = dot(&design.y, &self.residual) / samples;
        if let Noise::Profile { floor } = self.options.noise {
            self.precision[0] = 1.0 / energy.max(floor * design.variance);
        }
        Ok(assemble(
            [(self.precision[0], energy)].into_iter(),
            &self.inclusion,
            samples,
            gamma,
        ))
    }

    /// sigmoid(gamma + `evidence_i`) at the present weights.
    fn target(&self, i: usize, gamma: f64) -> f64 {
        if !self.usable(i) {
            return 0.0;
        }
        let w = self.weight[i];
        gate::inclusion(
            gamma,
            gate::evidence(self.precision[0], self.design.rows() as f64, w, w),
        )
    }

    fn apply_step(&mut self, old: &[f64], step: &[f64], eta: f64) {
        for ((m, old), step) in self.inclusion.iter_mut().zip(old).zip(step) {
            *m = (old + eta * step).clamp(0.0, 1.0);
        }
    }

    fn capped(&self) -> bool {
        match self.options.noise {
            Noise::Profile { floor } => {
                self.precision[0] * self.design.variance * floor >= 1.0 - 2.0 * f64::EPSILON
            }
            Noise::Fixed(_) => false,
        }
    }
}

impl Solver<f64> for Dual<'_> {
    fn close(&mut self) {
        self.inclusion.fill(0.0);
        self.weight.copy_from_slice(&self.correlation);
        self.residual.copy_from_slice(&self.design.y);
        self.precision[0] = match self.options.noise {
            Noise::Profile { .. } => 1.0 / self.design.variance,
            Noise::Fixed(beta) => beta,
        };
    }

    fn solve(&mut self, gamma: f64) -> Solution<f64> {
        let n = self.design.variables();
        let (mut eta, mut best): (f64, Option<f64>) = (1.0, None);
        let (mut old, mut step) = (vec![0.0; n], vec![0.0; n]);
        let mut energy = Energy {
            free_energy: 0.0,
            total_inclusion: 0.0,
            precision: 1.0,
        };
        for count in 1..=self.options.max_sweeps {
            energy = match self.solve_weights(gamma) {
                Ok(energy) => energy,
                Err(_) => return energy.solution(gamma, count, Status::Singular),
            };
            if best.is_some_and(|best| energy.free_energy > best + SLACK * best.abs()) {
                eta *= 0.5;
                self.apply_step(&old, &step, eta);
                continue;
            }
            best = Some(energy.free_energy);
            let mut largest: f64 = 0.0;
            for i in 0..n {
                old[i] = self.inclusion[i];
                step[i] = self.target(i, gamma) - old[i];
                largest = largest.max(step[i].abs());
            }
            if largest < self.options.tolerance {
                let status = if self.capped() {
                    Status::BetaCapped
                } else {
                    Status::Converged
                };
                return energy.solution(gamma, count, status);
            }
            self.apply_step(&old, &step, eta);
            eta = (1.2 * eta).min(1.0);
        }
        energy.solution(gamma, self.options.max_sweeps, Status::MaxSweeps)
    }

    fn load(&mut self, inclusion: &[f64], weight: &[f64], precision: &[f64]) {
        for (to, from) in [
            (&mut self.inclusion[..], inclusion),
            (&mut self.weight[..], weight),
            (&mut self.precision[..], precision),
        ] {
            to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
        }
    }

    fn exclude(&mut self, index: Option<usize>) {
        self.excluded = index;
        if let Some(m) = index.and_then(|i| self.inclusion.get_mut(i)) {
            *m = 0.0;
        }
    }

    fn inclusion(&self) -> &[f64] {
        &self.inclusion
    }

    fn weight(&self) -> &[f64] {
        &self.weight
    }

    fn precision(&self) -> &[f64] {
        &self.precision
    }
}

#[cfg(test)]
mod tests;
