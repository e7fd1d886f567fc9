//! Cholesky factorisation over lent slices, with a jitter policy. Column-major, no heap, no panic.
//!
//! A = L L' with L lower triangular (left-looking by columns, sums in index order). The factor overwrites
//! the lower triangle; the strict upper triangle is never touched, so a full symmetric input can be
//! restored after a failed attempt without a second matrix. Cost n^3/6 multiply-adds, n square roots.

use crate::Error;
use crate::math::{Real, dot};

fn square(a: &[impl Sized], n: usize) -> Result<(), Error> {
    if n > 0 && n.checked_mul(n) == Some(a.len()) {
        Ok(())
    } else {
        Err(Error::Shape)
    }
}

/// Factors the symmetric `a` (n x n; only the lower triangle is read) in place.
///
/// # Errors
/// `Shape` unless a.len() = n^2 > 0; `NotPositiveDefinite` at the first pivot that is not above zero (the
/// lower triangle is then partly overwritten).
pub fn cholesky<T: Real>(a: &mut [T], n: usize) -> Result<(), Error> {
    square(a, n)?;
    for j in 0..n {
        let Some((done, rest)) = a.split_at_mut_checked(j * n) else {
            return Err(Error::Shape);
        };
        let Some(column) = rest.get_mut(j..n) else {
            return Err(Error::Shape);
        };
        for previous in done.chunks_exact(n) {
            if let Some(tail @ [l, ..]) = previous.get(j..) {
                for (c, p) in column.iter_mut().zip(tail) {
                    *c -= *l * *p;
                }
            }
        }
        let Some((pivot, below)) = column.split_first_mut() else {
            return Err(Error::Shape);
        };
        if !(*pivot > T::ZERO && pivot.is_finite()) {
            return Err(Error::NotPositiveDefinite { index: j });
        }
        *pivot = pivot.sqrt();
        for c in below {
            *c /= *pivot;
        }
    }
    Ok(())
}

/// Factors a full symmetric `a` (n x n), adding jitter to the diagonal when a pivot fails: first
/// 1e-10 (f64) or 1e-6 (f32) times the mean diagonal, then ten times more, five times in all.
/// `diagonal` (n) is scratch. Returns the jitter that was added (0 in the good case).
///
/// # Errors
/// `Shape`; `NotPositiveDefinite` when the largest jitter was not enough.
pub fn cholesky_jittered<T: Real>(a: &mut [T], n: usize, diagonal: &mut [T]) -> Result<T, Error> {
    square(a, n)?;
    if diagonal.len() != n {
        return Err(Error::Shape);
    }
    let mut mean = T::ZERO;
    for (d, x) in diagonal.iter_mut().zip(a.iter().step_by(n + 1)) {
        *d = *x;
        mean += *x / T::of_count(n);
    }
    let mut jitter = T::ZERO;
    let mut next = mean * if T::IS_DOUBLE { T::of(1e-10) } else { T::of(1e-6) };
    let mut outcome = cholesky(a, n);
    for _ in 0..5 {
        if outcome.is_ok() {
            break;
        }
        jitter = next;
        next *= T::of(10.0);
        restore_lower(a, n, diagonal, jitter);
        outcome = cholesky(a, n);
    }
    outcome.map(|()| jitter)
}

/// Copies the strict upper triangle onto the lower one and writes diagonal + jitter.
fn restore_lower<T: Real>(a: &mut [T], n: usize, diagonal: &[T], jitter: T) {
    for (j, d) in diagonal.iter().enumerate() {
        let Some((left, rest)) = a.split_at_mut_checked((j + 1) * n) else {
            return;
        };
        if let Some(x) = left.get_mut(j * n + j) {
            *x = *d + jitter;
        }
        let Some(column) = left.get_mut(j * n..) else {
            return;
        };
        for (below, later) in column.iter_mut().skip(j + 1).zip(rest.chunks_exact(n)) {
            if let Some(upper) = later.get(j) {
                *below = *upper;
            }
        }
    }
}

/// Solves L L' x = b in place, `l` (n x n) from [`cholesky`], `x` (n) holding b. Cost n^2 multiply-adds.
///
/// # Errors
/// `Shape`.
pub fn cholesky_solve<T: Real>(l: &[T], n: usize, x: &mut [T]) -> Result<(), Error> {
    forward_substitute(l, n, x)?;
    for (j, column) in l.chunks_exact(n.max(1)).enumerate().rev() {
        let Some((head, tail)) = x.split_at_mut_checked(j + 1) else {
            return Err(Error::Shape);
        };
        if let (Some(last), Some([pivot, below @ ..])) = (head.last_mut(), column.get(j..)) {
            *last = (*last - dot(below, tail)) / *pivot;
        }
    }
    Ok(())
}

