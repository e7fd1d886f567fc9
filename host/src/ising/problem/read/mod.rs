//! Problem files: what kind a file is, and its entries.
//!
//! ```text
//! edge list   `i,j,value` (CSV) or `i j value`, spins from 0; # starts a comment, which may say (as dimod's COO does)
//!             `vartype: BINARY` or `vartype=SPIN`, and `offset=42`
//! rudy        a first line `n m`, then m lines `i j` or `i j value`, vertices from 1 (the G-set, Biq Mac)
//! qubo        lines `c …`, one line `p qubo 0 maxNodes nNodes nCouplers`, nodes `i i value`, couplers `i j value`
//! BQM JSON    dimod's `json.dumps(bqm.to_serializable())`
//! ```
//! dimod's spin models have the opposite sign, E = + Σ J s s + Σ h s + offset: all their biases are turned while
//! reading, so that every energy is dimod's. Its binary models are QUBOs as they are here.

mod bqm;
mod edges;
mod qbsolv;
mod rudy;

#[cfg(test)]
mod tests;

use super::decimal::Decimal;
use super::error::{ProblemError, Trouble};
use super::{Kind, MOST_SPINS};
use crate::data::shorten;
use std::path::Path;

/// A number as it stands.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Number {
    pub(super) value: f64,
    /// `None` when its digits do not fit.
    pub(super) decimal: Option<Decimal>,
}

impl Number {
    pub(super) const ZERO: Self = Self {
        value: 0.0,
        decimal: Some(Decimal {
            mantissa: 0,
            exponent: 0,
        }),
    };
    const ONE: Self = Self {
        value: 1.0,
        decimal: Some(Decimal {
            mantissa: 1,
            exponent: 0,
        }),
    };

    /// What `text` means.
    fn parse(text: &str) -> Result<Self, Trouble> {
        let Ok(value) = text.parse::<f64>() else {
            let text = shorten(text);
            return Err(Trouble::Value { text });
        };
        let mantissa = text.split(['e', 'E']).next().unwrap_or_default();
        let vanished = value == 0.0 && mantissa.bytes().any(|byte| matches!(byte, b'1'..=b'9'));
        if value.is_finite() && !vanished {
            let decimal = Decimal::parse(text);
            Ok(Self { value, decimal })
        } else {
            let text = shorten(text);
            Err(Trouble::NonFinite { text })
        }
    }

    fn negated(self) -> Self {
        let turned = |decimal: Decimal| Decimal {
            mantissa: -decimal.mantissa,
            ..decimal
        };
        Self {
            value: -self.value,
            decimal: self.decimal.map(turned),
        }
    }
}

/// One entry as it stands.
#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) line: u64,
    pub(super) i: u32,
    pub(super) j: u32,
    pub(super) number: Number,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Entries {
    /// What it was taken for.
    pub(super) form: &'static str,
    /// What its entries are.
    pub(super) kind: Kind,
    /// In file order.
    pub(super) list: Vec<Entry>,
    /// Number of spins that it announces.
    pub(super) spins: Option<usize>,
    /// What it adds to every energy.
    pub(super) offset: Number,
    /// What the user should know about them.
    pub(super) notes: Vec<String>,
}

impl Entries {
    fn new(form: &'static str, kind: Kind) -> Self {
        Self {
            form,
            kind,
            list: Vec::new(),
            spins: None,
            offset: Number::ZERO,
            notes: Vec::new(),
        }
    }

    /// Turns a spin model of dimod into one of ours.
    fn turn(&mut self) {
        for entry in &mut self.list {
            entry.number = entry.number.negated();
        }
        let note = "a spin model as dimod writes it, E = + Σ J s s + Σ h s: the signs of all biases are turned, so \
                    that every energy is that of dimod";
        self.notes.push(note.to_owned());
    }
}

/// A line with content, its number from 1, and its comment.
struct Line<'t> {
    number: u64,
    content: &'t str,
    comment: &'t str,
}

/// Reads all entries. `kind` is what the user said; a file that says otherwise decides, or is refused.
pub(super) fn entries(path: &Path, bytes: &[u8], kind: Kind) -> Result<Entries, ProblemError> {
    let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    if bytes.trim_ascii_start().first() == Some(&b'{') {
        return bqm::entries(bytes, kind).map_err(|trouble| trouble.of(path));
    }
    let mut lines = Vec::new();
    for (number, raw) in (1..).zip(bytes.split(|byte| *byte == b'\n')) {
        let text = std::str::from_utf8(raw).map_err(|_| Trouble::Encoding.at(path, number))?;
        let (content, comment) = text.split_once('#').unwrap_or((text, ""));
        lines.push(Line {
            number,
            content: content.trim(),
            comment,
        });
    }
    let first = lines.iter().find(|line| !line.content.is_empty());
    let entries = if lines.iter().any(|line| qbsolv::announces(line.content)) {
        qbsolv::entries(path, &lines, kind)?
    } else if let Some(counts) = first.and_then(|line| rudy::counts(line.content)) {
        rudy::entries(path, &lines, counts, kind)?
    } else {
        edges::entries(path, &lines, kind)?
    };
    if entries.list.is_empty() && entries.spins.is_none() {
        return Err(Trouble::Empty.of(path));
    }
    Ok(entries)
}

/// The index of a spin, counted from `base`.
fn index(text: &str, base: u64) -> Result<u32, Trouble> {
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than fit are too large all the more.
        let index = text.parse::<u64>().unwrap_or(u64::MAX - 1);
        if index < base {
            let text = shorten(text);
            let hint = "this file numbers its vertices from 1";
            return Err(Trouble::Index {
                text,
                what: "below 1",
                from: base,
                hint,
            });
        }
        return match u32::try_from(index - base) {
            Ok(small) if index - base < MOST_SPINS => Ok(small),
            _ => Err(Trouble::TooMany { index }),
        };
    }
    let (what, hint) = match text.parse::<f64>() {
        Ok(value) if value < 0.0 && base == 0 => ("negative", "spins are numbered from 0"),
        Ok(value) if value < 0.0 => ("negative", "vertices are numbered from 1"),
        Ok(value) if value.is_finite() => ("not written as a whole number", "write 3, not 3.0 or 3e0"),
        _ if base == 0 => (
            "no number",
            "each line holds two spins, numbered from 0, then a value",
        ),
        _ => (
            "no number",
            "each line holds two vertices, numbered from 1, then a value",
        ),
    };
    let text = shorten(text);
    Err(Trouble::Index {
        text,
        what,
        from: base,
        hint,
    })
}

/// Two vertices and a value: three cells.
fn entry(cells: &[&str], base: u64, line: u64) -> Result<Entry, Trouble> {
    let [i, j, value] = *cells else {
        return Err(Trouble::Cells {
            found: cells.len(),
            form: "i j value",
            hint: "",
        });
    };
    Ok(Entry {
        line,
        i: index(i, base)?,
        j: index(j, base)?,
        number: Number::parse(value)?,
    })
}
