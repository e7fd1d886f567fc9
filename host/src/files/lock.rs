//! One process at a time in an output folder, and the clearing of what an outright kill left there.

use super::PREFIX;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};

/// The file in the folder that holds the lock.
pub const LOCK: &str = ".gibbs.lock";

/// Why a folder is not ours.
#[derive(Debug, thiserror::Error)]
pub enum LockError {
    /// Another process works in it.
    #[error("{}: in use by another run of gibbs{}\nhint: give each run a folder of its own", folder.display(), process(owner.as_deref()))]
    Taken {
        /// The folder.
        folder: PathBuf,
        /// What the other run wrote about itself: its process number.
        owner: Option<String>,
    },
    /// The lock cannot be made.
    #[error("{}: {source}", path.display())]
    Io {
        /// The file of the lock.
        path: PathBuf,
        /// What the system reported.
        source: io::Error,
    },
}

fn process(owner: Option<&str>) -> String {
    owner.map_or(String::new(), |owner| format!(" (process {owner})"))
}

/// A locked folder. The system lets go of the lock when the process ends, however it ends, so none is ever stale.
#[derive(Debug)]
pub struct Lock {
    path: PathBuf,
    file: File,
}

impl Lock {
    /// Locks `folder`, which exists, and removes the temporary files that a killed run left in it and in its folders.
    ///
    /// # Errors
    /// [`LockError`]. Where the file system knows no locks, the folder counts as ours.
    pub fn take(folder: &Path) -> Result<Self, LockError> {
        let path = folder.join(LOCK);
        let failed = |source| LockError::Io {
            path: path.clone(),
            source,
        };
        loop {
            let mut file = open(&path).map_err(failed)?;
            match file.try_lock() {
                Ok(()) if is_still(&file, &path) => {}
                // The run that had the lock removed the file between our opening and our locking it.
                Ok(()) => continue,
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {}
                Err(TryLockError::Error(error)) => return Err(failed(error)),
                Err(TryLockError::WouldBlock) => {
                    let mut text = String::new();
                    let read = file.take(20).read_to_string(&mut text);
                    let owner = read.ok().map(|_| text.trim().to_owned());
                    return Err(LockError::Taken {
                        folder: folder.to_owned(),
                        owner: owner.filter(|owner| !owner.is_empty()),
                    });
                }
            }
            // Only a help for the reader of the message above.
            let _ = file.set_len(0).and_then(|()| file.rewind());
            let _ = write!(file, "{}", std::process::id());
            clear(folder);
            return Ok(Self { path, file });
        }
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        // Removed while it is held, so that nobody locks a file that is about to go.
        let _ = std::fs::remove_file(&self.path);
        let _ = self.file.unlock();
    }
}

/// Never follows into a FIFO or a device: such a file is refused.
fn open(path: &Path) -> io::Result<File> {
    if let Ok(meta) = std::fs::symlink_metadata(path)
        && !meta.is_file()
    {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "is not a regular file",
        ));
    }
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
}

/// Whether the locked file is the one that the name still means.
#[cfg(unix)]
fn is_still(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(held), Ok(named)) => (held.dev(), held.ino()) == (named.dev(), named.ino()),
        _ => false,
    }
}

#[cfg(not(unix))]
fn is_still(_: &File, _: &Path) -> bool {
    true
}

/// Removes temporary files, also in the folders of this one that nobody else has locked: they belong to runs that were killed.
fn clear(folder: &Path) {
    clear_flat(folder);
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) && !path.join(LOCK).exists() {
            clear_flat(&path);
        }
    }
}

fn clear_flat(folder: &Path) {
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        // As `tempfile` names them: six letters or digits.
        let rest = name.to_str().and_then(|name| name.strip_prefix(PREFIX));
        let ours =
            rest.is_some_and(|rest| rest.len() == 6 && rest.bytes().all(|b| b.is_ascii_alphanumeric()));
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) {
            let _ = std::fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // R2: the second is told, with the process that has it; afterwards the folder is free and clean
    fn one_at_a_time() {
        let folder = tempfile::tempdir().unwrap();
        let first = Lock::take(folder.path()).unwrap();
        let refused = Lock::take(folder.path()).unwrap_err().to_string();
        assert!(refused.contains(&std::process::id().to_string()), "{refused}");
        drop(first);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        drop(Lock::take(folder.path()).unwrap());
    }

    #[test] // R8: what a killed run left is gone, what is the user's stays; its lock file does not count as a lock
    fn leavings_are_cleared() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        for name in [".gibbs-Ab12Cd", LOCK, "samples.csv", ".gibbs-notes"] {
            std::fs::write(path(name), b"1").unwrap();
        }
        std::fs::create_dir(path(".gibbs-foldrs")).unwrap();
        // A folder of ours, and that of another run, which goes on.
        for (folder, file) in [
            ("bases", ".gibbs-Ab12Cd"),
            ("other", ".gibbs-Ab12Cd"),
            ("other", LOCK),
        ] {
            std::fs::create_dir_all(path(folder)).unwrap();
            std::fs::write(path(folder).join(file), b"1").unwrap();
        }
        drop(Lock::take(folder.path()).unwrap());
        let there = |name: &str| path(name).exists();
        assert!(!there(".gibbs-Ab12Cd") && !there(LOCK));
        assert!(!there("bases/.gibbs-Ab12Cd") && there("other/.gibbs-Ab12Cd"));
        assert!(there("samples.csv") && there(".gibbs-notes") && there(".gibbs-foldrs"));
    }
}
