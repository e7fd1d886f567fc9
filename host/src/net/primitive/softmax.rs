//! p = e^z / Σ e^z over the channels of each row, the largest entry taken off first. J v = p (v - <p, v>), entry by
//! entry; J is symmetric. (Standard.)

use super::{Meaning, Needs, Primal, Rules, Site, Target, single};
use crate::net::cpu::softmax::{Linearise, Normalise};
use crate::net::cpu::threads::{for_parts, light_rows};
use crate::net::element::Element;
use crate::net::shape::Shape;
use crate::simd::dispatch;

/// The softmax of each row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Softmax;

impl Meaning for Softmax {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        single(inputs)
    }

    fn needs(&self) -> Needs {
        Needs {
            output: true,
            ..Needs::default()
        }
    }
}

/// J of `values`, each sample's for all its directions.
fn linearise<T: Element>(site: Site<'_, T>, probabilities: &[T], values: &[T], target: &mut Target<'_, T>) {
    let shape = site.shapes.output;
    let (elements, width) = (shape.elements(), shape.channels());
    let add = target.add;
    for_parts(target.values, elements, |index, to| {
        T::with_scratch(elements, |rows| {
            rows.copy_from_slice(&values[index * elements..][..elements]);
            dispatch(Linearise {
                probabilities: &probabilities[index / site.directions * elements..][..elements],
                stride: width,
                rows,
                width,
                factor: T::ONE,
            });
            for (to, x) in to.iter_mut().zip(rows) {
                *to = if add { *to + *x } else { *x };
            }
        });
    });
}

impl<T: Element> Rules<T> for Softmax {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        let width = site.shapes.output.channels();
        let turn = light_rows(width) * width;
        for_parts(output, turn, |index, rows| {
            rows.copy_from_slice(&inputs[0][index * turn..][..rows.len()]);
            dispatch(Normalise {
                rows,
                stride: width,
                width,
                logarithms: &mut [],
                apart: 1,
            });
        });
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let Some(tangents) = tangents[0] else { return };
        let mut target = Target {
            values: output,
            add: false,
        };
        linearise(site, primal.output, tangents, &mut target);
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        if let Some(target) = &mut inputs[0] {
            linearise(site, primal.output, cotangent, target);
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: softmax linearised without its mean; largest entry left on; probabilities of
    // another sample; add ignored.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for shape in [
            Shape::rows(3, 5),
            Shape::vector(1),
            Shape::image(2, 2, 40),
            Shape::vector(2),
        ] {
            harness::check(&Case::new(Softmax, &[shape]));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_formula() {
        let case = Case::new(Softmax, &[Shape::rows(3, 21)]);
        for (z, p) in case.inputs[0].chunks(21).zip(case.forward(2).chunks(21)) {
            let total: f64 = z.iter().map(|z| z.exp()).sum();
            for (z, p) in z.iter().zip(p) {
                assert!((p - z.exp() / total).abs() < 1e-14);
            }
        }
    }

    // a shift of all entries changes nothing, and nothing overflows
    #[test] // edge: net-primitives
    fn large_entries_do_not_overflow() {
        let case = Case::new(Softmax, &[Shape::vector(2)]).with(0, vec![1e5, 1e5, -1e5, 1e5]);
        assert_eq!(case.forward(2), [0.5, 0.5, 0.0, 1.0]);
    }
}
