//! Convolutions of 3 x 3 with stride 1 by the minimal algorithm F(2 x 2, 3 x 3): 16 products for four outputs, where
//! the sum written out takes 36. (Winograd 1980; Lavin and Gray 2016, eq. 7 to 9.)
//!
//! An output tile Y of 2 x 2 pixels comes from the kernel g (3 x 3) and the 4 x 4 input pixels d around it:
//!
//! ```text
//! Y = A^T [ (G g G^T) . (B^T d B) ] A            . is the product entry by entry
//!
//!         1    0    0              1  0 -1  0
//! G =    1/2  1/2  1/2     B^T  =  0  1  1  0      A^T =  1  1  1  0
//!        1/2 -1/2  1/2             0 -1  1  0             0  1 -1 -1
//!         0    0    1              0  1  0 -1
//! ```
//! With many channels the products are summed over the input channels before A is applied, so that each of the 16 places
//! of a tile is one matrix product: tiles x inputs times inputs x outputs.
//!
//! Layout: the transformed kernel [16, inputs, outputs], computed once; transformed tiles [16, tiles, inputs] and products
//! [16, tiles, outputs] for one thread's turn of tiles, in scratch memory. A turn is some pairs of image lines.
//!
//! Cost for each tile and pair of channels: 16 multiplications instead of 36, and 32 additions a tile and input channel,
//! 24 a tile and output channel. Sums of four inputs are rounded before they are multiplied: the error is a few units of
//! f32 above that of the sum written out. Tiles of 4 x 4 would take 36 products for 144 and lose more; they were not tried.

use super::gather::Frame;
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::cpu::threads::for_long_parts;
use crate::net::element::Element;
use crate::simd::{Task, dispatch};

/// Places of a transformed tile.
const PLACES: usize = 16;

/// Tiles that are transformed and multiplied together: enough for a product, few enough for the second cache and for `gemm`
/// to take the kernel as it lies. Tuned: of 24 to 160 tiles on the CIFAR-10 net none was faster.
const TILES: usize = 48;

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
    let line = to.width * to.channels;
    let pairs = pairs_of_a_turn(destination.len() / (2 * line).max(1), across);
    for_long_parts(destination, 2 * pairs * line, |part, lines| {
        let first = part * pairs;
        let tiles = lines.len() / (2 * line) * across;
        let (wide, narrow) = (PLACES * tiles * from.channels, PLACES * tiles * to.channels);
        T::with_scratch(wide + narrow, |scratch| {
            let (transformed, products) = scratch.split_at_mut(wide);
            dispatch(Inputs {
                source,
                frame: from,
                first,
                tiles,
                transformed,
            });
            for (place, product) in products.chunks_exact_mut(tiles * to.channels).enumerate() {
                multiply(
                    [tiles, from.channels, to.channels],
                    Matrix::rows_of(&transformed[place * tiles * from.channels..], from.channels),
                    Matrix::rows_of(&kernel[place * from.channels * to.channels..], to.channels),
                    (product, to.channels),
                    Into::Set,
                );
            }
            dispatch(Outputs {
                products,
                bias,
                lines,
                channels: to.channels,
                across,
                add,
            });
        });
    });
}

/// Pairs of lines in a turn: as many as [`TILES`] allows, with as much work for every thread.
fn pairs_of_a_turn(pairs: usize, across: usize) -> usize {
    let most = (TILES / across.max(1)).max(1);
    let threads = rayon::current_num_threads();
    let turns = pairs.div_ceil(most).next_multiple_of(threads);
    pairs.div_ceil(turns.max(1)).max(1)
}

/// Channels that are transformed together.
const BLOCK: usize = 64;

/// B^T d B of the 4 x 4 pixels around each of some output tiles, for all channels: place after place, tile after tile.
struct Inputs<'a, T> {
    source: &'a [T],
    frame: Frame,
    /// The first pair of lines, counted through all samples.
    first: usize,
    tiles: usize,
    transformed: &'a mut [T],
}

