//! AdamW, SGD and the average against closed forms.

use super::near;
use crate::train::{AdamW, Average, Sgd, TrainError, adamw, ema, power, sgd};

/// Gradients without a pattern, of either sign.
fn gradient(step: usize) -> f64 {
    [1.0, -0.5, 3.0, 0.25, -2.0, 0.0, 0.125, -1.5][step % 8]
}

// m and v written out as weighted sums over all gradients instead of recursions
#[test] // oracle: train
fn adamw_is_the_sums_it_stands_for() {
    for (settings, rate) in [
        (adamw::Settings::default(), 0.02),
        (
            adamw::Settings {
                first: 0.5,
                second: 0.75,
                epsilon: 0.5,
                decay: 0.25,
            },
            0.1,
        ),
        (
            adamw::Settings {
                first: 0.0,
                second: 0.0,
                epsilon: 0.1,
                decay: 0.0,
            },
            0.01,
        ),
    ] {
        let mut parameters = [vec![2.0_f32]];
        let mut rule = AdamW::new(settings, &parameters).unwrap();
        let mut expected = 2.0;
        for step in 0..30 {
            rule.update(rate, &mut parameters, &[vec![gradient(step) as f32]]);
            let n = step as i32 + 1;
            let sum = |b: f64, power: i32| {
                let terms = (0..=step).map(|k| b.powi((step - k) as i32) * gradient(k).powi(power));
                (1.0 - b) * terms.sum::<f64>() / (1.0 - b.powi(n))
            };
            expected -= rate * settings.decay * expected;
            let root = sum(settings.second, 2).sqrt();
            expected -= rate * sum(settings.first, 1) / (root + settings.epsilon);
            near(parameters[0][0], expected);
        }
    }
}

#[test] // under a constant gradient both corrections cancel: p <- (1 - r w) p - r g / (|g| + e) at every step
fn adamw_under_a_constant_gradient() {
    let settings = adamw::Settings {
        epsilon: 1.0,
        decay: 0.5,
        ..adamw::Settings::default()
    };
    let (rate, drift) = (0.125, 3.0 / 4.0);
    let mut parameters = [vec![-1.0_f32]];
    let mut rule = AdamW::new(settings, &parameters).unwrap();
    for n in 1..=50 {
        rule.update(rate, &mut parameters, &[vec![3.0]]);
        let end = -drift / settings.decay;
        near(
            parameters[0][0],
            end + (1.0 - rate * settings.decay).powi(n) * (-1.0 - end),
        );
    }
    assert_eq!(rule.updates, 50);
}

// the first step is r sign(g), whatever the size of g
#[test] // law: train
fn adamw_does_not_see_the_scale() {
    for scale in [1e-4_f32, 1.0, 1e15] {
        let settings = adamw::Settings {
            epsilon: 1e-30,
            decay: 0.0,
            ..adamw::Settings::default()
        };
        let mut parameters = [vec![0.0; 2]];
        let mut rule = AdamW::new(settings, &parameters).unwrap();
        rule.update(0.01, &mut parameters, &[vec![scale, -scale]]);
        near(parameters[0][0], -0.01);
        near(parameters[0][1], 0.01);
    }
}

// constant gradient: b_n = g (1 - a^n) / (1 - a); Nesterov is one b ahead
#[test] // oracle: train
fn momentum_under_a_constant_gradient() {
    let (rate, g, a) = (0.01, 2.0, 0.75_f64);
    let buffer = |n: i32| g * (1.0 - a.powi(n)) / (1.0 - a);
    for nesterov in [false, true] {
        let settings = sgd::Settings {
            momentum: a,
            nesterov,
            decay: 0.0,
        };
        let mut parameters = [vec![1.0_f32]];
        let mut rule = Sgd::new(settings, &parameters).unwrap();
        let mut expected = 1.0;
        for n in 1..=40 {
            rule.update(rate, &mut parameters, &[vec![g as f32]]);
            expected -= rate * buffer(n + i32::from(nesterov));
            near(parameters[0][0], expected);
            near(rule.momentum[0][0], buffer(n));
        }
    }
}

#[test] // by hand: b = .5, p = .95; b = .25 + .475, p = .8775; and plain decay is geometric
fn decay_of_sgd_goes_through_the_momentum() {
    let settings = sgd::Settings {
        momentum: 0.5,
        nesterov: false,
        decay: 0.5,
    };
    let mut parameters = [vec![1.0_f32]];
    let mut rule = Sgd::new(settings, &parameters).unwrap();
    for expected in [0.95, 0.8775] {
        rule.update(0.1, &mut parameters, &[vec![0.0]]);
        near(parameters[0][0], expected);
    }
    let plain = sgd::Settings {
        momentum: 0.0,
        ..settings
    };
    let mut parameters = [vec![1.0_f32]];
    let mut rule = Sgd::new(plain, &parameters).unwrap();
    for n in 1..20 {
        rule.update(0.1, &mut parameters, &[vec![0.0]]);
        near(parameters[0][0], 0.95_f64.powi(n));
    }
}

