//! The exchange in integers: its probability counted over all words, its law against enumeration.
//!
//! Mutations tried, each seen red: one bit of the shift missing, or done in 64 bits; T² and T in place of T T'
//! and T - T'; the free case of the wrong sign, or without equal temperatures; the same rung twice; one energy in
//! place of the difference; ladders of one rung, and ladders that rise, taken.

use crate::direct::{Instance, bits, wide};
use crate::instances::sk;
use crate::oracle::{Always, share};
use crate::statistics::check_counts;
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::temper::{Exchange, Replica, Rung, TemperaturesQ16};
use gibbs_core::ising::{Dense, MetropolisQ16, Order, State, Tempering};
use gibbs_core::random::stream;

// closed form: e^(-(1/T' - 1/T)(E - E')), over costs until it vanishes, couplings of order 1 to 10^4
#[test] // oracle: ising-temper
fn exchanges_happen_with_the_boltzmann_factor() {
    for (hot, cold) in [
        (3.0, 0.01),
        (2.3, 2.2),
        (10.0, 0.7),
        (5000.0, 4000.0),
        (65_535.5, 65_000.0),
        (65_535.5, 0.3),
    ] {
        let ladder = [hot, cold].map(|t| quantise(t).unwrap());
        let [hot, cold] = ladder.map(|t| f64::from(t) / 65_536.0);
        let ladder = TemperaturesQ16::new(&ladder).unwrap();
        let difference = 1.0 / cold - 1.0 / hot;
        let last = (25.0 / difference).min(4e9) as i64 + 2;
        for cost in (1..=last).step_by(1 + last as usize / 400) {
            // the same difference between energies of either sign
            for energy in [i64::from(i32::MAX), cost / 2] {
                let above = energy - cost;
                let (energy, above) = (i32::try_from(energy).unwrap(), i32::try_from(above).unwrap());
                let p = ladder.acceptance(0, energy, above);
                let expected = (-difference * cost as f64).exp();
                assert!(
                    (p - expected).abs() < tol::ACCEPTANCE,
                    "{hot} {cold} {cost}: {p} {expected}"
                );
                assert!(
                    (p / expected - 1.0).abs() < 1e-5 + 3e-10 / expected || p == 0.0,
                    "{hot} {cold} {cost}: {p} {expected}"
                );
            }
        }
    }
}

// the decision that is made is the one that is counted
#[test] // law: ising-temper
fn swaps_happen_with_the_counted_probability() {
    let temperatures = [400_000, 131_072, 65_536, 65_536, 0, 0];
    let ladder = TemperaturesQ16::new(&temperatures).unwrap();
    assert_eq!(ladder.temperatures(), temperatures);
    assert_eq!(Exchange::<i32>::rungs(&ladder), 6);
    for rung in 0..7 {
        for (energy, above) in [
            (0, 0),
            (3, 4),
            (4, 3),
            (9, -6),
            (i32::MAX, i32::MIN),
            (i32::MIN, i32::MAX),
        ] {
            let p = share(1, 1 << 32, |w| ladder.swaps(rung, energy, above, &mut Always(w)));
            assert_eq!(
                p,
                ladder.acceptance(rung, energy, above),
                "{rung} {energy} {above}"
            );
            let certain = rung < 5 && (energy <= above || rung == 2 || rung == 4);
            assert_eq!(p == 1.0, certain, "{rung} {energy} {above}");
            // a rung that is not there, and T' = 0 below T > 0
            assert!(
                certain || (p == 0.0) == (rung > 2 || energy > 15),
                "{rung} {energy} {above} {p}"
            );
        }
    }
    assert_eq!(ladder.acceptance(usize::MAX, 0, 0), 0.0);
}

