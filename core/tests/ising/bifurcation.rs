//! Simulated bifurcation: the recurrences written as published, golden ground states, integers beside floats,
//! gauges, refusals.

use crate::instances::{Golden, golden, sherrington_kirkpatrick};
use crate::tolerances::{POSITION, ROUNDING};
use gibbs_core::Error;
use gibbs_core::ising::bifurcation::{Coordinate, scatter};
use gibbs_core::ising::{Bifurcation, Dense, Model, Variant, Weight};
use gibbs_core::random::stream;

const VARIANTS: [Variant; 2] = [Variant::Ballistic, Variant::Discrete];
const Q29: f64 = 536_870_912.0;

/// A start of N positions and N velocities.
fn start<W: Coordinate>(n: usize, index: u64) -> (Vec<W>, Vec<W>) {
    let mut rng = stream(8, "start", index);
    let (mut x, mut v) = (vec![W::ZERO; n], vec![W::ZERO; n]);
    scatter(&mut x, &mut rng);
    scatter(&mut v, &mut rng);
    (x, v)
}

/// Final positions, spins and energy.
fn run<M: Model<Weight: Coordinate>>(
    method: Bifurcation,
    model: &M,
    (mut x, mut v): (Vec<M::Weight>, Vec<M::Weight>),
) -> (Vec<M::Weight>, Vec<i8>, M::Weight) {
    let mut spins = vec![0; x.len()];
    let energy = method.run(model, &mut x, &mut v, &mut spins).unwrap();
    (x, spins, energy)
}

/// Positions by the published recurrences, with momenta, on a dense matrix.
fn published(
    method: Bifurcation,
    couplings: &[f64],
    fields: &[f64],
    start: (Vec<f64>, Vec<f64>),
) -> Vec<f64> {
    let n = fields.len();
    let dt = method.time_step;
    let (mut x, v) = start;
    let mut y: Vec<f64> = v.iter().map(|v| v / dt).collect();
    let norm: f64 = couplings.iter().map(|c| c * c).sum();
    let c0 = 0.5 * ((n - 1) as f64).sqrt() / norm.sqrt();
    for step in 0..method.steps {
        let pump = f64::from(step) / f64::from(method.steps);
        for i in 0..n {
            let g = |x: f64| match method.variant {
                Variant::Ballistic => x,
                Variant::Discrete if x >= 0.0 => 1.0,
                Variant::Discrete => -1.0,
            };
            let force: f64 = (0..n).map(|j| couplings[i * n + j] * g(x[j])).sum();
            y[i] += dt * (-(1.0 - pump) * x[i] + c0 * (force + fields[i]));
        }
        for i in 0..n {
            x[i] += dt * y[i];
            if x[i].abs() > 1.0 {
                (x[i], y[i]) = (x[i].signum(), 0.0);
            }
        }
    }
    x
}

/// A model of 10 spins with fields, in floats and integers.
fn model() -> (Vec<i32>, Vec<i32>, Vec<f64>, Vec<f64>) {
    let n = 10;
    let mut couplings: Vec<i32> = sherrington_kirkpatrick(5, n).into_iter().map(i32::from).collect();
    for (k, c) in couplings.iter_mut().enumerate() {
        *c *= 1 + (k / n * (k % n) % 4) as i32;
    }
    let fields: Vec<i32> = (0..n as i32).map(|i| i % 3 - 1).collect();
    let real = |x: &[i32]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    let (c, f) = (real(&couplings), real(&fields));
    (couplings, fields, c, f)
}

