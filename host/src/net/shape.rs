//! Shapes of one sample: up to three lengths, the channels last.

use std::fmt;

/// The lengths of one sample of a value, channels last: `[C]`, `[rows, C]` (tokens, nodes of a graph) or
/// [height, width, C] (images). The batch is not part of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Shape {
    lengths: [usize; 3],
    rank: usize,
}

impl Shape {
    /// The shape of a vector.
    pub const fn vector(channels: usize) -> Self {
        Self {
            lengths: [channels, 1, 1],
            rank: 1,
        }
    }

    /// The shape of rows of channels.
    pub const fn rows(rows: usize, channels: usize) -> Self {
        Self {
            lengths: [rows, channels, 1],
            rank: 2,
        }
    }

    /// The shape of an image, channels last.
    pub const fn image(height: usize, width: usize, channels: usize) -> Self {
        Self {
            lengths: [height, width, channels],
            rank: 3,
        }
    }

    /// The lengths, channels last.
    pub fn lengths(&self) -> &[usize] {
        &self.lengths[..self.rank]
    }

    /// The number of channels, the last length.
    pub fn channels(&self) -> usize {
        self.lengths[self.rank - 1]
    }

    /// The product of all lengths but the last.
    pub fn row_count(&self) -> usize {
        self.lengths[..self.rank - 1].iter().product()
    }

    /// The product of all lengths.
    pub fn elements(&self) -> usize {
        self.lengths().iter().product()
    }

    /// The shape with the same rows of another number of channels.
    #[must_use]
    pub fn with_channels(mut self, channels: usize) -> Self {
        self.lengths[self.rank - 1] = channels;
        self
    }

    /// Height, width and channels of an image.
    pub fn as_image(&self) -> Option<[usize; 3]> {
        (self.rank == 3).then_some(self.lengths)
    }
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.lengths())
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
