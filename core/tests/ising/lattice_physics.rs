//! Long runs against exact values, and exact symmetries of trajectories.
//!
//! Statistical tests: fixed seeds, 400 batches, |z| < 5: false alarm 9e-7 each (`fixtures/tolerances.rs`).

use crate::lattice::{Memory, Table};
use crate::oracle::{boltzmann, mean};
use crate::statistics::{BATCHES, Batches};
use gibbs_core::ising::lattice::{
    Bonds, Fixed, HeatBath, Lazy, Metropolis, Probability, Uniform, Update, Word,
};
use gibbs_core::random::stream;
use rand_core::Rng;

const CRITICAL: f64 = 2.269_185_314_213_022;

/// Side, temperature, energy per site, <|m|>, <m²>, Binder's cumulant: exact.
const EXACT: [(usize, f64, [f64; 4]); 9] = [
    (4, 2.0, [-1.755_380_3, 0.918_943_27, 0.868_921_68, 0.644_810_79]),
    (
        4,
        CRITICAL,
        [-1.565_623_8, 0.843_860_44, 0.761_358_91, 0.617_199_32],
    ),
    (4, 2.5, [-1.379_116_5, 0.764_712_39, 0.654_825_76, 0.581_527_66]),
    (6, 2.0, [-1.747_328_8, 0.913_093_92, 0.849_905_23, 0.650_316_59]),
    (
        6,
        CRITICAL,
        [-1.516_873_1, 0.804_976_56, 0.693_316_59, 0.614_356_24],
    ),
    (6, 2.5, [-1.280_077_7, 0.677_413_76, 0.528_620_75, 0.554_007_42]),
    (8, 2.0, [-1.745_683_2, 0.911_452_27, 0.841_671_18, 0.654_618_65]),
    (
        8,
        CRITICAL,
        [-1.491_589_1, 0.777_331_09, 0.646_911_57, 0.613_045_38],
    ),
    (8, 2.5, [-1.222_320_6, 0.603_128_98, 0.432_099_08, 0.524_122_86]),
];

/// e, |m|, m², m⁴ of a chain; `staggered`: of the difference of the colours.
fn chain<W: Word>(
    side: usize,
    update: &impl Update,
    bonds: &impl Bonds<W>,
    staggered: bool,
    (sweeps, seed): (usize, u64),
) -> [Batches; 4] {
    let mut memory = Memory::<W>::new(side, side);
    let mut planes = memory.view();
    let mut rng = stream(seed, "test.physics", 0);
    planes.randomise(&mut rng);
    for _ in 0..500 {
        planes.sweep(update, bonds, &mut rng).unwrap();
    }
    let sites = (side * side) as f64;
    let mut series = [(); 4].map(|()| Batches::new(sweeps));
    for _ in 0..sweeps {
        planes.sweep(update, bonds, &mut rng).unwrap();
        let [even, odd] = planes.magnetizations();
        let m = (if staggered { even - odd } else { even + odd }) as f64 / sites;
        let e = planes.energy(bonds).unwrap() as f64 / sites;
        for (batches, value) in series.iter_mut().zip([e, m.abs(), m * m, m.powi(4)]) {
            batches.push(value);
        }
    }
    series
}

/// All against [`EXACT`], with three seeds, on words of type `W`.
fn agrees<W: Word>(rule: impl Fn(f64) -> Box<dyn Fn(usize, u64) -> [Batches; 4]>, name: &str) {
    for (side, temperature, [e, abs, square, binder]) in EXACT {
        let fourth = 3.0 * square * square * (1.0 - binder);
        for seed in [1, 2, 3] {
            if temperature != CRITICAL && seed != 1 + (side as u64 / 2) % 3 {
                continue; // three seeds at the critical temperature, one elsewhere
            }
            let series = rule(temperature)(side, seed);
            let what = format!(
                "{name}, {} bits, L = {side}, T = {temperature}, seed {seed}",
                W::BITS
            );
            for (batches, (exact, largest)) in
                series
                    .iter()
                    .zip([(e, 0.008), (abs, 0.01), (square, 0.012), (fourth, 0.012)])
            {
                batches.check(exact, largest, &what);
            }
        }
    }
}

const SWEEPS: usize = 100 * BATCHES;

