//! The Variational Garrote for users' data: paths in residual form, selection rules, search, ensembles, the
//! model file and its export to firmware.

pub mod bootstrap;
pub mod columns;
pub mod design;
pub mod export;
pub mod fit;
pub mod gradient;
pub mod held_out;
pub mod least_squares;
pub mod metrics;
pub mod model;
pub mod nnls;
pub mod noise;
pub mod rule;
pub mod search;
pub mod student;
pub mod summary;
pub mod synth;
#[cfg(test)]
pub(crate) mod testing;
pub mod trail;
pub mod transition;

pub use design::{Design, FitError};
pub use fit::{Fit, FitOptions, Rule, fit};
pub use model::Model;
