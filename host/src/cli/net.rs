//! `gibbs net check FOLDER IO.safetensors`: a checkpoint beside the stored outputs of another implementation.

use super::error::CliError;
use super::session::{Common, Ended, Folder, Session, Status, Verb as Called};
use crate::diffusion::compare::{Comparison, compare};
use crate::diffusion::folder::{LoadOptions, ModelFolder};
use crate::report::answer::Answer;
use crate::report::rows::Rows;
use clap::{Args, Subcommand};
use std::path::PathBuf;

const CHECK: Called = Called {
    name: "net.check",
    version: 2,
    folder: Folder::Unused,
    keeps: false,
};
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
    let session = Session::begin(common, CHECK)?;
    let options = LoadOptions {
        allow_extra: arguments.allow_extra,
        ..LoadOptions::default()
    };
    let model = ModelFolder::load(&arguments.folder, options)?;
    let compared = if arguments.double {
        compare::<f64>(&model, &arguments.io)
    } else {
        compare::<f32>(&model, &arguments.io)
    };
    let compared = compared.map_err(|error| CliError::from(error).in_file(&arguments.io))?;
    let passes = |one: &Comparison| one.error <= arguments.tolerance;
    let outputs = Rows::of("outputs", &compared)
        .text("output", |one| one.output)
        .text("shape", |one| format!("{:?}", one.shape))
        .number("largest", |one| one.scale)
        .digits(4)
        .number("error", |one| one.error)
        .digits(3)
        .flag("passed", passes)
        .done();
    let mut answer = Answer::new();
    answer.rows(&outputs);
    answer.number("tolerance", arguments.tolerance);
    answer.text("scalar", if arguments.double { "f64" } else { "f32" });
    let ended = if compared.iter().all(passes) {
        Ended::met("passed")
    } else {
        Ended::not_met("too_large")
    };
    session.done(answer, ended)
}
