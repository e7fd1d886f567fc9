//! Claims on one screen: a line per group of rows, then the rows that a reader has to know of.
//!
//! Claims that are met and rows for information are counted, not shown. [`table_of`] shows every row.

use super::claim::{Row, Verdict};
use super::table::{Cell, Paint, Style, Table, wrap};
use std::fmt::Write as _; // writing to a string cannot fail

/// Rows that belong together: those of an experiment, those about one part of a program.
#[derive(Clone, Copy, Debug)]
pub struct Group<'a> {
    /// What it is called.
    pub name: &'a str,
    /// The rows of the experiment.
    pub rows: &'a [Row],
    /// Why there are none, if so.
    pub failure: Option<&'a str>,
    /// Seconds it took, where they are its own.
    pub seconds: Option<f64>,
}

impl Group<'_> {
    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Row> {
        self.rows.iter().filter(move |row| row.verdict() == verdict)
    }

    fn count(&self, verdict: Verdict) -> usize {
        self.with(verdict).count()
    }
}

/// A line per group (claims met, claims not met, known shortfalls, rows for information, time), then what failed, the
/// rows that are not met, and the known shortfalls. `what` is what a group is, in a word. No line is longer than
/// `style.width`, unless a single word is.
pub fn screen(what: &str, groups: &[Group<'_>], style: Style) -> String {
    let mut text = counts(what, groups).to_text(style);
    let mut part = |heading: &str, rows: Vec<[String; 2]>| {
        if !rows.is_empty() {
            let _ = write!(text, "\n{heading}\n");
        }
        for [first, rest] in rows {
            paragraph(&mut text, "  ", &first, style);
            paragraph(&mut text, "      ", &rest, style);
        }
    };
    let failed = groups
        .iter()
        .filter_map(|group| Some((group.name, group.failure?)));
    let failed = failed.map(|(name, failure)| [name.to_owned(), failure.to_owned()]);
    part("failed", failed.collect());
    for (heading, verdict) in [
        ("not met", Verdict::NotMet),
        ("known shortfalls", Verdict::KnownShortfall),
    ] {
        let of_group = |group| Group::with(group, verdict).map(|row| in_words(group.name, row));
        part(heading, groups.iter().flat_map(of_group).collect());
    }
    text
}

/// How many rows of each verdict the groups have.
fn counts(what: &str, groups: &[Group<'_>]) -> Table {
    let mut table = Table::new(&[what, "met", "not met", "shortfall", "for information", "seconds"])
        .right(&[1, 2, 3, 4, 5]);
    for group in groups {
        let number = |verdict, paint| match group.count(verdict) {
            0 => Cell::from("–"),
            count => Cell::painted(count.to_string(), paint),
        };
        let seconds = group.seconds.map_or(String::new(), |s| format!("{s:.1}"));
        let not_met = match group.failure {
            Some(_) => Cell::painted("FAILED", Paint::Bad),
            None => number(Verdict::NotMet, Paint::Bad),
        };
        table.push([
            Cell::from(group.name),
            number(Verdict::Met, Paint::Good),
            not_met,
            number(Verdict::KnownShortfall, Paint::Quiet),
            number(Verdict::Informative, Paint::Quiet),
            Cell::from(seconds),
        ]);
    }
    table
}

/// "group: quantity", and what was measured, expected and said of it.
fn in_words(group: &str, row: &Row) -> [String; 2] {
    let [quantity, source, expected, tolerance, measured, verdict] = row.cells();
    let tolerance = if tolerance == "–" {
        String::new()
    } else {
        format!(" {tolerance}")
    };
    let reason = verdict
        .split_once(": ")
        .map_or(String::new(), |(_, reason)| format!("; {reason}"));
    [
        format!("{group}: {quantity}"),
        format!("{measured}, expected {expected}{tolerance} ({source}){reason}"),
    ]
}

/// Lines that all begin with `indent`.
fn paragraph(text: &mut String, indent: &str, words: &str, style: Style) {
    let limit = style
        .width
        .map_or(usize::MAX, |width| width.saturating_sub(indent.len()));
    for line in wrap(words, limit) {
        let _ = writeln!(text, "{indent}{line}");
    }
}

/// Every row: quantity, source, expected, tolerance, measured, verdict.
pub fn table_of(rows: &[Row]) -> Table {
    let mut table = Table::new(&[
        "quantity",
        "source",
        "expected",
        "tolerance",
        "measured",
        "verdict",
    ])
    .right(&[2, 4]);
    for row in rows {
        let [quantity, source, expected, tolerance, measured, verdict] = row.cells();
        let paint = match row.verdict() {
            Verdict::Met => Paint::Good,
            Verdict::NotMet => Paint::Bad,
            Verdict::Informative | Verdict::KnownShortfall => Paint::Quiet,
        };
        let cells = [quantity, source, expected, tolerance, measured].map(Cell::from);
        table.push(cells.into_iter().chain([Cell::painted(verdict, paint)]));
    }
    table
}

#[cfg(test)]
mod tests;
