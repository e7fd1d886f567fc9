//! The gamma path: both passes, endings, limits, grids.

use crate::data::{Batch, Curves, Gates, Table, support};
use crate::decoy::run;
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::garrote::path::{activation_grid, default_limit, kappen_grid, linear_grid};
use gibbs_core::garrote::{Ascent, Ending, Noise, Options, Pass, Solver, Status, trace};

fn traced(
    batch: &Batch<f64>,
    options: Options<f64>,
    limit: f64,
    gammas: usize,
) -> (Curves<f64>, usize, Ending) {
    let moments = batch.moments();
    let mut grid = vec![0.0; gammas];
    activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
    let mut gates = Gates::of(batch);
    let mut curves = Curves::of(batch, gammas);
    let mut ascent = Ascent::new(moments, gates.lend(), options).unwrap();
    let mut store = curves.store(&moments);
    let ending = trace(&mut ascent, &mut store, &grid, limit).unwrap();
    let reached = store.reached();
    (curves, reached, ending)
}

// the kept solution is the lower of the two, its row reproduces its F, and hysteresis shows
#[test] // law: garrote-path
fn the_kept_solution_is_the_lower_one() {
    let mut backward_kept = 0;
    for index in 0..6 {
        let table = Table::correlated("kept", index, 40, 10, 0.8);
        let batch = table.batch::<f64>();
        let (mut curves, reached, ending) = traced(&batch, Options::default(), 11.0, 40);
        assert_eq!((reached, ending), (40, Ending::Grid));
        let (forward, backward) = (curves.forward.clone(), curves.backward.clone());
        let moments = batch.moments();
        let store = curves.store(&moments);
        assert_eq!(store.reached(), 0, "a new store is empty");
        assert!(store.solution(0).is_none());
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
        for k in 0..reached {
            let kept = match store.pass[k] {
                Pass::Forward => forward[k],
                Pass::Backward => backward[k],
            };
            let other = if k + 1 == reached {
                f64::INFINITY
            } else {
                forward[k].free_energy.min(backward[k].free_energy)
            };
            assert!(kept.free_energy <= other + 1e-9 || k + 1 == reached);
            backward_kept += u32::from(store.pass[k] == Pass::Backward);
            ascent.load(store.inclusion_at(k), store.weight_at(k), store.precision_at(k));
            let f = ascent.energy(kept.gamma).free_energy;
            assert!(
                (f - kept.free_energy).abs() < tol::CORNER * (1.0 + f.abs()),
                "row {k} is another solution"
            );
            // A pass is noted as backward only where it is clearly lower: copies are no hysteresis.
            if store.pass[k] == Pass::Backward {
                assert!(backward[k].free_energy < forward[k].free_energy - 1e-13);
            }
        }
    }
    assert!(backward_kept > 0, "no window of hysteresis in six draws");
}

// where both passes converge to one solution, the forward copy is the kept one
#[test] // law: garrote-path
fn equal_solutions_do_not_look_like_hysteresis() {
    let batch = Table::sparse("calm", 0, 200, 6, 2, 1.0).batch::<f64>();
    let options = Options {
        tolerance: 1e-13,
        ..Options::default()
    };
    let (curves, reached, _) = traced(&batch, options, 7.0, 40);
    assert_eq!(reached, 40);
    for k in 0..39 {
        let (f, b) = (curves.forward[k], curves.backward[k]);
        if (f.total_inclusion - b.total_inclusion).abs() < 1e-9 {
            assert_eq!(curves.pass[k], Pass::Forward, "gamma {k}");
        }
    }
}

