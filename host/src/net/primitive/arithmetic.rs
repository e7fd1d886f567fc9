//! Sums, differences and products of values of one shape, entry by entry, and multiples of one value.

use super::activation::scaled;
use super::linear_map::LinearMap;
use super::{Meaning, Needs, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// Entries of a thread's turn.
const TURN: usize = 1 << 14;

/// The sum of two values of one shape. J (v, w) = v + w; J^T u = (u, u).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add;

/// The first of two values of one shape less the second. J (v, w) = v - w; J^T u = (u, -u).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subtract;

/// The product of two values of one shape, entry by entry. At (a, b): J (v, w) = b v + a w; J^T u = (b u, a u).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Multiply;

/// A constant times a value.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The constant that is multiplied.
    pub factor: f64,
}

/// A value and a constant. J v = v; J^T u = u.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shift {
    /// The constant that is added.
    pub offset: f64,
}

/// The shape of two equal ones.
pub(super) fn equal(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs {
        [a, b] if a == b => Ok(*a),
        [a, b] => Err(format!("inputs {a} and {b}, expected equal shapes")),
        other => Err(format!("{} inputs, expected 2", other.len())),
    }
}

impl Meaning for Add {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        equal(inputs)
    }
}

impl Meaning for Subtract {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        equal(inputs)
    }
}

impl Meaning for Multiply {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        equal(inputs)
    }

    fn needs(&self) -> Needs {
        Needs {
            inputs: true,
            ..Needs::default()
        }
    }
}

impl Meaning for Scale {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        single(inputs)
    }
}

impl Meaning for Shift {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        single(inputs)
    }
}

/// Writes or adds `from`.
pub(crate) fn pass_on<T: Element>(from: &[T], target: &mut Target<'_, T>) {
    let add = target.add;
    for_parts(target.values, TURN, |index, part| {
        let from = &from[index * TURN..][..part.len()];
        if add {
            for (to, from) in part.iter_mut().zip(from) {
                *to += *from;
            }
        } else {
            part.copy_from_slice(from);
        }
    });
}

/// Writes or adds `factor` x `from`.
pub(crate) fn multiple<T: Element>(factor: T, from: &[T], target: &mut Target<'_, T>) {
    let add = target.add;
    for_parts(target.values, TURN, |index, part| {
        let entries = part.iter_mut().zip(&from[index * TURN..]);
        if add {
            for (to, from) in entries {
                *to += factor * *from;
            }
        } else {
            for (to, from) in entries {
                *to = factor * *from;
            }
        }
    });
}

/// A function of two entries.
fn combine<T: Element>(a: &[T], b: &[T], output: &mut [T], function: impl Fn(T, T) -> T + Send + Sync) {
    for_parts(output, TURN, |index, part| {
        let (a, b) = (&a[index * TURN..], &b[index * TURN..]);
        for ((output, a), b) in part.iter_mut().zip(a).zip(b) {
            *output = function(*a, *b);
        }
    });
}

/// A place to overwrite.
fn fresh<T>(values: &mut [T]) -> Target<'_, T> {
    Target { values, add: false }
}

impl<T: Element> Rules<T> for Add {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        combine(inputs[0], inputs[1], output, |a, b| a + b);
    }

    fn jvp(&self, _: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        match (tangents[0], tangents[1]) {
            (Some(a), Some(b)) => combine(a, b, output, |a, b| a + b),
            (Some(one), None) | (None, Some(one)) => output.copy_from_slice(one),
            (None, None) => {}
        }
    }

    fn vjp(&self, _: Site<'_, T>, _: Primal<'_, T>, cotangent: &[T], inputs: &mut [Option<Target<'_, T>>]) {
        for target in inputs.iter_mut().flatten() {
            pass_on(cotangent, target);
        }
    }
}

