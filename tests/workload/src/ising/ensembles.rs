//! Beyond one spin at a time: clusters, tempering, enumeration.

use super::{N, glass};
use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::ising::enumerate::{Enumeration, Level, Thermal};
use gibbs_core::ising::model::{Dense, Model, Stored, Torus, Weight, Wrap};
use gibbs_core::ising::swendsen_wang::SwendsenWang;
use gibbs_core::ising::temper::{Betas, Replica, Rung, TemperaturesQ16, Tempering, equalise, geometric};
use gibbs_core::ising::wolff::Wolff;
use gibbs_core::math::Real;
use gibbs_core::random::{below, normal, stream};

const BETA: f64 = 0.44;

/// Wolff clusters of a ferromagnet and of a glass with fields.
#[inline(never)]
pub(crate) fn wolff<T: Real + Weight + Stored<Weight = T>>() -> u64 {
    let mut hash = Hash::default();
    let (couplings, fields) = glass::<T>(black_box(12));
    if let Some(torus) = hash.outcome(Torus::new(4, 4, T::of(1.0), T::of(0.0), Wrap::Simple)) {
        let ran = grow(&mut hash, &torus);
        hash.outcome(ran);
    }
    if let Some(glass) = hash.outcome(Dense::new(&couplings, &fields)) {
        let ran = grow(&mut hash, &glass);
        hash.outcome(ran);
    }
    hash.value()
}

fn grow<M: Model>(hash: &mut Hash, model: &M) -> Result<(), Error> {
    let mut rng = stream(black_box(13), "workload/wolff", model.spins() as u64);
    let (mut spins, mut members) = ([1; 16], [0; 16]);
    let n = model.spins();
    let (spins, members) = (spins.get_mut(..n), members.get_mut(..n));
    let (spins, members) = (spins.unwrap_or_default(), members.unwrap_or_default());
    let mut wolff = Wolff::new(model, black_box(BETA), spins, members)?;
    for _ in 0..20 {
        let cluster = wolff.step(&mut rng);
        hash.word(cluster.size as u64);
        hash.word(u64::from(cluster.flipped));
        hash.spins(wolff.spins());
    }
    Ok(())
}

/// Swendsen-Wang sweeps of the same two.
#[inline(never)]
pub(crate) fn swendsen_wang<T: Real + Weight + Stored<Weight = T>>() -> u64 {
    let mut hash = Hash::default();
    let (couplings, fields) = glass::<T>(black_box(12));
    if let Some(torus) = hash.outcome(Torus::new(4, 4, T::of(1.0), T::of(0.0), Wrap::Simple)) {
        let ran = percolate(&mut hash, &torus, &mut []);
        hash.outcome(ran);
    }
    if let Some(glass) = hash.outcome(Dense::new(&couplings, &fields)) {
        let ran = percolate(&mut hash, &glass, &mut [0.0; N]);
        hash.outcome(ran);
    }
    hash.value()
}

fn percolate<M: Model>(hash: &mut Hash, model: &M, aligned: &mut [f64]) -> Result<(), Error> {
    let mut rng = stream(black_box(14), "workload/swendsen-wang", model.spins() as u64);
    let (mut spins, mut labels) = ([1; 16], [0; 16]);
    let n = model.spins();
    let (spins, labels) = (spins.get_mut(..n), labels.get_mut(..n));
    let (spins, labels) = (spins.unwrap_or_default(), labels.unwrap_or_default());
    let mut clusters = SwendsenWang::new(model, black_box(BETA), spins, labels, aligned)?;
    for _ in 0..10 {
        let sweep = clusters.sweep(&mut rng);
        hash.word(sweep.count as u64);
        hash.word(sweep.squares);
        hash.spins(clusters.spins());
    }
    Ok(())
}

/// Exchanges on energies of a made-up ladder, and the ladder adjusted.
#[inline(never)]
pub(crate) fn tempering<T: Real + Weight>() -> u64 {
    let mut hash = Hash::default();
    let ran = exchanges::<T>(&mut hash);
    hash.outcome(ran);
    hash.value()
}

