//! Series measured together, and errors of them that are given only where they can be trusted.
//!
//! Over many seeds, (mean - exact)/error is to have a standard deviation of 1, to a fifth. That needs more than a formula:
//!
//! * **One run, one verdict.** Observables of one run share their slow modes, and show them more or less. The longest
//!   autocorrelation time of all holds for all; a series that drifts or is too short takes the errors of the others.
//! * **Length.** At least [`LENGTHS`] autocorrelation times. Of shorter series tau comes out too small as often as not,
//!   and those for which it does are the ones that would pass.
//! * **The error of the error.** tau is biased by (2 W + 1)/n (Wolff, Comput. Phys. Commun. 156, 143 (2004)), which is
//!   corrected, and known to sqrt(4 W/n); half of that is added, since the bound on the length selects small values
//!   (tuned: without the half, the z-scores of AR(1) series of 70 to 320 times their tau that pass have a spread of 1.0
//!   to 1.3; 16 x 16 sites at T = 2.4 give 4 passes of 200 at 30 times tau).
//! * **Drift.** The means of the first quarter and of the second half agree within [`DRIFT`] standard errors.
//! * **Skewness.** A mean of b blocks whose skewness is s is itself skewed by s/sqrt(b). Above [`SKEWED`] rare large
//!   values decide, of which the next run may see none or two; the error of this run says nothing of that.

use super::{BLOCK, Centred, Estimate, LEAST_BLOCKS, SeriesError, WINDOW, delete_blocks, windowed};

/// Fewest autocorrelation times in a series that gives errors.
pub const LENGTHS: f64 = 100.0;
/// Largest difference of the first quarter and the second half, in standard errors: false alarms below 1e-6.
pub const DRIFT: f64 = 6.0;
/// Largest skewness of a mean.
pub const SKEWED: f64 = 0.15;
/// Length of the blocks of plain means in units of tau.
const PLAIN_BLOCK: f64 = 6.0;
/// Longer series are averaged in bins until they are no longer than this: autocorrelations cost the square.
const LONGEST: usize = 1 << 17;

/// Series of one run, of one length.
pub struct Together<'a> {
    series: Vec<&'a [f64]>,
    estimates: Vec<Result<Estimate, SeriesError>>,
    /// The longest autocorrelation time (0: all are constant), or why no error of any of them can be told.
    tau: Result<f64, SeriesError>,
}

