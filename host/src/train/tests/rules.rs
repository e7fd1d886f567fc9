//! Schedules, clipping and batches.

use crate::train::batches::{Batches, Draw};
use crate::train::clip::{clip, norm};
use crate::train::{Norm, Schedule, Shape};

fn close(got: f64, expected: f64) {
    assert!(
        (got - expected).abs() <= super::ROUNDING,
        "{got} against {expected}"
    );
}

#[test]
fn the_warm_up_is_linear_and_ends_at_the_peak() {
    for shape in [
        Shape::Constant,
        Shape::Steps {
            every: 10,
            factor: 0.5,
        },
        Shape::Cosine { steps: 100, end: 0.0 },
    ] {
        let schedule = Schedule {
            peak: 0.8,
            warm_up: 4,
            shape,
        };
        for (step, expected) in [(0, 0.2), (1, 0.4), (2, 0.6), (3, 0.8), (4, 0.8)] {
            close(schedule.rate(step), expected);
        }
    }
    assert_eq!(Schedule::constant(0.3).rate(0), 0.3);
    assert_eq!(Schedule::constant(0.3).rate(u64::MAX), 0.3);
}

#[test]
fn stairs_fall_after_each_length() {
    let schedule = Schedule {
        peak: 1.0,
        warm_up: 2,
        shape: Shape::Steps {
            every: 3,
            factor: 0.5,
        },
    };
    let rates: Vec<f64> = (0..10).map(|step| schedule.rate(step)).collect();
    assert_eq!(rates, [0.5, 1.0, 1.0, 1.0, 1.0, 0.5, 0.5, 0.5, 0.25, 0.25]);
}

// exact at the quarters, symmetric about the middle, flat after the end
#[test] // oracle: train
fn the_cosine_is_half_a_period() {
    let schedule = Schedule {
        peak: 1.0,
        warm_up: 10,
        shape: Shape::Cosine { steps: 50, end: 0.2 },
    };
    for (k, expected) in [
        (0, 1.0),
        (10, 0.6 + 0.4 / 2.0_f64.sqrt()),
        (20, 0.6),
        (30, 0.6 - 0.4 / 2.0_f64.sqrt()),
        (40, 0.2),
        (41, 0.2),
        (4000, 0.2),
    ] {
        close(schedule.rate(10 + k), expected);
    }
    for k in 0..=20 {
        close(schedule.rate(10 + k) + schedule.rate(50 - k), 1.2);
    }
}

#[test] // edge: train
fn schedules_out_of_range_are_refused() {
    let with = |shape| Schedule {
        peak: 1.0,
        warm_up: 5,
        shape,
    };
    let bad = [
        Schedule::constant(-1.0),
        Schedule::constant(f64::NAN),
        with(Shape::Steps {
            every: 0,
            factor: 0.5,
        }),
        with(Shape::Steps {
            every: 1,
            factor: 0.0,
        }),
        with(Shape::Cosine { steps: 5, end: 0.0 }),
        with(Shape::Cosine { steps: 6, end: -1.0 }),
    ];
    for schedule in bad {
        assert!(schedule.check().is_err(), "{schedule:?}");
    }
    with(Shape::Cosine { steps: 6, end: 0.0 }).check().unwrap();
}

// 3, 4, 12, 84 have norm 85
#[test] // law: train
fn clipping_scales_to_the_limit() {
    let mut gradients = [vec![3.0, 0.0], vec![], vec![-4.0], vec![12.0, 84.0]];
    assert_eq!(norm(&gradients), Norm(85.0));
    assert_eq!(clip(&mut gradients, 100.0), Norm(85.0));
    assert_eq!(clip(&mut gradients, 85.0), Norm(85.0));
    assert_eq!(gradients[2], [-4.0], "up to the limit nothing changes");
    assert_eq!(clip(&mut gradients, 42.5), Norm(85.0));
    assert_eq!(gradients, [vec![1.5, 0.0], vec![], vec![-2.0], vec![6.0, 42.0]]);
}

