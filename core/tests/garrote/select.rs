//! Selection rules on paths written by hand, where the right answer is known.

use crate::data::{Batch, Curves, Table, least_squares};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::garrote::path::Store;
use gibbs_core::garrote::select::{
    Rows, Score, by_information, by_plateau, by_validation, information_criterion, refit, scratch_len,
    susceptibility, undecided, validation_error,
};
use gibbs_core::garrote::{Pass, PathStore, Solution, Solver, Status};
use gibbs_core::math::Real;

/// A solver that has stopped: the path stores whatever it is told.
struct Told<'a, T> {
    inclusion: &'a [T],
    weight: &'a [T],
}

impl<T: Real> Solver<T> for Told<'_, T> {
    fn close(&mut self) {}
    fn solve(&mut self, gamma: T) -> Solution<T> {
        Solution {
            gamma,
            ..Solution::EMPTY
        }
    }
    fn load(&mut self, _: &[T], _: &[T], _: &[T]) {}
    fn exclude(&mut self, _: Option<usize>) {}
    fn inclusion(&self) -> &[T] {
        self.inclusion
    }
    fn weight(&self) -> &[T] {
        self.weight
    }
    fn precision(&self) -> &[T] {
        &[]
    }
}

/// Writes points (gamma, inclusions, weights) into a store.
fn write(store: &mut PathStore<'_, f64>, points: &[(f64, Vec<f64>, Vec<f64>)]) {
    for (k, (gamma, m, w)) in points.iter().enumerate() {
        let solution = Solution {
            gamma: *gamma,
            total_inclusion: m.iter().sum(),
            status: Status::Converged,
            ..Solution::EMPTY
        };
        store.note(
            k,
            Pass::Forward,
            &solution,
            &Told {
                inclusion: m,
                weight: w,
            },
            true,
        );
    }
}

