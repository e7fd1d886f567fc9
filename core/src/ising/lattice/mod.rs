//! The periodic square lattice with |J| = 1 and h = 0, one bit per site, many sites at a time.
//!
//! Checkerboard updates on words of sites (multi-spin coding: Creutz, Jacobs, Rebbi 1979; Isakov et al. 2015)
//! that are exact at a reported effective temperature, in integers alone.
//!
//! Map: [`bits`] words of lanes; [`geometry`] which site lies where; [`probability`] the acceptance and the two
//! ways to draw words of it; [`update`] Metropolis and heat bath of a word; [`bonds`] ferromagnet,
//! antiferromagnet or ±J; [`planes`] sweeps and observables in lent memory; [`owned`] the same with its memory.
//!
//! Temperatures are in units of |J| / k_B. At the critical one, T = 2 / ln(1 + √2) = 2.269185314213022, the
//! rounding of the acceptance to 8, 12, 16, 24 or 32 bits shifts T_eff by 2.3e-3, 4.4e-4, -2.3e-5, -8.4e-8 or
//! -1.7e-10.

pub mod bits;
pub mod bonds;
pub mod geometry;
pub mod owned;
pub mod planes;
pub mod probability;
pub mod update;

pub use bits::{Bits, Drawn, Fair, Word};
pub use bonds::{Bonds, PlusMinus, Uniform};
pub use geometry::Geometry;
pub use owned::Lattice;
pub use planes::Planes;
pub use probability::{Draw, Fixed, Lazy, Probability, Proposal};
pub use update::{HeatBath, Metropolis, Update, rests, seen};
