//! Wolff and Swendsen-Wang: exact transition matrices of the code itself, and the exact lattice tables.
//!
//! The matrices: couplings and fields are such that every acceptance is a multiple of 1/4 (or 1/10); a
//! generator that plays back words from the middles of as many equal parts of 0..2^64 then visits every
//! outcome, and counting them gives the matrix without error.
//!
//! Mutations tried, each seen red: bonds with e^(-|beta J|), added when they are to be spared, memo never
//! renewed, signs of beta or of J ignored; Wolff with a member met again (flip on push does that to frustrated
//! models), with unsatisfied bonds too, with the field cost negated, halved or left out, with a declined
//! cluster left doubled or flipped, with the last member not tried, never from the last site; Swendsen-Wang
//! with the heat bath negated or halved, all clusters flipped, an unfair coin (caught at beta = 0 alone: any
//! constant coin is in balance), bonds of neighbouring numbers left out, each bond tried twice, unsatisfied
//! bonds, roots that are not joined, decisions by site, cluster fields not cleared, sizes not squared, paths
//! that lead to themselves (hangs). A memo by J instead of |J| is slower and nothing else: no test sees it.

use crate::direct::{Instance, bits, spins};
use crate::statistics::{Batches, check_counts};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, Model, Sparse, SwendsenWang, Torus, Wolff};
use gibbs_core::random::{self, stream};
use rand_core::TryRng;
use std::convert::Infallible;

/// Plays back 64-bit words from the middles of `parts` equal parts; 32-bit words choose among `sites`.
struct Playback {
    parts: u64,
    digits: Vec<u64>,
    read: usize,
    seed_word: u32,
}

impl Playback {
    fn new(parts: u64) -> Self {
        Self {
            parts,
            digits: Vec::new(),
            read: 0,
            seed_word: 0,
        }
    }

    /// The word with which `below` draws `site` of `sites`.
    fn choose(&mut self, site: usize, sites: usize) {
        let width = (1_u64 << 32) / sites as u64;
        self.seed_word = (site as u64 * width + width / 2) as u32;
        assert_eq!(random::below(self, sites as u32), site as u32);
    }

    fn weight(&self) -> f64 {
        (self.parts as f64).powi(-(self.digits.len() as i32))
    }

    /// The next outcome, in the order of an odometer; false after the last.
    fn advance(&mut self) -> bool {
        assert_eq!(self.read, self.digits.len());
        self.read = 0;
        while let Some(digit) = self.digits.pop() {
            if digit + 1 < self.parts {
                self.digits.push(digit + 1);
                return true;
            }
        }
        false
    }
}

impl TryRng for Playback {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        Ok(self.seed_word)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        if self.read == self.digits.len() {
            self.digits.push(0);
        }
        let digit = self.digits[self.read];
        self.read += 1;
        let part = u64::MAX / self.parts;
        Ok(digit * part + part / 2)
    }

    fn try_fill_bytes(&mut self, _: &mut [u8]) -> Result<(), Infallible> {
        unreachable!("no method draws bytes")
    }
}

const BETA: f64 = 0.7;

/// The coupling whose satisfied bond stays out with probability `spared`.
fn coupling(spared: f64) -> f64 {
    -spared.ln() / (2.0 * BETA)
}

/// Dense model of the bonds (i, j, sign, probability to stay out).
fn instance(n: usize, bonds: &[(usize, usize, f64, f64)], fields: &[f64]) -> Instance {
    let mut couplings = vec![0.0; n * n];
    for (i, j, sign, spared) in bonds {
        couplings[i * n + j] = sign * coupling(*spared);
        couplings[j * n + i] = sign * coupling(*spared);
    }
    Instance {
        couplings,
        fields: fields.to_vec(),
    }
}

/// Rows of the couplings without the zeros, each of which would cost [`Wolff`] a word.
fn compressed(instance: &Instance) -> (Vec<u32>, Vec<u32>, Vec<f64>) {
    let (mut offsets, mut neighbours, mut couplings) = (vec![0], Vec::new(), Vec::new());
    for row in instance.couplings.chunks(instance.spins()) {
        for (j, coupling) in row.iter().enumerate().filter(|(_, c)| **c != 0.0) {
            neighbours.push(j as u32);
            couplings.push(*coupling);
        }
        offsets.push(neighbours.len() as u32);
    }
    (offsets, neighbours, couplings)
}

