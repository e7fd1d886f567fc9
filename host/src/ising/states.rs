//! States in files: a line per spin, counted from 0, and a column per state.
//!
//! `spin,s` (±1), of a cut `vertex,side` (±1), of a QUBO `variable,x` (0 or 1); of several states the columns are
//! numbered, such as `spin,s0,s1`. What one verb writes, another takes as its start.

use super::problem::{Kind, Problem, ProblemError, Trouble};
use crate::data::{Header, TableOptions};
use std::io::{self, Write};
use std::path::Path;

/// Names of the columns, and the value of spin -1.
fn layout(kind: Kind) -> (&'static str, &'static str, i8) {
    match kind {
        Kind::Ising => ("spin", "s", -1),
        Kind::MaxCut => ("vertex", "side", -1),
        Kind::Qubo => ("variable", "x", 0),
    }
}

/// Writes states of one length.
///
/// # Errors
/// What `out` reports.
pub fn write_states(out: &mut dyn Write, kind: Kind, states: &[&[i8]]) -> io::Result<()> {
    let (first, name, low) = layout(kind);
    write!(out, "{first}")?;
    for column in 0..states.len() {
        match states.len() {
            1 => write!(out, ",{name}")?,
            _ => write!(out, ",{name}{column}")?,
        }
    }
    writeln!(out)?;
    for spin in 0..states.first().map_or(0, |state| state.len()) {
        write!(out, "{spin}")?;
        for state in states {
            write!(out, ",{}", if state[spin] > 0 { 1 } else { low })?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Reads states of `problem`, one or several, as ±1.
///
/// # Errors
/// What a table can be refused for; other columns, lines or values than [`write_states`] gives.
pub fn read_states(path: &Path, problem: &Problem) -> Result<Vec<Vec<i8>>, ProblemError> {
    let options = TableOptions {
        header: Header::AnyNames, // what is none of ours is refused below
        separator: Some(b','),    // whatever the name ends with
        ..TableOptions::default()
    };
    let table = options.read(path)?.table;
    let (first, name, low) = layout(problem.kind());
    let bad = |reason: String| ProblemError::Whole {
        path: path.to_owned(),
        trouble: Trouble::States(reason),
    };
    let n = problem.spins();
    let form = format!("a line for each, a column `{first}`, and one or several of values {low} and 1");
    let (index, states) = match table.columns.split_first() {
        Some((index, states)) if index.name == first && !states.is_empty() => (index, states),
        _ => return Err(bad(format!("holds no states such as `{first},{name}`: {form}"))),
    };
    if table.rows() != n {
        let reason = format!("states of {} spins, the problem has {n}: {form}", table.rows());
        return Err(bad(reason));
    }
    if let Some(line) = (0..n).find(|line| index.values[*line] != *line as f64) {
        let reason = format!("`{first}` is {} where {line} was expected", index.values[line]);
        return Err(bad(reason));
    }
    let state = |column: &crate::data::Column| -> Result<Vec<i8>, ProblemError> {
        let spin = |(line, value): (usize, &f64)| {
            if *value == 1.0 {
                Ok(1)
            } else if *value == f64::from(low) {
                Ok(-1)
            } else {
                let reason = format!(
                    "`{}` of {first} {line} is {value}: neither {low} nor 1",
                    column.name
                );
                Err(bad(reason))
            }
        };
        column.values.iter().enumerate().map(spin).collect()
    };
    states.iter().map(state).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(kind: Kind) -> Problem {
        crate::ising::testing::problem("0,1,1\n1,2,-1\n", kind)
    }

    #[test]
    fn states_come_back_and_others_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("states.csv");
        let states: [&[i8]; 2] = [&[1, -1, -1], &[-1, 1, -1]];
        for (kind, text) in [
            (Kind::Ising, "spin,s0,s1\n0,1,-1\n1,-1,1\n2,-1,-1\n"),
            (Kind::MaxCut, "vertex,side0,side1\n0,1,-1\n1,-1,1\n2,-1,-1\n"),
            (Kind::Qubo, "variable,x0,x1\n0,1,0\n1,0,1\n2,0,0\n"),
        ] {
            let mut bytes = Vec::new();
            write_states(&mut bytes, kind, &states).unwrap();
            assert_eq!(String::from_utf8(bytes.clone()).unwrap(), text);
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_states(&path, &problem(kind)).unwrap(), states);
            let mut bytes = Vec::new();
            write_states(&mut bytes, kind, &states[..1]).unwrap();
            std::fs::write(&path, bytes).unwrap();
            assert_eq!(read_states(&path, &problem(kind)).unwrap(), states[..1]);
        }
        for (text, words) in [
            ("spin,s\n0,1\n1,1\n", "states of 2 spins, the problem has 3"),
            ("spin,s\n0,1\n2,1\n1,1\n", "`spin` is 2 where 1 was expected"),
            ("spin,s\n0,1\n1,0\n2,1\n", "`s` of spin 1 is 0: neither -1 nor 1"),
            ("variable,x\n0,1\n1,0\n2,1\n", "no states such as `spin,s`"),
            ("spin\n0\n1\n2\n", "no states such as `spin,s`"),
        ] {
            std::fs::write(&path, text).unwrap();
            let refused = read_states(&path, &problem(Kind::Ising)).unwrap_err().to_string();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
