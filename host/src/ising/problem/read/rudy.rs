//! Graphs as rudy writes them: `n m`, then m edges `i j` or `i j value`, vertices numbered from 1.

use super::super::error::{ProblemError, Trouble};
use super::super::{Kind, MOST_SPINS};
use super::{Entries, Entry, Line, Number, entry, index};
use std::path::Path;

/// The number of vertices and of edges, where a line holds these two numbers and nothing else.
pub(super) fn counts(line: &str) -> Option<[u64; 2]> {
    let cells: Vec<&str> = line.split_whitespace().collect();
    let count = |cell: &str| {
        let digits = cell.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| cell.parse().ok()).flatten()
    };
    match cells[..] {
        [vertices, edges] => Some([count(vertices)?, count(edges)?]),
        _ => None,
    }
}

/// Reads the edges.
pub(super) fn entries(
    path: &Path,
    lines: &[Line<'_>],
    [vertices, edges]: [u64; 2],
    kind: Kind,
) -> Result<Entries, ProblemError> {
    let mut entries = Entries::new("a graph as rudy writes it (vertices from 1)", kind);
    if vertices == 0 || vertices > MOST_SPINS {
        return Err(Trouble::TooMany { index: vertices }.of(path));
    }
    entries.spins = usize::try_from(vertices).ok();
    let content = lines.iter().filter(|line| !line.content.is_empty()).skip(1);
    for line in content {
        let cells: Vec<&str> = line.content.split_whitespace().collect();
        let edge = edge(&cells, line.number)
            .and_then(|entry| {
                let last = entry.i.max(entry.j);
                if u64::from(last) >= vertices {
                    let says = format!("vertex {}, but its first line says {vertices} vertices", last + 1);
                    let hint = "vertices are numbered from 1 after a first line `n m`";
                    return Err(Trouble::Form { says, hint });
                }
                Ok(entry)
            })
            .map_err(|trouble| trouble.at(path, line.number))?;
        entries.list.push(edge);
    }
    if entries.list.len() as u64 != edges {
        let says = format!(
            "{edges} edges in its first line, but {} follow",
            entries.list.len()
        );
        let hint =
            "a first line of two numbers is `n m`; is the file whole? An edge list has three cells a line";
        return Err(Trouble::Form { says, hint }.of(path));
    }
    Ok(entries)
}

fn edge(cells: &[&str], line: u64) -> Result<Entry, Trouble> {
    match *cells {
        [i, j] => Ok(Entry {
            line,
            i: index(i, 1)?,
            j: index(j, 1)?,
            number: Number::ONE,
        }),
        _ => entry(cells, 1, line),
    }
}
