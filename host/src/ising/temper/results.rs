//! Means and errors of what parallel tempering recorded.

use super::standing::{Series, Standing};
use super::{Measured, Options, Overlap, Temperature, Tempered, rounds};
use crate::ising::problem::{Energy, Problem, Weights};
use crate::ising::statistics::together::Together;
use crate::ising::statistics::{Estimate, SeriesError};
use gibbs_core::ising::temper::Rung;
use gibbs_core::ising::{Model, Weight};

/// The scale of a model's energies and what is rounding on that scale.
struct Scale {
    /// Σ |J| + Σ |h|, at least every magnitude of an energy; 1 for a model without any.
    size: f64,
    /// Energies over `size`, and their squares, that differ by no more than this are one energy.
    rounding: f64,
    /// The number of spins.
    spins: f64,
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
            spins: n as f64,
        }
    }
}

/// The result of a finished run.
pub(super) fn of<M: Model>(
    problem: &Problem,
    model: &M,
    weights: &Weights,
    options: &Options,
    standing: Standing,
) -> Tempered {
    let scale = Scale::of(model, options);
    let Standing {
        betas, sets, series, ..
    } = standing;
    let rounds = series.first().map_or(0, |series| series.energy.len()) as u64;
    let first = sets.first();
    let rungs: &[Rung] = first.map_or(&[], |set| &set.rungs);
    let temperatures = betas.iter().zip(rungs).zip(&series);
    let temperatures = temperatures.map(|((beta, rung), series)| Temperature {
        beta: beta / weights.unit,
        acceptance: (rung.attempts > 0).then(|| rung.accepted as f64 / rung.attempts as f64),
        ..observables(series, &scale, weights, *beta)
    });
    let temperatures = temperatures.collect();
    let (round_trips, permutation) = first.map_or((0, Vec::new()), |set| {
        let trips = set.replicas.iter().map(|replica| replica.round_trips).sum();
        (trips, set.rungs.iter().map(|rung| rung.replica).collect())
    });
    let states = sets.into_iter().flat_map(|set| set.best);
    let best = states
        .map(|state| (problem.energy(&state), state))
        .reduce(|best, other| {
            if other.0.order(&best.0).is_lt() {
                other
            } else {
                best
            }
        });
    let (energy, state) = best.unwrap_or_else(|| (Energy::Rounded(0.0), Vec::new()));
    Tempered {
        temperatures,
        round_trips,
        permutation,
        rounds,
        state,
        energy,
    }
}

/// Places in the list of series that are looked at together. The first four, and those of the overlap, are the same for a
/// configuration and for the one with all spins turned; the last two are not, and without fields their slowest mode is the
/// turn of all spins, which the others do not see.
const ENERGY: usize = 0;
const SQUARE: usize = 1;
const SIZE: usize = 2;
const OVERLAP_SIZE: usize = 3;
const OVERLAP_SQUARE: usize = 4;

/// All means at one temperature; beta in the unit of the weights.
fn observables(series: &Series, scale: &Scale, weights: &Weights, beta: f64) -> Temperature {
    let per_spin = |sums: &[f64]| sums.iter().map(|sum| sum / scale.spins).collect::<Vec<f64>>();
    let map = |values: &[f64], f: fn(f64) -> f64| values.iter().map(|x| f(*x)).collect::<Vec<f64>>();
    let origin = series.energy.first().copied().unwrap_or(0.0);
    // From the first value on: the square of a small spread about a large mean keeps its digits.
    let shares: Vec<f64> = series
        .energy
        .iter()
        .map(|energy| (energy - origin) / scale.size)
        .collect();
    let squares = map(&shares, |x| x * x);
    let magnetisation = per_spin(&series.magnetisation);
    let size = map(&magnetisation, f64::abs);
    let overlap = per_spin(&series.overlap);
    let (overlap_size, overlap_square) = (map(&overlap, f64::abs), map(&overlap, |q| q * q));
    let even: Vec<&[f64]> = [&shares, &squares, &size, &overlap_size, &overlap_square]
        .into_iter()
        .map(Vec::as_slice)
        .filter(|one| !one.is_empty())
        .collect();
    let turned = |one: &[f64]| {
        let all: Vec<&[f64]> = even.iter().copied().chain([one]).collect();
        means(&Together::new(&all, scale.rounding), even.len(), one, 1.0, 0.0)
    };
    let together = Together::new(&even, scale.rounding);
    let unit = scale.size * weights.unit;
    let energy = means(
        &together,
        ENERGY,
        &shares,
        unit,
        (origin + weights.offset) * weights.unit,
    );
    let of_spins = |place: usize, one: &[f64]| means(&together, place, one, 1.0, 0.0);
    Temperature {
        beta,
        energy,
        heat_capacity: heat_capacity(&together, &shares, &squares, beta * scale.size),
        magnetisation: turned(&magnetisation),
        magnetisation_size: of_spins(SIZE, &size),
        overlap: (!overlap.is_empty()).then(|| Overlap {
            mean: turned(&overlap),
            size: of_spins(OVERLAP_SIZE, &overlap_size),
            square: of_spins(OVERLAP_SQUARE, &overlap_square),
        }),
        acceptance: None,
    }
}

/// The mean of the series at `place`, times `factor`, and `offset` more.
fn means(together: &Together<'_>, place: usize, series: &[f64], factor: f64, offset: f64) -> Measured {
    let moved = |value: f64| value * factor + offset;
    let estimate = together.mean(place).map(|found| Estimate {
        mean: moved(found.mean),
        error: found.error * factor.abs(),
        ..found
    });
    let estimate = estimate.map_err(|error| match error {
        SeriesError::Constant { value, samples } => SeriesError::Constant {
            value: moved(value),
            samples,
        },
        other => other,
    });
    let mean = match &estimate {
        Ok(found) => found.mean,
        Err(SeriesError::Constant { value, .. }) => *value,
        Err(_) => moved(series.iter().sum::<f64>() / series.len() as f64),
    };
    Measured { mean, estimate }
}

/// C = beta² (<E²> - <E>²), of the whole system in units of k.
fn heat_capacity(together: &Together<'_>, shares: &[f64], squares: &[f64], beta: f64) -> Measured {
    let spread = |means: &[f64]| match means {
        [mean, square] => beta * beta * (square - mean * mean),
        _ => f64::NAN,
    };
    let estimate = match together.mean(ENERGY) {
        Err(SeriesError::Constant { samples, .. }) => Err(SeriesError::Constant { value: 0.0, samples }),
        _ => together.function(&[ENERGY, SQUARE], spread),
    };
    let mean = match &estimate {
        Ok(found) => found.mean,
        Err(SeriesError::Constant { value, .. }) => *value,
        Err(_) => {
            let average = |series: &[f64]| series.iter().sum::<f64>() / series.len() as f64;
            spread(&[average(shares), average(squares)])
        }
    };
    Measured { mean, estimate }
}
