//! Diffusion models: what needs files, a heap or threads.

pub mod folder;
