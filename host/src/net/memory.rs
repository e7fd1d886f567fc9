//! How many numbers passes will hold, from the graph alone: to be known before anything is allocated.
//!
//! Counted are the values of nodes in the slots that they share, and what is saved of them; not what products pack for a moment
//! (some megabytes a thread).

use super::graph::{Graph, Value};
use super::pass::Layout;
use super::plan::Plan;
use super::rewrite;

/// Numbers per sample.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Held {
    /// Values of the primal pass, and what it saves.
    pub primal: usize,
    /// For each tangent of a sample.
    pub tangent: usize,
    /// For each cotangent of a sample; of the gradients of the parameters, for the one.
    pub cotangent: usize,
}

fn fused(graph: &Graph) -> Graph {
    let mut graph = graph.clone();
    rewrite::fuse(&mut graph);
    graph
}

fn total(plan: &Plan) -> usize {
    plan.sizes.iter().sum()
}

/// Of a [`Forward`](super::pass::Forward) pass.
pub fn forward(graph: &Graph, outputs: &[Value]) -> usize {
    total(&Plan::forward(&fused(graph), outputs, |_| false))
}

/// Of a [`Linearised`](super::pass::Linearised) map from values to a value.
pub fn linearised(graph: &Graph, from: &[Value], to: Value) -> Held {
    held(graph, from, to, false)
}

/// Of the gradients of the parameters.
pub fn training(graph: &Graph, to: Value) -> Held {
    held(graph, &[], to, true)
}

fn held(graph: &Graph, from: &[Value], to: Value, training: bool) -> Held {
    let graph = fused(graph);
    let layout = Layout::new(&graph, from, to, training);
    let saving = layout.saves.iter().enumerate().filter(|(_, saves)| **saves);
    let saved = saving.map(|(node, _)| graph.nodes()[node].primitive.meaning().saved(&graph.shapes(node)));
    Held {
        primal: total(&layout.plan) + saved.sum::<usize>(),
        tangent: total(&layout.tangents),
        cotangent: total(layout.training.as_ref().unwrap_or(&layout.cotangents)),
    }
}

/// Numbers of all parameters.
pub fn parameters(graph: &Graph) -> usize {
    graph
        .parameters()
        .iter()
        .map(super::graph::Parameter::elements)
        .sum()
}
