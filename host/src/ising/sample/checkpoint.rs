//! The file between two runs: everything that the next measurement depends on, as safetensors.
//!
//! Metadata: kind, version, the plan (a file of another plan is refused), sweeps done, the generator of a scalar
//! or cluster chain, and a hash of all data (a damaged file is refused, not believed). Tensors: `spins` (u64
//! words of the planes, or i8 spins), `generators` (u64), `energies`, `magnetizations` (i64), `configurations`
//! (packed rows).

use super::chain::Chain;
use super::run::{Record, Run};
use super::{Plan, SampleError};
use crate::files::write_whole;
use gibbs_core::ising::lattice::Planes;
use gibbs_core::ising::model::check_spins;
use gibbs_core::random::{FNV_OFFSET, Xoshiro256PlusPlus, fnv1a};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;

const KIND: &str = "gibbs.ising.sample.checkpoint";
const VERSION: &str = "1";

/// Why a run cannot go on from a file.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckpointError {
    /// It cannot be read or written.
    #[error("{0}")]
    Io(#[from] std::io::Error),
    /// It is no checkpoint, or not as it was written.
    #[error("damaged: {0}\nhint: remove it and start anew")]
    Damaged(String),
    /// It belongs to another run.
    #[error(
        "its {what} is {found}, but {wanted} was asked for\nhint: give the same options, or run without --resume"
    )]
    Other {
        /// What differs.
        what: &'static str,
        /// In the file.
        found: String,
        /// Asked for.
        wanted: String,
    },
    /// The plan itself is refused.
    #[error(transparent)]
    Sample(#[from] SampleError),
}

fn damaged(reason: impl ToString) -> CheckpointError {
    CheckpointError::Damaged(reason.to_string())
}

fn plan_text(plan: &Plan) -> String {
    format!("{plan:?}")
}

/// Names and shapes count as well as the bytes.
fn hash<'t>(tensors: impl Iterator<Item = (&'t str, usize, &'t [u8])>, entries: &[&str]) -> String {
    let entries = entries
        .iter()
        .fold(FNV_OFFSET, |h, entry| fnv1a(fnv1a(h, entry.as_bytes()), b"\n"));
    let all = tensors.fold(entries, |h, (name, length, bytes)| {
        fnv1a(
            fnv1a(fnv1a(h, name.as_bytes()), &(length as u64).to_le_bytes()),
            bytes,
        )
    });
    format!("{all:016x}")
}

fn bytes_of<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    numbers.flatten().collect()
}

