//! The lattice: two colour planes of words in lent memory, swept colour by colour.
//!
//! A sweep updates all sites of colour 0, then all of colour 1; under Metropolis one half sweep in 16 leaves a random half
//! of them out ([`rests`] says why). Each half is in detailed balance; the sweep keeps the law stationary. Memory: one bit
//! per site.

use super::bits::{Drawn, Fair, Word};
use super::bonds::Bonds;
use super::geometry::{Geometry, looks_right};
use super::update::{Update, rests, seen};
use crate::error::Error;
use rand_core::Rng;

/// A lattice in lent memory: row-major planes of [`Geometry::plane`] words, lanes beyond the used ones are 0.
#[derive(Debug)]
pub struct Planes<'a, W> {
    geometry: Geometry,
    planes: [&'a mut [W]; 2],
}

/// The neighbours of a word: same place in its row, side, above, below.
#[inline]
fn neighbours<W: Word>(geometry: &Geometry, rows: [&[W]; 3], word: usize, right: bool) -> [W; 4] {
    let [above, row, below] = rows;
    let at = |row: &[W], index: usize| row.get(index).copied().unwrap_or(W::NONE);
    let last = geometry.words() - 1;
    let side = match (right, word) {
        (true, w) if w == last => at(row, 0).rotate_down(geometry.used()),
        (true, w) => at(row, w + 1),
        (false, 0) => at(row, last).rotate_up(geometry.used()),
        (false, w) => at(row, w - 1),
    };
    [at(row, word), side, at(above, word), at(below, word)]
}

/// Row `y` of a plane and the rows around it, sides wrapping: above, itself, below.
fn rows<'p, W>(geometry: &Geometry, plane: &'p [W], y: usize) -> [&'p [W]; 3] {
    let (words, last) = (geometry.words(), geometry.height() - 1);
    let above = if y == 0 { last } else { y - 1 };
    let below = if y == last { 0 } else { y + 1 };
    [above, y, below].map(|y| plane.get(y * words..).and_then(|p| p.get(..words)).unwrap_or(&[]))
}

