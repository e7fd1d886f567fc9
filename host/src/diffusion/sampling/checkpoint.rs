//! Trajectories on disk: everything that the next hop depends on, as one safetensors file, written whole or not at all.
//!
//! Kind `gibbs.diffusion.trajectories`, version 1. f32 tensors `states` [samples, length] and `history`; `place` (u64, [3]):
//! first sample of the batch in hand, its hops done, samples of a batch. Metadata: version of the program, sampler, plan, seed
//! and description, entry by entry (a file of another run is refused), and a digest of it all (a damaged file is refused).

use super::Trajectories;
use crate::data::tensors::{Tensor, TensorFile};
use crate::diffusion::error::DiffusionError;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::path::Path;

const KIND: &str = "gibbs.diffusion.trajectories";
const VERSION: &str = "1";

impl Trajectories<f32> {
    fn entries(&self, description: &str) -> [(&'static str, String); 5] {
        let plan = fnv1a(FNV_OFFSET, format!("{:?}", self.hops).as_bytes());
        [
            ("program", env!("CARGO_PKG_VERSION").to_owned()),
            ("sampler", format!("{:?}", self.sampler)),
            ("plan", format!("{} hops, {plan:016x}", self.hops.len())),
            ("seed", self.seed.to_string()),
            ("run", description.to_owned()),
        ]
    }

    /// Writes the checkpoint; `description` tells whatever else the samples depend on.
    ///
    /// # Errors
    /// `Data`.
    pub fn save(&self, path: &Path, description: &str) -> Result<(), DiffusionError> {
        let mut file = TensorFile::new(KIND, VERSION);
        let entries = self.entries(description);
        file.metadata
            .extend(entries.map(|(key, text)| (key.to_owned(), text)));
        let states = Tensor {
            shape: vec![self.count(), self.length],
            values: self.states.clone(),
        };
        let history = Tensor {
            shape: vec![self.history.len()],
            values: self.history.clone(),
        };
        file.singles.insert("states".to_owned(), states);
        file.singles.insert("history".to_owned(), history);
        let place = Tensor {
            shape: vec![3],
            values: vec![self.first as u64, self.done as u64, self.batch as u64],
        };
        file.integers.insert("place".to_owned(), place);
        file.seal()?;
        Ok(file.save(path)?)
    }

    /// Goes on from the checkpoint of the same run: this one as it was at its start.
    ///
    /// # Errors
    /// `Data` for a file of another kind or with other tensors; `Other` for one of another run; `Damaged`.
    pub fn resume(mut self, path: &Path, description: &str) -> Result<Self, DiffusionError> {
        let mut file = TensorFile::load(path, KIND, VERSION)?;
        if let Some((what, found, wanted)) = file.differing(self.entries(description))? {
            return Err(DiffusionError::Other {
                path: path.to_owned(),
                what,
                found,
                wanted,
            });
        }
        let damaged = |reason: &str| DiffusionError::Damaged {
            path: path.to_owned(),
            reason: reason.to_owned(),
        };
        if !file.unseal()? {
            return Err(damaged("it is not as it was written"));
        }
        let place = file.take::<u64>("place", &[3])?;
        let [first, done, batch] = place[..] else {
            return Err(damaged("no place"));
        };
        let number = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        (self.first, self.done, self.batch) = (number(first), number(done), number(batch));
        if self.first > self.count() || self.done >= self.hops.len() || self.batch == 0 {
            return Err(damaged("its place is outside the run"));
        }
        let shape = [self.count(), self.length];
        self.states = file.take("states", &shape)?;
        let history = self.fresh_history().len();
        self.history = file.take("history", &[history])?;
        Ok(self)
    }
}
