//! Samplers refuse bad input and keep the state.

use crate::oracle::{DDIM, Entrywise, hops, table};
use gibbs_core::Error;
use gibbs_core::diffusion::ddpm::{self, Variance};
use gibbs_core::diffusion::dpm_solver::{self, Previous};
use gibbs_core::diffusion::plan::{Ending, invert};
use gibbs_core::diffusion::{
    Betas, Denoiser, Hop, Level, Method, Prediction, Run, Sampler, Spacing, ddim, euler, gaussian, heun,
};
use gibbs_core::random::stream;

const SMALL: Method = Method::Ddpm {
    variance: Variance::FixedSmall,
    clip: None,
};
const NOISE: Prediction = Prediction::Noise;

fn hop(from: f64, to: f64) -> Hop {
    Hop {
        from: Level::of_alpha_bar(5.0, from).unwrap(),
        to: Level::of_alpha_bar(4.0, to).unwrap(),
    }
}

#[test]
fn parameters() {
    let new = |method| Sampler::new(method, NOISE).err();
    let ddim = |eta, clip| new(Method::Ddim { eta, clip });
    let ddpm = |clip| {
        new(Method::Ddpm {
            variance: Variance::FixedLarge,
            clip,
        })
    };
    assert_eq!(ddim(0.5, Some(1.0)), None);
    for (eta, error) in [
        (f64::NAN, Error::NonFinite),
        (-0.1, Error::Domain),
        (1.1, Error::Domain),
    ] {
        assert_eq!(ddim(eta, None), Some(error));
        let got = ddim::step(
            &[1.0],
            &[1.0],
            &[1.0],
            &hop(0.5, 0.6),
            NOISE,
            eta,
            None,
            &mut [0.0],
        );
        assert_eq!(got, Err(error));
    }
    for (clip, error) in [
        (f64::NAN, Error::NonFinite),
        (f64::INFINITY, Error::NonFinite),
        (0.0, Error::Domain),
        (-1.0, Error::Domain),
    ] {
        assert_eq!(
            (ddim(0.0, Some(clip)), ddpm(Some(clip))),
            (Some(error), Some(error))
        );
    }
}

