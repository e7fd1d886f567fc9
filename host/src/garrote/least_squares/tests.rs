//! Oracles: the normal equations of the tests, exact data.
//!
//! Mutations seen red: one step of refinement; the residual not refreshed; u for u² in `without`.

use super::super::testing::{apart, design, problem, raw};
use super::*;

#[test]
fn it_is_the_normal_equations() {
    let design = problem(1, (30, 8), 3, (0.5, 0.4));
    for support in [vec![], vec![3], vec![0, 2, 5], vec![1, 2, 3, 4, 7]] {
        let found = least_squares(&design, &support).unwrap();
        let (weight, rss) = super::super::testing::least_squares(&design, &support);
        assert!(apart(&found.weight, &weight) < 1e-12 && (found.rss / rss - 1.0).abs() < 1e-12);
        assert!(!found.exact && found.support == support);
        for a in 0..support.len() {
            let rest: Vec<usize> = support.iter().copied().filter(|i| *i != support[a]).collect();
            let without = super::super::testing::least_squares(&design, &rest).1;
            assert!((found.without(a) / without - 1.0).abs() < 1e-10);
        }
        assert!(
            apart(
                &refit(&design, &support)
                    .iter()
                    .map(|(_, u)| *u)
                    .collect::<Vec<_>>(),
                &weight
            ) < 1e-12
        );
    }
}

#[test] // the residual of exact data is their rounding, that of nearly exact ones is theirs
fn small_residuals_keep_their_digits() {
    let (x, rest) = raw(2, (40, 3), 0, (1.0, 0.9));
    for (noise, exact) in [(0.0, true), (1e-12, false), (1e-9, false)] {
        let y: Vec<f64> = (0..40)
            .map(|r| 5.0 * x[r] - x[80 + r] + noise * rest[r])
            .collect();
        let design = design(x.clone(), y);
        let found = least_squares(&design, &[0, 2]).unwrap();
        assert_eq!(found.exact, exact, "{noise}");
        let ratio = (found.rss.sqrt() / noise).clamp(0.0, 2.0);
        assert!(exact || (0.7..1.3).contains(&ratio), "{noise}: {ratio}");
    }
}
