//! A fitted garrote and its file: what prediction, export and a later reader of the result need.
//!
//! The file is safetensors, kind `gibbs.garrote.model`, version 2. f64 tensors of shape `[N]`: `mean`, `scale`,
//! `inclusion`, `weight`, `evidence`, `refit`; of shape `[k, k]`: `refit_covariance`. Everything else is
//! metadata: names as JSON, numbers as the shortest decimal that reads back as the same f64.
//!
//! Units: `mean` and `scale` in those of the column, `weight` and `refit` in those of the target (per standard
//! deviation of the column), `evidence`, `gamma` and `free_energy` in nats, `noise_sd` in that of the target.
//! The coefficient of variable i in original units is `m_i w_i / sd_i`.
//!
//! The noise is estimated with its degrees of freedom, from M rows, the constant and Σ m variables (k of the refit):
//!
//! ```text
//! noise_sd² = M ehat / (M - 1 - Σ m)          refit_noise_sd² = RSS / (M - 1 - k)
//! ```
//! Intervals are Student's t with these degrees; where the noise was given, they are infinitely many.

mod predict;

use crate::data::DataError;
use crate::data::tensors::{Tensor, TensorFile};
pub use predict::{Interval, Prediction};
use std::collections::HashSet;
use std::path::Path;

const KIND: &str = "gibbs.garrote.model";
const VERSION: &str = "2";

/// A fitted garrote of N variables, k of them selected (inclusion above 1/2).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Model {
    /// Names of the N variables.
    pub variables: Vec<String>,
    /// Name of the target.
    pub target: String,
    /// Mean of each column.
    pub mean: Vec<f64>,
    /// Standard deviation of each column (divisor M); 0 marks a dead column.
    pub scale: Vec<f64>,
    /// Mean of the target.
    pub target_mean: f64,
    /// Standard deviation of the target (divisor M).
    pub target_sd: f64,
    /// Probability m that the variable is in, in [0, 1].
    pub inclusion: Vec<f64>,
    /// Weight w if in: units of the target per standard deviation of the column.
    pub weight: Vec<f64>,
    /// Evidence for being in, nats: beta M w^2 / 2.
    pub evidence: Vec<f64>,
    /// Least squares on the selected columns, units as `weight`; 0 elsewhere.
    pub refit: Vec<f64>,
    /// (Z'Z)^-1 of the standardised selected columns, k x k, in order of index; empty if there is no refit.
    pub refit_covariance: Vec<f64>,
    /// Prior log-odds of a variable to be in, nats; negative is sparse.
    pub gamma: f64,
    /// Standard deviation of the noise, in the unit of the target.
    pub noise_sd: f64,
    /// Its degrees of freedom M - 1 - Σ m; infinity where the noise was given.
    pub degrees: f64,
    /// Standard deviation of the noise about the least-squares refit.
    pub refit_noise_sd: f64,
    /// Its degrees of freedom M - 1 - k; infinity where the noise was given.
    pub refit_degrees: f64,
    /// Free energy at the solution, nats.
    pub free_energy: f64,
    /// Effective number of samples M.
    pub samples: f64,
    /// The rule that chose gamma.
    pub rule: String,
    /// How the solver ended.
    pub status: String,
    /// The pass (forward, backward, ...) that the solution is from.
    pub pass: String,
    /// Seed of the fit.
    pub seed: u64,
}

impl Model {
    /// Indices of the selected variables: inclusion above 1/2.
    pub fn selected(&self) -> Vec<usize> {
        self.inclusion
            .iter()
            .enumerate()
            .filter(|(_, m)| **m > 0.5)
            .map(|(index, _)| index)
            .collect()
    }

