//! Convolution of images with kernels of 1x1 or 3x3, stride 1 or 2 (cross-correlation, as the field has it).
//! Parameters: `weight` [outputs, inputs, k, k], `bias` [outputs].
//!
//! y(p) = bias + sum over taps of W_tap x(s p + tap - pad). J v is the same without the bias. J^T u sums over the taps
//! that reach an input pixel q the products W_tap^T u((q + pad - tap) / s), gathered by the remainder of q + pad,
//! so that nothing is scattered. dL/dW_tap = sum over pixels of u(p) x(s p + tap - pad)^T. (Standard.)

mod gather;
mod winograd;

use super::linear::{add_rows, rows_times};
use super::{Meaning, Needs, Packed, Primal, Rules, Shapes, Site, Target, single};
use crate::net::element::Element;
use crate::net::shape::Shape;
use gather::{Family, Frame, correlate, products};
use rayon::prelude::*;

/// Where zeros are added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Padding {
    /// (k - 1) / 2 on every side.
    Symmetric,
    /// k - 2 on the right and at the bottom only, for k = 3: one column and one row.
    RightBottom,
}

/// A convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Conv2d {
    /// Channels that come in.
    pub inputs: usize,
    /// Channels that go out.
    pub outputs: usize,
    /// Side of the kernel: 1 or 3.
    pub kernel: usize,
    /// The stride, 1 or 2.
    pub stride: usize,
    /// Where zeros are added.
    pub padding: Padding,
    /// Whether a bias is added to the outputs.
    pub bias: bool,
}

impl Conv2d {
    /// A 3x3 convolution of stride 1 with a bias that keeps the sides.
    pub fn same(inputs: usize, outputs: usize) -> Self {
        Self {
            inputs,
            outputs,
            kernel: 3,
            stride: 1,
            padding: Padding::Symmetric,
            bias: true,
        }
    }

    /// A 1x1 convolution with a bias.
    pub fn pointwise(inputs: usize, outputs: usize) -> Self {
        Self {
            kernel: 1,
            ..Self::same(inputs, outputs)
        }
    }

    /// Zeros above and to the left.
    fn before(&self) -> usize {
        match self.padding {
            Padding::Symmetric => (self.kernel - 1) / 2,
            Padding::RightBottom => 0,
        }
    }

    /// Zeros above and below together.
    fn around(&self) -> usize {
        match self.padding {
            Padding::Symmetric => self.kernel - 1,
            Padding::RightBottom => self.kernel.saturating_sub(2),
        }
    }

    fn is_pointwise(&self) -> bool {
        self.kernel == 1 && self.stride == 1
    }

    /// Computed in tiles of 2 x 2.
    fn in_tiles(&self, shapes: &Shapes) -> bool {
        let [from, to] = Self::frames(shapes);
        self.kernel == 3 && self.stride == 1 && self.padding == Padding::Symmetric && winograd::pays(from, to)
    }

    fn frames(shapes: &Shapes) -> [Frame; 2] {
        [shapes.inputs[0], shapes.output].map(|shape| {
            let [height, width, channels] = shape.as_image().unwrap_or([0; 3]);
            Frame {
                height,
                width,
                channels,
            }
        })
    }

    fn taps(&self) -> impl Iterator<Item = [usize; 2]> {
        let kernel = self.kernel;
        (0..kernel).flat_map(move |y| (0..kernel).map(move |x| [y, x]))
    }

    /// The family of the convolution itself.
    fn family(&self) -> Family {
        let before = self.before() as isize;
        Family {
            taps: self.taps().map(|tap| tap.map(|k| k as isize - before)).collect(),
            multiply: self.stride,
            start: [0, 0],
            step: 1,
        }
    }

