//! A lattice that owns its words: nothing but bits, 512 bytes for 64 x 64 sites.

use super::super::model::Wrap;
use super::bits::Word;
use super::geometry::Geometry;
use super::planes::Planes;
use crate::error::Error;

/// `ROWS` rows of `WORDS` words of type `W` in each of the two colours.
///
/// 64 x 64 sites are `Lattice<u32, 1, 64>`: one word of 32 columns per row and colour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lattice<W, const WORDS: usize, const ROWS: usize> {
    planes: [[[W; WORDS]; ROWS]; 2],
}

impl<W: Word, const WORDS: usize, const ROWS: usize> Default for Lattice<W, WORDS, ROWS> {
    fn default() -> Self {
        Self::new()
    }
}

impl<W: Word, const WORDS: usize, const ROWS: usize> Lattice<W, WORDS, ROWS> {
    /// A lattice with all spins -1.
    pub const fn new() -> Self {
        Self {
            planes: [[[W::NONE; WORDS]; ROWS]; 2],
        }
    }

    /// The lattice of `width` columns in this memory; everything is done on it.
    ///
    /// # Errors
    /// As [`Geometry::new`], and [`Error::Shape`] when half of `width` needs another number of words.
    pub fn view(&mut self, width: usize, wrap: Wrap) -> Result<Planes<'_, W>, Error> {
        let geometry = Geometry::new::<W>(width, ROWS, wrap)?;
        let [even, odd] = &mut self.planes;
        Planes::new(geometry, [even.as_flattened_mut(), odd.as_flattened_mut()])
    }
}
