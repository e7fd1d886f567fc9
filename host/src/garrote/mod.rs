//! The Variational Garrote on the host.

pub mod metrics;
pub mod nnls;
pub mod synth;
pub mod transition;
