//! C = I: the gates decouple, w = b, and only beta is iterated.

use crate::data::{Batch, Gates, exact, gap};
use crate::tolerances as tol;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::{Ascent, Noise, Options, Solver, Status};

fn design(b: &[f64], s2: f64, samples: f64) -> Batch<f64> {
    let n = b.len();
    let c = (0..n * n)
        .map(|k| f64::from(u8::from(k % (n + 1) == 0)))
        .collect();
    Batch::raw(c, b.to_vec(), s2, samples)
}

fn sigmoid(t: f64) -> f64 {
    1.0 / (1.0 + (-t).exp())
}

// the scalar iteration beta <- 1/(s2 - Σ m b²), for both solvers
#[test] // oracle: garrote-ascent, garrote-joint
fn both_solvers_reach_the_scalar_fixed_point() {
    let b = [0.9, 0.1, -0.4, 0.35, 0.0, -0.22];
    for gamma in [-9.0, -4.0, -1.0, 0.0, 2.0] {
        let batch = design(&b, 1.6, 40.0);
        let mut beta = 1.0 / 1.6;
        let mut m = b;
        for _ in 0..20_000 {
            for (m, b) in m.iter_mut().zip(&b) {
                *m = sigmoid(gamma + beta * 40.0 * b * b / 2.0);
            }
            beta = 1.0 / (1.6 - m.iter().zip(&b).map(|(m, b)| m * b * b).sum::<f64>());
        }
        let mut gates = Gates::of(&batch);
        let solution = Ascent::new(batch.moments(), gates.lend(), exact())
            .unwrap()
            .solve(gamma);
        assert_eq!(solution.status, Status::Converged);
        assert_eq!(gap(&gates.weight, &b), 0.0, "w = b exactly");
        assert!(gap(&gates.inclusion, &m) < tol::ROUNDING, "gamma {gamma}");
        assert!((solution.precision / beta - 1.0).abs() < tol::ROUNDING);
        let total: f64 = m.iter().sum();
        assert!((solution.total_inclusion - total).abs() < tol::ROUNDING);

        let (mut other, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(6)]);
        let mut joint = Joint::new(batch.moments(), other.lend(), exact(), &mut scratch).unwrap();
        assert_eq!(joint.solve(gamma).status, Status::Converged);
        assert!(
            gap(&other.inclusion, &m) < tol::SAME_FIXED_POINT,
            "joint, gamma {gamma}"
        );
        assert!(gap(&other.weight, &b) < tol::ROUNDING);
    }
}

// closed form: the first sweep at beta = 1/s2
#[test] // oracle: garrote-ascent
fn one_sweep_from_shut_gates_is_the_closed_form() {
    let b = [0.9, 0.1, -0.4];
    let batch = design(&b, 1.25, 50.0);
    let mut gates = Gates::of(&batch);
    let mut ascent = Ascent::new(batch.moments(), gates.lend(), Options::default()).unwrap();
    let solution = ascent.advance(-5.0, 1);
    assert_eq!((solution.sweeps, solution.status), (1, Status::MaxSweeps));
    let expected = b.map(|b| sigmoid(-5.0 + 0.5 * 50.0 / 1.25 * b * b));
    assert!(gap(&gates.inclusion, &expected) < 1e-15);
}

#[test] // limit: beta fixed and M large is a hard threshold at |b| = sqrt(2 |gamma| / (beta M))
fn fixed_noise_and_many_samples_threshold() {
    let (gamma, beta, samples) = (-50.0_f64, 2.0, 4e5);
    let threshold = (2.0 * -gamma / (beta * samples)).sqrt();
    let b = [1.5, 1.2, 1.1, 0.9, 0.8, 0.5, -1.3, -0.7].map(|f| f * threshold);
    let batch = design(&b, 1.0, samples);
    let options = Options {
        noise: Noise::Fixed(beta),
        ..Options::default()
    };
    let mut gates = Gates::of(&batch);
    let solution = Ascent::new(batch.moments(), gates.lend(), options)
        .unwrap()
        .solve(gamma);
    assert_eq!(solution.status, Status::Converged);
    assert_eq!(solution.precision, beta, "a fixed beta stays");
    for (m, b) in gates.inclusion.iter().zip(b) {
        let open = f64::from(u8::from(b.abs() > threshold));
        assert!((m - open).abs() < 1e-4, "{b} of {threshold}: {m}");
    }
}
