//! The same entries in another shape: an image as rows of pixels, rows as an image. Linear; transpose: the way back.

use super::arithmetic::pass_on;
use super::linear_map::LinearMap;
use super::{Meaning, Shapes, Target, single};
use crate::net::element::Element;
use crate::net::shape::Shape;

/// The entries as they are, in another shape.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reshape {
    /// The shape of a sample that comes out.
    pub to: Shape,
}

impl Meaning for Reshape {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.elements() != self.to.elements() {
            return Err(format!("input {shape}, expected as many entries as {}", self.to));
        }
        Ok(self.to)
    }
}

impl LinearMap for Reshape {
    fn apply<T: Element>(&self, _: &Shapes, from: &[T], to: &mut [T]) {
        to.copy_from_slice(from);
    }

    fn transpose<T: Element>(&self, _: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        pass_on(from, target);
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: add ignored; rows compared, not entries.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree_and_entries_stay() {
        let reshape = Reshape {
            to: Shape::rows(6, 4),
        };
        let case = Case::new(reshape, &[Shape::image(2, 3, 4)]);
        assert_eq!(case.forward(2), case.inputs[0]);
        harness::check(&case);
    }

    #[test]
    fn another_number_of_entries_is_refused() {
        let reshape = Reshape {
            to: Shape::rows(6, 4),
        };
        assert!(reshape.shape(&[Shape::rows(6, 5)]).is_err());
        assert!(reshape.shape(&[]).is_err());
    }
}
