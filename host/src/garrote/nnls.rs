//! Non-negative least squares: minimise |A x - b|^2 over x >= 0.
//!
//! ```text
//! gradient   g = A'(b - A x)
//! optimal    x >= 0,  g_j <= 0 where x_j = 0,  g_j = 0 where x_j > 0        (Karush, Kuhn, Tucker)
//! outer      admit the column with the largest g_j, solve least squares on the admitted ones (z)
//! inner      while some z_j <= 0: move x towards z until the first x_j reaches 0, dismiss it, solve again
//! ```
//! Source: Lawson and Hanson, Solving Least Squares Problems (1974), chapter 23, with its guard: a new column
//! whose own coefficient would not be positive is dependent on the admitted ones up to rounding, and is passed
//! over. Each inner problem is solved by modified Gram-Schmidt with b as the last column, which is as accurate
//! as Householder's method (Bjorck 1967) on the nearly dependent columns of the transition theory.
//! Cost: M k^2 per inner step with k admitted columns.

use gibbs_core::Error;
use gibbs_core::math::{add_scaled, dot};

/// A non-negative least squares solution.
#[derive(Clone, Debug, PartialEq)]
pub struct Nnls {
    /// The solution x >= 0.
    pub solution: Vec<f64>,
    /// The norm |A x - b| of the residual.
    pub residual: f64,
    /// Least-squares problems solved.
    pub steps: usize,
    /// How the iteration ended.
    pub status: Status,
}

/// How the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Status {
    /// The optimality conditions hold within rounding.
    Converged,
    /// 3 N + 30 least-squares problems did not reach them.
    MaxSteps,
}

/// Solves for `a` of M = `b.len()` rows, column-major.
///
/// # Errors
/// `Shape` if `a` does not make columns of M rows; `NonFinite` for NaN or infinity.
pub fn nnls(a: &[f64], b: &[f64]) -> Result<Nnls, Error> {
    let rows = b.len();
    if rows == 0 || a.is_empty() || !a.len().is_multiple_of(rows) {
        return Err(Error::Shape);
    }
    if !a.iter().chain(b).all(|v| v.is_finite()) {
        return Err(Error::NonFinite);
    }
    let columns: Vec<&[f64]> = a.chunks_exact(rows).collect();
    let mut x = vec![0.0; columns.len()];
    let mut admitted: Vec<usize> = Vec::new();
    let mut residual = b.to_vec();
    let limit = 3 * columns.len() + 30;
    let (mut steps, mut status) = (0, Status::Converged);
    // passed over since x last moved
    let mut barred = vec![false; columns.len()];
    let slack: Vec<f64> = columns
        .iter()
        .map(|c| 10.0 * f64::EPSILON * dot(c, c).sqrt() * dot(b, b).sqrt())
        .collect();
    loop {
        let candidates = (0..columns.len()).filter(|j| !barred[*j] && !admitted.contains(j));
        let slopes = candidates
            .map(|j| (j, dot(columns[j], &residual)))
            .filter(|(j, g)| *g > slack[*j]);
        let Some((entering, _)) = slopes.max_by(|(_, g), (_, h)| g.total_cmp(h)) else {
            break;
        };
        if steps >= limit {
            status = Status::MaxSteps;
            break;
        }
        admitted.push(entering);
        let mut z = least_squares(&columns, &admitted, b);
        steps += 1;
        if z.last().is_none_or(|z| *z <= 0.0) {
            admitted.pop();
            barred[entering] = true;
            continue;
        }
        while z.iter().any(|z| *z <= 0.0) && steps < limit {
            // the largest step towards z that keeps x >= 0, and who stops it
            let ratio = |k: usize| x[admitted[k]] / (x[admitted[k]] - z[k]);
            let stopping = (0..z.len()).filter(|k| z[*k] <= 0.0);
            let Some(first) = stopping.min_by(|k, l| ratio(*k).total_cmp(&ratio(*l))) else {
                break;
            };
            let step = ratio(first);
            for (j, z) in admitted.iter().zip(&z) {
                x[*j] += step * (z - x[*j]);
            }
            x[admitted[first]] = 0.0;
            admitted.retain(|j| x[*j] > 0.0);
            z = least_squares(&columns, &admitted, b);
            steps += 1;
        }
        x.fill(0.0);
        for (j, z) in admitted.iter().zip(&z) {
            x[*j] = z.max(0.0);
        }
        residual.copy_from_slice(b);
        for j in &admitted {
            add_scaled(&mut residual, -x[*j], columns[*j]);
        }
        barred.fill(false);
    }
    Ok(Nnls {
        solution: x,
        residual: dot(&residual, &residual).sqrt(),
        steps,
        status,
    })
}

/// min |A z - b| over the columns `chosen`; a column that depends on those before it gets 0.
fn least_squares(columns: &[&[f64]], chosen: &[usize], b: &[f64]) -> Vec<f64> {
    let order = chosen.len();
    let mut basis: Vec<Vec<f64>> = Vec::with_capacity(order);
    let mut upper = vec![0.0; order * order]; // R, by columns
    for (k, j) in chosen.iter().enumerate() {
        let mut q = columns[*j].to_vec();
        let size = dot(&q, &q).sqrt();
        for (i, known) in basis.iter().enumerate() {
            let share = dot(known, &q);
            upper[k * order + i] = share;
            add_scaled(&mut q, -share, known);
        }
        let left = dot(&q, &q).sqrt();
        if left > 1e-13 * size {
            for value in &mut q {
                *value /= left;
            }
            upper[k * order + k] = left;
        } else {
            q.fill(0.0);
        }
        basis.push(q);
    }
    let mut rest = b.to_vec();
    let mut z: Vec<f64> = Vec::with_capacity(order);
    for q in &basis {
        let share = dot(q, &rest);
        add_scaled(&mut rest, -share, q);
        z.push(share);
    }
    for k in (0..order).rev() {
        let pivot = upper[k * order + k];
        z[k] = if pivot > 0.0 { z[k] / pivot } else { 0.0 };
        let known = z[k];
        add_scaled(&mut z[..k], -known, &upper[k * order..k * order + k]);
    }
    z
}

#[cfg(test)]
mod tests;