#[test] // edge: diffusion-ddpm, diffusion-ddim, diffusion-euler-heun, diffusion-dpm-solver
fn steps() {
    let down = hop(0.5, 0.8);
    let (one, two, bad) = ([1.0], [1.0, 2.0], [f64::NAN]);
    let mut next = [7.0];
    // shapes and numbers, one argument at a time
    let ddpm = |x: &[f64], e: &[f64], z: &[f64], hop: &Hop, next: &mut [f64]| {
        ddpm::step(x, e, z, hop, NOISE, Variance::FixedSmall, None, next).err()
    };
    let ddim = |x: &[f64], e: &[f64], z: &[f64], hop: &Hop, next: &mut [f64]| {
        ddim::step(x, e, z, hop, NOISE, 1.0, None, next).err()
    };
    let euler = |x: &[f64], e: &[f64], hop: &Hop, next: &mut [f64]| euler::step(x, e, hop, NOISE, next).err();
    let heun = |x: &[f64], a: &[f64], b: &[f64], c: &[f64], hop: &Hop, next: &mut [f64]| {
        heun::correct(x, a, b, c, hop, NOISE, next).err()
    };
    let solver =
        |x: &[f64], m: &[f64], hop: &Hop, next: &mut [f64]| dpm_solver::step(x, m, None, hop, next).err();
    for (wrong, error) in [
        (&two[..], Error::Shape),
        (&[], Error::Shape),
        (&bad, Error::NonFinite),
    ] {
        let error = Some(error);
        assert_eq!(ddpm(wrong, &one, &one, &down, &mut next), error);
        assert_eq!(ddpm(&one, wrong, &one, &down, &mut next), error);
        assert_eq!(ddpm(&one, &one, wrong, &down, &mut next), error);
        assert_eq!(ddim(wrong, &one, &one, &down, &mut next), error);
        assert_eq!(ddim(&one, wrong, &one, &down, &mut next), error);
        assert_eq!(ddim(&one, &one, wrong, &down, &mut next), error);
        assert_eq!(euler(wrong, &one, &down, &mut next), error);
        assert_eq!(euler(&one, wrong, &down, &mut next), error);
        assert_eq!(euler::scaled(wrong, &down.from, &mut next).err(), error);
        assert_eq!(heun(wrong, &one, &one, &one, &down, &mut next), error);
        assert_eq!(heun(&one, wrong, &one, &one, &down, &mut next), error);
        assert_eq!(heun(&one, &one, wrong, &one, &down, &mut next), error);
        assert_eq!(heun(&one, &one, &one, wrong, &down, &mut next), error);
        assert_eq!(solver(wrong, &one, &down, &mut next), error);
        assert_eq!(solver(&one, wrong, &down, &mut next), error);
        let previous = Some(Previous {
            data: wrong,
            hop: &hop(0.3, 0.5),
        });
        assert_eq!(
            dpm_solver::step(&one, &one, previous, &down, &mut next).err(),
            error
        );
        let mut output = wrong.to_vec();
        assert_eq!(
            dpm_solver::predicted_data(&one, &mut output, &down, NOISE).err(),
            error
        );
    }
    assert_eq!(next, [7.0]);

    // hops that a rule does not make
    let (up, pure, still) = (hop(0.8, 0.5), hop(0.0, 0.5), hop(0.5, 0.5));
    let domain = Some(Error::Domain);
    assert_eq!(ddpm(&one, &one, &one, &up, &mut next), domain);
    assert_eq!(ddpm(&one, &one, &one, &still, &mut next), domain);
    assert_eq!(ddpm(&one, &one, &one, &pure, &mut next), domain);
    assert_eq!(ddim(&one, &one, &one, &up, &mut next), domain);
    assert_eq!(ddim(&one, &one, &one, &pure, &mut next), domain);
    assert_eq!(euler(&one, &one, &pure, &mut next), domain);
    assert_eq!(euler(&one, &one, &hop(0.5, 0.0), &mut next), domain);
    assert_eq!(euler::scaled(&one, &pure.from, &mut next), Err(Error::Domain));
    assert_eq!(heun(&one, &one, &one, &one, &pure, &mut next), domain);
    assert_eq!(solver(&one, &one, &up, &mut next), domain);
    assert_eq!(solver(&one, &one, &still, &mut next), domain);
    assert_eq!(solver(&one, &one, &pure, &mut next), domain);
    assert_eq!(solver(&one, &one, &hop(1.0, 1.0), &mut next), domain);
    for before in [hop(0.5, 0.4), hop(0.5, 1.0), hop(0.0, 0.5)] {
        let previous = Some(Previous {
            data: &one,
            hop: &before,
        });
        assert_eq!(
            dpm_solver::step(&one, &one, previous, &down, &mut next),
            Err(Error::Domain)
        );
    }
    assert_eq!(
        dpm_solver::predicted_data(&one, &mut [1.0], &pure, NOISE),
        Err(Error::Domain)
    );
    let no_noise = ddim::step(&one, &one, &[], &up, NOISE, 0.0, None, &mut next);
    assert_eq!(no_noise, Ok(()));
    let short = ddim::step(&one, &one, &[], &down, NOISE, 0.1, None, &mut next);
    assert_eq!(short, Err(Error::Shape));

    // results out of range
    let huge = [f64::MAX];
    assert_eq!(
        ddim(&huge, &[-f64::MAX], &one, &down, &mut next),
        Some(Error::NonFinite)
    );
    assert_eq!(
        ddpm(&huge, &[-f64::MAX], &one, &down, &mut next),
        Some(Error::NonFinite)
    );
    assert_eq!(
        euler(&huge, &[-f64::MAX], &hop(1e-4, 0.8), &mut next),
        Some(Error::NonFinite)
    );
    assert_eq!(
        solver(&huge, &[f64::MAX], &hop(0.5, 0.9), &mut next),
        Some(Error::NonFinite)
    );
}

/// Answers with one number, or refuses.
struct Answer(Result<f64, Error>);

impl Denoiser<f64> for Answer {
    type Error = Error;

    fn predict(&mut self, _: &[f64], _: &Level, output: &mut [f64]) -> Result<(), Error> {
        output.fill(self.0?);
        Ok(())
    }
}

