//! What several tests share: the golden spin glasses as files.

use super::{Kind, Problem};
use std::fmt::Write as _;
use std::path::Path;

/// Couplings ±1 from the top bits of splitmix64 (Steele, Lea, Flood 2014).
fn signs(mut state: u64) -> impl FnMut() -> i32 {
    move || {
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (state ^ (state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        if (z ^ (z >> 31)) >> 63 == 1 { 1 } else { -1 }
    }
}

/// Sherrington-Kirkpatrick, N = 16, every coupling followed by `unit`.
pub(crate) fn sk(seed: u64, unit: &str) -> Problem {
    let mut sign = signs(seed);
    let mut text = String::new();
    for i in 0..16 {
        for j in i + 1..16 {
            writeln!(text, "{i},{j},{}{unit}", sign()).unwrap();
        }
    }
    problem(&text, Kind::Ising)
}

/// Edwards-Anderson, 4 x 4, periodic: the bond to the right, then the bond down.
pub(crate) fn edwards_anderson(seed: u64) -> Problem {
    let mut sign = signs(seed);
    let mut text = String::new();
    for y in 0..4 {
        for x in 0..4 {
            for j in [4 * y + (x + 1) % 4, (y + 1) % 4 * 4 + x] {
                writeln!(text, "{} {j} {}", 4 * y + x, sign()).unwrap();
            }
        }
    }
    problem(&text, Kind::Ising)
}

pub(crate) fn problem(text: &str, kind: Kind) -> Problem {
    Problem::parse(Path::new("file"), text.as_bytes(), kind, None).unwrap()
}

/// (problem, ground energy, degeneracy, beta, ln Z, <E>): from another program, tolerance 1e-5.
pub(crate) fn golden() -> Vec<(Problem, i32, u32, f64, f64, f64)> {
    vec![
        (sk(1, ""), -36, 8, 0.25, 14.479_259_5, -24.356_829),
        (sk(2, ""), -44, 2, 0.25, 14.776_885, -28.320_602),
        (sk(3, ""), -40, 8, 0.25, 14.787_176, -27.360_363),
        (edwards_anderson(1), -24, 2, 1.0, 24.953_192, -22.880_978),
        (edwards_anderson(2), -20, 22, 1.0, 23.369_77, -18.924_679),
        (edwards_anderson(3), -22, 14, 1.0, 24.801_205, -21.321_259),
    ]
}
