//! The Variational Garrote (VG): sparse regression by binary selection spins.
//!
//! Model: y = Σ_i w_i s_i x_i + noise of variance 1/beta, s_i in {0, 1} with prior log-odds gamma
//! (gamma < 0 is sparse; `sparsity` of Soh et al. is -gamma: their eq. 9 prints the opposite sign of their
//! eq. 6). The posterior of s is approximated by independent inclusions m_i; w and beta are point
//! estimates. Everything works on second moments, so samples are never stored.
//!
//! Symbols, of the whole family:
//!
//! ```text
//! M, N, Q     samples (or their effective number), variables, targets
//! X, y        the sample, M x N, and a target, M; centred, columns scaled to variance 1 unless said otherwise
//! C, b, s2    C = X'X/M (N x N),  b = X'y/M (N, in y),  s2 = y'y/M (in y²);  d_i = C_ii
//! m_i, w_i    inclusion, in [0, 1], and weight if included, in y per standard deviation of x_i;  v_i = m_i w_i
//! beta        inverse noise variance, in 1/y²;  1/beta = ehat at a fixed point
//! gamma       prior log-odds of an inclusion, in nats;  theta_i = ln(m_i / (1 - m_i)) = gamma + evidence_i
//! rho_i       b_i - Σ_{j≠i} C_ij v_j, the part of b_i that the other variables leave;  w_i = rho_i / d_i
//! F, S(m)     variational free energy and entropy of the inclusions, in nats
//! ```
//!
//! Start here: samples go in one by one, the path is traced, a solution is chosen, adopted and used.
//!
//! ```
//! use gibbs_core::garrote::select::{by_information, scratch_len};
//! use gibbs_core::garrote::{Garrote, Options, PathPoints, Standardised, Stream};
//!
//! # fn main() -> Result<(), gibbs_core::Error> {
//! let mut sums = Stream::<f64, 3>::new(); // three variables
//! for t in 0..60_u8 {
//!     let x = [t % 7, t % 5, t % 11].map(f64::from);
//!     sums.push(&x, &[2.0 * x[0] - x[2] + 0.1 * f64::from(t % 4)])?; // x_1 does not matter
//! }
//! let (mut data, mut garrote) = (Standardised::new(), Garrote::<f64, 3>::new());
//! let mut points = PathPoints::<f64, 3, 16>::new(); // 16 values of gamma
//! data.update(&sums)?;
//! let _ending = garrote.path(&data, Options::default(), &mut points)?;
//! let moments = data.moments()?;
//! let chosen = by_information(&moments, &points.store(&moments)?, 1.0, &mut [0.0; scratch_len(3)])?;
//! garrote.adopt(&points, chosen)?;
//! assert!(garrote.inclusion()[0] > 0.9 && garrote.inclusion()[1] < 0.1 && garrote.inclusion()[2] > 0.9);
//! # Ok(())
//! # }
//! ```
//!
//! Sources: Kappen, Gomez, Machine Learning 96:269 (2014), arXiv 1109.0486; Soh, Lee, Periwal, Jo,
//! arXiv 2509.06383 (equation numbers in this folder are theirs); "derived" marks what follows from them.
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
