//! Mean energies against enumeration; golden instances; stopped against uninterrupted.
//!
//! Statistical tests: fixed seeds. 84 and 30 means within 6 standard deviations: a false alarm has a probability below
//! 114 x 2e-9 (normal), about 2e-7.

use super::*;
use crate::ising::Kind;
use crate::ising::exact::exact;
use crate::ising::success::probability;
use crate::ising::testing::{edwards_anderson, golden, problem, sk};
use crate::work::testing::stopped_every;
use gibbs_core::random::{self, stream};
use rayon::prelude::*;
use std::fmt::Write as _;

const OWN: Ladder = Ladder::Geometric {
    ends: None,
    rungs: 12,
};

fn options(ladder: Ladder, sweeps: u64) -> Options {
    Options {
        ladder,
        sweeps,
        burn_in: sweeps / 5,
        swap_every: 1,
        rule: SpinRule::Metropolis,
        overlap: false,
        seed: 0,
        block: crate::ising::anneal::BLOCK,
    }
}

#[test] // oracle: ising-temper
fn every_temperature_has_its_boltzmann_mean() {
    const SWEEPS: u64 = 24_000;
    let qubo = problem(
        "0,0,-1.5\n0,1,2\n1,2,-1\n2,2,0.5\n2,3,-2\n3,3,1\n1,3,0.25\n",
        Kind::Qubo,
    );
    let float = problem(
        "0,1,0.123456789012345\n1,2,-1.1\n2,3,0.7\n3,0,1.3\n0,0,0.5\n",
        Kind::Ising,
    );
    for (problem, rule, swap_every) in [
        (sk(1, ""), SpinRule::Metropolis, 1),
        (edwards_anderson(1), SpinRule::HeatBath, 2),
        (qubo, SpinRule::HeatBath, 1),
        (float, SpinRule::HeatBath, 1),
    ] {
        let ladder = Ladder::Betas(vec![0.1, 0.2, 0.3, 0.45, 0.6, 0.8, 1.0]);
        let measured = Options {
            swap_every,
            rule,
            ..options(ladder, SWEEPS)
        };
        let found = temper(&problem, &measured, &Work::plain()).unwrap();
        assert_eq!(found.rounds, SWEEPS / swap_every);
        for t in &found.temperatures {
            let exact = exact(&problem, t.beta).unwrap();
            let near = |name: &str, measured: &Measured, expected: f64, largest: f64| {
                let estimate = measured.estimate.unwrap();
                let z = (estimate.mean - expected) / estimate.error;
                let shown = (t.beta, estimate.mean, expected, z);
                assert!(
                    z.abs() < 6.0 && estimate.error < largest,
                    "{rule:?} {name}: {shown:?}"
                );
            };
            near(
                "energy",
                &t.energy,
                exact.energy,
                0.02 * exact.energy.abs().max(8.0),
            );
            near(
                "heat capacity",
                &t.heat_capacity,
                exact.heat_capacity,
                0.2 * exact.heat_capacity.max(1.0),
            );
            let expected = exact.means.iter().sum::<f64>() / exact.means.len() as f64;
            near("magnetisation", &t.magnetisation, expected, 0.1);
            assert!(t.overlap.is_none());
        }
        assert!(found.round_trips > 10);
        let mut there = found.permutation.clone();
        there.sort_unstable();
        assert_eq!(there, (0..7).collect::<Vec<_>>());
        assert_eq!(problem.energy(&found.state), found.energy);
    }
}

