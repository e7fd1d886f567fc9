//! `gibbs completions SHELL` and `gibbs man`: made from the definition of the command line.

use super::{Common, Status, error::CliError, output};
use clap::{Args, Command};
use clap_complete::Shell;

/// Arguments of `gibbs completions`.
#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  gibbs completions bash > ~/.local/share/bash-completion/completions/gibbs"
)]
pub struct Completions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Arguments of `gibbs man`.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  gibbs man | man -l -\n  gibbs man --out ~/.local/share/man/man1")]
pub struct Man {}

pub(super) fn print(arguments: &Completions, command: &mut Command) -> Result<Status, CliError> {
    let mut script = Vec::new();
    clap_complete::generate(arguments.shell, command, "gibbs", &mut script);
    output::bytes(&script).map_err(CliError::unwritten)?;
    Ok(Status::Done)
}

pub(super) fn man(_: &Man, common: &Common, command: Command) -> Result<Status, CliError> {
    if let Some(dir) = &common.out {
        let failed = |e| CliError::input(format!("cannot write to output folder {}: {e}", dir.display()));
        std::fs::create_dir_all(dir).map_err(failed)?;
        clap_mangen::generate_to(command, dir).map_err(failed)?;
    } else {
        let mut page = Vec::new();
        clap_mangen::Man::new(command)
            .render(&mut page)
            .map_err(|e| CliError::failed(format!("cannot make the manual page: {e}")))?;
        output::bytes(&page).map_err(CliError::unwritten)?;
    }
    Ok(Status::Done)
}
