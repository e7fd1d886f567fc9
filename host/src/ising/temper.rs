//! Parallel tempering of a problem of a file.
//!
//! One replica per inverse temperature of a ladder. A round is `swap_every` sweeps of every replica at its
//! temperature, then one attempt to exchange the temperatures of every other pair of neighbours
//! ([`gibbs_core::ising::temper`]). After the burn-in the energy at each temperature is recorded once a round.
//!
//! Rounds come in blocks, as many as make about 2^22 updates ([`Options::block`]). Replica r of block b draws from
//! `stream(seed, "ising.temper", b 2^32 + r)`, the exchanges of block b from
//! `stream(seed, "ising.temper.exchange", b)`; after each block everything is kept. So the result depends neither
//! on threads nor on where a run was stopped and resumed. Float fields are summed anew with every block and
//! about every 1000 sweeps.

use super::anneal::{SolveError, SpinRule, Wide};
use super::packing::{pack, packed_len, unpack};
use super::problem::{Couplings, Energy, Problem, Values, View, Weights};
use super::statistics::{Estimate, SeriesError, estimate};
use crate::keep::{KeepError, Resumable, Shelf};
use crate::work::Work;
use gibbs_core::ising::anneal::beta_range;
use gibbs_core::ising::temper::{Betas, Leg, Replica, Rung, Tempering, geometric};
use gibbs_core::ising::{HeatBath, Metropolis, Model, Order, State, Stored, Weight};
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use rayon::prelude::*;

#[cfg(test)]
mod tests;

/// Attempted updates of a round below which threads cost more than they give.
const PARALLEL: u64 = 1 << 15;
/// Float fields are summed anew after about this many sweeps.
const REFRESH: u64 = 1000;

/// Where the temperatures come from.
#[derive(Clone, Debug, PartialEq)]
pub enum Ladder {
    /// These inverse temperatures, rising, per energy of the file.
    Betas(Vec<f64>),
    /// Inverse temperatures in equal ratios from the first to the last; ends `None`: from the weights.
    Geometric {
        /// The smallest and the largest inverse temperature; `None`: from the couplings.
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
    /// Seed of all draws.
    pub seed: u64,
    /// Attempted updates of a block, [`BLOCK`](super::anneal::BLOCK); another number gives other draws.
    pub block: u64,
}

/// What was measured at one temperature.
#[derive(Clone, Debug, PartialEq)]
pub struct Temperature {
    /// Inverse temperature, per energy of the file.
    pub beta: f64,
    /// Mean energy (of the file).
    pub mean: f64,
    /// The mean energy with its error and autocorrelation time in rounds, or why there is none.
    pub estimate: Result<Estimate, SeriesError>,
    /// Fraction of exchanges made with the next temperature; `None` at the last.
    pub acceptance: Option<f64>,
}

/// What parallel tempering gives.
#[derive(Clone, Debug, PartialEq)]
pub struct Tempered {
    /// What was measured at each temperature, from hot to cold.
    pub temperatures: Vec<Temperature>,
    /// Round trips between the ends, of all replicas.
    pub round_trips: u64,
    /// The replica at each temperature at the end.
    pub permutation: Vec<u32>,
    /// Rounds measured.
    pub rounds: u64,
    /// The best state seen, ±1.
    pub state: Vec<i8>,
    /// The energy of the best state, exact.
    pub energy: Energy,
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
    let swap_every = options.swap_every.max(1);
    let updates = swap_every.saturating_mul((model.spins() * betas.len()) as u64);
    let plan = Plan {
        model: &model,
        betas: &betas,
        options,
        burn_in: options.burn_in.div_ceil(swap_every),
        rounds: (options.burn_in.div_ceil(swap_every)).saturating_add(options.sweeps.div_ceil(swap_every)),
        per_block: (options.block / updates.max(1)).max(1),
        parallel: updates >= PARALLEL,
    };
    let blocks = plan.rounds.div_ceil(plan.per_block);
    let mut standing = Standing::new(&model, betas.len(), options.seed)?;
    work.advance("tempering, blocks", blocks, &mut standing, |standing| {
        let energies = plan.block(standing.blocks, standing)?;
        extend(&mut standing.series, &energies);
        standing.blocks += 1;
        Ok::<(), SolveError>(())
    })?;
    let series = std::mem::take(&mut standing.series);
    Ok(standing.result(problem, weights, &betas, series))
}

/// Inverse temperatures in the unit of the weights.
fn ladder<M: Model>(model: &M, ladder: &Ladder, unit: f64) -> Result<Vec<f64>, SolveError> {
    let betas: Vec<f64> = match ladder {
        Ladder::Betas(betas) => betas.iter().map(|beta| beta * unit).collect(),
        Ladder::Geometric { ends, rungs } => {
            let (hot, cold) = match ends {
                Some((hot, cold)) => (hot * unit, cold * unit),
                None => beta_range(model).map(|range| (range.hot, range.cold))?,
            };
            let mut betas = vec![0.0; *rungs];
            geometric(hot, cold, &mut betas)?;
            betas
        }
    };
    Betas::new(&betas)?;
    Ok(betas)
}

/// Series by temperature from energies by round.
fn extend(series: &mut [Vec<f64>], energies: &[f64]) {
    for round in energies.chunks_exact(series.len().max(1)) {
        for (one, energy) in series.iter_mut().zip(round) {
            one.push(*energy);
        }
    }
}

/// What does not change.
struct Plan<'a, C> {
    model: &'a View<'a, C>,
    betas: &'a [f64],
    options: &'a Options,
    burn_in: u64,
    rounds: u64,
    per_block: u64,
    parallel: bool,
}

