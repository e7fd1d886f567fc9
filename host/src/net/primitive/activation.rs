//! Functions of one number, applied to every entry. The slope is saved in the primal pass, so that a tangent costs one
//! multiplication: J v = f'(x) v, and J^T is the same.

use super::{Meaning, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::threads::{for_parts, for_parts_of_two};
use crate::net::element::{Element, sigmoid};
use crate::net::shape::Shape;
use crate::simd::{Task, dispatch};

/// A function of one number, applied to every entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activation {
    /// SiLU, x sigmoid(x).
    Silu,
    /// The larger of x and 0; its slope at 0 is taken as 0.
    Relu,
    /// x Phi(x), with the exact error function.
    Gelu,
    /// The hyperbolic tangent.
    Tanh,
    /// The sigmoid, 1 / (1 + e^-x).
    Sigmoid,
    /// The softplus, ln(1 + e^x).
    Softplus,
}

/// Entries of a thread's turn.
const TURN: usize = 1 << 13;

/// A function and its slope.
pub(crate) trait Curve<T>: Copy + Send + Sync {
    /// f(x) and f'(x).
    fn at(self, x: T) -> (T, T);
}

macro_rules! curves {
    ($($name:ident($x:ident) $body:block)*) => {
        $(
            #[derive(Clone, Copy)]
            pub(crate) struct $name;

            impl<T: Element> Curve<T> for $name {
                #[inline(always)]
                fn at(self, $x: T) -> (T, T) $body
            }
        )*
    };
}

curves! {
    Silu(x) {
        let s = sigmoid(x);
        let y = x * s;
        (y, s * (T::ONE + x * (T::ONE - s)))
    }
    Relu(x) {
        // NaN is not below 0 and passes.
        if x < T::ZERO { (T::ZERO, T::ZERO) } else if x > T::ZERO { (x, T::ONE) } else { (x, T::ZERO) }
    }
    Gelu(x) {
        let below = T::HALF * (T::ONE + Element::error_function(x * T::of(std::f64::consts::FRAC_1_SQRT_2)));
        let density = T::of(0.398_942_280_401_432_7) * Element::exponential(-T::HALF * x * x);
        (x * below, below + x * density)
    }
    Tanh(x) {
        let e = Element::exponential(-T::TWO * Real::abs(x));
        let size = (T::ONE - e) / (T::ONE + e);
        let y = if x < T::ZERO { -size } else { size };
        (y, T::ONE - y * y)
    }
    Sigmoid(x) {
        let s = sigmoid(x);
        (s, s * (T::ONE - s))
    }
    Softplus(x) {
        let larger = if x < T::ZERO { T::ZERO } else { x };
        (larger + Element::exponential(-Real::abs(x)).ln_1p(), sigmoid(x))
    }
}

use gibbs_core::math::Real;

struct Values<'a, T, C>(C, &'a [T], &'a mut [T]);

impl<T: Element, C: Curve<T>> Task for Values<'_, T, C> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for (y, x) in self.2.iter_mut().zip(self.1) {
            *y = self.0.at(*x).0;
        }
    }
}

struct ValuesAndSlopes<'a, T, C>(C, &'a [T], &'a mut [T], &'a mut [T]);

impl<T: Element, C: Curve<T>> Task for ValuesAndSlopes<'_, T, C> {
    type Output = ();
    #[inline(always)]
    fn run(self) {
        for ((y, slope), x) in self.2.iter_mut().zip(self.3.iter_mut()).zip(self.1) {
            (*y, *slope) = self.0.at(*x);
        }
    }
}

fn apply<T: Element, C: Curve<T>>(curve: C, input: &[T], output: &mut [T], slopes: &mut [T]) {
    if slopes.is_empty() {
        for_parts(output, TURN, |index, part| {
            dispatch(Values(curve, &input[index * TURN..], part));
        });
    } else {
        for_parts_of_two((output, TURN), (slopes, TURN), |index, part, slopes| {
            dispatch(ValuesAndSlopes(curve, &input[index * TURN..], part, slopes));
        });
    }
}

/// Writes or adds `factor` x `from`: the factor of one sample serves its `directions`.
pub(crate) fn scaled<T: Element>(
    factors: &[T],
    each: usize,
    directions: usize,
    from: &[T],
    target: &mut Target<'_, T>,
) {
    let add = target.add;
    let each = each.max(1);
    for_parts(target.values, each, |index, part| {
        let factors = &factors[index / directions.max(1) * each..];
        let from = &from[index * each..];
        let entries = part.iter_mut().zip(factors).zip(from);
        if add {
            for ((to, factor), from) in entries {
                *to += *factor * *from;
            }
        } else {
            for ((to, factor), from) in entries {
                *to = *factor * *from;
            }
        }
    });
}

impl Meaning for Activation {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        single(inputs)
    }

    fn saved(&self, shapes: &Shapes) -> usize {
        shapes.output.elements()
    }
}

impl<T: Element> Rules<T> for Activation {
    fn forward(&self, _: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]) {
        match self {
            Self::Silu => apply(Silu, inputs[0], output, saved),
            Self::Relu => apply(Relu, inputs[0], output, saved),
            Self::Gelu => apply(Gelu, inputs[0], output, saved),
            Self::Tanh => apply(Tanh, inputs[0], output, saved),
            Self::Sigmoid => apply(Sigmoid, inputs[0], output, saved),
            Self::Softplus => apply(Softplus, inputs[0], output, saved),
        }
    }

    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let Some(tangents) = tangents[0] else { return };
        let mut target = Target {
            values: output,
            add: false,
        };
        let each = site.shapes.output.elements();
        scaled(primal.saved, each, site.directions, tangents, &mut target);
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let Some(target) = &mut inputs[0] else { return };
        let each = site.shapes.output.elements();
        scaled(primal.saved, each, site.directions, cotangent, target);
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: the slope of SiLU, the slopes of the first sample for all.

    use super::super::harness::{self, Case};
    use super::*;

    const ALL: [Activation; 6] = [
        Activation::Silu,
        Activation::Relu,
        Activation::Gelu,
        Activation::Tanh,
        Activation::Sigmoid,
        Activation::Softplus,
    ];

    #[test] // law: net-primitives
    fn rules_agree() {
        for activation in ALL {
            harness::check(&Case::new(activation, &[Shape::rows(3, 11)]));
        }
    }

    // values at 1 and -2, to ten digits (closed forms)
    #[test] // oracle: net-primitives
    fn values_are_those_of_the_formulas() {
        let at = |activation: Activation| {
            let (input, mut output) = ([1.0_f64, -2.0], [0.0; 2]);
            let shape = Shape::vector(2);
            let shapes = Shapes {
                inputs: vec![shape],
                output: shape,
            };
            let site = Site {
                shapes: &shapes,
                packed: &[],
                transposed: &[],
                batch: 1,
                directions: 1,
            };
            activation.forward(site, &[&input], &mut output, &mut []);
            output
        };
        let expected = [
            [0.731_058_578_6, -0.238_405_844_0],
            [1.0, 0.0],
            [0.841_344_746_1, -0.045_500_263_9],
            [0.761_594_156_0, -0.964_027_580_1],
            [0.731_058_578_6, 0.119_202_922_0],
            [1.313_261_687_5, 0.126_928_011_0],
        ];
        for (activation, expected) in ALL.into_iter().zip(expected) {
            for (got, expected) in at(activation).into_iter().zip(expected) {
                assert!((got - expected).abs() < 1e-10, "{activation:?}: {got}");
            }
        }
    }
}
