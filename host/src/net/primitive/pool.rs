//! Means over pixels: of squares of an image, and of all rows. Linear; the transposes spread a number evenly over what
//! was averaged.

use super::linear_map::LinearMap;
use super::upsample::{repeat, sum_squares};
use super::{Meaning, Shapes, Target, single};
use crate::net::cpu::sums::add_sum_of_rows;
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;

/// The mean of each square of an image; squares side by side.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AveragePool {
    /// The side m of the square of pixels.
    pub factor: usize,
}

/// The mean over all rows (pixels, tokens, nodes): `[rows, C]` gives `[C]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeanRows;

impl Meaning for AveragePool {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        let Some([height, width, channels]) = shape.as_image() else {
            return Err(format!("input {shape}, expected [height, width, channels]"));
        };
        let m = self.factor;
        if m == 0 || !height.is_multiple_of(m) || !width.is_multiple_of(m) {
            return Err(format!("input {shape}, expected sides that are multiples of {m}"));
        }
        Ok(Shape::image(height / m, width / m, channels))
    }
}

impl Meaning for MeanRows {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.row_count() == 0 {
            return Err(format!("input {shape} has no rows"));
        }
        Ok(Shape::vector(shape.channels()))
    }
}

impl AveragePool {
    /// 1 / m².
    fn weight<T: Element>(self) -> T {
        T::ONE / T::of_count(self.factor * self.factor)
    }
}

impl LinearMap for AveragePool {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let mut target = Target {
            values: to,
            add: false,
        };
        sum_squares(shapes.output, self.factor, self.weight(), from, &mut target);
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        repeat(shapes.output, self.factor, self.weight(), from, target);
    }
}

impl LinearMap for MeanRows {
    fn apply<T: Element>(&self, shapes: &Shapes, from: &[T], to: &mut [T]) {
        let input = shapes.inputs[0];
        for_parts(to, input.channels(), |sample, means| {
            means.fill(T::ZERO);
            add_sum_of_rows(&from[sample * input.elements()..][..input.elements()], means);
            for mean in means {
                *mean /= T::of_count(input.row_count());
            }
        });
    }

    fn transpose<T: Element>(&self, shapes: &Shapes, from: &[T], target: &mut Target<'_, T>) {
        let input = shapes.inputs[0];
        let weight = T::ONE / T::of_count(input.row_count());
        let add = target.add;
        for_parts(target.values, input.elements(), |sample, rows| {
            let from = &from[sample * input.channels()..][..input.channels()];
            for row in rows.chunks_exact_mut(input.channels()) {
                for (to, u) in row.iter_mut().zip(from) {
                    let part = weight * *u;
                    *to = if add { *to + part } else { part };
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: weight 1/m; transpose of the mean undivided.
    use super::super::harness::{self, Case};
    use super::*;

    #[test] // law: net-primitives
    fn rules_agree() {
        for (shape, factor) in [(Shape::image(4, 6, 3), 2), (Shape::image(3, 3, 1), 3)] {
            harness::check(&Case::new(AveragePool { factor }, &[shape]));
        }
        for shape in [Shape::rows(40, 3), Shape::image(2, 3, 4), Shape::vector(5)] {
            harness::check(&Case::new(MeanRows, &[shape]));
        }
    }

    #[test] // oracle: net-primitives
    fn the_forward_rules_are_means() {
        let [height, width, channels, m] = [4, 6, 3, 2];
        let shape = Shape::image(height, width, channels);
        let case = Case::new(AveragePool { factor: m }, &[shape]);
        let got = case.forward(2);
        let rows = Case::new(MeanRows, &[shape]);
        let means = rows.forward(2);
        for sample in 0..2 {
            let at = |y: usize, x: usize, c: usize| {
                case.inputs[0][((sample * height + y) * width + x) * channels + c]
            };
            for c in 0..channels {
                let mut whole = 0.0;
                for y in 0..height / m {
                    for x in 0..width / m {
                        let block = [(0, 0), (0, 1), (1, 0), (1, 1)];
                        let sum: f64 = block.iter().map(|(i, j)| at(y * m + i, x * m + j, c)).sum();
                        whole += sum;
                        let got = got[((sample * height / m + y) * (width / m) + x) * channels + c];
                        assert!((got - sum / 4.0).abs() < 1e-14);
                    }
                }
                let got = means[sample * channels + c];
                assert!((got - whole / (height * width) as f64).abs() < 1e-14);
            }
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert!(AveragePool { factor: 2 }.shape(&[Shape::image(4, 5, 1)]).is_err());
        assert!(AveragePool { factor: 0 }.shape(&[Shape::image(4, 4, 1)]).is_err());
        assert!(AveragePool { factor: 2 }.shape(&[Shape::rows(4, 4)]).is_err());
        assert!(MeanRows.shape(&[Shape::rows(0, 4)]).is_err());
    }
}
