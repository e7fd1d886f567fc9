//! The words that the lattice eats: every lane fair, independent of the other lanes and of its own past; Bernoulli
//! words of p and p²; sites drawn uniformly.
//!
//! A lane with a short period (the low bits of a linear congruential generator) is equal to its own past at the
//! period: lags are powers of 2. Sums of squared deviates over lanes are chi-squares, given as normal deviates.

use super::{Check, Size, Task, deviate, task};
use gibbs_core::ising::lattice::{Draw, Drawn, Fixed, Lazy, Probability, Word};
use gibbs_core::random;
use rand_core::Rng;

const GROUP: &str = "generator";
const FAIR: &str = "fair independent bits, chi-square";

pub(super) fn tasks<R: Rng>(make: &(impl Fn(&str, u64) -> R + Sync)) -> Vec<Task<'_>> {
    vec![
        task(|setting| {
            let rng = make("ising.verify.words", 0);
            Ok(words::<u64>("u64 words", rng, setting.size))
        }),
        task(|setting| {
            let rng = make("ising.verify.words", 1);
            Ok(words::<u32>("u32 words", rng, setting.size))
        }),
        task(|setting| {
            let rng = make("ising.verify.words", 2);
            Ok(words::<u16>("u16 words", rng, setting.size))
        }),
        task(|setting| {
            let probability = Probability::new(43, 8)?; // 44/256: T_eff 2.2715
            let mut checks = Vec::new();
            let mut rng = make("ising.verify.draws", 0);
            checks.extend(draws("fixed", &Fixed(probability), &mut rng, setting.size));
            let mut rng = make("ising.verify.draws", 1);
            checks.extend(draws("lazy", &Lazy::new(probability), &mut rng, setting.size));
            Ok(checks)
        }),
        task(|setting| {
            let mut rng = make("ising.verify.sites", 0);
            Ok(vec![sites(&mut rng, setting.size)])
        }),
    ]
}

/// Adds the lanes of `word` that are 1.
fn tally<W: Word>(counts: &mut [u32; 64], word: W) {
    let mut left = word.wide();
    while left != 0 {
        counts[left.trailing_zeros() as usize] += 1;
        left &= left - 1;
    }
}

/// Chi-square of lanes that are 1 with probability p in `samples` words.
fn chi_square(counts: &[u32], samples: usize, p: f64) -> f64 {
    let n = samples as f64;
    let square = |count: &u32| (f64::from(*count) - n * p).powi(2) / (n * p * (1.0 - p));
    counts.iter().map(square).sum()
}

fn words<W: Word>(name: &str, mut rng: impl Rng, size: Size) -> Vec<Check> {
    let count = match size {
        Size::Quick => 1 << 13,
        Size::Full => 1 << 17,
    };
    let lanes = W::BITS as usize;
    let words: Vec<W> = (0..count).map(|_| W::random(&mut rng)).collect();
    let test = |pairs: &mut dyn Iterator<Item = W>| {
        let (mut counts, mut samples) = ([0; 64], 0);
        for word in pairs {
            tally(&mut counts, word);
            samples += 1;
        }
        deviate(chi_square(&counts[..lanes], samples, 0.5), lanes)
    };
    let mut checks = vec![Check::deviate(
        GROUP,
        format!("{name}: every lane fair"),
        FAIR,
        test(&mut words.iter().copied()),
    )];
    let mut lag = 1;
    while lag <= count / 4 {
        let later = words.iter().skip(lag);
        checks.push(Check::deviate(
            GROUP,
            format!("{name}: every lane independent of itself {lag} words before"),
            FAIR,
            test(&mut words.iter().zip(later).map(|(a, b)| *a ^ *b)),
        ));
        lag *= 4;
    }
    checks.push(Check::deviate(
        GROUP,
        format!("{name}: every lane independent of its neighbour"),
        FAIR,
        test(&mut words.iter().map(|a| *a ^ a.rotate_up(W::BITS))),
    ));
    checks
}

/// Bernoulli words: the even lanes ask for p, the odd ones for p².
fn draws(name: &str, draw: &impl Draw, rng: &mut impl Rng, size: Size) -> Vec<Check> {
    let samples = 2 * size.samples(100_000);
    let p = draw.probability().value();
    let single = 0x5555_5555_u32;
    let mut random = Drawn(rng);
    let mut counts = [[0; 64]; 2];
    let mut before = 0;
    for _ in 0..samples {
        let word: u32 = draw.draw(single, u32::MAX, &mut random);
        tally(&mut counts[0], word);
        tally(&mut counts[1], word & before);
        before = word;
    }
    let mut checks = Vec::new();
    for (power, counts) in counts.iter().enumerate() {
        for (lane, p, text) in [(0, p, "p"), (1, p * p, "p²")] {
            let p = if power == 0 { p } else { p * p };
            let of: Vec<u32> = counts.iter().skip(lane).step_by(2).take(16).copied().collect();
            let what = ["", ", twice running"][power];
            // twice running: neighbouring pairs share a word, which adds 2 p (1 - p)/(1 - p²) or so to the variance
            let spread = if power == 0 {
                1.0
            } else {
                1.0 + 2.0 * p.sqrt() / (1.0 + p.sqrt())
            };
            let square = chi_square(&of, samples, p) / spread;
            let name = format!("Bernoulli words, 8 bits, {name}: frequency of {text}{what}");
            checks.push(Check::deviate(
                GROUP,
                name,
                "binomial law, chi-square",
                deviate(square, 16),
            ));
        }
    }
    checks
}

/// Pairs of sites of 16, as Wolff and random-order sweeps draw them.
fn sites(rng: &mut impl Rng, size: Size) -> Check {
    let samples = size.samples(500_000);
    let mut counts = [0_u32; 256];
    for _ in 0..samples {
        let (a, b) = (random::below(rng, 16), random::below(rng, 16));
        counts[(16 * a + b) as usize] += 1;
    }
    let each = samples as f64 / 256.0;
    let square: f64 = counts.iter().map(|c| (f64::from(*c) - each).powi(2) / each).sum();
    Check::deviate(
        GROUP,
        "pairs of sites of 16",
        "uniform law, chi-square",
        deviate(square, 255),
    )
}
