//! How the host chooses a set of variables, against routes of the tests' own: the search over supports against
//! enumeration, the cross-validation curve against fits of raw rows.
//!
//! Mutations tried, each seen red: search without swaps; EBIC without 2 g ln N; collinear columns admitted; the error on
//! the rows fitted in place of those left out; the wrong fold left out; the mean over one fold fewer.

use gibbs::baseline::cv::Folds;
use gibbs::garrote::held_out::{cross_validate, validate};
use gibbs::garrote::search::{best_corner, corners};
use gibbs::garrote::trail::{default_grid, trace_design};
use gibbs::garrote::{Design, FitOptions, Rule, fit};
use gibbs::work::Work;
use gibbs_core::garrote::Options;
use gibbs_core::random::{normal, stream};

/// M rows of N neighbouring-correlated columns in odd units; the target depends on columns 1, 4 and 5.
fn raw(seed: u64, rows: usize, columns: usize) -> (Vec<f64>, Vec<f64>) {
    let mut rng = stream(seed, "tests/garrote_choice", 0);
    let mut x = vec![0.0; rows * columns];
    for row in 0..rows {
        let mut last = 0.0;
        for column in 0..columns {
            last = normal::<f64>(&mut rng) + 0.6 * last;
            x[column * rows + row] = 5.0 + (column as f64 + 1.0) * last;
        }
    }
    let y = (0..rows).map(|row| {
        let z = |column: usize| x[column * rows + row] / (column as f64 + 1.0);
        z(1) - 0.8 * z(4) + 0.5 * z(5) + normal::<f64>(&mut rng)
    });
    let y = y.collect();
    (x, y)
}

fn design(x: Vec<f64>, y: Vec<f64>) -> Design {
    let names = (0..x.len() / y.len()).map(|i| format!("x{i}")).collect();
    Design::new(names, "y", x, y).unwrap()
}

/// RSS/M of least squares on the columns of `set`, by Gram-Schmidt: no normal equations, no tableau.
fn residual(design: &Design, set: usize) -> f64 {
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
    let mut rest = design.y.clone();
    let mut basis: Vec<Vec<f64>> = Vec::new();
    for i in (0..design.variables()).filter(|i| set >> i & 1 == 1) {
        let mut q = design.column(i).to_vec();
        for e in basis.iter().chain(&basis.clone()) {
            let along = dot(e, &q);
            q.iter_mut().zip(e).for_each(|(q, e)| *q -= along * e);
        }
        let length = dot(&q, &q).sqrt();
        for q in &mut q {
            *q /= length;
        }
        let along = dot(&q, &rest);
        rest.iter_mut().zip(&q).for_each(|(r, q)| *r -= along * q);
        basis.push(q);
    }
    dot(&rest, &rest) / design.rows() as f64
}

#[test] // oracle: garrote-search
fn the_search_finds_what_enumeration_finds() {
    let (rows, columns) = (40, 9);
    for seed in 0..20 {
        let (x, y) = raw(seed, rows, columns);
        let design = design(x, y);
        let found = corners(&design, &design.correlation(), &[]);
        assert!(found.len() > 5, "seed {seed}: {} sizes", found.len());
        let mut least = vec![f64::INFINITY; columns + 1];
        for set in 0_usize..1 << columns {
            let size = set.count_ones() as usize;
            least[size] = least[size].min(residual(&design, set));
        }
        for (size, corner) in found.iter().enumerate() {
            assert_eq!(corner.support.len(), size);
            let set = corner.support.iter().fold(0, |set, i| set | 1 << i);
            // Two routes to one number of order one.
            let own = residual(&design, set);
            assert!((corner.rss / own - 1.0).abs() < 1e-9, "seed {seed}, size {size}");
            assert!(
                (corner.rss / least[size] - 1.0).abs() < 1e-9,
                "seed {seed}, size {size}: {} above the best, {}",
                corner.rss,
                least[size]
            );
        }
        for g in [0.0, 0.5, 1.0] {
            let (m, n) = (rows as f64, columns as f64);
            let value = |size: usize| m * least[size].ln() + size as f64 * (m.ln() + 2.0 * g * n.ln());
            let best = (0..found.len()).min_by(|a, b| value(*a).total_cmp(&value(*b)));
            let chosen = best_corner(&design, &found, g).map(|corner| corner.support.len());
            assert_eq!(chosen, best, "seed {seed}, g {g}");
        }
    }
}

// a column twice, and one that never varies
#[test] // edge: garrote-search
fn the_search_passes_over_copies_and_dead_columns() {
    let (rows, columns) = (40, 6);
    let (mut x, y) = raw(3, rows, columns);
    let copy = x[rows..2 * rows].to_vec();
    x.extend(copy);
    x.extend(vec![7.0; rows]);
    let design = design(x, y);
    for corner in corners(&design, &design.correlation(), &[vec![1, 6, 7]]) {
        let both = corner.support.contains(&1) && corner.support.contains(&6);
        assert!(
            !both && !corner.support.contains(&7),
            "{corner:?} holds a copy or a dead column"
        );
        assert!(corner.rss.is_finite() && corner.rss >= 0.0);
    }
}

