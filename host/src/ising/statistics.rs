//! Means of correlated series with honest errors.
//!
//! ```text
//! rho(k) = C(k)/C(0)     C(k) = 1/(n - k) Σ_t (x_t - mean)(x_(t+k) - mean)
//! tau    = 1/2 + Σ_(k=1..W) rho(k)       W = the first window with W >= 6 tau(W)
//! error  = sqrt(2 tau var / n)           var = Σ (x_t - mean)² / (n - 1)
//! ```
//! tau is in units of the series' steps; 1/2 is a series of independent values. A tau below 1/2 (values that
//! alternate) is given as 1/2: the error is then too large, never too small. What is printed as an error bar passes
//! [`together`] first. Two cross-checks that share no
//! formula with it: [`blocking`] and, for functions of several means, [`jackknife`].
//!
//! Sources: N. Madras, A. Sokal, J. Stat. Phys. 50, 109 (1988) (the window); H. Flyvbjerg, H. G. Petersen,
//! J. Chem. Phys. 91, 461 (1989) (blocking); B. Efron, SIAM monograph 38 (1982) (jackknife).

pub mod together;

use gibbs_core::math::dot;

/// Fewest values of a series.
pub const LEAST: usize = 16;
/// Windows are this many times tau: what is cut off is e^-6 for an exponential decay.
const WINDOW: f64 = 6.0;
/// Fewest blocks of which a standard deviation is taken.
const LEAST_BLOCKS: usize = 16;
/// Length of a jackknife block in units of tau: blocks are then independent up to tau/length = 5% of the variance.
const BLOCK: f64 = 20.0;

/// A measured mean.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Estimate {
    /// The mean, or a function of means.
    pub mean: f64,
    /// One standard deviation of it.
    pub error: f64,
    /// Integrated autocorrelation time in steps of the series, at least 1/2.
    pub tau: f64,
    /// Values in the series.
    pub samples: usize,
}

/// Why a series gives no error.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SeriesError {
    /// Too few values, whatever they are.
    #[error("{samples} samples are too few, at least {least} are needed\nhint: measure longer")]
    TooShort {
        /// The number of values given.
        samples: usize,
        /// The number of values needed.
        least: usize,
    },
    /// The window reached half the series (or blocks became too few) before the correlations ended.
    #[error(
        "{samples} samples are too few: their autocorrelation time is {tau:.1} or more\nhint: measure longer, \
         or use an algorithm that moves faster"
    )]
    Correlated {
        /// The number of values given.
        samples: usize,
        /// What was seen of the autocorrelation time.
        tau: f64,
    },
    /// Every value is the same: the mean is known, its error and tau are not.
    #[error("all {samples} samples are {value}: no error can be told")]
    Constant {
        /// The value that never changes.
        value: f64,
        /// The number of values in the series.
        samples: usize,
    },
    /// A value, or a function of means, is NaN or infinite.
    #[error("there is no value: sample (of a function of means: block) {index} is NaN or infinite")]
    NonFinite {
        /// Which one, 0-based (of a function: which block).
        index: usize,
    },
    /// The series has not settled.
    #[error(
        "not equilibrated: the first quarter and the second half differ by {sigmas:.0} standard errors\nhint: a longer \
         burn-in"
    )]
    Drift {
        /// The number of values given.
        samples: usize,
        /// The difference in standard errors.
        sigmas: f64,
    },
    /// Rare large values decide.
    #[error(
        "the mean is skewed by {skewness:.2}: rare large values decide, and {samples} samples hold few of them\nhint: \
         measure longer"
    )]
    Skewed {
        /// The number of values given.
        samples: usize,
        /// Skewness of the mean.
        skewness: f64,
    },
    /// The squares of the deviations overflow or vanish.
    #[error("the samples spread too far or too little for their squares\nhint: measure in another unit")]
    Range,
    /// Series measured together have different lengths.
    #[error("series of {left} and of {right} samples do not belong together")]
    Lengths {
        /// The length of one series.
        left: usize,
        /// The length of the other series.
        right: usize,
    },
}

/// Deviations from the mean, of a series that has an error.
struct Centred {
    mean: f64,
    deviations: Vec<f64>,
    square: f64,
}

