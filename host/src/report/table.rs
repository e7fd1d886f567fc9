//! Aligned tables for the terminal and for Markdown.
//!
//! Colour only on a terminal that wants it (`NO_COLOR` unset, `TERM` not `dumb`), and never as the only
//! carrier of meaning. Cells come from files of strangers: control characters are shown escaped, so that a
//! column name cannot steer the terminal.

use std::fmt::Write as _;
use std::io::IsTerminal;

/// How a cell is painted on a terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    /// Green: as it should be.
    Good,
    /// Bold red: not as it should be.
    Bad,
    /// Dim: for information.
    Quiet,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Good => "32",
            Self::Bad => "1;31",
            Self::Quiet => "2",
        }
    }
}

/// One cell: text and, perhaps, paint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    text: String,
    paint: Option<Paint>,
}

impl Cell {
    /// A painted cell.
    pub fn painted(text: impl AsRef<str>, paint: Paint) -> Self {
        Self {
            paint: Some(paint),
            ..Self::from(text.as_ref())
        }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        let mut clean = String::with_capacity(text.len());
        for c in text.chars() {
            if c.is_control() {
                clean.extend(c.escape_default());
            } else {
                clean.push(c);
            }
        }
        Self {
            text: clean,
            paint: None,
        }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self::from(text.as_str())
    }
}

/// How [`Table::to_text`] prints.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Style {
    /// Paint cells with ANSI codes.
    pub colour: bool,
    /// Break long cells of left-aligned columns at words, so that a line has at most this many characters, as far as
    /// words and numbers allow. `None`: one line a row, which is what `grep` and `cut` want.
    pub width: Option<usize>,
}

impl Style {
    /// What suits standard output as it is now.
    pub fn of_stdout() -> Self {
        let terminal = std::io::stdout().is_terminal();
        let set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
        Self {
            colour: terminal && !set("NO_COLOR") && !dumb,
            width: terminal.then(terminal_width),
        }
    }
}

/// Columns of the terminal that standard output is; 80 where it does not say.
fn terminal_width() -> usize {
    let size = terminal_size::terminal_size_of(std::io::stdout());
    let columns = size.map(|(width, _)| usize::from(width.0));
    columns.filter(|columns| *columns > 0).unwrap_or(80)
}

/// Characters of a cell that is broken: at most, and at least.
const CELL: std::ops::RangeInclusive<usize> = 8..=44;

/// A table: a header and rows of the same width.
#[derive(Clone, Debug, Default)]
pub struct Table {
    header: Vec<String>,
    right: Vec<usize>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    /// An empty table with these column titles.
    pub fn new(header: &[&str]) -> Self {
        Self {
            header: header.iter().map(|&h| h.to_owned()).collect(),
            ..Self::default()
        }
    }

    /// Aligns these columns (from 0) to the right: numbers.
    #[must_use]
    pub fn right(mut self, columns: &[usize]) -> Self {
        self.right = columns.to_vec();
        self
    }

    /// Adds a row; missing cells are empty, surplus ones are dropped.
    pub fn push<C: Into<Cell>>(&mut self, cells: impl IntoIterator<Item = C>) {
        let mut row: Vec<Cell> = cells.into_iter().map(Into::into).collect();
        row.resize(self.header.len(), Cell::from(""));
        self.rows.push(row);
    }

    /// True without rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as aligned text, two spaces between columns, a rule under the header.
    pub fn to_text(&self, style: Style) -> String {
        let (wrapped, widths) = self.laid_out(style.width);

        let mut text = String::new();
        let titles: Vec<(&str, Option<Paint>)> = self.header.iter().map(|t| (t.as_str(), None)).collect();
        self.line(&mut text, &titles, &widths, style);
        let rules: Vec<String> = widths.iter().map(|w| "-".repeat(*w)).collect();
        let rules: Vec<(&str, Option<Paint>)> = rules.iter().map(|r| (r.as_str(), None)).collect();
        self.line(&mut text, &rules, &widths, style);
        for (row, lines) in self.rows.iter().zip(&wrapped) {
            let height = lines.iter().map(Vec::len).max().unwrap_or(0);
            for k in 0..height {
                let cells: Vec<(&str, Option<Paint>)> = row
                    .iter()
                    .zip(lines)
                    .map(|(cell, lines)| (lines.get(k).map_or("", String::as_str), cell.paint))
                    .collect();
                self.line(&mut text, &cells, &widths, style);
            }
        }
        text
    }

