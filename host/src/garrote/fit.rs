//! From a design to one fitted garrote: path, selection rule, final solution.
//!
//! Rules (spec of the method, 6.3). `ebic:g` (default g = 1; `bic` is g = 0): the path offers supports, the
//! search of [`super::search`] finds the corner of smallest EBIC_g, and coordinate ascent, started from that
//! corner, relaxes it at gamma = -(ln(M)/2 + g ln N), the gamma at which F and EBIC_g agree. The other
//! rules choose a point of the path: `plateau` the middle of the longest stable interval, `cv` and
//! `validation` the smallest error on rows left out, `transition` the gamma at which an ensemble selects
//! as many variables as the transition signal says are relevant.

use super::bootstrap::{Bootstrap, bootstrap};
use super::design::{Design, FitError};
use super::held_out::{ErrorCurve, cross_validate, validate};
pub use super::rule::Rule;
use super::search::{Corner, best_corner, corners};
use super::trail::{Kept, Trail, WithSolver, default_grid, trace_design, with_solver};
use crate::baseline::lasso;
use crate::work::Work;
use gibbs_core::garrote::select::{calm_limit, longest_plateau};
use gibbs_core::garrote::{Noise, Options, Solution, Solver, Status};
use gibbs_core::math::Real;

/// What a fit may be told.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Selection rule.
    pub rule: Rule,
    /// Noise model, tolerance, sweep limit of the final solution.
    pub solver: Options<f64>,
    /// Tolerance along the path, where solutions are candidates only.
    pub path_tolerance: f64,
    /// Number of gammas on the path.
    pub gammas: usize,
    /// Seed of everything random (folds, held-out rows, bootstraps).
    pub seed: u64,
    /// Keep the inclusions of both passes, for figures.
    pub curves: bool,
    /// Folds of the `cv` rule.
    pub folds: usize,
    /// Bootstrap replicas of the `transition` rule.
    pub replicas: usize,
    /// Validation sample of the `validation` rule in raw units; without one, a third of the rows is held out.
    pub held: Option<Design>,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            rule: Rule::Ebic(1.0),
            solver: Options::default(),
            gammas: 50,
            seed: 0,
            curves: false,
            path_tolerance: 1e-4,
            folds: 5,
            replicas: 50,
            held: None,
        }
    }
}

impl FitOptions {
    /// Options of the solver along the path.
    pub fn along_path(&self) -> Options<f64> {
        Options {
            tolerance: self.path_tolerance.max(self.solver.tolerance),
            ..self.solver
        }
    }
}

/// A fitted garrote in standardised units, with what led to it.
#[derive(Clone, Debug)]
pub struct Fit {
    /// m (N).
    pub inclusion: Vec<f64>,
    /// w (N), in y per sd of the variable.
    pub weight: Vec<f64>,
    /// beta.
    pub precision: f64,
    /// gamma, F, Σ m, sweeps, status of the final solution.
    pub solution: Solution<f64>,
    /// The path.
    pub trail: Trail,
    /// Index on the path, for the rules that choose one.
    pub index: Option<usize>,
    /// Best supports by size, for the rules that search.
    pub corners: Vec<Corner>,
    /// Train and validation error along the path, for `cv` and `validation`.
    pub errors: Option<ErrorCurve>,
    /// The ensemble of the `transition` rule.
    pub bootstrap: Option<Bootstrap>,
}

impl Fit {
    /// Indices with m > 1/2.
    pub fn support(&self) -> Vec<usize> {
        self.inclusion
            .iter()
            .enumerate()
            .filter(|(_, m)| **m > 0.5)
            .map(|(i, _)| i)
            .collect()
    }
}

/// The gamma at which the corners of F are ranked as EBIC_g ranks them: -(ln(M)/2 + g ln N).
pub fn criterion_gamma(design: &Design, g: f64) -> f64 {
    -(0.5 * Real::ln(design.rows() as f64) + g * Real::ln(design.variables() as f64))
}

/// A state to start from: gates (index, m, w) and beta.
struct Start<'s> {
    gates: &'s [(usize, f64, f64)],
    precision: f64,
    gamma: f64,
    variables: usize,
}

impl WithSolver for Start<'_> {
    type Output = (Vec<f64>, Vec<f64>, f64, Solution<f64>);

    fn run(self, solver: &mut impl Solver<f64>) -> Self::Output {
        if !self.gates.is_empty() {
            let (mut inclusion, mut weight) = (vec![0.0; self.variables], vec![0.0; self.variables]);
            for (i, m, w) in self.gates {
                inclusion[*i] = *m;
                weight[*i] = *w;
            }
            solver.load(&inclusion, &weight, &[self.precision]);
        }
        let solution = solver.solve(self.gamma);
        (
            solver.inclusion().to_vec(),
            solver.weight().to_vec(),
            solver.precision()[0],
            solution,
        )
    }
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

/// Traces the path and lets the rule choose.
///
/// # Errors
/// `Option` for options outside their range; `NoChoice` if the rule finds nothing; those of the solvers.
pub fn fit(design: &Design, options: &FitOptions) -> Result<Fit, FitError> {
    fit_with(design, options, &Work::plain())
}

