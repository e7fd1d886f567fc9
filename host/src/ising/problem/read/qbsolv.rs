//! QUBOs in the form of qbsolv: comments `c …`, `p qubo 0 maxNodes nNodes nCouplers`, nodes, couplers.

use super::super::error::{ProblemError, Trouble};
use super::super::{Kind, MOST_SPINS};
use super::{Entries, Line, entry};
use std::path::Path;

/// Whether a line is the one that says what the file is.
pub(super) fn announces(line: &str) -> bool {
    let mut cells = line.split_whitespace();
    cells.next() == Some("p") && cells.next() == Some("qubo")
}

/// The numbers of variables, nodes and couplers.
fn counts(line: &str) -> Result<[u64; 3], Trouble> {
    let cells: Vec<&str> = line.split_whitespace().skip(2).collect();
    let numbers: Option<Vec<u64>> = cells.iter().skip(1).map(|cell| cell.parse().ok()).collect();
    match (cells.len(), numbers.as_deref()) {
        (4, Some(&[variables, nodes, couplers])) => Ok([variables, nodes, couplers]),
        _ => Err(Trouble::Form {
            says: "`p qubo`, without the four words that follow".to_owned(),
            hint: "p qubo 0 maxNodes nNodes nCouplers",
        }),
    }
}

/// Reads all lines.
pub(super) fn entries(path: &Path, lines: &[Line<'_>], kind: Kind) -> Result<Entries, ProblemError> {
    if kind == Kind::MaxCut {
        let (says, hint) = ("`p qubo`, so it is no graph".to_owned(), "leave out --max-cut");
        return Err(Trouble::Form { says, hint }.of(path));
    }
    let mut entries = Entries::new("a QUBO file (p qubo)", Kind::Qubo);
    let mut announced = None;
    let (mut nodes, mut couplers) = (0, 0);
    for line in lines {
        let here = |trouble: Trouble| trouble.at(path, line.number);
        let first = line.content.split_whitespace().next();
        if first.is_none_or(|word| word.starts_with('c')) {
            continue;
        }
        if announces(line.content) {
            if announced.is_some() {
                let (says, hint) = ("`p qubo` twice".to_owned(), "one file holds one problem");
                return Err(here(Trouble::Form { says, hint }));
            }
            let counts = counts(line.content).map_err(here)?;
            let [variables, ..] = counts;
            if variables == 0 || variables > MOST_SPINS {
                return Err(here(Trouble::TooMany { index: variables }));
            }
            announced = Some(counts);
            continue;
        }
        let cells: Vec<&str> = line.content.split_whitespace().collect();
        let entry = entry(&cells, 0, line.number).map_err(here)?;
        if entry.i == entry.j {
            nodes += 1;
        } else {
            couplers += 1;
        }
        entries.list.push(entry);
    }
    let [variables, said_nodes, said_couplers] = announced.unwrap_or_default();
    if (nodes, couplers) != (said_nodes, said_couplers) {
        let says = format!(
            "{said_nodes} nodes and {said_couplers} couplers after `p qubo`, but has {nodes} and {couplers}"
        );
        let hint = "is the file whole?";
        return Err(Trouble::Form { says, hint }.of(path));
    }
    entries.spins = usize::try_from(variables).ok();
    Ok(entries)
}
