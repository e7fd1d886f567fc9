//! `gibbs diffusion invert`: the noise that leads to an image, and the way back from it.

use super::reading::{Reading, description, hash_of, output};
use super::sample::{BATCH, Moments, PAUSE, has_pictures, images};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::images::{Depth, read_png_of, write_png};
use crate::diffusion::eps::EpsModel;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::inputs::{At, write_samples};
use crate::diffusion::sampling::{Keep, Trajectories};
use crate::diffusion::schedule::Kind;
use crate::net::pass::Stop;
use crate::progress;
use crate::report::number::plain;
use crate::work::Work;
use clap::Args;
use gibbs_core::diffusion::Hop;
use gibbs_core::random::FNV_OFFSET;
use serde_json::json;
use std::path::{Path, PathBuf};

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
    let out = output(common)?;
    let loaded = arguments.reading.load(|_| {})?;
    let (model, schedule) = (&loaded.model, &loaded.schedule);
    let kind = Kind::Ddim { eta: 0.0 };
    let (there, back) = (
        schedule.inversion(arguments.steps)?,
        schedule.plan(kind, arguments.steps)?,
    );
    let hops = there.len();
    let timestep = there.last().map_or(0.0, |hop| hop.to.timestep());
    let guidance = arguments.reading.condition(model, 1)?;
    let unet = arguments.reading.unet(model, arguments.reading.size, &guidance)?;
    let shape = unet.image();
    let image = read_png_of(&arguments.image, shape)?;
    let interrupted = interrupt::install(common.quiet)?;
    let mut way = Way {
        sampler: schedule.sampler(kind)?,
        description: description(model, &unet, &guidance),
        model: EpsModel::new(&unet, guidance)?.until(Stop::when(interrupted)),
        length: image.values.len(),
        seed: common.seed,
        resume: common.resume,
    };
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupted);
    let files = ["invert", "back"].map(|name| out.join(format!("{name}.checkpoint")));
    let refused = |error| arguments.reading.refused(error);
    let latent = way
        .go("inverting", there, &image.values, &files[0], work)
        .map_err(refused)?;
    let at = At {
        timestep,
        steps: Some(arguments.steps),
    };
    write_samples(&out.join("latent.safetensors"), &latent, shape, at)?;
    let returned = way
        .go("sampling back", back, &latent, &files[1], work)
        .map_err(refused)?;
    if has_pictures(shape) {
        for picture in images(&returned, shape) {
            write_png(&out.join("back.png"), &picture, Depth::Eight)?;
        }
    }
    remark(common, &format!("wrote the latent to {}", out.display()));
    for file in &files {
        // A file that stays is harmless: it can only be resumed by the same run, to the same end.
        let _ = std::fs::remove_file(file);
    }
    let off: Vec<f32> = returned.iter().zip(&image.values).map(|(a, b)| a - b).collect();
    let largest = off.iter().fold(0.0, |most: f64, x| most.max(f64::from(x.abs())));
    let squares: f64 = off.iter().map(|x| f64::from(*x) * f64::from(*x)).sum();
    let root = (squares / off.len().max(1) as f64).sqrt();
    let moments = Moments::of(&latent);
    let object = || {
        json!({
            "schema": "gibbs.diffusion.invert/1",
            "steps": arguments.steps,
            "timestep": timestep,
            "shape": shape,
            "latent_mean": moments.mean,
            "latent_standard_deviation": moments.spread,
            "round_trip_largest": largest,
            "round_trip_rms": root,
            "seed": common.seed,
        })
    };
    let text = || {
        let rows = [
            ("steps", format!("{hops} to t = {timestep}")),
            (
                "latent",
                format!(
                    "mean {}, standard deviation {}",
                    plain(moments.mean),
                    plain(moments.spread)
                ),
            ),
            (
                "round trip",
                format!(
                    "largest error {}, root mean square {}",
                    plain(largest),
                    plain(root)
                ),
            ),
        ];
        rows.map(|(name, value)| format!("{name:<10} {value}\n")).concat()
    };
    emit(common, object, text)?;
    Ok(Status::Done)
}

/// One way of two, with the same net.
struct Way<'a> {
    sampler: gibbs_core::diffusion::Sampler,
    description: String,
    model: EpsModel<'a>,
    length: usize,
    seed: u64,
    resume: bool,
}

impl Way<'_> {
    /// Along the hops from `start`; the finished state stays in `file`, so that a run stopped on the second way need not
    /// go the first again.
    fn go(
        &mut self,
        task: &str,
        hops: Vec<Hop>,
        start: &[f32],
        file: &Path,
        work: Work<'_>,
    ) -> Result<Vec<f32>, DiffusionError> {
        let description = format!("{}, start {:016x}", self.description, hash_of(FNV_OFFSET, start));
        let mut trajectories =
            Trajectories::new(self.sampler, hops, start.to_vec(), self.length, BATCH, self.seed)?;
        if self.resume && file.exists() {
            trajectories = trajectories.resume(file, &description)?;
        }
        let keep = Keep {
            path: file,
            description: &description,
            pause: PAUSE,
        };
        trajectories.finish(task, &mut self.model, work, Some(keep))?;
        trajectories.save(file, &description)?;
        Ok(trajectories.states().to_vec())
    }
}
