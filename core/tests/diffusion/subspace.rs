//! Subspace iteration: against dense decompositions, closed forms, the theory of its rate; rank deficiency; refusals.

use crate::mixture::Example;
use crate::oracle::{farthest, relative};
use crate::tolerances::{DECOMPOSITION, ROUNDING, SINGLE};
use gibbs_core::Error;
use gibbs_core::diffusion::Level;
use gibbs_core::linalg::subspace::{Basis, scatter};
use gibbs_core::linalg::{
    LinearOperator, Outcome, SubspaceIteration, Triplets, orthonormalise, singular_values,
};
use gibbs_core::math::{Real, dot};
use gibbs_core::random::{normal, stream};

/// A dense matrix by columns.
struct Dense<T> {
    columns: Vec<T>,
    rows: usize,
    products: usize,
}

impl<T: Real> LinearOperator<T> for Dense<T> {
    type Error = Error;

    fn inputs(&self) -> usize {
        self.columns.len() / self.rows
    }

    fn outputs(&self) -> usize {
        self.rows
    }

    fn apply(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Error> {
        self.products += 1;
        let n = self.inputs();
        for (v, image) in vectors.chunks(n).zip(images.chunks_mut(self.rows)) {
            for (i, out) in image.iter_mut().enumerate() {
                *out = T::ZERO;
                for (j, v) in v.iter().enumerate() {
                    *out += self.columns[j * self.rows + i] * *v;
                }
            }
        }
        Ok(())
    }

    fn apply_transposed(&mut self, covectors: &[T], images: &mut [T]) -> Result<(), Error> {
        let n = self.inputs();
        for (u, image) in covectors.chunks(self.rows).zip(images.chunks_mut(n)) {
            for (out, column) in image.iter_mut().zip(self.columns.chunks(self.rows)) {
                *out = dot(column, u);
            }
        }
        Ok(())
    }
}

impl<T: Real> Dense<T> {
    fn new(columns: Vec<T>, rows: usize) -> Self {
        Self {
            columns,
            rows,
            products: 0,
        }
    }
}

struct Found<T> {
    right: Vec<T>,
    left: Vec<T>,
    values: Vec<T>,
    residuals: Vec<T>,
    outcome: Outcome<T>,
}

fn find<T: Real, J: LinearOperator<T, Error = Error>>(
    operator: &mut J,
    k: usize,
    options: SubspaceIteration,
    seed: u64,
) -> Found<T> {
    let (n, rows) = (operator.inputs(), operator.outputs());
    let (mut right, mut left) = (vec![T::ZERO; n * k], vec![T::ZERO; rows * k]);
    let (mut values, mut residuals) = (vec![T::ZERO; k], vec![T::ZERO; k]);
    scatter(&mut right, &mut stream(seed, "start", 0));
    let mut triplets = Triplets {
        right: &mut right,
        left: &mut left,
        values: &mut values,
        residuals: &mut residuals,
    };
    let mut scratch = vec![T::ZERO; SubspaceIteration::scratch_len(n, k)];
    let outcome = options.run(operator, &mut triplets, &mut scratch).unwrap();
    Found {
        right,
        left,
        values,
        residuals,
        outcome,
    }
}

const TIGHT: SubspaceIteration = SubspaceIteration {
    tolerance: 1e-13,
    max_passes: 2000,
};

fn random(n: usize, k: usize, index: u64) -> Vec<f64> {
    let mut rng = stream(13, "operator", index);
    (0..n * k).map(|_| normal(&mut rng)).collect()
}

/// U diag(s) V' of random orthonormal U (rows x m), V (n x m).
fn with_spectrum(rows: usize, n: usize, spectrum: &[f64]) -> Dense<f64> {
    let m = spectrum.len();
    let (mut u, mut v) = (random(rows, m, 1), random(n, m, 2));
    orthonormalise(&mut u, rows, 0.0).unwrap();
    orthonormalise(&mut v, n, 0.0).unwrap();
    let mut columns = vec![0.0; rows * n];
    for (at, x) in columns.iter_mut().enumerate() {
        *x = (0..m)
            .map(|k| u[k * rows + at % rows] * spectrum[k] * v[k * n + at / rows])
            .sum();
    }
    Dense::new(columns, rows)
}

// dense decomposition of the same matrix: values, J v = s u, J'u = s v, orthonormal, signs
#[test] // oracle: diffusion-subspace
fn triplets_are_those_of_the_dense_decomposition() {
    let (rows, n) = (9, 7);
    let mut operator = Dense::new(random(rows, n, 3), rows);
    let (mut u, mut s, mut r) = (operator.columns.clone(), vec![0.0; n], vec![0.0; n * n]);
    let _ = singular_values(&mut u, rows, &mut s, &mut r).unwrap();
    for k in 1..=n {
        let found = find(&mut operator, k, TIGHT, k as u64);
        assert!(found.outcome.converged, "{k}: {:?}", found.outcome);
        assert!(relative(&found.values, &s[..k]) < DECOMPOSITION);
        assert!(found.outcome.residual < 1e3 * DECOMPOSITION);
        let (mut images, mut back) = (vec![0.0; rows * k], vec![0.0; n * k]);
        operator.apply(&found.right, &mut images).unwrap();
        operator.apply_transposed(&found.left, &mut back).unwrap();
        for i in 0..k {
            let scaled = |x: &[f64]| x.iter().map(|x| x * found.values[i]).collect::<Vec<_>>();
            let (left, right) = (
                &found.left[i * rows..(i + 1) * rows],
                &found.right[i * n..(i + 1) * n],
            );
            assert!(farthest(&images[i * rows..(i + 1) * rows], &scaled(left)) < DECOMPOSITION);
            assert!(farthest(&back[i * n..(i + 1) * n], &scaled(right)) < 1e3 * DECOMPOSITION);
            let overlap = dot(right, &r[i * n..(i + 1) * n]).abs();
            assert!((overlap - 1.0).abs() < DECOMPOSITION, "{k} {i}: {overlap}");
            let leading = left
                .iter()
                .fold(0.0_f64, |m, x| if x.abs() > m.abs() { *x } else { m });
            assert!(leading > 0.0);
        }
    }
}

// the Jacobian of the mixture oracle: matrix-free, symmetric, against its dense decomposition; fixed memory
#[test] // oracle: diffusion-subspace
fn the_jacobian_of_a_mixture() {
    let example = Example::new(2);
    for mixture in example.mixtures() {
        let level = Level::of_alpha_bar(2.0, 0.5).unwrap();
        let (mut responsibilities, mut mean) = ([0.0; 3], [0.0; 4]);
        let x = [0.2, -0.4, 0.9, 0.1];
        let mut posterior = mixture
            .posterior(&x, &level, &mut responsibilities, &mut mean)
            .unwrap();
        let (mut dense, identity) = (
            vec![0.0; 16],
            (0..16).map(|i| f64::from(i % 5 == 0)).collect::<Vec<_>>(),
        );
        posterior.apply(&identity, &mut dense).unwrap();
        let (mut s, mut r) = ([0.0; 4], [0.0; 16]);
        let _ = singular_values(&mut dense, 4, &mut s, &mut r).unwrap();
        let found = find(&mut posterior, 2, TIGHT, 5);
        assert!(found.outcome.converged && relative(&found.values, &s[..2]) < DECOMPOSITION);
        assert!(farthest(&found.left, &found.right) < 1e4 * DECOMPOSITION); // symmetric and positive: u = v
        for i in 0..2 {
            let overlap = dot(&found.right[4 * i..4 * i + 4], &r[4 * i..4 * i + 4]).abs();
            assert!((overlap - 1.0).abs() < DECOMPOSITION);
        }
        let mut basis = Basis::<f64, 4, 4, 2>::new();
        basis.scatter(&mut stream(5, "start", 0));
        let outcome = basis.run(&TIGHT, &mut posterior).unwrap();
        assert_eq!(outcome, found.outcome);
        assert_eq!(
            (basis.right().as_flattened(), basis.left().as_flattened()),
            (&found.right[..], &found.left[..])
        );
        assert_eq!(
            (&basis.values()[..], &basis.residuals()[..]),
            (&found.values[..], &found.residuals[..])
        );
    }
}

// the sine falls by (s_{k+1} / s_k)² a pass; the residual is what it says it is
#[test] // law: diffusion-subspace
fn the_rate_is_that_of_the_theory() {
    let mut operator = with_spectrum(20, 15, &[1.0, 0.9, 0.6, 0.3]);
    let sines: Vec<f64> = (18..=24)
        .map(|max_passes| {
            let options = SubspaceIteration {
                tolerance: 1e-300,
                max_passes,
            };
            let found = find(&mut operator, 2, options, 1);
            assert!(!found.outcome.converged && found.outcome.passes == max_passes);
            let mut worst = 0.0_f64;
            for i in 0..2 {
                let mut back = vec![0.0; 15];
                operator
                    .apply_transposed(&found.left[20 * i..20 * i + 20], &mut back)
                    .unwrap();
                let s = found.values[i];
                let rest: f64 = back
                    .iter()
                    .zip(&found.right[15 * i..])
                    .map(|(b, v)| (b * s - s * s * v).powi(2))
                    .sum();
                let residual = rest.sqrt() / found.values[0].powi(2);
                assert!((residual - found.residuals[i]).abs() < ROUNDING);
                worst = worst.max(residual);
            }
            assert!((worst - found.outcome.residual).abs() < ROUNDING);
            found.outcome.sine
        })
        .collect();
    for pair in sines.windows(2) {
        let rate = pair[1] / pair[0];
        assert!((rate / (0.6_f64 / 0.9).powi(2) - 1.0).abs() < 0.05, "{rate}");
    }
}

// rank below k: zero values, zero left vectors, right vectors still orthonormal, and the stop fires
#[test] // edge: diffusion-subspace
fn rank_deficiency() {
    for (spectrum, k) in [(&[2.0, 1.0][..], 4), (&[1.0], 3), (&[1.0, 1e-2, 1e-3], 5)] {
        let mut operator = with_spectrum(8, 6, spectrum);
        let found = find(&mut operator, k, TIGHT, 3);
        let rank = spectrum.len();
        assert!(
            found.outcome.converged && found.outcome.passes < 50,
            "{spectrum:?}: {:?}",
            found.outcome
        );
        assert!(
            relative(&found.values[..rank], spectrum) < DECOMPOSITION,
            "{:?}",
            found.values
        );
        for i in rank..k {
            assert_eq!(found.values[i], 0.0);
            assert!(found.left[8 * i..8 * i + 8].iter().all(|x| *x == 0.0));
        }
        for i in 0..k {
            for j in 0..k {
                let overlap = dot(&found.right[6 * i..6 * i + 6], &found.right[6 * j..6 * j + 6]);
                assert!(
                    (overlap - f64::from(i == j)).abs() < DECOMPOSITION,
                    "{i} {j}: {overlap}"
                );
            }
        }
    }
    let found = find(&mut Dense::new(vec![0.0; 12], 3), 2, TIGHT, 4);
    assert!(found.outcome.converged && found.values == [0.0; 2] && found.outcome.residual == 0.0);
}

// a basis at hand is found again in one pass; equal seeds give equal bits
#[test] // edge: diffusion-subspace
fn starts() {
    let mut operator = with_spectrum(12, 10, &[3.0, 2.0, 1.0, 0.5]);
    let found = find(&mut operator, 2, TIGHT, 6);
    let again = find(&mut operator, 2, TIGHT, 6);
    assert_eq!((&again.right, again.outcome), (&found.right, found.outcome));
    let (mut right, mut left) = (found.right.clone(), vec![0.0; 24]);
    let (mut values, mut residuals) = ([0.0; 2], [0.0; 2]);
    let mut triplets = Triplets {
        right: &mut right,
        left: &mut left,
        values: &mut values,
        residuals: &mut residuals,
    };
    let options = SubspaceIteration {
        tolerance: 1e-10,
        max_passes: 5,
    };
    operator.products = 0;
    let outcome = options.run(&mut operator, &mut triplets, &mut [0.0; 70]).unwrap();
    assert!(outcome.converged && (outcome.passes, operator.products) == (1, 1));
    assert!(farthest(&right, &found.right) < 1e-9);
}

#[test] // edge: diffusion-subspace
fn single_precision() {
    let double = with_spectrum(10, 8, &[2.0, 1.0, 0.2]);
    let mut operator = Dense::new(double.columns.iter().map(|x| *x as f32).collect(), 10);
    let options = SubspaceIteration {
        tolerance: 1e-5,
        max_passes: 200,
    };
    let found = find(&mut operator, 2, options, 7);
    assert!(
        found.outcome.converged && found.outcome.residual < 1e-5,
        "{:?}",
        found.outcome
    );
    assert!((found.values[0].wide() - 2.0).abs() < SINGLE && (found.values[1].wide() - 1.0).abs() < SINGLE);
}

#[test] // edge: diffusion-subspace
fn refusals() {
    let mut operator = with_spectrum(5, 4, &[2.0, 1.0]);
    let good = SubspaceIteration {
        tolerance: 1e-3,
        max_passes: 9,
    };
    let start = random(4, 5, 9);
    let mut refuse = |options: SubspaceIteration, right: &[f64], sizes: [usize; 4]| {
        let [left, values, residuals, scratch] = sizes.map(|size| vec![0.0; size]);
        let (mut left, mut values, mut residuals, mut scratch) = (left, values, residuals, scratch);
        let mut triplets = Triplets {
            right: &mut right.to_vec(),
            left: &mut left,
            values: &mut values,
            residuals: &mut residuals,
        };
        options.run(&mut operator, &mut triplets, &mut scratch).err()
    };
    let (sizes, two) = ([10, 2, 2, 34], &start[..8]);
    assert_eq!(refuse(good, two, sizes), None);
    assert_eq!(refuse(good, &start[..7], sizes), Some(Error::Shape));
    for wrong in [
        [9, 2, 2, 34],
        [10, 1, 2, 34],
        [10, 2, 1, 34],
        [10, 2, 2, 33],
        [10, 0, 0, 34],
    ] {
        assert_eq!(refuse(good, two, wrong), Some(Error::Shape), "{wrong:?}");
    }
    assert_eq!(refuse(good, &start, [25, 5, 5, 200]), Some(Error::Shape)); // five of four
    assert_eq!(
        refuse(good, &[1.0, f64::NAN, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0], sizes),
        Some(Error::NonFinite)
    );
    assert_eq!(refuse(good, &[1.0; 8], sizes), Some(Error::Domain));
    for (tolerance, error) in [
        (f64::NAN, Error::NonFinite),
        (0.0, Error::Domain),
        (-1.0, Error::Domain),
        (1.0, Error::Domain),
    ] {
        assert_eq!(
            refuse(SubspaceIteration { tolerance, ..good }, two, sizes),
            Some(error)
        );
    }
    assert_eq!(
        refuse(
            SubspaceIteration {
                max_passes: 0,
                ..good
            },
            two,
            sizes
        ),
        Some(Error::Domain)
    );
    let mut bad = Dense::new(vec![f64::NAN; 20], 5);
    let mut basis = Basis::<f64, 4, 5, 2>::default();
    assert_eq!(basis.run(&good, &mut bad), Err(Error::Domain)); // zeros are no start
    basis.scatter(&mut stream(1, "start", 0));
    assert_eq!(basis.run(&good, &mut bad), Err(Error::NonFinite));
    assert_eq!(
        Basis::<f64, 4, 4, 2>::new().run(&good, &mut operator),
        Err(Error::Shape)
    );
}
