//! Parallel tempering of a problem of a file.
//!
//! One replica per inverse temperature of a ladder. A round is `swap_every` sweeps of every replica at its
//! temperature, then one attempt to exchange the temperatures of every other pair of neighbours
//! ([`gibbs_core::ising::temper`]). After the burn-in energy and magnetisation at each temperature are recorded once a
//! round, before the exchange.
//!
//! Rounds come in blocks, as many as make about 2^22 updates ([`Options::block`]). Replica r of block b draws from
//! `stream(seed, "ising.temper", b 2^32 + r)`, the exchanges of block b from
//! `stream(seed, "ising.temper.exchange", b)`; those of a second set from "ising.temper.second" and so on. After each
//! block everything is kept. So the result depends neither on threads nor on where a run was stopped and resumed. Float fields are summed anew with every block and
//! about every 1000 sweeps.
//!
//! Files: `rounds` moves, `standing` is what is kept between blocks, `results` makes means and errors of the series.

use super::anneal::{SolveError, SpinRule, default_range};
use super::problem::{Couplings, Energy, Problem, Values, Weights};
use super::statistics::{Estimate, SeriesError};
use crate::work::Work;
use gibbs_core::ising::temper::{Betas, geometric};
use gibbs_core::ising::{Model, Stored};
use rounds::Plan;
use standing::Standing;

mod results;
mod rounds;
mod standing;
#[cfg(test)]
mod tests;

/// Rounds from which acceptances can be told: half of them try a pair.
const LEAST_STRETCH: u64 = 40;

/// Where the temperatures come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Ladder {
    /// These inverse temperatures, rising, per energy of the file.
    Betas(Vec<f64>),
    /// Inverse temperatures in equal ratios from the first to the last; ends `None`: from the weights, and in the burn-in the
    /// others are moved to where all exchanges are accepted equally often.
    Geometric {
        /// The smallest and the largest inverse temperature; `None`: those of [`beta_range`](gibbs_core::ising::anneal::beta_range).
        ends: Option<(f64, f64)>,
        /// The number of temperatures.
        rungs: usize,
    },
}

/// Options of this method.
#[derive(Clone, Debug, PartialEq)]
pub struct Options {
    /// The ladder of inverse temperatures.
    pub ladder: Ladder,
    /// Sweeps of every replica that are measured.
    pub sweeps: u64,
    /// Sweeps before, at least.
    pub burn_in: u64,
    /// Sweeps between exchanges.
    pub swap_every: u64,
    /// The single-spin rule.
    pub rule: SpinRule,
    /// A second set of replicas for the overlap: twice the work. All else is measured of the first set, which draws the same
    /// with it and without; the best state is that of both.
    pub overlap: bool,
    /// Seed of all draws.
    pub seed: u64,
    /// Attempted updates of a block, [`BLOCK`](super::anneal::BLOCK); another number gives other draws.
    pub block: u64,
}

/// A mean that was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The mean, or a function of means; NaN without samples.
    pub mean: f64,
    /// The mean with its error and autocorrelation time in rounds, or why no error can be told.
    pub estimate: Result<Estimate, SeriesError>,
}

impl Measured {
    /// One standard deviation of the mean, where it can be told.
    pub fn error(&self) -> Option<f64> {
        self.estimate.ok().map(|estimate| estimate.error)
    }
}

/// What was measured at one temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperature {
    /// Inverse temperature, per energy of the file.
    pub beta: f64,
    /// Mean energy (of the file).
    pub energy: Measured,
    /// `beta² (<E²> - <E>²)`, of all spins, in units of k.
    pub heat_capacity: Measured,
    /// `<m>`, m = Σ s_i / N (of a QUBO s = 2 x - 1).
    pub magnetisation: Measured,
    /// <|m|>.
    pub magnetisation_size: Measured,
    /// The overlap of two independent sets of replicas, where there are two.
    pub overlap: Option<Overlap>,
    /// Fraction of exchanges made with the next temperature; `None` at the last.
    pub acceptance: Option<f64>,
}

/// q = Σ_i a_i b_i / N of configurations a and b of two independent sets of replicas at one temperature: the order
/// parameter of spin glasses.
#[derive(Clone, Debug, PartialEq)]
pub struct Overlap {
    /// `<q>`: 0 without fields, by symmetry.
    pub mean: Measured,
    /// <|q|>.
    pub size: Measured,
    /// <q²>.
    pub square: Measured,
}