impl Centred {
    fn new(series: &[f64]) -> Result<Self, SeriesError> {
        check(series)?;
        if series.iter().all(|x| *x == series[0]) {
            return Err(SeriesError::Constant {
                value: series[0],
                samples: series.len(),
            });
        }
        // the first value as the origin: a small spread about a large mean keeps its digits
        let origin = series[0];
        let n = series.len() as f64;
        let mean = origin + series.iter().map(|x| (x - origin) / n).sum::<f64>();
        let deviations: Vec<f64> = series.iter().map(|x| x - mean).collect();
        let square = dot(&deviations, &deviations);
        if !(square.is_finite() && square >= f64::MIN_POSITIVE) {
            return Err(SeriesError::Range);
        }
        Ok(Self {
            mean,
            deviations,
            square,
        })
    }

    fn variance(&self) -> f64 {
        self.square / (self.deviations.len() - 1) as f64
    }

    fn autocorrelation(&self, lag: usize) -> f64 {
        let n = self.deviations.len();
        let product = dot(&self.deviations[..n - lag], &self.deviations[lag..]);
        product / self.square * (n as f64 / (n - lag) as f64)
    }
}

fn check(series: &[f64]) -> Result<(), SeriesError> {
    if series.len() < LEAST {
        return Err(SeriesError::TooShort {
            samples: series.len(),
            least: LEAST,
        });
    }
    match series.iter().position(|x| !x.is_finite()) {
        Some(index) => Err(SeriesError::NonFinite { index }),
        None => Ok(()),
    }
}

/// Mean, error and autocorrelation time of a stationary series. Cost: n W, W about 6 tau.
///
/// # Errors
/// [`SeriesError`]; a constant series has no error either.
pub fn estimate(series: &[f64]) -> Result<Estimate, SeriesError> {
    windowed(series, series.len() / 2)
}

/// [`estimate`] with windows of at most `most`.
fn windowed(series: &[f64], most: usize) -> Result<Estimate, SeriesError> {
    let centred = Centred::new(series)?;
    let samples = series.len();
    let mut tau = 0.5;
    for lag in 1..=most {
        tau += centred.autocorrelation(lag);
        if lag as f64 >= WINDOW * tau {
            let tau = tau.max(0.5);
            return Ok(Estimate {
                mean: centred.mean,
                error: (2.0 * tau * centred.variance() / samples as f64).sqrt(),
                tau,
                samples,
            });
        }
    }
    Err(SeriesError::Correlated { samples, tau })
}

/// What averages over blocks say of the error of the mean.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Blocking {
    /// Values in a block, a power of 2.
    pub block: usize,
    /// The number of blocks.
    pub blocks: usize,
    /// The standard error of the mean.
    pub error: f64,
    /// One standard deviation of that error: error / sqrt(2 (blocks - 1)).
    pub uncertainty: f64,
}

/// Error of the mean by blocking: neighbours are averaged in pairs, again and again (an odd last one is left
/// out), until the error of independent values no longer grows. The end is the first block length B with
/// B³ > 2 n (error_B/error_1)⁴, where the bias of short blocks and the noise of few blocks balance (Lee et
/// al., Phys. Rev. E 83, 066706 (2011)). Cost: 2 n.
///
/// # Errors
/// [`SeriesError`].
pub fn blocking(series: &[f64]) -> Result<Blocking, SeriesError> {
    let naive = Centred::new(series)?.variance() / series.len() as f64;
    let mut averages = series.to_vec();
    let mut block = 1_usize;
    let mut ratio = 1.0; // 2 tau as far as seen
    while averages.len() >= LEAST_BLOCKS {
        let variance = match Centred::new(&averages) {
            Ok(centred) => centred.variance() / averages.len() as f64,
            Err(SeriesError::Constant { .. }) => 0.0, // values that alternate cancel
            Err(error) => return Err(error),
        };
        ratio = variance / naive;
        if (block as f64).powi(3) > 2.0 * series.len() as f64 * ratio * ratio {
            let (error, blocks) = (variance.sqrt(), averages.len());
            let uncertainty = error / (2.0 * (blocks - 1) as f64).sqrt();
            return Ok(Blocking {
                block,
                blocks,
                error,
                uncertainty,
            });
        }
        averages = averages
            .as_chunks::<2>()
            .0
            .iter()
            .map(|[a, b]| 0.5 * a + 0.5 * b)
            .collect();
        block *= 2;
    }
    Err(SeriesError::Correlated {
        samples: series.len(),
        tau: 0.5 * ratio,
    })
}

