//! Parallel tempering: exact bookkeeping on scripted exchanges, laws against enumeration.
//!
//! Mutations tried, each seen red: the exponent negated, doubled, with one energy in place of the difference;
//! pairs always even; energies not those of the replicas asked about; rungs not told to the replicas; a round
//! trip for a replica that never was on rung 0, or for one not on its way down; replica 0 not started there;
//! attempts counted for the wrong pair; `geometric` with k / R; `equalise` with accepted in place of
//! rejected, with a wrong width, without subtracting the pairs passed.

use crate::direct::{Instance, bits, wide};
use crate::instances::sk;
use crate::statistics::{Batches, check_counts};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::ising::temper::{Betas, Exchange, Leg, Replica, Rung, equalise, geometric};
use gibbs_core::ising::{Dense, Enumeration, HeatBath, Order, State, Tempering};
use gibbs_core::random::stream;
use rand_core::Rng;
use std::cell::RefCell;

/// R replicas with their own memory, swept at the temperature of their rungs.
struct Replicas {
    couplings: Vec<f64>,
    fields: Vec<f64>,
    spins: Vec<Vec<i8>>,
    local: Vec<Vec<f64>>,
}

impl Replicas {
    fn new(instance: &Instance, count: usize) -> Self {
        let n = instance.spins();
        Self {
            couplings: instance.couplings.clone(),
            fields: instance.fields.clone(),
            spins: vec![vec![1; n]; count],
            local: vec![vec![0.0; n]; count],
        }
    }

    /// `rounds` of `sweeps` sweeps and one exchange; `seen(rung, spins, energy)` after each.
    fn run(
        &mut self,
        tempering: &mut Tempering<'_>,
        betas: &[f64],
        (rounds, sweeps): (usize, usize),
        rng: &mut impl Rng,
        mut seen: impl FnMut(usize, &[i8], f64),
    ) {
        let model = Dense::new(&self.couplings, &self.fields).unwrap();
        let ladder = Betas::new(betas).unwrap();
        let memory = self.spins.iter_mut().zip(self.local.iter_mut());
        let mut states: Vec<State<'_, f64>> =
            memory.map(|(s, f)| State::new(&model, s, f).unwrap()).collect();
        for _ in 0..rounds {
            for (state, replica) in states.iter_mut().zip(tempering.replicas()) {
                let rule = HeatBath::new(betas[replica.rung as usize]).unwrap();
                for _ in 0..sweeps {
                    state.sweep(&model, &rule, Order::Typewriter, rng);
                }
            }
            let energies: Vec<f64> = states.iter().map(State::energy).collect();
            tempering.exchange(&energies, &ladder, rng).unwrap();
            let mut on: Vec<u32> = tempering.rungs().iter().map(|rung| rung.replica).collect();
            for (at, replica) in on.iter().enumerate() {
                assert_eq!(tempering.replicas()[*replica as usize].rung as usize, at);
                let state = &states[*replica as usize];
                seen(at, state.spins(), state.energy());
            }
            on.sort_unstable();
            assert!(on.into_iter().eq(0..betas.len() as u32), "not a permutation");
        }
    }
}

// each temperature has its Boltzmann law, N = 8, against enumeration
#[test] // oracle: ising-temper
fn marginals_are_boltzmann() {
    let n = 8;
    let mut instance = Instance::normal(n, 17);
    instance.couplings.iter_mut().for_each(|c| *c *= 0.5);
    let betas = [0.2, 0.45, 0.7, 1.0];
    let mut replicas = Replicas::new(&instance, 4);
    let (mut places, mut rungs) = ([Replica::default(); 4], [Rung::default(); 4]);
    let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
    let mut rng = stream(7, "temper", 0);
    let mut counts = vec![vec![0; 1 << n]; 4];
    let mut round = 0;
    // One round in six is counted: twelve sweeps apart.
    replicas.run(&mut tempering, &betas, (60_000, 2), &mut rng, |rung, spins, _| {
        if round % 24 < 4 {
            counts[rung][bits(spins)] += 1;
        }
        round += 1;
    });
    for (rung, beta) in betas.iter().enumerate() {
        check_counts(&counts[rung], &instance.law(*beta).1, &format!("beta = {beta}"));
    }
    assert!(
        tempering
            .replicas()
            .iter()
            .all(|replica| replica.round_trips > 100)
    );
    for pair in &tempering.rungs()[..3] {
        assert_eq!(pair.attempts, 30_000);
        assert!(pair.accepted > 3_000 && pair.accepted < 30_000);
    }
    tempering.reset_counts();
    assert!(
        tempering
            .rungs()
            .iter()
            .all(|rung| rung.attempts == 0 && rung.accepted == 0)
    );
    assert!(
        tempering
            .replicas()
            .iter()
            .all(|replica| replica.round_trips == 0)
    );
}

