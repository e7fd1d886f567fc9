//! The final solution at one gamma, and Delta F of what it selects.
//!
//! From a start, the solver runs to convergence; then each selected variable is shut in turn and the rest solved anew.
//! Where some F without a variable is lower than F, that solution replaces the present one (with the gate free again,
//! which can only lower F further), until no variable speaks against itself. F falls at every step.

use crate::garrote::design::{Design, FitError};
use crate::garrote::least_squares::least_squares;
use crate::garrote::trail::{WithSolver, with_solver};
use gibbs_core::garrote::energy::assemble;
use gibbs_core::garrote::solver::rounding_floor;
use gibbs_core::garrote::{Noise, Options, Solution, Solver, Status};
use gibbs_core::math::{add_scaled, dot};

/// A fall of F by less than this, in nats, is none.
const CLEAR: f64 = 1e-6;

/// A state to start from: gates (index, m, w), beta, gamma.
pub(super) struct Start<'s> {
    pub(super) gates: &'s [(usize, f64, f64)],
    pub(super) precision: f64,
    pub(super) gamma: f64,
}

/// A solution that no selected variable speaks against.
#[derive(Clone, Debug)]
pub(super) struct Settled {
    pub(super) inclusion: Vec<f64>,
    pub(super) weight: Vec<f64>,
    pub(super) precision: f64,
    pub(super) solution: Solution<f64>,
    /// Delta F of the selected variables.
    pub(super) gains: Vec<(usize, f64)>,
}

impl Settled {
    pub(super) fn support(&self) -> Vec<usize> {
        (0..self.inclusion.len())
            .filter(|i| self.inclusion[*i] > 0.5)
            .collect()
    }

    fn read(solver: &impl Solver<f64>, solution: Solution<f64>) -> Self {
        Self {
            inclusion: solver.inclusion().to_vec(),
            weight: solver.weight().to_vec(),
            precision: solver.precision()[0],
            solution,
            gains: Vec::new(),
        }
    }

    fn load(&self, solver: &mut impl Solver<f64>) {
        solver.load(&self.inclusion, &self.weight, &[self.precision]);
    }
}

struct Settling<'s> {
    start: &'s Start<'s>,
    variables: usize,
}

impl WithSolver for Settling<'_> {
    type Output = Settled;

    fn run(self, solver: &mut impl Solver<f64>) -> Settled {
        let start = self.start;
        let (mut inclusion, mut weight) = (vec![0.0; self.variables], vec![0.0; self.variables]);
        for (i, m, w) in start.gates {
            inclusion[*i] = *m;
            weight[*i] = *w;
        }
        if !start.gates.is_empty() {
            solver.load(&inclusion, &weight, &[start.precision]);
        }
        let solution = solver.solve(start.gamma);
        let mut present = Settled::read(solver, solution);
        loop {
            let (gains, lower) = gains(solver, &present);
            let Some(lower) = lower else {
                present.gains = gains;
                return present;
            };
            lower.load(solver);
            let solution = solver.solve(start.gamma);
            let next = Settled::read(solver, solution);
            // from a lower F a descent cannot come back up: that it is clearly lower ends the loop
            if next.solution.free_energy >= present.solution.free_energy - 0.5 * CLEAR {
                present.gains = gains;
                return present;
            }
            present = next;
        }
    }
}

/// Delta F of each selected variable, and the solution without the one whose Delta F is most clearly negative.
fn gains(solver: &mut impl Solver<f64>, present: &Settled) -> (Vec<(usize, f64)>, Option<Settled>) {
    let (mut gains, mut lower) = (Vec::new(), None);
    let mut least = -CLEAR;
    for i in present.support() {
        present.load(solver);
        solver.exclude(Some(i));
        let without = solver.solve(present.solution.gamma);
        solver.exclude(None);
        let gain = without.free_energy - present.solution.free_energy;
        gains.push((i, gain));
        if gain < least {
            least = gain;
            lower = Some(Settled::read(solver, without));
        }
    }
    present.load(solver);
    (gains, lower)
}

/// Solves from `start` and leaves local minima that a selected variable gives away. An exact fit by fewer than half as
/// many variables as rows has converged: only an interpolation is capped.
///
/// # Errors
/// Those of the solvers.
pub(super) fn settle(design: &Design, options: Options<f64>, start: &Start<'_>) -> Result<Settled, FitError> {
    let variables = design.variables();
    let mut settled = with_solver(design, options, f64::INFINITY, Settling { start, variables })?;
    let support = settled.support();
    if let (Status::BetaCapped, Noise::Profile { floor }) = (settled.solution.status, options.noise)
        && floor <= rounding_floor() // a larger one was asked for: that it binds is to be said
        && 2 * support.len() < design.rows()
        && least_squares(design, &support).is_ok_and(|solved| solved.rss <= floor * design.variance)
    {
        settled.solution.status = Status::Converged;
    }
    Ok(settled)
}

/// The fit without any variable: all gates shut, the noise is the target's variance.
pub(super) fn empty(design: &Design, options: Options<f64>, gamma: f64) -> Settled {
    let precision = match options.noise {
        Noise::Fixed(precision) => precision,
        Noise::Profile { .. } => 1.0 / design.variance,
    };
    corner(design, gamma, precision, (&[], design.correlation()), Vec::new())
}

/// A corner, m in {0, 1}^N: `members` open, all others shut at the given weights.
pub(super) fn corner(
    design: &Design,
    gamma: f64,
    precision: f64,
    (members, weight): (&[usize], Vec<f64>),
    gains: Vec<(usize, f64)>,
) -> Settled {
    let mut inclusion = vec![0.0; design.variables()];
    let mut residual = design.y.clone();
    for i in members {
        inclusion[*i] = 1.0;
        add_scaled(&mut residual, -weight[*i], design.column(*i));
    }
    let samples = design.rows() as f64;
    let target = (precision, dot(&residual, &residual) / samples);
    let energy = assemble([target].into_iter(), &inclusion, samples, gamma);
    Settled {
        inclusion,
        weight,
        precision,
        solution: energy.solution(gamma, 0, Status::Converged),
        gains,
    }
}
