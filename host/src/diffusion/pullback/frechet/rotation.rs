//! Means of rotations, [k, k] row by row.
//!
//! exp of a skew-symmetric X, where XᵀX = V diag(theta²) Vᵀ: V diag(cos theta) Vᵀ + X V diag(sin(theta)/theta) Vᵀ. log of a
//! rotation R is twice that of its root H = polar(I + R), whose angles are at most pi/2: with H + Hᵀ = 2 V diag(cos theta) Vᵀ
//! it is (H - Hᵀ) V diag(theta/sin(theta)) Vᵀ. Where I + R is zero R makes half turns, in any planes of that space (derived).
//! Eigenvectors are by Jacobi's rotations: the shifts of QR iterations need not end on matrices that are nearly I. Matching of frames: the assignment of largest
//! sum by the Hungarian method (Kuhn 1955, with potentials).

use super::super::block::{norm, rows_of, singular, transposed};
use super::super::{Ended, GeometryError, PullbackError, length};
use super::{Mean, Options, turn};
use gibbs_core::linalg::{singular_values, symmetric_eigen};
use nalgebra::{DMatrix, DVector};

/// What is done to a frame before it enters the mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Matching {
    /// Vectors stay as they are.
    None,
    /// Vectors of a frame are turned round where they point away from those of the first frame.
    Signs,
    /// Vectors of a frame are put in the order, and turned, that fits the first frame best: the largest Σ |<o_i,
    /// o_first,i>|.
    SignsAndOrder,
}

/// The orthogonal matrix nearest to `a`: P Wᵀ of a = P diag(s) Wᵀ.
pub(super) fn polar(a: &[f64], k: usize) -> Result<Vec<f64>, GeometryError> {
    let found = singular(a, k)?;
    Ok(turn(&found.left, &found.right, k))
}

fn determinant(a: &[f64], k: usize) -> f64 {
    DMatrix::from_row_slice(k, k, a).determinant()
}

/// Eigenvalues and eigenvectors (by columns) of a symmetric matrix.
fn eigen(mut a: DMatrix<f64>) -> Result<(Vec<f64>, DMatrix<f64>), GeometryError> {
    let k = a.nrows();
    let (mut values, mut vectors) = (vec![0.0; k], DMatrix::zeros(k, k));
    match symmetric_eigen(a.as_mut_slice(), &mut values, vectors.as_mut_slice()) {
        Ok(end) if end.converged => Ok((values, vectors)),
        _ => Err(PullbackError::Decomposition { size: k }),
    }
}

/// V diag(f(values)) Vᵀ.
fn function(values: &[f64], vectors: &DMatrix<f64>, f: impl Fn(f64) -> f64) -> DMatrix<f64> {
    let diagonal = DVector::from_iterator(values.len(), values.iter().map(|x| f(*x)));
    vectors * DMatrix::from_diagonal(&diagonal) * vectors.transpose()
}

/// Singular values of I + R below which R makes half turns: the error of the logarithm there.
const HALF_TURN: f64 = 1e-8;

/// The rotation whose square is `a`: quarter turns where `a` makes half turns.
fn root(a: &DMatrix<f64>) -> Result<DMatrix<f64>, GeometryError> {
    let k = a.nrows();
    let mut left = a + DMatrix::identity(k, k);
    let (mut values, mut right) = (vec![0.0; k], DMatrix::zeros(k, k));
    match singular_values(left.as_mut_slice(), k, &mut values, right.as_mut_slice()) {
        Ok(end) if end.converged => {}
        _ => return Err(PullbackError::Decomposition { size: k }),
    }
    // Values come in pairs, but for ones of 2: those of half turns are the last ones, and even in number.
    let turned = values.iter().filter(|value| **value < HALF_TURN).count() / 2 * 2;
    let rest = k - turned;
    for at in (rest..k).step_by(2) {
        let (first, second) = (right.column(at).into_owned(), right.column(at + 1).into_owned());
        left.set_column(at, &second);
        left.set_column(at + 1, &-first);
    }
    Ok(left * right.transpose())
}

/// The skew-symmetric logarithm of a rotation, angles in [-pi, pi].
pub(super) fn log(a: &[f64], k: usize) -> Result<Vec<f64>, GeometryError> {
    let root = root(&DMatrix::from_row_slice(k, k, a))?;
    let back = root.transpose();
    let (cosines, vectors) = eigen(0.5 * (&root + &back))?;
    let scale = function(&cosines, &vectors, |c| {
        if c < 1.0 {
            libm::acos(c) / ((1.0 - c) * (1.0 + c)).sqrt()
        } else {
            1.0
        }
    });
    Ok(rows_of(&((root - back) * scale)))
}

