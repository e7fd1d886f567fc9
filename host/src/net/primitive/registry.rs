//! All primitives: one enum, and the way from it to their meaning and rules.

use super::rules::{Meaning, Primal, Rules, Site, Target};
use super::{
    Activation, Add, AddRow, Attention, AveragePool, Concat, Conv2d, Gather, Geglu, GroupNorm, LayerNorm,
    Linear, Loss, MeanRows, Multiply, Reduction, Reshape, Scale, ScatterAdd, Shift, Sinusoidal, Softmax,
    Subtract, Upsample,
};
use crate::net::element::Element;
use crate::net::shape::Shape;

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
            /// The shapes and parameters of the primitive.
            pub fn meaning(&self) -> &dyn Meaning {
                match self {
                    Self::Input => &Nothing,
                    $(Self::$name(primitive) => primitive,)*
                }
            }

            /// The rules of the primitive on the CPU.
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
