//! Against closed forms and a dense decomposition.
//!
//! Mutations seen red: stopped at the first block; the sign of the coordinates of new blocks; a cut space without
//! its singular values; a bound of memory not checked; one pass of orthogonalisation; no deflation; eigenvalues smallest
//! first; zeros not flagged; signs not fixed.

use super::super::block::{orthonormalise, products};
use super::super::operator::Dense;
use super::super::testing::tolerance::{
    PULLBACK_RESIDUAL_8, RITZ_DOUBLE, RITZ_SINGLE, ROUNDING, SPECIFIED_FACTOR, VECTORS_SINGLE,
};
use super::super::testing::*;
use super::*;

/// diag(f(i)), i = 1..6000.
fn synthetic(f: impl Fn(f64) -> f64) -> Diagonal {
    Diagonal((1..=6000).map(|i| f(f64::from(i))).collect())
}

/// 50 triplets after exactly `limit` blocks.
fn fixed(mut operator: Diagonal, limit: usize) -> (Basis<f64>, f64) {
    let mut options = Search::new(50);
    options.limit = limit;
    options.tolerance = f64::MIN_POSITIVE;
    let basis = basis(&mut operator, &options).unwrap();
    assert_eq!((basis.blocks, basis.ended), (limit, Ended::Limit));
    assert_eq!(basis.passes.tangents, 50 * limit);
    // One more pass of the transpose: residuals are measured.
    assert_eq!(basis.passes.cotangents, 50 * (limit + 1));
    let sine = sine_to_axes(&basis.v, 50, 6000);
    (basis, sine)
}

fn near_specified(sine: f64, specified: f64) -> bool {
    (specified / SPECIFIED_FACTOR..=specified * SPECIFIED_FACTOR).contains(&sine)
}

// the acceptance of the method: residual below 1e-3 by 8 blocks, here by 6
#[test] // oracle: diffusion-krylov
fn the_root_spectrum_converges_in_six_blocks() {
    let (basis, sine) = fixed(synthetic(|i| i.powf(-0.5)), 6);
    assert!(basis.measure < PULLBACK_RESIDUAL_8, "{}", basis.measure);
    assert!(near_specified(sine, 1.1e-2), "{sine}");
}

#[test] // oracle: diffusion-krylov
fn the_exponential_spectrum_converges_in_six_blocks() {
    let mut operator = synthetic(|i| 0.99_f64.powf(i));
    let (basis, sine) = fixed(synthetic(|i| 0.99_f64.powf(i)), 6);
    assert!(basis.measure < PULLBACK_RESIDUAL_8, "{}", basis.measure);
    assert!(near_specified(sine, 1.5e-4), "{sine}");
    for (i, (s, exact)) in basis.singular_values.iter().zip(&operator.0).enumerate() {
        // A Ritz value is below its singular value by at most (s_1 r / s)² / gap; here, by less than the residual.
        assert!(
            *s <= exact + ROUNDING && exact - s <= basis.measure,
            "{i}: {s} {exact}"
        );
    }
    check_basis(&mut operator, &basis, (ROUNDING, ROUNDING, ROUNDING));
}

#[test] // oracle: diffusion-krylov
fn the_slow_spectrum_converges_in_eight_blocks() {
    let (basis, sine) = fixed(synthetic(|i| i.powf(-0.25)), 8);
    assert!(basis.measure < PULLBACK_RESIDUAL_8, "{}", basis.measure);
    assert!(near_specified(sine, 7.7e-3), "{sine}");
}

fn against_dense<T: Element>(rows: usize, columns: usize, values: f64, spaces: f64) {
    let mut operator = dense::<T>(3, rows, columns);
    let mut options = Search::new(4);
    (options.oversampling, options.limit, options.tolerance) = (2, 40, T::EPSILON.wide() * 32.0);
    let found = basis(&mut operator, &options).unwrap();
    assert_eq!(found.ended, Ended::Converged, "{}", found.measure);
    let exact = matrix(&mut operator).svd(true, true);
    for (s, exact) in found.singular_values.iter().zip(exact.singular_values.iter()) {
        assert!((s - exact).abs() <= values * exact, "{s} {exact}");
    }
    let right = exact.v_t.unwrap();
    let leading: Vec<f64> = (0..4)
        .flat_map(|i| right.row(i).iter().copied().collect::<Vec<_>>())
        .collect();
    assert!(sine(&found.v, &leading, columns) <= spaces);
    check_basis(&mut operator, &found, (spaces, spaces, spaces));
    assert!(signs_are_fixed(&found));
}

