//! The file of a kept run, and when it is written.

use super::{Identity, KeepError, Part, Resumable, Shelf};
use crate::data::tensors::TensorFile;
use crate::data::{DataError, shorten};
use std::fmt::Display;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const KIND: &str = "gibbs.kept";
const VERSION: &str = "1";
/// The file is written at most this often.
const PAUSE: Duration = Duration::from_secs(2);
/// A pause is at least this many times as long as the writing before it.
const SHARE: u32 = 20;

/// What is to become of a kept run that is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Wish {
    /// Nobody said: it is not touched, the new run is refused.
    #[default]
    Unsaid,
    /// The run goes on with it.
    Resume,
    /// The kept run is discarded.
    Anew,
}

/// The file of one kept run. Memory: what is kept, and once more while it is written.
#[derive(Debug)]
pub struct Keeper {
    path: PathBuf,
    /// Between two writings at least; none in tests that lose what is not written.
    pause: Option<Duration>,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    file: TensorFile,
    written: Instant,
    pause: Duration,
}

impl Keeper {
    /// The kept run of `identity` in `folder`, which nobody else uses: the one that is there, or a new one, which is written at once.
    ///
    /// # Errors
    /// `Lies` for a kept run that is there while nothing was said of it; with [`Wish::Resume`] `Other` for that of another
    /// run, `Format` for one of another version of the program, `Damaged`; `Io`.
    pub fn open(folder: &Path, identity: &Identity, wish: Wish) -> Result<Self, KeepError> {
        let path = folder.join(identity.file());
        let there = match std::fs::symlink_metadata(&path) {
            Ok(meta) if meta.is_file() => true,
            Ok(_) => return Err(unusable(&path, "is not a regular file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => false,
            Err(error) => return Err(unusable(&path, error)),
        };
        if there && wish == Wish::Unsaid {
            return Err(KeepError::Lies { path });
        }
        let resumed = there && wish == Wish::Resume;
        let file = if resumed {
            read(&path, identity)?
        } else {
            fresh(identity)
        };
        let keeper = Self {
            path,
            pause: Some(PAUSE),
            state: Mutex::new(State {
                file,
                written: Instant::now(),
                pause: PAUSE,
            }),
        };
        if !resumed {
            keeper.write()?;
        }
        Ok(keeper)
    }

    /// The same, written whenever something is kept.
    #[cfg(test)]
    pub(crate) fn eager(mut self) -> Self {
        self.pause = None;
        self.lock().pause = Duration::ZERO;
        self
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether nothing but the identity is kept.
    pub fn is_empty(&self) -> bool {
        let state = self.lock();
        state.file.names().next().is_none() && state.file.metadata.keys().all(|key| !key.contains('/'))
    }

    /// Removes the file: the run is done, or there is nothing worth keeping.
    pub fn remove(self) {
        // A file that stays is harmless: it can only be resumed by the same run, to the same end.
        let _ = std::fs::remove_file(self.path);
    }

    /// The state of the loop at `place`, if it is kept.
    pub(crate) fn recall(&self, place: &str, state: &mut impl Resumable) -> Result<(), KeepError> {
        let mut held = self.lock();
        let mut shelf = Shelf::new(&mut held.file, &self.path, place);
        if shelf.is_empty() {
            return Ok(());
        }
        state.take(&mut shelf)
    }

    /// Whether it is time to write again.
    pub(crate) fn is_due(&self) -> bool {
        let state = self.lock();
        state.written.elapsed() >= state.pause
    }

    /// Writes the file with the state of the loop at `place`, which does not stay in memory.
    pub(crate) fn write_with(&self, place: &str, state: &impl Resumable) -> Result<(), KeepError> {
        let mut held = self.lock();
        state.put(&mut Shelf::new(&mut held.file, &self.path, place));
        let written = self.save(&mut held);
        Shelf::new(&mut held.file, &self.path, place).clear();
        written
    }

    /// The state of the loop at `place` as it ended: kept for whatever comes after it.
    pub(crate) fn settle(&self, place: &str, state: &impl Resumable) {
        let mut held = self.lock();
        state.put(&mut Shelf::new(&mut held.file, &self.path, place));
    }

    /// The part at `place`, if it is kept.
    pub(crate) fn part<P: Part>(&self, place: &str) -> Result<Option<P>, KeepError> {
        let mut held = self.lock();
        let mut shelf = Shelf::new(&mut held.file, &self.path, place);
        if shelf.is_empty() {
            return Ok(None);
        }
        let part = P::take(&mut shelf)?;
        part.put(&mut shelf); // it stays kept
        Ok(Some(part))
    }

    /// Keeps the part at `place`; writes the file when it is due.
    pub(crate) fn keep(&self, place: &str, part: &impl Part) -> Result<(), KeepError> {
        let mut held = self.lock();
        let mut shelf = Shelf::new(&mut held.file, &self.path, place);
        shelf.clear();
        part.put(&mut shelf);
        if held.written.elapsed() >= held.pause {
            self.save(&mut held)
        } else {
            Ok(())
        }
    }

    /// Forgets all that is kept under `place`.
    pub(crate) fn forget(&self, place: &str) {
        let mut held = self.lock();
        Shelf::new(&mut held.file, &self.path, place).clear();
    }

    /// Writes the file as it is.
    pub(crate) fn write(&self) -> Result<(), KeepError> {
        self.save(&mut self.lock())
    }

    fn save(&self, state: &mut State) -> Result<(), KeepError> {
        let begun = Instant::now();
        let sealed = state.file.seal();
        let saved = sealed.and_then(|()| state.file.save(&self.path));
        state.file.metadata.remove(TensorFile::DIGEST);
        state.written = Instant::now();
        state.pause = self
            .pause
            .map_or(Duration::ZERO, |pause| pause.max(SHARE * begun.elapsed()));
        saved.map_err(|error| KeepError::Io {
            path: self.path.clone(),
            reason: match error {
                DataError::Write { source, .. } => format!("cannot be written: {source}"),
                other => other.to_string(),
            },
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn unusable(path: &Path, reason: impl Display) -> KeepError {
    KeepError::Io {
        path: path.to_owned(),
        reason: reason.to_string(),
    }
}

fn fresh(identity: &Identity) -> TensorFile {
    let mut file = TensorFile::new(KIND, VERSION);
    for (what, value) in identity.entries() {
        file.metadata.insert(what.to_owned(), value.to_owned());
    }
    file
}

/// The kept run at `path`, which must be that of `identity`.
fn read(path: &Path, identity: &Identity) -> Result<TensorFile, KeepError> {
    let damaged = |reason: String| KeepError::Damaged {
        path: path.to_owned(),
        reason,
    };
    let format = |found: String| KeepError::Format {
        path: path.to_owned(),
        found,
    };
    let mut file = TensorFile::load(path, KIND, VERSION).map_err(|error| match error {
        DataError::WrongKind { found, .. } => format(format!("a file of kind {found}")),
        DataError::WrongVersion { found, .. } => format(format!("a kept run of version {found}")),
        DataError::NotSafetensors { .. } if is_json(path) => {
            format("a checkpoint in JSON, made by an earlier version of gibbs".to_owned())
        }
        DataError::Read { .. } | DataError::PermissionDenied { .. } => unusable(path, error),
        other => damaged(other.to_string()),
    })?;
    for (what, wanted) in identity.entries() {
        let found = file.metadata.get(what);
        let found = found.ok_or_else(|| damaged(format!("its {what} is missing")))?;
        if found != wanted {
            return Err(KeepError::Other {
                path: path.to_owned(),
                what,
                found: shorten(found),
                wanted: shorten(wanted),
            });
        }
    }
    if file.unseal().is_ok_and(|whole| whole) {
        Ok(file)
    } else {
        Err(damaged("it is not as it was written".to_owned()))
    }
}

fn is_json(path: &Path) -> bool {
    std::fs::read(path).is_ok_and(|bytes| bytes.trim_ascii_start().first() == Some(&b'{'))
}

#[cfg(test)]
mod tests;
