//! Wrong input to moments, solvers and owners: one test per case, each with the state unchanged.
//! Refusals of paths, selection rules, predictions and gradients stand beside their tests.

use crate::data::{Gates, Table};
use gibbs_core::Error;
use gibbs_core::garrote::joint::{Joint, scratch_len};
use gibbs_core::garrote::{
    Ascent, Garrote, Moments, Noise, Options, PathPoints, Solver, Standardised, Status, Stream,
};

#[test] // edge: garrote-multi-output
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

#[test] // edge: garrote-ascent; beta M s2 overflows, though beta M does not
fn a_noise_too_small_for_the_target_is_refused() {
    let batch = Table::correlated("options", 0, 20, 2, 0.3).batch::<f64>();
    let mut gates = Gates::of(&batch);
    let moments = Moments::new(&[1.0, 0.2, 0.2, 1.0], &[0.1, 0.2], &[1e200], 9.0).unwrap();
    let options = Options {
        noise: Noise::Fixed(1e200),
        ..Options::default()
    };
    let refused = Ascent::new(moments, gates.lend(), options).unwrap_err();
    assert_eq!(refused, Error::Domain);
}

#[test] // edge: garrote-ascent
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

// owners: N over capacity, gamma, options, too few samples
#[test] // edge: garrote-importance
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

// NaN never comes out of Ok: C that belongs to no data makes coordinate ascent run away, and it says so
#[test] // edge: garrote-ascent, garrote-joint
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
