//! Dense linear algebra: products that must give back the input, nalgebra as a peer, closed forms, refusals.

use crate::oracle::{farthest, relative, wide};
use crate::tolerances::{DECOMPOSITION, SINGLE};
use gibbs_core::Error;
use gibbs_core::linalg::{
    combine, orthonormalise, polar, polar_scratch, principal_angles, principal_angles_scratch,
    singular_values, subspace_sine, subspace_sine_scratch, symmetric_eigen,
};
use gibbs_core::math::{Real, dot};
use gibbs_core::random::{normal, stream};
use nalgebra::SMatrix;

/// k random vectors of length n.
fn random<T: Real>(n: usize, k: usize, index: u64) -> Vec<T> {
    let mut rng = stream(11, "matrix", index);
    (0..n * k).map(|_| T::of(normal::<f64>(&mut rng))).collect()
}

/// max |A'A - I| over the columns that are not zero.
fn defect<T: Real>(a: &[T], n: usize) -> f64 {
    let mut worst = 0.0_f64;
    for (i, x) in a.chunks(n).enumerate() {
        for (j, y) in a.chunks(n).enumerate() {
            let expected = if i == j && dot(x, x) > T::ZERO { 1.0 } else { 0.0 };
            worst = worst.max((dot(x, y).wide() - expected).abs());
        }
    }
    worst
}

fn scale(x: &mut [f64], by: f64) {
    for x in x {
        *x *= by;
    }
}

fn transpose(a: &[f64], k: usize) -> Vec<f64> {
    (0..k * k).map(|at| a[at % k * k + at / k]).collect()
}

// A = U S R', both orthonormal, values descending; squares of the values sum to |A|²
#[test] // oracle: linalg-decompositions
fn singular_values_recompose() {
    for (n, k) in [(1, 1), (5, 1), (2, 2), (7, 4), (30, 12), (4, 9)] {
        let a = random::<f64>(n, k, (n * k) as u64);
        let (mut u, mut s, mut r) = (a.clone(), vec![0.0; k], vec![0.0; k * k]);
        let end = singular_values(&mut u, n, &mut s, &mut r).unwrap();
        assert!(end.converged && end.sweeps < 15, "{n} {k}: {end:?}");
        assert!(s.windows(2).all(|pair| pair[0] >= pair[1]));
        assert!(defect(&u, n) < DECOMPOSITION && defect(&r, k) < DECOMPOSITION);
        for (column, s) in u.chunks_mut(n).zip(&s) {
            scale(column, *s);
        }
        let mut again = vec![0.0; n * k];
        combine(&u, n, &transpose(&r, k), &mut again).unwrap();
        assert!(relative(&again, &a) < 10.0 * DECOMPOSITION, "{n} {k}");
        let (norm, squares) = (dot(&a, &a), dot(&s, &s));
        assert!((norm / squares - 1.0).abs() < DECOMPOSITION);
        assert_eq!(s.iter().filter(|s| **s > 0.0).count(), n.min(k));
    }
}

// nalgebra: its singular values and eigenvalues of one matrix
#[test] // golden: linalg-decompositions
fn values_are_those_of_nalgebra() {
    let a = random::<f64>(9, 6, 1);
    let peer = SMatrix::<f64, 9, 6>::from_column_slice(&a);
    let (mut u, mut s, mut r) = (a.clone(), [0.0; 6], [0.0; 36]);
    let _ = singular_values(&mut u, 9, &mut s, &mut r).unwrap();
    let mut expected: Vec<f64> = peer.svd(false, false).singular_values.iter().copied().collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    assert!(relative(&s, &expected) < DECOMPOSITION);

    let gram = peer.transpose() * peer - SMatrix::<f64, 6, 6>::identity() * 8.0;
    let (mut g, mut values, mut vectors) = (gram.as_slice().to_vec(), [0.0; 6], [0.0; 36]);
    assert!(
        symmetric_eigen(&mut g, &mut values, &mut vectors)
            .unwrap()
            .converged
    );
    let mut expected: Vec<f64> = gram.symmetric_eigen().eigenvalues.iter().copied().collect();
    expected.sort_by(|a, b| b.total_cmp(a));
    assert!(relative(&values, &expected) < DECOMPOSITION);
    assert!(values[0] > 0.0 && values[5] < 0.0);
}

