//! Measures the firmware on every board and prints the book's footprint tables. With `--write`, the numbers
//! become the budgets (`firmware/budgets.toml`) and the tables replace those in the book. With `--table` nothing is
//! measured: the book's tables are made from the budgets as they are.

use gibbs_tests::boards::BOARDS;
use gibbs_tests::footprint::{PROGRAMS, all_budgets, budget, measure, tables, write_all};
use gibbs_tests::{Failure, book};
use std::process::ExitCode;

fn main() -> ExitCode {
    let done = match std::env::args().nth(1).as_deref() {
        None => footprint(false),
        Some("--write") => footprint(true),
        Some("--table") => all_budgets().and_then(|all| book::write("footprint", &tables(&all))),
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
    let mut all = Vec::new();
    for program in PROGRAMS {
        let mut rows = Vec::new();
        for board in BOARDS {
            let measured = measure(&board, &program)?.values;
            let before = budget(&program, &board).ok();
            let keys: Vec<_> = program.quantities.iter().map(|quantity| quantity.key).collect();
            eprintln!(
                "{} on {}: {keys:?} {measured:?}, budget {before:?}",
                program.name, board.name
            );
            rows.push((board, measured));
        }
        all.push((program, rows));
    }
    print!("{}", tables(&all));
    if write { write_all(&all) } else { Ok(()) }
}
