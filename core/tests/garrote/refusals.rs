//! Wrong input: one test per case, each with the state unchanged (spec 11.16). Refusals of paths, selection
//! rules, predictions and gradients stand beside their tests.

use crate::data::{Gates, Table};
use crate::streaming::Heap;
use gibbs_core::Error;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::stream::{StandardisedMut, standardise_row};
use gibbs_core::garrote::{
    Ascent, Garrote, Moments, Noise, Options, PathPoints, Solver, Standardised, Status, Stream,
};

fn filled(rows: usize) -> Heap<f64> {
    let table = Table::correlated("refusals", 0, rows, 2, 0.3);
    let mut heap = Heap::new(2, 1);
    for (x, y) in table.each() {
        heap.sums().push(x, y, 1.0, 1.0).unwrap();
    }
    heap
}

#[test]
fn push_refuses_and_leaves_the_sums() {
    let fresh = filled(5);
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    type Case<'a> = (&'a [f64], &'a [f64], f64, f64, Error);
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

#[test]
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

#[test]
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

#[test]
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

#[test]
fn moments_refuse() {
    let (nan, inf) = (f64::NAN, f64::INFINITY);
    let good = [1.0, 0.2, 0.2, 1.0];
    let new = |c: &[f64], b: &[f64], s2: &[f64], m: f64| Moments::new(c, b, s2, m).map(|_| ()).err();
    assert_eq!(new(&good, &[0.1, 0.2], &[1.0], 9.0), None);
    assert_eq!(new(&[], &[], &[], 9.0), Some(Error::Shape));
    assert_eq!(new(&[], &[], &[1.0], 9.0), Some(Error::Shape));
    assert_eq!(new(&good[..3], &[0.1, 0.2], &[1.0], 9.0), Some(Error::Shape));
    assert_eq!(new(&good, &[0.1, 0.2, 0.3], &[1.0, 1.0], 9.0), Some(Error::Shape));
    for bad in [nan, inf] {
        for k in 0..4 {
            let mut c = good;
            c[k] = bad;
            assert_eq!(new(&c, &[0.1, 0.2], &[1.0], 9.0), Some(Error::NonFinite));
        }
        assert_eq!(new(&good, &[0.1, bad], &[1.0], 9.0), Some(Error::NonFinite));
        assert_eq!(new(&good, &[0.1, 0.2], &[bad], 9.0), Some(Error::NonFinite));
        assert_eq!(new(&good, &[0.1, 0.2], &[1.0], bad), Some(Error::NonFinite));
    }
    assert_eq!(
        new(&[1.0, 0.2, 0.3, 1.0], &[0.1, 0.2], &[1.0], 9.0),
        Some(Error::Domain)
    );
    assert_eq!(
        new(&[1.0, 0.0, 0.0, -1.0], &[0.1, 0.2], &[1.0], 9.0),
        Some(Error::Domain)
    );
    assert_eq!(new(&good, &[0.1, 0.2], &[0.0], 9.0), Some(Error::ConstantTarget));
    assert_eq!(new(&good, &[0.1, 0.2], &[-1.0], 9.0), Some(Error::ConstantTarget));
    assert_eq!(
        new(&good, &[0.1, 0.2], &[1e-310], 9.0),
        Some(Error::Domain),
        "1/s2 overflows"
    );
    assert_eq!(new(&good, &[0.1, 0.2], &[1.7e308], 9.0), Some(Error::Domain));
    assert_eq!(new(&good, &[0.1, 0.2], &[1.0], 2.9), Some(Error::TooFewSamples));
}

#[test]
fn options_and_slices_are_refused_and_the_state_stays() {
    let batch = Table::correlated("options", 0, 20, 3, 0.3).batch::<f64>();
    let moments = batch.moments();
    let mut gates = Gates::of(&batch);
    let _ = Ascent::new(moments, gates.lend(), Options::default())
        .unwrap()
        .solve(-1.0);
    let before = gates.clone();
    let base = Options::default();
    let profile = |floor| Options {
        noise: Noise::Profile { floor },
        ..base
    };
    let fixed = |beta| Options {
        noise: Noise::Fixed(beta),
        ..base
    };
    let mut scratch = vec![0.0; scratch_len(3)];
    for (options, error) in [
        (
            Options {
                tolerance: 0.0,
                ..base
            },
            Error::Domain,
        ),
        (
            Options {
                tolerance: -1e-8,
                ..base
            },
            Error::Domain,
        ),
        (
            Options {
                tolerance: f64::NAN,
                ..base
            },
            Error::NonFinite,
        ),
        (
            Options {
                max_sweeps: 0,
                ..base
            },
            Error::Domain,
        ),
        (profile(0.0), Error::Domain),
        (profile(-1.0), Error::Domain),
        (profile(f64::NAN), Error::NonFinite),
        (profile(1e-309), Error::Domain), // beta M s2 would overflow at the floor
        (fixed(0.0), Error::Domain),
        (fixed(-2.0), Error::Domain),
        (fixed(f64::INFINITY), Error::NonFinite),
        (fixed(1e308), Error::Domain),
    ] {
        assert_eq!(
            Ascent::new(moments, gates.lend(), options).unwrap_err(),
            error,
            "{options:?}"
        );
        assert_eq!(
            Ascent::resume(moments, gates.lend(), options).unwrap_err(),
            error,
            "{options:?}"
        );
        assert_eq!(
            Joint::new(moments, gates.lend(), options, &mut scratch).unwrap_err(),
            error,
            "{options:?}"
        );
        assert_eq!(gates, before);
    }
    for k in 0..4 {
        let mut short = before.clone();
        [
            &mut short.inclusion,
            &mut short.weight,
            &mut short.field,
            &mut short.precision,
        ][k]
            .pop();
        assert_eq!(
            Ascent::new(moments, short.lend(), base).unwrap_err(),
            Error::Shape
        );
        assert_eq!(
            Joint::new(moments, short.lend(), base, &mut scratch).unwrap_err(),
            Error::Shape
        );
    }
    scratch.pop();
    assert_eq!(
        Joint::new(moments, gates.lend(), base, &mut scratch).unwrap_err(),
        Error::Shape
    );
    assert_eq!(gates, before);
}

#[test] // owners: N over capacity, gamma, options, too few samples
fn owners_refuse_and_stay() {
    let table = Table::correlated("owners", 0, 20, 3, 0.3);
    let mut stream = Stream::<f64, 3>::new();
    assert_eq!(stream.push(&[0.0; 4], &[1.0]), Err(Error::Capacity));
    let mut data = Standardised::<f64, 3>::new();
    let mut garrote = Garrote::<f64, 3>::new();
    let mut points = PathPoints::<f64, 3, 4>::new();
    for (k, (x, y)) in table.each().enumerate() {
        stream.push(x, y).unwrap();
        assert_eq!(
            data.update(&stream).err(),
            (k < 2).then_some(Error::TooFewSamples)
        );
    }
    let _ = garrote.path(&data, Options::default(), &mut points).unwrap();
    let reached = points.store(&data.moments().unwrap()).unwrap().reached();
    let before = garrote.clone();
    let bad = Options {
        tolerance: 0.0,
        ..Options::default()
    };
    for gamma in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        assert_eq!(
            garrote.fit(&data, gamma, Options::default()),
            Err(Error::NonFinite)
        );
        assert_eq!(
            garrote.advance(&data, gamma, Options::default(), 5),
            Err(Error::NonFinite)
        );
    }
    assert_eq!(garrote.fit(&data, -1.0, bad), Err(Error::Domain));
    assert_eq!(garrote.advance(&data, -1.0, bad, 5), Err(Error::Domain));
    assert_eq!(garrote.path(&data, bad, &mut points), Err(Error::Domain));
    assert_eq!(garrote.inclusion(), before.inclusion());
    assert_eq!(garrote.weight(), before.weight());
    assert_eq!(points.store(&data.moments().unwrap()).unwrap().reached(), reached);
}

