//! The tests' own arithmetic: elimination, least squares, F from rows, F at a corner.

use crate::data::{Batch, Table};
use gibbs_core::garrote::Options;
use gibbs_core::math::Real;

/// Options that converge to rounding: for tests of what holds at a fixed point.
pub(crate) fn exact() -> Options<f64> {
    Options {
        tolerance: 1e-13,
        max_sweeps: 20_000,
        ..Options::default()
    }
}

/// Solves a x = b by Gaussian elimination with pivoting: the tests' own route. `a` n x n, symmetric.
pub(crate) fn eliminate(a: &[f64], b: &[f64]) -> Vec<f64> {
    let n = b.len();
    let (mut a, mut x) = (a.to_vec(), b.to_vec());
    for k in 0..n {
        let pivot = (k..n)
            .max_by(|p, q| a[p * n + k].abs().total_cmp(&a[q * n + k].abs()))
            .unwrap();
        for j in 0..n {
            a.swap(k * n + j, pivot * n + j);
        }
        x.swap(k, pivot);
        for i in k + 1..n {
            let f = a[i * n + k] / a[k * n + k];
            for j in k..n {
                a[i * n + j] -= f * a[k * n + j];
            }
            x[i] -= f * x[k];
        }
    }
    for k in (0..n).rev() {
        let sum: f64 = (k + 1..n).map(|j| a[k * n + j] * x[j]).sum();
        x[k] = (x[k] - sum) / a[k * n + k];
    }
    x
}

/// Least squares on `set` over moments of one target: (weights in the order of `set`, RSS/M).
pub(crate) fn least_squares(batch: &Batch<f64>, set: &[usize]) -> (Vec<f64>, f64) {
    let n = batch.variables();
    let a: Vec<f64> = set
        .iter()
        .flat_map(|i| set.iter().map(move |j| batch.c[i * n + *j]))
        .collect();
    let b: Vec<f64> = set.iter().map(|i| batch.b[*i]).collect();
    let w = eliminate(&a, &b);
    let rss = batch.s2[0] - w.iter().zip(&b).map(|(w, b)| w * b).sum::<f64>();
    (w, rss)
}

/// ln(1 + e^t), the tests' own.
pub(crate) fn soft(t: f64) -> f64 {
    t.max(0.0) + (-t.abs()).exp().ln_1p()
}

/// F of eq. 9 summed over samples, from rows and not from moments.
pub(crate) fn direct_free_energy(table: &Table, m: &[f64], w: &[f64], beta: f64, gamma: f64) -> f64 {
    let (x, y) = table.standardised();
    let (rows, n) = (table.rows() as f64, table.columns);
    let mut energy = 0.0;
    for (row, y) in x.chunks_exact(n).zip(&y) {
        let fit: f64 = row.iter().zip(m).zip(w).map(|((x, m), w)| x * m * w).sum();
        energy += 0.5 * (y - fit).powi(2);
    }
    let mut rest = n as f64 * soft(gamma);
    for (m, w) in m.iter().zip(w) {
        energy += 0.5 * m * (1.0 - m) * w * w * rows;
        let x_ln = |p: f64| if p > 0.0 { p * p.ln() } else { 0.0 };
        rest += x_ln(*m) + x_ln(1.0 - m) - gamma * m;
    }
    beta * energy - 0.5 * rows * (beta / std::f64::consts::TAU).ln() + rest
}

/// Largest absolute difference.
pub(crate) fn gap<T: Real>(a: &[T], b: &[T]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter()
        .zip(b)
        .map(|(a, b)| (a.wide() - b.wide()).abs())
        .fold(0.0, f64::max)
}

/// Corner free energy of a support with residual RSS/M.
pub(crate) fn corner(batch: &Batch<f64>, size: usize, rss: f64, gamma: f64) -> f64 {
    let m = batch.samples;
    0.5 * m * (std::f64::consts::TAU * rss).ln() + 0.5 * m - gamma * size as f64
        + batch.variables() as f64 * soft(gamma)
}
