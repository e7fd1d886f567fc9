//! Writers: a file appears whole or not at all (see [`crate::files`]).

use super::{DataError, Table};
use crate::files;
use std::io;
use std::path::Path;

/// Writes `bytes` to `path` by way of a temporary file in the same folder.
///
/// # Errors
/// `Write`, naming the path; an older file of that name stays as it was.
pub fn write_atomic(path: &Path, bytes: &[u8]) -> Result<(), DataError> {
    files::write_whole(path, bytes).map_err(|source| DataError::Write {
        path: path.to_owned(),
        source,
    })
}

/// Writes a table as CSV with a header. Numbers have as many digits as it takes to read the same f64 back.
///
/// # Errors
/// `Write`, naming the path, also when the columns differ in length.
pub fn write_csv(table: &Table, path: &Path) -> Result<(), DataError> {
    let failed = |source| DataError::Write {
        path: path.to_owned(),
        source,
    };
    let rows = table.rows();
    if table.columns.iter().any(|column| column.values.len() != rows) {
        return Err(failed(io::Error::new(
            io::ErrorKind::InvalidInput,
            "columns differ in length",
        )));
    }
    let mut writer = csv::Writer::from_writer(Vec::new());
    let header = table.columns.iter().map(|column| column.name.as_str());
    writer
        .write_record(header)
        .map_err(|error| failed(io::Error::other(error)))?;
    for row in 0..rows {
        let cells = table.columns.iter().map(|column| shortest(column.values[row]));
        writer
            .write_record(cells)
            .map_err(|error| failed(io::Error::other(error)))?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|error| failed(io::Error::other(error.to_string())))?;
    write_atomic(path, &bytes)
}

/// The shortest decimal that reads back as the same f64, without a trailing `.0`.
pub(crate) fn shortest(value: f64) -> String {
    let mut text = format!("{value:?}");
    if text.ends_with(".0") {
        text.truncate(text.len() - 2);
    }
    text
}

/// Makes the directory if need be and tries whether it takes a file: called before any computing.
///
/// # Errors
/// `OutputNotWritable`, naming the directory.
pub fn ensure_output_dir(path: &Path) -> Result<(), DataError> {
    files::ensure_writable(path).map_err(|source| DataError::OutputNotWritable {
        path: path.to_owned(),
        source,
    })
}
