//! The loop: gradients of an objective, clipped, into an optimiser at the rate of the schedule, averaged, logged.

use super::optimiser::Optimiser;
use super::{Average, Method, Schedule, Shape, TrainError, adamw, check, clip, ema, zeros_like};
use crate::work::Work;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// A pause between two checkpoints is at least this many times as long as the writing.
const SHARE: u32 = 20;

/// What is minimised: a loss of an ordered list of named f32 tensors.
pub trait Objective {
    /// Why it can fail.
    type Error: std::error::Error + Send + Sync + 'static;
    /// Names of the tensors, all different.
    fn names(&self) -> &[String];
    /// Their shapes, in the same order.
    fn shapes(&self) -> &[Vec<usize>];
    /// Everything else that the losses depend on (net, data set, batch size, law of the noise), as text: a checkpoint
    /// of an objective that says something else is refused.
    fn description(&self) -> String;
    /// The loss of step `step` at `parameters`, its gradients added to `gradients`, which come in as zeros. Must
    /// depend on the step and the parameters alone, or a resumed run ends in other bits. A step that takes long gives up with
    /// an error when the user wants to stop; it is done again when the run goes on.
    ///
    /// # Errors
    /// Its own.
    fn gradient(
        &mut self,
        step: u64,
        parameters: &[Vec<f32>],
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, Self::Error>;
}

/// How to train.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Steps in all. Not tied to a checkpoint: a run may be prolonged.
    pub steps: u64,
    /// The optimiser.
    pub method: Method,
    /// Its rate.
    pub schedule: Schedule,
    /// Largest norm of all gradients together, if any.
    pub clip: Option<f64>,
    /// The average of the weights, if any.
    pub average: Option<ema::Settings>,
    /// Seed of the run: for the objective; kept in the checkpoint and compared.
    pub seed: u64,
    /// Steps in the mean loss that is reported, at least 1.
    pub window: u64,
}

impl Default for Settings {
    /// The defaults for small nets: AdamW at 2e-4, average 0.999, norm at most 1.
    fn default() -> Self {
        Self {
            steps: 1000,
            method: Method::AdamW(adamw::Settings::default()),
            schedule: Schedule {
                peak: 2e-4,
                warm_up: 0,
                shape: Shape::Constant,
            },
            clip: Some(1.0),
            average: Some(ema::Settings::default()),
            seed: 0,
            window: 100,
        }
    }
}

/// Where a run leaves its checkpoint.
#[derive(Clone, Copy, Debug)]
pub struct Keep<'a> {
    /// The file.
    pub path: &'a Path,
    /// Time between two writings, at least.
    pub pause: Duration,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// Steps done in all.
    pub steps: u64,
    /// Loss of the last step.
    pub loss: f64,
    /// Mean loss of the last `window` steps.
    pub mean: f64,
    /// Steps in that mean.
    pub window: u64,
    /// Norm of the gradients of the last step before clipping; `None` when this run made no step.
    pub norm: Option<f64>,
    /// Wall-clock seconds of this run, checkpoints included; not reproducible.
    pub seconds: f64,
    /// Steps of this run per second; not reproducible.
    pub steps_per_second: f64,
}

/// The state of a run. Memory: parameters, gradients, one or two moments, an average; eight bytes a step.
#[derive(Clone, Debug)]
pub struct Trainer {
    pub(super) settings: Settings,
    pub(super) names: Vec<String>,
    pub(super) shapes: Vec<Vec<usize>>,
    pub(super) description: String,
    pub(super) parameters: Vec<Vec<f32>>,
    pub(super) optimiser: Optimiser,
    pub(super) average: Option<Average>,
    pub(super) losses: Vec<f64>,
    gradients: Vec<Vec<f32>>,
}

impl Trainer {
    /// A run from `parameters`, in the order of the objective's names.
    ///
    /// # Errors
    /// `Setting`; `Parameter` when names repeat or names, shapes and values do not fit together.
    pub fn new(
        settings: Settings,
        objective: &impl Objective,
        parameters: Vec<Vec<f32>>,
    ) -> Result<Self, TrainError> {
        settings.schedule.check()?;
        check("steps", settings.steps as f64, 1.0, f64::INFINITY)?;
        check("window", settings.window as f64, 1.0, f64::INFINITY)?;
        if let Some(limit) = settings.clip {
            check("clip", limit, f64::MIN_POSITIVE, f64::INFINITY)?;
        }
        let (names, shapes) = (objective.names().to_vec(), objective.shapes().to_vec());
        fit_together(&names, &shapes, &parameters)?;
        let average = settings.average.map(|average| Average::new(average, &parameters));
        Ok(Self {
            optimiser: Optimiser::new(settings.method, &parameters)?,
            average: average.transpose()?,
            gradients: zeros_like(&parameters),
            description: objective.description(),
            losses: Vec::new(),
            parameters,
            settings,
            names,
            shapes,
        })
    }

    /// Steps done.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The loss of every step.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// The parameters as they are.
    pub fn parameters(&self) -> &[Vec<f32>] {
        &self.parameters
    }

    /// Their average; the parameters themselves when none is kept.
    pub fn averaged(&self) -> &[Vec<f32>] {
        self.average
            .as_ref()
            .map_or(&self.parameters, |average| &average.values)
    }

