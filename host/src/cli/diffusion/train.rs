//! `gibbs diffusion train`: a small U-Net from scratch, as a diffusers folder with its loss curve.

use super::reading::output;
use crate::cli::error::CliError;
use crate::cli::output::{emit, remark};
use crate::cli::{Common, Status, interrupt};
use crate::data::{Table, write_csv};
use crate::diffusion::datasets::{Configurations, Dataset, DatasetError, Digits, Discs, DiscsAndBars};
use crate::diffusion::folder::{SchedulerConfig, save};
use crate::diffusion::presets;
use crate::diffusion::training::{self, NoisePrediction};
use crate::progress;
use crate::report::curves::{Curve, Curves};
use crate::report::number::significant;
use crate::train::{Keep, Report, Settings, TrainError, Trainer};
use crate::work::Work;
use clap::{Args, ValueEnum};
use serde_json::json;
use std::path::Path;
use std::time::Duration;

/// Levels of noise of a schedule.
const LEVELS: usize = 1000;
/// A checkpoint is written about as often.
const PAUSE: Duration = Duration::from_secs(20);
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
    let out = output(common)?;
    let data = arguments.dataset(common.seed)?;
    let [channels, side, _] = data.shape();
    let config = presets::small(channels, side);
    let scheduler = SchedulerConfig::ddpm(LEVELS);
    let alpha_bar = training::alpha_bars(&scheduler)?;
    let batches = training::batches(&*data, common.seed, arguments.batch)?;
    let (objective, start) = NoisePrediction::new(&config, &*data, &alpha_bar, batches, common.seed)
        .map_err(|error| CliError::input(format!("--data, --size: {error}")))?;
    let interrupted = interrupt::install(common.quiet)?;
    let mut objective = objective.until(interrupted);
    let settings = arguments.settings(common.seed);
    let file = out.join("train.checkpoint");
    let mut trainer = if common.resume && file.exists() {
        Trainer::resume(settings, &objective, &file)?
    } else {
        Trainer::new(settings, &objective, start)?
    };
    let progress = progress::for_stderr(common.quiet);
    let work = Work::new(&*progress, interrupted);
    let keep = Keep {
        path: &file,
        pause: PAUSE,
    };
    // At once, so that a run that is killed outright can be found as well.
    trainer.save(&file)?;
    let report = trainer.run(&mut objective, work, Some(keep))?;
    let tensors = training::tensors(&objective, trainer.averaged());
    save(out, &config, Some(&scheduler), &tensors)?;
    curve(trainer.losses(), data.name(), out)?;
    remark(
        common,
        &format!("wrote the model and its loss to {}", out.display()),
    );
    // It stays: with more --steps the run goes on from here.
    trainer.save(&file)?;
    let parameters: usize = tensors.values().map(|tensor| tensor.values.len()).sum();
    let object = || {
        json!({
            "schema": "gibbs.diffusion.train/1",
            "data": data.name(),
            "size": side,
            "batch": arguments.batch,
            "rate": arguments.rate,
            "warm_up": arguments.warm_up,
            "steps": report.steps,
            "loss": report.loss,
            "mean_loss": report.mean,
            "window": report.window,
            "parameters": parameters,
            "seed": common.seed,
            "seconds": report.seconds,
        })
    };
    emit(common, object, || {
        text(&report, parameters, data.name(), side, common)
    })?;
    Ok(Status::Done)
}

fn text(report: &Report, parameters: usize, data: &str, side: usize, common: &Common) -> String {
    let rows = [
        ("data", format!("{data}, {side} x {side}")),
        ("parameters", parameters.to_string()),
        ("steps", report.steps.to_string()),
        ("loss", significant(report.loss, 4)),
        (
            "mean loss",
            format!(
                "{} over the last {} steps",
                significant(report.mean, 4),
                report.window
            ),
        ),
        (
            "seconds",
            format!(
                "{:.1}, {:.2} steps a second",
                report.seconds, report.steps_per_second
            ),
        ),
        ("seed", common.seed.to_string()),
    ];
    rows.map(|(name, value)| format!("{name:<10} {value}\n")).concat()
}

/// The loss of every step as a table, and its means over short pieces as a figure.
fn curve(losses: &[f64], data: &str, out: &Path) -> Result<(), CliError> {
    let steps = (1..=losses.len()).map(|step| step as f64).collect();
    let table = Table::of([("step", steps), ("loss", losses.to_vec())]);
    write_csv(&table, &out.join("loss.csv"))?;
    let piece = losses.len().div_ceil(POINTS).max(1);
    let points = losses.chunks(piece).enumerate().map(|(i, part)| {
        let middle = (i * piece) as f64 + (part.len() + 1) as f64 / 2.0;
        (middle, part.iter().sum::<f64>() / part.len() as f64)
    });
    let figure = Curves {
        title: format!("Training on {data}"),
        x_label: "step".to_owned(),
        y_label: "mean squared error of the noise".to_owned(),
        curves: vec![Curve {
            name: format!("mean of {piece} steps"),
            points: points.collect(),
            spread: Vec::new(),
        }],
        ..Curves::default()
    };
    let written = figure.draw().write(out, "loss");
    written.map_err(|error| CliError::failed(error.to_string()))?;
    Ok(())
}

impl From<TrainError> for CliError {
    fn from(error: TrainError) -> Self {
        let message = error.to_string();
        match error {
            TrainError::Data(error) => error.into(),
            TrainError::Interrupted { steps, checkpoint } => {
                let result = Self::interrupted(message).with("finished", steps);
                match checkpoint {
                    Some(path) => result.with("checkpoint", path.display().to_string()),
                    None => result,
                }
            }
            TrainError::Other { path, .. } | TrainError::Damaged { path, .. } => {
                Self::input(message).with("file", path.display().to_string())
            }
            TrainError::Loss { .. } | TrainError::Gradient { .. } | TrainError::Objective { .. } => {
                Self::failed(message)
            }
            _ => Self::input(message),
        }
    }
}
