//! Where the bytes of an input come from: a regular file, or standard input as `-`; gzip is unpacked.
//!
//! Only regular files are opened: a named pipe or a device would be waited for, or read, without end. Whoever reads
//! standard input does so before taking over signals, so that a signal still ends the program while nothing arrives.

use super::DataError;
use flate2::read::MultiGzDecoder;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest file that is read, in bytes.
const LONGEST_FILE: u64 = 1 << 36;
/// Longest content whose length is not known beforehand: standard input, and what a packed file unpacks to.
pub(super) const LONGEST_STREAM: u64 = 1 << 31;
/// How a git-lfs pointer begins; it is 130 bytes long or a little more.
const POINTER: &[u8] = b"version https://git-lfs.github.com/spec/";
/// How a gzip member begins.
const GZIP: &[u8] = b"\x1f\x8b";

/// An input in memory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The name for messages: the path, or `standard input`.
    pub name: PathBuf,
    /// Its content, unpacked.
    pub bytes: Vec<u8>,
    /// Whether it was unpacked.
    pub unpacked: bool,
}

impl Source {
    /// Reads a regular file, or standard input for the path `-`.
    ///
    /// # Errors
    /// Missing, forbidden, no regular file, too large, a broken gzip file, a git-lfs pointer.
    pub fn read(path: &Path) -> Result<Self, DataError> {
        let (name, bytes) = if path == Path::new("-") {
            let name = PathBuf::from("standard input");
            let bytes = all(&name, std::io::stdin().lock(), LONGEST_STREAM)?;
            (name, bytes)
        } else {
            (path.to_owned(), read_bytes(path)?)
        };
        if bytes.starts_with(GZIP) {
            let bytes = all(&name, MultiGzDecoder::new(&bytes[..]), LONGEST_STREAM)?;
            let unpacked = true;
            return Ok(Self {
                name,
                bytes,
                unpacked,
            });
        }
        let unpacked = false;
        Ok(Self {
            name,
            bytes,
            unpacked,
        })
    }
}

/// Reads a whole regular file as it is.
///
/// # Errors
/// As [`Source::read`].
pub(crate) fn read_bytes(path: &Path) -> Result<Vec<u8>, DataError> {
    let failed = |source| DataError::reading(path, source);
    let file = crate::files::open_regular(path).map_err(failed)?;
    let length = file.metadata().map_err(failed)?.len();
    if length > LONGEST_FILE {
        return Err(too_large(path, LONGEST_FILE));
    }
    let bytes = all(path, file, LONGEST_FILE)?;
    refuse_pointer(path, &bytes)?;
    Ok(bytes)
}

/// Refuses what git-lfs leaves in the place of a file that was not downloaded.
///
/// # Errors
/// `Pointer`.
pub(super) fn refuse_pointer(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    if bytes.starts_with(POINTER) {
        return Err(DataError::Pointer {
            path: path.to_owned(),
        });
    }
    Ok(())
}

/// Reads to the end, `longest` bytes at most.
pub(super) fn all(path: &Path, from: impl Read, longest: u64) -> Result<Vec<u8>, DataError> {
    let mut bytes = Vec::new();
    from.take(longest.saturating_add(1))
        .read_to_end(&mut bytes)
        .map_err(|source| DataError::reading(path, source))?;
    if bytes.len() as u64 > longest {
        return Err(too_large(path, longest));
    }
    Ok(bytes)
}

fn too_large(path: &Path, longest: u64) -> DataError {
    DataError::TooLarge {
        path: path.to_owned(),
        longest,
    }
}

#[cfg(test)]
mod tests {
    //! Meant to be seen: `>=` for `>` at the limit; one gzip member instead of all; the pointer not looked for.
    use super::*;
    use std::io::Write as _;

    fn packed(bytes: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Source, DataError> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a");
        std::fs::write(&path, bytes).unwrap();
        Source::read(&path)
    }

    #[test] // two members in a row are one content
    fn gzip_is_unpacked_by_its_first_bytes() {
        let plain = read(b"a,b\n1,2\n").unwrap();
        assert_eq!((&plain.bytes[..], plain.unpacked), (&b"a,b\n1,2\n"[..], false));
        let both = [packed(b"a,b\n"), packed(b"1,2\n")].concat();
        let unpacked = read(&both).unwrap();
        assert_eq!((unpacked.bytes, unpacked.unpacked), (plain.bytes, true));
        assert_eq!(read(&both[..both.len() - 3]).unwrap_err().code(), "read_failed");
    }

    #[test]
    fn length_is_bounded() {
        let path = Path::new("a");
        assert_eq!(all(path, &[7; 100][..], 100).unwrap(), [7; 100]);
        let error = all(path, std::io::repeat(0), 100).unwrap_err();
        assert_eq!(error.code(), "too_large");
        assert!(error.to_string().contains("100 bytes"), "{error}");
    }

    #[test] // a file of 128 GiB that holds nothing: refused from its length
    fn a_huge_file_is_refused_before_it_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.csv");
        let file = std::fs::File::create(&path).unwrap();
        if file.set_len(2 * LONGEST_FILE).is_err() {
            let _ = writeln!(std::io::stderr(), "skipped: no sparse files here");
            return;
        }
        assert_eq!(read_bytes(&path).unwrap_err().code(), "too_large");
    }

    #[test]
    fn a_pointer_is_named() {
        let text = b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 12\n";
        let error = read(text).unwrap_err();
        assert_eq!(error.code(), "lfs_pointer");
        assert!(error.to_string().contains("not downloaded"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn pipes_and_devices_are_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe.csv");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status();
        let mut paths = vec![PathBuf::from("/dev/zero"), PathBuf::from("/dev/null")];
        if made.is_ok_and(|status| status.success()) {
            paths.push(pipe);
        }
        for path in paths {
            let error = Source::read(&path).unwrap_err();
            assert_eq!(error.code(), "not_a_file", "{error}");
            assert!(error.to_string().contains("`-`"), "{error}");
        }
    }
}
