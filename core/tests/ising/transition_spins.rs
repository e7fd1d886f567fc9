//! The transition matrix of every single-spin rule in every order, from the shipped sweeps: one closed class, no period,
//! Boltzmann's law as fixed point. Of all models of up to 4 spins with couplings and fields in {-1, 0, 1} (up to the
//! sign of each spin), 2,000 drawn ones of 5 and 6 spins, rings of up to 8 and small tori.
//!
//! Meant to be seen: no gaps in one order, or under one rule; gaps that always leave one out; the first place
//! never left out; a stretch of N places of which N can be left out but not none.

use crate::oracle::{boltzmann, energies};
use crate::play::{Connections, connections, sweep_matrix};
use crate::tolerances as tol;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{
    Dense, HeatBath, HeatBathQ16, Metropolis, MetropolisQ16, Model, Order, Rule, Torus, Whole,
};
use gibbs_core::random::{below, stream};

/// Rounding of a law moved by a matrix of up to 512 configurations.
const EXACT: f64 = 1e-14;
/// N = 3 decisions with acceptances rounded up to a multiple of 2^-24.
const SINGLE: f64 = 2e-7;

/// A model of couplings and fields in {-1, 0, 1}.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Small {
    pub(crate) couplings: Vec<i8>,
    pub(crate) fields: Vec<i8>,
}

impl Small {
    fn new(n: usize, mut entry: impl FnMut() -> i8) -> Self {
        let mut couplings = vec![0; n * n];
        for (i, j) in (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))) {
            let coupling = entry();
            couplings[i * n + j] = coupling;
            couplings[j * n + i] = coupling;
        }
        let fields = (0..n).map(|_| entry()).collect();
        Self { couplings, fields }
    }

    /// Number `code` of 3^(n (n + 1) / 2).
    fn numbered(n: usize, mut code: usize) -> Self {
        Self::new(n, || {
            let entry = (code % 3) as i8 - 1;
            code /= 3;
            entry
        })
    }

    pub(crate) fn ring(n: usize, coupling: i8) -> Self {
        let mut ring = Self::new(n, || 0);
        for i in 0..n {
            let j = (i + 1) % n;
            ring.couplings[i * n + j] = coupling;
            ring.couplings[j * n + i] = coupling;
        }
        ring
    }

    /// Whether no change of signs of spins, which changes nothing else, gives a model that sorts before it.
    fn is_first_of_its_gauge(&self) -> bool {
        let n = self.fields.len();
        let sign = |gauge: usize, i: usize| if gauge >> i & 1 == 1 { -1 } else { 1 };
        (1..1 << n).all(|gauge: usize| {
            let turned = |k: usize| self.couplings[k] * sign(gauge, k / n) * sign(gauge, k % n);
            let couplings = (0..n * n).map(turned);
            let fields = (0..n).map(|i| self.fields[i] * sign(gauge, i));
            let own = self.couplings.iter().chain(&self.fields).copied();
            own.le(couplings.chain(fields))
        })
    }

    /// Whether no order of the spins, with all signs that it takes to be the first of its gauge, gives a model that sorts before.
    pub(crate) fn is_first_of_its_order(&self) -> bool {
        let n = self.fields.len();
        let mut order: Vec<usize> = (0..n).collect();
        loop {
            for gauge in 0..1_usize << n {
                let sign = |i: usize| if gauge >> i & 1 == 1 { -1 } else { 1 };
                let coupling = |k: usize| {
                    let (i, j) = (order[k / n], order[k % n]);
                    self.couplings[i * n + j] * sign(i) * sign(j)
                };
                let other = (0..n * n)
                    .map(coupling)
                    .chain(order.iter().map(|i| self.fields[*i] * sign(*i)));
                if other.lt(self.couplings.iter().chain(&self.fields).copied()) {
                    return false;
                }
            }
            // the next order
            let Some(i) = (1..n).rev().find(|i| order[i - 1] < order[*i]) else {
                return true;
            };
            let j = (i..n).rev().find(|j| order[*j] > order[i - 1]).unwrap_or(i);
            order.swap(i - 1, j);
            order[i..].reverse();
        }
    }

    pub(crate) fn law(&self, beta: f64) -> Vec<f64> {
        let wide = |x: &[i8]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        boltzmann(&energies(&wide(&self.couplings), &wide(&self.fields)), beta)
    }
}

