//! Oracles: the core's coordinate ascent over moments (another layout, same fixed points), the core's
//! free energy, the fixed-point equations themselves.
//!
//! Mutations seen red: own spread kept in `settle`; residual not refreshed in `load` or not mended in `exclude`; cap
//! not reported; limit ignored; dead columns swept. Seen green: the floor not rescaled in `settle` (the full sweep
//! decides the end, so it costs time only).

use super::super::testing::tolerance::{FIXED_POINT, MONOTONE, ROUNDING, TWO_LAYOUTS};
use super::super::testing::{apart, design, problem, raw};
use super::super::trail::{Gram, default_grid};
use super::*;
use gibbs_core::garrote::energy::measure;
use gibbs_core::garrote::solver::free_energy_without;
use gibbs_core::random::{normal, stream};

/// Tight enough that two routes to a fixed point meet to 1e-7 even where convergence is slow.
fn tight(noise: Noise<f64>) -> Options<f64> {
    Options {
        noise,
        tolerance: 1e-11,
        max_sweeps: 2_000,
    }
}

const PROFILE: Noise<f64> = Noise::Profile { floor: 1e-3 };

fn effects(solver: &impl Solver<f64>) -> Vec<f64> {
    let pairs = solver.inclusion().iter().zip(solver.weight());
    pairs.map(|(m, w)| m * w).collect()
}

/// Calls `check` with both layouts at every gamma of a warm-started forward and backward pass.
fn along(
    problem: &Design,
    noise: Noise<f64>,
    mut check: impl FnMut(&Columns<'_>, &Solution<f64>, &Ascent<'_, f64>, &Solution<f64>),
) {
    let n = problem.variables();
    let gram = Gram::new(problem);
    let (mut inclusion, mut weight, mut field, mut precision) =
        (vec![0.0; n], vec![0.0; n], vec![0.0; n], [0.0]);
    let state = State {
        inclusion: &mut inclusion,
        weight: &mut weight,
        field: &mut field,
        precision: &mut precision,
    };
    let mut moments = Ascent::new(gram.moments().unwrap(), state, tight(noise)).unwrap();
    let mut columns = Columns::new(problem, tight(noise)).unwrap();
    let grid = default_grid(problem, 10).unwrap();
    let (mut forward, mut last) = (Vec::new(), None);
    for gamma in &grid {
        let (a, b) = (columns.solve(*gamma), moments.solve(*gamma));
        if a.status != Status::Converged || a.total_inclusion >= 0.5 * problem.rows() as f64 {
            break;
        }
        check(&columns, &a, &moments, &b);
        last = Some((
            columns.inclusion().to_vec(),
            columns.weight().to_vec(),
            columns.precision().to_vec(),
        ));
        forward.push(*gamma);
    }
    assert!(forward.len() > 4, "the path ends too early to say much");
    let (m, w, beta) = last.unwrap();
    columns.load(&m, &w, &beta);
    moments.load(&m, &w, &beta);
    for gamma in forward.iter().rev() {
        let (a, b) = (columns.solve(*gamma), moments.solve(*gamma));
        check(&columns, &a, &moments, &b);
    }
}

#[test]
fn both_layouts_follow_one_path() {
    let fixed = Noise::Fixed(1.5);
    for (seed, shape, noise) in [
        (1, (40, 12), PROFILE),
        (2, (30, 60), PROFILE),
        (3, (25, 40), PROFILE),
        (4, (30, 45), fixed),
    ] {
        let problem = problem(seed, shape, 3, (0.7, 0.5));
        along(&problem, noise, |columns, a, moments, b| {
            assert_eq!(a.status, Status::Converged);
            let m = apart(columns.inclusion(), moments.inclusion());
            let v = apart(&effects(columns), &effects(moments));
            assert!(
                m < TWO_LAYOUTS && v < TWO_LAYOUTS,
                "seed {seed} gamma {}: {m} {v}",
                a.gamma
            );
            assert!((a.precision / b.precision - 1.0).abs() < TWO_LAYOUTS);
            let f = (a.free_energy - b.free_energy).abs();
            assert!(f < 1e-9 * (1.0 + b.free_energy.abs()), "F {f}");
        });
    }
}

