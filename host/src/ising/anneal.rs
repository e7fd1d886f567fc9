//! Many independent reads of one problem, by simulated annealing or simulated bifurcation; the best of them.
//!
//! Read r starts from random spins. Annealing goes down a geometric ladder of inverse temperatures, one sweep
//! each, in blocks of a fixed number of sweeps; block b of read r draws from
//! `stream(seed, "ising.anneal", r 2^32 + b)`, bifurcation from `stream(seed, "ising.bifurcation", r)`. So the
//! result depends on the seed alone: neither on threads nor on where a run was stopped and resumed. Reads begin in their
//! order, and a run that is not to do all of them ([`Course`]) has the first ones. A read gives its best state, from which a descent goes to a local minimum (annealing); its energy is summed anew from the entries of
//! the file.
//!
//! Cost of a read: sweeps x N decisions, and the degree of a spin per flip (bifurcation: steps x bonds).

use super::kept::{put_spins, take_spins};
use super::problem::{Couplings, Energy, Problem, Values, View, Weights};
use super::success::{Interval, first_success, probability, reads_to_solution};
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
use std::collections::HashMap;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;
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

impl Options {
    /// Bytes of the states of all reads of `n` spins, the best one and the last one; once more where they are kept.
    pub fn bytes(&self, n: usize, kept: bool) -> u64 {
        let copies = if kept { 4 } else { 2 };
        let read = (n as u64).saturating_mul(copies).saturating_add(64);
        read.saturating_mul(self.reads as u64)
    }
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

/// Where reads begin, and when no further one does. The default: at random, and all of them are done.
#[derive(Clone, Copy, Debug, Default)]
pub struct Course<'a> {
    /// States of ±1 that reads begin at in turn, read r at state r modulo their number; none: random ones (annealing).
    pub start: &'a [Vec<i8>],
    /// The first read at or below this energy is the last one.
    pub target: Option<Energy>,
    /// No read but the first begins after it; how many there are is then not reproducible.
    pub deadline: Option<Instant>,
}

/// Why there are no more reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// All that were asked for.
    All,
    /// The last one reached the target.
    Target,
    /// The deadline passed.
    Deadline,
}

/// One read: its best state.
#[derive(Clone, Debug, PartialEq)]
pub struct Read {
    /// Its best state, ±1.
    pub state: Vec<i8>,
    /// The energy of it, exact.
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
    /// Why there are no more reads.
    pub ended: Ended,
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

/// Runs all reads, in parallel, from random states.
///
/// # Errors
/// [`SolveError`].
pub fn anneal(problem: &Problem, options: &Options, work: &Work<'_>) -> Result<Annealed, SolveError> {
    anneal_on(problem, options, &Course::default(), work)
}

/// Runs reads in parallel, from where and until `course` says.
///
/// # Errors
/// [`SolveError`]; `Option` for start states of another length, or of bifurcation.
pub fn anneal_on(
    problem: &Problem,
    options: &Options,
    course: &Course<'_>,
    work: &Work<'_>,
) -> Result<Annealed, SolveError> {
    if course.start.iter().any(|state| state.len() != problem.spins()) {
        let reason = "a start state of another number of spins".to_owned();
        return Err(SolveError::Option(reason));
    }
    let reads = Reads {
        problem,
        options,
        course,
        last: AtomicUsize::new(usize::MAX),
    };
    match options.method {
        Method::Annealing { rule, range } => {
            let Weights { values, unit, .. } = problem.weights()?;
            match &values {
                Values::Integer(couplings) => annealing(&reads, couplings, unit, rule, range, work),
                Values::Float(couplings) => annealing(&reads, couplings, unit, rule, range, work),
            }
        }
        Method::Bifurcation(_) if !course.start.is_empty() => {
            let reason = "start states belong to simulated annealing".to_owned();
            Err(SolveError::Option(reason))
        }
        Method::Bifurcation(variant) => {
            let (couplings, ..) = problem.float_weights()?;
            bifurcation(&reads, &couplings.view()?, variant, work)
        }
    }
}

/// The reads of one call.
struct Reads<'a> {
    problem: &'a Problem,
    options: &'a Options,
    course: &'a Course<'a>,
    /// The first read that is known to have reached the target.
    last: AtomicUsize,
}

