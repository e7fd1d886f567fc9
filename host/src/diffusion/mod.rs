//! Diffusion models: samplers, U-Nets, and the geometry of their latent spaces.

pub mod pullback;