// golden SK N = 16, seeds 1 to 3: energies at beta = 0.25 .. 2 against enumeration, five errors each
#[test] // oracle: ising-temper
fn spin_glass_energies() {
    let mut betas = [0.0; 8];
    geometric(0.25, 2.0, &mut betas).unwrap();
    let golden = [-24.356_829, -28.320_602, -27.360_363];
    for (seed, golden) in (1..=3).zip(golden) {
        let instance = Instance {
            couplings: wide(&sk(16, seed)),
            fields: vec![0.0; 16],
        };
        let model = Dense::new(&instance.couplings, &instance.fields).unwrap();
        let mut replicas = Replicas::new(&instance, 8);
        let (mut places, mut rungs) = ([Replica::default(); 8], [Rung::default(); 8]);
        let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
        let mut rng = stream(seed, "spin glass", 0);
        replicas.run(&mut tempering, &betas, (500, 2), &mut rng, |_, _, _| {});
        let rounds = 8_000;
        let mut energies = vec![Batches::new(rounds); 8];
        replicas.run(
            &mut tempering,
            &betas,
            (rounds, 2),
            &mut rng,
            |rung, _, energy| {
                energies[rung].push(energy);
            },
        );
        let (mut s, mut f) = (vec![0; 16], vec![0.0; 16]);
        let mut exact = Enumeration::new(&model, &mut s, &mut f).unwrap();
        for (beta, mean) in betas.iter().zip(&energies) {
            let energy = exact.thermal(*beta).unwrap().energy;
            mean.check(energy, 0.15, &format!("seed {seed}, beta = {beta}"));
        }
        energies[0].check(golden, 0.15, &format!("seed {seed}, golden"));
    }
}

// identical temperatures always exchange, without a draw, whatever the energies
#[test] // law: ising-temper
fn equal_temperatures_always_exchange() {
    let (mut places, mut rungs) = ([Replica::default(); 5], [Rung::default(); 5]);
    let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
    let ladder = Betas::new(&[0.6; 5]).unwrap();
    let mut rng = stream(8, "equal", 0);
    let untouched = rng.clone();
    for round in 0..100 {
        assert_eq!(tempering.odd(), round % 2 == 1);
        assert_eq!(tempering.exchange(&[5, -3, 8, 1, -9], &ladder, &mut rng), Ok(2));
    }
    assert_eq!(rng, untouched);
    for pair in &tempering.rungs()[..4] {
        assert_eq!((pair.attempts, pair.accepted), (50, 50));
    }
    // Ten such rounds bring everyone up and back: the reversal of five, twice.
    let rungs: Vec<u32> = tempering.replicas().iter().map(|replica| replica.rung).collect();
    assert_eq!(rungs, [0, 1, 2, 3, 4]);
}

