//! Oracles: the Boltzmann and Peretto laws; facts worked out by hand.
//!
//! Mutations seen red: p and 1 - p; a flip that only raises; p/N -> p; one side of the balance taken twice; the sign of a
//! change dropped; 2 s f -> s f; the sign of the heat bath and of E; a free flip of Metropolis at 1/2; Peretto's field;
//! the half of the total variation; below and above, and a wrong half, in the bisection; a site named twice flips twice.
use super::*;
use crate::garrote::testing::tolerance as tol;
use gibbs_core::ising::{Dense, HeatBath, Metropolis, Rule, Torus, model::Wrap};

/// A ring of 6 spins, J = .7, h = .2, beta = 1.
struct Ring {
    couplings: Vec<f64>,
    fields: Vec<f64>,
}

fn ring() -> Ring {
    let mut couplings = vec![0.0; 36];
    for i in 0..6 {
        let j = (i + 1) % 6;
        couplings[6 * i + j] = 0.7;
        couplings[6 * j + i] = 0.7;
    }
    Ring {
        couplings,
        fields: vec![0.2; 6],
    }
}

impl Ring {
    fn model(&self) -> Dense<'_, f64> {
        Dense::new(&self.couplings, &self.fields).unwrap()
    }
}

const EVEN: [usize; 3] = [0, 2, 4];
const ODD: [usize; 3] = [1, 3, 5];

// the pieces are reversible, the sweep is stationary, the palindrome is reversible again
#[test] // law: ising-metropolis, ising-heat-bath, ising-transition
fn checkerboard_sweeps() {
    let ring = ring();
    let model = ring.model();
    let law = boltzmann(&model, 1.0).unwrap();
    for (rule, flow) in [(metropolis as fn(f64) -> f64, 0.017), (heat_bath, 0.011)] {
        let flip = |state, site| rule(flip_cost(&model, state, site));
        let random = Matrix::random_site(6, flip).unwrap();
        let [even, odd] = [&EVEN, &ODD].map(|half| Matrix::together(6, half, flip).unwrap());
        for piece in [&random, &even, &odd] {
            assert!(piece.balance_violation(&law).unwrap() < tol::PROBABILITY);
            assert!(piece.stationarity_violation(&law).unwrap() < tol::PROBABILITY);
        }
        let sweep = even.then(&odd).unwrap();
        assert!(sweep.stationarity_violation(&law).unwrap() < tol::PROBABILITY);
        let found = sweep.balance_violation(&law).unwrap();
        assert!((found - flow).abs() < 5e-4, "{found}");
        let palindrome = sweep.then(&even).unwrap();
        assert!(palindrome.balance_violation(&law).unwrap() < tol::PROBABILITY);
        // sites that do not interact: at the same time is one after the other
        let mut one_by_one = Matrix::together(6, &[0], flip).unwrap();
        for site in [2, 4] {
            one_by_one = one_by_one
                .then(&Matrix::together(6, &[site], flip).unwrap())
                .unwrap();
        }
        for (a, b) in one_by_one.entries.iter().zip(&even.entries) {
            assert!((a - b).abs() < tol::PROBABILITY);
        }
    }
}

// all at the same time: Peretto's law, far from Boltzmann's
#[test] // oracle: ising-transition
fn synchronous_dynamics() {
    let ring = ring();
    let model = ring.model();
    let flip = |state, site| heat_bath(flip_cost(&model, state, site));
    let all = Matrix::together(6, &[0, 1, 2, 3, 4, 5], flip).unwrap();
    let (law, other) = (boltzmann(&model, 1.0).unwrap(), peretto(&model, 1.0).unwrap());
    assert!(all.stationarity_violation(&other).unwrap() < tol::PROBABILITY);
    assert!(all.balance_violation(&other).unwrap() < tol::PROBABILITY);
    assert!(all.stationarity_violation(&law).unwrap() > 0.01);
    let distance = total_variation(&law, &other).unwrap();
    assert!((distance - 0.37).abs() < 5e-3, "{distance}");
}

// the trap of beta = 0: in a fixed order every spin flips, every time
#[test] // edge: ising-metropolis, ising-transition
fn metropolis_at_infinite_temperature() {
    let ring = ring();
    let model = ring.model();
    let flip = |state, site| metropolis(0.0 * flip_cost(&model, state, site));
    let [even, odd] = [&EVEN, &ODD].map(|half| Matrix::together(6, half, flip).unwrap());
    let sweep = even.then(&odd).unwrap();
    for state in 0..64 {
        assert_eq!(sweep.probability(state, 63 - state), 1.0);
    }
}

