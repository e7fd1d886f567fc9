//! The pullback geometry of a latent space: which directions in x move h most (Park et al. 2023, arXiv 2307.12868).
//!
//! With f: x -> h of a denoiser and J = df/dx, the pullback metric is <v, w> = vᵀ JᵀJ w. From the singular value
//! decomposition J = U S Vᵀ, the first k right vectors v_i are the local basis of X at x, the left ones u_i that of the
//! tangent space of H. J is never formed: [`operator`] gives J and Jᵀ on blocks of directions.
//!
//! Map. Bases: [`krylov`], over `block` and `ritz`. Between
//! subspaces: [`distance`], [`transport`], [`frechet`]. Of one basis: [`spectrum`]. Using one: [`edit`].
//!
//! Layout: k vectors of d entries stand one after the other, row-major [k, d]. No bit depends on the number of threads.

pub(crate) mod block;
pub mod distance;
pub mod edit;
pub mod frechet;
pub mod krylov;
pub mod operator;
pub(crate) mod ritz;
pub mod spectrum;
#[cfg(test)]
mod testing;
pub mod transport;

use crate::net::element::Element;
use operator::Passes;

/// Why a basis, a distance or an edit cannot be had. `E` is the error of the operator or model.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum PullbackError<E> {
    /// The operator failed.
    #[error("{0}")]
    Operator(E),
    /// J v or Jᵀ u has NaN or infinity.
    #[error("{map} of direction {direction}: entry {index} is not finite; check the weights and the point")]
    NotFinite {
        /// The map that failed, "J" or "J^T".
        map: &'static str,
        /// Which direction of the block.
        direction: usize,
        /// The index of its first entry that is not finite.
        index: usize,
    },
    /// The vectors asked for do not exist.
    #[error(
        "{found} singular vectors asked for, expected 1 to {most} (the smaller side of the {rows} x {columns} Jacobian)"
    )]
    Count {
        /// The number that was asked for.
        found: usize,
        /// The most there can be: the smaller of rows and columns.
        most: usize,
        /// The number of rows of the Jacobian, dim h.
        rows: usize,
        /// The number of columns of the Jacobian, dim x.
        columns: usize,
    },
    /// An option is out of range.
    #[error("{name}: found {found}, expected {expected}")]
    Option {
        /// The name of the option or array.
        name: &'static str,
        /// The value that was given.
        found: f64,
        /// The range that is expected.
        expected: &'static str,
    },
    /// An array of another length.
    #[error("{name}: {found} entries, expected {expected}")]
    Length {
        /// The name of the option or array.
        name: &'static str,
        /// The value that was given.
        found: usize,
        /// The length that follows from the shapes.
        expected: usize,
    },
    /// Vectors that span less than their number (a basis with a zero vector does).
    #[error("{found} vectors span {rank} dimensions only: take the vectors that are not flagged as zero")]
    Dependent {
        /// The number of values that was given.
        found: usize,
        /// How many are independent.
        rank: usize,
    },
    /// A direction has no part in the subspace it is brought to.
    #[error(
        "the direction is orthogonal to the basis it is transported to: take a larger basis or a smaller step"
    )]
    Lost,
    /// A small dense decomposition did not end (never seen; it would take numbers beyond the range of f64).
    #[error("the decomposition of a {size} x {size} matrix did not end; rescale the map")]
    Decomposition {
        /// The side of the square matrix.
        size: usize,
    },
}

/// The error of what has no operator in it.
pub type GeometryError = PullbackError<std::convert::Infallible>;

impl GeometryError {
    /// This error as one of an operator with errors of its own.
    pub fn widen<E>(self) -> PullbackError<E> {
        match self {
            Self::Operator(never) => match never {},
            Self::NotFinite {
                map,
                direction,
                index,
            } => PullbackError::NotFinite {
                map,
                direction,
                index,
            },
            Self::Count {
                found,
                most,
                rows,
                columns,
            } => PullbackError::Count {
                found,
                most,
                rows,
                columns,
            },
            Self::Option {
                name,
                found,
                expected,
            } => PullbackError::Option {
                name,
                found,
                expected,
            },
            Self::Length {
                name,
                found,
                expected,
            } => PullbackError::Length {
                name,
                found,
                expected,
            },
            Self::Dependent { found, rank } => PullbackError::Dependent { found, rank },
            Self::Lost => PullbackError::Lost,
            Self::Decomposition { size } => PullbackError::Decomposition { size },
        }
    }
}

/// How an iteration ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The measure of the iteration fell below the tolerance.
    Converged,
    /// The limit of passes or steps was reached: not success.
    Limit,
}

/// The leading singular triplets of J: J v_i = s_i u_i.
#[derive(Clone, Debug, PartialEq)]
pub struct Basis<T> {
    /// The dimensions of the Jacobian: (dim h, dim x).
    pub dimensions: (usize, usize),
    /// s_1 >= s_2 >= ...; one for each vector.
    pub singular_values: Vec<f64>,
    /// The local latent basis, [k, dim x], orthonormal.
    pub v: Vec<T>,
    /// The local tangent basis, [k, dim h], orthonormal but for vectors flagged in `zero`. The entry of largest
    /// magnitude of each is positive.
    pub u: Vec<T>,
    /// s_i is zero (set to 0; below 1e-7 of s_1, or 8 units of rounding of the scalar): u_i is given as zero.
    pub zero: Vec<bool>,
    /// e_i = |Jᵀ u_i - s_i v_i| (or |J v_i - s_i u_i|, whichever was not made to vanish), measured: a singular value lies
    /// within e_i of s_i, but for the rounding of the products.
    pub errors: Vec<f64>,
    /// r_i = e_i s_i / s_1² = |Jᵀ u_i s_i - s_i² v_i| / s_1², measured; 0 for J = 0.
    pub residuals: Vec<f64>,
    /// Blocks multiplied by J.
    pub blocks: usize,
    /// Directions multiplied by J and Jᵀ.
    pub passes: Passes,
    /// The largest residual, by which it was stopped.
    pub measure: f64,
    /// How the iteration ended.
    pub ended: Ended,
}

impl<T: Element> Basis<T> {
    /// Products in the scalar T are good to about this: 64 units of rounding of s_1. What lies below it, or within its own
    /// error of zero, is not resolved.
    pub fn resolution(&self) -> f64 {
        64.0 * T::EPSILON.wide() * self.singular_values.first().copied().unwrap_or(0.0)
    }

    /// Whether s_i says more than that there is something small.
    pub fn resolved(&self, index: usize) -> bool {
        let pair = self.singular_values.get(index).zip(self.errors.get(index));
        pair.is_some_and(|(s, e)| *s > self.resolution() && s > e)
    }
}

impl<T> Basis<T> {
    /// The number of vectors, k.
    pub fn count(&self) -> usize {
        self.singular_values.len()
    }
}

/// What every method wants of its options: `count` from 1 to the smaller of the dimensions (dim h, dim x), a tolerance above
/// 0, at least one block.
///
/// # Errors
/// [`PullbackError::Count`], [`PullbackError::Option`].
pub fn check<E>(
    count: usize,
    tolerance: f64,
    limit: usize,
    dimensions: (usize, usize),
) -> Result<(), PullbackError<E>> {
    ritz::check_count(count, dimensions)?;
    ritz::check_tolerance(tolerance)?;
    ritz::check_limit(limit)
}

fn length<E>(name: &'static str, found: usize, expected: usize) -> Result<(), PullbackError<E>> {
    if found == expected {
        Ok(())
    } else {
        Err(PullbackError::Length {
            name,
            found,
            expected,
        })
    }
}
