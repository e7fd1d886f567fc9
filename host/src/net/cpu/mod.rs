//! What the rules of the primitives share on the CPU: products, threads, sums.

pub(crate) mod matrix;
pub(crate) mod softmax;
pub(crate) mod sums;
pub(crate) mod threads;
