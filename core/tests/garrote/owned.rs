//! The fixed-size owners hold to the slice bodies bit for bit, and go through a device's life.

use crate::data::{Batch, Curves, Gates, Table, cast};
use crate::streaming::Heap;
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::garrote::path::{activation_grid, default_limit};
use gibbs_core::garrote::select::{by_information, scratch_len};
use gibbs_core::garrote::{
    Ascent, Garrote, Noise, Options, PathPoints, Solver, Standardised, Status, Stream, trace,
};
use gibbs_core::math::Real;
use nalgebra::SVector;

const N: usize = 6;

fn fill<T: Real>(table: &Table) -> (Stream<T, N>, Standardised<T, N>, Batch<T>) {
    let (mut stream, mut heap) = (Stream::new(), Heap::new(N, 1));
    for (x, y) in table.each() {
        stream.push(&cast(x), &cast(y)).unwrap();
        heap.sums().push(&cast(x), &cast(y), T::ONE, T::ONE).unwrap();
    }
    let mut data = Standardised::new();
    data.update(&stream).unwrap();
    (stream, data, heap.standardise().unwrap())
}

#[test] // one body: owners and slices give the same bits, in f32 and f64
fn owners_are_thin_shells() {
    fn check<T: Real>() {
        let (_, data, batch) = fill::<T>(&Table::correlated("owned", 0, 50, N, 0.6));
        let moments = batch.moments();
        assert_eq!(data.moments().unwrap().covariance(), &batch.c[..]);
        assert_eq!(data.scale().as_slice(), &batch.scale[..]);
        assert_eq!(data.target_mean().as_slice(), &batch.target_mean[..]);
        let (mut owned, mut points) = (Garrote::<T, N>::new(), PathPoints::<T, N, 16>::new());
        let (mut gates, mut curves) = (Gates::of(&batch), Curves::of(&batch, 16));
        let ending = owned.path(&data, Options::default(), &mut points).unwrap();
        let mut grid = [T::ZERO; 16];
        activation_grid(moments.strongest_evidence(), &mut grid).unwrap();
        let mut ascent = Ascent::new(moments, gates.lend(), Options::default()).unwrap();
        let mut store = curves.store(&moments);
        let other = trace(
            &mut ascent,
            &mut store,
            &grid,
            default_limit(N, moments.samples()),
        )
        .unwrap();
        assert_eq!(ending, other);
        let ours = points.store(&moments).unwrap();
        assert_eq!(ours.reached(), store.reached());
        let mut scratch = vec![T::ZERO; scratch_len(N)];
        let index = by_information(&moments, &ours, T::ONE, &mut scratch).unwrap();
        assert_eq!(by_information(&moments, &store, T::ONE, &mut scratch), Ok(index));
        for k in 0..ours.reached() {
            assert_eq!(ours.solution(k), store.solution(k));
            assert_eq!(ours.inclusion_at(k), store.inclusion_at(k));
            assert_eq!(ours.weight_at(k), store.weight_at(k));
            assert_eq!(ours.precision_at(k), store.precision_at(k));
        }
        owned.adopt(&points, index).unwrap();
        assert_eq!(owned.inclusion().as_slice(), store.inclusion_at(index));
        assert_eq!(owned.weight().as_slice(), store.weight_at(index));
        assert_eq!(owned.precision().as_slice(), store.precision_at(index));
        let reached = store.reached();
        let before = owned.clone();
        assert_eq!(owned.adopt(&points, reached), Err(Error::Shape));
        assert_eq!(owned.inclusion(), before.inclusion());

        let solution = owned.fit(&data, T::of(-3.0), Options::default()).unwrap();
        ascent.close();
        assert_eq!(solution, ascent.solve(T::of(-3.0)));
        assert_eq!(owned.inclusion().as_slice(), ascent.inclusion());
    }
    check::<f32>();
    check::<f64>();
}

// anytime use: sweeps between samples end where a fresh fit ends; a fixed beta is taken from the options
#[test] // law: garrote-stream
fn advance_tracks_a_growing_stream() {
    let table = Table::sparse("grow", 0, 300, N, 2, 0.5);
    let mut stream = Stream::<f64, N>::new();
    let mut data = Standardised::new();
    let mut garrote = Garrote::<f64, N>::new();
    let options = Options {
        tolerance: 1e-12,
        ..Options::default()
    };
    for (k, (x, y)) in table.each().enumerate() {
        stream.push(x, y).unwrap();
        if k < 2 {
            assert_eq!(data.update(&stream), Err(Error::TooFewSamples));
            assert_eq!(data.moments().unwrap_err(), Error::ConstantTarget);
            continue;
        }
        data.update(&stream).unwrap();
        let solution = garrote.advance(&data, -4.0, options, 2).unwrap();
        assert!(solution.sweeps <= 2 && solution.free_energy.is_finite());
    }
    let solution = garrote.advance(&data, -4.0, options, 500).unwrap();
    assert_eq!(solution.status, Status::Converged);
    let mut fresh = Garrote::<f64, N>::new();
    let other = fresh.fit(&data, -4.0, options).unwrap();
    assert!((solution.free_energy - other.free_energy).abs() < tol::SAME_SOLUTION);
    assert!((garrote.weight() - fresh.weight()).amax() < tol::SAME_SOLUTION);

    let fixed = Options {
        noise: Noise::Fixed(0.25),
        ..options
    };
    let solution = garrote.advance(&data, -4.0, fixed, 500).unwrap();
    assert_eq!(
        solution.precision, 0.25,
        "regression: resume kept the beta of the earlier fit"
    );
    let other = fresh.fit(&data, -4.0, fixed).unwrap();
    assert!((solution.free_energy - other.free_energy).abs() < tol::SAME_SOLUTION);
}

