//! Single spins: rules and annealing, with floats and with integers; simulated bifurcation.

use super::{N, glass, integer_glass};
use crate::Hash;
use core::hint::black_box;
use gibbs_core::ising::anneal::{GeometricQ16, anneal, beta_range, geometric};
use gibbs_core::ising::bifurcation::{Bifurcation, Coordinate, Variant, scatter};
use gibbs_core::ising::exponential::{exponential, logit};
use gibbs_core::ising::integer::{HeatBathQ16, MetropolisQ16, quantise};
use gibbs_core::ising::model::{Dense, Model, Sparse, Stored, Torus, Weight, Wrap};
use gibbs_core::ising::rule::{HeatBath, Metropolis, Rule};
use gibbs_core::ising::state::{Order, State};
use gibbs_core::math::Real;
use gibbs_core::random::stream;

/// A ring of five spins with one chord, each bond at both ends.
const OFFSETS: [u32; 6] = [0, 3, 5, 8, 10, 12];
const NEIGHBOURS: [u32; 12] = [1, 2, 4, 0, 2, 0, 1, 3, 2, 4, 0, 3];
const SIGNS: [i8; 12] = [1, -1, 1, 1, 1, -1, 1, -1, -1, 1, 1, 1];

/// Anneals from a random state, then hashes all that there is to see.
#[inline(never)]
fn run<M: Model, R: Rule<M::Weight>>(
    hash: &mut Hash,
    model: &M,
    schedule: impl Iterator<Item = R>,
    order: Order,
) {
    let mut rng = stream(black_box(6), "workload/anneal", order as u64);
    let (mut spins, mut best, mut fields) = ([1; 16], [1; 16], [M::Weight::ZERO; 16]);
    let n = model.spins();
    let (Some(spins), Some(best), Some(fields)) =
        (spins.get_mut(..n), best.get_mut(..n), fields.get_mut(..n))
    else {
        return;
    };
    let Some(mut state) = hash.outcome(State::new(model, spins, fields)) else {
        return;
    };
    state.randomise(model, &mut rng);
    if let Some(annealed) = hash.outcome(anneal(model, &mut state, schedule, order, best, &mut rng)) {
        hash.weights(&[annealed.best_energy, state.energy()]);
        hash.word(annealed.sweeps);
        hash.word(annealed.flips);
    }
    hash.spins(state.spins());
    hash.weights(state.fields());
    hash.spins(best);
}

/// Dense and sparse models, both orders. (Each instance costs flash, and the smallest device must hold all: the
/// heat bath runs on the dense model alone, the torus under integers.)
fn models<C: Stored, R: Rule<C::Weight>, S: Iterator<Item = R>>(
    hash: &mut Hash,
    (couplings, fields): &([C; N * N], [C; N]),
    of: impl Fn(i8) -> C,
    schedule: impl Fn() -> S,
) {
    if let Some(model) = hash.outcome(Dense::new(couplings, fields)) {
        run(hash, &model, schedule(), Order::Typewriter);
        run(hash, &model, schedule(), Order::Random);
    }
    let (couplings, fields) = (SIGNS.map(&of), [0, 0, 1, 0, 0].map(&of));
    if let Some(model) = hash.outcome(Sparse::new(&OFFSETS, &NEIGHBOURS, &couplings, &fields)) {
        run(hash, &model, schedule(), Order::Random);
    }
}

/// Both rules and the annealer, with floats.
#[inline(never)]
pub(crate) fn annealing<T: Real + Weight + Stored<Weight = T>>() -> u64 {
    let mut hash = Hash::default();
    let glass = glass::<T>(black_box(7));
    if let Some(model) = hash.outcome(Dense::new(&glass.0, &glass.1))
        && let Some(range) = hash.outcome(beta_range(&model))
    {
        hash.reals(&[range.hot, range.cold]);
        let (mut spins, mut fields) = ([-1; N], [<T as Real>::ZERO; N]);
        if let Some(mut state) = hash.outcome(State::new(&model, &mut spins, &mut fields)) {
            let descent = state.descend(&model, black_box(8));
            hash.word(descent.flips);
            hash.word(u64::from(descent.sweeps));
            hash.spins(state.spins());
        }
    }
    let betas = || geometric(T::of(0.1), T::of(3.0), 12).into_iter().flatten();
    let of = |weight| T::of(f64::from(weight));
    models(&mut hash, &glass, of, || betas().flat_map(Metropolis::new));
    if let Some(model) = hash.outcome(Dense::new(&glass.0, &glass.1)) {
        run(
            &mut hash,
            &model,
            betas().flat_map(HeatBath::new),
            Order::Typewriter,
        );
    }
    hash.value()
}

