//! The passes on a small net against differences and against each other.
//!
//! Mutations seen red: the slot of a value given back too early (tangents, cotangents); cotangents written where they
//! should be added; products of one row by the route of its own; sums in longer pieces; bundles that read the first sample; parameters
//! kept for the transpose when they change, or prepared before a cotangent is pulled.

use super::backend::Cpu;
use super::graph::{Graph, Value};
use super::pass::{Forward, Linearised};
use super::primitive::harness::normal;
use super::primitive::{Activation, Add, Conv2d, GroupNorm};
use super::shape::Shape;
use super::{Net, NetError};

/// Two residual blocks with one value read three times, and the values x, middle and end.
fn small() -> (Graph, [Value; 3]) {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::image(4, 4, 2));
    let mut h = graph.add("conv_in", Conv2d::same(2, 4), &[x]).unwrap();
    let mut middle = h;
    for block in 0..2 {
        let name = |part: &str| format!("block{block}.{part}");
        let norm = GroupNorm {
            channels: 4,
            groups: 2,
            epsilon: 1e-5,
            silu: false,
        };
        let n = graph.add(&name("norm"), norm, &[h]).unwrap();
        let a = graph.add(&name("act"), Activation::Silu, &[n]).unwrap();
        let c = graph.add(&name("conv"), Conv2d::same(4, 4), &[a]).unwrap();
        let t = graph.add(&name("tanh"), Activation::Tanh, &[h]).unwrap();
        let sum = graph.add(&name("sum"), Add, &[c, t]).unwrap();
        h = graph.add(&name("out"), Add, &[sum, h]).unwrap();
        if block == 0 {
            middle = h;
        }
    }
    (graph, [x, middle, h])
}

fn net() -> (Net<Cpu<f64>>, [Value; 3]) {
    let (graph, values) = small();
    let lengths: Vec<usize> = graph
        .parameters()
        .iter()
        .map(super::graph::Parameter::elements)
        .collect();
    let parameters: Vec<Vec<f64>> = lengths
        .iter()
        .enumerate()
        .map(|(i, n)| normal(&format!("net {i}"), *n))
        .collect();
    (Net::new(graph, parameters, Cpu::new()).unwrap(), values)
}

fn forward(net: &Net<Cpu<f64>>, to: Value, x: (Value, &[f64]), batch: usize) -> Vec<f64> {
    let mut output = vec![0.0; batch * net.graph().shape(to).elements()];
    Forward::new(net, &[to])
        .run(net, batch, &[x], &mut [&mut output])
        .unwrap();
    output
}

fn close(a: f64, b: f64, tolerance: f64) -> bool {
    (a - b).abs() <= tolerance * (1.0 + a.abs().max(b.abs()))
}

#[test] // the tangents' memory is that of a forward pass; only the nodes between are prepared for cotangents
fn parameters_are_prepared_for_the_transpose_when_a_cotangent_is_pulled() {
    let (mut net, [x, middle, _]) = net();
    let prepared = |net: &Net<Cpu<f64>>| -> Vec<String> {
        let nodes = net.graph.nodes().iter().zip(&net.transposed);
        let filled = nodes.filter(|(_, packed)| packed.get().is_some_and(|packed| !packed.is_empty()));
        filled.map(|(node, _)| node.name.clone()).collect()
    };
    let mut pass = Linearised::new(&net, &[x], middle);
    let (point, mut value) = (normal("x", 32), vec![0.0; 64]);
    pass.evaluate(&net, 1, &[(x, &point)], &mut value).unwrap();
    pass.jvp(&net, 1, &[&normal("v", 32)], &mut value).unwrap();
    assert!(prepared(&net).is_empty());
    let mut pulled = vec![0.0; 32];
    pass.vjp(&net, 1, &normal("u", 64), &mut [&mut pulled]).unwrap();
    assert_eq!(prepared(&net), ["conv_in", "block0.conv"]);

    // Changed parameters reach it.
    let doubled: Vec<Vec<f64>> = net
        .parameters()
        .iter()
        .map(|p| p.iter().map(|w| 2.0 * w).collect())
        .collect();
    net.set_parameters(&doubled).unwrap();
    assert!(prepared(&net).is_empty());
}

