//! Nets that differentiate: a static graph of primitives with forward passes, Jacobian-vector products with many
//! tangents at once, their transposes with many cotangents at once, and gradients of the parameters.
//!
//! Start here: `examples/tangents.rs` builds a graph, makes a [`Net`] of it and pushes tangents and cotangents
//! through ([`pass::Forward`], [`pass::Linearised`]).
//!
//! Map. [`shape`], [`graph`] and [`primitive`] say what is computed; [`backend`] where; [`Net`] joins the two with
//! parameters; [`pass`] runs it, [`memory`] says what that will take. `plan` shares memory between values, `rewrite` fuses primitives, `cpu` is what the rules
//! have in common. [`element`] are the scalars: f32 for work, f64 to check.
//!
//! Promises: a pass plans its memory once and keeps it. On the CPU no bit depends on the number of threads, and a batch,
//! or a bundle of directions, has the bits of its members taken one by one (sums in products are chains of fused
//! multiply-adds, so processors without them may differ in the last bits from those with them).

pub mod backend;
pub(crate) mod cpu;
pub mod element;
pub mod graph;
pub mod initial;
pub mod memory;
pub mod pass;
mod plan;
pub mod primitive;
mod rewrite;
pub mod shape;
#[cfg(test)]
mod tests;

use backend::{Backend, Launch};
use element::Element;
use gibbs_core::math::Real;
use graph::{Graph, Value};
use primitive::{Primitive, Shapes};
use std::sync::OnceLock;

/// Why a net cannot be made or run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NetError {
    /// Another number of parameters.
    #[error("{found} parameters, expected {expected}")]
    ParameterCount {
        /// The value that was given.
        found: usize,
        /// The number that the graph has.
        expected: usize,
    },
    /// A parameter of another length.
    #[error("parameter {name}: {found} entries, expected {expected}")]
    ParameterLength {
        /// The name of the value or parameter.
        name: String,
        /// The value that was given.
        found: usize,
        /// The product of its shape.
        expected: usize,
    },
    /// A parameter with NaN or infinity.
    #[error("parameter {name}: entry {index} is not finite")]
    ParameterNotFinite {
        /// The name of the value or parameter.
        name: String,
        /// The index of the first entry that is not finite.
        index: usize,
    },
    /// An input was not given.
    #[error("input {name} is missing")]
    Missing {
        /// The name of the value or parameter.
        name: String,
    },
    /// An input of another length.
    #[error("input {name}: {found} entries, expected {batch} samples of {shape}")]
    InputLength {
        /// The name of the value or parameter.
        name: String,
        /// The value that was given.
        found: usize,
        /// The number of samples of the batch.
        batch: usize,
        /// The shape of one sample.
        shape: String,
    },
    /// An input with NaN or infinity.
    #[error("input {name}: entry {index} is not finite")]
    InputNotFinite {
        /// The name of the value or parameter.
        name: String,
        /// The index of the first entry that is not finite.
        index: usize,
    },
    /// The user wants to stop: see [`pass::Stop`].
    #[error("interrupted")]
    Interrupted,
    /// A layer gave NaN or infinity.
    #[error("layer {name}: entry {index} of its output is not finite (inputs and parameters are)")]
    LayerNotFinite {
        /// The name of the value or parameter.
        name: String,
        /// The index of the first entry that is not finite.
        index: usize,
    },
}

/// As many as the graph declares, as long, all finite.
fn check_parameters<T: Element>(graph: &Graph, parameters: &[Vec<T>]) -> Result<(), NetError> {
    let declared = graph.parameters();
    if parameters.len() != declared.len() {
        return Err(NetError::ParameterCount {
            found: parameters.len(),
            expected: declared.len(),
        });
    }
    for (values, declared) in parameters.iter().zip(declared) {
        let name = || declared.name.clone();
        if values.len() != declared.elements() {
            return Err(NetError::ParameterLength {
                name: name(),
                found: values.len(),
                expected: declared.elements(),
            });
        }
        if let Some(index) = values.iter().position(|x| !Real::is_finite(*x)) {
            return Err(NetError::ParameterNotFinite { name: name(), index });
        }
    }
    Ok(())
}

/// A graph with parameters, on a backend.
pub struct Net<B: Backend> {
    graph: Graph,
    shapes: Vec<Shapes>,
    backend: B,
    parameters: Vec<Vec<B::Element>>,
    packed: Vec<B::Packed>,
    /// For cotangents: made when the first is pulled.
    transposed: Vec<OnceLock<B::Packed>>,
    checked: bool,
}

