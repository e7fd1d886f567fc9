//! The gated unit of transformers (Shazeer 2020): rows [a, g] of 2C channels give a gelu(g), with the exact error function.
//!
//! J (da, dg) = gelu(g) da + a gelu'(g) dg; J^T u = (gelu(g) u, a gelu'(g) u); gelu'(g) = Phi(g) + g phi(g). The two
//! factors are saved side by side as the input has its halves.

use super::activation::{Curve, Gelu};
use super::{Meaning, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::threads::{for_parts, for_parts_of_two, light_rows};
use crate::net::element::Element;
use crate::net::shape::Shape;
use crate::simd::{Task, dispatch};

/// The first half of the channels times GELU of the second half.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Geglu;

impl Meaning for Geglu {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if !shape.channels().is_multiple_of(2) {
            return Err(format!("input {shape}, expected an even number of channels"));
        }
        Ok(shape.with_channels(shape.channels() / 2))
    }

    /// The factors of both halves.
    fn saved(&self, shapes: &Shapes) -> usize {
        2 * shapes.output.elements()
    }
}

/// Rows of the output and their factors.
struct Gate<'a, T> {
    input: &'a [T],
    channels: usize,
    output: &'a mut [T],
    /// May be empty.
    factors: &'a mut [T],
}

impl<T: Element> Task for Gate<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.channels.max(1);
        let rows = self.input.chunks_exact(2 * channels);
        for (i, (row, y)) in rows.zip(self.output.chunks_exact_mut(channels)).enumerate() {
            let (a, g) = row.split_at(channels);
            let entries = y.iter_mut().zip(a).zip(g);
            let at = 2 * channels * i;
            if let Some(factors) = self.factors.get_mut(at..at + 2 * channels) {
                let (of_a, of_g) = factors.split_at_mut(channels);
                for (((y, a), g), (of_a, of_g)) in entries.zip(of_a.iter_mut().zip(of_g)) {
                    let (gelu, slope) = Gelu.at(*g);
                    *y = *a * gelu;
                    *of_a = gelu;
                    *of_g = *a * slope;
                }
            } else {
                for ((y, a), g) in entries {
                    *y = *a * Gelu.at(*g).0;
                }
            }
        }
    }
}

impl<T: Element> Rules<T> for Geglu {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        let channels = site.shapes.output.channels();
        let turn = light_rows(channels) * channels;
        let gate = |index: usize, output: &mut [T], factors: &mut [T]| {
            dispatch(Gate {
                input: &inputs[0][2 * turn * index..][..2 * output.len()],
                channels,
                output,
                factors,
            });
        };
        if saved.is_empty() {
            for_parts(output, turn, |index, output| gate(index, output, &mut []));
        } else {
            for_parts_of_two((output, turn), (saved, 2 * turn), gate);
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let Some(tangents) = tangents[0] else { return };
        let (elements, channels) = (site.shapes.output.elements(), site.shapes.output.channels());
        for_parts(output, elements, |index, output| {
            let factors = &primal.saved[index / site.directions * 2 * elements..];
            let rows = factors
                .chunks_exact(2 * channels)
                .zip(tangents[index * 2 * elements..].chunks_exact(2 * channels));
            for (out, (factors, v)) in output.chunks_exact_mut(channels).zip(rows) {
                let ((of_a, of_g), (a, g)) = (factors.split_at(channels), v.split_at(channels));
                for (out, ((of_a, a), (of_g, g))) in
                    out.iter_mut().zip(of_a.iter().zip(a).zip(of_g.iter().zip(g)))
                {
                    *out = *of_a * *a + *of_g * *g;
                }
            }
        });
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let Some(target) = &mut inputs[0] else { return };
        let add = target.add;
        let (elements, channels) = (site.shapes.output.elements(), site.shapes.output.channels());
        for_parts(target.values, 2 * elements, |index, pulled| {
            let factors = &primal.saved[index / site.directions * 2 * elements..];
            let halves = pulled
                .chunks_exact_mut(channels)
                .zip(factors.chunks_exact(channels));
            for (i, (to, factors)) in halves.enumerate() {
                let u = &cotangent[index * elements + i / 2 * channels..][..channels];
                for ((to, factor), u) in to.iter_mut().zip(factors).zip(u) {
                    let pulled = *factor * *u;
                    *to = if add { *to + pulled } else { pulled };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: halves exchanged; slope without a; the second half of a row from another row.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for shape in [Shape::rows(5, 6), Shape::vector(22), Shape::image(2, 3, 2)] {
            harness::check(&Case::new(Geglu, &[shape]));
        }
    }

    // a g Phi(g)
    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_formula() {
        let case = Case::new(Geglu, &[Shape::rows(3, 10)]);
        let got = case.forward(2);
        for (row, y) in case.inputs[0].chunks(10).zip(got.chunks(5)) {
            for i in 0..5 {
                let (a, g) = (row[i], row[5 + i]);
                let expected = a * g * 0.5 * (1.0 + libm::erf(g / 2.0_f64.sqrt()));
                assert!((y[i] - expected).abs() < 1e-13 * (1.0 + expected.abs()));
            }
        }
    }

    #[test]
    fn odd_channels_are_refused() {
        assert!(Geglu.shape(&[Shape::rows(2, 5)]).is_err());
    }
}
