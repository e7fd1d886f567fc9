//! `gibbs diffusion train`: a small U-Net from scratch, as a diffusers folder with its loss curve.

use super::vectors::{sheet, square};
use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::datasets::{
    Configurations, Dataset, DatasetError, Digits, Discs, DiscsAndBars, Pictures,
};
use crate::diffusion::folder::{SchedulerConfig, UnetConfig, save_pipeline};
use crate::diffusion::presets;
use crate::diffusion::training::{self, NoisePrediction, TrainingError};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::curves::{Curve, Curves};
use crate::report::number::significant;
use crate::report::rows::Rows;
use crate::train::{Report, Settings, Trainer};
use crate::work::Work;
use clap::Args;
use std::path::Path;

const VERB: Verb = Verb {
    name: "diffusion.train",
    version: 2,
    folder: Folder::Needed,
    keeps: true,
};
/// Levels of noise of a schedule.
const LEVELS: usize = 1000;
/// Points of the drawn curve, each a mean of as many steps.
const POINTS: usize = 200;

/// Steps of DDIM of a look at the net, and its samples.
const LOOK: (usize, usize) = (25, 16);

/// Arguments of `gibbs diffusion train`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion train --data discs --steps 400 --out discs
  gibbs diffusion train --data ising --size 32 --steps 4000 --out ising --resume
  gibbs diffusion train --data photographs --channels 32,64,64 --samples-every 500 --out model
  gibbs diffusion train --data digits --rate 1e-3 --seed 1 --out digits --json

SET is discs (centre, radius and brightness vary), discs-bars (one to three discs and bars), ising (configurations below, at
and above the critical temperature), digits (the 1797 digits of 8 x 8 pixels of the UCI repository, part of the program), or
a folder of PNG files of one size.
By default the net has three levels of 16, 32 and 32 channels, attention at the second and in the middle: 280 thousand
parameters. It learns the noise in noisy images (mean squared error, 1000 levels of noise, betas from 1e-4 to 0.02) by
AdamW, gradients clipped to norm 1. --out takes a pipeline of the diffusers library, with the moving average of the weights:
model_index.json, unet/, scheduler/; and loss.csv, loss.svg, loss.png, with --validation validation.csv, with --samples-every
step-000500.png and so on; pictures of an earlier run are removed.
mean loss is that of the last --window steps, of the weights as they were, each on images not seen before (digits and
folders: on those of the set); validation loss that of the averaged weights on images that are left out.
The run stays in train.checkpoint: with --resume and more --steps it goes on.")]
pub(super) struct Arguments {
    /// What to learn: discs, discs-bars, ising, digits, or a folder of PNG files
    #[arg(long, value_name = "SET")]
    data: String,
    /// Pixels of a side of generated images, a multiple of 2 to the levels less 1 [default: 16]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(4..=256))]
    size: Option<u32>,
    /// Channels of the levels of the net, finest first
    #[arg(long, value_name = "C,C", value_delimiter = ',', default_values_t = [16, 32, 32], value_parser = clap::value_parser!(u32).range(2..=4096))]
    channels: Vec<u32>,
    /// Resnets of a level
    #[arg(long, value_name = "L", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=8))]
    layers: u32,
    /// Steps of the optimiser
    #[arg(long, value_name = "N", default_value_t = 1000, value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    steps: u64,
    /// Images of a step
    #[arg(long, value_name = "B", default_value_t = 64, value_parser = clap::value_parser!(u32).range(1..=65536))]
    batch: u32,
    /// Rate of the optimiser
    #[arg(long, value_name = "R", default_value_t = 2e-3)]
    rate: f64,
    /// Steps in which the rate rises to its height
    #[arg(long, value_name = "N", default_value_t = 100)]
    warm_up: u64,
    /// Steps in the mean loss that is reported
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = clap::value_parser!(u64).range(1..))]
    window: u64,
    /// Images that are left out, for the validation loss [default: a tenth of a folder, at most 256; none of the others]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(..=65536))]
    validation: Option<u32>,
    /// A look at the net after every N steps: samples, and the validation loss
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    samples_every: Option<u64>,
}

