//! `gibbs net check FOLDER IO.safetensors`: a checkpoint beside the stored outputs of another implementation.

use super::error::CliError;
use super::output::emit;
use super::{Common, Status};
use crate::diffusion::compare::{CompareError, Comparison, compare};
use crate::diffusion::folder::{LoadOptions, ModelFolder};
use crate::report::table::{Style, Table};
use clap::{Args, Subcommand};
use serde_json::{Map, Value, json};
use std::path::PathBuf;

const EXAMPLES: &str = "\
Examples:
  gibbs net check fixtures/unet/cifar fixtures/unet/cifar/io.safetensors
  gibbs net check FOLDER IO.safetensors --tolerance 1e-5 --json";

/// Arguments of `gibbs net`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Compare a checkpoint with stored outputs of another implementation
    Check(Check),
}

/// Arguments of `gibbs net check`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs net check fixtures/unet/cifar fixtures/unet/cifar/io.safetensors
  gibbs net check FOLDER IO.safetensors --tolerance 1e-5 --json

FOLDER is a diffusers folder: config.json and diffusion_pytorch_model.safetensors, there or in unet/.
IO.safetensors holds the inputs x [B,C,H,W], t [B], ctx [B,L,D] for a net with cross-attention, tangents [k,C,H,W],
cotangents [k, dimensions of h], and any of the outputs eps [B,C,H,W], h [B, dimensions of h],
jvp [k, dimensions of h] and vjp [k,C,H,W] of x -> h at the first sample.
An error is max |got - stored| / max |stored|. Exit code 1 when one exceeds --tolerance.")]
struct Check {
    /// Folder of the checkpoint
    folder: PathBuf,
    /// Inputs and outputs
    io: PathBuf,
    /// Largest error that passes
    #[arg(long, value_name = "E", default_value_t = 1e-4, value_parser = tolerance)]
    tolerance: f64,
    /// Compute in f64 rather than f32
    #[arg(long)]
    double: bool,
    /// Leave tensors out that the net does not have
    #[arg(long)]
    allow_extra: bool,
}

fn tolerance(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(value) if value >= 0.0 && value.is_finite() => Ok(value),
        _ => Err("expected a number from 0 up".to_owned()),
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    match &arguments.verb {
        Verb::Check(arguments) => check(arguments, common),
    }
}

fn check(arguments: &Check, common: &Common) -> Result<Status, CliError> {
    let options = LoadOptions {
        allow_extra: arguments.allow_extra,
        ..LoadOptions::default()
    };
    let checkpoint = ModelFolder::load(&arguments.folder, options)?;
    let compared = if arguments.double {
        compare::<f64>(&checkpoint, &arguments.io)
    } else {
        compare::<f32>(&checkpoint, &arguments.io)
    };
    let compared = compared.map_err(|error| CliError::from(error).in_file(&arguments.io))?;
    let passed = compared.iter().all(|one| one.error <= arguments.tolerance);
    emit(
        common,
        || object(&compared, arguments, passed),
        || text(&compared, arguments),
    )?;
    Ok(if passed { Status::Done } else { Status::NotMet })
}

impl From<CompareError> for CliError {
    fn from(error: CompareError) -> Self {
        match error {
            CompareError::Data(error) => error.into(),
            CompareError::Model(error) => Self::input(error.to_string()),
            CompareError::Net(error) => Self::input(error.to_string()),
            CompareError::Nothing { .. } | CompareError::Empty { .. } => Self::input(error.to_string()),
        }
    }
}

/// The object of schema `gibbs.net.check/1`: `eps`, `h`, `jvp`, `vjp` where they are stored.
fn object(compared: &[Comparison], arguments: &Check, passed: bool) -> Value {
    let mut object = Map::new();
    object.insert("schema".to_owned(), json!("gibbs.net.check/1"));
    for one in compared {
        object.insert(one.output.to_owned(), json!(one.error));
    }
    object.insert("tolerance".to_owned(), json!(arguments.tolerance));
    object.insert("passed".to_owned(), json!(passed));
    object.insert(
        "scalar".to_owned(),
        json!(if arguments.double { "f64" } else { "f32" }),
    );
    Value::Object(object)
}

fn text(compared: &[Comparison], arguments: &Check) -> String {
    let mut table = Table::new(&["output", "shape", "largest", "error", "verdict"]).right(&[2, 3]);
    for one in compared {
        let verdict = if one.error <= arguments.tolerance {
            "ok"
        } else {
            "too large"
        };
        table.push([
            one.output.to_owned(),
            format!("{:?}", one.shape),
            format!("{:.4}", one.scale),
            format!("{:.2e}", one.error),
            verdict.to_owned(),
        ]);
    }
    table.to_text(Style::of_stdout())
}