// noiseless data: beta is capped, and the exact solution is kept and flagged, last on the path
#[test] // edge: garrote-path
fn a_capped_path_keeps_the_exact_solution() {
    let table = Table::sparse("noiseless", 0, 30, 12, 3, 0.0);
    let batch = table.batch::<f64>();
    for floor in [1e-3, 1e-6] {
        let options = Options {
            noise: Noise::Profile { floor },
            ..Options::default()
        };
        let (mut curves, reached, ending) = traced(&batch, options, default_limit(12, 30.0), 50);
        assert_eq!(ending, Ending::Capped);
        assert!(reached > 0 && reached < 50);
        let last = curves.forward[reached - 1];
        assert_eq!(last.status, Status::BetaCapped);
        assert!(
            (last.precision * batch.s2[0] * floor - 1.0).abs() < tol::ROUNDING,
            "beta at its cap"
        );
        assert_eq!(curves.pass[reached - 1], Pass::Forward);
        let moments = batch.moments();
        let store = curves.store(&moments);
        assert_eq!(support(store.inclusion_at(reached - 1)), table.truth);
        for i in &table.truth {
            let w = store.weight_at(reached - 1)[*i] / batch.scale[*i];
            assert!((w - 1.0).abs() < 1e-6, "the weights of the noiseless truth: {w}");
        }
    }
}

// at the limit on Σ m the solution is discarded and the path goes back from the one before
#[test] // edge: garrote-path
fn a_full_path_discards_the_solution_over_the_limit() {
    let table = Table::sparse("full", 0, 20, 40, 4, 1.0);
    let batch = table.batch::<f64>();
    let limit = default_limit(40, 20.0);
    assert_eq!(limit, 10.0);
    let options = Options {
        noise: Noise::Fixed(1.0),
        ..Options::default()
    };
    let (curves, reached, ending) = traced(&batch, options, limit, 50);
    assert_eq!(ending, Ending::Full);
    assert!(reached > 1 && reached < 50);
    assert!(
        curves.forward[..reached]
            .iter()
            .all(|s| s.total_inclusion < limit)
    );
    assert_eq!(curves.forward[reached].sweeps, 0, "nothing is noted past the end");
    assert!(curves.backward[..reached - 1].iter().all(|s| s.sweeps > 0));
    assert_eq!(curves.backward[reached - 1].sweeps, 0);
}

// a store that is used again forgets the longer path before
#[test] // law: garrote-path
fn a_second_path_replaces_the_first() {
    let batch = Table::sparse("again", 0, 40, 6, 2, 1.0).batch::<f64>();
    let moments = batch.moments();
    let mut grid = [0.0; 10];
    activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
    let mut gates = Gates::of(&batch);
    let mut curves = Curves::of(&batch, 10);
    let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
    let mut store = curves.store(&moments);
    assert_eq!(trace(&mut ascent, &mut store, &grid, 7.0), Ok(Ending::Grid));
    assert_eq!(store.reached(), 10);
    assert_eq!(trace(&mut ascent, &mut store, &grid, 1e-30), Ok(Ending::Full));
    assert_eq!(store.reached(), 0);
}

// duplicate columns: the first in order is selected, the second stays shut, and `ties` says so
#[test] // edge: garrote-path
fn the_first_of_two_copies_is_selected() {
    let mut table = Table::sparse("copies", 0, 60, 6, 2, 0.5);
    let source = table.truth[0];
    let copy = (source + 3) % 6;
    for row in table.x.chunks_exact_mut(6) {
        row[copy] = row[source];
    }
    for (row, y) in table.x.chunks_exact(6).zip(&mut table.y) {
        *y = 2.0 * row[source] + 0.1 * *y;
    }
    let batch = table.batch::<f64>();
    let (_, chosen) = run(&batch, default_limit(6, 60.0));
    let (first, second) = (source.min(copy), source.max(copy));
    assert!(
        chosen.contains(&first) && !chosen.contains(&second),
        "{chosen:?} of {first}, {second}"
    );
    let mut inclusion = [0.0; 6];
    for i in &chosen {
        inclusion[*i] = 0.9;
    }
    let moments = batch.moments();
    let ties = |m: &[f64], i| gibbs_core::garrote::predict::ties(&moments, m, i).collect::<Vec<_>>();
    assert_eq!(ties(&inclusion, first), [second]);
    assert!(ties(&inclusion, second).is_empty() && ties(&inclusion, 6).is_empty());
    assert!(ties(&inclusion[..5], first).is_empty());
    inclusion[second] = 0.9;
    assert!(ties(&inclusion, first).is_empty());
}

