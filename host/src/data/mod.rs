//! Readers and writers: tables of numbers from CSV, TSV and NPY files, tensors from and to safetensors,
//! images from and to PNG.
//!
//! Rules, the same for every reader:
//! * A column is a name and f64 values; all columns of a table have one length. Row order is file order.
//! * Missing cells (text files only) are empty, `NA`, `N/A` or `?`, in either case of letters. What happens
//!   to them is the caller's choice ([`Missing`]); by default they are refused. Arrays have no missing cells.
//! * NaN and infinity, spelled out or stored, are refused always, with row and column: a NaN that means
//!   "missing" should be said so by leaving the cell empty.
//! * A name given by `ignore` is left out before anything else is looked at: text may stand there.
//!
//! Cost: the file is held in memory once, the table beside it.

mod delimited;
mod error;
pub mod images;
pub(crate) mod json;
pub mod npy;
pub(crate) mod pickle;
pub mod safetensors;
pub mod tensors;
mod write;

pub use error::DataError;
pub(crate) use error::{read_bytes, shorten, shorten_name};
use std::collections::HashSet;
use std::path::Path;
pub(crate) use write::shortest;
pub use write::{ensure_output_dir, write_atomic, write_csv};

/// A named column of numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Column {
    /// The name in the header, or `x0`, `x1`, ... for arrays.
    pub name: String,
    /// One value per row.
    pub values: Vec<f64>,
}

/// Columns of one length.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns in file order.
    pub columns: Vec<Column>,
}

/// What to do about missing cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Missing {
    /// A missing cell is an error that names its place.
    #[default]
    Refuse,
    /// A row with a missing cell is left out.
    DropRows,
    /// A column with a missing cell is left out.
    DropColumns,
}

/// How a table is read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// What to do about missing cells.
    pub missing: Missing,
    /// Columns to leave out, by name; each must exist.
    pub ignore: Vec<String>,
    /// When given, all other columns are left out: text may stand there.
    pub only: Option<Wanted>,
}

/// The columns that a reader of a known kind of table is after.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Each of these must exist.
    pub needed: Vec<String>,
    /// Read if they are there.
    pub welcome: Vec<String>,
}

/// What was left out while reading, for a warning.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReadReport {
    /// Number of rows left out because of missing cells.
    pub dropped_rows: usize,
    /// Names of columns left out because of missing cells.
    pub dropped_columns: Vec<String>,
}

impl Table {
    /// Reads a table; the extension (`.csv`, `.tsv`, `.npy`, in either case) names the format.
    ///
    /// # Errors
    /// A [`DataError`] that names the file and the place.
    pub fn read(path: &Path, options: &ReadOptions) -> Result<Self, DataError> {
        Self::read_with_report(path, options).map(|(table, _)| table)
    }

    /// As [`Table::read`], and says what was left out because of missing cells.
    ///
    /// # Errors
    /// A [`DataError`] that names the file and the place.
    pub fn read_with_report(path: &Path, options: &ReadOptions) -> Result<(Self, ReadReport), DataError> {
        let extension = path
            .extension()
            .and_then(|e| e.to_str())
            .map(str::to_ascii_lowercase);
        match extension.as_deref() {
            Some("csv") => delimited::parse(path, &error::read_bytes(path)?, None, options),
            Some("tsv") => delimited::parse(path, &error::read_bytes(path)?, Some(b'\t'), options),
            Some("npy") => {
                let table = npy::parse(path, &error::read_bytes(path)?, options)?;
                Ok((table, ReadReport::default()))
            }
            _ if path.is_dir() => Err(DataError::IsDirectory {
                path: path.to_owned(),
            }),
            _ => Err(DataError::UnknownExtension {
                path: path.to_owned(),
            }),
        }
    }

    /// Reads CSV that is already in memory; `name` stands for the file in messages.
    ///
    /// # Errors
    /// A [`DataError`] that names the place.
    pub fn from_csv(name: &str, bytes: &[u8], options: &ReadOptions) -> Result<Self, DataError> {
        delimited::parse(Path::new(name), bytes, None, options).map(|(table, _)| table)
    }

    /// Number of rows (0 for a table without columns).
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// The column of this name.
    pub fn column(&self, name: &str) -> Option<&Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Position of the column that `key` means: a name, else a 0-based index, negative from the end.
    ///
    /// # Errors
    /// `ColumnNotFound`, with the names that are there.
    pub fn position(&self, key: &str) -> Result<usize, DataError> {
        let count = self.columns.len();
        let by_index = || {
            let index: i64 = key.parse().ok()?;
            let index = if index < 0 {
                index.checked_add_unsigned(count as u64)?
            } else {
                index
            };
            usize::try_from(index).ok().filter(|index| *index < count)
        };
        self.columns
            .iter()
            .position(|column| column.name == key)
            .or_else(by_index)
            .ok_or_else(|| self.not_found(key))
    }

    /// The other columns, and the target that `key` means (see [`Table::position`]).
    ///
    /// # Errors
    /// `ColumnNotFound`; `NoVariables` when the target stands alone.
    pub fn split_target(&self, key: &str) -> Result<(Vec<Column>, Column), DataError> {
        let position = self.position(key)?;
        let mut others = self.columns.clone();
        let target = others.remove(position);
        if others.is_empty() {
            return Err(DataError::NoVariables {
                column: shorten(&target.name),
            });
        }
        Ok((others, target))
    }

    /// The error for a name that is not here, with the first names that are.
    pub(crate) fn not_found(&self, key: &str) -> DataError {
        not_found(key, self.columns.iter().map(|column| column.name.as_str()))
    }
}

fn not_found<'a>(key: &str, names: impl ExactSizeIterator<Item = &'a str>) -> DataError {
    const SHOWN: usize = 12;
    // Alike means that a slip of the finger or of memory lies between them.
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &key.to_lowercase());
    let names: Vec<&str> = names.collect();
    let alike = names.iter().filter(|name| likeness(name) > 0.8);
    let closest = alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = closest.map_or(String::new(), |name| {
        format!("\nhint: did you mean `{}`?", shorten(name))
    });
    let rest = names.len().saturating_sub(SHOWN);
    let mut known = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", shorten(name)))
        .collect::<Vec<_>>()
        .join(", ");
    if rest > 0 {
        known += " and ";
        known += &rest.to_string();
        known += " more";
    }
    DataError::ColumnNotFound {
        column: shorten(key),
        known,
        hint,
    }
}

/// Which of `names` stay after `ignore` and `only`.
fn kept(names: &[String], options: &ReadOptions) -> Result<Vec<bool>, DataError> {
    let there: HashSet<&String> = names.iter().collect();
    let needed = options.only.iter().flat_map(|wanted| &wanted.needed);
    if let Some(unknown) = options
        .ignore
        .iter()
        .chain(needed)
        .find(|name| !there.contains(name))
    {
        return Err(not_found(unknown, names.iter().map(String::as_str)));
    }
    let ignored: HashSet<&String> = options.ignore.iter().collect();
    let wanted: Option<HashSet<&String>> = options
        .only
        .as_ref()
        .map(|wanted| wanted.needed.iter().chain(&wanted.welcome).collect());
    let stays = |name| !ignored.contains(name) && wanted.as_ref().is_none_or(|wanted| wanted.contains(name));
    Ok(names.iter().map(stays).collect())
}
