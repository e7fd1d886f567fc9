//! The Variational Garrote on the host: the model file and its export to firmware.

pub mod export;
pub mod model;