    /// The families of the transpose, each with the taps of the kernel that it uses.
    fn transposed_families(&self) -> Vec<(Family, Vec<[usize; 2]>)> {
        let (stride, before) = (self.stride, self.before());
        let remainders = (0..stride).flat_map(|y| (0..stride).map(move |x| [y, x]));
        remainders
            .map(|start| {
                let reach = |k: usize, axis: usize| {
                    (start[axis] + before + stride - k % stride).is_multiple_of(stride)
                };
                let used: Vec<[usize; 2]> = self
                    .taps()
                    .filter(|[y, x]| reach(*y, 0) && reach(*x, 1))
                    .collect();
                let source = |k: usize, axis: usize| {
                    (start[axis] as isize + before as isize - k as isize) / stride as isize
                };
                let family = Family {
                    taps: used.iter().map(|[y, x]| [source(*y, 0), source(*x, 1)]).collect(),
                    multiply: 1,
                    start,
                    step: stride,
                };
                (family, used)
            })
            .collect()
    }

    /// Entry of the weight in the layout of files.
    fn place(&self, output: usize, input: usize, [y, x]: [usize; 2]) -> usize {
        ((output * self.inputs + input) * self.kernel + y) * self.kernel + x
    }

    /// The nine taps of a pair of channels.
    fn kernel_of<T: Element>(&self, weight: &[T], output: usize, input: usize) -> [T; 9] {
        std::array::from_fn(|k| weight[self.place(output, input, [k / 3, k % 3])])
    }
}

impl Meaning for Conv2d {
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String> {
        let shape = single(inputs)?;
        let Some([height, width, channels]) = shape.as_image() else {
            return Err(format!("input {shape}, expected [height, width, channels]"));
        };
        if channels != self.inputs {
            return Err(format!("input {shape}, expected {} channels", self.inputs));
        }
        if ![1, 3].contains(&self.kernel) || ![1, 2].contains(&self.stride) {
            let (kernel, stride) = (self.kernel, self.stride);
            return Err(format!(
                "kernel {kernel} with stride {stride}, expected kernel 1 or 3, stride 1 or 2"
            ));
        }
        let side = |side: usize| {
            (side + self.around())
                .checked_sub(self.kernel)
                .map(|rest| rest / self.stride + 1)
        };
        match (side(height), side(width)) {
            (Some(height), Some(width)) => Ok(Shape::image(height, width, self.outputs)),
            _ => Err(format!("input {shape} is smaller than the kernel")),
        }
    }

    fn parameters(&self, _: &[Shape]) -> Vec<(&'static str, Vec<usize>)> {
        let weight = vec![self.outputs, self.inputs, self.kernel, self.kernel];
        let mut all = vec![("weight", weight)];
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

impl<T: Element> Rules<T> for Conv2d {
    /// The bias, and the matrix of the convolution or, for tiles, its transformed kernels.
    fn prepare(&self, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let weight = parameters[0];
        let bias = parameters.get(1).map_or(Vec::new(), |bias| bias.to_vec());
        if self.in_tiles(shapes) {
            let taps = |input: usize, output: usize| self.kernel_of(weight, output, input);
            return vec![bias, winograd::transform_kernel(self.inputs, self.outputs, taps)];
        }
        let mut matrix = Vec::with_capacity(weight.len());
        for tap in self.taps() {
            for input in 0..self.inputs {
                matrix.extend((0..self.outputs).map(|output| weight[self.place(output, input, tap)]));
            }
        }
        vec![bias, matrix]
    }

    /// The matrices of the families of the transpose or, for tiles, its transformed kernels.
    fn prepare_transposed(&self, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let weight = parameters[0];
        if self.in_tiles(shapes) {
            let turned = |output: usize, input: usize| {
                let mut taps = self.kernel_of(weight, output, input);
                taps.reverse();
                taps
            };
            return vec![winograd::transform_kernel(self.outputs, self.inputs, turned)];
        }
        let families = self.transposed_families();
        let matrix = |used: &Vec<[usize; 2]>| {
            let mut matrix = Vec::with_capacity(used.len() * self.inputs * self.outputs);
            for tap in used {
                for output in 0..self.outputs {
                    matrix.extend((0..self.inputs).map(|input| weight[self.place(output, input, *tap)]));
                }
            }
            matrix
        };
        families.iter().map(|(_, used)| matrix(used)).collect()
    }

    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], _: &mut [T]) {
        let [bias, matrix] = site.packed else { return };
        let bias = self.bias.then_some(bias.as_slice());
        self.apply(site.shapes, matrix, inputs[0], bias, output);
    }