// scales 1e-150 to 1e150, graded columns, rank deficiency, f32
#[test] // edge: linalg-decompositions
fn singular_values_of_hard_matrices() {
    let a = random::<f64>(8, 4, 2);
    let solve = |a: &[f64]| {
        let (mut u, mut s, mut r) = (a.to_vec(), vec![0.0; 4], vec![0.0; 16]);
        assert!(singular_values(&mut u, 8, &mut s, &mut r).unwrap().converged);
        assert!(defect(&u, 8) < DECOMPOSITION);
        s
    };
    let plain = solve(&a);
    for scale in [1e-150, 1e-200, 1e150, 1e200] {
        let scaled: Vec<f64> = a.iter().map(|x| x * scale).collect();
        let expected: Vec<f64> = plain.iter().map(|s| s * scale).collect();
        assert!(relative(&solve(&scaled), &expected) < DECOMPOSITION, "{scale:e}");
    }
    // orthogonal columns of sizes 1, 1e-4, 1e-8, 1e-12: the small ones keep their digits
    let mut q = a.clone();
    orthonormalise(&mut q, 8, 0.0).unwrap();
    let sizes = [1e-8, 1.0, 1e-12, 1e-4];
    for (column, size) in q.chunks_mut(8).zip(sizes) {
        scale(column, size);
    }
    for (got, expected) in solve(&q).iter().zip([1.0, 1e-4, 1e-8, 1e-12]) {
        assert!((got / expected - 1.0).abs() < 1e-9, "{got:e}");
    }
    let mut flat = a.clone();
    flat.copy_within(0..8, 16);
    let s = solve(&flat);
    assert!(s[2] > 0.1 && s[3] == 0.0);
    assert_eq!(solve(&[0.0; 32]), [0.0; 4]);

    let single: Vec<f32> = a.iter().map(|x| *x as f32).collect();
    let (mut u, mut s, mut r) = (single.clone(), [0.0; 4], [0.0; 16]);
    assert!(singular_values(&mut u, 8, &mut s, &mut r).unwrap().converged);
    assert!(relative(&wide(&s), &plain) < SINGLE && defect(&u, 8) < 1e-5);
}

// A V = V diag(values); closed form of two by two
#[test] // law: linalg-decompositions
fn eigenvectors_are_invariant() {
    for n in [1, 2, 3, 10] {
        let b = random::<f64>(n, n, n as u64);
        let a: Vec<f64> = b.iter().zip(transpose(&b, n)).map(|(x, y)| x + y).collect();
        let (mut work, mut values, mut v) = (a.clone(), vec![0.0; n], vec![0.0; n * n]);
        let end = symmetric_eigen(&mut work, &mut values, &mut v).unwrap();
        assert!(end.converged && (1..15).contains(&end.sweeps), "{n}: {end:?}");
        assert!(defect(&v, n) < DECOMPOSITION && values.windows(2).all(|pair| pair[0] >= pair[1]));
        let mut image = vec![0.0; n * n];
        combine(&a, n, &v, &mut image).unwrap();
        for ((image, v), value) in image.chunks(n).zip(v.chunks(n)).zip(&values) {
            let expected: Vec<f64> = v.iter().map(|v| v * value).collect();
            assert!(farthest(image, &expected) < 10.0 * DECOMPOSITION);
        }
    }
    let (mut values, mut vectors) = ([0.0; 2], [0.0; 4]);
    let _ = symmetric_eigen(&mut [2.0, 1.0, 1.0, 2.0], &mut values, &mut vectors).unwrap();
    assert!(farthest(&values, &[3.0, 1.0]) < DECOMPOSITION);
    let _ = symmetric_eigen(&mut [0.0; 4], &mut values, &mut vectors).unwrap();
    assert_eq!(values, [0.0; 2]);
}

