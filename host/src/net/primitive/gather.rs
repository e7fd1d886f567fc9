//! Rows picked by an index: y_m = x_(index m). Linear; transpose: [`super::ScatterAdd`] with the same index.

use super::linear_map::LinearMap;
use super::{Meaning, Shapes, Target, single};
use crate::net::cpu::threads::{for_parts, light_rows};
use crate::net::element::Element;
use crate::net::shape::Shape;
use std::sync::Arc;

/// An entry that names no row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("entry {position} of the index is {entry}, expected less than {rows} (rows are counted from 0)")]
pub struct RowIndexError {
    /// The place of the entry in the index.
    pub position: usize,
    /// The entry, a row that is not there.
    pub entry: u32,
    /// The number of rows that there are.
    pub rows: usize,
}

/// For each of M places one of N rows (the source nodes of edges, say), and for each row its places in ascending order.
/// Cheap to clone, so that a gather and a scatter can share one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowIndex {
    entries: Arc<[u32]>,
    /// Places in the order of their rows.
    places: Arc<[u32]>,
    /// Where the places of each row start, and their number.
    starts: Arc<[u32]>,
}

impl RowIndex {
    /// An index of one row number for each place.
    ///
    /// # Errors
    /// [`RowIndexError`] for the first entry that is not below `rows`.
    ///
    /// # Panics
    /// With 2^32 entries or more.
    pub fn new(entries: impl Into<Arc<[u32]>>, rows: usize) -> Result<Self, RowIndexError> {
        let entries = entries.into();
        assert!(u32::try_from(entries.len()).is_ok(), "2^32 entries or more");
        let mut starts = vec![0_u32; rows + 1];
        for (position, entry) in entries.iter().enumerate() {
            // The count of a row stands where the next row starts.
            let Some(count) = starts.get_mut(*entry as usize + 1) else {
                return Err(RowIndexError {
                    position,
                    entry: *entry,
                    rows,
                });
            };
            *count += 1;
        }
        for row in 0..rows {
            starts[row + 1] += starts[row];
        }
        let mut next = starts.clone();
        let mut places = vec![0_u32; entries.len()];
        for (place, entry) in (0_u32..).zip(entries.iter()) {
            let next = &mut next[*entry as usize];
            places[*next as usize] = place;
            *next += 1;
        }
        Ok(Self {
            entries,
            places: places.into(),
            starts: starts.into(),
        })
    }

    /// The row of each place.
    pub fn entries(&self) -> &[u32] {
        &self.entries
    }

    /// M, the number of places.
    pub fn places(&self) -> usize {
        self.entries.len()
    }

    /// N, the number of rows.
    pub fn rows(&self) -> usize {
        self.starts.len() - 1
    }

    /// The places of a row, in ascending order.
    fn places_of(&self, row: usize) -> &[u32] {
        &self.places[self.starts[row] as usize..self.starts[row + 1] as usize]
    }

    /// For each place of each sample its row of N x `channels` numbers.
    pub(super) fn pick<T: Element>(&self, channels: usize, from: &[T], target: &mut Target<'_, T>) {
        let (places, turn) = (self.places(), light_rows(channels));
        let add = target.add;
        for_parts(target.values, turn * channels, |index, part| {
            for (i, to) in part.chunks_exact_mut(channels).enumerate() {
                let (sample, place) = ((index * turn + i) / places, (index * turn + i) % places);
                let row = sample * self.rows() + self.entries[place] as usize;
                for (to, x) in to.iter_mut().zip(&from[row * channels..][..channels]) {
                    *to = if add { *to + *x } else { *x };
                }
            }
        });
    }

    /// For each row of each sample the sum over its places, in ascending order, of M x `channels` numbers.
    pub(super) fn collect<T: Element>(&self, channels: usize, from: &[T], target: &mut Target<'_, T>) {
        let (rows, turn) = (self.rows(), light_rows(channels));
        let add = target.add;
        for_parts(target.values, turn * channels, |index, part| {
            for (i, to) in part.chunks_exact_mut(channels).enumerate() {
                let (sample, row) = ((index * turn + i) / rows, (index * turn + i) % rows);
                if !add {
                    to.fill(T::ZERO);
                }
                for place in self.places_of(row) {
                    let place = sample * self.places() + *place as usize;
                    for (to, x) in to.iter_mut().zip(&from[place * channels..][..channels]) {
                        *to += *x;
                    }
                }
            }
        });
    }
}

/// [N, C] gives [M, C], row m being row `index[m]` of the input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gather {
    /// The row, of N, for each of M places.
    pub index: RowIndex,
}

impl Meaning for Gather {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape != Shape::rows(self.index.rows(), shape.channels()) {
            return Err(format!(
                "input {shape}, expected {} rows of channels",
                self.index.rows()
            ));
        }
        Ok(Shape::rows(self.index.places(), shape.channels()))
    }
}

impl LinearMap for Gather {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let mut target = Target {
            values: to,
            add: false,
        };
        self.index.pick(shapes.output.channels(), from, &mut target);
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        self.index.collect(shapes.output.channels(), from, target);
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: rows of the first sample for all; bound one too far; add ignored; descending
    // order of the sum.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (index, rows, channels) in [
            (&[3_u32, 0, 3, 1, 3][..], 5, 3),
            (&[0], 1, 1),
            (&[1, 1, 1, 1, 1, 1, 1], 2, 4),
        ] {
            let index = RowIndex::new(index, rows).unwrap();
            harness::check(&Case::new(Gather { index }, &[Shape::rows(rows, channels)]));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rule_picks_rows() {
        let index = RowIndex::new([3, 0, 3, 1, 3], 5).unwrap();
        let case = Case::new(Gather { index: index.clone() }, &[Shape::rows(5, 3)]);
        let got = case.forward(2);
        for (m, got) in got.chunks(3).enumerate() {
            let row = m / 5 * 5 + index.entries()[m % 5] as usize;
            assert_eq!(got, &case.inputs[0][row * 3..][..3]);
        }
    }

    #[test]
    fn what_names_no_row_is_refused() {
        let error = RowIndex::new([0, 4, 1, u32::MAX], 4).unwrap_err();
        assert_eq!(
            error,
            RowIndexError {
                position: 1,
                entry: 4,
                rows: 4
            }
        );
        assert!(RowIndex::new([0], 0).is_err());
        let index = RowIndex::new([0, 3], 4).unwrap();
        let gather = Gather { index };
        assert!(gather.shape(&[Shape::rows(3, 2)]).is_err());
        assert!(gather.shape(&[Shape::rows(5, 2)]).is_err());
        assert!(gather.shape(&[Shape::image(2, 2, 2)]).is_err());
    }
}
