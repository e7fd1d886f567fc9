//! 3x3 convolutions of stride 1 by the minimal algorithm F(2 x 2, 3 x 3): 16 products for four outputs, where the sum
//! written out takes 36. (Winograd 1980; Lavin and Gray 2016, eq. 7 to 9.)
//!
//! An output tile of 2 x 2 is A^T [(G g G^T) . (B^T d B)] A of the kernel g and the 4 x 4 input around it, d; summed over
//! the input channels before the last step, the products at each of the 16 places are one matrix product over tiles.
//! The kernel's side is computed once. The error is a few units of f32 more than that of the sum written out.

use super::gather::Frame;
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::simd::{Task, dispatch};

/// Places of a transformed tile.
const PLACES: usize = 16;

/// Tiles that are transformed and multiplied together: enough for a product, few enough for the second cache.
const TILES: usize = 64;

/// Channels below which the transformations cost more than the products save.
const CHANNELS: usize = 32;

/// Whether it pays for images of these sides.
pub(super) fn pays(from: Frame, to: Frame) -> bool {
    let even = from.height.is_multiple_of(2) && from.width.is_multiple_of(2);
    even && from.channels >= CHANNELS && to.channels >= CHANNELS
}

/// G g G^T for each pair of channels: 16 matrices of `inputs` rows of `outputs`; `kernel` gives the nine taps of a pair.
pub(super) fn transform_kernel<T: Element>(
    inputs: usize,
    outputs: usize,
    kernel: impl Fn(usize, usize) -> [T; 9],
) -> Vec<T> {
    /// (g0, (g0 + g1 + g2) / 2, (g0 - g1 + g2) / 2, g2)
    fn along<T: Element>([a, b, c]: [T; 3]) -> [T; 4] {
        [a, T::HALF * (a + b + c), T::HALF * (a - b + c), c]
    }
    let mut all = vec![T::ZERO; PLACES * inputs * outputs];
    for i in 0..inputs {
        for o in 0..outputs {
            let g = kernel(i, o);
            let columns: [[T; 4]; 3] = std::array::from_fn(|x| along([g[x], g[3 + x], g[6 + x]]));
            for y in 0..4 {
                let row = along([columns[0][y], columns[1][y], columns[2][y]]);
                for (x, value) in row.into_iter().enumerate() {
                    all[((4 * y + x) * inputs + i) * outputs + o] = value;
                }
            }
        }
    }
    all
}

/// Writes or adds the convolution (with zeros around the images) to the destination.
pub(super) fn convolve<T: Element>(
    kernel: &[T],
    (source, from): (&[T], Frame),
    (destination, to): (&mut [T], Frame),
    bias: Option<&[T]>,
    add: bool,
) {
    let across = to.width / 2;
    let pairs = (TILES / across.max(1)).max(1); // pairs of lines in a turn
    let line = to.width * to.channels;
    for_parts(destination, 2 * pairs * line, |part, lines| {
        let first = part * pairs;
        let count = lines.len() / (2 * line);
        let tiles = count * across;
        let (wide, narrow) = (PLACES * tiles * from.channels, PLACES * tiles * to.channels);
        T::with_scratch(wide + narrow, |scratch| {
            let (transformed, products) = scratch.split_at_mut(wide);
            for pair in 0..count {
                let (sample, y) = ((first + pair) * 2 / to.height, (first + pair) * 2 % to.height);
                let image = &source[sample * from.elements()..][..from.elements()];
                for x in 0..across {
                    dispatch(Input {
                        image,
                        frame: from,
                        corner: [y, 2 * x],
                        transformed: &mut transformed[(pair * across + x) * from.channels..],
                        stride: tiles * from.channels,
                    });
                }
            }
            for place in 0..PLACES {
                multiply(
                    [tiles, from.channels, to.channels],
                    Matrix::rows_of(&transformed[place * tiles * from.channels..], from.channels),
                    Matrix::rows_of(&kernel[place * from.channels * to.channels..], to.channels),
                    (&mut products[place * tiles * to.channels..], to.channels),
                    Into::Set,
                );
            }
            for tile in 0..tiles {
                let (pair, x) = (tile / across, tile % across);
                dispatch(Output {
                    products: &products[tile * to.channels..],
                    stride: tiles * to.channels,
                    bias,
                    lines: &mut lines[2 * pair * line..][..2 * line],
                    left: 2 * x * to.channels,
                    channels: to.channels,
                    add,
                });
            }
        });
    });
}

