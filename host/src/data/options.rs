//! How a table is read: what the user says where guessing is not safe.

use super::delimited::separator_name;
use super::{DataError, Reading, Source, archive, delimited, npy};
use std::path::Path;

/// What the first line of a text table holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Header {
    /// Names, none of which is a number: a number is refused, since the line may be data.
    #[default]
    Names,
    /// Names, numbers among them.
    AnyNames,
    /// Data: the columns are called `x0`, `x1`, ...
    Absent,
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

/// The columns that a reader of a known kind of table is after, by name.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    /// Each of these must exist, and its cells are numbers.
    pub needed: Vec<String>,
    /// Read if they are there; a cell may be missing or no number (see [`Reading::optional`]).
    pub optional: Vec<String>,
}

/// How a table is read. A *key* means a column: its name, else its number in the file from 0, negative from the end;
/// it is looked up among all columns of the file, before any of them is left out.
#[derive(Clone, Debug)]
pub struct TableOptions {
    /// What the first line of a text table holds.
    pub header: Header,
    /// The character between two cells of a text table; by default found out.
    pub separator: Option<u8>,
    /// The character before the fraction of a number: `.` or `,`.
    pub decimal: u8,
    /// Texts that mean a missing cell, in either case of letters, beside those that always do. `NaN` among them makes
    /// NaN in arrays missing too.
    pub na: Vec<String>,
    /// What to do about missing cells.
    pub missing: Missing,
    /// Columns to leave out, text columns for instance: a key, or several with commas between them. A text that is
    /// exactly a column's name is that column.
    pub ignore: Vec<String>,
    /// Key of the column that holds the names of the rows.
    pub index: Option<String>,
    /// Key of the column to explain.
    pub target: Option<String>,
    /// When given, all other columns are left out: text may stand there.
    pub only: Option<Wanted>,
}

impl Default for TableOptions {
    fn default() -> Self {
        Self {
            header: Header::default(),
            separator: None,
            decimal: b'.',
            na: Vec::new(),
            missing: Missing::default(),
            ignore: Vec::new(),
            index: None,
            target: None,
            only: None,
        }
    }
}

/// What a file is taken for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Format {
    Text { tabs: bool },
    Npy,
    Npz,
}

impl TableOptions {
    /// Reads a table from a file, or from standard input for the path `-`. The extension (`.csv`, `.tsv`, `.npy`,
    /// `.npz`, each also with `.gz` behind it, in either case) names the format; with a separator given, any other file
    /// is text. Standard input is told by its first bytes.
    ///
    /// # Errors
    /// A [`DataError`] that names the file and the place.
    pub fn read(&self, path: &Path) -> Result<Reading, DataError> {
        self.check()?;
        if path != Path::new("-") {
            // What is missing or a folder is called so, whatever its name ends with.
            drop(crate::files::open_regular(path).map_err(|source| DataError::reading(path, source))?);
        }
        let format = self.format_of(path)?;
        let source = Source::read(path)?;
        let format = format.unwrap_or_else(|| sniffed(&source.bytes));
        let mut reading = self.parse(&source.name, &source.bytes, format)?;
        if source.unpacked {
            reading.taken_for += ", unpacked from gzip";
        }
        Ok(reading)
    }

    /// Reads text that is already in memory; `name` stands for the file in messages.
    ///
    /// # Errors
    /// A [`DataError`] that names the place.
    pub fn read_text(&self, name: &str, bytes: &[u8]) -> Result<Reading, DataError> {
        self.check()?;
        self.parse(Path::new(name), bytes, Format::Text { tabs: false })
    }

    fn parse(&self, name: &Path, bytes: &[u8], format: Format) -> Result<Reading, DataError> {
        match format {
            Format::Text { tabs } => delimited::parse(name, bytes, tabs, self),
            Format::Npy => npy::parse(name, bytes, self),
            Format::Npz => archive::parse(name, bytes, self),
        }
    }

    /// The format that the name of the file says; none where its content is to say it.
    fn format_of(&self, path: &Path) -> Result<Option<Format>, DataError> {
        if path == Path::new("-") {
            return Ok(None);
        }
        let lower = |path: &Path| {
            path.extension()
                .and_then(|e| e.to_str())
                .map(str::to_ascii_lowercase)
        };
        let stem = path.with_extension("");
        let packed = lower(path).as_deref() == Some("gz");
        let extension = if packed { lower(&stem) } else { lower(path) };
        match extension.as_deref() {
            Some("csv") => Ok(Some(Format::Text { tabs: false })),
            Some("tsv") => Ok(Some(Format::Text { tabs: true })),
            Some("npy") => Ok(Some(Format::Npy)),
            Some("npz") => Ok(Some(Format::Npz)),
            None if packed => Ok(None),
            _ if self.separator.is_some() => Ok(Some(Format::Text { tabs: false })),
            _ => Err(DataError::UnknownExtension {
                path: path.to_owned(),
            }),
        }
    }

    /// Refuses options that contradict each other.
    fn check(&self) -> Result<(), DataError> {
        if !matches!(self.decimal, b'.' | b',') {
            let reason = "the decimal mark is `.` or `,`".to_owned();
            return Err(DataError::Option { reason });
        }
        match self.separator {
            Some(separator) if separator == self.decimal => {
                let name = separator_name(separator);
                let reason = format!("{name} cannot be both the separator and the decimal mark");
                Err(DataError::Option { reason })
            }
            Some(separator) if !is_separator(separator) => {
                let reason =
                    "a separator is one ASCII character, no letter, digit or quotation mark".to_owned();
                Err(DataError::Option { reason })
            }
            _ => Ok(()),
        }
    }
}

/// Whether this byte may stand between cells.
fn is_separator(byte: u8) -> bool {
    byte.is_ascii() && !byte.is_ascii_alphanumeric() && !b"\"\r\n\0+-.".contains(&byte)
}

fn sniffed(bytes: &[u8]) -> Format {
    if bytes.starts_with(b"\x93NUMPY") {
        Format::Npy
    } else if bytes.starts_with(b"PK\x03\x04") || bytes.starts_with(b"PK\x05\x06") {
        Format::Npz
    } else {
        Format::Text { tabs: false }
    }
}