/// What does: R replicas of N spins, their places, the best states they have seen, and the energies so far.
struct Standing {
    blocks: u64,
    series: Vec<Vec<f64>>,
    spins: Vec<Vec<i8>>,
    best: Vec<Vec<i8>>,
    replicas: Vec<Replica>,
    rungs: Vec<Rung>,
    odd: bool,
}

/// A replica within a block.
struct Walker<'a, W> {
    state: State<'a, W>,
    best: &'a mut Vec<i8>,
    best_energy: W,
    rng: Xoshiro256PlusPlus,
    rung: usize,
}

impl<C: Stored> Plan<'_, C> {
    /// One block; gives the measured energies, round after round, from hot to cold.
    fn block(&self, block: u64, standing: &mut Standing) -> Result<Vec<f64>, SolveError> {
        let Self {
            model,
            betas,
            options,
            ..
        } = *self;
        let n = model.spins();
        let mut fields = vec![C::Weight::ZERO; n * betas.len()];
        let mut walkers = Vec::with_capacity(betas.len());
        let replicas = standing
            .spins
            .iter_mut()
            .zip(&mut standing.best)
            .zip(fields.chunks_exact_mut(n));
        for (index, ((spins, best), fields)) in replicas.enumerate() {
            let rng = stream(options.seed, "ising.temper", block << 32 | index as u64);
            let best_energy = model.energy(best)?;
            let state = State::new(model, spins, fields)?;
            walkers.push(Walker {
                state,
                best,
                best_energy,
                rng,
                rung: 0,
            });
        }
        let mut tempering = Tempering::resume(&mut standing.replicas, &mut standing.rungs, standing.odd)?;
        let exchange = Betas::new(betas)?;
        let mut rng = stream(options.seed, "ising.temper.exchange", block);
        let metropolis: Vec<_> = betas
            .iter()
            .map(|b| Metropolis::new(*b).map(Wide))
            .collect::<Result<_, _>>()?;
        let heat_bath: Vec<_> = betas
            .iter()
            .map(|b| HeatBath::new(*b).map(Wide))
            .collect::<Result<_, _>>()?;
        let refresh = (REFRESH / options.swap_every.max(1)).max(1);
        let first = block * self.per_block;
        let mut measured = Vec::new();
        for round in first..self.rounds.min(first + self.per_block) {
            let anew = (round - first) % refresh == refresh - 1;
            for (walker, replica) in walkers.iter_mut().zip(tempering.replicas()) {
                walker.rung = replica.rung as usize;
            }
            let step = |walker: &mut Walker<'_, C::Weight>| {
                for _ in 0..options.swap_every.max(1) {
                    let (state, rng, at) = (&mut walker.state, &mut walker.rng, walker.rung);
                    match options.rule {
                        SpinRule::Metropolis | SpinRule::MetropolisWhole => {
                            state.sweep(model, &metropolis[at], Order::Typewriter, rng)
                        }
                        SpinRule::HeatBath => state.sweep(model, &heat_bath[at], Order::Typewriter, rng),
                    };
                    walker.note_best();
                }
                if anew {
                    walker.state.refresh(model);
                }
            };
            if self.parallel {
                walkers.par_iter_mut().for_each(step);
            } else {
                walkers.iter_mut().for_each(step);
            }
            let energies: Vec<C::Weight> = walkers.iter().map(|walker| walker.state.energy()).collect();
            if round == self.burn_in {
                tempering.reset_counts();
            }
            if round >= self.burn_in {
                // Before the exchange: each rung's replica has just been swept at its temperature.
                let at = |rung: &Rung| energies[rung.replica as usize].wide();
                measured.extend(tempering.rungs().iter().map(at));
            }
            tempering.exchange(&energies, &exchange, &mut rng)?;
        }
        standing.odd = tempering.odd();
        Ok(measured)
    }
}

impl<W: Weight> Walker<'_, W> {
    fn note_best(&mut self) {
        if self.state.energy() < self.best_energy {
            self.best_energy = self.state.energy();
            self.best.copy_from_slice(self.state.spins());
        }
    }
}

