//! Parallel transport of a direction from one local basis to another.
//!
//! u' = U'ᵀ(U' u) / |U' u| and v' = V'ᵀ(U' u) / |U' u| for rows U' [k, dim h], V' [k, dim x] (the authors' rule): the tangent
//! vector is projected on the new tangent space, and read there in coordinates that the two bases share. Singular
//! values do not enter. Signs of the bases do not matter.

use super::block::{combined, norm, products};
use super::{Basis, GeometryError, PullbackError, length};
use crate::net::element::Element;

#[cfg(test)]
mod tests;

/// A direction of unit length in X and its image in H.
#[derive(Clone, Debug, PartialEq)]
pub struct Direction<T> {
    /// The direction in x, v.
    pub v: Vec<T>,
    /// The direction in h, u.
    pub u: Vec<T>,
}

/// Where a direction came to.
#[derive(Clone, Debug, PartialEq)]
pub struct Transported<T> {
    /// The direction at the new point.
    pub direction: Direction<T>,
    /// Its coordinates in the v_i (and u_i) there.
    pub coordinates: Vec<f64>,
    /// |U' u| / |u|, the cosine of the angle between u and the new tangent space: 1 if nothing was lost.
    pub kept: f64,
}

impl<T: Element> Transported<T> {
    /// The cosine of the angle between v and v', in X.
    pub fn cosine(&self, from: &Direction<T>) -> f64 {
        let v = &self.direction.v;
        products(&from.v, v, v.len()).first().copied().unwrap_or(0.0)
    }
}

impl<T: Element> Basis<T> {
    /// The part |U u| that a random u keeps, on average of its square: the root of k / dim h.
    pub fn kept_by_chance(&self) -> f64 {
        (self.count() as f64 / self.dimensions.0 as f64).sqrt()
    }

    /// The i-th pair (v_i, u_i).
    ///
    /// # Errors
    /// [`PullbackError::Count`] beyond the basis.
    pub fn direction(&self, index: usize) -> Result<Direction<T>, GeometryError> {
        let (rows, columns) = self.dimensions;
        let row = |x: &[T], d| x.get(index * d..(index + 1) * d).map(<[T]>::to_vec);
        match (row(&self.v, columns), row(&self.u, rows)) {
            (Some(v), Some(u)) => Ok(Direction { v, u }),
            _ => Err(PullbackError::Count {
                found: index + 1,
                most: self.count(),
                rows,
                columns,
            }),
        }
    }
}

/// Brings a tangent vector `u` (dim h) to `basis`. Cost 2 k dim h + k dim x.
///
/// # Errors
/// [`PullbackError::Length`]; [`PullbackError::Lost`] where less than 1e-6 of it lies in the tangent space.
pub fn transport<T: Element>(basis: &Basis<T>, u: &[T]) -> Result<Transported<T>, GeometryError> {
    length("tangent vector", u.len(), basis.dimensions.0)?;
    read(basis, products(u, &basis.u, basis.dimensions.0), norm(u))
}

/// Vᵀ(V v) / |V v|: brings a direction `v` of X (a mean of directions of X, say) to `basis`. Its u is that of the same
/// coordinates.
///
/// # Errors
/// As [`transport`].
pub fn project<T: Element>(basis: &Basis<T>, v: &[T]) -> Result<Transported<T>, GeometryError> {
    length("direction", v.len(), basis.dimensions.1)?;
    read(basis, products(v, &basis.v, basis.dimensions.1), norm(v))
}

/// The direction with coordinates `along`, of a vector that was `length` long.
fn read<T: Element>(
    basis: &Basis<T>,
    mut along: Vec<f64>,
    length: f64,
) -> Result<Transported<T>, GeometryError> {
    let inside = norm(&along);
    if !(inside > 1e-6 * length && inside.is_finite()) {
        return Err(PullbackError::Lost);
    }
    for x in &mut along {
        *x /= inside;
    }
    Ok(Transported {
        direction: Direction {
            v: combined(&along, &basis.v, basis.dimensions.1),
            u: combined(&along, &basis.u, basis.dimensions.0),
        },
        coordinates: along,
        kept: inside / length,
    })
}