// closed forms of the grids
#[test] // law: garrote-path
fn grids() {
    let mut grid = [0.0; 5];
    linear_grid(-9.0, -1.0, &mut grid).unwrap();
    assert_eq!(grid, [-9.0, -7.0, -5.0, -3.0, -1.0]);
    let batch = Batch::raw(vec![4.0, 0.0, 0.0, 1.0], vec![1.0, 0.6], 2.0, 50.0);
    let strongest = batch.moments().strongest_evidence();
    assert!((strongest - 4.5_f64).abs() < tol::ROUNDING, "(M/2) max b²/(d s2)");
    activation_grid(strongest, &mut grid).unwrap();
    assert!((grid[0] - (1e-3_f64.ln() - strongest)).abs() < tol::ROUNDING && grid[4] == -0.01);
    // At its start the strongest variable alone has m ~ 1e-3.
    let mut gates = Gates::of(&batch);
    let _ = Ascent::new(batch.moments(), gates.lend(), Options::default())
        .unwrap()
        .advance(grid[0], 1);
    assert!((gates.inclusion[1] - 1e-3).abs() < 2e-6);
    kappen_grid(&batch.moments(), &mut grid).unwrap();
    let start = (1e-8_f64 * 2.0 / 50.0).ln();
    assert!((grid[0] - start).abs() < tol::ROUNDING && (grid[4] - 1e-3 * start).abs() < tol::ROUNDING);
    let mut one = [0.0];
    linear_grid(-2.0, -1.0, &mut one).unwrap();
    assert_eq!(one, [-2.0]);
    assert_eq!(linear_grid(-1.0, -2.0, &mut grid), Err(Error::Domain));
    assert_eq!(linear_grid(f64::NAN, -2.0, &mut grid), Err(Error::NonFinite));
    assert_eq!(linear_grid(-1.0, 0.0, &mut grid[..0]), Err(Error::Shape));
    let silent = Batch::raw(vec![1.0], vec![0.0], 1.0, 9.0);
    assert_eq!(kappen_grid(&silent.moments(), &mut grid), Err(Error::NoSignal));
    assert_eq!(default_limit(4, 10.0), 5.0);
    assert_eq!(default_limit(6, 10.0), 5.0);
}

// refusals leave solver and store as they were
#[test] // edge: garrote-path
fn bad_grids_and_limits_are_refused() {
    let batch = Table::sparse("refuse", 0, 40, 4, 1, 1.0).batch::<f64>();
    let moments = batch.moments();
    let mut gates = Gates::of(&batch);
    let mut curves = Curves::of(&batch, 3);
    let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
    let _ = ascent.solve(-2.0);
    let before = ascent.inclusion().to_vec();
    let mut store = curves.store(&moments);
    for (grid, limit, error) in [
        (&[][..], 5.0, Error::Shape),
        (&[-3.0, f64::NAN, -1.0], 5.0, Error::NonFinite),
        (&[-3.0, -2.0, f64::INFINITY], 5.0, Error::NonFinite),
        (&[-3.0, -2.0, -1.0], f64::NAN, Error::NonFinite),
        (&[-3.0, -3.0, -1.0], 5.0, Error::Domain),
        (&[-3.0, -2.0, -2.5], 5.0, Error::Domain),
    ] {
        assert_eq!(trace(&mut ascent, &mut store, grid, limit), Err(error));
        assert_eq!(ascent.inclusion(), before);
    }
    let short = (
        &mut [gibbs_core::garrote::Solution::EMPTY; 2][..],
        &mut [gibbs_core::garrote::Solution::EMPTY; 3][..],
        &mut [Pass::Forward; 3][..],
    );
    let rows = (&mut [0.0; 12][..], &mut [0.0; 12][..], &mut [0.0; 3][..]);
    assert_eq!(
        gibbs_core::garrote::PathStore::new(&moments, short, rows).unwrap_err(),
        Error::Shape
    );
}
