//! Oracles: coordinate ascent and the primal joint solver from the same start, and the stationarity equations.
//! Mutations seen red: 1 - m missing in A; diagonal of the eliminated system dropped; no elimination; v for w of the
//! eliminated gates; `exclude` ignored.
use super::*;
use crate::garrote::columns::Columns;
use crate::garrote::trail::Gram;
use gibbs_core::garrote::{Joint, Moments, Pass, PathStore, State, joint, path, trace};
use gibbs_core::math::sigmoid;
use gibbs_core::random::{normal, stream};

/// `rows` x `n` normal columns, the first three with weights 2, -1.5, 1, noise sd 0.5.
fn draw(n: usize, rows: usize, index: u64) -> Design {
    let mut rng = stream(5, "dual.tests", index);
    let x: Vec<f64> = (0..n * rows).map(|_| normal(&mut rng)).collect();
    let y = (0..rows)
        .map(|r| {
            let signal = 2.0 * x[r] - 1.5 * x[rows + r] + x[2 * rows + r];
            signal + 0.5 * normal::<f64>(&mut rng)
        })
        .collect();
    Design::new((0..n).map(|i| format!("x{i}")).collect(), "y", x, y).unwrap()
}

fn options(noise: Noise<f64>) -> Options<f64> {
    Options {
        noise,
        tolerance: 1e-11,
        max_sweeps: 20_000,
    }
}

/// The primal form holds inclusions 1e-10 away from 1, a step that it cannot take.
fn primal_options(noise: Noise<f64>) -> Options<f64> {
    Options {
        tolerance: 1e-9,
        ..options(noise)
    }
}

/// Largest violation of w = rho, m = sigmoid(gamma + evidence), 1/beta = ehat.
fn residuals(design: &Design, solver: &impl Solver<f64>, gamma: f64, fixed: bool) -> [f64; 3] {
    let samples = design.rows() as f64;
    let (m, w, beta) = (solver.inclusion(), solver.weight(), solver.precision()[0]);
    let mut r = design.y.clone();
    for i in 0..design.variables() {
        add_scaled(&mut r, -m[i] * w[i], design.column(i));
    }
    let (mut a, mut b): (f64, f64) = (0.0, 0.0);
    let mut ehat = dot(&r, &r) / samples;
    for i in 0..design.variables() {
        let rho = dot(design.column(i), &r) / samples + m[i] * w[i];
        a = a.max((w[i] - rho).abs());
        b = b.max((m[i] - sigmoid(gamma + 0.5 * beta * samples * w[i] * w[i])).abs());
        ehat += m[i] * (1.0 - m[i]) * w[i] * w[i];
    }
    [a, b, if fixed { 0.0 } else { (1.0 / beta - ehat).abs() }]
}

