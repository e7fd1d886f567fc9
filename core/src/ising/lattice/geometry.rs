//! Where the sites of a square lattice lie in words.
//!
//! Site (x, y) has colour (x + y) mod 2. Of colour k, row y holds half its columns: x = 2j + ((y + k) mod 2) is
//! column j. They are packed in stride: bit b of word w holds column b W + w, W words per row. The neighbours
//! of a word are then whole words of the other colour: in the rows above, below and in its own the word at
//! the same place, and in its own row the next word (y + k odd) or the one before (even); at the ends of the row
//! that is the word at the other end, rotated by one lane.

use super::super::model::{Wrap, check_sides};
use super::bits::Word;
use crate::error::Error;

/// The layout of a lattice of `width` x `height` sites, periodic both ways.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geometry {
    width: usize,
    height: usize,
    words: usize,
    used: u32,
}

impl Geometry {
    /// The geometry of a lattice in words of type `W`. Half of `width` must fit in one word or be a whole number of
    /// words.
    ///
    /// # Errors
    /// [`Error::Shape`] for a side of 0 or too many sites, [`Error::OddLattice`],
    /// [`Error::UnsupportedSide`].
    pub fn new<W: Word>(width: usize, height: usize, wrap: Wrap) -> Result<Self, Error> {
        check_sides(width, height, wrap)?;
        if width % 2 == 1 || height % 2 == 1 {
            return Err(Error::OddLattice);
        }
        width.checked_mul(height).ok_or(Error::Shape)?;
        let half = width / 2;
        let lanes = W::BITS as usize;
        if half <= lanes {
            let used = half as u32;
            return Ok(Self {
                width,
                height,
                words: 1,
                used,
            });
        }
        match (half.checked_rem(lanes), half.checked_div(lanes)) {
            (Some(0), Some(words)) => Ok(Self {
                width,
                height,
                words,
                used: W::BITS,
            }),
            _ => Err(Error::UnsupportedSide { side: width }),
        }
    }

    /// The number of sites in a row.
    pub const fn width(&self) -> usize {
        self.width
    }

    /// The number of rows.
    pub const fn height(&self) -> usize {
        self.height
    }

    /// Words of a row of one colour.
    pub const fn words(&self) -> usize {
        self.words
    }

    /// Lanes of a word that hold sites.
    pub const fn used(&self) -> u32 {
        self.used
    }

    /// Whether words of type `W` have the lanes of this layout.
    pub const fn fits<W: Word>(&self) -> bool {
        self.used <= W::BITS
    }

    /// The number of sites of the lattice.
    pub const fn sites(&self) -> usize {
        self.width * self.height
    }

    /// The number of words that hold one colour.
    pub const fn plane(&self) -> usize {
        self.words * self.height
    }

    /// Colour, index of the word in its plane, and lane of site (x, y); sides wrap.
    pub fn locate(&self, x: usize, y: usize) -> (usize, usize, u32) {
        let x = x.checked_rem(self.width).unwrap_or(0);
        let y = y.checked_rem(self.height).unwrap_or(0);
        let column = x / 2;
        let word = column.checked_rem(self.words).unwrap_or(0);
        let lane = column.checked_div(self.words).unwrap_or(0);
        ((x + y) & 1, y * self.words + word, lane as u32)
    }
}

/// Whether the second neighbour within row `y` of colour `colour` is the next column rather than the one before.
#[inline]
pub const fn looks_right(colour: usize, y: usize) -> bool {
    (colour ^ y) & 1 == 1
}
