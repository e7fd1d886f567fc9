//! Couplings and fields: dense, sparse, or the square lattice with periodic sides.
//!
//! Integer models are exact: their constructors refuse ([`Error::Overflow`]) what could leave 32 bits, since
//! 2 (Σ_j |J_ij| + |h_i|) bounds every flip cost and Σ_{i<j} |J_ij| + Σ_i |h_i| every energy.

mod dense;
mod sparse;
mod torus;
mod weight;

pub use dense::Dense;
pub use sparse::Sparse;
pub use torus::{Torus, Wrap, check_sides};
pub use weight::{Stored, Weight};

use crate::error::Error;

/// An Ising model: who interacts with whom, how strongly.
pub trait Model {
    /// What energies are made of.
    type Weight: Weight;
    /// Number of spins N, at least 1.
    fn spins(&self) -> usize;
    /// External field h_i; 0 for i out of range.
    fn field(&self, spin: usize) -> Self::Weight;
    /// Calls `visit(j, J_ij)` for each neighbour j of spin i in a fixed order; every j is below N. A bond that
    /// is there twice (a torus of side 2) is visited twice; a zero coupling may be visited or left out.
    fn neighbours(&self, spin: usize, visit: impl FnMut(usize, Self::Weight));

    /// Local field f_i = Σ_j J_ij s_j + h_i.
    fn local_field(&self, spin: usize, spins: &[i8]) -> Self::Weight {
        let mut f = Self::Weight::ZERO;
        self.neighbours(spin, |j, coupling| {
            if let Some(s) = spins.get(j) {
                f += coupling.times(*s);
            }
        });
        f + self.field(spin)
    }

    /// Energy of a configuration of ±1, each bond counted once. Cost: one visit of every bond from both ends.
    ///
    /// # Errors
    /// [`Error::Shape`], [`Error::NotASpin`].
    fn energy(&self, spins: &[i8]) -> Result<Self::Weight, Error> {
        check_spins(spins, self.spins())?;
        let mut bonds = Self::Weight::ZERO;
        let mut fields = Self::Weight::ZERO;
        for (i, s) in spins.iter().enumerate() {
            let mut f = Self::Weight::ZERO;
            self.neighbours(i, |j, coupling| {
                if let (true, Some(t)) = (j > i, spins.get(j)) {
                    f += coupling.times(*t);
                }
            });
            bonds += f.times(*s);
            fields += self.field(i).times(*s);
        }
        Ok(-(bonds + fields))
    }
}

/// Refuses a wrong length and values other than ±1.
///
/// # Errors
/// [`Error::Shape`], [`Error::NotASpin`].
pub fn check_spins(spins: &[i8], count: usize) -> Result<(), Error> {
    if spins.len() != count {
        return Err(Error::Shape);
    }
    match spins.iter().position(|s| *s != 1 && *s != -1) {
        Some(index) => Err(Error::NotASpin { index }),
        None => Ok(()),
    }
}

/// Refuses a model whose flip costs or energies could leave the range of its weights.
fn check_range<M: Model>(model: &M) -> Result<(), Error> {
    let mut total = 0.0;
    for i in 0..model.spins() {
        let mut local = 0.0;
        model.neighbours(i, |_, coupling| local += coupling.wide().abs());
        local += model.field(i).wide().abs();
        M::Weight::holds(2.0 * local)?;
        total += local; // counts each bond twice
    }
    M::Weight::holds(total)
}

fn all_finite<C: Stored>(values: &[C]) -> Result<(), Error> {
    if values.iter().all(|c| c.weight().is_finite()) {
        Ok(())
    } else {
        Err(Error::NonFinite)
    }
}