/// A law moved by a matrix.
pub(crate) fn moved(law: &[f64], matrix: &[f64]) -> Vec<f64> {
    let mut after = vec![0.0; law.len()];
    for (p, row) in law.iter().zip(matrix.chunks_exact(law.len())) {
        if *p != 0.0 {
            for (sum, q) in after.iter_mut().zip(row) {
                *sum += p * q;
            }
        }
    }
    after
}

/// The largest change of a probability when a law is moved by a matrix.
pub(crate) fn change(law: &[f64], matrix: &[f64]) -> f64 {
    let after = moved(law, matrix);
    let changes = after.iter().zip(law).map(|(a, b)| (a - b).abs());
    changes.fold(0.0, f64::max)
}

/// Of one rule: ergodic, and the law a fixed point to within `off`.
fn holds<M: Model, R: Rule<M::Weight>>(
    (model, name): (&M, &dyn Fn() -> String),
    (rule, law, off): (&R, &[f64], f64),
    order: Order,
) {
    let matrix = sweep_matrix(model, rule, order).unwrap();
    let found = connections(&matrix);
    assert!(found.are_ergodic(), "{order:?}, {}: {found:?}", name());
    let change = change(law, &matrix);
    assert!(change < off, "{order:?}, {}: {change:e}", name());
}

/// All rules on a model at inverse temperature `beta`. Each decision in integers is off by at most
/// [`tol::ACCEPTANCE`], so that a sweep moves Boltzmann's law by at most N of these.
fn all_rules(small: &Small, beta: f64, order: Order) {
    let n = small.fields.len();
    let wide = |x: &[i8]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    let (couplings, fields) = (wide(&small.couplings), wide(&small.fields));
    let double = Dense::new(&couplings, &fields).unwrap();
    let integer = Dense::new(&small.couplings, &small.fields).unwrap();
    let law = small.law(beta);
    let named = |rule: &str| format!("{rule}, beta {beta}, {small:?}");
    let metropolis = Metropolis::new(beta).unwrap();
    holds(
        (&double, &|| named("Metropolis")),
        (&metropolis, &law, EXACT),
        order,
    );
    let bath = HeatBath::new(beta).unwrap();
    holds((&double, &|| named("heat bath")), (&bath, &law, EXACT), order);
    let quantised = quantise(1.0 / beta).unwrap();
    let law = small.law(65_536.0 / f64::from(quantised));
    let off = n as f64 * tol::ACCEPTANCE;
    let metropolis = MetropolisQ16::new(quantised);
    holds(
        (&integer, &|| named("Metropolis, Q16")),
        (&metropolis, &law, off),
        order,
    );
    let bath = HeatBathQ16::new(quantised);
    holds((&integer, &|| named("heat bath, Q16")), (&bath, &law, off), order);
}

pub(crate) fn models(n: usize) -> impl Iterator<Item = Small> {
    let count = 3_usize.pow((n * (n + 1) / 2) as u32);
    (0..count)
        .map(move |code| Small::numbered(n, code))
        .filter(Small::is_first_of_its_gauge)
}

#[test] // oracle: ising-metropolis, ising-heat-bath, ising-integer
fn every_model_of_up_to_three_spins_in_both_orders() {
    for n in 1..=3 {
        for small in models(n) {
            for order in [Order::Typewriter, Order::Random] {
                all_rules(&small, 0.7, order);
            }
        }
    }
}

#[test] // oracle: ising-metropolis, ising-heat-bath, ising-integer
fn every_model_of_four_spins() {
    let mut count = 0;
    for small in models(4) {
        all_rules(&small, 0.7, Order::Typewriter);
        count += 1;
    }
    assert_eq!(count, 3969); // by Burnside's lemma
}

