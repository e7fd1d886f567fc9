//! The gamma path of a host: both curves, and the kept solution of each gamma in sparse form.

use super::columns::Columns;
use super::design::{Design, FitError};
use gibbs_core::garrote::joint::scratch_len;
use gibbs_core::garrote::path::{activation_grid, default_limit};
use gibbs_core::garrote::{
    Ascent, Ending, Moments, Options, Pass, Solution, Solver, State, Status, Store, trace,
};
use gibbs_core::linalg::{cholesky_jittered, cholesky_solve};
use gibbs_core::math::dot;

/// Gates below this inclusion are left out of a kept solution.
const NEGLIGIBLE: f64 = 1e-8;

/// The kept solution at one gamma: gates with an inclusion above 1e-8, as (index, inclusion, weight).
#[derive(Clone, Debug, PartialEq)]
pub struct Kept {
    /// Which pass it came from.
    pub pass: Pass,
    /// (index, m, w), by rising index.
    pub gates: Vec<(usize, f64, f64)>,
    /// The inverse noise variance beta.
    pub precision: f64,
}

impl Kept {
    /// The indices of the selected variables, those with m > 1/2.
    pub fn support(&self) -> Vec<usize> {
        self.gates
            .iter()
            .filter(|(_, m, _)| *m > 0.5)
            .map(|(i, _, _)| *i)
            .collect()
    }

    /// Effects (index, m w).
    pub fn effects(&self) -> Vec<(usize, f64)> {
        self.gates.iter().map(|(i, m, w)| (*i, m * w)).collect()
    }

    /// How undecided the solution is: Σ m (1 - m).
    pub fn undecided(&self) -> f64 {
        self.gates.iter().map(|(_, m, _)| m * (1.0 - m)).sum()
    }
}

/// Inclusions at one point of a curve: index of the gamma, pass, and (variable, m) above 1e-8.
pub type CurvePoint = (usize, Pass, Vec<(usize, f64)>);

/// A traced path: curves by gamma index, kept solutions up to where the forward pass went.
#[derive(Clone, Debug)]
pub struct Trail {
    /// The grid of gammas (G).
    pub grid: Vec<f64>,
    /// Forward curve, `None` past the end of the pass.
    pub forward: Vec<Option<Solution<f64>>>,
    /// The solutions of the backward pass, one a gamma.
    pub backward: Vec<Option<Solution<f64>>>,
    /// The better solution at each gamma reached.
    pub kept: Vec<Kept>,
    /// Why the forward pass ended.
    pub ending: Ending,
    /// Inclusions of both passes, for figures: kept only on request.
    pub curves: Option<Vec<CurvePoint>>,
    variables: usize,
}

impl Trail {
    /// The kept solution's numbers at `index`.
    pub fn solution(&self, index: usize) -> Option<&Solution<f64>> {
        match self.kept.get(index)?.pass {
            Pass::Forward => self.forward[index].as_ref(),
            Pass::Backward => self.backward[index].as_ref(),
        }
    }

    /// Inclusions (N) of the kept solution at `index`, or of the last before it.
    pub fn inclusion_at(&self, index: usize) -> Vec<f64> {
        let mut inclusion = vec![0.0; self.variables];
        if let Some(kept) = self.kept.get(index).or(self.kept.last()) {
            for (i, m, _) in &kept.gates {
                inclusion[*i] = *m;
            }
        }
        inclusion
    }

    /// Number of solves that hit the sweep limit.
    pub fn unconverged(&self) -> usize {
        let all = self.forward.iter().chain(&self.backward).flatten();
        all.filter(|s| s.status == Status::MaxSweeps).count()
    }
}

impl Store<f64> for Trail {
    fn clear(&mut self) {
        self.forward.fill(None);
        self.backward.fill(None);
        self.kept.clear();
    }

    fn note(
        &mut self,
        index: usize,
        pass: Pass,
        solution: &Solution<f64>,
        solver: &impl Solver<f64>,
        kept: bool,
    ) {
        match pass {
            Pass::Forward => self.forward[index] = Some(*solution),
            Pass::Backward => self.backward[index] = Some(*solution),
        }
        if !kept && self.curves.is_none() {
            return;
        }
        let state = solver.inclusion().iter().zip(solver.weight()).enumerate();
        let gates: Vec<_> = state
            .filter(|(_, (m, _))| **m > NEGLIGIBLE)
            .map(|(i, (m, w))| (i, *m, *w))
            .collect();
        if let Some(curves) = &mut self.curves {
            curves.push((index, pass, gates.iter().map(|(i, m, _)| (*i, *m)).collect()));
        }
        if kept {
            let kept = Kept {
                pass,
                gates,
                precision: solver.precision()[0],
            };
            match pass {
                Pass::Forward => self.kept.push(kept),
                Pass::Backward => self.kept[index] = kept,
            }
        }
    }

    fn free_energy(&self, index: usize) -> Option<f64> {
        self.solution(index).map(|s| s.free_energy)
    }

    fn restore(&self, index: usize, solver: &mut impl Solver<f64>) {
        let Some(kept) = self.kept.get(index) else { return };
        let (mut inclusion, mut weight) = (vec![0.0; self.variables], vec![0.0; self.variables]);
        for (i, m, w) in &kept.gates {
            inclusion[*i] = *m;
            weight[*i] = *w;
        }
        solver.load(&inclusion, &weight, &[kept.precision]);
    }
}