#[test]
fn the_end_solves_the_equations_and_its_energy_is_the_cores() {
    for (seed, shape) in [(5, (40, 15)), (6, (30, 60))] {
        let problem = problem(seed, shape, 3, (0.7, 0.5));
        let (gram, b) = (Gram::new(&problem), problem.correlation());
        let rows = problem.rows() as f64;
        along(&problem, PROFILE, |columns, a, _, _| {
            let (v, data) = (effects(columns), gram.moments().unwrap());
            let field: Vec<f64> = data
                .covariance()
                .chunks_exact(v.len())
                .map(|c| dot(c, &v))
                .collect();
            let beta = columns.precision()[0];
            let mut spread = 0.0;
            for i in 0..v.len() {
                let (m, w) = (columns.inclusion()[i], columns.weight()[i]);
                let rho = b[i] - field[i] + v[i];
                assert!((w - rho).abs() < FIXED_POINT, "(a) gate {i}: {w} against {rho}");
                let expected = gate::inclusion(a.gamma, 0.5 * beta * rows * w * w);
                assert!((m - expected).abs() < FIXED_POINT, "(b) gate {i}");
                spread += m * (1.0 - m) * w * w;
            }
            let energy = problem.variance - 2.0 * dot(&b, &v) + dot(&v, &field) + spread;
            assert!(
                (beta * energy - 1.0).abs() < FIXED_POINT,
                "(c) {} seed {seed} {a:?}",
                beta * energy
            );
            let state = (columns.inclusion(), columns.weight());
            let core = measure(&data, state.0, state.1, &field, &[beta], a.gamma);
            let difference = (core.free_energy - a.free_energy).abs();
            // the residual belongs to effects postponed by up to the tolerance
            assert!(difference < 1e-9 * (1.0 + a.free_energy.abs()), "F {difference}");
            assert!((core.total_inclusion - a.total_inclusion).abs() < ROUNDING * 60.0);
        });
    }
}

#[test]
fn the_free_energy_never_rises() {
    for seed in 0..6 {
        let problem = problem(seed, (20, 40), 3, (0.5, 0.6));
        let noise = if seed % 2 == 0 { PROFILE } else { Noise::Fixed(2.0) };
        let options = Options {
            noise,
            tolerance: 1e-14,
            max_sweeps: 1,
        };
        let mut columns = Columns::new(&problem, options).unwrap();
        // a start in the middle, from which several gates move in each sweep
        let weight: Vec<f64> = problem.correlation();
        columns.load(&[0.3; 40], &weight, &[1.0 / problem.variance]);
        for gamma in [-12.0, -5.0] {
            let mut last = columns.energy(gamma).free_energy;
            let first = last;
            for _ in 0..40 {
                let next = columns.solve(gamma).free_energy;
                assert!(next <= last + MONOTONE * (1.0 + last.abs()), "{last} -> {next}");
                last = next;
            }
            assert!(last < first - 1e-3, "nothing moved");
        }
    }
}

