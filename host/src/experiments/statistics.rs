//! What experiments on random draws share: draws worked on in parallel, means with their standard errors, the paired t
//! statistic.
//!
//! ```text
//! standard error   s/sqrt(n),  s^2 = sum (x - mean)^2/(n - 1)
//! paired t         mean(a - b) / standard error of (a - b)         both methods on the same draws
//! ```

use super::{Context, ExperimentError};
use crate::keep::{KeepError, Part, Shelf};
use rayon::prelude::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Draws per seed of the command line: draw k of seed s is number 1,000,000 s + k of its protocol, so that
/// the default seed uses the draws 0, 1, 2, … and no two seeds share one.
const DRAWS_PER_SEED: u64 = 1_000_000;

/// Number of draw `index` under `seed`.
pub(super) fn draw_number(seed: u64, index: u64) -> u64 {
    seed.wrapping_mul(DRAWS_PER_SEED).wrapping_add(index)
}

/// Works on draws 0..count in parallel; results come in their order. Each is kept as a part of `task`.
pub(super) fn kept_draws<T: Serialize + DeserializeOwned + Send>(
    context: &Context<'_>,
    task: &str,
    count: u64,
    work: impl Fn(u64) -> Result<T, ExperimentError> + Sync,
) -> Result<Vec<T>, ExperimentError> {
    let one = |index: usize| work(draw_number(context.seed, index as u64));
    kept(context, task, count as usize, one)
}

/// Anything that serde writes, as a finished part: the bytes of its JSON, in which finite numbers keep all their bits.
struct Written<T>(T);

impl<T: Serialize + DeserializeOwned + Send> Part for Written<T> {
    fn put(&self, shelf: &mut Shelf<'_>) {
        let bytes = serde_json::to_vec(&self.0).unwrap_or_default();
        debug_assert!(serde_json::from_slice::<T>(&bytes).is_ok(), "not finite");
        shelf.list("json", bytes);
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        let bytes: Vec<u8> = shelf.take_list("json")?;
        let value = serde_json::from_slice(&bytes).map_err(|error| shelf.damaged(error))?;
        Ok(Self(value))
    }
}

/// For `#[serde(with = "as_bits")]`: a number that may be NaN or infinite, as the whole number of the same bits.
pub(super) mod as_bits {
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref)] // as serde gives it
    pub(crate) fn serialize<S: Serializer>(value: &f64, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_u64(value.to_bits())
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<f64, D::Error> {
        u64::deserialize(from).map(f64::from_bits)
    }
}

/// Parts 0..count in parallel, in their order, each kept as a part of `task`. Numbers that may not be finite need
/// [`as_bits`]: JSON has none.
pub(super) fn kept<T: Serialize + DeserializeOwned + Send>(
    context: &Context<'_>,
    task: &str,
    count: usize,
    make: impl Fn(usize) -> Result<T, ExperimentError> + Sync,
) -> Result<Vec<T>, ExperimentError> {
    let parts = context
        .work
        .parts(task, count, |index| make(index).map(Written))?;
    Ok(parts.into_iter().map(|Written(value)| value).collect())
}

/// Works on draws 0..count in parallel; results come in their order, and are too large to be kept. Advances the progress
/// by one each.
pub(super) fn over_draws<T: Send>(
    context: &Context<'_>,
    count: u64,
    work: impl Fn(u64) -> Result<T, ExperimentError> + Sync,
) -> Result<Vec<T>, ExperimentError> {
    (0..count)
        .into_par_iter()
        .map(|index| {
            context.check()?;
            let done = work(draw_number(context.seed, index))?;
            context.work.progress.advance(1);
            Ok(done)
        })
        .collect()
}

/// Mean and its standard error (0 for fewer than two values).
pub(super) fn mean_error(values: &[f64]) -> (f64, f64) {
    let count = values.len() as f64;
    let mean = values.iter().sum::<f64>() / count;
    if values.len() < 2 {
        return (mean, 0.0);
    }
    let square: f64 = values.iter().map(|v| (v - mean).powi(2)).sum();
    (mean, (square / (count - 1.0) / count).sqrt())
}

/// t of the hypothesis that the first is not larger on average, draw by draw.
pub(super) fn paired_t(larger: &[f64], smaller: &[f64]) -> f64 {
    let difference: Vec<f64> = larger.iter().zip(smaller).map(|(a, b)| a - b).collect();
    let (mean, error) = mean_error(&difference);
    mean / error
}

#[cfg(test)]
mod tests {
    //! Oracle: small cases by hand. Mutation seen red: division by n instead of n - 1.
    use super::*;
    use crate::work::testing::stopped_every;
    use serde::Deserialize;

    #[derive(Clone, Debug, Serialize, Deserialize)]
    struct Numbers {
        plain: Vec<f64>,
        #[serde(with = "as_bits")]
        any: f64,
    }

    #[test] // law: what was kept has the bits of what was not; mutation seen red: `any` without as_bits
    fn kept_numbers_come_back_to_the_bit() {
        let numbers = |index: usize| Numbers {
            plain: [
                0.1,
                1.0 / 3.0,
                5e-324,
                -0.0,
                1.797_693_134_862_315_7e308,
                2.0_f64.sqrt(),
            ]
            .to_vec(),
            any: [f64::NAN, f64::NEG_INFINITY, 0.3][index],
        };
        let bits = |numbers: &Numbers| -> Vec<u64> {
            let all = numbers.plain.iter().chain([&numbers.any]);
            all.map(|x| x.to_bits()).collect()
        };
        let (found, stops) = stopped_every(1, |work| {
            let context = Context {
                work: *work,
                seed: 0,
                full: false,
            };
            let found = kept(&context, "numbers", 3, |index| Ok(numbers(index)))?;
            Ok::<_, ExperimentError>(found.iter().map(bits).collect::<Vec<_>>())
        });
        assert!(stops > 0);
        for (index, found) in found.iter().enumerate() {
            assert_eq!(*found, bits(&numbers(index)));
        }
    }

    #[test]
    fn mean_error_and_t_by_hand() {
        let (mean, error) = mean_error(&[1.0, 2.0, 3.0, 6.0]); // squares 4 + 1 + 0 + 9 = 14
        assert_eq!(mean, 3.0);
        assert!((error - (14.0_f64 / 12.0).sqrt()).abs() < 1e-15);
        assert_eq!(mean_error(&[5.0]), (5.0, 0.0));
        // differences 1, 3: mean 2, s^2 = 2, error 1
        assert!((paired_t(&[2.0, 5.0], &[1.0, 2.0]) - 2.0).abs() < 1e-15);
    }
}
