//! Passes through a net: its values, its derivatives along many directions, and the gradients of its parameters.
//!
//! A net is a composition f = f_n . .. . f_1 of primitives; J_i is the Jacobian of f_i at the values of the forward pass.
//!
//! ```text
//! forward     x -> f(x)
//! jvp         J v   = J_n .. J_1 v             k tangents v at once
//! vjp         J^T u = J_1^T .. J_n^T u         k cotangents u at once
//! gradient    sum over the batch of (df/dparameters)^T u
//! ```
//! Where a value is used by several primitives, tangents are copied to each and cotangents are added up, in the order in
//! which the reverse pass meets them. (Standard.)
//!
//! [`Forward`] keeps no more values than the nodes still to come need. [`Linearised`] is a net at a point: one primal pass
//! saves at each node what its rules need, and every later call of `jvp`, `vjp` and `gradient` reads that. Values that do not
//! depend on what varies are neither saved nor differentiated.
//!
//! Layout: samples one after the other, channels last. `directions` tangents of sample 0 stand before those of
//! sample 1, so that k directions at one point and one direction at each of k points are the same call.
//!
//! Memory: buffers are planned once (`plan`), values that are never alive together share one, and they are kept from
//! call to call; a call of the same sizes allocates nothing for values. Cost, in products of the forward pass: jvp and
//! vjp one a direction (attention two), gradient two: one back to the inputs, one for the weights.

use super::backend::{Backend, Kept};
use super::graph::{Graph, Value};
use super::plan::{Plan, descendants};
use super::{Net, NetError};
use gibbs_core::math::Real;
use std::sync::atomic::{AtomicBool, Ordering};

/// Numbers for a value that comes from outside.
pub type Given<'a, T> = (Value, &'a [T]);

/// Whether a pass is to end early: looked at before each layer.
#[derive(Clone, Copy, Debug, Default)]
pub struct Stop<'s>(Option<&'s AtomicBool>);

impl<'s> Stop<'s> {
    /// As soon as the flag is true.
    pub fn when(flag: &'s AtomicBool) -> Self {
        Self(Some(flag))
    }

    fn check(self) -> Result<(), NetError> {
        match self.0 {
            Some(flag) if flag.load(Ordering::Relaxed) => Err(NetError::Interrupted),
            _ => Ok(()),
        }
    }
}

/// The values of a net at given inputs.
pub struct Forward<'s, B: Backend> {
    stop: Stop<'s>,
    plan: Plan,
    outputs: Vec<Value>,
    slots: Vec<B::Buffer>,
}

/// Buffers as large as a plan wants them.
fn reserve<B: Backend>(backend: &B, plan: &Plan, slots: &mut Vec<B::Buffer>, samples: usize) {
    slots.resize_with(plan.sizes.len(), B::Buffer::default);
    for (slot, size) in slots.iter_mut().zip(&plan.sizes) {
        backend.reserve(slot, size * samples);
    }
}

