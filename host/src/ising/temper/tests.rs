//! Mean energies against enumeration; golden instances; stopped against uninterrupted.
//!
//! Statistical tests: fixed seeds. 34 means within 6 standard deviations: a false alarm has a probability below
//! 34 x 2e-9 (normal), about 1e-7.

use super::*;
use crate::ising::Kind;
use crate::ising::exact::exact;
use crate::ising::success::probability;
use crate::ising::testing::{edwards_anderson, golden, problem, sk};
use crate::work::testing::stopped_every;
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
        seed: 0,
        block: crate::ising::anneal::BLOCK,
    }
}

#[test] // oracle: ising-temper
fn every_temperature_has_its_boltzmann_mean() {
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
            ..options(ladder, 4000)
        };
        let found = temper(&problem, &measured, &Work::plain()).unwrap();
        assert_eq!(found.rounds, 4000 / swap_every);
        for t in &found.temperatures {
            let estimate = t.energy.estimate.unwrap();
            let expected = exact(&problem, t.beta).unwrap().energy;
            let z = (estimate.mean - expected) / estimate.error;
            assert!(
                z.abs() < 6.0,
                "{rule:?} beta {}: {} {expected}, z {z}",
                t.beta,
                estimate.mean
            );
            assert!(
                estimate.error < 0.02 * expected.abs().max(8.0),
                "{}",
                estimate.error
            );
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

// stopped after every block
#[test] // law: ising-temper
fn a_stopped_run_resumes_to_the_same_bits() {
    let float = problem(
        "0,1,0.123456789012345\n1,2,-1.1\n2,3,0.7\n3,0,1.3\n0,0,0.01\n",
        Kind::Ising,
    );
    for problem in [sk(1, ""), float] {
        let short = Options {
            block: 3000,
            ..options(OWN, 150)
        };
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
