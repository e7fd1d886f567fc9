//! Oracles: hand-computed standardisation, the raw rows themselves, direct prediction errors.
//!
//! Mutations seen red: row number from 0; `*mean += centre` without the old scale; the offset of the target or the
//! filter of dead columns dropped in `error_on`; the mean not refined. Seen green: threshold of dead columns 0 (the
//! refined mean of a constant column came out exact in every case tried).

use super::super::testing::{apart, design, raw, tolerance::ROUNDING};
use super::*;

fn names(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("x{i}")).collect()
}

#[test] // 0..8 has mean 3.5 and variance 5.25; at offset 1e8 all sums are exact integers
fn a_large_offset_costs_no_digits() {
    let ramp: Vec<f64> = (0..8).map(f64::from).collect();
    let lifted: Vec<f64> = ramp.iter().map(|v| 1e8 + v).collect();
    let made = Design::new(names(1), "y", lifted.clone(), lifted).unwrap();
    assert_eq!((made.mean[0], made.target_mean), (1e8 + 3.5, 1e8 + 3.5));
    assert!((made.scale[0] - 5.25_f64.sqrt()).abs() < ROUNDING);
    assert!((made.variance - 5.25).abs() < ROUNDING);
    let expected: Vec<f64> = ramp.iter().map(|v| (v - 3.5) / 5.25_f64.sqrt()).collect();
    assert!(apart(made.column(0), &expected) < ROUNDING);
    assert!((made.correlation()[0] - 5.25_f64.sqrt()).abs() < ROUNDING);
}

#[test]
fn columns_that_do_not_vary_are_dead_and_small_ones_are_not() {
    let y: Vec<f64> = (0..7).map(f64::from).collect();
    let mut x = Vec::new();
    for constant in [0.1, 1e8 / 3.0, 0.0, -7e-300] {
        x.extend([constant; 7]);
    }
    x.extend(y.iter().map(|v| 1e-9 * v));
    let made = design(x, y);
    assert_eq!(made.scale[..4], [0.0; 4]);
    assert_eq!(made.correlation()[..4], [0.0; 4]);
    assert!(made.x[..28].iter().all(|v| *v == 0.0));
    assert!((made.mean[1] / (1e8 / 3.0) - 1.0).abs() < ROUNDING);
    assert!((made.scale[4] / 2e-9 - 1.0).abs() < ROUNDING);
    for rows in (3..60).chain([20_000]) {
        for constant in [0.1, 1e8 / 3.0] {
            let made = design(vec![constant; rows], (0..rows).map(|r| r as f64).collect());
            assert_eq!(
                made.scale,
                [0.0],
                "{rows} rows: the mean is rounded, not the data varied"
            );
        }
    }
}

#[test]
fn bad_input_is_refused_by_name() {
    let y = || vec![1.0, 2.0, 4.0];
    let new = |n, x, y| Design::new(names(n), "price", x, y).unwrap_err();
    assert_eq!(new(0, vec![], y()), FitError::NoVariables);
    let few = FitError::TooFewRows { rows: 2, needed: 3 };
    assert_eq!(new(1, vec![1.0; 2], vec![1.0, 2.0]), few);
    for (len, column, found) in [(4, "x1", 1), (7, "x1", 4), (2, "x0", 2)] {
        let (column, expected) = (column.into(), 3);
        let ragged = FitError::Ragged {
            column,
            found,
            expected,
        };
        assert_eq!(new(2, vec![1.0; len], y()), ragged);
    }
    for (at, column, row) in [(1, "x0", 2), (5, "x1", 3)] {
        for bad in [f64::NAN, f64::INFINITY] {
            let mut x = vec![1.0; 6];
            x[at] = bad;
            let column = column.into();
            assert_eq!(new(2, x, y()), FitError::NonFinite { column, row });
        }
    }
    let (column, row) = ("price".into(), 1);
    assert_eq!(
        new(1, y(), vec![f64::NAN, 1.0, 2.0]),
        FitError::NonFinite { column, row }
    );
    let constant = new(1, y(), vec![0.1; 3]);
    assert_eq!(constant, FitError::ConstantTarget("price".into()));
    assert!(constant.to_string().contains("price"));
    let none = FitError::TooFewRows { rows: 0, needed: 1 };
    assert_eq!(Design::raw(names(1), "y", vec![], vec![]).unwrap_err(), none);
    assert!(Design::raw(names(1), "y", vec![1.0], vec![1.0]).is_ok());
}