/// B^T d B of the 4 x 4 pixels around an output tile, for all channels.
struct Input<'a, T> {
    image: &'a [T],
    frame: Frame,
    /// Row and column of the output tile.
    corner: [usize; 2],
    /// Channels of the first place; the next is `stride` further.
    transformed: &'a mut [T],
    stride: usize,
}

impl<T: Element> Task for Input<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const BLOCK: usize = 64;
        let zeros = [T::ZERO; BLOCK];
        let Frame {
            height,
            width,
            channels,
        } = self.frame;
        let [top, left] = self.corner;
        let mut begin = 0;
        while begin < channels {
            let length = if channels - begin < BLOCK {
                channels - begin
            } else {
                BLOCK
            };
            let mut rows = [[T::ZERO; BLOCK]; 16];
            // Along the columns first, one column of pixels at a time.
            for x in 0..4 {
                let mut d = [&zeros[..length]; 4];
                for (y, d) in d.iter_mut().enumerate() {
                    let (row, column) = (top + y, left + x);
                    if row >= 1 && row <= height && column >= 1 && column <= width {
                        let at = ((row - 1) * width + column - 1) * channels + begin;
                        *d = &self.image[at..at + length];
                    }
                }
                let [d0, d1, d2, d3] = d;
                for c in 0..length {
                    rows[x][c] = d0[c] - d2[c];
                    rows[4 + x][c] = d1[c] + d2[c];
                    rows[8 + x][c] = d2[c] - d1[c];
                    rows[12 + x][c] = d1[c] - d3[c];
                }
            }
            for y in 0..4 {
                let at = 4 * y * self.stride + begin;
                let (d0, d1, d2, d3) = (&rows[4 * y], &rows[4 * y + 1], &rows[4 * y + 2], &rows[4 * y + 3]);
                let out = &mut self.transformed[at..at + length];
                for c in 0..length {
                    out[c] = d0[c] - d2[c];
                }
                let out = &mut self.transformed[at + self.stride..at + self.stride + length];
                for c in 0..length {
                    out[c] = d1[c] + d2[c];
                }
                let out = &mut self.transformed[at + 2 * self.stride..at + 2 * self.stride + length];
                for c in 0..length {
                    out[c] = d2[c] - d1[c];
                }
                let out = &mut self.transformed[at + 3 * self.stride..at + 3 * self.stride + length];
                for c in 0..length {
                    out[c] = d1[c] - d3[c];
                }
            }
            begin += length;
        }
    }
}

/// A^T m A into a 2 x 2 tile of two lines, for all channels.
struct Output<'a, T> {
    products: &'a [T],
    stride: usize,
    bias: Option<&'a [T]>,
    lines: &'a mut [T],
    left: usize,
    channels: usize,
    add: bool,
}

impl<T: Element> Task for Output<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        const BLOCK: usize = 64;
        let line = self.lines.len() / 2;
        let mut begin = 0;
        while begin < self.channels {
            let rest = self.channels - begin;
            let length = if rest < BLOCK { rest } else { BLOCK };
            let mut halves = [[T::ZERO; BLOCK]; 8];
            for x in 0..4 {
                let m0 = &self.products[x * self.stride + begin..][..length];
                let m1 = &self.products[(4 + x) * self.stride + begin..][..length];
                let m2 = &self.products[(8 + x) * self.stride + begin..][..length];
                let m3 = &self.products[(12 + x) * self.stride + begin..][..length];
                for c in 0..length {
                    halves[x][c] = m0[c] + m1[c] + m2[c];
                    halves[4 + x][c] = m1[c] - m2[c] - m3[c];
                }
            }
            for y in 0..2 {
                let at = y * line + self.left + begin;
                let (m0, m1, m2, m3) = (
                    &halves[4 * y],
                    &halves[4 * y + 1],
                    &halves[4 * y + 2],
                    &halves[4 * y + 3],
                );
                let mut sums = [[T::ZERO; BLOCK]; 2];
                for c in 0..length {
                    sums[0][c] = m0[c] + m1[c] + m2[c];
                    sums[1][c] = m1[c] - m2[c] - m3[c];
                }
                for (x, sums) in sums.iter().enumerate() {
                    let out = &mut self.lines[at + x * self.channels..][..length];
                    if let Some(bias) = self.bias {
                        let bias = &bias[begin..begin + length];
                        for c in 0..length {
                            out[c] = sums[c] + bias[c];
                        }
                    } else if self.add {
                        for c in 0..length {
                            out[c] += sums[c];
                        }
                    } else {
                        out.copy_from_slice(&sums[..length]);
                    }
                }
            }
            begin += length;
        }
    }
}
