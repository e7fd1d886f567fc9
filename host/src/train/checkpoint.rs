//! A run on disk: everything that its next step depends on, as one safetensors file, written whole or not at all.
//!
//! Kind `gibbs.train.checkpoint`, version 1. f32 tensors `parameter/NAME`, `average/NAME` and, of the optimiser,
//! `mean/NAME` and `square/NAME`, or `momentum/NAME`; `step` (u64, [1]) and `losses` (f64, [steps]). Metadata: version of
//! the program, optimiser, schedule, clip, average, seed, objective, entry by entry (a file of another run is
//! refused), and a digest of it all (a damaged file is refused, not believed). The number of steps to go to is not
//! kept: it may be raised.

use super::{Objective, Settings, TrainError, Trainer};
use crate::data::shorten;
use crate::data::tensors::{Tensor, TensorFile};
use std::path::Path;

const KIND: &str = "gibbs.train.checkpoint";
const VERSION: &str = "1";

/// Everything that the bits of a run depend on, but its tensors.
fn entries_of(settings: &Settings, description: &str) -> [(&'static str, String); 7] {
    // The destructuring makes sure that a new setting is thought of here.
    let Settings {
        steps: _,
        window: _,
        method,
        schedule,
        clip,
        average,
        seed,
    } = settings;
    [
        ("program", env!("CARGO_PKG_VERSION").to_owned()),
        ("optimiser", format!("{method:?}")),
        ("schedule", format!("{schedule:?}")),
        ("clip", format!("{clip:?}")),
        ("average", format!("{average:?}")),
        ("seed", seed.to_string()),
        ("objective", description.to_owned()),
    ]
}

impl Trainer {
    /// Writes the checkpoint. Needs memory for the file twice.
    ///
    /// # Errors
    /// `Data`; `Parameter` when a parameter or a moment has left the range of f32 (nothing is written).
    pub fn save(&self, path: &Path) -> Result<(), TrainError> {
        let mut file = TensorFile::new(KIND, VERSION);
        let entries = entries_of(&self.settings, &self.description);
        file.metadata
            .extend(entries.map(|(key, text)| (key.to_owned(), text)));
        let average = self.average.as_ref().map(|average| ("average", &average.values));
        let groups = std::iter::once(("parameter", &self.parameters))
            .chain(average)
            .chain(self.optimiser.memory());
        for (group, tensors) in groups {
            for ((name, shape), values) in self.names.iter().zip(&self.shapes).zip(tensors) {
                let name = format!("{group}/{name}");
                if !values.iter().all(|value| value.is_finite()) {
                    let reason = "no longer finite, so not worth keeping".to_owned();
                    return Err(TrainError::Parameter {
                        parameter: name,
                        reason,
                    });
                }
                let (shape, values) = (shape.clone(), values.clone());
                file.singles.insert(name, Tensor { shape, values });
            }
        }
        let step = Tensor {
            shape: vec![1],
            values: vec![self.steps()],
        };
        file.integers.insert("step".to_owned(), step);
        let losses = Tensor {
            shape: vec![self.losses.len()],
            values: self.losses.clone(),
        };
        file.tensors.insert("losses".to_owned(), losses);
        file.seal()?;
        Ok(file.save(path)?)
    }

    /// The run that left `path`, to go on with the same settings and objective.
    ///
    /// # Errors
    /// As [`Trainer::new`]; `Data` for a file of another kind or with other tensors; `Other` for one of another run;
    /// `Damaged`.
    pub fn resume(settings: Settings, objective: &impl Objective, path: &Path) -> Result<Self, TrainError> {
        let mut file = TensorFile::load(path, KIND, VERSION)?;
        if let Some((what, found, wanted)) =
            file.differing(entries_of(&settings, &objective.description()))?
        {
            return Err(TrainError::Other {
                path: path.to_owned(),
                what,
                found,
                wanted,
            });
        }
        let damaged = |reason: &str| TrainError::Damaged {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if !file.unseal()? {
            return Err(damaged("it is not as it was written"));
        }
        let [steps] = file.take::<u64>("step", &[1])?[..] else {
            return Err(damaged("no step"));
        };
        if steps > settings.steps {
            return Err(TrainError::Other {
                path: path.to_owned(),
                what: "number of steps done",
                found: steps.to_string(),
                wanted: format!("a run of {}", settings.steps),
            });
        }
        let losses = file.take("losses", &[usize::try_from(steps).unwrap_or(usize::MAX)])?;
        let (names, shapes) = (objective.names(), objective.shapes());
        let mut take = |group: &str| -> Result<Vec<Vec<f32>>, TrainError> {
            let tensors = names.iter().zip(shapes);
            tensors
                .map(|(name, shape)| Ok(file.take(&format!("{group}/{name}"), shape)?))
                .collect()
        };
        let mut trainer = Self::new(settings, objective, take("parameter")?)?;
        if let Some(average) = &mut trainer.average {
            average.values = take("average")?;
            average.updates = steps;
        }
        for (group, tensors) in trainer.optimiser.restore(steps) {
            *tensors = take(group)?;
        }
        if let Some(name) = file.names().next() {
            let reason = format!("the net has no such tensor; it has {} parameters", names.len());
            return Err(file.bad(&shorten(name), &reason).into());
        }
        trainer.losses = losses;
        Ok(trainer)
    }
}
