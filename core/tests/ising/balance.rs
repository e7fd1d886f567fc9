//! Balance and detailed balance of the single-spin rules by transition matrices: a ring of 6 spins,
//! J = 0.7, h = 0.2, beta = 1. The probabilities are those of the rules themselves, counted over random words.

use crate::oracle::{
    Always, Matrix, boltzmann, energies, imbalance, random_site, sequence, share, spins_of, then, violation,
};
use crate::tolerances::BALANCE;
use gibbs_core::ising::{Dense, HeatBath, Metropolis, Model, Rule};

const N: usize = 6;

fn ring() -> (Vec<f64>, [f64; N]) {
    let mut couplings = vec![0.0; N * N];
    for i in 0..N {
        let j = (i + 1) % N;
        couplings[i * N + j] = 0.7;
        couplings[j * N + i] = 0.7;
    }
    (couplings, [0.2; N])
}

/// The probability that the rule flips spin i of a state: 53 bits decide.
fn flips(rule: &impl Rule<f64>) -> impl Fn(usize, usize) -> f64 {
    let (couplings, fields) = ring();
    move |state, i| {
        let model = Dense::new(&couplings, &fields).unwrap();
        let spins = spins_of(state, N);
        let field = model.local_field(i, &spins);
        share(0, 1 << 53, |k| rule.flips(spins[i], field, &mut Always(k << 11)))
    }
}

fn law() -> Vec<f64> {
    let (couplings, fields) = ring();
    boltzmann(&energies(&couplings, &fields), 1.0)
}

/// The pieces in balance and the sweep stationary; returns the violation of the two-colour sweep.
fn pieces_are_reversible_and_sweeps_stationary(rule: &impl Rule<f64>) -> f64 {
    let (law, flips) = (law(), flips(rule));
    let (even, odd) = (sequence(N, &[0, 2, 4], &flips), sequence(N, &[1, 3, 5], &flips));
    let reversible: [Matrix; 4] = [
        random_site(N, &flips),
        even.clone(),
        odd.clone(),
        then(&then(&even, &odd), &even),
    ];
    for matrix in &reversible {
        assert!(violation(&law, matrix) < BALANCE, "{:e}", violation(&law, matrix));
    }
    let sweep = then(&even, &odd);
    let typewriter = sequence(N, &[0, 1, 2, 3, 4, 5], &flips);
    for matrix in reversible.iter().chain([&sweep, &typewriter]) {
        assert!(imbalance(&law, matrix) < BALANCE, "{:e}", imbalance(&law, matrix));
    }
    assert!(violation(&law, &typewriter) > 1e-3);
    violation(&law, &sweep)
}

#[test] // oracle: ising-metropolis
fn metropolis() {
    let violation = pieces_are_reversible_and_sweeps_stationary(&Metropolis::new(1.0).unwrap());
    assert!((violation - 0.017).abs() < 5e-4, "{violation}");
}

#[test] // oracle: ising-heat-bath
fn heat_bath() {
    let violation = pieces_are_reversible_and_sweeps_stationary(&HeatBath::new(1.0).unwrap());
    assert!((violation - 0.011).abs() < 5e-4, "{violation}");
}
