//! The Variational Garrote for users' data: paths in residual form, selection rules, search, ensembles.

pub mod columns;
pub mod design;
pub mod fit;
pub mod metrics;
pub mod search;
pub mod synth;
pub mod trail;

pub use design::{Design, FitError};
pub use fit::{Fit, FitOptions, Rule, fit};
