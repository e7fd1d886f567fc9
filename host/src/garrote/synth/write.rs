//! A draw as files: `train.csv`, `validation.csv` (where there is one), `test.csv`, `truth.csv`.
//!
//! Samples have the columns x0, x1, .. and y; `truth.csv` has one row `column,weight,noise_sd` per column
//! (the noise is one number, repeated). Numbers are written with the fewest digits that read back to the
//! same bits. Each file appears under its name only when complete.

use super::{Draw, Sample};
use crate::files::write_streamed;
use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

/// A file could not be written.
#[derive(Debug, thiserror::Error)]
#[error("cannot write {}: {source}\nhint: name a directory that you may write to", path.display())]
pub struct WriteError {
    path: PathBuf,
    source: io::Error,
}

/// Writes the draw into `dir`, which is made if need be; gives the paths written.
///
/// # Errors
/// [`WriteError`] names the file.
pub fn write(draw: &Draw, dir: &Path) -> Result<Vec<PathBuf>, WriteError> {
    std::fs::create_dir_all(dir).map_err(|source| WriteError {
        path: dir.into(),
        source,
    })?;
    let mut paths = Vec::new();
    let samples = [
        ("train.csv", Some(&draw.train)),
        ("validation.csv", draw.validation.as_ref()),
        ("test.csv", Some(&draw.test)),
    ];
    for (name, sample) in samples {
        if let Some(sample) = sample {
            paths.push(place(dir, name, |out| rows(sample, out))?);
        }
    }
    paths.push(place(dir, "truth.csv", |out| {
        writeln!(out, "column,weight,noise_sd")?;
        draw.weights
            .iter()
            .enumerate()
            .try_for_each(|(j, w)| writeln!(out, "x{j},{w},{}", draw.noise_sd))
    })?);
    Ok(paths)
}

fn rows(sample: &Sample, out: &mut dyn io::Write) -> io::Result<()> {
    let columns: Vec<&[f64]> = sample.x.chunks_exact(sample.rows).collect();
    let mut line = String::new();
    for j in 0..columns.len() {
        let _ = write!(line, "x{j},"); // a String takes everything
    }
    writeln!(out, "{line}y")?;
    for (row, y) in sample.y.iter().enumerate() {
        line.clear();
        for column in &columns {
            let _ = write!(line, "{},", column[row]);
        }
        writeln!(out, "{line}{y}")?;
    }
    Ok(())
}

fn place(
    dir: &Path,
    name: &str,
    fill: impl FnOnce(&mut dyn io::Write) -> io::Result<()>,
) -> Result<PathBuf, WriteError> {
    let path = dir.join(name);
    match write_streamed(&path, fill) {
        Ok(()) => Ok(path),
        Err(source) => Err(WriteError { path, source }),
    }
}