// spans are kept in order, nearly dependent vectors become orthogonal to working precision
#[test] // law: linalg-decompositions
fn orthonormalisation() {
    for (n, k) in [(1, 1), (6, 3), (40, 40)] {
        let a = random::<f64>(n, k, 50);
        let mut q = a.clone();
        assert_eq!(orthonormalise(&mut q, n, 1e-12), Ok(k));
        assert!(defect(&q, n) < DECOMPOSITION);
        for (j, x) in a.chunks(n).enumerate() {
            let mut left = x.to_vec();
            for q in q.chunks(n).take(j + 1) {
                let c = dot(q, &left);
                left.iter_mut().zip(q).for_each(|(x, q)| *x -= c * q);
            }
            assert!(dot(&left, &left).sqrt() < 10.0 * DECOMPOSITION && dot(x, &q[j * n..(j + 1) * n]) > 0.0);
        }
    }
    // Läuchli: columns (1, e, 0, 0), (1, 0, e, 0), (1, 0, 0, e); one pass would leave 0.7 between the last two
    let e = 1e-9;
    let mut q = [1.0, e, 0.0, 0.0, 1.0, 0.0, e, 0.0, 1.0, 0.0, 0.0, e];
    assert_eq!(orthonormalise(&mut q, 4, 1e-15), Ok(3));
    assert!(defect(&q, 4) < DECOMPOSITION);
    // dependent vectors become zeros where they stand
    let mut q = [1e-200, 1e-200, 2e-200, 2e-200, 1e-200, 0.0];
    assert_eq!(orthonormalise(&mut q, 2, 1e-12), Ok(2));
    assert_eq!(&q[2..4], [0.0; 2]);
    assert!(defect(&q, 2) < DECOMPOSITION);
    assert_eq!(orthonormalise(&mut [0.0; 4], 2, 0.0), Ok(0));
}

// U of M = U P: orthogonal, U'M symmetric and positive definite; an orthogonal matrix is its own
#[test] // law: linalg-decompositions
fn polar_factor() {
    for k in [1, 2, 5] {
        let m = random::<f64>(k, k, 70);
        let (mut q, mut scratch) = (m.clone(), vec![0.0; polar_scratch(k)]);
        assert!(polar(&mut q, k, &mut scratch).unwrap().converged);
        assert!(defect(&q, k) < DECOMPOSITION);
        let mut p = vec![0.0; k * k];
        combine(&transpose(&q, k), k, &m, &mut p).unwrap();
        assert!(farthest(&p, &transpose(&p, k)) < 10.0 * DECOMPOSITION);
        let (mut values, mut vectors) = (vec![0.0; k], vec![0.0; k * k]);
        let _ = symmetric_eigen(&mut p, &mut values, &mut vectors).unwrap();
        assert!(values[k - 1] > 0.0);
        let before = q.clone();
        let _ = polar(&mut q, k, &mut scratch).unwrap();
        assert!(farthest(&q, &before) < DECOMPOSITION);
    }
}

