//! The oracles: against each other by ways that share no formula, and against the digits of the tables that
//! the project was given (computed there by other programs).

use super::{Check, Halted, Setting, Task, glasses, task};
use crate::ising::oracle::{chain, curie_weiss, kaufman, magnetisation, nishimori, onsager, tables};
use crate::ising::problem::{Kind, Problem, Values};
use gibbs_core::Error;
use gibbs_core::ising::enumerate::{Enumeration, Thermal};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, Model, Stored, Torus, Weight};
use gibbs_core::random;
use onsager::{CRITICAL_BETA, CRITICAL_TEMPERATURE};
use rand_core::Rng as _;
use std::path::Path;

const GROUP: &str = "exact";
const TABLE: &str = "table of the project, other programs";
/// Half a unit of the last digit of numbers with 5, 7 or 8 digits after the point, and their rounding.
const DIGITS: [f64; 3] = [5.001e-6, 5.001e-8, 5.001e-9];
/// Two routes to one number.
const ROUNDING: f64 = 1e-12;

pub(super) fn tasks() -> Vec<Task<'static>> {
    vec![
        task(|_| energies()),
        task(magnetisations),
        task(|_| enumerations()),
        task(|_| disorder()),
        task(|_| qubo()),
        task(|_| Ok(vec![golden_data()])),
        task(golden_glasses),
    ]
}

fn largest(differences: impl IntoIterator<Item = f64>) -> f64 {
    // max would drop NaN
    differences
        .into_iter()
        .fold(0.0, |most: f64, d| if d.abs() <= most { most } else { d.abs() })
}

/// A check that a largest difference is 0.
fn agrees(name: impl Into<String>, source: &'static str, off: f64, most: f64) -> Check {
    Check::within(GROUP, name, source, [0.0, off], most)
}

/// Kaufman, Onsager and Yang against the tables.
fn energies() -> Result<Vec<Check>, Halted> {
    let mut checks = Vec::new();
    for (side, table) in tables::ENERGIES {
        let mut off = Vec::new();
        for (temperature, energy) in tables::TEMPERATURES.into_iter().zip(table) {
            off.push(kaufman::torus(side, side, 1.0 / temperature)?.energy_per_spin() - energy);
        }
        let name = format!("Kaufman, L = {side}: largest error of e at five temperatures");
        checks.push(agrees(name, TABLE, largest(off), DIGITS[1]));
    }
    let found = kaufman::torus(128, 128, CRITICAL_BETA)?.energy_per_spin();
    let values = [-1.419_076_3, found];
    checks.push(Check::within(
        GROUP,
        "Kaufman, L = 128: e at T_c",
        TABLE,
        values,
        DIGITS[1],
    ));
    // The table holds the central difference, 1.7e-8 from the derivative.
    let log_z = |beta: f64| kaufman::torus(256, 256, beta).map(|t| t.log_z / 65_536.0);
    let found = (log_z(CRITICAL_BETA - 1e-5)? - log_z(CRITICAL_BETA + 1e-5)?) / 2e-5;
    let name = "Kaufman, L = 256: e at T_c, central difference of step 1e-5";
    checks.push(Check::within(
        GROUP,
        name,
        TABLE,
        [-1.416_644_9, found],
        DIGITS[1],
    ));
    let mut off = Vec::new();
    #[allow(clippy::approx_constant)] // the table's digits, not the constant
    let infinite = [
        -1.951_116_6,
        -1.745_564_6,
        -1.414_213_6,
        -1.106_079_2,
        -0.817_309_6,
    ];
    for (temperature, energy) in tables::TEMPERATURES.into_iter().zip(infinite) {
        off.push(onsager::energy(1.0 / temperature)? - energy);
    }
    checks.push(agrees(
        "Onsager: largest error of e at five temperatures",
        TABLE,
        largest(off),
        DIGITS[1],
    ));
    let found = onsager::energy(CRITICAL_BETA)?;
    checks.push(Check::within(
        GROUP,
        "Onsager: e at T_c",
        "closed form -√2",
        [-core::f64::consts::SQRT_2, found],
        ROUNDING,
    ));
    for (temperature, table) in [(1.5, 0.986_499_6), (2.0, 0.911_319_4)] {
        let found = onsager::magnetisation(1.0 / temperature)?;
        let name = format!("Yang: m at T = {temperature}");
        checks.push(Check::within(GROUP, name, TABLE, [table, found], DIGITS[1]));
    }
    // The table holds second differences of ln Z of step 1e-3, which are off by up to 5e-3 from the
    // derivative: they are compared as what they are.
    for (side, table) in [
        (8, 1.145_55),
        (16, 1.498_64),
        (32, 1.846_48),
        (64, 2.191_02),
        (128, 2.531_51),
    ] {
        let log_z = |beta: f64| kaufman::torus(side, side, beta).map(|t| t.log_z / (side * side) as f64);
        let h = 1e-3;
        let bend = log_z(CRITICAL_BETA + h)? + log_z(CRITICAL_BETA - h)? - 2.0 * log_z(CRITICAL_BETA)?;
        let found = CRITICAL_BETA * CRITICAL_BETA * bend / (h * h);
        let name = format!("Kaufman, L = {side}: specific heat at T_c, second difference of step 1e-3");
        checks.push(Check::within(GROUP, name, TABLE, [table, found], DIGITS[0]));
    }
    Ok(checks)
}