/// The default run has 12,000 sweeps and takes 0.9 s without optimisation for these sizes (measured). Runs of 120
/// sweeps of 4 replicas take 1/300 of that; 400 of them, of other seeds, must all reach the ground state, which
/// bounds the probability of success below by 0.99 (Wilson, 95 %).
#[test] // oracle: ising-temper
fn golden_spin_glasses_are_found() {
    assert!(probability(400, 400).low > 0.99);
    let few = Ladder::Geometric {
        ends: Some((0.2, 2.0)),
        rungs: 4,
    };
    for (problem, ground, ..) in golden() {
        let hits: usize = (0..400_u64)
            .into_par_iter()
            .map(|seed| {
                let short = Options {
                    seed,
                    ..options(few.clone(), 100)
                };
                let found = temper(&problem, &short, &Work::plain()).unwrap();
                usize::from(found.energy.to_string() == ground.to_string())
            })
            .sum();
        assert_eq!(hits, 400, "{ground}");
    }
}

/// <|m|>, <q>, <|q|>, <q²> of a small model, by all pairs of configurations.
fn by_pairs(problem: &Problem, beta: f64) -> [f64; 4] {
    let n = problem.spins();
    let state = |k: usize| {
        (0..n)
            .map(|i| if k >> i & 1 == 1 { 1 } else { -1 })
            .collect::<Vec<i8>>()
    };
    let states: Vec<Vec<i8>> = (0..1 << n).map(state).collect();
    let weights: Vec<f64> = states
        .iter()
        .map(|state| (-beta * problem.energy(state).nearest()).exp())
        .collect();
    let z: f64 = weights.iter().sum();
    let mut sums = [0.0; 4];
    for (a, p) in states.iter().zip(&weights) {
        let m = a.iter().map(|s| f64::from(*s)).sum::<f64>() / n as f64;
        sums[0] += m.abs() * p / z;
        for (b, r) in states.iter().zip(&weights) {
            let q = a.iter().zip(b).map(|(s, t)| f64::from(s * t)).sum::<f64>() / n as f64;
            let weight = p / z * (r / z);
            sums[1] += q * weight;
            sums[2] += q.abs() * weight;
            sums[3] += q * q * weight;
        }
    }
    sums
}

#[test] // oracle: ising-temper
fn magnetisation_and_overlap_are_those_of_all_pairs_of_configurations() {
    let fields = problem(
        "0,1,1\n1,2,-1\n2,3,0.75\n3,4,1.5\n4,5,-1\n5,0,1\n0,3,0.5\n1,1,0.25\n4,4,-0.5\n",
        Kind::Ising,
    );
    let plain = problem("0,1,1\n1,2,-1\n2,3,1\n3,4,1\n4,0,1\n1,3,-1\n", Kind::Ising);
    for problem in [fields, plain] {
        let with = Options {
            overlap: true,
            ..options(Ladder::Betas(vec![0.2, 0.5, 1.0]), 6000)
        };
        let found = temper(&problem, &with, &Work::plain()).unwrap();
        for t in &found.temperatures {
            let overlap = t.overlap.as_ref().unwrap();
            let measured = [
                &t.magnetisation_size,
                &overlap.mean,
                &overlap.size,
                &overlap.square,
            ];
            for (k, (measured, expected)) in measured.into_iter().zip(by_pairs(&problem, t.beta)).enumerate()
            {
                let estimate = measured.estimate.unwrap();
                let z = (estimate.mean - expected) / estimate.error;
                let shown = (k, t.beta, estimate.mean, expected, z);
                assert!(z.abs() < 6.0 && estimate.error < 0.05, "{shown:?}");
            }
        }
        // the second set changes nothing else
        let without = Options {
            overlap: false,
            ..with
        };
        let alone = temper(&problem, &without, &Work::plain()).unwrap();
        for (t, u) in found.temperatures.iter().zip(&alone.temperatures) {
            assert_eq!(
                (t.energy, t.acceptance, t.magnetisation),
                (u.energy, u.acceptance, u.magnetisation)
            );
        }
        assert_eq!(found.permutation, alone.permutation);
    }
}