/// Row sums, stationarity and detailed balance of a matrix against the Boltzmann law.
fn check_balance(matrix: &[Vec<f64>], law: &[f64], what: &str) {
    let states = law.len();
    for (s, row) in matrix.iter().enumerate() {
        assert!(
            (row.iter().sum::<f64>() - 1.0).abs() < tol::ROUNDING,
            "{what}: row {s}"
        );
        for t in 0..states {
            let flow = law[s] * row[t] - law[t] * matrix[t][s];
            assert!(flow.abs() < tol::ROUNDING, "{what}: {s:b} -> {t:b} off by {flow}");
        }
    }
    for t in 0..states {
        let arriving: f64 = (0..states).map(|s| law[s] * matrix[s][t]).sum();
        assert!(
            (arriving - law[t]).abs() < tol::ROUNDING,
            "{what}: not stationary at {t:b}"
        );
    }
}

fn wolff_matrix<M: Model>(model: &M, beta: f64, parts: u64) -> Vec<Vec<f64>> {
    let n = model.spins();
    let mut matrix = vec![vec![0.0; 1 << n]; 1 << n];
    for (state, row) in matrix.iter_mut().enumerate() {
        for site in 0..n {
            let mut words = Playback::new(parts);
            words.choose(site, n);
            loop {
                let (mut s, mut members) = (spins(state, n), vec![0; n]);
                let mut wolff = Wolff::new(model, beta, &mut s, &mut members).unwrap();
                let cluster = wolff.step(&mut words);
                let after = bits(wolff.spins());
                assert!(s.iter().all(|s| s.abs() == 1));
                assert_eq!(members[0] as usize, site);
                let flips = (state ^ after).count_ones() as usize;
                assert_eq!(flips, if cluster.flipped { cluster.size } else { 0 });
                row[after] += words.weight() / n as f64;
                if !words.advance() {
                    break;
                }
            }
        }
    }
    matrix
}

fn swendsen_wang_matrix<M: Model>(model: &M, beta: f64, parts: u64, fields: bool) -> Vec<Vec<f64>> {
    let n = model.spins();
    let mut matrix = vec![vec![0.0; 1 << n]; 1 << n];
    for (state, row) in matrix.iter_mut().enumerate() {
        let mut words = Playback::new(parts);
        loop {
            let (mut s, mut labels) = (spins(state, n), vec![7; n]);
            let mut aligned = vec![9.0; if fields { n } else { 0 }];
            let mut chain = SwendsenWang::new(model, beta, &mut s, &mut labels, &mut aligned).unwrap();
            let clusters = chain.sweep(&mut words);
            assert!((1..=n).contains(&clusters.count));
            assert!((n as u64..=(n * n) as u64).contains(&clusters.squares));
            row[bits(&s)] += words.weight();
            if !words.advance() {
                break;
            }
        }
    }
    matrix
}

/// Bonds: two spins, a sign, the probability to stay out when satisfied.
type Bonds = Vec<(usize, usize, f64, f64)>;

/// Graphs of three and four spins: ferromagnetic, frustrated, of one and of several strengths.
fn graphs() -> Vec<(&'static str, usize, Bonds)> {
    vec![
        (
            "triangle",
            3,
            vec![(0, 1, 1.0, 0.25), (1, 2, 1.0, 0.5), (0, 2, 1.0, 0.75)],
        ),
        (
            "frustrated triangle",
            3,
            vec![(0, 1, 1.0, 0.25), (1, 2, 1.0, 0.25), (0, 2, -1.0, 0.5)],
        ),
        (
            "square with a diagonal",
            4,
            vec![
                (0, 1, 1.0, 0.25),
                (1, 2, -1.0, 0.25),
                (2, 3, 1.0, 0.5),
                (0, 3, -1.0, 0.25),
                (0, 2, 1.0, 0.75),
            ],
        ),
        ("two pairs", 4, vec![(0, 2, 1.0, 0.5), (1, 3, -1.0, 0.25)]),
    ]
}

// exact: detailed balance of the code's own matrix
#[test] // oracle: ising-wolff
fn wolff_is_in_detailed_balance() {
    // A field of ln 2 / (2 beta) makes acceptances 1/2, two of them 1/4.
    let unit = 2.0_f64.ln() / (2.0 * BETA);
    let fields = [[0.0; 4], [unit, 0.0, -unit, 0.0], [0.0, unit, unit, 0.0]];
    // Four spins: one strength and one field, so that halves suffice.
    let fields_of_four = [[0.0; 4], [0.0, unit, 0.0, 0.0]];
    for (what, n, bonds) in graphs() {
        let (parts, fields) = if n == 3 {
            (4, &fields[..])
        } else {
            (2, &fields_of_four[..])
        };
        let halved = |&(i, j, sign, spared)| (i, j, sign, if n == 3 { spared } else { 0.5 });
        let bonds: Bonds = bonds.iter().map(halved).collect();
        for strengths in fields {
            let instance = instance(n, &bonds, &strengths[..n]);
            let (offsets, neighbours, couplings) = compressed(&instance);
            let model = Sparse::new(&offsets, &neighbours, &couplings, &instance.fields).unwrap();
            let matrix = wolff_matrix(&model, BETA, parts);
            check_balance(&matrix, &instance.law(BETA).1, what);
            // At -beta the same code samples the opposite energies.
            let matrix = wolff_matrix(&model, -BETA, parts);
            check_balance(&matrix, &instance.law(-BETA).1, what);
        }
    }
}

