//! Coordinate ascent in residual form, for many variables: the layout is the host's, the step the core's.
//!
//! Keeps r = y - X v instead of C v. Per gate: rho = X_i'r/M + v_i (columns have d = 1), then the pair (w, m)
//! of [`gibbs_core::garrote::gate`], then r -= Δv X_i. Schedule: the active gates (lifted by the data to
//! m > sigmoid(gamma) + 0.05) are brought to rest among themselves by the core's own sweep over their moments
//! (the others enter through the residual they leave and their share of the spread), then a sweep over all
//! gates finds the next active ones; the end is a full sweep that moves no inclusion, and no effect in units
//! of sd_y, by the tolerance. Changes of v too small to matter are postponed: r always belongs to the recorded
//! effects `applied`, and Σ |v - applied| <= tolerance sd_y, now and later.
//! Sums run in the core's one order, so AVX2 and AVX-512 (dispatched at run time) change no bit.
//! Cost of a full sweep M N to 2 M N multiply-adds; memory 3 N + M beside X, and E² for the E gates that were
//! ever active. Nothing is quadratic in N.

use super::design::{Design, FitError};
use crate::simd::{Task, dispatch};
use gibbs_core::garrote::energy::{Energy, assemble};
use gibbs_core::garrote::joint::scratch_len;
use gibbs_core::garrote::{Ascent, Moments, Noise, Options, Solution, Solver, State, Status, gate};
use gibbs_core::math::{add_scaled, dot};
use std::collections::HashMap;

/// Gates whose inclusion the data lift above the prior by more than this are swept between full sweeps.
const ACTIVE: f64 = 0.05;
/// Sweeps over the active gates between two full sweeps.
const INNER: u32 = 30;

/// Open gates up to which the active ones are solved jointly.
const JOINT: usize = 256;
/// Below this part of the variance, the noise drowns in the rounding of moments: settling then leaves beta alone.
const PRECISE: f64 = 1e-6;

/// Covariances among the gates that were ever active, computed once a pair.
#[derive(Clone, Debug, Default)]
struct Pool {
    /// Place among `members` by gate.
    place: HashMap<usize, usize>,
    members: Vec<usize>,
    /// C, lower triangle by rows.
    rows: Vec<Vec<f64>>,
    /// The gates last asked for, and C among them by columns.
    gates: Vec<usize>,
    covariance: Vec<f64>,
}

impl Pool {
    /// Leaves C among `gates` in `self.covariance`.
    fn gather(&mut self, design: &Design, gates: &[usize]) {
        if self.gates == gates {
            return;
        }
        for i in gates {
            if !self.place.contains_key(i) {
                self.place.insert(*i, self.members.len());
                self.members.push(*i);
                self.rows.push(dispatch(Row {
                    design,
                    gate: *i,
                    members: &self.members,
                }));
            }
        }
        let places: Vec<usize> = gates.iter().map(|i| self.place[i]).collect();
        self.covariance.clear();
        for a in &places {
            for b in &places {
                self.covariance.push(self.rows[*a.max(b)][*a.min(b)]);
            }
        }
        self.gates.clear();
        self.gates.extend_from_slice(gates);
    }
}

/// Covariances of one gate with the members of the pool.
struct Row<'r> {
    design: &'r Design,
    gate: usize,
    members: &'r [usize],
}

impl Task for Row<'_> {
    type Output = Vec<f64>;

    #[inline(always)]
    fn run(self) -> Vec<f64> {
        let (column, m) = (self.design.column(self.gate), self.design.rows() as f64);
        let mut row = vec![0.0; self.members.len()];
        for (c, j) in row.iter_mut().zip(self.members) {
            *c = dot(column, self.design.column(*j)) / m;
        }
        row
    }
}

/// The residual-form solver.
#[derive(Clone, Debug)]
pub struct Columns<'a> {
    design: &'a Design,
    options: Options<f64>,
    correlation: Vec<f64>,
    alive: Vec<bool>,
    excluded: Option<usize>,
    inclusion: Vec<f64>,
    weight: Vec<f64>,
    applied: Vec<f64>,
    residual: Vec<f64>,
    precision: [f64; 1],
    least_step: f64,
    sd: f64,
    limit: f64,
    active: Vec<usize>,
    pool: Pool,
    scratch: Vec<f64>,
}

impl<'a> Columns<'a> {
    /// A solver with all gates shut.
    ///
    /// # Errors
    /// Those of [`Options::check`].
    pub fn new(design: &'a Design, options: Options<f64>) -> Result<Self, FitError> {
        options.check()?;
        let n = design.variables();
        let mut columns = Self {
            design,
            options,
            correlation: design.correlation(),
            alive: design.scale.iter().map(|sd| *sd > 0.0).collect(),
            excluded: None,
            inclusion: vec![0.0; n],
            weight: vec![0.0; n],
            applied: vec![0.0; n],
            residual: design.y.clone(),
            precision: [1.0],
            least_step: options.tolerance * design.variance.sqrt() / n as f64,
            sd: design.variance.sqrt(),
            limit: f64::INFINITY,
            active: Vec::new(),
            pool: Pool::default(),
            scratch: Vec::new(),
        };
        columns.close();
        Ok(columns)
    }

