//! Outputs appear whole or not at all: written under a temporary name in the same folder, then renamed.

use std::io::{self, Write};
use std::path::Path;

/// Writes `bytes` to `path` through a temporary file beside it. A reader sees the old content or the new
/// one, never a part; on an error nothing is left behind.
///
/// # Errors
/// What the file system reports: missing or unwritable folder, full disk.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let mut builder = tempfile::Builder::new();
    builder.prefix(".gibbs-");
    #[cfg(unix)]
    {
        // A temporary file is private by default; an output is as readable as the umask says.
        use std::os::unix::fs::PermissionsExt;
        builder.permissions(std::fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(path).map_err(|failure| failure.error)?;
    Ok(())
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
        Ok(())
    }
}
