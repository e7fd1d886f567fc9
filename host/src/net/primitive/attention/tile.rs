//! The rules on one tile: some queries of one sample, all heads, all directions that share the tile's probabilities.

use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::cpu::softmax::{Linearise, Normalise, Restore};
use crate::net::element::Element;
use crate::simd::dispatch;

/// Entries of P in a tile: some of them stay in the second cache.
const ENTRIES: usize = 1 << 18;

/// Lengths around one sample.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sizes {
    heads: usize,
    pub queries: usize,
    pub keys: usize,
    /// Channels of a head, of queries and keys.
    width: usize,
    /// Channels of a head, of values.
    values: usize,
    /// Queries of a tile; of the shapes alone, so that no bit depends on the threads.
    tile: usize,
}

impl Sizes {
    pub(super) fn new(
        heads: usize,
        [queries, keys]: [usize; 2],
        [channels, channels_out]: [usize; 2],
    ) -> Self {
        Self {
            heads,
            queries,
            keys,
            width: channels / heads.max(1),
            values: channels_out / heads.max(1),
            tile: (ENTRIES / keys.max(1)).clamp(8, 64),
        }
    }

    /// Channels of queries and keys.
    fn channels(&self) -> usize {
        self.heads * self.width
    }

    /// Channels of values and of what comes out.
    pub(super) fn channels_out(&self) -> usize {
        self.heads * self.values
    }

    /// First query and number of queries of each tile.
    pub(super) fn tiles(&self) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (queries, tile) = (self.queries, self.tile);
        (0..queries)
            .step_by(tile)
            .map(move |first| (first, tile.min(queries - first)))
    }

    /// Entries of P that `times` passes go through.
    pub(super) fn work(&self, times: usize) -> usize {
        times * self.heads * self.queries * self.keys
    }

    /// Of the scores.
    fn factor<T: Element>(&self) -> T {
        T::ONE / T::of_count(self.width).sqrt()
    }
}

/// One sample of the inputs.
#[derive(Clone, Copy)]
pub(super) struct Source<'a, T> {
    pub q: &'a [T],
    pub k: &'a [T],
    pub v: &'a [T],
}

/// One direction of a transposed pass.
pub(super) struct Pulled<'a, T> {
    /// The cotangent of the output.
    pub from: &'a [T],
    /// The cotangents of q, k and v, and whether to add to what is there.
    pub to: [Option<(&'a mut [T], bool)>; 3],
}

/// The columns of one head in rows of `channels` numbers.
fn columns<T>(rows: &[T], head: usize, (each, channels): (usize, usize)) -> Matrix<'_, T> {
    Matrix::strided(rows.get(head * each..).unwrap_or(&[]), channels)
}

/// The columns of one head of `count` rows, times `factor`, as rows of `count` entries. A product with the transposed
/// keys would otherwise be of two factors that are both contiguous along the inner dimension.
fn transpose<T: Element>(rows: &[T], head: usize, (each, channels): (usize, usize), factor: T, to: &mut [T]) {
    let count = to.len() / each.max(1);
    for (i, row) in rows.chunks_exact(channels).take(count).enumerate() {
        for (j, x) in row[head * each..][..each].iter().enumerate() {
            to[j * count + i] = factor * *x;
        }
    }
}

/// Where the probabilities of a tile and head are.
#[derive(Clone, Copy)]
struct Probabilities<'a, T> {
    values: &'a [T],
    stride: usize,
}

impl<'a, T> Probabilities<'a, T> {
    fn matrix(self) -> Matrix<'a, T> {
        Matrix::strided(self.values, self.stride)
    }
}

impl Sizes {
    fn key_layout(&self) -> (usize, usize) {
        (self.width, self.channels())
    }

    fn value_layout(&self) -> (usize, usize) {
        (self.values, self.channels_out())
    }

    /// Scores = or += left^T times the transposed keys (or values) of a head; `left` has rows of `count` entries.
    fn against<T: Element>(
        &self,
        left: &[T],
        (rows, head, layout): (&[T], usize, (usize, usize)),
        (scores, stride): (&mut [T], usize),
        into: Into,
    ) {
        let count = left.len() / layout.0.max(1);
        multiply(
            [count, layout.0, self.keys],
            Matrix::rows_of(left, count).transposed(),
            columns(rows, head, layout).transposed(),
            (scores, stride),
            into,
        );
    }

