//! Losses: one number [1] for each sample, of a prediction and a target of the same shape. The average over a batch is the
//! trainer's. n entries or R rows a sample; entries are z (prediction) and p (target):
//!
//! - mean squared error: mean of (z - p)²; slopes 2 (z - p) / n and the opposite;
//! - cross-entropy: mean over the rows of -Σ p ln softmax(z) = Σ p (L - z), L = ln Σ e^z; slopes
//!   (softmax(z) Σ p - p) / R and (L - z) / R;
//! - binary cross-entropy: mean of ln(1 + e^z) - p z; slopes (sigmoid(z) - p) / n and -z / n.
//!
//! The slopes in the prediction and in the target are saved: J (v, w) = <slope, v> + <slope, w>; J^T u = u slope.
//! (Standard.) Targets need not be normalised, nor lie in [0, 1].

use super::activation::{Curve, Softplus};
use super::arithmetic::equal;
use super::{Meaning, Primal, Rules, Shapes, Site, Target};
use crate::net::cpu::softmax::normalise;
use crate::net::cpu::sums::{dot, sum};
use crate::net::cpu::threads::{for_parts, for_parts_of_two};
use crate::net::element::Element;
use crate::net::shape::Shape;
use crate::simd::{Task, dispatch};

/// Which loss; inputs: prediction, target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// The mean squared error of any entries.
    MeanSquaredError,
    /// The cross-entropy of logits and the distribution over the channels of each row.
    CrossEntropy,
    /// The binary cross-entropy of logits and the probability of each entry.
    BinaryCrossEntropy,
}

impl Meaning for Loss {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = equal(inputs)?;
        if shape.elements() == 0 {
            return Err(format!("input {shape} has no entries"));
        }
        Ok(Shape::vector(1))
    }

    /// The slopes in the prediction, then those in the target.
    fn saved(&self, shapes: &Shapes) -> usize {
        2 * shapes.inputs[0].elements()
    }
}

/// The loss of one sample and its slopes.
struct Sample<'a, T> {
    loss: Loss,
    prediction: &'a [T],
    target: &'a [T],
    /// Length of a row.
    channels: usize,
    /// Slopes in the prediction.
    first: &'a mut [T],
    /// Slopes in the target.
    second: &'a mut [T],
}

impl<T: Element> Task for Sample<'_, T> {
    type Output = T;

    #[inline(always)]
    fn run(self) -> T {
        match self.loss {
            Loss::MeanSquaredError => self.mean_squared_error(),
            Loss::CrossEntropy => self.cross_entropy(),
            Loss::BinaryCrossEntropy => self.binary_cross_entropy(),
        }
    }
}

impl<T: Element> Sample<'_, T> {
    #[inline(always)]
    fn mean_squared_error(self) -> T {
        let weight = T::ONE / T::of_count(self.prediction.len());
        for ((slope, z), p) in self.first.iter_mut().zip(self.prediction).zip(self.target) {
            *slope = *z - *p;
        }
        let value = dot(self.first, self.first) * weight;
        for (first, second) in self.first.iter_mut().zip(self.second) {
            *first = T::TWO * weight * *first;
            *second = -*first;
        }
        value
    }

    #[inline(always)]
    fn cross_entropy(self) -> T {
        let weight = T::of_count(self.channels) / T::of_count(self.prediction.len());
        self.first.copy_from_slice(self.prediction);
        let slopes = self
            .first
            .chunks_exact_mut(self.channels)
            .zip(self.second.chunks_exact_mut(self.channels));
        let rows = self
            .prediction
            .chunks_exact(self.channels)
            .zip(self.target.chunks_exact(self.channels));
        for ((first, second), (z, p)) in slopes.zip(rows) {
            let logarithm = normalise(first);
            let total = sum(p);
            for ((slope, other), (z, p)) in first.iter_mut().zip(second).zip(z.iter().zip(p)) {
                *slope = weight * (*slope * total - *p);
                *other = weight * (logarithm - *z);
            }
        }
        dot(self.target, self.second)
    }

    #[inline(always)]
    fn binary_cross_entropy(self) -> T {
        let weight = T::ONE / T::of_count(self.prediction.len());
        let slopes = self.first.iter_mut().zip(self.second.iter_mut());
        for ((slope, term), (z, p)) in slopes.zip(self.prediction.iter().zip(self.target)) {
            let (softplus, sigmoid) = Softplus.at(*z);
            *slope = weight * (sigmoid - *p);
            *term = softplus - *p * *z;
        }
        let value = sum(self.second) * weight;
        for (slope, z) in self.second.iter_mut().zip(self.prediction) {
            *slope = -weight * *z;
        }
        value
    }
}

