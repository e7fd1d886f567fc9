//! Nearly equal columns: the open gates solved jointly, against least squares, descent of F and the field's definition.
//!
//! Mutations seen red: the step not divided by sqrt(m) in w; `(1 - m) d w` left out; the field not moved.

use crate::data::{Batch, Gates, Table};
use crate::tolerances as tol;
use gibbs_core::garrote::energy::measure;
use gibbs_core::garrote::joint::{scratch_len, settle_weights};
use gibbs_core::garrote::predict::unbiased_precision;
use gibbs_core::garrote::{Ascent, Options, Solver, Status};

#[test] // oracle: garrote-joint
fn nearly_equal_columns_reach_least_squares() {
    for correlation in [0.99, 0.9999] {
        // weights 3 and -3 explain nine tenths of the variance
        let b = 3.0 - 3.0 * correlation;
        let s2 = 6.0 * b / 0.9;
        let batch = Batch::raw(vec![1.0, correlation, correlation, 1.0], vec![b, -b], s2, 400.0);
        let end = |scratch: &mut [f64]| {
            let mut gates = Gates::of(&batch);
            let mut ascent = Ascent::new(batch.moments(), gates.lend(), Options::default())
                .unwrap()
                .with_scratch(scratch);
            ascent.load(&[0.99; 2], &[1.0, -1.0], &[1.0 / s2]);
            let solution = ascent.solve(-4.0);
            (solution.status, solution.sweeps, gates.weight)
        };
        let (status, sweeps, weight) = end(&mut vec![0.0; scratch_len(2)]);
        assert_eq!(status, Status::Converged, "{correlation}");
        assert!(sweeps < 40, "{correlation}: {sweeps} sweeps");
        assert!(
            (weight[0] - 3.0).abs() < 1e-6 && (weight[1] + 3.0).abs() < 1e-6,
            "{weight:?}"
        );
        assert_eq!(
            end(&mut []).0,
            Status::MaxSweeps,
            "{correlation}: sweeps alone do it"
        );
    }
}

#[test] // law: garrote-joint
fn settling_never_raises_the_free_energy() {
    for seed in 0..20 {
        let table = Table::correlated("settle", seed, 30, 8, 0.9);
        let batch = table.batch::<f64>();
        let data = batch.moments();
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(data, gates.lend(), Options::default()).unwrap();
        let _ = ascent.advance(-2.0, 1 + seed as u32 % 4);
        for (i, m) in gates.inclusion.iter_mut().enumerate() {
            *m = 0.02 + 0.97 * ((i as f64 + 1.0) * (seed as f64 + 1.0) * 0.37).fract();
        }
        let _ = Ascent::resume(data, gates.lend(), Options::default()).unwrap(); // g of these inclusions
        let energy = |gates: &Gates<f64>| {
            let (m, w, g, beta) = (&gates.inclusion, &gates.weight, &gates.field, &gates.precision);
            measure(&data, m, w, g, beta, -2.0).free_energy
        };
        let before = energy(&gates);
        settle_weights(&data, &mut gates.lend(), &mut vec![0.0; scratch_len(8)]);
        let after = energy(&gates);
        assert!(after <= before + 1e-10 * before.abs(), "{seed}: {before} {after}");
        for (j, column) in batch.c.chunks_exact(8).enumerate() {
            let v = gates.weight.iter().zip(&gates.inclusion).map(|(w, m)| w * m);
            let field: f64 = column.iter().zip(v).map(|(c, v)| c * v).sum();
            assert!(
                (field - gates.field[j]).abs() < tol::LINEAR_SOLVE,
                "{seed}: field of {j}"
            );
        }
        // at rest: a second one moves nothing
        settle_weights(&data, &mut gates.lend(), &mut vec![0.0; scratch_len(8)]);
        assert!(
            (energy(&gates) - after).abs() < 1e-9 * (1.0 + after.abs()),
            "{seed}"
        );
    }
}

#[test] // edge: garrote-joint
fn a_short_scratch_settles_nothing() {
    let batch = Table::correlated("short", 1, 30, 6, 0.5).batch::<f64>();
    let mut gates = Gates::of(&batch);
    let mut ascent = Ascent::new(batch.moments(), gates.lend(), Options::default()).unwrap();
    let _ = ascent.advance(1.0, 2); // all gates open
    let before = (gates.weight.clone(), gates.field.clone());
    settle_weights(
        &batch.moments(),
        &mut gates.lend(),
        &mut vec![0.0; scratch_len(6) - 10],
    );
    assert_eq!((gates.weight, gates.field), before);
}

#[test] // edge: garrote-predict
fn the_precision_counts_its_degrees() {
    // 12 samples, a mean and Σ m = 2.5: 8.5 degrees are left
    assert!((unbiased_precision(2.0_f64, 12.0, &[1.0, 0.5, 1.0]) - 2.0 * 8.5 / 12.0).abs() < tol::ROUNDING);
    assert!(
        (unbiased_precision(2.0_f64, 3.0, &[1.0; 5]) - 2.0 / 3.0).abs() < tol::ROUNDING,
        "one is left"
    );
}
