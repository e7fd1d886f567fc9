//! `gibbs diffusion invert`: the noise that leads to an image, and the way back from it.

use super::reading::{Reading, description, hash_of};
use super::sample::{BATCH, has_pictures, images};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::data::images::read_png_of;
use crate::diffusion::eps::EpsModel;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::geometry::editing::deviation;
use crate::diffusion::inputs::{At, samples_file};
use crate::diffusion::sampling::{Moments, Trajectories};
use crate::diffusion::schedule::Kind;
use crate::keep::Identity;
use crate::net::pass::Stop;
use crate::report::answer::Answer;
use crate::report::number::plain;
use clap::Args;
use gibbs_core::diffusion::Hop;
use gibbs_core::random::FNV_OFFSET;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "diffusion.invert",
    version: 2,
    folder: Folder::Needed,
    keeps: true,
};

/// Arguments of `gibbs diffusion invert`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion invert model image.png --out latent
  gibbs diffusion invert model image.png --steps 200 --out latent --json
  gibbs diffusion sample model --start latent/latent.safetensors --sampler ddim --steps 100 --out back
  gibbs diffusion edit model --start latent/latent.safetensors --timestep 600 --direction 0 --out edited

Deterministic DDIM from data to noise; the net is evaluated where the state is, so that the way back is inexact by about
1 / steps. The error printed, of values from -1 to 1, is that of the way back with as many steps and the same --clip, which
`edit` and `sample` go with --start.
--out takes latent.safetensors (`x` [1,C,H,W], its time and the steps) and back.png, what the way back arrives at.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// The image: grey or colour as the model has it, of its size
    #[arg(value_name = "IMAGE.png")]
    image: PathBuf,
    /// Steps, at most as many as the levels of noise of the model
    #[arg(long, value_name = "N", default_value_t = 100)]
    steps: usize,
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let reading = &arguments.reading;
    let super::reading::Loaded { model, schedule } = reading.load(|_| {})?;
    let (kind, steps) = (Kind::Ddim { eta: 0.0 }, arguments.steps);
    let sampler = schedule.sampler(kind)?;
    let (there, back) = (schedule.inversion(steps)?, schedule.plan(kind, steps)?);
    let at = At {
        timestep: there.last().map_or(0.0, |hop| hop.to.timestep()),
        steps: Some(steps),
    };
    let guidance = reading.condition(&model, 1)?;
    let needs = reading.needs(&model, reading.size, &guidance)?;
    session.needs(needs.sampling(1, 1, &guidance), "the image")?;
    let unet = reading.unet(&model, reading.size, &guidance)?;
    let shape = unet.image();
    let image = read_png_of(&arguments.image, shape)?.values;
    let identity = Identity::new(VERB.name, session.seed())
        .with("model", description(&model, &unet, &guidance))
        .with("sampler", format!("{sampler:?}"))
        .with("steps", steps)
        .options(&there)
        .data(hash_of(FNV_OFFSET, &image));
    let seed = session.seed();
    let (latent, returned) = session.run(&identity, |work| {
        let mut model = EpsModel::new(&unet, guidance)?.until(Stop::when(work.interrupted));
        let mut way = |task: &str, hops: Vec<Hop>, start: &[f32]| {
            let mut run = Trajectories::new(sampler, hops, start.to_vec(), start.len(), BATCH, seed)?;
            run.finish(task, &mut model, work)?;
            Ok::<_, DiffusionError>(run.states().to_vec())
        };
        let both = || {
            let latent = way("inverting", there, &image)?;
            let returned = way("sampling back", back, &latent)?;
            Ok((latent, returned))
        };
        both().map_err(|error| reading.refused(error))
    })?;
    session.write("latent.safetensors", &samples_file(&latent, shape, at))?;
    session.clear("back", ".png")?;
    if has_pictures(shape) {
        for picture in images(&returned, shape) {
            session.write("back.png", &picture)?;
        }
    }
    let mut answer = Answer::new();
    let said = format!("{steps} to t = {}", at.timestep);
    answer.value("steps", steps, said);
    answer.hidden("timestep", at.timestep);
    answer.hidden("shape", shape);
    let Moments { mean, spread, .. } = Moments::of(&latent);
    let said = format!("mean {}, standard deviation {}", plain(mean), plain(spread));
    answer.number("latent_mean", mean).label("latent").says(said);
    answer.hidden("latent_standard_deviation", spread);
    let off = image.iter().zip(&returned).map(|(a, b)| f64::from((a - b).abs()));
    let largest = off.fold(0.0, f64::max);
    let root = deviation(&returned, &image);
    let said = format!(
        "largest error {}, root mean square {}",
        plain(largest),
        plain(root)
    );
    answer
        .number("round_trip_largest", largest)
        .label("round trip")
        .says(said);
    answer.hidden("round_trip_rms", root);
    session.done(answer, Ended::DONE)
}
