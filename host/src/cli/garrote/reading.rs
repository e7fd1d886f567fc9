//! Options that several verbs share, and how a table becomes a design.

use super::{list, refused};
use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::data::{self, DataError, Header, Missing, TableOptions, Wanted};
use crate::garrote::design::Given;
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

/// What a file is usually taken for: not worth a remark.
const PLAIN: &str = "text, `,` between the cells";

/// How a table is read.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Reading the table")]
pub(super) struct Reading {
    /// Missing cells (empty, NA, N/A, #N/A, NULL, ? or .)
    #[arg(long, value_enum, value_name = "WHAT", default_value = "refuse")]
    missing: MissingChoice,
    /// A further text that means a missing cell, such as NaN or -999; may be repeated
    #[arg(long, value_name = "TEXT", allow_hyphen_values = true)]
    na: Vec<String>,
    /// Columns to leave out, text columns for instance: names or numbers; may be repeated
    #[arg(long, value_name = "COLUMN,…", allow_hyphen_values = true)]
    ignore: Vec<String>,
    /// Column that holds the names of the rows: its name or number, the first if none is said
    #[arg(long, value_name = "COLUMN", num_args = 0..=1, default_missing_value = "0", allow_negative_numbers = true)]
    index_column: Option<String>,
    /// The first line holds names, though there are numbers in it
    #[arg(long)]
    header: bool,
    /// The first line holds data: the columns are called x0, x1, …
    #[arg(long, conflicts_with = "header")]
    no_header: bool,
    /// What stands between two cells: a character, or tab; found out where it is , ; or tab
    #[arg(long, value_name = "C", value_parser = character)]
    separator: Option<u8>,
    /// The decimal mark: . or ,
    #[arg(long, value_name = "C", value_parser = character, default_value = ".")]
    decimal: u8,
}

impl Reading {
    /// Reads a table with its target, or only the `wanted` columns where that is given. Says what was left out.
    pub(super) fn table(
        &self,
        file: &Path,
        target: Option<String>,
        only: Option<Wanted>,
        session: &Session<'_>,
    ) -> Result<data::Reading, CliError> {
        let options = TableOptions {
            missing: match self.missing {
                MissingChoice::Refuse => Missing::Refuse,
                MissingChoice::DropRows => Missing::DropRows,
                MissingChoice::DropColumns => Missing::DropColumns,
            },
            header: match (self.header, self.no_header) {
                (_, true) => Header::Absent,
                (true, _) => Header::AnyNames,
                _ => Header::Names,
            },
            separator: self.separator,
            decimal: self.decimal,
            na: self.na.clone(),
            ignore: self.ignore.clone(),
            index: self.index_column.clone(),
            target,
            only,
        };
        let reading = options.read(file).map_err(|e| in_file(e, file))?;
        let (rows, columns) = (reading.table.rows(), reading.table.columns.len());
        if reading.taken_for != PLAIN || file.extension().is_none_or(|e| e != "csv") {
            let what = &reading.taken_for;
            session.remark(&format!("note: read {rows} rows and {columns} columns: {what}"));
        }
        if reading.dropped_rows > 0 {
            let count = reading.dropped_rows;
            session.remark(&format!("note: rows with missing values left out: {count}"));
        }
        if !reading.dropped_columns.is_empty() {
            let names = list(reading.dropped_columns.iter().map(String::as_str));
            session.remark(&format!("note: columns with missing values left out: {names}"));
        }
        Ok(reading)
    }
}

/// The table and its target.
#[derive(Debug, Args)]
pub(super) struct Data {
    /// Table: .csv, .tsv (first line: names), .npy (columns x0, x1, …) or .npz, also as .gz; - is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// Column to explain: its name, or its number from 0 (-1 is the last)
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    target: String,
    /// Column that every fit contains, by its name: it is not chosen, others are chosen beside it; may be repeated
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    force: Vec<String>,
    /// Column of row weights, by its name: the noise of a row has variance sd²/weight; a row of weight 0 is left out
    #[arg(long, value_name = "COLUMN", allow_hyphen_values = true)]
    weights: Option<String>,
    #[command(flatten)]
    reading: Reading,
}

impl Data {
    /// The standardised problem.
    pub(super) fn design(&self, session: &Session<'_>) -> Result<Design, CliError> {
        let target = Some(self.target.clone());
        let reading = self.reading.table(&self.file, target, None, session)?;
        let asked = self.force.iter().chain(&self.weights);
        for name in asked {
            if reading.table.column(name).is_none() {
                return Err(in_file(reading.table.not_found(name), &self.file));
            }
        }
        let (mut variables, target) = reading.split_target().map_err(|e| in_file(e, &self.file))?;
        let mut take = |name: &String| {
            let position = variables.iter().position(|column| column.name == *name);
            position
                .map(|position| variables.remove(position))
                .ok_or_else(|| {
                    let name = data::shorten(name);
                    let message = format!(
                        "`{name}` is the target, or is given a part already\nhint: each column has one part"
                    );
                    CliError::input(message).in_file(&self.file)
                })
        };
        let mut given = Given::default();
        for name in &self.force {
            let column = take(name)?;
            given.forced.push((column.name, column.values));
        }
        if let Some(name) = &self.weights {
            given.weights = Some(take(name)?.values);
        }
        let names = variables.iter().map(|column| column.name.clone()).collect();
        let x = variables.into_iter().flat_map(|column| column.values).collect();
        Design::with_given(names, target.name, x, target.values, &given).map_err(|e| refused(e, &self.file))
    }

    /// Another sample of the same columns, in raw units.
    pub(super) fn held_out(
        &self,
        file: &Path,
        design: &Design,
        session: &Session<'_>,
    ) -> Result<Design, CliError> {
        let reading = Reading {
            ignore: Vec::new(),
            index_column: None,
            ..self.reading.clone()
        };
        let mut needed = design.names.clone();
        needed.push(design.target.clone());
        let wanted = Wanted {
            needed,
            optional: Vec::new(),
        };
        let table = reading.table(file, None, Some(wanted), session)?.table;
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
    pub(super) fn options(&self, session: &Session<'_>) -> FitOptions {
        let mut options = FitOptions {
            gammas: usize::from(self.gammas),
            seed: session.seed(),
            curves: session.out().is_some(),
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

/// One ASCII character, or `tab`; what it may be is for the reader to say.
fn character(text: &str) -> Result<u8, String> {
    match text.as_bytes() {
        [byte] if byte.is_ascii() => Ok(*byte),
        b"tab" | b"\\t" => Ok(b'\t'),
        _ => Err("one character, or tab, was expected".to_owned()),
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
