//! Search over supports: the corners m in {0, 1}^N of the free energy, by add, drop and swap moves.
//!
//! At a corner with support S of size k, 2 F = M ln(RSS_S/M) - 2 gamma k + const, so that with
//! -gamma = ln(M)/2 + g ln N minimising F over corners is minimising EBIC_g (spec of the method, 6.3; derived).
//! Coordinate ascent moves one gate at a time and can stop at a corner that a swap would leave. For every
//! size k = 1, 2, … the search starts from the best support of size k - 1 plus its best addition, and from
//! every support of size k that the path visited (multi-start), and makes the best swap until none lowers
//! the RSS. The EBIC picks among the sizes. Swap moves after Zhu et al. (abess, PNAS 2020); the tableau of
//! exact gains is derived:
//!
//! ```text
//! P = C_SS^-1   h_j = P C_Sj   u = P b_S   q_j = b_j - C_jS u   s_j = C_jj - C_jS h_j
//! add j: RSS/M falls by q_j²/s_j            drop a: it rises by u_a²/P_aa
//! swap a for j: it changes by u_a²/P_aa - (q_j + u_a h_ja/P_aa)² / (s_j + h_ja²/P_aa)
//! ```
//! Cost O(k N) a move, and M N for the Gram row of each variable that ever enters; memory k N.

use super::design::Design;
use gibbs_core::math::{add_scaled, dot};
use std::collections::HashMap;

/// A column whose part outside the span of the support has less than this variance is not added.
const COLLINEAR: f64 = 1e-9;

/// Gram rows C_i· = X_i'X/M, computed once for each variable that enters.
#[derive(Debug, Default)]
struct GramRows(HashMap<usize, Vec<f64>>);

impl GramRows {
    fn row(&mut self, design: &Design, i: usize) -> &[f64] {
        self.0.entry(i).or_insert_with(|| {
            let (column, m) = (design.column(i), design.rows() as f64);
            design.x.chunks_exact(design.rows()).map(|other| dot(column, other) / m).collect()
        })
    }
}

/// Exact gains of every move from a support.
#[derive(Clone, Debug)]
struct Tableau {
    support: Vec<usize>,
    /// h, one row of N per member.
    solved: Vec<Vec<f64>>,
    /// P by rows.
    inverse: Vec<Vec<f64>>,
    /// u.
    weight: Vec<f64>,
    /// q (N).
    pull: Vec<f64>,
    /// s (N); members and dead columns have 0.
    free: Vec<f64>,
    /// RSS/M.
    rss: f64,
}

impl Tableau {
    fn empty(design: &Design, correlation: &[f64]) -> Self {
        let free = design.scale.iter().map(|sd| f64::from(u8::from(*sd > 0.0))).collect();
        Self {
            support: Vec::new(),
            solved: Vec::new(),
            inverse: Vec::new(),
            weight: Vec::new(),
            pull: correlation.to_vec(),
            free,
            rss: design.variance,
        }
    }

    /// The best addition: (index, fall of RSS/M).
    fn best_addition(&self) -> Option<(usize, f64)> {
        let mut best: Option<(usize, f64)> = None;
        for (j, (q, s)) in self.pull.iter().zip(&self.free).enumerate() {
            if *s > COLLINEAR {
                let gain = q * q / s;
                if best.is_none_or(|(_, g)| gain > g) {
                    best = Some((j, gain));
                }
            }
        }
        best
    }

    /// The best swap: (member position, index, fall of RSS/M).
    fn best_swap(&self) -> Option<(usize, usize, f64)> {
        let mut best: Option<(usize, usize, f64)> = None;
        for (a, h) in self.solved.iter().enumerate() {
            let (u, p) = (self.weight[a], self.inverse[a][a]);
            let (ratio, loss) = (u / p, u * u / p);
            let mut least = loss + best.map_or(0.0, |(_, _, gain)| gain);
            let mut found = None;
            for (j, ((h, q), s)) in h.iter().zip(&self.pull).zip(&self.free).enumerate() {
                // gain > least without a division: numerator > least * denominator
                let (top, bottom) = (q + ratio * h, s + h * h / p);
                if *s > COLLINEAR && top * top > least * bottom {
                    least = top * top / bottom;
                    found = Some(j);
                }
            }
            if let Some(j) = found {
                best = Some((a, j, least - loss));
            }
        }
        best
    }

    fn add(&mut self, gram: &mut GramRows, design: &Design, j: usize) {
        let mut row = gram.row(design, j).to_vec();
        for (a, member) in self.support.iter().enumerate() {
            let factor = self.solved[a][j];
            add_scaled(&mut row, -factor, gram.row(design, *member));
        }
        let pivot = self.free[j];
        let (q, entry): (f64, Vec<f64>) = (self.pull[j], self.solved.iter().map(|h| h[j]).collect());
        for (h, e) in self.solved.iter_mut().zip(&entry) {
            add_scaled(h, -e / pivot, &row);
        }
        for (s, g) in self.free.iter_mut().zip(&row) {
            *s -= g * g / pivot;
        }
        add_scaled(&mut self.pull, -q / pivot, &row);
        add_scaled(&mut self.weight, -q / pivot, &entry);
        self.weight.push(q / pivot);
        for (p, e) in self.inverse.iter_mut().zip(&entry) {
            add_scaled(p, e / pivot, &entry);
            p.push(-e / pivot);
        }
        self.inverse.push(entry.iter().map(|e| -e / pivot).chain([1.0 / pivot]).collect());
        for g in &mut row {
            *g /= pivot;
        }
        self.solved.push(row);
        self.support.push(j);
        self.rss -= q * q / pivot;
        self.free[j] = 0.0;
        self.pull[j] = 0.0;
    }

