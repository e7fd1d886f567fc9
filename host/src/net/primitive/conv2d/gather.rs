//! Products of image patches with a matrix: what a convolution and its transpose have in common.
//!
//! Destination pixels that see the same taps form a family: pixel start + step i sums over the taps the source pixel
//! multiply i + tap, zero outside the image, times the tap's matrix. A convolution of stride s is one family with
//! multiply = s; its transpose is s² families with step = s, one for each remainder of the coordinates.
//!
//! The patches of a turn of rows are copied side by side, as many taps at a time as a product sums in one go, and
//! multiplied. Turns are the work of threads; the bits do not depend on them.

use crate::net::cpu::matrix::{Into, Matrix, PIECE, multiply};
use crate::net::cpu::threads::{for_parts, rows_of_a_turn};
use crate::net::element::Element;
use crate::simd::{Task, dispatch};

/// Images one after the other, channels last.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub height: usize,
    pub width: usize,
    pub channels: usize,
}

impl Frame {
    pub(super) fn elements(&self) -> usize {
        self.height * self.width * self.channels
    }
}

/// Destination pixels that see the same taps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Family {
    /// Row and column of the source, less multiply x index.
    pub taps: Vec<[isize; 2]>,
    pub multiply: usize,
    /// Row and column of the first destination pixel.
    pub start: [usize; 2],
    pub step: usize,
}

impl Family {
    /// Number of indices along a destination side.
    fn count(&self, side: usize, axis: usize) -> usize {
        side.saturating_sub(self.start[axis]).div_ceil(self.step)
    }

    /// Taps that are multiplied at once: as many as fit in one piece of the inner dimension, evenly.
    fn taps_at_once(&self, channels: usize) -> usize {
        let pieces = (self.taps.len() * channels).div_ceil(PIECE).max(1);
        self.taps.len().div_ceil(pieces).max(1)
    }
}

/// A row of indices of a family: its sample, its index along the rows.
#[derive(Clone, Copy)]
struct Row {
    sample: usize,
    index: usize,
}

/// Copies the patches of rows of indices: rows of taps x channels, pixel after pixel.
struct Patches<'a, T> {
    source: &'a [T],
    frame: Frame,
    rows: &'a [Row],
    taps: &'a [[isize; 2]],
    multiply: usize,
    copies: &'a mut [T],
}

impl<T: Element> Task for Patches<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Frame { width, channels, .. } = self.frame;
        let length = self.taps.len() * channels;
        let columns = self.copies.len() / (self.rows.len() * length).max(1);
        for (row, patches) in self
            .rows
            .iter()
            .zip(self.copies.chunks_exact_mut((columns * length).max(1)))
        {
            let image = &self.source[row.sample * self.frame.elements()..][..self.frame.elements()];
            let mut t = 0;
            while t < self.taps.len() {
                // Taps side by side lie side by side in the image as well.
                let [down, right] = self.taps[t];
                let mut run = 1;
                while t + run < self.taps.len() && self.taps[t + run] == [down, right + run as isize] {
                    run += 1;
                }
                let y = (row.index * self.multiply) as isize + down;
                let inside = y >= 0 && y < self.frame.height as isize;
                let line = if inside {
                    &image[y as usize * width * channels..][..width * channels]
                } else {
                    &[]
                };
                for (i, patch) in patches.chunks_exact_mut(length).enumerate() {
                    let x = (i * self.multiply) as isize + right;
                    let to = &mut patch[t * channels..][..run * channels];
                    if inside && x >= 0 && x + run as isize <= width as isize {
                        to.copy_from_slice(&line[x as usize * channels..][..run * channels]);
                    } else {
                        for (k, to) in to.chunks_exact_mut(channels).enumerate() {
                            let x = x + k as isize;
                            if inside && x >= 0 && x < width as isize {
                                to.copy_from_slice(&line[x as usize * channels..][..channels]);
                            } else {
                                to.fill(T::ZERO);
                            }
                        }
                    }
                }
                t += run;
            }
        }
    }
}

