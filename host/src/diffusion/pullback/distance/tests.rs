//! Mutations seen red: sines in the order of cosines; acos of the cosine; dependent vectors let through; turns over
//! two steps; a standard error without its root of n; the larger subspace taken for the smaller.

use super::super::block::combined;
use super::super::testing::frame;
use super::super::testing::tolerance::{RITZ_DOUBLE, ROUNDING, SIGMAS};
use super::*;

fn span(seed: u64, k: usize, d: usize) -> Subspace {
    Subspace::new(&frame(seed, k, d), d).unwrap()
}

// closed form, from angles of 1e-12 to a right one
#[test] // oracle: diffusion-distance
fn angles_of_planes_are_those_they_were_made_with() {
    let d = 12;
    for angles in [
        [1e-12, 1e-7, 1e-3],
        [0.0, 0.5, 1.5],
        [0.3, 1.0, FRAC_PI_2],
        [0.7, 0.7, 0.7],
    ] {
        let (mut a, mut b) = (vec![0.0; 3 * d], vec![0.0; 3 * d]);
        for (i, angle) in angles.iter().enumerate() {
            a[i * d + i] = 1.0;
            b[i * d + i] = libm::cos(*angle);
            b[i * d + 3 + i] = libm::sin(*angle);
        }
        // Other bases of the two.
        let b = combined(&frame(3, 3, 3), &b, d);
        let a = combined(&[2.0, 1.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.0, 3.0], &a, d);
        let (a, b) = (Subspace::new(&a, d).unwrap(), Subspace::new(&b, d).unwrap());
        for (found, angle) in principal_angles(&a, &b).unwrap().iter().zip(angles) {
            assert!(
                (found - angle).abs() <= 1e-15 + ROUNDING * angle,
                "{found} {angle}"
            );
        }
    }
}

#[test] // law: diffusion-distance
fn it_is_a_metric_and_knows_no_basis() {
    let spans: Vec<Subspace> = (0..6).map(|seed| span(40 + seed, 4, 10)).collect();
    let matrix = distance_matrix(&spans).unwrap();
    for i in 0..6 {
        assert!(distance(&spans[i], &spans[i]).unwrap() <= ROUNDING);
        assert_eq!(matrix[i * 7], 0.0);
        for j in 0..6 {
            let ij = matrix[i * 6 + j];
            assert!((ij - distance(&spans[j], &spans[i]).unwrap()).abs() <= ROUNDING);
            assert!(ij <= largest_distance(4));
            for k in 0..6 {
                assert!(ij <= matrix[i * 6 + k] + matrix[k * 6 + j] + ROUNDING);
            }
        }
    }
    let turned = combined(&frame(9, 4, 4), spans[0].rows(), 10);
    let turned = Subspace::new(&turned, 10).unwrap();
    assert!(distance(&spans[0], &turned).unwrap() <= RITZ_DOUBLE);
    assert!((distance(&spans[1], &turned).unwrap() - matrix[1]).abs() <= RITZ_DOUBLE);
    let single: Vec<f32> = spans[0].rows().iter().map(|x| *x as f32).collect();
    assert!(distance(&spans[0], &Subspace::new(&single, 10).unwrap()).unwrap() <= 1e-6);
}

#[test] // edge: diffusion-distance
fn a_line_in_a_plane_and_orthogonal_spaces() {
    let axis = |i: usize| (0..5).map(|j| f64::from(u8::from(i == j))).collect::<Vec<_>>();
    let plane = Subspace::new(&[axis(0), axis(1)].concat(), 5).unwrap();
    let line = Subspace::new(&axis(1), 5).unwrap();
    assert_eq!(principal_angles(&plane, &line).unwrap(), [0.0]);
    let other = Subspace::new(&[axis(2), axis(3)].concat(), 5).unwrap();
    assert!((distance(&plane, &other).unwrap() - largest_distance(2)).abs() <= ROUNDING);
    assert!(
        (total_turn(&[plane.clone(), other, plane.clone()]).unwrap() - 2.0 * largest_distance(2)).abs()
            <= ROUNDING
    );
    assert_eq!(total_turn(&[plane]).unwrap(), 0.0);
}

#[test] // the law of a random plane of R^2: theta is uniform on [0, pi/2]
fn chance_of_lines_is_a_quarter_turn_and_of_the_spec_10_36() {
    let lines = chance(1, 2, 2000, 1).unwrap();
    let (mean, error) = (FRAC_PI_2 / 2.0, FRAC_PI_2 / (12.0 * 2000.0_f64).sqrt());
    assert!((lines.mean - mean).abs() <= SIGMAS * error, "{lines:?}");
    assert!((lines.error / error - 1.0).abs() < 0.1);
    let many = chance(50, 3072, 2, 0).unwrap();
    assert!((many.mean - 10.36).abs() <= 0.01, "{many:?}");
    assert!((largest_distance(50) - 11.11).abs() <= 0.005);
}

#[test] // edge: diffusion-distance
fn bad_vectors_are_refused() {
    let dependent = Subspace::new(&[1.0, 0.0, 0.0, 2.0, 0.0, 0.0], 3);
    assert_eq!(dependent, Err(PullbackError::Dependent { found: 2, rank: 1 }));
    assert!(matches!(
        Subspace::new(&[1.0, 0.0], 3),
        Err(PullbackError::Length { .. })
    ));
    assert!(matches!(
        Subspace::new::<f64>(&[], 3),
        Err(PullbackError::Length { .. })
    ));
    assert!(matches!(
        Subspace::new(&[f64::NAN, 1.0, 0.0], 3),
        Err(PullbackError::NotFinite { .. })
    ));
    assert!(matches!(
        principal_angles(&span(1, 2, 5), &span(1, 2, 6)),
        Err(PullbackError::Length { .. })
    ));
    assert!(chance(0, 3, 5, 0).is_err() && chance(4, 3, 5, 0).is_err() && chance(1, 3, 1, 0).is_err());
}