impl Run {
    /// Writes everything that the rest of the run depends on, whole or not at all.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; `Damaged` when the format refuses.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let words = |planes: [&[u64]; 2]| bytes_of(planes.into_iter().flatten().map(|w| w.to_le_bytes()));
        let (spins, generators, rng) = match &self.chain {
            Chain::Lanes { engine, .. } => {
                let generators = bytes_of(engine.generators().into_iter().map(u64::to_le_bytes));
                (words([engine.plane(0), engine.plane(1)]), generators, None)
            }
            Chain::Scalar {
                planes: [even, odd],
                rng,
                ..
            } => {
                let wide = bytes_of(even.iter().chain(odd).map(|w| u64::from(*w).to_le_bytes()));
                (wide, Vec::new(), Some(rng))
            }
            Chain::Cluster { spins, rng, .. } => (
                spins.iter().map(|s| s.to_le_bytes()[0]).collect(),
                Vec::new(),
                Some(rng),
            ),
        };
        let energies = bytes_of(self.record.energies.iter().map(|e| e.to_le_bytes()));
        let pairs = self.record.magnetizations.iter().flatten();
        let magnetizations = bytes_of(pairs.map(|m| m.to_le_bytes()));
        let mut tensors: Vec<(&str, Dtype, &[u8])> = vec![
            ("configurations", Dtype::U8, &self.record.configurations),
            ("energies", Dtype::I64, &energies),
            ("generators", Dtype::U64, &generators),
            ("magnetizations", Dtype::I64, &magnetizations),
            ("spins", Dtype::U8, &spins),
        ];
        tensors.sort_unstable_by_key(|(name, ..)| *name);
        let rng = serde_json::to_string(&rng).map_err(damaged)?;
        let (plan, done) = (plan_text(&self.plan), self.done.to_string());
        let sum = hash(
            tensors
                .iter()
                .map(|(name, _, bytes)| (*name, bytes.len(), *bytes)),
            &[&plan, &done, &rng],
        );
        let entries = [
            ("kind", KIND),
            ("version", VERSION),
            ("plan", &plan),
            ("done", &done),
            ("rng", &rng),
            ("hash", &sum),
        ];
        let metadata: HashMap<String, String> = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .collect();
        let mut views = Vec::new();
        for (name, dtype, bytes) in &tensors {
            let size = if *dtype == Dtype::U8 { 1 } else { 8 };
            views.push((
                *name,
                TensorView::new(*dtype, vec![bytes.len() / size], bytes).map_err(damaged)?,
            ));
        }
        let file = safetensors::serialize(views, Some(metadata)).map_err(damaged)?;
        Ok(write_whole(path, &file)?)
    }

    /// The run of `plan` that left `path`.
    ///
    /// # Errors
    /// [`CheckpointError`].
    pub fn load(plan: Plan, path: &Path) -> Result<Self, CheckpointError> {
        let bytes = std::fs::read(path)?;
        let (_, header) = SafeTensors::read_metadata(&bytes).map_err(damaged)?;
        let metadata = header.metadata().clone().unwrap_or_default();
        let entry = |key: &str| metadata.get(key).cloned().unwrap_or_default();
        for (what, found, wanted) in [
            ("kind", entry("kind"), KIND.to_owned()),
            ("version", entry("version"), VERSION.to_owned()),
            ("plan", entry("plan"), plan_text(&plan)),
        ] {
            if found != wanted {
                return Err(CheckpointError::Other { what, found, wanted });
            }
        }
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let mut tensors = file.tensors();
        tensors.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let data = tensors
            .iter()
            .map(|(name, view)| (name.as_str(), view.data().len(), view.data()));
        let (done, rng) = (entry("done"), entry("rng"));
        if hash(data, &[&plan_text(&plan), &done, &rng]) != entry("hash") {
            return Err(damaged("its data are not as they were written"));
        }
        let tensor = |name: &str| file.tensor(name).map(|view| view.data()).map_err(damaged);
        let mut run = Self::new(plan)?;
        run.done = done.parse().map_err(damaged)?;
        run.chain.restore(tensor("spins")?, tensor("generators")?, &rng)?;
        let pairs = numbers(tensor("magnetizations")?)?;
        let (pairs, rest) = pairs.as_chunks::<2>();
        run.record = Record {
            energies: numbers(tensor("energies")?)?
                .into_iter()
                .map(u64::cast_signed)
                .collect(),
            magnetizations: pairs.iter().map(|pair| pair.map(u64::cast_signed)).collect(),
            configurations: tensor("configurations")?.to_vec(),
        };
        if !rest.is_empty() || run.record.energies.len() != run.record.magnetizations.len() {
            return Err(damaged("its series have different lengths"));
        }
        Ok(run)
    }
}

/// Little-endian words.
fn numbers(bytes: &[u8]) -> Result<Vec<u64>, CheckpointError> {
    let (words, rest) = bytes.as_chunks::<8>();
    if !rest.is_empty() {
        return Err(damaged("a tensor ends inside a number"));
    }
    Ok(words.iter().map(|word| u64::from_le_bytes(*word)).collect())
}

impl Chain {
    /// Back to the spins and generators of a file.
    fn restore(&mut self, spins: &[u8], generators: &[u8], rng_text: &str) -> Result<(), CheckpointError> {
        let saved: Option<Xoshiro256PlusPlus> = serde_json::from_str(rng_text).map_err(damaged)?;
        let none = || damaged("the generator is missing");
        match self {
            Self::Lanes { engine, .. } => {
                let words = numbers(spins)?;
                let (even, odd) = words.split_at(words.len() / 2);
                let planes = [even.to_vec(), odd.to_vec()];
                engine.restore(planes, &numbers(generators)?).map_err(damaged)?;
            }
            Self::Scalar {
                geometry,
                planes,
                rng,
                ..
            } => {
                let narrow: Option<Vec<u32>> = numbers(spins)?
                    .into_iter()
                    .map(|word| u32::try_from(word).ok())
                    .collect();
                let mut narrow = narrow.ok_or_else(|| damaged("a word of more than 32 bits"))?;
                let mut odd = narrow.split_off(narrow.len() / 2);
                Planes::new(*geometry, [&mut narrow, &mut odd]).map_err(damaged)?;
                *planes = [narrow, odd];
                *rng = saved.ok_or_else(none)?;
            }
            Self::Cluster { spins: to, rng, .. } => {
                let from: Vec<i8> = spins.iter().map(|s| s.cast_signed()).collect();
                check_spins(&from, to.len()).map_err(damaged)?;
                *to = from;
                *rng = saved.ok_or_else(none)?;
            }
        }
        Ok(())
    }
}