/// Writes or adds the products of all `families` (each with its matrix, taps x source channels rows of destination
/// channels) to the destination, whose pixels each belong to one family or none.
pub(super) fn products<T: Element>(
    families: &[(&Family, &[T])],
    (source, from): (&[T], Frame),
    (destination, to): (&mut [T], Frame),
    bias: Option<&[T]>,
    add: bool,
) {
    let line = to.width * to.channels;
    if line == 0 || to.height == 0 {
        return;
    }
    let step = families.iter().map(|(family, _)| family.step).max().unwrap_or(1);
    let turn = rows_of_a_turn(destination.len() / to.channels);
    let lines = turn.div_ceil(to.width).next_multiple_of(step);
    for_parts(destination, lines * line, |part, lines_out| {
        let first = part * lines;
        for (family, matrix) in families {
            let rows: Vec<Row> = (first..first + lines_out.len() / line)
                .filter_map(|line| {
                    let (sample, y) = (line / to.height, line % to.height);
                    let offset = y.checked_sub(family.start[0])?;
                    let index = offset / family.step;
                    offset
                        .is_multiple_of(family.step)
                        .then_some(Row { sample, index })
                })
                .collect();
            let columns = family.count(to.width, 1);
            if rows.is_empty() || columns == 0 {
                continue;
            }
            if family.step == 1 {
                if let Some(bias) = bias {
                    for pixel in lines_out.chunks_exact_mut(to.channels) {
                        pixel.copy_from_slice(bias);
                    }
                }
                let add = add || bias.is_some();
                family_products(
                    family,
                    matrix,
                    (source, from),
                    &rows,
                    (lines_out, to.channels),
                    add,
                );
            } else {
                T::with_scratch(rows.len() * columns * to.channels, |dense| {
                    family_products(family, matrix, (source, from), &rows, (dense, to.channels), false);
                    for (row, dense) in rows.iter().zip(dense.chunks_exact(columns * to.channels)) {
                        let y = family.start[0] + row.index * family.step;
                        let out = &mut lines_out[(row.sample * to.height + y - first) * line..][..line];
                        scatter(dense, family, to.channels, out, add);
                    }
                });
            }
        }
    });
}

/// Pixels of a family back to their places in a line.
fn scatter<T: Element>(dense: &[T], family: &Family, channels: usize, line: &mut [T], add: bool) {
    let places = line
        .chunks_exact_mut(channels)
        .skip(family.start[1])
        .step_by(family.step);
    for (place, pixel) in places.zip(dense.chunks_exact(channels)) {
        for (to, from) in place.iter_mut().zip(pixel) {
            *to = if add { *to + *from } else { *from };
        }
    }
}

/// The products of some rows of indices, pixel after pixel.
fn family_products<T: Element>(
    family: &Family,
    matrix: &[T],
    (source, from): (&[T], Frame),
    rows: &[Row],
    (product, channels): (&mut [T], usize),
    mut add: bool,
) {
    let pixels = product.len() / channels;
    if family.taps.is_empty() && !add {
        product.fill(T::ZERO);
    }
    let at_once = family.taps_at_once(from.channels);
    T::with_scratch(pixels * at_once * from.channels, |scratch| {
        for (i, taps) in family.taps.chunks(at_once).enumerate() {
            let length = taps.len() * from.channels;
            let patches = &mut scratch[..pixels * length];
            dispatch(Patches {
                source,
                frame: from,
                rows,
                taps,
                multiply: family.multiply,
                copies: patches,
            });
            multiply(
                [pixels, length, channels],
                Matrix::rows_of(patches, length),
                Matrix::rows_of(&matrix[i * at_once * from.channels * channels..], channels),
                (product, channels),
                if add { Into::Add } else { Into::Set },
            );
            add = true;
        }
    });
}

/// Adds to `sums` (destination channels rows of taps x source channels) the products of the patches of some samples with
/// what stands in the destination: the gradient of the matrix. For a family of step 1.
pub(super) fn correlate<T: Element>(
    family: &Family,
    taps: &[[isize; 2]],
    (source, from): (&[T], Frame),
    (destination, to): (&[T], Frame),
    samples: std::ops::Range<usize>,
    sums: &mut [T],
) {
    let length = taps.len() * from.channels;
    let lines = (PIECE / to.width.max(1)).max(1);
    T::with_scratch(lines * to.width * length, |scratch| {
        let rows: Vec<Row> = samples
            .flat_map(|sample| (0..to.height).map(move |index| Row { sample, index }))
            .collect();
        for rows in rows.chunks(lines) {
            let pixels = rows.len() * to.width;
            let patches = &mut scratch[..pixels * length];
            dispatch(Patches {
                source,
                frame: from,
                rows,
                taps,
                multiply: family.multiply,
                copies: patches,
            });
            // Consecutive rows, of one sample or of the next.
            let first = (rows[0].sample * to.height + rows[0].index) * to.width;
            multiply(
                [to.channels, pixels, length],
                Matrix::rows_of(&destination[first * to.channels..], to.channels).transposed(),
                Matrix::rows_of(patches, length),
                (sums, length),
                Into::Add,
            );
        }
    });
}
