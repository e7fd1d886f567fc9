//! The transition matrices of the packed lattice's sweeps, from the shipped code: every string of random bits is played
//! on lattices of side 2, whose bonds count twice, with equal bonds and with drawn ±J ones. One closed class, no period,
//! Boltzmann's law at the effective temperature as fixed point. (Larger lattices are the same words:
//! `lattice_update` holds them to sites one by one, `lattice_balance` to their law.)
//!
//! Meant to be seen: a half sweep that never rests; one that rests and leaves all sites out; sites left out that
//! are cleared instead of kept; one that always rests and leaves out none.

use crate::lattice::{Memory, Table};
use crate::oracle::{boltzmann, energies, state_of};
use crate::play::{Branch, Branches, connections, equal, every};
use crate::transition_spins::change;
use gibbs_core::ising::Whole;
use gibbs_core::ising::lattice::{Bonds, Fixed, HeatBath, Lazy, Metropolis, Probability, Update};
use gibbs_core::random::stream;

/// Rounding of a law moved by a matrix of up to 256 configurations.
const EXACT: f64 = 1e-13;

/// The branches of draw number `draw` of a half sweep on words of `used` lanes: whether it rests, then fair words.
fn branches(draw: usize, used: u32, gaps: bool) -> Branches {
    if draw == 0 && gaps {
        let branch = |word, probability| Branch { word, probability };
        return [branch(0, 1.0 / 16.0), branch(u64::MAX, 15.0 / 16.0)].into();
    }
    let patterns = 1_usize << used;
    // words of 16 bits are the high half of a draw of 32 bits, which is the high half of a word
    let pattern = |(lanes, branch): (u64, &Branch)| Branch {
        word: lanes << 48,
        ..*branch
    };
    (0..).zip(equal(patterns).iter()).map(pattern).collect()
}

/// A half sweep, or both, of all configurations.
fn matrix<U: Update>(table: &Table, bonds: &impl Bonds<u16>, update: &U, colours: &[usize]) -> Vec<f64> {
    let mut memory = Memory::<u16>::new(table.width, table.height);
    let used = memory.geometry.used();
    let n = table.bonds.len();
    let states = 1 << n;
    let mut product = vec![0.0; states * states];
    for (state, row) in product.chunks_exact_mut(states).enumerate() {
        row[state] = 1.0;
    }
    for colour in colours {
        let mut half = vec![0.0; states * states];
        for (from, row) in half.chunks_exact_mut(states).enumerate() {
            every(&|draw| branches(draw, used, U::GAPS), |player| {
                memory.set(&crate::oracle::spins_of(from, n));
                memory.view().half_sweep(*colour, update, bonds, player).unwrap();
                row[state_of(&memory.spins())] += player.probability();
            });
        }
        product = product
            .chunks_exact(states)
            .flat_map(|row| crate::transition_spins::moved(row, &half))
            .collect();
    }
    product
}

fn tables(width: usize, height: usize) -> Vec<Table> {
    vec![
        Table::uniform(width, height, 1),
        Table::uniform(width, height, -1),
        Table::random(width, height, 400, 3),
    ]
}

fn holds<U: Update>(table: &Table, update: &U) {
    let packed = table.packed::<u16>();
    let sweep = matrix(table, &packed, update, &[0, 1]);
    let found = connections(&sweep);
    assert!(found.are_ergodic(), "{found:?}, {table:?}");
    assert!(sweep.iter().all(|p| *p > 0.0) || !U::GAPS, "{table:?}");
    let fields = vec![0.0; table.bonds.len()];
    let law = boltzmann(
        &energies(&table.dense(), &fields),
        1.0 / update.temperature_effective(),
    );
    let off = change(&law, &sweep);
    assert!(off < EXACT, "{off:e}, {table:?}");
}

#[test] // oracle: ising-lattice
fn sweeps_of_two_by_two_reach_all_and_keep_the_law() {
    let p = Probability::new(1, 3).unwrap();
    for table in tables(2, 2) {
        holds(&table, &Metropolis(Fixed(p)));
        holds(
            &table,
            &Metropolis(Lazy::new(Probability::at_temperature(3.0, 64).unwrap())),
        );
        holds(&table, &HeatBath::at_temperature(3.0).unwrap());
    }
}

#[test] // oracle: ising-lattice
fn sweeps_of_two_by_four_reach_all_and_keep_the_law() {
    let p = Probability::new(0, 1).unwrap();
    for (width, height) in [(2, 4), (4, 2)] {
        for table in tables(width, height) {
            holds(&table, &Metropolis(Fixed(p)));
        }
    }
}

#[test] // limit: where every flip is accepted, only what is left out mixes
fn sweeps_at_infinite_temperature_reach_all() {
    for table in tables(2, 2) {
        holds(&table, &Metropolis(Fixed(Probability::new(1, 1).unwrap())));
    }
}

#[test] // what the gaps are for
fn whole_sweeps_have_closed_classes() {
    let update = Whole(Metropolis(Fixed(Probability::new(0, 1).unwrap())));
    for (width, height) in [(2, 2), (2, 4), (4, 2)] {
        let table = Table::uniform(width, height, 1);
        let sweep = matrix(&table, &table.packed::<u16>(), &update, &[0, 1]);
        let found = connections(&sweep);
        assert!(found.closed_classes > 1, "{found:?}");
        let fields = vec![0.0; width * height];
        let law = boltzmann(
            &energies(&table.dense(), &fields),
            1.0 / update.temperature_effective(),
        );
        assert!(change(&law, &sweep) < EXACT); // which alone would see nothing
    }
    // and on every larger one: rows up and down by turns
    let mut memory = Memory::<u16>::new(4, 4);
    let rows: Vec<i8> = (0..16).map(|i| if i / 4 % 2 == 0 { 1 } else { -1 }).collect();
    let table = Table::uniform(4, 4, 1);
    let packed = table.packed::<u16>();
    let turned: Vec<i8> = rows.iter().map(|s| -s).collect();
    for seed in 0..100 {
        memory.set(&rows);
        memory
            .view()
            .sweep(&update, &packed, &mut stream(seed, "test.rows", 0))
            .unwrap();
        assert_eq!(memory.spins(), turned);
    }
}