impl<'a, W: Word> Planes<'a, W> {
    /// Takes planes as they are.
    ///
    /// # Errors
    /// [`Error::Shape`]: a plane of another length than [`Geometry::plane`], or a layout of wider words;
    /// [`Error::Domain`]: a lane that holds no site is 1.
    pub fn new(geometry: Geometry, planes: [&'a mut [W]; 2]) -> Result<Self, Error> {
        if !geometry.fits::<W>() {
            return Err(Error::Shape);
        }
        let unused = !W::mask(geometry.used());
        for plane in &planes {
            if plane.len() != geometry.plane() {
                return Err(Error::Shape);
            }
            if plane.iter().any(|word| *word & unused != W::NONE) {
                return Err(Error::Domain);
            }
        }
        Ok(Self { geometry, planes })
    }

    /// Where the sites lie in words.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// The words of one colour (0 or 1), row by row.
    pub fn plane(&self, colour: usize) -> &[W] {
        self.planes.get(colour).map_or(&[], |plane| &**plane)
    }

    /// Spin at (x, y): ±1; sides wrap.
    pub fn spin(&self, x: usize, y: usize) -> i8 {
        let (colour, index, lane) = self.geometry.locate(x, y);
        let word = self.plane(colour).get(index).copied().unwrap_or(W::NONE);
        if word & W::lane(lane) == W::NONE { -1 } else { 1 }
    }

    /// Sets the spin at (x, y): -1 for a negative value, else +1 (sign(0) = +1); sides wrap.
    pub fn set(&mut self, x: usize, y: usize, spin: i8) {
        let (colour, index, lane) = self.geometry.locate(x, y);
        if let Some(word) = self.planes.get_mut(colour).and_then(|plane| plane.get_mut(index)) {
            *word &= !W::lane(lane);
            if spin >= 0 {
                *word |= W::lane(lane);
            }
        }
    }

    /// All spins +1 (`up`) or -1.
    pub fn fill(&mut self, up: bool) {
        let word = if up {
            W::mask(self.geometry.used())
        } else {
            W::NONE
        };
        for plane in &mut self.planes {
            plane.fill(word);
        }
    }

    /// Every spin up or down with equal probability: one random word per word, colour 0 first.
    pub fn randomise(&mut self, rng: &mut impl Rng) {
        let mask = W::mask(self.geometry.used());
        for word in self.planes.iter_mut().flat_map(|plane| plane.iter_mut()) {
            *word = W::random(rng) & mask;
        }
    }

    /// Updates the sites of one colour (`colour` mod 2), row by row, word by word: all of them or, in a half sweep that
    /// [`rests`], a random half. With [`GAPS`](Update::GAPS) one word is drawn for that, and where it rests one before each
    /// word of sites.
    ///
    /// # Errors
    /// [`Error::Shape`]: bonds of another lattice.
    #[inline(never)]
    pub fn half_sweep<U: Update>(
        &mut self,
        colour: usize,
        update: &U,
        bonds: &impl Bonds<W>,
        rng: &mut impl Rng,
    ) -> Result<(), Error> {
        if !bonds.fits(&self.geometry) {
            return Err(Error::Shape);
        }
        let geometry = self.geometry;
        let mask = W::mask(geometry.used());
        let [even, odd] = &mut self.planes;
        let (own, other) = if colour & 1 == 0 { (even, odd) } else { (odd, even) };
        let rests = rests::<U>(|| rng.next_u32());
        let mut random = Drawn(rng);
        for (y, row) in own.chunks_exact_mut(geometry.words().max(1)).enumerate() {
            let around = rows(&geometry, other, y);
            let right = looks_right(colour, y);
            for (w, word) in row.iter_mut().enumerate() {
                let signs = bonds.signs(colour & 1, y * geometry.words() + w);
                let moved = if rests { mask & random.word() } else { mask };
                let seen = seen(neighbours(&geometry, around, w, right), signs, moved);
                *word = (update.update(*word, seen, &mut random) & moved) | (*word & !moved);
            }
        }
        Ok(())
    }

    /// One sweep: colour 0, then colour 1.
    ///
    /// # Errors
    /// [`Error::Shape`]: bonds of another lattice.
    pub fn sweep(
        &mut self,
        update: &impl Update,
        bonds: &impl Bonds<W>,
        rng: &mut impl Rng,
    ) -> Result<(), Error> {
        self.half_sweep(0, update, bonds, rng)?;
        self.half_sweep(1, update, bonds, rng)
    }

    /// Number of unsatisfied bonds, of 2 N: every bond has one end of colour 0.
    ///
    /// # Errors
    /// [`Error::Shape`]: bonds of another lattice.
    pub fn unsatisfied(&self, bonds: &impl Bonds<W>) -> Result<u64, Error> {
        if !bonds.fits(&self.geometry) {
            return Err(Error::Shape);
        }
        let geometry = &self.geometry;
        let mask = W::mask(geometry.used());
        let words = geometry.words().max(1);
        let mut count = 0;
        for (y, row) in self.plane(0).chunks_exact(words).enumerate() {
            let around = rows(geometry, self.plane(1), y);
            for (w, word) in row.iter().enumerate() {
                let seen = neighbours(geometry, around, w, looks_right(0, y));
                for (n, sign) in seen.into_iter().zip(bonds.signs(0, y * words + w)) {
                    count += u64::from(((n ^ sign ^ *word) & mask).count());
                }
            }
        }
        Ok(count)
    }

    /// Energy in units of |J|: -2 N + 2 x the unsatisfied bonds.
    ///
    /// # Errors
    /// [`Error::Shape`]: bonds of another lattice.
    pub fn energy(&self, bonds: &impl Bonds<W>) -> Result<i64, Error> {
        let sites = self.geometry.sites() as i64;
        Ok(2 * (self.unsatisfied(bonds)? as i64 - sites))
    }

    /// Sums of the spins of colour 0 and of colour 1: their sum is the magnetisation, their difference the
    /// staggered one.
    pub fn magnetizations(&self) -> [i64; 2] {
        let half = (self.geometry.sites() / 2) as i64;
        [0, 1].map(|colour| {
            let up: u64 = self
                .plane(colour)
                .iter()
                .map(|word| u64::from(word.count()))
                .sum();
            2 * up as i64 - half
        })
    }
}
