//! Orders of the samplers on data with a closed form, the golden samples of another library, inversion.

mod goldens;

use super::compare::printed;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::folder::{BetaSchedule, SchedulerConfig, Spacing};
use crate::diffusion::schedule::{Kind, NoiseSchedule};
use crate::experiments::{About, Context, Expected, ExperimentError, Outcome, Row, Source};
use crate::report::scaling::{self, Scaling, Series};
use gibbs_core::Error;
use gibbs_core::diffusion::plan::KarrasGrid;
use gibbs_core::diffusion::{
    Denoiser, GaussianMixture, Hop, Method, MixtureDenoiser, Prediction, Run, Sampler, Spread,
};
use gibbs_core::math::Real;

/// What is reproduced.
pub const ABOUT: About = About {
    name: "diffusion-samplers",
    title: "Diffusion: orders of the samplers, golden samples, inversion",
    paper: "Song, Meng, Ermon, Denoising Diffusion Implicit Models, ICLR 2021; Karras, Aittala, Aila, \
         Laine, Elucidating the Design Space, NeurIPS 2022; Lu et al., DPM-Solver++, 2022",
    claim: "On Gaussian data the errors of Euler and DDIM fall as 1/N and those of Heun and \
         DPM-Solver++(2M) as 1/N²; a linear model gives the samples of the diffusers library; inversion is \
         undone by sampling up to 1/N.",
};

/// Variance of the data, and the state at the largest sigma.
const VARIANCE: f64 = 0.25;
const START: f64 = 80.0;
const DDIM: Method = Method::Ddim { eta: 0.0, clip: None };
/// |error| at the end for 20, 40, 80 and 160 steps, as printed, with their digits and the order.
const PRINTED: [(&str, Method, [f64; 4], i32, f64); 4] = [
    (
        "Euler",
        Method::Euler,
        [6.945e-2, 3.514e-2, 1.767e-2, 8.861e-3],
        4,
        1.0,
    ),
    ("DDIM", DDIM, [6.945e-2, 3.514e-2, 1.767e-2, 8.861e-3], 4, 1.0),
    ("Heun", Method::Heun, [2.18e-2, 4.89e-3, 1.16e-3, 2.78e-4], 3, 2.0),
    (
        "DPM-Solver++(2M)",
        Method::DpmSolver,
        [2.46e-2, 5.20e-3, 1.19e-3, 2.82e-4],
        3,
        2.0,
    ),
];
/// Accepted distance of an order from a whole number.
const ORDER: f64 = 0.1;

/// Takes `state` along `hops` without noise.
fn integrate(
    sampler: Sampler,
    hops: &[Hop],
    state: &mut [f64],
    model: &mut impl Denoiser<f64, Error = Error>,
) -> Result<(), Error> {
    let mut history = vec![0.0; sampler.history_len(state.len())];
    let mut scratch = vec![0.0; sampler.scratch_len(state.len())];
    let mut none = |_: &mut [f64]| {};
    Run::new(sampler, hops, state, &mut history)?.finish(model, &mut none, &mut scratch)
}

/// |error| of N steps on N(0, 1/4), and the evaluations of the model.
fn error(method: Method, steps: usize) -> Result<(f64, usize), Error> {
    let mut hops = vec![Hop::NONE; steps];
    KarrasGrid::EDM.plan(|sigma| Real::ln(sigma) / 4.0, &mut hops)?;
    let sampler = Sampler::new(method, Prediction::Noise)?;
    let first = hops.first().ok_or(Error::Shape)?.from;
    let mut state = [if sampler.is_scaled() {
        START
    } else {
        START * first.signal()
    }];
    let mixture = GaussianMixture::new(&[1.0], &[0.0], Spread::Isotropic(&[VARIANCE]))?;
    let (mut responsibilities, mut mean) = ([0.0], [0.0]);
    let mut model = MixtureDenoiser::new(mixture, &mut responsibilities, &mut mean)?;
    integrate(sampler, &hops, &mut state, &mut model)?;
    let exact = START * (VARIANCE / (VARIANCE + START * START)).sqrt();
    Ok(((state[0] - exact).abs(), sampler.evaluations(&hops)))
}

/// The latent schedule of Stable Diffusion, or that of DDPM.
fn schedule(latent: bool, spacing: Spacing) -> Result<NoiseSchedule, ExperimentError> {
    let mut config = SchedulerConfig::ddpm(1000);
    config.clip_sample = false;
    config.timestep_spacing = spacing;
    if latent {
        (config.beta_schedule, config.beta_start, config.beta_end) =
            (BetaSchedule::ScaledLinear, 0.000_85, 0.012);
        (config.steps_offset, config.set_alpha_to_one) = (1, false);
    }
    NoiseSchedule::new(&config).map_err(planned())
}

fn planned() -> impl FnOnce(DiffusionError) -> ExperimentError {
    ExperimentError::other("a plan")
}