/// The law of the magnetisation against its table.
fn magnetisations(setting: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let mut checks = Vec::new();
    for (side, temperature, table) in [
        (4, 2.0, [0.918_943_27, 0.868_921_68, 0.644_810_79]),
        (
            4,
            CRITICAL_TEMPERATURE,
            [0.843_860_44, 0.761_358_91, 0.617_199_32],
        ),
        (4, 2.5, [0.764_712_39, 0.654_825_76, 0.581_527_66]),
        (6, 2.0, [0.913_093_92, 0.849_905_23, 0.650_316_59]),
        (
            6,
            CRITICAL_TEMPERATURE,
            [0.804_976_56, 0.693_316_59, 0.614_356_24],
        ),
        (6, 2.5, [0.677_413_76, 0.528_620_75, 0.554_007_42]),
        (8, 2.0, [0.911_452_27, 0.841_671_18, 0.654_618_65]),
        (
            8,
            CRITICAL_TEMPERATURE,
            [0.777_331_09, 0.646_911_57, 0.613_045_38],
        ),
        (8, 2.5, [0.603_128_98, 0.432_099_08, 0.524_122_86]),
        (8, 3.0, [0.346_034_61, 0.170_312_21, 0.279_839_90]),
    ] {
        let law = setting.laws.torus(side, 1.0 / temperature)?;
        let found = [law.abs(), law.square(), law.binder()];
        let off = largest(found.iter().zip(table).map(|(a, b)| a - b));
        let name = format!("transfer matrix, L = {side}, T = {temperature:.3}: largest error of |m|, m², U4");
        checks.push(agrees(name, TABLE, off, DIGITS[2]));
    }
    Ok(checks)
}

/// Sums over all configurations of a dense model.
fn thermal<C: Stored>(couplings: &[C], fields: &[C], beta: f64) -> Result<Thermal, Error> {
    let model = Dense::new(couplings, fields)?;
    thermal_of(&model, beta)
}

fn thermal_of<M: Model>(model: &M, beta: f64) -> Result<Thermal, Error> {
    let (mut spins, mut scratch) = (vec![1; model.spins()], vec![M::Weight::ZERO; model.spins()]);
    Enumeration::new(model, &mut spins, &mut scratch)?.thermal(beta)
}

/// Symmetric matrix of bonds (i, j, J).
fn dense(spins: usize, bonds: &[(usize, usize, f64)]) -> Vec<f64> {
    let mut couplings = vec![0.0; spins * spins];
    for (i, j, coupling) in bonds {
        couplings[i * spins + j] += coupling;
        couplings[j * spins + i] += coupling;
    }
    couplings
}