#[test] // oracle: diffusion-krylov
fn random_matrices_have_the_dense_decomposition() {
    for (rows, columns) in [(60, 40), (40, 60), (5, 30), (30, 5)] {
        against_dense::<f64>(rows, columns, RITZ_DOUBLE, 1e-6);
        against_dense::<f32>(rows, columns, RITZ_SINGLE, VECTORS_SINGLE * 100.0);
    }
}

// U, V orthonormal to 1e-5 in f32 at a length where plain sums would not be
#[test] // law: diffusion-krylov
fn long_vectors_in_single_precision() {
    let d = 200_000;
    let mut operator = Diagonal((1..=d).map(|i| 0.9_f64.powi(i)).collect());
    let mut options = Search::new(5);
    options.limit = 14;
    let found: Basis<f32> = basis(&mut operator, &options).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    check_basis(
        &mut operator,
        &found,
        (VECTORS_SINGLE, VECTORS_SINGLE, VECTORS_SINGLE),
    );
    for (s, exact) in found.singular_values.iter().zip(&operator.0) {
        assert!((s - exact).abs() <= RITZ_SINGLE, "{s} {exact}");
    }
}

#[test]
fn blocks_that_are_nearly_dependent_come_out_orthonormal() {
    let d = 3000;
    let base = frame(5, 3, d);
    let mut w: Vec<f32> = base.iter().map(|x| *x as f32).collect();
    // Two more rows: sums of the others, off by 1e-5.
    for noise in frame(6, 2, d).chunks(d) {
        let row = (0..d)
            .map(|i| (base[i] + base[d + i] + 1e-5 * noise[i]) as f32)
            .collect::<Vec<_>>();
        w.extend(row);
    }
    let known: Vec<f32> = frame(7, 4, d).iter().map(|x| *x as f32).collect();
    let parts = orthonormalise(w.clone(), &known, d, negligible::<f32>());
    assert_eq!(parts.q.len(), 5 * d);
    assert!(orthogonality(&parts.q, d, &[false; 5]) <= VECTORS_SINGLE);
    assert!(
        products(&parts.q, &known, d)
            .iter()
            .all(|x| x.abs() <= VECTORS_SINGLE)
    );
    let mut back = combined(&parts.r, &parts.q, d);
    super::super::block::combine(&parts.h, &known, d, &mut back, crate::net::cpu::matrix::Into::Add);
    assert!(back.iter().zip(&w).all(|(a, b)| (a - b).abs() <= 1e-6));
}

// s_1 is 30, and nothing has converged
#[test] // law: diffusion-krylov
fn residuals_of_an_unfinished_run_are_the_true_ones() {
    let mut operator = Diagonal((0..80).map(|i| 30.0 * 0.97_f64.powi(i)).collect());
    let mut options = Search::new(4);
    for limit in [1, 2, 3] {
        options.limit = limit;
        let found: Basis<f64> = basis(&mut operator, &options).unwrap();
        assert_eq!(found.ended, Ended::Limit);
        assert!(found.measure > 1e-3);
        check_basis(&mut operator, &found, (RITZ_DOUBLE, RITZ_DOUBLE, RITZ_DOUBLE));
    }
}

// the plain recursion is off by several percent here
#[test] // edge: diffusion-krylov
fn rank_deficient_maps_are_deflated() {
    let values = [3.0, 2.0, 1.0, 0.5, 0.25, 0.1];
    let mut operator = with_values(11, 50, 70, &values);
    for count in [3, 6, 10] {
        let found = basis(&mut operator, &Search::new(count)).unwrap();
        assert_eq!(found.ended, Ended::Converged);
        for i in 0..count {
            let exact = values.get(i).copied().unwrap_or(0.0);
            assert!(
                (found.singular_values[i] - exact).abs() <= RITZ_DOUBLE,
                "{count} {i}"
            );
            assert_eq!(found.zero[i], exact == 0.0);
        }
        check_basis(&mut operator, &found, (RITZ_DOUBLE, RITZ_DOUBLE, RITZ_DOUBLE));
        assert!(signs_are_fixed(&found));
    }
}

