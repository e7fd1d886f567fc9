//! Which bonds the cluster methods activate.
//!
//! A bond is satisfied when beta J_ij s_i s_j > 0; a satisfied one is activated with probability
//! 1 - e^(-2 |beta J_ij|) (Fortuin and Kasteleyn 1972, any sign of J). The exponential is kept as the integer
//! threshold below which one 64-bit word leaves the bond out (error at most 2^-64), and computed anew only
//! when |J| differs from that of the bond before.

use super::model::Weight;
use crate::error::Error;
use crate::math::Real;
use rand_core::Rng;

/// 2^64.
const WORDS: f64 = 18_446_744_073_709_551_616.0;

#[derive(Clone, Copy, Debug)]
pub(super) struct Bonds<W> {
    pub(super) beta: f64,
    /// Sign of beta; 0 at beta = 0, where no bond is satisfied.
    direction: i8,
    /// |J| that `spared` belongs to.
    magnitude: W,
    /// round(2^64 e^(-2 |beta J|)).
    spared: u64,
}

impl<W: Weight> Bonds<W> {
    /// # Errors
    /// [`Error::NonFinite`].
    pub(super) fn new(beta: f64) -> Result<Self, Error> {
        if !Real::is_finite(beta) {
            return Err(Error::NonFinite);
        }
        Ok(Self {
            beta,
            direction: i8::from(beta > 0.0) - i8::from(beta < 0.0),
            magnitude: W::ZERO,
            spared: u64::MAX,
        })
    }

    /// The product s_i s_j that satisfies the bond; 0 where none does.
    #[inline]
    pub(super) fn satisfying(&self, coupling: W) -> i8 {
        if coupling > W::ZERO {
            self.direction
        } else if coupling < W::ZERO {
            -self.direction
        } else {
            0
        }
    }

    /// Whether a satisfied bond is activated: one word.
    #[inline]
    pub(super) fn activates(&mut self, coupling: W, rng: &mut impl Rng) -> bool {
        let magnitude = if coupling < W::ZERO { -coupling } else { coupling };
        if magnitude != self.magnitude {
            self.magnitude = magnitude;
            let cost = 2.0 * Real::abs(self.beta * magnitude.wide());
            self.spared = (Real::exp(-cost) * WORDS + 0.5) as u64; // saturates
        }
        rng.next_u64() >= self.spared
    }
}
