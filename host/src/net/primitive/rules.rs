//! What is said of a primitive: its meaning on any backend (shapes, parameters, what a linearised pass reads) and its four rules
//! on the CPU.
//!
//! A rule works on whole batches. The linearised rules share one primal pass: tangents (or cotangents) come as
//! `directions` per sample of the primal, those of one sample one after the other, so that many directions at one
//! point and one direction at each of many points are the same call. All arrays hold samples one after the other,
//! channels last.

use crate::net::element::Element;
use crate::net::shape::Shape;

/// The shapes of one sample around a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// The shapes of the inputs of a node.
    pub inputs: Vec<Shape>,
    /// The shape of what a node gives.
    pub output: Shape,
}

/// What the linearised rules read of the primal pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs {
    /// The inputs, in jvp and vjp.
    pub inputs: bool,
    /// The output, in jvp and vjp.
    pub output: bool,
    /// The inputs, for the gradients of the parameters.
    pub inputs_for_gradient: bool,
}

/// What a primitive is, on any backend.
pub trait Meaning {
    /// The shape of the output for these inputs.
    ///
    /// # Errors
    /// What does not fit, as a sentence without the layer's name.
    fn shape(&self, inputs: &[Shape]) -> Result<Shape, String>;

    /// The parameters of the primitive: suffix of the name, and the shape in files.
    fn parameters(&self, inputs: &[Shape]) -> Vec<(&'static str, Vec<usize>)> {
        let _ = inputs;
        Vec::new()
    }

    /// Numbers per sample that the forward rule saves for the linearised rules.
    fn saved(&self, shapes: &Shapes) -> usize {
        let _ = shapes;
        0
    }

    /// What else of the primal pass the linearised rules read.
    fn needs(&self) -> Needs {
        Needs::default()
    }
}

/// Parameters as the rules want them, made once per change of the parameters.
pub type Packed<T> = Vec<Vec<T>>;

/// Where a rule is applied.
#[derive(Clone, Copy)]
pub struct Site<'a, T> {
    /// Shapes of one sample.
    pub shapes: &'a Shapes,
    /// The prepared parameters.
    pub packed: &'a [Vec<T>],
    /// The parameters prepared for the transpose: for `vjp`, else empty.
    pub transposed: &'a [Vec<T>],
    /// Samples of the primal pass.
    pub batch: usize,
    /// Tangents or cotangents for each sample.
    pub directions: usize,
}

/// What the primal pass left; slices that are not needed are empty.
#[derive(Clone, Copy)]
pub struct Primal<'a, T> {
    /// The inputs of the node at the point.
    pub inputs: &'a [&'a [T]],
    /// The output of the node at the point.
    pub output: &'a [T],
    /// What the forward rule saved.
    pub saved: &'a [T],
}

/// Where the cotangent of an input goes.
pub struct Target<'a, T> {
    /// The values to write or to add to, as many samples as cotangents came in.
    pub values: &'a mut [T],
    /// Add to what is there, rather than overwrite it.
    pub add: bool,
}

/// The four rules of a primitive on the CPU.
pub trait Rules<T: Element>: Meaning {
    /// Prepares the parameters (in the layout of files).
    fn prepare(&self, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let _ = (shapes, parameters);
        Vec::new()
    }

    /// Prepares the parameters for `vjp` where it wants them otherwise; called when the first cotangent is pulled, so that
    /// nets without one do without this memory.
    fn prepare_transposed(&self, shapes: &Shapes, parameters: &[&[T]]) -> Packed<T> {
        let _ = (shapes, parameters);
        Vec::new()
    }

    /// The output of each sample; with room in `saved`, also what the linearised rules will read.
    fn forward(&self, site: Site<'_, T>, inputs: &[&[T]], output: &mut [T], saved: &mut [T]);

    /// J v for each tangent v; an input without a tangent does not move.
    fn jvp(&self, site: Site<'_, T>, primal: Primal<'_, T>, tangents: &[Option<&[T]>], output: &mut [T]);

    /// J^T u for each cotangent u, into the inputs that are asked for.
    fn vjp(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        inputs: &mut [Option<Target<'_, T>>],
    );

    /// Adds the gradients of the parameters, summed over the batch, in the layout of files. One cotangent a sample.
    fn gradient(
        &self,
        site: Site<'_, T>,
        primal: Primal<'_, T>,
        cotangent: &[T],
        gradients: &mut [&mut [T]],
    ) {
        let _ = (site, primal, cotangent, gradients);
    }
}

/// The one shape of a primitive of one input.
pub(super) fn single(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs {
        [shape] => Ok(*shape),
        other => Err(format!("{} inputs, expected 1", other.len())),
    }
}
