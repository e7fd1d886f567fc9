//! Means and errors of what parallel tempering recorded.

use super::standing::{Series, Standing};
use super::{Measured, Options, Temperature, Tempered, rounds};
use crate::ising::problem::{Energy, Problem, Weights};
use crate::ising::statistics::together::Together;
use crate::ising::statistics::{Estimate, SeriesError};
use gibbs_core::ising::{Model, Weight};

/// Series that are held in memory at once, per temperature.
pub(super) const SERIES: u64 = 2;

/// The scale of a model's energies and what is rounding on that scale.
struct Scale {
    /// Σ |J| + Σ |h|, at least every magnitude of an energy; 1 for a model without any.
    size: f64,
    /// Energies over `size` that differ by no more than this are one energy.
    rounding: f64,
}

impl Scale {
    /// Between two refreshes an energy is a sum over flips, up to N in each sweep, each rounded by at most half the distance
    /// of neighbouring numbers; the sum of so many errors of either sign is taken as 8 times its standard deviation.
    fn of<M: Model>(model: &M, options: &Options) -> Self {
        let n = model.spins();
        let (mut bonds, mut fields) = (0.0, 0.0);
        for i in 0..n {
            model.neighbours(i, |_, coupling| bonds += coupling.wide().abs());
            fields += model.field(i).wide().abs();
        }
        let size = 0.5 * bonds + fields;
        let flips = n as f64 * rounds::REFRESH.max(options.swap_every) as f64;
        Self {
            size: if size > 0.0 { size } else { 1.0 },
            rounding: M::Weight::ROUNDING * 8.0 * flips.sqrt(),
        }
    }
}

/// The result of a finished run.
pub(super) fn of<M: Model>(
    problem: &Problem,
    model: &M,
    weights: &Weights,
    betas: &[f64],
    options: &Options,
    standing: Standing,
) -> Tempered {
    let scale = Scale::of(model, options);
    let temperatures = betas.iter().zip(&standing.rungs).zip(&standing.series);
    let temperatures = temperatures.map(|((beta, rung), series)| Temperature {
        beta: beta / weights.unit,
        energy: energy(series, &scale, weights),
        acceptance: (rung.attempts > 0).then(|| rung.accepted as f64 / rung.attempts as f64),
    });
    let temperatures = temperatures.collect();
    let energies = standing
        .best
        .into_iter()
        .map(|state| (problem.energy(&state), state));
    let best = energies.reduce(|best, other| {
        if other.0.order(&best.0).is_lt() {
            other
        } else {
            best
        }
    });
    let (energy, state) = best.unwrap_or_else(|| (Energy::Rounded(0.0), Vec::new()));
    Tempered {
        temperatures,
        round_trips: standing.replicas.iter().map(|replica| replica.round_trips).sum(),
        permutation: standing.rungs.iter().map(|rung| rung.replica).collect(),
        rounds: standing.series.first().map_or(0, |series| series.energy.len()) as u64,
        state,
        energy,
    }
}

/// The mean energy in the unit of the file.
fn energy(series: &Series, scale: &Scale, weights: &Weights) -> Measured {
    let shares: Vec<f64> = series.energy.iter().map(|energy| energy / scale.size).collect();
    let together = Together::new(&[&shares], scale.rounding);
    let of_file = |share: f64| (share * scale.size + weights.offset) * weights.unit;
    let estimate = together.mean(0).map(|found| Estimate {
        mean: of_file(found.mean),
        error: found.error * scale.size * weights.unit,
        ..found
    });
    let estimate = estimate.map_err(|error| match error {
        SeriesError::Constant { value, samples } => SeriesError::Constant {
            value: of_file(value),
            samples,
        },
        other => other,
    });
    let count = series.energy.len().max(1) as f64;
    let mean = (series.energy.iter().sum::<f64>() / count + weights.offset) * weights.unit;
    Measured { mean, estimate }
}