    /// Ends a solve, unfinished, once Σ m has reached `limit`: a path discards such solutions.
    #[must_use]
    pub fn stopping_at(self, limit: f64) -> Self {
        Self { limit, ..self }
    }

    /// The moments X'y/M of the columns with the target.
    pub fn correlation(&self) -> &[f64] {
        &self.correlation
    }

    /// Updates gate `i`; returns the larger of the changes of its inclusion and of its effect in units of sd_y.
    #[inline(always)]
    fn update(&mut self, i: usize, gamma: f64) -> f64 {
        let samples = self.design.rows() as f64;
        let column = self.design.column(i);
        let rho = dot(column, &self.residual) / samples + self.applied[i];
        let m = gate::inclusion(gamma, gate::evidence(self.precision[0], samples, rho, rho));
        let step = m * rho - self.applied[i];
        if step.abs() > self.least_step {
            add_scaled(&mut self.residual, -step, column);
            self.applied[i] += step;
        }
        let moved = (m * rho - self.inclusion[i] * self.weight[i]).abs() / self.sd;
        let change = (m - self.inclusion[i]).abs().max(moved);
        self.weight[i] = rho;
        self.inclusion[i] = m;
        change
    }

    /// Brings the gates `active` to rest with all others held. Given the others, the problem is a garrote of
    /// its own with y' = r + X_A v_A and s2' = y'y'/M plus the spread of the others.
    #[inline(always)]
    fn settle(&mut self, active: &[usize], gamma: f64) {
        let (m, n) = (self.design.rows() as f64, active.len());
        let pick = |values: &[f64]| active.iter().map(|i| values[*i]).collect::<Vec<_>>();
        let (mut inclusion, mut weight, applied) =
            (pick(&self.inclusion), pick(&self.weight), pick(&self.applied));
        let own: f64 = inclusion
            .iter()
            .zip(&weight)
            .map(|(m, w)| m * (1.0 - m) * w * w)
            .sum();
        let energy = self.residual_energy();
        let spread = energy - dot(&self.residual, &self.residual) / m - own;
        for (i, v) in active.iter().zip(&applied) {
            add_scaled(&mut self.residual, *v, self.design.column(*i));
        }
        self.pool.gather(self.design, active);
        let pull = |i: &usize| dot(self.design.column(*i), &self.residual) / m;
        let correlation: Vec<f64> = active.iter().map(pull).collect();
        let variance = [dot(&self.residual, &self.residual) / m + spread.max(0.0)];
        let mut options = Options {
            max_sweeps: INNER,
            ..self.options
        };
        if energy < PRECISE * variance[0] {
            options.noise = Noise::Fixed(self.precision[0]);
        } else if let Noise::Profile { floor } = &mut options.noise {
            *floor *= self.design.variance / variance[0];
        }
        let mut field = vec![0.0; n];
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.resize(scratch_len(n.min(JOINT)), 0.0);
        let state = State {
            inclusion: &mut inclusion,
            weight: &mut weight,
            field: &mut field,
            precision: &mut self.precision,
        };
        if let Ok(data) = Moments::new(&self.pool.covariance, &correlation, &variance, m)
            && let Ok(ascent) = Ascent::resume(data, state, options)
        {
            let mut ascent = ascent.with_scratch(&mut scratch);
            let _ = ascent.advance(gamma, INNER); // its status is that of a part: the full sweep decides
        }
        self.scratch = scratch;
        for (a, i) in active.iter().enumerate() {
            self.inclusion[*i] = inclusion[a];
            self.weight[*i] = weight[a];
            self.applied[*i] = inclusion[a] * weight[a];
            add_scaled(&mut self.residual, -self.applied[*i], self.design.column(*i));
        }
    }

    /// Updates every gate; returns the largest change and leaves the lifted gates in `active`.
    #[inline(always)]
    fn sweep(&mut self, gamma: f64, lifted: f64, active: &mut Vec<usize>) -> f64 {
        let mut change: f64 = 0.0;
        for i in 0..self.design.variables() {
            if self.usable(i) {
                change = change.max(self.update(i, gamma));
                if self.inclusion[i] > lifted {
                    active.push(i);
                }
            }
        }
        change
    }

    /// ehat = r'r/M + Σ m (1 - m) w².
    fn residual_energy(&self) -> f64 {
        let spread: f64 = self
            .inclusion
            .iter()
            .zip(&self.weight)
            .map(|(m, w)| m * (1.0 - m) * (w * w))
            .sum();
        dot(&self.residual, &self.residual) / self.design.rows() as f64 + spread
    }