// exact: detailed balance of the code's own matrix
#[test] // oracle: ising-swendsen-wang
fn swendsen_wang_is_in_detailed_balance() {
    // One field of ln 3 / (2 beta): heat baths of 1/4, 1/2 and 3/4.
    let unit = 3.0_f64.ln() / (2.0 * BETA);
    for (what, n, bonds) in graphs() {
        for strength in [0.0, unit, -unit] {
            let mut fields = vec![0.0; n];
            fields[1] = strength;
            let instance = instance(n, &bonds, &fields);
            let model = Dense::new(&instance.couplings, &fields).unwrap();
            let matrix = swendsen_wang_matrix(&model, BETA, 4, strength != 0.0);
            check_balance(&matrix, &instance.law(BETA).1, what);
        }
    }
    // Two fields that add up in a cluster: sigmoid(ln 9) = 9/10, and 3/4.
    let instance = instance(2, &[(0, 1, 1.0, 0.5)], &[unit, unit]);
    let model = Dense::new(&instance.couplings, &instance.fields).unwrap();
    for beta in [BETA, -BETA] {
        let matrix = swendsen_wang_matrix(&model, beta, 20, true);
        check_balance(&matrix, &instance.law(beta).1, "pair in a field");
    }
    // Fair coins (any constant coin is in balance): at beta = 0 one sweep forgets everything.
    let free = Dense::new(&instance.couplings, &[0.0; 2]).unwrap();
    for matrix in [
        swendsen_wang_matrix(&model, 0.0, 4, true),
        swendsen_wang_matrix(&free, 0.0, 4, false),
    ] {
        assert!(matrix.iter().flatten().all(|p| (p - 0.25).abs() < tol::ROUNDING));
    }
}

// exact, a side of 2: bonds that are there twice count twice
#[test] // edge: ising-wolff, ising-swendsen-wang
fn doubled_bonds() {
    let strength = coupling(0.25_f64.sqrt());
    let model = Torus::new(2, 2, strength, 0.0, Wrap::Multigraph).unwrap();
    let weights = (0..16).map(|b| (-BETA * model.energy(&spins(b, 4)).unwrap()).exp());
    let law: Vec<f64> = weights.collect();
    let sum: f64 = law.iter().sum();
    let law: Vec<f64> = law.iter().map(|p| p / sum).collect();
    check_balance(&wolff_matrix(&model, BETA, 2), &law, "Wolff");
    check_balance(
        &swendsen_wang_matrix(&model, BETA, 2, false),
        &law,
        "Swendsen-Wang",
    );
}

// law of long chains with couplings and fields of any size: chi-square against enumeration
#[test] // oracle: ising-wolff, ising-swendsen-wang
fn chains_sample_the_boltzmann_law() {
    let n = 6;
    let mut instance = Instance::normal(n, 3);
    instance.couplings.iter_mut().for_each(|c| *c *= 0.6);
    let model = Dense::new(&instance.couplings, &instance.fields).unwrap();
    let law = instance.law(BETA).1;
    let rounds = 40_000;
    let mut rng = stream(1, "wolff", 0);
    let (mut counts, mut s, mut members) = (vec![0; 1 << n], vec![1; n], vec![0; n]);
    let mut wolff = Wolff::new(&model, BETA, &mut s, &mut members).unwrap();
    for _ in 0..rounds {
        // Sixty moves apart, states are independent as far as 40,000 of them can tell.
        for _ in 0..60 {
            wolff.step(&mut rng);
        }
        counts[bits(wolff.spins())] += 1;
    }
    check_counts(&counts, &law, "Wolff");
    let (mut labels, mut aligned) = (vec![0; n], vec![0.0; n]);
    counts.fill(0);
    let mut chain = SwendsenWang::new(&model, BETA, &mut s, &mut labels, &mut aligned).unwrap();
    for _ in 0..rounds {
        for _ in 0..20 {
            chain.sweep(&mut rng);
        }
        counts[bits(chain.spins())] += 1;
    }
    check_counts(&counts, &law, "Swendsen-Wang");
}

