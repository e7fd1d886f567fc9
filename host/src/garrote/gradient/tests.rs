//! Oracles: central differences, a fixed point of coordinate ascent, the scaling law of y.
//! Mutations seen red: sign of the pull; floor missing in the precision; fixed beta not scaled with y; d missing in
//! the spread; ascent for descent; rate cut to 1e-9 of itself at a plateau.
use super::*;
use crate::garrote::columns::Columns;
use gibbs_core::garrote::{Options, Solver};
use gibbs_core::math::add_scaled;

/// `rows` x `n` normal columns, the first two with weights 2 and -1.5, noise sd 0.5.
fn draw(n: usize, rows: usize, index: u64) -> Design {
    let mut rng = stream(6, "gradient.tests", index);
    let x: Vec<f64> = (0..n * rows).map(|_| normal(&mut rng)).collect();
    let y = (0..rows)
        .map(|r| 2.0 * x[r] - 1.5 * x[rows + r] + 0.5 * normal::<f64>(&mut rng))
        .collect();
    Design::new((0..n).map(|i| format!("x{i}")).collect(), "y", x, y).unwrap()
}

/// A map whose columns have different sizes: row r picks entries r and r + 1 with weights 1 and k.
struct Bands(usize);

impl LinearOperator for Bands {
    fn rows(&self) -> usize {
        self.0
    }

    fn columns(&self) -> usize {
        self.0 + 1
    }

    fn forward(&self, v: &[f64], out: &mut [f64]) {
        for (r, out) in out.iter_mut().enumerate() {
            *out = v[r] + 0.3 * v[r + 1];
        }
    }

    fn adjoint(&self, r: &[f64], out: &mut [f64]) {
        out.fill(0.0);
        for (k, r) in r.iter().enumerate() {
            out[k] += r;
            out[k + 1] += 0.3 * r;
        }
    }

    fn diagonal(&self, out: &mut [f64]) {
        let m = self.0 as f64;
        out.fill(1.09 / m);
        out[0] = 1.0 / m;
        out[self.0] = 0.09 / m;
    }
}

fn differences(operator: &impl LinearOperator, y: &[f64], noise: Noise<f64>) {
    let n = operator.columns();
    let mut rng = stream(6, "gradient.tests.differences", n as u64);
    let mut point = Point {
        weight: (0..n).map(|_| normal(&mut rng)).collect(),
        logit: (0..n).map(|_| 2.0 * normal::<f64>(&mut rng)).collect(),
    };
    let mut problem = Problem::new(operator, y, -1.5, noise).unwrap();
    problem.bury_dead(&mut point);
    let (mut slope, mut unused) = (point.clone(), point.clone());
    problem.evaluate(&point, &mut slope).unwrap();
    // h = 1e-5: truncation h² and rounding 1e-13/h both below 1e-8 of the loss, which is below 1e3
    let h = 1e-5;
    for i in 0..n {
        for logit in [false, true] {
            let mut loss = |step: f64| {
                let mut moved = point.clone();
                if logit {
                    moved.logit[i] += step;
                } else {
                    moved.weight[i] += step;
                }
                problem.evaluate(&moved, &mut unused).unwrap().loss
            };
            let numeric = (loss(h) - loss(-h)) / (2.0 * h);
            let exact = if logit { slope.logit[i] } else { slope.weight[i] };
            assert!(
                (numeric - exact).abs() < 1e-6 * (1.0 + exact.abs()),
                "{i} {logit}: {numeric} {exact}"
            );
        }
    }
}

#[test] // law: garrote-gradient
fn the_gradient_is_that_of_the_loss() {
    let design = draw(9, 14, 0);
    let bands = Bands(12);
    let y: Vec<f64> = (0..12).map(|r| f64::from(r).sin() + 0.4).collect();
    for noise in [
        Noise::Profile { floor: 1e-3 },
        Noise::Profile { floor: 0.5 },
        Noise::Fixed(2.5),
    ] {
        differences(&design, &design.y, noise);
        differences(&bands, &y, noise);
    }
}

// the adjoint identity <X v, r> = <v, X'r> and the diagonal |X_i|²/M, for the design and the test map
#[test] // law: garrote-gradient
fn operators_are_consistent() {
    fn check(operator: &impl LinearOperator) {
        let (m, n) = (operator.rows(), operator.columns());
        let mut rng = stream(6, "gradient.tests.adjoint", 0);
        let v: Vec<f64> = (0..n).map(|_| normal(&mut rng)).collect();
        let r: Vec<f64> = (0..m).map(|_| normal(&mut rng)).collect();
        let (mut xv, mut xr, mut d) = (vec![0.0; m], vec![0.0; n], vec![0.0; n]);
        operator.forward(&v, &mut xv);
        operator.adjoint(&r, &mut xr);
        assert!((dot(&xv, &r) - dot(&v, &xr)).abs() < 1e-12);
        operator.diagonal(&mut d);
        for (i, d) in d.iter().enumerate() {
            let unit: Vec<f64> = (0..n).map(|j| f64::from(u8::from(i == j))).collect();
            operator.forward(&unit, &mut xv);
            assert!((dot(&xv, &xv) / m as f64 - d).abs() < 1e-12, "{i}");
        }
    }
    check(&draw(5, 8, 1));
    check(&Bands(7));
}

