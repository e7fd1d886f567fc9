//! Many independent reads of one problem, by simulated annealing or simulated bifurcation; the best of them.
//!
//! Read r starts from random spins. Annealing goes down a geometric ladder of inverse temperatures, one sweep
//! each, in blocks of a fixed number of sweeps; block b of read r draws from
//! `stream(seed, "ising.anneal", r 2^32 + b)`, bifurcation from `stream(seed, "ising.bifurcation", r)`. So the
//! result depends on the seed alone: neither on threads nor on where a run was stopped and resumed. A read gives
//! its best state, from which a descent goes to a local minimum (annealing); its energy is summed anew from the entries of
//! the file.
//!
//! Cost of a read: sweeps x N decisions, and the degree of a spin per flip (bifurcation: steps x bonds).

use super::kept::{put_spins, take_spins};
use super::problem::{Couplings, Energy, Problem, Values, View, Weights};
use super::success::{Interval, probability, reads_to_solution};
use crate::keep::{KeepError, Part, Shelf};
use crate::refusal::{Kind, Place, Refusal};
use crate::work::{Stopped, Work};
use gibbs_core::Error;
use gibbs_core::ising::anneal::{anneal as sweeps, beta_range, geometric};
use gibbs_core::ising::bifurcation::{Bifurcation, Variant, scatter};
use gibbs_core::ising::{HeatBath, Metropolis, Model, Order, Rule, State, Stored, Weight, Whole};
use gibbs_core::random::stream;
use rand_core::Rng;
use std::cmp::Ordering;
use std::time::Instant;

#[cfg(test)]
mod tests;

/// Attempted updates of a block: less than a tenth of a second.
pub const BLOCK: u64 = 1 << 22;
/// Most sweeps of the descent at the end of a read; a handful is enough, but for rounding.
const DESCENT: u32 = 1000;
/// Time step of simulated bifurcation (0.5 to 1.25 works).
const TIME_STEP: f64 = 1.0;

/// How a read looks for low energies.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Simulated annealing.
    Annealing {
        /// The single-spin rule.
        rule: SpinRule,
        /// Inverse temperatures of the first and the last sweep, per energy of the file; `None`: from the weights.
        range: Option<(f64, f64)>,
    },
    /// Simulated bifurcation; a sweep is a step.
    Bifurcation(Variant),
}

/// A single-spin rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SpinRule {
    /// min(1, e^(-beta dE)).
    Metropolis,
    /// 1 / (1 + e^(-2 beta f)) for +1.
    HeatBath,
    /// Metropolis with no spin left out of any sweep and no descent at the end: the reads of the versions before the gaps, bit for
    /// bit, over the range of then (ln 2 / (2 max_i Σ_j |J_ij| + |h_i|) to ln(n / 0.01) / (2 g), g the smallest coupling or
    /// field and n the number of spins that have it). No sampler (tempering refuses it), and annealing with it misses ground
    /// states where couplings are equal.
    MetropolisWhole,
}

/// Options of this method.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Options {
    /// Independent reads, at least 1.
    pub reads: usize,
    /// Sweeps (steps) of each, at least 1.
    pub sweeps: u32,
    /// How a read looks for low energies.
    pub method: Method,
    /// Seed of all draws.
    pub seed: u64,
    /// Attempted updates of a block, [`BLOCK`]; another number gives other draws (annealing).
    pub block: u64,
}

