//! The transition matrices of the cluster methods and of the exchange of temperatures, from the shipped code: one closed
//! class, no period, Boltzmann's law as fixed point.
//!
//! Clusters: all models of up to 4 spins with couplings and fields in {-1, 0, 1}, up to order and signs of the spins. Tempering:
//! sweeps of all replicas and exchanges of either parity by turns, on the configurations of all rungs together.
//!
//! Meant to be seen: Wolff without its coin where no bond is activated.

use crate::oracle::{spins_of, state_of};
use crate::play::{Branch, boundary, connections, equal, sweep_matrix};
use crate::tolerances as tol;
use crate::transition_spins::{Small, change, models, moved};
use core::convert::Infallible;
use gibbs_core::ising::integer::quantise;
use gibbs_core::ising::temper::{Betas, Exchange, Replica, Rung, TemperaturesQ16};
use gibbs_core::ising::{
    Dense, HeatBath, Metropolis, MetropolisQ16, Model, Order, Rule, SwendsenWang, Tempering, Weight, Wolff,
};
use rand_core::TryRng;

/// Rounding of a law moved by a matrix of up to 64 configurations.
const EXACT: f64 = 1e-14;

/// Words by a script, then the same word for ever; says how many were asked for, and whether the next is of 32 bits.
struct Script<'a> {
    words: &'a [u64],
    then: u64,
    drawn: usize,
    narrow: bool,
}

impl Script<'_> {
    fn word(&mut self, narrow: bool) -> u64 {
        if self.drawn == self.words.len() {
            self.narrow = narrow;
        }
        self.drawn += 1;
        self.words.get(self.drawn - 1).copied().unwrap_or(self.then)
    }
}

impl TryRng for Script<'_> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok((self.word(true) >> 32) as u32)
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        Ok(self.word(false))
    }
    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("no sampler draws bytes")
    }
}

/// A process whose draws of 64 bits are compared with thresholds, and whose draws of 32 bits are indices below `indices`.
struct Process<'a> {
    run: &'a dyn Fn(&mut Script<'_>) -> usize,
    indices: usize,
    /// Thresholds seen before, where the search begins.
    thresholds: Vec<u64>,
}

impl Process<'_> {
    /// What comes of these words, and of nothing but small or nothing but large ones behind them.
    fn signature(&self, words: &[u64]) -> [(usize, usize); 2] {
        [1 << 32, u64::MAX].map(|then| {
            let mut script = Script {
                words,
                then,
                drawn: 0,
                narrow: false,
            };
            ((self.run)(&mut script), script.drawn)
        })
    }

    /// Adds the probabilities of what comes of all words behind these.
    fn explore(&mut self, words: &mut Vec<u64>, probability: f64, row: &mut [f64]) {
        let mut script = Script {
            words,
            then: 1 << 32, // not 0, which an index draws again
            drawn: 0,
            narrow: false,
        };
        let outcome = (self.run)(&mut script);
        let (drawn, narrow) = (script.drawn, script.narrow);
        if drawn <= words.len() {
            row[outcome] += probability;
            return;
        }
        let branches = if narrow {
            equal(self.indices).to_vec()
        } else {
            self.branches(words)
        };
        for branch in branches {
            words.push(branch.word);
            self.explore(words, probability * branch.probability, row);
            words.pop();
        }
    }

    /// A draw is compared with one threshold, or with none where the ends of the range lead the same way.
    fn branches(&mut self, words: &mut Vec<u64>) -> Vec<Branch> {
        let mut at = |word: u64| {
            words.push(word);
            let signature = self.signature(words);
            words.pop();
            signature
        };
        let (low, high) = (at(0), at(u64::MAX));
        if low == high {
            return vec![Branch {
                word: 0,
                probability: 1.0,
            }];
        }
        let known = self
            .thresholds
            .iter()
            .copied()
            .find(|t| at(*t - 1) == low && at(*t) == high);
        let threshold = known.unwrap_or_else(|| {
            let (mut same, mut other) = (0, u64::MAX);
            while other - same > 1 {
                let middle = same + (other - same) / 2;
                if at(middle) == low {
                    same = middle;
                } else {
                    other = middle;
                }
            }
            other
        });
        if known.is_none() {
            self.thresholds.push(threshold);
        }
        let below = threshold as f64 / 18_446_744_073_709_551_616.0;
        let branch = |word, probability| Branch { word, probability };
        vec![branch(threshold - 1, below), branch(threshold, 1.0 - below)]
    }
}

