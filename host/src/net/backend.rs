//! Where nets run. A backend holds buffers, prepares parameters, and applies the four rules of a primitive, one call (on
//! a device: one launch) for each; what a primitive means is not its business.

use super::element::Element;
use super::primitive::{Packed, Primal, Primitive, Shapes, Site, Target};
use std::marker::PhantomData;

/// One application of a rule.
pub struct Launch<'a, B: Backend + ?Sized> {
    /// The primitive that is applied.
    pub primitive: &'a Primitive,
    /// The shapes of inputs and output.
    pub shapes: &'a Shapes,
    /// The parameters, prepared by the backend.
    pub packed: &'a B::Packed,
    /// The parameters prepared for the transpose: there for [`Backend::vjp`].
    pub transposed: Option<&'a B::Packed>,
    /// Samples of the primal pass.
    pub batch: usize,
    /// Tangents or cotangents for each sample.
    pub directions: usize,
}

/// What a primal pass left at a node; what is not needed may hold anything.
pub struct Kept<'a, B: Backend + ?Sized> {
    /// The inputs of the node at the point.
    pub inputs: &'a [&'a B::Buffer],
    /// The output of the node at the point.
    pub output: &'a B::Buffer,
    /// What the forward rule saved.
    pub saved: &'a B::Buffer,
    /// Whether the inputs were kept.
    pub with_inputs: bool,
    /// Whether the output was kept.
    pub with_output: bool,
}

/// A place to run nets.
pub trait Backend {
    /// The scalar.
    type Element: Element;
    /// Memory where the backend computes.
    type Buffer: Default;
    /// The parameters of a node, prepared.
    type Packed;

    /// Makes room for `elements` numbers, keeping the memory when it is enough.
    fn reserve(&self, buffer: &mut Self::Buffer, elements: usize);
    /// Copies numbers into a buffer.
    fn write(&self, values: &[Self::Element], buffer: &mut Self::Buffer);
    /// Sets the first `elements` numbers to zero.
    fn clear(&self, buffer: &mut Self::Buffer, elements: usize);
    /// Copies numbers out of a buffer.
    fn read(&self, buffer: &Self::Buffer, values: &mut [Self::Element]);
    /// Prepares the parameters of a node, given in the layout of files.
    fn prepare(
        &self,
        primitive: &Primitive,
        shapes: &Shapes,
        parameters: &[&[Self::Element]],
    ) -> Self::Packed;
    /// Prepares the parameters of a node for [`Backend::vjp`].
    fn prepare_transposed(
        &self,
        primitive: &Primitive,
        shapes: &Shapes,
        parameters: &[&[Self::Element]],
    ) -> Self::Packed;
    /// The forward rule; with `saved`, what the linearised rules will read is written there.
    fn forward(
        &self,
        launch: &Launch<'_, Self>,
        inputs: &[&Self::Buffer],
        output: &mut Self::Buffer,
        saved: Option<&mut Self::Buffer>,
    );
    /// The tangents J v of a node.
    fn jvp(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        tangents: &[Option<&Self::Buffer>],
        output: &mut Self::Buffer,
    );
    /// J^T u; the flag says to add to what is there.
    fn vjp(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        cotangent: &Self::Buffer,
        inputs: &mut [Option<(&mut Self::Buffer, bool)>],
    );
    /// Adds the gradients of the parameters, in the layout of files.
    fn gradient(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        cotangent: &Self::Buffer,
        gradients: &mut [&mut Self::Buffer],
    );
}

/// The processor, with all threads of the current pool.
#[derive(Clone, Copy, Debug, Default)]
pub struct Cpu<T>(PhantomData<T>);

impl<T> Cpu<T> {
    /// The backend of the processor.
    pub fn new() -> Self {
        Self(PhantomData)
    }
}

/// The slices of a launch.
fn slices<'a, T>(buffers: &[&'a Vec<T>], lengths: &[usize], there: bool) -> Vec<&'a [T]> {
    let pairs = buffers.iter().zip(lengths);
    pairs
        .map(|(buffer, length)| if there { &buffer[..*length] } else { &buffer[..0] })
        .collect()
}

fn lengths(shapes: &Shapes, samples: usize) -> Vec<usize> {
    shapes
        .inputs
        .iter()
        .map(|shape| samples * shape.elements())
        .collect()
}

fn site<'a, T: Element>(launch: &'a Launch<'_, Cpu<T>>) -> Site<'a, T> {
    Site {
        shapes: launch.shapes,
        packed: launch.packed,
        transposed: launch.transposed.map_or(&[], Vec::as_slice),
        batch: launch.batch,
        directions: launch.directions,
    }
}

