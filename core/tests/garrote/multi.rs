//! Several targets sharing their spins.

use crate::data::{Batch, Gates, Table, exact, gap};
use crate::tolerances as tol;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::select::{information_criterion, scratch_len as select_len};
use gibbs_core::garrote::{Ascent, Moments, Noise, Options, Solver, Status};
use gibbs_core::math::sigmoid;
use proptest::prelude::*;

/// The batch with its target given `times` times.
fn repeated(batch: &Batch<f64>, times: usize) -> Batch<f64> {
    Batch {
        b: batch.b.repeat(times),
        s2: batch.s2.repeat(times),
        ..batch.clone()
    }
}

/// Two different targets on the same columns.
fn two(index: u64, n: usize) -> Table {
    let mut table = Table::correlated("multi", index, 40, n, 0.4);
    table.targets = 2;
    let rows = table.x.chunks_exact(n);
    table.y = table
        .y
        .iter()
        .zip(rows)
        .flat_map(|(y, x)| [*y, 3.0 * x[0] - 0.5 * x[n - 1] + y])
        .collect();
    table
}

proptest! {
    #![proptest_config(crate::cases(48))]

    // T identical targets = one target with T times the evidence: M, and the prior, scale alike
    #[test] // oracle: garrote-multi-output
    fn identical_targets_multiply_the_evidence(index in 0..1000_u64, n in 1..9_usize, times in 1..5_usize, gamma in -6.0..0.0_f64) {
        let single = Table::correlated("same targets", index, 40, n, 0.5).batch::<f64>();
        let many = repeated(&single, times);
        let scaled = Batch { samples: 40.0 * times as f64, ..single.clone() };
        let (mut a, mut b) = (Gates::of(&many), Gates::of(&scaled));
        let f = Ascent::new(many.moments(), a.lend(), exact()).unwrap().solve(gamma);
        let g = Ascent::new(scaled.moments(), b.lend(), exact()).unwrap().solve(gamma);
        prop_assert!(gap(&a.inclusion, &b.inclusion) < tol::SAME_SOLUTION);
        for (w, beta) in a.weight.chunks_exact(n).zip(&a.precision) {
            prop_assert!(gap(w, &b.weight) < tol::SAME_SOLUTION);
            prop_assert!((beta / b.precision[0] - 1.0).abs() < tol::SAME_SOLUTION);
        }
        prop_assert!((f.free_energy - g.free_energy).abs() < tol::SAME_SOLUTION * (1.0 + f.free_energy.abs()));
        prop_assert!((f.precision / g.precision - 1.0).abs() < tol::SAME_SOLUTION, "geometric mean of equals");
    }

    // stationarity with two targets: the shared spin sums both evidences; the joint solver agrees; F falls
    #[test] // law: garrote-multi-output
    fn two_targets_share_a_spin(index in 0..1000_u64, n in 2..9_usize, gamma in -6.0..0.0_f64) {
        let batch = two(index, n).batch::<f64>();
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap();
        let mut last = ascent.energy(gamma).free_energy;
        for _ in 0..30 {
            let now = ascent.advance(gamma, 1).free_energy;
            prop_assert!(now <= last + tol::MONOTONE * (1.0 + last.abs()));
            last = now;
        }
        prop_assert_eq!(ascent.solve(gamma).status, Status::Converged);
        for i in 0..n {
            let mut theta = gamma;
            for t in 0..2 {
                let w = &gates.weight[t * n..][..n];
                theta += 20.0 * gates.precision[t] * w[i] * w[i];
                let cv: f64 = (0..n).map(|j| batch.c[i * n + j] * gates.inclusion[j] * w[j]).sum();
                let expected = batch.b[t * n + i] - cv + gates.inclusion[i] * w[i];
                prop_assert!((w[i] - expected).abs() < tol::FIXED_POINT);
            }
            prop_assert!((gates.inclusion[i] - sigmoid(theta)).abs() < tol::FIXED_POINT);
        }
        let (mut other, mut scratch) = (Gates::of(&batch), vec![0.0; scratch_len(n)]);
        let options = Options { tolerance: 1e-11, max_sweeps: 20_000, ..Options::default() };
        let mut joint = Joint::new(batch.moments(), other.lend(), options, &mut scratch).unwrap();
        joint.load(&gates.inclusion, &gates.weight, &gates.precision);
        let solution = joint.solve(gamma);
        prop_assert_eq!(solution.status, Status::Converged);
        // The joint solver holds m at 1 - 1e-10: with large weights that shifts beta by more than the 8e-10 of one target.
        prop_assert!(gap(joint.inclusion(), &gates.inclusion) < tol::FIXED_POINT);
        prop_assert!(gap(joint.weight(), &gates.weight) < tol::FIXED_POINT);
        let mean = (gates.precision[0] * gates.precision[1]).sqrt();
        prop_assert!((solution.precision / mean - 1.0).abs() < tol::FIXED_POINT);
    }
}

// a strong target opens a gate that the weak one alone would not; fixed beta holds for both
#[test] // law: garrote-multi-output
fn targets_pool_their_evidence() {
    let batch = two(3, 6).batch::<f64>();
    let weak = Batch {
        b: batch.b[..6].to_vec(),
        s2: batch.s2[..1].to_vec(),
        ..batch.clone()
    };
    let (mut both, mut one) = (Gates::of(&batch), Gates::of(&weak));
    let options = Options {
        noise: Noise::Fixed(0.4),
        ..Options::default()
    };
    let _ = Ascent::new(batch.moments(), both.lend(), options)
        .unwrap()
        .solve(-9.0);
    let _ = Ascent::new(weak.moments(), one.lend(), options)
        .unwrap()
        .solve(-9.0);
    assert_eq!(both.precision, [0.4, 0.4]);
    assert!(
        both.inclusion
            .iter()
            .zip(&one.inclusion)
            .any(|(b, o)| *b > 0.9 && *o < 0.5)
    );
}

// EBIC of several targets: M Σ_t ln RSS_t + k (Q ln M + 2 g ln N); first activation pools too
#[test] // law: garrote-multi-output
fn criterion_and_grid_sum_over_targets() {
    let batch = two(5, 5).batch::<f64>();
    let moments = batch.moments();
    let m = [0.9, 0.0, 0.8, 0.0, 0.0];
    let mut scratch = vec![0.0; select_len(2)];
    let part = |t: usize| {
        let one = Moments::new(&batch.c, &batch.b[t * 5..][..5], &batch.s2[t..=t], 40.0).unwrap();
        let mut scratch = vec![0.0; select_len(2)];
        (
            information_criterion(&one, &m, 0.0, &mut scratch).unwrap(),
            one.strongest_evidence(),
        )
    };
    let sum = part(0).0 + part(1).0 + 2.0 * 2.0 * 0.5 * 5.0_f64.ln();
    let got = information_criterion(&moments, &m, 0.5, &mut scratch).unwrap();
    assert!((got - sum).abs() < tol::CORNER * sum.abs());
    let strongest = moments.strongest_evidence();
    assert!(strongest <= part(0).1 + part(1).1 + 1e-9 && strongest >= part(0).1.max(part(1).1));
}
