//! What is known exactly of Ising models: no Monte Carlo here. Every sampler is held to these numbers.
//!
//! All f64, elementary functions by `gibbs_core::math` alone: the same bits on every machine. beta in units of
//! 1/energy; on lattices the coupling is J = 1 and the field 0, so that beta is Kaufman's K.

use gibbs_core::math::Real;

pub mod chain;
pub mod curie_weiss;
pub mod kaufman;
pub mod magnetisation;
pub mod nishimori;
pub mod onsager;
pub(crate) mod tables;

/// ln Z and its first two derivatives, of a whole system.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thermodynamics {
    /// The number of spins N.
    pub spins: usize,
    /// The logarithm of the partition function, ln Z.
    pub log_z: f64,
    /// Mean energy, -d ln Z / d beta.
    pub energy: f64,
    /// Heat capacity beta² Var(E) = beta² d² ln Z / d beta².
    pub heat_capacity: f64,
}

impl Thermodynamics {
    /// Mean energy of one spin.
    pub fn energy_per_spin(&self) -> f64 {
        self.energy / self.spins as f64
    }

    /// Heat capacity of one spin.
    pub fn specific_heat(&self) -> f64 {
        self.heat_capacity / self.spins as f64
    }
}

/// tanh x = ± (1 - e^-2|x|) / (1 + e^-2|x|).
fn tanh(x: f64) -> f64 {
    let q = Real::exp(-2.0 * x.abs());
    ((1.0 - q) / (1.0 + q)).copysign(x)
}

#[cfg(test)]
mod testing;
