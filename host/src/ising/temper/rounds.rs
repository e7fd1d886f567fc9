//! The rounds of parallel tempering: sweeps of all replicas, a look at them, an exchange.

use super::standing::{STREAMS, Series, Standing};
use super::{Options, SolveError, SpinRule};
use crate::ising::anneal::Wide;
use crate::ising::problem::View;
use gibbs_core::Error;
use gibbs_core::ising::temper::{Betas, Tempering, equalise};
use gibbs_core::ising::{HeatBath, Metropolis, Model, Order, State, Stored, Weight};
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use rayon::prelude::*;

/// Attempted updates of a round below which threads cost more than they give.
const PARALLEL: u64 = 1 << 15;
/// Float fields are summed anew after about this many sweeps.
pub(super) const REFRESH: u64 = 1000;

/// What does not change.
pub(super) struct Plan<'a, C> {
    model: &'a View<'a, C>,
    options: &'a Options,
    /// Rounds of the burn-in after which the ladder is adjusted.
    adjustments: Vec<u64>,
    /// Rounds in all.
    rounds: u64,
    per_block: u64,
    parallel: bool,
}

/// A replica within a block.
struct Walker<'a, W> {
    state: State<'a, W>,
    best: &'a mut Vec<i8>,
    best_energy: W,
    rng: Xoshiro256PlusPlus,
    rung: usize,
}

impl<W: Weight> Walker<'_, W> {
    fn note_best(&mut self) {
        if self.state.energy() < self.best_energy {
            self.best_energy = self.state.energy();
            self.best.copy_from_slice(self.state.spins());
        }
    }
}

/// The rule at every temperature.
enum Rules {
    Metropolis(Vec<Wide<Metropolis<f64>>>),
    HeatBath(Vec<Wide<HeatBath<f64>>>),
}

impl Rules {
    fn new(rule: SpinRule, betas: &[f64]) -> Result<Self, Error> {
        let betas = betas.iter();
        Ok(match rule {
            SpinRule::Metropolis | SpinRule::MetropolisWhole => {
                let rules = betas.map(|beta| Metropolis::new(*beta).map(Wide));
                Self::Metropolis(rules.collect::<Result<_, _>>()?)
            }
            SpinRule::HeatBath => {
                let rules = betas.map(|beta| HeatBath::new(*beta).map(Wide));
                Self::HeatBath(rules.collect::<Result<_, _>>()?)
            }
        })
    }

    /// One sweep at the temperature of the walker.
    fn sweep<C: Stored>(&self, model: &View<'_, C>, walker: &mut Walker<'_, C::Weight>) {
        let (state, rng, at) = (&mut walker.state, &mut walker.rng, walker.rung);
        match self {
            Self::Metropolis(rules) => state.sweep(model, &rules[at], Order::Typewriter, rng),
            Self::HeatBath(rules) => state.sweep(model, &rules[at], Order::Typewriter, rng),
        };
    }
}

