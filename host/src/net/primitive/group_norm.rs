//! Normalisation over groups of channels and all rows, with a scale and a shift of each channel, and on request SiLU
//! of the result. Parameters: `weight` [C], `bias` [C]. (Wu and He 2018; linearised rules derived.)
//!
//! xh = (x - mean) r, r = 1 / sqrt(variance + eps), the variance divided by the number n of entries of the group;
//! y = weight xh + bias; z = y or SiLU(y). With s' the slope of SiLU at y (or 1) and
//! Pi(d) = d - mean(d) - xh mean(d xh), which is symmetric: J v = s' weight r Pi(v), J^T u = r Pi(s' weight u);
//! dL/dweight = sum of s' u xh, dL/dbias = sum of s' u.

use super::activation::{Curve, Silu};
use super::{Meaning, Packed, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::sums::{BLOCK, ChannelSums};
use crate::net::cpu::threads::{for_parts, for_parts_of_two, for_tasks};
use crate::net::element::Element;
use crate::net::shape::Shape;
use crate::simd::{Task, dispatch};

/// Group normalisation; with `channels` groups or one it is instance or layer normalisation of images.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GroupNorm {
    /// Channels of the input.
    pub channels: usize,
    /// Groups of equally many channels.
    pub groups: usize,
    /// The number eps that is added to the variance.
    pub epsilon: f64,
    /// Whether SiLU is taken of the result.
    pub silu: bool,
}

impl Meaning for GroupNorm {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.channels() != self.channels {
            return Err(format!("input {shape}, expected {} channels", self.channels));
        }
        if self.groups == 0 || !self.channels.is_multiple_of(self.groups) {
            return Err(format!("{} channels in {} groups", self.channels, self.groups));
        }
        Ok(shape)
    }

    fn parameters(&self, _: &[Shape]) -> Vec<(&'static str, Vec<usize>)> {
        vec![("weight", vec![self.channels]), ("bias", vec![self.channels])]
    }

    /// xh, the slopes of SiLU if there is one, r of each channel.
    fn saved(&self, shapes: &Shapes) -> usize {
        let elements = shapes.output.elements();
        elements + if self.silu { elements } else { 0 } + self.channels
    }
}

/// xh, slopes and z of one sample, for given means and inverse deviations of its channels.
struct Normalise<'a, T> {
    input: &'a [T],
    mean: &'a [T],
    inverse: &'a [T],
    weight: &'a [T],
    bias: &'a [T],
    output: &'a mut [T],
    normalised: &'a mut [T],
    slopes: &'a mut [T],
    silu: bool,
}

impl<T: Element> Task for Normalise<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.mean.len().max(1);
        let rows = self.input.chunks_exact(channels);
        for (i, (x, z)) in rows.zip(self.output.chunks_exact_mut(channels)).enumerate() {
            let constants = self.mean.iter().zip(self.inverse).zip(self.weight).zip(self.bias);
            for ((z, x), (((mean, inverse), weight), bias)) in z.iter_mut().zip(x).zip(constants) {
                *z = *weight * ((*x - *mean) * *inverse) + *bias;
            }
            let at = i * channels;
            if let Some(normalised) = self.normalised.get_mut(at..at + channels) {
                let constants = self.mean.iter().zip(self.inverse);
                for ((xh, x), (mean, inverse)) in normalised.iter_mut().zip(x).zip(constants) {
                    *xh = (*x - *mean) * *inverse;
                }
            }
            if self.silu {
                if let Some(slopes) = self.slopes.get_mut(at..at + channels) {
                    for (z, slope) in z.iter_mut().zip(slopes) {
                        (*z, *slope) = Silu.at(*z);
                    }
                } else {
                    for z in z.iter_mut() {
                        *z = Silu.at(*z).0;
                    }
                }
            }
        }
    }
}