impl<B: Backend> Net<B> {
    /// A net with parameters in the order of [`Graph::parameters`] and the layout of files.
    ///
    /// # Errors
    /// [`NetError`]: another number or length of parameters, or one that is not finite.
    pub fn new(mut graph: Graph, parameters: Vec<Vec<B::Element>>, backend: B) -> Result<Self, NetError> {
        check_parameters(&graph, &parameters)?;
        rewrite::fuse(&mut graph);
        let shapes = (0..graph.nodes().len()).map(|node| graph.shapes(node)).collect();
        let mut net = Self {
            graph,
            shapes,
            backend,
            parameters,
            packed: Vec::new(),
            transposed: Vec::new(),
            checked: true,
        };
        net.pack();
        Ok(net)
    }

    /// Whether outputs are looked at for NaN and infinity (they are by default); inputs and parameters always are.
    #[must_use]
    pub fn checked(mut self, checked: bool) -> Self {
        self.checked = checked;
        self
    }

    /// The graph, rewritten.
    pub fn graph(&self) -> &Graph {
        &self.graph
    }

    /// The parameters, in the order of [`Graph::parameters`].
    pub fn parameters(&self) -> &[Vec<B::Element>] {
        &self.parameters
    }

    /// Replaces the parameters; passes that exist go on with the new ones.
    ///
    /// # Errors
    /// As [`Net::new`]; then nothing has changed.
    pub fn set_parameters(&mut self, parameters: &[Vec<B::Element>]) -> Result<(), NetError> {
        check_parameters(&self.graph, parameters)?;
        parameters.clone_into(&mut self.parameters);
        self.pack();
        Ok(())
    }

    fn pack(&mut self) {
        let nodes = self.graph.nodes().iter().zip(&self.shapes).enumerate();
        self.packed = nodes
            .map(|(index, (node, shapes))| {
                self.backend
                    .prepare(&node.primitive, shapes, &self.parameters_of(index))
            })
            .collect();
        self.transposed = self.packed.iter().map(|_| OnceLock::new()).collect();
    }

    /// Those of a node.
    fn parameters_of(&self, node: usize) -> Vec<&[B::Element]> {
        let own = self.graph.nodes()[node].parameters.iter();
        own.map(|p| self.parameters[*p].as_slice()).collect()
    }

    fn is_input(&self, node: usize) -> bool {
        matches!(self.graph.nodes()[node].primitive, Primitive::Input)
    }

    fn inputs_of(&self, node: usize) -> impl Iterator<Item = usize> + '_ {
        self.graph.nodes()[node].inputs.iter().map(|input| input.0)
    }

    fn launch(&self, node: usize, batch: usize, directions: usize) -> Launch<'_, B> {
        Launch {
            primitive: &self.graph.nodes()[node].primitive,
            shapes: &self.shapes[node],
            packed: &self.packed[node],
            transposed: None,
            batch,
            directions,
        }
    }

    fn launch_transposed(&self, node: usize, batch: usize, directions: usize) -> Launch<'_, B> {
        let launch = self.launch(node, batch, directions);
        let prepared = self.transposed[node].get_or_init(|| {
            let parameters = self.parameters_of(node);
            self.backend
                .prepare_transposed(launch.primitive, launch.shapes, &parameters)
        });
        Launch {
            transposed: Some(prepared),
            ..launch
        }
    }

    fn check_inputs(&self, batch: usize, inputs: &[(Value, &[B::Element])]) -> Result<(), NetError> {
        for (value, values) in inputs {
            let node = &self.graph.nodes()[value.0];
            if batch == 0 || values.len() != batch * node.shape.elements() {
                return Err(NetError::InputLength {
                    name: node.name.clone(),
                    found: values.len(),
                    batch,
                    shape: node.shape.to_string(),
                });
            }
            if let Some(index) = values.iter().position(|x| !Real::is_finite(*x)) {
                let name = node.name.clone();
                return Err(NetError::InputNotFinite { name, index });
            }
        }
        Ok(())
    }

    fn missing(&self, node: usize) -> NetError {
        let name = self.graph.nodes()[node].name.clone();
        NetError::Missing { name }
    }

    fn not_finite(&self, node: usize, index: usize) -> NetError {
        let name = self.graph.nodes()[node].name.clone();
        NetError::LayerNotFinite { name, index }
    }

    fn finite(&self, node: usize, values: &[B::Element]) -> Result<(), NetError> {
        match values.iter().position(|x| !Real::is_finite(*x)) {
            Some(index) => Err(self.not_finite(node, index)),
            None => Ok(()),
        }
    }
}
