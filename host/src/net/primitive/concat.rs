//! Two values of the same rows side by side: rows [a, b]. Linear; transpose: the two parts of each row.

use super::{Meaning, Primal, Rules, Site, Target};
use crate::net::cpu::threads::{for_parts, light_rows};
use crate::net::element::Element;
use crate::net::shape::Shape;

/// The channels of the first input, then those of the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Concat;

impl Meaning for Concat {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        match inputs {
            [a, b] if a.with_channels(0) == b.with_channels(0) => {
                Ok(a.with_channels(a.channels() + b.channels()))
            }
            [a, b] => Err(format!("inputs {a} and {b}, expected the same rows")),
            other => Err(format!("{} inputs, expected 2", other.len())),
        }
    }
}

/// Rows of some of the two halves, zero for one that is missing.
fn join<T: Element>(halves: [Option<&[T]>; 2], channels: [usize; 2], output: &mut [T]) {
    let width = channels[0] + channels[1];
    let turn = light_rows(width);
    for_parts(output, turn * width, |index, part| {
        for (i, row) in part.chunks_exact_mut(width).enumerate() {
            let (first, second) = row.split_at_mut(channels[0]);
            for ((to, half), channels) in [first, second].into_iter().zip(halves).zip(channels) {
                match half {
                    Some(half) => to.copy_from_slice(&half[(index * turn + i) * channels..][..channels]),
                    None => to.fill(T::ZERO),
                }
            }
        }
    });
}

impl<T: Element> Rules<T> for Concat {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        let channels = [0, 1].map(|input| site.shapes.inputs[input].channels());
        join([Some(inputs[0]), Some(inputs[1])], channels, output);
    }

    fn jvp(&self, site: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let channels = [0, 1].map(|input| site.shapes.inputs[input].channels());
        join([tangents[0], tangents[1]], channels, output);
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        _: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let width = site.shapes.output.channels();
        let mut before = 0;
        for (target, shape) in inputs.iter_mut().zip(&site.shapes.inputs) {
            let channels = shape.channels();
            let turn = light_rows(channels);
            if let Some(Target { values, add }) = target {
                for_parts(values, turn * channels, |index, part| {
                    for (i, to) in part.chunks_exact_mut(channels).enumerate() {
                        let from = &cotangent[(index * turn + i) * width + before..][..channels];
                        for (to, u) in to.iter_mut().zip(from) {
                            *to = if *add { *to + *u } else { *u };
                        }
                    }
                });
            }
            before += channels;
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: second part read from the start; missing half not cleared.
    use super::super::harness::{self, Case, normal};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (a, b) in [
            (Shape::rows(3, 5), Shape::rows(3, 2)),
            (Shape::image(2, 3, 1), Shape::image(2, 3, 4)),
            (Shape::vector(2), Shape::vector(7)),
        ] {
            harness::check(&Case::new(Concat, &[a, b]));
            harness::check(&Case::new(Concat, &[a, b]).fixed(0, normal("fixed", 2 * a.elements())));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rule_puts_rows_side_by_side() {
        let case = Case::new(Concat, &[Shape::rows(3, 5), Shape::rows(3, 2)]);
        let got = case.forward(2);
        for (row, got) in got.chunks(7).enumerate() {
            assert_eq!(got[..5], case.inputs[0][row * 5..][..5]);
            assert_eq!(got[5..], case.inputs[1][row * 2..][..2]);
        }
    }

    #[test]
    fn other_rows_are_refused() {
        assert!(Concat.shape(&[Shape::rows(3, 5), Shape::rows(4, 5)]).is_err());
        assert!(Concat.shape(&[Shape::image(3, 2, 5), Shape::rows(6, 5)]).is_err());
        assert!(Concat.shape(&[Shape::rows(3, 5)]).is_err());
    }
}
