//! The square lattice with periodic sides.

use super::{Model, Stored, Weight, all_finite};
use crate::error::Error;

/// Whether a periodic side of 2, where a site meets the same neighbour on both sides, is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wrap {
    /// Every pair of sites has at most one bond: a side of 2 is refused.
    Simple,
    /// A side of 2 has each of its bonds twice.
    Multigraph,
}

/// The square lattice with periodic sides, one coupling, one field. Site (x, y) is spin y * width + x; its
/// neighbours are visited in the order right, left, down, up.
#[derive(Clone, Copy, Debug)]
pub struct Torus<C> {
    width: usize,
    height: usize,
    coupling: C,
    field: C,
}

impl<C: Stored> Torus<C> {
    /// `width` x `height` sites.
    ///
    /// # Errors
    /// [`Error::Shape`] for a side of 0, [`Error::UnsupportedSide`] for a side of 1, or of 2 under
    /// [`Wrap::Simple`]; [`Error::NonFinite`], [`Error::Overflow`].
    pub fn new(width: usize, height: usize, coupling: C, field: C, wrap: Wrap) -> Result<Self, Error> {
        check_sides(width, height, wrap)?;
        all_finite(&[coupling, field])?;
        let sites = width.checked_mul(height).ok_or(Error::Shape)?;
        let local = 4.0 * coupling.weight().wide().abs() + field.weight().wide().abs();
        C::Weight::holds(2.0 * local)?;
        C::Weight::holds(sites as f64 * local)?;
        Ok(Self {
            width,
            height,
            coupling,
            field,
        })
    }
}

/// Refuses sides that a periodic lattice does not have.
///
/// # Errors
/// [`Error::Shape`] for 0, [`Error::UnsupportedSide`] for 1, and for 2 under [`Wrap::Simple`].
pub fn check_sides(width: usize, height: usize, wrap: Wrap) -> Result<(), Error> {
    for side in [width, height] {
        match (side, wrap) {
            (0, _) => return Err(Error::Shape),
            (1, _) | (2, Wrap::Simple) => return Err(Error::UnsupportedSide { side }),
            _ => {}
        }
    }
    Ok(())
}

impl<C: Stored> Model for Torus<C> {
    type Weight = C::Weight;

    fn spins(&self) -> usize {
        self.width * self.height
    }

    fn field(&self, spin: usize) -> C::Weight {
        if spin < self.spins() {
            self.field.weight()
        } else {
            C::Weight::ZERO
        }
    }

    fn neighbours(&self, spin: usize, mut visit: impl FnMut(usize, C::Weight)) {
        let (Some(y), Some(x)) = (spin.checked_div(self.width), spin.checked_rem(self.width)) else {
            return;
        };
        if y >= self.height {
            return;
        }
        let (row, last_row) = (y * self.width, self.width * (self.height - 1));
        let right = if x + 1 == self.width { row } else { spin + 1 };
        let left = if x == 0 { row + self.width - 1 } else { spin - 1 };
        let down = if y + 1 == self.height {
            x
        } else {
            spin + self.width
        };
        let up = if y == 0 { last_row + x } else { spin - self.width };
        let coupling = self.coupling.weight();
        for j in [right, left, down, up] {
            visit(j, coupling);
        }
    }
}