/// The largest |x0 - sampled(inverted(x0))| of three points, data at ±1 of width 1/2, N steps.
fn returned(steps: usize) -> Result<f64, ExperimentError> {
    let schedule = schedule(false, Spacing::Leading)?;
    let kind = Kind::Ddim { eta: 0.0 };
    let sampler = schedule.sampler(kind).map_err(planned())?;
    let (back, hops) = (
        schedule.inversion(steps).map_err(planned())?,
        schedule.plan(kind, steps).map_err(planned())?,
    );
    let data = [0.8, -1.2, 0.1];
    let mut state = data;
    let mut there_and_back = || -> Result<(), Error> {
        let mixture = GaussianMixture::new(&[0.5, 0.5], &[1.0, -1.0], Spread::Isotropic(&[VARIANCE; 2]))?;
        let (mut responsibilities, mut mean) = ([0.0; 2], [0.0]);
        let mut model = MixtureDenoiser::new(mixture, &mut responsibilities, &mut mean)?;
        integrate(sampler, &back, &mut state, &mut model)?;
        integrate(sampler, &hops, &mut state, &mut model)
    };
    there_and_back().map_err(ExperimentError::core("an inversion"))?;
    let errors = data.iter().zip(&state).map(|(a, b)| (a - b).abs());
    Ok(errors.fold(0.0, f64::max))
}

/// log2 of the last error but one over the last.
fn order(errors: &[f64]) -> f64 {
    match errors {
        [.., before, last] => libm::log2(before / last),
        _ => f64::NAN,
    }
}

fn orders(context: &Context<'_>, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let counts: Vec<usize> = (0..if context.full { 7 } else { 4 }).map(|k| 20 << k).collect();
    let mut series = Vec::new();
    let mut ends: Vec<Vec<f64>> = Vec::new();
    for (name, method, values, digits, slope) in PRINTED {
        let found = counts.iter().map(|n| error(method, *n));
        let found: Vec<(f64, usize)> = found
            .collect::<Result<_, _>>()
            .map_err(ExperimentError::core(name))?;
        for ((n, (error, _)), value) in counts.iter().zip(&found).zip(values) {
            let source = Source::oracle("an independent program, digits as printed");
            let quantity = format!("{name}, |error| at the end, {n} steps");
            outcome.row(Row::new(quantity, source, printed(value, digits), *error));
        }
        let errors: Vec<f64> = found.iter().map(|(error, _)| *error).collect();
        let expected = Expected::Equal {
            value: slope,
            tolerance: ORDER,
        };
        let source = Source::oracle("order of the method");
        let quantity = format!("{name}, order between the last two numbers of steps");
        outcome.row(Row::new(quantity, source, expected, order(&errors)));
        series.push(Series {
            name: name.to_owned(),
            points: found
                .iter()
                .map(|(error, asked)| (*asked as f64, *error))
                .collect(),
        });
        ends.push(errors);
    }
    if let [euler, ddim, ..] = &ends[..] {
        let farthest = euler
            .iter()
            .zip(ddim)
            .map(|(a, b)| (a / b - 1.0).abs())
            .fold(0.0, f64::max);
        let source = Source::oracle("the same map in other variables; tolerance: rounding of 160 steps");
        let quantity = "Euler and DDIM, largest relative difference of their errors";
        outcome.row(Row::new(quantity, source, Expected::AtMost(1e-10), farthest));
    }
    let figure = Scaling {
        title: "Probability flow of N(0, 1/4) from sigma = 80".to_owned(),
        x_label: "evaluations of the model".to_owned(),
        y_label: "|error| at the end".to_owned(),
        series,
    };
    let caption = "Euler and DDIM lie on each other. Heun asks the model twice a step: at equal cost the multistep \
                   solver is ahead.";
    outcome.figure("orders", figure.draw(), caption);
    Ok(())
}

fn inversion(context: &Context<'_>, outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let counts: &[usize] = if context.full {
        &[25, 50, 100, 200, 500, 1000]
    } else {
        &[25, 50, 100, 200]
    };
    let mut points = Vec::new();
    for n in counts {
        context.check()?;
        points.push((*n as f64, returned(*n)?));
    }
    let law = scaling::fit(&points).map_or(f64::NAN, |law| law.slope);
    let expected = Expected::Equal {
        value: -1.0,
        tolerance: 0.2,
    };
    let source = Source::oracle("DDIM inverts to first order; tolerance ours");
    outcome.row(Row::new(
        "inversion, then sampling: log-log slope of |x0 - x0'| against N",
        source,
        expected,
        law,
    ));
    if let Some((n, last)) = points.last() {
        let quantity = format!("the same, |x0 - x0'| at N = {n}");
        outcome.row(Row::new(
            quantity,
            Source::own("how large it is"),
            Expected::Informative,
            *last,
        ));
    }
    let figure = Scaling {
        title: "DDIM inversion and back: data at ±1 of width 1/2".to_owned(),
        x_label: "steps each way N".to_owned(),
        y_label: "largest |x0 - x0'| of three points".to_owned(),
        series: vec![Series {
            name: "exact denoiser".to_owned(),
            points,
        }],
    };
    let caption = "The model is asked at the state, so that a step back is undone to first order only.";
    outcome.figure("inversion", figure.draw(), caption);
    Ok(())
}

/// Runs the experiment.
///
/// # Errors
/// [`ExperimentError`], where a part cannot be computed.
pub fn run(context: &Context<'_>) -> Result<Outcome, ExperimentError> {
    context.work.progress.begin(ABOUT.title, 3);
    let mut outcome = Outcome::default();
    orders(context, &mut outcome)?;
    context.work.progress.advance(1);
    goldens::report(&mut outcome)?;
    context.work.progress.advance(1);
    inversion(context, &mut outcome)?;
    context.work.progress.advance(1);
    outcome.note("No randomness: the seed changes nothing here.");
    Ok(outcome)
}
