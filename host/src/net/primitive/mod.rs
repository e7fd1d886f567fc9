//! The primitives of nets, one file each: the meaning (shapes, parameters), its four rules on the CPU, its tests.
//!
//! What a meaning and a rule are is in `rules`; [`Primitive`] in `registry` is the list of them all.
//!
//! To add a primitive: a file with a struct that implements [`Meaning`] and [`Rules`] (or `LinearMap`), a line in
//! `registry`, and a test through `harness::check`. Another backend gives its own rules for the same meanings.

mod activation;
mod arithmetic;
mod attention;
mod broadcast;
mod concat;
mod conv2d;
mod embedding;
mod gather;
mod geglu;
mod group_norm;
#[cfg(test)]
pub(crate) mod harness;
mod layer_norm;
mod linear;
mod linear_map;
mod loss;
mod pool;
mod reduce;
mod registry;
mod reshape;
mod rules;
mod scatter;
mod softmax;
mod upsample;

pub use activation::Activation;
pub use arithmetic::{Add, Multiply, Scale, Shift, Subtract};
pub use attention::Attention;
pub use broadcast::AddRow;
pub use concat::Concat;
pub use conv2d::{Conv2d, Padding};
pub use embedding::Sinusoidal;
pub use gather::{Gather, RowIndex, RowIndexError};
pub use geglu::Geglu;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use loss::Loss;
pub use pool::{AveragePool, MeanRows};
pub use reduce::Reduction;
pub use registry::Primitive;
pub use reshape::Reshape;
use rules::single;
pub use rules::{Meaning, Needs, Packed, Primal, Rules, Shapes, Site, Target};
pub use scatter::ScatterAdd;
pub use softmax::Softmax;
pub use upsample::Upsample;