/// The default grid of `count` gammas for a design.
///
/// # Errors
/// `Option` for fewer than 2 gammas.
pub fn default_grid(design: &Design, count: usize) -> Result<Vec<f64>, FitError> {
    if count < 2 {
        return Err(FitError::Option("a path needs at least 2 gammas".into()));
    }
    let best = design.correlation().iter().fold(0.0_f64, |a, b| a.max(b * b));
    let strongest = 0.5 * design.rows() as f64 * best / design.variance;
    let mut grid = vec![0.0; count];
    activation_grid(strongest, &mut grid)?;
    Ok(grid)
}

/// Owned moments of a design with fewer variables than rows: C (N x N), b.
#[derive(Clone, Debug)]
pub struct Gram {
    covariance: Vec<f64>,
    correlation: Vec<f64>,
    variance: [f64; 1],
    samples: f64,
}

impl Gram {
    /// Computes C = X'X/M and b = X'y/M. Cost M N²/2.
    pub fn new(design: &Design) -> Self {
        let (n, samples) = (design.variables(), design.rows() as f64);
        let mut covariance = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..=i {
                let c = dot(design.column(i), design.column(j)) / samples;
                covariance[i * n + j] = c;
                covariance[j * n + i] = c;
            }
        }
        Self {
            covariance,
            correlation: design.correlation(),
            variance: [design.variance],
            samples,
        }
    }

    /// RSS/(M s2) of all variables together: no solution leaves less.
    fn unexplained(&self) -> f64 {
        let (n, mut weight) = (self.correlation.len(), self.correlation.clone());
        let mut factor = self.covariance.clone();
        for entry in factor.iter_mut().step_by(n + 1).filter(|d| **d <= 0.0) {
            *entry = 1.0; // a dead column: decoupled
        }
        let solved = cholesky_jittered(&mut factor, n, &mut vec![0.0; n])
            .and_then(|_| cholesky_solve(&factor, n, &mut weight));
        match solved {
            Ok(()) => 1.0 - dot(&self.correlation, &weight) / self.variance[0],
            Err(_) => 0.0,
        }
    }

    /// The moments, checked.
    ///
    /// # Errors
    /// Those of [`Moments::new`].
    pub fn moments(&self) -> Result<Moments<'_, f64>, FitError> {
        Ok(Moments::new(
            &self.covariance,
            &self.correlation,
            &self.variance,
            self.samples,
        )?)
    }
}

/// What to do with a solver of either layout.
pub trait WithSolver {
    /// Result.
    type Output;
    /// Does its work with the solver.
    fn run(self, solver: &mut impl Solver<f64>) -> Self::Output;
}

/// Open gates up to which the ascent over moments solves jointly.
const JOINT: usize = 512;
/// Below this part of s2 the noise drowns in the rounding of moments: residuals then carry it.
const PRECISE: f64 = 1e-6;

/// Runs `task` with the solver that suits the shape: moments when 2 N <= M and their rounding does not matter, columns
/// otherwise. Solutions whose Σ m reaches `limit` need not be finished ([`Columns::stopping_at`]).
///
/// # Errors
/// Those of the solvers' constructors.
pub fn with_solver<W: WithSolver>(
    design: &Design,
    options: Options<f64>,
    limit: f64,
    task: W,
) -> Result<W::Output, FitError> {
    let n = design.variables();
    let gram = (2 * n <= design.rows()).then(|| Gram::new(design));
    let Some(gram) = gram.filter(|gram| gram.unexplained() >= PRECISE) else {
        return Ok(task.run(&mut Columns::new(design, options)?.stopping_at(limit)));
    };
    let (mut inclusion, mut weight) = (vec![0.0; n], vec![0.0; n]);
    let (mut field, mut precision) = (vec![0.0; n], [0.0]);
    let state = State {
        inclusion: &mut inclusion,
        weight: &mut weight,
        field: &mut field,
        precision: &mut precision,
    };
    let mut scratch = vec![0.0; scratch_len(n.min(JOINT))];
    let ascent = Ascent::new(gram.moments()?, state, options)?;
    Ok(task.run(&mut ascent.with_scratch(&mut scratch)))
}

struct Tracing<'g> {
    grid: &'g [f64],
    curves: bool,
    limit: f64,
    variables: usize,
}

impl WithSolver for Tracing<'_> {
    type Output = Result<Trail, FitError>;

    fn run(self, solver: &mut impl Solver<f64>) -> Self::Output {
        let mut trail = Trail {
            grid: self.grid.to_vec(),
            forward: vec![None; self.grid.len()],
            backward: vec![None; self.grid.len()],
            kept: Vec::new(),
            ending: Ending::Grid,
            curves: self.curves.then(Vec::new),
            variables: self.variables,
        };
        trail.ending = trace(solver, &mut trail, self.grid, self.limit)?;
        Ok(trail)
    }
}

/// Traces the path of a design over a rising grid; `curves` keeps the inclusions of both passes as well.
///
/// # Errors
/// Those of [`with_solver`] and [`trace`].
pub fn trace_design(
    design: &Design,
    grid: &[f64],
    options: Options<f64>,
    curves: bool,
) -> Result<Trail, FitError> {
    let variables = design.variables();
    let limit = match options.noise {
        // With beta fixed nothing interpolates: the whole grid is useful.
        gibbs_core::garrote::Noise::Fixed(_) => variables as f64 + 1.0,
        gibbs_core::garrote::Noise::Profile { .. } => default_limit(variables, design.rows() as f64),
    };
    with_solver(
        design,
        options,
        limit,
        Tracing {
            grid,
            curves,
            limit,
            variables,
        },
    )?
}
