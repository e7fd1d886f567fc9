//! Problems and oracles shared by the tests of this folder.

use super::design::Design;
use super::synth::Draw;
use gibbs_core::linalg::{cholesky, cholesky_solve};
use gibbs_core::math::dot;
use gibbs_core::random::{normal, stream};

#[allow(dead_code, unreachable_pub)]
#[path = "../../../fixtures/tolerances.rs"]
pub(crate) mod tolerance;

/// A design of columns x0, x1, …
pub(crate) fn design(x: Vec<f64>, y: Vec<f64>) -> Design {
    let names = (0..x.len() / y.len()).map(|i| format!("x{i}")).collect();
    Design::new(names, "y", x, y).unwrap()
}

/// Raw (X, y): neighbouring columns correlated by `chain`, `relevant` evenly spaced weights +1, -1.3, +1.6, …
pub(crate) fn raw(
    seed: u64,
    (rows, columns): (usize, usize),
    relevant: usize,
    (noise, chain): (f64, f64),
) -> (Vec<f64>, Vec<f64>) {
    let mut rng = stream(seed, "test.garrote", (rows * columns) as u64);
    let mut x: Vec<f64> = (0..rows * columns).map(|_| normal(&mut rng)).collect();
    for at in rows..x.len() {
        x[at] += chain * x[at - rows];
    }
    let mut y: Vec<f64> = (0..rows).map(|_| noise * normal::<f64>(&mut rng)).collect();
    for k in 0..relevant {
        let (weight, start) = (1.0 + 0.3 * k as f64, k * (columns / relevant) * rows);
        let weight = if k % 2 == 0 { weight } else { -weight };
        for (y, x) in y.iter_mut().zip(&x[start..start + rows]) {
            *y += weight * x;
        }
    }
    (x, y)
}

/// [`raw`] as a design.
pub(crate) fn problem(
    seed: u64,
    shape: (usize, usize),
    relevant: usize,
    noise_and_chain: (f64, f64),
) -> Design {
    let (x, y) = raw(seed, shape, relevant, noise_and_chain);
    design(x, y)
}

/// The training rows of a synthetic draw.
pub(crate) fn training(draw: &Draw) -> Design {
    design(draw.train.x.clone(), draw.train.y.clone())
}

/// Indices of the nonzero true weights.
pub(crate) fn truth(draw: &Draw) -> Vec<usize> {
    (0..draw.weights.len())
        .filter(|i| draw.weights[*i] != 0.0)
        .collect()
}

/// Least-squares weights and RSS/M of a support, by the normal equations and the residual itself.
pub(crate) fn least_squares(design: &Design, support: &[usize]) -> (Vec<f64>, f64) {
    let mut residual = design.y.clone();
    let mut weights: Vec<f64> = support
        .iter()
        .map(|i| dot(design.column(*i), &design.y))
        .collect();
    if !support.is_empty() {
        let mut gram = Vec::new();
        for i in support {
            gram.extend(support.iter().map(|j| dot(design.column(*i), design.column(*j))));
        }
        cholesky(&mut gram, support.len()).unwrap();
        cholesky_solve(&gram, support.len(), &mut weights).unwrap();
    }
    for (i, w) in support.iter().zip(&weights) {
        for (r, x) in residual.iter_mut().zip(design.column(*i)) {
            *r -= w * x;
        }
    }
    let rss = dot(&residual, &residual) / design.rows() as f64;
    (weights, rss)
}

/// Largest difference of two equally long lists.
pub(crate) fn apart(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
}
