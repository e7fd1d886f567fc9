//! What a run leaves behind while it works: one JSON file with the finished experiments.
//!
//! Written whole after each experiment, so that Ctrl-C, kill or a power cut lose at most the experiment in
//! hand. Rows come back with the same bits (numbers are kept as exact text); figures stay on disk and are
//! recognised by their hash. Seconds are kept apart from what must be reproducible.

use super::Row;
use super::claim::{Verdict, exact};
use crate::files::write_whole;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::{Path, PathBuf};

const SCHEMA: &str = "gibbs.reproduce.checkpoint/1";
/// Name of the file in the output folder.
pub const FILE: &str = "reproduce.checkpoint";

/// A figure on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureFile {
    /// File stem in the output folder: `stem.svg`, `stem.png`.
    pub stem: String,
    /// What to see in it.
    pub caption: String,
    /// FNV-1a hash of the SVG followed by the PNG.
    pub hash: u64,
}

impl FigureFile {
    /// The hash of the two files as they are on disk now.
    ///
    /// # Errors
    /// When one of them cannot be read.
    pub fn hash_on_disk(out: &Path, stem: &str) -> io::Result<u64> {
        let svg = std::fs::read(out.join(format!("{stem}.svg")))?;
        let png = std::fs::read(out.join(format!("{stem}.png")))?;
        Ok(fnv1a(fnv1a(FNV_OFFSET, &svg), &png))
    }

    /// True when both files are on disk as they were written.
    pub fn intact(&self, out: &Path) -> bool {
        Self::hash_on_disk(out, &self.stem).is_ok_and(|hash| hash == self.hash)
    }
}

/// A finished experiment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finished {
    /// Name of the experiment.
    pub name: String,
    /// Its rows.
    pub rows: Vec<Row>,
    /// Its figures, already on disk.
    pub figures: Vec<FigureFile>,
    /// Its remarks.
    pub notes: Vec<String>,
    /// Why it gave no outcome, if so. Never in a checkpoint: a failed experiment runs again.
    pub failure: Option<String>,
    /// Wall-clock seconds it took; not part of what is reproducible.
    #[serde(with = "exact")]
    pub seconds: f64,
}

impl Finished {
    /// Rows with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict() == verdict).count()
    }
}

/// The content of the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Checkpoint {
    schema: String,
    version: String,
    seed: u64,
    full: bool,
    /// Finished experiments, in the order they finished.
    pub finished: Vec<Finished>,
}

/// Why a checkpoint cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum CheckpointError {
    /// It cannot be read.
    #[error("cannot read checkpoint {}: {source}; hint: leave out --resume to start afresh", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
    /// It is no checkpoint, or a damaged one.
    #[error("checkpoint {} is damaged: {reason}; hint: leave out --resume to start afresh", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// It belongs to a run with other settings.
    #[error(
        "checkpoint {} was made with {what} {found}, this run has {wanted}; hint: repeat with the same \
         settings, or leave out --resume to start afresh", path.display()
    )]
    Other {
        /// The file.
        path: PathBuf,
        /// Which setting differs.
        what: &'static str,
        /// Its value in the checkpoint.
        found: String,
        /// Its value now.
        wanted: String,
    },
}

impl Checkpoint {
    /// An empty checkpoint of a run with these settings.
    pub fn new(seed: u64, full: bool) -> Self {
        let version = env!("CARGO_PKG_VERSION").to_owned();
        Self {
            schema: SCHEMA.to_owned(),
            version,
            seed,
            full,
            finished: Vec::new(),
        }
    }

    /// Reads the checkpoint of `out` for a run with these settings; a missing file is an empty checkpoint.
    ///
    /// # Errors
    /// [`CheckpointError`]: unreadable, damaged, or of a run with another seed, size or version.
    pub fn resume(out: &Path, seed: u64, full: bool) -> Result<Self, CheckpointError> {
        let path = out.join(FILE);
        let bytes = match std::fs::read(&path) {
            Ok(bytes) => bytes,
            Err(source) if source.kind() == io::ErrorKind::NotFound => return Ok(Self::new(seed, full)),
            Err(source) => return Err(CheckpointError::Read { path, source }),
        };
        let damaged = |reason: &dyn std::fmt::Display| CheckpointError::Damaged {
            path: path.clone(),
            reason: reason.to_string(),
        };
        // The schema first: a later version may have other fields, which is another message.
        let value: serde_json::Value = serde_json::from_slice(&bytes).map_err(|e| damaged(&e))?;
        let schema = value
            .get("schema")
            .and_then(serde_json::Value::as_str)
            .unwrap_or("no schema");
        let compare = |what, found: String, wanted: String| {
            if found == wanted {
                Ok(())
            } else {
                Err(CheckpointError::Other {
                    path: path.clone(),
                    what,
                    found,
                    wanted,
                })
            }
        };
        compare("schema", schema.to_owned(), SCHEMA.to_owned())?;
        let read: Self = serde_json::from_value(value).map_err(|e| damaged(&e))?;
        let now = Self::new(seed, full);
        compare("version", read.version.clone(), now.version)?;
        compare("seed", read.seed.to_string(), seed.to_string())?;
        compare("full size", read.full.to_string(), full.to_string())?;
        Ok(read)
    }

    /// Writes the checkpoint into `out`, whole or not at all.
    ///
    /// # Errors
    /// What the file system reports.
    pub fn write(&self, out: &Path) -> io::Result<()> {
        let mut bytes = serde_json::to_vec_pretty(self).map_err(io::Error::other)?;
        bytes.push(b'\n');
        write_whole(&out.join(FILE), &bytes)
    }
}