    /// The probabilities of a tile and head: saved, or computed anew from the saved logarithms.
    fn probabilities<'a, T: Element>(
        &self,
        (saved, recompute): (&'a [T], bool),
        k: &[T],
        (first, head): (usize, usize),
        scaled_queries: &[T],
        room: &'a mut [T],
    ) -> Probabilities<'a, T> {
        if !recompute {
            let stride = self.heads * self.keys;
            return Probabilities {
                values: &saved[first * stride + head * self.keys..],
                stride,
            };
        }
        let keys = (k, head, self.key_layout());
        self.against(scaled_queries, keys, (room, self.keys), Into::Set);
        dispatch(Restore {
            rows: room,
            width: self.keys,
            logarithms: &saved[first * self.heads + head..],
            apart: self.heads,
        });
        Probabilities {
            values: room,
            stride: self.keys,
        }
    }
}

/// Output rows of the queries from `first` on, and what is saved of them (unless `saved` is empty).
pub(super) fn forward<T: Element>(
    sizes: &Sizes,
    source: Source<'_, T>,
    first: usize,
    output: &mut [T],
    saved: &mut [T],
    recompute: bool,
) {
    let count = output.len() / sizes.channels_out().max(1);
    let (left, tile) = (count * sizes.width, count * sizes.keys);
    T::with_scratch(left + tile, |scratch| {
        let (queries, room) = scratch.split_at_mut(left);
        for head in 0..sizes.heads {
            let rows = &source.q[first * sizes.channels()..];
            transpose(rows, head, sizes.key_layout(), sizes.factor(), queries);
            let whole = sizes.heads * sizes.keys;
            let (values, stride, logarithms) = match (saved.is_empty(), recompute) {
                (true, _) => (&mut *room, sizes.keys, &mut [][..]),
                (false, true) => (&mut *room, sizes.keys, &mut saved[head..]),
                (false, false) => (&mut saved[head * sizes.keys..], whole, &mut [][..]),
            };
            let keys = (source.k, head, sizes.key_layout());
            sizes.against(queries, keys, (values, stride), Into::Set);
            dispatch(Normalise {
                rows: values,
                stride,
                width: sizes.keys,
                logarithms,
                apart: sizes.heads,
            });
            multiply(
                [count, sizes.keys, sizes.values],
                Matrix::strided(values, stride),
                columns(source.v, head, sizes.value_layout()),
                (&mut output[head * sizes.values..], sizes.channels_out()),
                Into::Set,
            );
        }
    });
}

/// Output rows of the queries from `first` on for every direction; `moves` are the tangents of q, k and v.
pub(super) fn push<T: Element>(
    sizes: &Sizes,
    source: Source<'_, T>,
    saved: (&[T], bool),
    first: usize,
    moves: &[[Option<&[T]>; 3]],
    mut outputs: Vec<&mut [T]>,
) {
    let count = outputs.first().map_or(0, |output| output.len()) / sizes.channels_out().max(1);
    let (left, tile) = (count * sizes.width, count * sizes.keys);
    let from = first * sizes.channels();
    T::with_scratch(2 * left + 2 * tile, |scratch| {
        let (queries, rest) = scratch.split_at_mut(left);
        let (moved, rest) = rest.split_at_mut(left);
        let (room, scores) = rest.split_at_mut(tile);
        for head in 0..sizes.heads {
            let (keys, values) = (sizes.key_layout(), sizes.value_layout());
            transpose(&source.q[from..], head, keys, sizes.factor(), queries);
            let p = sizes.probabilities(saved, source.k, (first, head), queries, room);
            for ([dq, dk, dv], output) in moves.iter().zip(&mut outputs) {
                let output = (&mut output[head * sizes.values..], sizes.channels_out());
                let mut into = Into::Set;
                if let Some(dq) = dq {
                    transpose(&dq[from..], head, keys, sizes.factor(), moved);
                    sizes.against(moved, (source.k, head, keys), (scores, sizes.keys), into);
                    into = Into::Add;
                }
                if let Some(dk) = dk {
                    sizes.against(queries, (dk, head, keys), (scores, sizes.keys), into);
                    into = Into::Add;
                }
                let shape = [count, sizes.keys, sizes.values];
                if into == Into::Add {
                    dispatch(Linearise {
                        probabilities: p.values,
                        stride: p.stride,
                        rows: scores,
                        width: sizes.keys,
                        factor: T::ONE,
                    });
                    let scores = Matrix::rows_of(scores, sizes.keys);
                    let v = columns(source.v, head, values);
                    multiply(shape, scores, v, (&mut *output.0, output.1), Into::Set);
                }
                if let Some(dv) = dv {
                    multiply(shape, p.matrix(), columns(dv, head, values), output, into);
                }
            }
        }
    });
}

