//! Oracles: enumeration of all supports, least squares of each support, the inverse of its Gram matrix.
//!
//! Mutations seen red: sign of the update of P; denominator of a swap; no swaps at all; `<=` in `best_corner`; sizes
//! up to M. Seen green: a dependent column let in from a start (its NaN or tiny gain is never the better one).

use super::super::testing::{apart, design, least_squares, problem, raw};
use super::*;
use gibbs_core::random::{below, stream};

/// The tableau's numbers against their definitions. Tolerance 1e-9: condition numbers up to about 1e3, some
/// hundred updates.
fn check(tableau: &Tableau, design: &Design, gram: &mut GramRows) {
    let (support, n) = (&tableau.support, design.variables());
    let (weights, rss) = least_squares(design, support);
    assert!(apart(&tableau.weight, &weights) < 1e-9, "u");
    assert!((tableau.rss - rss).abs() < 1e-9 * design.variance, "rss");
    let rows: Vec<Vec<f64>> = support.iter().map(|i| gram.row(design, *i).to_vec()).collect();
    let correlation = design.correlation();
    for (a, inverse) in tableau.inverse.iter().enumerate() {
        for (b, j) in support.iter().enumerate() {
            let product: f64 = inverse.iter().zip(&rows).map(|(p, c)| p * c[*j]).sum();
            assert!((product - f64::from(u8::from(a == b))).abs() < 1e-9, "P C_SS");
        }
    }
    for j in 0..n {
        if support.contains(&j) || design.scale[j] == 0.0 {
            assert!(tableau.free[j].abs() < 1e-12 && tableau.pull[j].abs() < 1e-12);
            continue;
        }
        let (mut pull, mut free) = (correlation[j], 1.0);
        for (a, row) in rows.iter().enumerate() {
            pull -= weights[a] * row[j];
            free -= tableau.solved[a][j] * row[j];
            let solved: f64 = tableau.inverse[a].iter().zip(&rows).map(|(p, c)| p * c[j]).sum();
            assert!((tableau.solved[a][j] - solved).abs() < 1e-9, "h");
        }
        assert!((tableau.pull[j] - pull).abs() < 1e-9 && (tableau.free[j] - free).abs() < 1e-9);
    }
}

#[test]
fn the_tableau_stays_exact_and_its_gains_come_true() {
    for seed in 0..4 {
        let design = problem(seed, (30, 14), 3, (0.5, 0.8));
        let (mut gram, correlation) = (GramRows::default(), design.correlation());
        let mut tableau = Tableau::empty(&design, &correlation);
        let mut rng = stream(seed, "test.search", 0);
        for step in 0..60 {
            let size = tableau.support.len();
            let before = tableau.rss;
            if size == 0 || (size < 9 && below(&mut rng, 2) == 0) {
                let (best, gain) = tableau.best_addition().unwrap();
                let j = below(&mut rng, 14) as usize;
                let j = if tableau.support.contains(&j) { best } else { j };
                tableau.add(&mut gram, &design, j);
                assert!(
                    before - tableau.rss <= gain + 1e-9,
                    "a better addition than the best"
                );
                assert!(j != best || (before - tableau.rss - gain).abs() < 1e-9);
            } else if let Some((a, j, gain)) = tableau.best_swap().filter(|_| step % 3 == 0) {
                tableau.remove(a);
                tableau.add(&mut gram, &design, j);
                assert!(
                    gain > 0.0 && (before - tableau.rss - gain).abs() < 1e-9,
                    "gain of a swap"
                );
            } else {
                let least = tableau.least_loss().unwrap();
                let loss = |a: usize| {
                    let rest: Vec<usize> = tableau
                        .support
                        .iter()
                        .copied()
                        .filter(|j| *j != tableau.support[a])
                        .collect();
                    least_squares(&design, &rest).1
                };
                assert!((0..size).all(|a| loss(least) <= loss(a) + 1e-9), "least loss");
                tableau.remove(below(&mut rng, size as u32) as usize);
            }
            check(&tableau, &design, &mut gram);
        }
    }
}

/// The smallest RSS/M of every size, by enumeration.
fn enumerate(design: &Design) -> Vec<f64> {
    let n = design.variables();
    let mut best = vec![f64::INFINITY; n + 1];
    for mask in 0_u32..1 << n {
        let support: Vec<usize> = (0..n).filter(|i| mask >> i & 1 == 1).collect();
        let rss = least_squares(design, &support).1;
        best[support.len()] = best[support.len()].min(rss);
    }
    best
}