/// A Gaussian glass, couplings of variance 1/N with 6 places.
fn gaussian(spins: usize, more: &str) -> Problem {
    let mut rng = stream(5, "tests/gaussian", 0);
    let mut text = String::new();
    for i in 0..spins {
        for j in i + 1..spins {
            let coupling = random::normal::<f64>(&mut rng) / (spins as f64).sqrt();
            writeln!(text, "{i},{j},{coupling:.6}").unwrap();
        }
    }
    problem(&(text + more), Kind::Ising)
}

/// I6: the ladder came from the smallest coupling, and half of it was frozen. Now neighbours exchange about equally often but for the
/// coldest, where nothing moves any more; another seed gives the same ends; a line of no weight and isolated spins change them by rounding at most.
#[test] // law: ising-temper
fn the_ladder_of_its_own_has_equal_acceptance_and_typical_ends() {
    let plain = gaussian(40, "");
    let found = temper(&plain, &options(OWN, 5000), &Work::plain()).unwrap();
    let betas: Vec<f64> = found.temperatures.iter().map(|t| t.beta).collect();
    // T_c = 1 (Sherrington and Kirkpatrick), and gaps of some tenths
    assert!(
        (0.2..0.6).contains(&betas[0]) && (10.0..300.0).contains(&betas[11]),
        "{betas:?}"
    );
    let accepted: Vec<f64> = found.temperatures.iter().filter_map(|t| t.acceptance).collect();
    let (low, high) = accepted[..10]
        .iter()
        .fold((1.0_f64, 0.0_f64), |(low, high), a| (low.min(*a), high.max(*a)));
    assert!(low > 0.35 && high - low < 0.3, "{accepted:?}");
    let moving = found.temperatures.iter().filter(|t| t.heat_capacity.mean > 1.0);
    assert!(
        moving.count() >= 9,
        "most of the ladder is where something happens"
    );
    for more in ["0,0,1e-30\n", "39,39,-2e-25\n", "3,40,1e-28\n"] {
        let other = temper(&gaussian(40, more), &options(OWN, 5000), &Work::plain()).unwrap();
        // The core's range has the same bits; a finer last digit of the file makes another unit, and its rounding.
        for k in [0, 11] {
            let [one, two] = [&other, &found].map(|found| found.temperatures[k].beta);
            assert!((one / two - 1.0).abs() < 4.0 * f64::EPSILON, "{more}");
        }
    }
}

/// The file's "-73.81 ± 8.1e-15": an energy that is one energy but for rounding has no error.
#[test] // edge: ising-temper
fn what_moves_by_rounding_alone_is_constant() {
    // Couplings of 17 digits, so that energies are sums of f64; at beta 1e3 all but the free spins 9 and 10 are frozen.
    let mut text = String::from("9,9,0\n10,10,0\n");
    for i in 0..9 {
        for j in i + 1..9 {
            let size = 1.0 / (1.0 + f64::from(i) + 3.0 * f64::from(j));
            writeln!(text, "{i},{j},{size:?}").unwrap();
        }
    }
    writeln!(text, "0,9,1e-300\n1,10,1e-300").unwrap();
    let problem = problem(&text, Kind::Ising);
    let cold = options(Ladder::Betas(vec![1e3, 2e3]), 4000);
    let found = temper(&problem, &cold, &Work::plain()).unwrap();
    for t in &found.temperatures {
        let constant = |measured: &Measured| matches!(measured.estimate, Err(SeriesError::Constant { .. }));
        assert!(constant(&t.energy) && constant(&t.heat_capacity), "{t:?}");
        assert_eq!(t.heat_capacity.mean, 0.0);
        assert!((t.energy.mean - found.energy.nearest()).abs() < 1e-13);
        // the free spins do move
        assert!(t.magnetisation_size.error().is_some(), "{t:?}");
    }
}