impl<'a> Together<'a> {
    /// Looks at all series. `rounding`: values that spread by no more than this are one value. Cost of each series:
    /// n W, W about 6 tau, n at most 2^17.
    pub fn new(series: &[&'a [f64]], rounding: f64) -> Self {
        let look = |one: &&[f64]| {
            if is_constant(one, rounding) {
                Err(constant(one))
            } else {
                checked(one)
            }
        };
        let estimates: Vec<_> = series.iter().map(look).collect();
        let mut tau = Ok(0.0_f64);
        for found in &estimates {
            match (found, tau) {
                (Ok(found), Ok(longest)) => tau = Ok(longest.max(found.tau)),
                (Err(SeriesError::Constant { .. }), _) | (_, Err(_)) => {}
                (Err(error), Ok(_)) => tau = Err(*error),
            }
        }
        Self {
            series: series.to_vec(),
            estimates,
            tau,
        }
    }

    /// Mean and error of the series number `k`.
    ///
    /// # Errors
    /// Why there is no error: that of the worst of all series; `Skewed`; `Constant`.
    pub fn mean(&self, k: usize) -> Result<Estimate, SeriesError> {
        let tau = self.tau?;
        let (Some(one), Some(found)) = (self.series.get(k), self.estimates.get(k)) else {
            return Err(SeriesError::TooShort { samples: 0, least: 1 });
        };
        let found = (*found)?;
        let blocks = (one.len() as f64 / (PLAIN_BLOCK * tau)) as usize;
        refuse_skewed(&averages(one, blocks.max(LEAST_BLOCKS)), one.len())?;
        Ok(found)
    }

    /// A function of the means of the series of these numbers, by the jackknife over blocks of 20 times the longest
    /// autocorrelation time of all.
    ///
    /// # Errors
    /// As [`Self::mean`]; `NonFinite` where the function has no value.
    pub fn function(&self, numbers: &[usize], f: impl Fn(&[f64]) -> f64) -> Result<Estimate, SeriesError> {
        let tau = self.tau?;
        let chosen: Vec<&[f64]> = numbers
            .iter()
            .filter_map(|k| self.series.get(*k).copied())
            .collect();
        let first = chosen.first().copied().unwrap_or_default();
        let samples = first.len();
        if tau == 0.0 {
            let means: Vec<f64> = chosen.iter().map(|one| average(one)).collect();
            return Err(SeriesError::Constant {
                value: f(&means),
                samples,
            });
        }
        let blocks = (samples as f64 / (BLOCK * tau)) as usize;
        if blocks < LEAST_BLOCKS {
            return Err(SeriesError::Correlated { samples, tau });
        }
        let (mean, error, values) = delete_blocks(&chosen, samples, blocks, f)?;
        refuse_skewed(&values, samples)?;
        // 1 + 1/(2 b): the spread of b blocks is itself known to 1/sqrt(2 b).
        let error = error * (1.0 + 0.5 / blocks as f64);
        Ok(Estimate {
            mean,
            error,
            tau,
            samples,
        })
    }
}

/// Whether all values lie within `rounding` of each other.
fn is_constant(series: &[f64], rounding: f64) -> bool {
    let low = series.iter().copied().fold(f64::INFINITY, f64::min);
    let high = series.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    high - low <= rounding
}

fn constant(series: &[f64]) -> SeriesError {
    let (value, samples) = (series.first().copied().unwrap_or(0.0), series.len());
    SeriesError::Constant { value, samples }
}

/// The estimate of a series that is long enough and does not drift.
fn checked(series: &[f64]) -> Result<Estimate, SeriesError> {
    let samples = series.len();
    let bin = samples.div_ceil(LONGEST).next_power_of_two();
    let binned: Vec<f64>;
    let short = if bin > 1 {
        binned = series.chunks_exact(bin).map(average).collect();
        &binned
    } else {
        series
    };
    let most = (short.len() as f64 * WINDOW / LENGTHS) as usize;
    let mut found = windowed(short, most.max(1)).map_err(|error| match error {
        SeriesError::Correlated { tau, .. } => {
            let tau = tau * bin as f64;
            SeriesError::Correlated { samples, tau }
        }
        other => other,
    })?;
    if bin > 1 {
        // error² = 2 tau var/n, var that of single values
        let variance = Centred::new(series)?.variance();
        found.tau = (0.5 * found.error * found.error * samples as f64 / variance).max(0.5);
        found.samples = samples;
    }
    let found = with_doubt(found);
    let Estimate { error, tau, .. } = found;
    if (samples as f64) < LENGTHS * tau {
        return Err(SeriesError::Correlated { samples, tau });
    }
    let first = average(series.get(..samples / 4).unwrap_or_default());
    let last = average(series.get(samples / 2..).unwrap_or_default());
    // Means of a quarter and of a half: variances of 4 and 2 times that of the whole.
    let sigmas = (first - last).abs() / (error * 6.0_f64.sqrt());
    if sigmas > DRIFT {
        return Err(SeriesError::Drift { samples, sigmas });
    }
    Ok(found)
}

fn average(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len().max(1) as f64
}

/// Averages over so many blocks, whose lengths differ by at most 1.
fn averages(series: &[f64], blocks: usize) -> Vec<f64> {
    let bound = |b: usize| (b as u128 * series.len() as u128 / blocks as u128) as usize;
    let block = |b: usize| average(series.get(bound(b)..bound(b + 1)).unwrap_or_default());
    (0..blocks).map(block).collect()
}

/// The estimate with the error of its autocorrelation time in it.
fn with_doubt(found: Estimate) -> Estimate {
    let n = found.samples as f64;
    let window = WINDOW * found.tau;
    let unbiased = found.tau * (1.0 + (2.0 * window + 1.0) / n);
    let tau = unbiased * (1.0 + 0.5 * (4.0 * window / n).sqrt());
    Estimate {
        error: found.error * (tau / found.tau).sqrt(),
        tau: unbiased,
        ..found
    }
}

/// Refuses a mean of these that is skewed. Of few blocks the skewness itself is known to sqrt(6/b): twice that is let pass.
fn refuse_skewed(blocks: &[f64], samples: usize) -> Result<(), SeriesError> {
    let Ok(centred) = Centred::new(blocks) else {
        return Ok(());
    };
    let count = blocks.len() as f64;
    let spread = (centred.square / count).sqrt();
    let cubes: f64 = centred.deviations.iter().map(|d| (d / spread).powi(3)).sum();
    let skewness = (cubes / count).abs() / count.sqrt();
    if skewness > SKEWED.max(2.0 * 6.0_f64.sqrt() / count) {
        return Err(SeriesError::Skewed { samples, skewness });
    }
    Ok(())
}
