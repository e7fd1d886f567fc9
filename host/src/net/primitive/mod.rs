//! The primitives of nets, one file each: the meaning (shapes, parameters), its four rules on the CPU, its tests.
//!
//! A rule works on whole batches. The linearised rules share one primal pass: tangents (or cotangents) come as
//! `directions` per sample of the primal, those of one sample one after the other, so that many directions at one
//! point and one direction at each of many points are the same call. All arrays hold samples one after the other,
//! channels last.
//!
//! To add a primitive: a file with a struct that implements [`Meaning`] and [`Rules`] (or `LinearMap`), a line in
//! `primitives!`, and a test through `harness::check`. Another backend gives its own rules for the same meanings.

mod activation;
mod arithmetic;
mod attention;
mod broadcast;
mod concat;
mod conv2d;
mod embedding;
mod gather;
mod geglu;
mod group_norm;
#[cfg(test)]
pub(crate) mod harness;
mod layer_norm;
mod linear;
mod linear_map;
mod loss;
mod pool;
mod reduce;
mod reshape;
mod scatter;
mod softmax;
mod upsample;

pub use activation::Activation;
pub use arithmetic::{Add, Multiply, Scale, Shift, Subtract};
pub use attention::Attention;
pub use broadcast::AddRow;
pub use concat::Concat;
pub use conv2d::{Conv2d, Padding};
pub use embedding::Sinusoidal;
pub use gather::{Gather, RowIndex, RowIndexError};
pub use geglu::Geglu;
pub use group_norm::GroupNorm;
pub use layer_norm::LayerNorm;
pub use linear::Linear;
pub use loss::Loss;
pub use pool::{AveragePool, MeanRows};
pub use reduce::Reduction;
pub use reshape::Reshape;
pub use scatter::ScatterAdd;
pub use softmax::Softmax;
pub use upsample::Upsample;

use super::element::Element;
use super::shape::Shape;

/// The shapes of one sample around a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shapes {
    /// Of its inputs.
    pub inputs: Vec<Shape>,
    /// Of what it gives.
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

    /// Its parameters: suffix of the name, and the shape in files.
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
    /// The inputs.
    pub inputs: &'a [&'a [T]],
    /// The output.
    pub output: &'a [T],
    /// What the forward rule saved.
    pub saved: &'a [T],
}

/// Where the cotangent of an input goes.
pub struct Target<'a, T> {
    /// As many samples as cotangents came in.
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

/// The enum of all primitives, and the way to their meaning and rules.
macro_rules! primitives {
    ($($name:ident),* $(,)?) => {
        /// What a node computes.
        #[derive(Clone, Debug)]
        pub enum Primitive {
            /// A value that comes from outside.
            Input,
            $(
                #[doc = concat!("See [`", stringify!($name), "`].")]
                $name($name),
            )*
        }

        $(
            impl From<$name> for Primitive {
                fn from(primitive: $name) -> Self {
                    Self::$name(primitive)
                }
            }
        )*

        impl Primitive {
            /// Its shapes and parameters.
            pub fn meaning(&self) -> &dyn Meaning {
                match self {
                    Self::Input => &Nothing,
                    $(Self::$name(primitive) => primitive,)*
                }
            }

            /// Its rules on the CPU.
            pub fn rules<T: Element>(&self) -> &dyn Rules<T> {
                match self {
                    Self::Input => &Nothing,
                    $(Self::$name(primitive) => primitive,)*
                }
            }
        }
    };
}

primitives!(
    Activation,
    Add,
    AddRow,
    Attention,
    AveragePool,
    Concat,
    Conv2d,
    Gather,
    Geglu,
    GroupNorm,
    LayerNorm,
    Linear,
    Loss,
    MeanRows,
    Multiply,
    Reduction,
    Reshape,
    Scale,
    ScatterAdd,
    Shift,
    Sinusoidal,
    Softmax,
    Subtract,
    Upsample,
);

/// An input: nothing is computed.
struct Nothing;

impl Meaning for Nothing {
    fn shape(&self, _: &[Shape]) -> Result<Shape, String> {
        Err("an input is made by Graph::input".to_owned())
    }
}

impl<T: Element> Rules<T> for Nothing {
    fn forward(&self, _: Site<'_, T>, _: &[&[T]], _: &mut [T], _: &mut [T]) {}
    fn jvp(&self, _: Site<'_, T>, _: Primal<'_, T>, _: &[Option<&[T]>], _: &mut [T]) {}
    fn vjp(&self, _: Site<'_, T>, _: Primal<'_, T>, _: &[T], _: &mut [Option<Target<'_, T>>]) {}
}

/// The one shape of a primitive of one input.
fn single(inputs: &[Shape]) -> Result<Shape, String> {
    match inputs {
        [shape] => Ok(*shape),
        other => Err(format!("{} inputs, expected 1", other.len())),
    }
}