// one fixed point: dual, primal and coordinate ascent from all gates shut
#[test] // oracle: garrote-dual
fn primal_dual_and_ascent_agree() {
    let mut compared = 0;
    for (index, (n, rows)) in [(20, 15), (30, 20), (45, 25), (60, 30)].into_iter().enumerate() {
        let design = draw(n, rows, index as u64);
        let gram = Gram::new(&design);
        for (gamma, noise) in [
            (-6.0, Noise::Profile { floor: 1e-3 }),
            (-4.0, Noise::Profile { floor: 1e-3 }),
            (-2.0, Noise::Fixed(4.0)),
        ] {
            let mut dual = Dual::new(&design, options(noise)).unwrap();
            let solution = dual.solve(gamma);
            assert_eq!(solution.status, Status::Converged, "{n} {rows} {gamma}");
            let fixed = matches!(noise, Noise::Fixed(_));
            let stationary = residuals(&design, &dual, gamma, fixed);
            assert!(
                stationary.iter().all(|r| *r < 1e-8),
                "{n} {rows} {gamma} {stationary:?}"
            );

            let (mut m, mut w, mut g, mut beta) = (vec![0.0; n], vec![0.0; n], vec![0.0; n], [0.0]);
            let mut scratch = vec![0.0; joint::scratch_len(n)];
            let state = State {
                inclusion: &mut m,
                weight: &mut w,
                field: &mut g,
                precision: &mut beta,
            };
            let mut primal = Joint::new(
                gram.moments().unwrap(),
                state,
                primal_options(noise),
                &mut scratch,
            )
            .unwrap();
            let reference = primal.solve(gamma);
            // the primal stops at a step of 1e-9; a mode that converges by .99 a step leaves 1e-7
            for (d, p) in dual.inclusion().iter().zip(primal.inclusion()) {
                assert!((d - p).abs() < 1e-7, "{n} {rows} {gamma}: {d} against {p}");
            }
            // gates held 1e-10 from 0 and 1 keep an entropy of 2.4e-9 each in the primal form
            assert!((solution.free_energy - reference.free_energy).abs() < 1e-6);
            assert!((dual.precision()[0] / primal.precision()[0] - 1.0).abs() < 1e-7);

            let mut ascent = Columns::new(&design, options(noise)).unwrap();
            let cavi = ascent.solve(gamma);
            // the same equations may be met in another basin; the sparse start makes that rare
            if (cavi.free_energy - solution.free_energy).abs() < 1e-6 {
                compared += 1;
                for (d, c) in dual.inclusion().iter().zip(ascent.inclusion()) {
                    assert!(
                        (d - c).abs() < 1e-8,
                        "{n} {rows} {gamma}: {d} against ascent's {c}"
                    );
                }
                for (d, c) in dual.weight().iter().zip(ascent.weight()) {
                    assert!((d - c).abs() < 1e-7, "{n} {rows} {gamma}: weight {d} against {c}");
                }
            }
            // and the dual, started there, stays
            let start = ascent.inclusion().to_vec();
            dual.load(ascent.inclusion(), ascent.weight(), ascent.precision());
            let stay = dual.solve(gamma);
            assert!(
                (stay.free_energy - cavi.free_energy).abs() < 1e-7,
                "{n} {rows} {gamma}"
            );
            assert!(
                dual.inclusion()
                    .iter()
                    .zip(&start)
                    .all(|(a, b)| (a - b).abs() < 1e-7)
            );
        }
    }
    assert!(
        compared >= 8,
        "only {compared} of 12 from the empty start ended in the same basin"
    );
}

// closed form: m given, 1/beta = s2 - b'v, and the multipliers are beta (y - X v)
#[test] // law: garrote-dual
fn saturated_gates_keep_their_digits() {
    let design = draw(40, 12, 9);
    let mut dual = Dual::new(&design, options(Noise::Profile { floor: 1e-6 })).unwrap();
    // straddles the elimination threshold, up to 1 itself
    for m in [0.5, 0.989, 0.991, 1.0 - 1e-6, 1.0 - 1e-12, 1.0] {
        let mut inclusion = vec![0.0; 40];
        inclusion[..3].fill(m);
        inclusion[3..].fill(1e-4);
        dual.inclusion.copy_from_slice(&inclusion);
        dual.solve_weights(-3.0).unwrap();
        let mut r = design.y.clone();
        let mut explained = 0.0;
        for (i, b) in design.correlation().iter().enumerate() {
            let v = dual.inclusion[i] * dual.weight[i];
            add_scaled(&mut r, -v, design.column(i));
            explained += b * v;
        }
        for (i, w) in dual.weight.iter().enumerate() {
            let rho = dot(design.column(i), &r) / 12.0 + dual.inclusion[i] * w;
            assert!((w - rho).abs() < 1e-12, "m {m}, gate {i}: {w} against {rho}");
        }
        assert!(
            (1.0 / dual.precision[0] - (design.variance - explained)).abs() < 1e-12,
            "{m}"
        );
        for (l, r) in dual.multipliers().iter().zip(&r) {
            assert!((l / dual.precision[0] - r).abs() < 1e-12, "{m}");
        }
    }
}

