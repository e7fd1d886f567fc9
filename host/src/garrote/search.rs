//! Search over supports: the corners m in {0, 1}^N of the free energy, by add, drop and swap moves.
//!
//! At a corner with support S of size k, 2 F = M ln(RSS_S/M) - 2 gamma k + const, so that with
//! -gamma = ln(M)/2 + g ln N minimising F over corners is minimising EBIC_g (spec of the method, 6.3; derived).
//! Coordinate ascent moves one gate at a time and can stop at a corner that a swap would leave. The search
//! keeps the best support of every size. Like the gamma path it runs upwards (best support of size k - 1 plus
//! its best addition) and downwards (size k + 1 less its least useful member); it eliminates backwards from
//! every support that the path visited and from the largest one of a coarse LASSO path (multi-start); from
//! each support it makes the best swap until none lowers the RSS; passes repeat until none improves a size.
//! The EBIC picks among the sizes. Swap moves after Zhu et al. (abess,
//! PNAS 2020); the tableau of exact gains is derived:
//!
//! ```text
//! P = C_SS^-1   h_j = P C_Sj   u = P b_S   q_j = b_j - C_jS u   s_j = C_jj - C_jS h_j
//! add j: RSS/M falls by q_j²/s_j            drop a: it rises by u_a²/P_aa
//! swap a for j: it changes by u_a²/P_aa - (q_j + u_a h_ja/P_aa)² / (s_j + h_ja²/P_aa)
//! ```
//! Cost O(k N) a move, and M N for the Gram row of each variable that ever enters; memory k N.

use super::design::Design;
use crate::simd::{Task, dispatch};
use gibbs_core::garrote::select::rss_floor;
use gibbs_core::math::Real;
use gibbs_core::math::add_scaled;
use std::collections::HashMap;

/// A column whose part outside the span of the support has less than this variance is not added.
const COLLINEAR: f64 = 1e-9;

/// Gram rows C_i· = X_i'X/M, computed once for each variable that enters.
#[derive(Debug, Default)]
struct GramRows(HashMap<usize, Vec<f64>>);

impl GramRows {
    fn row(&mut self, design: &Design, i: usize) -> &[f64] {
        self.0
            .entry(i)
            .or_insert_with(|| design.products(design.column(i)))
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
        let free = design
            .scale
            .iter()
            .map(|sd| f64::from(u8::from(*sd > 0.0)))
            .collect();
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
    #[inline(always)]
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

    #[inline(always)]
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
        self.inverse
            .push(entry.iter().map(|e| -e / pivot).chain([1.0 / pivot]).collect());
        for g in &mut row {
            *g /= pivot;
        }
        self.solved.push(row);
        self.support.push(j);
        self.rss -= q * q / pivot;
        self.free[j] = 0.0;
        self.pull[j] = 0.0;
    }

    #[inline(always)]
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
    #[inline(always)]
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

    /// The member whose removal raises RSS/M least.
    fn least_loss(&self) -> Option<usize> {
        let loss = |a: usize| self.weight[a] * self.weight[a] / self.inverse[a][a];
        (0..self.support.len()).min_by(|a, b| loss(*a).total_cmp(&loss(*b)))
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
    /// EBIC_g = M ln(RSS/M) + k (ln M + 2 g ln N), RSS floored at rounding level as in the core.
    pub fn criterion(&self, design: &Design, g: f64) -> f64 {
        let (m, n) = (design.rows() as f64, design.variables() as f64);
        let rss = self.rss.max(rss_floor::<f64>() * design.variance);
        m * Real::ln(rss) + self.support.len() as f64 * (Real::ln(m) + 2.0 * g * Real::ln(n))
    }
}

/// Largest support that may be chosen: M / ln N, the size beyond which M samples cannot tell supports of N
/// variables apart (Fan and Lv 2008 screen to n / ln p for the same reason) and the smallest RSS among so many
/// supports runs away from the criterion's assumptions; always below M/2.
fn largest_choice(design: &Design) -> usize {
    let (m, n) = (design.rows() as f64, design.variables() as f64);
    ((m / Real::ln(n).max(1.0)).ceil() as usize).min(largest_support(design))
}

/// Largest support of any use: below M/2.
fn largest_support(design: &Design) -> usize {
    design.variables().min((design.rows() - 1) / 2)
}

/// [`Tableau::descend`] on the best instruction set.
struct Descent<'s> {
    tableau: &'s mut Tableau,
    gram: &'s mut GramRows,
    design: &'s Design,
}