/// Solves L z = b in place (the first half of [`cholesky_solve`]); then z'z = b' A^-1 b.
///
/// # Errors
/// `Shape`.
pub fn forward_substitute<T: Real>(l: &[T], n: usize, x: &mut [T]) -> Result<(), Error> {
    square(l, n)?;
    if x.len() != n {
        return Err(Error::Shape);
    }
    for (j, column) in l.chunks_exact(n).enumerate() {
        let (Some([pivot, below @ ..]), Some([first, rest @ ..])) = (column.get(j..), x.get_mut(j..)) else {
            return Err(Error::Shape);
        };
        *first /= *pivot;
        for (x, l) in rest.iter_mut().zip(below) {
            *x -= *first * *l;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: pivot without the square root; `below` not divided; `j` for `j + 1` in the
    //! backward pass; lower triangle not restored before a retry; jitter not added.
    use super::*;
    use crate::random::{normal, stream};
    use std::vec;
    use std::vec::Vec;

    fn gram(n: usize, rows: usize, index: u64) -> Vec<f64> {
        let mut rng = stream(3, "linalg", index);
        let x: Vec<f64> = (0..n * rows).map(|_| normal(&mut rng)).collect();
        let mut a = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..n {
                a[j * n + i] = dot(&x[i * rows..(i + 1) * rows], &x[j * rows..(j + 1) * rows]);
            }
        }
        a
    }

    // identities: A (A^-1 b) = b and L L' = A, sizes 1 to 20
    #[test] // oracle: cholesky
    fn factor_and_solve() {
        for n in 1..=20 {
            let a = gram(n, n + 5, n as u64);
            let mut l = a.clone();
            cholesky(&mut l, n).unwrap();
            for i in 0..n {
                for j in 0..=i {
                    let sum: f64 = (0..=j).map(|k| l[k * n + i] * l[k * n + j]).sum();
                    assert!((sum - a[j * n + i]).abs() < 1e-12 * a[i * n + i], "{n} {i} {j}");
                }
            }
            let b: Vec<f64> = (0..n).map(|i| (i as f64).sin() + 0.3).collect();
            let mut x = b.clone();
            cholesky_solve(&l, n, &mut x).unwrap();
            for (i, b) in b.iter().enumerate() {
                let ax: f64 = (0..n).map(|j| a[j * n + i] * x[j]).sum();
                assert!((ax - b).abs() < 1e-9, "{n} {i}: {ax} against {b}");
            }
        }
    }

    // a singular Gram matrix needs the jitter; the solution of the jittered system is exact for it
    #[test] // law: cholesky
    fn jitter_rescues_a_singular_matrix() {
        let n = 6;
        let a = gram(n, 3, 99);
        let mean = (0..n).map(|i| a[i * n + i]).sum::<f64>() / n as f64;
        let mut l = a.clone();
        let mut diagonal = vec![0.0; n];
        let jitter = cholesky_jittered(&mut l, n, &mut diagonal).unwrap();
        if jitter > 0.0 {
            assert!(jitter >= 0.99e-10 * mean && jitter <= 1.01e-6 * mean);
        }
        for i in 0..n {
            for j in 0..=i {
                let sum: f64 = (0..=j).map(|k| l[k * n + i] * l[k * n + j]).sum();
                let expected = a[j * n + i] + if i == j { jitter } else { 0.0 };
                assert!((sum - expected).abs() < 1e-12 * mean, "{i} {j}");
            }
        }
        // Exactly singular by construction: the first attempt must fail, a later one succeed.
        let mut ones = vec![1.0_f64; 16];
        assert_eq!(
            cholesky(&mut ones.clone(), 4),
            Err(Error::NotPositiveDefinite { index: 1 })
        );
        assert!(cholesky_jittered(&mut ones, 4, &mut [0.0; 4]).unwrap() > 0.0);
    }

    #[test] // edge: cholesky
    fn hopeless_and_misshapen_input_is_refused() {
        let mut negative = vec![-1.0_f64, 0.0, 0.0, -1.0];
        let refused = cholesky_jittered(&mut negative, 2, &mut [0.0; 2]);
        assert_eq!(refused, Err(Error::NotPositiveDefinite { index: 0 }));
        assert_eq!(cholesky(&mut [1.0_f64; 3], 2), Err(Error::Shape));
        assert_eq!(cholesky::<f64>(&mut [], 0), Err(Error::Shape));
        assert_eq!(cholesky_solve(&[1.0_f64], 1, &mut [1.0; 2]), Err(Error::Shape));
        let mut nan = vec![f64::NAN];
        assert!(cholesky_jittered(&mut nan, 1, &mut [0.0]).is_err());
    }
}
