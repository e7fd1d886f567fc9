//! The Variational Garrote for users' data: paths in residual form, selection rules, search, ensembles, the
//! model file and its export to firmware.
//!
//! Start here: a [`Design`] of columns and a target, [`fit()`], the variables that were chosen. (From a file:
//! `examples/fit_table.rs`.)
//!
//! ```
//! use gibbs::garrote::{Design, FitOptions, fit};
//!
//! # fn main() -> Result<(), gibbs::garrote::FitError> {
//! let rows = 40;
//! let column = |period: usize| (0..rows).map(move |row| (row % period) as f64);
//! let x: Vec<f64> = column(5).chain(column(7)).chain(column(9)).collect(); // column by column
//! let y = (0..rows).map(|row| 3.0 * x[row] - x[2 * rows + row] + 0.1 * (row % 4) as f64).collect();
//! let design = Design::new(["a", "b", "c"].map(String::from).to_vec(), "y", x, y)?;
//! let fitted = fit(&design, &FitOptions::default())?; // the rule is EBIC
//! assert_eq!(fitted.support(), [0, 2]);
//! # Ok(())
//! # }
//! ```
//!
//! Symbols and conventions are those of [`gibbs_core::garrote`].

pub mod bootstrap;
pub mod columns;
pub mod design;
pub mod export;
pub mod figures;
pub mod fit;
pub mod gradient;
pub mod held_out;
pub mod least_squares;
pub mod metrics;
pub mod model;
pub mod nnls;
pub mod noise;
pub mod rule;
pub mod search;
pub mod student;
pub mod summary;
pub mod synth;
#[cfg(test)]
pub(crate) mod testing;
pub mod trail;
pub mod transition;

pub use design::{Design, FitError};
pub use fit::{Fit, FitOptions, Rule, fit};
pub use model::Model;