// the core's path drives it: the same curve as with the primal solver
#[test] // law: garrote-dual
fn the_path_runs_over_it() {
    let design = draw(24, 16, 20);
    let gram = Gram::new(&design);
    let moments = gram.moments().unwrap();
    let mut grid = [0.0; 8];
    path::linear_grid(-14.0, -3.0, &mut grid).unwrap();
    let run = |solver: &mut dyn FnMut(&mut PathStore<'_, f64>, &[f64])| {
        let empty = gibbs_core::garrote::Solution::EMPTY;
        let (mut forward, mut backward, mut pass) = ([empty; 8], [empty; 8], [Pass::Forward; 8]);
        let (mut m, mut w, mut beta) = (vec![0.0; 8 * 24], vec![0.0; 8 * 24], [0.0; 8]);
        let lent = (&mut forward[..], &mut backward[..], &mut pass[..]);
        let mut store = PathStore::new(&moments, lent, (&mut m, &mut w, &mut beta)).unwrap();
        solver(&mut store, &grid);
        (0..store.reached())
            .map(|k| store.solution(k).unwrap().free_energy)
            .collect::<Vec<_>>()
    };
    let settings = primal_options(Noise::Profile { floor: 1e-3 });
    let dual = run(&mut |store, grid| {
        let _ = trace(&mut Dual::new(&design, settings).unwrap(), store, grid, 8.0).unwrap();
    });
    let primal = run(&mut |store, grid| {
        let (mut m, mut w, mut g, mut beta) = (vec![0.0; 24], vec![0.0; 24], vec![0.0; 24], [0.0]);
        let mut scratch = vec![0.0; joint::scratch_len(24)];
        let state = State {
            inclusion: &mut m,
            weight: &mut w,
            field: &mut g,
            precision: &mut beta,
        };
        let data: Moments<'_, f64> = gram.moments().unwrap();
        let mut joint = Joint::new(data, state, settings, &mut scratch).unwrap();
        let _ = trace(&mut joint, store, grid, 8.0).unwrap();
    });
    assert!(dual.len() >= 4, "{} points", dual.len());
    assert_eq!(dual.len(), primal.len());
    for (d, p) in dual.iter().zip(&primal) {
        assert!((d - p).abs() < 1e-7, "{dual:?}\n{primal:?}");
    }
}

#[test] // edge: garrote-dual
fn excluded_and_dead_gates_stay_shut_and_the_cap_is_seen() {
    let mut rng = stream(5, "dual.tests.dead", 0);
    let mut x: Vec<f64> = (0..20 * 10).map(|_| normal(&mut rng)).collect();
    x[50..60].fill(3.0); // column 5 does not vary
    let exact: Vec<f64> = (0..10).map(|r| 3.0 * x[r] - x[10 + r]).collect();
    let design = Design::new((0..20).map(|i| format!("x{i}")).collect(), "y", x, exact).unwrap();
    let mut dual = Dual::new(&design, options(Noise::Profile { floor: 1e-3 })).unwrap();
    let capped = dual.solve(-6.0);
    assert_eq!(capped.status, Status::BetaCapped);
    assert_eq!((dual.inclusion()[5], dual.weight()[5]), (0.0, 0.0));
    dual.exclude(Some(0));
    let without = dual.solve(-6.0);
    assert_eq!(dual.inclusion()[0], 0.0);
    assert!(without.free_energy > capped.free_energy + 1.0);
    dual.exclude(None);
    dual.close();
    assert!(dual.inclusion().iter().all(|m| *m == 0.0));
    let bad = Options {
        tolerance: 0.0,
        ..options(Noise::Fixed(1.0))
    };
    assert_eq!(
        Dual::new(&design, bad).unwrap_err(),
        FitError::Core(Error::Domain)
    );
}
