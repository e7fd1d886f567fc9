//! Symmetries of the method.

use crate::data::{Batch, Gates, Table, exact, gap};
use crate::tolerances as tol;
use gibbs_core::garrote::gate;
use gibbs_core::garrote::{Ascent, Solution, Solver};
use gibbs_core::random::{shuffle, stream, uniform};
use proptest::prelude::*;

fn solve(batch: &Batch<f64>, gamma: f64) -> (Gates<f64>, Solution<f64>) {
    let mut gates = Gates::of(batch);
    let solution = Ascent::new(batch.moments(), gates.lend(), exact())
        .unwrap()
        .solve(gamma);
    (gates, solution)
}

/// Same inclusions, weights and F up to rounding.
fn assert_same(a: &(Gates<f64>, Solution<f64>), b: &(Gates<f64>, Solution<f64>), what: &str) {
    assert!(
        gap(&a.0.inclusion, &b.0.inclusion) < tol::SAME_SOLUTION,
        "{what}: m"
    );
    assert!(gap(&a.0.weight, &b.0.weight) < tol::SAME_SOLUTION, "{what}: w");
    let f = a.1.free_energy;
    assert!(
        (f - b.1.free_energy).abs() < tol::SAME_SOLUTION * (1.0 + f.abs()),
        "{what}: F"
    );
}

proptest! {
    #![proptest_config(crate::cases(64))]

    // a permutation of columns permutes the solution (strong signals: one fixed point)
    #[test] // law: garrote-ascent
    fn permutation(index in 0..1000_u64, n in 2..12_usize, gamma in -6.0..-1.0_f64) {
        let table = Table::sparse("permute", index, 120, n, n.div_ceil(3), 0.5);
        let (a, f) = solve(&table.batch(), gamma);
        let mut order: Vec<usize> = (0..n).collect();
        shuffle(&mut stream(15, "order", index), &mut order);
        let mut other = table.clone();
        for (to, from) in other.x.chunks_exact_mut(n).zip(table.x.chunks_exact(n)) {
            for (to, k) in to.iter_mut().zip(&order) {
                *to = from[*k];
            }
        }
        let (b, g) = solve(&other.batch(), gamma);
        for (k, i) in order.iter().enumerate() {
            prop_assert!((b.inclusion[k] - a.inclusion[*i]).abs() < tol::SAME_SOLUTION);
            prop_assert!((b.weight[k] - a.weight[*i]).abs() < tol::SAME_SOLUTION);
        }
        prop_assert!((f.free_energy - g.free_energy).abs() < tol::SAME_SOLUTION);
    }

    // signs, scales and offsets of columns, offset of y: m stays, w follows the sign
    #[test] // law: garrote-ascent
    fn columns(index in 0..1000_u64, n in 1..12_usize, r in 0.0..0.8_f64, gamma in -6.0..0.0_f64) {
        let table = Table::correlated("columns", index, 40, n, r);
        let first = solve(&table.batch(), gamma);
        let mut rng = stream(16, "columns", index);
        let signs: Vec<f64> = (0..n).map(|_| if uniform::<f64>(&mut rng) < 0.5 { -1.0 } else { 1.0 }).collect();
        let factors: Vec<f64> = (0..n).map(|_| 0.1 + 9.0 * uniform::<f64>(&mut rng)).collect();
        let mut other = table.clone();
        for (k, x) in other.x.iter_mut().enumerate() {
            *x = *x * signs[k % n] * factors[k % n] + 3.0 * factors[k % n];
        }
        for y in &mut other.y {
            *y += 17.0;
        }
        let mut second = solve(&other.batch(), gamma);
        for (w, s) in second.0.weight.iter_mut().zip(&signs) {
            *w *= s;
        }
        assert_same(&first, &second, "signs, scales, offsets");

        // Moments that are not standardised (d != 1): m stays, w_i takes 1/sd_i.
        let mut raw = table.batch::<f64>();
        for i in 0..n {
            for j in 0..n {
                raw.c[i * n + j] *= factors[i] * factors[j];
            }
            raw.b[i] *= factors[i];
        }
        for i in 0..n {
            for j in 0..i {
                raw.c[j * n + i] = raw.c[i * n + j];
            }
        }
        let mut second = solve(&raw, gamma);
        for (w, f) in second.0.weight.iter_mut().zip(&factors) {
            *w *= f;
        }
        assert_same(&first, &second, "raw moments");
    }

    // y -> c y: m stays, w -> c w, beta -> beta/c², F rises by M ln c
    #[test] // law: garrote-ascent
    fn target_scale(index in 0..1000_u64, n in 1..12_usize, log in -6.0..6.0_f64, gamma in -6.0..0.0_f64) {
        let table = Table::correlated("target", index, 40, n, 0.5);
        let c = log.exp();
        let mut other = table.clone();
        for y in &mut other.y {
            *y *= c;
        }
        let first = solve(&table.batch(), gamma);
        let mut second = solve(&other.batch(), gamma);
        prop_assert!((second.1.precision * c * c / first.1.precision - 1.0).abs() < tol::SAME_SOLUTION);
        for w in &mut second.0.weight {
            *w /= c;
        }
        second.1.free_energy -= 40.0 * log;
        assert_same(&first, &second, "y -> c y");
    }
}

// every sample twice: the same moments with M doubled; evidence doubles at the same w and beta
#[test] // law: garrote-ascent
fn duplicated_samples_double_the_evidence() {
    let table = Table::correlated("twice", 0, 30, 6, 0.5);
    let mut twice = table.clone();
    twice.x.extend_from_slice(&table.x);
    twice.y.extend_from_slice(&table.y);
    let (once, twice) = (table.batch::<f64>(), twice.batch::<f64>());
    assert!(gap(&once.c, &twice.c) < tol::ROUNDING && gap(&once.b, &twice.b) < tol::ROUNDING);
    assert_eq!(twice.samples, 60.0);
    let one = gate::evidence(1.7, once.samples, 0.3, 0.3);
    assert_eq!(gate::evidence(1.7, twice.samples, 0.3, 0.3), 2.0 * one);
    // In a sweep: the logits of one sweep from the same state differ by the evidence of the single sample.
    let logit = |batch: &Batch<f64>| {
        let mut gates = Gates::of(batch);
        let _ = Ascent::new(batch.moments(), gates.lend(), exact())
            .unwrap()
            .advance(-9.0, 1);
        let m = gates.inclusion[1]; // a weak variable: not saturated
        (m / (1.0 - m)).ln() + 9.0
    };
    let mut alone = once.clone();
    // Decouple, so that the first sweep of both sees the same rho.
    alone.c = (0..36).map(|k| f64::from(u8::from(k % 7 == 0))).collect();
    let mut doubled = alone.clone();
    doubled.samples = 60.0;
    assert!((logit(&doubled) / logit(&alone) - 2.0).abs() < tol::SAME_SOLUTION);
}

// same numbers, same bits
#[test] // law: garrote-ascent
fn repeated_runs_give_the_same_bits() {
    let batch = Table::correlated("bits", 0, 30, 10, 0.7).batch::<f64>();
    let (a, b) = (solve(&batch, -2.0), solve(&batch, -2.0));
    assert_eq!(a.0, b.0);
    assert_eq!(a.1, b.1);
}
