//! Words of parallel bits: what the update of 16, 32, 64 or, on a host, 512 sites at once is written in.

use core::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, BitXor, Not};
use rand_core::Rng;

/// Boolean algebra on lanes of one bit: a machine word, or a host's vector of words.
pub trait Bits:
    Copy
    + BitAnd<Output = Self>
    + BitAndAssign
    + BitOr<Output = Self>
    + BitOrAssign
    + BitXor<Output = Self>
    + Not<Output = Self>
{
    /// Whether all lanes are 0.
    fn is_none(self) -> bool;

    /// A word of as many lanes, all 0. (Not a constant: a vector is made by the machine that has it.)
    #[inline(always)]
    #[must_use]
    #[allow(clippy::eq_op)] // how a register is cleared
    fn none(self) -> Self {
        self ^ self
    }

    /// A word of as many lanes, all 1.
    #[inline(always)]
    #[must_use]
    fn all(self) -> Self {
        !self.none()
    }
}

/// Where words of independent fair bits come from. (A trait, not a closure: closures are not inlined into
/// functions compiled for wider instruction sets.)
pub trait Fair<B: Bits> {
    /// The next word of fair random bits.
    fn word(&mut self) -> B;
}

/// Fair words of a generator.
#[derive(Debug)]
pub struct Drawn<'a, R>(pub &'a mut R);

impl<W: Word, R: Rng> Fair<W> for Drawn<'_, R> {
    #[inline(always)]
    fn word(&mut self) -> W {
        W::random(self.0)
    }
}

/// A word that a lattice is stored in: u16, u32 or u64. A lattice of sites packs `width / 2` columns of one
/// colour into words; see [`super::Geometry`].
pub trait Word: Bits + core::fmt::Debug + Default + PartialEq + Send + Sync + 'static {
    /// All lanes 0.
    const NONE: Self;
    /// All lanes 1.
    const ALL: Self;
    /// Lanes of a word.
    const BITS: u32;
    /// The word whose `used` lowest lanes are 1.
    #[must_use]
    fn mask(used: u32) -> Self;
    /// Rotates the `used` lowest lanes by one: lane b takes lane b - 1. The other lanes must be 0.
    #[must_use]
    fn rotate_up(self, used: u32) -> Self;
    /// Rotates the `used` lowest lanes by one: lane b takes lane b + 1. The other lanes must be 0.
    #[must_use]
    fn rotate_down(self, used: u32) -> Self;
    /// The word with lane `lane` alone; 0 when there is no such lane.
    #[must_use]
    fn lane(lane: u32) -> Self;
    /// Number of lanes that are 1.
    fn count(self) -> u32;
    /// A word of independent fair bits: the high bits of one draw.
    fn random(rng: &mut impl Rng) -> Self;
    /// Widened with zeros (for hashes and files).
    fn wide(self) -> u64;
    /// The low lanes of a wide word.
    fn narrow(wide: u64) -> Self;
}

macro_rules! word {
    ($t:ty, $random:expr) => {
        impl Bits for $t {
            #[inline(always)]
            fn is_none(self) -> bool {
                self == 0
            }
        }
        impl Word for $t {
            const NONE: Self = 0;
            const ALL: Self = <$t>::MAX;
            const BITS: u32 = <$t>::BITS;
            #[inline]
            fn mask(used: u32) -> Self {
                <$t>::MAX
                    .checked_shr(Self::BITS.saturating_sub(used))
                    .unwrap_or(0)
            }
            #[inline]
            fn rotate_up(self, used: u32) -> Self {
                let carried = self.checked_shr(used.saturating_sub(1)).unwrap_or(0);
                ((self << 1) | carried) & Self::mask(used)
            }
            #[inline]
            fn rotate_down(self, used: u32) -> Self {
                let carried = (self & 1).checked_shl(used.saturating_sub(1)).unwrap_or(0);
                (self >> 1) | carried
            }
            #[inline]
            fn lane(lane: u32) -> Self {
                let one: Self = 1;
                one.checked_shl(lane).unwrap_or(0)
            }
            #[inline]
            fn count(self) -> u32 {
                self.count_ones()
            }
            #[inline]
            fn random(rng: &mut impl Rng) -> Self {
                $random(rng)
            }
            #[inline]
            fn wide(self) -> u64 {
                u64::from(self)
            }
            #[inline]
            fn narrow(wide: u64) -> Self {
                wide as $t
            }
        }
    };
}

word!(u16, |rng: &mut _| (Rng::next_u32(rng) >> 16) as u16);
word!(u32, Rng::next_u32);
word!(u64, Rng::next_u64);
