//! Mutations seen red: s without its root; no patience; residuals without s.

use super::super::testing::tolerance::RITZ_DOUBLE;
use super::super::testing::*;
use super::*;

// its answer is right where the spectrum falls quickly, however it ended
#[test] // oracle: diffusion-subspace-host
fn a_quick_spectrum_is_found() {
    let mut operator = Diagonal((0..100).map(|i| 0.5_f64.powi(i)).collect());
    let found: Basis<f64> = basis(&mut operator, &Options::new(4)).unwrap();
    assert!(found.blocks > PATIENCE + 1);
    assert!(sine_to_axes(&found.v, 4, 100) <= Options::new(4).tolerance);
    for (i, s) in found.singular_values.iter().enumerate() {
        assert!((s - 0.5_f64.powi(i as i32)).abs() <= RITZ_DOUBLE);
    }
    assert!(
        found.residuals.iter().all(|r| *r <= 1e-6),
        "{:?}",
        found.residuals
    );
    // One more pass of J^T for the residuals.
    assert_eq!(found.passes.tangents + 4, found.passes.cotangents);
    assert_eq!(found.passes.tangents, 4 * found.blocks);
}

#[test] // edge: diffusion-subspace-host
fn the_zero_map_keeps_its_start() {
    let found: Basis<f64> = basis(&mut Diagonal(vec![0.0; 12]), &Options::new(3)).unwrap();
    assert_eq!(found.singular_values, [0.0; 3]);
    assert_eq!(found.zero, [true; 3]);
    assert!(orthogonality(&found.v, 12, &[false; 3]) <= RITZ_DOUBLE);
}

#[test]
fn a_rank_deficient_map_has_its_values() {
    let mut operator = with_values(31, 30, 40, &[2.0, 1.0]);
    let found = basis(&mut operator, &Options::new(4)).unwrap();
    assert_eq!(found.zero, [false, false, true, true]);
    assert!((found.singular_values[0] - 2.0).abs() <= RITZ_DOUBLE);
    assert!((found.singular_values[1] - 1.0).abs() <= RITZ_DOUBLE);
    assert!(orthogonality(&found.v, 40, &[false; 4]) <= RITZ_DOUBLE);
}
