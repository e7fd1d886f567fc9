//! The file between two runs: everything that the next measurement depends on, as safetensors.
//!
//! Metadata: schema, version of the program, the plan, entry by entry (a file of another plan is refused), sweeps
//! done, the generator of a scalar or cluster chain, and a hash of all data (a damaged file is refused, not
//! believed). Tensors: `spins` (the
//! bytes of the words of the planes, or of i8 spins), `generators` (u64), `energies`, `magnetizations` (i64), `configurations`
//! (packed rows).

use super::chain::{Chain, Lanes};
use super::run::{Record, Run};
use super::{Plan, SampleError};
use crate::files::write_whole;
use crate::ising::lattice::Packed;
use gibbs_core::ising::lattice::Planes;
use gibbs_core::ising::model::check_spins;
use gibbs_core::random::{FNV_OFFSET, Xoshiro256PlusPlus, fnv1a};
use safetensors::tensor::TensorView;
use safetensors::{Dtype, SafeTensors};
use std::collections::HashMap;
use std::path::Path;

const SCHEMA: &str = "gibbs.ising.sample.checkpoint/1";

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
        /// The entry in which file and run differ.
        what: &'static str,
        /// The value in the file.
        found: String,
        /// The value of the run that was asked for.
        wanted: String,
    },
    /// The plan itself is refused.
    #[error(transparent)]
    Sample(#[from] SampleError),
}

#[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
fn damaged(reason: impl ToString) -> CheckpointError {
    CheckpointError::Damaged(reason.to_string())
}

/// Everything that the bits of a run depend on, but its data.
fn entries_of(plan: &Plan) -> Vec<(&'static str, String)> {
    let Plan {
        width,
        height,
        multigraph,
        coupling,
        temperature,
        rule,
        bits,
        draw,
        stream,
        start,
        burn_in,
        sweeps,
        every,
        keep_every,
        seed,
    } = plan;
    vec![
        ("schema", SCHEMA.to_owned()),
        ("version", env!("CARGO_PKG_VERSION").to_owned()),
        ("size", width.to_string()),
        ("height", height.to_string()),
        ("multigraph", multigraph.to_string()),
        ("coupling", format!("{coupling:?}")),
        ("temperature", format!("{temperature:?}")),
        ("rule", format!("{rule:?}")),
        ("bits", bits.to_string()),
        ("draw", format!("{draw:?}")),
        ("stream", format!("{stream:?}")),
        ("start", format!("{start:?}")),
        ("burn-in", burn_in.to_string()),
        ("sweeps", sweeps.to_string()),
        ("every", every.to_string()),
        ("keep-every", keep_every.to_string()),
        ("seed", seed.to_string()),
    ]
}

/// Names and lengths count as well as the bytes.
fn hash<'t>(parts: impl Iterator<Item = (&'t str, &'t [u8])>) -> String {
    let all = parts.fold(FNV_OFFSET, |hash, (name, bytes)| {
        let named = fnv1a(fnv1a(hash, name.as_bytes()), &(bytes.len() as u64).to_le_bytes());
        fnv1a(named, bytes)
    });
    format!("{all:016x}")
}

fn bytes_of<const N: usize>(numbers: impl Iterator<Item = [u8; N]>) -> Vec<u8> {
    numbers.flatten().collect()
}

/// Spins and generators of an engine's chain; it has no other generator.
fn lanes_bytes<W: Packed, const N: usize>(
    lanes: &Lanes<W>,
    word: impl Fn(W) -> [u8; N],
) -> (Vec<u8>, Vec<u8>, Option<&Xoshiro256PlusPlus>) {
    let words = lanes.engine.plane(0).iter().chain(lanes.engine.plane(1));
    let generators = lanes.engine.generators().into_iter();
    (
        bytes_of(words.map(|w| word(*w))),
        bytes_of(generators.map(u64::to_le_bytes)),
        None,
    )
}

