//! Rows added up where an index says: y_n = sum of x_m over the m with index m = n, in ascending order, zero for none.
//! Linear; transpose: [`super::Gather`] with the same index.

use super::gather::RowIndex;
use super::linear_map::LinearMap;
use super::{Meaning, Shapes, Target, single};
use crate::net::element::Element;
use crate::net::shape::Shape;

/// [M, C] gives [N, C], row m of the input being added to row `index[m]`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScatterAdd {
    /// The row, of N, for each of M places.
    pub index: RowIndex,
}

impl Meaning for ScatterAdd {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape != Shape::rows(self.index.places(), shape.channels()) {
            return Err(format!(
                "input {shape}, expected {} rows of channels",
                self.index.places()
            ));
        }
        Ok(Shape::rows(self.index.rows(), shape.channels()))
    }
}

impl LinearMap for ScatterAdd {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let mut target = Target {
            values: to,
            add: false,
        };
        self.index.collect(shapes.output.channels(), from, &mut target);
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        self.index.pick(shapes.output.channels(), from, target);
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: gathered rather than scattered; rows and places exchanged in the check.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (index, rows, channels) in [(&[3_u32, 0, 3, 1, 3][..], 5, 3), (&[0], 1, 1), (&[2, 2], 4, 2)] {
            let shape = Shape::rows(index.len(), channels);
            let index = RowIndex::new(index, rows).unwrap();
            harness::check(&Case::new(ScatterAdd { index }, &[shape]));
        }
    }

    // the same order of sums: equal bits
    #[test] // oracle: net-primitives
    fn the_forward_rule_adds_rows_in_order() {
        let entries = [3, 0, 3, 1, 3];
        let index = RowIndex::new(entries, 5).unwrap();
        let case = Case::new(ScatterAdd { index }, &[Shape::rows(5, 2)]);
        let mut expected = vec![0.0; 20];
        for sample in 0..2 {
            for (m, entry) in entries.iter().enumerate() {
                for c in 0..2 {
                    expected[(sample * 5 + *entry as usize) * 2 + c] +=
                        case.inputs[0][(sample * 5 + m) * 2 + c];
                }
            }
        }
        assert_eq!(case.forward(2), expected);
    }

    #[test]
    fn other_rows_are_refused() {
        let index = RowIndex::new([0, 3], 4).unwrap();
        let scatter = ScatterAdd { index };
        assert!(scatter.shape(&[Shape::rows(4, 2)]).is_err());
        assert!(scatter.shape(&[Shape::image(1, 2, 2)]).is_err());
    }
}
