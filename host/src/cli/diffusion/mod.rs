//! `gibbs diffusion VERB`: diffusion models on the command line. One file per verb.
//!
//! `reading`: options that verbs share, and refusals in words of the command line.

mod invert;
mod reading;
mod sample;
mod train;

use super::error::CliError;
use super::{Common, Status};
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
A model is a diffusers folder: config.json, diffusion_pytorch_model.safetensors and scheduler_config.json, there or in
unet/ and scheduler/.

Examples:
  gibbs diffusion train --data discs --steps 400 --out model
  gibbs diffusion sample model --count 16 --sampler heun --steps 20 --out samples
  gibbs diffusion invert model samples/sample-0000.png --steps 100 --out latent";

/// Arguments of `gibbs diffusion`.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Train a small U-Net on generated images or digits
    Train(train::Arguments),
    /// Draw samples from a model
    Sample(sample::Arguments),
    /// Find the noise that leads to an image, by DDIM backwards
    Invert(invert::Arguments),
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    match &arguments.verb {
        Verb::Train(arguments) => train::run(arguments, common),
        Verb::Sample(arguments) => sample::run(arguments, common),
        Verb::Invert(arguments) => invert::run(arguments, common),
    }
}
