//! Nearest-neighbour enlargement of images: pixel (y, x) is the source's (y / m, x / m), rounded down.
//!
//! Linear; transpose: the sum of each m x m block.

use super::linear_map::LinearMap;
use super::{Meaning, Shapes, Target, single};
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// Every pixel repeated as a square.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Upsample {
    /// The side m of the square of pixels.
    pub factor: usize,
}

impl Meaning for Upsample {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        match shape.as_image() {
            None => Err(format!("input {shape}, expected [height, width, channels]")),
            Some(_) if self.factor == 0 => Err("a factor of 0".to_owned()),
            Some([height, width, channels]) => {
                Ok(Shape::image(height * self.factor, width * self.factor, channels))
            }
        }
    }
}

/// Writes or adds `scale` times the images of shape `small`, each pixel repeated as a square of side `factor`.
pub(super) fn repeat<T: Element>(
    small: Shape,
    factor: usize,
    scale: T,
    from: &[T],
    target: &mut Target<'_, T>,
) {
    let Some([height, width, channels]) = small.as_image() else {
        return;
    };
    let add = target.add;
    for_parts(target.values, width * factor * channels, |line, to| {
        let (sample, y) = (line / (height * factor), line % (height * factor));
        let from = &from[(sample * height + y / factor) * width * channels..][..width * channels];
        let pixels = from.chunks_exact(channels);
        for (block, pixel) in to.chunks_exact_mut(factor * channels).zip(pixels) {
            for to in block.chunks_exact_mut(channels) {
                for (to, x) in to.iter_mut().zip(pixel) {
                    let x = scale * *x;
                    *to = if add { *to + x } else { x };
                }
            }
        }
    });
}

/// Writes or adds `scale` times the sum of each square of side `factor`; what comes out has the shape `small`.
pub(super) fn sum_squares<T: Element>(
    small: Shape,
    factor: usize,
    scale: T,
    from: &[T],
    target: &mut Target<'_, T>,
) {
    let Some([_, width, channels]) = small.as_image() else {
        return;
    };
    let add = target.add;
    let long = width * factor * channels;
    for_parts(target.values, width * channels, |line, to| {
        T::with_scratch(to.len(), |sums| {
            sums.fill(T::ZERO);
            for from in from[line * factor * long..][..factor * long].chunks_exact(long) {
                let blocks = from.chunks_exact(factor * channels);
                for (sums, block) in sums.chunks_exact_mut(channels).zip(blocks) {
                    for pixel in block.chunks_exact(channels) {
                        for (sum, x) in sums.iter_mut().zip(pixel) {
                            *sum += *x;
                        }
                    }
                }
            }
            for (to, sum) in to.iter_mut().zip(sums.iter()) {
                let x = scale * *sum;
                *to = if add { *to + x } else { x };
            }
        });
    });
}

impl LinearMap for Upsample {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let mut target = Target {
            values: to,
            add: false,
        };
        repeat(shapes.inputs[0], self.factor, T::ONE, from, &mut target);
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        sum_squares(shapes.inputs[0], self.factor, T::ONE, from, target);
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: rows tiled rather than repeated; one pixel of each line of a square.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (shape, factor) in [
            (Shape::image(3, 2, 5), 2),
            (Shape::image(1, 4, 1), 3),
            (Shape::image(2, 2, 2), 1),
        ] {
            harness::check(&Case::new(Upsample { factor }, &[shape]));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rule_repeats_pixels() {
        let [height, width, channels, factor] = [3, 2, 5, 2];
        let case = Case::new(Upsample { factor }, &[Shape::image(height, width, channels)]);
        let got = case.forward(2);
        for sample in 0..2 {
            for y in 0..height * factor {
                for x in 0..width * factor {
                    for c in 0..channels {
                        let to = ((sample * height * factor + y) * width * factor + x) * channels + c;
                        let from = ((sample * height + y / factor) * width + x / factor) * channels + c;
                        assert_eq!(got[to], case.inputs[0][from]);
                    }
                }
            }
        }
    }

    #[test]
    fn what_is_no_image_is_refused() {
        assert!(Upsample { factor: 2 }.shape(&[Shape::rows(4, 4)]).is_err());
        assert!(Upsample { factor: 0 }.shape(&[Shape::image(4, 4, 1)]).is_err());
    }
}
