//! Text tables: CSV with `,`, `;` or tab between the cells, and TSV.
//!
//! The separator is the most frequent of the three in the header line, outside quotes (comma on a tie). The
//! first line must hold names. A UTF-8 byte order mark is skipped, cells are trimmed, blank lines are no rows.
//! Numbers are what Rust's `f64::from_str` takes, finite: a decimal point, an optional exponent.

use super::error::shorten;
use super::{Column, DataError, Missing, ReadOptions, ReadReport, Table, kept};
use csv::{ByteRecord, ReaderBuilder, Trim};
use std::collections::HashMap;
use std::path::Path;

/// Reads a text table. `separator` is detected when not given.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    separator: Option<u8>,
    options: &ReadOptions,
) -> Result<(Table, ReadReport), DataError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut reader = ReaderBuilder::new()
        .has_headers(false)
        .flexible(true) // counted here, for a message of our own
        .trim(Trim::All)
        .delimiter(separator.unwrap_or_else(|| detect_separator(bytes)))
        .from_reader(bytes);
    let mut record = ByteRecord::new();
    let mut next = |record: &mut ByteRecord| {
        reader.read_byte_record(record).map_err(|error| DataError::Read {
            path: path.to_owned(),
            source: std::io::Error::other(error),
        })
    };

    if !next(&mut record)? {
        return Err(DataError::Empty {
            path: path.to_owned(),
        });
    }
    let names = header(path, &record, line_of(&record, bytes))?;
    let keep = kept(&names, options)?;
    refuse_duplicates(path, &names, &keep)?;

    let mut columns: Vec<Column> = names
        .iter()
        .zip(&keep)
        .filter(|(_, keep)| **keep)
        .map(|(name, _)| Column {
            name: name.clone(),
            values: Vec::new(),
        })
        .collect();
    if columns.is_empty() {
        return Err(DataError::NothingLeft {
            path: path.to_owned(),
            what: "column",
        });
    }
    let mut found_rows = false;
    let mut report = ReadReport::default();
    let mut row = Vec::with_capacity(columns.len());
    while next(&mut record)? {
        found_rows = true;
        let line = line_of(&record, bytes);
        if record.len() != names.len() {
            let (expected, found) = (names.len(), record.len());
            return Err(DataError::Ragged {
                path: path.to_owned(),
                line,
                expected,
                found,
            });
        }
        row.clear();
        let cells = record
            .iter()
            .zip(&keep)
            .filter(|(_, keep)| **keep)
            .map(|(cell, _)| cell);
        for (cell, column) in cells.zip(&columns) {
            let value = number(path, line, &column.name, cell)?;
            if value.is_none() && options.missing == Missing::Refuse {
                let column = shorten(&column.name);
                return Err(DataError::MissingValue {
                    path: path.to_owned(),
                    line,
                    column,
                });
            }
            row.push(value);
        }
        if options.missing == Missing::DropRows && row.contains(&None) {
            report.dropped_rows += 1;
            continue;
        }
        for (column, value) in columns.iter_mut().zip(&row) {
            column.values.push(value.unwrap_or(f64::NAN)); // a literal NaN was refused: NaN means missing
        }
    }
    if !found_rows {
        return Err(DataError::HeaderOnly {
            path: path.to_owned(),
            columns: names.len(),
        });
    }
    columns.retain(|column| {
        let whole = column.values.iter().all(|value| !value.is_nan());
        if !whole {
            report.dropped_columns.push(column.name.clone());
        }
        whole
    });
    let table = Table { columns };
    let nothing = |what| {
        Err(DataError::NothingLeft {
            path: path.to_owned(),
            what,
        })
    };
    if table.columns.is_empty() {
        return nothing("column");
    }
    if table.rows() == 0 {
        return nothing("row");
    }
    Ok((table, report))
}

/// The most frequent of `,`, `;` and tab in the first line that is not blank, outside quotes.
fn detect_separator(bytes: &[u8]) -> u8 {
    let mut counts = [(b',', 0_usize), (b';', 0), (b'\t', 0)];
    let mut quoted = false;
    let header = bytes.iter().skip_while(|byte| matches!(byte, b'\r' | b'\n'));
    for &byte in header.take_while(|byte| !matches!(byte, b'\r' | b'\n')) {
        quoted ^= byte == b'"';
        for (separator, count) in &mut counts {
            *count += usize::from(byte == *separator && !quoted);
        }
    }
    counts
        .into_iter()
        .rev()
        .max_by_key(|(_, count)| *count)
        .map_or(b',', |(separator, _)| separator)
}

/// Line (from 1) on which a record starts. The csv crate gives the place where it began to look; blank
/// lines, or the `\n` of a `\r\n`, may still lie between that place and the record.
fn line_of(record: &ByteRecord, bytes: &[u8]) -> u64 {
    let Some(position) = record.position() else {
        return 0;
    };
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let skipped = bytes.get(start..).unwrap_or_default().iter();
    let blank = skipped.take_while(|byte| matches!(byte, b'\r' | b'\n'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

/// The names; refuses what is not UTF-8, not named, or a row of numbers.
fn header(path: &Path, record: &ByteRecord, line: u64) -> Result<Vec<String>, DataError> {
    let mut names = Vec::with_capacity(record.len());
    for (index, cell) in record.iter().enumerate() {
        let name = std::str::from_utf8(cell).ok().filter(|name| !name.contains('\0'));
        let name = name.ok_or_else(|| DataError::Encoding {
            path: path.to_owned(),
            line,
        })?;
        if name.is_empty() {
            return Err(DataError::UnnamedColumn {
                path: path.to_owned(),
                line,
                position: index + 1,
            });
        }
        names.push(name.to_owned());
    }
    if names.iter().all(|name| name.parse::<f64>().is_ok()) {
        let text = shorten(&names.join(", "));
        return Err(DataError::HeaderMissing {
            path: path.to_owned(),
            line,
            text,
        });
    }
    Ok(names)
}

fn refuse_duplicates(path: &Path, names: &[String], keep: &[bool]) -> Result<(), DataError> {
    let mut seen = HashMap::with_capacity(names.len());
    for (index, (name, _)) in names.iter().zip(keep).enumerate().filter(|(_, (_, keep))| **keep) {
        if let Some(first) = seen.insert(name, index + 1) {
            let (path, column) = (path.to_owned(), shorten(name));
            return Err(DataError::DuplicateColumn {
                path,
                column,
                first,
                second: index + 1,
            });
        }
    }
    Ok(())
}

/// The number in a cell, `None` for a missing one.
fn number(path: &Path, line: u64, column: &str, cell: &[u8]) -> Result<Option<f64>, DataError> {
    const MISSING: [&[u8]; 4] = [b"", b"NA", b"N/A", b"?"];
    if MISSING.iter().any(|missing| cell.eq_ignore_ascii_case(missing)) {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(cell);
    let parsed = text.parse::<f64>();
    if let Ok(value) = parsed
        && value.is_finite()
    {
        return Ok(Some(value));
    }
    let comma = text.matches(',').count() == 1 && text.replace(',', ".").parse::<f64>().is_ok();
    let (path, column, text) = (path.to_owned(), shorten(column), shorten(&text));
    Err(if parsed.is_ok() {
        DataError::NonFinite {
            path,
            place: format!("line {line}"),
            column,
            text,
        }
    } else if comma {
        DataError::DecimalComma {
            path,
            line,
            column,
            text,
        }
    } else {
        DataError::NotANumber {
            path,
            line,
            column,
            text,
        }
    })
}