#[test] // oracle: ising-lattice
fn metropolis_lazy_on_u32() {
    agrees::<u32>(
        |temperature| {
            let p = Probability::at_temperature(temperature, 64).unwrap();
            Box::new(move |side, seed| {
                chain::<u32>(
                    side,
                    &Metropolis(Lazy::new(p)),
                    &Uniform::Ferromagnet,
                    false,
                    (SWEEPS, seed),
                )
            })
        },
        "Metropolis",
    );
}

#[test] // oracle: ising-lattice
fn metropolis_fixed_on_u16() {
    agrees::<u16>(
        |temperature| {
            let p = Probability::at_temperature(temperature, 24).unwrap();
            Box::new(move |side, seed| {
                chain::<u16>(
                    side,
                    &Metropolis(Fixed(p)),
                    &Uniform::Ferromagnet,
                    false,
                    (SWEEPS, seed),
                )
            })
        },
        "Metropolis, 24 bits",
    );
}

#[test] // oracle: ising-lattice
fn heat_bath_on_u64() {
    agrees::<u64>(
        |temperature| {
            let rule = HeatBath::at_temperature(temperature).unwrap();
            Box::new(move |side, seed| {
                chain::<u64>(side, &rule, &Uniform::Ferromagnet, false, (2 * SWEEPS, seed))
            })
        },
        "heat bath",
    );
}

#[test] // law: ising-lattice
fn antiferromagnet_has_the_same_staggered_law() {
    let (side, temperature, [e, abs, square, _]) = EXACT[4];
    let rule = HeatBath::at_temperature(temperature).unwrap();
    let series = chain::<u32>(side, &rule, &Uniform::Antiferromagnet, true, (SWEEPS, 7));
    for (batches, exact) in series.iter().zip([e, abs, square]) {
        batches.check(exact, 0.012, "antiferromagnet");
    }
}

/// Three bits: e^(-4/T) at T_c rounds from 0.1716 to 1/8, which is T = 1.92.
#[test] // oracle: ising-lattice
fn coarse_acceptance_samples_the_effective_temperature() {
    let p = Probability::at_temperature(CRITICAL, 3).unwrap();
    assert_eq!(p.value(), 0.125);
    let table = Table::uniform(4, 4, 1);
    let energies: Vec<f64> = (0..1 << 16)
        .map(|state| {
            let up = |i: usize| state >> i & 1;
            let bond = |(i, j, _): (usize, usize, i8)| if up(i) == up(j) { -1.0 } else { 1.0 };
            table.list().into_iter().map(bond).sum()
        })
        .collect();
    let exact = |temperature: f64| mean(&boltzmann(&energies, 1.0 / temperature), &energies) / 16.0;
    let [e, ..] = chain::<u32>(
        4,
        &Metropolis(Fixed(p)),
        &Uniform::Ferromagnet,
        false,
        (SWEEPS, 5),
    );
    e.check(exact(p.temperature_effective()), 0.005, "three bits");
    assert!((e.estimate().0 - exact(CRITICAL)).abs() > 0.1);
}

/// s -> ε s with J_ij -> ε_i ε_j J_ij: the same stream gives the same decisions, so the same energies.
fn gauge_invariant<W: Word>(width: usize, height: usize, update: &impl Update) {
    let table = Table::random(width, height, 300, 1);
    let mut gauge = Memory::<W>::random(width, height, 99).spins();
    let check = |gauge: &[i8]| {
        let mut turned = table.clone();
        for (i, [right, below]) in turned.bonds.iter_mut().enumerate() {
            *right *= gauge[i] * gauge[table.right(i)];
            *below *= gauge[i] * gauge[table.below(i)];
        }
        let (bonds, turned) = (table.packed::<W>(), turned.packed::<W>());
        let mut a = Memory::<W>::random(width, height, 2);
        let mut b = a.clone();
        let turn = |spins: Vec<i8>| -> Vec<i8> { spins.iter().zip(gauge).map(|(s, g)| s * g).collect() };
        b.set(&turn(a.spins()));
        let (mut x, mut y) = (stream(3, "test.physics", 1), stream(3, "test.physics", 1));
        for sweep in 0..20 {
            a.view().sweep(update, &bonds, &mut x).unwrap();
            b.view().sweep(update, &turned, &mut y).unwrap();
            assert_eq!(
                a.view().energy(&bonds),
                b.view().energy(&turned),
                "{width} x {height}, sweep {sweep}"
            );
            assert_eq!(turn(a.spins()), b.spins());
            assert_eq!(x, y);
        }
    };
    check(&gauge);
    // The staggered gauge makes the ferromagnet of an antiferromagnet.
    for (i, g) in gauge.iter_mut().enumerate() {
        *g = if (i % width + i / width).is_multiple_of(2) {
            1
        } else {
            -1
        };
    }
    check(&gauge);
    let mut a = Memory::<W>::random(width, height, 2);
    let mut b = a.clone();
    let turn = |spins: Vec<i8>| -> Vec<i8> { spins.iter().zip(&gauge).map(|(s, g)| s * g).collect() };
    b.set(&turn(a.spins()));
    let (mut x, mut y) = (stream(3, "test.physics", 1), stream(3, "test.physics", 1));
    for _ in 0..20 {
        a.view().sweep(update, &Uniform::Ferromagnet, &mut x).unwrap();
        b.view().sweep(update, &Uniform::Antiferromagnet, &mut y).unwrap();
        let energy = a.view().energy(&Uniform::Ferromagnet);
        assert_eq!(energy, b.view().energy(&Uniform::Antiferromagnet));
        assert_eq!(turn(a.spins()), b.spins());
        let ([even, odd], staggered) = (a.view().magnetizations(), b.view().magnetizations());
        assert_eq!([even, -odd], staggered);
    }
}