/// Squared error along the path of a fit of some raw rows, on other raw rows.
fn errors_of(
    x: &[f64],
    y: &[f64],
    fitted: &[usize],
    judged: &[usize],
    grid: &[f64],
    options: Options<f64>,
) -> Vec<f64> {
    let rows = y.len();
    let pick = |of: &[usize]| -> (Vec<f64>, Vec<f64>) {
        let columns = x.chunks(rows).flat_map(|c| of.iter().map(|row| c[*row]));
        (columns.collect(), of.iter().map(|row| y[*row]).collect())
    };
    let (inside, y_in) = pick(fitted);
    let (outside, y_out) = pick(judged);
    let design = design(inside, y_in);
    let trail = trace_design(&design, grid, options, false).unwrap();
    let error = |effects: &[(usize, f64)]| {
        let squares = y_out.iter().enumerate().map(|(row, y)| {
            let terms = effects
                .iter()
                .map(|(i, v)| v * (outside[i * y_out.len() + row] - design.mean[*i]) / design.scale[*i]);
            (design.target_mean + terms.sum::<f64>() - y).powi(2)
        });
        squares.sum::<f64>() / y_out.len() as f64
    };
    trail.kept.iter().map(|kept| error(&kept.effects())).collect()
}

fn assert_same(got: &[f64], expected: &[f64], what: &str) {
    assert!(got.len() > 10 && got.len() == expected.len(), "{what}");
    for (k, (got, expected)) in got.iter().zip(expected).enumerate() {
        // Both converge to 1e-12; columns are scaled once here, twice there.
        assert!(
            (got / expected - 1.0).abs() < 1e-6,
            "{what}, gamma {k}: {got} {expected}"
        );
    }
}

#[test] // oracle: garrote-validation, garrote-cv
fn cross_validation_is_the_mean_over_fits_of_raw_rows() {
    let (rows, folds, seed) = (45, 5, 11);
    let (x, y) = raw(1, rows, 8);
    let whole = design(x.clone(), y.clone());
    let options = Options {
        tolerance: 1e-12,
        max_sweeps: 20_000,
        ..Options::default()
    };
    let grid = default_grid(&whole, 16).unwrap();
    let curve = cross_validate(&whole, &grid, options, folds, seed, &Work::plain()).unwrap();
    let dealt = Folds::shuffled(rows, folds, seed).unwrap();
    let by_fold: Vec<Vec<f64>> = (0..folds)
        .map(|fold| {
            let of = |keep: bool| -> Vec<usize> {
                (0..rows)
                    .filter(|row| (dealt.of_rows()[*row] == fold) == keep)
                    .collect()
            };
            errors_of(&x, &y, &of(false), &of(true), &grid, options)
        })
        .collect();
    let reached = by_fold.iter().map(Vec::len).min().unwrap_or(0);
    let mean = |k: usize| by_fold.iter().map(|errors| errors[k]).sum::<f64>() / folds as f64;
    assert_same(
        &curve.validation,
        &(0..reached).map(mean).collect::<Vec<_>>(),
        "cv",
    );

    let (first, rest): (Vec<usize>, Vec<usize>) = (0..rows).partition(|row| *row < 15);
    let part = |of: &[usize]| -> (Vec<f64>, Vec<f64>) {
        let columns = x.chunks(rows).flat_map(|c| of.iter().map(|row| c[*row]));
        (columns.collect(), of.iter().map(|row| y[*row]).collect())
    };
    let (x_first, y_first) = part(&first);
    let (x_rest, y_rest) = part(&rest);
    let names: Vec<String> = (0..8).map(|i| format!("x{i}")).collect();
    let held = Design::raw(names, "y", x_first, y_first).unwrap();
    let fitted = design(x_rest, y_rest);
    let curve = validate(&fitted, Some(&held), &grid, options, 0).unwrap();
    assert_same(
        &curve.validation,
        &errors_of(&x, &y, &rest, &first, &grid, options),
        "validation",
    );
}

#[test] // edge: garrote-cv
fn impossible_folds_are_refused() {
    let (x, y) = raw(2, 12, 6);
    let design = design(x, y);
    let grid = default_grid(&design, 8).unwrap();
    for folds in [0, 1, 13] {
        let got = cross_validate(&design, &grid, Options::default(), folds, 0, &Work::plain());
        assert!(got.is_err(), "{folds} folds of 12 rows");
    }
}