    /// Writes the model file, whole or not at all.
    ///
    /// # Errors
    /// `Model` if the model is inconsistent (nothing is written); `Write`.
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        self.check("model")?;
        self.to_file()?.save(path)
    }

    /// Reads a model file. Nothing is repaired: whatever is missing, misshapen, non-finite, out of range or
    /// of another kind or version is refused.
    ///
    /// # Errors
    /// A [`DataError`] that names the file and the tensor, metadata entry or field.
    pub fn load(path: &Path) -> Result<Self, DataError> {
        Self::from_file(path, TensorFile::load(path, KIND, VERSION)?)
    }

    /// The model in the bytes of a file; otherwise as [`Model::load`]. `path` is for messages.
    ///
    /// # Errors
    /// As [`Model::load`].
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Result<Self, DataError> {
        Self::from_file(path, TensorFile::from_bytes(path, bytes, KIND, VERSION)?)
    }

    pub(crate) fn to_file(&self) -> Result<TensorFile, DataError> {
        let variables = serde_json::to_string(&self.variables)
            .map_err(|error| bad("model", "variables", error.to_string()))?;
        let mut file = TensorFile::new(KIND, VERSION);
        let exact = |value: f64| format!("{value:?}");
        for (key, text) in [
            ("variables", variables),
            ("target", self.target.clone()),
            ("target_mean", exact(self.target_mean)),
            ("target_sd", exact(self.target_sd)),
            ("gamma", exact(self.gamma)),
            ("noise_sd", exact(self.noise_sd)),
            ("degrees", exact(self.degrees)),
            ("refit_noise_sd", exact(self.refit_noise_sd)),
            ("refit_degrees", exact(self.refit_degrees)),
            ("free_energy", exact(self.free_energy)),
            ("samples", exact(self.samples)),
            ("rule", self.rule.clone()),
            ("status", self.status.clone()),
            ("pass", self.pass.clone()),
            ("seed", self.seed.to_string()),
        ] {
            file.metadata.insert(key.to_owned(), text);
        }
        for (name, values) in self.columns() {
            let tensor = Tensor {
                shape: vec![values.len()],
                values: values.clone(),
            };
            file.tensors.insert(name.to_owned(), tensor);
        }
        let k = self.refit_size();
        let covariance = Tensor {
            shape: vec![k, k],
            values: self.refit_covariance.clone(),
        };
        file.tensors.insert("refit_covariance".to_owned(), covariance);
        Ok(file)
    }

    fn from_file(path: &Path, mut file: TensorFile) -> Result<Self, DataError> {
        let text = |text: &str| Some(text.to_owned());
        let number = |text: &str| text.parse::<f64>().ok();
        let variables: Vec<String> = file.entry("variables", |text| serde_json::from_str(text).ok())?;
        let n = variables.len();
        let mut model = Self {
            variables,
            target: file.entry("target", text)?,
            mean: file.take("mean", &[n])?,
            scale: file.take("scale", &[n])?,
            target_mean: file.entry("target_mean", number)?,
            target_sd: file.entry("target_sd", number)?,
            inclusion: file.take("inclusion", &[n])?,
            weight: file.take("weight", &[n])?,
            evidence: file.take("evidence", &[n])?,
            refit: file.take("refit", &[n])?,
            refit_covariance: Vec::new(),
            gamma: file.entry("gamma", number)?,
            noise_sd: file.entry("noise_sd", number)?,
            degrees: file.entry("degrees", number)?,
            refit_noise_sd: file.entry("refit_noise_sd", number)?,
            refit_degrees: file.entry("refit_degrees", number)?,
            free_energy: file.entry("free_energy", number)?,
            samples: file.entry("samples", number)?,
            rule: file.entry("rule", text)?,
            status: file.entry("status", text)?,
            pass: file.entry("pass", text)?,
            seed: file.entry("seed", |text| text.parse().ok())?,
        };
        let origin = path.display().to_string();
        model.check_inclusion(&origin)?; // before k is counted from it
        let k = match file.tensors.get("refit_covariance") {
            Some(tensor) if tensor.shape == [0, 0] => 0,
            _ => model.selected().len(),
        };
        model.refit_covariance = file.take("refit_covariance", &[k, k])?;
        model.check(&origin)?;
        Ok(model)
    }

    /// The tensors of length N.
    fn columns(&self) -> [(&'static str, &Vec<f64>); 6] {
        [
            ("mean", &self.mean),
            ("scale", &self.scale),
            ("inclusion", &self.inclusion),
            ("weight", &self.weight),
            ("evidence", &self.evidence),
            ("refit", &self.refit),
        ]
    }

    /// Side of `refit_covariance`: the number of selected variables, 0 without a refit.
    fn refit_size(&self) -> usize {
        if self.refit_covariance.is_empty() {
            0
        } else {
            self.selected().len()
        }
    }

    /// The rules that a model keeps, in memory and on disk. `origin` is for the message.
    pub(super) fn check(&self, origin: &str) -> Result<(), DataError> {
        let bad = |field, reason: String| Err(bad(origin, field, reason));
        let n = self.variables.len();
        if n == 0 {
            return bad("variables", "there are none".to_owned());
        }
        let mut seen = HashSet::from([self.target.as_str()]);
        if let Some(name) = self.variables.iter().find(|name| !seen.insert(name)) {
            return bad(
                "variables",
                format!(
                    "`{}` occurs twice, or is the target too",
                    crate::data::shorten(name)
                ),
            );
        }
        for (field, values) in self.columns() {
            if values.len() != n {
                return bad(field, format!("{} entries, expected {n}", values.len()));
            }
        }
        let all = self
            .columns()
            .into_iter()
            .chain([("refit_covariance", &self.refit_covariance)]);
        for (field, values) in all {
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return bad(
                    field,
                    format!("entry {index} is {}, expected a finite number", values[index]),
                );
            }
        }
        let k = self.selected().len();
        let size = self.refit_covariance.len();
        if size != 0 && Some(size) != k.checked_mul(k) {
            return bad(
                "refit_covariance",
                format!("{size} entries, expected {k} x {k} for {k} selected variables"),
            );
        }
        let least = |field, values: &[f64]| match values.iter().position(|value| *value < 0.0) {
            Some(index) => bad(
                field,
                format!("entry {index} is {}, expected at least 0", values[index]),
            ),
            None => Ok(()),
        };
        least("scale", &self.scale)?;
        least("evidence", &self.evidence)?;
        self.check_inclusion(origin)?;
        for (field, value) in [
            ("target_mean", self.target_mean),
            ("target_sd", self.target_sd),
            ("gamma", self.gamma),
            ("noise_sd", self.noise_sd),
            ("refit_noise_sd", self.refit_noise_sd),
            ("free_energy", self.free_energy),
            ("samples", self.samples),
        ] {
            if !value.is_finite() {
                return bad(field, format!("{value}, expected a finite number"));
            }
        }
        for (field, value) in [
            ("noise_sd", self.noise_sd),
            ("degrees", self.degrees),
            ("refit_noise_sd", self.refit_noise_sd),
            ("refit_degrees", self.refit_degrees),
            ("samples", self.samples),
        ] {
            if value.is_nan() || value <= 0.0 {
                return bad(field, format!("{value}, expected more than 0"));
            }
        }
        least("target_sd", &[self.target_sd])
    }

    fn check_inclusion(&self, origin: &str) -> Result<(), DataError> {
        match self.inclusion.iter().position(|m| !(0.0..=1.0).contains(m)) {
            Some(index) => {
                let reason = format!("entry {index} is {}, expected 0 to 1", self.inclusion[index]);
                Err(bad(origin, "inclusion", reason))
            }
            None => Ok(()),
        }
    }
}

fn bad(origin: &str, field: &'static str, reason: String) -> DataError {
    DataError::Model {
        origin: origin.to_owned(),
        field,
        reason,
    }
}