impl Arguments {
    fn dataset(&self, seed: u64) -> Result<Box<dyn Dataset>, CliError> {
        let side = self.size.unwrap_or(16) as usize;
        let refuse = |error: DatasetError| CliError::input(format!("--data, --size: {error}"));
        let own_size = |what: &str| match self.size {
            Some(_) => Err(CliError::input(format!("--size: {what}\nhint: leave it out"))),
            None => Ok(()),
        };
        Ok(match self.data.as_str() {
            "discs" => Box::new(Discs::new(side, seed).map_err(refuse)?),
            "discs-bars" => Box::new(DiscsAndBars::new(side, seed).map_err(refuse)?),
            "ising" => {
                let temperatures = Configurations::TEMPERATURES;
                Box::new(Configurations::new(side, &temperatures, seed).map_err(refuse)?)
            }
            "digits" => {
                own_size("digits have 8 x 8 pixels")?;
                Box::new(Digits::included().map_err(refuse)?)
            }
            folder if Path::new(folder).is_dir() => {
                own_size("pictures have the size that they have")?;
                Box::new(Pictures::read(Path::new(folder), seed).map_err(refuse)?)
            }
            other => {
                let known = "discs, discs-bars, ising, digits, or a folder of PNG files";
                return Err(CliError::input(format!("--data {other}: expected {known}")));
            }
        })
    }

    /// Images that are left out.
    fn withheld(&self, data: &dyn Dataset) -> u32 {
        let tenth = |count: u64| (count / 10).min(256) as u32;
        let folder = data.hash() != 0;
        let usual = data.count().filter(|_| folder).map_or(0, tenth);
        self.validation.unwrap_or(usual)
    }

    fn settings(&self, seed: u64) -> Settings {
        Settings {
            window: self.window,
            ..training::settings(self.steps, self.rate, self.warm_up, seed)
        }
    }
}

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let seed = session.seed();
    let data = arguments.dataset(seed)?;
    let [channels, height, width] = data.shape();
    let widths: Vec<usize> = arguments.channels.iter().map(|c| *c as usize).collect();
    let config = presets::sized(channels, [height, width], &widths, arguments.layers as usize);
    let refused = |error: TrainingError| CliError::input(format!("--data, --size, --channels: {error}"));
    let bytes = training::need_bytes(&config, [height, width], arguments.batch).map_err(refused)?;
    session.needs(bytes, "training with --size, --batch and --channels")?;
    let scheduler = SchedulerConfig::ddpm(LEVELS);
    let alpha_bar = training::alpha_bars(&scheduler)?;
    let withheld = arguments.withheld(&*data);
    let batches = training::batches(&*data, seed, arguments.batch, withheld)?;
    let objective = NoisePrediction::new(&config, &*data, &alpha_bar, batches, seed);
    let (objective, start) = objective.map_err(refused)?;
    let mut trainer = Trainer::new(arguments.settings(seed), &objective, start)?;
    let identity = trainer.identify(Identity::new(VERB.name, seed));
    if !common.resume {
        session.clear("step-", ".png")?;
    }
    let looker = Looker {
        session: &session,
        config: &config,
        scheduler: &scheduler,
        unseen: training::withheld(&*data, withheld),
        every: arguments.samples_every.unwrap_or(u64::MAX),
    };
    let (report, tensors, looks) = session.run(&identity, |work| {
        let mut objective = objective.until(work.interrupted);
        let (report, looks) = looker.train(&mut trainer, &mut objective, work)?;
        let tensors = training::tensors(&objective, trainer.averaged());
        Ok::<_, CliError>((report, tensors, looks))
    })?;
    if let Some(out) = session.out() {
        for path in save_pipeline(out, &config, &scheduler, &tensors)? {
            session.wrote(&path);
        }
    }
    session.write("loss.csv", &losses(trainer.losses()))?;
    session.write("loss", &curve(trainer.losses(), data.name(), &looks).draw())?;
    session.clear("validation", ".csv")?;
    if withheld > 0 {
        session.write("validation.csv", &validation(&looks))?;
    }
    let parameters: usize = tensors.values().map(|tensor| tensor.values.len()).sum();
    let mut answer = answer(arguments, &report, (data.name(), [height, width]), parameters);
    answer
        .number("validation_loss", looks.last().and_then(|look| look.loss))
        .digits(4);
    answer.hidden("validation", withheld);
    // With more --steps the run goes on from here.
    session.leave_kept()?;
    session.done(answer, Ended::DONE)
}

/// What a look at the net showed.
struct Look {
    step: u64,
    loss: Option<f64>,
}

/// Trains, and looks at the net now and then.
struct Looker<'a, 's> {
    session: &'a Session<'s>,
    config: &'a UnetConfig,
    scheduler: &'a SchedulerConfig,
    unseen: Vec<u64>,
    every: u64,
}