// started near a solution of coordinate ascent it comes to rest on it: stationarity (a), (b), (c)
#[test] // oracle: garrote-gradient
fn rests_on_a_fixed_point_of_coordinate_ascent() {
    let design = draw(8, 40, 2);
    let gamma = -2.0;
    let floor = 1e-8; // the smooth floor shifts 1/beta by this share of s2
    let noise = Noise::Profile { floor };
    let mut ascent = Columns::new(
        &design,
        Options {
            noise,
            tolerance: 1e-12,
            max_sweeps: 1000,
        },
    )
    .unwrap();
    let reference = ascent.solve(gamma);
    let weight: Vec<f64> = ascent.weight().iter().map(|w| w + 0.01).collect();
    let logit: Vec<f64> = ascent
        .inclusion()
        .iter()
        .map(|m| (m.ln() - (-m).ln_1p()).min(30.0) + 0.05)
        .collect();
    let options = GradientOptions {
        noise,
        rate: 0.01,
        threshold: 1e-13,
        least_rate: 1e-7,
        ..Default::default()
    };
    let fit = solve_from(&design, &design.y, gamma, (&weight, &logit), &options).unwrap();
    assert_eq!((fit.solver, fit.status), ("gradient", Status::Converged));
    let mut r = design.y.clone();
    for i in 0..8 {
        add_scaled(&mut r, -fit.inclusion[i] * fit.weight[i], design.column(i));
    }
    let mut ehat = dot(&r, &r) / 40.0;
    for i in 0..8 {
        let (m, w) = (fit.inclusion[i], fit.weight[i]);
        let rho = dot(design.column(i), &r) / 40.0 + m * w;
        // the last rate is 1e-7, and Adam's steps have that size
        assert!((w - rho).abs() < 1e-5, "(a) gate {i}: {w} against {rho}");
        let rule = sigmoid(gamma + 0.5 * fit.precision * 40.0 * w * w);
        assert!((m - rule).abs() < 1e-5, "(b) gate {i}: {m} against {rule}");
        assert!((m - ascent.inclusion()[i]).abs() < 1e-5, "gate {i}");
        ehat += m * (1.0 - m) * w * w;
    }
    assert!(
        (fit.precision * (ehat + floor * design.variance) - 1.0).abs() < 1e-10,
        "(c)"
    );
    assert!(
        (fit.free_energy - reference.free_energy).abs() < 1e-6,
        "{fit:?} {reference:?}"
    );
}

// property: y -> c y leaves m, multiplies w by c, divides beta by c², adds M ln c to F; same steps
#[test] // law: garrote-gradient
fn the_scale_of_the_target_does_not_matter() {
    let design = draw(6, 20, 3);
    let options = GradientOptions {
        max_steps: 400,
        ..Default::default()
    };
    let one = solve_dense(&design, &design.y, -3.0, &options).unwrap();
    let scaled: Vec<f64> = design.y.iter().map(|y| 64.0 * y).collect(); // a power of two: exact
    let other = solve_dense(&design, &scaled, -3.0, &options).unwrap();
    assert_eq!(one.inclusion, other.inclusion);
    assert!(one.weight.iter().zip(&other.weight).all(|(a, b)| 64.0 * a == *b));
    assert_eq!(one.precision, other.precision * 4096.0);
    assert!((other.free_energy - one.free_energy - 20.0 * 64.0_f64.ln()).abs() < 1e-9);
    let fixed = |beta: f64, y: &[f64]| {
        let options = GradientOptions {
            noise: Noise::Fixed(beta),
            ..options
        };
        solve_dense(&design, y, -3.0, &options).unwrap()
    };
    let (a, b) = (fixed(4.0, &design.y), fixed(4.0 / 4096.0, &scaled));
    assert_eq!((a.inclusion, a.precision), (b.inclusion, b.precision * 4096.0));
}

