//! How often independent reads succeed, and the time to solution.
//!
//! With probability p of a read to succeed, n = ln(1 - 0.99)/ln(1 - p) reads succeed at least once with
//! probability 0.99; never fewer than one read is needed. p is estimated by hits/reads; the interval is Wilson's
//! (J. Am. Stat. Assoc. 22:209, 1927), which stays honest at 0 and at all hits. Reads that end with the first success have
//! an interval of their own.

use gibbs_core::math::Real;

/// z of a two-sided 95 % interval.
const Z: f64 = 1.959_963_984_540_054;
/// What lies beyond each end of a two-sided 95 % interval.
const TAIL: f64 = 0.025;
/// The wanted probability of at least one success.
const WANTED: f64 = 0.99;

/// An estimate with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// The estimate of the probability.
    pub estimate: f64,
    /// The lower end of the interval.
    pub low: f64,
    /// Upper end; infinite where nothing bounds it.
    pub high: f64,
}

/// Probability of success from `hits` in `reads` (at least 1), with Wilson's 95 % interval.
pub fn probability(hits: usize, reads: usize) -> Interval {
    let n = reads.max(1) as f64;
    let p = hits as f64 / n;
    let z2 = Z * Z;
    let centre = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
    let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
    // At the ends of the range the interval ends there exactly.
    let low = if hits == 0 { 0.0 } else { (centre - half).max(0.0) };
    let high = if hits >= reads {
        1.0
    } else {
        (centre + half).min(1.0)
    };
    Interval {
        estimate: p,
        low,
        high,
    }
}

/// Probability of success from reads (at least 1) until the first success, the last one: with the exact interval of 95 %, whose
/// ends make so few and so many reads improbable by 2.5 % each, (1 - high)^(reads - 1) and 1 - (1 - low)^reads. (An interval
/// for a fixed number of reads is none for a number that the successes chose.)
pub fn first_success(reads: usize) -> Interval {
    let n = reads.max(1) as f64;
    let end = |all: f64, reads: f64| 1.0 - Real::exp(Real::ln(all) / reads);
    Interval {
        estimate: 1.0 / n,
        low: end(1.0 - TAIL, n),
        high: if reads > 1 { end(TAIL, n - 1.0) } else { 1.0 },
    }
}

/// Number of reads for one success with probability 0.99, from a probability of success.
pub fn reads_to_solution(p: Interval) -> Interval {
    let reads = |p: f64| {
        if p >= WANTED {
            1.0
        } else if p > 0.0 {
            (Real::ln(1.0 - WANTED) / Real::ln_1p(-p)).max(1.0)
        } else {
            f64::INFINITY
        }
    };
    Interval {
        estimate: reads(p.estimate),
        low: reads(p.high),
        high: reads(p.low),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: f64, b: f64) -> bool {
        (a - b).abs() < 5e-5
    }

    // by hand from the quadratic (p - phat)² = z² p (1 - p)/n, whose roots the ends are
    #[test] // oracle: ising-success
    fn ends_solve_the_quadratic_of_wilson() {
        for (hits, reads) in [(1, 10), (5, 10), (9, 10), (990, 1000), (1, 100_000)] {
            let Interval { estimate, low, high } = probability(hits, reads);
            assert!(low < estimate && estimate < high);
            for end in [low, high] {
                let n = f64::from(u32::try_from(reads).unwrap());
                let gap = (end - estimate).powi(2) - Z * Z * end * (1.0 - end) / n;
                assert!(gap.abs() < 1e-12, "{hits} of {reads}: {gap}");
            }
        }
        let none = probability(0, 10);
        assert!(none.low == 0.0 && near(none.high, 0.27753));
        let all = probability(10, 10);
        assert!(all.high == 1.0 && near(all.low, 1.0 - 0.27753));
    }

    // the number of reads until the first success is geometric: its law, summed, is the coverage
    #[test] // law: ising-success
    fn the_interval_of_the_first_success_covers() {
        let first = first_success(1);
        assert!((first.low - 0.025).abs() < 1e-12 && first.high == 1.0);
        for p in [0.001, 0.01, 0.1, 0.3, 0.5, 0.9, 0.99] {
            let (mut covered, mut left, mut reads) = (0.0, 1.0, 0);
            while left > 1e-9 {
                reads += 1;
                let interval = first_success(reads);
                if interval.low <= p && p <= interval.high {
                    covered += left * p;
                }
                left *= 1.0 - p;
            }
            assert!(covered >= 0.95 - 1e-6, "{p}: {covered}");
        }
        // Where the law is nearly continuous, it is not too wide either.
        let low = first_success(10_000).low * 10_000.0;
        assert!((low + 0.975_f64.ln()).abs() < 1e-4, "{low}");
    }

    #[test] // oracle: ising-success
    fn reads_to_solution_by_hand() {
        let half = Interval {
            estimate: 0.5,
            low: 0.0,
            high: 0.999,
        };
        let reads = reads_to_solution(half);
        assert!(near(reads.estimate, 6.64386)); // log2(100)
        assert_eq!((reads.low, reads.high), (1.0, f64::INFINITY));
        // 1 - (1 - p)^n = 0.99 at the answer
        for p in [1e-6, 0.1, 0.7] {
            let n = reads_to_solution(Interval {
                estimate: p,
                low: p,
                high: p,
            })
            .estimate;
            assert!((1.0 - (1.0 - p).powf(n) - 0.99).abs() < 1e-9);
        }
    }
}
