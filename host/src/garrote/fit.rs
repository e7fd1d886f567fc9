//! From a design to one fitted garrote: path, selection rule, final solution.
//!
//! Rules (spec of the method, 6.3). `ebic:g` (default g = 1; `bic` is g = 0): the path offers supports, the
//! search of [`super::search`] finds the corner of smallest EBIC_g, and coordinate ascent, started from that
//! corner, relaxes it at gamma = -(ln(M)/2 + g ln N), the gamma at which F and EBIC_g agree. The other
//! rules choose a point of the path: `plateau` the middle of the longest stable interval, `cv` and
//! `validation` the smallest error on rows left out, `transition` the gamma at which an ensemble selects
//! as many variables as the transition signal says are relevant.

use super::design::{Design, FitError};
use super::search::{Corner, best_corner, corners};
use super::trail::{Trail, WithSolver, default_grid, trace_design, with_solver};
use gibbs_core::garrote::{Options, Solution, Solver};
use std::fmt;
use std::str::FromStr;

/// How gamma, and with it the set of variables, is chosen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Rule {
    /// Smallest EBIC_g over path and search; g = 0 is BIC, g = 1/2 suits weak or correlated signals.
    Ebic(f64),
    /// Smallest K-fold cross-validation error (K = 5) on the path.
    Cv,
    /// Smallest error on rows held out (one third, or a file of their own).
    Validation,
    /// The density of the transition signal of a bootstrap ensemble.
    Transition,
    /// The longest interval of gamma with an unchanged, decided support.
    Plateau,
}

impl FromStr for Rule {
    type Err = FitError;

    fn from_str(text: &str) -> Result<Self, FitError> {
        let number = |g: &str| g.parse::<f64>().ok().filter(|g| g.is_finite() && *g >= 0.0);
        match text.split_once(':') {
            None if text == "ebic" => Some(Self::Ebic(1.0)),
            None if text == "bic" => Some(Self::Ebic(0.0)),
            None if text == "cv" => Some(Self::Cv),
            None if text == "validation" => Some(Self::Validation),
            None if text == "transition" => Some(Self::Transition),
            None if text == "plateau" => Some(Self::Plateau),
            Some(("ebic", g)) => number(g).map(Self::Ebic),
            _ => None,
        }
        .ok_or_else(|| {
            FitError::Option(format!(
                "unknown rule {text:?}: expected ebic, ebic:G (G >= 0), bic, cv, validation, transition or plateau"
            ))
        })
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ebic(g) if *g == 1.0 => f.write_str("ebic"),
            Self::Ebic(g) if *g == 0.0 => f.write_str("bic"),
            Self::Ebic(g) => write!(f, "ebic:{g}"),
            Self::Cv => f.write_str("cv"),
            Self::Validation => f.write_str("validation"),
            Self::Transition => f.write_str("transition"),
            Self::Plateau => f.write_str("plateau"),
        }
    }
}

/// What a fit may be told.
#[derive(Clone, Debug)]
pub struct FitOptions {
    /// Selection rule.
    pub rule: Rule,
    /// Noise model, tolerance, sweep limit.
    pub solver: Options<f64>,
    /// Number of gammas on the path.
    pub gammas: usize,
    /// Seed of everything random (folds, held-out rows, bootstraps).
    pub seed: u64,
    /// Keep the inclusions of both passes, for figures.
    pub curves: bool,
    /// Bootstrap replicas of the `transition` rule.
    pub replicas: usize,
}

impl Default for FitOptions {
    fn default() -> Self {
        Self {
            rule: Rule::Ebic(1.0),
            solver: Options::default(),
            gammas: 50,
            seed: 0,
            curves: false,
            replicas: 50,
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
}

impl Fit {
    /// Indices with m > 1/2.
    pub fn support(&self) -> Vec<usize> {
        self.inclusion.iter().enumerate().filter(|(_, m)| **m > 0.5).map(|(i, _)| i).collect()
    }
}

/// The gamma at which the corners of F are ranked as EBIC_g ranks them: -(ln(M)/2 + g ln N).
pub fn criterion_gamma(design: &Design, g: f64) -> f64 {
    -(0.5 * (design.rows() as f64).ln() + g * (design.variables() as f64).ln())
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
        (solver.inclusion().to_vec(), solver.weight().to_vec(), solver.precision()[0], solution)
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

/// Fits a garrote to a design.
///
/// # Errors
/// `Option` for options outside their range; `NoChoice` if the rule finds nothing; those of the solvers.
pub fn fit(design: &Design, options: &FitOptions) -> Result<Fit, FitError> {
    let grid = default_grid(design, options.gammas)?;
    let trail = trace_design(design, &grid, options.solver, options.curves)?;
    match options.rule {
        Rule::Ebic(g) => by_criterion(design, options, trail, g),
        _ => Err(FitError::NoChoice(options.rule.to_string(), "not here")),
    }
}

fn by_criterion(design: &Design, options: &FitOptions, trail: Trail, g: f64) -> Result<Fit, FitError> {
    let corners = corners(design, &design.correlation(), &path_supports(design, &trail));
    let best = best_corner(design, &corners, g)
        .ok_or_else(|| FitError::NoChoice(options.rule.to_string(), "too few rows"))?;
    let gates: Vec<_> = refit(design, &best.support).into_iter().map(|(i, u)| (i, 0.99, u)).collect();
    let start = Start {
        gates: &gates,
        precision: 1.0 / best.rss.max(1e-3 * design.variance),
        gamma: criterion_gamma(design, g),
        variables: design.variables(),
    };
    let (inclusion, weight, precision, solution) = with_solver(design, options.solver, start)?;
    Ok(Fit { inclusion, weight, precision, solution, trail, index: None, corners })
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
    let mut weights: Vec<f64> = support.iter().map(|i| dot(design.column(*i), &design.y) / m).collect();
    let solved = cholesky_jittered(&mut gram, k, &mut vec![0.0; k])
        .and_then(|_| cholesky_solve(&gram, k, &mut weights));
    if solved.is_err() {
        weights.iter_mut().for_each(|w| *w /= k as f64);
    }
    support.iter().copied().zip(weights).collect()
}
