//! `gibbs_core::ising`, single spins: models, states, rules, annealing, bifurcation. Integers and both floats,
//! lengths that the compiler does not know and that need not fit together.
#![no_std]
#![no_main]

use gibbs_core::ising::anneal::{GeometricQ16, anneal, beta_range, geometric};
use gibbs_core::ising::bifurcation::{Bifurcation, Coordinate, Variant, scatter};
use gibbs_core::ising::exponential::{exponential, logit, word};
use gibbs_core::ising::integer::{HeatBathQ16, MetropolisQ16, quantise};
use gibbs_core::ising::model::{Dense, Model, Sparse, Stored, Torus, Weight, Wrap, check_sides, check_spins};
use gibbs_core::ising::rule::{HeatBath, Metropolis, Rule};
use gibbs_core::ising::state::{Order, State};
use gibbs_core::math::Real;
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(ising);

type Random = Xoshiro256PlusPlus;

fn ising() {
    let mut rng = stream(given(1), given("name"), given(2));
    taken((exponential(given(7)), logit(given(7)), word(&mut rng)));
    taken(check_sides(given(4), given(6), given(Wrap::Simple)));
    integers::<i8>(given(1), &mut rng);
    integers::<i16>(given(1), &mut rng);
    integers::<i32>(given(1), &mut rng);
    floats::<f32>(&mut rng);
    floats::<f64>(&mut rng);
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn integers<C: Stored<Weight = i32>>(one: C, rng: &mut Random) {
    let temperature = given(quantise(given(1.5))).unwrap_or(1);
    let (metropolis, heat_bath) = (
        given(MetropolisQ16::new(temperature)),
        given(HeatBathQ16::new(temperature)),
    );
    taken((metropolis.acceptance(given(3)), heat_bath.up(given(3))));
    models(one, metropolis, rng);
    models(one, heat_bath, rng);
    let mut schedule = given(GeometricQ16::new(given(9), given(2), given(5)));
    if let Ok(schedule) = &mut schedule {
        taken(schedule.next());
    }
}

fn floats<T: Real + Weight + Stored<Weight = T> + Coordinate>(rng: &mut Random) {
    let one = <T as Real>::ONE;
    let (Ok(metropolis), Ok(heat_bath)) = (Metropolis::new(given(one)), HeatBath::new(given(one))) else {
        return;
    };
    models(one, metropolis, rng);
    models(one, heat_bath, rng);
    if let Ok(mut schedule) = geometric(given(one), given(one + one), given(5)) {
        taken(schedule.next());
    }
}

fn models<C: Stored<Weight: Coordinate>>(one: C, rule: impl Rule<C::Weight> + Copy, rng: &mut Random) {
    let (mut couplings, mut fields) = (given([one; 36]), given([one; 6]));
    if let Ok(model) = Dense::new(some(&mut couplings), some(&mut fields)) {
        everything(&model, rule, rng);
    }
    let (mut offsets, mut neighbours) = (given([0_u32; 7]), given([0_u32; 36]));
    if let Ok(model) = Sparse::new(
        some(&mut offsets),
        some(&mut neighbours),
        some(&mut couplings),
        some(&mut fields),
    ) {
        everything(&model, rule, rng);
    }
    if let Ok(model) = Torus::new(given(4), given(6), one, one, given(Wrap::Multigraph)) {
        everything(&model, rule, rng);
    }
}

fn everything<M: Model<Weight: Coordinate>>(model: &M, rule: impl Rule<M::Weight> + Copy, rng: &mut Random) {
    let (mut spins, mut other, mut best) = (given([1_i8; 6]), given([1_i8; 6]), given([1_i8; 6]));
    let mut fields = given([M::Weight::ZERO; 6]);
    let (spins, other, best, fields) = (
        some(&mut spins),
        some(&mut other),
        some(&mut best),
        some(&mut fields),
    );
    taken((model.spins(), model.field(given(2)), model.energy(spins)));
    taken((model.local_field(given(2), spins), check_spins(spins, given(6))));
    taken(beta_range(model));

    if let Ok(mut state) = State::new(model, spins, fields) {
        state.randomise(model, rng);
        state.flip(model, given(3));
        taken(state.update(model, given(3), &rule, rng));
        taken(state.sweep(model, &rule, given(Order::Random), rng));
        taken(state.descend(model, given(4)));
        taken((state.energy(), state.magnetization()));
        let rules = core::iter::repeat_n(rule, given(5));
        taken(anneal(
            model,
            &mut state,
            rules,
            given(Order::Typewriter),
            best,
            rng,
        ));
        state.refresh(model);
        taken((state.spins().len(), state.fields().len()));
    }

    let mut velocities = given([M::Weight::ZERO; 6]);
    let velocities = some(&mut velocities);
    scatter(fields, rng);
    scatter(velocities, rng);
    let bifurcation = given(Bifurcation {
        variant: Variant::Discrete,
        steps: 20,
        time_step: 0.5,
    });
    taken(bifurcation.run(model, fields, velocities, other));
}
