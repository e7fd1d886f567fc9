//! The Variational Garrote for users' data: paths in residual form, selection rules, search, ensembles, the
//! model file and its export to firmware.

pub mod columns;
pub mod design;
pub mod dual;
pub mod export;
pub mod fit;
pub mod gradient;
pub mod metrics;
pub mod model;
pub mod noise;
pub mod search;
pub mod synth;
pub mod trail;

pub use design::{Design, FitError};
pub use fit::{Fit, FitOptions, Rule, fit};
pub use model::Model;
