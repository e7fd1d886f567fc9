//! `gibbs ising exact FILE --beta B`: sums over all configurations of up to 24 spins.

use super::reading::{Reading, finite, refused};
use super::remark;
use super::writing::{csv, energy_text, state_csv, state_fields, state_text};
use crate::cli::error::CliError;
use crate::cli::output::emit;
use crate::cli::{Common, Status};
use crate::data::{ensure_output_dir, write_atomic};
use crate::ising::Problem;
use crate::ising::exact::{Exact, exact};
use crate::report::number::significant;
use crate::report::table::{Style, Table};
use clap::Args;
use serde_json::{Value, json};
use std::fmt::Write as _; // writing to a string cannot fail
use std::path::Path;

/// Arguments of `gibbs ising exact`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs ising exact couplings.csv --beta 0.25
  gibbs ising exact qubo.csv --qubo --beta 1 --json
  gibbs ising exact couplings.csv --beta 1 --out exact

ln Z, mean energy, heat capacity and magnetisations are those of p = exp(-beta E)/Z; the heat capacity is in
units of k_B. The table shows the density of states: the number of configurations of each energy.
A negative beta turns the spectrum upside down; the ground state is the lowest all the same.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Inverse temperature, per energy of the file
    #[arg(long, value_name = "B", value_parser = finite, allow_hyphen_values = true)]
    beta: f64,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    if let Some(out) = &common.out {
        ensure_output_dir(out)?;
    }
    let file = &arguments.reading.file;
    let problem = arguments.reading.problem(common)?;
    let result = exact(&problem, arguments.beta).map_err(|error| refused(&error, file))?;
    if let Some(out) = &common.out {
        write(&problem, &result, out, common)?;
    }
    emit(
        common,
        || json_of(&problem, &result),
        || text_of(&problem, &result),
    )?;
    Ok(Status::Done)
}

/// The object of schema `gibbs.ising.exact/1`. `state` is one ground state, `levels` null where the couplings
/// have no common unit or there are too many.
fn json_of(problem: &Problem, result: &Exact) -> Value {
    let mut object = state_fields(problem, &result.state, result.ground);
    for (field, new) in [
        ("energy", "ground_energy"),
        ("energy_exact", "ground_energy_exact"),
        ("state", "ground_state"),
    ] {
        if let Some(value) = object.remove(field) {
            object.insert(new.to_owned(), value);
        }
    }
    let level = |(energy, count): &(f64, u32)| json!({"energy": energy, "configurations": count});
    let levels = result
        .levels
        .as_ref()
        .map(|levels| levels.iter().map(level).collect::<Vec<_>>());
    for (field, value) in [
        ("schema", json!("gibbs.ising.exact/1")),
        ("beta", json!(result.beta)),
        ("log_z", json!(result.log_z)),
        ("energy", json!(result.energy)),
        ("heat_capacity", json!(result.heat_capacity)),
        ("magnetizations", json!(result.means)),
        ("ground_degeneracy", json!(result.degeneracy)),
        ("levels", json!(levels)),
    ] {
        object.insert(field.to_owned(), value);
    }
    Value::Object(object)
}

fn text_of(problem: &Problem, result: &Exact) -> String {
    const SHOWN: usize = 24;
    let digits = |value: f64| significant(value, 10);
    let mut text = String::new();
    if let Some(levels) = &result.levels {
        let mut table = Table::new(&["energy", "configurations"]).right(&[0, 1]);
        for (energy, count) in levels.iter().take(SHOWN) {
            table.push([digits(*energy), count.to_string()]);
        }
        text.push_str(&table.to_text(Style::of_stdout()));
        if levels.len() > SHOWN {
            let _ = writeln!(text, "and {} higher energies", levels.len() - SHOWN);
        }
        text.push('\n');
    }
    let magnetization = result.means.iter().sum::<f64>() / result.means.len().max(1) as f64;
    for (name, value) in [
        ("ln Z", digits(result.log_z)),
        ("energy", digits(result.energy)),
        ("heat capacity", digits(result.heat_capacity)),
        ("magnetization", format!("{} per spin", digits(magnetization))),
        ("ground energy", energy_text(result.ground)),
        ("degeneracy", result.degeneracy.to_string()),
        ("ground state", state_text(problem.kind(), &result.state)),
        ("spins", problem.spins().to_string()),
        ("beta", result.beta.to_string()),
    ] {
        let _ = writeln!(text, "{name:<14} {value}");
    }
    text
}

/// Ground state, magnetisations and levels.
fn write(problem: &Problem, result: &Exact, out: &Path, common: &Common) -> Result<(), CliError> {
    let means = result.means.iter().enumerate();
    let means = means.map(|(i, m)| vec![i.to_string(), format!("{m:?}")]);
    let mut files = vec![
        ("ground_state.csv", state_csv(problem.kind(), &result.state)),
        ("magnetizations.csv", csv(&["spin", "mean"], means)?),
    ];
    if let Some(levels) = &result.levels {
        let rows = levels
            .iter()
            .map(|(energy, count)| vec![format!("{energy:?}"), count.to_string()]);
        files.push(("levels.csv", csv(&["energy", "configurations"], rows)?));
    }
    for (name, bytes) in files {
        let path = out.join(name);
        write_atomic(&path, &bytes)?;
        remark(common, &format!("wrote {}", path.display()));
    }
    Ok(())
}