#[test] // NaN never comes out of Ok: C that belongs to no data makes coordinate ascent run away, and it says so
fn indefinite_moments_end_as_singular() {
    let c = [1.0, -3.0, -3.0, -3.0, 1.0, -3.0, -3.0, -3.0, 1.0];
    let (b, s2) = ([5.0_f64, 5.0, 5.0], [1.0]);
    let moments = Moments::new(&c, &b, &s2, 50.0).unwrap();
    let mut gates = Gates {
        inclusion: vec![0.0; 3],
        weight: vec![0.0; 3],
        field: vec![0.0; 3],
        precision: vec![0.0],
    };
    let solution = Ascent::new(
        moments,
        gates.lend(),
        Options {
            max_sweeps: 5000,
            ..Options::default()
        },
    )
    .unwrap()
    .solve(0.0);
    assert_eq!(solution.status, Status::Singular);
    assert!(solution.free_energy.is_finite());
    assert_eq!(gates.inclusion, [0.0; 3]);
    let mut scratch = vec![0.0; scratch_len(3)];
    let mut joint = Joint::new(moments, gates.lend(), Options::default(), &mut scratch).unwrap();
    let solution = joint.solve(0.0);
    assert_eq!(solution.status, Status::Singular);
    assert!(solution.free_energy.is_finite() && joint.weight().iter().all(|w| w.is_finite()));
}
