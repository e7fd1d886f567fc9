//! What a long verb leaves behind while it works: one JSON file with its finished parts (folds, replicas, reads).
//!
//! Written whole: at the start, at most every two seconds (less often when that takes long), and when the verb
//! is stopped. Numbers are the shortest decimals that read back as the same bits, so a resumed run ends in the
//! same bits. The file is tied to the data and the options by a hash and removed when the run is done.

use crate::cli::error::CliError;
use crate::experiments::checkpoint::CheckpointError;
use crate::files::write_whole;
use crate::work::Keeper;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const PAUSE: Duration = Duration::from_secs(2);
/// A pause is at least this many times as long as the writing before it.
const SHARE: u32 = 20;

/// A run, as far as its parts depend on it.
pub(super) struct Run {
    /// Family and verb, `garrote.fit`: the schema is `gibbs.garrote.fit.checkpoint/1`, the file `fit.checkpoint`.
    pub(super) verb: &'static str,
    /// Its rule or method, for the message when another is asked for.
    pub(super) method: String,
    /// Its seed.
    pub(super) seed: u64,
    /// Hash of data and options.
    pub(super) key: u64,
}

#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct Content {
    schema: String,
    version: String,
    method: String,
    seed: u64,
    /// Hash of data and options.
    key: String,
    /// Hash of the parts: a damaged file is refused, not believed.
    parts_hash: String,
    parts: BTreeMap<usize, String>,
}

struct State {
    content: Content,
    written: Instant,
    pause: Duration,
}

impl Content {
    fn hash_of_parts(&self) -> String {
        let hash = self.parts.iter().fold(FNV_OFFSET, |hash, (index, text)| {
            fnv1a(fnv1a(hash, &(*index as u64).to_le_bytes()), text.as_bytes())
        });
        format!("{hash:016x}")
    }
}

/// The checkpoint of one run.
pub(super) struct Checkpoint {
    path: PathBuf,
    state: Mutex<State>,
}

impl Checkpoint {
    /// The checkpoint in `out`: the one that is there with `resume`, otherwise a new one.
    pub(super) fn open(out: &Path, run: Run, resume: bool) -> Result<Self, CliError> {
        let name = run.verb.rsplit('.').next().unwrap_or(run.verb);
        let path = out.join(format!("{name}.checkpoint"));
        let fresh = Content {
            schema: format!("gibbs.{}.checkpoint/1", run.verb),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            method: run.method,
            seed: run.seed,
            key: format!("{:016x}", run.key),
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
            state: Mutex::new(State {
                content,
                written: Instant::now(),
                pause: PAUSE,
            }),
        };
        let written = checkpoint.write(&mut checkpoint.lock());
        written.map_err(|e| CliError::failed(format!("{}: {e}", checkpoint.path.display())))?;
        Ok(checkpoint)
    }

    /// The run was stopped: writes what is there now, and says so.
    pub(super) fn interrupted(&self) -> CliError {
        let path = self.path.display();
        let mut state = self.lock();
        if let Err(e) = self.write(&mut state) {
            return CliError::interrupted(format!("interrupted; {path}: {e}"));
        }
        let parts = state.content.parts.len();
        let message =
            format!("interrupted: {parts} parts are done and kept in {path}\nhint: go on with --resume");
        CliError::interrupted(message)
            .with("checkpoint", path.to_string())
            .with("finished", parts)
    }

    /// The run is done: nothing is left to resume.
    pub(super) fn remove(self) {
        // A file that stays is harmless: it can only be resumed by the same run, to the same end.
        let _ = std::fs::remove_file(self.path);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut State) -> io::Result<()> {
        let begun = Instant::now();
        state.content.parts_hash = state.content.hash_of_parts();
        let mut bytes = serde_json::to_vec(&state.content).map_err(io::Error::other)?;
        bytes.push(b'\n');
        write_whole(&self.path, &bytes)?;
        state.written = Instant::now();
        state.pause = PAUSE.max(SHARE * begun.elapsed());
        Ok(())
    }
}

impl Keeper for Checkpoint {
    fn recall(&self, index: usize) -> Option<Vec<f64>> {
        numbers(self.lock().content.parts.get(&index)?)
    }

    fn keep(&self, index: usize, part: &[f64]) -> io::Result<()> {
        let texts: Vec<String> = part.iter().map(|value| format!("{value:?}")).collect();
        let mut state = self.lock();
        state.content.parts.insert(index, texts.join(" "));
        if state.written.elapsed() >= state.pause {
            self.write(&mut state)?;
        }
        Ok(())
    }
}

fn numbers(text: &str) -> Option<Vec<f64>> {
    text.split_whitespace().map(|word| word.parse().ok()).collect()
}

/// Reads a checkpoint that must be of the same run as `wanted`.
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
    same("schema", schema.unwrap_or("no schema"), &wanted.schema)?;
    let found: Content = serde_json::from_value(value).map_err(|e| damaged(e.to_string()))?;
    same("version", &found.version, &wanted.version)?;
    same("method", &found.method, &wanted.method)?;
    same("seed", &found.seed.to_string(), &wanted.seed.to_string())?;
    same("data or options of hash", &found.key, &wanted.key)?;
    if found.parts_hash != found.hash_of_parts() || found.parts.values().any(|text| numbers(text).is_none()) {
        return Err(damaged("its parts are not as they were written".to_owned()));
    }
    Ok(found)
}
