//! Balance of the packed updates at the effective temperature, by exact transition probabilities: counted over
//! all random bits (Metropolis) or located by bisection (heat bath) in the update itself, for all 2^5
//! surroundings of a site.

use crate::lattice::{Table, count, script};
use crate::oracle::{boltzmann, imbalance, sequence, state_of, then, violation};
use crate::tolerances as tol;
use gibbs_core::ising::lattice::{Fixed, HeatBath, Lazy, Metropolis, Probability, Update};

/// Rounding of sums of up to 2^16 probabilities, and of 8 moves of each, relative to the largest.
const EXACT: f64 = 1e-12;
/// Rounding of sums of 2^8 products of probabilities.
const SUMS: f64 = 1e-14;

/// Probability of a flip of a spin, by number of its unsatisfied bonds; the same for every surrounding of that
/// number, of either sign.
fn flips(measure: impl Fn(bool, [bool; 4]) -> f64) -> [f64; 5] {
    let mut flips = [None; 5];
    for pattern in 0..32 {
        let bit = |b: i32| pattern >> b & 1 == 1;
        let neighbours = [bit(1), bit(2), bit(3), bit(4)];
        let unsatisfied = neighbours.iter().filter(|n| **n != bit(0)).count();
        let p = measure(bit(0), neighbours);
        assert_eq!(*flips[unsatisfied].get_or_insert(p), p, "pattern {pattern:05b}");
    }
    flips.map(Option::unwrap)
}

fn wide(bit: bool) -> u64 {
    if bit { u64::MAX } else { 0 }
}

/// Over all strings of `length` bits.
fn counted(update: &impl Update, length: u32) -> [f64; 5] {
    flips(|spin, neighbours| {
        let (spin, neighbours) = (wide(spin), neighbours.map(wide));
        let new = count(length, 0, |random| update.update(spin, neighbours, random) ^ spin);
        new as f64 / (1_u64 << length) as f64
    })
}

/// A coin, then the number of u of 64 bits that oppose the field, by bisection.
fn bisected(update: &HeatBath) -> [f64; 5] {
    flips(|spin, neighbours| {
        let flips = |coin: u64, u: u64| {
            let mut words = script(u.into(), 64);
            words.words.insert(0, coin);
            let new = update.update(wide(spin), neighbours.map(wide), &mut words);
            (new & 1 == 1) != spin
        };
        let share = |coin| {
            let (first, mut below, mut end) = (flips(coin, 0), 0_u64, 1_u128 << 64);
            while u128::from(below) + 1 < end {
                let middle = u128::midpoint(below.into(), end) as u64;
                if flips(coin, middle) == first {
                    below = middle;
                } else {
                    end = middle.into();
                }
            }
            let share = end as f64 / 18_446_744_073_709_551_616.0;
            if first { share } else { 1.0 - share }
        };
        0.5 * share(0) + 0.5 * share(u64::MAX)
    })
}

fn metropolis_rules() -> Vec<(f64, [f64; 5])> {
    let mut rules = Vec::new();
    for (temperature, bits) in [(2.269_185_314_213_022, 8), (1.5, 6), (4.0, 3)] {
        let p = Probability::at_temperature(temperature, bits).unwrap();
        let fixed = Metropolis(Fixed(p));
        let flips = counted(&fixed, (2 * bits).max(6));
        assert_eq!(flips, [p.value() * p.value(), p.value(), 1.0, 1.0, 1.0]);
        let lazy = Metropolis(Lazy::new(p));
        assert_eq!(counted(&lazy, (2 * bits).max(6)), flips);
        assert_eq!(fixed.temperature_effective(), lazy.temperature_effective());
        rules.push((fixed.temperature_effective(), flips));
    }
    rules
}

fn heat_bath_rules() -> Vec<(f64, [f64; 5])> {
    let rule = |temperature: f64| {
        let rule = HeatBath::at_temperature(temperature).unwrap();
        (rule.temperature_effective(), bisected(&rule))
    };
    vec![rule(2.269_185_314_213_022), rule(1.5), rule(10.0)]
}

/// The unsatisfied bonds of every site, from the definition.
struct Lattice {
    table: Table,
    around: Vec<Vec<(usize, i8)>>,
}

impl Lattice {
    fn new(table: Table) -> Self {
        let around = table.neighbours();
        Self { table, around }
    }

    fn unsatisfied(&self, state: usize, i: usize) -> usize {
        let up = |j: usize| state >> j & 1;
        let wrong = |(j, sign): &&(usize, i8)| (up(i) != up(*j)) == (*sign > 0);
        self.around[i].iter().filter(wrong).count()
    }

    fn colour(&self, colour: usize) -> Vec<usize> {
        let (width, n) = (self.table.width, self.table.bonds.len());
        (0..n).filter(|i| (i % width + i / width) % 2 == colour).collect()
    }

