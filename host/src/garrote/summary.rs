//! From a fit to what users read: the model in their units, the statistics of its refit, ties.

use super::design::{Design, FitError};
use super::fit::{Fit, FitOptions, Rule};
use super::least_squares::{LeastSquares, least_squares};
use super::model::Model;
use super::search::{Candidate, penalty, runners_up};
use gibbs_core::garrote::{Noise, Pass, gate};
use gibbs_core::math::Real;

/// How well the least-squares refit on the selected variables explains the rows that were fitted.
#[derive(Clone, Debug, PartialEq)]
pub struct Statistics {
    /// 1 - RSS/TSS; forced predictors count as explaining.
    pub r2: f64,
    /// 1 - (RSS/(M - 1 - k))/(TSS/(M - 1)).
    pub adjusted_r2: f64,
    /// EBIC_g of the selected set: of the rule's g, or g = 1 for rules without one.
    pub criterion: f64,
    /// No set has a smaller one: proved, not only searched.
    pub proven: bool,
    /// The sets of least criterion after the selected one, rising; for the rules that search.
    pub runners_up: Vec<Candidate>,
}

/// Runner-up sets that are kept.
const RUNNERS_UP: usize = 5;

impl Fit {
    /// The model file's content: standardised weights with the centres and scales that belong to them, and
    /// the least-squares refit on the selected columns. Forced predictors stand behind the other variables, with
    /// inclusion 1.
    ///
    /// # Errors
    /// `Core(NotPositiveDefinite)` if the selected columns are collinear beyond the jitter policy.
    pub fn model(&self, design: &Design, options: &FitOptions) -> Result<Model, FitError> {
        let unfolded = design.unfolded()?;
        let (n, samples) = (design.variables(), design.rows() as f64);
        let forced = n..unfolded.variables();
        let mut weight: Vec<f64> = (0..n)
            .map(|i| self.weight[i] * design.unit * ratio(unfolded.scale[i], design.scale[i]))
            .collect();
        let mut inclusion = self.inclusion.clone();
        for (f, place) in forced.clone().enumerate() {
            let share = |i: usize| design.slopes[i * forced.len() + f];
            let effect = |i: usize| ratio(self.inclusion[i] * self.weight[i] * design.unit, design.scale[i]);
            let explained: f64 = (0..n).map(|i| effect(i) * share(i)).sum();
            weight.push((share(n) - explained) * ratio(unfolded.scale[place], design.forced[f].scale));
            inclusion.push(1.0);
        }
        let support: Vec<usize> = self.support().into_iter().chain(forced.clone()).collect();
        let refit = least_squares(&unfolded, &support)?;
        let (soft, hard) = self.noise(design, options, &refit);
        let unit = unfolded.unit;
        let mut weights = vec![0.0; unfolded.variables()];
        for (i, w) in support.iter().zip(&refit.weight) {
            weights[*i] = w * unit;
        }
        let beta = self.precision / (design.unit * design.unit);
        let evidence = |w: &f64| {
            if beta.is_normal() {
                gate::evidence(beta, samples, *w, *w)
            } else {
                gate::evidence(self.precision, samples, w / design.unit, w / design.unit)
            }
        };
        let pass = self
            .index
            .and_then(|k| self.trail.kept.get(k))
            .map_or("search", |kept| match kept.pass {
                Pass::Forward => "forward",
                Pass::Backward => "backward",
            });
        Ok(Model {
            evidence: weight.iter().map(evidence).collect(),
            variables: unfolded.names.clone(),
            target: unfolded.target.clone(),
            mean: unfolded.mean.clone(),
            scale: unfolded.scale.clone(),
            target_mean: unfolded.target_mean,
            target_sd: unfolded.variance.sqrt() * unit,
            inclusion,
            weight,
            refit: weights,
            refit_covariance: refit.inverse.iter().map(|p| p / samples).collect(),
            gamma: self.solution.gamma,
            noise_sd: soft.0,
            degrees: soft.1,
            refit_noise_sd: hard.0,
            refit_degrees: hard.1,
            free_energy: self.solution.free_energy + samples * Real::ln(design.unit),
            samples,
            rule: options.rule.to_string(),
            status: self.ended().into(),
            pass: pass.into(),
            seed: options.seed,
        })
    }

    /// (Standard deviation, degrees of freedom) of the noise about the soft solution and about the refit.
    fn noise(&self, design: &Design, options: &FitOptions, refit: &LeastSquares) -> ((f64, f64), (f64, f64)) {
        if let Noise::Fixed(precision) = options.solver.noise {
            let given = (1.0 / precision.sqrt(), f64::INFINITY);
            return (given, given);
        }
        let samples = design.rows() as f64;
        let estimate = |variance: f64, used: f64| {
            let degrees = (samples - 1.0 - used).max(1.0);
            (design.unit * (variance * samples / degrees).sqrt(), degrees)
        };
        let forced = design.forced.len() as f64;
        let hard = estimate(refit.rss, refit.support.len() as f64);
        (
            estimate(1.0 / self.precision, forced + self.solution.total_inclusion),
            hard,
        )
    }

    /// The statistics of the refit on the selected variables.
    ///
    /// # Errors
    /// As [`Fit::model`].
    pub fn statistics(&self, design: &Design, options: &FitOptions) -> Result<Statistics, FitError> {
        let g = match options.rule {
            Rule::Ebic(g) => g,
            _ => 1.0,
        };
        let refit = least_squares(design, &self.support())?;
        let (samples, k) = (design.rows() as f64, refit.support.len() as f64);
        let used = k + design.forced.len() as f64;
        let left = refit.rss / design.total_variance();
        let runners_up = match &self.best {
            Some(best) => runners_up(design, &self.corners, best, g, RUNNERS_UP),
            None => Vec::new(),
        };
        Ok(Statistics {
            r2: 1.0 - left,
            adjusted_r2: 1.0 - left * (samples - 1.0) / (samples - 1.0 - used).max(1.0),
            criterion: samples * Real::ln(refit.rss) + k * penalty(design, g),
            proven: self
                .best
                .as_ref()
                .is_some_and(|best| best.proven && best.solution.support == refit.support),
            runners_up,
        })
    }
}

/// a/b, 0 where b is 0: a dead column.
fn ratio(a: f64, b: f64) -> f64 {
    if b > 0.0 { a / b } else { 0.0 }
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
