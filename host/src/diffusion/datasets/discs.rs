//! One soft disc on a dark ground: four known factors.
//!
//! Lengths are in sixteenths of the side, so that a larger image shows the same picture in finer pixels; pixel (i, j) of a
//! side of 16 is the point (i + 1/2, j + 1/2). Centre uniform on [4, 12)², radius on [2, 4.5), brightness b on
//! [0.4, 1.6); at distance d from the centre the value is -1 + b sigmoid(2 (r - d)).

use super::{Dataset, DatasetError, between, check_length, check_side, paint};
use gibbs_core::math::sigmoid;
use gibbs_core::random::stream;
use rand_core::Rng;

/// The factors of a disc; lengths in sixteenths of the side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Disc {
    /// Centre, from the left edge.
    pub x: f64,
    /// Centre, from the upper edge.
    pub y: f64,
    /// Radius, where the value is half way up.
    pub radius: f64,
    /// Height above the ground far inside.
    pub brightness: f64,
}

impl Disc {
    /// A disc of the set: four words.
    pub(super) fn draw(rng: &mut impl Rng) -> Self {
        Self {
            x: between(rng, 4.0, 12.0),
            y: between(rng, 4.0, 12.0),
            radius: between(rng, 2.0, 4.5),
            brightness: between(rng, 0.4, 1.6),
        }
    }

    /// Height above the ground at a point, without the ground.
    pub(super) fn height(&self, x: f64, y: f64) -> f64 {
        let distance = ((x - self.x) * (x - self.x) + (y - self.y) * (y - self.y)).sqrt();
        self.brightness * sigmoid(2.0 * (self.radius - distance))
    }

    /// Paints the disc, whatever its factors, on an image of `side` x `side` pixels: for following a factor.
    ///
    /// # Errors
    /// `Side`, `Length`.
    pub fn render(&self, side: usize, pixels: &mut [f32]) -> Result<(), DatasetError> {
        check_side(side)?;
        check_length(pixels, [1, side, side])?;
        paint(side, pixels, |x, y| self.height(x, y) - 1.0);
        Ok(())
    }
}

/// The set of soft discs.
#[derive(Clone, Copy, Debug)]
pub struct Discs {
    side: usize,
    seed: u64,
}

impl Discs {
    /// Images of `side` x `side` pixels, 16 in the reference.
    ///
    /// # Errors
    /// `Side` outside 4 to 4096.
    pub fn new(side: usize, seed: u64) -> Result<Self, DatasetError> {
        check_side(side)?;
        Ok(Self { side, seed })
    }

    /// The factors of sample `index`.
    pub fn disc(&self, index: u64) -> Disc {
        Disc::draw(&mut stream(self.seed, self.name(), index))
    }
}

impl Dataset for Discs {
    fn name(&self) -> &'static str {
        "discs"
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn shape(&self) -> [usize; 3] {
        [1, self.side, self.side]
    }

    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError> {
        self.disc(index).render(self.side, pixels)
    }
}
