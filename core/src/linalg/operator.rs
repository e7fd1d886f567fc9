//! Linear maps that are known by what they do to vectors.

use crate::math::Real;

/// A linear map J from `inputs` to `outputs` numbers, with its transpose. Products come in blocks: several vectors one
/// after another, for maps that are cheaper on many at once.
pub trait LinearOperator<T: Real> {
    /// Why there may be no product. Algorithms of the core that refuse something themselves want `From<Error>` of it.
    type Error;

    /// Length of the vectors that J acts on.
    fn inputs(&self) -> usize;

    /// Length of their images.
    fn outputs(&self) -> usize;

    /// J v for each of k vectors: `vectors` (k x inputs) to `images` (k x outputs).
    ///
    /// # Errors
    /// Whatever keeps the map from an answer. An answer that is not finite is refused by the caller.
    fn apply(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Self::Error>;

    /// J' u for each of k covectors: `covectors` (k x outputs) to `images` (k x inputs).
    ///
    /// # Errors
    /// As [`Self::apply`].
    fn apply_transposed(&mut self, covectors: &[T], images: &mut [T]) -> Result<(), Self::Error>;
}
