//! Edge lists as text: one entry a line, `i,j,value` (CSV) or `i j value` (COO).
//!
//! The first line with content decides: with a comma the file is CSV, otherwise its cells stand between
//! blanks. `#` starts a comment in both. The first line may be a header: three cells, none of them a number.

use super::decimal::Decimal;
use super::error::{ProblemError, Trouble};
use super::{Kind, MOST_SPINS};
use crate::data::shorten;
use std::path::Path;

/// One entry as it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) i: u32,
    pub(super) j: u32,
    pub(super) value: f64,
    pub(super) decimal: Option<Decimal>,
}

/// The entries in file order, and what the user should know about them.
#[derive(Debug, Default)]
pub(super) struct Entries {
    pub(super) list: Vec<Entry>,
    pub(super) notes: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Csv,
    Coo,
}

impl Form {
    fn of(line: &str) -> Self {
        if line.contains(',') { Self::Csv } else { Self::Coo }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Csv => "i,j,value",
            Self::Coo => "i j value",
        }
    }

    fn cells(self, line: &str) -> Vec<&str> {
        match self {
            Self::Csv => line.split(',').map(str::trim).collect(),
            Self::Coo => line.split_whitespace().collect(),
        }
    }
}

/// Reads all lines.
pub(super) fn entries(path: &Path, bytes: &[u8], kind: Kind) -> Result<Entries, ProblemError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let mut entries = Entries::default();
    let mut form = None;
    for (line, raw) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(raw).map_err(|_| Trouble::Encoding.at(path, line))?;
        let (content, comment) = text.split_once('#').unwrap_or((text, ""));
        if let Some(note) = variables(comment, kind).map_err(|trouble| trouble.at(path, line))? {
            entries.notes.push(note.to_owned());
        }
        let content = content.trim();
        if content.is_empty() {
            continue;
        }
        let first = form.is_none();
        let form = *form.get_or_insert_with(|| Form::of(content));
        if first && is_header(form, content) {
            continue;
        }
        let entry = entry(form, content).map_err(|trouble| trouble.at(path, line))?;
        entries.list.push(Entry { line, ..entry });
    }
    if entries.list.is_empty() {
        return Err(Trouble::Empty.of(path));
    }
    if entries.list.iter().all(|entry| entry.i > 0 && entry.j > 0) {
        let note = "no entry names spin 0: indices count from 0, so spin 0 is there and free";
        entries.notes.push(note.to_owned());
    }
    Ok(entries)
}

/// Packages that write this text form say in a comment which variables they mean.
fn variables(comment: &str, kind: Kind) -> Result<Option<&'static str>, Trouble> {
    let comment: String = comment.split_whitespace().collect();
    match (comment.as_str(), kind) {
        ("vartype=BINARY", Kind::Ising) => Err(Trouble::OtherKind {
            says: "vartype=BINARY: variables 0 and 1",
            hint: "--qubo",
        }),
        ("vartype=SPIN", Kind::Qubo) => Err(Trouble::OtherKind {
            says: "vartype=SPIN: variables -1 and +1",
            hint: "leave out --qubo",
        }),
        ("vartype=SPIN", Kind::Ising) => Ok(Some(
            "vartype=SPIN: the package that writes this means E = + Σ J s s + Σ h s, the opposite of what is read \
             here (E = - Σ J s s - Σ h s): change the sign of all values if it wrote the file",
        )),
        _ => Ok(None),
    }
}

fn is_header(form: Form, line: &str) -> bool {
    let cells = form.cells(line);
    cells.len() == 3
        && cells
            .iter()
            .all(|cell| !cell.is_empty() && cell.parse::<f64>().is_err())
}

/// One entry; its line is the caller's to say.
fn entry(form: Form, text: &str) -> Result<Entry, Trouble> {
    let cells = form.cells(text);
    let &[i, j, value] = &cells[..] else {
        let found = cells.len();
        let hint = match (form, found) {
            (Form::Csv, 4) => "\nhint: numbers have a decimal point, not a comma",
            (_, 2) => "\nhint: give the value of each pair, 1 for a plain graph",
            (Form::Coo, 1) => "\nhint: separate the cells by commas or blanks",
            _ => "",
        };
        let form = form.name();
        return Err(Trouble::Cells { found, form, hint });
    };
    let (i, j) = (index(i)?, index(j)?);
    let parsed = number(value)?;
    Ok(Entry {
        line: 0,
        i,
        j,
        value: parsed,
        decimal: Decimal::parse(value),
    })
}

fn index(text: &str) -> Result<u32, Trouble> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are too large all the more.
        let index = text.parse::<u64>().unwrap_or(u64::MAX - 1);
        return match u32::try_from(index) {
            Ok(small) if index < MOST_SPINS => Ok(small),
            _ => Err(Trouble::TooMany { index }),
        };
    }
    let (what, hint) = match text.parse::<f64>() {
        Ok(value) if value < 0.0 => ("negative", "spins are numbered from 0"),
        Ok(value) if value.is_finite() => ("not written as a whole number", "write 3, not 3.0 or 3e0"),
        _ => (
            "no number",
            "each line holds two spins, numbered from 0, then a value",
        ),
    };
    let text = shorten(text);
    Err(Trouble::Index { text, what, hint })
}

fn number(text: &str) -> Result<f64, Trouble> {
    let Ok(value) = text.parse::<f64>() else {
        let text = shorten(text);
        return Err(Trouble::Value { text });
    };
    let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
    let vanished = value == 0.0 && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
    if value.is_finite() && !vanished {
        Ok(value)
    } else {
        let text = shorten(text);
        Err(Trouble::NonFinite { text })
    }
}