impl Resumable for Standing {
    fn done(&self) -> u64 {
        self.blocks
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.bits("standing", &self.packed());
        shelf.bits("energies", &self.series.concat());
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        let n = self.spins.first().map_or(0, Vec::len);
        let (part, energies) = (shelf.take_bits("standing")?, shelf.take_bits("energies")?);
        let rungs = self.spins.len();
        let kept = Self::unpacked(&part, n, rungs);
        let kept = kept.filter(|_| energies.len().is_multiple_of(rungs));
        *self = kept.ok_or_else(|| shelf.damaged("its replicas do not fit together"))?;
        let rounds = (energies.len() / rungs).max(1);
        self.series = energies.chunks(rounds).map(<[f64]>::to_vec).collect();
        self.series.resize(rungs, Vec::new());
        Ok(())
    }
}

impl Standing {
    /// Random spins, replica r at temperature r.
    fn new<M: Model>(model: &M, rungs: usize, seed: u64) -> Result<Self, SolveError> {
        let n = model.spins();
        let mut spins = vec![vec![1_i8; n]; rungs];
        let mut fields = vec![M::Weight::ZERO; n];
        for (index, spins) in spins.iter_mut().enumerate() {
            let mut rng = stream(seed, "ising.temper.start", index as u64);
            State::new(model, spins, &mut fields)?.randomise(model, &mut rng);
        }
        let (mut replicas, mut rungs) = (vec![Replica::default(); rungs], vec![Rung::default(); rungs]);
        Tempering::new(&mut replicas, &mut rungs)?;
        Ok(Self {
            blocks: 0,
            series: vec![Vec::new(); rungs.len()],
            best: spins.clone(),
            spins,
            replicas,
            rungs,
            odd: false,
        })
    }

    /// All of it but the series as numbers.
    fn packed(&self) -> Vec<f64> {
        let mut part = vec![self.blocks as f64, f64::from(u8::from(self.odd))];
        for replica in &self.replicas {
            let leg = match replica.leg {
                Leg::Before => 0.0,
                Leg::Up => 1.0,
                Leg::Down => 2.0,
            };
            part.extend([f64::from(replica.rung), leg, replica.round_trips as f64]);
        }
        for rung in &self.rungs {
            part.extend([
                f64::from(rung.replica),
                rung.attempts as f64,
                rung.accepted as f64,
            ]);
        }
        self.spins
            .iter()
            .chain(&self.best)
            .for_each(|spins| pack(spins, &mut part));
        part
    }

    /// Reads it back.
    fn unpacked(part: &[f64], n: usize, count: usize) -> Option<Self> {
        let (head, part) = part.split_at_checked(2)?;
        let (replicas, part) = part.split_at_checked(3 * count)?;
        let (rungs, part) = part.split_at_checked(3 * count)?;
        let (places, width) = (head.get(1)? > &0.0, packed_len(n));
        let replicas = replicas.chunks_exact(3).map(|x| Replica {
            rung: x[0] as u32,
            leg: match x[1] as u8 {
                0 => Leg::Before,
                1 => Leg::Up,
                _ => Leg::Down,
            },
            round_trips: x[2] as u64,
        });
        let rungs = rungs.chunks_exact(3).map(|x| Rung {
            replica: x[0] as u32,
            attempts: x[1] as u64,
            accepted: x[2] as u64,
        });
        let mut states: Vec<Vec<i8>> = part
            .chunks_exact(width)
            .map(|numbers| {
                let mut spins = vec![1; n];
                unpack(numbers, &mut spins);
                spins
            })
            .collect();
        if states.len() != 2 * count {
            return None;
        }
        let best = states.split_off(count);
        let (replicas, rungs) = (replicas.collect(), rungs.collect());
        Some(Self {
            blocks: *head.first()? as u64,
            series: Vec::new(),
            spins: states,
            best,
            replicas,
            rungs,
            odd: places,
        })
    }

    fn result(self, problem: &Problem, weights: &Weights, betas: &[f64], series: Vec<Vec<f64>>) -> Tempered {
        let rounds = series.first().map_or(0, Vec::len) as u64;
        let temperature = |((beta, rung), energies): ((&f64, &Rung), Vec<f64>)| {
            let series: Vec<f64> = energies
                .iter()
                .map(|e| (e + weights.offset) * weights.unit)
                .collect();
            Temperature {
                beta: beta / weights.unit,
                mean: series.iter().sum::<f64>() / series.len().max(1) as f64,
                estimate: estimate(&series),
                acceptance: (rung.attempts > 0).then(|| rung.accepted as f64 / rung.attempts as f64),
            }
        };
        let temperatures = betas
            .iter()
            .zip(&self.rungs)
            .zip(series)
            .map(temperature)
            .collect();
        let energies = self.best.into_iter().map(|state| (problem.energy(&state), state));
        let best = energies.reduce(|best, other| {
            if other.0.order(&best.0).is_lt() {
                other
            } else {
                best
            }
        });
        let (energy, state) = best.unwrap_or_else(|| (Energy::Rounded(0.0), Vec::new()));
        Tempered {
            temperatures,
            round_trips: self.replicas.iter().map(|replica| replica.round_trips).sum(),
            permutation: self.rungs.iter().map(|rung| rung.replica).collect(),
            rounds,
            state,
            energy,
        }
    }
}
