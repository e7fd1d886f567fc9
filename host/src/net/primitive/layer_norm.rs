//! Normalisation of the channels of each row, with a scale and a shift of each channel. Parameters: `weight` [C],
//! `bias` [C]. (Ba, Kiros and Hinton 2016; linearised rules derived.)
//!
//! xh = (x - mean) r, r = 1 / sqrt(variance + eps), the variance divided by C; y = weight xh + bias. With
//! Pi(d) = d - mean(d) - xh mean(d xh), which is symmetric: J v = weight r Pi(v), J^T u = r Pi(weight u);
//! dL/dweight = sum over rows of u xh, dL/dbias = sum of u.

use super::{Meaning, Packed, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::sums::{ChannelSums, dot, sum};
use crate::net::cpu::threads::{for_parts, for_parts_of_two};
use crate::net::element::Element;
use crate::net::shape::Shape;
use crate::simd::{Task, dispatch};

/// Layer normalisation of tokens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LayerNorm {
    /// Channels of the input.
    pub channels: usize,
    /// The number eps that is added to the variance.
    pub epsilon: f64,
}

impl Meaning for LayerNorm {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.channels() != self.channels {
            return Err(format!("input {shape}, expected {} channels", self.channels));
        }
        Ok(shape)
    }

    fn parameters(&self, _: &[Shape]) -> Vec<(&'static str, Vec<usize>)> {
        vec![("weight", vec![self.channels]), ("bias", vec![self.channels])]
    }

    /// xh, then r of each row.
    fn saved(&self, shapes: &Shapes) -> usize {
        shapes.output.elements() + shapes.output.row_count()
    }
}

/// The primal pass over the rows of one sample.
struct Normalise<'a, T> {
    input: &'a [T],
    weight: &'a [T],
    bias: &'a [T],
    epsilon: T,
    output: &'a mut [T],
    /// May be empty.
    normalised: &'a mut [T],
    /// May be empty.
    inverse: &'a mut [T],
}

impl<T: Element> Task for Normalise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.weight.len().max(1);
        let count = T::of_count(channels);
        let rows = self.input.chunks_exact(channels);
        for (i, (x, y)) in rows.zip(self.output.chunks_exact_mut(channels)).enumerate() {
            // The mean first, then the squares of what is left: no cancellation.
            let mean = sum(x) / count;
            for (y, x) in y.iter_mut().zip(x) {
                *y = *x - mean;
            }
            let inverse = T::ONE / (dot(y, y) / count + self.epsilon).sqrt();
            for y in y.iter_mut() {
                *y *= inverse;
            }
            if let Some(normalised) = self.normalised.get_mut(i * channels..(i + 1) * channels) {
                normalised.copy_from_slice(y);
            }
            if let Some(kept) = self.inverse.get_mut(i) {
                *kept = inverse;
            }
            for ((y, weight), bias) in y.iter_mut().zip(self.weight).zip(self.bias) {
                *y = *weight * *y + *bias;
            }
        }
    }
}

/// output = or += after x r Pi(before x values), row by row; `before` and `after` are factors of the channels.
struct Project<'a, T> {
    values: &'a [T],
    before: &'a [T],
    after: &'a [T],
    normalised: &'a [T],
    inverse: &'a [T],
    /// One row.
    weighed: &'a mut [T],
    output: &'a mut [T],
    add: bool,
}

impl<T: Element> Task for Project<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.weighed.len().max(1);
        let count = T::of_count(channels);
        let rows = self.values.chunks_exact(channels).zip(self.inverse);
        let rows = rows.zip(self.normalised.chunks_exact(channels));
        for (((v, inverse), xh), out) in rows.zip(self.output.chunks_exact_mut(channels)) {
            for ((weighed, v), before) in self.weighed.iter_mut().zip(v).zip(self.before) {
                *weighed = *before * *v;
            }
            let first = sum(self.weighed) / count;
            let second = dot(self.weighed, xh) / count;
            let entries = out.iter_mut().zip(self.weighed.iter()).zip(xh).zip(self.after);
            if self.add {
                for (((out, v), xh), after) in entries {
                    *out += *after * (*inverse * (*v - first - *xh * second));
                }
            } else {
                for (((out, v), xh), after) in entries {
                    *out = *after * (*inverse * (*v - first - *xh * second));
                }
            }
        }
    }
}