/// Four spins, each with four bonds: i - 1, i + 1 and twice i + 2 (the square lattice with a helical boundary
/// on four sites). All costs 0, ±4, ±8 occur: the three terms of 2 s_2 + s_1 + s_3 sum to 0, ±2, ±4. On the 2 x 2
/// torus they do not: its bonds come in equal pairs, so that no site has exactly one bond unsatisfied.
#[rustfmt::skip]
const HELIX: [i32; 16] = [
    0, 1, 2, 1,
    1, 0, 1, 2,
    2, 1, 0, 1,
    1, 2, 1, 0,
];

/// The lattice rule: whoever has two or more unsatisfied bonds flips; with one, p4; with none, p8.
fn two_acceptances(p4: f64, p8: f64) -> impl Fn(f64) -> f64 {
    move |cost| {
        if cost <= 0.0 {
            1.0
        } else if cost < 6.0 {
            p4
        } else {
            p8
        }
    }
}

/// p as the nearest multiple of 2^-bits.
fn quantised(p: f64, bits: i32) -> f64 {
    let scale = 2.0_f64.powi(bits);
    (p * scale).round() / scale
}

/// Violation of detailed balance by the random-site chain with the law at `beta`.
fn violation<M: Model>(model: &M, p4: f64, p8: f64, beta: f64) -> f64 {
    let rule = two_acceptances(p4, p8);
    let chain = Matrix::random_site(model.spins(), |state, site| rule(flip_cost(model, state, site)));
    let law = boltzmann(model, beta).unwrap();
    chain.unwrap().balance_violation(&law).unwrap()
}

const CRITICAL: f64 = 0.440_686_793_509_771_5;

/// 4 x 4 torus of which 4 sites are free and 12 frozen: the frozen neighbours are the fields.
fn window(free: [usize; 4], frozen: u32) -> (Vec<i32>, Vec<i32>) {
    let torus = Torus::new(4, 4, 1, 0, Wrap::Simple).unwrap();
    let (mut couplings, mut fields) = (vec![0; 16], vec![0; 4]);
    for (a, site) in free.into_iter().enumerate() {
        torus.neighbours(site, |j, coupling: i32| match free.iter().position(|f| *f == j) {
            Some(b) => couplings[4 * a + b] += coupling,
            None => fields[a] += if frozen >> j & 1 == 1 { coupling } else { -coupling },
        });
    }
    (couplings, fields)
}

// with p8 = p4² the quantised chain is exact at beta' = -ln(p4)/4
#[test] // law: ising-transition
fn one_quantisation_is_exact_elsewhere() {
    let helix = Dense::new(&HELIX, &[0; 4]).unwrap();
    let square = Torus::new(2, 2, 1, 0, Wrap::Multigraph).unwrap();
    for bits in [2, 4, 8, 16, 24] {
        let p4 = quantised(Real::exp(-4.0 * CRITICAL), bits).max(2.0_f64.powi(-bits));
        let beta = -Real::ln(p4) / 4.0;
        assert!(violation(&helix, p4, p4 * p4, beta) < tol::PROBABILITY, "{bits}");
        assert!(violation(&square, p4, p4 * p4, beta) < tol::PROBABILITY, "{bits}");
        for (free, frozen) in [
            ([0, 1, 4, 5], 0x0f3c),
            ([5, 6, 9, 10], 0),
            ([0, 5, 10, 15], 0x9a51),
        ] {
            let (couplings, fields) = window(free, frozen);
            let window = Dense::new(&couplings, &fields).unwrap();
            assert!(
                violation(&window, p4, p4 * p4, beta) < tol::PROBABILITY,
                "{bits} {free:?}"
            );
        }
    }
}

// two quantisations are at no temperature exact
#[test] // law: ising-transition
fn two_quantisations_are_caught() {
    let (p4, p8) = (
        quantised(Real::exp(-4.0 * CRITICAL), 8),
        quantised(Real::exp(-8.0 * CRITICAL), 8),
    );
    assert_eq!((p4, p8), (44.0 / 256.0, 8.0 / 256.0));
    let helix = Dense::new(&HELIX, &[0; 4]).unwrap();
    let (from4, from8) = (-Real::ln(p4) / 4.0, -Real::ln(p8) / 8.0);
    for beta in [CRITICAL, from4, from8] {
        assert!(violation(&helix, p4, p8, beta) > 1e-6, "{beta}");
    }
    // nor at any other: each cost has its own beta, and between the two the sum of both violations stays
    let best = (0..=1000)
        .map(|k| violation(&helix, p4, p8, from8 + (from4 - from8) * f64::from(k) / 1000.0))
        .fold(f64::INFINITY, f64::min);
    assert!(best > 1e-6, "{best}");
    // where only one of the two costs occurs, nothing is wrong to be seen: the 2 x 2 torus at its own beta
    let square = Torus::new(2, 2, 1, 0, Wrap::Multigraph).unwrap();
    assert!(violation(&square, p4, p8, from8) < tol::PROBABILITY);
    // the shift at the critical temperature, 8 bits
    assert!((1.0 / from4 - 1.0 / CRITICAL - 2.3e-3).abs() < 5e-5);
}

