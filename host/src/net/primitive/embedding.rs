//! Sines and cosines of a time at geometrically spaced frequencies.
//!
//! With half = channels / 2 and w_i = exp(-ln(max_period) i / (half - freq_shift)), i = 0..half-1: the sines of t w_i, then
//! their cosines (or the cosines first). (Vaswani et al. 2017; shift and order as in Ho, Jain and Abbeel 2020 and
//! its successors.) The slopes, w_i cos and -w_i sin, are saved: J v = slope v, J^T u = Σ slope u.
//!
//! Angles are computed in f64: t w_i reaches 1000, where an f32 is good to 3e-5 only.

use super::{Meaning, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::sums::dot;
use crate::net::cpu::threads::for_parts;
use crate::net::element::Element;
use crate::net::shape::Shape;
use gibbs_core::math::Real;

/// The embedding of a time `[1]` as `[channels]`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sinusoidal {
    /// Numbers that come out, even.
    pub channels: usize,
    /// Whether cosines stand before sines.
    pub flip_sin_to_cos: bool,
    /// Taken off the number of frequencies in the exponent: with 1, the last period is `max_period` x 2 pi.
    pub freq_shift: f64,
    /// Ratio of the longest period (in the limit of many channels) to the shortest; 10000 by custom.
    pub max_period: f64,
}

impl Meaning for Sinusoidal {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape != Shape::vector(1) {
            return Err(format!("input {shape}, expected [1]"));
        }
        if self.channels == 0 || !self.channels.is_multiple_of(2) {
            return Err(format!("{} channels, expected an even number", self.channels));
        }
        let span = (self.channels / 2) as f64 - self.freq_shift;
        let period = self.max_period;
        if !(span.is_finite() && span > 0.0 && period.is_finite() && period > 0.0) {
            let shift = self.freq_shift;
            return Err(format!(
                "freq_shift {shift} and max_period {period}, expected a shift below half the channels and a period above 0"
            ));
        }
        Ok(Shape::vector(self.channels))
    }

    /// The slopes.
    fn saved(&self, _: &Shapes) -> usize {
        self.channels
    }
}

impl<T: Element> Rules<T> for Sinusoidal {
    /// The frequencies in f32 would be too coarse: they are computed in place.
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        let half = self.channels / 2;
        let rate = -Real::ln(self.max_period) / (half as f64 - self.freq_shift);
        let mut slopes = saved.chunks_exact_mut(self.channels);
        for (t, output) in inputs[0].iter().zip(output.chunks_exact_mut(self.channels)) {
            let mut slopes = slopes.next();
            let (sines, cosines) = if self.flip_sin_to_cos {
                (half, 0)
            } else {
                (0, half)
            };
            for i in 0..half {
                let frequency = Real::exp(rate * i as f64);
                let angle = t.wide() * frequency;
                let (sine, cosine) = (Real::sin(angle), Real::cos(angle));
                output[sines + i] = T::of(sine);
                output[cosines + i] = T::of(cosine);
                if let Some(slopes) = &mut slopes {
                    slopes[sines + i] = T::of(frequency * cosine);
                    slopes[cosines + i] = T::of(-frequency * sine);
                }
            }
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let Some(tangents) = tangents[0] else { return };
        for_parts(output, self.channels, |index, output| {
            let slopes = &primal.saved[index / site.directions * self.channels..];
            for (to, slope) in output.iter_mut().zip(slopes) {
                *to = *slope * tangents[index];
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
        let Some(Target { values, add }) = &mut inputs[0] else {
            return;
        };
        for (index, (to, u)) in values
            .iter_mut()
            .zip(cotangent.chunks_exact(self.channels))
            .enumerate()
        {
            let slopes = &primal.saved[index / site.directions * self.channels..][..self.channels];
            let pulled = dot(slopes, u);
            *to = if *add { *to + pulled } else { pulled };
        }
    }
}

#[cfg(test)]
mod tests {
    // Mutations seen red: shift ignored; sign of the slope of the cosine; angle in single precision; flip
    // ignored.
    use super::super::harness::{self, Case};
    use super::*;

    fn embedding(flip_sin_to_cos: bool, freq_shift: f64) -> Sinusoidal {
        Sinusoidal {
            channels: 12,
            flip_sin_to_cos,
            freq_shift,
            max_period: 10_000.0,
        }
    }

    #[test] // law: net-primitives
    fn rules_agree() {
        for (flip, shift) in [(false, 1.0), (true, 0.0)] {
            harness::check(&Case::new(embedding(flip, shift), &[Shape::vector(1)]));
            harness::check(
                &Case::new(embedding(flip, shift), &[Shape::vector(1)]).with(0, vec![3.25, 999.0]),
            );
        }
    }

    // sin and cos of t 10000^(-i / (half - shift)), with the platform's functions
    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_formula() {
        for (flip, shift) in [(false, 1.0), (true, 0.0), (false, 0.5)] {
            let case = Case::new(embedding(flip, shift), &[Shape::vector(1)]).with(0, vec![0.5, 731.0]);
            let got = case.forward(2);
            for (t, got) in case.inputs[0].iter().zip(got.chunks(12)) {
                for i in 0..6 {
                    let angle = t * 10_000.0_f64.powf(-(i as f64) / (6.0 - shift));
                    let expected = if flip {
                        [angle.cos(), angle.sin()]
                    } else {
                        [angle.sin(), angle.cos()]
                    };
                    assert!((got[i] - expected[0]).abs() < 1e-12, "{i}");
                    assert!((got[6 + i] - expected[1]).abs() < 1e-12, "{i}");
                }
            }
        }
    }

    fn at<T: Element>(sinusoidal: Sinusoidal, shapes: &Shapes, t: f64) -> Vec<f64> {
        let site = Site {
            shapes,
            packed: &[],
            transposed: &[],
            batch: 1,
            directions: 1,
        };
        let mut output = vec![T::ZERO; 12];
        Rules::<T>::forward(&sinusoidal, site, &[&[T::of(t)]], &mut output, &mut []);
        output.into_iter().map(Real::wide).collect()
    }

    // rounded once from f64: half a unit of the last place of numbers below 1
    #[test] // edge: net-primitives
    fn single_precision_is_exact_at_large_times() {
        let sinusoidal = embedding(false, 1.0);
        let shapes = Shapes {
            inputs: vec![Shape::vector(1)],
            output: Shape::vector(12),
        };
        let (single, double) = (
            at::<f32>(sinusoidal, &shapes, 997.0),
            at::<f64>(sinusoidal, &shapes, 997.0),
        );
        for (single, double) in single.iter().zip(double) {
            assert!((single - double).abs() <= 3.0e-8);
        }
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        let good = embedding(false, 1.0);
        let one = [Shape::vector(1)];
        assert!(good.shape(&one).is_ok());
        assert!(good.shape(&[Shape::vector(2)]).is_err());
        for bad in [
            Sinusoidal { channels: 11, ..good },
            Sinusoidal { channels: 0, ..good },
            Sinusoidal { channels: 2, ..good },
            Sinusoidal {
                freq_shift: f64::NAN,
                ..good
            },
            Sinusoidal {
                max_period: 0.0,
                ..good
            },
        ] {
            assert!(bad.shape(&one).is_err(), "{bad:?}");
        }
    }
}
