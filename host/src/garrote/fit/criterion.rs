//! The rules `ebic:g`: candidates from a coarse path and a LASSO, the search over supports, the relaxed solution.
//!
//! A few loosely converged points of the gamma path, forwards and backwards, and the largest support of a coarse LASSO
//! path start the search of [`crate::garrote::search`], which settles each of them anew: more points or digits find no
//! other sets, but cost most of the time. Coordinate ascent then starts from the best corner at
//!
//! ```text
//! gamma = -(ln(M)/2 + g ln N)        at which 2 F = EBIC_g + constant at every corner m in {0, 1}^N
//! ```
//! Its noise cannot fall below a quarter of the corner's RSS/M, which keeps it from the interpolations of N > M. Where
//! the relaxed solution selects another set than the criterion did (an undecided gate adds its spread to the noise, so
//! that a member of small Delta F can fall), the corner itself is the answer: m is then 0 or 1, the weights are those of
//! least squares, and Delta F is half of what EBIC_g rises without the member.

use super::settle::{Settled, Start, corner, settle};
use super::{Fit, FitOptions};
use crate::baseline::lasso;
use crate::garrote::design::{Design, FitError};
use crate::garrote::search::{Best, choose, corners, penalty};
use crate::garrote::trail::{Trail, default_grid, trace_design};
use crate::work::Work;
use gibbs_core::garrote::solver::rounding_floor;
use gibbs_core::garrote::{Noise, Options, Status};
use gibbs_core::math::{Real, add_scaled};

/// Points of the coarse path, and its tolerance: tuned on protocols B, B-large, A:5 and C, seeds 0 to 99, where
/// 50 points to 1e-4 choose the same sets.
const SCOUTS: usize = 12;
const SCOUT_TOLERANCE: f64 = 1e-2;

/// The gamma at which the corners of F are ranked as EBIC_g ranks them: -(ln(M)/2 + g ln N).
pub fn criterion_gamma(design: &Design, g: f64) -> f64 {
    -0.5 * penalty(design, g)
}

/// Searches, chooses, relaxes. The full path over `grid` is traced only where its curves are asked for.
pub(super) fn fit(
    design: &Design,
    options: &FitOptions,
    grid: &[f64],
    g: f64,
    work: &Work<'_>,
) -> Result<Fit, FitError> {
    let scouts = scout(design, options)?;
    work.check()?;
    let mut starts = path_supports(design, &scouts);
    starts.extend(lasso_support(design));
    let corners = corners(design, &design.correlation(), &starts);
    work.check()?;
    let best = choose(design, &corners, g)
        .ok_or_else(|| FitError::NoChoice(options.rule.to_string(), "too few rows"))?;
    let settled = relax(design, options, &best, criterion_gamma(design, g))?;
    let trail = if options.curves {
        trace_design(design, grid, options.along_path(), true)?
    } else {
        scouts
    };
    Ok(Fit {
        corners,
        best: Some(best),
        ..Fit::of(settled, trail)
    })
}

fn scout(design: &Design, options: &FitOptions) -> Result<Trail, FitError> {
    let coarse = Options {
        tolerance: SCOUT_TOLERANCE.max(options.solver.tolerance),
        ..options.solver
    };
    let grid = default_grid(design, SCOUTS.min(options.gammas))?;
    trace_design(design, &grid, coarse, false)
}

/// Distinct supports along the path, smaller than half the rows.
fn path_supports(design: &Design, trail: &Trail) -> Vec<Vec<usize>> {
    let mut supports: Vec<Vec<usize>> = Vec::new();
    for kept in &trail.kept {
        let support = kept.support();
        if 2 * support.len() < design.rows() && !support.is_empty() && !supports.contains(&support) {
            supports.push(support);
        }
    }
    supports
}

/// The largest support below M/2 on a coarse LASSO path: the convex relaxation takes in the true variables
/// among many others at sizes where greedy choices have gone astray.
fn lasso_support(design: &Design) -> Option<Vec<usize>> {
    let coarse = lasso::Settings {
        tolerance: 1e-2,
        max_sweeps: 100,
    };
    let alphas = lasso::alpha_grid(&design.x, &design.y, 20, 0.05).ok()?;
    let fits = lasso::lasso_path(&design.x, &design.y, &alphas, coarse).ok()?;
    let support = |fit: &lasso::LassoFit| {
        let weights = fit.coefficients.iter().enumerate();
        weights
            .filter(|(_, w)| **w != 0.0)
            .map(|(i, _)| i)
            .collect::<Vec<_>>()
    };
    let supports = fits.iter().map(support);
    supports
        .filter(|s| !s.is_empty() && 2 * s.len() < design.rows())
        .max_by_key(Vec::len)
}

/// Coordinate ascent from the best corner, or the corner where that leaves its set.
fn relax(design: &Design, options: &FitOptions, best: &Best, gamma: f64) -> Result<Settled, FitError> {
    let solution = &best.solution;
    let least = 0.25 * solution.rss / design.variance;
    let (noise, precision, told) = match options.solver.noise {
        Noise::Fixed(precision) => (options.solver.noise, precision, true),
        Noise::Profile { floor } => {
            let told = floor > rounding_floor();
            let floor = if told { floor.max(least) } else { least };
            let variance = solution.rss.max(floor * design.variance);
            (Noise::Profile { floor }, 1.0 / variance, told && floor > least)
        }
    };
    if solution.exact && !told {
        return Ok(held(design, best, precision, gamma));
    }
    let members = solution.support.iter().zip(&solution.weight);
    let gates: Vec<_> = members.map(|(i, u)| (*i, 0.99, *u)).collect();
    let start = Start {
        gates: &gates,
        precision,
        gamma,
    };
    let relaxed = settle(
        design,
        Options {
            noise,
            ..options.solver
        },
        &start,
    )?;
    let kept = relaxed.support() == solution.support && relaxed.solution.status == Status::Converged;
    if kept || told {
        return Ok(relaxed); // a noise that the user set changes what F prefers
    }
    Ok(held(design, best, precision, gamma))
}

/// The corner of the best set.
fn held(design: &Design, best: &Best, precision: f64, gamma: f64) -> Settled {
    let solution = &best.solution;
    let mut residual = design.y.clone();
    for (i, u) in solution.support.iter().zip(&solution.weight) {
        add_scaled(&mut residual, -u, design.column(*i));
    }
    let mut weight = design.products(&residual); // of the others: what each would take alone
    let half = 0.5 * design.rows() as f64;
    let mut gains = Vec::new();
    for (a, (i, u)) in solution.support.iter().zip(&solution.weight).enumerate() {
        weight[*i] = *u;
        gains.push((*i, half * Real::ln(solution.without(a) / solution.rss) + gamma));
    }
    corner(design, gamma, precision, (&solution.support, weight), gains)
}