// the core's rules, their code, against their formulas
#[test] // oracle: ising-metropolis, ising-heat-bath; law: ising-transition
fn acceptances_of_the_rules() {
    for beta in [0.0, 0.3, 1.7, -0.5] {
        let (metro, bath) = (Metropolis::new(beta).unwrap(), HeatBath::new(beta).unwrap());
        for (spin, field) in [(1, 0.4), (-1, 0.4), (1, -2.0), (-1, -2.0), (1, 0.0), (1, 9.0)] {
            let cost = 2.0 * beta * f64::from(spin) * field;
            let found = acceptance(|rng| metro.flips(spin, field, rng));
            assert!(
                (found - metropolis(cost)).abs() < 2e-16,
                "{beta} {spin} {field}: {found}"
            );
            let found = acceptance(|rng| bath.flips(spin, field, rng));
            assert!(
                (found - heat_bath(cost)).abs() < 3e-16,
                "{beta} {spin} {field}: {found}"
            );
        }
    }
    // thresholds by hand: the top bit, the upper three quarters, always, never
    assert_eq!(acceptance(|rng| rand_core::Rng::next_u32(rng) < 1 << 31), 0.5);
    assert_eq!(acceptance(|rng| rand_core::Rng::next_u64(rng) >= 1 << 62), 0.75);
    assert_eq!((acceptance(|_| true), acceptance(|_| false)), (1.0, 0.0));
}

#[test] // oracle: ising-transition
fn hand_counted_matrix() {
    // spin 0 flips with .25 from configuration 0 and with .5 else; spin 1 always
    let flip = |state, site| {
        if site == 1 {
            1.0
        } else if state == 0 {
            0.25
        } else {
            0.5
        }
    };
    let both = Matrix::together(2, &[1, 0, 1], flip).unwrap();
    assert_eq!(&both.entries[..4], [0.0, 0.0, 0.75, 0.25]);
    assert_eq!(&both.entries[4..8], [0.0, 0.0, 0.5, 0.5]);
    let random = Matrix::random_site(2, flip).unwrap();
    assert_eq!(&random.entries[..4], [0.375, 0.125, 0.5, 0.0]);
    let one_then_other = Matrix::together(2, &[1], flip)
        .unwrap()
        .then(&Matrix::together(2, &[0], flip).unwrap());
    assert_eq!(&one_then_other.unwrap().entries[..4], [0.0, 0.0, 0.5, 0.5]);
    assert_eq!(both.moved(&[1.0, 0.0, 0.0, 0.0]).unwrap(), [0.0, 0.0, 0.75, 0.25]);
    assert_eq!(both.stationarity_violation(&[1.0, 0.0, 0.0, 0.0]), Ok(1.0));
    assert_eq!(both.balance_violation(&[1.0, 0.0, 0.0, 0.0]), Ok(0.75));
    assert_eq!(
        (
            both.probability(0, 2),
            both.probability(4, 0),
            both.probability(0, 9)
        ),
        (0.75, 0.0, 0.0)
    );
    assert_eq!(total_variation(&[0.5, 0.5], &[1.0, 0.0]), Ok(0.5));
}

#[test] // edge: ising-transition
fn refusals() {
    let half = |_, _| 0.5;
    assert_eq!(Matrix::together(0, &[], half), Err(Error::Shape));
    assert_eq!(Matrix::together(11, &[], half), Err(Error::Shape));
    assert_eq!(Matrix::together(3, &[3], half), Err(Error::Shape));
    for p in [-0.1, 1.1, f64::NAN] {
        assert_eq!(Matrix::random_site(2, |_, _| p), Err(Error::Domain));
    }
    let two = Matrix::random_site(2, half).unwrap();
    assert_eq!(
        two.then(&Matrix::random_site(3, half).unwrap()),
        Err(Error::Shape)
    );
    assert_eq!(two.balance_violation(&[0.5; 3]), Err(Error::Shape));
    assert_eq!(
        two.stationarity_violation(&[0.5, 0.5, 0.0, f64::NAN]),
        Err(Error::NonFinite)
    );
    assert_eq!(total_variation(&[1.0], &[]), Err(Error::Shape));
    let large = Torus::new(4, 4, 1.0_f64, 0.0, Wrap::Simple).unwrap();
    assert_eq!(boltzmann(&large, 1.0), Err(Error::Shape));
    assert_eq!(peretto(&large, 1.0), Err(Error::Shape));
    let small = Torus::new(3, 3, 1.0_f64, 0.0, Wrap::Simple).unwrap();
    assert_eq!(boltzmann(&small, f64::NAN), Err(Error::NonFinite));
    assert_eq!(boltzmann(&small, 1e308), Err(Error::NonFinite));
}