impl Reads<'_> {
    /// Whether a read is to begin.
    fn begins(&self, read: usize) -> bool {
        let deadline = self.course.deadline;
        read <= self.last.load(Relaxed) && (read == 0 || deadline.is_none_or(|end| Instant::now() < end))
    }

    /// A read is done.
    fn ended(&self, read: usize, state: &[i8]) {
        if let Some(target) = &self.course.target
            && self.problem.energy(state).order(target) != Ordering::Greater
        {
            self.last.fetch_min(read, Relaxed);
        }
    }

    /// The reads up to the last, and the best of them.
    fn best(&self, mut parts: Vec<Reading>, range: Option<(f64, f64)>) -> Annealed {
        let Self {
            problem,
            course,
            options,
            ..
        } = self;
        let energy = |part: &Reading| problem.energy(&part.best);
        // Those that were kept by an earlier run reached it as well.
        let reached = course.target.and_then(|target| {
            parts
                .iter()
                .position(|part| energy(part).order(&target) != Ordering::Greater)
        });
        let ended = match reached {
            Some(read) => {
                parts.truncate(read + 1);
                Ended::Target
            }
            None if parts.len() < options.reads => Ended::Deadline,
            None => Ended::All,
        };
        let read = |part: Reading| Read {
            energy: energy(&part),
            seconds: part.seconds,
            state: part.best,
        };
        let reads: Vec<Read> = parts.into_iter().map(read).collect();
        let best = reads.iter().min_by(|a, b| a.energy.order(&b.energy));
        let state = best.map_or_else(|| vec![1_i8; problem.spins()], |best| best.state.clone());
        Annealed {
            energy: problem.energy(&state),
            state,
            reads,
            range,
            ended,
        }
    }
}

fn annealing<C: Stored + Default + PartialEq>(
    reads: &Reads<'_>,
    couplings: &Couplings<C>,
    unit: f64,
    rule: SpinRule,
    range: Option<(f64, f64)>,
    work: &Work<'_>,
) -> Result<Annealed, SolveError> {
    let (options, start) = (reads.options, reads.course.start);
    let model = couplings.view()?;
    let (hot, cold) = match range {
        Some((hot, cold)) => (hot * unit, cold * unit),
        None => default_range(&model, unit)?,
    };
    let n = model.spins();
    let cooling = Cooling {
        rule,
        range: (hot, cold),
        sweeps: options.sweeps,
        per_block: u32::try_from((options.block / n as u64).max(1)).unwrap_or(u32::MAX),
    };
    let blocks = u64::from(options.sweeps.div_ceil(cooling.per_block));
    drop(cooling.betas()?); // refused here, not in the midst of the reads
    let parts = work.staged_while::<_, SolveError>(
        "annealing, reads",
        options.reads,
        blocks,
        |read| reads.begins(read),
        |read, block, part: &mut Reading| {
            let begun = Instant::now();
            let mut rng = stream(options.seed, "ising.anneal", (read as u64) << 32 | block);
            let mut fields = vec![C::Weight::ZERO; n];
            let first = block == 0;
            if first {
                let begin = start.get(read % start.len().max(1));
                part.spins = begin.cloned().unwrap_or_else(|| vec![1; n]);
                part.best.clone_from(&part.spins);
            }
            let mut state = State::new(&model, &mut part.spins, &mut fields)?;
            if first && start.is_empty() {
                state.randomise(&model, &mut rng);
            }
            let mut found = vec![1_i8; n];
            let lowest = cooling.block(&model, block, &mut state, &mut found, &mut rng)?;
            if first || lowest < model.energy(&part.best)? {
                part.best = found;
            }
            if block + 1 == blocks {
                if rule != SpinRule::MetropolisWhole {
                    let _ = State::new(&model, &mut part.best, &mut fields)?.descend(&model, DESCENT);
                }
                reads.ended(read, &part.best);
            }
            part.seconds += begun.elapsed().as_secs_f64();
            Ok(())
        },
    )?;
    Ok(reads.best(parts, Some((hot / unit, cold / unit))))
}

/// The default ends in the unit of the weights, where they are numbers in that of the file as well.
pub(super) fn default_range<M: Model>(model: &M, unit: f64) -> Result<(f64, f64), SolveError> {
    let range = beta_range(model)?;
    if (range.cold / unit).is_finite() {
        return Ok((range.hot, range.cold));
    }
    let reason = "the couplings are so small that their inverse temperatures leave the range of f64\nhint: multiply all entries by \
                  one number";
    Err(SolveError::Option(reason.to_owned()))
}