/// The formulas against sums over all configurations.
fn enumerations() -> Result<Vec<Check>, Halted> {
    let source = "sum over all configurations";
    let mut checks = Vec::new();
    let torus = Torus::new(4, 4, 1, 0, Wrap::Simple)?;
    let mut off = Vec::new();
    for beta in [0.1, 0.3, CRITICAL_BETA, 0.6, 1.0] {
        let (sum, found) = (thermal_of(&torus, beta)?, kaufman::torus(4, 4, beta)?);
        off.push(found.log_z / sum.log_partition - 1.0);
        off.push(found.energy / sum.energy - 1.0);
    }
    let name = "Kaufman, 4 x 4: largest relative error of ln Z and E, five temperatures";
    checks.push(agrees(name, source, largest(off), ROUNDING));

    let mut rng = random::stream(0, "ising.verify.chain", 0);
    let bonds: Vec<f64> = (0..9).map(|_| random::normal(&mut rng)).collect();
    let ends = |count: usize| -> Vec<(usize, usize, f64)> {
        let bonds = bonds.iter().enumerate().take(count);
        bonds.map(|(i, coupling)| (i, (i + 1) % 9, *coupling)).collect()
    };
    let (mut open, mut ring) = (Vec::new(), Vec::new());
    for beta in [-0.7, 0.4, 1.3] {
        let sum = thermal(&dense(9, &ends(8)), &[0.0; 9], beta)?;
        let found = chain::open(&bonds[..8], beta)?;
        open.extend([found.log_z - sum.log_partition, found.energy - sum.energy]);
        let sum = thermal(&dense(9, &ends(9)), &[0.0; 9], beta)?;
        let found = chain::ring(&bonds, beta)?;
        ring.extend([found.log_z - sum.log_partition, found.energy - sum.energy]);
    }
    for (name, off) in [("open chain", open), ("ring", ring)] {
        let name = format!("{name} of 9 spins, random bonds: largest error of ln Z and E");
        checks.push(agrees(name, source, largest(off), 1e-11));
    }

    let pairs: Vec<_> = (0..9)
        .flat_map(|i| (0..i).map(move |j| (i, j, 1.3 / 9.0)))
        .collect();
    let sum = thermal(&dense(9, &pairs), &[0.2; 9], 0.9)?;
    let (found, _) = curie_weiss::curie_weiss(9, 1.3, 0.2, 0.9)?;
    let off = largest([found.log_z - sum.log_partition, found.energy - sum.energy]);
    let name = "Curie-Weiss, 9 spins in a field: largest error of ln Z and E";
    checks.push(agrees(name, source, off, 1e-11));

    let sum = thermal_of(&torus, 0.5)?;
    let law = magnetisation::torus(4, 0.5)?;
    let name = "transfer matrix, 4 x 4: ln Z";
    let values = [sum.log_partition, law.log_z];
    checks.push(Check::within(GROUP, name, source, values, 1e-11));
    Ok(checks)
}

/// Nishimori: the energy averaged over all 2^6 signs of the bonds of four spins, each with its probability.
fn disorder() -> Result<Vec<Check>, Halted> {
    let pairs = [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)];
    let mut checks = Vec::new();
    for beta in [0.3, 1.1] {
        let p = nishimori::probability(beta)?;
        let mut mean = 0.0;
        for signs in 0..64_u32 {
            let sign = |bond: usize| if signs >> bond & 1 == 1 { 1.0 } else { -1.0 };
            let bonds: Vec<_> = (0..6).map(|b| (pairs[b].0, pairs[b].1, sign(b))).collect();
            let positive = signs.count_ones() as i32;
            let weight = p.powi(positive) * (1.0 - p).powi(6 - positive);
            mean += weight * thermal(&dense(4, &bonds), &[0.0; 4], beta)?.energy;
        }
        let name = format!("Nishimori line, beta = {beta}: energy of a bond, averaged over all ±J");
        let values = [nishimori::energy_per_bond(beta)?, mean / 6.0];
        checks.push(Check::within(
            GROUP,
            name,
            "closed form -tanh beta",
            values,
            ROUNDING,
        ));
    }
    Ok(checks)
}

