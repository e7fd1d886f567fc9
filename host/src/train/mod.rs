//! Training by gradients: optimisers, schedules, averages of the weights, batches, checkpoints, the loop.
//!
//! Start here: implement [`Objective`], make a [`Trainer`] of it and [`Settings`], call [`Trainer::run`].
//! [`crate::diffusion::training`] is such an objective.
//!
//! Nothing here knows what a net is. Parameters are an ordered list of named f32 tensors, and an [`Objective`]
//! turns them into a loss and its gradients. What comes out depends on the objective, the settings and the step
//! alone: the loops are elementwise or sum in one fixed order, no generator state is carried from step to step,
//! and a run that was stopped and resumed ends in the same bits as one that was not.

pub mod adamw;
pub mod batches;
mod checkpoint;
pub mod clip;
pub mod ema;
mod error;
mod optimiser;
pub mod schedule;
pub mod sgd;
pub mod trainer;

pub use adamw::AdamW;
pub use batches::{Batches, Draw};
pub use clip::Norm;
pub use ema::Average;
pub use error::TrainError;
pub use optimiser::Method;
pub use schedule::{Schedule, Shape};
pub use sgd::Sgd;
pub use trainer::{Keep, Objective, Report, Settings, Trainer};

/// As many zeros as there are parameters, tensor by tensor.
fn zeros_like(parameters: &[Vec<f32>]) -> Vec<Vec<f32>> {
    parameters.iter().map(|values| vec![0.0; values.len()]).collect()
}

/// b^n by squaring: multiplications alone, so the same bits on every machine, and b itself for n = 1.
fn power(mut base: f64, mut exponent: u64) -> f64 {
    let mut result = 1.0;
    while exponent > 0 {
        if exponent & 1 == 1 {
            result *= base;
        }
        base *= base;
        exponent >>= 1;
    }
    result
}

/// Refuses a setting that is not a number in `lowest <= value < beyond`.
fn check(setting: &'static str, value: f64, lowest: f64, beyond: f64) -> Result<(), TrainError> {
    if value >= lowest && value < beyond {
        return Ok(());
    }
    let above = if beyond.is_finite() {
        format!(" and below {beyond}")
    } else {
        " and finite".to_owned()
    };
    let reason = format!("{value}, expected at least {lowest}{above}");
    Err(TrainError::Setting { setting, reason })
}

#[cfg(test)]
mod tests;
