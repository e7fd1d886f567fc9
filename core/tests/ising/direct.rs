//! Sums over all configurations written as the definitions are, and random dense models.

use gibbs_core::random::{normal, stream};

/// A dense model in f64: couplings (N x N) and fields (N).
#[derive(Clone, Debug)]
pub(crate) struct Instance {
    pub(crate) couplings: Vec<f64>,
    pub(crate) fields: Vec<f64>,
}

/// Spin i of the configuration whose bits are `bits`.
pub(crate) fn spin(bits: usize, i: usize) -> f64 {
    if bits >> i & 1 == 1 { 1.0 } else { -1.0 }
}

/// The configuration as spins.
pub(crate) fn spins(bits: usize, n: usize) -> Vec<i8> {
    (0..n).map(|i| if bits >> i & 1 == 1 { 1 } else { -1 }).collect()
}

/// The bits of a configuration.
pub(crate) fn bits(spins: &[i8]) -> usize {
    spins
        .iter()
        .rev()
        .fold(0, |bits, s| bits << 1 | usize::from(*s > 0))
}

/// Integer values as f64.
pub(crate) fn wide(values: &[i32]) -> Vec<f64> {
    values.iter().map(|v| f64::from(*v)).collect()
}

impl Instance {
    /// Standard normal couplings and fields.
    pub(crate) fn normal(n: usize, seed: u64) -> Self {
        let mut rng = stream(seed, "instance", n as u64);
        let mut couplings = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                let value = normal::<f64>(&mut rng);
                couplings[i * n + j] = value;
                couplings[j * n + i] = value;
            }
        }
        let fields = (0..n).map(|_| normal::<f64>(&mut rng)).collect();
        Self { couplings, fields }
    }

    pub(crate) fn spins(&self) -> usize {
        self.fields.len()
    }

    pub(crate) fn energy(&self, bits: usize) -> f64 {
        let n = self.spins();
        let mut energy = 0.0;
        for i in 0..n {
            for j in i + 1..n {
                energy -= self.couplings[i * n + j] * spin(bits, i) * spin(bits, j);
            }
            energy -= self.fields[i] * spin(bits, i);
        }
        energy
    }

    /// ln Z and p(s), by the bits of s.
    pub(crate) fn law(&self, beta: f64) -> (f64, Vec<f64>) {
        let weights = (0..1 << self.spins()).map(|bits| -beta * self.energy(bits));
        let exponents: Vec<f64> = weights.collect();
        let top = exponents.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let sum: f64 = exponents.iter().map(|x| (x - top).exp()).sum();
        let law = exponents.iter().map(|x| (x - top).exp() / sum).collect();
        (top + sum.ln(), law)
    }
}

/// Mean of `value(bits)` under a law.
pub(crate) fn mean(law: &[f64], value: impl Fn(usize) -> f64) -> f64 {
    law.iter().enumerate().map(|(bits, p)| p * value(bits)).sum()
}
