//! Synthetic regression problems with a known truth: protocols A to F.
//!
//! Every protocol is a linear model y = X w + noise with Gaussian rows of covariance S and Gaussian noise:
//!
//! ```text
//! name      rows  columns  relevant  law of the columns                weights, noise
//! A:k        256   256      k         iid                               +-U(1, wbar), wbar = sqrt(12/rho - 3/4) - 1/2; SNR 3
//! B           67   100      5         iid, standardised                 1 at random places; noise sd 1
//! B-large    100  1000     10         iid, standardised                 1 at random places; noise sd 1
//! C          100   500     10         corr(i, j) = 0.7^|i-j|            1 at 25, 75, .., 475; SNR 3
//! C-hard     100   500     10         corr(i, j) = 0.9^|i-j|            +1, -1, .. at 200, 202, .., 218; SNR 3
//! D1, D2    1000     3      2         x3 = 2/3 x1 + 2/3 x2 + 1/3 e      (2, 3, 0), (-2, 3, 0); noise sd 1
//! E:N        100     N     10         iid, standardised                 1 at random places; noise sd 1
//! F:s:r:q    see [`Arena`]            corr(i, j) = r^|i-j|              1 in the first k columns; SNR q
//! ```
//!
//! rho = k/256. The signal-to-noise ratio (SNR) is that of the law: noise variance = w'Sw / SNR, so the best
//! possible relative error on unseen rows is sqrt(1/(1 + SNR)). "Standardised": by the means and standard
//! deviations of the training rows, applied to all rows before y is formed. The test set has as many rows
//! as the training set (B: 100); B, B-large and F also have a validation set of the training size.
//!
//! Sources. A: Soh, Lee, Periwal, Jo, arXiv 2509.06383, Eqs. 14-16. B: the defaults of the Variational
//! Garrote code of Kappen and Gomez (Mach. Learn. 96:269, 2014). D: Zhao and Yu (J. Mach. Learn. Res.
//! 7:2541, 2006). F: Hastie, Tibshirani, Tibshirani, arXiv 1707.08692, coefficient type 2. B-large, C, E: ours.
//!
//! Randomness: `stream(seed, "garrote.synth.<family>", index)` with index 0 for the weights, 1 for the noise
//! and 2 + j for column j (j = 0, 1, ..; D: the third column is 2 + 2), each drawing the training, validation
//! and test rows in this order. Columns are drawn in parallel; the result does not depend on the threads.
//! Cost: one normal per entry.

mod law;
mod protocol;
mod write;

pub use protocol::{Arena, Protocol, UnknownProtocol};
pub use write::{WriteError, write};

use law::{Law, standardise};

use gibbs_core::random::{Xoshiro256PlusPlus, below, bernoulli, normal, shuffle, stream, uniform};
use rayon::prelude::*;

/// Rows of a regression problem.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Design, `rows` x columns, column-major.
    pub x: Vec<f64>,
    /// Target, one entry per row.
    pub y: Vec<f64>,
    /// Number of rows.
    pub rows: usize,
}

impl Sample {
    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.x.len().checked_div(self.rows).unwrap_or(0)
    }
}

/// One problem drawn from a [`Protocol`].
#[derive(Clone, Debug, PartialEq)]
pub struct Draw {
    /// The protocol's name, e.g. `A:5`.
    pub name: String,
    /// The rows to fit on.
    pub train: Sample,
    /// Rows to choose hyper-parameters on, where the protocol has them.
    pub validation: Option<Sample>,
    /// Unseen rows, noisy targets.
    pub test: Sample,
    /// True weights w, one per column; zero = irrelevant.
    pub weights: Vec<f64>,
    /// Standard deviation of the noise in y.
    pub noise_sd: f64,
}

#[derive(Clone, Copy)]
enum Noise {
    Sd(f64),
    Ratio(f64),
}

/// What a protocol fixes before anything is drawn.
struct Plan {
    family: &'static str,
    rows: [usize; 3],
    columns: usize,
    law: Law,
    standardise: bool,
    noise: Noise,
}

impl Protocol {
    /// The problem number `seed`.
    pub fn draw(&self, seed: u64) -> Draw {
        self.draw_ensemble(seed, seed)
    }

