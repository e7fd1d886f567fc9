//! The command line: `gibbs <family> <verb> [files] [options]`. One file or folder per family.
//!
//! Standard output carries the result, as a table or with `--json` as one JSON object; everything else goes
//! to standard error. This file is the registry of families; [`session`] is what a verb is given and gives back,
//! [`error`] holds exit codes, [`output`] is the one place that writes to standard output, [`interrupt`] hears Ctrl-C.
//! To add a family: one module, one variant of [`Command`], one arm in `dispatch`.

pub mod cite;
pub mod completions;
pub mod diffusion;
pub mod error;
pub mod garrote;
pub mod interrupt;
pub mod ising;
pub mod net;
pub mod output;
pub mod reproduce;
pub mod session;

use clap::{CommandFactory, Parser, Subcommand};
use error::CliError;
pub use session::{Common, Status};
use std::ffi::OsString;
use std::process::ExitCode;

const EXIT_CODES: &str = "\
Exit codes:
  0    done
  1    not converged (the result is still printed), a claim not met, or input/output failed while running
  2    wrong usage or bad input, an unwritable output folder included
  130  interrupted (Ctrl-C or kill)

With --json an error is also an object on standard output: {\"schema\": \"gibbs.error/1\", \"code\", \"message\"}.

Examples:
  gibbs garrote fit data.csv --target y
  gibbs ising anneal couplings.csv
  gibbs reproduce
  gibbs cite garrote > references.bib
  gibbs completions bash > gibbs.bash";

/// The statistical physics of learning: fit, sample, reproduce.
#[derive(Debug, Parser)]
#[command(name = "gibbs", version, after_help = EXIT_CODES, propagate_version = true)]
pub struct Cli {
    /// Options of every verb.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The families of verbs.
#[derive(Debug, Subcommand)]
pub enum Command {
    // Families of methods come here, one line each.
    /// Variational Garrote: find the few columns of a table that explain a target
    Garrote(garrote::Arguments),
    /// Ising models and QUBOs: ground states, thermal averages, exact sums
    Ising(ising::Arguments),
    /// Diffusion models: train, sample, invert, and the geometry of their latent space
    Diffusion(diffusion::Arguments),
    /// Nets: compare a checkpoint with another implementation
    Net(net::Arguments),
    /// Run the reproduced experiments and write the report
    Reproduce(reproduce::Arguments),
    /// Print what a method is built on, as BibTeX
    Cite(cite::Arguments),
    /// Print the completion script of a shell
    Completions(completions::Completions),
    /// Print the manual page, or write the pages of all verbs to --out DIR
    Man(completions::Man),
}

/// Runs the command line `arguments` (the program's name first).
pub fn run<I, A>(arguments: I) -> ExitCode
where
    I: IntoIterator<Item = A>,
    A: Into<OsString> + Clone,
{
    let arguments: Vec<OsString> = arguments.into_iter().map(Into::into).collect();
    // Before the arguments are understood, so that a usage error is an object as well.
    let json = arguments.iter().take_while(|a| *a != "--").any(|a| a == "--json");
    let result = match Cli::try_parse_from(&arguments) {
        Ok(cli) => dispatch(&cli),
        Err(refusal) if refusal.use_stderr() => Err(CliError::usage(&refusal)),
        Err(wanted) => output::text(&wanted.to_string())
            .map(|()| Status::Done)
            .map_err(CliError::unwritten), // --help, --version
    };
    match result {
        Ok(Status::Done) => ExitCode::SUCCESS,
        Ok(Status::NotMet) => ExitCode::from(1),
        Err(failure) => failure.report(json),
    }
}

fn dispatch(cli: &Cli) -> Result<Status, CliError> {
    crate::simd::forced().map_err(CliError::input)?;
    if let Some(threads) = cli.common.threads {
        rayon::ThreadPoolBuilder::new()
            .num_threads(threads.into())
            .build_global()
            .map_err(|e| CliError::failed(format!("cannot start {threads} threads: {e}")))?;
    }
    match &cli.command {
        Command::Garrote(arguments) => garrote::run(arguments, &cli.common),
        Command::Ising(arguments) => ising::run(arguments, &cli.common),
        Command::Diffusion(arguments) => diffusion::run(arguments, &cli.common),
        Command::Net(arguments) => net::run(arguments, &cli.common),
        Command::Reproduce(arguments) => reproduce::run(arguments, &cli.common),
        Command::Cite(arguments) => cite::run(arguments, &cli.common),
        Command::Completions(arguments) => completions::print(arguments, &mut Cli::command()),
        Command::Man(arguments) => completions::man(arguments, &cli.common, Cli::command()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test] // clap checks names, conflicts and defaults of every verb
    fn the_definition_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test] // every verb has an example
    fn every_verb_shows_an_example() {
        fn check(command: &clap::Command) {
            let help = command
                .get_after_help()
                .map(ToString::to_string)
                .unwrap_or_default();
            assert!(
                help.contains("Example"),
                "no example in the help of {}",
                command.get_name()
            );
            command.get_subcommands().for_each(check);
        }
        check(&Cli::command());
    }
}