impl<T: Element> Cpu<T> {
    fn with_primal<R>(
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        work: impl FnOnce(Primal<'_, T>) -> R,
    ) -> R {
        let inputs = slices(
            kept.inputs,
            &lengths(launch.shapes, launch.batch),
            kept.with_inputs,
        );
        let output = if kept.with_output {
            launch.batch * launch.shapes.output.elements()
        } else {
            0
        };
        let saved = launch.batch * launch.primitive.meaning().saved(launch.shapes);
        work(Primal {
            inputs: &inputs,
            output: &kept.output[..output],
            saved: &kept.saved[..saved],
        })
    }
}

impl<T: Element> Backend for Cpu<T> {
    type Element = T;
    type Buffer = Vec<T>;
    type Packed = Packed<T>;

    fn reserve(&self, buffer: &mut Vec<T>, elements: usize) {
        if buffer.len() < elements {
            buffer.resize(elements, T::ZERO);
        }
    }

    fn write(&self, values: &[T], buffer: &mut Vec<T>) {
        self.reserve(buffer, values.len());
        buffer[..values.len()].copy_from_slice(values);
    }

    fn clear(&self, buffer: &mut Vec<T>, elements: usize) {
        self.reserve(buffer, elements);
        buffer[..elements].fill(T::ZERO);
    }

    fn read(&self, buffer: &Vec<T>, values: &mut [T]) {
        values.copy_from_slice(&buffer[..values.len()]);
    }

    fn prepare(&self, primitive: &Primitive, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        primitive.rules().prepare(shapes, parameters)
    }

    fn prepare_transposed(&self, primitive: &Primitive, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        primitive.rules().prepare_transposed(shapes, parameters)
    }

    fn forward(
        &self,
        launch: &Launch<'_, Self>,
        inputs: &[&Vec<T>],
        output: &mut Vec<T>,
        saved: Option<&mut Vec<T>>,
    ) {
        let inputs = slices(inputs, &lengths(launch.shapes, launch.batch), true);
        let output = &mut output[..launch.batch * launch.shapes.output.elements()];
        let size = launch.batch * launch.primitive.meaning().saved(launch.shapes);
        let saved = saved.map_or(&mut [][..], |saved| &mut saved[..size]);
        launch
            .primitive
            .rules()
            .forward(site(launch), &inputs, output, saved);
    }

    fn jvp(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        tangents: &[Option<&Vec<T>>],
        output: &mut Vec<T>,
    ) {
        let samples = launch.batch * launch.directions;
        let lengths = lengths(launch.shapes, samples);
        let tangents: Vec<Option<&[T]>> = tangents
            .iter()
            .zip(&lengths)
            .map(|(tangent, length)| tangent.map(|tangent| &tangent[..*length]))
            .collect();
        let output = &mut output[..samples * launch.shapes.output.elements()];
        Self::with_primal(launch, kept, |primal| {
            launch
                .primitive
                .rules()
                .jvp(site(launch), primal, &tangents, output);
        });
    }

    fn vjp(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        cotangent: &Vec<T>,
        inputs: &mut [Option<(&mut Vec<T>, bool)>],
    ) {
        let samples = launch.batch * launch.directions;
        let lengths = lengths(launch.shapes, samples);
        let mut targets: Vec<Option<Target<'_, T>>> = inputs
            .iter_mut()
            .zip(&lengths)
            .map(|(input, length)| {
                input.as_mut().map(|(buffer, add)| Target {
                    values: &mut buffer[..*length],
                    add: *add,
                })
            })
            .collect();
        let cotangent = &cotangent[..samples * launch.shapes.output.elements()];
        Self::with_primal(launch, kept, |primal| {
            launch
                .primitive
                .rules()
                .vjp(site(launch), primal, cotangent, &mut targets);
        });
    }

    fn gradient(
        &self,
        launch: &Launch<'_, Self>,
        kept: &Kept<'_, Self>,
        cotangent: &Vec<T>,
        gradients: &mut [&mut Vec<T>],
    ) {
        let mut gradients: Vec<&mut [T]> = gradients
            .iter_mut()
            .map(|gradient| gradient.as_mut_slice())
            .collect();
        let cotangent = &cotangent[..launch.batch * launch.shapes.output.elements()];
        Self::with_primal(launch, kept, |primal| {
            launch
                .primitive
                .rules()
                .gradient(site(launch), primal, cotangent, &mut gradients);
        });
    }
}