/// The matrix of a process that leads from a configuration of n spins to another.
fn matrix(n: usize, run: impl Fn(usize, &mut Script<'_>) -> usize) -> Vec<f64> {
    let mut thresholds = Vec::new();
    let row = |from: usize| {
        let run = |script: &mut Script<'_>| run(from, script);
        let mut process = Process {
            run: &run,
            indices: n,
            thresholds: std::mem::take(&mut thresholds),
        };
        let mut row = vec![0.0; 1 << n];
        process.explore(&mut Vec::new(), 1.0, &mut row);
        thresholds = process.thresholds;
        row
    };
    (0..1 << n).flat_map(row).collect()
}

fn wolff(small: &Small, beta: f64) -> Vec<f64> {
    let n = small.fields.len();
    let model = Dense::new(&small.couplings, &small.fields).unwrap();
    matrix(n, |from, script| {
        let (mut spins, mut members) = (spins_of(from, n), vec![0; n]);
        Wolff::new(&model, beta, &mut spins, &mut members)
            .unwrap()
            .step(script);
        state_of(&spins)
    })
}

fn swendsen_wang(small: &Small, beta: f64) -> Vec<f64> {
    let n = small.fields.len();
    let model = Dense::new(&small.couplings, &small.fields).unwrap();
    matrix(n, |from, script| {
        let (mut spins, mut labels, mut aligned) = (spins_of(from, n), vec![0; n], vec![0.0; n]);
        let mut all = SwendsenWang::new(&model, beta, &mut spins, &mut labels, &mut aligned).unwrap();
        all.sweep(script);
        state_of(&spins)
    })
}

/// One matrix for each model of up to 4 spins, those of up to 3 at other temperatures as well.
fn clusters_hold(of: impl Fn(&Small, f64) -> Vec<f64>) {
    let mut count = 0;
    for small in (1..=4).flat_map(models).filter(Small::is_first_of_its_order) {
        for beta in if small.fields.len() < 4 {
            &[0.4, 0.0, -0.7][..]
        } else {
            &[0.4]
        } {
            let (law, matrix) = (small.law(*beta), of(&small, *beta));
            let found = connections(&matrix);
            assert!(found.are_ergodic(), "{beta}, {small:?}: {found:?}");
            let off = change(&law, &matrix);
            assert!(off < EXACT, "{beta}, {small:?}: {off:e}");
        }
        count += 1;
    }
    assert_eq!(count, 337); // by Burnside's lemma
}

#[test] // oracle: ising-wolff
fn single_clusters_reach_all_and_keep_the_law() {
    clusters_hold(wolff);
}

#[test] // oracle: ising-swendsen-wang
fn all_clusters_reach_all_and_keep_the_law() {
    clusters_hold(swendsen_wang);
}

/// Configurations of all rungs together: that of rung r in digit r to the base 2^N.
#[allow(clippy::struct_field_names)] // a rung is what the field counts
struct Rungs<'a, E> {
    n: usize,
    rungs: usize,
    energies: &'a [i32],
    exchange: E,
}

impl<E: Exchange<i32>> Rungs<'_, E> {
    fn states(&self) -> usize {
        1 << (self.n * self.rungs)
    }

    fn at(&self, joint: usize, rung: usize) -> usize {
        joint >> (self.n * rung) & ((1 << self.n) - 1)
    }

    /// A sweep of each rung by its own matrix.
    fn sweep(&self, matrices: &[Vec<f64>]) -> Vec<f64> {
        let (all, one) = (self.states(), 1 << self.n);
        let entry = |k: usize| -> f64 {
            let (from, to) = (k / all, k % all);
            let of =
                |(rung, matrix): (usize, &Vec<f64>)| matrix[self.at(from, rung) * one + self.at(to, rung)];
            matrices.iter().enumerate().map(of).product()
        };
        (0..all * all).map(entry).collect()
    }

    /// One round of exchanges by the code itself: at most one pair, as there are at most three rungs.
    fn exchanged(&self, odd: bool) -> Vec<f64> {
        let all = self.states();
        let mut matrix = vec![0.0; all * all];
        for (from, row) in matrix.chunks_exact_mut(all).enumerate() {
            let energies: Vec<i32> = (0..self.rungs).map(|r| self.energies[self.at(from, r)]).collect();
            let made = boundary(|word| {
                let mut replicas = vec![Replica::default(); self.rungs];
                let mut rungs = vec![Rung::default(); self.rungs];
                let _ = Tempering::new(&mut replicas, &mut rungs).unwrap();
                let mut tempering = Tempering::resume(&mut replicas, &mut rungs, odd).unwrap();
                tempering.exchange(&energies, &self.exchange, word).unwrap() == 1
            });
            let p = made.probability();
            row[from] += 1.0 - p;
            if p > 0.0 {
                let low = usize::from(odd);
                let (a, b) = (self.at(from, low), self.at(from, low + 1));
                let swapped = from ^ (a ^ b) << (self.n * low) ^ (a ^ b) << (self.n * (low + 1));
                row[swapped] += p;
            }
        }
        matrix
    }
}