    fn jvp(&self, site: Site<'_, T>, _: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]) {
        let (Some(tangents), [_, matrix]) = (tangents[0], site.packed) else {
            return;
        };
        self.apply(site.shapes, matrix, tangents, None, output);
    }

    fn vjp(
        &self,
        site: Site<'_, T>,
        _: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    ) {
        let (Some(target), matrices) = (&mut inputs[0], site.transposed) else {
            return;
        };
        if let ([matrix], true) = (matrices, self.is_pointwise()) {
            let sizes = (self.outputs, self.inputs);
            return rows_times(cotangent, sizes, matrix, None, (target.values, target.add));
        }
        let [from, to] = Self::frames(site.shapes);
        if let ([kernel], true) = (matrices, self.in_tiles(site.shapes)) {
            return winograd::convolve(kernel, (cotangent, to), (target.values, from), None, target.add);
        }
        let families = self.transposed_families();
        let families: Vec<(&Family, &[T])> = families
            .iter()
            .zip(matrices)
            .map(|((family, _), matrix)| (family, matrix.as_slice()))
            .collect();
        products(
            &families,
            (cotangent, to),
            (target.values, from),
            None,
            target.add,
        );
    }

    /// In groups of samples and of taps, whose sums are added in order.
    fn gradient(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        gradients: &mut [&mut [T]],
    ) {
        const GROUPS: usize = 8;
        let [weight, bias @ ..] = gradients else { return };
        if let [bias] = bias {
            add_rows(cotangent, bias);
        }
        let [from, to] = Self::frames(site.shapes);
        let family = self.family();
        let taps_at_once = if site.batch >= GROUPS {
            family.taps.len()
        } else {
            1
        };
        let samples = site.batch.div_ceil(GROUPS).max(1);
        let tap = self.inputs * self.outputs;
        let whole = family.taps.len() * tap;
        T::with_scratch(site.batch.div_ceil(samples) * whole, |sums| {
            sums.fill(T::ZERO);
            let parts: Vec<(usize, usize, &mut [T])> = sums
                .chunks_exact_mut(whole.max(1))
                .enumerate()
                .flat_map(|(group, sums)| {
                    let parts = sums.chunks_mut((taps_at_once * tap).max(1)).enumerate();
                    parts.map(move |(part, sums)| (group, part, sums))
                })
                .collect();
            parts.into_par_iter().for_each(|(group, part, sums)| {
                let taps = &family.taps[part * taps_at_once..][..sums.len() / tap];
                let range = group * samples..((group + 1) * samples).min(site.batch);
                correlate(
                    &family,
                    taps,
                    (primal.inputs[0], from),
                    (cotangent, to),
                    range,
                    sums,
                );
            });
            for sums in sums.chunks_exact(whole.max(1)) {
                for (part, sums) in sums.chunks((taps_at_once * tap).max(1)).enumerate() {
                    let taps = sums.len() / tap;
                    for (output, row) in sums.chunks_exact(taps * self.inputs).enumerate() {
                        for (k, row) in row.chunks_exact(self.inputs).enumerate() {
                            let k = part * taps_at_once + k;
                            for (input, sum) in row.iter().enumerate() {
                                weight[self.place(output, input, [k / self.kernel, k % self.kernel])] += *sum;
                            }
                        }
                    }
                }
            }
        });
    }
}

impl Conv2d {
    fn apply<T: Element>(
        &self,
        shapes: &Shapes,
        matrix: &[T],
        input: &[T],
        bias: Option<&[T]>,
        output: &mut [T],
    ) {
        if self.is_pointwise() {
            return rows_times(input, (self.inputs, self.outputs), matrix, bias, (output, false));
        }
        let [from, to] = Self::frames(shapes);
        if self.in_tiles(shapes) {
            return winograd::convolve(matrix, (input, from), (output, to), bias, false);
        }
        products(
            &[(&self.family(), matrix)],
            (input, from),
            (output, to),
            bias,
            false,
        );
    }
}

#[cfg(test)]
mod tests;
