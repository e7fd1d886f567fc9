//! Diffusion models: what needs files, a heap or threads.
//!
//! Start here: [`folder`] opens a model folder, [`sampling`] draws from it, [`pullback`] looks at its Jacobian; the
//! commands `gibbs diffusion sample` and `basis` do it in this order (`cli/diffusion/`).
//!
//! Map. [`folder`] reads and writes model folders, [`unet`] makes graphs of them, [`model`] joins the two to a net, [`eps`] adds
//! text states and guidance, [`schedule`] has levels, samplers, plans and clipping; [`inputs`] reads samples and text states.
//! [`sampling`] carries samples along plans, [`geometry`] finds bases and edits by the mathematics of [`pullback`].
//! [`training`] learns on [`datasets`], [`presets`] are nets to learn; [`compare`] holds a model beside stored outputs;
//! [`memory`] says what will be needed; `layout` turns images at the door.
//!
//! Symbols and conventions are those of [`gibbs_core::diffusion`].

pub mod compare;
pub mod datasets;
pub mod eps;
pub mod error;
pub mod figures;
pub mod folder;
pub mod geometry;
pub mod inputs;
mod layout;
pub mod memory;
pub mod model;
pub mod presets;
pub mod pullback;
pub mod sampling;
pub mod schedule;
pub mod training;
pub mod unet;
