//! Nets that differentiate: a static graph of primitives with forward passes, Jacobian-vector products with many
//! tangents at once, their transposes with many cotangents at once, and gradients of the parameters.
//!
//! Map. [`shape`], [`graph`] and [`primitive`] say what is computed; [`element`] are the scalars; `cpu` is what the
//! rules share.

mod cpu;
pub mod element;
pub mod graph;
pub mod primitive;
pub mod shape;