    fn remove(&mut self, a: usize) {
        let member = self.support.remove(a);
        let (h, u) = (self.solved.remove(a), self.weight.remove(a));
        let mut row = self.inverse.remove(a);
        let p = row.remove(a);
        for inverse in &mut self.inverse {
            inverse.remove(a);
        }
        for ((solved, inverse), r) in self.solved.iter_mut().zip(&mut self.inverse).zip(&row) {
            add_scaled(solved, -r / p, &h);
            add_scaled(inverse, -r / p, &row);
        }
        for (s, h) in self.free.iter_mut().zip(&h) {
            *s += h * h / p;
        }
        add_scaled(&mut self.pull, u / p, &h);
        add_scaled(&mut self.weight, -u / p, &row);
        self.rss += u * u / p;
        self.free[member] = 1.0 / p;
        self.pull[member] = u / p;
        for other in &self.support {
            self.free[*other] = 0.0;
            self.pull[*other] = 0.0;
        }
    }

    /// Swaps until none lowers RSS/M by more than rounding, at most 2 k + 10 times.
    fn descend(&mut self, gram: &mut GramRows, design: &Design) {
        for _ in 0..2 * self.support.len() + 10 {
            match self.best_swap() {
                Some((a, j, gain)) if gain > 1e-10 * self.rss => {
                    self.remove(a);
                    self.add(gram, design, j);
                }
                _ => return,
            }
        }
    }

    fn sorted(&self) -> Vec<usize> {
        let mut support = self.support.clone();
        support.sort_unstable();
        support
    }
}

/// The best support found at one size.
#[derive(Clone, Debug, PartialEq)]
pub struct Corner {
    /// Indices, rising.
    pub support: Vec<usize>,
    /// RSS/M of the least-squares fit.
    pub rss: f64,
}

impl Corner {
    /// EBIC_g = M ln(RSS/M) + k (ln M + 2 g ln N), RSS floored at 1e-3 s2 as in the core.
    pub fn criterion(&self, design: &Design, g: f64) -> f64 {
        let (m, n) = (design.rows() as f64, design.variables() as f64);
        let rss = self.rss.max(1e-3 * design.variance);
        m * rss.ln() + self.support.len() as f64 * (m.ln() + 2.0 * g * n.ln())
    }
}

/// Largest support size searched: below M/2, and no more than 30 beyond the largest start.
fn size_limit(design: &Design, starts: &[Vec<usize>]) -> usize {
    let below_half = (design.rows() - 1) / 2;
    let largest = starts.iter().map(Vec::len).max().unwrap_or(0);
    design.variables().min(below_half).min(largest.max(30))
}

/// The best support of every size 0, 1, 2, … (index = size), from the greedy chain and from `starts`.
pub fn corners(design: &Design, correlation: &[f64], starts: &[Vec<usize>]) -> Vec<Corner> {
    let mut gram = GramRows::default();
    let mut chain = Tableau::empty(design, correlation);
    let mut found = vec![Corner { support: Vec::new(), rss: design.variance }];
    for size in 1..=size_limit(design, starts) {
        let Some((j, _)) = chain.best_addition() else { break };
        chain.add(&mut gram, design, j);
        chain.descend(&mut gram, design);
        let mut seen = vec![chain.sorted()];
        for start in starts.iter().filter(|s| s.len() == size) {
            if seen.contains(start) {
                continue;
            }
            seen.push(start.clone());
            let mut other = Tableau::empty(design, correlation);
            for j in start {
                if other.free[*j] > COLLINEAR {
                    other.add(&mut gram, design, *j);
                }
            }
            other.descend(&mut gram, design);
            if other.support.len() == size && other.rss < chain.rss * (1.0 - 1e-12) {
                chain = other;
            }
        }
        found.push(Corner { support: chain.sorted(), rss: chain.rss });
        if chain.rss < 1e-9 * design.variance {
            break;
        }
    }
    found
}

/// The corner with the smallest EBIC_g among those with k < M/2; ties go to the smaller.
pub fn best_corner<'c>(design: &Design, corners: &'c [Corner], g: f64) -> Option<&'c Corner> {
    let mut best: Option<(&Corner, f64)> = None;
    for corner in corners.iter().filter(|c| 2 * c.support.len() < design.rows()) {
        let value = corner.criterion(design, g);
        if best.is_none_or(|(_, least)| value < least) {
            best = Some((corner, value));
        }
    }
    best.map(|(corner, _)| corner)
}