/// Moves the inner temperatures to where all exchanges of the first set are accepted equally often, as far as this stretch
/// of rounds tells.
fn adjust(betas: &mut [f64], temperings: &mut [Tempering<'_>]) -> Result<(), Error> {
    let before = betas.to_vec();
    if let Some(first) = temperings.first() {
        equalise(&before, first.rungs(), betas)?;
    }
    temperings.iter_mut().for_each(Tempering::reset_counts);
    Ok(())
}

/// Before the exchange: the replica on each rung has just been swept at its temperature.
fn record<W: Weight>(series: &mut [Series], walkers: &[Walker<'_, W>], temperings: &[Tempering<'_>]) {
    for (rung, series) in series.iter_mut().enumerate() {
        let on_rung = |set: usize| {
            let tempering = temperings.get(set)?;
            let replica = tempering.rungs().get(rung)?.replica as usize;
            Some(&walkers.get(set * tempering.rungs().len() + replica)?.state)
        };
        let Some(state) = on_rung(0) else { continue };
        series.energy.push(state.energy().wide());
        series.magnetisation.push(state.magnetization() as f64);
        if let Some(other) = on_rung(1) {
            let pairs = state.spins().iter().zip(other.spins());
            series
                .overlap
                .push(pairs.map(|(a, b)| i64::from(a * b)).sum::<i64>() as f64);
        }
    }
}

impl<'a, C: Stored> Plan<'a, C> {
    pub(super) fn new(model: &'a View<'a, C>, options: &'a Options) -> Self {
        let updates = options
            .swap_every()
            .saturating_mul((model.spins() * options.rungs()) as u64);
        Self {
            model,
            options,
            adjustments: options.adjustments(),
            rounds: options.burn_in_rounds().saturating_add(options.measured_rounds()),
            per_block: (options.block / updates.max(1)).max(1),
            parallel: updates >= PARALLEL,
        }
    }

    /// How many blocks there are.
    pub(super) fn blocks(&self) -> u64 {
        self.rounds.div_ceil(self.per_block)
    }

    /// The next block.
    pub(super) fn block(&self, standing: &mut Standing) -> Result<(), SolveError> {
        let (model, options, block) = (self.model, self.options, standing.blocks);
        let (n, rungs) = (model.spins(), standing.betas.len());
        let mut fields = vec![C::Weight::ZERO; n * rungs * standing.sets.len()];
        let (mut walkers, mut temperings, mut rngs) = (Vec::new(), Vec::new(), Vec::new());
        let all = standing.sets.iter_mut().zip(&STREAMS);
        for ((set, streams), fields) in all.zip(fields.chunks_exact_mut(n * rungs)) {
            let replicas = set.spins.iter_mut().zip(&mut set.best);
            for (index, ((spins, best), fields)) in replicas.zip(fields.chunks_exact_mut(n)).enumerate() {
                walkers.push(Walker {
                    best_energy: model.energy(best)?,
                    state: State::new(model, spins, fields)?,
                    best,
                    rng: stream(options.seed, streams.sweeps, block << 32 | index as u64),
                    rung: 0,
                });
            }
            temperings.push(Tempering::resume(&mut set.replicas, &mut set.rungs, set.odd)?);
            rngs.push(stream(options.seed, streams.exchanges, block));
        }
        let mut rules = Rules::new(options.rule, &standing.betas)?;
        let refresh = (REFRESH / options.swap_every()).max(1);
        let first = block * self.per_block;
        for round in first..self.rounds.min(first + self.per_block) {
            let anew = (round - first) % refresh == refresh - 1;
            let places = temperings.iter().flat_map(Tempering::replicas);
            for (walker, replica) in walkers.iter_mut().zip(places) {
                walker.rung = replica.rung as usize;
            }
            self.sweep(&rules, &mut walkers, anew);
            if round == options.burn_in_rounds() {
                temperings.iter_mut().for_each(Tempering::reset_counts);
            }
            if round >= options.burn_in_rounds() {
                record(&mut standing.series, &walkers, &temperings);
            }
            let energies: Vec<C::Weight> = walkers.iter().map(|walker| walker.state.energy()).collect();
            let exchange = Betas::new(&standing.betas)?;
            let sets = temperings.iter_mut().zip(&mut rngs);
            for ((tempering, rng), energies) in sets.zip(energies.chunks_exact(rungs)) {
                tempering.exchange(energies, &exchange, rng)?;
            }
            if self.adjustments.contains(&(round + 1)) {
                adjust(&mut standing.betas, &mut temperings)?;
                rules = Rules::new(options.rule, &standing.betas)?;
            }
        }
        let odds: Vec<bool> = temperings.iter().map(Tempering::odd).collect();
        for (set, odd) in standing.sets.iter_mut().zip(odds) {
            set.odd = odd;
        }
        standing.blocks += 1;
        Ok(())
    }

    /// The sweeps of one round.
    fn sweep(&self, rules: &Rules, walkers: &mut [Walker<'_, C::Weight>], anew: bool) {
        let step = |walker: &mut Walker<'_, C::Weight>| {
            for _ in 0..self.options.swap_every() {
                rules.sweep(self.model, walker);
                walker.note_best();
            }
            if anew {
                walker.state.refresh(self.model);
            }
        };
        if self.parallel {
            walkers.par_iter_mut().for_each(step);
        } else {
            walkers.iter_mut().for_each(step);
        }
    }
}