// planes at known angles, the smallest 1e-9, the largest a right angle; whatever the bases
#[test] // oracle: linalg-decompositions
fn angles_between_subspaces() {
    let angles = [1e-9, 0.3, std::f64::consts::FRAC_PI_2];
    let (n, k) = (8, 3);
    // a frame of six orthonormal vectors: A = f0 f1 f2, B turned towards f3 f4 f5
    let mut frame = random::<f64>(n, 6, 80);
    orthonormalise(&mut frame, n, 0.0).unwrap();
    let (a, normals) = frame.split_at(n * k);
    let mut b = vec![0.0; n * k];
    for (j, angle) in angles.iter().enumerate() {
        for i in 0..n {
            b[j * n + i] = angle.cos() * a[j * n + i] + angle.sin() * normals[j * n + i];
        }
    }
    let mut rotation = random::<f64>(k, k, 81);
    let _ = polar(&mut rotation, k, &mut vec![0.0; polar_scratch(k)]).unwrap();
    let mut turned = vec![0.0; n * k];
    combine(&b, n, &rotation, &mut turned).unwrap();
    let mut scratch = vec![0.0; principal_angles_scratch(n, k)];
    for b in [&b, &turned] {
        for (first, second) in [(a, &b[..]), (&b[..], a)] {
            let mut got = [0.0; 3];
            assert!(
                principal_angles(first, second, n, &mut got, &mut scratch)
                    .unwrap()
                    .converged
            );
            assert!(farthest(&got, &angles) < 1e-14, "{got:?}");
        }
        assert!((subspace_sine(a, b, n, &mut scratch).unwrap() - 1.0).abs() < DECOMPOSITION);
    }
    let mut got = [1.0; 2];
    let _ = principal_angles(&a[..2 * n], &turned_pair(&b, n), n, &mut got, &mut scratch).unwrap();
    assert!(farthest(&got, &angles[..2]) < 1e-14);
    let sine = subspace_sine(
        &a[..2 * n],
        &b[..2 * n],
        n,
        &mut vec![0.0; subspace_sine_scratch(n, 2)],
    )
    .unwrap();
    assert!((sine - 0.3_f64.sin()).abs() < DECOMPOSITION);
    let sine = subspace_sine(&a[..n], &b[..n], n, &mut scratch).unwrap();
    assert!((sine - 1e-9).abs() < 1e-15, "{sine:e}"); // a cosine would say 0
    assert!(subspace_sine(a, a, n, &mut scratch).unwrap() < DECOMPOSITION);
}

/// The first two vectors of `b`, mixed by a rotation of 0.7.
fn turned_pair(b: &[f64], n: usize) -> Vec<f64> {
    let (c, s) = (0.7_f64.cos(), 0.7_f64.sin());
    let mut pair = vec![0.0; 2 * n];
    combine(&b[..2 * n], n, &[c, s, -s, c], &mut pair).unwrap();
    pair
}

