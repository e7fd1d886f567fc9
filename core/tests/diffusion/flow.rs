//! The probability flow of Gaussian data: the exact end, orders of convergence, a conserved quantity, DDIM = Euler.

use crate::oracle::{DDIM, Entrywise, farthest, gaussian_noise, relative, run, table};
use crate::tolerances::{DIGITS_OF_3, DIGITS_OF_4, ROUNDING};
use gibbs_core::diffusion::plan::{self, KarrasGrid};
use gibbs_core::diffusion::{Betas, Hop, Level, Method, Prediction, Run, Sampler, Schedule, gaussian};
use gibbs_core::random::stream;

const C: f64 = 0.25;
const COUNTS: [usize; 4] = [20, 40, 80, 160];

fn karras(n: usize) -> Vec<Hop> {
    let mut hops = vec![Hop::NONE; n];
    KarrasGrid::EDM.plan(|sigma| sigma.ln() / 4.0, &mut hops).unwrap();
    hops
}

/// |error| at the end of the flow from y = 80 (x = 80 / sqrt(1 + 80²)), against 80 sqrt(c / (c + 80²)).
fn error(method: Method, n: usize) -> f64 {
    let exact = 80.0 * (C / (C + 6400.0_f64)).sqrt();
    let scaled = matches!(method, Method::Euler | Method::Heun);
    let start = if scaled { 80.0 } else { 80.0 / 6401.0_f64.sqrt() };
    let mut model = Entrywise(gaussian_noise(C));
    (run(method, Prediction::Noise, &karras(n), &[start], &mut model)[0] - exact).abs()
}

// golden errors, made with another program, and the orders that they show
#[test] // oracle: diffusion-ddim, diffusion-euler-heun, diffusion-dpm-solver
fn errors_and_orders_on_gaussian_data() {
    let first = ([6.945e-2, 3.514e-2, 1.767e-2, 8.861e-3], DIGITS_OF_4, 1.0);
    for (method, (golden, digits, order)) in [
        (Method::Euler, first),
        (DDIM, first),
        (
            Method::Heun,
            ([2.18e-2, 4.89e-3, 1.16e-3, 2.78e-4], DIGITS_OF_3, 2.0),
        ),
        (
            Method::DpmSolver,
            ([2.46e-2, 5.20e-3, 1.19e-3, 2.82e-4], DIGITS_OF_3, 2.0),
        ),
    ] {
        let errors = COUNTS.map(|n| error(method, n));
        for (got, golden) in errors.iter().zip(golden) {
            assert!((got / golden - 1.0).abs() < digits, "{method:?}: {errors:?}");
        }
        let slope = (errors[2] / errors[3]).log2();
        assert!((slope - order).abs() < 0.1, "{method:?}: order {slope}");
    }
}

// closed form, eq. 5 of Karras et al. with its ends exact
#[test] // oracle: diffusion-schedule
fn the_grid_is_that_of_the_paper() {
    let hops = karras(18);
    assert_eq!((hops[0].from.sigma(), hops[17].from.sigma()), (80.0, 0.002));
    assert_eq!(hops[17].to, Level::DATA);
    for (i, hop) in hops.iter().enumerate() {
        let (high, low) = (80.0_f64.powf(1.0 / 7.0), 0.002_f64.powf(1.0 / 7.0));
        let sigma = (high + i as f64 / 17.0 * (low - high)).powi(7);
        assert!((hop.from.sigma() / sigma - 1.0).abs() < ROUNDING, "{i}");
        assert!((hop.from.timestep() - sigma.ln() / 4.0).abs() < ROUNDING);
    }
    let mut one = [Hop::NONE];
    KarrasGrid::EDM.plan(|_| 0.0, &mut one).unwrap();
    assert_eq!((one[0].from.sigma(), one[0].to), (80.0, Level::DATA));
}

