//! `gibbs diffusion sample`: samples of a model, as pictures and as a tensor.

use super::reading::{Reading, STEPS, description, hash_of, states, width_of_context};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::data::images::{Image, grid};
use crate::diffusion::eps::{EpsModel, Guidance};
use crate::diffusion::folder::{ModelFolder, Spacing};
use crate::diffusion::inputs::{At, Samples, read_samples, samples_file};
use crate::diffusion::sampling::{Moments, Trajectories, drawn};
use crate::diffusion::schedule::{Kind, NoiseSchedule};
use crate::keep::Identity;
use crate::net::pass::Stop;
use crate::report::answer::Answer;
use crate::report::number::plain;
use clap::{Args, ValueEnum};
use gibbs_core::diffusion::Hop;
use gibbs_core::random::FNV_OFFSET;
use std::path::PathBuf;

const VERB: Verb = Verb {
    name: "diffusion.sample",
    version: 2,
    folder: Folder::Needed,
    keeps: true,
};
/// Samples that share a pass of the net.
pub(super) const BATCH: usize = 16;
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
one or three channels, sample-0000.png ... and grid.png; those of an earlier run are removed.")]
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
            Kind::Ddim { eta: 0.0 } => Ok(schedule.way(Some(timestep), None, steps)?),
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

/// What there is to sample: read and checked.
struct Task<'a> {
    arguments: &'a Arguments,
    model: ModelFolder,
    schedule: NoiseSchedule,
    kind: Kind,
    steps: usize,
    hops: Vec<Hop>,
    count: usize,
    guidance: Guidance,
    read: Option<Samples>,
}

impl<'a> Task<'a> {
    fn read(arguments: &'a Arguments) -> Result<Self, CliError> {
        let kind = arguments.kind()?;
        let loaded = arguments.reading.load(|scheduler| {
            if let Some(spacing) = arguments.spacing {
                scheduler.timestep_spacing = spacing.into();
            }
        })?;
        let super::reading::Loaded { model, schedule } = loaded;
        let read = arguments.started()?;
        let at = read.as_ref().and_then(|read| read.at);
        let steps = arguments.steps.or(at.and_then(|at| at.steps)).unwrap_or(STEPS);
        let hops = arguments.plan(&schedule, (kind, steps), at)?;
        let asked = arguments.count.unwrap_or(16) as usize;
        let count = read.as_ref().map_or(asked, |read| read.count);
        let condition = arguments.reading.condition(&model, count)?;
        let guidance = arguments.guided(condition, &model, count)?;
        Ok(Self {
            arguments,
            model,
            schedule,
            kind,
            steps,
            hops,
            count,
            guidance,
            read,
        })
    }

    /// The size of the images: as asked, as the model says, as the noise is.
    fn size(&self) -> Option<[usize; 2]> {
        let size = self.arguments.reading.size.or(self.model.config.sample_size);
        size.or(self.read.as_ref().map(|read| [read.shape[1], read.shape[2]]))
    }

    /// What to start from: images of this shape.
    fn start(&mut self, shape: [usize; 3], seed: u64) -> Result<Vec<f32>, CliError> {
        let length: usize = shape.iter().product();
        match (self.read.take(), &self.arguments.start) {
            (Some(Samples { shape: found, .. }), Some(path)) if found != shape => {
                let message =
                    format!("images of shape {found:?}, expected {shape:?} (channels, height, width)");
                Err(CliError::input(message).in_file(path))
            }
            (Some(read), _) => Ok(read.values),
            (None, _) => Ok(drawn(seed, self.count, length)),
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let mut task = Task::read(arguments)?;
    let needs = arguments
        .reading
        .needs(&task.model, task.size(), &task.guidance)?;
    session.needs(
        needs.sampling(task.count, BATCH, &task.guidance),
        "--count and --size",
    )?;
    let unet = arguments.reading.unet(&task.model, task.size(), &task.guidance)?;
    let shape = unet.image();
    let at = task.read.as_ref().and_then(|read| read.at);
    let start = task.start(shape, session.seed())?;
    let sampler = task.schedule.sampler(task.kind)?;
    let identity = Identity::new(VERB.name, session.seed())
        .with("model", description(&task.model, &unet, &task.guidance))
        .with("sampler", format!("{sampler:?}"))
        .with("steps", task.steps)
        .options(&task.hops)
        .data(hash_of(FNV_OFFSET, &start));
    // What says of which time it is holds x itself.
    let spacing = match at {
        Some(_) => gibbs_core::diffusion::Spacing::Leading { offset: 0 },
        None => task.schedule.spacing(),
    };
    let (length, seed, hops) = (shape.iter().product(), session.seed(), task.hops.clone());
    let evaluations = sampler.evaluations(&hops);
    let mut trajectories = Trajectories::from_noise(sampler, hops, spacing, start, length, BATCH, seed)?;
    let guidance = std::mem::replace(&mut task.guidance, Guidance::None);
    session.run(&identity, |work| {
        let model = EpsModel::new(&unet, guidance)?;
        let mut model = model.until(Stop::when(work.interrupted));
        let sampled = trajectories.finish("sampling", &mut model, work);
        sampled.map_err(|error| arguments.reading.refused(error))
    })?;
    write(&session, trajectories.states(), shape)?;
    let answer = answer(&task, shape, evaluations, &Moments::of(trajectories.states()));
    session.done(answer, Ended::DONE)
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

fn write(session: &Session<'_>, values: &[f32], shape: [usize; 3]) -> Result<(), CliError> {
    let at = At {
        timestep: 0.0,
        steps: None,
    };
    session.write("samples.safetensors", &samples_file(values, shape, at))?;
    for (begin, end) in [("sample-", ".png"), ("grid", ".png")] {
        session.clear(begin, end)?;
    }
    if !has_pictures(shape) {
        return Ok(());
    }
    let images = images(values, shape);
    for (i, image) in images.iter().enumerate() {
        session.write(&format!("sample-{i:04}.png"), image)?;
    }
    let columns = (images.len() as f64).sqrt().ceil() as usize;
    let sheet = grid(&images, columns, 1, PAPER).map_err(|error| CliError::failed(error.to_string()))?;
    session.write("grid.png", &sheet)
}

/// `evaluations`: of the net, per sample, guidance not counted; `mean`, `standard_deviation`, `least`, `largest`: of all numbers
/// of all samples.
fn answer(task: &Task<'_>, shape: [usize; 3], evaluations: usize, moments: &Moments) -> Answer {
    let (name, steps) = (task.arguments.name(), task.steps);
    let [channels, height, width] = shape;
    let mut answer = Answer::new();
    let samples = format!("{} of {channels} x {height} x {width}", task.count);
    answer.value("count", task.count, samples).label("samples");
    answer.hidden("shape", shape);
    let said = format!("{name}, {steps} steps, {evaluations} evaluations");
    answer.text("sampler", name).says(said);
    answer.hidden("steps", steps);
    answer.hidden("evaluations", evaluations);
    answer.hidden("eta", task.arguments.eta);
    answer.hidden("guidance", task.arguments.guidance);
    let Moments {
        mean,
        spread,
        least,
        largest,
    } = *moments;
    answer.number("mean", mean).says(format!(
        "{}, standard deviation {}, {} to {}",
        plain(mean),
        plain(spread),
        plain(least),
        plain(largest)
    ));
    answer.hidden("standard_deviation", spread);
    answer.hidden("least", least);
    answer.hidden("largest", largest);
    answer
}
