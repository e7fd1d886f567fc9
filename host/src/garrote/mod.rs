//! The Variational Garrote on the host.

pub mod metrics;
pub mod synth;
