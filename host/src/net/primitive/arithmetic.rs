//! Sums and products of values of one shape, entry by entry.

use super::{Meaning, Primal, Rules, Site, Target};
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// Entries of a thread's turn.
const TURN: usize = 1 << 14;

/// The sum of two values of one shape. J (v, w) = v + w; J^T u = (u, u).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Add;

impl Meaning for Add {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs {
            [a, b] if a == b => Ok(*a),
            [a, b] => Err(format!("inputs {a} and {b}, expected equal shapes")),
            other => Err(format!("{} inputs, expected 2", other.len())),
        }
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

fn add<T: Element>(a: &[T], b: &[T], sum: &mut [T]) {
    for_parts(sum, TURN, |index, part| {
        let (a, b) = (&a[index * TURN..], &b[index * TURN..]);
        for ((sum, a), b) in part.iter_mut().zip(a).zip(b) {
            *sum = *a + *b;
        }
    });
}

impl<T: Element> Rules<T> for Add {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        add(inputs[0], inputs[1], output);
    }

    fn jvp(&self, _: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        match (tangents[0], tangents[1]) {
            (Some(a), Some(b)) => add(a, b, output),
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

#[cfg(test)]
mod tests {
    use super::super::harness::{self, Case};
    use super::*;

    #[test]
    fn rules_agree() {
        harness::check(Case::new(Add, &[Shape::rows(3, 5); 2]));
    }

    #[test]
    fn unequal_shapes_are_refused() {
        assert!(Add.shape(&[Shape::vector(3), Shape::vector(4)]).is_err());
    }
}
