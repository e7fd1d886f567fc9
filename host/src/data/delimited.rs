//! Text tables: CSV and its kin.
//!
//! The separator is `,`, `;` or tab, whichever cuts the first lines into the same number of cells, the most of them
//! (comma on a tie), and never the decimal mark; another must be named. The first line holds names, unless it is said to hold data. Lines end in
//! `\n`, `\r\n` or `\r`. A UTF-8 byte order mark is skipped, cells are trimmed, blank lines are no rows.

use super::cell::{Notation, Unreadable};
use super::layout::{Layout, Role};
use super::shorten::shorten;
use super::table::Cells;
use super::{DataError, Header, Missing, Reading, TableOptions};
use csv::{ByteRecord, Reader, ReaderBuilder, Trim};
use std::path::Path;

/// Reads a text table; `tabs` says that tabs are to be expected between the cells.
pub(super) fn parse(
    path: &Path,
    bytes: &[u8],
    tabs: bool,
    options: &TableOptions,
) -> Result<Reading, DataError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let separator = options
        .separator
        .unwrap_or_else(|| found_separator(bytes, tabs, options.decimal));
    let notation = Notation::new(options.decimal, &options.na);
    let mut text = Text {
        path,
        bytes,
        reader: reader(bytes, separator),
    };
    let mut record = ByteRecord::new();
    if !text.next(&mut record)? {
        return Err(DataError::Empty {
            path: path.to_owned(),
        });
    }
    let line = text.line_of(&record);
    let names = if options.header == Header::Absent {
        (0..record.len()).map(|index| format!("x{index}")).collect()
    } else {
        header(path, &record, line)?
    };
    if options.header == Header::Names {
        refuse_numbers(path, &names, line, &notation)?;
    }
    let layout = Layout::new(path, names, &[], options, line)?;
    let mut there = options.header == Header::Absent || text.next(&mut record)?;
    if !there {
        return Err(DataError::HeaderOnly {
            path: path.to_owned(),
            columns: layout.names.len(),
        });
    }
    let mut cells = Cells::of(&layout);
    while there {
        text.take(&record, &layout, &notation, options.missing, &mut cells)?;
        there = text.next(&mut record)?;
    }
    let mut taken_for = format!("text, {} between the cells", separator_name(separator));
    if options.header == Header::Absent {
        taken_for += ", no names";
    }
    cells.finish(path, &layout, options.missing, taken_for)
}

/// A text table on its way.
struct Text<'a> {
    path: &'a Path,
    bytes: &'a [u8],
    reader: Reader<&'a [u8]>,
}

fn reader(bytes: &[u8], separator: u8) -> Reader<&[u8]> {
    ReaderBuilder::new()
        .has_headers(false)
        .flexible(true) // counted here, for a message of our own
        .trim(Trim::All)
        .delimiter(separator)
        .from_reader(bytes)
}

impl Text<'_> {
    fn next(&mut self, record: &mut ByteRecord) -> Result<bool, DataError> {
        self.reader
            .read_byte_record(record)
            .map_err(|error| DataError::reading(self.path, std::io::Error::other(error)))
    }

    /// Line (from 1) on which a record starts. The csv crate gives the byte where it began to look; blank lines, or
    /// the `\n` of a `\r\n`, may still lie between that byte and the record. Cost: the bytes up to there.
    fn line_of(&self, record: &ByteRecord) -> u64 {
        let looked = record.position().map_or(0, csv::Position::byte);
        let looked = usize::try_from(looked)
            .unwrap_or(usize::MAX)
            .min(self.bytes.len());
        let blank = self.bytes[looked..].iter();
        let blank = blank.take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
        1 + line_ends(&self.bytes[..looked + blank])
    }

    /// Appends a record to the cells.
    fn take(
        &self,
        record: &ByteRecord,
        layout: &Layout,
        notation: &Notation,
        missing: Missing,
        cells: &mut Cells,
    ) -> Result<(), DataError> {
        if record.len() != layout.names.len() {
            return Err(DataError::Ragged {
                path: self.path.to_owned(),
                line: self.line_of(record),
                expected: layout.names.len(),
                found: record.len(),
            });
        }
        let mut numbers = cells.numbers.iter_mut();
        let mut optional = cells.optional.iter_mut();
        for (position, (cell, role)) in record.iter().zip(&layout.roles).enumerate() {
            match role {
                Role::Skipped => {}
                Role::Label => cells.labels.push(String::from_utf8_lossy(cell).into_owned()),
                Role::Optional => {
                    let column = optional.next().into_iter();
                    column.for_each(|column| column.push(notation.number(cell).unwrap_or(None)));
                }
                Role::Number => {
                    let value = notation.number(cell);
                    let value =
                        value.map_err(|why| self.refusal(record, layout, position, &why, notation))?;
                    if value.is_none() && missing == Missing::Refuse {
                        return Err(DataError::MissingValue {
                            path: self.path.to_owned(),
                            line: self.line_of(record),
                            column: shorten(&layout.names[position]),
                        });
                    }
                    // A literal NaN was refused or means missing.
                    let column = numbers.next().into_iter();
                    column.for_each(|column| column.push(value.unwrap_or(f64::NAN)));
                }
            }
        }
        cells.rows += 1;
        Ok(())
    }

    /// The error for a cell that is no number.
    fn refusal(
        &self,
        record: &ByteRecord,
        layout: &Layout,
        position: usize,
        why: &Unreadable,
        notation: &Notation,
    ) -> DataError {
        let whole = String::from_utf8_lossy(record.get(position).unwrap_or_default());
        let (path, line) = (self.path.to_owned(), self.line_of(record));
        let (column, text) = (shorten(&layout.names[position]), shorten(&whole));
        match *why {
            Unreadable::Text => DataError::NotANumber {
                path,
                line,
                column,
                text,
                ignore: layout.argument(position),
            },
            Unreadable::NonFinite => DataError::NonFinite {
                path,
                place: format!("line {line}"),
                column,
                text,
            },
            Unreadable::Decimal(mark) => DataError::DecimalMark {
                path,
                line,
                column,
                text,
                mark,
            },
            Unreadable::Thousands { mark, unclear } => DataError::Thousands {
                path,
                line,
                column,
                text,
                mark,
                or: if unclear {
                    format!(", or `--decimal {}` if it is the decimal mark", notation.other())
                } else {
                    String::new()
                },
            },
        }
    }
}