/// Sweeps, the even exchanges, sweeps, the odd ones: ergodic, and within `off` of the product of the laws.
fn tempering_holds<M: Model<Weight = i32>, R: Rule<W>, W: Weight>(
    small: &Small,
    (model, rules): (&M, &[R]),
    (exchange, betas, off): (impl Exchange<i32>, &[f64], f64),
    sweep: impl Fn(&R) -> Vec<f64>,
) {
    let n = small.fields.len();
    let energies: Vec<i32> = (0..1 << n)
        .map(|s| model.energy(&spins_of(s, n)).unwrap())
        .collect();
    let rungs = Rungs {
        n,
        rungs: betas.len(),
        energies: &energies,
        exchange,
    };
    let matrices: Vec<Vec<f64>> = rules.iter().map(sweep).collect();
    let all = rungs.states();
    let step = rungs.sweep(&matrices);
    let mut round = step.clone();
    for next in [&rungs.exchanged(false), &step, &rungs.exchanged(true)] {
        round = round.chunks_exact(all).flat_map(|row| moved(row, next)).collect();
    }
    let found = connections(&round);
    assert!(found.are_ergodic(), "{betas:?}, {small:?}: {found:?}");
    let laws: Vec<Vec<f64>> = betas.iter().map(|beta| small.law(*beta)).collect();
    let joint = |state: usize| {
        laws.iter()
            .enumerate()
            .map(|(r, law)| law[rungs.at(state, r)])
            .product()
    };
    let law: Vec<f64> = (0..all).map(joint).collect();
    let change = change(&law, &round);
    assert!(change < off, "{betas:?}, {small:?}: {change:e}");
}

fn all_exchanges(small: &Small, betas: &[f64]) {
    let wide = |x: &[i8]| x.iter().map(|x| f64::from(*x)).collect::<Vec<_>>();
    let (couplings, fields) = (wide(&small.couplings), wide(&small.fields));
    let double = Dense::new(&couplings, &fields).unwrap();
    let model = Dense::new(&small.couplings, &small.fields).unwrap();
    for order in [Order::Typewriter, Order::Random] {
        let rules: Vec<_> = betas.iter().map(|b| Metropolis::new(*b).unwrap()).collect();
        tempering_holds(
            small,
            (&model, &rules),
            (Betas::new(betas).unwrap(), betas, EXACT),
            |rule| sweep_matrix(&double, rule, order).unwrap(),
        );
        let rules: Vec<_> = betas.iter().map(|b| HeatBath::new(*b).unwrap()).collect();
        tempering_holds(
            small,
            (&model, &rules),
            (Betas::new(betas).unwrap(), betas, EXACT),
            |rule| sweep_matrix(&double, rule, order).unwrap(),
        );
        let temperatures: Vec<u32> = betas.iter().map(|b| quantise(1.0 / b).unwrap()).collect();
        let rules: Vec<_> = temperatures.iter().map(|t| MetropolisQ16::new(*t)).collect();
        let exact: Vec<f64> = temperatures.iter().map(|t| 65_536.0 / f64::from(*t)).collect();
        // two rounds of decisions of all spins of all rungs, and two exchanges
        let off = (2 * betas.len() * small.fields.len() + 2) as f64 * tol::ACCEPTANCE;
        let exchange = TemperaturesQ16::new(&temperatures).unwrap();
        tempering_holds(small, (&model, &rules), (exchange, &exact, off), |rule| {
            sweep_matrix(&model, rule, order).unwrap()
        });
    }
}

#[test] // oracle: ising-temper
fn tempering_reaches_all_and_keeps_the_laws() {
    for small in (1..=2).flat_map(models) {
        all_exchanges(&small, &[0.3, 0.8]);
        all_exchanges(&small, &[0.3, 0.3, 0.8]);
    }
    all_exchanges(&Small::ring(3, 1), &[0.5, 1.0]);
    all_exchanges(&Small::ring(3, -1), &[0.5, 0.5]);
    all_exchanges(&Small::ring(3, 0), &[0.5, 1.0]);
}
