//! `gibbs diffusion sample`: samples of a model, as pictures and as a tensor.

use super::reading::{Reading, STEPS, description, output, states, width_of_context};
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::images::{Depth, Image, grid, write_png};
use crate::diffusion::eps::{EpsModel, Guidance};
use crate::diffusion::folder::{ModelFolder, Spacing};
use crate::diffusion::inputs::{At, Samples, read_samples, write_samples};
use crate::diffusion::sampling::{Keep, Trajectories, drawn};
use crate::diffusion::schedule::{Kind, NoiseSchedule};
use crate::net::pass::Stop;
use crate::progress;
use crate::report::number::plain;
use crate::work::Work;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Samples that share a pass of the net.
pub(super) const BATCH: usize = 16;
/// A checkpoint is written about as often.
pub(super) const PAUSE: Duration = Duration::from_secs(20);
/// Most numbers of all samples together.
const MOST: usize = 1 << 28;
/// Paper between the pictures of the grid: mid-grey.
const PAPER: f32 = 0.0;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SamplerChoice {
    /// Ancestral sampling (Ho et al. 2020); random
    Ddpm,
    /// DDIM (Song et al. 2021); deterministic unless --eta
    Ddim,
    /// Euler's method in sigma (Karras et al. 2022)
    Euler,
    /// Heun's method in sigma, two evaluations a step (Karras et al. 2022)
    Heun,
    /// DPM-Solver++(2M) (Lu et al. 2022)
    Dpm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SpacingChoice {
    /// Multiples of floor(T/N) from 0
    Leading,
    /// Evenly from 0 to T - 1
    Linspace,
    /// Evenly, ending at T - 1
    Trailing,
}

impl From<SpacingChoice> for Spacing {
    fn from(choice: SpacingChoice) -> Self {
        match choice {
            SpacingChoice::Leading => Self::Leading,
            SpacingChoice::Linspace => Self::Linspace,
            SpacingChoice::Trailing => Self::Trailing,
        }
    }
}

/// Arguments of `gibbs diffusion sample`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion sample model --out samples
  gibbs diffusion sample model --count 64 --sampler heun --steps 20 --spacing trailing --out samples --json
  gibbs diffusion sample model --start noise.safetensors --sampler ddim --steps 100 --out samples
  gibbs diffusion sample sd --context cat.safetensors --negative empty.safetensors --guidance 7.5 --out cats --resume

--start holds standard normal noise, `x` [B,C,H,W] or [C,H,W] of a safetensors file or an NPY array; it is scaled as the
sampler needs it. Samples that say of which time they are (the latent of `invert`) go on from there. --guidance w: e = e_negative + w (e_context - e_negative).
A sample depends on the seed and its number alone. --out takes samples.safetensors (`x` [B,C,H,W]) and, of models with
one or three channels, sample-0000.png ... and grid.png.")]
pub(super) struct Arguments {
    #[command(flatten)]
    reading: Reading,
    /// Samples [default: 16, or as many as --start holds]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    count: Option<u32>,
    /// How the noise is removed
    #[arg(long, value_enum, value_name = "SAMPLER", default_value = "ddim")]
    sampler: SamplerChoice,
    /// Steps, at most as many as the levels of noise of the model [default: 50, or those of the inversion that made --start]
    #[arg(long, value_name = "N")]
    steps: Option<usize>,
    /// How random DDIM is, 0 to 1 [default: 0]
    #[arg(long, value_name = "E", allow_hyphen_values = true)]
    eta: Option<f64>,
    /// Where the steps lie [default: as the model says]
    #[arg(long, value_enum, value_name = "RULE")]
    spacing: Option<SpacingChoice>,
    /// Noise to start from
    #[arg(long, value_name = "FILE")]
    start: Option<PathBuf>,
    /// Weight of classifier-free guidance [default: 1, no guidance]
    #[arg(long, value_name = "W", requires = "negative", allow_hyphen_values = true)]
    guidance: Option<f32>,
    /// Text states to lead away from, such as those of the empty prompt
    #[arg(long, value_name = "FILE", requires = "guidance")]
    negative: Option<PathBuf>,
}

impl Arguments {
    fn kind(&self) -> Result<Kind, CliError> {
        if self.eta.is_some() && self.sampler != SamplerChoice::Ddim {
            return Err(CliError::input(
                "--eta: this is an option of ddim\nhint: leave it out",
            ));
        }
        Ok(match self.sampler {
            SamplerChoice::Ddpm => Kind::Ddpm,
            SamplerChoice::Ddim => Kind::Ddim {
                eta: self.eta.unwrap_or(0.0),
            },
            SamplerChoice::Euler => Kind::Euler,
            SamplerChoice::Heun => Kind::Heun,
            SamplerChoice::Dpm => Kind::DpmSolver,
        })
    }

    fn name(&self) -> &'static str {
        match self.sampler {
            SamplerChoice::Ddpm => "ddpm",
            SamplerChoice::Ddim => "ddim",
            SamplerChoice::Euler => "euler",
            SamplerChoice::Heun => "heun",
            SamplerChoice::Dpm => "dpm",
        }
    }

    /// The samples of --start.
    fn started(&self) -> Result<Option<Samples>, CliError> {
        let Some(path) = &self.start else {
            return Ok(None);
        };
        let read = read_samples(path)?;
        if let Some(wanted) = self.count.filter(|wanted| *wanted as usize != read.count) {
            let message = format!(
                "--count {wanted}: the file holds {}\nhint: leave --count out",
                read.count
            );
            return Err(CliError::input(message).in_file(path));
        }
        Ok(Some(read))
    }

    /// The plan, from where --start is if it says so.
    fn plan(
        &self,
        schedule: &NoiseSchedule,
        (kind, steps): (Kind, usize),
        at: Option<At>,
    ) -> Result<Vec<Hop>, CliError> {
        let plan = schedule.plan(kind, steps)?;
        let first = plan.first().map_or(0.0, |hop| hop.from.timestep());
        let Some(At { timestep, .. }) = at.filter(|at| at.timestep != first) else {
            return Ok(plan);
        };
        let refuse = |message: String| {
            let error = CliError::input(message);
            let path = self.start.as_ref();
            Err(path.map_or(error.clone(), |path| error.in_file(path)))
        };
        match kind {
            _ if timestep == 0.0 => {
                refuse("images, of t = 0, and not noise\nhint: `gibbs diffusion invert`".to_owned())
            }
            Kind::Ddim { eta } if eta == 0.0 => Ok(schedule.way(Some(timestep), None, steps)?),
            _ => refuse(format!(
                "of t = {timestep}, but {steps} steps of {} begin at t = {first}\nhint: --sampler ddim",
                self.name()
            )),
        }
    }

    fn guided(&self, condition: Guidance, model: &ModelFolder, count: usize) -> Result<Guidance, CliError> {
        let (Some(weight), Some(path)) = (self.guidance, &self.negative) else {
            return Ok(condition);
        };
        if !weight.is_finite() {
            return Err(CliError::input(format!(
                "--guidance {weight}: a finite number was expected"
            )));
        }
        match (condition, width_of_context(model)) {
            (Guidance::Conditional(condition), Some(width)) => Ok(Guidance::ClassifierFree {
                condition,
                negative: states(path, width, count)?,
                weight,
            }),
            _ => Err(CliError::input(
                "--guidance: the net has no cross-attention\nhint: leave it out",
            )),
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let out = output(common)?;
    let kind = arguments.kind()?;
    let loaded = arguments.reading.load(|scheduler| {
        if let Some(spacing) = arguments.spacing {
            scheduler.timestep_spacing = spacing.into();
        }
    })?;
    let (model, schedule) = (&loaded.model, &loaded.schedule);
    let read = arguments.started()?;
    let at = read.as_ref().and_then(|read| read.at);
    let steps = arguments.steps.or(at.and_then(|at| at.steps)).unwrap_or(STEPS);
    let (sampler, hops) = (
        schedule.sampler(kind)?,
        arguments.plan(schedule, (kind, steps), at)?,
    );
    let evaluations = sampler.evaluations(&hops);
    let count = read
        .as_ref()
        .map_or(arguments.count.unwrap_or(16) as usize, |read| read.count);
    let condition = arguments.reading.condition(model, count)?;
    let guidance = arguments.guided(condition, model, count)?;
    let size = arguments.reading.size.or(model.config.sample_size);
    let size = size.or(read.as_ref().map(|read| [read.shape[1], read.shape[2]]));
    let unet = arguments.reading.unet(model, size, &guidance)?;
    let shape = unet.image();
    let length: usize = shape.iter().product();
    if count.saturating_mul(length) > MOST {
        let message = format!("--count: {count} samples of {length} numbers take more than 1 GiB");
        return Err(CliError::input(message));
    }
    let noise = match (read, &arguments.start) {
        (Some(Samples { shape: found, .. }), Some(path)) if found != shape => {
            let message = format!("images of shape {found:?}, expected {shape:?} (channels, height, width)");
            return Err(CliError::input(message).in_file(path));
        }
        (Some(read), _) => read.values,
        (None, _) => drawn(common.seed, count, length),
    };
    let interrupted = interrupt::install(common.quiet)?;
    let start = super::reading::hash_of(gibbs_core::random::FNV_OFFSET, &noise);
    let description = format!("{}, start {start:016x}", description(model, &unet, &guidance));
    let mut model = EpsModel::new(&unet, guidance)?.until(Stop::when(interrupted));
    // What says of which time it is holds x itself.
    let spacing = match at {
        Some(_) => gibbs_core::diffusion::Spacing::Leading { offset: 0 },
        None => schedule.spacing(),
    };
    let mut trajectories =
        Trajectories::from_noise(sampler, hops, spacing, noise, length, BATCH, common.seed)?;
    let file = out.join("sample.checkpoint");
    if common.resume && file.exists() {
        trajectories = trajectories.resume(&file, &description)?;
    }
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupted);
    let keep = Keep {
        path: &file,
        description: &description,
        pause: PAUSE,
    };
    let done = trajectories.finish("sampling", &mut model, work, Some(keep));
    done.map_err(|error| arguments.reading.refused(error))?;
    let images = images(trajectories.states(), shape);
    write(&images, trajectories.states(), shape, out)?;
    remark(common, &format!("wrote {count} samples to {}", out.display()));
    // A file that stays is harmless: it can only be resumed by the same run, to the same end.
    let _ = std::fs::remove_file(&file);
    let facts = Facts {
        arguments,
        steps,
        evaluations,
        count,
        shape,
        seed: common.seed,
        moments: Moments::of(trajectories.states()),
    };
    emit(common, || facts.json(), || facts.text())?;
    Ok(Status::Done)
}

/// Images of one shape, one after another.
pub(super) fn images(values: &[f32], shape: [usize; 3]) -> Vec<Image> {
    let length = shape.iter().product::<usize>().max(1);
    let image = |values: &[f32]| Image {
        shape,
        values: values.to_vec(),
    };
    values.chunks_exact(length).map(image).collect()
}

/// Whether pictures can be made of so many channels.
pub(super) fn has_pictures([channels, ..]: [usize; 3]) -> bool {
    matches!(channels, 1 | 3)
}

fn write(images: &[Image], values: &[f32], shape: [usize; 3], out: &Path) -> Result<(), CliError> {
    let at = At {
        timestep: 0.0,
        steps: None,
    };
    write_samples(&out.join("samples.safetensors"), values, shape, at)?;
    if !has_pictures(shape) {
        return Ok(());
    }
    for (i, image) in images.iter().enumerate() {
        write_png(&out.join(format!("sample-{i:04}.png")), image, Depth::Eight)?;
    }
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let sheet = grid(images, columns, 1, PAPER).map_err(|error| CliError::failed(error.to_string()))?;
    write_png(&out.join("grid.png"), &sheet, Depth::Eight)?;
    Ok(())
}

/// What all numbers of the samples have in common.
pub(super) struct Moments {
    pub(super) mean: f64,
    /// Standard deviation about the mean.
    pub(super) spread: f64,
    least: f64,
    largest: f64,
}

impl Moments {
    pub(super) fn of(values: &[f32]) -> Self {
        let count = values.len().max(1) as f64;
        let wide = || values.iter().map(|x| f64::from(*x));
        let mean = wide().sum::<f64>() / count;
        Self {
            mean,
            spread: (wide().map(|x| (x - mean) * (x - mean)).sum::<f64>() / count).sqrt(),
            least: wide().fold(f64::INFINITY, f64::min),
            largest: wide().fold(f64::NEG_INFINITY, f64::max),
        }
    }
}

struct Facts<'a> {
    arguments: &'a Arguments,
    steps: usize,
    evaluations: usize,
    count: usize,
    shape: [usize; 3],
    seed: u64,
    moments: Moments,
}