// compare the eigenspaces, not the vectors
#[test] // edge: diffusion-krylov
fn ties_give_their_eigenspaces() {
    let mut operator = Diagonal([2.0, 2.0, 2.0, 1.0, 1.0, 0.3, 0.2, 0.1, 0.05, 0.05].to_vec());
    let mut options = Search::new(5);
    options.tolerance = 1e-10;
    let found: Basis<f64> = basis(&mut operator, &options).unwrap();
    assert_eq!(found.ended, Ended::Converged);
    for (s, exact) in found.singular_values.iter().zip([2.0, 2.0, 2.0, 1.0, 1.0]) {
        assert!((s - exact).abs() <= RITZ_DOUBLE);
    }
    assert!(sine_to_axes(&found.v[..3 * 10], 3, 10) <= RITZ_DOUBLE);
    assert!(sine_to_axes(&found.v, 5, 10) <= RITZ_DOUBLE);
}

#[test] // edge: diffusion-krylov
fn the_zero_map_has_zero_values_and_flags() {
    let found: Basis<f64> = basis(&mut Diagonal(vec![0.0; 12]), &Search::new(3)).unwrap();
    assert_eq!(found.singular_values, [0.0; 3]);
    assert_eq!(found.zero, [true; 3]);
    assert!(found.u.iter().all(|x| *x == 0.0));
    assert_eq!((found.ended, found.blocks), (Ended::Converged, 1));
    assert!(orthogonality(&found.v, 12, &[false; 3]) <= ROUNDING);
    assert!(signs_are_fixed(&found));
}

// closed form: the singular values of a circular convolution are the moduli of its symbol
#[test] // oracle: diffusion-krylov
fn a_circular_convolution_has_its_symbol() {
    let (n, kernel) = (16_usize, [0.5, 1.0, -0.25]);
    let mut values = vec![0.0; n * n];
    for i in 0..n {
        for (shift, weight) in kernel.iter().enumerate() {
            values[i * n + (i + shift) % n] += weight;
        }
    }
    let mut exact: Vec<f64> = (0..n)
        .map(|f| {
            let angle = std::f64::consts::TAU * f as f64 / n as f64;
            let sum =
                |part: fn(f64) -> f64| -> f64 { (0..3).map(|s| kernel[s] * part(angle * s as f64)).sum() };
            sum(f64::cos).hypot(sum(f64::sin))
        })
        .collect();
    exact.sort_by(|a, b| b.total_cmp(a));
    let found = basis(&mut Dense::new(n, n, values).unwrap(), &Search::new(n)).unwrap();
    for (s, exact) in found.singular_values.iter().zip(exact) {
        assert!((s - exact).abs() <= RITZ_DOUBLE, "{s} {exact}");
    }
}

// cutting the space costs blocks, not accuracy
#[test] // law: diffusion-krylov
fn a_bound_of_memory_leads_to_the_same_triplets() {
    let mut operator = Diagonal((1..=300).map(|i| f64::from(i).powf(-0.5)).collect());
    let mut options = Search::new(4);
    (options.limit, options.tolerance) = (60, 1e-9);
    let free: Basis<f64> = basis(&mut operator, &options).unwrap();
    options.memory = Some(12);
    let bound: Basis<f64> = basis(&mut operator, &options).unwrap();
    assert_eq!((free.ended, bound.ended), (Ended::Converged, Ended::Converged));
    assert!(bound.blocks > free.blocks);
    for (a, b) in free.singular_values.iter().zip(&bound.singular_values) {
        assert!((a - b).abs() <= RITZ_DOUBLE, "{a} {b}");
    }
    check_basis(&mut operator, &bound, (RITZ_DOUBLE, 1e-9, RITZ_DOUBLE));
    options.memory = Some(7);
    assert!(matches!(
        basis::<f64, _>(&mut operator, &options),
        Err(PullbackError::Option { name: "memory", .. })
    ));
}

