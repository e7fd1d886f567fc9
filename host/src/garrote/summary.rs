//! From a fit to what users read: the model in their units, importance, ties.

use super::design::{Design, FitError};
use super::fit::{Fit, FitOptions, refit, status_name};
use super::model::Model;
use super::trail::{WithSolver, with_solver};
use gibbs_core::garrote::solver::free_energy_without;
use gibbs_core::garrote::{Pass, Solver, gate};
use gibbs_core::linalg::{cholesky_jittered, cholesky_solve};
use gibbs_core::math::dot;

impl Fit {
    /// The model file's content: standardised weights with the centres and scales that belong to them, and
    /// the least-squares refit on the selected columns.
    ///
    /// # Errors
    /// `Core(NotPositiveDefinite)` if the selected columns are collinear beyond the jitter policy.
    pub fn model(&self, design: &Design, options: &FitOptions) -> Result<Model, FitError> {
        let (support, samples) = (self.support(), design.rows() as f64);
        let mut weights = vec![0.0; design.variables()];
        for (i, w) in refit(design, &support) {
            weights[i] = w;
        }
        let evidence = self
            .weight
            .iter()
            .map(|w| gate::evidence(self.precision, samples, *w, *w))
            .collect();
        let pass = self
            .index
            .and_then(|k| self.trail.kept.get(k))
            .map_or("search", |kept| match kept.pass {
                Pass::Forward => "forward",
                Pass::Backward => "backward",
            });
        Ok(Model {
            variables: design.names.clone(),
            target: design.target.clone(),
            mean: design.mean.clone(),
            scale: design.scale.clone(),
            target_mean: design.target_mean,
            target_sd: design.variance.sqrt(),
            inclusion: self.inclusion.clone(),
            weight: self.weight.clone(),
            evidence,
            refit: weights,
            refit_covariance: inverse_gram(design, &support)?,
            gamma: self.solution.gamma,
            precision: self.precision,
            free_energy: self.solution.free_energy,
            samples,
            rule: options.rule.to_string(),
            status: status_name(self.solution.status).into(),
            pass: pass.into(),
            seed: options.seed,
        })
    }

    /// Delta F of each selected variable: F with its gate shut minus F, re-converged; (index, nats).
    ///
    /// # Errors
    /// Those of the solvers.
    pub fn free_energy_gains(
        &self,
        design: &Design,
        options: &FitOptions,
    ) -> Result<Vec<(usize, f64)>, FitError> {
        with_solver(design, options.solver, f64::INFINITY, Gains { fit: self })
    }
}

struct Gains<'f> {
    fit: &'f Fit,
}

impl WithSolver for Gains<'_> {
    type Output = Vec<(usize, f64)>;

    fn run(self, solver: &mut impl Solver<f64>) -> Self::Output {
        let fit = self.fit;
        let state = (&fit.inclusion[..], &fit.weight[..], &[fit.precision][..]);
        solver.load(state.0, state.1, state.2);
        let gain = |i: usize| (i, free_energy_without(solver, &fit.solution, state, i));
        fit.support().into_iter().map(gain).collect()
    }
}

/// (Z'Z)^-1 of the selected standardised columns, k x k.
fn inverse_gram(design: &Design, support: &[usize]) -> Result<Vec<f64>, FitError> {
    let k = support.len();
    if k == 0 {
        return Ok(Vec::new());
    }
    let column = |i: &usize| {
        let i = *i;
        support
            .iter()
            .map(move |j| dot(design.column(i), design.column(*j)))
    };
    let mut gram: Vec<f64> = support.iter().flat_map(column).collect();
    cholesky_jittered(&mut gram, k, &mut vec![0.0; k])?;
    let mut inverse = vec![0.0; k * k];
    for (i, unit) in inverse.chunks_exact_mut(k).enumerate() {
        unit[i] = 1.0;
        cholesky_solve(&gram, k, unit)?;
    }
    for i in 0..k {
        for j in 0..i {
            let mean = 0.5 * (inverse[i * k + j] + inverse[j * k + i]);
            inverse[i * k + j] = mean;
            inverse[j * k + i] = mean;
        }
    }
    Ok(inverse)
}

/// Pairs (selected, left out, correlation) with |correlation| > .999: which of the two was selected is a
/// matter of their order, not of the data.
pub fn ties(design: &Design, support: &[usize]) -> Vec<(usize, usize, f64)> {
    let mut pairs = Vec::new();
    for i in support {
        for (j, c) in design.products(design.column(*i)).into_iter().enumerate() {
            if c.abs() > 0.999 && !support.contains(&j) {
                pairs.push((*i, j, c));
            }
        }
    }
    pairs
}

#[cfg(test)]
mod tests;