/// All subsets of up to `limit` columns by depth-first elimination: Schur complements of the columns not yet passed.
struct Enumeration {
    samples: f64,
    penalty: f64,
    limit: usize,
    best: (f64, Vec<usize>),
    members: Vec<usize>,
}

impl Enumeration {
    /// `c` (n x n) and `b` of the columns from `first` on, given the members.
    fn visit(&mut self, first: usize, c: &[f64], b: &[f64], rss: f64) {
        let n = b.len();
        let value = self.samples * rss.ln() + self.members.len() as f64 * self.penalty;
        if value < self.best.0 {
            self.best = (value, self.members.clone());
        }
        if self.members.len() == self.limit {
            return;
        }
        for i in 0..n {
            let pivot = c[i * n + i];
            if pivot < 1e-10 {
                continue;
            }
            let rest = i + 1..n;
            let mut next = Vec::with_capacity((n - i) * (n - i));
            for j in rest.clone() {
                let factor = c[j * n + i] / pivot;
                next.extend(rest.clone().map(|k| c[j * n + k] - factor * c[i * n + k]));
            }
            let pulls: Vec<f64> = rest.map(|j| b[j] - b[i] * c[j * n + i] / pivot).collect();
            self.members.push(first + i);
            self.visit(first + i + 1, &next, &pulls, rss - b[i] * b[i] / pivot);
            self.members.pop();
        }
    }

    fn least(design: &Design, g: f64) -> Vec<usize> {
        let (n, m) = (design.variables(), design.rows() as f64);
        let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>() / m;
        let c: Vec<f64> = (0..n * n)
            .map(|e| dot(design.column(e / n), design.column(e % n)))
            .collect();
        let mut search = Self {
            samples: m,
            penalty: m.ln() + 2.0 * g * (n as f64).ln(),
            limit: (design.rows() - 1) / 2,
            best: (f64::INFINITY, Vec::new()),
            members: Vec::new(),
        };
        search.visit(0, &c, &design.correlation(), design.variance);
        search.best.1
    }
}

/// A drawn problem: `columns` normal columns with pairwise correlation `common`, up to five weights of .3 to 1.5.
fn drawn(seed: u64, rows: usize, columns: usize, common: f64) -> Design {
    let mut rng = stream(seed, "tests/garrote_choice/drawn", columns as u64);
    let shared: Vec<f64> = (0..rows).map(|_| normal(&mut rng)).collect();
    let x: Vec<f64> = (0..columns * rows)
        .map(|at| common.sqrt() * shared[at % rows] + (1.0 - common).sqrt() * normal::<f64>(&mut rng))
        .collect();
    let y = (0..rows).map(|row| {
        let terms = (0..(seed as usize % 6)).map(|k| (0.3 + 0.3 * k as f64) * x[k * rows + row]);
        terms.sum::<f64>()
    });
    let y: Vec<f64> = y.collect();
    let y = y.iter().map(|v| v + normal::<f64>(&mut rng)).collect();
    design(x, y)
}

/// The set that the whole fit reports against enumeration; returns how many of the draws agree.
fn agreeing(draws: impl Iterator<Item = (u64, usize, usize)>, g: f64) -> (usize, usize) {
    let (mut equal, mut all) = (0, 0);
    for (seed, rows, columns) in draws {
        let design = drawn(seed, rows, columns, if seed % 2 == 0 { 0.0 } else { 0.7 });
        let options = FitOptions {
            rule: Rule::Ebic(g),
            ..FitOptions::default()
        };
        let found = fit(&design, &options).unwrap();
        all += 1;
        if found.support() == Enumeration::least(&design, g) {
            equal += 1;
        } else {
            eprintln!("seed {seed}, {rows} x {columns}, g {g}: {:?}", found.support());
        }
    }
    (equal, all)
}

/// 8 to 15 columns, 20 to 200 rows.
fn shape(seed: u64) -> (u64, usize, usize) {
    (seed, 20 + (seed as usize * 37) % 181, 8 + seed as usize % 8)
}

#[test] // the first of each kind; all of them below
fn the_fit_reports_the_set_of_least_criterion() {
    assert_eq!(agreeing((0..24).map(shape), 1.0), (24, 24));
    assert_eq!(agreeing((0..16).map(shape), 0.0), (16, 16));
}

#[test]
#[ignore = "minutes: 2^25 subsets of 20 problems; run with --release"]
fn the_fit_reports_the_set_of_least_criterion_everywhere() {
    let extended = agreeing((0..240).map(shape), 1.0);
    let bayesian = agreeing((0..150).map(shape), 0.0);
    let wide = agreeing((0..20).map(|seed| (seed, 30 + 9 * seed as usize, 25)), 1.0);
    eprintln!("EBIC {extended:?}, BIC {bayesian:?}, EBIC of 25 columns {wide:?}");
    assert_eq!((extended, bayesian, wide), ((240, 240), (150, 150), (20, 20)));
}
