//! The `gibbs` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    gibbs::cli::run(std::env::args_os())
}