/// Both rules and the annealer, with integers.
#[inline(never)]
pub(crate) fn integer() -> u64 {
    let mut hash = Hash::default();
    for k in 0..32 {
        let word = black_box(0x9E37_79B9_u32).rotate_left(k) >> (k / 2);
        hash.word(u64::from(exponential(word)));
        hash.word(u64::from(logit(word) as u32));
    }
    let (mut hot, mut cold) = (0, 0);
    for (quantised, temperature) in [(&mut hot, 20.0), (&mut cold, 0.7)] {
        *quantised = hash.outcome(quantise(black_box(temperature))).unwrap_or(1);
    }
    for energy in [-3, 0, 1, 2, 5, 40] {
        hash.reals(&[MetropolisQ16::new(cold).acceptance(energy)]);
        hash.reals(&[HeatBathQ16::new(cold).up(energy)]);
    }
    let temperatures = || GeometricQ16::new(hot, cold, 12).into_iter().flatten();
    for temperature in temperatures() {
        hash.word(u64::from(temperature));
    }
    let glass = integer_glass(black_box(8));
    models(
        &mut hash,
        &glass,
        |weight| weight,
        || temperatures().map(MetropolisQ16::new),
    );
    if let Some(model) = hash.outcome(Dense::new(&glass.0, &glass.1)) {
        run(
            &mut hash,
            &model,
            temperatures().map(HeatBathQ16::new),
            Order::Typewriter,
        );
    }
    if let Some(model) = hash.outcome(Torus::new(4, 4, black_box(1_i16), 0, Wrap::Simple)) {
        run(
            &mut hash,
            &model,
            temperatures().map(MetropolisQ16::new),
            Order::Typewriter,
        );
    }
    hash.value()
}

/// Simulated bifurcation of a float model.
#[inline(never)]
pub(crate) fn bifurcation<T: Real + Stored<Weight = T> + Coordinate>() -> u64 {
    let mut hash = Hash::default();
    let (couplings, fields) = glass::<T>(black_box(9));
    bifurcate(&mut hash, &couplings, &fields);
    hash.value()
}

/// Simulated bifurcation of an integer model: positions in Q2.29.
#[inline(never)]
pub(crate) fn bifurcation_q29() -> u64 {
    let mut hash = Hash::default();
    let (couplings, fields) = integer_glass(black_box(9));
    bifurcate(&mut hash, &couplings, &fields);
    hash.value()
}

fn bifurcate<C: Stored<Weight: Coordinate>>(hash: &mut Hash, couplings: &[C], fields: &[C]) {
    let Some(model) = hash.outcome(Dense::new(couplings, fields)) else {
        return;
    };
    for (index, variant) in [Variant::Ballistic, Variant::Discrete].into_iter().enumerate() {
        let mut rng = stream(black_box(10), "workload/bifurcation", index as u64);
        let (mut x, mut v, mut spins) = ([C::Weight::ZERO; N], [C::Weight::ZERO; N], [1; N]);
        scatter(&mut x, &mut rng);
        scatter(&mut v, &mut rng);
        let bifurcation = Bifurcation {
            variant,
            steps: 60,
            time_step: 0.7,
        };
        if let Some(energy) = hash.outcome(bifurcation.run(&model, &mut x, &mut v, &mut spins)) {
            hash.weights(&[energy]);
        }
        hash.weights(&x);
        hash.weights(&v);
        hash.spins(&spins);
    }
}
