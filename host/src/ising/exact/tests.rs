//! Enumeration against sums written out here, and golden values.

use super::*;
use crate::ising::Kind;
use crate::ising::testing::golden;
use proptest::prelude::*;
use std::fmt::Write as _;
use std::path::Path;

#[test] // golden: ising-enumerate
fn golden_spin_glasses() {
    for (problem, ground, degeneracy, beta, log_z, energy) in golden() {
        let found = exact(&problem, beta).unwrap();
        assert_eq!(
            (found.ground.to_string(), found.degeneracy),
            (ground.to_string(), degeneracy)
        );
        assert!((found.log_z - log_z).abs() < 1e-5, "{} {log_z}", found.log_z);
        assert!((found.energy - energy).abs() < 1e-5, "{} {energy}", found.energy);
    }
}

#[test] // edge: ising-enumerate
fn too_many_spins_are_refused_with_what_to_do() {
    let problem = Problem::parse(Path::new("f"), b"0,24,1", Kind::Ising, None).unwrap();
    let message = exact(&problem, 1.0).unwrap_err().to_string();
    assert!(
        message.contains("25 spins") && message.contains("temper"),
        "{message}"
    );
}

fn read(text: &str) -> Problem {
    Problem::parse(Path::new("f"), text.as_bytes(), Kind::Ising, None).unwrap()
}

// energies of 17 digits, one apart: E = -J s s - h s with J = 2^54, h = 1; beta h = 1 is a two-level system
#[test]
fn near_ties_are_decided_by_the_integers() {
    let found = exact(&read("0,1,18014398509481984\n0,0,1\n"), 1.0).unwrap();
    assert_eq!(found.ground.to_string(), "-18014398509481985");
    assert_eq!((found.degeneracy, found.tolerance), (1, None));
    assert_eq!(found.state, [1, 1]);
    let tanh = 1.0_f64.tanh();
    assert!(
        (found.heat_capacity - (1.0 - tanh * tanh)).abs() < 1e-14,
        "{}",
        found.heat_capacity
    );
    assert!((found.means[0] - tanh).abs() < 1e-14 && (found.means[1] - tanh).abs() < 1e-14);
}

// oracle: all sums of 128 bits. (Σ a s)² of 20 integers below 10^6: products of 10^12, sums of 10^14
#[test]
fn number_partitioning_is_exact() {
    let numbers: Vec<i128> = (1_u64..=20)
        .map(|k| i128::from(k.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 44))
        .collect();
    let mut text = String::new();
    for (i, a) in numbers.iter().enumerate() {
        for (j, b) in numbers.iter().enumerate().take(i) {
            writeln!(text, "{j},{i},{}", -a * b).unwrap();
        }
    }
    let problem = read(&text);
    let (mut lowest, mut count) = (i128::MAX, 0);
    for word in 0_u32..1 << 20 {
        let sign = |i: usize| if word >> i & 1 == 1 { 1 } else { -1 };
        let sum: i128 = numbers.iter().enumerate().map(|(i, a)| a * sign(i)).sum();
        match (sum * sum).cmp(&lowest) {
            std::cmp::Ordering::Less => (lowest, count) = (sum * sum, 1),
            std::cmp::Ordering::Equal => count += 1,
            std::cmp::Ordering::Greater => {}
        }
    }
    let squares: i128 = numbers.iter().map(|a| a * a).sum();
    let found = exact(&problem, 1e-12).unwrap();
    assert_eq!(found.ground.to_string(), ((lowest - squares) / 2).to_string());
    assert_eq!((found.degeneracy, found.tolerance), (count, None));
}

// where values had to be rounded, the result says how near counts as equal
#[test]
fn rounded_values_say_so() {
    let found = exact(&read("0,1,1e40\n1,2,1e-40\n"), 1.0).unwrap();
    assert!(
        found
            .tolerance
            .is_some_and(|tolerance| tolerance > 1e24 && tolerance < 1e26)
    );
}

// closed form: a spin in a field h. C = (beta h)² / cosh²(beta h) is 0 long before the squares overflow
#[test]
fn cold_ends_are_no_overflow() {
    for beta in [1e3, 1e160, -1e160, 1e260] {
        for text in ["0,0,3\n", "0,1,1\n1,2,0.3333333333\n", "0,1,1e40\n1,2,1e-40\n"] {
            let found = exact(&read(text), beta).unwrap();
            // At beta = 1000 and the smallest gap, 2/3: (2000/3)² e^(-2000/3) is 1e-284.
            assert!((0.0..1e-280).contains(&found.heat_capacity), "{text} at {beta}");
            assert!(found.log_z.is_finite() && found.energy.is_finite());
        }
    }
    let message = exact(&read("0,0,3\n"), 1e308).unwrap_err().to_string();
    assert!(message.contains("beta times the energy"), "{message}");
}