/// In random order a sweep of n decisions is R^n, or R^(n - 1) with a place left out: each of its n + 1 choices as often.
#[test] // oracle: ising-metropolis, ising-heat-bath, ising-integer
fn random_order_of_four_spins() {
    for (at, small) in models(4).enumerate() {
        let n = 4;
        let model = Dense::new(&small.couplings, &small.fields).unwrap();
        let rule = MetropolisQ16::new(quantise(1.5).unwrap());
        let flip = |state: usize, i: usize| {
            let spins = crate::oracle::spins_of(state, n);
            rule.acceptance(2 * i32::from(spins[i]) * model.local_field(i, &spins))
        };
        let one: Vec<f64> = crate::oracle::random_site(n, &flip).concat();
        let product =
            |a: &[f64]| -> Vec<f64> { a.chunks_exact(16).flat_map(|row| moved(row, &one)).collect() };
        let three = product(&product(&one));
        let four = product(&three);
        let mean = |(a, b): (&f64, &f64)| 0.8 * a + 0.2 * b;
        let sweep: Vec<f64> = three.iter().zip(&four).map(mean).collect();
        assert!(connections(&sweep).are_ergodic(), "{small:?}");
        if at % 400 == 0 {
            let played = sweep_matrix(&model, &rule, Order::Random).unwrap();
            assert!(
                played.iter().zip(&sweep).all(|(a, b)| (a - b).abs() < EXACT),
                "{small:?}"
            );
        }
    }
}

#[test] // oracle: ising-metropolis, ising-heat-bath, ising-integer
fn drawn_models_of_five_and_six_spins() {
    let mut rng = stream(5, "test.transition", 0);
    for draw in 0..2000 {
        let n = 5 + draw % 2;
        let small = Small::new(n, || below(&mut rng, 3) as i8 - 1);
        all_rules(&small, if draw % 4 < 2 { 0.45 } else { 0.9 }, Order::Typewriter);
    }
}

#[test] // oracle: ising-metropolis, ising-heat-bath, ising-integer
fn rings_and_small_tori() {
    for n in 3..=8 {
        for coupling in [1, -1] {
            all_rules(&Small::ring(n, coupling), 0.8, Order::Typewriter);
        }
    }
    for (width, height) in [(2, 2), (2, 3), (3, 2), (2, 4), (4, 2), (3, 3)] {
        for coupling in [1, -1] {
            let torus = Torus::new(width, height, coupling, 0_i8, Wrap::Multigraph).unwrap();
            let mut small = Small::new(width * height, || 0);
            for i in 0..width * height {
                torus.neighbours(i, |j, coupling| {
                    small.couplings[i * width * height + j] += coupling as i8;
                });
            }
            all_rules(&small, 0.4, Order::Typewriter);
        }
    }
    for n in [5, 6, 7] {
        for coupling in [1, -1] {
            all_rules(&Small::new(n, || coupling), 0.4, Order::Typewriter); // with fields
            let clique = Small {
                fields: vec![0; n],
                ..Small::new(n, || coupling)
            };
            all_rules(&clique, 0.4, Order::Typewriter);
        }
    }
}

#[test] // limit: no temperature, where Metropolis flips whatever is not left out; and the other sign of beta
fn at_infinite_temperature_and_below() {
    for small in (1..=3).flat_map(models) {
        let wide = |x: &[i8]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
        let (couplings, fields) = (wide(&small.couplings), wide(&small.fields));
        let model = Dense::new(&couplings, &fields).unwrap();
        for beta in [0.0, -0.6] {
            let law = small.law(beta);
            for order in [Order::Typewriter, Order::Random] {
                let name = || format!("beta {beta}, {small:?}");
                let metropolis = Metropolis::new(beta).unwrap();
                holds((&model, &name), (&metropolis, &law, EXACT), order);
                let bath = HeatBath::new(beta).unwrap();
                holds((&model, &name), (&bath, &law, EXACT), order);
            }
        }
    }
}

