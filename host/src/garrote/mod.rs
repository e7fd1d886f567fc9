//! The Variational Garrote for users' data: paths in residual form, selection rules, search, ensembles.

pub mod columns;
pub mod design;
pub mod search;
pub mod trail;

pub use design::{Design, FitError};
