//! A net as a static graph of primitives: what is computed, not how or where.

use super::primitive::{Primitive, Shapes};
use super::shape::Shape;

/// A value of a graph: what one node gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Value(pub(crate) usize);

/// A named tensor that is learned, in the layout of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parameter {
    /// The name of the parameter in files.
    pub name: String,
    /// The shape of the parameter in files.
    pub shape: Vec<usize>,
}

impl Parameter {
    /// The product of the lengths.
    pub fn elements(&self) -> usize {
        self.shape.iter().product()
    }
}

/// One application of a primitive.
#[derive(Clone, Debug)]
pub struct Node {
    /// The name of the layer: for messages, and the first part of the names of its parameters.
    pub name: String,
    /// The primitive of the node.
    pub primitive: Primitive,
    /// The values that the node reads.
    pub inputs: Vec<Value>,
    /// Indices into [`Graph::parameters`].
    pub parameters: Vec<usize>,
    /// One sample of what comes out.
    pub shape: Shape,
}

/// Why a node cannot be added.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("layer {layer}: {reason}")]
pub struct GraphError {
    /// The name of the layer that does not fit.
    pub layer: String,
    /// What does not fit, in words.
    pub reason: String,
}

/// Nodes in an order in which they can be computed, and the parameters that they share or own.
#[derive(Clone, Debug, Default)]
pub struct Graph {
    nodes: Vec<Node>,
    parameters: Vec<Parameter>,
}

impl Graph {
    /// An empty graph.
    pub fn new() -> Self {
        Self::default()
    }

    /// The nodes; node i gives value i.
    pub fn nodes(&self) -> &[Node] {
        &self.nodes
    }

    pub(crate) fn nodes_mut(&mut self) -> &mut [Node] {
        &mut self.nodes
    }

    /// The parameters, in the order of the nodes that first use them.
    pub fn parameters(&self) -> &[Parameter] {
        &self.parameters
    }

    /// The shape of one sample of a value.
    ///
    /// # Panics
    /// If the value is of another graph.
    pub fn shape(&self, value: Value) -> Shape {
        self.nodes[value.0].shape
    }

    /// The shapes around a node.
    pub(crate) fn shapes(&self, node: usize) -> Shapes {
        let node = &self.nodes[node];
        Shapes {
            inputs: node.inputs.iter().map(|value| self.shape(*value)).collect(),
            output: node.shape,
        }
    }

    /// A value that comes from outside, one `shape` per sample.
    pub fn input(&mut self, name: &str, shape: Shape) -> Value {
        self.push(name, Primitive::Input, Vec::new(), Vec::new(), shape)
    }

    /// Applies `primitive` to `inputs`. Its parameters are called `name` and a suffix; one that is there already, with
    /// the same shape, is shared.
    ///
    /// # Errors
    /// [`GraphError`] when the shapes do not fit the primitive, a parameter has two shapes, or one value is given
    /// twice (its two cotangents would need two places at once).
    pub fn add(
        &mut self,
        name: &str,
        primitive: impl Into<Primitive>,
        inputs: &[Value],
    ) -> Result<Value, GraphError> {
        let primitive = primitive.into();
        let refuse = |reason: String| GraphError {
            layer: name.to_owned(),
            reason,
        };
        if inputs
            .iter()
            .enumerate()
            .any(|(i, value)| inputs[..i].contains(value))
        {
            return Err(refuse("the same value is given twice".to_owned()));
        }
        let shapes: Vec<Shape> = inputs.iter().map(|value| self.shape(*value)).collect();
        let meaning = primitive.meaning();
        let shape = meaning.shape(&shapes).map_err(refuse)?;
        let mut parameters = Vec::new();
        for (suffix, shape) in meaning.parameters(&shapes) {
            let parameter = Parameter {
                name: format!("{name}.{suffix}"),
                shape,
            };
            let known = self
                .parameters
                .iter()
                .position(|other| other.name == parameter.name);
            if let Some(known) = known {
                if self.parameters[known] != parameter {
                    let (name, old, new) = (&parameter.name, &self.parameters[known].shape, &parameter.shape);
                    return Err(refuse(format!("{name} has the shapes {old:?} and {new:?}")));
                }
                parameters.push(known);
            } else {
                parameters.push(self.parameters.len());
                self.parameters.push(parameter);
            }
        }
        Ok(self.push(name, primitive, inputs.to_vec(), parameters, shape))
    }

    fn push(
        &mut self,
        name: &str,
        primitive: Primitive,
        inputs: Vec<Value>,
        parameters: Vec<usize>,
        shape: Shape,
    ) -> Value {
        self.nodes.push(Node {
            name: name.to_owned(),
            primitive,
            inputs,
            parameters,
            shape,
        });
        Value(self.nodes.len() - 1)
    }
}
