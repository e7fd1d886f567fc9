//! f32 beside f64: convergence at the default tolerance, and the same supports.

use crate::data::{Batch, Curves, Gates, Table, gap, support};
use crate::tolerances as tol;
use gibbs_core::garrote::path::{activation_grid, default_limit};
use gibbs_core::garrote::select::{by_information, scratch_len};
use gibbs_core::garrote::{Ascent, Options, Solver, Status, trace};
use gibbs_core::math::Real;

/// A 32-point path at default options: kept inclusions and weights at EBIC's choice, worst status, sweeps.
fn choose<T: Real>(batch: &Batch<T>, columns: usize) -> (Vec<T>, Vec<T>, u32, usize) {
    let moments = batch.moments();
    let mut grid = vec![T::ZERO; 32];
    activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
    let mut curves = Curves::of(batch, 32);
    let mut gates = Gates::of(batch);
    let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
    let mut store = curves.store(&moments);
    let _ = trace(
        &mut ascent,
        &mut store,
        &grid,
        default_limit(columns, moments.samples()),
    )
    .unwrap();
    let reached = store.reached();
    let index = by_information(&moments, &store, T::ONE, &mut vec![T::ZERO; scratch_len(columns)]).unwrap();
    let chosen = (
        store.inclusion_at(index).to_vec(),
        store.weight_at(index).to_vec(),
    );
    let visited = curves.forward[..reached]
        .iter()
        .chain(&curves.backward[..reached - 1])
        .filter(|s| s.sweeps > 0);
    let late = visited.clone().filter(|s| s.status == Status::MaxSweeps).count();
    (chosen.0, chosen.1, visited.map(|s| s.sweeps).sum(), late)
}

#[test] // protocol B (N = 100, M = 67, five ones, noise 1), 40 draws: one support in f32 and f64
fn protocol_b_supports_agree() {
    let (mut agree, mut late, mut exact, mut sweeps) = (0, [0, 0], 0, [0, 0]);
    for index in 0..40 {
        let table = Table::sparse("protocol b", index, 67, 100, 5, 1.0);
        let (m64, w64, s64, late64) = choose(&table.batch::<f64>(), 100);
        let (m32, w32, s32, late32) = choose(&table.batch::<f32>(), 100);
        let same = support(&m32) == support(&m64);
        agree += u32::from(same);
        exact += u32::from(support(&m64) == table.truth);
        late = [late[0] + late64, late[1] + late32];
        sweeps = [sweeps[0] + s64, sweeps[1] + s32];
        if same {
            let w32: Vec<f64> = support(&m32).iter().map(|i| w32[*i].wide()).collect();
            let w64: Vec<f64> = support(&m64).iter().map(|i| w64[*i]).collect();
            assert!(gap(&w32, &w64) < tol::SINGLE, "draw {index}");
        }
    }
    assert_eq!(agree, 40, "of 40 draws");
    assert!(exact >= 36, "{exact} of 40 draws exact");
    // Of some 2400 solves each: single ones at a transition, where convergence is critically slow, may run long.
    assert!(
        late[0] <= 2 && late[1] <= 2,
        "{late:?} solves ran into the sweep limit"
    );
    assert!(
        sweeps[1] < sweeps[0],
        "f32 stops earlier at its coarser tolerance: {sweeps:?}"
    );
}

// R² = .99 and .9999: cancellation in ehat must not keep f32 from reporting convergence
#[test] // edge: garrote-ascent
fn single_precision_converges_on_clean_data() {
    for (noise, name) in [(1.0, "r50"), (0.2, "r99"), (0.02, "r9999")] {
        let (mut late, mut solves) = (0, 0);
        for index in 0..20 {
            let table = Table::correlated("clean", index, 60, 16, 0.5);
            let mut clean = table.clone();
            // Shrink the noise: y = signal + noise e.
            for ((row, _), y) in table.each().zip(clean.y.iter_mut()) {
                let signal: f64 = table
                    .truth
                    .iter()
                    .enumerate()
                    .map(|(k, i)| row[*i] * (1.0 - 0.15 * k as f64))
                    .sum();
                *y = signal + noise * (*y - signal);
            }
            let batch = clean.batch::<f32>();
            let mut gates = Gates::of(&batch);
            let mut ascent = Ascent::new(batch.moments(), gates.lend(), Options::default()).unwrap();
            for gamma in [-400.0, -100.0, -30.0, -10.0, -5.0, -2.0, -0.5] {
                let solution = ascent.solve(gamma);
                solves += 1;
                late += u32::from(solution.status == Status::MaxSweeps);
            }
        }
        assert_eq!(
            late, 0,
            "{name}: {late} of {solves} solves ran into the sweep limit"
        );
    }
}
