//! Gradients against central differences.

use crate::data::{Gates, Table, exact};
use crate::tolerances as tol;
use gibbs_core::garrote::Ascent;
use gibbs_core::garrote::Solver;
use gibbs_core::garrote::energy::{gate_gradient, gradient};
use gibbs_core::math::sigmoid;
use gibbs_core::random::{normal, stream};
use gibbs_core::{Error, garrote};
use proptest::prelude::*;

proptest! {
    #![proptest_config(crate::cases(64))]

    #[test] // law: garrote-energy
    fn gradient_is_the_central_difference(index in 0..1000_u64, n in 1..9_usize, r in 0.0..0.9_f64, gamma in -8.0..2.0_f64, profiled: bool) {
        let table = Table::correlated("gradient", index, 20, n, r);
        let batch = table.batch::<f64>();
        let moments = batch.moments();
        let mut rng = stream(17, "gradient", index);
        let w: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let theta: Vec<f64> = (0..n).map(|_| 2.0 * normal::<f64>(&mut rng)).collect();
        // 1/beta = ehat from E of the energy: F at beta = 1 is (M/2)(ehat + ln 2pi) + rest.
        let energy = |w: &[f64], theta: &[f64], beta: f64| {
            let m: Vec<f64> = theta.iter().map(|t| sigmoid(*t)).collect();
            let mut gates = Gates::of(&batch);
            let mut ascent = Ascent::new(moments, gates.lend(), exact()).unwrap();
            ascent.load(&m, w, &[beta]);
            let f = ascent.energy(gamma).free_energy;
            (f, gates.field)
        };
        let ehat = |w: &[f64], theta: &[f64]| {
            let (one, two) = (energy(w, theta, 1.0).0, energy(w, theta, 2.0).0);
            (two - one + 10.0 * 2.0_f64.ln()) / 10.0 // F(2) - F(1) = (M/2)(ehat - ln 2)
        };
        let beta_of = |w: &[f64], theta: &[f64]| if profiled { 1.0 / ehat(w, theta) } else { 0.8 };
        let value = |w: &[f64], theta: &[f64]| energy(w, theta, beta_of(w, theta)).0;
        let (_, field) = energy(&w, &theta, 1.0);
        let (mut by_weight, mut by_logit) = (vec![0.0; n], vec![0.0; n]);
        gradient(&moments, &w, &theta, &field, beta_of(&w, &theta), gamma, &mut by_weight, &mut by_logit).unwrap();
        let h = 1e-5;
        for i in 0..n {
            let shifted = |v: &[f64], by: f64| { let mut v = v.to_vec(); v[i] += by; v };
            let dw = (value(&shifted(&w, h), &theta) - value(&shifted(&w, -h), &theta)) / (2.0 * h);
            let dt = (value(&w, &shifted(&theta, h)) - value(&w, &shifted(&theta, -h))) / (2.0 * h);
            let scale = 1.0 + value(&w, &theta).abs();
            prop_assert!((dw - by_weight[i]).abs() < tol::DIFFERENCE * scale, "w_{i}: {} against {dw}", by_weight[i]);
            prop_assert!((dt - by_logit[i]).abs() < tol::DIFFERENCE * scale, "theta_{i}: {} against {dt}", by_logit[i]);
        }
    }
}

// matrix-free form: the scalar step on q_i = x_i'r gives the same numbers
#[test] // law: garrote-energy
fn the_scalar_step_serves_the_matrix_free_form() {
    let table = Table::correlated("matrix free", 0, 20, 5, 0.5);
    let batch = table.batch::<f64>();
    let (x, y) = table.standardised();
    let w = [0.3, -0.2, 0.8, 0.0, 1.1];
    let theta = [0.5_f64, -1.0, 2.0, 0.0, -3.0];
    let m = theta.map(sigmoid);
    let field: Vec<f64> = (0..5)
        .map(|i| (0..5).map(|j| batch.c[i * 5 + j] * m[j] * w[j]).sum())
        .collect();
    let (mut by_weight, mut by_logit) = (vec![0.0; 5], vec![0.0; 5]);
    gradient(
        &batch.moments(),
        &w,
        &theta,
        &field,
        1.3,
        -2.0,
        &mut by_weight,
        &mut by_logit,
    )
    .unwrap();
    for i in 0..5 {
        let pull: f64 = -x
            .chunks_exact(5)
            .zip(&y)
            .map(|(row, y)| {
                let fit: f64 = (0..5).map(|j| row[j] * m[j] * w[j]).sum();
                row[i] * (y - fit)
            })
            .sum::<f64>()
            / 20.0;
        let (dw, dt) = gate_gradient(w[i], theta[i], pull, 1.0, 1.3 * 20.0, -2.0);
        assert!(
            (dw - by_weight[i]).abs() < tol::ROUNDING * 100.0
                && (dt - by_logit[i]).abs() < tol::ROUNDING * 100.0
        );
    }
}

// a converged solution has no gradient
#[test] // law: garrote-energy
fn gradient_vanishes_at_a_fixed_point() {
    let table = Table::correlated("flat", 0, 30, 8, 0.6);
    let batch = table.batch::<f64>();
    let mut gates = Gates::of(&batch);
    let solution = Ascent::new(batch.moments(), gates.lend(), exact())
        .unwrap()
        .solve(-3.0);
    let theta: Vec<f64> = gates
        .weight
        .iter()
        .map(|w| -3.0 + garrote::gate::evidence(solution.precision, 30.0, *w, *w))
        .collect();
    let (mut dw, mut dt) = (vec![1.0; 8], vec![1.0; 8]);
    gradient(
        &batch.moments(),
        &gates.weight,
        &theta,
        &gates.field,
        solution.precision,
        -3.0,
        &mut dw,
        &mut dt,
    )
    .unwrap();
    assert!(
        dw.iter().chain(&dt).all(|g| g.abs() < tol::FIXED_POINT * 30.0),
        "{dw:?} {dt:?}"
    );
}

#[test] // edge: garrote-energy
fn misshapen_slices_are_refused() {
    let batch = Table::sparse("shape", 0, 10, 3, 1, 1.0).batch::<f64>();
    let (three, mut out) = ([0.0; 3], [7.0; 3]);
    let refused = gradient(
        &batch.moments(),
        &three,
        &three[..2],
        &three,
        1.0,
        -1.0,
        &mut out,
        &mut [0.0; 3],
    );
    assert_eq!(refused, Err(Error::Shape));
    assert_eq!(out, [7.0; 3]);
}
