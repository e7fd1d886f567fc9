//! Edge lists as text: one entry a line, `i,j,value` (CSV) or `i j value` (COO), spins from 0.
//!
//! The first line with content decides: with a comma the file is CSV, otherwise its cells stand between
//! blanks. `#` starts a comment in both. The first line may be a header: three cells, none of them a number.

use super::super::Kind;
use super::super::error::{ProblemError, Trouble};
use super::{Entries, Line, Number, entry};
use crate::data::shorten;
use std::path::Path;

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
pub(super) fn entries(path: &Path, lines: &[Line<'_>], kind: Kind) -> Result<Entries, ProblemError> {
    let mut entries = Entries::new("an edge list", kind);
    let (mut form, mut spoken) = (None, Spoken::default());
    for line in lines {
        let here = |trouble: Trouble| trouble.at(path, line.number);
        spoken.hear(line.comment).map_err(here)?;
        if line.content.is_empty() {
            continue;
        }
        let first = form.is_none();
        let form = *form.get_or_insert_with(|| Form::of(line.content));
        let cells = form.cells(line.content);
        if first && is_header(&cells) {
            continue;
        }
        let entry = three(form, &cells)
            .and_then(|()| entry(&cells, 0, line.number))
            .map_err(here)?;
        entries.list.push(entry);
    }
    spoken.apply(&mut entries).map_err(|trouble| trouble.of(path))?;
    if !entries.list.is_empty() && entries.list.iter().all(|entry| entry.i > 0 && entry.j > 0) {
        let note = "no entry names spin 0: indices count from 0, so spin 0 is there and free";
        entries.notes.push(note.to_owned());
    }
    Ok(entries)
}

fn is_header(cells: &[&str]) -> bool {
    cells.len() == 3
        && cells
            .iter()
            .all(|cell| !cell.is_empty() && cell.parse::<f64>().is_err())
}

fn three(form: Form, cells: &[&str]) -> Result<(), Trouble> {
    let found = cells.len();
    let hint = match (form, found) {
        (_, 3) => return Ok(()),
        (Form::Csv, 4) => "\nhint: numbers have a decimal point, not a comma",
        (_, 2) => "\nhint: give the value of each pair, 1 for a plain graph",
        (Form::Coo, 1) => "\nhint: separate the cells by commas or blanks",
        _ => "",
    };
    let form = form.name();
    Err(Trouble::Cells { found, form, hint })
}

/// What comments say of the file, as packages that write this text form do.
#[derive(Default)]
struct Spoken {
    binary: Option<bool>,
    offset: Option<Number>,
}

impl Spoken {
    fn hear(&mut self, comment: &str) -> Result<(), Trouble> {
        if let Some(word) = value_of(comment, "vartype") {
            let binary = match word.to_ascii_uppercase().as_str() {
                "BINARY" => true,
                "SPIN" => false,
                _ => {
                    return Err(Trouble::Form {
                        says: format!("vartype {}", shorten(word)),
                        hint: "BINARY (variables 0 and 1) and SPIN (-1 and +1) are read",
                    });
                }
            };
            if self.binary.is_some_and(|before| before != binary) {
                return Err(Trouble::Form {
                    says: format!("vartype {}, and another one above", shorten(word)),
                    hint: "one file holds one problem",
                });
            }
            self.binary = Some(binary);
        }
        if let Some(word) = value_of(comment, "offset") {
            let offset = Number::parse(word)?;
            if self.offset.is_some_and(|before| before.value != offset.value) {
                return Err(Trouble::Form {
                    says: format!("offset {}, and another one above", shorten(word)),
                    hint: "one file holds one problem",
                });
            }
            self.offset = Some(offset);
        }
        Ok(())
    }

    fn apply(self, entries: &mut Entries) -> Result<(), Trouble> {
        entries.offset = self.offset.unwrap_or(Number::ZERO);
        match (self.binary, entries.kind) {
            (Some(true), Kind::Ising) => entries.kind = Kind::Qubo,
            (Some(false), Kind::Qubo) => {
                return Err(Trouble::Form {
                    says: "vartype SPIN: variables -1 and +1".to_owned(),
                    hint: "leave out --qubo",
                });
            }
            (Some(_), Kind::MaxCut) => {
                return Err(Trouble::Form {
                    says: "a vartype, so it is a quadratic model and no graph".to_owned(),
                    hint: "leave out --max-cut",
                });
            }
            (Some(false), Kind::Ising) => entries.turn(),
            (None, _) | (Some(true), Kind::Qubo) => {}
        }
        if self.binary.is_some() {
            entries.form = "an edge list of dimod (COO)";
        }
        Ok(())
    }
}

/// The word after `name:` or `name=`, wherever it stands in a comment.
fn value_of<'t>(comment: &'t str, name: &str) -> Option<&'t str> {
    let lower = comment.to_ascii_lowercase(); // of the same length
    let found = lower.match_indices(name).find_map(|(at, _)| {
        let rest = comment.get(at + name.len()..)?.trim_start();
        rest.strip_prefix([':', '='])
    })?;
    let word = found.trim_start();
    let end = word.find(|c: char| c.is_whitespace() || matches!(c, ',' | ';'));
    let word = word.get(..end.unwrap_or(word.len()))?;
    (!word.is_empty()).then_some(word)
}
