//! Brute force: all 2^N states, transition matrices, and the exact probability of one decision.
//! State number k has spin i up where bit i of k is 1.

use core::convert::Infallible;
use rand_core::TryRng;

pub(crate) fn spins_of(state: usize, n: usize) -> Vec<i8> {
    (0..n).map(|i| if state >> i & 1 == 1 { 1 } else { -1 }).collect()
}

pub(crate) fn state_of(spins: &[i8]) -> usize {
    spins
        .iter()
        .enumerate()
        .map(|(i, s)| usize::from(*s > 0) << i)
        .sum()
}

/// Energies of all states, from the definition.
pub(crate) fn energies(couplings: &[f64], fields: &[f64]) -> Vec<f64> {
    let n = fields.len();
    let energy = |state| {
        let s: Vec<f64> = spins_of(state, n).into_iter().map(f64::from).collect();
        let mut e = 0.0;
        for i in 0..n {
            let row: f64 = (i + 1..n).map(|j| couplings[i * n + j] * s[j]).sum();
            e -= s[i] * (row + fields[i]);
        }
        e
    };
    (0..1 << n).map(energy).collect()
}

pub(crate) fn boltzmann(energies: &[f64], beta: f64) -> Vec<f64> {
    let ground = energies.iter().copied().fold(f64::INFINITY, f64::min);
    let weights: Vec<f64> = energies.iter().map(|e| (-beta * (e - ground)).exp()).collect();
    let z: f64 = weights.iter().sum();
    weights.iter().map(|w| w / z).collect()
}

pub(crate) fn mean(law: &[f64], values: &[f64]) -> f64 {
    law.iter().zip(values).map(|(p, v)| p * v).sum()
}

pub(crate) fn total_variation(p: &[f64], q: &[f64]) -> f64 {
    0.5 * p.iter().zip(q).map(|(p, q)| (p - q).abs()).sum::<f64>()
}

/// A row-stochastic matrix: entry (from, to).
pub(crate) type Matrix = Vec<Vec<f64>>;

/// The chain that decides about spin i alone; `flips(state, i)` is the probability of the flip.
pub(crate) fn site(n: usize, i: usize, flips: &impl Fn(usize, usize) -> f64) -> Matrix {
    let mut matrix = vec![vec![0.0; 1 << n]; 1 << n];
    for (state, row) in matrix.iter_mut().enumerate() {
        let p = flips(state, i);
        row[state] += 1.0 - p;
        row[state ^ 1 << i] += p;
    }
    matrix
}

/// First `a`, then `b`.
pub(crate) fn then(a: &Matrix, b: &Matrix) -> Matrix {
    let size = a.len();
    let entry = |row: &[f64], k: usize| (0..size).map(|m| row[m] * b[m][k]).sum();
    a.iter()
        .map(|row| (0..size).map(|k| entry(row, k)).collect())
        .collect()
}

/// The decisions about `sites`, one after the other.
pub(crate) fn sequence(n: usize, sites: &[usize], flips: &impl Fn(usize, usize) -> f64) -> Matrix {
    let first = site(n, sites[0], flips);
    sites[1..]
        .iter()
        .fold(first, |all, i| then(&all, &site(n, *i, flips)))
}

/// One decision about a spin drawn uniformly.
pub(crate) fn random_site(n: usize, flips: &impl Fn(usize, usize) -> f64) -> Matrix {
    let mut sum = vec![vec![0.0; 1 << n]; 1 << n];
    for i in 0..n {
        for (total, row) in sum.iter_mut().zip(site(n, i, flips)) {
            for (t, p) in total.iter_mut().zip(row) {
                *t += p / n as f64;
            }
        }
    }
    sum
}

/// Largest |(pi P - pi)_k|.
pub(crate) fn imbalance(law: &[f64], matrix: &Matrix) -> f64 {
    let after = |k: usize| law.iter().zip(matrix).map(|(p, row)| p * row[k]).sum::<f64>();
    (0..law.len())
        .map(|k| (after(k) - law[k]).abs())
        .fold(0.0, f64::max)
}

/// Largest |pi_a P_ab - pi_b P_ba|: 0 in detailed balance.
pub(crate) fn violation(law: &[f64], matrix: &Matrix) -> f64 {
    let mut worst = 0.0_f64;
    for a in 0..law.len() {
        for b in 0..a {
            worst = worst.max((law[a] * matrix[a][b] - law[b] * matrix[b][a]).abs());
        }
    }
    worst
}

/// The stationary law, by powers.
pub(crate) fn stationary(matrix: &Matrix) -> Vec<f64> {
    let mut power = matrix.clone();
    for _ in 0..20 {
        power = then(&power, &power);
        for row in &mut power {
            let sum: f64 = row.iter().sum();
            for p in row.iter_mut() {
                *p /= sum;
            }
        }
    }
    power.swap_remove(0)
}

/// A generator whose every word is this one.
pub(crate) struct Always(pub(crate) u64);

impl TryRng for Always {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.0 as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.0)
    }
    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.fill(self.0 as u8);
        Ok(())
    }
}

/// The share of `first..end` for which `test` holds, when it changes at most once along the range.
pub(crate) fn share(first: u64, end: u64, test: impl Fn(u64) -> bool) -> f64 {
    let start = test(first);
    let (mut same, mut beyond) = (first, end);
    while same + 1 < beyond {
        let middle = u64::midpoint(same, beyond);
        if test(middle) == start {
            same = middle;
        } else {
            beyond = middle;
        }
    }
    let part = (beyond - first) as f64 / (end - first) as f64;
    if start { part } else { 1.0 - part }
}

/// 1 - the chi-squared distribution at this many degrees of freedom and 1e-6, by Wilson and Hilferty (1931).
pub(crate) fn chi_squared_limit(degrees: usize) -> f64 {
    let v = 2.0 / (9.0 * degrees as f64);
    degrees as f64 * (1.0 - v + 4.753 * v.sqrt()).powi(3)
}

/// Pearson's statistic of `counts` against `law`.
pub(crate) fn chi_squared(counts: &[u32], law: &[f64]) -> f64 {
    let total = f64::from(counts.iter().sum::<u32>());
    let term = |(count, p): (&u32, &f64)| (f64::from(*count) - total * p).powi(2) / (total * p);
    counts.iter().zip(law).map(term).sum()
}