/// output = or += factor of the channel x slope x (v - first - xh second), the constants being those of the channel.
struct Project<'a, T> {
    values: &'a [T],
    normalised: &'a [T],
    /// Empty for 1.
    slopes: &'a [T],
    factor: &'a [T],
    first: &'a [T],
    second: &'a [T],
    output: &'a mut [T],
    add: bool,
}

impl<T: Element> Task for Project<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.factor.len().max(1);
        let rows = self
            .values
            .chunks_exact(channels)
            .zip(self.normalised.chunks_exact(channels));
        for (i, ((v, xh), out)) in rows.zip(self.output.chunks_exact_mut(channels)).enumerate() {
            let constants = self.factor.iter().zip(self.first).zip(self.second);
            let entries = out.iter_mut().zip(v).zip(xh).zip(constants);
            let at = i * channels;
            if let Some(slopes) = self.slopes.get(at..at + channels) {
                for ((((out, v), xh), ((factor, first), second)), slope) in entries.zip(slopes) {
                    *out = *slope * (*factor * (*v - *first - *xh * *second));
                }
            } else if self.add {
                for (((out, v), xh), ((factor, first), second)) in entries {
                    *out += *factor * (*v - *first - *xh * *second);
                }
            } else {
                for (((out, v), xh), ((factor, first), second)) in entries {
                    *out = *factor * (*v - *first - *xh * *second);
                }
            }
        }
    }
}

/// values x slope (if any) x weight of the channel.
struct Weigh<'a, T> {
    values: &'a [T],
    slopes: &'a [T],
    weight: &'a [T],
    output: &'a mut [T],
}

impl<T: Element> Task for Weigh<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.weight.len().max(1);
        let rows = self.values.chunks_exact(channels);
        for (i, (v, out)) in rows.zip(self.output.chunks_exact_mut(channels)).enumerate() {
            let at = i * channels;
            if let Some(slopes) = self.slopes.get(at..at + channels) {
                for (((out, v), slope), weight) in out.iter_mut().zip(v).zip(slopes).zip(self.weight) {
                    *out = *v * *slope * *weight;
                }
            } else {
                for ((out, v), weight) in out.iter_mut().zip(v).zip(self.weight) {
                    *out = *v * *weight;
                }
            }
        }
    }
}

/// Replaces the sum of each channel by the mean over its group; `each` entries a channel.
fn means_of_groups<T: Element>(sums: &mut [T], groups: usize, each: usize) {
    let size = (sums.len() / groups.max(1)).max(1);
    for group in sums.chunks_mut(size) {
        let mut total = T::ZERO;
        for sum in group.iter() {
            total += *sum;
        }
        group.fill(total / T::of_count(each * size));
    }
}

/// What the primal pass of one sample saved.
struct Saved<'a, T> {
    normalised: &'a [T],
    slopes: &'a [T],
    inverse: &'a [T],
}

impl GroupNorm {
    fn saved_of<'a, T>(&self, saved: &'a [T], sample: usize, shapes: &Shapes) -> Saved<'a, T> {
        let each = self.saved(shapes);
        let elements = shapes.output.elements();
        let (normalised, rest) = saved[sample * each..][..each].split_at(elements);
        let (slopes, inverse) = rest.split_at(rest.len() - self.channels);
        Saved {
            normalised,
            slopes,
            inverse,
        }
    }

    /// Means over the groups of `values` and of `values` x `others`, one entry per channel.
    fn means<T: Element>(&self, values: &[T], others: &[T], means: &mut [T], block: &mut [T]) {
        let each = values.len() / self.channels.max(1);
        let (first, second) = means.split_at_mut(self.channels);
        dispatch(ChannelSums {
            values,
            others,
            first,
            second,
            block,
        });
        means_of_groups(first, self.groups, each);
        means_of_groups(second, self.groups, each);
    }

    fn forward_sample<T: Element>(&self, packed: &[Vec<T>], input: &[T], output: &mut [T], saved: &mut [T]) {
        let channels = self.channels;
        let each = input.len() / channels.max(1);
        let [weight, bias] = packed else { return };
        T::with_scratch(5 * channels, |scratch| {
            let (mean, rest) = scratch.split_at_mut(channels);
            let (inverse, block) = rest.split_at_mut(channels);
            let block = &mut block[..2 * channels];
            // The mean first, then the squares of what is left: no cancellation.
            dispatch(ChannelSums {
                values: input,
                others: input,
                first: mean,
                second: inverse,
                block,
            });
            means_of_groups(mean, self.groups, each);
            dispatch(Squares {
                input,
                mean,
                sums: inverse,
                block,
            });
            means_of_groups(inverse, self.groups, each);
            for inverse in inverse.iter_mut() {
                *inverse = T::ONE / (*inverse + T::of(self.epsilon)).sqrt();
            }
            let (normalised, rest) = if saved.is_empty() {
                saved.split_at_mut(0)
            } else {
                saved.split_at_mut(input.len())
            };
            let (slopes, kept) = rest.split_at_mut(rest.len().saturating_sub(channels));
            kept.copy_from_slice(&inverse[..kept.len()]);
            dispatch(Normalise {
                input,
                mean,
                inverse,
                weight,
                bias,
                output,
                normalised,
                slopes,
                silu: self.silu,
            });
        });
    }
}

