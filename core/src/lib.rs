//! The statistical physics of learning in fixed memory: `no_std`, no heap, no panics, the same bits on
//! every target.
//!
//! Start here. Memory is yours and of a fixed size, randomness is a stream named by a seed, a bad number is an [`Error`]:
//!
//! ```
//! use gibbs_core::ising::lattice::{Fixed, Lattice, Metropolis, Probability, Uniform};
//! use gibbs_core::{ising::model::Wrap, random::stream};
//!
//! # fn main() -> Result<(), gibbs_core::Error> {
//! let rule = Metropolis(Fixed(Probability::new(11_243, 16)?)); // (11,243 + 1) / 2^16 = e^(-4/T) at T = 2.2692
//! let mut memory = Lattice::<u32, 1, 64>::new(); // 64 x 64 spins in 512 bytes
//! let mut lattice = memory.view(64, Wrap::Simple)?;
//! lattice.sweep(&rule, &Uniform::Ferromagnet, &mut stream(0, "first", 0))?;
//! assert!(lattice.energy(&Uniform::Ferromagnet)? < 0);
//! # Ok(())
//! # }
//! ```
//!
//! Each family begins with such a block; `examples/` has a program of each: `lattice`, `annealer`, `garrote`, `denoiser`.
//! [`nalgebra`] and [`rand_core`] stand in signatures and are exported here, in the versions that fit.
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

/// The code of the package's README, run as a test.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
pub struct Readme;

pub mod diffusion;
pub mod error;
pub mod garrote;
pub mod ising;
pub mod linalg;
pub mod math;
pub mod random;

pub use error::Error;
pub use {nalgebra, rand_core};
