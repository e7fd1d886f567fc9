//! Mutations seen red: delta with a minus; gamma squared; gamma = 0 computed; the tables shifted; contrast about zero; contrast without
//! the root of alpha bar; a transport before the first step; the first vector for every direction.

use super::super::testing::tolerance::ROUNDING;
use super::super::testing::with_values;
use super::super::{krylov, length};
use super::*;
use std::convert::Infallible;

/// eps_i = tanh(x_i + x_{i+1} / 2) t, and its Jacobian.
struct Toy {
    asked: usize,
}

fn next(i: usize, n: usize) -> usize {
    (i + 1) % n
}

impl Model<f64> for Toy {
    type Error = Infallible;

    fn eps(&mut self, x: &[f64], t: f64, out: &mut [f64]) -> Result<(), Infallible> {
        self.asked += 1;
        for (i, out) in out.iter_mut().enumerate() {
            *out = t * (x[i] + 0.5 * x[next(i, x.len())]).tanh();
        }
        Ok(())
    }
}

fn jacobian_times(x: &[f64], v: &[f64], t: f64) -> Vec<f64> {
    (0..x.len())
        .map(|i| {
            let slope = (x[i] + 0.5 * x[next(i, x.len())]).cosh().powi(-2);
            t * slope * (v[i] + 0.5 * v[next(i, x.len())])
        })
        .collect()
}

fn point() -> (Vec<f64>, Vec<f64>) {
    let x = (0..9).map(|i| (f64::from(i) * 0.7).sin()).collect();
    let v = (0..9).map(|i| (f64::from(i) * 1.3).cos() / 3.0).collect();
    (x, v)
}

// the rest falls as delta²
#[test] // oracle: diffusion-edit
fn to_first_order_a_step_adds_gamma_delta_jacobian_v() {
    let (x, v) = point();
    let rest = |delta: f64| {
        let guidance = Guidance {
            gamma: 1.5,
            delta,
            steps: 1,
        };
        let mut moved = x.clone();
        guide(&mut Toy { asked: 0 }, &mut moved, 0.5, &v, &guidance).unwrap();
        let first = jacobian_times(&x, &v, 0.5);
        (moved.iter().zip(&x).zip(first))
            .map(|((moved, x), first)| (moved - x - 1.5 * delta * first).abs())
            .fold(0.0, f64::max)
    };
    let (coarse, fine) = (rest(1e-2), rest(1e-3));
    assert!(
        fine > 0.0 && (coarse / fine - 100.0).abs() < 5.0,
        "{coarse} {fine}"
    );
}

#[test] // edge: diffusion-edit
fn no_strength_leaves_every_bit() {
    let (mut x, v) = point();
    x[0] = -0.0;
    let before: Vec<u64> = x.iter().map(|x| x.to_bits()).collect();
    let mut model = Toy { asked: 0 };
    guide(&mut model, &mut x, 0.5, &v, &Guidance::new(0.0)).unwrap();
    assert_eq!(before, x.iter().map(|x| x.to_bits()).collect::<Vec<_>>());
    assert_eq!(model.asked, 0);
    let mut again = x.clone();
    guide(&mut model, &mut again, 0.5, &v, &Guidance::new(0.1)).unwrap();
    assert_eq!(model.asked, 32);
    assert_ne!(again, x);
    assert!(step(&mut model, &mut x, 0.5, &v[1..], &Guidance::new(0.1)).is_err());
    let far = Guidance {
        gamma: f64::INFINITY,
        ..Guidance::new(1.0)
    };
    let kept = x.clone();
    assert!(matches!(
        guide(&mut model, &mut x, 0.5, &v, &far),
        Err(PullbackError::NotFinite { .. })
    ));
    assert_eq!(x, kept);
}

#[test] // law: diffusion-edit
fn shooting_with_a_basis_that_stays_is_plain_guidance() {
    let mut operator = with_values(61, 7, 9, &[3.0, 2.0, 1.0]);
    let basis = krylov::basis(&mut operator, &krylov::Search::new(3)).unwrap();
    let start = basis.direction(1).unwrap();
    let (mut plain, _) = point();
    let mut shot = plain.clone();
    let guidance = Guidance {
        steps: 5,
        ..Guidance::new(0.7)
    };
    guide(&mut Toy { asked: 0 }, &mut plain, 0.5, &start.v, &guidance).unwrap();
    let mut asked = 0;
    let mut flipped = basis.clone();
    flipped.u.iter_mut().chain(&mut flipped.v).for_each(|x| *x = -*x);
    let (end, kept) = shoot(
        &mut Toy { asked: 0 },
        &mut shot,
        0.5,
        start.clone(),
        &guidance,
        |_, _| {
            asked += 1;
            Ok(if asked % 2 == 0 {
                basis.clone()
            } else {
                flipped.clone()
            })
        },
    )
    .unwrap();
    assert_eq!(asked, 4);
    assert!((kept - 1.0).abs() <= ROUNDING);
    assert!(end.v.iter().zip(&start.v).all(|(a, b)| (a - b).abs() <= ROUNDING));
    assert!(plain.iter().zip(&shot).all(|(a, b)| (a - b).abs() <= ROUNDING));
}

#[test]
fn the_tables_of_strengths() {
    for (time, expected) in [
        (1.0, 0.5),
        (0.9, 0.5),
        (0.8, 1.0),
        (0.6, 4.0),
        (0.5, 4.0),
        (0.4, 16.0),
        (0.1, 16.0),
    ] {
        assert_eq!(gamma(Family::Unconditional, time), Ok(expected), "{time}");
    }
    for (time, expected) in [
        (1.0, 0.5),
        (0.9, 0.5),
        (0.8, 1.0),
        (0.7, 1.0),
        (0.6, 2.0),
        (0.2, 2.0),
    ] {
        assert_eq!(gamma(Family::StableDiffusion, time), Ok(expected), "{time}");
    }
    for time in [0.0, 1.1, f64::NAN] {
        assert!(gamma(Family::Unconditional, time).is_err());
    }
}

#[test] // law: diffusion-edit
fn contrast_is_what_is_asked_for_and_the_mean_stays() {
    let (x, eps) = point();
    let a = 0.6;
    let mean = |x: &[f64]| predict(x, &eps, a).sum::<f64>() / 9.0;
    for wanted in [0.0, 0.3, 2.0, contrast(&x, &eps, a)] {
        let mut edited = x.clone();
        keep_contrast(&mut edited, &eps, a, wanted).unwrap();
        assert!((contrast(&edited, &eps, a) - wanted).abs() <= ROUNDING);
        assert!((mean(&edited) - mean(&x)).abs() <= ROUNDING);
    }
    let mut same = x.clone();
    keep_contrast(&mut same, &eps, a, contrast(&x, &eps, a)).unwrap();
    assert_eq!(same, x);
    assert!(keep_contrast(&mut same, &eps, 0.0, 1.0).is_err());
    assert!(keep_contrast(&mut same, &eps, a, f64::NAN).is_err());
    assert_eq!(keep_contrast(&mut same, &eps[1..], a, 1.0), length("eps", 8, 9));
}
