//! Oracles: the optimality conditions, enumeration of all supports, dependent columns; goldens of scipy in
//! `host/tests/baseline.rs`.
//!
//! Mutations seen red: the inner loop dropped; its step taken whole; the first instead of the least ratio; `-share`
//! to `share` in the Gram-Schmidt loop of the columns; the slope's sign. Seen green: the guard against dependent
//! columns replaced by a stop; no input was found that reaches it, it stays because Lawson and Hanson ask for it.

use super::*;
use gibbs_core::random::{below, normal, stream};

fn gradient(a: &[f64], b: &[f64], x: &[f64]) -> Vec<f64> {
    let mut r = b.to_vec();
    for (column, x) in a.chunks_exact(b.len()).zip(x) {
        r.iter_mut().zip(column).for_each(|(r, a)| *r -= x * a);
    }
    a.chunks_exact(b.len())
        .map(|column| column.iter().zip(&r).map(|(a, r)| a * r).sum())
        .collect()
}

/// 300 random problems: a third with an exactly dependent column, a third with nearly parallel columns, where a careless
/// inner loop cycles or stops early.
#[test] // law: nnls
fn optimality_conditions_hold() {
    for seed in 0..300 {
        let mut rng = stream(seed, "test.nnls", 0);
        let (rows, columns) = (2 + below(&mut rng, 12) as usize, 1 + below(&mut rng, 20) as usize);
        let mut a: Vec<f64> = (0..rows * columns).map(|_| normal(&mut rng)).collect();
        if seed % 3 == 0 && columns > 2 {
            for row in 0..rows {
                a[rows + row] = 2.0 * a[row]; // column 1 = 2 x column 0
            }
        }
        if seed % 3 == 1 {
            for column in a.chunks_exact_mut(rows) {
                for (row, value) in column.iter_mut().enumerate() {
                    *value = 1.0 + row as f64 + 0.02 * *value;
                }
            }
        }
        let b: Vec<f64> = (0..rows).map(|i| i as f64 + normal::<f64>(&mut rng)).collect();
        let found = nnls(&a, &b).unwrap();
        assert_eq!(found.status, Status::Converged);
        for (x, g) in found.solution.iter().zip(gradient(&a, &b, &found.solution)) {
            assert!(*x >= 0.0);
            assert!(
                if *x > 0.0 { g.abs() < 1e-10 } else { g < 1e-10 },
                "seed {seed}: x {x}, g {g}"
            );
        }
    }
}

// the best of all 2^6 supports with a non-negative least-squares solution
#[test] // oracle: nnls
fn enumeration_finds_nothing_better() {
    for seed in 0..50 {
        let mut rng = stream(seed, "test.nnls", 1);
        let a: Vec<f64> = (0..8 * 6).map(|_| normal(&mut rng)).collect();
        let b: Vec<f64> = (0..8).map(|_| normal(&mut rng)).collect();
        let columns: Vec<&[f64]> = a.chunks_exact(8).collect();
        let best = (0..64_u32)
            .filter_map(|bits| {
                let chosen: Vec<usize> = (0..6).filter(|j| bits >> j & 1 == 1).collect();
                let z = least_squares(&columns, &chosen, &b);
                let mut r = b.clone();
                for (j, z) in chosen.iter().zip(&z) {
                    r.iter_mut().zip(columns[*j]).for_each(|(r, a)| *r -= z * a);
                }
                z.iter()
                    .all(|z| *z >= 0.0)
                    .then(|| r.iter().map(|r| r * r).sum::<f64>().sqrt())
            })
            .fold(f64::INFINITY, f64::min);
        let found = nnls(&a, &b).unwrap().residual;
        assert!(
            (found - best).abs() < 1e-12,
            "seed {seed}: {found} against {best}"
        );
    }
}

#[test] // edge: nnls
fn exact_and_empty_answers() {
    let found = nnls(&[1.0, 0.0, 1.0, 1.0], &[3.0, 2.0]).unwrap(); // columns (1,0), (1,1)
    assert!(
        found
            .solution
            .iter()
            .zip([1.0, 2.0])
            .all(|(x, e)| (x - e).abs() < 1e-14)
    );
    assert_eq!(nnls(&[1.0, 1.0], &[-1.0, -1.0]).unwrap().solution, [0.0]);
    assert_eq!(nnls(&[0.0, 0.0], &[1.0, 1.0]).unwrap().solution, [0.0]);
    assert_eq!(nnls(&[1.0], &[]), Err(Error::Shape));
    assert_eq!(nnls(&[], &[1.0]), Err(Error::Shape));
    assert_eq!(nnls(&[1.0; 3], &[1.0; 2]), Err(Error::Shape));
    assert_eq!(nnls(&[f64::NAN], &[1.0]), Err(Error::NonFinite));
}
