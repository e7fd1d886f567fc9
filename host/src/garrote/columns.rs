//! Coordinate ascent in residual form, for many variables: the layout is the host's, the step the core's.
//!
//! Keeps r = y - X v instead of C v. Per gate: rho = X_i'r/M + v_i (columns have d = 1), then the pair (w, m)
//! of [`gibbs_core::garrote::gate`], then r -= Δv X_i. Schedule: a sweep over all gates, then sweeps over the
//! active ones (m > 1e-4) until these rest, then all again; the end is a full sweep that moves no inclusion
//! by the tolerance. Changes of v too small to matter are postponed: r always belongs to the recorded effects
//! `applied`, so that |v - applied| <= 1e-13 sd_y per gate, now and later.
//! Cost of a full sweep M N to 2 M N multiply-adds, memory 3 N + M beside X; nothing is quadratic in N.

use super::design::{Design, FitError};
use gibbs_core::garrote::energy::{Energy, assemble};
use gibbs_core::garrote::{Noise, Options, Solution, Solver, Status, gate};
use gibbs_core::math::{add_scaled, dot};

/// Gates with a larger inclusion are swept between full sweeps.
const ACTIVE: f64 = 1e-4;
/// Sweeps over the active gates between two full sweeps.
const INNER: u32 = 50;

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
}

impl<'a> Columns<'a> {
    /// All gates shut.
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
            least_step: 1e-13 * design.variance.sqrt(),
        };
        columns.close();
        Ok(columns)
    }

    /// X'y/M.
    pub fn correlation(&self) -> &[f64] {
        &self.correlation
    }

    /// Updates gate `i`; returns the change of its inclusion.
    #[inline]
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
        let change = (m - self.inclusion[i]).abs();
        self.weight[i] = rho;
        self.inclusion[i] = m;
        change
    }

    /// ehat = r'r/M + Σ m (1 - m) w².
    fn residual_energy(&self) -> f64 {
        let spread: f64 =
            self.inclusion.iter().zip(&self.weight).map(|(m, w)| m * (1.0 - m) * (w * w)).sum();
        dot(&self.residual, &self.residual) / self.design.rows() as f64 + spread
    }

    /// Sets beta; returns its relative change and whether it is capped.
    fn update_precision(&mut self) -> (f64, bool) {
        let Noise::Profile { floor } = self.options.noise else { return (0.0, false) };
        let (energy, least) = (self.residual_energy(), floor * self.design.variance);
        let new = 1.0 / energy.max(least);
        let change = (new - self.precision[0]).abs() / new;
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
        assemble([target].into_iter(), &self.inclusion, self.design.rows() as f64, gamma)
    }

    fn usable(&self, i: usize) -> bool {
        self.alive[i] && self.excluded != Some(i)
    }
}

impl Solver<f64> for Columns<'_> {
    fn close(&mut self) {
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
        let mut active = Vec::new();
        while sweeps < self.options.max_sweeps {
            let mut change: f64 = 0.0;
            active.clear();
            for i in 0..self.design.variables() {
                if self.usable(i) {
                    change = change.max(self.update(i, gamma));
                    if self.inclusion[i] > ACTIVE {
                        active.push(i);
                    }
                }
            }
            let (beta_change, capped) = self.update_precision();
            sweeps += 1;
            if change < self.options.tolerance && beta_change < self.options.tolerance {
                status = if capped { Status::BetaCapped } else { Status::Converged };
                break;
            }
            for _ in 0..INNER {
                let mut change: f64 = 0.0;
                for i in &active {
                    change = change.max(self.update(*i, gamma));
                }
                let (beta_change, _) = self.update_precision();
                if change < self.options.tolerance && beta_change < self.options.tolerance {
                    break;
                }
            }
            if sweeps % 64 == 0 {
                self.refresh_residual();
            }
        }
        self.energy(gamma).solution(gamma, sweeps, status)
    }

    fn load(&mut self, inclusion: &[f64], weight: &[f64], precision: &[f64]) {
        self.inclusion.copy_from_slice(inclusion);
        self.weight.copy_from_slice(weight);
        self.precision.copy_from_slice(precision);
        for ((v, m), w) in self.applied.iter_mut().zip(inclusion).zip(weight) {
            *v = if *m > 1e-12 { m * w } else { 0.0 };
        }
        self.refresh_residual();
    }

    fn exclude(&mut self, index: Option<usize>) {
        self.excluded = index;
        if let Some(i) = index {
            add_scaled(&mut self.residual, self.applied[i], self.design.column(i));
            self.applied[i] = 0.0;
            self.inclusion[i] = 0.0;
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