/// Sums over rows of (x - mean)^2 for each channel.
struct Squares<'a, T> {
    input: &'a [T],
    mean: &'a [T],
    sums: &'a mut [T],
    block: &'a mut [T],
}

impl<T: Element> Task for Squares<'_, T> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        let channels = self.mean.len().max(1);
        let block = &mut self.block[..channels];
        self.sums.fill(T::ZERO);
        for rows in self.input.chunks(BLOCK * channels) {
            block.fill(T::ZERO);
            for row in rows.chunks_exact(channels) {
                for ((sum, x), mean) in block.iter_mut().zip(row).zip(self.mean) {
                    let d = *x - *mean;
                    *sum += d * d;
                }
            }
            for (sum, part) in self.sums.iter_mut().zip(block.iter()) {
                *sum += *part;
            }
        }
    }
}

impl<T: Element> Rules<T> for GroupNorm {
    fn prepare(&self, _: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        parameters.iter().map(|parameter| parameter.to_vec()).collect()
    }

    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        let elements = site.shapes.output.elements();
        if saved.is_empty() {
            for_parts(output, elements, |sample, output| {
                let input = &inputs[0][sample * elements..][..elements];
                self.forward_sample(site.packed, input, output, &mut []);
            });
        } else {
            let each = self.saved(site.shapes);
            for_parts_of_two((output, elements), (saved, each), |sample, output, saved| {
                let input = &inputs[0][sample * elements..][..elements];
                self.forward_sample(site.packed, input, output, saved);
            });
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let Some(tangents) = tangents[0] else { return };
        let (elements, channels) = (site.shapes.output.elements(), self.channels);
        for_parts(output, elements, |index, output| {
            let saved = self.saved_of(primal.saved, index / site.directions, site.shapes);
            let values = &tangents[index * elements..][..elements];
            T::with_scratch(5 * channels, |scratch| {
                let (means, rest) = scratch.split_at_mut(2 * channels);
                let (factor, block) = rest.split_at_mut(channels);
                self.means(values, saved.normalised, means, block);
                for ((factor, weight), inverse) in factor.iter_mut().zip(&site.packed[0]).zip(saved.inverse) {
                    *factor = *weight * *inverse;
                }
                let (first, second) = means.split_at(channels);
                dispatch(Project {
                    values,
                    normalised: saved.normalised,
                    slopes: saved.slopes,
                    factor,
                    first,
                    second,
                    output,
                    add: false,
                });
            });
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
        let (elements, channels) = (site.shapes.output.elements(), self.channels);
        for_parts(target.values, elements, |index, output| {
            let saved = self.saved_of(primal.saved, index / site.directions, site.shapes);
            T::with_scratch(elements + 4 * channels, |scratch| {
                let (weighed, rest) = scratch.split_at_mut(elements);
                let (means, block) = rest.split_at_mut(2 * channels);
                dispatch(Weigh {
                    values: &cotangent[index * elements..][..elements],
                    slopes: saved.slopes,
                    weight: &site.packed[0],
                    output: weighed,
                });
                self.means(weighed, saved.normalised, means, block);
                let (first, second) = means.split_at(channels);
                dispatch(Project {
                    values: weighed,
                    normalised: saved.normalised,
                    slopes: &[],
                    factor: saved.inverse,
                    first,
                    second,
                    output,
                    add,
                });
            });
        });
    }

    fn gradient(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        gradients: &mut [&mut [T]],
    ) {
        let (elements, channels) = (site.shapes.output.elements(), self.channels);
        let [weight, bias] = gradients else { return };
        let ones = vec![T::ONE; channels];
        T::with_scratch(site.batch * 2 * channels, |sums| {
            let samples: Vec<_> = sums.chunks_exact_mut(2 * channels).enumerate().collect();
            for_tasks(samples, cotangent.len(), |(sample, sums)| {
                let saved = self.saved_of(primal.saved, sample, site.shapes);
                let (first, second) = sums.split_at_mut(channels);
                T::with_scratch(elements + 2 * channels, |scratch| {
                    let (sloped, block) = scratch.split_at_mut(elements);
                    dispatch(Weigh {
                        values: &cotangent[sample * elements..][..elements],
                        slopes: saved.slopes,
                        weight: &ones,
                        output: sloped,
                    });
                    dispatch(ChannelSums {
                        values: sloped,
                        others: saved.normalised,
                        first,
                        second,
                        block,
                    });
                });
            });
            for sums in sums.chunks_exact(2 * channels) {
                let (first, second) = sums.split_at(channels);
                for (gradient, sum) in bias.iter_mut().zip(first).chain(weight.iter_mut().zip(second)) {
                    *gradient += *sum;
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: means over another number, the scale of another factor, what was saved of the first sample.

    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (shape, groups, silu) in [
            (Shape::image(3, 2, 6), 3, false),
            (Shape::image(3, 5, 8), 2, true),
            (Shape::image(9, 9, 4), 4, true),
            (Shape::vector(6), 1, true),
        ] {
            let channels = shape.channels();
            let norm = GroupNorm {
                channels,
                groups,
                epsilon: 1e-5,
                silu,
            };
            harness::check(&Case::new(norm, &[shape]));
        }
    }

    // z = SiLU(weight (x - mean) / sqrt(variance + eps) + bias), mean and variance of the group
    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_formula() {
        let (height, width, channels, groups, epsilon) = (3, 4, 6, 2, 0.1);
        let norm = GroupNorm {
            channels,
            groups,
            epsilon,
            silu: true,
        };
        let case = Case::new(norm, &[Shape::image(height, width, channels)]);
        let (x, got, each) = (&case.inputs[0], case.forward(2), height * width * channels);
        for (place, got) in got.into_iter().enumerate() {
            let (sample, channel) = (place / each, place % channels);
            let of_group =
                |other: &usize| other % channels / (channels / groups) == channel / (channels / groups);
            let group: Vec<f64> = (sample * each..(sample + 1) * each)
                .filter(of_group)
                .map(|i| x[i])
                .collect();
            let n = group.len() as f64;
            let mean = group.iter().sum::<f64>() / n;
            let variance = group.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n;
            let y = case.parameters[0][channel] * (x[place] - mean) / (variance + epsilon).sqrt()
                + case.parameters[1][channel];
            let z = y / (1.0 + (-y).exp());
            assert!((got - z).abs() < 1e-13 * (1.0 + z.abs()), "{got} {z}");
        }
    }

    #[test] // edge: net-primitives
    fn uneven_groups_are_refused() {
        let norm = GroupNorm {
            channels: 6,
            groups: 4,
            epsilon: 1e-5,
            silu: false,
        };
        assert!(norm.shape(&[Shape::image(2, 2, 6)]).is_err());
    }
}