/// A QUBO as a file, read and turned into couplings: its energies against x'Qx of all x.
fn qubo() -> Result<Vec<Check>, Halted> {
    const N: usize = 10;
    let mut rng = random::stream(0, "ising.verify.qubo", 0);
    let entries: Vec<i32> = (0..N * N)
        .map(|_| random::below(&mut rng, 2001) as i32 - 1000)
        .collect();
    // thousandths, so that the file is decimal and the sum exact
    let line = |at: usize| format!("{},{},{}e-3\n", at / N, at % N, entries[at]);
    let file: String = (0..N * N).map(line).collect();
    let name = "QUBO of 10 variables: largest |E(s) - x'Qx| over all x";
    let source = "x'Qx, sum over entries";
    let refused = |reason: String| {
        let mut check = agrees(name, source, f64::NAN, ROUNDING);
        check.row.remark = Some(reason);
        Ok(vec![check])
    };
    let problem = match Problem::parse(Path::new("qubo.csv"), file.as_bytes(), Kind::Qubo, None) {
        Ok(problem) => problem,
        Err(reason) => return refused(reason.to_string()),
    };
    let weights = match problem.weights() {
        Ok(weights) => weights,
        Err(reason) => return refused(format!("{reason:?}")),
    };
    let mut off = Vec::new();
    for x in 0..1_usize << N {
        let spins: Vec<i8> = (0..N).map(|i| if x >> i & 1 == 1 { 1 } else { -1 }).collect();
        let chosen = |at: usize| x >> (at / N) & x >> (at % N) & 1 == 1;
        let thousandths: i32 = (0..N * N).filter(|at| chosen(*at)).map(|at| entries[at]).sum();
        let energy = match &weights.values {
            Values::Integer(couplings) => f64::from(couplings.view()?.energy(&spins)?),
            Values::Float(couplings) => couplings.view()?.energy(&spins)?,
        };
        let expected = f64::from(thousandths) / 1000.0;
        off.push((energy + weights.offset) * weights.unit - expected);
        off.push(problem.energy(&spins).nearest() - expected);
    }
    Ok(vec![agrees(name, source, largest(off), ROUNDING)])
}

/// The golden data of splitmix64, seed 7: means and correlations of 64 rows of 4 spins.
fn golden_data() -> Check {
    let mut word = glasses::SplitMix(7);
    let mut rows = [[0.0_f64; 4]; 64];
    for row in &mut rows {
        for i in 0..4 {
            let u = word.next_u64();
            row[i] = if i > 0 && u >> 63 == 1 {
                row[i - 1]
            } else if u & 1 == 1 {
                1.0
            } else {
                -1.0
            };
        }
    }
    let mean = |f: &dyn Fn(&[f64; 4]) -> f64| rows.iter().map(f).sum::<f64>() / 64.0;
    let mut off = Vec::new();
    for (i, m) in [-0.156_25, 0.0625, 0.031_25, 0.093_75].into_iter().enumerate() {
        off.push(mean(&|s| s[i]) - m);
    }
    let table = [
        [0.975_585_938, 0.478_515_625, 0.317_382_812, 0.139_648_438],
        [0.0, 0.996_093_75, 0.529_296_875, 0.337_890_625],
        [0.0, 0.0, 0.999_023_438, 0.559_570_312],
        [0.0, 0.0, 0.0, 0.991_210_938],
    ];
    for (i, row) in table.iter().enumerate() {
        for (j, c) in row.iter().enumerate().skip(i) {
            off.push(mean(&|s| s[i] * s[j]) - mean(&|s| s[i]) * mean(&|s| s[j]) - c);
        }
    }
    let name = "golden data (splitmix64, seed 7): largest error of m and C";
    agrees(name, TABLE, largest(off), 1e-9)
}

/// The golden spin glasses by enumeration.
fn golden_glasses(_: Setting<'_>) -> Result<Vec<Check>, Halted> {
    let mut checks = Vec::new();
    for golden in glasses::golden() {
        let model = Dense::new(&golden.couplings, &[0; glasses::SPINS])?;
        let (mut spins, mut fields) = ([1; glasses::SPINS], [0; glasses::SPINS]);
        let mut all = Enumeration::new(&model, &mut spins, &mut fields)?;
        let (ground, sums) = (all.ground()?, all.thermal(golden.beta)?);
        for (what, expected, found, most) in [
            (
                "ground energy",
                golden.ground_energy,
                f64::from(ground.energy),
                0.0,
            ),
            (
                "ground states",
                golden.ground_states,
                f64::from(ground.degeneracy),
                0.0,
            ),
            ("ln Z", golden.log_z, sums.log_partition, 1e-5),
            ("E", golden.energy, sums.energy, 1e-5),
        ] {
            let at = if most > 0.0 {
                format!(" at beta = {}", golden.beta)
            } else {
                String::new()
            };
            let name = format!("{}, enumeration: {what}{at}", golden.name);
            checks.push(Check::within(GROUP, name, TABLE, [expected, found], most));
        }
    }
    Ok(checks)
}