impl LayerNorm {
    fn saved_of<'a, T>(&self, saved: &'a [T], sample: usize, shapes: &Shapes) -> (&'a [T], &'a [T]) {
        let each = self.saved(shapes);
        saved[sample * each..][..each].split_at(shapes.output.elements())
    }

    /// The linearised rules: factors before Pi and after it.
    fn project<T: Element>(
        &self,
        site: Site<'_, T>,
        saved: &[T],
        values: &[T],
        [before, after]: [&[T]; 2],
        target: &mut Target<'_, T>,
    ) {
        let add = target.add;
        let elements = site.shapes.output.elements();
        for_parts(target.values, elements, |index, output| {
            let (normalised, inverse) = self.saved_of(saved, index / site.directions, site.shapes);
            T::with_scratch(self.channels, |weighed| {
                dispatch(Project {
                    values: &values[index * elements..][..elements],
                    before,
                    after,
                    normalised,
                    inverse,
                    weighed,
                    output,
                    add,
                });
            });
        });
    }
}

impl<T: Element> Rules<T> for LayerNorm {
    /// The weight, the bias, and ones.
    fn prepare(&self, _: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let mut packed: Packed<T> = parameters.iter().map(|parameter| parameter.to_vec()).collect();
        packed.push(vec![T::ONE; self.channels]);
        packed
    }

    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        let [weight, bias, _] = site.packed else { return };
        let elements = site.shapes.output.elements();
        let sample = |index: usize, output: &mut [T], saved: &mut [T]| {
            let (normalised, inverse) = saved.split_at_mut(elements.min(saved.len()));
            dispatch(Normalise {
                input: &inputs[0][index * elements..][..elements],
                weight,
                bias,
                epsilon: T::of(self.epsilon),
                output,
                normalised,
                inverse,
            });
        };
        if saved.is_empty() {
            for_parts(output, elements, |index, output| sample(index, output, &mut []));
        } else {
            for_parts_of_two((output, elements), (saved, self.saved(site.shapes)), sample);
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let (Some(tangents), [weight, _, ones]) = (tangents[0], site.packed) else {
            return;
        };
        let mut target = Target {
            values: output,
            add: false,
        };
        self.project(site, primal.saved, tangents, [ones, weight], &mut target);
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let (Some(target), [weight, _, ones]) = (&mut inputs[0], site.packed) else {
            return;
        };
        self.project(site, primal.saved, cotangent, [weight, ones], target);
    }

    fn gradient(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        gradients: &mut [&mut [T]],
    ) {
        let elements = site.shapes.output.elements();
        let [weight, bias] = gradients else { return };
        T::with_scratch(4 * self.channels, |scratch| {
            let (sums, block) = scratch.split_at_mut(2 * self.channels);
            let (first, second) = sums.split_at_mut(self.channels);
            for (sample, cotangent) in cotangent.chunks_exact(elements.max(1)).enumerate() {
                dispatch(ChannelSums {
                    values: cotangent,
                    others: self.saved_of(primal.saved, sample, site.shapes).0,
                    first,
                    second,
                    block,
                });
                for (gradient, sum) in bias.iter_mut().zip(first.iter()) {
                    *gradient += *sum;
                }
                for (gradient, sum) in weight.iter_mut().zip(second.iter()) {
                    *gradient += *sum;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: projection without the mean, adding; projection without xh mean(d xh); epsilon
    // left out; weight on the wrong side of Pi in the transpose; gradient from the first sample alone.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for shape in [
            Shape::rows(5, 6),
            Shape::image(2, 3, 37),
            Shape::vector(8),
            Shape::rows(70, 3),
        ] {
            let norm = LayerNorm {
                channels: shape.channels(),
                epsilon: 1e-5,
            };
            harness::check(&Case::new(norm, &[shape]));
        }
    }

    // y = weight (x - mean) / sqrt(mean of (x - mean)² + eps) + bias
    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_formula() {
        let norm = LayerNorm {
            channels: 19,
            epsilon: 0.3,
        };
        let case = Case::new(norm, &[Shape::rows(4, 19)]);
        let got = case.forward(2);
        for (x, y) in case.inputs[0].chunks(19).zip(got.chunks(19)) {
            let mean = x.iter().sum::<f64>() / 19.0;
            let variance = x.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / 19.0;
            for (i, y) in y.iter().enumerate() {
                let expected =
                    case.parameters[0][i] * (x[i] - mean) / (variance + 0.3).sqrt() + case.parameters[1][i];
                assert!((y - expected).abs() < 1e-12 * (1.0 + expected.abs()));
            }
        }
    }

    #[test]
    fn other_channels_are_refused() {
        let norm = LayerNorm {
            channels: 6,
            epsilon: 1e-5,
        };
        assert!(norm.shape(&[Shape::rows(2, 5)]).is_err());
    }
}
