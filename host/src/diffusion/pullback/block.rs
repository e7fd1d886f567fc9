//! Linear algebra of blocks of long vectors, row-major [k, d]: products, orthonormalisation, small decompositions.
//!
//! Inner products are summed in the scalar over stretches of [`STRETCH`] entries and over stretches in f64, so that in f32
//! they are good to some 1e-6 of the product of the norms at any d. Orthogonality comes from going twice
//! (Giraud, Langou, Rozloznik 2005): within 1e-6 in f32, 1e-14 in f64.

use super::PullbackError;
use crate::net::cpu::matrix::{Into, Matrix, multiply};
use crate::net::cpu::threads::{for_parts, rows_of_a_turn};
use crate::net::element::Element;
use gibbs_core::math::{larger, smaller};
use nalgebra::{DMatrix, SymmetricEigen};
use rayon::prelude::*;

/// Entries of a vector summed in its own scalar.
const STRETCH: usize = 4096;

/// Rounds of an iterative decomposition for each row; it takes about two.
const STEPS: usize = 100;

/// The deflation rule: what is left of a vector, relative to the largest of its block, below which it counts as zero.
pub(crate) fn negligible<T: Element>() -> f64 {
    let rounding = 8.0 * T::EPSILON.wide();
    if rounding > 1e-7 { rounding } else { 1e-7 }
}

/// A Bᵀ in f64, [p, q], for rows of `d` entries.
pub(crate) fn products<T: Element>(a: &[T], b: &[T], d: usize) -> Vec<f64> {
    let (p, q) = (a.len() / d, b.len() / d);
    let stretches: Vec<Vec<T>> = (0..d.div_ceil(STRETCH))
        .into_par_iter()
        .map(|stretch| {
            let start = stretch * STRETCH;
            let rows = |x| Matrix::strided(<[T]>::get(x, start..).unwrap_or(&[]), d);
            let mut sums = vec![T::ZERO; p * q];
            let sizes = [p, STRETCH.min(d - start), q];
            multiply(sizes, rows(a), rows(b).transposed(), (&mut sums, q), Into::Set);
            sums
        })
        .collect();
    let mut sums = vec![0.0; p * q];
    for stretch in stretches {
        for (sum, part) in sums.iter_mut().zip(stretch) {
            *sum += part.wide();
        }
    }
    sums
}

/// C B, or what was there plus it: coefficients `c` [p, q] of the rows of `b` [q, d].
pub(crate) fn combine<T: Element>(c: &[f64], b: &[T], d: usize, out: &mut [T], into: Into) {
    let q = b.len() / d;
    if q == 0 {
        if into == Into::Set {
            out.fill(T::ZERO);
        }
        return;
    }
    let c: Vec<T> = c.iter().map(|x| T::of(*x)).collect();
    let rows = rows_of_a_turn(out.len() / d);
    for_parts(out, rows * d, |turn, out| {
        let p = out.len() / d;
        let c = Matrix::rows_of(&c[turn * rows * q..], q);
        multiply([p, q, d], c, Matrix::rows_of(b, d), (out, d), into);
    });
}

/// C B as a new block.
pub(crate) fn combined<T: Element>(c: &[f64], b: &[T], d: usize) -> Vec<T> {
    let q = b.len() / d;
    let p = c.len().checked_div(q).unwrap_or(0);
    let mut out = vec![T::ZERO; p * d];
    combine(c, b, d, &mut out, Into::Set);
    out
}

/// The norm of a row, summed in f64.
pub(crate) fn norm<T: Element>(row: &[T]) -> f64 {
    let mut lanes = [0.0_f64; 8];
    for part in row.chunks(8) {
        for (lane, x) in lanes.iter_mut().zip(part) {
            *lane += x.wide() * x.wide();
        }
    }
    lanes.iter().sum::<f64>().sqrt()
}

/// The largest of some numbers that are not negative; 0 of none.
pub(crate) fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().fold(0.0, larger)
}

/// A B of small matrices: [p, q] times [q, r].
pub(crate) fn small_product(a: &[f64], b: &[f64], [p, q, r]: [usize; 3]) -> Vec<f64> {
    let mut c = vec![0.0; p * r];
    multiply(
        [p, q, r],
        Matrix::rows_of(a, q),
        Matrix::rows_of(b, r),
        (&mut c, r),
        Into::Set,
    );
    c
}

/// What orthonormalisation made of a block W: W = H B + R Q.
pub(crate) struct Orthonormal<T> {
    /// Q [q, d], orthonormal and orthogonal to B; q <= p.
    pub(crate) q: Vec<T>,
    /// H [p, rows of B].
    pub(crate) h: Vec<f64>,
    /// R [p, q].
    pub(crate) r: Vec<f64>,
}

