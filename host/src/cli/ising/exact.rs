//! `gibbs ising exact FILE --beta B`: sums over all configurations of up to 24 spins.

use super::reading::{Reading, finite, refused};
use super::writing::{answer_state, write_states};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::ising::exact::exact;
use crate::report::answer::Answer;
use crate::report::number::significant;
use crate::report::rows::Rows;
use clap::Args;

const VERB: Verb = Verb {
    name: "ising.exact",
    version: 2,
    folder: Folder::Optional,
    keeps: false,
};
/// Rows of the density of states in the text.
const SHOWN: usize = 24;
/// Significant digits in the text.
const DIGITS: usize = 10;

/// Arguments of `gibbs ising exact`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising exact couplings.csv --beta 0.25
  gibbs ising exact qubo.csv --qubo --beta 1 --json
  gibbs ising exact couplings.csv --beta 1 --out exact

ln Z, mean energy, heat capacity and magnetisations are those of p = exp(-beta E)/Z; the heat capacity is in
units of k_B. The table shows the density of states: the number of configurations of each energy.
Ground states are counted by exact integers; only where the values span more than 38 digits are energies f64, and
ground_tolerance says how near counts as equal.
A negative beta turns the spectrum upside down; the ground state is the lowest all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Inverse temperature, per energy of the file
    #[arg(long, value_name = "B", value_parser = finite, allow_hyphen_values = true)]
    beta: f64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let problem = arguments.reading.problem(&session)?;
    let result = exact(&problem, arguments.beta).map_err(|e| refused(e, &arguments.reading.file))?;
    let mut answer = Answer::new();
    if let Some(levels) = &result.levels {
        let levels = Rows::of("levels", levels)
            .number("energy", |level| level.0)
            .digits(DIGITS)
            .count("configurations", |level| level.1)
            .done();
        answer.rows_first(&levels, SHOWN);
        session.write("levels.csv", &levels)?;
    } else {
        answer.hidden("levels", None::<()>);
    }
    answer_state(&mut answer, "ground_", &problem, &result.state, result.ground);
    let degeneracy = match result.tolerance {
        None => result.degeneracy.to_string(),
        Some(tolerance) => {
            let near = significant(tolerance, 2);
            format!(
                "{} (energies within {near} of each other count as one)",
                result.degeneracy
            )
        }
    };
    answer
        .value("ground_degeneracy", result.degeneracy, degeneracy)
        .label("degeneracy");
    answer.hidden("ground_tolerance", result.tolerance);
    answer.number("beta", result.beta);
    answer.number("log_z", result.log_z).label("ln Z").digits(DIGITS);
    answer.number("energy", result.energy).label("<E>").digits(DIGITS);
    answer
        .number("heat_capacity", result.heat_capacity)
        .digits(DIGITS);
    let magnetization = result.means.iter().sum::<f64>() / result.means.len().max(1) as f64;
    let text = format!("{} per spin", significant(magnetization, DIGITS));
    answer
        .value("magnetizations", &result.means, text)
        .label("magnetization");
    let means: Vec<(usize, f64)> = result.means.iter().copied().enumerate().collect();
    let means = Rows::of("magnetizations", &means)
        .count("spin", |mean| mean.0 as u64)
        .number("mean", |mean| mean.1)
        .done();
    session.write("magnetizations.csv", &means)?;
    write_states(&session, "ground_state.csv", problem.kind(), &[&result.state])?;
    session.done(answer, Ended::DONE)
}