/// The rotation e^a of a skew-symmetric matrix.
pub(super) fn exp(a: &[f64], k: usize) -> Result<Vec<f64>, GeometryError> {
    let x = DMatrix::from_row_slice(k, k, a);
    let (squares, vectors) = eigen(x.transpose() * &x)?;
    let angle = |square: f64| square.max(0.0).sqrt();
    let cosine = function(&squares, &vectors, |square| libm::cos(angle(square)));
    let sine = function(&squares, &vectors, |square| match angle(square) {
        0.0 => 1.0,
        angle => libm::sin(angle) / angle,
    });
    Ok(rows_of(&(cosine + x * sine)))
}

/// The Karcher mean on SO(k) of orthogonal matrices, from the first one, and how many of them had to be turned by one
/// vector because they are reflections of it. Cost of a step: n decompositions of k x k matrices.
///
/// # Errors
/// [`PullbackError::Length`]: no matrix, or another size.
pub fn frame_mean(
    frames: &[Vec<f64>],
    k: usize,
    matching: Matching,
    options: &Options,
) -> Result<(Mean<Vec<f64>>, usize), GeometryError> {
    let Some(first) = frames.first() else {
        return Err(PullbackError::Length {
            name: "frames",
            found: 0,
            expected: 1,
        });
    };
    let mut reflected = 0;
    let mut ready = Vec::with_capacity(frames.len());
    for frame in frames {
        length("frame", frame.len(), k * k)?;
        let mut frame = matched(frame, first, k, matching);
        if determinant(&frame, k) * determinant(first, k) < 0.0 {
            frame[(k - 1) * k..].iter_mut().for_each(|x| *x = -*x);
            reflected += 1;
        }
        ready.push(frame);
    }
    let mut mean = first.clone();
    let mut steps = 0;
    loop {
        let back = transposed(&mean, k);
        let mut tangent = vec![0.0; k * k];
        for frame in &ready {
            let log = log(&turn(&back, frame, k), k)?;
            tangent.iter_mut().zip(log).for_each(|(sum, x)| *sum += x);
        }
        for x in &mut tangent {
            *x /= ready.len() as f64;
        }
        let residual = norm(&tangent);
        let converged = residual < options.tolerance;
        if converged || steps >= options.limit {
            let ended = if converged { Ended::Converged } else { Ended::Limit };
            let mean = Mean {
                mean,
                steps,
                residual,
                ended,
            };
            return Ok((mean, reflected));
        }
        mean = polar(&turn(&mean, &exp(&tangent, k)?, k), k)?;
        steps += 1;
    }
}

/// The rows of `frame` in the order and with the signs that fit `first`.
fn matched(frame: &[f64], first: &[f64], k: usize, matching: Matching) -> Vec<f64> {
    if matching == Matching::None {
        return frame.to_vec();
    }
    let overlap = turn(first, &transposed(frame, k), k);
    let order: Vec<usize> = match matching {
        Matching::SignsAndOrder => assignment(&overlap.iter().map(|x| -x.abs()).collect::<Vec<_>>(), k),
        _ => (0..k).collect(),
    };
    let mut result = Vec::with_capacity(k * k);
    for (row, from) in order.into_iter().enumerate() {
        let sign = if overlap[row * k + from] < 0.0 { -1.0 } else { 1.0 };
        result.extend(frame[from * k..(from + 1) * k].iter().map(|x| sign * x));
    }
    result
}

/// The column of each row in the assignment of least total cost [k, k]. k³ steps.
pub(super) fn assignment(cost: &[f64], k: usize) -> Vec<usize> {
    // Rows and columns count from 1; column 0 stands for the row that is being placed.
    let (mut row_price, mut column_price) = (vec![0.0; k + 1], vec![0.0; k + 1]);
    let mut row_of = vec![0; k + 1];
    for row in 1..=k {
        row_of[0] = row;
        let (mut least, mut before) = (vec![f64::INFINITY; k + 1], vec![0; k + 1]);
        let mut seen = vec![false; k + 1];
        let mut column = 0;
        while row_of[column] != 0 {
            seen[column] = true;
            let from = row_of[column];
            let (mut step, mut next) = (f64::INFINITY, 0);
            for to in 1..=k {
                if seen[to] {
                    continue;
                }
                let slack = cost[(from - 1) * k + to - 1] - row_price[from] - column_price[to];
                if slack < least[to] {
                    (least[to], before[to]) = (slack, column);
                }
                if least[to] < step {
                    (step, next) = (least[to], to);
                }
            }
            for to in 0..=k {
                if seen[to] {
                    row_price[row_of[to]] += step;
                    column_price[to] -= step;
                } else {
                    least[to] -= step;
                }
            }
            column = next;
        }
        while column != 0 {
            row_of[column] = row_of[before[column]];
            column = before[column];
        }
    }
    let mut columns = vec![0; k];
    for (column, row) in row_of.iter().enumerate().skip(1) {
        columns[row - 1] = column - 1;
    }
    columns
}