/// Orthonormalises the rows of `w` [p, d] against the orthonormal rows of `b` and against each other, as often as it
/// takes (twice, as a rule). A row of which less than `drop` times the largest norm of `w` is left is dropped.
/// Cost 4 p d (rows of B + p) multiply-adds.
pub(crate) fn orthonormalise<T: Element>(mut w: Vec<T>, b: &[T], d: usize, drop: f64) -> Orthonormal<T> {
    /// Twice is enough but for rows that are all rounding.
    const MOST: usize = 4;
    let (p, known) = (w.len() / d, b.len() / d);
    // By a power of two, so that squares neither vanish nor overflow.
    let scale = match largest(w.chunks(d).map(norm)) {
        0.0 => 1.0,
        most => libm::scalbn(1.0, libm::ilogb(most).clamp(-120, 120)),
    };
    for x in &mut w {
        *x /= T::of(scale);
    }
    let most = largest(w.chunks(d).map(norm));
    let mut h = vec![0.0; p * known];
    let mut r: Vec<f64> = Vec::new();
    for pass in 0..MOST {
        let rows = w.len() / d;
        if rows == 0 {
            break;
        }
        let along = products(&w, b, d);
        let minus: Vec<f64> = along.iter().map(|x| -x).collect();
        combine(&minus, b, d, &mut w, Into::Add);
        let threshold = if pass == 0 { drop * most } else { drop };
        let (q, within, least) = panel(w, d, threshold);
        let kept = q.len() / d;
        if pass == 0 {
            (h, r) = (along, within);
        } else {
            for (h, x) in h.iter_mut().zip(small_product(&r, &along, [p, rows, known])) {
                *h += x;
            }
            r = small_product(&r, &within, [p, rows, kept]);
        }
        w = q;
        // Kahan's criterion: a row that kept its length has lost nothing to cancellation.
        if pass > 0 && least > 0.7 {
            break;
        }
    }
    for x in h.iter_mut().chain(&mut r) {
        *x *= scale;
    }
    Orthonormal { q: w, h, r }
}

/// Gram and Schmidt over the rows, each projected twice: Q [q, d], R [p, q], and the least norm left of a row kept.
fn panel<T: Element>(mut w: Vec<T>, d: usize, threshold: f64) -> (Vec<T>, Vec<f64>, f64) {
    let p = w.len() / d;
    let mut r = vec![0.0; p * p];
    let (mut kept, mut least) = (0, f64::INFINITY);
    for (at, r) in r.chunks_mut(p).enumerate() {
        let (q, rest) = w.split_at_mut(at * d);
        let (q, row) = (&q[..kept * d], &mut rest[..d]);
        for _ in 0..2 {
            let along = products(row, q, d);
            let minus: Vec<f64> = along.iter().map(|x| -x).collect();
            combine(&minus, q, d, row, Into::Add);
            for (r, x) in r.iter_mut().zip(along) {
                *r += x;
            }
        }
        let left = norm(row);
        if left > threshold {
            r[kept] = left;
            for x in row.iter_mut() {
                *x /= T::of(left);
            }
            w.copy_within(at * d..(at + 1) * d, kept * d);
            kept += 1;
            least = smaller(left, least);
        }
    }
    w.truncate(kept * d);
    let r = r
        .chunks(p.max(1))
        .flat_map(|row| row[..kept].iter().copied())
        .collect();
    (w, r, least)
}

/// Eigenvalues of a symmetric matrix [n, n], largest first, and its eigenvectors as rows.
pub(crate) fn symmetric<E>(values: &[f64], n: usize) -> Result<(Vec<f64>, Vec<f64>), PullbackError<E>> {
    let matrix = DMatrix::from_row_slice(n, n, values);
    let failed = PullbackError::Decomposition { size: n };
    let found = SymmetricEigen::try_new(matrix, f64::EPSILON, STEPS * n.max(1)).ok_or(failed)?;
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| found.eigenvalues[*b].total_cmp(&found.eigenvalues[*a]));
    let sorted = order.iter().map(|i| found.eigenvalues[*i]).collect();
    let vectors = order
        .iter()
        .flat_map(|i| found.eigenvectors.column(*i).iter().copied().collect::<Vec<_>>());
    Ok((sorted, vectors.collect()))
}

/// A = P diag(s) Wᵀ of a square matrix [n, n], s largest first.
pub(crate) struct Singular {
    /// The left vectors as columns, [n, n].
    pub(crate) left: Vec<f64>,
    pub(crate) values: Vec<f64>,
    /// The right vectors as rows, [n, n].
    pub(crate) right: Vec<f64>,
}

/// The singular value decomposition of a square matrix [n, n].
pub(crate) fn singular<E>(values: &[f64], n: usize) -> Result<Singular, PullbackError<E>> {
    let failed = || PullbackError::Decomposition { size: n };
    let matrix = DMatrix::from_row_slice(n, n, values);
    let found = matrix
        .try_svd(true, true, f64::EPSILON, STEPS * n.max(1))
        .ok_or_else(failed)?;
    let (Some(left), Some(right)) = (found.u, found.v_t) else {
        return Err(failed());
    };
    Ok(Singular {
        left: rows_of(&left),
        values: found.singular_values.iter().copied().collect(),
        right: rows_of(&right),
    })
}

/// The entries of a matrix, row by row.
pub(crate) fn rows_of(matrix: &DMatrix<f64>) -> Vec<f64> {
    matrix.transpose().iter().copied().collect()
}

/// The transpose of [n, n].
pub(crate) fn transposed(a: &[f64], n: usize) -> Vec<f64> {
    (0..n * n).map(|at| a[(at % n) * n + at / n]).collect()
}
