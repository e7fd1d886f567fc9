//! Diffusion models: what needs files, a heap or threads.
//!
//! Start here: [`folder`] opens a checkpoint, [`sampling`] draws from it, [`pullback`] looks at its Jacobian; the
//! commands `gibbs diffusion sample` and `basis` do it in this order (`cli/diffusion/`).
//!
//! Map. [`folder`] reads and writes checkpoints, [`unet`] makes graphs of them, [`model`] joins the two; [`training`]
//! learns on [`datasets`], [`presets`] are nets to learn; [`compare`] holds a checkpoint beside stored outputs; `layout`
//! turns images at the door. [`pullback`] is the geometry of the map from x to h, [`geometry`] that of a checkpoint.

pub mod compare;
pub mod datasets;
pub mod figures;
pub mod folder;
pub mod geometry;
mod layout;
pub mod model;
pub mod presets;
pub mod pullback;
pub mod sampling;
pub mod training;
pub mod unet;
