//! A small net, its Jacobian along two directions, and its transpose: <J v, u> = <v, J^T u>.
//!
//! `cargo run -p gibbs --example tangents`

use gibbs::net::Net;
use gibbs::net::backend::Cpu;
use gibbs::net::graph::Graph;
use gibbs::net::pass::Linearised;
use gibbs::net::primitive::{Activation, Linear};
use gibbs::net::shape::Shape;
use gibbs_core::random::{normal, stream};

fn draw(name: &str, count: usize) -> Vec<f64> {
    let mut rng = stream(0, name, 0);
    (0..count).map(|_| normal(&mut rng)).collect()
}

fn dot(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| a * b).sum()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let layer = |inputs, outputs| Linear {
        inputs,
        outputs,
        bias: true,
    };
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::vector(3));
    let hidden = graph.add("first", layer(3, 8), &[x])?;
    let hidden = graph.add("tanh", Activation::Tanh, &[hidden])?;
    let y = graph.add("second", layer(8, 2), &[hidden])?;
    let parameters = graph.parameters().iter().map(|parameter| {
        let count = parameter.shape.iter().product();
        draw(&parameter.name, count)
    });
    let parameters = parameters.collect();
    let net = Net::new(graph, parameters, Cpu::new())?;

    let mut pass = Linearised::new(&net, &[x], y);
    let mut value = [0.0; 2];
    pass.evaluate(&net, 1, &[(x, &draw("point", 3))], &mut value)?;
    println!("f(x)  {value:?}");

    let (v, u) = (draw("tangents", 2 * 3), draw("cotangents", 2 * 2));
    let (mut pushed, mut pulled) = ([0.0; 4], [0.0; 6]);
    pass.jvp(&net, 2, &[&v], &mut pushed)?;
    pass.vjp(&net, 2, &u, &mut [&mut pulled])?;
    for direction in 0..2 {
        let (out, back) = (2 * direction, 3 * direction);
        let left = dot(&pushed[out..out + 2], &u[out..out + 2]);
        let right = dot(&v[back..back + 3], &pulled[back..back + 3]);
        println!("<J v, u> = {left:.12}   <v, J^T u> = {right:.12}");
        assert!((left - right).abs() < 1e-12 * left.abs().max(1.0));
    }
    Ok(())
}
