//! Gray-code enumeration against direct sums, closed forms and the golden instances.
//!
//! Mutations tried, each seen red: steps from 0, or one short; any of the three sums, or the means, not
//! rescaled at a new largest term; sign of beta; sign of `change` in the means; products without their second
//! half; `levels` that append in place of inserting; bits counted in binary; degeneracy from 0; degeneracy
//! without the tie tolerance, or with one a million times wider, or with a scale of fields alone; float ground
//! energies not summed from scratch; float energies never refreshed; `LARGEST` 25. Not seen red: `near` without
//! its second term. It is a worst case, which no instance tried comes near.

use crate::direct::{Instance, bits, mean, spin, wide};
use crate::instances::{edwards_anderson, sk};
use crate::tolerances as tol;
use gibbs_core::Error;
use gibbs_core::ising::enumerate::{Ground, LARGEST, Level, Thermal};
use gibbs_core::ising::model::Wrap;
use gibbs_core::ising::{Dense, Enumeration, Model, Torus, Weight};
use proptest::prelude::*;

/// Runs `body` on a model with scratch of the right size.
fn with<M: Model, R>(model: &M, body: impl FnOnce(&mut Enumeration<'_, M>) -> R) -> R {
    let (mut spins, mut fields) = (vec![0; model.spins()], vec![M::Weight::ZERO; model.spins()]);
    body(&mut Enumeration::new(model, &mut spins, &mut fields).unwrap())
}

fn lowest<M: Model>(model: &M) -> Ground<M::Weight> {
    let (mut spins, mut fields) = (vec![0; model.spins()], vec![M::Weight::ZERO; model.spins()]);
    Enumeration::new(model, &mut spins, &mut fields)
        .unwrap()
        .ground()
        .unwrap()
}

fn close(got: f64, expected: f64, what: &str) {
    let gap = (got - expected).abs() / (1.0 + expected.abs());
    assert!(gap < tol::ROUNDING, "{what}: {got} but {expected}");
}

fn levels<M: Model<Weight = i32>>(model: &M) -> Vec<Level> {
    let mut levels = vec![Level::default(); 400];
    let count = with(model, |e| e.levels(&mut levels)).unwrap();
    levels.truncate(count);
    levels
}

/// Integer couplings and fields up to 3.
fn small_integers(n: usize, seed: u64) -> (Vec<i32>, Vec<i32>) {
    let instance = Instance::normal(n, seed);
    let round = |v: &Vec<f64>| v.iter().map(|x| (1.2 * x).round() as i32).collect::<Vec<_>>();
    (round(&instance.couplings), round(&instance.fields))
}

proptest! {
    #![proptest_config(crate::cases(40))]

    // the definitions, in f64
    #[test] // oracle: ising-enumerate
    fn float_sums_are_the_definitions(n in 1_usize..=10, seed in 0_u64..1000, beta in -2.0..2.0_f64) {
        let instance = Instance::normal(n, seed);
        let (log_partition, law) = instance.law(beta);
        let model = Dense::new(&instance.couplings, &instance.fields).unwrap();
        let (mut means, mut products) = (vec![0.0; n], vec![0.0; n * n]);
        let thermal = with(&model, |e| e.moments(beta, &mut means, &mut products)).unwrap();
        prop_assert_eq!(thermal, with(&model, |e| e.thermal(beta)).unwrap());
        close(thermal.log_partition, log_partition, "ln Z");
        close(thermal.energy, mean(&law, |b| instance.energy(b)), "<E>");
        close(thermal.energy_squared, mean(&law, |b| instance.energy(b).powi(2)), "<E²>");
        for i in 0..n {
            close(means[i], mean(&law, |b| spin(b, i)), "<s_i>");
            for j in 0..n {
                close(products[i * n + j], mean(&law, |b| spin(b, i) * spin(b, j)), "<s_i s_j>");
            }
        }
        let ground = lowest(&model);
        let lowest = (0..1 << n).map(|b| instance.energy(b)).fold(f64::INFINITY, f64::min);
        close(ground.energy, lowest, "ground energy");
        close(instance.energy(ground.state as usize), lowest, "ground state");
        prop_assert_eq!(ground.degeneracy, 1);
    }

    // the definitions, counted
    #[test] // oracle: ising-enumerate
    fn integer_levels_are_the_definitions(n in 1_usize..=10, seed in 0_u64..1000, beta in -2.0..2.0_f64) {
        let (couplings, fields) = small_integers(n, seed);
        let instance = Instance { couplings: wide(&couplings), fields: wide(&fields) };
        let model = Dense::new(&couplings, &fields).unwrap();
        let levels = levels(&model);
        let mut energies: Vec<i32> = (0..1 << n).map(|b| instance.energy(b) as i32).collect();
        energies.sort_unstable();
        let total: usize = levels.iter().map(|l| l.count as usize).sum();
        prop_assert_eq!(total, 1 << n);
        let spread = levels.iter().flat_map(|l| std::iter::repeat_n(l.energy, l.count as usize));
        prop_assert!(spread.eq(energies));
        let ground = lowest(&model);
        prop_assert_eq!(Level { energy: ground.energy, count: ground.degeneracy }, levels[0]);
        prop_assert_eq!(instance.energy(ground.state as usize) as i32, ground.energy);
        // One density of states serves every temperature.
        let (direct, binned) = (with(&model, |e| e.thermal(beta)).unwrap(), Thermal::of_levels(&levels, beta).unwrap());
        close(binned.log_partition, direct.log_partition, "ln Z");
        close(binned.energy, direct.energy, "<E>");
        close(binned.energy_squared, direct.energy_squared, "<E²>");
    }

    // closed form: an open chain has Z = 2^N Π cosh(beta J_i) and <s_0 s_k> = Π_(i<k) tanh(beta J_i)
    #[test] // oracle: ising-enumerate
    fn open_chain(n in 2_usize..=12, seed in 0_u64..1000, beta in -2.0..2.0_f64) {
        let mut couplings = Instance::normal(n, seed).couplings;
        for i in 0..n {
            for j in 0..n {
                if i.abs_diff(j) != 1 {
                    couplings[i * n + j] = 0.0;
                }
            }
        }
        let fields = vec![0.0; n];
        let model = Dense::new(&couplings, &fields).unwrap();
        let (mut means, mut products) = (vec![0.0; n], vec![0.0; n * n]);
        let thermal = with(&model, |e| e.moments(beta, &mut means, &mut products)).unwrap();
        let (mut log, mut product) = (n as f64 * 2.0_f64.ln(), 1.0);
        for i in 1..n {
            let strength = beta * couplings[(i - 1) * n + i];
            log += strength.cosh().ln();
            product *= strength.tanh();
            close(products[i], product, "<s_0 s_k>");
        }
        close(thermal.log_partition, log, "ln Z");
        prop_assert!(means.iter().all(|m| m.abs() < tol::ROUNDING));
    }
}

// closed form: Z = (2 cosh K)^N + (2 sinh K)^N
#[test] // oracle: ising-enumerate
fn ring() {
    for (n, beta) in [(3, 0.7), (7, 0.3), (8, -0.9), (12, 1.1)] {
        let mut couplings = vec![0; n * n];
        for i in 0..n {
            couplings[i * n + (i + 1) % n] = 1;
            couplings[(i + 1) % n * n + i] = 1;
        }
        let fields = vec![0; n];
        let model = Dense::new(&couplings, &fields).unwrap();
        let thermal = with(&model, |e| e.thermal(beta)).unwrap();
        let exponent = n as i32;
        let z = (2.0 * beta.cosh()).powi(exponent) + (2.0 * beta.sinh()).powi(exponent);
        close(thermal.log_partition, z.ln(), "ring");
    }
}

// closed form: Curie-Weiss, a sum over the magnetisation with binomials
#[test] // oracle: ising-enumerate
fn complete_graph() {
    let (n, beta, coupling, field) = (11_usize, 0.8, 0.3, 0.15);
    let mut couplings = vec![coupling; n * n];
    for i in 0..n {
        couplings[i * n + i] = 0.0;
    }
    let fields = vec![field; n];
    let (mut z, mut magnetization, mut binomial) = (0.0, 0.0, 1.0);
    for up in 0..=n {
        let m = 2.0 * up as f64 - n as f64;
        let weight = binomial * (beta * (0.5 * coupling * (m * m - n as f64) + field * m)).exp();
        z += weight;
        magnetization += weight * m / n as f64;
        binomial *= (n - up) as f64 / (up + 1) as f64;
    }
    let model = Dense::new(&couplings, &fields).unwrap();
    let mut means = vec![0.0; n];
    let thermal = with(&model, |e| e.moments(beta, &mut means, &mut [])).unwrap();
    close(thermal.log_partition, f64::ln(z), "ln Z");
    for m in means {
        close(m, magnetization / z, "<s_i>");
    }
}

/// (E0, degeneracy, ln Z, <E>) at the given beta, from another program.
fn golden(couplings: &[i32], beta: f64, expected: (i32, u32, f64, f64)) {
    let n = 16;
    let fields = vec![0; n];
    let model = Dense::new(couplings, &fields).unwrap();
    let ground = lowest(&model);
    assert_eq!((ground.energy, ground.degeneracy), (expected.0, expected.1));
    assert_eq!(
        model.energy(&crate::direct::spins(ground.state as usize, n)),
        Ok(ground.energy)
    );
    let thermal = with(&model, |e| e.thermal(beta)).unwrap();
    assert!(
        (thermal.log_partition - expected.2).abs() < tol::GOLDEN_GLASS,
        "{thermal:?}"
    );
    assert!(
        (thermal.energy - expected.3).abs() < tol::GOLDEN_GLASS,
        "{thermal:?}"
    );
    let levels = levels(&model);
    assert_eq!(
        levels[0],
        Level {
            energy: expected.0,
            count: expected.1
        }
    );
    let binned = Thermal::of_levels(&levels, beta).unwrap();
    close(binned.log_partition, thermal.log_partition, "ln Z from levels");
    // The same instance in floats: the same levels.
    let (couplings, fields) = (wide(couplings), wide(&fields));
    let model = Dense::new(&couplings, &fields).unwrap();
    let wide = lowest(&model);
    assert_eq!(
        (wide.energy, wide.degeneracy, wide.state),
        (f64::from(ground.energy), ground.degeneracy, ground.state)
    );
}

#[test] // golden: ising-enumerate
fn golden_sherrington_kirkpatrick() {
    golden(&sk(16, 1), 0.25, (-36, 8, 14.479_259_5, -24.356_829));
    golden(&sk(16, 2), 0.25, (-44, 2, 14.776_885, -28.320_602));
    golden(&sk(16, 3), 0.25, (-40, 8, 14.787_176, -27.360_363));
}

fn four_by_four(seed: u64) -> Vec<i32> {
    edwards_anderson(seed, 4).into_iter().map(i32::from).collect()
}

#[test] // golden: ising-enumerate
fn golden_edwards_anderson() {
    golden(&four_by_four(1), 1.0, (-24, 2, 24.953_192, -22.880_978));
    golden(&four_by_four(2), 1.0, (-20, 22, 23.369_77, -18.924_679));
    golden(&four_by_four(3), 1.0, (-22, 14, 24.801_205, -21.321_259));
}

// Kaufman's energies and the <m²> of the L = 4 lattice (tables of another program)
#[test] // oracle: ising-enumerate
fn lattice_of_side_four() {
    let model = Torus::new(4, 4, 1, 0, Wrap::Simple).unwrap();
    let critical = 2.0 / (1.0 + 2.0_f64.sqrt()).ln();
    let energies = [
        (1.5, -1.950_642_6),
        (2.0, -1.755_380_3),
        (critical, -1.565_623_8),
        (2.5, -1.379_116_5),
        (3.0, -1.017_069_6),
    ];
    for (temperature, energy) in energies {
        let thermal = with(&model, |e| e.thermal(1.0 / temperature)).unwrap();
        let gap = thermal.energy / 16.0 - energy;
        assert!(gap.abs() < tol::DIGITS_7, "T = {temperature}: {gap}");
    }
    for (temperature, square) in [(2.0, 0.868_921_68), (critical, 0.761_358_91), (2.5, 0.654_825_76)] {
        let (mut means, mut products) = (vec![0.0; 16], vec![0.0; 256]);
        with(&model, |e| {
            e.moments(1.0 / temperature, &mut means, &mut products)
        })
        .unwrap();
        let gap = products.iter().sum::<f64>() / 256.0 - square;
        assert!(gap.abs() < tol::DIGITS_8, "T = {temperature}: {gap}");
    }
}

// levels that are equal in decimals are one level in floats, of either width
#[test] // law: ising-enumerate
fn ties_survive_rounding() {
    let mut degenerate = 0;
    for seed in 0..20 {
        let (couplings, fields) = small_integers(10, seed);
        let exact = lowest(&Dense::new(&couplings, &fields).unwrap());
        degenerate += u32::from(exact.degeneracy > 1);
        let tenths = |v: &[i32]| v.iter().map(|x| f64::from(*x) / 10.0).collect::<Vec<_>>();
        let (couplings, fields) = (tenths(&couplings), tenths(&fields));
        let wide = lowest(&Dense::new(&couplings, &fields).unwrap());
        assert_eq!(
            (wide.degeneracy, wide.state),
            (exact.degeneracy, exact.state),
            "seed {seed}"
        );
        close(wide.energy, f64::from(exact.energy) / 10.0, "ground energy");
        let narrow = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let (couplings, fields) = (narrow(&couplings), narrow(&fields));
        let single = lowest(&Dense::new(&couplings, &fields).unwrap());
        assert_eq!(
            (single.degeneracy, single.state),
            (exact.degeneracy, exact.state),
            "seed {seed}"
        );
    }
    assert!(degenerate > 3, "the instances have too few ties to tell");
}

// a field of 1e-9 parts two ground states: f64 sees it
#[test] // law: ising-enumerate
fn close_levels_are_told_apart() {
    let n = 9;
    let instance = Instance::normal(n, 5);
    let mut fields = vec![0.0; n];
    let pair = lowest(&Dense::new(&instance.couplings, &fields).unwrap());
    assert_eq!(pair.degeneracy, 2);
    fields[3] = if pair.state >> 3 & 1 == 1 { -1e-9 } else { 1e-9 };
    let one = lowest(&Dense::new(&instance.couplings, &fields).unwrap());
    assert_eq!(one.degeneracy, 1);
    assert_eq!(one.state, !pair.state & ((1 << n) - 1));
}

// sixteen thousand incremental f32 energies: the reported one is summed from scratch
#[test] // law: ising-enumerate
fn single_precision_does_not_drift() {
    let n = 14;
    for seed in 0..6 {
        let instance = Instance::normal(n, 100 + seed);
        let narrow = |v: &[f64]| v.iter().map(|x| *x as f32).collect::<Vec<_>>();
        let (couplings, fields) = (narrow(&instance.couplings), narrow(&instance.fields));
        let model = Dense::new(&couplings, &fields).unwrap();
        let (mut spins, mut scratch) = (vec![0; n], vec![0.0; n]);
        let ground = Enumeration::new(&model, &mut spins, &mut scratch)
            .unwrap()
            .ground()
            .unwrap();
        // The lent spins hold the state.
        assert_eq!(bits(&spins), ground.state as usize);
        assert_eq!(model.energy(&spins), Ok(ground.energy));
        let exact: Vec<f64> = couplings.iter().map(|x| f64::from(*x)).collect();
        let exact_fields: Vec<f64> = fields.iter().map(|x| f64::from(*x)).collect();
        let wide = lowest(&Dense::new(&exact, &exact_fields).unwrap());
        assert_eq!(
            (wide.state, wide.degeneracy),
            (ground.state, ground.degeneracy),
            "seed {seed}"
        );
        // At infinite temperature the mean is 0: what is left is the drift.
        let mean = with(&model, |e| e.thermal(0.0)).unwrap().energy;
        assert!(mean.abs() < tol::SINGLE_DRIFT, "seed {seed}: {mean}");
    }
}

// huge beta: nothing overflows, ln Z = -beta E0 + ln g0
#[test] // edge: ising-enumerate
fn cold_limit() {
    let (couplings, fields) = (sk(16, 1), vec![0; 16]);
    let model = Dense::new(&couplings, &fields).unwrap();
    for beta in [1e3, 1e6] {
        let thermal = with(&model, |e| e.thermal(beta)).unwrap();
        assert_eq!(thermal.energy, -36.0);
        assert_eq!(thermal.energy_squared, 1296.0);
        close(thermal.log_partition, beta * 36.0 + 8.0_f64.ln(), "ln Z");
    }
    let hot = with(&model, |e| e.thermal(0.0)).unwrap();
    close(hot.log_partition, 16.0 * 2.0_f64.ln(), "ln Z at beta = 0");
    assert_eq!((hot.energy, hot.energy_squared), (0.0, 120.0));
}

#[test] // edge: ising-enumerate
fn refusals() {
    let couplings = vec![0; 25 * 25];
    let fields = [0; 25];
    let many = Dense::new(&couplings, &fields).unwrap();
    let (mut spins, mut scratch) = (vec![0; 25], vec![0; 25]);
    assert_eq!(LARGEST, 24);
    assert_eq!(
        Enumeration::new(&many, &mut spins, &mut scratch).err(),
        Some(Error::Capacity)
    );
    let few = Dense::new(&[0, 1, 1, 0], &[0, 0]).unwrap();
    assert_eq!(
        Enumeration::new(&few, &mut spins[..3], &mut scratch[..2]).err(),
        Some(Error::Shape)
    );
    assert_eq!(
        Enumeration::new(&few, &mut spins[..2], &mut scratch[..3]).err(),
        Some(Error::Shape)
    );
    with(&few, |e| {
        assert_eq!(e.thermal(f64::NAN), Err(Error::NonFinite));
        assert_eq!(e.thermal(f64::INFINITY), Err(Error::NonFinite));
        assert_eq!(e.thermal(1e308), Ok(e.thermal(1e308).unwrap()));
        assert_eq!(e.moments(1.0, &mut [0.0], &mut []), Err(Error::Shape));
        assert_eq!(e.moments(1.0, &mut [0.0; 2], &mut [0.0; 3]), Err(Error::Shape));
        assert_eq!(e.levels(&mut [Level::default(); 1]), Err(Error::Capacity));
        assert_eq!(e.levels(&mut [Level::default(); 2]), Ok(2));
    });
    let strong = Dense::new(&[0.0, 10.0, 10.0, 0.0], &[0.0, 0.0]).unwrap();
    assert_eq!(with(&strong, |e| e.thermal(1e308)), Err(Error::NonFinite));
    assert_eq!(Thermal::of_levels(&[], 1.0), Err(Error::Shape));
    assert_eq!(
        Thermal::of_levels(&[Level { energy: 1, count: 0 }], 1.0),
        Err(Error::NonFinite)
    );
}