/// Why there is no result.
#[derive(Clone, Debug, thiserror::Error)]
pub enum SolveError {
    /// The core refuses the problem.
    #[error(transparent)]
    Core(#[from] Error),
    /// Work ended early.
    #[error(transparent)]
    Stopped(#[from] Stopped),
    /// Weights that solvers do not take.
    #[error(transparent)]
    Weights(#[from] super::problem::Trouble),
    /// An option outside its range.
    #[error("{0}")]
    Option(String),
}

impl Refusal for SolveError {
    fn kind(&self) -> Kind {
        match self {
            Self::Stopped(stopped) => stopped.kind(),
            _ => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Stopped(stopped) => stopped.code(),
            Self::Weights(trouble) => trouble.code(),
            Self::Core(_) | Self::Option(_) => "",
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Stopped(stopped) => stopped.place(),
            _ => Place::default(),
        }
    }
}

/// One read: its energy and whether it is the best.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Energy of its best state, exact.
    pub energy: Energy,
    /// Wall-clock seconds it took. Not reproducible.
    pub seconds: f64,
}

/// All reads of a problem, and the best of them.
#[derive(Clone, Debug, PartialEq)]
pub struct Annealed {
    /// The reads in their order.
    pub reads: Vec<Read>,
    /// The best state, ±1; of equals that of the first read.
    pub state: Vec<i8>,
    /// The energy of the best state, exact.
    pub energy: Energy,
    /// Inverse temperatures of the first and the last sweep, per energy of the file (annealing).
    pub range: Option<(f64, f64)>,
}

/// A rule of f64 on the fields of any model: exact for integers, of which f64 holds all that occur.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wide<R>(pub(super) R);

impl<W: Weight, R: Rule<f64>> Rule<W> for Wide<R> {
    const GAPS: bool = R::GAPS;

    #[inline]
    fn flips(&self, spin: i8, field: W, rng: &mut impl Rng) -> bool {
        self.0.flips(spin, field.wide(), rng)
    }
}

/// Runs all reads, in parallel.
///
/// # Errors
/// [`SolveError`].
pub fn anneal(problem: &Problem, options: &Options, work: &Work<'_>) -> Result<Annealed, SolveError> {
    match options.method {
        Method::Annealing { rule, range } => {
            let Weights { values, unit, .. } = problem.weights()?;
            match &values {
                Values::Integer(couplings) => annealing(problem, couplings, unit, rule, range, options, work),
                Values::Float(couplings) => annealing(problem, couplings, unit, rule, range, options, work),
            }
        }
        Method::Bifurcation(variant) => {
            let (couplings, ..) = problem.float_weights()?;
            bifurcation(problem, &couplings.view()?, variant, options, work)
        }
    }
}

fn annealing<C: Stored + Default + PartialEq>(
    problem: &Problem,
    couplings: &Couplings<C>,
    unit: f64,
    rule: SpinRule,
    range: Option<(f64, f64)>,
    options: &Options,
    work: &Work<'_>,
) -> Result<Annealed, SolveError> {
    let model = couplings.view()?;
    let (hot, cold) = match range {
        Some((hot, cold)) => (hot * unit, cold * unit),
        None => beta_range(&model).map(|range| (range.hot, range.cold))?,
    };
    let n = model.spins();
    let per_block = u32::try_from((options.block / n as u64).max(1)).unwrap_or(u32::MAX);
    let blocks = options.sweeps.div_ceil(per_block);
    drop(geometric(hot, cold, options.sweeps)?); // refused here, not in the midst of the reads
    let parts = work.staged::<_, SolveError>(
        "annealing, reads",
        options.reads,
        u64::from(blocks),
        |read, block, part: &mut Reading| {
            let begun = Instant::now();
            let mut rng = stream(options.seed, "ising.anneal", (read as u64) << 32 | block);
            let mut fields = vec![C::Weight::ZERO; n];
            let first = block == 0;
            if first {
                (part.spins, part.best) = (vec![1; n], vec![1; n]);
            }
            let mut state = State::new(&model, &mut part.spins, &mut fields)?;
            if first {
                state.randomise(&model, &mut rng);
            }
            let betas = geometric(hot, cold, options.sweeps)?
                .skip(block as usize * per_block as usize)
                .take(per_block as usize);
            let before = if first {
                None
            } else {
                Some(model.energy(&part.best)?)
            };
            let mut found = vec![1_i8; n];
            let order = Order::Typewriter;
            let done = match rule {
                SpinRule::Metropolis => {
                    let rules = betas.flat_map(Metropolis::<f64>::new).map(Wide);
                    sweeps(&model, &mut state, rules, order, &mut found, &mut rng)?
                }
                SpinRule::MetropolisWhole => {
                    let rules = betas.flat_map(Metropolis::<f64>::new).map(Whole).map(Wide);
                    sweeps(&model, &mut state, rules, order, &mut found, &mut rng)?
                }
                SpinRule::HeatBath => {
                    let rules = betas.flat_map(HeatBath::<f64>::new).map(Wide);
                    sweeps(&model, &mut state, rules, order, &mut found, &mut rng)?
                }
            };
            if before.is_none_or(|before| done.best_energy < before) {
                part.best = found;
            }
            if block + 1 == u64::from(blocks) && rule != SpinRule::MetropolisWhole {
                let _ = State::new(&model, &mut part.best, &mut fields)?.descend(&model, DESCENT);
            }
            part.seconds += begun.elapsed().as_secs_f64();
            Ok(())
        },
    )?;
    Ok(best_of(problem, parts, Some((hot / unit, cold / unit))))
}

fn bifurcation(
    problem: &Problem,
    model: &View<'_, f64>,
    variant: Variant,
    options: &Options,
    work: &Work<'_>,
) -> Result<Annealed, SolveError> {
    let n = model.spins();
    let run = Bifurcation {
        variant,
        steps: options.sweeps,
        time_step: TIME_STEP,
    };
    let parts = work.parts::<Reading, SolveError>("bifurcation, reads", options.reads, |read| {
        let begun = Instant::now();
        let mut rng = stream(options.seed, "ising.bifurcation", read as u64);
        let (mut positions, mut velocities) = (vec![0.0; n], vec![0.0; n]);
        scatter(&mut positions, &mut rng);
        scatter(&mut velocities, &mut rng);
        let mut spins = vec![1_i8; n];
        run.run(model, &mut positions, &mut velocities, &mut spins)?;
        Ok(Reading {
            seconds: begun.elapsed().as_secs_f64(),
            best: spins,
            spins: Vec::new(),
        })
    })?;
    Ok(best_of(problem, parts, None))
}

/// What a read has come to.
#[derive(Default)]
struct Reading {
    seconds: f64,
    /// The best state so far.
    best: Vec<i8>,
    /// The state now; empty once it no longer matters.
    spins: Vec<i8>,
}

impl Part for Reading {
    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.bits("seconds", &[self.seconds]);
        shelf.list("lengths", vec![self.best.len() as u64, self.spins.len() as u64]);
        put_spins(shelf, "best", [&self.best[..]]);
        put_spins(shelf, "spins", [&self.spins[..]]);
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        let seconds = shelf.take_bits("seconds")?.first().copied().unwrap_or(0.0);
        let [best, spins] = shelf.take_counts("lengths")?;
        let mut one = |name, n| -> Result<Vec<i8>, KeepError> {
            Ok(take_spins(shelf, name, 1, n as usize)?.pop().unwrap_or_default())
        };
        let (best, spins) = (one("best", best)?, one("spins", spins)?);
        Ok(Self { seconds, best, spins })
    }
}

/// All reads, and the best of them.
fn best_of(problem: &Problem, parts: Vec<Reading>, range: Option<(f64, f64)>) -> Annealed {
    let mut best: Option<(Energy, Vec<i8>)> = None;
    let mut reads = Vec::with_capacity(parts.len());
    for Reading {
        seconds, best: state, ..
    } in parts
    {
        let energy = problem.energy(&state);
        reads.push(Read { energy, seconds });
        if best
            .as_ref()
            .is_none_or(|(lowest, _)| energy.order(lowest) == Ordering::Less)
        {
            best = Some((energy, state));
        }
    }
    let (energy, state) = best.unwrap_or_else(|| {
        let state = vec![1_i8; problem.spins()];
        (problem.energy(&state), state)
    });
    Annealed {
        reads,
        state,
        energy,
        range,
    }
}

/// How often the reads reached an energy, and what follows.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Success {
    /// Reads that reached the target.
    pub hits: usize,
    /// Probability of a read to reach it.
    pub probability: Interval,
    /// Reads for one success with probability 0.99.
    pub reads: Interval,
    /// Mean wall-clock seconds of a read.
    pub seconds_per_read: f64,
}

impl Annealed {
    /// Reads that reached `target`, an energy of the file, compared exactly; `None`: the best energy of all reads.
    /// (Counted against the best of the same reads, the probability is too high when none of them found the ground
    /// state.)
    pub fn success(&self, target: Option<&Energy>) -> Success {
        let target = target.unwrap_or(&self.energy);
        let reached = |read: &&Read| read.energy.order(target) != Ordering::Greater;
        let hits = self.reads.iter().filter(reached).count();
        let probability = probability(hits, self.reads.len());
        let seconds: f64 = self.reads.iter().map(|read| read.seconds).sum();
        Success {
            hits,
            probability,
            reads: reads_to_solution(probability),
            seconds_per_read: seconds / self.reads.len().max(1) as f64,
        }
    }
}
