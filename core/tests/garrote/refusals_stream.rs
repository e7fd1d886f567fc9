//! Wrong input to streaming statistics: one test per case, each with the sums unchanged.

use crate::data::Table;
use crate::streaming::Heap;
use gibbs_core::Error;
use gibbs_core::garrote::stream::{StandardisedMut, standardise_row};

fn filled(rows: usize) -> Heap<f64> {
    let table = Table::correlated("refusals", 0, rows, 2, 0.3);
    let mut heap = Heap::new(2, 1);
    for (x, y) in table.each() {
        heap.sums().push(x, y, 1.0, 1.0).unwrap();
    }
    heap
}

/// x, y, omega, forget, and what becomes of it.
type Case<'a> = (&'a [f64], &'a [f64], f64, f64, Error);

#[test] // edge: garrote-stream
fn push_refuses_and_leaves_the_sums() {
    let fresh = filled(5);
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let cases: [Case<'_>; 16] = [
        (&[1.0, nan], &[1.0], 1.0, 1.0, Error::NonFinite),
        (&[inf, 1.0], &[1.0], 1.0, 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[nan], 1.0, 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[-inf], 1.0, 1.0, Error::NonFinite),
        (&[1e200, 1.0], &[1.0], 1.0, 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], 1e200, 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], nan, 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], 1.0, nan, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], 0.0, 1.0, Error::Domain),
        (&[1.0, 1.0], &[1.0], -1.0, 1.0, Error::Domain),
        (&[1.0, 1.0], &[1.0], 1.0, 0.0, Error::Domain),
        (&[1.0, 1.0], &[1.0], 1.0, 1.01, Error::Domain),
        (&[1.0; 3], &[1.0], 1.0, 1.0, Error::Capacity),
        (&[1.0, 1.0], &[1.0, 2.0], 1.0, 1.0, Error::Capacity),
        (&[1.0], &[1.0], 1.0, 1.0, Error::Shape),
        (&[1.0, 1.0], &[], 1.0, 1.0, Error::Shape),
    ];
    for (k, (x, y, omega, forget, error)) in cases.into_iter().enumerate() {
        let mut heap = fresh.clone();
        assert_eq!(heap.sums().push(x, y, omega, forget), Err(error), "case {k}");
        // A sample that holds bad numbers is counted; a wrong call is not.
        assert_eq!(heap.totals.refused, u32::from(k < 6), "case {k}");
        heap.totals.refused = 0;
        assert_eq!(heap, fresh, "case {k}");
    }
}

#[test] // edge: garrote-stream
fn remove_refuses_and_leaves_the_sums() {
    let fresh = filled(5);
    let cases: [(&[f64], &[f64], f64, Error); 9] = [
        (&[1.0, f64::NAN], &[1.0], 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[f64::INFINITY], 1.0, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], f64::NAN, Error::NonFinite),
        (&[1.0, 1.0], &[1.0], 0.0, Error::Domain),
        (&[1.0, 1.0], &[1.0], -1.0, Error::Domain),
        (&[1.0, 1.0], &[1.0], 4.5, Error::Domain), // W would fall below 1
        (&[900.0, 1.0], &[1.0], 1.0, Error::Domain), // never pushed: a variance would turn negative
        (&[1.0; 3], &[1.0], 1.0, Error::Capacity),
        (&[1.0], &[1.0], 1.0, Error::Shape),
    ];
    for (k, (x, y, omega, error)) in cases.into_iter().enumerate() {
        let mut heap = fresh.clone();
        assert_eq!(heap.sums().remove(x, y, omega), Err(error), "case {k}");
        assert_eq!(heap, fresh, "case {k}");
    }
    let mut single = Heap::<f32>::new(2, 1);
    assert_eq!(
        single.sums().remove(&[1.0; 2], &[1.0], 1.0),
        Err(Error::Unsupported)
    );
    // Down to one sample, no further.
    let mut heap = Heap::<f64>::new(1, 1);
    for x in [1.0, 2.0] {
        heap.sums().push(&[x], &[x], 1.0, 1.0).unwrap();
    }
    heap.sums().remove(&[2.0], &[2.0], 1.0).unwrap();
    assert_eq!(heap.sums().remove(&[1.0], &[1.0], 1.0), Err(Error::Domain));
}