impl Run {
    /// Writes everything that the rest of the run depends on, whole or not at all. Needs memory for the file twice.
    ///
    /// # Errors
    /// [`CheckpointError::Io`]; `Damaged` when the format refuses.
    pub fn save(&self, path: &Path) -> Result<(), CheckpointError> {
        let (spins, generators, rng) = match &self.chain {
            Chain::Wide(lanes) => lanes_bytes(lanes, u64::to_le_bytes),
            Chain::Narrow(lanes) => lanes_bytes(lanes, u32::to_le_bytes),
            Chain::Scalar {
                planes: [even, odd],
                rng,
                ..
            } => {
                let words = bytes_of(even.iter().chain(odd).map(|w| w.to_le_bytes()));
                (words, Vec::new(), Some(rng))
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
        // In the order of their names, which is the order of the hash.
        let tensors: [(&str, Dtype, &[u8]); 5] = [
            ("configurations", Dtype::U8, &self.record.configurations),
            ("energies", Dtype::I64, &energies),
            ("generators", Dtype::U64, &generators),
            ("magnetizations", Dtype::I64, &magnetizations),
            ("spins", Dtype::U8, &spins),
        ];
        let mut entries = entries_of(&self.plan);
        entries.push(("done", self.done.to_string()));
        entries.push(("rng", serde_json::to_string(&rng).map_err(damaged)?));
        let texts = entries.iter().map(|(key, text)| (*key, text.as_bytes()));
        let sum = hash(texts.chain(tensors.map(|(name, _, bytes)| (name, bytes))));
        entries.push(("hash", sum));
        let metadata: HashMap<String, String> = entries
            .into_iter()
            .map(|(key, value)| (key.to_owned(), value))
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
        let mut entries = entries_of(&plan);
        for (what, wanted) in &entries {
            let (found, wanted) = (entry(what), wanted.clone());
            if found.is_empty() {
                return Err(damaged(format!("its {what} is missing")));
            }
            if found != wanted {
                return Err(CheckpointError::Other { what, found, wanted });
            }
        }
        entries.extend(["done", "rng"].map(|key| (key, entry(key))));
        let file = SafeTensors::deserialize(&bytes).map_err(damaged)?;
        let mut tensors = file.tensors();
        tensors.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        let texts = entries.iter().map(|(key, text)| (*key, text.as_bytes()));
        let data = tensors.iter().map(|(name, view)| (name.as_str(), view.data()));
        if hash(texts.chain(data)) != entry("hash") {
            return Err(damaged("its data are not as they were written"));
        }
        let tensor = |name: &str| file.tensor(name).map(|view| view.data()).map_err(damaged);
        let mut run = Self::new(plan)?;
        run.done = entry("done").parse().map_err(damaged)?;
        run.chain
            .restore(tensor("spins")?, tensor("generators")?, &entry("rng"))?;
        let pairs: Vec<i64> = words(tensor("magnetizations")?, i64::from_le_bytes)?;
        let (pairs, rest) = pairs.as_chunks::<2>();
        if !rest.is_empty() {
            return Err(damaged("a magnetisation lacks a colour"));
        }
        run.record = Record {
            energies: words(tensor("energies")?, i64::from_le_bytes)?,
            magnetizations: pairs.to_vec(),
            configurations: tensor("configurations")?.to_vec(),
        };
        if !run.is_consistent() {
            return Err(damaged("its series do not have the lengths that its sweeps say"));
        }
        Ok(run)
    }
}

/// Little-endian words of `N` bytes.
fn words<T, const N: usize>(bytes: &[u8], word: impl Fn([u8; N]) -> T) -> Result<Vec<T>, CheckpointError> {
    let (words, rest) = bytes.as_chunks::<N>();
    if !rest.is_empty() {
        return Err(damaged("a tensor ends inside a number"));
    }
    Ok(words.iter().map(|bytes| word(*bytes)).collect())
}

/// Two planes, one after the other.
fn planes_of<T, const N: usize>(
    bytes: &[u8],
    word: impl Fn([u8; N]) -> T,
) -> Result<[Vec<T>; 2], CheckpointError> {
    let mut even = words(bytes, word)?;
    let odd = even.split_off(even.len() / 2);
    Ok([even, odd])
}

impl Chain {
    /// Back to the spins and generators of a file.
    fn restore(&mut self, spins: &[u8], generators: &[u8], rng_text: &str) -> Result<(), CheckpointError> {
        let saved: Option<Xoshiro256PlusPlus> = serde_json::from_str(rng_text).map_err(damaged)?;
        let none = || damaged("the generator is missing");
        match self {
            Self::Wide(Lanes { engine, .. }) => {
                let planes = planes_of(spins, u64::from_le_bytes)?;
                let generators = words(generators, u64::from_le_bytes)?;
                engine.restore(planes, &generators).map_err(damaged)?;
            }
            Self::Narrow(Lanes { engine, .. }) => {
                let planes = planes_of(spins, u32::from_le_bytes)?;
                let generators = words(generators, u64::from_le_bytes)?;
                engine.restore(planes, &generators).map_err(damaged)?;
            }
            Self::Scalar {
                geometry,
                planes,
                rng,
                ..
            } => {
                let [mut even, mut odd] = planes_of(spins, u32::from_le_bytes)?;
                Planes::new(*geometry, [&mut even, &mut odd]).map_err(damaged)?;
                *planes = [even, odd];
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