// the ends of all ranges: nothing overflows (the tests run with overflow checks)
#[test] // edge: ising-temper
fn the_largest_costs_and_temperatures() {
    let ends = [u32::MAX, u32::MAX - 1, 1, 0];
    let ladder = TemperaturesQ16::new(&ends).unwrap();
    for rung in 0..3 {
        assert_eq!(ladder.acceptance(rung, i32::MIN, i32::MAX), 1.0);
    }
    // (1/T' - 1/T) (E - E') = 2^16 (2^32 - 1) / ((2^32 - 1)(2^32 - 2))
    let p = ladder.acceptance(0, i32::MAX, i32::MIN);
    assert!(
        (p - (-65_536.0_f64 / 4_294_967_294.0).exp()).abs() < tol::ACCEPTANCE,
        "{p}"
    );
    assert_eq!(ladder.acceptance(1, i32::MAX, i32::MIN), 0.0);
    assert_eq!(ladder.acceptance(2, 1, 0), 0.0);
}

// integer sweeps and integer exchanges give each temperature its Boltzmann law, against enumeration
#[test] // oracle: ising-temper
fn marginals_are_boltzmann() {
    let n = 8;
    let couplings = sk(n, 3);
    let fields: Vec<i32> = (0..n as i32).map(|i| i % 3 - 1).collect();
    let instance = Instance {
        couplings: wide(&couplings),
        fields: wide(&fields),
    };
    let model = Dense::new(&couplings, &fields).unwrap();
    let temperatures = [12.0, 6.0, 4.0, 2.5].map(|t| quantise(t).unwrap());
    let ladder = TemperaturesQ16::new(&temperatures).unwrap();
    let (mut spins, mut local) = (vec![vec![1; n]; 4], vec![vec![0; n]; 4]);
    let memory = spins.iter_mut().zip(local.iter_mut());
    let mut states: Vec<State<'_, i32>> = memory.map(|(s, f)| State::new(&model, s, f).unwrap()).collect();
    let (mut places, mut rungs) = ([Replica::default(); 4], [Rung::default(); 4]);
    let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
    let mut rng = stream(14, "temper in integers", 0);
    let mut counts = vec![vec![0; 1 << n]; 4];
    for round in 0..60_000 {
        for (state, replica) in states.iter_mut().zip(tempering.replicas()) {
            let rule = MetropolisQ16::new(temperatures[replica.rung as usize]);
            for _ in 0..2 {
                state.sweep(&model, &rule, Order::Random, &mut rng);
            }
        }
        let energies: Vec<i32> = states.iter().map(State::energy).collect();
        tempering.exchange(&energies, &ladder, &mut rng).unwrap();
        // One round in six is counted: twelve sweeps apart.
        if round % 6 == 0 {
            for (count, rung) in counts.iter_mut().zip(tempering.rungs()) {
                count[bits(states[rung.replica as usize].spins())] += 1;
            }
        }
    }
    for (count, temperature) in counts.iter().zip(temperatures) {
        let exact = f64::from(temperature) / 65_536.0;
        check_counts(count, &instance.law(1.0 / exact).1, &format!("T = {exact}"));
    }
    for pair in &tempering.rungs()[..3] {
        assert!(pair.accepted > 3_000 && pair.accepted < 30_000, "{pair:?}");
    }
}

#[test] // identical temperatures always exchange, without a draw
fn equal_temperatures_always_exchange() {
    for temperature in [0, 1, 70_000, u32::MAX] {
        let temperatures = [temperature; 4];
        let ladder = TemperaturesQ16::new(&temperatures).unwrap();
        let (mut places, mut rungs) = ([Replica::default(); 4], [Rung::default(); 4]);
        let mut tempering = Tempering::new(&mut places, &mut rungs).unwrap();
        let mut rng = stream(15, "equal", 0);
        let untouched = rng.clone();
        for round in 0..10 {
            let made = tempering.exchange(&[i32::MAX, 5, -3, i32::MIN], &ladder, &mut rng);
            assert_eq!(made, Ok(2 - round % 2));
        }
        assert_eq!(rng, untouched);
    }
}

#[test] // edge: ising-temper
fn refusals() {
    assert_eq!(TemperaturesQ16::new(&[]), Err(Error::Shape));
    assert_eq!(TemperaturesQ16::new(&[1]), Err(Error::Shape));
    assert_eq!(TemperaturesQ16::new(&[3, 2, 2, 3]), Err(Error::Domain));
}
