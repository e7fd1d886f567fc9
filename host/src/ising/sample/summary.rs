//! Means with errors from a record.

use super::wave::correlation_length;
use super::{Coupling, Plan, Record};
use crate::ising::statistics::together::Together;
use crate::ising::statistics::{Estimate, SeriesError};

/// A mean, and its error where there is one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Measured {
    /// The mean, or the function of means.
    pub mean: f64,
    /// Error, autocorrelation time (in measurements) and number of samples, or why there are none.
    pub estimate: Result<Estimate, SeriesError>,
}

/// What a run says about the model, per site; magnetisations of an antiferromagnet are staggered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Summary {
    /// Energy per site, in units of |J|.
    pub energy: Measured,
    /// <|m|>.
    pub abs_magnetization: Measured,
    /// The mean of the squared magnetisation, <m²>.
    pub magnetization2: Measured,
    /// Binder's cumulant 1 - <m⁴> / (3 <m²>²).
    pub binder: Measured,
    /// `(<E²> - <E>²) / (N T²)`, in units of k_B.
    pub specific_heat: Measured,
    /// N (<m²> - <|m|>²) / T, in units of 1 / |J|.
    pub susceptibility: Measured,
    /// The second-moment correlation length in sites, where waves were measured.
    pub correlation_length: Option<Measured>,
}

impl Summary {
    /// All of them, with their names.
    pub fn observables(&self) -> Vec<(&'static str, &Measured)> {
        let mut all = vec![
            ("energy", &self.energy),
            ("|magnetization|", &self.abs_magnetization),
            ("magnetization²", &self.magnetization2),
            ("Binder cumulant", &self.binder),
            ("specific heat", &self.specific_heat),
            ("susceptibility", &self.susceptibility),
        ];
        all.extend(
            self.correlation_length
                .iter()
                .map(|xi| ("correlation length", xi)),
        );
        all
    }

    /// Means with errors from a record under a plan, at the effective temperature.
    ///
    /// # Errors
    /// [`SeriesError::TooShort`] without measurements.
    pub fn new(plan: &Plan, record: &Record, temperature: f64) -> Result<Self, SeriesError> {
        if record.energies.is_empty() {
            return Err(SeriesError::TooShort { samples: 0, least: 1 });
        }
        let sites = plan.sites() as f64;
        let energies: Vec<f64> = record.energies.iter().map(|e| *e as f64 / sites).collect();
        let staggered = plan.coupling == Coupling::Antiferromagnet;
        let order = |[even, odd]: &[i64; 2]| if staggered { even - odd } else { even + odd } as f64 / sites;
        let power = |k: i32| -> Vec<f64> {
            record
                .magnetizations
                .iter()
                .map(|m| order(m).abs().powi(k))
                .collect()
        };
        let [first, second, fourth] = [1, 2, 4].map(power);
        // Energies are centred, or their squares would swallow the variance.
        let centre = mean(&energies);
        let centred: Vec<f64> = energies.iter().map(|e| e - centre).collect();
        let squares: Vec<f64> = centred.iter().map(|e| e * e).collect();
        let heat = sites / (temperature * temperature);
        let mut all = vec![&energies[..], &first, &second, &fourth, &centred, &squares];
        if plan.waves {
            all.push(&record.waves);
        }
        let together = Together::new(&all, 0.0);
        let plain = |k: usize| Measured {
            mean: mean(all[k]),
            estimate: together.mean(k),
        };
        let function = |numbers: [usize; 2], f: &dyn Fn(&[f64]) -> f64| {
            let estimate = together.function(&numbers, f);
            let means = numbers.map(|k| mean(all[k]));
            let mean = estimate.map_or_else(|_| f(&means), |e| e.mean);
            Measured { mean, estimate }
        };
        Ok(Self {
            energy: plain(0),
            abs_magnetization: plain(1),
            magnetization2: plain(2),
            binder: function([2, 3], &|m| 1.0 - m[1] / (3.0 * m[0] * m[0])),
            specific_heat: function([4, 5], &|m| heat * (m[1] - m[0] * m[0])),
            susceptibility: function([1, 2], &|m| sites / temperature * (m[1] - m[0] * m[0])),
            correlation_length: plan
                .waves
                .then(|| function([2, 6], &|m| correlation_length(m[0], m[1], plan.height))),
        })
    }
}

fn mean(series: &[f64]) -> f64 {
    series.iter().sum::<f64>() / series.len() as f64
}
