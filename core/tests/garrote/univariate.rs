//! One variable: m solves m = sigmoid(gamma + (M/2) r2/(1 - r2 m)), with one root or three.

use crate::data::{Batch, Curves, Gates, exact};
use crate::tolerances as tol;
use gibbs_core::garrote::path::linear_grid;
use gibbs_core::garrote::{Ascent, Ending, Noise, Options, trace};
use proptest::prelude::*;

/// All roots by a fine scan in the logit (roots crowd at 0 and 1) and bisection.
fn roots(gamma: f64, samples: f64, r2: f64) -> Vec<f64> {
    let m = |t: f64| 1.0 / (1.0 + (-t).exp());
    let h = |t: f64| gamma + 0.5 * samples * r2 / (1.0 - r2 * m(t)) - t;
    let (low, high) = (gamma, gamma + 0.5 * samples * r2 / (1.0 - r2) + 1.0);
    let steps = 20_000;
    let at = |k: i32| low + (high - low) * f64::from(k) / f64::from(steps);
    let mut found = Vec::new();
    for k in 0..steps {
        let (mut a, mut b) = (at(k), at(k + 1));
        if h(a) * h(b) > 0.0 {
            continue;
        }
        for _ in 0..80 {
            let c = 0.5 * (a + b);
            if h(a) * h(c) <= 0.0 { b = c } else { a = c }
        }
        found.push(m(0.5 * (a + b)));
    }
    found
}

fn problem(samples: f64, r2: f64) -> Batch<f64> {
    Batch::raw(vec![1.0], vec![r2.sqrt()], 1.0, samples)
}

// forward lands on the lowest root, backward on the highest, and a window with three exists
#[test] // oracle: garrote-path
fn both_passes_land_on_their_root() {
    for (samples, r2) in [(20.0, 0.9), (12.0, 0.95), (60.0, 0.8), (30.0, 0.3)] {
        let batch = problem(samples, r2);
        let options = Options {
            noise: Noise::Profile { floor: 1e-6 },
            ..exact()
        };
        let mut grid = vec![0.0; 121];
        linear_grid(-0.5 * samples * r2 / (1.0 - r2) - 5.0, 6.0, &mut grid).unwrap();
        let mut curves = Curves::of(&batch, grid.len());
        let moments = batch.moments();
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(moments, gates.lend(), options).unwrap();
        let ending = trace(&mut ascent, &mut curves.store(&moments), &grid, 2.0).unwrap();
        assert_eq!(ending, Ending::Grid);
        let mut window = 0;
        for (k, gamma) in grid.iter().enumerate() {
            let all = roots(*gamma, samples, r2);
            assert!(all.len() == 1 || all.len() == 3, "{gamma}: {all:?}");
            // Within 1e-3 of a saddle node two roots merge and convergence is algebraic: left out.
            if all.windows(2).any(|w| w[1] - w[0] < 1e-3) {
                continue;
            }
            window += usize::from(all.len() == 3);
            let forward = curves.forward[k].total_inclusion;
            assert!(
                (forward - all[0]).abs() < tol::ROOT,
                "{samples} {gamma}: {forward} of {all:?}"
            );
            if k + 1 < grid.len() {
                let backward = curves.backward[k].total_inclusion;
                let highest = all[all.len() - 1];
                assert!(
                    (backward - highest).abs() < tol::ROOT,
                    "{samples} {gamma}: {backward} of {all:?}"
                );
            }
        }
        assert_eq!(
            window > 5,
            r2 > 0.5,
            "hysteresis window of {window} gammas at r2 = {r2}"
        );
    }
}

proptest! {
    #![proptest_config(crate::cases(64))]

    // whatever the numbers, the fixed point reached is a root
    #[test] // oracle: garrote-ascent
    fn the_fixed_point_is_a_root(samples in 4.0..80.0_f64, r2 in 0.02..0.95_f64, gamma in -30.0..3.0_f64) {
        let batch = problem(samples, r2);
        let mut gates = Gates::of(&batch);
        let mut ascent = Ascent::new(batch.moments(), gates.lend(), exact()).unwrap();
        let _ = gibbs_core::garrote::Solver::solve(&mut ascent, gamma);
        let all = roots(gamma, samples, r2);
        prop_assume!(all.windows(2).all(|w| w[1] - w[0] > 1e-3));
        prop_assert!((gates.inclusion[0] - all[0]).abs() < tol::ROOT, "{} of {all:?}", gates.inclusion[0]);
    }
}
