//! Simulated annealing: the sampler at fixed temperature, golden ground states, schedules, gauges, refusals.

use crate::instances::{Golden, golden, sherrington_kirkpatrick};
use crate::oracle::{boltzmann, chi_squared, chi_squared_limit, energies, state_of};
use crate::tolerances::LOGARITHM;
use gibbs_core::Error;
use gibbs_core::ising::anneal::{BetaRange, anneal};
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::{
    Annealed, Dense, GeometricQ16, HeatBath, HeatBathQ16, Metropolis, MetropolisQ16, Model, Order, Rule,
    State, Torus, Weight, beta_range, geometric, model::Wrap,
};
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use rand_core::Rng;

/// One run from a random state: how it ended, the best spins, the last spins.
fn read<M: Model, R: Rule<M::Weight>>(
    model: &M,
    schedule: impl IntoIterator<Item = R>,
    order: Order,
    rng: &mut Xoshiro256PlusPlus,
) -> (Annealed<M::Weight>, Vec<i8>, Vec<i8>) {
    let n = model.spins();
    let (mut spins, mut fields, mut best) = (vec![1; n], vec![M::Weight::ZERO; n], vec![0; n]);
    let mut state = State::new(model, &mut spins, &mut fields).unwrap();
    state.randomise(model, rng);
    let annealed = anneal(model, &mut state, schedule, order, &mut best, rng).unwrap();
    (annealed, best, spins)
}

const READS: u32 = 100;
const SWEEPS: u32 = 200;

/// Share of reads that end in the ground energy, each read checked against its spins.
fn hits<M: Model, R: Rule<M::Weight>, S: IntoIterator<Item = R>>(
    golden: &Golden,
    model: &M,
    schedule: impl Fn() -> S,
    name: &str,
) -> f64 {
    let mut hits = 0;
    for k in 0..READS {
        let mut rng = stream(3, name, u64::from(k));
        let (annealed, best, _) = read(model, schedule(), Order::Typewriter, &mut rng);
        assert_eq!(annealed.best_energy, model.energy(&best).unwrap());
        assert_eq!(annealed.sweeps, u64::from(SWEEPS));
        let energy = annealed.best_energy.wide();
        assert!(energy >= f64::from(golden.ground_energy));
        hits += u32::from(energy == f64::from(golden.ground_energy));
    }
    f64::from(hits) / f64::from(READS)
}

// measured 1.00 for each rule, arithmetic and instance
#[test] // oracle: ising-anneal
fn ground_states_of_the_golden_instances_are_found() {
    for golden in golden() {
        let double = golden.real();
        let single: Vec<f32> = golden.couplings.iter().map(|c| f32::from(*c)).collect();
        let double = Dense::new(&double, &[0.0; Golden::SPINS]).unwrap();
        let single = Dense::new(&single, &[0.0; Golden::SPINS]).unwrap();
        let integer = Dense::new(&golden.couplings, &[0; Golden::SPINS]).unwrap();
        let BetaRange { hot, cold, .. } = beta_range(&double).unwrap();
        assert_eq!(beta_range(&single), beta_range(&integer));
        let betas = || geometric(hot, cold, SWEEPS).unwrap();
        let betas_single = || geometric(hot as f32, cold as f32, SWEEPS).unwrap();
        let (hot, cold) = (quantise(1.0 / hot).unwrap(), quantise(1.0 / cold).unwrap());
        let temperatures = || GeometricQ16::new(hot, cold, SWEEPS).unwrap();
        let shares = [
            hits(&golden, &double, || betas().flat_map(Metropolis::new), "f64"),
            hits(&golden, &double, || betas().flat_map(HeatBath::new), "f64"),
            hits(
                &golden,
                &single,
                || betas_single().flat_map(Metropolis::new),
                "f32",
            ),
            hits(&golden, &single, || betas_single().flat_map(HeatBath::new), "f32"),
            hits(
                &golden,
                &integer,
                || temperatures().map(MetropolisQ16::new),
                "q16",
            ),
            hits(&golden, &integer, || temperatures().map(HeatBathQ16::new), "q16"),
        ];
        assert!(
            shares.iter().all(|share| *share >= 0.95),
            "{}: {shares:?}",
            golden.name
        );
    }
}