impl Looker<'_, '_> {
    fn train(
        &self,
        trainer: &mut Trainer,
        objective: &mut NoisePrediction<'_>,
        work: &Work<'_>,
    ) -> Result<(Report, Vec<Look>), CliError> {
        let mut looks = Vec::new();
        let mut next = self.every.min(trainer.total());
        loop {
            let report = trainer.run_to(next, objective, work)?;
            // A kept run may be further, and then was looked at before.
            if trainer.steps() == next {
                looks.push(self.look(trainer, objective, work)?);
            }
            if next == trainer.total() {
                return Ok((report, looks));
            }
            next = next.saturating_add(self.every).min(trainer.total());
        }
    }

    fn look(
        &self,
        trainer: &Trainer,
        objective: &mut NoisePrediction<'_>,
        work: &Work<'_>,
    ) -> Result<Look, CliError> {
        let failed = |error: TrainingError| match work.check() {
            Ok(()) => CliError::failed(error.to_string()),
            Err(stopped) => stopped.into(),
        };
        let step = trainer.steps();
        let mut loss = None;
        if !self.unseen.is_empty() {
            let found = objective.validation(trainer.averaged(), &self.unseen);
            loss = Some(found.map_err(failed)?);
        }
        if self.every < u64::MAX {
            let tensors = training::tensors(objective, trainer.averaged());
            let (steps, count) = LOOK;
            let what = (count, steps, self.session.seed());
            let samples = training::picture(self.config, self.scheduler, &tensors, what, work)?;
            let [height, width] = self.config.sample_size.unwrap_or([1, 1]);
            let shape = [self.config.in_channels, height, width];
            let sheet = sheet(&samples, shape, square(count), false)?;
            self.session.write(&format!("step-{step:06}.png"), &sheet)?;
        }
        Ok(Look { step, loss })
    }
}

fn answer(
    arguments: &Arguments,
    report: &Report,
    (data, size): (&str, [usize; 2]),
    parameters: usize,
) -> Answer {
    let mut answer = Answer::new();
    answer
        .text("data", data)
        .says(format!("{data}, {} x {}", size[0], size[1]));
    answer.hidden("size", size);
    answer.count("parameters", parameters as u64);
    answer.hidden("channels", &arguments.channels);
    answer.hidden("layers", arguments.layers);
    answer.count("steps", report.steps);
    answer.hidden("batch", arguments.batch);
    answer.hidden("rate", arguments.rate);
    answer.hidden("warm_up", arguments.warm_up);
    answer.number("loss", report.loss).digits(4);
    let (mean, window) = (report.mean, report.window);
    let said = format!("{} over the last {window} steps", significant(mean, 4));
    answer.number("mean_loss", mean).says(said);
    answer.hidden("window", window);
    answer.shown("speed", format!("{:.2} steps a second", report.steps_per_second));
    answer.timing("steps_per_second", report.steps_per_second);
    answer
}

fn losses(losses: &[f64]) -> Rows {
    let losses: Vec<(usize, f64)> = losses.iter().copied().enumerate().collect();
    Rows::of("loss", &losses)
        .count("step", |loss| loss.0 as u64 + 1)
        .number("loss", |loss| loss.1)
        .done()
}

fn validation(looks: &[Look]) -> Rows {
    Rows::of("validation", looks)
        .count("step", |look| look.step)
        .number("loss", |look| look.loss)
        .done()
}

/// The means of the loss over short pieces.
fn curve(losses: &[f64], data: &str, looks: &[Look]) -> Curves {
    let piece = losses.len().div_ceil(POINTS).max(1);
    let points = losses.chunks(piece).enumerate().map(|(i, part)| {
        let middle = (i * piece) as f64 + (part.len() + 1) as f64 / 2.0;
        (middle, part.iter().sum::<f64>() / part.len() as f64)
    });
    let seen = looks
        .iter()
        .filter_map(|look| Some((look.step as f64, look.loss?)));
    let unseen = Curve {
        name: "validation".to_owned(),
        points: seen.collect(),
        spread: Vec::new(),
    };
    let unseen = (unseen.points.len() > 1).then_some(unseen);
    Curves {
        title: format!("Training on {data}"),
        x_label: "step".to_owned(),
        y_label: "mean squared error of the noise".to_owned(),
        curves: vec![Curve {
            name: format!("mean of {piece} steps"),
            points: points.collect(),
            spread: Vec::new(),
        }]
        .into_iter()
        .chain(unseen)
        .collect(),
        ..Curves::default()
    }
}
