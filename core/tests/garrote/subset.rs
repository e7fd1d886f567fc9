//! Corners of the cube: F at m in {0,1}^N is an information criterion, and best subset by enumeration
//! bounds what coordinate ascent reaches.

use crate::data::{Batch, Curves, Gates, Table, corner, exact, least_squares, soft};
use crate::tolerances as tol;
use gibbs_core::garrote::path::{activation_grid, default_limit};
use gibbs_core::garrote::select::{information_criterion, scratch_len};
use gibbs_core::garrote::{Ascent, Noise, Options, Solver, trace};

fn members(set: usize, n: usize) -> Vec<usize> {
    (0..n).filter(|i| set >> i & 1 == 1).collect()
}

/// The corner state of a support: inclusions, full-length weights, beta = M/RSS.
fn corner_state(batch: &Batch<f64>, set: &[usize], open: f64) -> (Vec<f64>, Vec<f64>, [f64; 1]) {
    let n = batch.variables();
    let (refit, rss) = least_squares(batch, set);
    let (mut m, mut w) = (vec![1.0 - open; n], vec![0.0; n]);
    for (i, value) in set.iter().zip(refit) {
        m[*i] = open;
        w[*i] = value;
    }
    (m, w, [1.0 / rss])
}

// identity: F at a corner, and AIC, BIC, EBIC as fixed gammas
#[test] // oracle: garrote-energy, garrote-ebic
fn corner_free_energy_is_an_information_criterion() {
    let table = Table::correlated("corner", 1, 30, 7, 0.6);
    let batch = table.batch::<f64>();
    let moments = batch.moments();
    let (rows, n) = (30.0_f64, 7_usize);
    let mut gates = Gates::of(&batch);
    let mut ascent = Ascent::new(moments, gates.lend(), exact()).unwrap();
    let mut scratch = vec![0.0; scratch_len(n)];
    for set in 0..1 << n {
        let set = members(set, n);
        let (_, rss) = least_squares(&batch, &set);
        let (m, w, beta) = corner_state(&batch, &set, 1.0);
        ascent.load(&m, &w, &beta);
        let gammas = [
            (-1.0, None),                                    // AIC
            (-rows.ln() / 2.0, Some(0.0)),                   // BIC
            (-rows.ln() / 2.0 - (n as f64).ln(), Some(1.0)), // EBIC(1)
            (-rows.ln() / 2.0 - 0.5 * (n as f64).ln(), Some(0.5)),
        ];
        for (gamma, g) in gammas {
            let f = ascent.energy(gamma).free_energy;
            let expected = corner(&batch, set.len(), rss, gamma);
            assert!(
                (f - expected).abs() < tol::CORNER * (1.0 + f.abs()),
                "{set:?} at {gamma}"
            );
            let constant = rows * (1.0 + std::f64::consts::TAU.ln()) + 2.0 * n as f64 * soft(gamma);
            let penalised = match g {
                Some(g) => information_criterion(&moments, &m, g, &mut scratch).unwrap(),
                None => rows * rss.ln() + 2.0 * set.len() as f64,
            };
            let gap = 2.0 * f - constant - penalised;
            assert!(
                gap.abs() < tol::CORNER * (1.0 + f.abs()),
                "{set:?} at {gamma}: {gap}"
            );
        }
    }
}

// from every corner, exact or softened, ascent ends no higher than the best corner it started from
#[test] // oracle: garrote-ascent
fn ascent_from_a_corner_never_ends_above_it() {
    let options = Options {
        noise: Noise::Profile { floor: 1e-9 },
        ..Options::default()
    };
    for index in 0..3 {
        let table = Table::correlated("ascend", index, 30, 9, 0.7);
        let batch = table.batch::<f64>();
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(batch.moments(), gates.lend(), options).unwrap();
        for gamma in [-8.0, -4.0, -1.5] {
            let (mut best, mut reached, mut softened) = (f64::INFINITY, f64::INFINITY, f64::INFINITY);
            for set in 0..1 << 9 {
                let set = members(set, 9);
                let value = corner(&batch, set.len(), least_squares(&batch, &set).1, gamma);
                let (m, w, beta) = corner_state(&batch, &set, 1.0);
                ascent.load(&m, &w, &beta);
                let end = ascent.solve(gamma).free_energy;
                assert!(
                    end <= value + tol::MONOTONE * (1.0 + value.abs()),
                    "{set:?}: {end} above {value}"
                );
                let (m, w, beta) = corner_state(&batch, &set, 0.99);
                ascent.load(&m, &w, &beta);
                softened = softened.min(ascent.solve(gamma).free_energy);
                best = best.min(value);
                reached = reached.min(end);
            }
            assert!(reached <= best && softened <= best + tol::MONOTONE * (1.0 + best.abs()));
        }
    }
}

/// min over subsets of the corner F, by enumeration with Cholesky updates left to brute force.
fn best_subset(batch: &Batch<f64>, gamma: f64) -> f64 {
    let n = batch.variables();
    (0..1_usize << n)
        .map(|set| {
            let set = members(set, n);
            corner(batch, set.len(), least_squares(batch, &set).1, gamma)
        })
        .fold(f64::INFINITY, f64::min)
}

// rate at which the plain path reaches best subset on protocol-B-like data, N = 14: recorded here
#[test] // oracle: garrote-path
fn the_path_reaches_best_subset_on_independent_columns() {
    let draws = 12;
    let mut reached = 0;
    for index in 0..draws {
        let table = Table::sparse("best subset", index, 28, 14, 3, 1.0);
        let batch = table.batch::<f64>();
        let moments = batch.moments();
        let gamma = -(28.0_f64.ln() / 2.0 + 14.0_f64.ln());
        let mut grid = vec![0.0; 40];
        activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
        grid.push(1.0);
        *grid.last_mut().unwrap() = gamma;
        grid.sort_by(f64::total_cmp);
        let here = grid.iter().position(|g| *g == gamma).unwrap();
        let mut curves = Curves::of(&batch, grid.len());
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
        let mut store = curves.store(&moments);
        let _ = trace(&mut ascent, &mut store, &grid, default_limit(14, 28.0)).unwrap();
        let f = store.solution(here).unwrap().free_energy;
        reached += u32::from(f <= best_subset(&batch, gamma) + 1e-6);
    }
    assert!(reached >= RATE, "{reached} of {draws}");
}

/// Measured: see the test; a drop means that the path got worse.
const RATE: u32 = 12;
