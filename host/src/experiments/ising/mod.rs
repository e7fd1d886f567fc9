//! Experiments on Ising models.

pub mod binder;
pub mod coarsening;
pub mod curves;
pub mod dynamics;
pub mod glass;
mod sampling;
pub mod temperature;