// two halves on two devices, merged, are the whole; removal undoes
#[test] // law: garrote-stream
fn streams_merge_and_forget() {
    let table = Table::correlated("merge", 0, 40, N, 0.5);
    let (whole, ..) = fill::<f64>(&table);
    let (mut a, mut b) = (Stream::<f64, N>::new(), Stream::<f64, N>::new());
    for (k, (x, y)) in table.each().enumerate() {
        let half = if k % 2 == 0 { &mut a } else { &mut b };
        half.push_weighted(x, y, 1.0, 1.0).unwrap();
    }
    a.merge(&b).unwrap();
    let close = |a: &[f64], b: &[f64]| assert!(crate::data::gap(a, b) < tol::STREAM_F64 * 100.0);
    // The lower triangle is kept; the upper one stays zero in both.
    close(a.view().xx, whole.view().xx);
    close(a.view().mean, whole.view().mean);
    let (x, y) = table.each().next().unwrap();
    let before = a.clone();
    a.push(x, y).unwrap();
    a.remove(x, y, 1.0).unwrap();
    close(a.view().xx, before.view().xx);
    assert_eq!(
        Stream::<f32, N>::new().remove(&[0.0; N], &[0.0], 1.0),
        Err(Error::Unsupported)
    );
}

#[test] // a target that does not vary: gates shut, the mean predicted, status said; samples later lift it
fn constant_target() {
    let mut stream = Stream::<f32, 2>::new();
    let mut data = Standardised::new();
    let mut garrote = Garrote::<f32, 2>::new();
    for k in 0..9_u8 {
        stream.push(&[f32::from(k), f32::from(k % 3)], &[7.5]).unwrap();
    }
    data.update(&stream).unwrap();
    for solution in [
        garrote.fit(&data, -2.0, Options::default()).unwrap(),
        garrote.advance(&data, -2.0, Options::default(), 3).unwrap(),
    ] {
        assert_eq!(
            (solution.status, solution.total_inclusion, solution.gamma),
            (Status::ConstantTarget, 0.0, -2.0)
        );
    }
    assert_eq!(garrote.inclusion().as_slice(), [0.0; 2]);
    let got = garrote.predict(&data, &SVector::from([100.0, 1.0]), 0).unwrap();
    assert_eq!((got.mean, got.variance), (7.5, 0.0));
    let mut points = PathPoints::<f32, 2, 4>::new();
    assert_eq!(
        garrote.path(&data, Options::default(), &mut points),
        Err(Error::ConstantTarget)
    );
    stream.push(&[20.0, 0.0], &[9.0]).unwrap();
    data.update(&stream).unwrap();
    let solution = garrote.advance(&data, -2.0, Options::default(), 500).unwrap();
    assert_eq!(solution.status, Status::Converged);
}

// prediction by the owner is that of the fit; a target that is not there, a garrote that was never fitted
#[test] // law: garrote-predict
fn owner_predicts() {
    let table = Table::sparse("predict", 0, 80, N, 2, 0.3);
    let (_, data, _) = fill::<f64>(&table);
    let mut garrote = Garrote::<f64, N>::new();
    let (x, y) = table.each().next().unwrap();
    let x = SVector::<f64, N>::from_column_slice(x);
    assert_eq!(garrote.predict(&data, &x, 0), Err(Error::Domain));
    let solution = garrote.fit(&data, -5.0, Options::default()).unwrap();
    let got = garrote.predict(&data, &x, 0).unwrap();
    assert!((got.mean - y[0]).abs() < 6.0 * got.variance.sqrt() && got.variance >= 1.0 / solution.precision);
    assert_eq!(garrote.predict(&data, &x, 1), Err(Error::Shape));
    let mut row = x;
    data.standardise_row(row.as_mut_slice()).unwrap();
    let expected: f64 = data.target_mean()[0]
        + (0..N)
            .map(|i| row[i] * garrote.inclusion()[i] * garrote.weight()[i])
            .sum::<f64>();
    assert!((got.mean - expected).abs() < tol::ROUNDING);
}
