//! Parameters to start training from.
//!
//! Convolutions and linear layers: weight and bias uniform within 1 / sqrt(inputs of an output), which is what PyTorch
//! starts from (He et al. 2015 with its leaky slope sqrt(5)); norms: 1 and 0. Each parameter has a stream of its own,
//! named after it, so that a net's start does not depend on what else it has.

use super::element::Element;
use super::graph::Graph;
use super::primitive::{GroupNorm, Primitive};
use gibbs_core::random;

/// Parameters in the order of [`Graph::parameters`].
pub fn initial<T: Element>(graph: &Graph, seed: u64) -> Vec<Vec<T>> {
    let mut all: Vec<Vec<T>> = graph
        .parameters()
        .iter()
        .map(|p| vec![T::ZERO; p.elements()])
        .collect();
    for node in graph.nodes() {
        for (place, index) in node.parameters.iter().enumerate() {
            let parameter = &graph.parameters()[*index];
            let values = &mut all[*index];
            match &node.primitive {
                Primitive::GroupNorm(GroupNorm { .. }) | Primitive::LayerNorm(_) => {
                    values.fill(if place == 0 { T::ONE } else { T::ZERO });
                }
                _ => {
                    let weight = &graph.parameters()[node.parameters[0]].shape;
                    let inputs: usize = weight.iter().skip(1).product();
                    let bound = T::of(1.0 / (inputs.max(1) as f64).sqrt());
                    let mut rng = random::stream(seed, &parameter.name, 0);
                    for value in values {
                        *value = bound * (T::TWO * random::uniform::<T>(&mut rng) - T::ONE);
                    }
                }
            }
        }
    }
    all
}
