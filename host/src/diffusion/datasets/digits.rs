//! The 1797 handwritten digits of 8 x 8 pixels of the UCI repository, or images in the same form.
//!
//! Images: NPY, `[n, 64]`, whole numbers 0 to 16; level v becomes v / 8 - 1. Labels: NPY, `[n]`, whole numbers 0 to 9.

use super::{Dataset, DatasetError, check_length};
use crate::data::npy::{Array, array_from_bytes, read_array};
use std::path::Path;

const SIDE: usize = 8;
const AREA: usize = SIDE * SIDE;
const WHITE: f64 = 16.0;
const IMAGES: &[u8] = include_bytes!(concat!(env!("GIBBS_FIXTURES"), "/digits_images.npy"));
const LABELS: &[u8] = include_bytes!(concat!(env!("GIBBS_FIXTURES"), "/digits_labels.npy"));

/// The set of digits, in memory.
#[derive(Clone, Debug)]
pub struct Digits {
    pixels: Vec<f32>,
    labels: Vec<u8>,
}

impl Digits {
    /// Reads images and labels.
    ///
    /// # Errors
    /// `Data` for a file that is missing or no NPY array; `Content` for another shape or values out of range.
    pub fn read(images: &Path, labels: &Path) -> Result<Self, DatasetError> {
        Self::new((images, &read_array(images)?), (labels, &read_array(labels)?))
    }

    /// The digits of the UCI repository, which are part of the program.
    ///
    /// # Errors
    /// None, unless the program is damaged.
    pub fn included() -> Result<Self, DatasetError> {
        let (images, labels) = (Path::new("digits_images.npy"), Path::new("digits_labels.npy"));
        Self::new(
            (images, &array_from_bytes(images, IMAGES)?),
            (labels, &array_from_bytes(labels, LABELS)?),
        )
    }

    fn new((images, grey): (&Path, &Array), (labels, marks): (&Path, &Array)) -> Result<Self, DatasetError> {
        let content = |path: &Path, reason: String| {
            Err(DatasetError::Content {
                path: path.to_owned(),
                reason,
            })
        };
        let [count, AREA] = grey.shape[..] else {
            return content(images, format!("shape {:?}, expected [n, {AREA}]", grey.shape));
        };
        if marks.shape != [count] {
            return content(labels, format!("shape {:?}, expected [{count}]", marks.shape));
        }
        for (path, array, top) in [(images, grey, WHITE), (labels, marks, 9.0)] {
            if let Some((index, value)) = stray(array, top) {
                let reason = format!("entry {index} is {value}, expected a whole number from 0 to {top}");
                return content(path, reason);
            }
        }
        Ok(Self {
            pixels: grey
                .values
                .iter()
                .map(|v| (2.0 * v / WHITE - 1.0) as f32)
                .collect(),
            labels: marks.values.iter().map(|label| *label as u8).collect(),
        })
    }

    /// The digit that each image shows, 0 to 9.
    pub fn labels(&self) -> &[u8] {
        &self.labels
    }
}

/// The first entry that is no whole number from 0 to `top`.
fn stray(array: &Array, top: f64) -> Option<(usize, f64)> {
    let good = |value: f64| (0.0..=top).contains(&value) && value.fract() == 0.0;
    let mut entries = array.values.iter().copied().enumerate();
    entries.find(|(_, value)| !good(*value))
}

impl Dataset for Digits {
    fn name(&self) -> &'static str {
        "digits"
    }

    fn count(&self) -> Option<u64> {
        Some(self.labels.len() as u64)
    }

    fn shape(&self) -> [usize; 3] {
        [1, SIDE, SIDE]
    }

    fn fill(&self, index: u64, pixels: &mut [f32]) -> Result<(), DatasetError> {
        check_length(pixels, self.shape())?;
        let count = self.labels.len() as u64;
        let mut images = self.pixels.chunks_exact(AREA);
        let image = usize::try_from(index).ok().and_then(|index| images.nth(index));
        pixels.copy_from_slice(image.ok_or(DatasetError::Index { index, count })?);
        Ok(())
    }
}
