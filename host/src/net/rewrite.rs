//! Rewrites of a graph that keep what it means.

use super::graph::Graph;
use super::primitive::{Activation, GroupNorm, Primitive};

/// Group normalisation with SiLU after it becomes one primitive. A normalisation that something else reads as well is
/// left alone.
pub(crate) fn fuse(graph: &mut Graph) {
    let mut readers = vec![0; graph.nodes().len()];
    for node in graph.nodes() {
        for input in &node.inputs {
            readers[input.0] += 1;
        }
    }
    for index in 0..graph.nodes().len() {
        let node = &graph.nodes()[index];
        let (Primitive::Activation(Activation::Silu), [input]) = (&node.primitive, node.inputs.as_slice())
        else {
            continue;
        };
        let norm = &graph.nodes()[input.0];
        if let (Primitive::GroupNorm(meaning), 1) = (&norm.primitive, readers[input.0])
            && !meaning.silu
        {
            let mut fused = norm.clone();
            fused.primitive = GroupNorm {
                silu: true,
                ..*meaning
            }
            .into();
            graph.nodes_mut()[index] = fused;
        }
    }
}