// exact: the acceptance is min(1, e^((beta_a - beta_b)(E_a - E_b)))
#[test] // oracle: ising-temper
fn acceptance_of_one_exchange() {
    let ladder = Betas::new(&[0.5, 0.8]).unwrap();
    let mut rng = stream(9, "acceptance", 0);
    // The colder replica has the higher energy: certain.
    assert!((0..1000).all(|_| ladder.swaps(0, -7, -3, &mut rng)));
    // exponent = -0.3 * 4
    let (tries, p) = (100_000, (-1.2_f64).exp());
    let made = (0..tries).filter(|_| ladder.swaps(0, -3, -7, &mut rng)).count();
    let z = (made as f64 - p * f64::from(tries)) / (f64::from(tries) * p * (1.0 - p)).sqrt();
    assert!(z.abs() < tol::SIGMAS, "z = {z}");
    assert!(
        !Exchange::<i32>::swaps(&ladder, 1, 0, 0, &mut rng),
        "no rung above the last"
    );
    // Energies at the ends of i32 do not overflow.
    assert!(ladder.swaps(0, i32::MIN, i32::MAX, &mut rng));
    assert!(!ladder.swaps(0, i32::MAX, i32::MIN, &mut rng));
}

/// Answers from a list; notes what it was asked.
struct Script {
    rungs: usize,
    answers: RefCell<Vec<bool>>,
    asked: RefCell<Vec<(usize, i32, i32)>>,
}

impl Exchange<i32> for Script {
    fn rungs(&self) -> usize {
        self.rungs
    }

    fn swaps(&self, rung: usize, energy: i32, above: i32, _: &mut impl Rng) -> bool {
        self.asked.borrow_mut().push((rung, energy, above));
        self.answers.borrow_mut().remove(0)
    }
}

// three rungs by hand: who meets whom, and who has made a round trip
#[test] // law: ising-temper
fn scripted_round_trips() {
    let (mut places, mut rungs) = ([Replica::default(); 3], [Rung::default(); 3]);
    let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
    let script = Script {
        rungs: 3,
        answers: RefCell::new(vec![true, true, false, true, true, true, true, true]),
        asked: RefCell::default(),
    };
    let mut rng = stream(10, "script", 0);
    // After each round: replica on each rung, and round trips of replicas 0, 1, 2.
    let expected = [
        ([1, 0, 2], [0, 0, 0]), // (0,1) yes: 1 starts at the bottom now
        ([1, 2, 0], [0, 0, 0]), // (1,2) yes: 0 at the top; 2 was there before it was ever at the bottom
        ([1, 2, 0], [0, 0, 0]), // (0,1) no
        ([1, 0, 2], [0, 0, 0]), // (1,2) yes: 0 on its way down
        ([0, 1, 2], [1, 0, 0]), // (0,1) yes: 0 is home
        ([0, 2, 1], [1, 0, 0]), // (1,2) yes: 1 at the top
        ([2, 0, 1], [1, 0, 0]), // (0,1) yes: 2 at the bottom for the first time: no trip
        ([2, 1, 0], [1, 0, 0]), // (1,2) yes: 0 at the top again
    ];
    for (on, trips) in expected {
        tempering.exchange(&[10, 11, 12], &script, &mut rng).unwrap();
        assert!(tempering.rungs().iter().map(|rung| rung.replica).eq(on));
        assert!(
            tempering
                .replicas()
                .iter()
                .map(|replica| replica.round_trips)
                .eq(trips)
        );
    }
    let asked = [
        (0, 10, 11),
        (1, 10, 12),
        (0, 11, 12),
        (1, 12, 10),
        (0, 11, 10),
        (1, 11, 12),
        (0, 10, 12),
        (1, 10, 11),
    ];
    assert_eq!(*script.asked.borrow(), asked);
    let legs: Vec<Leg> = tempering.replicas().iter().map(|replica| replica.leg).collect();
    assert_eq!(legs, [Leg::Down, Leg::Down, Leg::Up]);
    let pairs: Vec<_> = tempering
        .rungs()
        .iter()
        .map(|rung| (rung.attempts, rung.accepted))
        .collect();
    assert_eq!(pairs, [(4, 3), (4, 4), (0, 0)]);
}

