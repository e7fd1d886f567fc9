//! Diffusion models: what they are trained on.

pub mod datasets;