/// A function of the means of series measured together (Binder's cumulant of m² and m⁴, a variance of E and
/// E²), with the bias of order 1/n removed. Blocks are 20 times the largest tau long; the tau given is that
/// one. Constant series are allowed, not all of them constant.
///
/// ```text
/// f_b = f(means without block b)   mean = B f - (B - 1) avg f_b   error² = (B - 1)/B Σ_b (f_b - avg f_b)²
/// ```
/// Cost: that of [`estimate`] for each series.
///
/// # Errors
/// [`SeriesError`]; [`SeriesError::NonFinite`] names the block where the function has no value;
/// [`SeriesError::Constant`] if it has the same value everywhere.
pub fn jackknife(series: &[&[f64]], function: impl Fn(&[f64]) -> f64) -> Result<Estimate, SeriesError> {
    let samples = series.first().map_or(0, |first| first.len());
    let mut tau = None;
    let mut last = SeriesError::TooShort {
        samples: 0,
        least: LEAST,
    };
    for one in series {
        if one.len() != samples {
            return Err(SeriesError::Lengths {
                left: samples,
                right: one.len(),
            });
        }
        match estimate(one) {
            Ok(found) => tau = Some(found.tau.max(tau.unwrap_or(0.5))),
            Err(error @ SeriesError::Constant { .. }) => last = error,
            Err(error) => return Err(error),
        }
    }
    let tau = tau.ok_or(last)?;
    let blocks = (samples as f64 / (BLOCK * tau)) as usize;
    if blocks < LEAST_BLOCKS {
        return Err(SeriesError::Correlated { samples, tau });
    }
    let (mean, error, _) = delete_blocks(series, samples, blocks, function)?;
    Ok(Estimate {
        mean,
        error,
        tau,
        samples,
    })
}

/// The jackknife over a given number of blocks, whose lengths differ by at most 1: mean, error, the values without one
/// block.
fn delete_blocks(
    series: &[&[f64]],
    samples: usize,
    blocks: usize,
    function: impl Fn(&[f64]) -> f64,
) -> Result<(f64, f64, Vec<f64>), SeriesError> {
    let sums: Vec<f64> = series.iter().map(|one| one.iter().sum()).collect();
    let all: Vec<f64> = sums.iter().map(|sum| sum / samples as f64).collect();
    let whole = function(&all);
    let bound = |b: usize| (b as u128 * samples as u128 / blocks as u128) as usize;
    let mut values = Vec::with_capacity(blocks);
    for b in 0..blocks {
        let range = bound(b)..bound(b + 1);
        let rest = (samples - range.len()) as f64;
        let means: Vec<f64> = series
            .iter()
            .zip(&sums)
            .map(|(one, sum)| (sum - one[range.clone()].iter().sum::<f64>()) / rest)
            .collect();
        let value = function(&means);
        if !value.is_finite() || !whole.is_finite() {
            return Err(SeriesError::NonFinite { index: b });
        }
        values.push(value);
    }
    if values.iter().all(|value| *value == values[0]) {
        return Err(SeriesError::Constant {
            value: values[0],
            samples,
        });
    }
    let count = blocks as f64;
    let average = values.iter().sum::<f64>() / count;
    let spread: f64 = values.iter().map(|v| (v - average) * (v - average)).sum();
    let mean = count * whole - (count - 1.0) * average;
    Ok((mean, ((count - 1.0) / count * spread).sqrt(), values))
}

/// (mean - exact) / error: how many standard deviations an estimate is off. An error of 0 (rounding took it)
/// gives 0 or an infinity, never NaN for a finite `exact`.
pub fn z(estimate: &Estimate, exact: f64) -> f64 {
    let off = estimate.mean - exact;
    if off == 0.0 { 0.0 } else { off / estimate.error }
}

/// The acceptance of a sampler: nearer than `sigmas` standard deviations to the exact value, with an error
/// that is smaller than `largest_error` (a large error would accept anything).
pub fn accepts(estimate: &Estimate, exact: f64, sigmas: f64, largest_error: f64) -> bool {
    z(estimate, exact).abs() < sigmas && estimate.error < largest_error
}

#[cfg(test)]
mod tests;
