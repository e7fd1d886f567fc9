//! Images: PNG from and to `[C, H, W]` f32 in [-1, 1].
//!
//! Read: grey and colour of 8 or 16 bits; palettes and grey of 1, 2 or 4 bits are expanded to 8. Level v of m = 255 or
//! 65535 becomes 2 v / m - 1; gamma and colour profiles are left as they are. An alpha channel is dropped when every
//! pixel is opaque and refused otherwise: what lies behind is not ours to choose. Animations are refused.
//!
//! Written: value x becomes the level nearest to m (x + 1) / 2, values outside [-1, 1] the nearest end. An image of 16 bits
//! that is read and written comes back as it was.

use super::source::read_bytes;
use super::{DataError, write_atomic};
use png::{BitDepth, ColorType, Decoder, Encoder, Transformations};
use std::io::Cursor;
use std::path::Path;

/// Samples in the largest image that is read, 8192 x 8192 grey: a small file may announce a huge one.
const LARGEST: usize = 1 << 26;

/// An image, or what a net takes for one.
#[derive(Clone, Debug, PartialEq)]
pub struct Image {
    /// The shape of the image: channels, height, width.
    pub shape: [usize; 3],
    /// C H W values, W fastest.
    pub values: Vec<f32>,
}

/// Bits of a sample in a PNG file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Depth {
    /// Eight bits a channel, 256 levels.
    #[default]
    Eight,
    /// Sixteen bits a channel, 65536 levels.
    Sixteen,
}

/// Reads a PNG file.
///
/// # Errors
/// The file missing or unreadable; `Image`: no PNG, truncated, animated, not opaque, too large.
pub fn read_png(path: &Path) -> Result<Image, DataError> {
    read(path, None)
}

/// As [`read_png`], for a net that takes this shape (C, H, W). Another shape is refused before the picture is decoded.
///
/// # Errors
/// As [`read_png`]; `Image` with both shapes when they differ.
pub fn read_png_of(path: &Path, shape: [usize; 3]) -> Result<Image, DataError> {
    read(path, Some(shape))
}

fn read(path: &Path, shape: Option<[usize; 3]>) -> Result<Image, DataError> {
    let bytes = read_bytes(path)?;
    decode(&bytes, shape).map_err(|reason| DataError::Image {
        path: path.to_owned(),
        reason,
    })
}

/// Writes a PNG file, grey for one channel, colour for three, whole or not at all.
///
/// # Errors
/// `Image` for another number of channels, values that do not fit the shape or are NaN; `Write`.
pub fn write_png(path: &Path, image: &Image, depth: Depth) -> Result<(), DataError> {
    let bytes = encode(image, depth).map_err(|reason| DataError::Image {
        path: path.to_owned(),
        reason,
    })?;
    write_atomic(path, &bytes)
}

/// Images of one shape side by side, row by row, `columns` in a row, with `margin` pixels of `paper` between them and
/// around them all. Places in the last row that no image takes are paper.
///
/// # Errors
/// [`GridError`]: no image, no column, images of different shapes.
pub fn grid(images: &[Image], columns: usize, margin: usize, paper: f32) -> Result<Image, GridError> {
    let shape = images
        .first()
        .map_or(Err(GridError::Empty), |image| Ok(image.shape))?;
    if columns == 0 {
        return Err(GridError::Empty);
    }
    if let Some(index) = images.iter().position(|image| image.shape != shape) {
        return Err(GridError::Shapes {
            index,
            found: images[index].shape,
            expected: shape,
        });
    }
    let [channels, height, width] = shape;
    let columns = columns.min(images.len());
    let rows = images.len().div_ceil(columns);
    let (tall, wide) = (
        rows * (height + margin) + margin,
        columns * (width + margin) + margin,
    );
    let mut values = vec![paper; channels * tall * wide];
    for (index, image) in images.iter().enumerate() {
        let top = margin + index / columns * (height + margin);
        let left = margin + index % columns * (width + margin);
        for (line, pixels) in image.values.chunks_exact(width.max(1)).enumerate() {
            let (channel, y) = (line / height, line % height);
            let start = (channel * tall + top + y) * wide + left;
            values[start..start + width].copy_from_slice(pixels);
        }
    }
    Ok(Image {
        shape: [channels, tall, wide],
        values,
    })
}

/// Why images do not make a grid.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GridError {
    /// Nothing to show, or no column to show it in.
    #[error("a grid needs an image and a column at least")]
    Empty,
    /// An image that is unlike the first.
    #[error("image {index} has shape {found:?}, the first one {expected:?}")]
    Shapes {
        /// Which image, from 0.
        index: usize,
        /// The shape of the image that differs.
        found: [usize; 3],
        /// The shape of the first image.
        expected: [usize; 3],
    },
}