/// Line ends in a text: `\n`, `\r\n` or `\r`.
fn line_ends(bytes: &[u8]) -> u64 {
    let before = std::iter::once(&0).chain(bytes);
    let ends = bytes.iter().zip(before);
    ends.filter(|(byte, before)| **byte == b'\r' || (**byte == b'\n' && **before != b'\r'))
        .count() as u64
}

/// The separator that cuts the first lines into the same number of cells, and into the most; where none does, the one
/// that cuts the first line into most.
fn found_separator(bytes: &[u8], tabs: bool, decimal: u8) -> u8 {
    const LINES: usize = 20;
    let widths = |separator: u8| -> Vec<usize> {
        let records = reader(bytes, separator).into_byte_records();
        records
            .map_while(Result::ok)
            .take(LINES)
            .map(|record| record.len())
            .collect()
    };
    let measured = [b'\t', b';', b','].map(|separator| (separator, widths(separator)));
    let first = |widths: &[usize]| widths.first().copied().unwrap_or(0);
    if tabs && first(&measured[0].1) > 1 {
        return b'\t';
    }
    let even = |widths: &[usize]| first(widths) > 1 && widths.iter().all(|width| *width == widths[0]);
    // Of equals the last is taken: the comma.
    let best = |candidates: &mut dyn Iterator<Item = &(u8, Vec<usize>)>| {
        candidates
            .filter(|(separator, _)| *separator != decimal)
            .max_by_key(|(_, widths)| first(widths))
            .map(|(separator, _)| *separator)
    };
    let fallback = if tabs { Some(b'\t') } else { None };
    best(&mut measured.iter().filter(|(_, widths)| even(widths)))
        .or(fallback)
        .or_else(|| best(&mut measured.iter()))
        .unwrap_or(b',')
}

/// What a separator is called.
pub(super) fn separator_name(separator: u8) -> String {
    match separator {
        b'\t' => "tab".to_owned(),
        b' ' => "a space".to_owned(),
        other => format!("`{}`", char::from(other)),
    }
}

/// The names; refuses what is not UTF-8.
fn header(path: &Path, record: &ByteRecord, line: u64) -> Result<Vec<String>, DataError> {
    let name = |cell: &[u8]| {
        let name = std::str::from_utf8(cell).ok().filter(|name| !name.contains('\0'));
        name.map(str::to_owned).ok_or_else(|| DataError::Encoding {
            path: path.to_owned(),
            line,
        })
    };
    record.iter().map(name).collect()
}

/// Refuses a header with a number in it: it may be the first line of the data.
fn refuse_numbers(path: &Path, names: &[String], line: u64, notation: &Notation) -> Result<(), DataError> {
    match names.iter().position(|name| notation.is_number(name)) {
        Some(position) => Err(DataError::HeaderUnclear {
            path: path.to_owned(),
            line,
            position: position + 1,
            text: shorten(&names[position]),
        }),
        None => Ok(()),
    }
}
