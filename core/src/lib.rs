//! The statistical physics of learning in fixed memory: `no_std`, no heap, no panics, the same bits on
//! every target.
//!
//! Map. Imports point one way: method -> `linalg` -> `random` -> `math` -> `error`.
//!
//! * [`error`]: the one error type.
//! * [`math`]: the [`math::Real`] scalars (f32, f64) and the only door to `libm`.
//! * [`random`]: streams, uniform, normal, exponential, Bernoulli, permutations on any `rand_core::Rng`.
//! * [`linalg`]: what nalgebra lacks: factorisations over lent slices (Cholesky, Gram-Schmidt, Jacobi), angles.
//! * [`garrote`]: the Variational Garrote, sparse regression by binary selection spins.
//! * [`ising`]: Ising models: samplers, annealers, exact enumeration.
//! * [`diffusion`]: diffusion models: schedules, samplers, exact and small learned denoisers, subspace iteration.
//!
//! Contract: bad input gives an [`Error`] and leaves the state as it was; NaN never comes out of `Ok`;
//! iterative methods say how they ended; transcendental functions come from `libm` alone; sums run in one
//! documented order. One body over slices serves every size; const-generic owners are thin shells over it.
#![no_std]
#![forbid(unsafe_code)]
#![allow(clippy::doc_markdown)] // formulas in prose: m_i, s2_t

#[cfg(test)]
extern crate std;

pub mod diffusion;
pub mod error;
pub mod garrote;
pub mod ising;
pub mod linalg;
pub mod math;
pub mod random;

pub use error::Error;