/// As [`fit`], telling `work` how it advances, and ending when it says so.
///
/// # Errors
/// As [`fit`]; those of [`Work`].
pub fn fit_with(design: &Design, options: &FitOptions, work: &Work<'_>) -> Result<Fit, FitError> {
    options.solver.check()?;
    let grid = default_grid(design, options.gammas)?;
    let along = options.along_path();
    let trail = trace_design(design, &grid, along, options.curves)?;
    work.check()?;
    if trail.kept.is_empty() {
        return Err(FitError::NoChoice(options.rule.to_string(), "the path is empty"));
    }
    let mut chosen = Choice::default();
    match options.rule {
        Rule::Ebic(g) => return by_criterion(design, options, trail, g),
        Rule::Plateau => chosen.index = plateau(&trail, design.variables()),
        Rule::Cv => {
            let curve = cross_validate(design, &grid, along, options.folds, options.seed, work)?;
            chosen.index = curve.best();
            chosen.errors = Some(curve);
        }
        Rule::Validation => {
            let curve = validate(design, options.held.as_ref(), &grid, along, options.seed)?;
            chosen.index = curve.best();
            chosen.errors = Some(curve);
        }
        Rule::Transition => {
            let ensemble = bootstrap(design, &grid, along, options.replicas, options.seed, work)?;
            chosen.index = ensemble.best(trail.kept.len());
            chosen.bootstrap = Some(ensemble);
        }
    }
    at_point(design, options, trail, chosen)
}

/// What a rule chose, and what it looked at.
#[derive(Default)]
struct Choice {
    index: Option<usize>,
    errors: Option<ErrorCurve>,
    bootstrap: Option<Bootstrap>,
    corners: Vec<Corner>,
}

/// The solution of the whole design at a chosen point of its path.
fn at_point(design: &Design, options: &FitOptions, trail: Trail, chosen: Choice) -> Result<Fit, FitError> {
    let index = chosen
        .index
        .map(|k| k.min(trail.kept.len() - 1))
        .ok_or_else(|| FitError::NoChoice(options.rule.to_string(), "no point of the path qualifies"))?;
    let kept = trail.kept[index].clone();
    let start = Start {
        gates: &kept.gates,
        precision: kept.precision,
        gamma: trail.grid[index],
        variables: design.variables(),
    };
    let index = Some(index);
    finish(design, options, start, (trail, Choice { index, ..chosen }))
}

/// Solves from `start` and puts the fit together.
fn finish(
    design: &Design,
    options: &FitOptions,
    start: Start<'_>,
    (trail, chosen): (Trail, Choice),
) -> Result<Fit, FitError> {
    let (inclusion, weight, precision, solution) = with_solver(design, options.solver, f64::INFINITY, start)?;
    Ok(Fit {
        inclusion,
        weight,
        precision,
        solution,
        trail,
        index: chosen.index,
        corners: chosen.corners,
        errors: chosen.errors,
        bootstrap: chosen.bootstrap,
    })
}

/// The rule of [`gibbs_core::garrote::select::by_plateau`] on sparse points.
fn plateau(trail: &Trail, variables: usize) -> Option<usize> {
    let supports: Vec<_> = trail.kept.iter().map(Kept::support).collect();
    let calm = |k: usize| !supports[k].is_empty() && trail.kept[k].undecided() < calm_limit(variables);
    longest_plateau(
        supports.len(),
        |k| trail.grid[k],
        calm,
        |i, j| supports[i] == supports[j],
    )
}

fn by_criterion(design: &Design, options: &FitOptions, trail: Trail, g: f64) -> Result<Fit, FitError> {
    let mut starts = path_supports(design, &trail);
    starts.extend(lasso_support(design));
    let corners = corners(design, &design.correlation(), &starts);
    let best = best_corner(design, &corners, g)
        .ok_or_else(|| FitError::NoChoice(options.rule.to_string(), "too few rows"))?;
    let gates: Vec<_> = refit(design, &best.support)
        .into_iter()
        .map(|(i, u)| (i, 0.99, u))
        .collect();
    let start = Start {
        gates: &gates,
        precision: match options.solver.noise {
            Noise::Fixed(precision) => precision,
            Noise::Profile { floor } => 1.0 / best.rss.max(floor * design.variance),
        },
        gamma: criterion_gamma(design, g),
        variables: design.variables(),
    };
    let chosen = Choice {
        corners,
        ..Choice::default()
    };
    finish(design, options, start, (trail, chosen))
}

/// The name of a status in results and files.
pub fn status_name(status: Status) -> &'static str {
    match status {
        Status::Converged => "converged",
        Status::MaxSweeps => "max_sweeps",
        Status::BetaCapped => "beta_capped",
        Status::ConstantTarget => "constant_target",
        Status::Singular => "singular",
    }
}

/// Least-squares weights on a support, as (index, weight); falls back on shrunk single-variable weights
/// where the columns are collinear beyond the jitter policy.
pub fn refit(design: &Design, support: &[usize]) -> Vec<(usize, f64)> {
    use gibbs_core::linalg::{cholesky_jittered, cholesky_solve};
    use gibbs_core::math::dot;
    let (k, m) = (support.len(), design.rows() as f64);
    if k == 0 {
        return Vec::new();
    }
    let mut gram = vec![0.0; k * k];
    for (column, i) in gram.chunks_exact_mut(k).zip(support) {
        for (c, j) in column.iter_mut().zip(support) {
            *c = dot(design.column(*i), design.column(*j)) / m;
        }
    }
    let mut weights: Vec<f64> = support
        .iter()
        .map(|i| dot(design.column(*i), &design.y) / m)
        .collect();
    let solved = cholesky_jittered(&mut gram, k, &mut vec![0.0; k])
        .and_then(|_| cholesky_solve(&gram, k, &mut weights));
    if solved.is_err() {
        for w in &mut weights {
            *w /= k as f64;
        }
    }
    support.iter().copied().zip(weights).collect()
}

#[cfg(test)]
mod tests;
