//! Search over supports: the corners m in {0, 1}^N of the free energy, by add, drop and swap moves.
//!
//! At a corner with support S of size k, 2 F = M ln(RSS_S/M) - 2 gamma k + const, so that with
//! -gamma = ln(M)/2 + g ln N minimising F over corners is minimising EBIC_g (derived).
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
//!
//! Swaps need not find the best set: of up to 32 columns, `exact` then proves it or finds the better one.

mod exact;

use super::design::Design;
use super::least_squares::{LeastSquares, least_squares, rounding};
use crate::simd::{Task, dispatch};
use gibbs_core::math::{Real, add_scaled};
use std::collections::HashMap;

/// A column whose part outside the span of the support has less than this variance is not added.
const COLLINEAR: f64 = 1e-11;
/// Up to so many columns the choice is proved by branch and bound.
const PROVABLE: usize = 32;
/// Below this part of s2, RSS/M is computed from residuals: the tableau's own carries the rounding of s2.
const PRECISE: f64 = 1e-4;

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
                // the gain is a difference of numbers of the size of the loss
                Some((a, j, gain)) if gain > 1e-10 * self.rss && gain > 1e-13 * self.loss(a) => {
                    self.remove(a);
                    self.add(gram, design, j);
                }
                _ => return,
            }
        }
    }

    /// The member whose removal raises RSS/M least.
    fn least_loss(&self) -> Option<usize> {
        (0..self.support.len()).min_by(|a, b| self.loss(*a).total_cmp(&self.loss(*b)))
    }

    /// Rise of RSS/M when member `a` leaves.
    fn loss(&self, a: usize) -> f64 {
        self.weight[a] * self.weight[a] / self.inverse[a][a]
    }

    /// RSS/M from residuals where the tableau's own has lost its digits.
    fn sharpen(&mut self, design: &Design) {
        if self.rss < PRECISE * design.variance
            && let Ok(solved) = least_squares(design, &self.support)
        {
            self.rss = solved.rss;
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
    /// The indices of the support, rising.
    pub support: Vec<usize>,
    /// RSS/M of the least-squares fit.
    pub rss: f64,
}

impl Corner {
    /// EBIC_g = M ln(RSS/M) + k (ln M + 2 g ln N), RSS/M not below the rounding of the target.
    pub fn criterion(&self, design: &Design, g: f64) -> f64 {
        let rss = self.rss.max(rounding(design, &[], &[]));
        design.rows() as f64 * Real::ln(rss) + self.support.len() as f64 * penalty(design, g)
    }
}

/// What EBIC_g charges for a variable: ln M + 2 g ln N.
pub fn penalty(design: &Design, g: f64) -> f64 {
    Real::ln(design.rows() as f64) + 2.0 * g * Real::ln(design.variables() as f64)
}

/// Largest support that may be chosen: M / ln N, the size beyond which M samples cannot tell supports of N
/// variables apart (Fan and Lv 2008 screen to n / ln p for the same reason) and the smallest RSS among so many
/// supports runs away from the criterion's assumptions; always below M/2. Where the choice is proved, M/2 alone.
fn largest_choice(design: &Design) -> usize {
    if design.variables() <= PROVABLE {
        return largest_support(design);
    }
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
        candidate.sharpen(self.design);
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
                if chain.rss <= rounding(self.design, &chain.support, &chain.weight) {
                    break; // nothing is left to explain
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

/// A set with its criterion.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// The indices of the support, rising.
    pub support: Vec<usize>,
    /// EBIC_g.
    pub criterion: f64,
}

/// The set of least EBIC_g.
#[derive(Clone, Debug)]
pub struct Best {
    /// Its least-squares solution, members by rising index.
    pub solution: LeastSquares,
    /// Its EBIC_g.
    pub criterion: f64,
    /// No set below M/2 has a smaller one: proved by branch and bound, not only searched.
    pub proven: bool,
}

/// The set of least EBIC_g: the best of `corners`, or a better one that branch and bound finds among up to 32 columns.
/// Ties go to the smaller set. `None` where no set is small enough.
pub fn choose(design: &Design, corners: &[Corner], g: f64) -> Option<Best> {
    let corner = best_corner(design, corners, g)?;
    let value = |solution: &LeastSquares| {
        design.rows() as f64 * Real::ln(solution.rss) + solution.support.len() as f64 * penalty(design, g)
    };
    let mut solution = solved(design, corner);
    let mut criterion = value(&solution);
    let mut proven = false;
    if design.variables() <= PROVABLE {
        let ranking = exact::Ranking {
            penalty: penalty(design, g),
            floor: rounding(design, &solution.support, &solution.weight),
            limit: largest_support(design),
        };
        let least = exact::search(design, &strong_first(design, &solution), ranking, criterion);
        proven = least.proven;
        if let Some(mut support) = least.better {
            support.sort_unstable();
            let other = least_squares(design, &support);
            if let Some(other) = other.ok().filter(|other| value(other) < criterion) {
                criterion = value(&other);
                solution = other;
            }
        }
    }
    Some(Best {
        solution,
        criterion,
        proven,
    })
}

/// Least squares on a corner; where its columns are collinear, with its RSS and shrunk single weights.
fn solved(design: &Design, corner: &Corner) -> LeastSquares {
    least_squares(design, &corner.support).unwrap_or_else(|_| {
        let k = corner.support.len();
        let correlation = design.correlation();
        let mut inverse = vec![0.0; k * k];
        inverse.iter_mut().step_by(k + 1).for_each(|p| *p = 1.0);
        LeastSquares {
            support: corner.support.clone(),
            weight: corner
                .support
                .iter()
                .map(|i| correlation[*i] / k as f64)
                .collect(),
            inverse,
            rss: corner.rss,
            exact: false,
        }
    })
}

/// The columns that vary: members of the set by falling loss, then the others by falling correlation with the rest.
fn strong_first(design: &Design, solution: &LeastSquares) -> Vec<usize> {
    let mut residual = design.y.clone();
    for (i, u) in solution.support.iter().zip(&solution.weight) {
        add_scaled(&mut residual, -u, design.column(*i));
    }
    let mut strength: Vec<f64> = design.products(&residual).iter().map(|q| q.abs()).collect();
    let largest = strength.iter().copied().fold(0.0, f64::max);
    for (a, i) in solution.support.iter().enumerate() {
        strength[*i] = 1.0 + largest + solution.without(a);
    }
    let mut order: Vec<usize> = (0..design.variables())
        .filter(|i| design.scale[*i] > 0.0)
        .collect();
    order.sort_by(|a, b| strength[*b].total_cmp(&strength[*a]));
    order
}

/// The `count` sets of least EBIC_g after the chosen one, among the best of every size and all sets that differ from the
/// chosen one by one addition, removal or swap. Rising.
pub fn runners_up(design: &Design, corners: &[Corner], best: &Best, g: f64, count: usize) -> Vec<Candidate> {
    let mut tableau = Tableau::empty(design, &design.correlation());
    let mut gram = GramRows::default();
    for i in &best.solution.support {
        if tableau.free[*i] > COLLINEAR {
            tableau.add(&mut gram, design, *i);
        }
    }
    let rss = best.solution.rss;
    let mut sets: Vec<(Vec<usize>, f64)> = corners.iter().map(|c| (c.support.clone(), c.rss)).collect();
    let changed = |out: Option<usize>, into: Option<usize>| {
        let kept = tableau
            .support
            .iter()
            .enumerate()
            .filter(|(a, _)| Some(*a) != out);
        let mut support: Vec<usize> = kept.map(|(_, i)| *i).chain(into).collect();
        support.sort_unstable();
        support
    };
    let free = || (0..design.variables()).filter(|j| tableau.free[*j] > COLLINEAR);
    for j in free() {
        sets.push((
            changed(None, Some(j)),
            rss - tableau.pull[j].powi(2) / tableau.free[j],
        ));
    }
    for a in 0..tableau.support.len() {
        let (u, p) = (tableau.weight[a], tableau.inverse[a][a]);
        sets.push((changed(Some(a), None), rss + tableau.loss(a)));
        for j in free() {
            let h = tableau.solved[a][j];
            let gain = (tableau.pull[j] + u * h / p).powi(2) / (tableau.free[j] + h * h / p);
            sets.push((changed(Some(a), Some(j)), rss + tableau.loss(a) - gain));
        }
    }
    let limit = largest_choice(design);
    let sets = sets
        .into_iter()
        .filter(|(s, _)| s.len() <= limit && *s != best.solution.support);
    let mut candidates: Vec<Candidate> = sets
        .map(|(support, rss)| Candidate {
            criterion: Corner {
                support: support.clone(),
                rss,
            }
            .criterion(design, g),
            support,
        })
        .collect();
    candidates.sort_by(|a, b| {
        a.criterion
            .total_cmp(&b.criterion)
            .then_with(|| a.support.cmp(&b.support))
    });
    candidates.dedup_by(|a, b| a.support == b.support);
    candidates.truncate(count);
    candidates
}

#[cfg(test)]
mod tests;
