//! `gibbs diffusion train`: a small U-Net from scratch, as a diffusers folder with its loss curve.

use crate::cli::error::CliError;
use crate::cli::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::diffusion::datasets::{Configurations, Dataset, DatasetError, Digits, Discs, DiscsAndBars};
use crate::diffusion::folder::{SchedulerConfig, save};
use crate::diffusion::presets;
use crate::diffusion::training::{self, NoisePrediction};
use crate::keep::Identity;
use crate::report::answer::Answer;
use crate::report::curves::{Curve, Curves};
use crate::report::number::significant;
use crate::report::rows::Rows;
use crate::train::{Report, Settings, Trainer};
use clap::{Args, ValueEnum};

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

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum DataChoice {
    /// Soft discs: centre, radius and brightness vary
    Discs,
    /// One to three soft discs and bars
    DiscsBars,
    /// Ising configurations below, at and above the critical temperature
    Ising,
    /// The 1797 digits of 8 x 8 pixels of the UCI repository, part of the program
    Digits,
}

/// Arguments of `gibbs diffusion train`.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  gibbs diffusion train --data discs --steps 400 --out discs
  gibbs diffusion train --data ising --size 32 --steps 4000 --out ising --resume
  gibbs diffusion train --data digits --rate 1e-3 --seed 1 --out digits --json

The net has three levels of 16, 32 and 32 channels, attention at the second and in the middle: 280 thousand parameters.
It learns the noise in noisy images (mean squared error, 1000 levels of noise, betas from 1e-4 to 0.02) by AdamW,
gradients clipped to norm 1. --out takes what the diffusers library reads: config.json, scheduler_config.json and
diffusion_pytorch_model.safetensors with the moving average of the weights; and loss.csv, loss.svg, loss.png.
mean loss is that of the last --window steps, of the weights as they were, each on images not seen before (digits: on
those of the set).")]
pub(super) struct Arguments {
    /// What to learn
    #[arg(long, value_enum, value_name = "SET")]
    data: DataChoice,
    /// Pixels of a side, a multiple of 4 [default: 16; digits: 8]
    #[arg(long, value_name = "S", value_parser = clap::value_parser!(u32).range(4..=256))]
    size: Option<u32>,
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
}

impl Arguments {
    fn dataset(&self, seed: u64) -> Result<Box<dyn Dataset>, CliError> {
        let side = self.size.unwrap_or(16) as usize;
        let refuse = |error: DatasetError| CliError::input(format!("--data, --size: {error}"));
        Ok(match self.data {
            DataChoice::Discs => Box::new(Discs::new(side, seed).map_err(refuse)?),
            DataChoice::DiscsBars => Box::new(DiscsAndBars::new(side, seed).map_err(refuse)?),
            DataChoice::Ising => {
                let temperatures = Configurations::TEMPERATURES;
                Box::new(Configurations::new(side, &temperatures, seed).map_err(refuse)?)
            }
            DataChoice::Digits if self.size.is_some_and(|size| size != 8) => {
                return Err(CliError::input(
                    "--size: digits have 8 x 8 pixels\nhint: leave it out",
                ));
            }
            DataChoice::Digits => Box::new(Digits::included().map_err(refuse)?),
        })
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
    let [channels, side, _] = data.shape();
    let config = presets::small(channels, side);
    let scheduler = SchedulerConfig::ddpm(LEVELS);
    let alpha_bar = training::alpha_bars(&scheduler)?;
    let batches = training::batches(&*data, seed, arguments.batch)?;
    let objective = NoisePrediction::new(&config, &*data, &alpha_bar, batches, seed);
    let (objective, start) =
        objective.map_err(|error| CliError::input(format!("--data, --size: {error}")))?;
    let mut trainer = Trainer::new(arguments.settings(seed), &objective, start)?;
    let identity = trainer.identify(Identity::new(VERB.name, seed));
    let (report, tensors) = session.run(&identity, |work| {
        let mut objective = objective.until(work.interrupted);
        let report = trainer.run(&mut objective, work)?;
        Ok::<_, CliError>((report, training::tensors(&objective, trainer.averaged())))
    })?;
    if let Some(out) = session.out() {
        for path in save(out, &config, Some(&scheduler), &tensors)? {
            session.wrote(&path);
        }
    }
    session.write("loss.csv", &losses(trainer.losses()))?;
    session.write("loss", &curve(trainer.losses(), data.name()).draw())?;
    let parameters: usize = tensors.values().map(|tensor| tensor.values.len()).sum();
    let answer = answer(arguments, &report, (data.name(), side), parameters);
    // With more --steps the run goes on from here.
    session.leave_kept()?;
    session.done(answer, Ended::DONE)
}

fn answer(arguments: &Arguments, report: &Report, (data, side): (&str, usize), parameters: usize) -> Answer {
    let mut answer = Answer::new();
    answer.text("data", data).says(format!("{data}, {side} x {side}"));
    answer.hidden("size", side);
    answer.count("parameters", parameters as u64);
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

/// The means of the loss over short pieces.
fn curve(losses: &[f64], data: &str) -> Curves {
    let piece = losses.len().div_ceil(POINTS).max(1);
    let points = losses.chunks(piece).enumerate().map(|(i, part)| {
        let middle = (i * piece) as f64 + (part.len() + 1) as f64 / 2.0;
        (middle, part.iter().sum::<f64>() / part.len() as f64)
    });
    Curves {
        title: format!("Training on {data}"),
        x_label: "step".to_owned(),
        y_label: "mean squared error of the noise".to_owned(),
        curves: vec![Curve {
            name: format!("mean of {piece} steps"),
            points: points.collect(),
            spread: Vec::new(),
        }],
        ..Curves::default()
    }
}
