//! Images to train small models on: generated ones whose factors are known, Ising configurations, the 8 x 8 digits, and
//! the pictures of a folder.
//!
//! Sample i of a generated set depends on (seed, name of the set, i) alone, through
//! [`gibbs_core::random::stream`]: sets have no end, need no memory, and may be filled in any order from any
//! thread. Images are `[C, H, W]`, W fastest, values near [-1, 1].

mod bars;
mod digits;
mod discs;
mod ising;
mod pictures;
#[cfg(test)]
mod tests;

pub use bars::{Bar, DiscsAndBars, Scene};
pub use digits::Digits;
pub use discs::{Disc, Discs};
pub use ising::Configurations;
pub use pictures::Pictures;

use crate::data::DataError;

/// A set of images of one shape.
pub trait Dataset: Send + Sync {
    /// The name of the set, also that of its random streams.
    fn name(&self) -> &'static str;
    /// Number of samples; `None` for a generated set, which has no end.
    fn count(&self) -> Option<u64>;
    /// The shape of one image: channels, height, width.
    fn shape(&self) -> [usize; 3];
    /// Writes sample `index` into `pixels` (C H W values, W fastest).
    ///
    /// # Errors
    /// `Length`, `Index`.
    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError>;
    /// A hash of the images of a set that is read; a generated one is told by its name and its seed.
    fn hash(&self) -> u64 {
        0
    }
}

/// Why a set cannot be made, or a sample not be had.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DatasetError {
    /// A side of an image that the set does not have.
    #[error("side {side}, expected {expected}")]
    Side {
        /// The side asked for.
        side: usize,
        /// The sides that are possible.
        expected: &'static str,
    },
    /// A temperature that is none, or no temperature at all.
    #[error("temperatures {temperatures:?}, expected one or more numbers above 0")]
    Temperatures {
        /// The temperatures that were asked for.
        temperatures: Vec<f64>,
    },
    /// The buffer is not an image of the set.
    #[error("a buffer of {found} values for an image of {expected}")]
    Length {
        /// Values in the buffer.
        found: usize,
        /// Values in an image.
        expected: usize,
    },
    /// The set has no sample of this number.
    #[error("sample {index} of {count}")]
    Index {
        /// The sample asked for, from 0.
        index: u64,
        /// Number of samples.
        count: u64,
    },
    /// Images and labels that are not those of a set.
    #[error("{path}: {reason}", path = .path.display())]
    Content {
        /// The path of the file that the error is about.
        path: std::path::PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
    /// The sampler refuses.
    #[error("Ising sampler: {0}")]
    Sampler(gibbs_core::Error),
    /// A file that cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
}

/// Refuses a buffer that is not one image.
fn check_length(pixels: &[f32], shape: [usize; 3]) -> Result<(), DatasetError> {
    let (found, expected) = (pixels.len(), shape.iter().product());
    if found == expected {
        Ok(())
    } else {
        Err(DatasetError::Length { found, expected })
    }
}

/// Sides of generated pictures: large enough to show a disc, small enough to be one image.
fn check_side(side: usize) -> Result<(), DatasetError> {
    if (4..=4096).contains(&side) {
        Ok(())
    } else {
        let expected = "4 to 4096";
        Err(DatasetError::Side { side, expected })
    }
}

/// Visits each pixel with the coordinates of its centre in units of 1/16 of the side, row by row.
fn paint(side: usize, pixels: &mut [f32], value: impl Fn(f64, f64) -> f64) {
    let unit = 16.0 / side as f64;
    for (index, pixel) in pixels.iter_mut().enumerate() {
        let (x, y) = (index % side, index / side);
        *pixel = value((x as f64 + 0.5) * unit, (y as f64 + 0.5) * unit) as f32;
    }
}

/// Uniform on [low, high).
fn between(rng: &mut impl rand_core::Rng, low: f64, high: f64) -> f64 {
    low + (high - low) * gibbs_core::random::uniform::<f64>(rng)
}
