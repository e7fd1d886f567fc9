//! `gibbs diffusion VERB`: diffusion models on the command line. One file per verb.
//!
//! `reading`: the model and its options, and refusals in words of the command line; `model` and `local`: a model at a time
//! and a sample; `direction`: which direction; `bases`: basis files; `vectors`: pictures of vectors.

mod bases;
mod basis;
mod direction;
mod distances;
mod edit;
mod global;
mod invert;
mod local;
mod model;
mod reading;
mod sample;
mod spectrum;
mod train;
mod transport;
mod vectors;

use super::error::CliError;
use super::{Common, Status};
use clap::{Args, Subcommand};

const EXAMPLES: &str = "\
A model is a diffusers folder: config.json, diffusion_pytorch_model.safetensors and scheduler_config.json, there or in
unet/ and scheduler/.
x -> h is the map from a noisy sample to the bottleneck of the U-Net; the v_i are the directions in x that move h most.

Examples:
  gibbs diffusion train --data discs --steps 400 --out model
  gibbs diffusion sample model --count 16 --sampler heun --steps 20 --out samples
  gibbs diffusion invert model samples/sample-0000.png --steps 100 --out latent
  gibbs diffusion basis model --timestep 600 --count 5 --out t600     directions v_i with their singular values
  gibbs diffusion spectrum t900 t600 t300                             coarse or fine? power by radius
  gibbs diffusion distances t900 t600 t300 --out figures              how tangent spaces turn
  gibbs diffusion edit model --timestep 600 --basis t600/basis.safetensors --direction 0 --out edited
  gibbs diffusion global model --timestep 600 --count 3 --samples 20 --out global   directions that samples share
  gibbs diffusion transport a/basis.safetensors b/basis.safetensors --direction 0";

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
    /// Find the local latent basis: the directions in x that move h most
    Basis(basis::Arguments),
    /// Show whether the vectors of bases are coarse or fine
    Spectrum(spectrum::Arguments),
    /// Measure the geodesic distances between the subspaces of bases
    Distances(distances::Arguments),
    /// Find directions of h that the bases of many samples share
    Global(global::Arguments),
    /// Edit a sample along a direction
    Edit(edit::Arguments),
    /// Bring a direction from the basis of one sample to that of another
    Transport(transport::Arguments),
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    match &arguments.verb {
        Verb::Train(arguments) => train::run(arguments, common),
        Verb::Sample(arguments) => sample::run(arguments, common),
        Verb::Invert(arguments) => invert::run(arguments, common),
        Verb::Basis(arguments) => basis::run(arguments, common),
        Verb::Spectrum(arguments) => spectrum::run(arguments, common),
        Verb::Distances(arguments) => distances::run(arguments, common),
        Verb::Global(arguments) => global::run(arguments, common),
        Verb::Edit(arguments) => edit::run(arguments, common),
        Verb::Transport(arguments) => transport::run(arguments, common),
    }
}