// what was said is enough to go on from
#[test] // law: ising-temper
fn resumed_is_uninterrupted() {
    let betas = [0.1, 0.3, 0.9, 1.1];
    let ladder = Betas::new(&betas).unwrap();
    let energies = [3.0, -2.0, 0.5, -1.0];
    let (mut places, mut rungs) = ([Replica::default(); 4], [Rung::default(); 4]);
    let mut one = Tempering::new(&mut places, &mut rungs).unwrap();
    let mut rng = stream(11, "resume", 0);
    for _ in 0..7 {
        one.exchange(&energies, &ladder, &mut rng).unwrap();
    }
    let (mut places, mut rungs, mut again) = (one.replicas().to_vec(), one.rungs().to_vec(), rng.clone());
    let mut other = Tempering::resume(&mut places, &mut rungs, one.odd()).unwrap();
    for _ in 0..50 {
        let (a, b) = (
            one.exchange(&energies, &ladder, &mut rng),
            other.exchange(&energies, &ladder, &mut again),
        );
        assert_eq!(a, b);
        assert_eq!((one.replicas(), one.rungs()), (other.replicas(), other.rungs()));
    }
}

// closed form: equal ratios, exact ends
#[test] // law: ising-temper
fn geometric_ladder() {
    let mut betas = [0.0; 7];
    geometric(0.3, 2.7, &mut betas).unwrap();
    assert_eq!((betas[0], betas[6]), (0.3, 2.7));
    let ratio = 9.0_f64.powf(1.0 / 6.0);
    for pair in betas.windows(2) {
        assert!((pair[1] / pair[0] - ratio).abs() < tol::ROUNDING);
    }
    let mut pair = [0.0; 2];
    geometric(1.0, 2.0, &mut pair).unwrap();
    assert_eq!(pair, [1.0, 2.0]);
}

/// Rungs with these counts of exchanges tried and made.
fn counted(pairs: &[(u64, u64)]) -> Vec<Rung> {
    let rung = |&(attempts, accepted): &(u64, u64)| Rung {
        replica: 0,
        attempts,
        accepted,
    };
    pairs.iter().chain([&(0, 0)]).map(rung).collect()
}

// by hand: rejections .75, .25 and .5, .25, .25, up to the half counted in
#[test] // law: ising-temper
fn adjusted_ladder() {
    let mut adjusted = [0.0; 3];
    let tries = 4_000_000;
    let rungs = counted(&[(tries, tries / 4), (tries, 3 * tries / 4)]);
    let barrier = equalise(&[1.0, 2.0, 4.0], &rungs, &mut adjusted).unwrap();
    assert!((barrier - 1.0).abs() < 1e-6);
    // Half of the barrier is reached at 2/3 of the first step.
    assert_eq!((adjusted[0], adjusted[2]), (1.0, 4.0));
    assert!((adjusted[1] - (1.0 + 2.0 / 3.0)).abs() < 1e-6);
    let rungs = counted(&[(tries, tries / 2), (tries, 3 * tries / 4), (tries, 3 * tries / 4)]);
    let mut adjusted = [0.0; 4];
    equalise(&[0.0, 1.0, 2.0, 3.0], &rungs, &mut adjusted).unwrap();
    assert!((adjusted[1] - 2.0 / 3.0).abs() < 1e-6);
    assert!((adjusted[2] - 5.0 / 3.0).abs() < 1e-6);
    // Equal acceptances are a fixed point, and perfect ones too.
    for accepted in [tries, tries / 3] {
        let rungs = counted(&[(tries, accepted); 3]);
        equalise(&[0.0, 1.0, 1.5, 3.0], &rungs, &mut adjusted).unwrap();
        for (beta, old) in adjusted.iter().zip([0.0, 1.0, 1.5, 3.0]) {
            assert!((beta - old).abs() < tol::ROUNDING);
        }
    }
}

