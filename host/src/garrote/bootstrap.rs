//! Bootstrap ensembles: the transition signal of a user's data, and selection frequencies.
//!
//! Replica r fits M rows drawn with replacement (stream `garrote.bootstrap`, index r) on the grid of the whole
//! design. A replica whose path ended early enters later gammas with its last solution. Replicas run in
//! parallel and are added up in order, so the result does not depend on the number of threads.

use super::design::{Design, FitError};
use super::trail::{Trail, trace_design};
use super::transition::{Ensemble, Inference, Signal, default_grid, infer_density};
use crate::work::Work;
use gibbs_core::garrote::Options;
use gibbs_core::random::{below, stream};

/// An ensemble of fits and what its transition signal says.
#[derive(Clone, Debug)]
pub struct Bootstrap {
    /// The signal at each gamma.
    pub signals: Vec<Signal>,
    /// Inferred density of relevant variables, `None` where the signal explains none.
    pub inference: Option<Inference>,
    /// The sums, for frequencies at any gamma.
    pub ensemble: Ensemble,
}

impl Bootstrap {
    /// Index of the gamma at which the mean density is nearest to the inferred one, among the first `reached`; none
    /// where the signal is that of no relevant variable.
    pub fn best(&self, reached: usize) -> Option<usize> {
        let target = self.inference.as_ref()?.density;
        if target <= 0.0 {
            return None;
        }
        let distance = |k: &usize| (self.signals[*k].density - target).abs();
        (0..reached.min(self.signals.len())).min_by(|a, b| distance(a).total_cmp(&distance(b)))
    }
}

/// The inclusions of a trail as numbers: for each kept solution the number of its gates, then index and
/// inclusion of each.
fn flatten(trail: &Trail) -> Vec<f64> {
    let mut numbers = Vec::new();
    for kept in &trail.kept {
        numbers.push(kept.gates.len() as f64);
        numbers.extend(kept.gates.iter().flat_map(|(i, m, _)| [*i as f64, *m]));
    }
    numbers
}

/// Inclusions (N) at each of `gammas` values of gamma, from the numbers of [`flatten`]; a path that ended early
/// stays at its last solution.
fn unflatten(mut numbers: &[f64], gammas: usize, variables: usize) -> Option<Vec<Vec<f64>>> {
    let mut rows = Vec::with_capacity(gammas);
    while let Some((count, rest)) = numbers.split_first() {
        let (gates, after) = rest.split_at_checked((*count as usize).checked_mul(2)?)?;
        let mut inclusion = vec![0.0; variables];
        for [i, m] in gates.as_chunks::<2>().0 {
            *inclusion.get_mut(*i as usize)? = *m;
        }
        rows.push(inclusion);
        numbers = after;
    }
    let last = rows.last().cloned().unwrap_or_else(|| vec![0.0; variables]);
    rows.resize(gammas, last);
    Some(rows)
}

/// Candidate densities: k/N for N <= 400, 0 included, else the default grid.
pub fn candidate_densities(variables: usize) -> Vec<f64> {
    if variables <= 400 {
        (0..variables).map(|k| k as f64 / variables as f64).collect()
    } else {
        default_grid()
    }
}

/// Fits `replicas` bootstrap samples on `grid`.
///
/// # Errors
/// `Option` for fewer than 2 replicas; those of the fits (a resample may have a constant target: it is drawn
/// again from the same stream, at most 100 times) and of [`Work`].
pub fn bootstrap(
    design: &Design,
    grid: &[f64],
    options: Options<f64>,
    replicas: usize,
    seed: u64,
    work: &Work<'_>,
) -> Result<Bootstrap, FitError> {
    if replicas < 2 {
        return Err(FitError::Option("an ensemble needs at least 2 replicas".into()));
    }
    let count = u32::try_from(design.rows()).map_err(|_| FitError::Option("too many rows".into()))?;
    let parts = work.parts::<Vec<f64>, FitError>("bootstrap, replicas", replicas, |replica| {
        let mut rng = stream(seed, "garrote.bootstrap", replica as u64);
        let mut resample = || {
            (0..count)
                .map(|_| below(&mut rng, count) as usize)
                .collect::<Vec<_>>()
        };
        let mut sample = design.on_rows(&resample());
        for _ in 0..100 {
            if !matches!(sample, Err(FitError::ConstantTarget(_))) {
                break;
            }
            sample = design.on_rows(&resample());
        }
        let traced = sample.and_then(|sample| trace_design(&sample, grid, options, false));
        traced
            .map(|trail| flatten(&trail))
            .map_err(|error| error.of_part(format!("resample {} of {replicas}", replica + 1)))
    })?;
    let mut ensemble = Ensemble::new(grid.len(), design.variables());
    for part in &parts {
        let rows = unflatten(part, grid.len(), design.variables()).ok_or(gibbs_core::Error::Shape)?;
        for (k, inclusion) in rows.iter().enumerate() {
            ensemble.push(k, inclusion, None)?;
        }
    }
    let signals: Vec<Signal> = ensemble.signals().into_iter().flatten().collect();
    let density: Vec<f64> = signals.iter().map(|s| s.density).collect();
    let sigma: Vec<f64> = signals.iter().map(|s| s.sigma).collect();
    let inference = infer_density(&density, &sigma, &candidate_densities(design.variables())).ok();
    Ok(Bootstrap {
        signals,
        inference,
        ensemble,
    })
}

#[cfg(test)]
mod tests;
