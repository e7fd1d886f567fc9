//! Golden samples: a linear model under six samplers and schedules, made with another library.

use super::{integrate, planned, schedule};
use crate::diffusion::folder::Spacing;
use crate::diffusion::schedule::Kind;
use crate::experiments::{Expected, ExperimentError, Outcome, Row, Source};
use gibbs_core::Error;
use gibbs_core::diffusion::{Denoiser, Level};

/// The golden samples have six decimals.
const GOLDEN: f64 = 2e-6;
const NOISE: [f64; 4] = [0.5, -1.0, 2.0, 0.1];

/// eps = 0.3 x + 0.1.
struct Affine;

impl Denoiser<f64> for Affine {
    type Error = Error;

    fn predict(&mut self, x: &[f64], _: &Level, output: &mut [f64]) -> Result<(), Error> {
        output.iter_mut().zip(x).for_each(|(out, x)| *out = 0.3 * x + 0.1);
        Ok(())
    }
}

/// max |sample - golden| / max |golden|.
fn golden(
    latent: bool,
    spacing: Spacing,
    kind: Kind,
    steps: usize,
    expected: [f64; 4],
) -> Result<f64, ExperimentError> {
    let schedule = schedule(latent, spacing)?;
    let (sampler, hops) = (
        schedule.sampler(kind).map_err(planned())?,
        schedule.plan(kind, steps).map_err(planned())?,
    );
    let core = || ExperimentError::core("a golden sample");
    let first = hops.first().ok_or(Error::Shape).map_err(core())?.from;
    let mut state = NOISE;
    sampler
        .scale_start(&first, schedule.spacing(), &mut state)
        .map_err(core())?;
    integrate(sampler, &hops, &mut state, &mut Affine).map_err(core())?;
    let most = |values: [f64; 4]| values.iter().fold(0.0_f64, |m, x| m.max(x.abs()));
    let difference = [0, 1, 2, 3].map(|i| state[i] - expected[i]);
    Ok(most(difference) / most(expected))
}

/// Rows of the six samples.
pub(super) fn report(outcome: &mut Outcome) -> Result<(), ExperimentError> {
    let (ddim, line) = (Kind::Ddim { eta: 0.0 }, Spacing::Linspace);
    for (name, latent, kind, spacing, steps, expected) in [
        (
            "DDIM, linear schedule",
            false,
            ddim,
            Spacing::Leading,
            10,
            [6.571_255, -20.917_763, 34.060_268, -0.759_149],
        ),
        (
            "DDIM, latent schedule",
            true,
            ddim,
            Spacing::Leading,
            10,
            [1.433_569, -4.442_872, 7.310_009, -0.133_482],
        ),
        (
            "Euler, latent schedule",
            true,
            Kind::Euler,
            line,
            10,
            [2.143_675, -6.746_446, 11.033_797, -0.227_024],
        ),
        (
            "Heun, latent schedule",
            true,
            Kind::Heun,
            line,
            10,
            [1.881_253, -5.879_144, 9.641_652, -0.188_186],
        ),
        (
            "DPM-Solver++(2M), latent schedule",
            true,
            Kind::DpmSolver,
            line,
            10,
            [1.967_139, -6.159_414, 10.093_690, -0.199_942],
        ),
        (
            "DPM-Solver++(2M), latent schedule",
            true,
            Kind::DpmSolver,
            line,
            20,
            [1.940_897, -6.069_876, 9.951_669, -0.195_309],
        ),
    ] {
        let source = Source::oracle("diffusers 0.42.1, six decimals");
        let quantity = format!("{name}, {steps} steps: largest difference over largest entry");
        let found = golden(latent, spacing, kind, steps, expected)?;
        outcome.row(Row::new(quantity, source, Expected::AtMost(GOLDEN), found));
    }
    Ok(())
}