fn exchanges<T: Real + Weight>(hash: &mut Hash) -> Result<(), Error> {
    let mut rng = stream(black_box(15), "workload/tempering", 0);
    let (mut betas, mut adjusted) = ([0.0; 5], [0.0; 5]);
    geometric(black_box(0.2), black_box(2.0), &mut betas)?;
    hash.reals(&betas);
    let (mut replicas, mut rungs) = ([Replica::default(); 5], [Rung::default(); 5]);
    let mut tempering = Tempering::new(&mut replicas, &mut rungs)?;
    let rule = Betas::new(&betas)?;
    for _ in 0..40 {
        // Energies fall with beta and fluctuate: most pairs exchange now and then.
        let mut energies = [T::of(0.0); 5];
        for (energy, replica) in energies.iter_mut().zip(tempering.replicas()) {
            *energy = T::of(-2.0) * T::of_count(replica.rung as usize) + T::of(2.0) * normal::<T>(&mut rng);
        }
        let made = tempering.exchange(&energies, &rule, &mut rng)?;
        hash.word(made as u64);
    }
    for replica in tempering.replicas() {
        hash.word(u64::from(replica.rung));
        hash.word(replica.leg as u64);
        hash.word(replica.round_trips);
    }
    for rung in tempering.rungs() {
        hash.word(u64::from(rung.replica));
        hash.word(rung.attempts);
        hash.word(rung.accepted);
    }
    hash.real(equalise(&betas, tempering.rungs(), &mut adjusted)?);
    hash.reals(&adjusted);
    Ok(())
}

/// The same exchanges in integers.
#[inline(never)]
pub(crate) fn tempering_q16() -> u64 {
    let mut hash = Hash::default();
    let ran = integer_exchanges(&mut hash);
    hash.outcome(ran);
    hash.value()
}

fn integer_exchanges(hash: &mut Hash) -> Result<(), Error> {
    let mut rng = stream(black_box(15), "workload/tempering", 1);
    let temperatures = black_box([5 << 16, 3 << 16, 2 << 16, 3 << 15, 1 << 16]);
    let (mut replicas, mut rungs) = ([Replica::default(); 5], [Rung::default(); 5]);
    let mut tempering = Tempering::new(&mut replicas, &mut rungs)?;
    let rule = TemperaturesQ16::new(&temperatures)?;
    for _ in 0..40 {
        let mut energies = [0; 5];
        for (energy, replica) in energies.iter_mut().zip(tempering.replicas()) {
            *energy = below(&mut rng, 9) as i32 - 2 * replica.rung as i32;
        }
        let made = tempering.exchange(&energies, &rule, &mut rng)?;
        hash.word(made as u64);
    }
    for (replica, rung) in tempering.replicas().iter().zip(tempering.rungs()) {
        hash.word(u64::from(replica.rung));
        hash.word(replica.round_trips);
        hash.word(rung.accepted);
    }
    Ok(())
}

/// All configurations of a glass: partition function, moments, ground state.
#[inline(never)]
pub(crate) fn enumeration<T: Real + Weight + Stored<Weight = T>>() -> u64 {
    let mut hash = Hash::default();
    let (couplings, fields) = glass::<T>(black_box(16));
    if let Some(model) = hash.outcome(Dense::new(&couplings, &fields)) {
        let ran = sums(&mut hash, &model);
        hash.outcome(ran);
    }
    hash.value()
}

fn sums<M: Model>(hash: &mut Hash, model: &M) -> Result<(), Error> {
    let (mut spins, mut fields) = ([1; N], [M::Weight::ZERO; N]);
    let mut all = Enumeration::new(model, &mut spins, &mut fields)?;
    hash_thermal(hash, &all.thermal(black_box(0.8))?);
    let (mut means, mut products) = ([0.0; N], [0.0; N * N]);
    hash_thermal(hash, &all.moments(black_box(0.8), &mut means, &mut products)?);
    hash.reals(&means);
    hash.reals(&products);
    let ground = all.ground()?;
    hash.weights(&[ground.energy]);
    hash.word(u64::from(ground.degeneracy));
    hash.word(u64::from(ground.state));
    Ok(())
}

fn hash_thermal(hash: &mut Hash, thermal: &Thermal) {
    hash.reals(&[thermal.log_partition, thermal.energy, thermal.energy_squared]);
}

/// The density of states of an integer model.
#[inline(never)]
pub(crate) fn levels() -> u64 {
    let mut hash = Hash::default();
    if let Some(model) = hash.outcome(Torus::new(4, 3, 1_i8, black_box(1), Wrap::Simple)) {
        let ran = count(&mut hash, &model);
        hash.outcome(ran);
    }
    hash.value()
}

fn count(hash: &mut Hash, model: &Torus<i8>) -> Result<(), Error> {
    let (mut spins, mut fields, mut levels) = ([1; 12], [0; 12], [Level::default(); 37]);
    let filled = Enumeration::new(model, &mut spins, &mut fields)?.levels(&mut levels)?;
    let levels = levels.get(..filled).unwrap_or_default();
    for level in levels {
        hash.word(u64::from(level.energy as u32));
        hash.word(u64::from(level.count));
    }
    hash_thermal(hash, &Thermal::of_levels(levels, black_box(BETA))?);
    Ok(())
}