/// Pearson's statistic of the last states of 40,000 runs of 25 sweeps at beta = 0.5 against Boltzmann's law.
fn statistic<M: Model, R: Rule<M::Weight> + Copy>(model: &M, law: &[f64], rule: R, order: Order) -> f64 {
    let mut counts = vec![0; law.len()];
    let mut rng = stream(4, "fixed temperature", 0);
    for _ in 0..40_000 {
        let (_, _, last) = read(model, core::iter::repeat_n(rule, 25), order, &mut rng);
        counts[state_of(&last)] += 1;
    }
    chi_squared(&counts, law)
}

// chi-squared against enumeration, six tests at 1e-7 and less each
#[test] // oracle: ising-anneal; law: ising-metropolis
fn at_fixed_temperature_annealing_samples_boltzmanns_law() {
    let (couplings, fields) = (
        [0_i8, 2, -1, 1, 2, 0, 1, 0, -1, 1, 0, 3, 1, 0, 3, 0],
        [1_i8, 0, -1, 0],
    );
    let real = (couplings.map(f64::from), fields.map(f64::from));
    let law = boltzmann(&energies(&real.0, &real.1), 0.5);
    let (integer, double) = (
        Dense::new(&couplings, &fields).unwrap(),
        Dense::new(&real.0, &real.1).unwrap(),
    );
    let (metropolis, bath) = (Metropolis::new(0.5).unwrap(), HeatBath::new(0.5).unwrap());
    let (metropolis_q16, bath_q16) = (MetropolisQ16::new(2 << 16), HeatBathQ16::new(2 << 16));
    let limit = chi_squared_limit(law.len() - 1);
    for (name, statistic) in [
        (
            "metropolis",
            statistic(&double, &law, metropolis, Order::Typewriter),
        ),
        (
            "metropolis, random",
            statistic(&double, &law, metropolis, Order::Random),
        ),
        ("heat bath", statistic(&double, &law, bath, Order::Typewriter)),
        (
            "metropolis q16",
            statistic(&integer, &law, metropolis_q16, Order::Typewriter),
        ),
        (
            "heat bath q16",
            statistic(&integer, &law, bath_q16, Order::Typewriter),
        ),
        (
            "heat bath q16, random",
            statistic(&integer, &law, bath_q16, Order::Random),
        ),
    ] {
        assert!(statistic < limit, "{name}: {statistic} > {limit}");
    }
}

// exact: costs are the same, so the same words decide the same way
#[test] // law: ising-metropolis, ising-anneal
fn a_gauge_transform_maps_the_run() {
    let n = 12;
    let couplings = sherrington_kirkpatrick(9, n);
    let gauge: Vec<i8> = (0..n).map(|i| if i * i % 5 < 2 { -1 } else { 1 }).collect();
    let turned: Vec<i8> = (0..n * n)
        .map(|k| couplings[k] * gauge[k / n] * gauge[k % n])
        .collect();
    let run = |couplings: &[i8], start: &[i8]| {
        let fields = vec![0; n];
        let model = Dense::new(couplings, &fields).unwrap();
        let (mut spins, mut local, mut best) = (start.to_vec(), vec![0; n], vec![0; n]);
        let mut state = State::new(&model, &mut spins, &mut local).unwrap();
        let rules = GeometricQ16::new(10 << 16, 1 << 15, 40)
            .unwrap()
            .map(MetropolisQ16::new);
        let rng = &mut stream(6, "gauge", 0);
        let annealed = anneal(&model, &mut state, rules, Order::Random, &mut best, rng).unwrap();
        (annealed, best, spins)
    };
    let mapped = |spins: &[i8]| spins.iter().zip(&gauge).map(|(s, g)| s * g).collect::<Vec<_>>();
    let (annealed, best, last) = run(&couplings, &vec![1; n]);
    assert_eq!(run(&turned, &gauge), (annealed, mapped(&best), mapped(&last)));
    assert!(annealed.flips > 0);
}