    /// The weights of problem `truth_seed` with the design and noise of problem `data_seed`: an ensemble over
    /// fresh data at one truth, as the transition signal needs it.
    pub fn draw_ensemble(&self, truth_seed: u64, data_seed: u64) -> Draw {
        let plan = self.plan();
        let name = format!("garrote.synth.{}", plan.family);
        let weights = self.weights(&mut stream(truth_seed, &name, 0));
        let rows: usize = plan.rows.iter().sum();
        let mut x = vec![0.0; rows * plan.columns];
        x.par_chunks_mut(rows).enumerate().for_each(|(j, column)| {
            let mut rng = stream(data_seed, &name, 2 + j as u64);
            for value in column {
                *value = normal(&mut rng);
            }
        });
        plan.law.impose(&mut x, rows);
        if plan.standardise {
            x.par_chunks_mut(rows)
                .for_each(|column| standardise(column, plan.rows[0]));
        }
        let noise_sd = match plan.noise {
            Noise::Sd(sd) => sd,
            Noise::Ratio(ratio) => (plan.law.signal_variance(&weights) / ratio).sqrt(),
        };
        let mut rng = stream(data_seed, &name, 1);
        let mut y: Vec<f64> = (0..rows).map(|_| noise_sd * normal::<f64>(&mut rng)).collect();
        for (column, weight) in x
            .chunks_exact(rows)
            .zip(&weights)
            .filter(|(_, weight)| **weight != 0.0)
        {
            y.iter_mut().zip(column).for_each(|(y, x)| *y += weight * x);
        }
        let cut = |start: usize, len: usize| Sample {
            x: x.chunks_exact(rows)
                .flat_map(|column| &column[start..start + len])
                .copied()
                .collect(),
            y: y[start..start + len].to_vec(),
            rows: len,
        };
        let [train, validation, test] = plan.rows;
        Draw {
            name: self.to_string(),
            train: cut(0, train),
            validation: (validation > 0).then(|| cut(train, validation)),
            test: cut(train + validation, test),
            weights,
            noise_sd,
        }
    }

    fn plan(&self) -> Plan {
        let iid = Law::Chain(0.0);
        let (family, rows, columns, law, standardise, noise) = match *self {
            Self::A { .. } => ("A", [256, 0, 256], 256, iid, false, Noise::Ratio(3.0)),
            Self::B => ("B", [67, 67, 100], 100, iid, true, Noise::Sd(1.0)),
            Self::BLarge => ("B-large", [100, 100, 100], 1000, iid, true, Noise::Sd(1.0)),
            Self::C => ("C", [100, 0, 100], 500, Law::Chain(0.7), false, Noise::Ratio(3.0)),
            Self::CHard => (
                "C-hard",
                [100, 0, 100],
                500,
                Law::Chain(0.9),
                false,
                Noise::Ratio(3.0),
            ),
            Self::D1 | Self::D2 => ("D", [1000, 0, 1000], 3, Law::ZhaoYu, false, Noise::Sd(1.0)),
            Self::E { columns } => ("E", [100, 0, 100], columns, iid, true, Noise::Sd(1.0)),
            Self::F {
                arena,
                correlation,
                snr,
            } => {
                let (m, n, _) = arena.shape();
                (
                    "F",
                    [m, m, m],
                    n,
                    Law::Chain(correlation),
                    false,
                    Noise::Ratio(snr),
                )
            }
        };
        Plan {
            family,
            rows,
            columns,
            law,
            standardise,
            noise,
        }
    }

    fn weights(&self, rng: &mut Xoshiro256PlusPlus) -> Vec<f64> {
        let columns = self.plan().columns;
        let mut w = vec![0.0; columns];
        match *self {
            Self::A { relevant } => {
                let widest = (12.0 * 256.0 / f64::from(relevant) - 0.75).sqrt() - 0.5;
                for place in choose(rng, columns, relevant as usize) {
                    let size = 1.0 + (widest - 1.0) * uniform::<f64>(rng);
                    w[place] = if bernoulli(rng, 0.5) { size } else { -size };
                }
            }
            Self::B => ones(&mut w, choose(rng, columns, 5)),
            Self::BLarge | Self::E { .. } => ones(&mut w, choose(rng, columns, 10)),
            Self::C => ones(&mut w, (25..500).step_by(50)),
            Self::CHard => {
                for i in 0..10 {
                    w[200 + 2 * i] = if i % 2 == 0 { 1.0 } else { -1.0 };
                }
            }
            Self::D1 => w.copy_from_slice(&[2.0, 3.0, 0.0]),
            Self::D2 => w.copy_from_slice(&[-2.0, 3.0, 0.0]),
            Self::F { arena, .. } => w[..arena.shape().2].fill(1.0),
        }
        w
    }
}

fn ones(w: &mut [f64], places: impl IntoIterator<Item = usize>) {
    for place in places {
        w[place] = 1.0;
    }
}

/// `count` distinct places below `len`, in random order.
fn choose(rng: &mut Xoshiro256PlusPlus, len: usize, count: usize) -> Vec<usize> {
    if count * 2 > len {
        let mut all: Vec<usize> = (0..len).collect();
        shuffle(rng, &mut all);
        all.truncate(count);
        return all;
    }
    let mut places = Vec::with_capacity(count);
    while places.len() < count {
        let place = below(rng, u32::try_from(len).unwrap_or(u32::MAX)) as usize;
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
mod tests;
