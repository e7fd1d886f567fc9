//! What the diffusion experiments share: rows beside earlier numbers of another program, rank correlation.
//!
//! ```text
//! Spearman's rho   the correlation of ranks, equal values sharing the mean of theirs
//! ```

use crate::diffusion::error::DiffusionError;
use crate::diffusion::geometry::Failure;
use crate::diffusion::pullback::PullbackError;
use crate::experiments::{Expected, ExperimentError, Row, Source};
use crate::work::Stopped;

/// Single runs of other random starts agree with ours within this factor (ours; it was chosen before measuring, as that
/// of the tests of the pullback bases).
pub(super) const FACTOR: f64 = 3.0;

/// A number that depends on a random start, beside one run of another start.
pub(super) fn same_size(quantity: impl Into<String>, source: Source, value: f64, measured: f64) -> Row {
    let expected = Expected::Within {
        low: value / FACTOR,
        high: value * FACTOR,
    };
    Row::new(quantity, source, expected, measured)
}

/// A value that was printed with so many significant digits: half a unit of the last one is accepted.
pub(super) fn printed(value: f64, digits: i32) -> Expected {
    let exponent = libm::log10(value.abs()).floor() as i32;
    Expected::Equal {
        value,
        tolerance: 0.5 * 10.0_f64.powi(exponent + 1 - digits),
    }
}

/// Ranks from 1; equal values share the mean of theirs. NaN is ranked highest.
fn ranks(values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|i, j| values[*i].total_cmp(&values[*j]));
    let mut ranks = vec![0.0; values.len()];
    let mut before = 0;
    for group in order.chunk_by(|i, j| values[*i] == values[*j]) {
        let mean = before as f64 + (group.len() + 1) as f64 / 2.0;
        for i in group {
            ranks[*i] = mean;
        }
        before += group.len();
    }
    ranks
}

/// Spearman's rank correlation; NaN for fewer than two values or none but equal ones.
pub(super) fn spearman(x: &[f64], y: &[f64]) -> f64 {
    let (x, y) = (ranks(x), ranks(y));
    let middle = f64::midpoint(x.len() as f64, 1.0);
    let product =
        |a: &[f64], b: &[f64]| -> f64 { a.iter().zip(b).map(|(a, b)| (a - middle) * (b - middle)).sum() };
    product(&x, &y) / (product(&x, &x) * product(&y, &y)).sqrt()
}

/// Says of what there is no basis or edit.
pub(super) fn failed(what: &str) -> impl FnOnce(Failure) -> ExperimentError {
    let what = what.to_owned();
    move |failure| match failure {
        PullbackError::Operator(DiffusionError::Stopped(Stopped::Interrupted { .. })) => {
            Stopped::INSIDE.into()
        }
        other => ExperimentError::other(what)(other),
    }
}

#[cfg(test)]
mod tests {
    //! Oracle: small cases by hand. Mutations seen red: ranks from 1/2; ties counted as one; no root in the
    //! correlation; its middle at n/2; a unit of the last digit, and half of the next one.
    use super::*;

    #[test]
    fn ranks_and_their_correlation_by_hand() {
        assert_eq!(ranks(&[3.0, -1.0, 3.0, 7.0]), [2.5, 1.0, 2.5, 4.0]);
        assert_eq!(ranks(&[]), [0.0; 0]);
        // any increasing map gives 1, any decreasing one -1
        assert!((spearman(&[1.0, 2.0, 4.0, 9.0], &[-5.0, 0.1, 0.2, 1e6]) - 1.0).abs() < 1e-15);
        assert!((spearman(&[1.0, 2.0, 4.0], &[8.0, 4.0, 1.0]) + 1.0).abs() < 1e-15);
        // 1 - 6 Σ d²/(n (n² - 1)) without ties: d = 0, 1, -1, 0
        assert!((spearman(&[1.0, 2.0, 3.0, 4.0], &[1.0, 3.0, 2.0, 4.0]) - 0.8).abs() < 1e-15);
        assert!(spearman(&[1.0, 1.0], &[1.0, 2.0]).is_nan());
    }

    #[test]
    fn half_a_unit_of_the_last_digit() {
        for (value, digits, expected) in [(6.945e-2, 4, 5e-6), (2.18e-2, 3, 5e-5), (14.614_647, 8, 5e-7)] {
            let Expected::Equal { tolerance, .. } = printed(value, digits) else {
                panic!("not an equality");
            };
            assert!((tolerance / expected - 1.0).abs() < 1e-12, "{value}: {tolerance}");
        }
    }
}