    /// The lines of all cells and the widths of the columns: with the longest cells that fit into `width`.
    fn laid_out(&self, width: Option<usize>) -> (Vec<Vec<Vec<String>>>, Vec<usize>) {
        let Some(width) = width else {
            return self.broken(usize::MAX);
        };
        let fits = |widths: &[usize]| widths.iter().map(|w| w + 2).sum::<usize>() <= width + 2;
        let layouts = CELL.rev().map(|limit| self.broken(limit));
        let mut best = self.broken(*CELL.start());
        for (lines, widths) in layouts {
            if fits(&widths) {
                best = (lines, widths);
                break;
            }
        }
        best
    }

    /// Cells of left-aligned columns broken to `limit` characters.
    fn broken(&self, limit: usize) -> (Vec<Vec<Vec<String>>>, Vec<usize>) {
        let lines = |(column, cell): (usize, &Cell)| {
            if self.right.contains(&column) {
                vec![cell.text.clone()]
            } else {
                wrap(&cell.text, limit)
            }
        };
        let rows = self
            .rows
            .iter()
            .map(|row| row.iter().enumerate().map(lines).collect());
        let rows: Vec<Vec<Vec<String>>> = rows.collect();
        let width = |(column, title): (usize, &String)| {
            let cells = rows.iter().filter_map(|row| row.get(column)).flatten();
            let lengths = cells.map(|line| line.chars().count());
            lengths.fold(title.chars().count(), usize::max)
        };
        let widths = self.header.iter().enumerate().map(width).collect();
        (rows, widths)
    }

    fn line(&self, out: &mut String, cells: &[(&str, Option<Paint>)], widths: &[usize], style: Style) {
        let mut line = String::new();
        for (column, ((text, paint), width)) in cells.iter().zip(widths).enumerate() {
            if column > 0 {
                line.push_str("  ");
            }
            let padding = " ".repeat(width.saturating_sub(text.chars().count()));
            let painted = match paint {
                Some(paint) if style.colour && !text.is_empty() => {
                    format!("\u{1b}[{}m{text}\u{1b}[0m", paint.code())
                }
                _ => (*text).to_owned(),
            };
            let parts = if self.right.contains(&column) {
                [padding, painted]
            } else {
                [painted, padding]
            };
            line.extend(parts);
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }

    /// The table in Markdown (GitHub's dialect).
    pub fn to_markdown(&self) -> String {
        let mut text = String::new();
        let escape = |s: &str| s.replace('\\', "\\\\").replace('|', "\\|");
        let row = |cells: &mut dyn Iterator<Item = String>| {
            let mut line = String::from("|");
            for cell in cells {
                // Writing to a string cannot fail.
                let _ = write!(line, " {cell} |");
            }
            line.push('\n');
            line
        };
        text.push_str(&row(&mut self.header.iter().map(|h| escape(h))));
        let rule = |c: usize| if self.right.contains(&c) { "---:" } else { "---" }.to_owned();
        text.push_str(&row(&mut (0..self.header.len()).map(rule)));
        for cells in &self.rows {
            text.push_str(&row(&mut cells.iter().map(|c| escape(&c.text))));
        }
        text
    }
}

/// Breaks at spaces; a word longer than the limit stays whole.
pub fn wrap(text: &str, limit: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split(' ') {
        if let Some(last) = lines.last_mut() {
            let used = last.chars().count();
            if used == 0 {
                last.push_str(word);
                continue;
            }
            if used + 1 + word.chars().count() <= limit {
                last.push(' ');
                last.push_str(word);
                continue;
            }
        }
        lines.push(word.to_owned());
    }
    lines
}

#[cfg(test)]
mod tests;
