//! Outputs of a model kept within a bound: what changes, what does not, and what it does to a run.

use crate::oracle::{Entrywise, farthest, hops, table};
use crate::tolerances::ROUNDING;
use gibbs_core::Error;
use gibbs_core::diffusion::plan::{Ending, invert};
use gibbs_core::diffusion::{Betas, Hop, Level, Method, Prediction, Run, Sampler, Spacing};

const ALL: [Prediction; 3] = [Prediction::Noise, Prediction::Velocity, Prediction::Sample];

// identity: the data are cut, and signal x0' + noise eps' is x; what lies within keeps its bits
#[test] // law: diffusion-prediction
fn data_are_cut_and_still_make_up_the_state() {
    let (data, noise) = ([0.3, -1.7, 2.0, 0.99], [1.1, 0.4, -0.2, 3.0]);
    for alpha_bar in [0.9999, 0.5, 0.01] {
        let level = Level::of_alpha_bar(3.0, alpha_bar).unwrap();
        let (signal, strength) = (level.signal(), level.noise());
        let x: Vec<f64> = data
            .iter()
            .zip(noise)
            .map(|(x, e)| signal * x + strength * e)
            .collect();
        for prediction in ALL {
            let mut output = [0.0; 4];
            prediction.target(&data, &noise, &level, &mut output).unwrap();
            let before = output;
            prediction.bound(&x, &mut output, &level, 1.0).unwrap();
            assert_eq!((output[0], output[3]), (before[0], before[3]));
            let (mut cut, mut eps) = ([0.0; 4], [0.0; 4]);
            prediction.split(&x, &output, &level, &mut cut, &mut eps).unwrap();
            let off = farthest(&cut, &[0.3, -1.0, 1.0, 0.99]);
            // x0 = (x - noise eps) / signal loses as much as 1 / signal.
            assert!(off < 10.0 * ROUNDING / signal, "{prediction:?}: {cut:?}");
            let again: Vec<f64> = cut
                .iter()
                .zip(eps)
                .map(|(x, e)| signal * x + strength * e)
                .collect();
            assert!(farthest(&again, &x) < 10.0 * ROUNDING, "{prediction:?}");
        }
    }
}

#[test] // at data the state is the data: nothing that a model could say is cut
fn data_stay_as_they_are() {
    let mut output = [0.5];
    Prediction::Noise
        .bound(&[3.0], &mut output, &Level::DATA, 1.0)
        .unwrap();
    assert_eq!(output, [0.5]);
}

#[test] // edge: diffusion-prediction
fn bounds_that_are_none_are_refused() {
    let level = Level::of_alpha_bar(3.0, 0.5).unwrap();
    let bound = |bound| Prediction::Noise.bound(&[1.0], &mut [0.5], &level, bound);
    assert_eq!(
        (bound(0.0), bound(-1.0)),
        (Err(Error::Domain), Err(Error::Domain))
    );
    assert_eq!(bound(f64::NAN), Err(Error::NonFinite));
    let sampler = Sampler::new(Method::Heun, Prediction::Noise).unwrap();
    assert_eq!(sampler.bounded(Some(0.0)), Err(Error::Domain));
    assert_eq!(sampler.bounded(Some(1.0)).unwrap().bound(), Some(1.0));
    let refused = Prediction::Noise.bound(&[1.0, 2.0], &mut [0.5], &level, 1.0);
    assert_eq!(refused, Err(Error::Shape));
}

/// The noise of data at ±1, told by a model that overshoots: its x0hat is a tenth too large.
fn overshooting(x: f64, level: &Level) -> f64 {
    let (signal, noise) = (level.signal(), level.noise());
    let data = 1.1 * (x * signal / (noise * noise)).tanh();
    (x - signal * data) / noise
}

/// The noise of the same data, cut by the model itself.
fn cut(x: f64, level: &Level) -> f64 {
    let (signal, noise) = (level.signal(), level.noise());
    let data = 1.1 * (x * signal / (noise * noise)).tanh();
    (x - signal * data.clamp(-1.0, 1.0)) / noise
}

fn along(sampler: Sampler, model: fn(f64, &Level) -> f64, hops: &[Hop], start: &[f64]) -> Vec<f64> {
    let mut state = start.to_vec();
    let mut history = vec![0.0; sampler.history_len(state.len())];
    let mut scratch = vec![0.0; sampler.scratch_len(state.len())];
    let mut run = Run::new(sampler, hops, &mut state, &mut history).unwrap();
    run.finish(&mut Entrywise(model), &mut |_| (), &mut scratch)
        .unwrap();
    let last = hops.last().unwrap().to;
    let factor = if sampler.is_scaled() { last.signal() } else { 1.0 };
    state.iter().map(|x| x * factor).collect()
}

