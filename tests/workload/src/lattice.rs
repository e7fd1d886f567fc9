//! The device example of the Ising lattice: 64 x 64 sites in 512 bytes at the critical temperature, in integers
//! alone.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::ising::lattice::{Lattice, Lazy, Metropolis, Probability, Uniform};
use gibbs_core::ising::model::Wrap;
use gibbs_core::random::{Xoshiro256PlusPlus, stream};

/// Columns and rows.
pub const SIDE: usize = 64;
/// Sweeps of one call of [`Critical::sweeps`].
pub const SWEEPS: u64 = 50;
/// The number of blocks of sweeps.
pub const BLOCKS: u32 = 8;
/// Seed of the stream "ising-scalar".
pub const SEED: u64 = 2;
/// Bits of the acceptance.
pub const BITS: u32 = 32;
/// The acceptance at T_c = 2 / ln(1 + √2), less 1: e^(-4 / T_c) = 3 - 2 √2 is 736,899,888 / 2^32 to nearest. The
/// sampler is exact at a temperature that is higher by 1.7e-10 parts or less.
pub const THRESHOLD: u64 = 736_899_887;

/// The lattice, nothing but its bits: 512 bytes. New, it is all zeros: a static costs no flash.
#[derive(Debug)]
pub struct Critical(Lattice<u32, 1, SIDE>);

/// What a lattice looks like.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// The energy in units of J.
    pub energy: i64,
    /// Sum of the spins.
    pub magnetization: i64,
}

impl Default for Critical {
    fn default() -> Self {
        Self::new()
    }
}

impl Critical {
    /// All spins -1.
    #[must_use]
    pub const fn new() -> Self {
        Self(Lattice::new())
    }

    /// The stream that moves it.
    #[must_use]
    pub fn stream() -> Xoshiro256PlusPlus {
        stream(black_box(SEED), "ising-scalar", 0)
    }

    /// [`SWEEPS`] checkerboard sweeps.
    ///
    /// # Errors
    /// None: the lattice and the threshold are sound.
    #[inline(never)]
    pub fn sweeps(&mut self, rng: &mut Xoshiro256PlusPlus) -> Result<(), Error> {
        let update = Metropolis(Lazy::new(Probability::new(black_box(THRESHOLD), BITS)?));
        let mut planes = self.0.view(SIDE, Wrap::Simple)?;
        for _ in 0..SWEEPS {
            planes.sweep(&update, &Uniform::Ferromagnet, rng)?;
        }
        Ok(())
    }

    /// Energy and magnetisation; folds them and every word into the hash of the trajectory.
    ///
    /// # Errors
    /// As [`Self::sweeps`].
    #[inline(never)]
    pub fn see(&mut self, hash: &mut Hash) -> Result<Seen, Error> {
        let planes = self.0.view(SIDE, Wrap::Simple)?;
        let [even, odd] = planes.magnetizations();
        let seen = Seen {
            energy: planes.energy(&Uniform::Ferromagnet)?,
            magnetization: even + odd,
        };
        for word in planes.plane(0).iter().chain(planes.plane(1)) {
            hash.word(u64::from(*word));
        }
        hash.word(seen.energy as u64);
        hash.word(seen.magnetization as u64);
        Ok(seen)
    }
}
