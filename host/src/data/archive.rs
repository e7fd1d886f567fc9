//! `NumPy` `.npz` archives as tables.
//!
//! An array of one dimension is a column of its name; one of two dimensions gives a column for each of its own, called
//! by the array's name and a number from 0 (`X0`, `X1`, ..., or `arr_0_0` after a name that ends in a digit). The arrays
//! that are read must have the same number of rows. A key may name a whole array. An array that cannot be taken, of text
//! for instance, is an error only if it is read.

use super::npy::{ArrayColumn, Stored, stored, table};
use super::source::{LONGEST_STREAM, all};
use super::{DataError, Reading, TableOptions, shorten};
use std::io::Cursor;
use std::path::Path;
use zip::ZipArchive;

/// Reads an archive of arrays.
pub(super) fn parse(path: &Path, bytes: &[u8], options: &TableOptions) -> Result<Reading, DataError> {
    let arrays = unpack(path, bytes)?;
    let mut columns = Vec::new();
    for (name, array) in &arrays {
        match array.as_ref().map(|array| (&array.shape[..], array)) {
            Ok(([_], array)) => columns.push(array.column(name.clone(), name.clone(), 0)),
            Ok(([_, width], array)) => {
                let joint = if name.ends_with(|c: char| c.is_ascii_digit()) {
                    "_"
                } else {
                    ""
                };
                let of = |index| array.column(format!("{name}{joint}{index}"), name.clone(), index);
                columns.extend((0..*width).map(of));
            }
            Ok((shape, _)) => {
                let reason = format!("{} dimensions, expected 1 or 2", shape.len());
                columns.push(ArrayColumn::unusable(name.clone(), reason));
            }
            Err(reason) => columns.push(ArrayColumn::unusable(name.clone(), reason.clone())),
        }
    }
    let count = arrays.len();
    let plural = if count == 1 { "" } else { "s" };
    table(path, &columns, options, format!("NPZ, {count} array{plural}"))
}

/// The arrays by name, in the order of the archive.
type Arrays = Vec<(String, Result<Stored, String>)>;

fn unpack(path: &Path, bytes: &[u8]) -> Result<Arrays, DataError> {
    let refuse = |reason: &str| DataError::Archive {
        path: path.to_owned(),
        reason: shorten(reason),
    };
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| refuse(&error.to_string()))?;
    if archive.has_duplicate_names() {
        return Err(refuse("two arrays of one name"));
    }
    let mut arrays = Vec::with_capacity(archive.len());
    let mut room = LONGEST_STREAM;
    for index in 0..archive.len() {
        let file = archive
            .by_index(index)
            .map_err(|error| refuse(&error.to_string()))?;
        let whole = String::from_utf8_lossy(file.name_raw()).into_owned();
        let Some(name) = whole.strip_suffix(".npy") else {
            arrays.push((whole, Err("no array".to_owned())));
            continue;
        };
        let name = name.to_owned();
        let bytes = all(path, file, room)?;
        room -= bytes.len() as u64;
        arrays.push((name, stored(&bytes)));
    }
    if arrays.is_empty() {
        return Err(refuse("it holds no array"));
    }
    Ok(arrays)
}