    fn law(&self, temperature: f64) -> Vec<f64> {
        let n = self.table.bonds.len();
        let list = self.table.list();
        let energy = |state: usize| {
            let up = |i: usize| state >> i & 1;
            let bond =
                |(i, j, sign): &(usize, usize, i8)| f64::from(if up(*i) == up(*j) { -sign } else { *sign });
            list.iter().map(bond).sum::<f64>()
        };
        let energies: Vec<f64> = (0..1 << n).map(energy).collect();
        boltzmann(&energies, 1.0 / temperature)
    }
}

// 2 x 2 (each bond twice), and 2 x 4, 4 x 2 for one rule of each kind: full matrices
#[test] // oracle: ising-lattice
fn halves_are_reversible_and_sweeps_stationary() {
    for (width, height) in [(2, 2), (4, 2), (2, 4)] {
        for table in [
            Table::uniform(width, height, 1),
            Table::random(width, height, 400, 3),
        ] {
            let lattice = Lattice::new(table);
            let n = width * height;
            let few = if n > 4 { 1 } else { usize::MAX };
            let rules = [metropolis_rules(), heat_bath_rules()];
            for (temperature, flips) in rules.into_iter().flat_map(|rules| rules.into_iter().take(few)) {
                let law = lattice.law(temperature);
                let flip = |state: usize, i: usize| flips[lattice.unsatisfied(state, i)];
                let halves = [0, 1].map(|colour| sequence(n, &lattice.colour(colour), &flip));
                for half in &halves {
                    assert!(violation(&law, half) < tol::PROBABILITY);
                    assert!(imbalance(&law, half) < SUMS);
                }
                let sweep = then(&halves[0], &halves[1]);
                assert!(imbalance(&law, &sweep) < SUMS);
                assert!(
                    violation(&law, &sweep) > 1e-6,
                    "{temperature}: {}",
                    violation(&law, &sweep)
                );
            }
        }
    }
}

/// After the half sweep of one colour: its sites do not interact, so they move one after the other.
fn moved(lattice: &Lattice, colour: usize, flips: &[f64; 5], law: &[f64]) -> Vec<f64> {
    lattice.colour(colour).into_iter().fold(law.to_vec(), |law, i| {
        let arrives = |state: usize| {
            let other = state ^ 1 << i;
            law[state] * (1.0 - flips[lattice.unsatisfied(state, i)])
                + law[other] * flips[lattice.unsatisfied(other, i)]
        };
        (0..law.len()).map(arrives).collect()
    })
}

fn largest_change(before: &[f64], after: &[f64]) -> f64 {
    let scale = before.iter().copied().fold(0.0, f64::max);
    let change = before
        .iter()
        .zip(after)
        .map(|(a, b)| (a - b).abs())
        .fold(0.0, f64::max);
    change / scale
}

// 4 x 4: all 2^16 states
#[test] // oracle: ising-lattice
fn four_by_four_is_stationary_at_the_effective_temperature() {
    let tables = [Table::uniform(4, 4, 1), Table::random(4, 4, 500, 5)];
    let rules = [metropolis_rules().remove(0), heat_bath_rules().remove(0)];
    for table in tables {
        let lattice = Lattice::new(table);
        for (temperature, flips) in &rules {
            let law = lattice.law(*temperature);
            for colour in [0, 1] {
                let change = largest_change(&law, &moved(&lattice, colour, flips, &law));
                assert!(change < EXACT, "{temperature}: {change:e}");
            }
        }
    }
    // The nominal temperature, or p4 and p8 rounded apart, would be seen.
    let lattice = Lattice::new(Table::uniform(4, 4, 1));
    let (temperature, flips) = &rules[0];
    let nominal = lattice.law(2.269_185_314_213_022);
    assert!(largest_change(&nominal, &moved(&lattice, 0, flips, &nominal)) > 1e-5);
    let mut apart = *flips;
    apart[0] = (256.0 * (-8.0_f64 / temperature).exp()).round() / 256.0;
    let law = lattice.law(*temperature);
    assert!(largest_change(&law, &moved(&lattice, 0, &apart, &law)) > 1e-5);
}

#[test]
fn states_are_numbered_as_the_oracle_does() {
    // 4 x 2, one site up: four unsatisfied bonds there, and its neighbours have theirs.
    let lattice = Lattice::new(Table::uniform(4, 2, 1));
    let spins: Vec<i8> = (0..8).map(|i| if i == 5 { 1 } else { -1 }).collect();
    let state = state_of(&spins);
    let found: Vec<usize> = (0..8).map(|i| lattice.unsatisfied(state, i)).collect();
    assert_eq!(found, [0, 2, 0, 0, 1, 4, 1, 0]);
}
