//! A tensor in memory.

/// A tensor: its shape and its entries, last index fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor<T = f64> {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// The entries, as many as the product of the shape.
    pub values: Vec<T>,
}