impl<T: Element> Rules<T> for Loss {
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        let shape = site.shapes.inputs[0];
        let elements = shape.elements();
        let sample = |index: usize, output: &mut [T], slopes: &mut [T]| {
            let (first, second) = slopes.split_at_mut(elements);
            output[0] = dispatch(Sample {
                loss: *self,
                prediction: &inputs[0][index * elements..][..elements],
                target: &inputs[1][index * elements..][..elements],
                channels: shape.channels(),
                first,
                second,
            });
        };
        if saved.is_empty() {
            for_parts(output, 1, |index, output| {
                T::with_scratch(2 * elements, |slopes| sample(index, output, slopes));
            });
        } else {
            for_parts_of_two((output, 1), (saved, 2 * elements), sample);
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let each = site.shapes.inputs[0].elements();
        for (index, output) in output.iter_mut().enumerate() {
            let slopes = primal.saved[index / site.directions * 2 * each..].chunks_exact(each);
            *output = T::ZERO;
            for (slopes, tangent) in slopes.zip(tangents) {
                if let Some(tangent) = tangent {
                    *output += dot(slopes, &tangent[index * each..][..each]);
                }
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
        let each = site.shapes.inputs[0].elements();
        for (input, target) in inputs.iter_mut().enumerate() {
            let Some(Target { values, add }) = target else {
                continue;
            };
            for_parts(values, each, |index, values| {
                let slopes = &primal.saved[(index / site.directions * 2 + input) * each..];
                for (to, slope) in values.iter_mut().zip(slopes) {
                    let pulled = cotangent[index] * *slope;
                    *to = if *add { *to + pulled } else { pulled };
                }
            });
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: normalised targets assumed; logarithm left out; sign of the slope in the target;
    // sum for mean; slope of the prediction for the target.
    use super::super::harness::{self, Case};
    use super::*;

    const ALL: [Loss; 3] = [
        Loss::MeanSquaredError,
        Loss::CrossEntropy,
        Loss::BinaryCrossEntropy,
    ];

    #[test] // law: net-primitives
    fn rules_agree() {
        for loss in ALL {
            for shape in [Shape::vector(7), Shape::rows(3, 5), Shape::image(2, 3, 1)] {
                harness::check(&Case::new(loss, &[shape; 2]));
                let labels = (0..2 * shape.elements()).map(|i| f64::from(u8::from(i % 3 == 0)));
                harness::check(&Case::new(loss, &[shape; 2]).fixed(1, labels.collect()));
            }
        }
    }

    /// The loss of one row.
    type Formula = fn(&[f64], &[f64]) -> f64;

    #[test] // oracle: net-primitives
    fn the_forward_rules_are_the_formulas() {
        let formulas: [Formula; 3] = [
            |z, p| z.iter().zip(p).map(|(z, p)| (z - p).powi(2)).sum::<f64>() / 5.0,
            |z, p| {
                let total: f64 = z.iter().map(|z| z.exp()).sum();
                z.iter().zip(p).map(|(z, p)| -p * (z.exp() / total).ln()).sum()
            },
            |z, p| {
                let terms = z.iter().zip(p).map(|(z, p)| {
                    let s = 1.0 / (1.0 + (-z).exp());
                    -p * s.ln() - (1.0 - p) * (1.0 - s).ln()
                });
                terms.sum::<f64>() / 5.0
            },
        ];
        for (loss, formula) in ALL.into_iter().zip(formulas) {
            let case = Case::new(loss, &[Shape::rows(3, 5); 2]);
            for (sample, got) in case.forward(2).iter().enumerate() {
                let [z, p] = [0, 1].map(|i| &case.inputs[i][sample * 15..][..15]);
                let rows = z.chunks(5).zip(p.chunks(5));
                let expected = rows.map(|(z, p)| formula(z, p)).sum::<f64>() / 3.0;
                assert!((got - expected).abs() < 1e-13, "{loss:?}: {got} {expected}");
            }
        }
    }

    // closed forms: ln 2 for undecided logits; the size of a wrong logit, 0 for a right one, without overflow
    #[test] // edge: net-primitives
    fn losses_at_the_ends() {
        let shape = Shape::vector(2);
        let at = |loss: Loss, z: [f64; 4], p: [f64; 4]| {
            Case::new(loss, &[shape; 2])
                .with(0, z.to_vec())
                .with(1, p.to_vec())
                .forward(2)
        };
        let got = at(Loss::CrossEntropy, [3.0, 3.0, 1e4, 0.0], [1.0, 0.0, 0.0, 1.0]);
        assert!((got[0] - 2.0_f64.ln()).abs() < 1e-15 && got[1] == 1e4);
        let got = at(
            Loss::BinaryCrossEntropy,
            [0.0, 0.0, -1e4, -1e4],
            [1.0, 0.0, 0.0, 1.0],
        );
        assert!((got[0] - 2.0_f64.ln()).abs() < 1e-15 && got[1] == 5e3);
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        for loss in ALL {
            assert!(loss.shape(&[Shape::vector(3), Shape::vector(4)]).is_err());
            assert!(loss.shape(&[Shape::rows(0, 3); 2]).is_err());
            assert!(loss.shape(&[Shape::vector(3)]).is_err());
        }
    }
}