    /// Trains to the last step of the settings. Takes no memory per step; writes a checkpoint to `keep` now and then,
    /// and when stopped through `work`.
    ///
    /// # Errors
    /// `Interrupted`; `Loss` or `Gradient` when one is not finite (the state is that before the step); `Objective`; `Data`
    /// when the checkpoint cannot be written.
    pub fn run<O: Objective>(
        &mut self,
        objective: &mut O,
        work: Work<'_>,
        keep: Option<Keep<'_>>,
    ) -> Result<Report, TrainError> {
        let remaining = self.settings.steps.saturating_sub(self.steps());
        work.progress.begin("training", self.settings.steps);
        work.progress.advance(self.steps());
        self.losses.reserve(remaining as usize);
        let result = self.steps_of_run(objective, work, keep);
        let how = match &result {
            Ok(report) => format!(
                "done, mean loss {:.5} over the last {} steps",
                report.mean, report.window
            ),
            Err(TrainError::Interrupted { .. }) => "interrupted".to_owned(),
            Err(_) => "failed".to_owned(),
        };
        work.progress.end(&format!("training: {how}"));
        result
    }

    fn steps_of_run<O: Objective>(
        &mut self,
        objective: &mut O,
        work: Work<'_>,
        keep: Option<Keep<'_>>,
    ) -> Result<Report, TrainError> {
        let (begun, first) = (Instant::now(), self.steps());
        let mut pause = keep.map_or(Duration::MAX, |keep| keep.pause);
        let (mut written, mut norm) = (begun, None);
        while self.steps() < self.settings.steps {
            if work.check().is_err() {
                return Err(self.stopped(keep)?);
            }
            norm = match self.step(objective) {
                // The objective looks for the wish to stop as well; the state is that before the step.
                Err(TrainError::Objective { .. }) if work.check().is_err() => {
                    return Err(self.stopped(keep)?);
                }
                norm => Some(norm?),
            };
            work.progress.advance(1);
            if let Some(keep) = keep
                && written.elapsed() >= pause
            {
                let start = Instant::now();
                self.save(keep.path)?;
                written = Instant::now();
                pause = keep.pause.max(SHARE * start.elapsed());
            }
        }
        let seconds = begun.elapsed().as_secs_f64();
        let window = self.settings.window.min(self.steps());
        let last = &self.losses[self.losses.len() - window as usize..];
        Ok(Report {
            steps: self.steps(),
            loss: last.last().copied().unwrap_or_default(),
            mean: last.iter().sum::<f64>() / window as f64,
            window,
            norm,
            seconds,
            steps_per_second: (self.steps() - first) as f64 / seconds.max(f64::MIN_POSITIVE),
        })
    }

    /// Keeps the run that the user stopped.
    fn stopped(&self, keep: Option<Keep<'_>>) -> Result<TrainError, TrainError> {
        if let Some(keep) = keep {
            self.save(keep.path)?;
        }
        Ok(TrainError::Interrupted {
            steps: self.steps(),
            checkpoint: keep.map(|keep| keep.path.to_owned()),
        })
    }

    /// One step; returns the norm of the gradients before clipping. An error leaves the state before the step.
    ///
    /// # Errors
    /// `Loss` or `Gradient` when one is not finite; `Objective`.
    pub fn step<O: Objective>(&mut self, objective: &mut O) -> Result<f64, TrainError> {
        let step = self.steps();
        for values in &mut self.gradients {
            values.fill(0.0);
        }
        let loss = objective
            .gradient(step, &self.parameters, &mut self.gradients)
            .map_err(|source| TrainError::Objective {
                step,
                source: Box::new(source),
            })?;
        if !loss.is_finite() {
            return Err(TrainError::Loss { step, loss });
        }
        let norm = match self.settings.clip {
            Some(limit) => clip::clip(&mut self.gradients, limit),
            None => clip::norm(&self.gradients),
        };
        if !norm.0.is_finite()
            && let Some((tensor, entry, value)) = clip::first_not_finite(&self.gradients)
        {
            return Err(TrainError::Gradient {
                step,
                parameter: self.names[tensor].clone(),
                entry,
                value,
            });
        }
        let rate = self.settings.schedule.rate(step);
        self.optimiser.update(rate, &mut self.parameters, &self.gradients);
        if let Some(average) = &mut self.average {
            average.update(&self.parameters);
        }
        self.losses.push(loss);
        Ok(norm.0)
    }
}

fn fit_together(names: &[String], shapes: &[Vec<usize>], parameters: &[Vec<f32>]) -> Result<(), TrainError> {
    let refuse = |parameter: &str, reason: String| {
        Err(TrainError::Parameter {
            parameter: parameter.to_owned(),
            reason,
        })
    };
    let counts = [names.len(), shapes.len(), parameters.len()];
    if counts[0] == 0 || counts != [counts[0]; 3] {
        let [names, shapes, values] = counts;
        return refuse(
            "all",
            format!("{names} names, {shapes} shapes, {values} tensors of values"),
        );
    }
    let mut seen = HashSet::new();
    for ((name, shape), values) in names.iter().zip(shapes).zip(parameters) {
        if !seen.insert(name) {
            return refuse(name, "there are two of this name".to_owned());
        }
        let size = shape
            .iter()
            .try_fold(1_usize, |product, side| product.checked_mul(*side));
        if size != Some(values.len()) {
            return refuse(name, format!("{} values for shape {shape:?}", values.len()));
        }
        if let Some(entry) = values.iter().position(|value| !value.is_finite()) {
            return refuse(
                name,
                format!("entry {entry} is {}, expected a finite number", values[entry]),
            );
        }
    }
    Ok(())
}