/// 200 designs of 9 chained columns (chain 0.8: neighbours correlate by about 0.6): 2000 sizes. A search by swaps need not find
/// every best subset; it misses 6 of these, and 15 without swaps.
#[test]
fn the_best_subset_of_every_size_is_found() {
    let (mut missed, mut sizes) = (0, 0);
    for seed in 0..200 {
        let design = problem(seed, (30, 9), 4, (1.5, 0.8));
        let found = corners(&design, &design.correlation(), &[]);
        let best = enumerate(&design);
        assert_eq!(found.len(), 10);
        for (size, (corner, best)) in found.iter().zip(&best).enumerate() {
            assert_eq!(corner.support.len(), size);
            assert!(corner.support.is_sorted());
            let own = least_squares(&design, &corner.support).1;
            assert!(
                (corner.rss - own).abs() < 1e-9 * own,
                "rss is not that of the support"
            );
            assert!(corner.rss > best - 1e-9 * best, "below the best subset");
            missed += usize::from(corner.rss > best * (1.0 + 1e-9));
            sizes += 1;
        }
        for g in [0.0, 0.5, 1.0] {
            let chosen = best_corner(&design, &found, g).unwrap();
            let value = |c: &Corner| {
                30.0 * c.rss.ln() + c.support.len() as f64 * (30.0_f64.ln() + 2.0 * g * 9.0_f64.ln())
            };
            assert!((chosen.criterion(&design, g) - value(chosen)).abs() < 1e-9);
            assert!(found.iter().all(|c| value(chosen) <= value(c)));
        }
    }
    assert!(missed * 250 <= sizes, "{missed} of {sizes}");
}

#[test]
fn a_start_on_the_path_is_not_lost() {
    let design = problem(1, (24, 40), 3, (0.8, 0.7));
    let correlation = design.correlation();
    let alone = corners(&design, &correlation, &[]);
    let start = vec![1, 4, 9, 12];
    let rss = least_squares(&design, &start).1;
    let with = corners(&design, &correlation, &[start]);
    assert!(
        with[4].rss <= rss
            && with
                .iter()
                .zip(&alone)
                .all(|(w, a)| w.rss <= a.rss * (1.0 + 1e-9))
    );
}

#[test]
fn sizes_stay_within_m_over_ln_n_and_ties_go_to_the_smaller() {
    let design = problem(2, (9, 40), 1, (0.8, 0.0));
    let found = corners(&design, &design.correlation(), &[]);
    assert_eq!(found.len(), 4); // 9 / ln 40 = 2.4: sizes 0 to 3
    let corner = |support: Vec<usize>, rss| Corner { support, rss };
    // an exact fit at two sizes: the floor makes them equal up to the price of a variable
    let exact = [
        corner(vec![], 1.0),
        corner(vec![3], 0.0),
        corner(vec![3, 4], -1e-18),
    ];
    assert_eq!(best_corner(&design, &exact, 0.0), Some(&exact[1]));
    let same = [corner(vec![1], 0.5), corner(vec![2], 0.5)];
    assert_eq!(best_corner(&design, &same, 1.0), Some(&same[0]));
    assert_eq!(best_corner(&design, &[corner(vec![0; 5], 0.5)], 1.0), None);
}

#[test]
fn dependent_and_dead_columns_do_not_enter() {
    let (x, y) = raw(3, (20, 4), 2, (0.3, 0.0));
    let mut all = x.clone();
    all.extend(&x[..20]); // 4 = 0
    all.extend(x[..20].iter().zip(&x[20..40]).map(|(a, b)| a + b)); // 5 = 0 + 1
    all.extend([7.0; 20]); // 6 dead
    let design = design(all, y);
    let found = corners(&design, &design.correlation(), &[vec![0, 4], vec![6]]);
    assert_eq!(found.len(), 5, "the columns span four dimensions");
    for corner in &found {
        assert!(!corner.support.contains(&6), "dead");
        assert!(
            !(corner.support.contains(&0) && corner.support.contains(&4)),
            "a column and its copy"
        );
        let own = least_squares(&design, &corner.support).1;
        assert!((corner.rss - own).abs() < 1e-9 * own);
    }
    assert!(
        found[1].support == [0] || found[1].support == [2],
        "first in order"
    );
}

/// The least EBIC_g over all sets below M/2, by enumeration.
fn least_criterion(design: &Design, g: f64) -> (Vec<usize>, f64) {
    let n = design.variables();
    let mut best = (Vec::new(), f64::INFINITY);
    for mask in 0_u32..1 << n {
        let support: Vec<usize> = (0..n).filter(|i| mask >> i & 1 == 1).collect();
        if 2 * support.len() >= design.rows() {
            continue;
        }
        let rss = least_squares(design, &support).1;
        let value = design.rows() as f64 * rss.ln() + support.len() as f64 * penalty(design, g);
        if value < best.1 {
            best = (support, value);
        }
    }
    best
}

/// Draws like those of the ignored test of `host/tests/garrote_choice.rs`, which does all of them.
#[test] // oracle: garrote-search
fn the_chosen_set_is_the_one_of_enumeration() {
    for seed in 0..24 {
        let (rows, columns) = (20 + 7 * seed as usize, 6 + seed as usize % 4);
        let design = problem(
            seed,
            (rows, columns),
            3,
            (3.0, if seed % 2 == 0 { 0.0 } else { 0.98 }),
        );
        let found = corners(&design, &design.correlation(), &[]);
        for g in [0.0, 1.0] {
            let best = choose(&design, &found, g).unwrap();
            let (support, value) = least_criterion(&design, g);
            assert_eq!(best.solution.support, support, "seed {seed}, g {g}");
            assert!(
                (best.criterion - value).abs() < 1e-8 && best.proven,
                "seed {seed}, g {g}"
            );
            // from corners that know nothing, the tree alone finds it
            let blind = choose(&design, &found[..1], g).unwrap();
            assert_eq!(blind.solution.support, support, "blind, seed {seed}, g {g}");
        }
    }
}