/// The sweeps of a read.
struct Cooling {
    rule: SpinRule,
    /// Inverse temperatures of the first and the last, in the unit of the weights.
    range: (f64, f64),
    sweeps: u32,
    /// Sweeps of a block.
    per_block: u32,
}

impl Cooling {
    fn betas(&self) -> Result<impl Iterator<Item = f64>, Error> {
        geometric(self.range.0, self.range.1, self.sweeps)
    }

    /// The sweeps of one block, from `state` on; leaves the best state in `found` and gives its energy.
    fn block<C: Stored + Default + PartialEq>(
        &self,
        model: &View<'_, C>,
        block: u64,
        state: &mut State<'_, C::Weight>,
        found: &mut [i8],
        rng: &mut impl Rng,
    ) -> Result<C::Weight, Error> {
        let most = self.per_block as usize;
        let betas = self.betas()?.skip(block as usize * most).take(most);
        let order = Order::Typewriter;
        let done = match self.rule {
            SpinRule::Metropolis => {
                let rules = betas.flat_map(Metropolis::<f64>::new).map(Wide);
                sweeps(model, state, rules, order, found, rng)?
            }
            SpinRule::MetropolisWhole => {
                let rules = betas.flat_map(Metropolis::<f64>::new).map(Whole).map(Wide);
                sweeps(model, state, rules, order, found, rng)?
            }
            SpinRule::HeatBath => {
                let rules = betas.flat_map(HeatBath::<f64>::new).map(Wide);
                sweeps(model, state, rules, order, found, rng)?
            }
        };
        Ok(done.best_energy)
    }
}

fn bifurcation(
    reads: &Reads<'_>,
    model: &View<'_, f64>,
    variant: Variant,
    work: &Work<'_>,
) -> Result<Annealed, SolveError> {
    let options = reads.options;
    let n = model.spins();
    let run = Bifurcation {
        variant,
        steps: options.sweeps,
        time_step: TIME_STEP,
    };
    let parts = work.staged_while::<_, SolveError>(
        "bifurcation, reads",
        options.reads,
        1,
        |read| reads.begins(read),
        |read, _, part: &mut Reading| {
            let begun = Instant::now();
            let mut rng = stream(options.seed, "ising.bifurcation", read as u64);
            let (mut positions, mut velocities) = (vec![0.0; n], vec![0.0; n]);
            scatter(&mut positions, &mut rng);
            scatter(&mut velocities, &mut rng);
            part.best = vec![1_i8; n];
            run.run(model, &mut positions, &mut velocities, &mut part.best)?;
            reads.ended(read, &part.best);
            part.seconds = begun.elapsed().as_secs_f64();
            Ok(())
        },
    )?;
    Ok(reads.best(parts, None))
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

/// A state that one or several reads ended in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Distinct {
    /// The first of them.
    pub read: usize,
    /// How many.
    pub reads: usize,
}

impl Annealed {
    /// The `count` best of the different states of all reads, of equal energies the one that was found first; fewer where
    /// there are no more. A state and its mirror image are two.
    pub fn distinct(&self, count: usize) -> Vec<Distinct> {
        let mut at = HashMap::new();
        let mut all: Vec<Distinct> = Vec::new();
        for (read, found) in self.reads.iter().enumerate() {
            let index = *at.entry(&found.state).or_insert(all.len());
            match all.get_mut(index) {
                Some(known) => known.reads += 1,
                None => all.push(Distinct { read, reads: 1 }),
            }
        }
        all.sort_by(|a, b| self.reads[a.read].energy.order(&self.reads[b.read].energy));
        all.truncate(count);
        all
    }

    /// Reads that reached `target`, an energy of the file, compared exactly; `None`: the best energy of all reads.
    /// (Counted against the best of the same reads, the probability is too high when none of them found the ground
    /// state.)
    pub fn success(&self, target: Option<&Energy>) -> Success {
        let target = target.unwrap_or(&self.energy);
        let reached = |read: &&Read| read.energy.order(target) != Ordering::Greater;
        let hits = self.reads.iter().filter(reached).count();
        let probability = match self.ended {
            Ended::Target => first_success(self.reads.len()),
            _ => probability(hits, self.reads.len()),
        };
        let seconds: f64 = self.reads.iter().map(|read| read.seconds).sum();
        Success {
            hits,
            probability,
            reads: reads_to_solution(probability),
            seconds_per_read: seconds / self.reads.len().max(1) as f64,
        }
    }
}
