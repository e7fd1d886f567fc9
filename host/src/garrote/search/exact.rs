//! The set of least criterion, proved: branch and bound over all subsets of not too many columns.
//!
//! ```text
//! X = Q R, y = Q z + rest     RSS of the first p columns = Σ_{i >= p} z_i² + rest²        (all p from one factor)
//! node (R, f): subsets of its columns that hold the first f     child j >= f: column j dropped, the first j held
//! bound of a child: M ln(RSS_child/M) + (j + 1) penalty         since RSS only rises when columns leave
//! ```
//! A column is dropped by plane rotations, so that RSS keeps the digits that normal equations lose. Strong columns come
//! first: to drop one of them early raises the bound at once. Cost of a node n²; a budget of nodes ends searches that
//! the bound cannot prune, as with nearly as many columns as rows.
//!
//! Source: the dropping-column algorithm of Gatu and Kontoghiorghes, J. Comput. Graph. Stat. 15:139 (2006), after
//! Furnival and Wilson, Technometrics 16:499 (1974).

use crate::garrote::design::Design;
use gibbs_core::math::{Real, add_scaled, dot};

/// Most nodes of the tree that are looked at.
const BUDGET: usize = 60_000;

/// What ranks the subsets: M ln(max(RSS/M, floor)) + `penalty` k, for k up to `limit`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranking {
    pub(super) penalty: f64,
    pub(super) floor: f64,
    pub(super) limit: usize,
}

/// The outcome of a search.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Least {
    /// A set whose criterion is clearly below `known`, the least of all that were seen.
    pub(super) better: Option<Vec<usize>>,
    /// No subset was left out.
    pub(super) proven: bool,
}

/// A triangular factor of some columns and the target beside them, both by columns of length `rows`.
#[derive(Clone, Debug)]
struct Factor {
    names: Vec<usize>,
    r: Vec<f64>,
    z: Vec<f64>,
    rows: usize,
}

impl Factor {
    /// By Gram-Schmidt, each column twice.
    fn new(design: &Design, order: &[usize]) -> Self {
        let rows = order.len() + 1;
        let mut basis: Vec<Vec<f64>> = Vec::new();
        let mut reduce = |column: &[f64]| {
            let mut rest = column.to_vec();
            let mut along = vec![0.0; rows];
            for _ in 0..2 {
                for (q, along) in basis.iter().zip(&mut along) {
                    let part = dot(q, &rest);
                    *along += part;
                    add_scaled(&mut rest, -part, q);
                }
            }
            let length = dot(&rest, &rest).sqrt();
            if let Some(last) = along.get_mut(basis.len()) {
                *last = length;
            }
            let scale = if length > 0.0 { 1.0 / length } else { 0.0 };
            basis.push(rest.iter().map(|v| v * scale).collect());
            along
        };
        let r = order.iter().flat_map(|i| reduce(design.column(*i))).collect();
        let z = reduce(&design.y);
        Self {
            names: order.to_vec(),
            r,
            z,
            rows,
        }
    }

    /// RSS of the first `count` columns.
    fn rss(&self, count: usize) -> f64 {
        let rest = &self.z[count..];
        dot(rest, rest)
    }

    /// The factor without the column at `position`: the columns behind it are brought back to triangular form.
    fn without(&self, position: usize) -> Self {
        let mut child = self.clone();
        child.names.remove(position);
        child.r.drain(position * self.rows..(position + 1) * self.rows);
        for i in position..child.names.len() {
            let (a, b) = (child.r[i * self.rows + i], child.r[i * self.rows + i + 1]);
            let length = (a * a + b * b).sqrt();
            if length <= 0.0 {
                continue;
            }
            let (c, s) = (a / length, b / length);
            let columns = child.r.chunks_exact_mut(self.rows).skip(i);
            for column in columns.chain([&mut child.z[..]]) {
                let (upper, lower) = (column[i], column[i + 1]);
                column[i] = c * upper + s * lower;
                column[i + 1] = c * lower - s * upper;
            }
        }
        child
    }
}

struct Tree {
    samples: f64,
    ranking: Ranking,
    least: f64,
    better: Option<Vec<usize>>,
    nodes: usize,
}

impl Tree {
    fn value(&self, rss: f64, size: usize) -> f64 {
        self.samples * Real::ln((rss / self.samples).max(self.ranking.floor))
            + size as f64 * self.ranking.penalty
    }

    /// Looks at all subsets of the columns of `factor` that hold the first `held`, but for those first ones alone.
    fn visit(&mut self, factor: &Factor, held: usize) {
        self.nodes += 1;
        let count = factor.names.len();
        for size in held + 1..=count.min(self.ranking.limit) {
            let value = self.value(factor.rss(size), size);
            if value < self.least {
                self.least = value;
                self.better = Some(factor.names[..size].to_vec());
            }
        }
        for position in held..count.saturating_sub(1) {
            let hopeless = |tree: &Self, rss| tree.value(rss, position + 1) >= tree.least;
            if position >= self.ranking.limit || hopeless(self, factor.rss(count)) || self.nodes >= BUDGET {
                return;
            }
            let child = factor.without(position);
            if !hopeless(self, child.rss(count - 1)) {
                self.visit(&child, position);
            }
        }
    }
}

/// Looks for a subset of the columns `order` (strong ones first) whose criterion is below `known`.
pub(super) fn search(design: &Design, order: &[usize], ranking: Ranking, known: f64) -> Least {
    let mut tree = Tree {
        samples: design.rows() as f64,
        ranking,
        least: known - 1e-9 * (1.0 + known.abs()),
        better: None,
        nodes: 0,
    };
    let empty = tree.value(dot(&design.y, &design.y), 0);
    if empty < tree.least {
        tree.least = empty;
        tree.better = Some(Vec::new());
    }
    tree.visit(&Factor::new(design, order), 0);
    Least {
        better: tree.better,
        proven: tree.nodes < BUDGET,
    }
}
