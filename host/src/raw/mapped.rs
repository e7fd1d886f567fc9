//! A file mapped read-only into memory: the system reads pages as they are touched and may drop them again,
//! so that a checkpoint of gigabytes is never copied whole.

use memmap2::Mmap;
use std::fs::{File, Metadata};
use std::io;
use std::path::Path;
use std::time::SystemTime;

/// A regular file, mapped read-only for as long as this value lives.
#[derive(Debug)]
pub struct Mapped {
    file: File,
    map: Mmap,
    /// Time of the last change when the file was mapped, where the system keeps one.
    modified: Option<SystemTime>,
}

impl Mapped {
    /// Maps a file, which may be empty.
    ///
    /// Cost: one system call and no reading; address space as long as the file.
    ///
    /// # Errors
    /// What the system says: missing, forbidden, not to be mapped. `InvalidInput` for what is no regular file
    /// (opening a named pipe would wait for a writer).
    pub fn open(path: &Path) -> io::Result<Self> {
        let file = crate::files::open_regular(path)?;
        let modified = file.metadata()?.modified().ok();
        // SAFETY: the map is read-only, is handed out only under the borrow of `self`, and keeps its length.
        // What the type system cannot promise is that no other process writes the file meanwhile. One that
        // rewrites bytes in place changes numbers under us: every consumer here copies them out as plain
        // integers and checks those copies, so no invariant of a type rests on the mapped bytes. One that
        // truncates the file makes the pages past the new end unreadable: touching them ends the process
        // (SIGBUS), it never reads foreign memory. `check` turns a change that has already happened into an
        // error and is called before and after every read; only a truncation between that call and the read
        // itself still ends the process. On Windows a mapped file cannot be truncated.
        let map = unsafe { Mmap::map(&file) }?;
        Ok(Self { file, map, modified })
    }

    /// All bytes of the file. Call [`Mapped::check`] before and after reading them.
    pub fn bytes(&self) -> &[u8] {
        &self.map
    }

    /// Whether the file is still what was mapped: as long as then, and not written since.
    ///
    /// # Errors
    /// `Other` when it changed; what the system says when it cannot be asked.
    pub fn check(&self) -> io::Result<()> {
        let now = self.file.metadata()?;
        if self.is_same(&now) {
            Ok(())
        } else {
            Err(io::Error::other(format!(
                "it was changed while it was read ({} bytes before, {} now)",
                self.map.len(),
                now.len()
            )))
        }
    }

    fn is_same(&self, now: &Metadata) -> bool {
        now.len() == self.map.len() as u64 && now.modified().ok() == self.modified
    }
}

#[cfg(test)]
mod tests {
    //! Mutations seen red: the length not compared; the time not compared; directories let through.
    use super::*;
    use std::time::Duration;

    fn file(content: &[u8]) -> (tempfile::TempDir, std::path::PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.bin");
        std::fs::write(&path, content).unwrap();
        (folder, path)
    }

    #[test]
    fn shows_the_bytes_of_the_file() {
        for content in [&b""[..], b"x", &[7; 10_000]] {
            let (_folder, path) = file(content);
            let map = Mapped::open(&path).unwrap();
            assert_eq!(map.bytes(), content);
            map.check().unwrap();
        }
    }

    #[test] // the write keeps the time stamp, so that the length alone tells
    fn a_truncated_or_longer_file_is_an_error() {
        for length in [3, 9_999, 10_001] {
            let (_folder, path) = file(&[7; 10_000]);
            let map = Mapped::open(&path).unwrap();
            let change = File::options().write(true).open(&path).unwrap();
            change.set_len(length).unwrap();
            change.set_modified(map.modified.unwrap()).unwrap();
            let message = map.check().unwrap_err().to_string();
            assert!(message.contains("10000 bytes before"), "{message}");
        }
    }

    #[test]
    fn a_file_written_in_place_is_an_error() {
        let (_folder, path) = file(&[7; 100]);
        let map = Mapped::open(&path).unwrap();
        let change = File::options().write(true).open(&path).unwrap();
        change
            .set_modified(map.modified.unwrap() + Duration::from_secs(2))
            .unwrap();
        assert!(map.check().is_err());
    }

    #[test] // memory stays mapped when the name goes away: nothing to refuse
    fn a_removed_file_is_still_readable() {
        let (folder, path) = file(b"abc");
        let map = Mapped::open(&path).unwrap();
        drop(folder);
        assert_eq!(map.bytes(), b"abc");
        map.check().unwrap();
    }

    #[test]
    fn what_is_no_regular_file_is_refused() {
        let (folder, path) = file(b"abc");
        let kind = |path: &Path| Mapped::open(path).unwrap_err().kind();
        assert_eq!(kind(folder.path()), io::ErrorKind::IsADirectory);
        assert_eq!(kind(&path.with_extension("no")), io::ErrorKind::NotFound);
        #[cfg(unix)]
        assert_eq!(kind(Path::new("/dev/null")), io::ErrorKind::InvalidInput);
    }
}
