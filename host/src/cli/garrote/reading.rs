//! Options that several verbs share, and how a table becomes a design.

use super::{list, refused, remark};
use crate::cli::Common;
use crate::cli::error::CliError;
use crate::data::{self, DataError, Missing, TableOptions, Wanted};
use crate::garrote::{Design, FitOptions};
use clap::{Args, ValueEnum};
use gibbs_core::garrote::Noise;
use std::path::{Path, PathBuf};

/// What to do about missing cells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum MissingChoice {
    /// Stop and name the first one
    Refuse,
    /// Leave out rows with missing cells
    DropRows,
    /// Leave out columns with missing cells
    DropColumns,
}

/// How a table is read.
#[derive(Debug, Args)]
#[command(next_help_heading = "Reading the table")]
pub(super) struct Reading {
    /// Missing cells (empty, NA, N/A or ?)
    #[arg(long, value_enum, value_name = "WHAT", default_value = "refuse")]
    missing: MissingChoice,
    /// Columns to leave out, text columns for instance
    #[arg(long, value_name = "COLUMN,…")]
    ignore: Vec<String>,
}

impl Reading {
    /// Reads a table with its target, or only the `wanted` columns where that is given. Says what was left out.
    pub(super) fn table(
        &self,
        file: &Path,
        target: Option<String>,
        only: Option<Wanted>,
        common: &Common,
    ) -> Result<data::Reading, CliError> {
        let options = TableOptions {
            missing: match self.missing {
                MissingChoice::Refuse => Missing::Refuse,
                MissingChoice::DropRows => Missing::DropRows,
                MissingChoice::DropColumns => Missing::DropColumns,
            },
            ignore: self.ignore.clone(),
            target,
            only,
            ..TableOptions::default()
        };
        let reading = options.read(file).map_err(|e| in_file(e, file))?;
        if reading.dropped_rows > 0 {
            let text = format!(
                "note: rows with missing values left out: {}",
                reading.dropped_rows
            );
            remark(common, &text);
        }
        if !reading.dropped_columns.is_empty() {
            let names = list(reading.dropped_columns.iter().map(String::as_str));
            remark(
                common,
                &format!("note: columns with missing values left out: {names}"),
            );
        }
        Ok(reading)
    }
}

/// The table and its target.
#[derive(Debug, Args)]
pub(super) struct Data {
    /// Table: .csv, .tsv (first line: names) or .npy (columns x0, x1, …)
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Column to explain: its name, or its number from 0 (-1 is the last)
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    target: String,
    #[command(flatten)]
    reading: Reading,
}

impl Data {
    /// The standardised problem.
    pub(super) fn design(&self, common: &Common) -> Result<Design, CliError> {
        let target = Some(self.target.clone());
        let reading = self.reading.table(&self.file, target, None, common)?;
        let (variables, target) = reading.split_target().map_err(|e| in_file(e, &self.file))?;
        let names = variables.iter().map(|column| column.name.clone()).collect();
        let x = variables.into_iter().flat_map(|column| column.values).collect();
        Design::new(names, target.name, x, target.values).map_err(|e| refused(e, &self.file))
    }

    /// Another sample of the same columns, in raw units.
    pub(super) fn held_out(&self, file: &Path, design: &Design, common: &Common) -> Result<Design, CliError> {
        let reading = Reading {
            missing: self.reading.missing,
            ignore: Vec::new(),
        };
        let mut needed = design.names.clone();
        needed.push(design.target.clone());
        let wanted = Wanted {
            needed,
            optional: Vec::new(),
        };
        let table = reading.table(file, None, Some(wanted), common)?.table;
        let column = |name: &String| match table.column(name) {
            Some(column) => Ok(column.values.clone()),
            None => Err(in_file(table.not_found(name), file)),
        };
        let y = column(&design.target)?;
        let x: Vec<Vec<f64>> = design.names.iter().map(column).collect::<Result<_, _>>()?;
        Design::raw(design.names.clone(), design.target.clone(), x.concat(), y).map_err(|e| refused(e, file))
    }
}

/// The path and its noise model.
#[derive(Debug, Args)]
#[command(next_help_heading = "Path and noise")]
pub(super) struct Model {
    /// Values of gamma on the path, 2 to 10000
    #[arg(long, value_name = "G", default_value_t = 50, value_parser = clap::value_parser!(u16).range(2..=10_000))]
    gammas: u16,
    /// Smallest noise variance, as a fraction of the target's [default: that of rounding]
    #[arg(long, value_name = "F", value_parser = fraction, allow_hyphen_values = true)]
    floor: Option<f64>,
    /// Standard deviation of the noise, where it is known, in units of the target
    #[arg(long, value_name = "SD", value_parser = positive, allow_hyphen_values = true, conflicts_with = "floor")]
    noise_sd: Option<f64>,
}

impl Model {
    /// The options of a fit that these settings mean.
    pub(super) fn options(&self, common: &Common) -> FitOptions {
        let mut options = FitOptions {
            gammas: usize::from(self.gammas),
            seed: common.seed,
            curves: common.out.is_some(),
            ..FitOptions::default()
        };
        if let Some(floor) = self.floor {
            options.solver.noise = Noise::Profile { floor };
        }
        if let Some(sd) = self.noise_sd {
            options.solver.noise = Noise::Fixed(1.0 / (sd * sd));
        }
        options
    }
}

/// A number whose square and its inverse are above zero and finite.
fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (1e-100..=1e100).contains(&value) => Ok(value),
        _ => Err("a number above 0 was expected".to_owned()),
    }
}

fn fraction(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if (1e-100..1.0).contains(&value) => Ok(value),
        _ => Err("a number above 0 and below 1 was expected".to_owned()),
    }
}

/// A reader's refusal, with the file's name whether or not its message has it.
pub(super) fn in_file(error: DataError, file: &Path) -> CliError {
    let named = error.path().is_some();
    let error = CliError::from(error);
    if named { error } else { error.in_file(file) }
}
