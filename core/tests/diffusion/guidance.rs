//! Guidance: identities.

use crate::oracle::farthest;
use crate::tolerances::ROUNDING;
use gibbs_core::Error;
use gibbs_core::diffusion::guidance::{classifier_free, shifted, x_space};

// w = 1 and w = 0 bit for bit, also where the other output would cancel; between and beyond: the line
#[test] // law: diffusion-guidance
fn classifier_free_guidance_interpolates() {
    let (u, c) = ([1e30_f32, 0.1, -0.0, 3.0], [1.0_f32, -0.0, 0.7, 3.0]);
    let bits = |x: &[f32]| x.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let mut out = [0.0; 4];
    classifier_free(&u, &c, 1.0, &mut out).unwrap();
    assert_eq!(bits(&out), bits(&c));
    classifier_free(&u, &c, 0.0, &mut out).unwrap();
    assert_eq!(bits(&out), bits(&u));
    let (u, c) = ([0.5, -1.0], [1.5, 2.0]);
    for w in [-1.0, 0.3, 2.0, 7.5] {
        let mut out = [0.0; 2];
        classifier_free(&u, &c, w, &mut out).unwrap();
        assert!(farthest(&out, &[0.5 + w, -1.0 + 3.0 * w]) < ROUNDING);
    }
}

// gamma = 0 leaves every bit; to first order the step is gamma delta J v, with error O(delta²)
#[test] // oracle: diffusion-guidance
fn x_space_guidance_is_a_directional_derivative() {
    let x = [-0.0, 0.7, -1.1];
    let mut next = [9.0; 3];
    x_space(&x, &[1.0; 3], &[2.0; 3], 0.0, &mut next).unwrap();
    assert_eq!(next.map(f64::to_bits), x.map(f64::to_bits));
    x_space(&x, &[1.0; 3], &[2.0; 3], 0.5, &mut next).unwrap();
    assert!(farthest(&next, &x.map(|x| x - 0.5)) < ROUNDING);

    let v = [0.6, -0.8, 0.0];
    let eps = |x: &[f64; 3]| [x[0].sin() + x[1] * x[2], x[0] * x[1], x[2].cos()];
    let derivative = [x[0].cos() * v[0] + v[1] * x[2], v[0] * x[1] + x[0] * v[1], 0.0];
    let errors = [0.1, 0.05].map(|delta| {
        let (mut moved, mut next) = ([0.0; 3], [0.0; 3]);
        shifted(&x, &v, delta, &mut moved).unwrap();
        x_space(&x, &eps(&moved), &eps(&x), 2.0, &mut next).unwrap();
        let linear: Vec<f64> = x
            .iter()
            .zip(derivative)
            .map(|(x, d)| x + 2.0 * delta * d)
            .collect();
        farthest(&next, &linear)
    });
    assert!(
        errors[0] > 0.0 && (errors[0] / errors[1]).log2() > 1.9,
        "{errors:?}"
    );
}

#[test] // edge: diffusion-guidance
fn refusals() {
    let mut out = [7.0; 2];
    let (two, three, bad) = ([1.0; 2], [1.0; 3], [1.0, f64::NAN]);
    assert_eq!(classifier_free(&two, &three, 1.0, &mut out), Err(Error::Shape));
    assert_eq!(
        classifier_free(&[], &[], 1.0, &mut []),
        Err::<(), _>(Error::Shape)
    );
    assert_eq!(classifier_free(&two, &bad, 0.0, &mut out), Err(Error::NonFinite));
    assert_eq!(
        classifier_free(&two, &two, f64::NAN, &mut out),
        Err(Error::NonFinite)
    );
    assert_eq!(shifted(&two, &three, 1.0, &mut out), Err(Error::Shape));
    assert_eq!(shifted(&bad, &two, 1.0, &mut out), Err(Error::NonFinite));
    assert_eq!(
        shifted(&two, &two, f64::INFINITY, &mut out),
        Err(Error::NonFinite)
    );
    assert_eq!(x_space(&two, &two, &three, 1.0, &mut out), Err(Error::Shape));
    assert_eq!(x_space(&two, &two, &bad, 1.0, &mut out), Err(Error::NonFinite));
    assert_eq!(
        x_space(&two, &two, &two, f64::NAN, &mut out),
        Err(Error::NonFinite)
    );
    assert_eq!(out, [7.0; 2]);
    assert_eq!(
        x_space(&[1e308], &[1e308], &[-1e308], 2.0, &mut [0.0]),
        Err(Error::NonFinite)
    );
}
