//! The rounds of parallel tempering: sweeps of all replicas, a look at them, an exchange.

use super::standing::Standing;
use super::{Options, SolveError, SpinRule};
use crate::ising::anneal::Wide;
use crate::ising::problem::View;
use gibbs_core::Error;
use gibbs_core::ising::temper::{Betas, Tempering};
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
    betas: &'a [f64],
    options: &'a Options,
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

impl<'a, C: Stored> Plan<'a, C> {
    pub(super) fn new(model: &'a View<'a, C>, betas: &'a [f64], options: &'a Options) -> Self {
        let updates = options
            .swap_every()
            .saturating_mul((model.spins() * betas.len()) as u64);
        Self {
            model,
            betas,
            options,
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
        let n = model.spins();
        let mut fields = vec![C::Weight::ZERO; n * self.betas.len()];
        let mut walkers = Vec::with_capacity(self.betas.len());
        let replicas = standing
            .spins
            .iter_mut()
            .zip(&mut standing.best)
            .zip(fields.chunks_exact_mut(n));
        for (index, ((spins, best), fields)) in replicas.enumerate() {
            walkers.push(Walker {
                best_energy: model.energy(best)?,
                state: State::new(model, spins, fields)?,
                best,
                rng: stream(options.seed, "ising.temper", block << 32 | index as u64),
                rung: 0,
            });
        }
        let mut tempering = Tempering::resume(&mut standing.replicas, &mut standing.rungs, standing.odd)?;
        let (exchange, rules) = (Betas::new(self.betas)?, Rules::new(options.rule, self.betas)?);
        let mut rng = stream(options.seed, "ising.temper.exchange", block);
        let refresh = (REFRESH / options.swap_every()).max(1);
        let first = block * self.per_block;
        for round in first..self.rounds.min(first + self.per_block) {
            let anew = (round - first) % refresh == refresh - 1;
            for (walker, replica) in walkers.iter_mut().zip(tempering.replicas()) {
                walker.rung = replica.rung as usize;
            }
            self.sweep(&rules, &mut walkers, anew);
            if round == options.burn_in_rounds() {
                tempering.reset_counts();
            }
            if round >= options.burn_in_rounds() {
                for (series, rung) in standing.series.iter_mut().zip(tempering.rungs()) {
                    let walker = &walkers[rung.replica as usize];
                    series.energy.push(walker.state.energy().wide());
                }
            }
            let energies: Vec<C::Weight> = walkers.iter().map(|walker| walker.state.energy()).collect();
            tempering.exchange(&energies, &exchange, &mut rng)?;
        }
        standing.odd = tempering.odd();
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
