//! y = x W^T + b on every row. Parameters: `weight` [outputs, inputs], `bias` [outputs].
//!
//! J v = v W^T; J^T u = u W; dL/dW = sum over rows of u^T x, dL/db = sum of u. (Standard.)

use super::{Meaning, Needs, Packed, Primal, Rules, Shapes, Site, Target, single};
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::cpu::threads::{for_parts, rows_of_a_turn};
use crate::net::element::Element;
use crate::net::shape::Shape;

/// A linear map of the channels, with a bias or without.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Linear {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Whether a bias is added to the outputs.
    pub bias: bool,
}

impl Meaning for Linear {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        if shape.channels() != self.inputs {
            return Err(format!("input {shape}, expected {} channels", self.inputs));
        }
        Ok(shape.with_channels(self.outputs))
    }

    fn parameters(&self, _: &[Shape]) -> Vec<(&'static str, Vec<usize>)> {
        let mut all = vec![("weight", vec![self.outputs, self.inputs])];
        if self.bias {
            all.push(("bias", vec![self.outputs]));
        }
        all
    }

    fn needs(&self) -> Needs {
        Needs {
            inputs_for_gradient: true,
            ..Needs::default()
        }
    }
}

/// Rows of `inputs` numbers times a matrix of `outputs` columns, a turn of rows at a time.
pub(crate) fn rows_times<T: Element>(
    rows: &[T],
    (inputs, outputs): (usize, usize),
    matrix: &[T],
    bias: Option<&[T]>,
    (product, add): (&mut [T], bool),
) {
    let turn = rows_of_a_turn(product.len() / outputs.max(1));
    for_parts(product, turn * outputs, |index, product| {
        let count = product.len() / outputs;
        let rows = &rows[index * turn * inputs..][..count * inputs];
        if let Some(bias) = bias {
            for row in product.chunks_exact_mut(outputs) {
                row.copy_from_slice(bias);
            }
        }
        let into = if add || bias.is_some() {
            Into::Add
        } else {
            Into::Set
        };
        multiply(
            [count, inputs, outputs],
            Matrix::rows_of(rows, inputs),
            Matrix::rows_of(matrix, outputs),
            (product, outputs),
            into,
        );
    });
}

/// Adds the sum of rows of `sums.len()` numbers.
pub(crate) fn add_rows<T: Element>(rows: &[T], sums: &mut [T]) {
    for row in rows.chunks_exact(sums.len().max(1)) {
        for (sum, x) in sums.iter_mut().zip(row) {
            *sum += *x;
        }
    }
}

impl<T: Element> Rules<T> for Linear {
    /// The transposed weight, the weight, the bias.
    fn prepare(&self, _: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let weight = parameters[0];
        let mut transposed = vec![T::ZERO; weight.len()];
        for (o, row) in weight.chunks_exact(self.inputs).enumerate() {
            for (i, w) in row.iter().enumerate() {
                transposed[i * self.outputs + o] = *w;
            }
        }
        let bias = parameters.get(1).map_or(Vec::new(), |bias| bias.to_vec());
        vec![transposed, bias]
    }

    fn prepare_transposed(&self, _: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        vec![parameters[0].to_vec()]
    }

    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        let [transposed, bias] = site.packed else {
            return;
        };
        let bias = self.bias.then_some(bias.as_slice());
        rows_times(
            inputs[0],
            (self.inputs, self.outputs),
            transposed,
            bias,
            (output, false),
        );
    }

    fn jvp(&self, site: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let (Some(tangents), [transposed, ..]) = (tangents[0], site.packed) else {
            return;
        };
        rows_times(
            tangents,
            (self.inputs, self.outputs),
            transposed,
            None,
            (output, false),
        );
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        _: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let (Some(target), [weight]) = (&mut inputs[0], site.transposed) else {
            return;
        };
        let sizes = (self.outputs, self.inputs);
        rows_times(cotangent, sizes, weight, None, (target.values, target.add));
    }

    fn gradient(&self, _: Site<'_, T>, primal: Primal<'_, T>, cotangent: &[T], gradients: &mut [&mut [T]]) {
        let rows = cotangent.len() / self.outputs.max(1);
        let turn = rows_of_a_turn(self.outputs);
        let [weight, bias @ ..] = gradients else { return };
        for_parts(weight, turn * self.inputs, |index, part| {
            let count = part.len() / self.inputs;
            multiply(
                [count, rows, self.inputs],
                Matrix::strided(&cotangent[index * turn..], self.outputs).transposed(),
                Matrix::rows_of(primal.inputs[0], self.inputs),
                (part, self.inputs),
                Into::Add,
            );
        });
        if let [bias] = bias {
            add_rows(cotangent, bias);
        }
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: a factor in the packed weight.

    use super::super::harness::{self, Case};
    use super::*;

    // y = b + sum over i of W_oi x_i
    #[test] // oracle: net-primitives
    fn the_forward_rule_is_the_sum_written_out() {
        let (rows, inputs, outputs) = (3, 5, 4);
        let linear = Linear {
            inputs,
            outputs,
            bias: true,
        };
        let case = Case::new(linear, &[Shape::rows(rows, inputs)]);
        for (place, got) in case.forward(2).into_iter().enumerate() {
            let (row, o) = (place / outputs, place % outputs);
            let x = &case.inputs[0][row * inputs..][..inputs];
            let w = &case.parameters[0][o * inputs..][..inputs];
            let sum: f64 = case.parameters[1][o] + x.iter().zip(w).map(|(x, w)| x * w).sum::<f64>();
            assert!((got - sum).abs() < 1e-13 * (1.0 + sum.abs()), "{got} {sum}");
        }
    }

    #[test] // law: net-primitives
    fn rules_agree() {
        for (rows, inputs, outputs, bias) in [
            (1, 3, 2, true),
            (5, 7, 4, false),
            (3, 700, 1, true),
            (40, 1, 33, true),
            // Turns of more and of fewer than 64 rows, sums of more than one piece.
            (100, 700, 33, false),
            (100, 700, 1, true),
        ] {
            let linear = Linear {
                inputs,
                outputs,
                bias,
            };
            harness::check(&Case::new(linear, &[Shape::rows(rows, inputs)]));
        }
    }
}