#[test] // law: net-passes
fn silu_is_fused_into_the_norm_before_it() {
    let (net, _) = net();
    let fused = net.graph().nodes().iter().filter(|node| {
        matches!(
            node.primitive,
            super::primitive::Primitive::GroupNorm(GroupNorm { silu: true, .. })
        )
    });
    assert_eq!(fused.count(), 2);
}

#[test] // oracle: net-passes
fn tangents_and_cotangents_are_those_of_differences() {
    const H: f64 = 1e-5;
    let (net, [x, middle, end]) = net();
    for to in [middle, end] {
        let n = net.graph().shape(to).elements();
        let (at, v, u) = (normal("x", 32), normal("v", 32), normal("u", n));
        let mut linearised = Linearised::new(&net, &[x], to);
        let (mut y, mut jv, mut ju) = (vec![0.0; n], vec![0.0; n], vec![0.0; 32]);
        linearised.evaluate(&net, 1, &[(x, &at)], &mut y).unwrap();
        assert_eq!(y, forward(&net, to, (x, &at), 1));
        linearised.jvp(&net, 1, &[&v], &mut jv).unwrap();
        linearised.vjp(&net, 1, &u, &mut [&mut ju]).unwrap();
        let shifted = |h: f64| at.iter().zip(&v).map(|(x, v)| x + h * v).collect::<Vec<_>>();
        let (plus, minus) = (
            forward(&net, to, (x, &shifted(H)), 1),
            forward(&net, to, (x, &shifted(-H)), 1),
        );
        for ((jv, plus), minus) in jv.iter().zip(plus).zip(minus) {
            assert!(close(*jv, (plus - minus) / (2.0 * H), 1e-6), "{jv}");
        }
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        assert!(close(dot(&jv, &u), dot(&v, &ju), 1e-12));
    }
}

#[test] // oracle: net-passes
fn gradients_are_those_of_differences_and_sum_over_the_batch() {
    const H: f64 = 1e-5;
    let (mut net, [x, _, end]) = net();
    let (at, u) = (normal("x", 64), normal("u", 128));
    let mut gradients: Vec<Vec<f64>> = net.parameters().iter().map(|p| vec![1.0; p.len()]).collect();
    let mut linearised = Linearised::of_parameters(&net, end);
    let mut y = vec![0.0; 128];
    for _ in 0..2 {
        // Twice: the second call starts from zero as well.
        linearised.evaluate(&net, 2, &[(x, &at)], &mut y).unwrap();
        linearised.gradient(&net, &u, &mut gradients).unwrap();
    }
    let start = net.parameters().to_vec();
    for (index, gradient) in gradients.iter().enumerate() {
        let direction = normal("d", gradient.len());
        let mut value = |h: f64| {
            let mut moved = start.clone();
            moved[index]
                .iter_mut()
                .zip(&direction)
                .for_each(|(p, d)| *p += h * d);
            net.set_parameters(&moved).unwrap();
            let y = forward(&net, end, (x, &at), 2);
            y.iter().zip(&u).map(|(y, u)| y * u).sum::<f64>()
        };
        let difference = (value(H) - value(-H)) / (2.0 * H);
        let rule: f64 = gradient.iter().zip(&direction).map(|(g, d)| g * d).sum();
        assert!(
            close(rule, difference, 1e-6),
            "parameter {index}: {rule} {difference}"
        );
    }
}

// a bundle of directions at one point and at several, and a value that depends on nothing given
#[test] // law: net-passes
fn bundles_have_the_bits_of_their_members() {
    let (net, [x, _, end]) = net();
    let at = normal("x", 64);
    let (v, u) = (normal("v", 2 * 3 * 32), normal("u", 2 * 3 * 64));
    let mut all = Linearised::new(&net, &[x], end);
    let mut y = vec![0.0; 128];
    all.evaluate(&net, 2, &[(x, &at)], &mut y).unwrap();
    let (mut jv, mut ju) = (vec![0.0; 2 * 3 * 64], vec![0.0; 2 * 3 * 32]);
    all.jvp(&net, 3, &[&v], &mut jv).unwrap();
    all.vjp(&net, 3, &u, &mut [&mut ju]).unwrap();
    for sample in 0..2 {
        let mut alone = Linearised::new(&net, &[x], end);
        let mut y_alone = vec![0.0; 64];
        alone
            .evaluate(&net, 1, &[(x, &at[sample * 32..][..32])], &mut y_alone)
            .unwrap();
        assert_eq!(y_alone, y[sample * 64..][..64]);
        for k in 0..3 {
            let index = sample * 3 + k;
            let (mut jv_alone, mut ju_alone) = (vec![0.0; 64], vec![0.0; 32]);
            alone
                .jvp(&net, 1, &[&v[index * 32..][..32]], &mut jv_alone)
                .unwrap();
            alone
                .vjp(&net, 1, &u[index * 64..][..64], &mut [&mut ju_alone])
                .unwrap();
            assert_eq!(jv_alone, jv[index * 64..][..64]);
            assert_eq!(ju_alone, ju[index * 32..][..32]);
        }
    }
}