    /// Sets beta; returns its relative change and whether it is capped.
    fn update_precision(&mut self) -> (f64, bool) {
        let Noise::Profile { floor } = self.options.noise else {
            return (0.0, false);
        };
        let (energy, least) = (self.residual_energy(), floor * self.design.variance);
        let new = 1.0 / energy.max(least);
        // r is known to a few eps sd_y: what moves ehat less than that rests
        let slack = 16.0 * f64::EPSILON * (self.design.variance * new).sqrt();
        let change = (new - self.precision[0]).abs() / new - slack;
        // postponed steps must not make up the residual of precise data
        let small = (energy / (PRECISE * self.design.variance)).sqrt();
        self.least_step = self.options.tolerance * self.sd / self.weight.len() as f64 * small.min(1.0);
        self.precision[0] = new;
        (change, energy <= least)
    }

    fn refresh_residual(&mut self) {
        self.residual.copy_from_slice(&self.design.y);
        for (i, v) in self.applied.iter().enumerate() {
            if *v != 0.0 {
                add_scaled(&mut self.residual, -v, self.design.column(i));
            }
        }
    }

    fn energy(&self, gamma: f64) -> Energy<f64> {
        let target = (self.precision[0], self.residual_energy());
        assemble(
            [target].into_iter(),
            &self.inclusion,
            self.design.rows() as f64,
            gamma,
        )
    }

    fn usable(&self, i: usize) -> bool {
        self.alive[i] && self.excluded != Some(i)
    }
}

struct Sweep<'s, 'd> {
    columns: &'s mut Columns<'d>,
    gamma: f64,
    lifted: f64,
    active: &'s mut Vec<usize>,
}

impl Task for Sweep<'_, '_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        self.columns.sweep(self.gamma, self.lifted, self.active)
    }
}

struct Settle<'s, 'd> {
    columns: &'s mut Columns<'d>,
    gamma: f64,
    active: &'s [usize],
}

impl Task for Settle<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.columns.settle(self.active, self.gamma);
    }
}

impl Solver<f64> for Columns<'_> {
    fn close(&mut self) {
        self.active.clear();
        self.inclusion.fill(0.0);
        self.applied.fill(0.0);
        self.weight.copy_from_slice(&self.correlation);
        self.residual.copy_from_slice(&self.design.y);
        self.precision[0] = match self.options.noise {
            Noise::Profile { .. } => 1.0 / self.design.variance,
            Noise::Fixed(beta) => beta,
        };
    }

    fn solve(&mut self, gamma: f64) -> Solution<f64> {
        let (mut sweeps, mut status) = (0, Status::MaxSweeps);
        let lifted = gate::inclusion(gamma, 0.0) + ACTIVE;
        let mut active = std::mem::take(&mut self.active);
        while sweeps < self.options.max_sweeps {
            if !active.is_empty() {
                dispatch(Settle {
                    columns: self,
                    gamma,
                    active: &active,
                });
            }
            active.clear();
            let change = dispatch(Sweep {
                columns: self,
                gamma,
                lifted,
                active: &mut active,
            });
            let (beta_change, capped) = self.update_precision();
            sweeps += 1;
            if change < self.options.tolerance && beta_change < self.options.tolerance {
                status = if capped {
                    Status::BetaCapped
                } else {
                    Status::Converged
                };
                break;
            }
            if self.inclusion.iter().sum::<f64>() >= self.limit {
                break;
            }
            if sweeps % 64 == 0 {
                self.refresh_residual();
            }
        }
        self.active = active;
        self.energy(gamma).solution(gamma, sweeps, status)
    }

    fn load(&mut self, inclusion: &[f64], weight: &[f64], precision: &[f64]) {
        self.inclusion.copy_from_slice(inclusion);
        self.weight.copy_from_slice(weight);
        if let Noise::Profile { .. } = self.options.noise {
            self.precision.copy_from_slice(precision); // a fixed beta stays fixed
        }
        for ((v, m), w) in self.applied.iter_mut().zip(inclusion).zip(weight) {
            *v = if *m > 1e-12 { m * w } else { 0.0 };
        }
        self.refresh_residual();
        let lifted = |i: &usize| self.inclusion[*i] > ACTIVE;
        self.active = (0..self.inclusion.len()).filter(lifted).collect();
    }

    fn exclude(&mut self, index: Option<usize>) {
        self.excluded = index;
        if let Some(i) = index.filter(|i| *i < self.inclusion.len()) {
            add_scaled(&mut self.residual, self.applied[i], self.design.column(i));
            self.applied[i] = 0.0;
            self.inclusion[i] = 0.0;
            self.active.retain(|gate| *gate != i);
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
