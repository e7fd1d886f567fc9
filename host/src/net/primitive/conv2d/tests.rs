//! Against the sum written out.
//!
//! Mutations seen red: remainders or sources of the transpose off, padding before at `RightBottom`, only the first group
//! of samples in the gradient, pieces of the sum overwriting each other, pixels without taps not cleared; in tiles: a sign in
//! the kernel, the input (both passes) and the output transformation, tiles that overwrite where they should add, the
//! first line of an image taken as outside, lines counted from the first sample.

use super::super::harness::{self, Case};
use super::*;

fn all() -> Vec<(Conv2d, Shape)> {
    let mut all = Vec::new();
    for (kernel, stride, padding) in [
        (1, 1, Padding::Symmetric),
        (3, 1, Padding::Symmetric),
        (3, 2, Padding::Symmetric),
        (3, 2, Padding::RightBottom),
        (1, 2, Padding::Symmetric),
    ] {
        for (height, width, inputs, outputs, bias) in [
            (4, 6, 3, 5, true),
            (2, 2, 1, 4, false),
            (5, 4, 60, 2, true),
            (3, 7, 2, 1, true),
        ] {
            let conv = Conv2d {
                inputs,
                outputs,
                kernel,
                stride,
                padding,
                bias,
            };
            all.push((conv, Shape::image(height, width, inputs)));
        }
    }
    // In tiles: blocks of channels whole and in part, several turns of lines, one line of tiles.
    for (height, width, inputs, outputs) in [(4, 6, 32, 40), (2, 2, 70, 33), (12, 28, 32, 32)] {
        all.push((Conv2d::same(inputs, outputs), Shape::image(height, width, inputs)));
    }
    all
}

#[test] // law: net-primitives
fn rules_agree() {
    for (conv, shape) in all() {
        harness::check(&Case::new(conv, &[shape]));
    }
}

// y(o, p) = b(o) + sum over i and taps of W(o, i, tap) x(i, s p + tap - pad)
#[test] // oracle: net-primitives
fn the_forward_rule_is_the_sum_written_out() {
    for (conv, shape) in all() {
        let case = Case::new(conv, &[shape]);
        let [height, width, _] = shape.as_image().unwrap();
        let output = conv.shape(&[shape]).unwrap();
        let [rows, columns, _] = output.as_image().unwrap();
        let (x, weight) = (&case.inputs[0], &case.parameters[0]);
        let got = case.forward(1);
        let pad = usize::from(padding_before(&conv));
        for y in 0..rows {
            for c in 0..columns {
                for o in 0..conv.outputs {
                    let mut sum = if conv.bias { case.parameters[1][o] } else { 0.0 };
                    for i in 0..conv.inputs {
                        for ky in 0..conv.kernel {
                            for kx in 0..conv.kernel {
                                let (sy, sx) = (y * conv.stride + ky, c * conv.stride + kx);
                                if sy < pad || sx < pad || sy - pad >= height || sx - pad >= width {
                                    continue;
                                }
                                let x = x[((sy - pad) * width + sx - pad) * conv.inputs + i];
                                let k = conv.kernel;
                                sum += x * weight[((o * conv.inputs + i) * k + ky) * k + kx];
                            }
                        }
                    }
                    let got = got[(y * columns + c) * conv.outputs + o];
                    assert!(
                        (got - sum).abs() < 1e-12 * (1.0 + sum.abs()),
                        "{conv:?}: {got} {sum}"
                    );
                }
            }
        }
    }
}

fn padding_before(conv: &Conv2d) -> bool {
    conv.kernel == 3 && conv.padding == Padding::Symmetric
}

#[test] // edge: net-primitives
fn what_does_not_fit_is_refused() {
    let conv = Conv2d::same(3, 4);
    assert!(conv.shape(&[Shape::image(4, 4, 2)]).is_err());
    assert!(conv.shape(&[Shape::rows(4, 3)]).is_err());
    assert!(
        Conv2d { kernel: 5, ..conv }
            .shape(&[Shape::image(9, 9, 3)])
            .is_err()
    );
    let small = Conv2d {
        stride: 2,
        padding: Padding::RightBottom,
        ..conv
    };
    assert!(small.shape(&[Shape::image(1, 4, 3)]).is_err());
}