#[test] // recorded: with M well above N the dense start ends at the solution of coordinate ascent
fn the_dense_start_finds_the_two_relevant_variables() {
    let design = draw(10, 60, 4);
    let fit = fit_dense(&design, -6.0, &GradientOptions::default()).unwrap();
    assert_eq!(fit.status, Status::Converged);
    for (i, m) in fit.inclusion.iter().enumerate() {
        assert_eq!(*m > 0.5, i < 2, "gate {i}: {m}");
    }
    let noise = Noise::Profile { floor: 1e-3 };
    let mut ascent = Columns::new(
        &design,
        Options {
            noise,
            ..Options::default()
        },
    )
    .unwrap();
    let sparse = ascent.solve(-6.0);
    // the smooth floor moves F by about (M/2) floor²: far less than this
    assert!(
        (fit.free_energy - sparse.free_energy).abs() < 0.05,
        "{} {sparse:?}",
        fit.free_energy
    );
}

#[test]
fn the_same_seed_gives_the_same_bits_and_another_does_not() {
    let design = draw(6, 9, 5);
    let options = GradientOptions {
        max_steps: 50,
        ..Default::default()
    };
    let run = |seed| fit_dense(&design, -2.0, &GradientOptions { seed, ..options }).unwrap();
    assert_eq!(run(1), run(1));
    assert_ne!(run(1).weight, run(2).weight);
    assert_eq!((run(1).steps, run(1).status), (50, Status::MaxSweeps));
}

// a constant column never opens and does not disturb the others
#[test] // edge: garrote-gradient
fn dead_columns_stay_shut() {
    let mut rng = stream(6, "gradient.tests.dead", 0);
    let mut x: Vec<f64> = (0..3 * 12).map(|_| normal(&mut rng)).collect();
    x[12..24].fill(7.0);
    let y: Vec<f64> = (0..12).map(|r| x[r] + 0.1 * normal::<f64>(&mut rng)).collect();
    let design = Design::new(vec!["a".into(), "b".into(), "c".into()], "y", x, y).unwrap();
    let fit = fit_dense(&design, -2.0, &GradientOptions::default()).unwrap();
    assert_eq!((fit.inclusion[1], fit.weight[1]), (0.0, 0.0));
    assert!(fit.inclusion[0] > 0.99 && fit.free_energy.is_finite());
}

// by hand: patience 2 means that the third step without a fall of more than the threshold halves the rate
#[test] // edge: garrote-gradient
fn the_rate_falls_on_a_plateau_only() {
    let mut plateau = Plateau::new(&GradientOptions {
        rate: 1.0,
        patience: 2,
        threshold: 0.1,
        ..Default::default()
    });
    let rates: Vec<f64> = [-1.0, -1.05, -1.2, -1.2, -1.3, -1.31, -1.5, -1.5, -1.5, -1.5]
        .into_iter()
        .map(|loss| {
            plateau.observe(loss);
            plateau.rate
        })
        .collect();
    assert_eq!(rates, [1.0, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.5, 0.25]);
}

#[test] // edge: garrote-gradient
fn bad_input_is_refused() {
    let design = draw(3, 6, 6);
    let good = GradientOptions::default();
    let core = |error| Err(FitError::Core(error));
    let solve = |y: &[f64], gamma, start: (&[f64], &[f64]), options: &GradientOptions| {
        solve_from(&design, y, gamma, start, options).map(|_| ())
    };
    let zero: (&[f64], &[f64]) = (&[0.0; 3], &[0.0; 3]);
    assert_eq!(solve(&design.y, -1.0, zero, &good), Ok(()));
    assert_eq!(solve(&design.y[1..], -1.0, zero, &good), core(Error::Shape));
    assert_eq!(
        solve(&design.y, -1.0, (&[0.0; 2], &[0.0; 3]), &good),
        core(Error::Shape)
    );
    assert_eq!(solve(&design.y, f64::NAN, zero, &good), core(Error::NonFinite));
    assert_eq!(
        solve(&[f64::INFINITY; 6], -1.0, zero, &good),
        core(Error::NonFinite)
    );
    assert_eq!(
        solve(&design.y, -1.0, (&[f64::NAN; 3], &[0.0; 3]), &good),
        core(Error::NonFinite)
    );
    assert_eq!(solve(&[0.0; 6], -1.0, zero, &good), core(Error::ConstantTarget));
    let bad = [
        GradientOptions {
            noise: Noise::Profile { floor: 0.0 },
            ..good
        },
        GradientOptions {
            noise: Noise::Fixed(f64::NAN),
            ..good
        },
        GradientOptions { rate: 0.0, ..good },
        GradientOptions {
            least_rate: -1.0,
            ..good
        },
        GradientOptions { factor: 1.0, ..good },
        GradientOptions {
            threshold: f64::INFINITY,
            ..good
        },
        GradientOptions { max_steps: 0, ..good },
        GradientOptions {
            initial_logit: f64::INFINITY,
            ..good
        },
        GradientOptions {
            initial_weight: -0.1,
            ..good
        },
    ];
    for options in bad {
        let refused = solve(&design.y, -1.0, zero, &options);
        assert!(matches!(refused, Err(FitError::Option(_))), "{options:?}");
    }
}
