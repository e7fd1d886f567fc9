//! Prints the table of methods with the evidence that the tests say they are. `--write` puts it into the
//! book; `--tests [METHOD]` lists the tests instead, one a line.

use gibbs_tests::registry::Registry;
use gibbs_tests::{Failure, book};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match arguments.as_slice() {
        [] => Registry::read().map(|registry| print!("{}", registry.table())),
        ["--write"] => Registry::read().and_then(|registry| book::write("methods", &registry.table())),
        ["--tests"] => list(None),
        ["--tests", method] => list(Some(method)),
        other => {
            eprintln!("unknown arguments {other:?}\nhint: methods [--write | --tests [METHOD]]");
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

fn list(method: Option<&str>) -> Result<(), Failure> {
    let listing = Registry::read()?.listing(method);
    if listing.is_empty() {
        return Err(Failure(format!("no tests of {method:?}")));
    }
    print!("{listing}");
    Ok(())
}