/// Brings in the inputs and computes all nodes of the plan; `saved` has a buffer for each node that saves.
#[allow(clippy::too_many_arguments)] // what a pass is made of, and who may stop it
fn run<B: Backend>(
    net: &Net<B>,
    stop: Stop<'_>,
    plan: &Plan,
    batch: usize,
    inputs: &[Given<'_, B::Element>],
    slots: &mut [B::Buffer],
    mut saved: Option<&mut [Option<B::Buffer>]>,
    mut after: impl FnMut(usize, &B::Buffer) -> Result<(), NetError>,
) -> Result<(), NetError> {
    for node in &plan.steps {
        stop.check()?;
        let slot = plan.slot(*node);
        let mut output = std::mem::take(&mut slots[slot]);
        if net.is_input(*node) {
            match inputs.iter().find(|(value, _)| value.0 == *node) {
                Some((_, values)) => net.backend.write(values, &mut output),
                None => return Err(net.missing(*node)),
            }
        } else {
            let read: Vec<&B::Buffer> = net
                .inputs_of(*node)
                .map(|input| &slots[plan.slot(input)])
                .collect();
            let saved = saved.as_mut().and_then(|saved| saved[*node].as_mut());
            net.backend
                .forward(&net.launch(*node, batch, 1), &read, &mut output, saved);
        }
        slots[slot] = output;
        after(*node, &slots[slot])?;
    }
    Ok(())
}

/// Runs again, looking at every value, for the name of the first layer that gives something not finite.
fn blame<B: Backend>(
    net: &Net<B>,
    outputs: &[Value],
    batch: usize,
    inputs: &[Given<'_, B::Element>],
) -> NetError {
    let plan = Plan::forward(&net.graph, outputs, |_| false);
    let mut slots = Vec::new();
    reserve(&net.backend, &plan, &mut slots, batch);
    let found = run(
        net,
        Stop::default(),
        &plan,
        batch,
        inputs,
        &mut slots,
        None,
        |node, buffer| {
            let mut values = vec![B::Element::ZERO; batch * net.graph.nodes()[node].shape.elements()];
            net.backend.read(buffer, &mut values);
            net.finite(node, &values)
        },
    );
    found.err().unwrap_or_else(|| net.not_finite(outputs[0].0, 0))
}

impl<'s, B: Backend> Forward<'s, B> {
    /// A pass that gives `outputs`.
    pub fn new(net: &Net<B>, outputs: &[Value]) -> Self {
        Self {
            stop: Stop::default(),
            plan: Plan::forward(&net.graph, outputs, |_| false),
            outputs: outputs.to_vec(),
            slots: Vec::new(),
        }
    }

    /// The same, ended early when it is told to.
    #[must_use]
    pub fn until(self, stop: Stop<'s>) -> Self {
        Self { stop, ..self }
    }

    /// Computes the outputs (in their order, `batch` samples each) at the inputs.
    ///
    /// # Errors
    /// [`NetError`]: an input is missing, of another length, or not finite; a layer gives something not finite (with
    /// [`Net::checked`]); `Interrupted`.
    ///
    /// # Panics
    /// If an output is of another length.
    pub fn run(
        &mut self,
        net: &Net<B>,
        batch: usize,
        inputs: &[Given<'_, B::Element>],
        outputs: &mut [&mut [B::Element]],
    ) -> Result<(), NetError> {
        net.check_inputs(batch, inputs)?;
        reserve(&net.backend, &self.plan, &mut self.slots, batch);
        let slots = &mut self.slots;
        run(net, self.stop, &self.plan, batch, inputs, slots, None, |_, _| {
            Ok(())
        })?;
        for (value, output) in self.outputs.iter().zip(outputs) {
            assert_eq!(output.len(), batch * net.graph.shape(*value).elements());
            net.backend.read(&self.slots[self.plan.slot(value.0)], output);
            if net.checked && output.iter().any(|x| !Real::is_finite(*x)) {
                return Err(blame(net, &self.outputs, batch, inputs));
            }
        }
        Ok(())
    }

    /// Elements that the pass holds, per sample.
    pub fn elements_per_sample(&self) -> usize {
        self.plan.sizes.iter().sum()
    }
}

/// What the passes of a linearised net compute and keep, known from the graph alone.
pub(super) struct Layout {
    /// The primal pass.
    pub(super) plan: Plan,
    /// Which nodes save something for the linearised rules.
    pub(super) saves: Vec<bool>,
    active: Vec<bool>,
    trained: Vec<bool>,
    pub(super) tangents: Plan,
    pub(super) cotangents: Plan,
    /// For the gradients of the parameters.
    pub(super) training: Option<Plan>,
}

impl Layout {
    pub(super) fn new(graph: &Graph, from: &[Value], to: Value, training: bool) -> Self {
        let steps = Plan::forward(graph, &[to], |_| false).steps;
        let active = descendants(graph, &steps, |node| from.contains(&Value(node)));
        let learned = |node: usize| !graph.nodes()[node].parameters.is_empty();
        let trained = descendants(graph, &steps, |node| training && learned(node));
        let mut kept = vec![false; graph.nodes().len()];
        let mut saves = kept.clone();
        for node in &steps {
            if !active[*node] && !trained[*node] {
                continue;
            }
            let needs = graph.nodes()[*node].primitive.meaning().needs();
            kept[*node] |= needs.output;
            if needs.inputs || (needs.inputs_for_gradient && training && learned(*node)) {
                for input in &graph.nodes()[*node].inputs {
                    kept[input.0] = true;
                }
            }
            saves[*node] = true;
        }
        Self {
            plan: Plan::forward(graph, &[to], |node| kept[node]),
            saves,
            tangents: Plan::tangents(graph, &steps, &active, to),
            cotangents: Plan::cotangents(graph, &steps, &active, to, from),
            training: training.then(|| Plan::cotangents(graph, &steps, &trained, to, &[])),
            active,
            trained,
        }
    }
}

/// A reverse or forward sweep over a linearised net.
struct Sweep<B: Backend> {
    plan: Plan,
    active: Vec<bool>,
    slots: Vec<B::Buffer>,
}

impl<B: Backend> Sweep<B> {
    fn new(plan: Plan, active: Vec<bool>) -> Self {
        Self {
            plan,
            active,
            slots: Vec::new(),
        }
    }
}

/// A net at one point (or one point for each sample of a batch), ready to push tangents and pull cotangents.
pub struct Linearised<'s, B: Backend> {
    stop: Stop<'s>,
    from: Vec<Value>,
    to: Value,
    plan: Plan,
    slots: Vec<B::Buffer>,
    saved: Vec<Option<B::Buffer>>,
    batch: usize,
    forward: Sweep<B>,
    reverse: Sweep<B>,
    /// For the gradients of the parameters.
    training: Option<Sweep<B>>,
    gradients: Vec<B::Buffer>,
}

impl<'s, B: Backend> Linearised<'s, B> {
    /// The map from the values `from` to the value `to`, all else held.
    pub fn new(net: &Net<B>, from: &[Value], to: Value) -> Self {
        Self::build(net, from, to, false)
    }

    /// The map from the parameters to the value `to`: for [`Linearised::gradient`].
    pub fn of_parameters(net: &Net<B>, to: Value) -> Self {
        Self::build(net, &[], to, true)
    }

    fn build(net: &Net<B>, from: &[Value], to: Value, training: bool) -> Self {
        let layout = Layout::new(&net.graph, from, to, training);
        let saved = layout.saves.iter().map(|saves| saves.then(B::Buffer::default));
        Self {
            stop: Stop::default(),
            from: from.to_vec(),
            to,
            slots: Vec::new(),
            saved: saved.collect(),
            batch: 0,
            forward: Sweep::new(layout.tangents, layout.active.clone()),
            reverse: Sweep::new(layout.cotangents, layout.active),
            training: layout.training.map(|plan| Sweep::new(plan, layout.trained)),
            plan: layout.plan,
            gradients: Vec::new(),
        }
    }

    /// The same, its passes ended early when they are told to.
    #[must_use]
    pub fn until(self, stop: Stop<'s>) -> Self {
        Self { stop, ..self }
    }

    /// Moves to the point `inputs`, `batch` samples, and gives the value there.
    ///
    /// # Errors
    /// As [`Forward::run`].
    ///
    /// # Panics
    /// If the output is of another length.
    pub fn evaluate(
        &mut self,
        net: &Net<B>,
        batch: usize,
        inputs: &[Given<'_, B::Element>],
        output: &mut [B::Element],
    ) -> Result<(), NetError> {
        net.check_inputs(batch, inputs)?;
        assert_eq!(output.len(), batch * net.graph.shape(self.to).elements());
        self.batch = 0;
        reserve(&net.backend, &self.plan, &mut self.slots, batch);
        for (node, saved) in self.saved.iter_mut().enumerate() {
            if let Some(saved) = saved {
                let meaning = net.graph.nodes()[node].primitive.meaning();
                net.backend
                    .reserve(saved, batch * meaning.saved(&net.shapes[node]));
            }
        }
        let saved = Some(self.saved.as_mut_slice());
        let slots = &mut self.slots;
        run(net, self.stop, &self.plan, batch, inputs, slots, saved, |_, _| {
            Ok(())
        })?;
        net.backend.read(&self.slots[self.plan.slot(self.to.0)], output);
        if net.checked && output.iter().any(|x| !Real::is_finite(*x)) {
            return Err(blame(net, &[self.to], batch, inputs));
        }
        self.batch = batch;
        Ok(())
    }

    /// J v: `directions` tangents for each sample of the point, one array for each of the values `from`.
    ///
    /// # Errors
    /// `Interrupted`; `output` then holds anything.
    ///
    /// # Panics
    /// Before the first [`Linearised::evaluate`]; if an array is of another length.
    pub fn jvp(
        &mut self,
        net: &Net<B>,
        directions: usize,
        tangents: &[&[B::Element]],
        output: &mut [B::Element],
    ) -> Result<(), NetError> {
        let samples = self.samples(directions);
        assert_eq!(tangents.len(), self.from.len());
        let Sweep { plan, active, slots } = &mut self.forward;
        if !active[self.to.0] {
            output.fill(B::Element::ZERO);
            return Ok(());
        }
        reserve(&net.backend, plan, slots, samples);
        for node in &plan.steps {
            self.stop.check()?;
            let slot = plan.slot(*node);
            let mut moved = std::mem::take(&mut slots[slot]);
            if let Some(at) = self.from.iter().position(|value| value.0 == *node) {
                assert_eq!(
                    tangents[at].len(),
                    samples * net.graph.nodes()[*node].shape.elements()
                );
                net.backend.write(tangents[at], &mut moved);
            } else {
                let read: Vec<Option<&B::Buffer>> = net
                    .inputs_of(*node)
                    .map(|input| active[input].then(|| &slots[plan.slot(input)]))
                    .collect();
                with_kept(net, &self.plan, &self.slots, &self.saved, *node, false, |kept| {
                    let launch = net.launch(*node, self.batch, directions);
                    net.backend.jvp(&launch, kept, &read, &mut moved);
                });
            }
            slots[slot] = moved;
        }
        net.backend.read(&slots[plan.slot(self.to.0)], output);
        Ok(())
    }

    /// J^T u: `directions` cotangents for each sample of the point; one array for each of the values `from`.
    ///
    /// # Errors
    /// As [`Linearised::jvp`].
    ///
    /// # Panics
    /// As [`Linearised::jvp`].
    pub fn vjp(
        &mut self,
        net: &Net<B>,
        directions: usize,
        cotangents: &[B::Element],
        outputs: &mut [&mut [B::Element]],
    ) -> Result<(), NetError> {
        let samples = self.samples(directions);
        assert_eq!(cotangents.len(), samples * net.graph.shape(self.to).elements());
        let mut reached = vec![false; net.graph.nodes().len()];
        if self.reverse.active[self.to.0] {
            reserve(&net.backend, &self.reverse.plan, &mut self.reverse.slots, samples);
            let (primal, from, batch) = ((&self.plan, &self.slots, &self.saved), &self.from, self.batch);
            reached = pull(
                net,
                self.stop,
                &mut self.reverse,
                (self.to, cotangents),
                |node| from.contains(&Value(node)),
                |node, _, cotangent, targets| {
                    with_kept(net, primal.0, primal.1, primal.2, node, false, |kept| {
                        let launch = net.launch_transposed(node, batch, directions);
                        net.backend.vjp(&launch, kept, cotangent, targets);
                    });
                },
            )?;
        }
        for (value, output) in self.from.iter().zip(outputs) {
            assert_eq!(output.len(), samples * net.graph.shape(*value).elements());
            if reached[value.0] {
                net.backend
                    .read(&self.reverse.slots[self.reverse.plan.slot(value.0)], output);
            } else {
                output.fill(B::Element::ZERO);
            }
        }
        Ok(())
    }

    /// The gradients of sum over the batch of <cotangent, value> in all parameters, in the layout of files. Parameters
    /// that the value does not depend on get zero.
    ///
    /// # Errors
    /// As [`Linearised::jvp`].
    ///
    /// # Panics
    /// As [`Linearised::jvp`]; unless made by [`Linearised::of_parameters`].
    pub fn gradient(
        &mut self,
        net: &Net<B>,
        cotangents: &[B::Element],
        gradients: &mut [Vec<B::Element>],
    ) -> Result<(), NetError> {
        let samples = self.samples(1);
        assert_eq!(cotangents.len(), samples * net.graph.shape(self.to).elements());
        let sweep = self
            .training
            .as_mut()
            .expect("made for the gradients of the parameters");
        self.gradients
            .resize_with(net.parameters.len(), B::Buffer::default);
        for (gradient, parameter) in self.gradients.iter_mut().zip(&net.parameters) {
            net.backend.clear(gradient, parameter.len());
        }
        if sweep.active[self.to.0] {
            reserve(&net.backend, &sweep.plan, &mut sweep.slots, samples);
            let primal = (&self.plan, &self.slots, &self.saved);
            let (sums, batch) = (&mut self.gradients, self.batch);
            pull(
                net,
                self.stop,
                sweep,
                (self.to, cotangents),
                |_| false,
                |node, parameters, cotangent, targets| {
                    with_kept(net, primal.0, primal.1, primal.2, node, true, |kept| {
                        if !parameters.is_empty() {
                            let mut own: Vec<B::Buffer> =
                                parameters.iter().map(|p| std::mem::take(&mut sums[*p])).collect();
                            let mut slices: Vec<&mut B::Buffer> = own.iter_mut().collect();
                            let launch = net.launch(node, batch, 1);
                            net.backend.gradient(&launch, kept, cotangent, &mut slices);
                            for (parameter, own) in parameters.iter().zip(own) {
                                sums[*parameter] = own;
                            }
                        }
                        if targets.iter().any(Option::is_some) {
                            let launch = net.launch_transposed(node, batch, 1);
                            net.backend.vjp(&launch, kept, cotangent, targets);
                        }
                    });
                },
            )?;
        }
        for (sum, gradient) in self.gradients.iter().zip(gradients) {
            net.backend.read(sum, gradient);
        }
        Ok(())
    }

    fn samples(&self, directions: usize) -> usize {
        assert!(self.batch > 0, "no point yet: evaluate first");
        self.batch * directions
    }
}

/// What the primal pass kept at a node.
fn with_kept<B: Backend>(
    net: &Net<B>,
    plan: &Plan,
    slots: &[B::Buffer],
    saved: &[Option<B::Buffer>],
    node: usize,
    gradient: bool,
    work: impl FnOnce(&Kept<'_, B>),
) {
    let needs = net.graph.nodes()[node].primitive.meaning().needs();
    let inputs: Vec<&B::Buffer> = net
        .inputs_of(node)
        .map(|input| &slots[plan.slot(input)])
        .collect();
    let Some(saved) = &saved[node] else { return };
    work(&Kept {
        inputs: &inputs,
        output: &slots[plan.slot(node)],
        saved,
        with_inputs: needs.inputs || (gradient && needs.inputs_for_gradient),
        with_output: needs.output,
    });
}

/// Takes the cotangents at a value back through the nodes of a sweep; `stop` picks nodes that it does not go through.
/// Returns which nodes have a cotangent.
fn pull<B: Backend>(
    net: &Net<B>,
    halt: Stop<'_>,
    sweep: &mut Sweep<B>,
    (to, cotangents): (Value, &[B::Element]),
    stop: impl Fn(usize) -> bool,
    mut step: impl FnMut(usize, &[usize], &B::Buffer, &mut [Option<(&mut B::Buffer, bool)>]),
) -> Result<Vec<bool>, NetError> {
    let Sweep { plan, active, slots } = sweep;
    let mut reached = vec![false; active.len()];
    reached[to.0] = true;
    net.backend.write(cotangents, &mut slots[plan.slot(to.0)]);
    for node in &plan.steps {
        if !reached[*node] || stop(*node) || net.is_input(*node) {
            continue;
        }
        halt.check()?;
        let cotangent = std::mem::take(&mut slots[plan.slot(*node)]);
        let inputs: Vec<usize> = net.inputs_of(*node).collect();
        let mut taken: Vec<Option<B::Buffer>> = inputs
            .iter()
            .map(|input| active[*input].then(|| std::mem::take(&mut slots[plan.slot(*input)])))
            .collect();
        let mut targets: Vec<Option<(&mut B::Buffer, bool)>> = taken
            .iter_mut()
            .zip(&inputs)
            .map(|(buffer, input)| buffer.as_mut().map(|buffer| (buffer, reached[*input])))
            .collect();
        step(
            *node,
            &net.graph.nodes()[*node].parameters,
            &cotangent,
            &mut targets,
        );
        for (input, buffer) in inputs.iter().zip(taken) {
            if let Some(buffer) = buffer {
                slots[plan.slot(*input)] = buffer;
                reached[*input] = true;
            }
        }
        slots[plan.slot(*node)] = cotangent;
    }
    Ok(reached)
}