/// Raw columns at odd offsets and scales; the last but one is constant on rows 0 to 4, the last everywhere.
fn awkward() -> (Vec<f64>, Vec<f64>) {
    let (mut x, y) = raw(3, (12, 6), 2, (0.5, 0.3));
    for (i, column) in x.chunks_exact_mut(12).enumerate() {
        for v in column {
            *v = 10.0_f64.powf(i as f64 - 3.0) * *v + 50.0 * i as f64;
        }
    }
    x[48..53].fill(2.5);
    x[60..].fill(0.3);
    (x, y.iter().map(|v| 100.0 + 3.0 * v).collect())
}

#[test]
fn rows_picked_with_repeats_are_a_design_of_their_own() {
    let (x, y) = awkward();
    let whole = design(x.clone(), y.clone());
    for rows in [vec![0, 1, 1, 2, 3, 4, 4], vec![11, 3, 3, 7, 0, 9, 2, 5]] {
        let pick = |column: &[f64]| rows.iter().map(|r| column[*r]).collect::<Vec<_>>();
        let expected = design(x.chunks_exact(12).flat_map(pick).collect(), pick(&y));
        let made = whole.on_rows(&rows).unwrap();
        assert!(apart(&made.x, &expected.x) < ROUNDING && apart(&made.y, &expected.y) < 100.0 * ROUNDING);
        assert!(
            apart(&made.mean, &expected.mean) < 1e3 * ROUNDING,
            "offsets up to 250"
        );
        assert!(apart(&made.scale, &expected.scale) < 1e3 * ROUNDING);
        assert!((made.target_mean - expected.target_mean).abs() < 1e3 * ROUNDING);
        assert!((made.variance / expected.variance - 1.0).abs() < ROUNDING);
    }
    assert_eq!(whole.on_rows(&[0, 1, 2, 3, 4]).unwrap().scale[4..], [0.0, 0.0]);
    assert_eq!(
        whole.on_rows(&[1, 1, 1, 1]).unwrap_err(),
        FitError::ConstantTarget("y".into())
    );
    let few = FitError::TooFewRows { rows: 2, needed: 3 };
    assert_eq!(whole.on_rows(&[0, 1]).unwrap_err(), few);
}

#[test]
fn the_error_is_that_of_the_prediction_in_raw_units() {
    let (x, y) = awkward();
    let whole = design(x.clone(), y.clone());
    let unscaled = Design::raw(names(6), "y", x.clone(), y.clone()).unwrap();
    let fitted = whole.on_rows(&[0, 1, 2, 3, 4, 4]).unwrap();
    // column 4 is dead in `fitted`: its effect must not enter
    let effects = [(0, 1.5), (2, -0.7), (3, 0.2), (4, 9.0)];
    let rows = [0, 5, 7, 7, 11];
    let mut sum = 0.0;
    for r in rows {
        let mut predicted = fitted.target_mean;
        for (i, v) in &effects[..3] {
            predicted += v * (x[i * 12 + r] - fitted.mean[*i]) / fitted.scale[*i];
        }
        sum += (y[r] - predicted).powi(2);
    }
    for judged in [&whole, &unscaled] {
        let error = fitted.error_on(judged, &rows, &effects);
        assert!((error / (sum / 5.0) - 1.0).abs() < 1e3 * ROUNDING, "{error}");
    }
}

#[test]
fn units_and_offsets_do_not_matter() {
    let (x, y) = raw(4, (15, 3), 2, (0.5, 0.3));
    let plain = design(x.clone(), y.clone());
    let moved = x.iter().map(|v| 700.0 - 0.01 * v).collect();
    let other = design(moved, y.iter().map(|v| 3.0 * v + 40.0).collect());
    let flipped: Vec<f64> = other.x.iter().map(|v| -v).collect();
    // an offset of 7e4 sd costs five of the sixteen digits
    assert!(apart(&plain.x, &flipped) < 1e-10);
    assert!((other.variance / plain.variance - 9.0).abs() < 1e-10);
    let mut row: Vec<f64> = (0..3).map(|i| 700.0 - 0.01 * x[i * 15 + 6]).collect();
    other.standardise_row(&mut row).unwrap();
    let expected: Vec<f64> = (0..3).map(|i| other.column(i)[6]).collect();
    assert!(apart(&row, &expected) < ROUNDING);
}