/// The cotangents of one sample for some directions, tile by tile.
pub(super) fn pull<T: Element>(
    sizes: &Sizes,
    source: Source<'_, T>,
    saved: (&[T], bool),
    mut pulled: Vec<Pulled<'_, T>>,
) {
    for (to, add) in pulled
        .iter_mut()
        .flat_map(|pulled| pulled.to.iter_mut().flatten())
    {
        if !*add {
            to.fill(T::ZERO);
        }
    }
    let tile = sizes.tile.min(sizes.queries);
    T::with_scratch(tile * (sizes.width + sizes.values + 2 * sizes.keys), |scratch| {
        let (queries, rest) = scratch.split_at_mut(tile * sizes.width);
        let (cotangents, rest) = rest.split_at_mut(tile * sizes.values);
        let (room, scores) = rest.split_at_mut(tile * sizes.keys);
        for (first, count) in sizes.tiles() {
            for head in 0..sizes.heads {
                let queries = &mut queries[..count * sizes.width];
                let room = &mut room[..count * sizes.keys];
                let rows = &source.q[first * sizes.channels()..];
                if saved.1 {
                    transpose(rows, head, sizes.key_layout(), sizes.factor(), queries);
                }
                let p = sizes.probabilities(saved, source.k, (first, head), queries, room);
                let cotangents = &mut cotangents[..count * sizes.values];
                let scores = &mut scores[..count * sizes.keys];
                for pulled in &mut pulled {
                    pull_tile(
                        sizes,
                        source,
                        p,
                        (first, count, head),
                        pulled,
                        (cotangents, scores),
                    );
                }
            }
        }
    });
}

/// Adds what one tile and head gives to the cotangents of one direction.
fn pull_tile<T: Element>(
    sizes: &Sizes,
    source: Source<'_, T>,
    p: Probabilities<'_, T>,
    (first, count, head): (usize, usize, usize),
    pulled: &mut Pulled<'_, T>,
    (cotangents, scores): (&mut [T], &mut [T]),
) {
    let (keys, values) = (sizes.key_layout(), sizes.value_layout());
    let from = &pulled.from[first * sizes.channels_out()..];
    let [q, k, v] = &mut pulled.to;
    if let Some((v, _)) = v {
        multiply(
            [sizes.keys, count, sizes.values],
            p.matrix().transposed(),
            columns(from, head, values),
            (&mut v[head * sizes.values..], sizes.channels_out()),
            Into::Add,
        );
    }
    if q.is_none() && k.is_none() {
        return;
    }
    transpose(from, head, values, T::ONE, cotangents);
    sizes.against(
        cotangents,
        (source.v, head, values),
        (scores, sizes.keys),
        Into::Set,
    );
    dispatch(Linearise {
        probabilities: p.values,
        stride: p.stride,
        rows: scores,
        width: sizes.keys,
        factor: sizes.factor(),
    });
    let start = first * sizes.channels();
    let scores = Matrix::rows_of(scores, sizes.keys);
    if let Some((q, _)) = q {
        multiply(
            [count, sizes.keys, sizes.width],
            scores,
            columns(source.k, head, keys),
            (&mut q[start + head * sizes.width..], sizes.channels()),
            Into::Add,
        );
    }
    if let Some((k, _)) = k {
        multiply(
            [sizes.keys, count, sizes.width],
            scores.transposed(),
            columns(&source.q[start..], head, keys),
            (&mut k[head * sizes.width..], sizes.channels()),
            Into::Add,
        );
    }
}