#[test] // acceptances in f32 are multiples of 2^-24, and their law is as near
fn in_single_precision() {
    for small in (1..=3).flat_map(models) {
        let wide = |x: &[i8]| x.iter().map(|x| f32::from(*x)).collect::<Vec<_>>();
        let (couplings, fields) = (wide(&small.couplings), wide(&small.fields));
        let model = Dense::new(&couplings, &fields).unwrap();
        let law = small.law(0.7);
        let name = || format!("f32, {small:?}");
        let metropolis = Metropolis::new(0.7_f32).unwrap();
        holds((&model, &name), (&metropolis, &law, SINGLE), Order::Typewriter);
        let bath = HeatBath::new(0.7_f32).unwrap();
        holds((&model, &name), (&bath, &law, SINGLE), Order::Typewriter);
    }
}

#[test] // invariance: a coupling or field of rounding's size closes no class in effect: the chain forgets as fast
fn near_ties_are_no_traps() {
    let (couplings, fields) = ([0.0, 1.0, 1.0, 1.0, 0.0, 1.0, 1.0, 1.0, 0.0], [0.0; 3]);
    let rule = Metropolis::new(0.5).unwrap();
    let exact = sweep_matrix(
        &Dense::new(&couplings, &fields).unwrap(),
        &rule,
        Order::Typewriter,
    )
    .unwrap();
    for tiny in [1e-17, 1e-15, -1e-15] {
        let fields = [tiny, 0.0, -tiny];
        let model = Dense::new(&couplings, &fields).unwrap();
        let near = sweep_matrix(&model, &rule, Order::Typewriter).unwrap();
        assert!(
            near.iter().zip(&exact).all(|(a, b)| (a - b).abs() < EXACT),
            "{tiny}"
        );
    }
}

#[test] // what the gaps are for: the triangle, even rings, cliques, free spins
fn whole_sweeps_of_metropolis_have_closed_classes() {
    let free = Small::new(2, || 0);
    let clique = Small {
        fields: vec![0; 5],
        ..Small::new(5, || 1)
    };
    for (small, classes) in [
        (Small::ring(3, 1), 2),
        (Small::ring(4, 1), 2),
        (clique, 2),
        (free, 2),
    ] {
        let integer = Dense::new(&small.couplings, &small.fields).unwrap();
        let rule = Whole(MetropolisQ16::new(quantise(1.5).unwrap()));
        let matrix = sweep_matrix(&integer, &rule, Order::Typewriter).unwrap();
        let found = connections(&matrix);
        assert!(found.closed_classes >= classes, "{small:?}: {found:?}");
        let law = small.law(65_536.0 / f64::from(quantise(1.5).unwrap()));
        assert!(change(&law, &matrix) < 5.0 * tol::ACCEPTANCE); // which alone sees nothing
    }
    let free = Dense::new(&[0_i8; 4], &[0; 2]).unwrap();
    let rule = Whole(MetropolisQ16::new(quantise(1.5).unwrap()));
    let random = connections(&sweep_matrix(&free, &rule, Order::Random).unwrap());
    assert_eq!(random.closed_classes, 2, "{random:?}");
    // the heat bath needs no gaps
    let bath = Whole(HeatBathQ16::new(quantise(1.5).unwrap()));
    assert!(connections(&sweep_matrix(&free, &bath, Order::Typewriter).unwrap()).are_ergodic());
}

#[test] // by hand: two classes, a configuration that leads into one; a cycle of 3; a chain that stays
fn connections_by_hand() {
    let found = |matrix: &[f64]| {
        let Connections {
            closed_classes,
            passing,
            period,
        } = connections(matrix);
        (closed_classes, passing, period)
    };
    assert_eq!(found(&[0.5, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0]), (2, 1, 1));
    assert_eq!(found(&[0.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 0.0]), (1, 0, 3));
    assert_eq!(found(&[0.0, 1.0, 1.0, 0.0]), (1, 0, 2));
    assert_eq!(found(&[0.1, 0.9, 1.0, 0.0]), (1, 0, 1));
    assert!(connections(&[1.0]).are_ergodic());
}