fn farthest(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

// the recurrences with momenta; fixed point: the same positions to its resolution
#[test] // oracle: ising-bifurcation
fn positions_are_those_of_the_published_recurrences() {
    let (couplings, fields, real_couplings, real_fields) = model();
    let integer = Dense::new(&couplings, &fields).unwrap();
    let double = Dense::new(&real_couplings, &real_fields).unwrap();
    for variant in VARIANTS {
        for (time_step, steps) in [(0.5, 60), (1.25, 12), (0.1, 200)] {
            let method = Bifurcation {
                variant,
                steps,
                time_step,
            };
            let (x, v) = start::<i32>(10, 0);
            let real = |x: &[i32]| x.iter().map(|x| f64::from(*x) / Q29).collect::<Vec<_>>();
            let begin = (real(&x), real(&v));
            let expected = published(method, &real_couplings, &real_fields, begin.clone());
            let (positions, spins, energy) = run(method, &double, begin);
            let name = format!("{variant:?} {time_step}");
            assert!(
                farthest(&positions, &expected) < ROUNDING,
                "{name}: {positions:?} {expected:?}"
            );
            let (fixed, fixed_spins, fixed_energy) = run(method, &integer, (x, v));
            let error = farthest(&real(&fixed), &expected);
            assert!(error < POSITION, "{name}: {error:e}");
            assert_eq!((spins, energy), (fixed_spins, f64::from(fixed_energy)), "{name}");
            assert!(expected.iter().any(|x| x.abs() == 1.0), "{name}: no wall was met");
        }
    }
}

// forces far beyond ±4: saturated sums meet the same walls as unlimited ones, as the head derives
#[test] // law: ising-bifurcation
fn saturation_changes_nothing() {
    let (couplings, fields, real_couplings, _) = model();
    let fields: Vec<i32> = fields.iter().map(|h| 40 * h).collect();
    let real_fields: Vec<f64> = fields.iter().map(|h| f64::from(*h)).collect();
    let integer = Dense::new(&couplings, &fields).unwrap();
    let method = Bifurcation {
        variant: Variant::Ballistic,
        steps: 12,
        time_step: 1.9,
    };
    for index in 0..20 {
        let (x, v) = start::<i32>(10, index);
        let real = |x: &[i32]| x.iter().map(|x| f64::from(*x) / Q29).collect::<Vec<_>>();
        let expected = published(method, &real_couplings, &real_fields, (real(&x), real(&v)));
        let (fixed, ..) = run(method, &integer, (x, v));
        assert!(farthest(&real(&fixed), &expected) < POSITION);
    }
}

// extremes of range: overflow checks are on in this build
#[test] // edge: ising-bifurcation
fn the_largest_weights_and_starts_stay_in_range() {
    let wall = i32::WALL;
    let big = (1 << 30) - 3;
    for (couplings, fields) in [
        ([0, big, big, 0], [0, 0]),
        ([0, -big, -big, 0], [1, -2]),
        ([0; 4], [big, -big]),
    ] {
        let model = Dense::new(&couplings, &fields).unwrap();
        for variant in VARIANTS {
            for time_step in [1e-9, 1.0, 1.999_999_999] {
                let method = Bifurcation {
                    variant,
                    steps: 9,
                    time_step,
                };
                for (x, v) in [(wall, wall), (wall, -wall), (-wall, wall)] {
                    let (positions, spins, energy) = run(method, &model, (vec![x, -x], vec![v; 2]));
                    assert!(positions.iter().all(|x| x.abs() <= wall));
                    assert_eq!(model.energy(&spins), Ok(energy));
                }
            }
        }
    }
}

const STARTS: u32 = 150;

/// Share of starts that end in the ground energy after 200 steps.
fn hits<M: Model<Weight: Coordinate>>(golden: &Golden, model: &M, variant: Variant, time_step: f64) -> f64 {
    let method = Bifurcation {
        variant,
        steps: 200,
        time_step,
    };
    let mut hits = 0;
    for index in 0..STARTS {
        let (_, spins, energy) = run(method, model, start(Golden::SPINS, u64::from(index)));
        assert_eq!(model.energy(&spins), Ok(energy));
        assert!(energy.wide() >= f64::from(golden.ground_energy));
        hits += u32::from(energy.wide() == f64::from(golden.ground_energy));
    }
    f64::from(hits) / f64::from(STARTS)
}

/// Golden: another program measured .98 and more (ballistic), .86 to 1 (discrete) on SK seeds 1 to 3 with 50 starts. With
/// 2000 starts the discrete variant has .97, .996, .863 at dt = 1.25 and .91, .997, .783 at dt = 0.5, whatever
/// the scale of the velocities at the start; the bounds are three deviations (of 150 starts) below.
#[test] // oracle: ising-bifurcation
fn ground_states_of_the_golden_instances_are_found() {
    for golden in golden() {
        let double = golden.real();
        let single: Vec<f32> = golden.couplings.iter().map(|c| f32::from(*c)).collect();
        let double = Dense::new(&double, &[0.0; Golden::SPINS]).unwrap();
        let single = Dense::new(&single, &[0.0; Golden::SPINS]).unwrap();
        let integer = Dense::new(&golden.couplings, &[0; Golden::SPINS]).unwrap();
        for (variant, time_step, bound) in [
            (Variant::Ballistic, 0.5, 0.98),
            (Variant::Ballistic, 1.25, 0.98),
            (Variant::Discrete, 0.5, 0.68),
            (Variant::Discrete, 1.25, 0.78),
        ] {
            let shares = [
                hits(&golden, &double, variant, time_step),
                hits(&golden, &single, variant, time_step),
                hits(&golden, &integer, variant, time_step),
            ];
            let name = golden.name;
            assert!(
                shares.iter().all(|s| *s >= bound),
                "{name} {variant:?} {time_step}: {shares:?}"
            );
        }
    }
}

// exact in floats and integers: products round alike for both signs
#[test] // law: ising-bifurcation
fn a_gauge_transform_maps_the_run() {
    let (couplings, fields, real_couplings, real_fields) = model();
    let n = fields.len();
    let gauge: Vec<i32> = (0..n).map(|i| if i * i % 7 < 3 { -1 } else { 1 }).collect();
    let turn = |k: usize| gauge[k / n] * gauge[k % n];
    let turned: Vec<i32> = (0..n * n).map(|k| couplings[k] * turn(k)).collect();
    let turned_fields: Vec<i32> = (0..n).map(|i| fields[i] * gauge[i]).collect();
    let real_turned: Vec<f64> = (0..n * n)
        .map(|k| real_couplings[k] * f64::from(turn(k)))
        .collect();
    let real_turned_fields: Vec<f64> = (0..n).map(|i| real_fields[i] * f64::from(gauge[i])).collect();
    for variant in VARIANTS {
        let method = Bifurcation {
            variant,
            steps: 10,
            time_step: 0.7,
        };
        let map = |x: &[i32]| x.iter().zip(&gauge).map(|(x, g)| x * g).collect::<Vec<_>>();
        let (x, v) = start::<i32>(n, 1);
        let image = (map(&x), map(&v));
        let (x, spins, energy) = run(method, &Dense::new(&couplings, &fields).unwrap(), (x, v));
        let turned = run(method, &Dense::new(&turned, &turned_fields).unwrap(), image);
        let spins: Vec<i8> = spins.iter().zip(&gauge).map(|(s, g)| s * *g as i8).collect();
        assert_eq!(turned, (map(&x), spins, energy));
        assert!(x.iter().any(|x| x.abs() < i32::WALL)); // a wall would hide rounding

        let map = |x: &[f64]| {
            x.iter()
                .zip(&gauge)
                .map(|(x, g)| x * f64::from(*g))
                .collect::<Vec<_>>()
        };
        let (x, v) = start::<f64>(n, 1);
        let image = (map(&x), map(&v));
        let (x, spins, energy) = run(
            method,
            &Dense::new(&real_couplings, &real_fields).unwrap(),
            (x, v),
        );
        let turned = run(
            method,
            &Dense::new(&real_turned, &real_turned_fields).unwrap(),
            image,
        );
        let spins: Vec<i8> = spins.iter().zip(&gauge).map(|(s, g)| s * *g as i8).collect();
        assert_eq!(turned, (map(&x), spins, energy));
    }
}

// closed form: without couplings each spin follows its field, and sign(0) is +1
#[test] // oracle: ising-bifurcation
fn spins_without_couplings_follow_their_fields() {
    for variant in VARIANTS {
        let method = Bifurcation {
            variant,
            steps: 200,
            time_step: 0.5,
        };
        let fields = [3, -1, 2, -2, 1];
        let model = Dense::new(&[0; 25], &fields).unwrap();
        let (_, spins, energy) = run(method, &model, start(5, 2));
        assert_eq!((spins, energy), (vec![1, -1, 1, -1, 1], -9));
        let single = fields.map(|h| h as f32 * 1e30);
        let (_, spins, _) = run(method, &Dense::new(&[0.0; 25], &single).unwrap(), start(5, 2));
        assert_eq!(spins, [1, -1, 1, -1, 1]);
        let one = run(method, &Dense::new(&[0.0], &[-0.3]).unwrap(), start(1, 2));
        assert_eq!((&one.1[..], one.2), (&[-1][..], -0.3));
        let still = run(
            method,
            &Dense::new(&[0; 4], &[0; 2]).unwrap(),
            (vec![0; 2], vec![0; 2]),
        );
        assert_eq!(still, (vec![0; 2], vec![1; 2], 0));
        let still = run(
            method,
            &Dense::new(&[0.0; 4], &[0.0; 2]).unwrap(),
            (vec![-0.0; 2], vec![0.0; 2]),
        );
        assert_eq!((still.1, still.2), (vec![1; 2], 0.0));
    }
}

// two spins at rest on 0 in the discrete variant are pulled as by +1: by hand, c0 = (1/2) / sqrt(2)
#[test] // edge: ising-bifurcation
fn the_sign_of_zero_is_up() {
    let model = Dense::new(&[0.0, -1.0, -1.0, 0.0], &[0.0; 2]).unwrap();
    let method = Bifurcation {
        variant: Variant::Discrete,
        steps: 1,
        time_step: 1.0,
    };
    let (x, spins, energy) = run(method, &model, (vec![0.0; 2], vec![0.0; 2]));
    assert!((x[0] + 0.125_f64.sqrt()).abs() < 1e-15 && x[0] == x[1]);
    assert_eq!((&spins[..], energy), (&[-1, -1][..], 1.0));
}

#[test] // law: ising-bifurcation
fn starts_are_uniform_within_a_tenth() {
    let (x, _) = start::<i32>(10_000, 3);
    let (y, _) = start::<f64>(10_000, 3);
    let (z, _) = start::<f32>(10_000, 3);
    let mut squares = 0.0;
    for ((x, y), z) in x.iter().zip(&y).zip(&z) {
        assert!((f64::from(*x) / Q29 - y).abs() < 3e-9 && (f64::from(*z) - y).abs() < 1e-8);
        assert!(y.abs() <= 0.1);
        squares += y * y;
    }
    // mean of x² is 0.01 / 3 with deviation 0.01 sqrt(4 / 45): |z| < 6
    assert!((squares / 1e4 - 0.01 / 3.0).abs() < 6.0 * 0.01 * (4.0_f64 / 45.0).sqrt() / 100.0);
    assert!((y.iter().sum::<f64>() / 1e4).abs() < 6.0 * 0.1 / 3.0_f64.sqrt() / 100.0);
}

#[test] // edge: ising-bifurcation
fn refusals() {
    let good = Bifurcation {
        variant: Variant::Discrete,
        steps: 5,
        time_step: 0.5,
    };
    let couplings = [0.0, 1.0, 1.0, 0.0];
    let model = Dense::new(&couplings, &[0.0; 2]).unwrap();
    let refuse = |method: Bifurcation, x: &[f64], v: &[f64], length: usize| {
        let (mut positions, mut velocities, mut spins) = (x.to_vec(), v.to_vec(), vec![7; length]);
        let error = method
            .run(&model, &mut positions, &mut velocities, &mut spins)
            .err();
        assert!(error.is_none() || spins.iter().all(|s| *s == 7));
        error
    };
    let zero = [0.0; 2];
    assert_eq!(refuse(good, &zero, &zero, 2), None);
    assert_eq!(refuse(good, &zero[..1], &zero, 2), Some(Error::Shape));
    assert_eq!(refuse(good, &zero, &[0.0; 3], 2), Some(Error::Shape));
    assert_eq!(refuse(good, &zero, &zero, 1), Some(Error::Shape));
    for (time_step, error) in [
        (f64::NAN, Error::NonFinite),
        (f64::INFINITY, Error::NonFinite),
        (0.0, Error::Domain),
        (-0.5, Error::Domain),
        (2.0, Error::Domain),
    ] {
        assert_eq!(
            refuse(Bifurcation { time_step, ..good }, &zero, &zero, 2),
            Some(error)
        );
    }
    assert_eq!(refuse(good, &[0.0, f64::NAN], &zero, 2), Some(Error::NonFinite));
    assert_eq!(
        refuse(good, &zero, &[f64::INFINITY, 0.0], 2),
        Some(Error::NonFinite)
    );
    assert_eq!(refuse(good, &[1.1, 0.0], &zero, 2), Some(Error::Domain));
    assert_eq!(refuse(good, &zero, &[0.0, -1.1], 2), Some(Error::Domain));

    let failing = |c: &[i32], h: &[i32]| {
        let model = Dense::new(c, h).unwrap();
        good.run(
            &model,
            &mut vec![0; h.len()],
            &mut vec![0; h.len()],
            &mut vec![1; h.len()],
        )
        .err()
    };
    // dt² c0 h = 0.25 h / sqrt 8 reaches 256 at h = 2896.3
    assert_eq!(failing(&[0, 1, 1, 0], &[2000, 0]), None);
    assert_eq!(failing(&[0, 1, 1, 0], &[6000, 0]), Some(Error::Overflow));
    let tiny = [0.0, 1e-310, 1e-310, 0.0];
    let tiny = good.run(
        &Dense::new(&tiny, &zero).unwrap(),
        &mut [0.0; 2],
        &mut [0.0; 2],
        &mut [1; 2],
    );
    assert_eq!(tiny, Err(Error::NonFinite));
}
