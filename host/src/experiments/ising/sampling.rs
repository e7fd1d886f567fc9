//! What the Ising experiments share: runs of the vector engine, estimates with their context, rows that compare a
//! sampled mean with an exact one.

use crate::experiments::{Context, Expected, ExperimentError, Row, Source};
use crate::ising::series::{Halted, Plan, Sampler, Series, Vectors, record};
use crate::ising::statistics::{Estimate, SeriesError};
use gibbs_core::ising::lattice::{Fixed, Lazy, Metropolis, Probability, Uniform, Update};
use rand_core::Rng;

/// Says what was being done when a run halted.
pub(super) fn halted(what: &str) -> impl FnOnce(Halted) -> ExperimentError {
    let what = what.to_owned();
    move |reason| match reason {
        Halted::Stopped(stopped) => stopped.into(),
        Halted::Core(source) => ExperimentError::Core {
            context: what,
            source,
        },
    }
}

/// Says of what there is no estimate.
pub(super) fn estimated(
    estimate: Result<Estimate, SeriesError>,
    what: &str,
) -> Result<Estimate, ExperimentError> {
    estimate.map_err(ExperimentError::other(what))
}

/// Metropolis with 64 bits, lazily drawn.
pub(super) fn lazy(temperature: f64) -> Result<Metropolis<Lazy>, ExperimentError> {
    let probability = Probability::at_temperature(temperature, 64);
    let probability = probability.map_err(ExperimentError::core("rounding an acceptance"))?;
    Ok(Metropolis(Lazy::new(probability)))
}

/// Metropolis with few bits, all drawn.
pub(super) fn fixed(temperature: f64, bits: u32) -> Result<Metropolis<Fixed>, ExperimentError> {
    let probability = Probability::at_temperature(temperature, bits);
    let probability = probability.map_err(ExperimentError::core("rounding an acceptance"))?;
    Ok(Metropolis(Fixed(probability)))
}

/// A run of the vector engine on an L x L ferromagnet.
pub(super) fn vectors<U: Update + Sync>(
    context: &Context<'_>,
    mut rng: impl Rng,
    side: usize,
    update: U,
    cold: bool,
    plan: Plan,
) -> Result<Series, ExperimentError> {
    let sampler = Vectors::new(side, update, Uniform::Ferromagnet, cold, &mut rng);
    let mut sampler = sampler.map_err(ExperimentError::core("making a lattice"))?;
    sampled(context, &mut sampler, plan)
}

/// Runs any sampler.
pub(super) fn sampled(
    context: &Context<'_>,
    sampler: &mut impl Sampler,
    plan: Plan,
) -> Result<Series, ExperimentError> {
    record(sampler, plan, context.work.interrupted).map_err(halted("sampling"))
}

/// A sampled mean beside its exact value, its error at most `largest_error`.
pub(super) fn compared(
    quantity: impl Into<String>,
    source: Source,
    (exact, largest_error): (f64, f64),
    found: &Estimate,
) -> Row {
    let expected = Expected::sampled(exact, largest_error);
    Row::new(quantity, source, expected, found.mean).with_error(found.error)
}

/// So many values from `low` to `high`.
pub(super) fn grid(low: f64, high: f64, count: u32) -> impl Iterator<Item = f64> {
    (0..count).map(move |k| low + (high - low) * f64::from(k) / f64::from(count - 1))
}
