//! From a design to one fitted garrote: candidates, selection rule, final solution.
//!
//! Rules. `ebic:g` (default g = 1; `bic` is g = 0), in `criterion`: the set of smallest EBIC_g, relaxed at the gamma
//! at which F and EBIC_g agree. The other rules choose a point of the path: `plateau` the middle of the longest
//! stable interval, `cv` and `validation` the smallest error on rows left out, `transition` the gamma at which an
//! ensemble selects as many variables as the transition signal says are relevant. The model without any variable is a
//! candidate of every rule: where the set of the plateau or the transition signal has a larger EBIC than it, the fit is
//! empty and says so ([`Fit::ended`]).
//!
//! A solution at which the data speak against a selected variable (Delta F < 0: F is lower without it) is only a local
//! minimum: `settle` leaves it.

mod criterion;
mod settle;

use super::bootstrap::{Bootstrap, bootstrap};
use super::design::{Design, FitError};
use super::held_out::{ErrorCurve, cross_validate, validate};
use super::least_squares::least_squares;
pub use super::rule::Rule;
use super::search::{Best, Corner, penalty};
use super::trail::{Kept, Trail, default_grid, trace_design};
use crate::work::Work;
pub use criterion::criterion_gamma;
use gibbs_core::garrote::select::{calm_limit, longest_plateau};
use gibbs_core::garrote::{Noise, Options, Solution, Status};
use gibbs_core::math::Real;
use settle::{Settled, Start, settle};

/// Options of a fit.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Selection rule.
    pub rule: Rule,
    /// Noise model, tolerance, sweep limit of the final solution.
    pub solver: Options<f64>,
    /// Tolerance along the path, where solutions are candidates only.
    pub path_tolerance: f64,
    /// Number of gammas on the path of the rules that choose a point of it, and of figures.
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
    /// The same where the design measures the target in units of its own: a noise that is given follows.
    fn in_units_of(&self, design: &Design) -> Self {
        let mut options = self.clone();
        if let Noise::Fixed(precision) = &mut options.solver.noise {
            *precision *= design.unit * design.unit;
        }
        options
    }

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
    /// The inclusions m_i (N).
    pub inclusion: Vec<f64>,
    /// w (N), in y per sd of the variable.
    pub weight: Vec<f64>,
    /// The inverse noise variance beta.
    pub precision: f64,
    /// gamma, F, Σ m, sweeps, status of the final solution.
    pub solution: Solution<f64>,
    /// The path over gamma that led to the fit.
    pub trail: Trail,
    /// Index on the path, for the rules that choose one.
    pub index: Option<usize>,
    /// Best supports by size, for the rules that search.
    pub corners: Vec<Corner>,
    /// The set of least criterion, for the rules that search.
    pub best: Option<Best>,
    /// Delta F of each selected variable, (index, nats): F without it minus F. Never negative beyond rounding.
    pub gains: Vec<(usize, f64)>,
    /// The rule looked for a signal and found no more than noise has: the fit is empty.
    pub no_transition: bool,
    /// Train and validation error along the path, for `cv` and `validation`.
    pub errors: Option<ErrorCurve>,
    /// The ensemble of the `transition` rule.
    pub bootstrap: Option<Bootstrap>,
}

impl Fit {
    /// How the fit ended: `no_transition`, or the status of its solver.
    pub fn ended(&self) -> &'static str {
        if self.no_transition {
            "no_transition"
        } else {
            status_name(self.solution.status)
        }
    }

    /// The rule found what it looks for, and the solver converged.
    pub fn succeeded(&self) -> bool {
        !self.no_transition && self.solution.status == Status::Converged
    }

    /// The indices of the selected variables, those with m > 1/2.
    pub fn support(&self) -> Vec<usize> {
        self.inclusion
            .iter()
            .enumerate()
            .filter(|(_, m)| **m > 0.5)
            .map(|(i, _)| i)
            .collect()
    }
}

/// Traces the path and lets the rule choose.
///
/// # Errors
/// `Option` for options outside their range; `NoChoice` if the rule finds nothing; those of the solvers.
pub fn fit(design: &Design, options: &FitOptions) -> Result<Fit, FitError> {
    fit_with(design, options, &Work::plain())
}