#[test] // edge: diffusion-krylov
fn the_seed_decides_and_bad_options_are_refused() {
    let mut operator = dense::<f32>(3, 20, 30);
    let run = |operator: &mut Dense<f32>, options: &Search| basis(operator, options);
    let options = Search::new(3);
    assert_eq!(run(&mut operator, &options), run(&mut operator, &options));
    let other = Search { seed: 1, ..options };
    assert_ne!(
        run(&mut operator, &options).unwrap().v,
        run(&mut operator, &other).unwrap().v
    );
    for count in [0, 21] {
        let refused = run(&mut operator, &Search { count, ..options });
        assert!(matches!(refused, Err(PullbackError::Count { most: 20, .. })));
    }
    for tolerance in [0.0, f64::NAN, f64::INFINITY] {
        let refused = run(&mut operator, &Search { tolerance, ..options });
        assert!(matches!(
            refused,
            Err(PullbackError::Option {
                name: "tolerance",
                ..
            })
        ));
    }
    let refused = run(&mut operator, &Search { limit: 0, ..options });
    assert!(matches!(
        refused,
        Err(PullbackError::Option { name: "limit", .. })
    ));
    let mut broken = Diagonal(vec![1.0, 1.0, f64::NAN]);
    let refused = basis::<f64, _>(&mut broken, &Search::new(1));
    assert!(matches!(
        refused,
        Err(PullbackError::NotFinite {
            map: "J",
            index: 2,
            ..
        })
    ));
}

// s_16 is 2e-3 of s_1 in f32: what W = Jᵀ Y leaves of it is rounding, so that a closed space must be looked at again
#[test] // oracle: diffusion-krylov
fn the_last_value_of_a_closed_space_is_measured() {
    let values: Vec<f64> = (0..16).map(|i| 4.0 * 0.66_f64.powi(i)).collect();
    let exact = with_values(41, 16, 64, &values);
    let wide = matrix(&mut exact.clone());
    let narrow = wide.transpose().iter().map(|x| *x as f32).collect();
    let mut operator = Dense::<f32>::new(16, 64, narrow).unwrap();
    for seed in 0..5 {
        let search = Search {
            seed,
            ..Search::new(16)
        };
        let found = basis(&mut operator, &search).unwrap();
        assert_eq!(found.ended, Ended::Converged);
        for i in 0..16 {
            let off = (found.singular_values[i] - values[i]).abs();
            // The entries were rounded, and so are products.
            let rounding = 16.0 * f64::from(f32::EPSILON) * values[0];
            assert!(off <= found.errors[i] + rounding, "{seed} {i}: {off:e}");
            assert!(
                found.errors[i] <= 1e-2 * values[i],
                "{seed} {i}: {:e}",
                found.errors[i]
            );
            assert!(found.resolved(i));
        }
        check_basis(
            &mut operator,
            &found,
            (VECTORS_SINGLE, VECTORS_SINGLE, VECTORS_SINGLE),
        );
    }
}

// errors bound the distance to a singular value, converged or not
#[test] // law: diffusion-krylov
fn errors_are_bounds() {
    let mut operator = Diagonal((0..80).map(|i| 30.0 * 0.97_f64.powi(i)).collect());
    for limit in 1..6 {
        let search = Search {
            limit,
            ..Search::new(4)
        };
        let found: Basis<f64> = basis(&mut operator, &search).unwrap();
        for (s, error) in found.singular_values.iter().zip(&found.errors) {
            let near = operator.0.iter().map(|exact| (s - exact).abs());
            assert!(near.fold(f64::INFINITY, f64::min) <= error + ROUNDING);
        }
    }
}

// what f32 cannot tell from zero is marked, not shown as a value
#[test] // edge: diffusion-krylov
fn values_below_the_resolution_are_marked() {
    let mut operator = Diagonal(vec![1.0, 0.5, 1e-2, 3e-6, 2e-6, 0.0]);
    let found: Basis<f32> = basis(&mut operator, &Search::new(6)).unwrap();
    let resolved: Vec<bool> = (0..6).map(|i| found.resolved(i)).collect();
    assert_eq!(resolved, [true, true, true, false, false, false]);
    let wide: Basis<f64> = basis(&mut operator, &Search::new(6)).unwrap();
    assert!((0..5).all(|i| wide.resolved(i)));
}
