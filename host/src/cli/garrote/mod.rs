//! `gibbs garrote fit | path | predict | export | synth`: the Variational Garrote on the command line.
//!
//! One file per verb. `reading`: the options and the reading that the verbs share; `figures`: what `fit`
//! and `path` draw.

mod export;
mod figures;
mod fit;
mod fit_output;
mod path;
mod predict;
mod reading;
mod synth;

use super::error::CliError;
use super::session::{Common, Status};
use crate::garrote::FitError;
use clap::{Args, Subcommand};
use std::path::Path;

const EXAMPLES: &str = "\
Examples:
  gibbs garrote fit data.csv --target y --out fit      select, write fit/model.safetensors and figures
  gibbs garrote predict fit/model.safetensors new.csv  predict new rows
  gibbs garrote export fit/model.safetensors --c       constants for firmware
  gibbs garrote synth A:5 --out draw                   a synthetic problem with its truth";

/// Arguments of `gibbs garrote`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Select the variables that explain a column, and fit their weights
    Fit(fit::Arguments),
    /// Trace the solutions from sparse to dense and back, and print both curves
    Path(path::Arguments),
    /// Predict from a fitted model, with standard deviations
    Predict(predict::Arguments),
    /// Write a fitted model as Rust or C source for firmware
    Export(export::Arguments),
    /// Draw a synthetic problem with a known truth
    Synth(synth::Arguments),
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    match &arguments.verb {
        Verb::Fit(arguments) => fit::run(arguments, common),
        Verb::Path(arguments) => path::run(arguments, common),
        Verb::Predict(arguments) => predict::run(arguments, common),
        Verb::Export(arguments) => export::run(arguments, common),
        Verb::Synth(arguments) => synth::run(arguments, common),
    }
}

/// A refusal of the library: what is wrong with the data names their file.
fn refused(error: FitError, file: &Path) -> CliError {
    let stopped = matches!(error, FitError::Stopped(_));
    let error = CliError::from(error);
    if stopped { error } else { error.in_file(file) }
}

/// Names joined by commas, the first few of many, control characters escaped.
fn list<'a>(names: impl ExactSizeIterator<Item = &'a str>) -> String {
    const SHOWN: usize = 8;
    let rest = names.len().saturating_sub(SHOWN);
    let shown: Vec<String> = names.take(SHOWN).map(crate::data::shorten).collect();
    let more = if rest > 0 {
        format!(" and {rest} more")
    } else {
        String::new()
    };
    shown.join(", ") + &more
}