/// Fits a design like [`fit`], telling `work` how it advances, and ending when it says so.
///
/// # Errors
/// As [`fit`]; those of [`Work`].
pub fn fit_with(design: &Design, options: &FitOptions, work: &Work<'_>) -> Result<Fit, FitError> {
    options.solver.check()?;
    let options = &options.in_units_of(design);
    let grid = default_grid(design, options.gammas)?;
    if let Rule::Ebic(g) = options.rule {
        return criterion::fit(design, options, &grid, g, work);
    }
    let along = options.along_path();
    let trail = trace_design(design, &grid, along, options.curves)?;
    work.check()?;
    if trail.kept.is_empty() {
        return Err(FitError::NoChoice(options.rule.to_string(), "the path is empty"));
    }
    let mut chosen = Choice::default();
    match options.rule {
        Rule::Plateau => chosen.index = plateau(&trail, design),
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
        Rule::Cv | Rule::Ebic(_) => {
            let curve = cross_validate(design, &grid, along, options.folds, options.seed, work)?;
            chosen.index = curve.best();
            chosen.errors = Some(curve);
        }
    }
    at_point(design, options, trail, chosen)
}

/// What a rule of the path chose, and what it looked at.
#[derive(Default)]
struct Choice {
    index: Option<usize>,
    errors: Option<ErrorCurve>,
    bootstrap: Option<Bootstrap>,
}

/// The solution of the whole design at a chosen point of its path; the empty one where a signal was looked for and
/// not found.
fn at_point(design: &Design, options: &FitOptions, trail: Trail, chosen: Choice) -> Result<Fit, FitError> {
    let signal = matches!(options.rule, Rule::Plateau | Rule::Transition);
    let found = |k: &usize| {
        let kept = &trail.kept[(*k).min(trail.kept.len() - 1)];
        !signal || beats_nothing(design, &kept.support())
    };
    let (settled, index) = match chosen.index.filter(found) {
        Some(k) => {
            let index = k.min(trail.kept.len() - 1);
            let kept = &trail.kept[index];
            let start = Start {
                gates: &kept.gates,
                precision: kept.precision,
                gamma: trail.grid[index],
            };
            (settle(design, options.solver, &start)?, Some(index))
        }
        None if signal => (settle::empty(design, options.solver, trail.grid[0]), None),
        None => {
            let reason = "no point of the path qualifies";
            return Err(FitError::NoChoice(options.rule.to_string(), reason));
        }
    };
    let fit = Fit::of(settled, trail);
    Ok(Fit {
        no_transition: index.is_none(),
        index,
        errors: chosen.errors,
        bootstrap: chosen.bootstrap,
        ..fit
    })
}

/// The set explains more than nothing does: EBIC is below that of the model without variables.
fn beats_nothing(design: &Design, support: &[usize]) -> bool {
    least_squares(design, support).is_ok_and(|solved| {
        let gain = design.rows() as f64 * Real::ln(design.variance / solved.rss);
        gain > support.len() as f64 * penalty(design, 1.0)
    })
}

impl Fit {
    /// A settled solution beside its path.
    fn of(settled: Settled, trail: Trail) -> Self {
        Self {
            inclusion: settled.inclusion,
            weight: settled.weight,
            precision: settled.precision,
            solution: settled.solution,
            gains: settled.gains,
            trail,
            index: None,
            corners: Vec::new(),
            best: None,
            errors: None,
            bootstrap: None,
            no_transition: false,
        }
    }
}

/// The rule of [`gibbs_core::garrote::select::by_plateau`] on sparse points.
fn plateau(trail: &Trail, design: &Design) -> Option<usize> {
    let variables = design.variables();
    let supports: Vec<_> = trail.kept.iter().map(Kept::support).collect();
    let calm = |k: usize| !supports[k].is_empty() && trail.kept[k].undecided() < calm_limit(variables);
    longest_plateau(
        supports.len(),
        |k| trail.grid[k],
        calm,
        |i, j| supports[i] == supports[j],
    )
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

#[cfg(test)]
mod tests;