fn critical() -> f64 {
    2.0 / (1.0 + 2.0_f64.sqrt()).ln()
}

fn magnetization(spins: &[i8]) -> f64 {
    spins.iter().map(|s| f64::from(*s)).sum::<f64>().abs() / spins.len() as f64
}

/// Exact values of small tori, from another program: L, T, <|m|>, <m²>.
fn table() -> [(usize, f64, f64, f64); 10] {
    let critical = critical();
    [
        (4, 2.0, 0.918_943_27, 0.868_921_68),
        (4, critical, 0.843_860_44, 0.761_358_91),
        (4, 2.5, 0.764_712_39, 0.654_825_76),
        (6, 2.0, 0.913_093_92, 0.849_905_23),
        (6, critical, 0.804_976_56, 0.693_316_59),
        (6, 2.5, 0.677_413_76, 0.528_620_75),
        (8, 2.0, 0.911_452_27, 0.841_671_18),
        (8, critical, 0.777_331_09, 0.646_911_57),
        (8, 2.5, 0.603_128_98, 0.432_099_08),
        (8, 3.0, 0.346_034_61, 0.170_312_21),
    ]
}

// exact tables: |m|, m² and the mean cluster size, five errors each
#[test] // oracle: ising-wolff
fn wolff_on_small_lattices() {
    let moves = 40_000;
    for (index, (side, temperature, mean, square)) in table().into_iter().enumerate() {
        let n = side * side;
        let model = Torus::new(side, side, 1, 0, Wrap::Simple).unwrap();
        let mut rng = stream(2, "wolff", index as u64);
        let (mut s, mut members) = (vec![1; n], vec![0; n]);
        let mut wolff = Wolff::new(&model, 1.0 / temperature, &mut s, &mut members).unwrap();
        let mut estimates = vec![Batches::new(moves); 3];
        for step in 0..moves + 1000 {
            let cluster = wolff.step(&mut rng);
            assert!(cluster.flipped);
            if step >= 1000 {
                let m = magnetization(wolff.spins());
                estimates[0].push(m);
                estimates[1].push(m * m);
                estimates[2].push(cluster.size as f64 / n as f64);
            }
        }
        let what = format!("L = {side}, T = {temperature}");
        estimates[0].check(mean, 4e-3, &format!("|m|, {what}"));
        estimates[1].check(square, 4e-3, &format!("m², {what}"));
        estimates[2].check(square, 4e-3, &format!("|C|/N, {what}"));
    }
}

// <|C|>/N = <m²> = 0.64691157 at L = 8, T_c: three seeds, errors below 1.5e-3
#[test] // law: ising-wolff
fn improved_estimator_of_wolff() {
    let (n, moves) = (64, 160_000);
    let model = Torus::new(8, 8, 1, 0, Wrap::Simple).unwrap();
    for seed in 0..3 {
        let mut rng = stream(seed, "improved", 0);
        let (mut s, mut members) = (vec![1; n], vec![0; n]);
        let mut wolff = Wolff::new(&model, 1.0 / critical(), &mut s, &mut members).unwrap();
        let mut size = Batches::new(moves);
        for _ in 0..1000 {
            wolff.step(&mut rng);
        }
        for _ in 0..moves {
            size.push(wolff.step(&mut rng).size as f64 / n as f64);
        }
        size.check(0.646_911_57, 1.5e-3, &format!("seed {seed}"));
    }
}

// exact tables: |m| and the sum of squared cluster sizes, five errors each
#[test] // oracle: ising-swendsen-wang
fn swendsen_wang_on_small_lattices() {
    let sweeps = 20_000;
    for (index, (side, temperature, mean, square)) in table().into_iter().enumerate() {
        let n = side * side;
        let model = Torus::new(side, side, 1, 0, Wrap::Simple).unwrap();
        let mut rng = stream(2, "swendsen-wang", index as u64);
        let (mut s, mut labels) = (vec![1; n], vec![0; n]);
        let mut chain = SwendsenWang::new(&model, 1.0 / temperature, &mut s, &mut labels, &mut []).unwrap();
        let (mut first, mut second) = (Batches::new(sweeps), Batches::new(sweeps));
        for step in 0..sweeps + 500 {
            let clusters = chain.sweep(&mut rng);
            if step >= 500 {
                first.push(magnetization(chain.spins()));
                second.push(clusters.squares as f64 / (n * n) as f64);
            }
        }
        let what = format!("L = {side}, T = {temperature}");
        first.check(mean, 6e-3, &format!("|m|, {what}"));
        second.check(square, 6e-3, &format!("squares, {what}"));
    }
}