// squares of 1e200 and of 1e-200 leave the range of f64; the heat capacity has no unit and does not
#[test]
fn the_unit_does_not_matter() {
    let at = |unit: &str, beta: f64| {
        exact(
            &read(&format!("0,1,1{unit}\n1,2,-0.7{unit}\n0,0,0.3{unit}\n")),
            beta,
        )
    };
    let one = at("", 0.8).unwrap();
    for (unit, scale) in [("e200", 1e200), ("e-200", 1e-200), ("e-310", 1e-310)] {
        let found = at(unit, 0.8 / scale);
        let Ok(found) = found else {
            assert!(scale < 1e-300, "beta itself is beyond the range");
            continue;
        };
        assert!((found.heat_capacity - one.heat_capacity).abs() < 1e-12);
        assert!((found.log_z - one.log_z).abs() < 1e-12);
        assert!((found.energy / scale - one.energy).abs() < 1e-12);
    }
}

// 4096 levels and no more are a table
#[test] // edge: ising-enumerate
fn many_levels_are_left_out() {
    let fields = |n: u32| {
        let mut text = String::new();
        for i in 0..n {
            writeln!(text, "{i},{i},{}", 1_u32 << i).unwrap();
        }
        Problem::parse(Path::new("f"), text.as_bytes(), Kind::Ising, None).unwrap()
    };
    assert_eq!(exact(&fields(12), 0.01).unwrap().levels.unwrap().len(), 4096);
    assert_eq!(exact(&fields(13), 0.01).unwrap().levels, None);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test] // oracle: ising-enumerate
    fn sums_agree_with_all_states(
        n in 1_u32..=6,
        list in prop::collection::vec((0_u32..6, 0_u32..6, -40_i32..=40), 1..14),
        tenths in any::<bool>(),
        float in any::<bool>(),
        beta in -1.0_f64..2.0,
    ) {
        let mut text = String::new();
        for (i, j, q) in &list {
            let value = if tenths { f64::from(*q) / 10.0 } else { f64::from(*q) };
            writeln!(text, "{},{},{value:?}", i % n, j % n).unwrap();
        }
        if float {
            writeln!(text, "0,0,0.123456789012345").unwrap(); // beyond 32 bits in units of its last place
        }
        let problem = Problem::parse(Path::new("f"), text.as_bytes(), Kind::Qubo, Some(n as usize)).unwrap();
        let found = exact(&problem, beta).unwrap();
        prop_assert_eq!(found.levels.is_some(), !float);

        let states: Vec<Vec<i8>> = (0..1_u32 << n)
            .map(|word| (0..n).map(|i| if word >> i & 1 == 1 { 1 } else { -1 }).collect())
            .collect();
        let energies: Vec<f64> = states.iter().map(|s| problem.energy(s).nearest()).collect();
        let lowest = energies.iter().copied().fold(f64::INFINITY, f64::min);
        let weights: Vec<f64> = energies.iter().map(|e| (-beta * (e - lowest)).exp()).collect();
        let z: f64 = weights.iter().sum();
        let mean = |f: &dyn Fn(usize) -> f64| weights.iter().enumerate().map(|(k, w)| w * f(k)).sum::<f64>() / z;
        let energy = mean(&|k| energies[k]);
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + b.abs());
        prop_assert!(near(found.log_z, z.ln() - beta * lowest), "{} {}", found.log_z, z.ln() - beta * lowest);
        prop_assert!(near(found.energy, energy));
        prop_assert!(near(found.heat_capacity, beta * beta * mean(&|k| (energies[k] - energy).powi(2))));
        for (i, m) in found.means.iter().enumerate() {
            prop_assert!(near(*m, mean(&|k| f64::from(states[k][i]))));
        }
        let ground = energies.iter().filter(|e| (**e - lowest).abs() < 1e-11).count();
        prop_assert_eq!(found.degeneracy as usize, ground);
        prop_assert!((found.ground.nearest() - lowest).abs() < 1e-11);
        prop_assert_eq!(problem.energy(&found.state), found.ground);
        if let Some(levels) = &found.levels {
            prop_assert_eq!(levels.iter().map(|(_, count)| *count).sum::<u32>(), 1 << n);
            for (level, count) in levels {
                let there = energies.iter().filter(|e| near(**e, *level)).count();
                prop_assert_eq!(there, *count as usize);
            }
        }
    }
}