#[test]
fn the_norm_neither_overflows_nor_loses_entries() {
    for len in 0..40 {
        assert_eq!(norm(&[vec![-2.0; len]]), Norm(2.0 * (len as f64).sqrt()));
    }
    let mut large = [vec![f32::MAX; 9]];
    let max = f64::from(f32::MAX);
    assert_eq!(clip(&mut large, 3.0), Norm(3.0 * max));
    assert_eq!(large, [vec![1.0; 9]]);
    let mut broken = [vec![1.0, f32::NAN]];
    assert!(clip(&mut broken, 0.1).0.is_nan());
    assert_eq!(broken[0][0], 1.0, "nothing is scaled by NaN");
    assert_eq!(norm(&[vec![f32::NEG_INFINITY]]), Norm(f64::INFINITY));
}

fn all(batches: &mut Batches, numbers: std::ops::Range<u64>) -> Vec<u64> {
    let mut indices = Vec::new();
    let mut list = Vec::new();
    for number in numbers {
        batches.fill(number, &mut indices);
        assert_eq!(indices.len(), batches.size() as usize);
        list.extend_from_slice(&indices);
    }
    list
}

// sizes that divide the number of samples, that do not, and that exceed it
#[test] // law: train
fn every_epoch_shows_each_sample_once() {
    for (count, size) in [(12, 4), (10, 4), (7, 3), (5, 12), (1, 1)] {
        let mut batches = Batches::new(3, size, Draw::Shuffled { count }).unwrap();
        let list = all(&mut batches, 0..u64::from(count) * 3);
        let epochs: Vec<&[u64]> = list.chunks_exact(count as usize).collect();
        for epoch in &epochs {
            let mut sorted = epoch.to_vec();
            sorted.sort_unstable();
            assert_eq!(sorted, (0..u64::from(count)).collect::<Vec<_>>());
        }
        assert!(count < 5 || epochs.windows(2).all(|pair| pair[0] != pair[1]));
    }
}

#[test]
fn a_batch_depends_on_seed_and_number_alone() {
    for draw in [
        Draw::Shuffled { count: 50 },
        Draw::Drawn { count: 50 },
        Draw::Fresh,
    ] {
        let mut batches = Batches::new(8, 7, draw).unwrap();
        let list = all(&mut batches, 0..30);
        for number in [29, 3, 11, 0] {
            let mut indices = vec![99; 3];
            Batches::new(8, 7, draw).unwrap().fill(number, &mut indices);
            assert_eq!(indices, list[number as usize * 7..][..7]);
            batches.fill(number, &mut indices);
            assert_eq!(indices, list[number as usize * 7..][..7]);
        }
        let other = all(&mut Batches::new(9, 7, draw).unwrap(), 0..30);
        assert_eq!(other == list, draw == Draw::Fresh);
    }
}

#[test] // each count is binomial: beyond six deviations with probability 2e-9, for ten of them 2e-8
fn drawn_batches_are_uniform_and_fresh_ones_new() {
    let mut batches = Batches::new(4, 10, Draw::Drawn { count: 10 }).unwrap();
    let list = all(&mut batches, 0..10_000);
    for sample in 0..10 {
        let count = list.iter().filter(|index| **index == sample).count();
        assert!((count as f64 - 1e4).abs() < 6.0 * 9e3_f64.sqrt(), "{count}");
    }
    let repeats = list.chunks_exact(10).filter(|batch| batch[0] == batch[1]).count();
    assert!(
        (repeats as f64 - 1e3).abs() < 6.0 * 9e2_f64.sqrt(),
        "with replacement: {repeats}"
    );
    let fresh = all(&mut Batches::new(4, 3, Draw::Fresh).unwrap(), 0..5);
    assert_eq!(fresh, (0..15).collect::<Vec<_>>());
}

#[test]
fn empty_batches_are_refused() {
    for (size, draw, name) in [
        (0, Draw::Fresh, "batch size"),
        (1, Draw::Shuffled { count: 0 }, "samples"),
        (1, Draw::Drawn { count: 0 }, "samples"),
    ] {
        let message = Batches::new(0, size, draw).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    }
}
