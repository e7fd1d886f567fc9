//! The adapter of nets against the matrix of a linear net.
//!
//! Mutations seen red: cotangents counted by calls (by the test of the authors' loop).

use super::super::krylov;
use super::super::testing::tolerance::RITZ_DOUBLE;
use super::super::testing::{check_basis, matrix};
use super::*;
use crate::net::backend::Cpu;
use crate::net::graph::Graph;
use crate::net::primitive::{Activation, Conv2d};
use crate::net::shape::Shape;
use gibbs_core::math::dot;

#[test]
fn a_net_gives_its_jacobian_whatever_is_done_at_once() {
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::image(4, 3, 2));
    let c = graph.add("conv", Conv2d::same(2, 5), &[x]).unwrap();
    let h = graph.add("tanh", Activation::Tanh, &[c]).unwrap();
    let parameters: Vec<Vec<f64>> = (graph.parameters().iter())
        .map(|p| (0..p.elements()).map(|i| (i as f64 * 0.9).sin()).collect())
        .collect();
    let net = Net::new(graph, parameters, Cpu::<f64>::new()).unwrap();
    let mut linearised = Linearised::new(&net, &[x], h);
    let at: Vec<f64> = (0..24).map(|i| f64::from(i).cos() / 2.0).collect();
    linearised.evaluate(&net, 1, &[(x, &at)], &mut [0.0; 60]).unwrap();
    let mut results = Vec::new();
    for at_once in [1, 4, 100] {
        let mut map = LinearisedMap::new(&net, &mut linearised, (x, h), at_once);
        assert_eq!(map.dimensions(), (60, 24));
        let found = krylov::basis(&mut map, &krylov::Options::new(5)).unwrap();
        check_basis(&mut map, &found, (RITZ_DOUBLE, RITZ_DOUBLE, RITZ_DOUBLE));
        results.push((matrix(&mut map), found));
    }
    assert_eq!(results[0], results[1]);
    assert_eq!(results[0], results[2]);
    let exact = results[0].0.singular_values();
    let found = &results[0].1;
    for (s, exact) in found.singular_values.iter().zip(exact.iter()) {
        // An eigenvalue of JᵀJ lies within the residual of a Ritz value.
        let bound = (found.measure + RITZ_DOUBLE) * found.singular_values[0].powi(2);
        assert!((s * s - exact * exact).abs() <= bound);
    }
}

#[test] // <J v, u> = <v, Jᵀ u>, and the entries in their places
fn a_dense_matrix_is_itself_and_its_transpose() {
    let mut map = Dense::new(2, 3, vec![1.0, 2.0, 3.0, 4.0, 5.0, 6.0]).unwrap();
    let (v, u) = ([1.0, 0.0, -1.0, 0.5, 2.0, 1.0], [3.0, -1.0, 0.0, 2.0]);
    let (mut jv, mut ju) = ([0.0; 4], [0.0; 6]);
    map.apply(2, &v, &mut jv).unwrap();
    map.apply_transposed(2, &u, &mut ju).unwrap();
    assert_eq!(jv, [-2.0, -2.0, 7.5, 18.0]);
    assert_eq!(dot(&jv[..2], &u[..2]), dot(&v[..3], &ju[..3]));
    assert_eq!(dot(&jv[2..], &u[2..]), dot(&v[3..], &ju[3..]));
    assert!(Dense::new(2, 3, vec![1.0; 5]).is_err());
}
