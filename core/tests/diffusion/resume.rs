//! Runs that stop and go on; plans cut in two; single precision; work per hop.

use crate::oracle::{DDIM, Entrywise, farthest, hops, run, table, wide};
use crate::tolerances::SINGLE_SAMPLE;
use gibbs_core::diffusion::ddpm::Variance;
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{Betas, Level, Method, Prediction, Progress, Run, Sampler, Spacing, gaussian};
use gibbs_core::random::stream;

const SMALL: Method = Method::Ddpm {
    variance: Variance::FixedSmall,
    clip: Some(1.0),
};
const ALL: [Method; 6] = [
    SMALL,
    DDIM,
    Method::Ddim { eta: 0.7, clip: None },
    Method::Euler,
    Method::Heun,
    Method::DpmSolver,
];

#[test] // stopped after every hop, rebuilt from state, history and count: the same bits
fn resumed_runs_have_the_same_bits() {
    let table = table::<f32>(Betas::DDPM);
    for method in ALL {
        let hops = hops(&table, method, 12, Spacing::Trailing, Ending::Data);
        let mut model = Entrywise(|x: f32, level: &Level| x.sin() + level.signal() as f32);
        let start = [0.4_f32, -1.0, 2.0];
        let whole = run(method, Prediction::Noise, &hops, &start, &mut model);

        let sampler = Sampler::new(method, Prediction::Noise).unwrap();
        let mut rng = stream(9, "diffusion/run", 0);
        let (mut state, mut history) = (start.to_vec(), vec![0.0; sampler.history_len(3)]);
        for done in 0..12 {
            let (mut kept, mut past) = (state.clone(), history.clone());
            let mut run = Run::resume(sampler, &hops, &mut kept, &mut past, done).unwrap();
            assert_eq!((run.progress(), run.done()), (Progress::Going, done));
            let mut scratch = vec![f32::NAN; sampler.scratch_len(3)];
            let progress = run
                .step(&mut model, &mut gaussian(&mut rng), &mut scratch)
                .unwrap();
            assert_eq!(progress == Progress::Finished, done == 11);
            (state, history) = (run.state().to_vec(), run.history().to_vec());
        }
        assert_eq!(state, whole, "{method:?}");
        // a finished run stays as it is
        let mut run = Run::resume(sampler, &hops, &mut state, &mut history, 12).unwrap();
        assert_eq!(
            run.step(&mut model, &mut |_: &mut [f32]| panic!(), &mut []),
            Ok(Progress::Finished)
        );
        run.finish(&mut model, &mut |_: &mut [f32]| panic!(), &mut [])
            .unwrap();
        assert_eq!(run.state(), whole);
    }
}

#[test] // entries of a batch do not see each other
fn a_batch_is_its_members() {
    let table = table::<f64>(Betas::DDPM);
    for method in [DDIM, Method::Euler, Method::Heun, Method::DpmSolver] {
        let hops = hops(&table, method, 9, Spacing::Linspace, Ending::Data);
        let mut model = Entrywise(|x: f64, level: &Level| (x * level.signal()).tanh());
        let batch = run(method, Prediction::Velocity, &hops, &[0.3, -2.0, 1.0], &mut model);
        for (x, expected) in [0.3, -2.0, 1.0].iter().zip(batch) {
            assert_eq!(
                run(method, Prediction::Velocity, &hops, &[*x], &mut model),
                [expected]
            );
        }
    }
}

#[test]
fn evaluations_are_counted() {
    let table = table::<f64>(Betas::DDPM);
    for method in ALL {
        let hops = hops(&table, method, 8, Spacing::Trailing, Ending::Data);
        let mut count = 0;
        let mut model = Entrywise(|x: f64, _: &Level| {
            count += 1;
            x
        });
        run(method, Prediction::Noise, &hops, &[0.3], &mut model);
        let sampler = Sampler::new(method, Prediction::Noise).unwrap();
        assert_eq!(sampler.evaluations(&hops), count, "{method:?}");
        assert_eq!(count, if method == Method::Heun { 15 } else { 8 });
        assert_eq!(
            (sampler.method(), sampler.prediction()),
            (method, Prediction::Noise)
        );
    }
}

#[test] // 24 bits beside 53
fn single_precision_follows() {
    let (double, single) = (
        table::<f64>(Betas::STABLE_DIFFUSION),
        table::<f32>(Betas::STABLE_DIFFUSION),
    );
    for method in [DDIM, Method::Euler, Method::Heun, Method::DpmSolver] {
        let (fine, coarse) = (
            hops(&double, method, 15, Spacing::Trailing, Ending::Data),
            hops(&single, method, 15, Spacing::Trailing, Ending::Data),
        );
        let mut model = Entrywise(|x: f64, level: &Level| level.noise() * (1.2 * x).tanh());
        let exact = run(method, Prediction::Noise, &fine, &[0.4, -1.5], &mut model);
        let mut model = Entrywise(|x: f32, level: &Level| level.noise() as f32 * (1.2 * x).tanh());
        let rounded = run(method, Prediction::Noise, &coarse, &[0.4_f32, -1.5], &mut model);
        assert!(
            farthest(&wide(&rounded), &exact) < SINGLE_SAMPLE,
            "{method:?}: {rounded:?} {exact:?}"
        );
    }
}

// starts: unit noise, sigma_max z, or sqrt(1 + sigma_max²) z
#[test] // edge: diffusion-euler-heun
fn starts_are_scaled_by_convention() {
    let first = Level::of_sigma(999.0, 3.0).unwrap();
    for (method, spacing, factor) in [
        (DDIM, Spacing::Linspace, 1.0),
        (Method::DpmSolver, Spacing::Trailing, 1.0),
        (Method::Euler, Spacing::Linspace, 3.0),
        (Method::Heun, Spacing::Trailing, 3.0),
        (Method::Euler, Spacing::Leading { offset: 0 }, 10.0_f64.sqrt()),
    ] {
        let sampler = Sampler::new(method, Prediction::Noise).unwrap();
        assert_eq!(sampler.is_scaled(), factor != 1.0);
        let mut state = [1.0, -2.0];
        sampler.scale_start(&first, spacing, &mut state).unwrap();
        assert!(farthest(&state, &[factor, -2.0 * factor]) < 1e-14, "{method:?}");
    }
}