/// What parallel tempering gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Tempered {
    /// What was measured at each temperature, from hot to cold.
    pub temperatures: Vec<Temperature>,
    /// Round trips between the ends, of all replicas of the first set.
    pub round_trips: u64,
    /// The replica of the first set at each temperature at the end.
    pub permutation: Vec<u32>,
    /// Rounds measured.
    pub rounds: u64,
    /// The best state seen, ±1.
    pub state: Vec<i8>,
    /// The energy of the best state, exact.
    pub energy: Energy,
}

impl Options {
    /// Sweeps of a round.
    fn swap_every(&self) -> u64 {
        self.swap_every.max(1)
    }

    /// Rounds before the first that is measured.
    fn burn_in_rounds(&self) -> u64 {
        self.burn_in.div_ceil(self.swap_every())
    }

    /// Rounds that are measured.
    fn measured_rounds(&self) -> u64 {
        self.sweeps.div_ceil(self.swap_every())
    }

    /// Rounds after which a ladder of the program's own is adjusted: parts of the burn-in, each stretch long enough to tell
    /// acceptances; the last quarter is left in peace.
    fn adjustments(&self) -> Vec<u64> {
        let own = matches!(self.ladder, Ladder::Geometric { ends: None, .. });
        let mut marks = Vec::new();
        for part in [1, 2, 4, 8, 16, 24].into_iter().filter(|_| own) {
            let mark = (u128::from(self.burn_in_rounds()) * part / 32) as u64;
            if mark >= LEAST_STRETCH + marks.last().copied().unwrap_or(0) {
                marks.push(mark);
            }
        }
        marks
    }

    /// Sets of replicas.
    fn sets(&self) -> usize {
        1 + usize::from(self.overlap)
    }

    /// Number of temperatures.
    fn rungs(&self) -> usize {
        match &self.ladder {
            Ladder::Betas(betas) => betas.len(),
            Ladder::Geometric { rungs, .. } => *rungs,
        }
    }
}

/// Bytes that [`temper`] takes for a problem of so many spins, beside the problem itself: couplings are not counted.
/// Per replica the spins now and the best, as they are and as they are kept, and local fields of 8 bytes; per temperature
/// and round the series, as they are and as they are kept.
pub fn memory(spins: usize, options: &Options) -> u64 {
    let (rungs, sets) = (options.rungs() as u64, options.sets() as u64);
    let replicas = rungs
        .saturating_mul(sets)
        .saturating_mul(spins as u64 * (2 * 2 + 8));
    let values = rungs.saturating_mul(options.measured_rounds());
    replicas.saturating_add(values.saturating_mul(8 * 2 * (1 + sets)))
}

/// Runs parallel tempering on a problem.
///
/// # Errors
/// [`SolveError`].
pub fn temper(problem: &Problem, options: &Options, work: &Work<'_>) -> Result<Tempered, SolveError> {
    if options.rule == SpinRule::MetropolisWhole {
        let reason = "Metropolis with no spin left out has closed classes: it is no sampler";
        return Err(SolveError::Option(reason.to_owned()));
    }
    let weights = problem.weights()?;
    match &weights.values {
        Values::Integer(couplings) => run(problem, couplings, &weights, options, work),
        Values::Float(couplings) => run(problem, couplings, &weights, options, work),
    }
}

fn run<C: Stored + Default + PartialEq>(
    problem: &Problem,
    couplings: &Couplings<C>,
    weights: &Weights,
    options: &Options,
    work: &Work<'_>,
) -> Result<Tempered, SolveError> {
    let model = couplings.view()?;
    let betas = ladder(&model, &options.ladder, weights.unit)?;
    let plan = Plan::new(&model, options);
    let mut standing = Standing::new(&model, betas, options.sets(), options.seed)?;
    work.advance("tempering, blocks", plan.blocks(), &mut standing, |standing| {
        plan.block(standing)
    })?;
    Ok(results::of(problem, &model, weights, options, standing))
}

/// Inverse temperatures in the unit of the weights.
fn ladder<M: Model>(model: &M, ladder: &Ladder, unit: f64) -> Result<Vec<f64>, SolveError> {
    let betas: Vec<f64> = match ladder {
        Ladder::Betas(betas) => betas.iter().map(|beta| beta * unit).collect(),
        Ladder::Geometric { ends, rungs } => {
            let (hot, cold) = match ends {
                Some((hot, cold)) => (hot * unit, cold * unit),
                None => default_range(model, unit)?,
            };
            let mut betas = vec![0.0; *rungs];
            geometric(hot, cold, &mut betas)?;
            betas
        }
    };
    Betas::new(&betas)?;
    Ok(betas)
}
