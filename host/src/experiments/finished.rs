//! What an experiment left: rows and remarks, figures on disk, the time it took.
//!
//! It is kept as JSON in the file of the kept run, whose seal refuses a changed digit. Rows come back with the same bits
//! (numbers are exact text); figures stay on disk and are recognised by their hash. Seconds are apart from what must be
//! reproducible.

use super::Row;
use crate::keep::{KeepError, Part, Shelf};
use crate::report::claim::{Verdict, exact};
use crate::report::screen::Group;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde::{Deserialize, Serialize};
use std::io;
use std::path::Path;

/// A figure on disk.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct FigureFile {
    /// File stem in the output folder: `stem.svg`, `stem.png`.
    pub stem: String,
    /// What is to be seen in the figure.
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
    /// The rows of the experiment.
    pub rows: Vec<Row>,
    /// The figures of the experiment, already on disk.
    pub figures: Vec<FigureFile>,
    /// The remarks of the experiment.
    pub notes: Vec<String>,
    /// Why it gave no outcome, if so. Never kept: a failed experiment runs again.
    pub failure: Option<String>,
    /// Wall-clock seconds it took; not part of what is reproducible.
    #[serde(with = "exact")]
    pub seconds: f64,
}

impl Finished {
    /// Its rows for the screen.
    pub fn group(&self) -> Group<'_> {
        Group {
            name: &self.name,
            rows: &self.rows,
            failure: self.failure.as_deref(),
            seconds: Some(self.seconds),
        }
    }

    /// Rows with this verdict.
    pub fn count(&self, verdict: Verdict) -> usize {
        self.rows.iter().filter(|row| row.verdict() == verdict).count()
    }
}

impl Part for Finished {
    fn put(&self, shelf: &mut Shelf<'_>) {
        // Plain data: nothing in it can fail to be written as JSON.
        shelf.text("finished", serde_json::to_string(self).unwrap_or_default());
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        shelf.take_text("finished", |text| serde_json::from_str(text).ok())
    }
}
