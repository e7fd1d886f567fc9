//! The loop: gradients of an objective, clipped, into an optimiser at the rate of the schedule, averaged, logged.

use super::optimiser::Optimiser;
use super::{Average, Method, Schedule, Shape, TrainError, adamw, check, clip, ema, zeros_like};
use crate::keep::{Identity, KeepError, Resumable, Shelf};
use crate::work::Work;
use std::collections::HashSet;
use std::time::Instant;

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

/// Settings of a training run.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Steps in all. Not tied to a checkpoint: a run may be prolonged.
    pub steps: u64,
    /// The optimiser.
    pub method: Method,
    /// The learning rate of every step.
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

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The number of steps done in all.
    pub steps: u64,
    /// Loss of the last step.
    pub loss: f64,
    /// Mean loss of the last `window` steps.
    pub mean: f64,
    /// The number of steps in the mean loss.
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
    settings: Settings,
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    description: String,
    parameters: Vec<Vec<f32>>,
    optimiser: Optimiser,
    average: Option<Average>,
    losses: Vec<f64>,
    gradients: Vec<Vec<f32>>,
    /// Norm of the gradients of the last step of this run.
    norm: Option<f64>,
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
            norm: None,
            parameters,
            settings,
            names,
            shapes,
        })
    }

    /// The number of steps done.
    pub fn steps(&self) -> u64 {
        self.losses.len() as u64
    }

    /// The loss of every step.
    pub fn losses(&self) -> &[f64] {
        &self.losses
    }

    /// Adds everything that the bits of the run depend on beside its seed; the steps to go to are none of it.
    pub fn identify(&self, identity: Identity) -> Identity {
        // The destructuring makes sure that a new setting is thought of here.
        let Settings {
            steps: _,
            window: _,
            method,
            schedule,
            clip,
            average,
            seed: _,
        } = &self.settings;
        identity
            .with("optimiser", format!("{method:?}"))
            .with("rate", format!("{schedule:?}"))
            .with("clip", format!("{clip:?}"))
            .with("average", format!("{average:?}"))
            .with("objective", &self.description)
    }

    /// Steps of the whole run.
    pub fn total(&self) -> u64 {
        self.settings.steps
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

    /// Trains to the last step of the settings, from where it was kept. A step takes no memory.
    ///
    /// # Errors
    /// `Stopped`; `Loss` or `Gradient` when one is not finite (the state is that before the step); `Objective`; `Setting` when
    /// the kept run has done more steps.
    pub fn run<O: Objective>(&mut self, objective: &mut O, work: &Work<'_>) -> Result<Report, TrainError> {
        self.run_to(self.settings.steps, objective, work)
    }

    /// The same to a step before the last, for a look at the run; a kept run that is further stays there.
    ///
    /// # Errors
    /// As [`Trainer::run`].
    pub fn run_to<O: Objective>(
        &mut self,
        step: u64,
        objective: &mut O,
        work: &Work<'_>,
    ) -> Result<Report, TrainError> {
        let begun = Instant::now();
        let total = step.min(self.settings.steps);
        self.losses.reserve(total.saturating_sub(self.steps()) as usize);
        let mut made = 0_u64;
        work.advance("training", total, self, |trainer| {
            trainer.norm = Some(trainer.step(objective)?);
            made += 1;
            Ok::<(), TrainError>(())
        })?;
        let steps = self.settings.steps;
        if self.steps() > steps {
            return Err(TrainError::Setting {
                setting: "steps",
                reason: format!("{steps}, but the kept run has done {}", self.steps()),
            });
        }
        let seconds = begun.elapsed().as_secs_f64();
        let window = self.settings.window.min(self.steps());
        let last = &self.losses[self.losses.len() - window as usize..];
        Ok(Report {
            steps: self.steps(),
            loss: last.last().copied().unwrap_or_default(),
            mean: last.iter().sum::<f64>() / window as f64,
            window,
            norm: self.norm,
            seconds,
            steps_per_second: made as f64 / seconds.max(f64::MIN_POSITIVE),
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

/// Kept are the parameters, their average, what the optimiser remembers, and the losses; the number of steps to go to is not, so
/// that a run can be prolonged.
impl Resumable for Trainer {
    fn done(&self) -> u64 {
        self.steps()
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        let average = self.average.as_ref().map(|average| ("average", &average.values));
        let groups = std::iter::once(("parameter", &self.parameters))
            .chain(average)
            .chain(self.optimiser.memory());
        for (group, tensors) in groups {
            for ((name, shape), values) in self.names.iter().zip(&self.shapes).zip(tensors) {
                shelf.put(&format!("{group}/{name}"), shape, values.clone());
            }
        }
        shelf.bits("losses", &self.losses);
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        self.losses = shelf.take_bits("losses")?;
        let steps = self.steps();
        let (names, shapes) = (&self.names, &self.shapes);
        let mut take = |group: &str| -> Result<Vec<Vec<f32>>, KeepError> {
            let tensors = names.iter().zip(shapes);
            tensors
                .map(|(name, shape)| shelf.take(&format!("{group}/{name}"), shape))
                .collect()
        };
        self.parameters = take("parameter")?;
        if let Some(average) = &mut self.average {
            average.values = take("average")?;
            average.updates = steps;
        }
        for (group, tensors) in self.optimiser.restore(steps) {
            *tensors = take(group)?;
        }
        Ok(())
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
