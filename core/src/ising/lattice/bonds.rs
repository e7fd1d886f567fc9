//! Signs of the bonds: the same everywhere, or ±J bond by bond.

use super::bits::Word;
use super::geometry::{Geometry, looks_right};
use crate::error::Error;

/// The signs of the four bonds of each site.
pub trait Bonds<W: Word> {
    /// For the word at `index` of the plane of `colour`: lanes that are 1 have J = -1, in the order of
    /// neighbours: same place in the same row, side, above, below.
    fn signs(&self, colour: usize, index: usize) -> [W; 4];

    /// Whether they belong to this layout.
    fn fits(&self, geometry: &Geometry) -> bool;

    /// The one sign word of all bonds, where they are all the same.
    #[inline(always)]
    fn uniform(&self) -> Option<W> {
        None
    }
}

/// One coupling everywhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Uniform {
    /// Every bond has J = +1.
    Ferromagnet,
    /// Every bond has J = -1.
    Antiferromagnet,
}

impl<W: Word> Bonds<W> for Uniform {
    #[inline(always)]
    fn signs(&self, _: usize, _: usize) -> [W; 4] {
        [match self {
            Self::Ferromagnet => W::NONE,
            Self::Antiferromagnet => W::ALL,
        }; 4]
    }

    fn fits(&self, _: &Geometry) -> bool {
        true
    }

    #[inline(always)]
    fn uniform(&self) -> Option<W> {
        let [sign, ..] = self.signs(0, 0);
        Some(sign)
    }
}

/// J = ±1 bond by bond: four words for each word of sites, so that each bond is stored at both of its ends
/// (4 bits per site). Memory: lent, one slice per colour.
#[derive(Clone, Copy, Debug)]
pub struct PlusMinus<'a, W> {
    geometry: Geometry,
    colours: [&'a [[W; 4]]; 2],
}

impl<'a, W: Word> PlusMinus<'a, W> {
    /// Fills `colours` ([`Geometry::plane`] entries each) from the bonds: `negative(x, y)` says of the bond to the
    /// right of site (x, y), and of the bond below it, whether J = -1. Called row by row, left to right.
    ///
    /// # Errors
    /// [`Error::Shape`]: a slice of another length, or a layout of wider words.
    pub fn new(
        geometry: Geometry,
        colours: [&'a mut [[W; 4]]; 2],
        mut negative: impl FnMut(usize, usize) -> (bool, bool),
    ) -> Result<Self, Error> {
        if !geometry.fits::<W>() || colours.iter().any(|c| c.len() != geometry.plane()) {
            return Err(Error::Shape);
        }
        let [even, odd] = colours;
        for signs in even.iter_mut().chain(odd.iter_mut()) {
            *signs = [W::NONE; 4];
        }
        let (width, height) = (geometry.width(), geometry.height());
        for y in 0..height {
            for x in 0..width {
                let (right, below) = negative(x, y);
                for (is_negative, x2, y2, across) in [(right, x + 1, y, true), (below, x, y + 1, false)] {
                    if !is_negative {
                        continue;
                    }
                    for ((x, y), is_first) in [((x, y), true), ((x2, y2), false)] {
                        let y = y.checked_rem(height).unwrap_or(0);
                        let (colour, index, lane) = geometry.locate(x, y);
                        // The first end sees the bond to its right or below it; the second, left or above.
                        let slot = match (across, is_first) {
                            (true, _) => usize::from(is_first == looks_right(colour, y)),
                            (false, false) => 2,
                            (false, true) => 3,
                        };
                        let plane = if colour == 0 { &mut *even } else { &mut *odd };
                        if let Some(word) = plane.get_mut(index).and_then(|s| s.get_mut(slot)) {
                            *word |= W::lane(lane);
                        }
                    }
                }
            }
        }
        Ok(Self {
            geometry,
            colours: [even, odd],
        })
    }
}

impl<W: Word> Bonds<W> for PlusMinus<'_, W> {
    #[inline(always)]
    fn signs(&self, colour: usize, index: usize) -> [W; 4] {
        let plane = self.colours.get(colour).copied().unwrap_or(&[]);
        plane.get(index).copied().unwrap_or([W::NONE; 4])
    }

    fn fits(&self, geometry: &Geometry) -> bool {
        self.geometry == *geometry
    }
}