fn with_path<R>(
    batch: &Batch<f64>,
    points: &[(f64, Vec<f64>, Vec<f64>)],
    then: impl FnOnce(&PathStore<'_, f64>) -> R,
) -> R {
    let moments = batch.moments();
    let mut curves = Curves::of(batch, points.len() + 2);
    let mut store = curves.store(&moments);
    write(&mut store, points);
    assert_eq!(store.reached(), points.len());
    then(&store)
}

fn open(n: usize, set: &[usize], m: f64) -> Vec<f64> {
    (0..n).map(|i| if set.contains(&i) { m } else { 0.0 }).collect()
}

// EBIC_g by elimination; the argmin over hand-written supports; k >= M/2 skipped
#[test] // law: garrote-ebic
fn information_rule_takes_the_minimum() {
    let table = Table::correlated("information", 2, 30, 6, 0.4);
    let batch = table.batch::<f64>();
    let moments = batch.moments();
    let sets: [&[usize]; 6] = [&[], &[0], &[1], &[0, 3], &[0, 1, 3], &[0, 1, 2, 3, 4, 5]];
    let points: Vec<_> = sets
        .iter()
        .enumerate()
        .map(|(k, s)| (-9.0 + k as f64, open(6, s, 0.8), vec![0.0; 6]))
        .collect();
    let mut scratch = vec![0.0; scratch_len(6)];
    for g in [0.0, 0.5, 1.0] {
        let value = |set: &[usize]| {
            let (_, rss) = least_squares(&batch, set);
            30.0 * rss.ln() + set.len() as f64 * (30.0_f64.ln() + 2.0 * g * 6.0_f64.ln())
        };
        for (set, (_, m, _)) in sets.iter().zip(&points) {
            let got = information_criterion(&moments, m, g, &mut scratch).unwrap();
            assert!(
                (got - value(set)).abs() < tol::CORNER * (1.0 + got.abs()),
                "{set:?}, g = {g}"
            );
        }
        let best = (0..6).min_by(|a, b| value(sets[*a]).total_cmp(&value(sets[*b])));
        let got = with_path(&batch, &points, |p| by_information(&moments, p, g, &mut scratch));
        assert_eq!(got.ok(), best, "g = {g}");
    }
    let few = Batch {
        samples: 6.0,
        ..batch.clone()
    };
    let full = information_criterion(&few.moments(), &open(6, &[0, 1, 3], 0.9), 1.0, &mut scratch);
    assert_eq!(full, Err(Error::NoSignal), "k = M/2");
    assert!(information_criterion(&few.moments(), &open(6, &[0, 1], 0.9), 1.0, &mut scratch).is_ok());
    let got = with_path(&few, &points[4..], |p| {
        by_information(&few.moments(), p, 1.0, &mut scratch)
    });
    assert_eq!(got, Err(Error::NoSignal));
    for (g, error) in [(f64::NAN, Error::NonFinite), (-0.1, Error::Domain)] {
        let got = with_path(&batch, &points, |p| by_information(&moments, p, g, &mut scratch));
        assert_eq!(got, Err(error));
    }
    let got = with_path(&batch, &points, |p| {
        by_information(&moments, p, 1.0, &mut scratch[..3])
    });
    assert_eq!(got, Err(Error::Shape));
}

// ties: of equal criteria the smaller support, then the most decided; the first of full equals
#[test] // law: garrote-ebic
fn ties_go_to_the_smaller_then_to_the_decided() {
    let score = |criterion, size, undecided| Score {
        criterion,
        size,
        undecided,
    };
    assert!(score(1.0, 5, 9.0).beats(&score(2.0, 1, 0.0)));
    assert!(score(1.0, 1, 9.0).beats(&score(1.0, 2, 0.0)));
    assert!(score(1.0, 1, 0.1).beats(&score(1.0, 1, 0.2)));
    assert!(!score(1.0, 1, 0.1).beats(&score(1.0, 1, 0.1)));
    // Noiseless data: every support that holds the truth has RSS at rounding level; EBIC takes the truth.
    let table = Table::sparse("ties", 0, 40, 8, 2, 0.0);
    let batch = table.batch::<f64>();
    let mut more = table.truth.clone();
    more.push((0..8).find(|i| !more.contains(i)).unwrap());
    let points = vec![
        (-9.0, open(8, &table.truth[..1], 0.9), vec![0.0; 8]),
        (-8.0, open(8, &table.truth, 0.8), vec![0.0; 8]),
        (-7.0, open(8, &table.truth, 0.99), vec![0.0; 8]),
        (-6.0, open(8, &table.truth, 0.99), vec![0.0; 8]),
        (-5.0, open(8, &more, 0.999), vec![0.0; 8]),
    ];
    let moments = batch.moments();
    let got = with_path(&batch, &points, |p| {
        by_information(&moments, p, 0.0, &mut vec![0.0; scratch_len(8)])
    });
    assert_eq!(got, Ok(2));
}

// refit: least squares on the support, zero elsewhere
#[test] // oracle: garrote-ebic
fn refit_is_least_squares() {
    let batch = Table::correlated("refit", 0, 40, 7, 0.6).batch::<f64>();
    let mut scratch = vec![0.0; scratch_len(3)];
    let mut weights = vec![9.0; 7];
    refit(
        &batch.moments(),
        &open(7, &[1, 4, 6], 0.7),
        &mut weights,
        &mut scratch,
    )
    .unwrap();
    let (expected, _) = least_squares(&batch, &[1, 4, 6]);
    for (i, e) in [1, 4, 6].iter().zip(expected) {
        assert!((weights[*i] - e).abs() < tol::LINEAR_SOLVE);
        weights[*i] = 0.0;
    }
    assert_eq!(weights, vec![0.0; 7]);
    let before = weights.clone();
    let refused = refit(
        &batch.moments(),
        &open(7, &[1, 4, 6], 0.7),
        &mut weights,
        &mut scratch[..14],
    );
    assert_eq!(refused, Err(Error::Shape));
    assert_eq!(weights, before);
}

// plateau: the longest calm interval of gamma (not of points), its middle; none without one
#[test] // law: garrote-plateau
fn plateau_rule_takes_the_longest_calm_interval() {
    let batch = Table::sparse("plateau", 0, 20, 3, 1, 1.0).batch::<f64>();
    let point = |gamma: f64, set: &[usize], m: f64| (gamma, open(3, set, m), vec![0.0; 3]);
    let points = vec![
        point(-20.0, &[], 1.0), // empty support: no plateau, however long
        point(-10.0, &[], 1.0),
        point(-9.0, &[1], 0.999_99),
        point(-8.9, &[1], 1.0),
        point(-8.8, &[1], 1.0),
        point(-8.7, &[1], 1.0),
        point(-5.0, &[0, 1], 1.0),
        point(-4.0, &[0, 1], 1.0),
        point(-2.0, &[0, 1], 1.0),
        point(-1.0, &[0, 1], 0.7), // undecided
        point(-0.1, &[0, 1, 2], 1.0),
    ];
    assert_eq!(with_path(&batch, &points, by_plateau), Ok(7));
    assert_eq!(with_path(&batch, &points[..6], by_plateau), Ok(3));
    assert_eq!(with_path(&batch, &points[..2], by_plateau), Err(Error::NoSignal));
    assert_eq!(
        with_path(&batch, &points[9..10], by_plateau),
        Err(Error::NoSignal)
    );
    assert!((undecided(&[0.5, 1.0, 0.1]) - 0.34).abs() < tol::ROUNDING);
}

// validation: smallest mean squared error on lent rows, first of equals
#[test] // law: garrote-validation
fn validation_rule_takes_the_smallest_error() {
    let batch = Table::sparse("validation", 0, 20, 2, 1, 1.0).batch::<f64>();
    let rows = Rows {
        x: &[1.0, 0.0, 0.0, 2.0, 1.0, 1.0],
        y: &[1.0, 1.0, 1.4],
    };
    let points = vec![
        (-3.0, vec![0.0, 0.0], vec![5.0, 5.0]),
        (-2.0, vec![1.0, 0.5], vec![1.0, 1.0]), // v = (1, .5): errors 0, 0, .1
        (-1.0, vec![0.5, 1.0], vec![2.0, 0.5]), // the same v
        (-0.5, vec![1.0, 1.0], vec![1.0, 1.0]),
    ];
    assert_eq!(with_path(&batch, &points, |p| by_validation(p, &rows)), Ok(1));
    let error = validation_error(&rows, &points[1].1, &points[1].2).unwrap();
    assert!((error - 0.01 / 3.0).abs() < tol::ROUNDING);
    let empty = with_path(&batch, &[], |p| by_validation(p, &rows));
    assert_eq!(empty, Err(Error::NoSignal));
    let ragged = Rows {
        x: &rows.x[..5],
        y: rows.y,
    };
    assert_eq!(
        with_path(&batch, &points, |p| by_validation(p, &ragged)),
        Err(Error::Shape)
    );
    assert_eq!(
        validation_error(&Rows { x: &[], y: &[] }, &[1.0], &[1.0]),
        Err(Error::NoSignal)
    );
    assert_eq!(
        validation_error(
            &Rows {
                x: &[f64::NAN],
                y: &[1.0]
            },
            &[1.0],
            &[1.0]
        ),
        Err(Error::NonFinite)
    );
}

// chi = d(Σ m)/d gamma: central inside, one-sided at the ends
#[test] // oracle: garrote-plateau
fn susceptibility_is_the_slope() {
    let batch = Table::sparse("chi", 0, 20, 2, 1, 1.0).batch::<f64>();
    let total = |gamma: f64, m: f64| (gamma, vec![m, 0.0], vec![0.0; 2]);
    let points = vec![total(-4.0, 0.1), total(-3.0, 0.2), total(-1.0, 0.9)];
    let chi = |k| with_path(&batch, &points, |p| susceptibility(p, k));
    for (k, expected) in [(0, 0.1), (1, 0.8 / 3.0), (2, 0.35)] {
        assert!((chi(k).unwrap() - expected).abs() < tol::ROUNDING);
    }
    assert_eq!(chi(3), None);
    assert_eq!(
        with_path(&batch, &points[..1], |p| susceptibility(p, 0)),
        Some(0.0)
    );
}

// regression: an RSS floored at 1e-3 s2 hid every variable below 3 % of sd_y on precise data
#[test] // edge: garrote-ebic
fn faint_variables_of_precise_data_count() {
    let mut table = Table::sparse("faint", 0, 60, 6, 0, 1e-4);
    for (y, row) in table.y.iter_mut().zip(table.x.chunks_exact(6)) {
        *y += row[1] + 0.02 * row[4];
    }
    let batch = table.batch::<f64>();
    let moments = batch.moments();
    let sets: [&[usize]; 3] = [&[1], &[1, 4], &[0, 1, 4]];
    let points: Vec<_> = sets
        .iter()
        .map(|s| (s.len() as f64, open(6, s, 0.9), vec![0.0; 6]))
        .collect();
    let mut scratch = vec![0.0; scratch_len(6)];
    let got = with_path(&batch, &points, |p| {
        by_information(&moments, p, 1.0, &mut scratch)
    });
    assert_eq!(got, Ok(1));
}
