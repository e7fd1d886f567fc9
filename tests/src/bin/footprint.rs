//! Measures the firmware on every board and prints the README's footprint table. With `--write`, the numbers
//! become the budgets (`firmware/budgets.toml`) and the table replaces the one in README.md. With `--table` nothing is
//! measured: the README's table is made from the budgets as they are.

use gibbs_tests::boards::BOARDS;
use gibbs_tests::footprint::{QUANTITIES, budget, budgets, measure, table, write_all};
use gibbs_tests::{Failure, readme};
use std::process::ExitCode;

const PROGRAM: &str = "garrote";

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        None => footprint(false),
        Some("--write") => footprint(true),
        Some("--table") => budgets(PROGRAM).and_then(|rows| readme::write("footprint", &table(&rows))),
        Some(other) => {
            eprintln!("unknown argument {other}\nhint: footprint [--write | --table]");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn footprint(write: bool) -> Result<(), Failure> {
    let mut rows = Vec::new();
    for board in BOARDS {
        let measured = measure(&board, PROGRAM)?.values;
        let before = budget(PROGRAM, &board).ok();
        eprintln!("{}: {QUANTITIES:?} {measured:?}, budget {before:?}", board.name);
        rows.push((board, measured));
    }
    print!("{}", table(&rows));
    if write { write_all(PROGRAM, &rows) } else { Ok(()) }
}
