//! All entries of a sample as one number. Linear; transpose: the number in every entry (divided by their number).

use super::linear_map::LinearMap;
use super::{Meaning, Shapes, Target, single};
use crate::net::cpu::sums::sum;
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// How all entries of a sample become one number, `[1]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reduction {
    /// The sum of all entries.
    Sum,
    /// The mean of all entries.
    Mean,
}

impl Reduction {
    fn count<T: Element>(self, shape: Shape) -> T {
        match self {
            Self::Sum => T::ONE,
            Self::Mean => T::of_count(shape.elements()),
        }
    }
}

impl Meaning for Reduction {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.elements() == 0 {
            return Err(format!("input {shape} has no entries"));
        }
        Ok(Shape::vector(1))
    }
}

impl LinearMap for Reduction {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let count = self.count(shapes.inputs[0]);
        let each = shapes.inputs[0].elements();
        for (to, from) in to.iter_mut().zip(from.chunks_exact(each)) {
            *to = sum(from) / count;
        }
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        let count = self.count(shapes.inputs[0]);
        let add = target.add;
        for_parts(target.values, shapes.inputs[0].elements(), |index, values| {
            let part = from[index] / count;
            for to in values {
                *to = if add { *to + part } else { part };
            }
        });
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: transpose of the mean undivided; mean undivided.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for shape in [Shape::rows(3, 5), Shape::vector(1), Shape::image(2, 3, 7)] {
            for reduction in [Reduction::Sum, Reduction::Mean] {
                harness::check(&Case::new(reduction, &[shape]));
            }
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rules_are_the_formulas() {
        let shape = Shape::rows(7, 5);
        for (reduction, count) in [(Reduction::Sum, 1.0), (Reduction::Mean, 35.0)] {
            let case = Case::new(reduction, &[shape]);
            for (got, x) in case.forward(2).iter().zip(case.inputs[0].chunks(35)) {
                assert!((got - x.iter().sum::<f64>() / count).abs() < 1e-13);
            }
        }
    }

    #[test]
    fn nothing_is_refused() {
        assert!(Reduction::Mean.shape(&[Shape::rows(0, 3)]).is_err());
    }
}