// the best of the states met, by a run whose every state is known: descent, then a flip up of all
#[test] // law: ising-anneal
fn the_best_state_is_kept() {
    let couplings = [0.0, 1.0, 1.0, 0.0];
    let model = Dense::new(&couplings, &[0.5, 0.5]).unwrap();
    let (mut spins, mut fields, mut best) = ([-1, 1], [0.0; 2], [0; 2]);
    let mut state = State::new(&model, &mut spins, &mut fields).unwrap();
    let rng = &mut stream(1, "best", 0);
    let (cold, reversed) = (Metropolis::new(1e6).unwrap(), Metropolis::new(-1e6).unwrap());
    let run = anneal(
        &model,
        &mut state,
        [cold, reversed],
        Order::Typewriter,
        &mut best,
        rng,
    )
    .unwrap();
    // (-, +): f = (1.5, -.5): spin 0 rises to (+, +), E = -2; reversed: spin 0 falls, then spin 1 stays
    assert_eq!(
        (run, best),
        (
            Annealed {
                best_energy: -2.0,
                sweeps: 2,
                flips: 2
            },
            [1, 1]
        )
    );
    assert_eq!((state.spins(), state.energy()), (&[-1, 1][..], 1.0));
    let none = core::iter::empty::<Metropolis<f64>>();
    let run = anneal(&model, &mut state, none, Order::Typewriter, &mut best, rng).unwrap();
    assert_eq!(
        (run, best),
        (
            Annealed {
                best_energy: 1.0,
                sweeps: 0,
                flips: 0
            },
            [-1, 1]
        )
    );
}

// couplings of very different size: f32 fields drift, and are exact again after 1000 and 2000 sweeps
#[test] // law: ising-metropolis, ising-anneal
fn float_fields_are_summed_anew() {
    let n = 8;
    let sizes = [1e4, 0.1, 3.3, 0.007, 17.0];
    let mut couplings = vec![0.0_f32; n * n];
    for i in 0..n {
        for j in 0..i {
            couplings[i * n + j] = sizes[(i + 2 * j) % 5];
            couplings[j * n + i] = sizes[(i + 2 * j) % 5];
        }
    }
    let fields = vec![0.3; n];
    let model = Dense::new(&couplings, &fields).unwrap();
    let drifted = |sweeps| {
        let (mut spins, mut local, mut best) = (vec![1; n], vec![0.0; n], vec![0; n]);
        let mut state = State::new(&model, &mut spins, &mut local).unwrap();
        let rules = core::iter::repeat_n(HeatBath::new(1e-5).unwrap(), sweeps);
        let rng = &mut stream(2, "drift", 0);
        let _ = anneal(&model, &mut state, rules, Order::Typewriter, &mut best, rng).unwrap();
        (0..n).any(|i| state.fields()[i] != model.local_field(i, state.spins()))
    };
    assert!(
        drifted(999) && drifted(1999),
        "nothing drifts: the test shows nothing"
    );
    assert!(!drifted(1000) && !drifted(2000));
}

/// Drawn couplings, whole and real: a local minimum is reached, the energy is that of the spins, and a state that is one
/// stays.
#[test] // law: ising-anneal
fn a_descent_ends_in_a_local_minimum() {
    for k in 0..40 {
        let mut rng = stream(11, "tests/descent", k);
        let n = 30;
        let mut couplings = vec![0.0; n * n];
        for i in 0..n {
            for j in i + 1..n {
                let word = rng.next_u64();
                let size = if k % 2 == 0 {
                    (word % 7) as f64 - 3.0
                } else {
                    word as f64 / 1e19 - 0.9
                };
                couplings[i * n + j] = size;
                couplings[j * n + i] = size;
            }
        }
        let fields = vec![if k % 4 < 2 { 0.25 } else { 2.0_f64.powi(-60) }; n];
        let model = Dense::new(&couplings, &fields).unwrap();
        let (mut spins, mut local) = (vec![1; n], vec![0.0; n]);
        let mut state = State::new(&model, &mut spins, &mut local).unwrap();
        state.randomise(&model, &mut rng);
        let before = state.energy();
        let none = state.descend(&model, 0);
        assert_eq!((none.flips, none.settled, state.energy()), (0, false, before));
        let descent = state.descend(&model, 1000);
        assert!(descent.settled && descent.flips > 0 && state.energy() < before);
        let energy = model.energy(state.spins()).unwrap();
        assert!((state.energy() - energy).abs() < 1e-12);
        for i in 0..n {
            assert!(model.local_field(i, state.spins()) * f64::from(state.spins()[i]) >= 0.0);
        }
        assert!(state.magnetization() >= 0, "all spins turned would be lower");
        let again = state.descend(&model, 1000);
        assert_eq!((again.flips, again.sweeps, again.settled), (0, 1, true));
    }
}

