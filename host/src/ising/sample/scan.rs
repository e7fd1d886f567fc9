//! One chain per temperature.

use super::{Plan, Record, Run, SampleError};
use crate::work::Work;
use gibbs_core::random::stream;
use rand_core::Rng;

/// The plan at each of these temperatures. Each has a seed of its own, drawn from `stream(seed, "ising.sample.seed", k)`, so
/// that errors at different temperatures are independent; a plan run alone gives the same bits.
pub fn at_temperatures(plan: &Plan, temperatures: &[f64]) -> Vec<Plan> {
    let one = |(k, temperature): (usize, &f64)| Plan {
        temperature: *temperature,
        seed: u64::from(stream(plan.seed, "ising.sample.seed", k as u64).next_u32()),
        ..*plan
    };
    temperatures.iter().enumerate().map(one).collect()
}

/// Runs the plans, one after the other; of a finished one the record is kept.
///
/// # Errors
/// [`SampleError`] of the first plan that cannot be run, before any is; `Stopped`.
pub fn scan(plans: &[Plan], work: &Work<'_>) -> Result<Vec<Record>, SampleError> {
    plans.iter().try_for_each(Plan::check)?;
    let one = |(k, plan): (usize, &Plan)| {
        let scope = work.place(&format!("temperature {k}"));
        let mut run = Run::new(*plan)?;
        run.finish(&work.within(&scope), |_| Ok::<(), SampleError>(()))?;
        Ok(run.into_record())
    };
    plans.iter().enumerate().map(one).collect()
}