#[test] // every deterministic sampler ends at ±1, however many steps; with the noise kept, DDIM fades
fn more_steps_are_no_worse() {
    let table = table::<f64>(Betas::DDPM);
    let start = [0.3, -1.2, 2.0];
    let kept = Method::Ddim {
        eta: 0.0,
        clip: Some(1.0),
    };
    let free = Method::Ddim { eta: 0.0, clip: None };
    let end = |method, bound: Option<f64>, n| {
        let plan = hops(&table, method, n, Spacing::Leading { offset: 0 }, Ending::Data);
        let sampler = Sampler::new(method, Prediction::Noise).unwrap();
        let sampler = sampler.bounded(bound).unwrap();
        let mut state = start;
        let first = plan[0].from;
        let spacing = Spacing::Leading { offset: 0 };
        sampler.scale_start(&first, spacing, &mut state).unwrap();
        along(sampler, overshooting, &plan, &state)
    };
    for n in [20, 50, 500] {
        for method in [free, Method::Euler, Method::Heun, Method::DpmSolver] {
            let found = end(method, Some(1.0), n);
            assert!(
                farthest(&found, &[1.0, -1.0, 1.0]) < 1e3 * ROUNDING,
                "{method:?}, {n}: {found:?}"
            );
            let found = end(method, None, n);
            assert!(
                farthest(&found, &[1.1, -1.1, 1.1]) < 1e-3,
                "{method:?}, {n}: {found:?}"
            );
        }
    }
    // What the last step cuts hides it; what leads there does not.
    let before = |n: usize| {
        let plan = hops(&table, kept, n, Spacing::Leading { offset: 0 }, Ending::Data);
        let sampler = Sampler::new(kept, Prediction::Noise).unwrap();
        let near = plan.iter().take_while(|hop| hop.from.timestep() > 40.0).count();
        let ends = along(sampler, overshooting, &plan[..near], &start)[0];
        ends / plan[near - 1].to.signal()
    };
    assert!(
        before(50) - before(1000) > 0.01,
        "{} {}",
        before(50),
        before(1000)
    );
}

#[test] // every evaluation is bounded: the sampler of a model that bounds itself goes the same way
fn a_bounded_sampler_is_the_sampler_of_the_bounded_model() {
    let table = table::<f64>(Betas::DDPM);
    let free = Method::Ddim { eta: 0.0, clip: None };
    for method in [free, Method::Euler, Method::Heun, Method::DpmSolver] {
        let plan = hops(&table, method, 10, Spacing::Leading { offset: 0 }, Ending::Data);
        let half = &plan[..plan.len() / 2];
        let sampler = Sampler::new(method, Prediction::Noise).unwrap();
        let bounded = sampler.bounded(Some(1.0)).unwrap();
        let scale = if sampler.is_scaled() {
            plan[0].from.signal()
        } else {
            1.0
        };
        let start = [3.0, -12.0, 20.0].map(|x| x / scale);
        let found = along(bounded, overshooting, half, &start);
        let expected = along(sampler, cut, half, &start);
        let unbounded = along(sampler, overshooting, half, &start);
        // A state of 20 whose noise is divided by a signal of 1/100 loses a thousand roundings.
        assert!(
            farthest(&found, &expected) < 1e4 * ROUNDING,
            "{method:?} {found:?} {expected:?}"
        );
        assert!(farthest(&found, &unbounded) > 1e-3, "{method:?}");
    }
}

// the bounded flow is a flow of its own: inverted, it returns, to first order
#[test] // law: diffusion-ddim
fn inversion_within_the_bound_returns() {
    let table = table::<f64>(Betas::DDPM);
    let free = Method::Ddim { eta: 0.0, clip: None };
    let sampler = Sampler::new(free, Prediction::Noise)
        .unwrap()
        .bounded(Some(1.0))
        .unwrap();
    let data = [0.8, -0.95, 0.1];
    let errors = [50, 100, 200].map(|n| {
        let plan = hops(&table, free, n, Spacing::Leading { offset: 0 }, Ending::Data);
        let mut back = plan.clone();
        invert(&mut back);
        let mut model = Entrywise(|x: f64, level: &Level| {
            // Data of width 1/2 about ±1, a tenth too large.
            let (s, n) = (level.signal(), level.noise());
            let v = s * s * 0.25 + n * n;
            1.1 * n * (x - s * (s * x / v).tanh()) / v
        });
        let mut state = data;
        for plan in [&back, &plan] {
            let mut scratch = [0.0; 6];
            let mut run = Run::new(sampler, plan, &mut state, &mut []).unwrap();
            run.finish(&mut model, &mut |_| (), &mut scratch).unwrap();
        }
        farthest(&state, &data)
    });
    for pair in errors.windows(2) {
        let order = (pair[0] / pair[1]).log2();
        assert!((0.7..1.3).contains(&order), "{errors:?}");
    }
}
