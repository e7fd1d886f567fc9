//! Every method over its grid of strengths on one draw, and averaged over the draws.

use super::super::scores::{Linear, Score, design_of, draw_failed};
use crate::baseline::masks::{Elbow, nonzero};
use crate::baseline::{lasso, ridge};
use crate::experiments::ExperimentError;
use crate::experiments::statistics::mean_error;
use crate::garrote::synth::Draw;
use crate::garrote::trail::{Kept, trace_design};
use crate::garrote::{FitError, FitOptions, fit};
use crate::report::curves::Curve;
use gibbs_core::garrote::path::linear_grid;
use gibbs_core::garrote::{Noise, Options};
use serde::{Deserialize, Serialize};

/// N of protocol A.
pub(super) const VARIABLES: f64 = 256.0;
/// Ridge penalty that stands for none: with N = M centred columns the least-squares problem is singular.
const NO_PENALTY: f64 = 1e-3;

/// One method on one draw: (selected fraction, `E_gen`) per strength.
pub(super) type Path = Vec<(f64, f64)>;

/// All methods on one draw.
#[derive(Serialize, Deserialize)]
pub(super) struct Draws {
    pub(super) garrote: Path,
    pub(super) known_noise: Path,
    pub(super) lasso_elbow: Path,
    pub(super) lasso_nonzero: Path,
    /// Ridge's weights wait for the threshold that the whole ensemble sets.
    pub(super) ridge: Vec<(Vec<f64>, f64)>,
    pub(super) ols: Vec<f64>,
    pub(super) fitted: Score,
    pub(super) floor: f64,
}

/// A method averaged over the draws.
pub(super) struct Mean {
    pub(super) name: &'static str,
    pub(super) points: Vec<(f64, f64)>,
    pub(super) spread: Vec<f64>,
    /// Place of the smallest mean error, and the errors of all draws there.
    pub(super) best: usize,
    pub(super) at_best: Vec<f64>,
}

pub(super) fn garrote_path(draw: &Draw, grid: &[f64], noise: Noise<f64>) -> Result<Path, FitError> {
    let design = design_of(&draw.train)?;
    let options = Options {
        noise,
        tolerance: 1e-6,
        ..Options::default()
    };
    let trail = trace_design(&design, grid, options, false)?;
    let point = |kept: &Kept| {
        let model = Linear::of_effects(&design, &kept.effects(), &[]);
        let total: f64 = kept.gates.iter().map(|(_, m, _)| m).sum();
        (total / VARIABLES, model.error(draw))
    };
    Ok(trail.kept.iter().map(point).collect())
}

pub(super) fn fraction(mask: &[bool]) -> f64 {
    mask.iter().filter(|s| **s).count() as f64 / mask.len() as f64
}

/// Strengths of all methods, chosen before any draw.
pub(super) struct Grids {
    pub(super) gamma: Vec<f64>,
    pub(super) gamma_known: Vec<f64>,
    pub(super) lasso: Vec<f64>,
    pub(super) ridge: Vec<f64>,
}

impl Grids {
    pub(super) fn new() -> Result<Self, ExperimentError> {
        let mut gamma = vec![0.0; 60];
        let mut gamma_known = vec![0.0; 60];
        linear_grid(-60.0, -0.5, &mut gamma).map_err(ExperimentError::core("gamma grid"))?;
        linear_grid(-12.0, -0.05, &mut gamma_known).map_err(ExperimentError::core("gamma grid"))?;
        // sum w^2 = 1024 and the noise has sd 18: from the largest weight down to far below the noise
        let lasso = ridge::penalty_grid(30.0, 0.03, 60).map_err(ExperimentError::other("penalty grid"))?;
        let ridge =
            ridge::penalty_grid(1e5, NO_PENALTY, 24).map_err(ExperimentError::other("penalty grid"))?;
        Ok(Self {
            gamma,
            gamma_known,
            lasso,
            ridge,
        })
    }
}

pub(super) fn work(draw: &Draw, number: u64, grids: &Grids) -> Result<Draws, ExperimentError> {
    let (x, y) = (&draw.train.x, &draw.train.y);
    let failed = || draw_failed("fitting the garrote", number);
    let garrote = garrote_path(draw, &grids.gamma, Options::default().noise).map_err(failed())?;
    let known = Noise::Fixed(draw.noise_sd.powi(-2));
    let known_noise = garrote_path(draw, &grids.gamma_known, known).map_err(failed())?;
    let design = design_of(&draw.train).map_err(failed())?;
    let fitted = fit(&design, &FitOptions::default()).map_err(failed())?;
    let fitted = Linear::of_fit(&design, &fitted).score(draw);

    let (mut lasso_elbow, mut lasso_nonzero) = (Path::new(), Path::new());
    let fits = lasso::lasso_path(x, y, &grids.lasso, lasso::Settings::default())
        .map_err(draw_failed("fitting the LASSO", number))?;
    for fit in fits {
        let error = Linear::of_weights(&fit.coefficients, fit.intercept).error(draw);
        lasso_elbow.push((
            fraction(&Elbow::fit(&fit.coefficients).select(&fit.coefficients)),
            error,
        ));
        lasso_nonzero.push((fraction(&nonzero(&fit.coefficients)), error));
    }
    let fits = ridge::ridge_path(x, y, &grids.ridge).map_err(draw_failed("fitting ridge", number))?;
    let ols = fits
        .last()
        .map(|fit| fit.coefficients.clone())
        .unwrap_or_default();
    let ridge = fits
        .into_iter()
        .map(|fit| {
            let error = Linear::of_weights(&fit.coefficients, fit.intercept).error(draw);
            (fit.coefficients, error)
        })
        .collect();
    // what a model that knows everything would reach on these test rows
    let floor = Linear::of_weights(&draw.weights, 0.0).error(draw);
    Ok(Draws {
        garrote,
        known_noise,
        lasso_elbow,
        lasso_nonzero,
        ridge,
        ols,
        fitted,
        floor,
    })
}

/// Averages one method over the draws, up to the last strength that all draws reached.
pub(super) fn average(name: &'static str, paths: &[Path]) -> Mean {
    let reached = paths.iter().map(Vec::len).min().unwrap_or(0);
    let column = |k: usize| paths.iter().map(move |path| path[k]);
    let (mut points, mut spread) = (Vec::new(), Vec::new());
    for k in 0..reached {
        let rho: Vec<f64> = column(k).map(|p| p.0).collect();
        let (error, deviation) = mean_error(&column(k).map(|p| p.1).collect::<Vec<_>>());
        points.push((mean_error(&rho).0, error));
        spread.push(deviation);
    }
    let best = (0..reached).fold(0, |best, k| if points[k].1 < points[best].1 { k } else { best });
    let at_best = if reached > 0 {
        column(best).map(|p| p.1).collect()
    } else {
        Vec::new()
    };
    Mean {
        name,
        points,
        spread,
        best,
        at_best,
    }
}

impl Mean {
    pub(super) fn least(&self) -> (f64, f64) {
        mean_error(&self.at_best)
    }

    /// The points up to this rho whose error is no larger than this.
    pub(super) fn curve(&self, (rho, error): (f64, f64)) -> Curve {
        let ends = self.points.iter().zip(&self.spread);
        let (points, spread) = ends.filter(|(p, _)| p.0 <= rho && p.1 <= error).unzip();
        Curve {
            name: self.name.to_owned(),
            points,
            spread,
        }
    }
}