// run, adjust, run again: the acceptances of a spin glass draw together
#[test] // law: ising-temper
fn feedback_equalises() {
    let instance = Instance {
        couplings: wide(&sk(16, 1)),
        fields: vec![0.0; 16],
    };
    let mut betas = [0.05, 0.1, 0.15, 0.6, 1.5];
    let mut spreads = Vec::new();
    for index in 0..6 {
        let mut replicas = Replicas::new(&instance, 5);
        let (mut places, mut rungs) = ([Replica::default(); 5], [Rung::default(); 5]);
        let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
        let mut rng = stream(12, "feedback", index);
        replicas.run(&mut tempering, &betas, (4_000, 1), &mut rng, |_, _, _| {});
        let fractions = tempering.rungs()[..4]
            .iter()
            .map(|r| r.accepted as f64 / r.attempts as f64);
        let fractions: Vec<f64> = fractions.collect();
        let top = fractions.iter().copied().fold(0.0, f64::max);
        spreads.push(top - fractions.iter().copied().fold(1.0, f64::min));
        let mut adjusted = [0.0; 5];
        equalise(&betas, tempering.rungs(), &mut adjusted).unwrap();
        assert!(adjusted.windows(2).all(|pair| pair[0] < pair[1]));
        betas = adjusted;
    }
    assert!(spreads[0] > 0.4, "{spreads:?}");
    assert!(spreads[5] < 0.05, "{spreads:?}");
}

#[test] // edge: ising-temper
fn refusals() {
    assert_eq!(Betas::new(&[1.0]), Err(Error::Shape));
    assert_eq!(Betas::new(&[1.0, f64::NAN]), Err(Error::NonFinite));
    assert_eq!(Betas::new(&[1.0, 0.5]), Err(Error::Domain));
    let mut betas = [7.0; 3];
    for (first, last, error) in [
        (0.0, 1.0, Error::Domain),
        (1.0, 1.0, Error::Domain),
        (2.0, 1.0, Error::Domain),
        (f64::NAN, 1.0, Error::NonFinite),
        (1.0, f64::INFINITY, Error::NonFinite),
    ] {
        assert_eq!(geometric(first, last, &mut betas), Err(error));
    }
    assert_eq!(geometric(1.0, 2.0, &mut betas[..1]), Err(Error::Shape));
    assert_eq!(geometric(1.0, 2.0, &mut []), Err(Error::Shape));
    assert_eq!(betas, [7.0; 3]);

    let (mut places, mut rungs) = ([Replica::default(); 3], [Rung::default(); 3]);
    assert_eq!(
        Tempering::new(&mut places[..2], &mut rungs).err(),
        Some(Error::Shape)
    );
    assert_eq!(
        Tempering::new(&mut places[..1], &mut rungs[..1]).err(),
        Some(Error::Shape)
    );
    let mut twice = [Replica::default(); 3];
    assert_eq!(
        Tempering::resume(&mut twice, &mut rungs, false).err(),
        Some(Error::Domain)
    );
    let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
    let mut rng = stream(13, "refusals", 0);
    let ladder = Betas::new(&[0.1, 0.2, 0.3]).unwrap();
    let short = Betas::new(&[0.1, 0.2]).unwrap();
    assert_eq!(tempering.exchange(&[1, 2], &ladder, &mut rng), Err(Error::Shape));
    assert_eq!(
        tempering.exchange(&[1, 2, 3], &short, &mut rng),
        Err(Error::Shape)
    );
    let refused = tempering.exchange(&[1.0, f64::NAN, 3.0], &ladder, &mut rng);
    assert_eq!(refused, Err(Error::NonFinite));
    assert!(!tempering.odd(), "a refused round is none");

    let mut adjusted = [7.0; 3];
    let betas = [0.1, 0.2, 0.3];
    let untried = counted(&[(5, 1), (0, 0)]);
    assert_eq!(
        equalise(&betas, &untried, &mut adjusted),
        Err(Error::TooFewSamples)
    );
    let tried = counted(&[(5, 1), (5, 5)]);
    assert_eq!(equalise(&betas[..2], &tried, &mut adjusted), Err(Error::Shape));
    assert_eq!(equalise(&betas, &tried, &mut adjusted[..2]), Err(Error::Shape));
    assert_eq!(
        equalise(&[0.1, 0.3, 0.2], &tried, &mut adjusted),
        Err(Error::Domain)
    );
    assert_eq!(adjusted, [7.0; 3]);
}
