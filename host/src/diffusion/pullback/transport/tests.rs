//! Mutations seen red: not normalised; |U' u| not divided by |u|; nothing counts as lost; v in other coordinates than u.

use super::super::testing::tolerance::{RITZ_DOUBLE, ROUNDING};
use super::super::testing::with_values;
use super::super::{Basis, krylov};
use super::*;

fn local(seed: u64) -> Basis<f64> {
    let mut operator = with_values(seed, 20, 30, &[3.0, 2.0, 1.5, 1.0]);
    krylov::basis(&mut operator, &krylov::Search::new(4)).unwrap()
}

fn off(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}

#[test] // law: diffusion-distance
fn a_direction_of_the_basis_stays_where_it_is() {
    let basis = local(51);
    for i in 0..4 {
        let own = basis.direction(i).unwrap();
        for moved in [
            transport(&basis, &own.u).unwrap(),
            project(&basis, &own.v).unwrap(),
        ] {
            assert!(off(&moved.direction.u, &own.u) <= RITZ_DOUBLE);
            assert!(off(&moved.direction.v, &own.v) <= RITZ_DOUBLE);
            assert!((moved.kept - 1.0).abs() <= RITZ_DOUBLE);
        }
    }
    assert!(matches!(
        basis.direction(4),
        Err(PullbackError::Count { most: 4, .. })
    ));
}

// signs of the basis and the length of u do not matter; lengths are one
#[test] // oracle: diffusion-distance
fn elsewhere_it_is_the_projection_made_a_unit_vector() {
    let (here, there) = (local(51), local(53));
    let u = here.direction(1).unwrap().u;
    let moved = transport(&there, &u).unwrap();
    let along: Vec<f64> = there
        .u
        .chunks(20)
        .map(|row| row.iter().zip(&u).map(|(a, b)| a * b).sum())
        .collect();
    let kept = along.iter().map(|x| x * x).sum::<f64>().sqrt();
    assert!((moved.kept - kept).abs() <= ROUNDING && kept < 0.9);
    let mut v = vec![0.0; 30];
    for (row, x) in there.v.chunks(30).zip(&along) {
        v.iter_mut().zip(row).for_each(|(v, row)| *v += x / kept * row);
    }
    assert!(off(&moved.direction.v, &v) <= ROUNDING);
    assert!((moved.direction.u.iter().map(|x| x * x).sum::<f64>() - 1.0).abs() <= RITZ_DOUBLE);
    let mut turned = there.clone();
    turned.u[20..40]
        .iter_mut()
        .chain(&mut turned.v[30..60])
        .for_each(|x| *x = -*x);
    let long: Vec<f64> = u.iter().map(|x| 3.0 * x).collect();
    let again = transport(&turned, &long).unwrap();
    assert!(off(&again.direction.v, &moved.direction.v) <= ROUNDING);
    assert!((again.kept - kept).abs() <= ROUNDING);
}

#[test] // edge: diffusion-distance
fn what_is_orthogonal_is_lost() {
    let basis = local(51);
    assert_eq!(transport(&basis, &[0.0; 20]), Err(PullbackError::Lost));
    assert!(matches!(
        transport(&basis, &[0.0; 19]),
        Err(PullbackError::Length { .. })
    ));
    let mut normal = super::super::testing::frame(1, 1, 20);
    for row in basis.u.chunks(20) {
        let along: f64 = row.iter().zip(&normal).map(|(a, b)| a * b).sum();
        normal.iter_mut().zip(row).for_each(|(x, row)| *x -= along * row);
    }
    assert_eq!(transport(&basis, &normal), Err(PullbackError::Lost));
}
