//! Mutations seen red: no step taken; residuals with s for s²; gaps not filled; the smallest angle looked at.

use super::super::krylov;
use super::super::testing::tolerance::{RITZ_DOUBLE, SPECIFIED_FACTOR};
use super::super::testing::*;
use super::*;

#[test] // oracle: diffusion-subspace-host
fn a_quick_spectrum_is_found_and_its_residuals_are_true() {
    let mut operator = Diagonal((0..200).map(|i| 0.5_f64.powi(i)).collect());
    let mut options = Options::new(5);
    options.tolerance = 1e-10;
    let found: Basis<f64> = basis(&mut operator, &options).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    assert!(sine_to_axes(&found.v, 5, 200) <= RITZ_DOUBLE);
    assert!(signs_are_fixed(&found));
    check_basis(&mut operator, &found, (RITZ_DOUBLE, RITZ_DOUBLE, RITZ_DOUBLE));
    assert_eq!(found.passes.tangents, 5 * found.blocks);
}

// the space of a tie stands still although its vectors need not
#[test] // law: diffusion-subspace-host
fn it_agrees_with_krylov_on_a_dense_matrix_with_a_tie() {
    let mut operator = with_values(21, 40, 60, &[3.0, 2.0, 2.0, 1.0, 0.2, 0.1, 0.05]);
    let mut options = Options::new(4);
    options.tolerance = 1e-9;
    let found = basis(&mut operator, &options).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    let other = krylov::basis(&mut operator, &krylov::Options::new(4)).unwrap();
    assert!(sine(&found.v, &other.v, 60) <= RITZ_DOUBLE);
    for (a, b) in found.singular_values.iter().zip(&other.singular_values) {
        assert!((a - b).abs() <= RITZ_DOUBLE);
    }
}

#[test] // edge: diffusion-subspace-host
fn rank_deficient_and_zero_maps_come_to_rest() {
    let mut operator = with_values(23, 30, 50, &[2.0, 1.0, 0.5]);
    let found = basis(&mut operator, &Options::new(6)).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    assert_eq!(found.zero, [false, false, false, true, true, true]);
    check_basis(&mut operator, &found, (RITZ_DOUBLE, RITZ_DOUBLE, RITZ_DOUBLE));
    let found: Basis<f64> = basis(&mut Diagonal(vec![0.0; 9]), &Options::new(2)).unwrap();
    assert_eq!((found.ended, found.blocks), (Ended::Converged, 1));
    assert_eq!(found.zero, [true, true]);
}

// 50 plain passes against the figure of the spec: why this is not the default
#[test] // oracle: diffusion-subspace-host
fn fifty_passes_leave_the_trailing_directions_behind() {
    let mut operator = Diagonal((1..=6000).map(|i| f64::from(i).powf(-0.5)).collect());
    let mut options = Options::new(50);
    options.tolerance = f64::MIN_POSITIVE;
    let found: Basis<f64> = basis(&mut operator, &options).unwrap();
    assert_eq!((found.ended, found.blocks), (Ended::Limit, 50));
    let sine = sine_to_axes(&found.v, 50, 6000);
    assert!(
        (0.38 / SPECIFIED_FACTOR..=0.38 * SPECIFIED_FACTOR).contains(&sine),
        "{sine}"
    );
}
