//! Prints the book's table of methods, made from `fixtures/methods.toml`. With `--write` it replaces the one in
//! the book.

use gibbs_tests::registry::Registry;
use gibbs_tests::{Failure, book};
use std::process::ExitCode;

fn main() -> ExitCode {
    let write = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--write") => true,
        Some(other) => {
            eprintln!("unknown argument {other}\nhint: methods [--write]");
            return ExitCode::from(2);
        }
    };
    match methods(write) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}

fn methods(write: bool) -> Result<(), Failure> {
    let table = Registry::read()?.table();
    print!("{table}");
    if write {
        book::write("methods", &table)
    } else {
        Ok(())
    }
}
