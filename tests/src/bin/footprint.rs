//! Measures the firmware on every board and prints the README's footprint table. With `--write`, the numbers
//! become the budgets (`firmware/budgets.toml`) and the table replaces the one in README.md.

use gibbs_tests::Failure;
use gibbs_tests::boards::BOARDS;
use gibbs_tests::footprint::{QUANTITIES, budget, measure, table, write_all};
use std::process::ExitCode;

fn main() -> ExitCode {
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => {
            eprintln!("unknown argument {other}\nhint: footprint [--write]");
            return ExitCode::from(2);
        }
    };
    match footprint(write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn footprint(write: bool) -> Result<(), Failure> {
    let program = "garrote";
    let mut rows = Vec::new();
    for board in BOARDS {
        let measured = measure(&board, program)?.values;
        let before = budget(program, &board).ok();
        eprintln!("{}: {QUANTITIES:?} {measured:?}, budget {before:?}", board.name);
        rows.push((board, measured));
    }
    print!("{}", table(&rows));
    if write { write_all(program, &rows) } else { Ok(()) }
}