impl<T: Element> Task for Inputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Frame {
            height,
            width,
            channels,
        } = self.frame;
        let (across, stride) = (width / 2, self.tiles * channels);
        let zeros = [T::ZERO; BLOCK];
        let mut rows = [[T::ZERO; BLOCK]; PLACES];
        for tile in 0..self.tiles {
            let line = 2 * (self.first + tile / across);
            let image = &self.source[line / height * self.frame.elements()..][..self.frame.elements()];
            let (top, left) = (line % height, 2 * (tile % across));
            let mut begin = 0;
            while begin < channels {
                let length = if channels - begin < BLOCK {
                    channels - begin
                } else {
                    BLOCK
                };
                // Along the columns first, one column of pixels at a time.
                for x in 0..4 {
                    let mut d = [&zeros[..length]; 4];
                    for (y, d) in d.iter_mut().enumerate() {
                        let (row, column) = (top + y, left + x);
                        if row >= 1 && row <= height && column >= 1 && column <= width {
                            let at = ((row - 1) * width + column - 1) * channels + begin;
                            *d = &image[at..at + length];
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
                    let (d0, d1, d2, d3) =
                        (&rows[4 * y], &rows[4 * y + 1], &rows[4 * y + 2], &rows[4 * y + 3]);
                    let at = 4 * y * stride + tile * channels + begin;
                    for (out, (d0, d2)) in self.transformed[at..at + length]
                        .iter_mut()
                        .zip(d0.iter().zip(d2))
                    {
                        *out = *d0 - *d2;
                    }
                    let at = at + stride;
                    for (out, (d1, d2)) in self.transformed[at..at + length]
                        .iter_mut()
                        .zip(d1.iter().zip(d2))
                    {
                        *out = *d1 + *d2;
                    }
                    let at = at + stride;
                    for (out, (d1, d2)) in self.transformed[at..at + length]
                        .iter_mut()
                        .zip(d1.iter().zip(d2))
                    {
                        *out = *d2 - *d1;
                    }
                    let at = at + stride;
                    for (out, (d1, d3)) in self.transformed[at..at + length]
                        .iter_mut()
                        .zip(d1.iter().zip(d3))
                    {
                        *out = *d1 - *d3;
                    }
                }
                begin += length;
            }
        }
    }
}

/// A^T m A into the 2 x 2 tiles of some pairs of lines, for all channels.
struct Outputs<'a, T> {
    products: &'a [T],
    bias: Option<&'a [T]>,
    lines: &'a mut [T],
    channels: usize,
    across: usize,
    add: bool,
}

impl<T: Element> Task for Outputs<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let Self { channels, across, .. } = self;
        let line = 2 * across * channels;
        let stride = self.products.len() / PLACES;
        let mut halves = [[T::ZERO; BLOCK]; 8];
        for tile in 0..stride / channels {
            let mut begin = 0;
            while begin < channels {
                let length = if channels - begin < BLOCK {
                    channels - begin
                } else {
                    BLOCK
                };
                let at = tile * channels + begin;
                for x in 0..4 {
                    let m0 = &self.products[at + x * stride..][..length];
                    let m1 = &self.products[at + (4 + x) * stride..][..length];
                    let m2 = &self.products[at + (8 + x) * stride..][..length];
                    let m3 = &self.products[at + (12 + x) * stride..][..length];
                    for c in 0..length {
                        halves[x][c] = m0[c] + m1[c] + m2[c];
                        halves[4 + x][c] = m1[c] - m2[c] - m3[c];
                    }
                }
                for y in 0..2 {
                    let (m0, m1, m2, m3) = (
                        &halves[4 * y],
                        &halves[4 * y + 1],
                        &halves[4 * y + 2],
                        &halves[4 * y + 3],
                    );
                    let at = (2 * (tile / across) + y) * line + 2 * (tile % across) * channels + begin;
                    for x in 0..2 {
                        let out = &mut self.lines[at + x * channels..][..length];
                        let sign = if x == 0 { T::ONE } else { -T::ONE };
                        let (one, three) = if x == 0 { (m0, m2) } else { (m3, m2) };
                        for c in 0..length {
                            // x = 0: m0 + m1 + m2; x = 1: m1 - m2 - m3
                            let sum = m1[c] + sign * (one[c] + three[c]);
                            let start = match self.bias {
                                Some(bias) => bias[begin + c],
                                None if self.add => out[c],
                                None => T::ZERO,
                            };
                            out[c] = start + sum;
                        }
                    }
                }
                begin += length;
            }
        }
    }
}
