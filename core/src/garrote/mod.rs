//! The Variational Garrote (VG): sparse regression by binary selection spins.
//!
//! Model: y = Σ_i w_i s_i x_i + noise of variance 1/beta, s_i in {0, 1} with prior log-odds gamma
//! (gamma < 0 is sparse; `sparsity` of Soh et al. is -gamma: their eq. 9 prints the opposite sign of their
//! eq. 6). The posterior of s is approximated by independent inclusions m_i; w and beta are point
//! estimates. Everything works on second moments, so samples are never stored.
//!
//! Sources: Kappen, Gomez, Machine Learning 96:269 (2014), arXiv 1109.0486; Soh, Lee, Periwal, Jo,
//! arXiv 2509.06383 (equation numbers below are theirs); "derived" marks what follows from them.
//!
//! Map, in the order of use: [`stream`] gathers statistics and hands out [`moments`]; [`sweep`] (coordinate
//! ascent) or [`joint`] (Cholesky) solve at one gamma; [`energy`] is what they minimise; [`path`] runs them
//! over a grid of gammas, both ways; [`select`] picks a gamma; [`predict`] uses the result; [`owned`] holds
//! all of it in fixed memory for a device.

mod ascent;
pub mod energy;
pub mod gate;
pub mod joint;
pub mod moments;
pub mod owned;
pub mod path;
pub mod predict;
pub mod select;
pub mod solver;
mod standardise;
pub mod stream;
pub mod sweep;

pub use joint::Joint;
pub use moments::Moments;
pub use owned::{Garrote, PathPoints, Standardised, Stream};
pub use path::{Ending, Pass, PathStore, Store, trace};
pub use solver::{Noise, Options, Solution, Solver, Status};
pub use sweep::{Ascent, State};
