//! `gibbs_core::ising`, beyond one spin at a time: clusters, tempering, enumeration. Integers and both floats.
#![no_std]
#![no_main]

use gibbs_core::ising::enumerate::{Enumeration, Level, Thermal};
use gibbs_core::ising::model::{Dense, Model, Sparse, Stored, Torus, Weight, Wrap};
use gibbs_core::ising::swendsen_wang::SwendsenWang;
use gibbs_core::ising::temper::{
    Betas, Exchange, Replica, Rung, TemperaturesQ16, Tempering, equalise, geometric,
};
use gibbs_core::ising::wolff::Wolff;
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(ensembles);

type Random = Xoshiro256PlusPlus;

fn ensembles() {
    let mut rng = stream(given(1), given("name"), given(2));
    models(1_i8, &mut rng);
    models(1_i32, &mut rng);
    models(1.0_f32, &mut rng);
    models(1.0_f64, &mut rng);
    levels(&mut rng);
    tempering::<i32>(&mut rng);
    integer_tempering(&mut rng);
    tempering::<f32>(&mut rng);
    tempering::<f64>(&mut rng);
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn models<C: Stored>(one: C, rng: &mut Random) {
    let (mut couplings, mut fields) = (given([one; 36]), given([one; 6]));
    if let Ok(model) = Dense::new(some(&mut couplings), some(&mut fields)) {
        everything(&model, rng);
    }
    let (mut offsets, mut neighbours) = (given([0_u32; 7]), given([0_u32; 36]));
    if let Ok(model) = Sparse::new(
        some(&mut offsets),
        some(&mut neighbours),
        some(&mut couplings),
        some(&mut fields),
    ) {
        everything(&model, rng);
    }
    if let Ok(model) = Torus::new(given(4), given(6), one, one, given(Wrap::Multigraph)) {
        everything(&model, rng);
    }
}

fn everything<M: Model>(model: &M, rng: &mut Random) {
    let (mut spins, mut labels) = (given([1_i8; 6]), given([0_u32; 6]));
    let (spins, labels) = (some(&mut spins), some(&mut labels));
    if let Ok(mut wolff) = Wolff::new(model, given(0.4), spins, labels) {
        taken(wolff.step(rng));
        taken(wolff.step_while(rng, || given(true)).is_some());
        taken(wolff.spins().len());
    }
    let mut aligned = given([0.0; 6]);
    if let Ok(mut clusters) = SwendsenWang::new(model, given(0.4), spins, labels, some(&mut aligned)) {
        taken(clusters.sweep(rng));
        taken(clusters.sweep_while(rng, || given(true)).is_some());
        taken(clusters.spins().len());
    }
    let mut fields = given([M::Weight::ZERO; 6]);
    if let Ok(mut all) = Enumeration::new(model, spins, some(&mut fields)) {
        let (mut means, mut products) = (given([0.0; 6]), given([0.0; 36]));
        taken(all.thermal(given(0.4)));
        taken(all.moments(given(0.4), some(&mut means), some(&mut products)));
        if let Ok(ground) = all.ground() {
            taken(all.moments_above(ground.energy, given(0.4), some(&mut means), some(&mut products)));
        }
        taken(all.resolution());
        taken(all.ground());
    }
}

fn levels(rng: &mut Random) {
    let (mut spins, mut fields) = (given([1_i8; 16]), given([0_i32; 16]));
    let Ok(model) = Torus::new(given(4), given(4), 1_i8, 0, given(Wrap::Simple)) else {
        return;
    };
    everything(&model, rng);
    if let Ok(mut all) = Enumeration::new(&model, some(&mut spins), some(&mut fields)) {
        let mut levels = given([Level::default(); 33]);
        taken(all.levels(some(&mut levels)));
        taken(Thermal::of_levels(some(&mut levels), given(0.4)));
    }
}

fn tempering<W: Weight>(rng: &mut Random) {
    let (mut betas, mut adjusted) = (given([0.0; 5]), given([0.0; 5]));
    let (betas, adjusted) = (some(&mut betas), some(&mut adjusted));
    taken(geometric(given(0.1), given(1.0), betas));
    let (mut replicas, mut rungs) = (given([Replica::default(); 5]), given([Rung::default(); 5]));
    let mut energies = given([W::ZERO; 5]);
    let (Ok(mut tempering), Ok(rule)) = (
        Tempering::new(some(&mut replicas), some(&mut rungs)),
        Betas::new(betas),
    ) else {
        return;
    };
    taken(tempering.exchange(some(&mut energies), &rule, rng));
    taken(tempering.exchange(some(&mut energies), &rule, rng));
    taken((
        Exchange::<W>::rungs(&rule),
        tempering.replicas().len(),
        tempering.odd(),
    ));
    taken(rule.swaps(given(3), W::ZERO, W::ZERO, rng));
    taken(equalise(betas, tempering.rungs(), adjusted));
    tempering.reset_counts();
    taken(Tempering::resume(some(&mut replicas), some(&mut rungs), given(true)).is_ok());
}

fn integer_tempering(rng: &mut Random) {
    let mut temperatures = given([1_u32; 5]);
    let (mut replicas, mut rungs) = (given([Replica::default(); 5]), given([Rung::default(); 5]));
    let mut energies = given([0_i32; 5]);
    if let (Ok(mut tempering), Ok(rule)) = (
        Tempering::new(some(&mut replicas), some(&mut rungs)),
        TemperaturesQ16::new(some(&mut temperatures)),
    ) {
        taken(tempering.exchange(some(&mut energies), &rule, rng));
        taken(rule.swaps(given(3), given(1), given(2), rng));
        taken((rule.rungs(), rule.temperatures().len()));
        taken(rule.acceptance(given(3), given(1), given(2)));
    }
}
