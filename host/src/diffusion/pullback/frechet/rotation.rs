//! Means of rotations, [k, k] row by row.
//!
//! log of a rotation: its real Schur form is made of turns by an angle in planes, of ones, and of pairs of minus ones
//! (a turn by pi in any plane of theirs); exp is taken apart alike. Matching of frames: the assignment of largest
//! sum by the Hungarian method (Kuhn 1955, with potentials).

use super::super::block::{norm, rows_of, singular, transposed};
use super::super::{Ended, GeometryError, PullbackError, length};
use super::{Mean, Options, turn};
use nalgebra::{DMatrix, Schur};

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

/// Q D Qᵀ, where D changes the planes of the real Schur form of a normal matrix: `plane` makes (diagonal, below) of a
/// pair of complex eigenvalues from theirs (above is minus below), `line` the diagonal of a real one, and `finish` sees D.
fn by_planes(
    a: &[f64],
    k: usize,
    plane: impl Fn(f64, f64) -> (f64, f64),
    mut line: impl FnMut(usize, f64) -> f64,
    finish: impl FnOnce(&mut DMatrix<f64>),
) -> Result<Vec<f64>, GeometryError> {
    let failed = PullbackError::Decomposition { size: k };
    let matrix = DMatrix::from_row_slice(k, k, a);
    let (q, t) = Schur::try_new(matrix, f64::EPSILON, 100 * k.max(1))
        .ok_or(failed)?
        .unpack();
    let mut changed = DMatrix::zeros(k, k);
    let mut at = 0;
    while at < k {
        let next = at + 1;
        let twice = if next < k {
            t[(next, at)] - t[(at, next)]
        } else {
            0.0
        };
        if twice.abs() > REAL {
            let (along, below) = plane(0.5 * (t[(at, at)] + t[(next, next)]), 0.5 * twice);
            changed[(at, at)] = along;
            changed[(next, next)] = along;
            changed[(next, at)] = below;
            changed[(at, next)] = -below;
            at += 2;
        } else {
            changed[(at, at)] = line(at, t[(at, at)]);
            at += 1;
        }
    }
    finish(&mut changed);
    Ok(rows_of(&(&q * changed * q.transpose())))
}

/// Twice the imaginary part below which an eigenvalue is real.
const REAL: f64 = 1e-10;

/// The skew-symmetric logarithm of a rotation, angles in [-pi, pi].
pub(super) fn log(a: &[f64], k: usize) -> Result<Vec<f64>, GeometryError> {
    let halves = std::cell::RefCell::new(Vec::new());
    by_planes(
        a,
        k,
        |cosine, sine| (0.0, libm::atan2(sine, cosine)),
        |at, value| {
            if value < 0.0 {
                halves.borrow_mut().push(at);
            }
            0.0
        },
        |changed| {
            for pair in halves.borrow().chunks_exact(2) {
                changed[(pair[1], pair[0])] = std::f64::consts::PI;
                changed[(pair[0], pair[1])] = -std::f64::consts::PI;
            }
        },
    )
}

/// The rotation e^a of a skew-symmetric matrix.
pub(super) fn exp(a: &[f64], k: usize) -> Result<Vec<f64>, GeometryError> {
    by_planes(
        a,
        k,
        |_, angle| (libm::cos(angle), libm::sin(angle)),
        |_, _| 1.0,
        |_| {},
    )
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