#[test]
fn runs_keep_the_state() {
    let table = table::<f64>(Betas::DDPM);
    for method in [SMALL, DDIM, Method::Euler, Method::Heun, Method::DpmSolver] {
        let hops = hops(&table, method, 4, Spacing::Trailing, Ending::Data);
        let sampler = Sampler::new(method, NOISE).unwrap();
        let (mut state, mut history) = ([0.25, 0.5], [0.0; 2]);
        let mut scratch = vec![0.0; sampler.scratch_len(2)];
        let mut rng = stream(1, "noise", 0);
        let mut noise = gaussian(&mut rng);
        let mut run = Run::new(sampler, &hops, &mut state, &mut history).unwrap();
        for (answer, error) in [
            (Err(Error::Capacity), Error::Capacity),
            (Ok(f64::NAN), Error::NonFinite),
            (Ok(f64::INFINITY), Error::NonFinite),
            (Ok(1e308), Error::NonFinite),
        ] {
            assert_eq!(
                run.step(&mut Answer(answer), &mut noise, &mut scratch),
                Err(error),
                "{method:?}"
            );
            assert_eq!((run.state(), run.done()), (&[0.25, 0.5][..], 0));
        }
        let short = scratch.len() - 1;
        let got = run.step(&mut Answer(Ok(0.1)), &mut noise, &mut scratch[..short]);
        assert_eq!((got, run.done()), (Err(Error::Shape), 0), "{method:?}");
        assert!(run.step(&mut Answer(Ok(0.1)), &mut noise, &mut scratch).is_ok());
        assert_eq!(
            run.finish(&mut Answer(Err(Error::Capacity)), &mut noise, &mut scratch),
            Err(Error::Capacity)
        );
        assert_eq!(run.done(), 1);
        assert!(run.finish(&mut Answer(Ok(0.1)), &mut noise, &mut scratch).is_ok());
    }
}

#[test]
fn starts() {
    let hops = [hop(0.5, 0.8)];
    let start = |hops: &[Hop], state: &mut [f64], history: &mut [f64], done| {
        let sampler = Sampler::new(Method::DpmSolver, NOISE).unwrap();
        Run::resume(sampler, hops, state, history, done).err()
    };
    assert_eq!(start(&hops, &mut [0.1; 2], &mut [0.1; 2], 1), None);
    assert_eq!(start(&hops, &mut [0.1; 2], &mut [0.1; 2], 2), Some(Error::Domain));
    assert_eq!(start(&[], &mut [0.1; 2], &mut [0.1; 2], 0), Some(Error::Shape));
    assert_eq!(start(&hops, &mut [], &mut [], 0), Some(Error::Shape));
    assert_eq!(start(&hops, &mut [0.1; 2], &mut [0.1], 0), Some(Error::Shape));
    assert_eq!(
        start(&hops, &mut [0.1, f64::NAN], &mut [0.1; 2], 0),
        Some(Error::NonFinite)
    );
    assert_eq!(
        start(&hops, &mut [0.1; 2], &mut [f64::NAN; 2], 0),
        Some(Error::NonFinite)
    );
    let euler = Sampler::new(Method::Euler, NOISE).unwrap();
    let pure = Level::of_alpha_bar(9.0, 0.0).unwrap();
    let mut state = [1.0];
    assert_eq!(
        euler.scale_start(&pure, Spacing::Linspace, &mut state),
        Err(Error::Domain)
    );
    let far = Level::of_sigma(9.0, 10.0).unwrap();
    assert_eq!(
        euler.scale_start(&far, Spacing::Linspace, &mut [f64::MAX]),
        Err(Error::NonFinite)
    );
    assert_eq!(
        euler.scale_start(&far, Spacing::Linspace, &mut [f64::NAN]),
        Err(Error::NonFinite)
    );
}

// a random rule does not go up
#[test] // edge: diffusion-ddim
fn inversion_is_deterministic() {
    let table = table::<f64>(Betas::DDPM);
    let mut hops = hops(&table, DDIM, 4, Spacing::Trailing, Ending::Data);
    invert(&mut hops);
    let sampler = Sampler::new(Method::Ddim { eta: 0.5, clip: None }, NOISE).unwrap();
    let mut state = [0.5];
    let mut run = Run::new(sampler, &hops, &mut state, &mut []).unwrap();
    let mut rng = stream(1, "noise", 0);
    let got = run.step(
        &mut Entrywise(|x: f64, _: &Level| x),
        &mut gaussian(&mut rng),
        &mut [0.0; 3],
    );
    assert_eq!(got, Err(Error::Domain));
}