// stopped after every block
#[test] // law: ising-temper
fn a_stopped_run_resumes_to_the_same_bits() {
    let float = problem(
        "0,1,0.123456789012345\n1,2,-1.1\n2,3,0.7\n3,0,1.3\n0,0,0.01\n",
        Kind::Ising,
    );
    for problem in [sk(1, ""), float] {
        // long enough a burn-in that the ladder is adjusted in it
        let short = Options {
            block: 6000,
            burn_in: 400,
            overlap: true,
            ..options(OWN, 150)
        };
        assert!(short.adjustments().len() > 2);
        let whole = temper(&problem, &short, &Work::plain()).unwrap();
        for parts in [1, 2] {
            let (resumed, stops) = stopped_every(parts, |work| temper(&problem, &short, work));
            assert_eq!(resumed, whole, "{parts}");
            assert!(stops > 0);
        }
    }
}

#[test] // law: ising-temper
fn threads_do_not_matter_and_seeds_do() {
    // Above the size from which replicas run in parallel.
    let mut text = String::new();
    for i in 0..3000 {
        let sign = if i % 3 == 0 { -1 } else { 1 };
        writeln!(text, "{i},{},{sign}", (i + 1) % 3000).unwrap();
    }
    let problem = problem(&text, Kind::Ising);
    let with = |threads: usize, seed: u64| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        let short = Options {
            seed,
            ..options(OWN, 20)
        };
        pool.install(|| temper(&problem, &short, &Work::plain()).unwrap())
    };
    assert_eq!(with(1, 0), with(3, 0));
    assert_ne!(with(1, 0).energy, with(1, 1).energy);
}

#[test] // edge: ising-temper
fn bad_ladders_are_refused() {
    for betas in [vec![1.0], vec![1.0, 0.5], vec![0.5, f64::NAN]] {
        assert!(temper(&sk(1, ""), &options(Ladder::Betas(betas), 10), &Work::plain()).is_err());
    }
}

#[test] // oracle: ising-temper
/// By hand: two configurations of -3 and six of 1. Whole sweeps gave 0.557 and -2.324.
fn the_triangle_has_its_energies() {
    let triangle = problem("0,1,1\n1,2,1\n0,2,1\n", Kind::Ising);
    for (rule, order) in [(SpinRule::Metropolis, 0), (SpinRule::HeatBath, 1)] {
        let ladder = Ladder::Betas(vec![0.5, 1.0]);
        let mut sums = [[0.0_f64; 2]; 2];
        let seeds: u64 = 200;
        for seed in 0..seeds {
            let measured = Options {
                rule,
                seed: seed + 1000 * order,
                ..options(ladder.clone(), 4000)
            };
            let found = temper(&triangle, &measured, &Work::plain()).unwrap();
            for ((t, exact), sums) in found
                .temperatures
                .iter()
                .zip([-1.844_938_376_910_375, -2.791_659_975_310_062])
                .zip(&mut sums)
            {
                let estimate = t.energy.estimate.unwrap();
                let z = (estimate.mean - exact) / estimate.error;
                assert!(z.abs() < 5.0, "{rule:?}, beta {}, seed {seed}: {z}", t.beta);
                sums[0] += z;
                sums[1] += z * z;
            }
        }
        for [sum, squares] in sums {
            let mean = sum / seeds as f64;
            let deviation = (squares / seeds as f64 - mean * mean).sqrt();
            eprintln!("{rule:?}: mean z {mean:.3}, sd {deviation:.3}");
            assert!(mean.abs() < 3.0 / (seeds as f64).sqrt(), "{rule:?}: {mean}");
            assert!((0.85..1.2).contains(&deviation), "{rule:?}: {deviation}");
        }
    }
}

#[test]
fn whole_sweeps_are_refused() {
    let whole = Options {
        rule: SpinRule::MetropolisWhole,
        ..options(Ladder::Betas(vec![0.5, 1.0]), 10)
    };
    let refused = temper(&sk(1, ""), &whole, &Work::plain());
    assert!(matches!(refused, Err(SolveError::Option(_))), "{refused:?}");
}
