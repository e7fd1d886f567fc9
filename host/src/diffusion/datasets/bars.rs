//! A soft disc and one or two soft bars: the more complex set.
//!
//! The disc is that of [`super::Discs`]. With probability 1/2 there is one bar, otherwise two. A bar has its centre uniform
//! on [4, 12)², its direction on [0, pi), half its length on [3, 6), half its width on [0.6, 1.2), its brightness on
//! [0.4, 1.6); lengths in sixteenths of the side. With u along and v across the bar its height is
//! b sigmoid(2 (length - |u|)) sigmoid(2 (width - |v|)). Where shapes overlap the highest is seen: the value is
//! -1 + the largest height. (This law is ours.)

use super::discs::Disc;
use super::{Dataset, DatasetError, between, check_length, check_side, paint};
use gibbs_core::math::{Real, larger, sigmoid};
use gibbs_core::random::{bernoulli, stream};
use rand_core::Rng;
use std::f64::consts::PI;

/// The factors of a bar; lengths in sixteenths of the side.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bar {
    /// Centre, from the left edge.
    pub x: f64,
    /// Centre, from the upper edge.
    pub y: f64,
    /// Angle of its length from the horizontal, radians, clockwise as seen (y points down).
    pub angle: f64,
    /// Half the length of the bar.
    pub length: f64,
    /// Half the width of the bar.
    pub width: f64,
    /// Height above the ground well inside.
    pub brightness: f64,
}

impl Bar {
    fn draw(rng: &mut impl Rng) -> Self {
        Self {
            x: between(rng, 4.0, 12.0),
            y: between(rng, 4.0, 12.0),
            angle: between(rng, 0.0, PI),
            length: between(rng, 3.0, 6.0),
            width: between(rng, 0.6, 1.2),
            brightness: between(rng, 0.4, 1.6),
        }
    }

    fn height(&self, x: f64, y: f64) -> f64 {
        let (sine, cosine) = (Real::sin(self.angle), Real::cos(self.angle));
        let (dx, dy) = (x - self.x, y - self.y);
        let along = Real::abs(cosine * dx + sine * dy);
        let across = Real::abs(cosine * dy - sine * dx);
        self.brightness * sigmoid(2.0 * (self.length - along)) * sigmoid(2.0 * (self.width - across))
    }
}

/// What an image of the set shows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scene {
    /// The disc of the image.
    pub disc: Disc,
    /// The bar that is always there.
    pub bar: Bar,
    /// The second bar, if there is one.
    pub second: Option<Bar>,
}

impl Scene {
    /// Paints the scene on an image of `side` x `side` pixels.
    ///
    /// # Errors
    /// `Side`, `Length`.
    pub fn render(&self, side: usize, pixels: &mut [f32]) -> Result<(), DatasetError> {
        check_side(side)?;
        check_length(pixels, [1, side, side])?;
        paint(side, pixels, |x, y| {
            let first = larger(self.disc.height(x, y), self.bar.height(x, y));
            let second = self.second.map_or(0.0, |bar| bar.height(x, y));
            larger(first, second) - 1.0
        });
        Ok(())
    }
}

/// The set of discs and bars.
#[derive(Clone, Copy, Debug)]
pub struct DiscsAndBars {
    side: usize,
    seed: u64,
}

impl DiscsAndBars {
    /// Images of `side` x `side` pixels, 16 in the reference.
    ///
    /// # Errors
    /// `Side` outside 4 to 4096.
    pub fn new(side: usize, seed: u64) -> Result<Self, DatasetError> {
        check_side(side)?;
        Ok(Self { side, seed })
    }

    /// What sample `index` shows.
    pub fn scene(&self, index: u64) -> Scene {
        let mut rng = stream(self.seed, self.name(), index);
        let (disc, bar) = (Disc::draw(&mut rng), Bar::draw(&mut rng));
        let second = bernoulli(&mut rng, 0.5).then(|| Bar::draw(&mut rng));
        Scene { disc, bar, second }
    }
}

impl Dataset for DiscsAndBars {
    fn name(&self) -> &'static str {
        "discs-and-bars"
    }

    fn count(&self) -> Option<u64> {
        None
    }

    fn shape(&self) -> [usize; 3] {
        [1, self.side, self.side]
    }

    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError> {
        self.scene(index).render(self.side, pixels)
    }
}