impl Facts<'_> {
    /// The object of schema `gibbs.diffusion.sample/1`. `evaluations`: of the net, per sample, guidance not counted; `mean`,
    /// `standard_deviation`, `least`, `largest`: of all numbers of all samples.
    fn json(&self) -> Value {
        json!({
            "schema": "gibbs.diffusion.sample/1",
            "count": self.count,
            "shape": self.shape,
            "sampler": self.arguments.name(),
            "steps": self.steps,
            "evaluations": self.evaluations,
            "eta": self.arguments.eta,
            "guidance": self.arguments.guidance,
            "mean": self.moments.mean,
            "standard_deviation": self.moments.spread,
            "least": self.moments.least,
            "largest": self.moments.largest,
            "seed": self.seed,
        })
    }

    fn text(&self) -> String {
        let [channels, height, width] = self.shape;
        let Moments {
            mean,
            spread,
            least,
            largest,
        } = self.moments;
        let rows = [
            (
                "samples",
                format!("{} of {channels} x {height} x {width}", self.count),
            ),
            (
                "sampler",
                format!(
                    "{}, {} steps, {} evaluations",
                    self.arguments.name(),
                    self.steps,
                    self.evaluations
                ),
            ),
            (
                "values",
                format!(
                    "mean {}, standard deviation {}, {} to {}",
                    plain(mean),
                    plain(spread),
                    plain(least),
                    plain(largest)
                ),
            ),
            ("seed", self.seed.to_string()),
        ];
        rows.map(|(name, value)| format!("{name:<10} {value}\n")).concat()
    }
}