impl Task for Descent<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self) {
        self.tableau.descend(self.gram, self.design);
    }
}

/// The search in progress: the best tableau of every size so far.
struct Search<'d> {
    design: &'d Design,
    gram: GramRows,
    found: Vec<Tableau>,
}

impl Search<'_> {
    /// Lets `candidate` descend; keeps it if it is the best of its size. Returns whether it was.
    fn offer(&mut self, mut candidate: Tableau) -> bool {
        dispatch(Descent {
            tableau: &mut candidate,
            gram: &mut self.gram,
            design: self.design,
        });
        let size = candidate.support.len();
        match self.found.get_mut(size) {
            Some(best) if candidate.rss < best.rss * (1.0 - 1e-9) => *best = candidate,
            Some(_) => return false,
            None => self.found.push(candidate),
        }
        true
    }

    /// Backward elimination: drops the least useful member of `tableau` again and again, and offers what is left
    /// at every size up to `limit`. A large support that holds the truth leads to it where greedy additions,
    /// from which every swap makes things worse, do not.
    fn eliminate(&mut self, mut tableau: Tableau, limit: usize) {
        while !tableau.support.is_empty() {
            if tableau.support.len() <= limit && tableau.support.len() <= self.found.len() {
                self.offer(tableau.clone());
            }
            let Some(a) = tableau.least_loss() else { return };
            tableau.remove(a);
        }
    }

    /// One pass over the sizes, upwards by the best addition or downwards by the least loss.
    fn pass(&mut self, upwards: bool, limit: usize) -> bool {
        let mut improved = false;
        for step in 0..limit {
            let mut chain = if upwards {
                let Some(chain) = self.found.get(step).cloned() else {
                    break;
                };
                if chain.rss < 1e-9 * self.design.variance {
                    break;
                }
                chain
            } else {
                match self.found.get(limit - step).cloned() {
                    Some(chain) => chain,
                    None => continue,
                }
            };
            if upwards {
                let Some((j, _)) = chain.best_addition() else {
                    break;
                };
                chain.add(&mut self.gram, self.design, j);
            } else {
                let Some(a) = chain.least_loss() else { continue };
                chain.remove(a);
            }
            improved |= self.offer(chain);
        }
        improved
    }
}

/// The best support found of every size 0, 1, 2, … up to M / ln N (index = size): one pass upwards, then
/// elimination from every start, then passes downwards and upwards until one improves no size (at most six).
pub fn corners(design: &Design, correlation: &[f64], starts: &[Vec<usize>]) -> Vec<Corner> {
    let limit = largest_choice(design);
    let empty = Tableau::empty(design, correlation);
    let mut search = Search {
        design,
        gram: GramRows::default(),
        found: vec![empty.clone()],
    };
    search.pass(true, limit);
    for start in starts {
        let mut tableau = empty.clone();
        for j in start.iter().take(largest_support(design)) {
            if tableau.free[*j] > COLLINEAR {
                tableau.add(&mut search.gram, design, *j);
            }
        }
        search.eliminate(tableau, limit);
    }
    for round in 0..6 {
        if !search.pass(round % 2 == 1, limit) {
            break;
        }
    }
    let corner = |t: &Tableau| Corner {
        support: t.sorted(),
        rss: t.rss,
    };
    search.found.iter().map(corner).collect()
}

/// The corner with the smallest EBIC_g among those with k <= M / ln N and k < M/2; ties go to the smaller.
pub fn best_corner<'c>(design: &Design, corners: &'c [Corner], g: f64) -> Option<&'c Corner> {
    let mut best: Option<(&Corner, f64)> = None;
    for corner in corners
        .iter()
        .filter(|c| c.support.len() <= largest_choice(design))
    {
        let value = corner.criterion(design, g);
        if best.is_none_or(|(_, least)| value < least) {
            best = Some((corner, value));
        }
    }
    best.map(|(corner, _)| corner)
}

#[cfg(test)]
mod tests;