#[test] // edge: linalg-decompositions
fn refusals() {
    let (mut two, mut four) = ([0.0; 2], [0.0; 4]);
    let svd = |a: &mut [f64], n, s: &mut [f64], r: &mut [f64]| singular_values(a, n, s, r).err();
    assert_eq!(svd(&mut [1.0; 6], 3, &mut two, &mut four), None);
    assert_eq!(svd(&mut [1.0; 6], 4, &mut two, &mut four), Some(Error::Shape));
    assert_eq!(svd(&mut [1.0; 6], 0, &mut two, &mut four), Some(Error::Shape));
    assert_eq!(svd(&mut [], 3, &mut [], &mut []), Some(Error::Shape));
    assert_eq!(svd(&mut [1.0; 6], 2, &mut two, &mut four), Some(Error::Shape));
    assert_eq!(svd(&mut [1.0; 6], 3, &mut two, &mut [0.0; 3]), Some(Error::Shape));
    assert_eq!(
        svd(&mut [1.0, f64::NAN], 1, &mut two, &mut four),
        Some(Error::NonFinite)
    );
    assert_eq!(
        svd(&mut [f64::MAX; 4], 2, &mut two, &mut four),
        Some(Error::NonFinite)
    );

    let eigen = |a: &mut [f64], values: &mut [f64], v: &mut [f64]| symmetric_eigen(a, values, v).err();
    assert_eq!(eigen(&mut [1.0; 4], &mut two, &mut four), None);
    assert_eq!(eigen(&mut [1.0; 3], &mut two, &mut four), Some(Error::Shape));
    assert_eq!(eigen(&mut [1.0; 4], &mut two, &mut [0.0; 3]), Some(Error::Shape));
    assert_eq!(eigen(&mut [1.0; 6], &mut two, &mut [0.0; 6]), Some(Error::Shape));
    assert_eq!(eigen(&mut [], &mut [], &mut []), Some(Error::Shape));
    assert_eq!(
        eigen(&mut [1.0, 2.0, 2.0 + 1e-12, 1.0], &mut two, &mut four),
        Some(Error::Asymmetric { row: 0 })
    );
    assert_eq!(
        eigen(&mut [1.0, f64::NAN, f64::NAN, 1.0], &mut two, &mut four),
        Some(Error::NonFinite)
    );
    assert_eq!(
        eigen(&mut [f64::MAX; 4], &mut two, &mut four),
        Some(Error::NonFinite)
    );

    assert_eq!(orthonormalise(&mut [1.0; 5], 2, 0.0), Err(Error::Shape));
    assert_eq!(orthonormalise(&mut [1.0; 4], 0, 0.0), Err(Error::Shape));
    assert_eq!(
        orthonormalise(&mut [1.0, f64::NAN], 2, 0.0),
        Err(Error::NonFinite)
    );
    for relative in [-0.1, 1.0, f64::NAN] {
        assert_eq!(orthonormalise(&mut [1.0; 4], 2, relative), Err(Error::Domain));
    }

    let mut scratch = [0.0; 10];
    assert_eq!(
        polar(&mut [1.0, 2.0, 2.0, 4.0], 2, &mut scratch),
        Err(Error::Domain)
    );
    assert_eq!(polar(&mut [1.0; 3], 2, &mut scratch), Err(Error::Shape));
    assert_eq!(polar::<f64>(&mut [], 0, &mut scratch), Err(Error::Shape));
    assert_eq!(
        polar(&mut [1.0, 0.0, 0.0, 1.0], 2, &mut scratch[..9]),
        Err(Error::Shape)
    );
    assert_eq!(polar(&mut [f64::NAN], 1, &mut scratch), Err(Error::NonFinite));

    let (a, b) = ([1.0, 0.0], [0.0, 1.0]);
    let mut scratch = [0.0; 5];
    let angles = |a: &[f64], b: &[f64], n, out: &mut [f64], scratch: &mut [f64]| {
        principal_angles(a, b, n, out, scratch).err()
    };
    assert_eq!(angles(&a, &b, 2, &mut [0.0], &mut scratch), None);
    assert_eq!(
        angles(&a, &b[..1], 2, &mut [0.0], &mut scratch),
        Some(Error::Shape)
    );
    assert_eq!(angles(&a, &b, 0, &mut [0.0], &mut scratch), Some(Error::Shape));
    assert_eq!(angles(&a, &b, 2, &mut [0.0; 2], &mut scratch), Some(Error::Shape));
    assert_eq!(
        angles(&a, &b, 2, &mut [0.0], &mut scratch[..4]),
        Some(Error::Shape)
    );
    assert_eq!(
        angles(&[f64::NAN, 0.0], &b, 2, &mut [0.0], &mut scratch),
        Some(Error::NonFinite)
    );
    assert_eq!(subspace_sine(&a, &b[..1], 2, &mut scratch), Err(Error::Shape));
    assert_eq!(subspace_sine(&a, &b, 2, &mut scratch[..4]), Err(Error::Shape));
    assert_eq!(
        subspace_sine(&a, &[f64::INFINITY, 0.0], 2, &mut scratch),
        Err(Error::NonFinite)
    );

    for (a, n, c, m) in [
        (4, 2, 3, 4),
        (4, 0, 4, 4),
        (5, 2, 4, 4),
        (4, 2, 4, 5),
        (0, 2, 0, 4),
        (4, 2, 0, 0),
    ] {
        let got = combine(&vec![1.0; a], n, &vec![1.0; c], &mut vec![1.0; m]);
        assert_eq!(got, Err(Error::Shape));
    }
}
