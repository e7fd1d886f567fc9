//! Which nodes a pass computes, and which values may share memory.

use super::graph::{Graph, Value};

/// Memory of one size or another that values take and give back.
#[derive(Clone, Debug, Default)]
struct Slots {
    /// Elements per sample.
    sizes: Vec<usize>,
    free: Vec<usize>,
}

impl Slots {
    /// The smallest free slot that is large enough, or else the largest, or else a new one.
    fn take(&mut self, size: usize) -> usize {
        let fits = |slot: &usize| self.sizes[*slot] >= size;
        let best = (self
            .free
            .iter()
            .copied()
            .filter(fits)
            .min_by_key(|slot| (self.sizes[*slot], *slot)))
        .or_else(|| {
            self.free
                .iter()
                .copied()
                .max_by_key(|slot| (self.sizes[*slot], *slot))
        });
        let Some(slot) = best else {
            self.sizes.push(size);
            return self.sizes.len() - 1;
        };
        self.free.retain(|free| *free != slot);
        self.sizes[slot] = self.sizes[slot].max(size);
        slot
    }

    fn give(&mut self, slot: usize) {
        self.free.push(slot);
    }
}

/// A slot for each value of a pass.
#[derive(Clone, Debug)]
pub(crate) struct Plan {
    /// The nodes of the pass, in the order of the graph.
    pub steps: Vec<usize>,
    /// The slot of each node's value, for nodes of the pass.
    slots: Vec<Option<usize>>,
    /// Elements per sample of each slot.
    pub sizes: Vec<usize>,
}

impl Plan {
    /// The slot of a node's value.
    ///
    /// # Panics
    /// If the node is not of the pass.
    pub(crate) fn slot(&self, node: usize) -> usize {
        self.slots[node].expect("the node is part of the pass")
    }

    /// Everything that `outputs` depend on; the values of `kept` nodes keep their memory to the end.
    pub(crate) fn forward(graph: &Graph, outputs: &[Value], kept: impl Fn(usize) -> bool) -> Self {
        Self::in_order(graph, ancestors(graph, outputs), |node| {
            kept(node) || outputs.contains(&Value(node))
        })
    }

    /// The `active` nodes of a pass, for tangents: `to` keeps its memory.
    pub(crate) fn tangents(graph: &Graph, steps: &[usize], active: &[bool], to: Value) -> Self {
        let steps = steps.iter().copied().filter(|node| active[*node]).collect();
        Self::in_order(graph, steps, |node| node == to.0)
    }

    fn in_order(graph: &Graph, steps: Vec<usize>, kept: impl Fn(usize) -> bool) -> Self {
        let nodes = graph.nodes();
        let mut member = vec![false; nodes.len()];
        let mut last_use = vec![0; nodes.len()];
        for node in &steps {
            member[*node] = true;
            for input in &nodes[*node].inputs {
                last_use[input.0] = *node;
            }
        }
        let mut slots = Slots::default();
        let mut of_node = vec![None; nodes.len()];
        for node in &steps {
            of_node[*node] = Some(slots.take(nodes[*node].shape.elements()));
            for input in &nodes[*node].inputs {
                if member[input.0] && last_use[input.0] == *node && !kept(input.0) {
                    slots.give(of_node[input.0].expect("inputs come before"));
                }
            }
        }
        Self {
            steps,
            slots: of_node,
            sizes: slots.sizes,
        }
    }

    /// The `active` nodes of a pass, last first, for cotangents: those of the nodes in `kept` keep their memory.
    pub(crate) fn cotangents(
        graph: &Graph,
        steps: &[usize],
        active: &[bool],
        to: Value,
        kept: &[Value],
    ) -> Self {
        let nodes = graph.nodes();
        let mut slots = Slots::default();
        let mut of_node = vec![None; nodes.len()];
        let steps: Vec<usize> = steps.iter().rev().copied().filter(|node| active[*node]).collect();
        of_node[to.0] = Some(slots.take(nodes[to.0].shape.elements()));
        for node in &steps {
            if kept.contains(&Value(*node)) {
                continue; // the pass goes no further
            }
            for input in nodes[*node].inputs.iter().filter(|input| active[input.0]) {
                if of_node[input.0].is_none() {
                    of_node[input.0] = Some(slots.take(nodes[input.0].shape.elements()));
                }
            }
            slots.give(of_node[*node].expect("something active depends on the node"));
        }
        Self {
            steps,
            slots: of_node,
            sizes: slots.sizes,
        }
    }
}

/// The nodes that `outputs` depend on, themselves included, in the order of the graph.
fn ancestors(graph: &Graph, outputs: &[Value]) -> Vec<usize> {
    let mut needed = vec![false; graph.nodes().len()];
    for output in outputs {
        needed[output.0] = true;
    }
    for node in (0..needed.len()).rev() {
        if needed[node] {
            for input in &graph.nodes()[node].inputs {
                needed[input.0] = true;
            }
        }
    }
    (0..needed.len()).filter(|node| needed[*node]).collect()
}

/// Which of the nodes `steps` depend on a node that `starts` picks, itself included.
pub(crate) fn descendants(graph: &Graph, steps: &[usize], starts: impl Fn(usize) -> bool) -> Vec<bool> {
    let mut active = vec![false; graph.nodes().len()];
    for node in steps {
        let inputs = &graph.nodes()[*node].inputs;
        active[*node] = starts(*node) || inputs.iter().any(|input| active[input.0]);
    }
    active
}