// an antiferromagnet at -beta is the ferromagnet, word for word; at beta = 0 clusters are single sites
#[test] // law: ising-wolff, ising-swendsen-wang
fn sign_of_beta() {
    let ferro = Torus::new(6, 6, 1, 0, Wrap::Simple).unwrap();
    let anti = Torus::new(6, 6, -1, 0, Wrap::Simple).unwrap();
    let (mut s, mut t, mut members) = (vec![1; 36], vec![1; 36], vec![0; 36]);
    let sizes = |model: &Torus<i32>, beta: f64, s: &mut Vec<i8>, members: &mut Vec<u32>| {
        let mut rng = stream(4, "sign", 0);
        let mut wolff = Wolff::new(model, beta, s, members).unwrap();
        (0..200).map(|_| wolff.step(&mut rng).size).collect::<Vec<_>>()
    };
    assert_eq!(
        sizes(&ferro, 0.4, &mut s, &mut members),
        sizes(&anti, -0.4, &mut t, &mut members)
    );
    assert_eq!(s, t);
    assert!(
        sizes(&ferro, 0.0, &mut s, &mut members)
            .iter()
            .all(|size| *size == 1)
    );
}

// zero temperature: the cluster is the connected component, whatever the strength
#[test] // law: ising-wolff, ising-swendsen-wang
fn cold_clusters_are_components() {
    let instance = instance(4, &[(0, 2, 1.0, 0.5), (1, 3, -1.0, 0.25)], &[0.0; 4]);
    let model = Dense::new(&instance.couplings, &instance.fields).unwrap();
    let mut rng = stream(5, "cold", 0);
    let (mut s, mut scratch) = (vec![1, 1, 1, -1], vec![0; 4]);
    let mut wolff = Wolff::new(&model, 1e300, &mut s, &mut scratch).unwrap();
    assert!((0..50).all(|_| wolff.step(&mut rng).size == 2));
    let mut chain = SwendsenWang::new(&model, 1e300, &mut s, &mut scratch, &mut []).unwrap();
    for _ in 0..50 {
        let clusters = chain.sweep(&mut rng);
        assert_eq!((clusters.count, clusters.squares), (2, 8));
    }
}

#[test] // edge: ising-wolff, ising-swendsen-wang
fn refusals() {
    let free = Dense::new(&[0, 1, 1, 0], &[0, 0]).unwrap();
    let held = Dense::new(&[0, 1, 1, 0], &[0, 3]).unwrap();
    let (mut s, mut short, mut bad) = ([1, -1], [1], [1, 0]);
    let mut words = [0; 2];
    for beta in [f64::NAN, f64::INFINITY] {
        assert_eq!(
            Wolff::new(&free, beta, &mut s, &mut words).err(),
            Some(Error::NonFinite)
        );
        let refused = SwendsenWang::new(&free, beta, &mut s, &mut words, &mut []).err();
        assert_eq!(refused, Some(Error::NonFinite));
    }
    assert_eq!(
        Wolff::new(&free, 1.0, &mut short, &mut words).err(),
        Some(Error::Shape)
    );
    assert_eq!(
        Wolff::new(&free, 1.0, &mut s, &mut words[..1]).err(),
        Some(Error::Shape)
    );
    let refused = Wolff::new(&free, 1.0, &mut bad, &mut words).err();
    assert_eq!(refused, Some(Error::NotASpin { index: 1 }));
    let refused = SwendsenWang::new(&free, 1.0, &mut bad, &mut words, &mut []).err();
    assert_eq!(refused, Some(Error::NotASpin { index: 1 }));
    let refused = SwendsenWang::new(&free, 1.0, &mut s, &mut words[..1], &mut []).err();
    assert_eq!(refused, Some(Error::Shape));
    // Fields need scratch; without fields it may be left out, or be there.
    let refused = SwendsenWang::new(&held, 1.0, &mut s, &mut words, &mut []).err();
    assert_eq!(refused, Some(Error::Shape));
    let refused = SwendsenWang::new(&free, 1.0, &mut s, &mut words, &mut [0.0]).err();
    assert_eq!(refused, Some(Error::Shape));
    assert!(SwendsenWang::new(&free, 1.0, &mut s, &mut words, &mut [0.0; 2]).is_ok());
    let mut rng = stream(6, "single", 0);
    let alone = Dense::new(&[0], &[0]).unwrap();
    let cluster = Wolff::new(&alone, 1.0, &mut short, &mut words[..1])
        .unwrap()
        .step(&mut rng);
    assert_eq!((cluster.size, cluster.flipped, short), (1, true, [-1]));
}