#[test] // law: ising-lattice
fn gauge() {
    let p = Probability::at_temperature(2.0, 64).unwrap();
    for (width, height) in [(4, 4), (6, 6), (8, 8), (64, 4), (128, 2)] {
        gauge_invariant::<u16>(
            if width == 6 { 10 } else { width },
            height,
            &Metropolis(Lazy::new(p)),
        );
        gauge_invariant::<u32>(width, height, &Metropolis(Lazy::new(p)));
        gauge_invariant::<u64>(width, height, &Metropolis(Lazy::new(p)));
        gauge_invariant::<u64>(
            width,
            height,
            &Metropolis(Fixed(Probability::new(37, 8).unwrap())),
        );
    }
}

/// What a heat bath draws does not depend on the spin it replaces: two starts with one stream meet.
#[test] // law: ising-lattice
fn heat_bath_forgets_the_old_spins() {
    let rule = HeatBath::at_temperature(3.0).unwrap();
    let (mut a, mut b) = (Memory::<u32>::random(16, 4, 1), Memory::<u32>::random(16, 4, 1));
    b.planes[0].iter_mut().for_each(|word| *word ^= 0xFF);
    assert_ne!(a, b);
    for memory in [&mut a, &mut b] {
        let mut rng = stream(1, "test.physics", 2);
        memory
            .view()
            .half_sweep(0, &rule, &Uniform::Ferromagnet, &mut rng)
            .unwrap();
    }
    assert_eq!(a, b);
}

/// Nishimori's line: P(J = -1) = 1 / (1 + e^(2 beta)) makes [<E>] = -bonds tanh(beta), exactly, at any size. All up
/// is a fair sample of the planted pair (J, s), so every later sweep has this mean as well.
fn nishimori<W: Word>(side: usize, temperature: f64, update: &impl Update) {
    let beta = 1.0 / temperature;
    let negative = 1.0 / (1.0 + (2.0 * beta).exp());
    let threshold = (negative * 18_446_744_073_709_551_616.0) as u64;
    let (samples, sweeps) = (3 * BATCHES, 30);
    let mut batches = Batches::new(samples);
    for sample in 0..samples {
        let mut rng = stream(sample as u64, "test.nishimori", 0);
        let mut table = Table::uniform(side, side, 1);
        for sign in table.bonds.iter_mut().flatten() {
            *sign = if rng.next_u64() < threshold { -1 } else { 1 };
        }
        let bonds = table.packed::<W>();
        let mut memory = Memory::<W>::new(side, side);
        let mut planes = memory.view();
        planes.fill(true);
        let mut sum = 0;
        for sweep in 0..2 * sweeps {
            planes.sweep(update, &bonds, &mut rng).unwrap();
            if sweep >= sweeps {
                sum += planes.energy(&bonds).unwrap();
            }
        }
        batches.push(sum as f64 / (sweeps * 2 * side * side) as f64);
    }
    batches.check(-beta.tanh(), 1.5e-3, "energy per bond on Nishimori's line");
}

#[test] // oracle: ising-lattice, ising-nishimori
fn energy_on_nishimoris_line() {
    let p = Probability::at_temperature(1.25, 64).unwrap();
    nishimori::<u64>(12, 1.25, &Metropolis(Lazy::new(p)));
    nishimori::<u16>(12, 2.0, &HeatBath::at_temperature(2.0).unwrap());
}
