//! Experiments on diffusion models.

mod compare;
pub mod krylov;
pub mod samplers;
pub mod tangents;
