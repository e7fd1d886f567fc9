//! Folding results into one number: FNV-1a over the little-endian bit patterns, in the order of the calls.

use gibbs_core::Error;
use gibbs_core::math::Real;
use gibbs_core::random::{FNV_OFFSET, fnv1a};

/// A running 64-bit FNV-1a hash.
#[derive(Clone, Copy, Debug)]
pub struct Hash(u64);

impl Default for Hash {
    fn default() -> Self {
        Self(FNV_OFFSET)
    }
}

impl Hash {
    /// Folds an integer in.
    pub fn word(&mut self, word: u64) {
        self.0 = fnv1a(self.0, &word.to_le_bytes());
    }

    /// Folds the exact bits of a scalar in (so +0 and -0 differ).
    pub fn real<T: Real>(&mut self, x: T) {
        self.word(x.bits());
    }

    /// Folds a slice in, entry by entry.
    pub fn reals<T: Real>(&mut self, x: &[T]) {
        for x in x {
            self.real(*x);
        }
    }

    /// Folds in whether a result is there, and gives it.
    pub(crate) fn outcome<X>(&mut self, result: Result<X, Error>) -> Option<X> {
        self.word(u64::from(result.is_ok()));
        result.ok()
    }

    /// The hash of all that came in.
    pub fn value(self) -> u64 {
        self.0
    }
}