// closed form: equal ratios, both ends exact
#[test] // law: ising-anneal
fn schedules_are_geometric() {
    let betas: Vec<f64> = geometric(0.1, 2.5, 5).unwrap().collect();
    assert_eq!((betas.len(), betas[0], betas[4]), (5, 0.1, 2.5));
    for pair in betas.windows(2) {
        assert!((pair[1] / pair[0] - 25.0_f64.powf(0.25)).abs() < 1e-14);
    }
    assert_eq!(geometric(0.1, 2.5, 1).unwrap().collect::<Vec<f64>>(), [2.5]);
    assert_eq!(geometric(0.1_f32, 2.5, 0).unwrap().count(), 0);
    assert!(
        geometric(1e-38_f32, 1e38, 9)
            .unwrap()
            .all(|b| (1e-38..=1e38).contains(&b))
    );
    for (hot, cold, sweeps) in [
        (40 << 16, 1 << 14, 2),
        (u32::MAX, 1, 7),
        (u32::MAX, 1, 1_000_000),
        (5 << 16, 5 << 16, 4),
        ((1 << 31) + 5, (1 << 31) + 5, 4),
        (655, 3, 5000),
    ] {
        let steps = f64::from(sweeps - 1);
        let mut last = u32::MAX;
        let mut count = 0;
        for (k, t) in GeometricQ16::new(hot, cold, sweeps).unwrap().enumerate() {
            let exact = f64::from(hot) * (f64::from(cold) / f64::from(hot)).powf(k as f64 / steps);
            let bound = LOGARITHM * exact + 1.0;
            assert!(
                (f64::from(t) - exact).abs() <= bound,
                "{hot} {cold} {sweeps} {k}: {t} {exact}"
            );
            assert!(t <= last && t > 0);
            last = t;
            count += 1;
            assert!(k > 0 || t == hot);
        }
        assert_eq!((last, count), (cold, sweeps));
    }
    assert_eq!(GeometricQ16::new(9, 4, 1).unwrap().collect::<Vec<_>>(), [4]);
    assert_eq!(GeometricQ16::new(9, 4, 0).unwrap().count(), 0);
}

#[test] // edge: ising-anneal
fn refusals() {
    let bad = |hot: f64, cold: f64| geometric(hot, cold, 3).map(|_| ()).err();
    assert_eq!(bad(f64::NAN, 1.0), Some(Error::NonFinite));
    assert_eq!(bad(1.0, f64::INFINITY), Some(Error::NonFinite));
    assert_eq!(bad(0.0, 1.0), Some(Error::Domain));
    assert_eq!(bad(1.0, -1.0), Some(Error::Domain));
    assert_eq!(GeometricQ16::new(3, 0, 9).err(), Some(Error::Domain));
    assert_eq!(GeometricQ16::new(3, 4, 9).err(), Some(Error::Domain));
    let nan = [0.0, f64::NAN, f64::NAN, 0.0];
    assert_eq!(Dense::new(&nan, &[0.0; 2]).map(|_| ()), Err(Error::NonFinite));

    let couplings = [0, 1, 1, 0];
    let model = Dense::new(&couplings, &[0, 0]).unwrap();
    let larger = Torus::new(3, 3, 1_i8, 0, Wrap::Simple).unwrap();
    let rng = &mut stream(1, "refusals", 0);
    let (mut spins, mut fields, mut best) = ([1, -1], [0; 2], [7, 7, 7]);
    let mut state = State::new(&model, &mut spins, &mut fields).unwrap();
    let rules = || [MetropolisQ16::new(1)];
    let shape = anneal(&model, &mut state, rules(), Order::Random, &mut best, rng);
    assert_eq!(shape, Err(Error::Shape));
    let shape = anneal(&larger, &mut state, rules(), Order::Random, &mut best[..2], rng);
    assert_eq!(shape, Err(Error::Shape));
    assert_eq!((spins, best), ([1, -1], [7, 7, 7]));
}
