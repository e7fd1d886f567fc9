//! Golden spin glasses: couplings ±1 from the top bits of splitmix64.

use crate::oracle::{boltzmann, energies, mean};

/// Steele, Lea, Flood (2014).
pub(crate) fn splitmix64(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// A coupling of ±1: the top bit of a word, 1 for +1.
fn sign(state: &mut u64) -> i8 {
    if splitmix64(state) >> 63 == 1 { 1 } else { -1 }
}

/// Sherrington-Kirkpatrick, ±1: the pairs i < j row by row. Returns the symmetric N x N matrix.
pub(crate) fn sherrington_kirkpatrick(seed: u64, n: usize) -> Vec<i8> {
    let mut state = seed;
    let mut couplings = vec![0; n * n];
    for i in 0..n {
        for j in i + 1..n {
            let c = sign(&mut state);
            couplings[i * n + j] = c;
            couplings[j * n + i] = c;
        }
    }
    couplings
}

/// Edwards-Anderson, ±1, on a periodic square lattice: for y, for x: the bond to the right, then down. Site (x, y)
/// is spin y * side + x. Returns the symmetric matrix.
pub(crate) fn edwards_anderson(seed: u64, side: usize) -> Vec<i8> {
    let mut state = seed;
    let n = side * side;
    let mut couplings = vec![0; n * n];
    for y in 0..side {
        for x in 0..side {
            let here = y * side + x;
            for there in [y * side + (x + 1) % side, (y + 1) % side * side + x] {
                let c = sign(&mut state);
                couplings[here * n + there] = c;
                couplings[there * n + here] = c;
            }
        }
    }
    couplings
}

/// [`sherrington_kirkpatrick`] as i32.
pub(crate) fn sk(n: usize, seed: u64) -> Vec<i32> {
    sherrington_kirkpatrick(seed, n)
        .into_iter()
        .map(i32::from)
        .collect()
}

/// What another program found for an instance of 16 spins.
pub(crate) struct Golden {
    pub(crate) name: &'static str,
    pub(crate) couplings: Vec<i8>,
    pub(crate) ground_energy: i32,
    pub(crate) ground_states: u32,
    pub(crate) beta: f64,
    pub(crate) log_z: f64,
    pub(crate) mean_energy: f64,
}

impl Golden {
    pub(crate) const SPINS: usize = 16;

    /// The couplings as floats.
    pub(crate) fn real(&self) -> Vec<f64> {
        self.couplings.iter().map(|c| f64::from(*c)).collect()
    }
}

/// SK seeds 1, 2, 3, then EA seeds 1, 2, 3.
pub(crate) fn golden() -> [Golden; 6] {
    let sk = |seed, name, ground_energy, ground_states, log_z, mean_energy| Golden {
        name,
        couplings: sherrington_kirkpatrick(seed, 16),
        ground_energy,
        ground_states,
        beta: 0.25,
        log_z,
        mean_energy,
    };
    let ea = |seed, name, ground_energy, ground_states, log_z, mean_energy| Golden {
        name,
        couplings: edwards_anderson(seed, 4),
        ground_energy,
        ground_states,
        beta: 1.0,
        log_z,
        mean_energy,
    };
    [
        sk(1, "SK 1", -36, 8, 14.479_259_5, -24.356_829),
        sk(2, "SK 2", -44, 2, 14.776_885, -28.320_602),
        sk(3, "SK 3", -40, 8, 14.787_176, -27.360_363),
        ea(1, "EA 1", -24, 2, 24.953_192, -22.880_978),
        ea(2, "EA 2", -20, 22, 23.369_77, -18.924_679),
        ea(3, "EA 3", -22, 14, 24.801_205, -21.321_259),
    ]
}

#[test]
fn the_reference_generator() {
    let mut state = 1;
    assert_eq!(splitmix64(&mut state), 0x910a_2dec_8902_5cc1);
    assert_eq!(splitmix64(&mut state), 0xbeeb_8da1_658e_ec67);
    assert_eq!(splitmix64(&mut state), 0xf893_a2ee_fb32_555e);
}

#[test] // the generator makes the instances of the table: enumeration against it
fn golden_instances_are_those_of_the_spec() {
    for golden in golden() {
        let energies = energies(&golden.real(), &[0.0; Golden::SPINS]);
        let ground = energies.iter().copied().fold(f64::INFINITY, f64::min);
        let count = energies.iter().filter(|e| **e == ground).count();
        assert_eq!(
            (ground, count),
            (f64::from(golden.ground_energy), golden.ground_states as usize)
        );
        let law = boltzmann(&energies, golden.beta);
        assert!(
            (mean(&law, &energies) - golden.mean_energy).abs() < 1e-5,
            "{}",
            golden.name
        );
        let log_z = energies
            .iter()
            .map(|e| (-golden.beta * e).exp())
            .sum::<f64>()
            .ln();
        assert!((log_z - golden.log_z).abs() < 1e-5, "{} {log_z}", golden.name);
    }
}
