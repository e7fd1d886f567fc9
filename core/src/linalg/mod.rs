//! Dense linear algebra over lent slices: what nalgebra does not offer without its own elementary functions, a
//! heap or panics. A matrix is its columns, one after another; "k vectors of length n" is such a matrix too.
//!
//! * [`cholesky`]: factor, solve, jitter policy.
//! * [`orthonormalise`]: Gram and Schmidt twice, deflating.
//! * [`singular_values`]: one-sided Jacobi. [`symmetric_eigen`]: cyclic Jacobi.
//! * [`LinearOperator`]: a map with its transpose, known by its products. [`SubspaceIteration`]: its leading singular
//!   triplets.
//! * [`polar`]: the nearest orthogonal matrix. [`principal_angles`], [`subspace_sine`]: between subspaces.
//!
//! The iterative ones say whether they converged; sums run in the order of [`crate::math::dot`].

mod angles;
mod cholesky;
mod columns;
mod eigen;
mod operator;
mod orthogonal;
mod polar;
pub mod subspace;
mod svd;

use angles::sine_in;
pub use angles::{principal_angles, principal_angles_scratch, subspace_sine, subspace_sine_scratch};
pub use cholesky::{cholesky, cholesky_jittered, cholesky_solve, forward_substitute};
pub use columns::combine;
use columns::swap;
pub use eigen::symmetric_eigen;
pub use operator::LinearOperator;
pub use orthogonal::orthonormalise;
use orthogonal::project_out;
pub use polar::{polar, polar_scratch};
pub use subspace::{Basis, Outcome, SubspaceIteration, Triplets};
pub use svd::singular_values;

/// How a Jacobi iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub struct Rotations {
    /// No pair was left to rotate.
    pub converged: bool,
    /// Passes over all pairs.
    pub sweeps: u32,
}

/// Passes after which a Jacobi iteration gives up; ten suffice for any well-formed input met so far.
const MAX_SWEEPS: u32 = 60;