// a fixed target: what is left of the start is the product of the decays
#[test] // oracle: train
fn the_average_forgets_geometrically() {
    let settings = ema::Settings {
        decay: 0.75,
        warm_up: false,
    };
    let mut average = Average::new(settings, &[vec![5.0]]).unwrap();
    for n in 1..30 {
        average.update(&[vec![1.0]]);
        near(average.values[0][0], 1.0 + 4.0 * 0.75_f64.powi(n));
    }
}

#[test] // (1/10) (2/11) ... (n/(n + 9)) = n! 9! / (n + 9)!, until the decay is reached
fn the_average_warms_up() {
    let settings = ema::Settings {
        decay: 0.999,
        warm_up: true,
    };
    let mut average = Average::new(settings, &[vec![1e6]]).unwrap();
    let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
    for n in 1..12 {
        average.update(&[vec![0.0]]);
        let left = factorial(n) * factorial(9) / factorial(n + 9);
        let error = f64::from(average.values[0][0]) / 1e6 / left - 1.0;
        assert!(error.abs() < super::SINGLE_STEPS, "{n}: {error}");
    }
    // (1 + n) / (10 + n) = .999 at n = 8990
    assert!(settings.decay_at(8980) < 0.999);
    assert_eq!(settings.decay_at(8991), 0.999);
    assert_eq!(settings.decay_at(u64::MAX), 0.999);
    assert_eq!(average.updates, 11);
}

#[test] // vector lanes and remainders: an entry moves as it does alone, bit for bit
fn entries_do_not_see_each_other() {
    let value = |k: usize| (k as f32 * 0.37).sin();
    for len in 0..35 {
        let tensors = |shift: usize| (0..len).map(|k| value(k + shift)).collect::<Vec<f32>>();
        let (mut whole, gradients) = ([tensors(0)], [tensors(50)]);
        let mut adam = AdamW::new(adamw::Settings::default(), &whole).unwrap();
        let momentum = sgd::Settings {
            momentum: 0.9,
            nesterov: true,
            decay: 0.1,
        };
        let mut sgd = Sgd::new(momentum, &whole).unwrap();
        let mut average = Average::new(ema::Settings::default(), &whole).unwrap();
        for _ in 0..3 {
            adam.update(0.1, &mut whole, &gradients);
            sgd.update(0.1, &mut whole, &gradients);
            average.update(&whole);
        }
        for (k, expected) in whole[0].iter().enumerate() {
            let mut one = [vec![value(k)]];
            let gradients = [vec![value(k + 50)]];
            let mut adam = AdamW::new(adamw::Settings::default(), &one).unwrap();
            let mut sgd = Sgd::new(momentum, &one).unwrap();
            let mut lone = Average::new(ema::Settings::default(), &one).unwrap();
            for _ in 0..3 {
                adam.update(0.1, &mut one, &gradients);
                sgd.update(0.1, &mut one, &gradients);
                lone.update(&one);
            }
            assert_eq!(one[0][0].to_bits(), expected.to_bits());
            assert_eq!(lone.values[0][0].to_bits(), average.values[0][k].to_bits());
        }
    }
}

#[test]
fn powers_by_squaring() {
    assert_eq!(power(0.999, 1), 0.999);
    assert_eq!(power(0.3, 0), 1.0);
    assert_eq!(power(0.5, 20), 1.0 / f64::from(1 << 20));
    assert_eq!(power(3.0, 13), 1_594_323.0);
    assert_eq!(power(0.9, u64::MAX), 0.0);
}

#[test]
fn settings_out_of_range_are_named() {
    let refused = |result: Result<(), TrainError>, name: &str| {
        let message = result.unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
    };
    let good = adamw::Settings::default();
    for bad in [1.0, -0.1, f64::NAN] {
        refused(adamw::Settings { first: bad, ..good }.check(), "first");
        refused(adamw::Settings { second: bad, ..good }.check(), "second");
        let momentum = sgd::Settings {
            momentum: bad,
            ..sgd::Settings::default()
        };
        refused(momentum.check(), "momentum");
        let average = ema::Settings {
            decay: bad,
            warm_up: true,
        };
        refused(average.check(), "average decay");
    }
    for bad in [-0.1, 1e-40, f64::NAN, f64::INFINITY] {
        refused(adamw::Settings { epsilon: bad, ..good }.check(), "epsilon");
    }
    for bad in [-0.1, f64::NAN, f64::INFINITY] {
        refused(adamw::Settings { decay: bad, ..good }.check(), "decay");
    }
    let idle = sgd::Settings {
        nesterov: true,
        ..sgd::Settings::default()
    };
    refused(idle.check(), "nesterov");
}
