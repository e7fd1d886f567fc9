//! What a long `fit` leaves behind while it works: one JSON file with its finished parts (folds, replicas).
//!
//! Written whole: at the start, at most every two seconds, and when the fit is stopped. Numbers are the
//! shortest decimals that read back as the same bits, so a resumed fit ends in the same bits. The file is tied
//! to the data and the options by a hash and removed when the fit is done.

use crate::cli::error::CliError;
use crate::experiments::checkpoint::CheckpointError;
use crate::files::write_whole;
use crate::garrote::parts::Keeper;
use crate::garrote::{Design, FitOptions};
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const SCHEMA: &str = "gibbs.garrote.fit.checkpoint/1";
/// Name of the file in the output folder.
const FILE: &str = "fit.checkpoint";
const PAUSE: Duration = Duration::from_secs(2);

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: String,
    version: String,
    rule: String,
    seed: u64,
    /// Hash of data and options.
    key: String,
    /// Hash of the parts: a damaged file is refused, not believed.
    parts_hash: String,
    parts: BTreeMap<usize, String>,
}

impl Content {
    fn hash_of_parts(&self) -> String {
        let hash = self.parts.iter().fold(FNV_OFFSET, |hash, (index, text)| {
            fnv1a(fnv1a(hash, &(*index as u64).to_le_bytes()), text.as_bytes())
        });
        format!("{hash:016x}")
    }
}

/// The checkpoint of one fit.
pub(super) struct Checkpoint {
    path: PathBuf,
    state: Mutex<(Content, Instant)>,
}

impl Checkpoint {
    /// The checkpoint in `out`: the one that is there with `resume`, otherwise a new one.
    pub(super) fn open(
        out: &Path,
        design: &Design,
        options: &FitOptions,
        resume: bool,
    ) -> Result<Self, CliError> {
        let path = out.join(FILE);
        let fresh = Content {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            rule: options.rule.to_string(),
            seed: options.seed,
            key: key(design, options),
            parts_hash: String::new(),
            parts: BTreeMap::new(),
        };
        let content = match std::fs::read(&path) {
            Ok(bytes) if resume => {
                let in_file = |e: CheckpointError| {
                    CliError::input(e.to_string()).with("file", path.display().to_string())
                };
                read(&path, &bytes, &fresh).map_err(in_file)?
            }
            Err(source) if resume && source.kind() != io::ErrorKind::NotFound => {
                return Err(CliError::input(
                    CheckpointError::Read { path, source }.to_string(),
                ));
            }
            _ => fresh,
        };
        let checkpoint = Self {
            path,
            state: Mutex::new((content, Instant::now())),
        };
        let written = checkpoint.write(&mut checkpoint.lock());
        written.map_err(|e| CliError::failed(format!("{}: {e}", checkpoint.path.display())))?;
        Ok(checkpoint)
    }

    /// Writes what is there now; gives the number of finished parts.
    pub(super) fn flush(&self) -> io::Result<usize> {
        let mut state = self.lock();
        self.write(&mut state)?;
        Ok(state.0.parts.len())
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The fit is done: nothing is left to resume.
    pub(super) fn remove(self) {
        // A file that stays is harmless: it can only be resumed by the same fit, to the same end.
        let _ = std::fs::remove_file(self.path);
    }

    fn lock(&self) -> MutexGuard<'_, (Content, Instant)> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, (content, written): &mut (Content, Instant)) -> io::Result<()> {
        content.parts_hash = content.hash_of_parts();
        let mut bytes = serde_json::to_vec(content).map_err(io::Error::other)?;
        bytes.push(b'\n');
        *written = Instant::now();
        write_whole(&self.path, &bytes)
    }
}

impl Keeper for Checkpoint {
    fn recall(&self, index: usize) -> Option<Vec<f64>> {
        numbers(self.lock().0.parts.get(&index)?)
    }

    fn keep(&self, index: usize, part: &[f64]) -> io::Result<()> {
        let texts: Vec<String> = part.iter().map(|value| format!("{value:?}")).collect();
        let mut state = self.lock();
        state.0.parts.insert(index, texts.join(" "));
        if state.1.elapsed() >= PAUSE {
            self.write(&mut state)?;
        }
        Ok(())
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

/// Reads a checkpoint that must be of the same fit as `wanted`.
fn read(path: &Path, bytes: &[u8], wanted: &Content) -> Result<Content, CheckpointError> {
    let damaged = |reason: String| CheckpointError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let value: serde_json::Value = serde_json::from_slice(bytes).map_err(|e| damaged(e.to_string()))?;
    let same = |what, found: &str, wanted: &str| {
        if found == wanted {
            return Ok(());
        }
        Err(CheckpointError::Other {
            path: path.to_owned(),
            what,
            found: found.to_owned(),
            wanted: wanted.to_owned(),
        })
    };
    // The schema first: a later version may have other fields, which is another message.
    let schema = value.get("schema").and_then(serde_json::Value::as_str);
    same("schema", schema.unwrap_or("no schema"), SCHEMA)?;
    let found: Content = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
    same("version", &found.version, &wanted.version)?;
    same("rule", &found.rule, &wanted.rule)?;
    same("seed", &found.seed.to_string(), &wanted.seed.to_string())?;
    same("data or options of hash", &found.key, &wanted.key)?;
    if found.parts_hash != found.hash_of_parts() || found.parts.values().any(|text| numbers(text).is_none()) {
        return Err(damaged("its parts are not as they were written".to_owned()));
    }
    Ok(found)
}

/// Hash of all that the parts depend on.
fn key(design: &Design, options: &FitOptions) -> String {
    let settings = format!(
        "{:?} {:?} {} {} {} {} {:?} {:?}",
        options.solver,
        options.path_tolerance,
        options.gammas,
        options.folds,
        options.replicas,
        options.rule,
        design.names,
        design.target
    );
    let numbers = design
        .x
        .iter()
        .chain(&design.y)
        .chain(&design.mean)
        .chain(&design.scale);
    let hash = numbers.fold(fnv1a(FNV_OFFSET, settings.as_bytes()), |hash, value| {
        fnv1a(hash, &value.to_le_bytes())
    });
    format!("{hash:016x}")
}
