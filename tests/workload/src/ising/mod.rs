//! Ising models: every sampler, optimiser and sum, on models of a few spins.

mod ensembles;
mod lattice;
mod single;

pub(crate) use ensembles::{enumeration, levels, swendsen_wang, tempering, tempering_q16, wolff};
pub(crate) use lattice::lattice;
pub(crate) use single::{annealing, bifurcation, bifurcation_q29, integer};

use crate::Hash;
use gibbs_core::ising::model::Weight;
use gibbs_core::math::Real;
use gibbs_core::random::{below, normal, stream};

/// Spins of the dense models.
const N: usize = 10;

impl Hash {
    fn weights<W: Weight>(&mut self, weights: &[W]) {
        for weight in weights {
            self.word(weight.bits());
        }
    }

    fn spins(&mut self, spins: &[i8]) {
        for spin in spins {
            self.word(u64::from(*spin > 0));
        }
    }
}

/// Fills a symmetric matrix with a zero diagonal.
fn symmetric<C: Copy>(couplings: &mut [C; N * N], mut draw: impl FnMut() -> C) {
    for row in 0..N {
        for column in 0..row {
            let coupling = draw();
            for at in [row * N + column, column * N + row] {
                if let Some(entry) = couplings.get_mut(at) {
                    *entry = coupling;
                }
            }
        }
    }
}

/// A spin glass with normal couplings and fields.
fn glass<T: Real>(seed: u64) -> ([T; N * N], [T; N]) {
    let mut rng = stream(seed, "workload/ising", 0);
    let (mut couplings, mut fields) = ([T::ZERO; N * N], [T::ZERO; N]);
    symmetric(&mut couplings, || normal(&mut rng));
    for field in &mut fields {
        *field = T::HALF * normal(&mut rng);
    }
    (couplings, fields)
}

/// The same with integers of -7..=7.
fn integer_glass(seed: u64) -> ([i8; N * N], [i8; N]) {
    let mut rng = stream(seed, "workload/ising", 1);
    let mut draw = || below(&mut rng, 15) as i8 - 7;
    let (mut couplings, mut fields) = ([0; N * N], [0; N]);
    symmetric(&mut couplings, &mut draw);
    for field in &mut fields {
        *field = draw();
    }
    (couplings, fields)
}
