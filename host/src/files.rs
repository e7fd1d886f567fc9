//! Outputs appear whole or not at all: written under a temporary name in the same folder, then renamed.
//!
//! A reader sees the old content or the new one, never a part; a failure leaves the old file as it was and no
//! temporary file behind.

pub mod lock;

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;
use tempfile::NamedTempFile;

/// How the names of temporary files begin.
const PREFIX: &str = ".gibbs-";

/// Opens a regular file for reading. What is none is not opened: a named pipe would wait for its writer.
///
/// # Errors
/// What the file system reports; `IsADirectory`; `InvalidInput` for a pipe, a socket or a device.
pub fn open_regular(path: &Path) -> io::Result<File> {
    let refuse = |what: &std::fs::Metadata| {
        if what.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        if !what.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(())
    };
    refuse(&std::fs::metadata(path)?)?;
    let file = File::open(path)?;
    refuse(&file.metadata()?)?; // it may have been exchanged meanwhile
    Ok(file)
}

/// A temporary file beside the final one.
fn temporary(folder: &Path) -> io::Result<NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(PREFIX);
    #[cfg(unix)]
    {
        // A temporary file is private by default; an output is as readable as the umask says.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    builder.tempfile_in(folder)
}

/// Lets `fill` write the content of `path`, piece by piece: for contents too large to hold.
///
/// # Errors
/// What `fill` or the file system reports: missing or unwritable folder, full disk.
pub fn write_streamed(path: &Path, fill: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut file = temporary(folder)?;
    let mut out = BufWriter::new(&mut file);
    fill(&mut out)?;
    out.flush()?;
    drop(out);
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
}

/// Writes `bytes` to `path`.
///
/// # Errors
/// As [`write_streamed`].
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    write_streamed(path, |out| out.write_all(bytes))
}

/// Makes the folder if need be and tries whether it takes a file: to be called before any computing.
///
/// # Errors
/// What the file system reports.
pub fn ensure_writable(folder: &Path) -> io::Result<()> {
    std::fs::create_dir_all(folder)?;
    temporary(folder).map(drop)
}

#[cfg(test)]
mod tests {
    //! Mutation seen red: the temporary file kept when the renaming fails.
    use super::*;

    #[test]
    fn replaces_whole_and_leaves_no_temporary_file() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("a.txt");
        write_whole(&path, b"a longer first version")?;
        write_whole(&path, b"second")?;
        assert_eq!(std::fs::read(&path)?, b"second");
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }

    #[test]
    fn a_failed_write_leaves_nothing() -> io::Result<()> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("taken");
        std::fs::create_dir(&path)?;
        assert!(write_whole(&path, b"x").is_err());
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        assert!(write_whole(&folder.path().join("no/such/folder"), b"x").is_err());
        let stopped = write_streamed(&folder.path().join("half"), |out| {
            out.write_all(b"first half")?;
            Err(io::Error::other("stopped"))
        });
        assert!(stopped.is_err());
        assert_eq!(std::fs::read_dir(folder.path())?.count(), 1);
        Ok(())
    }
}