#[test] // edge: garrote-stream
fn merge_refuses_and_leaves_the_sums() {
    let fresh = filled(5);
    let mut heap = fresh.clone();
    assert_eq!(heap.sums().merge(&Heap::new(3, 1).view()), Err(Error::Shape));
    assert_eq!(heap.sums().merge(&Heap::new(2, 2).view()), Err(Error::Shape));
    assert_eq!(heap, fresh);
    // Sums that are finite alone and overflow together.
    let mut far = Heap::<f64>::new(2, 1);
    far.sums().push(&[1e300, 0.0], &[0.0], 1.0, 1.0).unwrap_err();
    let mut heap = Heap::<f32>::new(1, 1);
    heap.sums().push(&[1e19], &[0.0], 1.0, 1.0).unwrap();
    let mut other = Heap::<f32>::new(1, 1);
    other.sums().push(&[-1e19], &[0.0], 1.0, 1.0).unwrap();
    let before = heap.clone();
    assert_eq!(heap.sums().merge(&other.view()), Err(Error::NonFinite));
    assert_eq!(heap, before);
    // An empty stream adds its refusals only; an empty one takes all.
    let mut heap = fresh.clone();
    heap.sums().merge(&far.view()).unwrap();
    assert_eq!(heap.totals.refused, 1);
    heap.totals.refused = 0;
    assert_eq!(heap, fresh);
    let mut empty = Heap::new(2, 1);
    empty.sums().merge(&fresh.view()).unwrap();
    assert_eq!(empty, fresh);
}

#[test] // edge: garrote-stream
fn standardise_refuses_and_writes_nothing() {
    let (mut c, mut b, mut s2, mut scale) = ([5.0; 4], [5.0; 2], [5.0], [5.0; 2]);
    let mut run = |heap: &Heap<f64>, n: usize| {
        let mut out = StandardisedMut {
            covariance: &mut c,
            correlation: &mut b,
            variance: &mut s2,
            scale: &mut scale[..n],
        };
        heap.view().standardise(&mut out)
    };
    assert_eq!(run(&Heap::new(2, 1), 2), Err(Error::TooFewSamples));
    assert_eq!(run(&filled(2), 2), Err(Error::TooFewSamples));
    assert_eq!(run(&filled(5), 1), Err(Error::Shape));
    let mut constant = Heap::new(2, 1);
    for x in [1.0, 2.0, 5.0] {
        constant.sums().push(&[x, -x], &[0.1], 1.0, 1.0).unwrap();
    }
    assert_eq!(run(&constant, 2), Err(Error::ConstantTarget));
    assert_eq!((c, b, s2, scale), ([5.0; 4], [5.0; 2], [5.0], [5.0; 2]));
    // Three samples in number but hardly more than one in effect.
    let mut uneven = Heap::new(2, 1);
    for (x, omega) in [(1.0, 1.0), (2.0, 1e-3), (5.0, 1e-3)] {
        uneven.sums().push(&[x, -x], &[x], omega, 1.0).unwrap();
    }
    assert_eq!(uneven.standardise().unwrap_err(), Error::TooFewSamples);

    let mut row = [1.0, f64::NAN];
    assert_eq!(
        standardise_row(&mut row, &[0.5; 2], &[2.0; 2]),
        Err(Error::NonFinite)
    );
    assert_eq!(row[0], 1.0);
    assert_eq!(standardise_row(&mut row, &[0.5; 1], &[2.0; 2]), Err(Error::Shape));
    assert_eq!(standardise_row(&mut row, &[0.5; 2], &[2.0; 3]), Err(Error::Shape));
}