impl<T: Element> Rules<T> for Subtract {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        combine(inputs[0], inputs[1], output, |a, b| a - b);
    }

    fn jvp(&self, _: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        match (tangents[0], tangents[1]) {
            (Some(a), Some(b)) => combine(a, b, output, |a, b| a - b),
            (Some(a), None) => output.copy_from_slice(a),
            (None, Some(b)) => multiple(-T::ONE, b, &mut fresh(output)),
            (None, None) => {}
        }
    }

    fn vjp(&self, _: Site<'_, T>, _: Primal<'_, T>, cotangent: &[T], inputs: &mut [Option<Target<'_, T>>]) {
        for (target, sign) in inputs.iter_mut().zip([T::ONE, -T::ONE]) {
            if let Some(target) = target {
                multiple(sign, cotangent, target);
            }
        }
    }
}

impl<T: Element> Rules<T> for Multiply {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        combine(inputs[0], inputs[1], output, |a, b| a * b);
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let each = site.shapes.output.elements();
        let mut target = fresh(output);
        for (tangent, other) in tangents.iter().zip([1, 0]) {
            if let Some(tangent) = tangent {
                scaled(primal.inputs[other], each, site.directions, tangent, &mut target);
                target.add = true;
            }
        }
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let each = site.shapes.output.elements();
        for (target, other) in inputs.iter_mut().zip([1, 0]) {
            if let Some(target) = target {
                scaled(primal.inputs[other], each, site.directions, cotangent, target);
            }
        }
    }
}

impl LinearMap for Scale {
    fn apply<T: Element>(&self, _: &Shapes, from: &[T], to: &mut [T]) {
        multiple(T::of(self.factor), from, &mut fresh(to));
    }

    fn transpose<T: Element>(&self, _: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        multiple(T::of(self.factor), from, target);
    }
}

impl<T: Element> Rules<T> for Shift {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        let offset = T::of(self.offset);
        for (sum, x) in output.iter_mut().zip(inputs[0]) {
            *sum = *x + offset;
        }
    }

    fn jvp(&self, _: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        if let Some(tangents) = tangents[0] {
            output.copy_from_slice(tangents);
        }
    }

    fn vjp(&self, _: Site<'_, T>, _: Primal<'_, T>, cotangent: &[T], inputs: &mut [Option<Target<'_, T>>]) {
        if let Some(target) = &mut inputs[0] {
            pass_on(cotangent, target);
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: sign of the tangent of b alone in a difference; sign of the cotangent of b in a
    // difference; own factor in the cotangents of a product; second tangent of a product over the first;
    // add ignored in a multiple.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        let shape = Shape::rows(3, 5);
        harness::check(&Case::new(Add, &[shape; 2]));
        harness::check(&Case::new(Subtract, &[shape; 2]));
        harness::check(&Case::new(Multiply, &[shape; 2]));
        harness::check(&Case::new(Scale { factor: -0.7 }, &[shape]));
        harness::check(&Case::new(Shift { offset: -0.7 }, &[shape]));
    }

    #[test] // oracle: net-primitives
    fn the_forward_rules_are_the_formulas() {
        let shape = Shape::rows(3, 5);
        let check = |case: Case, expected: fn(f64, f64) -> f64| {
            let second = case.inputs.get(1).unwrap_or(&case.inputs[0]);
            for ((got, a), b) in case.forward(2).iter().zip(&case.inputs[0]).zip(second) {
                assert_eq!(*got, expected(*a, *b));
            }
        };
        check(Case::new(Add, &[shape; 2]), |a, b| a + b);
        check(Case::new(Subtract, &[shape; 2]), |a, b| a - b);
        check(Case::new(Multiply, &[shape; 2]), |a, b| a * b);
        check(Case::new(Scale { factor: -0.7 }, &[shape]), |a, _| -0.7 * a);
        check(Case::new(Shift { offset: -0.7 }, &[shape]), |a, _| a - 0.7);
    }

    #[test]
    fn unequal_shapes_are_refused() {
        let shapes = [Shape::vector(3), Shape::vector(4)];
        assert!(Add.shape(&shapes).is_err());
        assert!(Subtract.shape(&shapes).is_err());
        assert!(Multiply.shape(&shapes).is_err());
        assert!(Multiply.shape(&shapes[..1]).is_err());
    }
}
