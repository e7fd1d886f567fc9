//! Operators and oracles shared by the tests of this folder.

use super::Basis;
use super::block::{norm, orthonormalise, products};
use super::distance::{Subspace, principal_angles};
use super::operator::{Dense, dimensions};
use super::ritz::gaussian;
use crate::net::element::Element;
use gibbs_core::linalg::LinearOperator;
use nalgebra::DMatrix;

pub(super) use super::operator::Diagonal;
pub(super) use crate::garrote::testing::tolerance;

/// Normal entries, times `scale(row, column)`.
pub(super) fn dense<T: Element>(seed: u64, rows: usize, columns: usize) -> Dense<T> {
    let values = gaussian::<f64>(seed, "test.dense", rows, columns);
    Dense::new(rows, columns, values.into_iter().map(T::of).collect()).unwrap()
}

/// Orthonormal rows [k, d].
pub(super) fn frame(seed: u64, k: usize, d: usize) -> Vec<f64> {
    orthonormalise(gaussian(seed, "test.frame", k, d), &[], d, 0.0).q
}

/// P diag(s) Q with random orthonormal P (columns) and Q (rows).
pub(super) fn with_values(seed: u64, rows: usize, columns: usize, values: &[f64]) -> Dense<f64> {
    let k = values.len();
    let (p, q) = (frame(seed, k, rows), frame(seed + 1, k, columns));
    let mut matrix = vec![0.0; rows * columns];
    for ((s, p), q) in values.iter().zip(p.chunks(rows)).zip(q.chunks(columns)) {
        for (row, p) in matrix.chunks_mut(columns).zip(p) {
            row.iter_mut().zip(q).for_each(|(x, q)| *x += s * p * q);
        }
    }
    Dense::new(rows, columns, matrix).unwrap()
}

/// The matrix of an operator.
pub(super) fn matrix<T: Element, O: LinearOperator<T>>(operator: &mut O) -> DMatrix<f64> {
    let (rows, columns) = dimensions(operator);
    let mut unit = vec![T::ZERO; columns * columns];
    unit.iter_mut().step_by(columns + 1).for_each(|x| *x = T::ONE);
    let mut images = vec![T::ZERO; columns * rows];
    assert!(operator.apply(&unit, &mut images).is_ok());
    DMatrix::from_iterator(rows, columns, images.iter().map(|x| x.wide()))
}

/// The sine of the largest angle between the span of `vectors` and that of the first axes.
pub(super) fn sine_to_axes<T: Element>(vectors: &[T], k: usize, d: usize) -> f64 {
    let mut axes = vec![0.0; k * d];
    axes.iter_mut().step_by(d + 1).for_each(|x| *x = 1.0);
    sine(vectors, &axes, d)
}

/// The sine of the largest angle between two spans.
pub(super) fn sine<T: Element>(a: &[T], b: &[f64], d: usize) -> f64 {
    let angles = principal_angles(&Subspace::new(a, d).unwrap(), &Subspace::new(b, d).unwrap()).unwrap();
    angles.last().unwrap().sin()
}

/// The largest entry of |A Aᵀ - 1|, rows flagged in `skip` left out.
pub(super) fn orthogonality<T: Element>(a: &[T], d: usize, skip: &[bool]) -> f64 {
    let gram = products(a, a, d);
    let k = a.len() / d;
    let mut worst = 0.0_f64;
    for (at, x) in gram.iter().enumerate() {
        let (i, j) = (at / k, at % k);
        if !skip[i] && !skip[j] {
            worst = worst.max((x - f64::from(u8::from(i == j))).abs());
        }
    }
    worst
}

/// Everything a basis promises, against the operator itself: orthonormality within `orthogonal`, J v = s u within
/// `triplet` s_1, the reported residuals within `residual` of the true ones.
pub(super) fn check_basis<T: Element, O: LinearOperator<T>>(
    operator: &mut O,
    basis: &Basis<T>,
    (orthogonal, triplet, residual): (f64, f64, f64),
) {
    let (rows, columns) = basis.dimensions;
    let k = basis.count();
    let none = vec![false; k];
    assert!(orthogonality(&basis.v, columns, &none) <= orthogonal);
    assert!(orthogonality(&basis.u, rows, &basis.zero) <= orthogonal);
    assert!(basis.singular_values.is_sorted_by(|a, b| a >= b));
    let most = basis.singular_values[0];
    let (mut jv, mut ju) = (vec![T::ZERO; k * rows], vec![T::ZERO; k * columns]);
    assert!(operator.apply(&basis.v, &mut jv).is_ok());
    assert!(operator.apply_transposed(&basis.u, &mut ju).is_ok());
    for i in 0..k {
        let s = basis.singular_values[i];
        let (u, v) = (
            &basis.u[i * rows..(i + 1) * rows],
            &basis.v[i * columns..(i + 1) * columns],
        );
        assert_eq!(basis.zero[i], s == 0.0);
        assert_eq!(basis.zero[i], u.iter().all(|x| *x == T::ZERO));
        let off: Vec<f64> = (jv[i * rows..].iter().zip(u))
            .map(|(jv, u)| jv.wide() - s * u.wide())
            .collect();
        assert!(
            norm(&off) <= triplet * most,
            "J v_{i} is off by {}",
            norm(&off) / most
        );
        if !basis.zero[i] {
            let rest: Vec<f64> = (ju[i * columns..].iter().zip(v))
                .map(|(ju, v)| s * ju.wide() - s * s * v.wide())
                .collect();
            let found = norm(&rest).max(s * norm(&off)) / (most * most);
            assert!(
                (found - basis.residuals[i]).abs() <= residual,
                "{found} {}",
                basis.residuals[i]
            );
        }
    }
}

/// Each u (v where u is zero) has its entry of largest magnitude positive.
pub(super) fn signs_are_fixed<T: Element>(basis: &Basis<T>) -> bool {
    let (rows, columns) = basis.dimensions;
    let pairs = basis.u.chunks(rows).zip(basis.v.chunks(columns)).zip(&basis.zero);
    pairs.into_iter().all(|((u, v), zero)| {
        let row = if *zero { v } else { u };
        let most = row
            .iter()
            .fold(T::ZERO, |a, b| if b.abs() > a.abs() { *b } else { a });
        most >= T::ZERO
    })
}
