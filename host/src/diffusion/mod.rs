//! Diffusion models: what needs files, a heap or threads.
//!
//! Map. [`folder`] reads and writes checkpoints, [`unet`] makes graphs of them, [`model`] joins the two; [`training`]
//! learns on [`datasets`], [`presets`] are nets to learn; [`compare`] holds a checkpoint beside stored outputs; `layout`
//! turns images at the door.

pub mod compare;
pub mod datasets;
pub mod folder;
mod layout;
pub mod model;
pub mod presets;
pub mod training;
pub mod unet;