// J from an inner value to the end, the rest held
#[test] // law: net-passes
fn a_map_may_start_inside() {
    const H: f64 = 1e-5;
    let (net, [x, middle, end]) = net();
    let at = normal("x", 32);
    let mut linearised = Linearised::new(&net, &[middle], end);
    let mut y = vec![0.0; 64];
    linearised.evaluate(&net, 1, &[(x, &at)], &mut y).unwrap();
    let v = normal("w", 64);
    let (mut jv, mut ju) = (vec![0.0; 64], vec![0.0; 64]);
    linearised.jvp(&net, 1, &[&v], &mut jv).unwrap();
    let u = normal("u", 64);
    linearised.vjp(&net, 1, &u, &mut [&mut ju]).unwrap();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    assert!(close(dot(&jv, &u), dot(&v, &ju), 1e-12));
    let _ = H;
    assert!(dot(&jv, &jv) > 0.0);
}

#[test] // edge: net-passes
fn what_is_wrong_is_named() {
    let (mut net, [x, _, end]) = net();
    let mut output = vec![0.0; 64];
    let mut pass = Forward::new(&net, &[end]);
    let mut at = normal("x", 32);
    let missing = pass.run(&net, 1, &[], &mut [&mut output]);
    assert_eq!(missing, Err(NetError::Missing { name: "x".into() }));
    let short = pass.run(&net, 1, &[(x, &at[1..])], &mut [&mut output]);
    assert!(matches!(short, Err(NetError::InputLength { found: 31, .. })));
    at[3] = f64::NAN;
    let nan = pass.run(&net, 1, &[(x, &at)], &mut [&mut output]);
    assert_eq!(
        nan,
        Err(NetError::InputNotFinite {
            name: "x".into(),
            index: 3
        })
    );
    at[3] = 1.0;
    let mut parameters = net.parameters().to_vec();
    let large = net
        .graph()
        .parameters()
        .iter()
        .position(|p| p.name == "block0.conv.weight")
        .unwrap();
    parameters[large].fill(1e308);
    net.set_parameters(&parameters).unwrap();
    let overflow = pass.run(&net, 1, &[(x, &at)], &mut [&mut output]);
    assert!(
        matches!(&overflow, Err(NetError::LayerNotFinite { name, .. }) if name == "block0.conv"),
        "{overflow:?}"
    );
    parameters[large][5] = f64::INFINITY;
    let infinite = net.set_parameters(&parameters);
    let name = "block0.conv.weight".to_owned();
    assert_eq!(infinite, Err(NetError::ParameterNotFinite { name, index: 5 }));
    parameters[large].pop();
    assert!(matches!(
        net.set_parameters(&parameters),
        Err(NetError::ParameterLength { .. })
    ));
    assert!(matches!(
        net.set_parameters(&[]),
        Err(NetError::ParameterCount { found: 0, .. })
    ));
}

#[test] // edge: net-passes
fn what_does_not_fit_in_a_graph_is_named() {
    let (mut graph, [x, middle, end]) = small();
    let twice = graph.add("twice", Add, &[x, x]).unwrap_err();
    assert_eq!(twice.layer, "twice");
    assert!(graph.add("sum", Add, &[x, middle]).is_err());
    // The same name shares parameters, another shape is refused.
    let count = graph.parameters().len();
    graph.add("block0.conv", Conv2d::same(4, 4), &[end]).unwrap();
    assert_eq!(graph.parameters().len(), count);
    let other = graph.add("block0.conv", Conv2d::same(4, 5), &[end]).unwrap_err();
    assert!(other.reason.contains("block0.conv.weight"), "{other}");
}