/// A picture of this shape, where one is expected; its header is judged before anything is decoded.
fn decode(bytes: &[u8], expected: Option<[usize; 3]>) -> Result<Image, String> {
    let said = |error: png::DecodingError| error.to_string();
    let mut decoder = Decoder::new(Cursor::new(bytes));
    decoder.set_transformations(Transformations::EXPAND);
    let mut reader = decoder.read_info().map_err(said)?;
    if reader.info().is_animated() {
        return Err("an animation, expected one picture".to_owned());
    }
    let (width, height) = reader.info().size();
    let (width, height) = (width as usize, height as usize);
    let (colour, depth) = reader.output_color_type();
    let (channels, opaque) = match colour {
        ColorType::Grayscale => (1, true),
        ColorType::GrayscaleAlpha => (1, false),
        ColorType::Rgba => (3, false),
        ColorType::Rgb | ColorType::Indexed => (3, true),
    };
    let shape = [channels, height, width];
    if let Some(expected) = expected.filter(|expected| *expected != shape) {
        return Err(format!("{}, expected {}", in_words(shape), in_words(expected)));
    }
    let stored = channels + usize::from(!opaque);
    let size = width
        .checked_mul(height)
        .and_then(|pixels| pixels.checked_mul(stored));
    if size.is_none_or(|size| size > LARGEST) {
        return Err(format!("{width} x {height} pixels are too many"));
    }
    let mut buffer = vec![0; reader.output_buffer_size().ok_or("too large")?];
    let frame = reader.next_frame(&mut buffer).map_err(said)?;
    buffer.truncate(frame.buffer_size());
    reader.finish().map_err(said)?;
    let samples = Samples {
        bytes: &buffer,
        wide: depth == BitDepth::Sixteen,
        stored,
    };
    let clear = |pixel: &usize| samples.level(pixel * stored + channels) != samples.top();
    if !opaque && let Some(pixel) = (0..width * height).find(clear) {
        let (x, y) = (pixel % width, pixel / width);
        return Err(format!(
            "pixel ({x}, {y}) is transparent\nhint: flatten the image onto a background first"
        ));
    }
    let mut values = Vec::with_capacity(channels * width * height);
    for channel in 0..channels {
        values.extend(samples.plane(channel, width * height));
    }
    Ok(Image { shape, values })
}

/// The samples of a decoded picture, pixel by pixel.
struct Samples<'a> {
    bytes: &'a [u8],
    /// Two bytes a sample, the high one first.
    wide: bool,
    /// Samples of a pixel.
    stored: usize,
}

impl Samples<'_> {
    fn top(&self) -> u16 {
        if self.wide { u16::MAX } else { 255 }
    }

    fn level(&self, index: usize) -> u16 {
        if self.wide {
            u16::from_be_bytes([self.bytes[2 * index], self.bytes[2 * index + 1]])
        } else {
            u16::from(self.bytes[index])
        }
    }

    /// The values of a channel, in [-1, 1].
    fn plane(&self, channel: usize, pixels: usize) -> impl Iterator<Item = f32> + '_ {
        let top = f64::from(self.top());
        (0..pixels).map(move |pixel| {
            let level = f64::from(self.level(pixel * self.stored + channel));
            (2.0 * level / top - 1.0) as f32
        })
    }
}

fn in_words([channels, height, width]: [usize; 3]) -> String {
    let colour = match channels {
        1 => "grey".to_owned(),
        3 => "colour".to_owned(),
        other => format!("{other} channels"),
    };
    format!("{width} x {height} pixels, {colour}")
}

pub(crate) fn encode(image: &Image, depth: Depth) -> Result<Vec<u8>, String> {
    let [channels, height, width] = image.shape;
    let colour = match channels {
        1 => ColorType::Grayscale,
        3 => ColorType::Rgb,
        other => return Err(format!("{other} channels, expected 1 (grey) or 3 (colour)")),
    };
    let area = height.checked_mul(width).filter(|area| *area > 0);
    let area = area.ok_or_else(|| format!("{width} x {height} pixels"))?;
    if area.checked_mul(channels) != Some(image.values.len()) {
        return Err(format!(
            "{} values for shape {:?}",
            image.values.len(),
            image.shape
        ));
    }
    if let Some(index) = image.values.iter().position(|value| value.is_nan()) {
        return Err(format!("value {index} is NaN"));
    }
    let (bits, top) = match depth {
        Depth::Eight => (BitDepth::Eight, 255.0),
        Depth::Sixteen => (BitDepth::Sixteen, 65535.0),
    };
    let mut levels = Vec::with_capacity(image.values.len() * 2);
    for pixel in 0..area {
        for value in image.values.iter().skip(pixel).step_by(area) {
            // The cast holds the level between 0 and the largest of its type.
            let level = ((f64::from(*value) + 1.0) * (top / 2.0)).round();
            match depth {
                Depth::Eight => levels.push(level as u8),
                Depth::Sixteen => levels.extend_from_slice(&(level as u16).to_be_bytes()),
            }
        }
    }
    let mut bytes = Vec::new();
    let side = |length: usize| u32::try_from(length).map_err(|_| format!("{width} x {height} pixels"));
    let mut encoder = Encoder::new(&mut bytes, side(width)?, side(height)?);
    encoder.set_color(colour);
    encoder.set_depth(bits);
    let said = |error: png::EncodingError| error.to_string();
    let mut writer = encoder.write_header().map_err(said)?;
    writer.write_image_data(&levels).map_err(said)?;
    writer.finish().map_err(said)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests;