// x / sqrt(ab c + 1 - ab) is conserved; many small steps, all methods
#[test] // law: diffusion-euler-heun, diffusion-dpm-solver
fn the_flow_conserves_the_standardised_state() {
    let table = table::<f64>(Betas::DDPM);
    let schedule = Schedule::new(&table).unwrap();
    let times: Vec<f64> = (0..1000).rev().map(f64::from).collect();
    let mut hops = vec![Hop::NONE; 1000];
    plan::sigmas(&schedule, &times, &mut hops).unwrap();
    for c in [0.04, 0.25, 1.0, 3.0] {
        for (method, bound) in [
            (DDIM, 2e-2),
            (Method::Euler, 2e-2),
            (Method::Heun, 2e-3),
            (Method::DpmSolver, 2e-3),
        ] {
            let sampler = Sampler::new(method, Prediction::Noise).unwrap();
            let width = |level: &Level| (level.alpha_bar() * c + level.noise() * level.noise()).sqrt();
            let x0 = [0.7, -1.3];
            let mut state = x0.map(|x| {
                if sampler.is_scaled() {
                    x / hops[0].from.signal()
                } else {
                    x
                }
            });
            let quantity = x0.map(|x| x / width(&hops[0].from));
            let (mut history, mut scratch) = ([0.0; 2], [0.0; 10]);
            let mut rng = stream(1, "unused", 0);
            let mut model = Entrywise(gaussian_noise(c));
            let mut run = Run::new(sampler, &hops, &mut state, &mut history).unwrap();
            for hop in &hops {
                let _ = run
                    .step(&mut model, &mut gaussian(&mut rng), &mut scratch)
                    .unwrap();
                let signal = if sampler.is_scaled() { hop.to.signal() } else { 1.0 };
                let now: Vec<f64> = run.state().iter().map(|x| x * signal / width(&hop.to)).collect();
                let drift = relative(&now, &quantity);
                assert!(
                    drift < bound,
                    "{method:?} c = {c} at {}: {drift:e}",
                    hop.to.timestep()
                );
            }
        }
    }
}

// c = 1: eps* = noise x, and the exact flow leaves x alone; DDIM turns by the angle between levels
#[test] // law: diffusion-ddim
fn unit_variance_is_left_alone() {
    let mut model = Entrywise(gaussian_noise(1.0));
    for hop in karras(30) {
        let x = run(DDIM, Prediction::Noise, &[hop], &[1.5], &mut model)[0];
        let cosine = hop.from.signal() * hop.to.signal() + hop.from.noise() * hop.to.noise();
        assert!((x - 1.5 * cosine).abs() < ROUNDING);
    }
}

// identity: Euler in x / sqrt(ab) is DDIM with eta = 0 on the same levels, for a nonlinear model
#[test] // law: diffusion-euler-heun
fn euler_is_ddim() {
    let hops = karras(25);
    let mut model =
        Entrywise(|x: f64, level: &Level| (1.7 * x).sin() * level.noise() + 0.2 * level.timestep());
    let start = [1.0, -0.4, 0.03];
    let scaled = start.map(|x| x / hops[0].from.signal());
    for prediction in [Prediction::Noise, Prediction::Velocity, Prediction::Sample] {
        let ddim = run(DDIM, prediction, &hops, &start, &mut model);
        let euler = run(Method::Euler, prediction, &hops, &scaled, &mut model);
        assert!(
            farthest(&ddim, &euler) < 1e3 * ROUNDING,
            "{prediction:?}: {ddim:?} {euler:?}"
        );
    }
}

// exactness: constant predicted data are reached by every method, from everywhere
#[test] // law: diffusion-euler-heun, diffusion-dpm-solver
fn constant_data_are_reached() {
    let hops = karras(7);
    let mut model = Entrywise(|_: f64, _: &Level| 0.625);
    for method in [DDIM, Method::Euler, Method::Heun, Method::DpmSolver] {
        let x = run(method, Prediction::Sample, &hops, &[3.0, -8.0], &mut model);
        assert!(farthest(&x, &[0.625; 2]) < ROUNDING, "{method:?}: {x:?}");
    }
    // and on the way the multistep solver follows the line between data and noise exactly
    let x = run(
        Method::DpmSolver,
        Prediction::Sample,
        &hops[..6],
        &[3.0],
        &mut model,
    )[0];
    let ratio = hops[5].to.noise() / hops[0].from.noise();
    let exact = hops[5].to.signal() * 0.625 + ratio * (3.0 - hops[0].from.signal() * 0.625);
    assert!((x - exact).abs() < ROUNDING);
}