#[test]
fn shut_gates_stay_shut() {
    let (mut x, y) = raw(7, (20, 30), 2, (0.4, 0.0));
    x[60..80].fill(3.0); // column 3
    let problem = design(x, y);
    let mut columns = Columns::new(&problem, tight(PROFILE)).unwrap();
    let free = columns.solve(-6.0);
    assert!(columns.inclusion()[0] > 0.9 && columns.inclusion()[3] == 0.0);
    let state = (
        columns.inclusion().to_vec(),
        columns.weight().to_vec(),
        columns.precision().to_vec(),
    );
    let lent = (&state.0[..], &state.1[..], &state.2[..]);
    let gain = free_energy_without(&mut columns, &free, lent, 0);
    assert!(gain > 1.0, "{gain}");
    assert_eq!(
        (columns.inclusion(), columns.weight()),
        (&state.0[..], &state.1[..])
    );
    columns.exclude(Some(0));
    let without = columns.solve(-6.0);
    assert_eq!(columns.inclusion()[0], 0.0);
    assert!((without.free_energy - free.free_energy - gain).abs() < 1e-9);
    columns.exclude(Some(99)); // no such gate: as none
    columns.load(lent.0, lent.1, lent.2);
    let again = columns.solve(-6.0);
    assert!(apart(columns.inclusion(), &state.0) < FIXED_POINT);
    assert!((again.free_energy - free.free_energy).abs() < 1e-9 && again.sweeps <= free.sweeps);
    assert_eq!(columns.inclusion()[3], 0.0);
    columns.close();
    assert_eq!(columns.energy(-6.0).total_inclusion, 0.0);
    assert_eq!(columns.weight(), columns.correlation());
}

#[test]
fn a_fixed_beta_stays_fixed() {
    let problem = problem(8, (20, 30), 2, (0.4, 0.0));
    let mut columns = Columns::new(&problem, tight(Noise::Fixed(2.5))).unwrap();
    columns.load(&[0.1; 30], &[0.2; 30], &[77.0]);
    assert_eq!(columns.precision(), [2.5]);
    assert_eq!(columns.solve(-5.0).precision, 2.5);
}

#[test]
fn a_solve_past_the_limit_is_left_and_one_below_is_untouched() {
    let problem = problem(9, (20, 60), 3, (0.4, 0.3));
    let solve = |limit: f64, gamma: f64| {
        let mut columns = Columns::new(&problem, Options::default())
            .unwrap()
            .stopping_at(limit);
        let solution = columns.solve(gamma);
        (solution, columns.inclusion().to_vec())
    };
    assert_eq!(solve(10.0, -8.0), solve(f64::INFINITY, -8.0));
    let (left, _) = solve(10.0, -0.01);
    assert_eq!((left.status, left.sweeps), (Status::MaxSweeps, 1));
    assert!(left.total_inclusion >= 10.0);
    let refused = Options {
        tolerance: 0.0,
        ..Options::default()
    };
    let error = Columns::new(&problem, refused).unwrap_err();
    assert_eq!(error, FitError::Core(gibbs_core::Error::Domain));
}

#[test]
fn an_exact_fit_is_capped() {
    let problem = problem(10, (20, 30), 2, (0.0, 0.0));
    let solution = Columns::new(&problem, Options::default()).unwrap().solve(-4.0);
    assert_eq!(solution.status, Status::BetaCapped);
    assert!((solution.precision * problem.variance / 1e12 - 1.0).abs() < ROUNDING);
}

struct Plain<'a>(&'a [f64], &'a [f64]);

impl Task for Plain<'_> {
    type Output = f64;

    #[inline(always)]
    fn run(self) -> f64 {
        dot(self.0, self.1)
    }
}

#[test]
fn the_instruction_set_changes_no_bit() {
    let mut rng = stream(1, "test.dispatch", 0);
    let mut draw = || (0..100).map(|_| normal(&mut rng)).collect::<Vec<f64>>();
    let (x, y) = (draw(), draw());
    for len in 0..=100 {
        let wide = dispatch(Plain(&x[..len], &y[..len]));
        assert_eq!(
            wide.to_bits(),
            dot(&x[..len], &y[..len]).to_bits(),
            "length {len}"
        );
    }
    let (x, y) = raw(11, (37, 9), 2, (1.0, 0.2));
    let problem = design(x, y);
    let wide = problem.correlation();
    for (i, wide) in wide.iter().enumerate() {
        let plain = dot(problem.column(i), &problem.y) / 37.0;
        assert_eq!(wide.to_bits(), plain.to_bits());
    }
}
