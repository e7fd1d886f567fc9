//! Ising models: samplers, annealers, exact enumeration.
//!
//! Conventions, of the whole project: spins s_i = -1 or +1;
//! E(s) = - Σ_{i<j} J_ij s_i s_j - Σ_i h_i s_i with J symmetric and J_ii = 0; p(s) = e^(-beta E) / Z. The local
//! field is f_i = Σ_j J_ij s_j + h_i, and a flip of spin i costs 2 s_i f_i. sign(0) = +1; a stored bit 1 is +1.
//! A sweep is one attempted update per spin (some sweeps leave spins out, on purpose: [`State::sweep`]). (D-Wave's packages write E = + Σ J s s + Σ h s: the signs of all
//! their couplings and fields are the opposite.)
//!
//! Start here: a model, a state in lent memory, sweeps of a rule. (The square lattice has its own engine, [`lattice`].)
//!
//! ```
//! use gibbs_core::ising::{Dense, Enumeration, HeatBath, Order, State};
//! use gibbs_core::random::stream;
//!
//! # fn main() -> Result<(), gibbs_core::Error> {
//! let couplings = [0.0, 1.0, -1.0, 1.0, 0.0, 1.0, -1.0, 1.0, 0.0]; // three spins, not all can be content
//! let model = Dense::new(&couplings, &[0.0; 3])?;
//! let (mut spins, mut fields) = ([1; 3], [0.0; 3]);
//! let mut rng = stream(0, "first", 0);
//! let mut mean = 0.0;
//! {
//!     let mut state = State::new(&model, &mut spins, &mut fields)?;
//!     let rule = HeatBath::new(1.0)?; // beta = 1
//!     for _ in 0..10_000 {
//!         state.sweep(&model, &rule, Order::Typewriter, &mut rng);
//!         mean += state.energy() / 10_000.0;
//!     }
//! }
//! let exact = Enumeration::new(&model, &mut spins, &mut fields)?.thermal(1.0)?;
//! assert!((mean - exact.energy).abs() < 0.05);
//! # Ok(())
//! # }
//! ```
//!
//! Map: [`model`] says what J and h are; [`state`] holds spins with their local fields and is what every
//! single-spin method moves; [`rule`] decides one flip. [`integer`] has the rules without floating point, on
//! the variates of [`exponential`]. [`lattice`] is the square lattice, one bit per site. [`anneal`] and
//! [`bifurcation`] look for ground states. [`wolff`] and [`swendsen_wang`] flip clusters of sites, [`temper`]
//! exchanges the temperatures of replicas, [`enumerate`] sums over all configurations.

pub mod anneal;
pub mod bifurcation;
mod bond;
pub mod enumerate;
pub mod exponential;
pub mod integer;
pub mod lattice;
pub mod model;
pub mod rule;
pub mod state;
pub mod swendsen_wang;
pub mod temper;
pub mod wolff;

pub use anneal::{Annealed, GeometricQ16, beta_range, geometric};
pub use bifurcation::{Bifurcation, Variant, scatter};
pub use enumerate::Enumeration;
pub use integer::{HeatBathQ16, MetropolisQ16};
pub use model::{Dense, Model, Sparse, Stored, Torus, Weight};
pub use rule::{HeatBath, Metropolis, Rule, Whole};
pub use state::{Descent, Order, State};
pub use swendsen_wang::SwendsenWang;
pub use temper::Tempering;
pub use wolff::Wolff;
