//! What a diffusion model learns: the noise in a noisy image.
//!
//! loss = mean over the batch and the entries of (e - eps(sqrt(ab_t) x0 + sqrt(1 - ab_t) e, t))^2, x0 from a data set,
//! t uniform on 0..T, e standard normal (Ho et al. 2020, eq. 14). Entry i of the batch of step s draws t and e from
//! the stream (seed, "diffusion/noise", s B + i), so that a step depends on its number alone.
//!
//! A batch is taken in parts of as many images as [`PART`] numbers of a pass allow: memory and the time until a stop is seen
//! do not grow with the batch. Gradients of parts are added in their order; the parts depend on the sizes alone, so that no bit
//! depends on the machine.

use super::datasets::{Dataset, DatasetError};
use super::error::DiffusionError;
use super::folder::{SchedulerConfig, UnetConfig};
use super::layout::channels_last;
use super::schedule::NoiseSchedule;
use super::unet::{Places, UnetError, graph};
use crate::data::safetensors::TensorF32;
use crate::net::backend::Cpu;
use crate::net::graph::{Graph, GraphError, Value};
use crate::net::initial::initial;
use crate::net::memory;
use crate::net::pass::{Linearised, Stop};
use crate::net::primitive::Loss;
use crate::net::{Net, NetError};
use crate::train::{Batches, Draw, Method, Objective, Schedule, Settings, Shape, TrainError, adamw};
use gibbs_core::random;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why the loss cannot be computed.
#[derive(Debug, thiserror::Error)]
pub enum TrainingError {
    /// The net does not fit the images.
    #[error(transparent)]
    Unet(#[from] UnetError),
    /// The loss does not fit the net.
    #[error(transparent)]
    Graph(#[from] GraphError),
    /// A pass fails.
    #[error(transparent)]
    Net(#[from] NetError),
    /// A sample cannot be had.
    #[error(transparent)]
    Dataset(#[from] DatasetError),
    /// The net wants other images than the data set has.
    #[error("the net takes {net} channels and gives {out}, the images of `{set}` have {data}")]
    Channels {
        /// Of the net's input.
        net: usize,
        /// Of the net's output.
        out: usize,
        /// Name of the set.
        set: &'static str,
        /// Of the images.
        data: usize,
    },
}

/// Numbers that the pass of a part of a batch holds, at most but for one image: 512 MiB.
const PART: usize = 1 << 27;

/// Images of a batch that share a pass.
fn images_of_a_part(graph: &Graph, loss: Value) -> usize {
    let held = memory::training(graph, loss);
    (PART / (held.primal + held.cotangent).max(1)).max(1)
}

/// The graph of the loss, with the places of the net and the input for the noise.
fn loss_of(config: &UnetConfig, size: [usize; 2]) -> Result<(Graph, Places, [Value; 2]), TrainingError> {
    let (mut graph, places): (Graph, Places) = graph(config, size, 0)?;
    let noise = graph.input("noise", graph.shape(places.eps));
    let loss = graph.add("loss", Loss::MeanSquaredError, &[places.eps, noise])?;
    Ok((graph, places, [noise, loss]))
}

/// Bytes that training takes on images of a size, `batch` a step: for the parts of a batch, and for parameters, their
/// gradients, the memory of AdamW, the average, the net, and a checkpoint on its way to the disk.
///
/// # Errors
/// [`TrainingError`]: the sides do not fit the net.
pub fn need_bytes(config: &UnetConfig, size: [usize; 2], batch: u32) -> Result<u64, TrainingError> {
    /// Copies of the parameters: six of the trainer, five of the net, one of a part, eight on the way to the disk.
    const COPIES: usize = 20;
    let (graph, places, [_, loss]) = loss_of(config, size)?;
    let held = memory::training(&graph, loss);
    let part = images_of_a_part(&graph, loss).min(batch as usize);
    let image = graph.shape(places.x).elements();
    let numbers = part.saturating_mul(held.primal + held.cotangent + 3 * image);
    let numbers = numbers.saturating_add(COPIES.saturating_mul(memory::parameters(&graph)));
    // The numbers of the images of a batch.
    Ok((numbers as u64)
        .saturating_mul(4)
        .saturating_add(u64::from(batch) * 8))
}

/// The loss of a U-Net's noise prediction on a data set.
pub struct NoisePrediction<'a> {
    data: &'a dyn Dataset,
    alpha_bar: &'a [f32],
    batches: Batches,
    seed: u64,
    net: Net<Cpu<f32>>,
    pass: Linearised<'a, Cpu<f32>>,
    stop: &'a AtomicBool,
    /// Images of a part of a batch.
    part: usize,
    places: Places,
    noise: Value,
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    description: String,
    indices: Vec<u64>,
    memory: Memory,
}

/// Nobody stops it.
static NEVER: AtomicBool = AtomicBool::new(false);

/// What a step fills.
#[derive(Default)]
struct Memory {
    image: Vec<f32>,
    noisy: Vec<f32>,
    noise: Vec<f32>,
    times: Vec<f32>,
    losses: Vec<f32>,
    cotangents: Vec<f32>,
    /// Of a part other than the first.
    gradients: Vec<Vec<f32>>,
}

impl<'a> NoisePrediction<'a> {
    /// The loss, and the parameters to start from.
    ///
    /// # Errors
    /// [`TrainingError`].
    pub fn new(
        config: &UnetConfig,
        data: &'a dyn Dataset,
        alpha_bar: &'a [f32],
        batches: Batches,
        seed: u64,
    ) -> Result<(Self, Vec<Vec<f32>>), TrainingError> {
        let [channels, height, width] = data.shape();
        if config.in_channels != channels || config.out_channels != channels {
            return Err(TrainingError::Channels {
                net: config.in_channels,
                out: config.out_channels,
                set: data.name(),
                data: channels,
            });
        }
        let (graph, places, [noise, loss]) = loss_of(config, [height, width])?;
        let part = images_of_a_part(&graph, loss);
        let parameters = initial(&graph, seed);
        let names = graph.parameters().iter().map(|p| p.name.clone()).collect();
        let shapes = graph.parameters().iter().map(|p| p.shape.clone()).collect();
        let net = Net::new(graph, parameters.clone(), Cpu::new())?;
        let description = format!(
            "noise prediction, {config:?}, {} {:?}, {} times, alpha_bar end {:e}, {batches:?}",
            data.name(),
            data.shape(),
            alpha_bar.len(),
            alpha_bar.last().copied().unwrap_or(f32::NAN),
        );
        let objective = Self {
            pass: Linearised::of_parameters(&net, loss),
            stop: &NEVER,
            part,
            data,
            alpha_bar,
            batches,
            seed,
            net,
            places,
            noise,
            names,
            shapes,
            description,
            indices: Vec::new(),
            memory: Memory::default(),
        };
        Ok((objective, parameters))
    }

    /// The same, given up within a step when the flag is true.
    #[must_use]
    pub fn until(self, stop: &'a AtomicBool) -> Self {
        Self {
            pass: self.pass.until(Stop::when(stop)),
            stop,
            ..self
        }
    }

    /// Fills the memory with a part of the batch of a step.
    fn draw(&mut self, step: u64, part: Range<usize>) -> Result<(), TrainingError> {
        let shape = self.data.shape();
        let elements: usize = shape.iter().product();
        let whole = self.indices.len() as u64;
        let batch = part.len();
        let Memory {
            image,
            noisy,
            noise,
            times,
            ..
        } = &mut self.memory;
        image.resize(2 * elements, 0.0);
        noisy.resize(batch * elements, 0.0);
        noise.resize(batch * elements, 0.0);
        times.resize(batch, 0.0);
        let (image, fresh) = image.split_at_mut(elements);
        for (i, (place, index)) in part.clone().zip(&self.indices[part]).enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(NetError::Interrupted.into());
            }
            self.data.fill(*index, image)?;
            let mut rng = random::stream(self.seed, "diffusion/noise", step * whole + place as u64);
            let t = random::below(&mut rng, self.alpha_bar.len() as u32);
            times[i] = t as f32;
            let ab = self.alpha_bar[t as usize];
            let (signal, spread) = (ab.sqrt(), (1.0 - ab).sqrt());
            for e in fresh.iter_mut() {
                *e = random::normal(&mut rng);
            }
            for (x, e) in image.iter_mut().zip(fresh.iter()) {
                *x = signal * *x + spread * *e;
            }
            channels_last(image, shape, &mut noisy[i * elements..][..elements]);
            channels_last(fresh, shape, &mut noise[i * elements..][..elements]);
        }
        Ok(())
    }
}

/// alpha bar of a schedule, in the precision of training.
///
/// # Errors
/// As [`NoiseSchedule::new`].
pub fn alpha_bars(config: &SchedulerConfig) -> Result<Vec<f32>, DiffusionError> {
    let schedule = NoiseSchedule::new(config)?;
    Ok(schedule.alpha_bar().iter().map(|x| *x as f32).collect())
}

/// Batches of a set: each image once an epoch, or always new ones of a set without end.
///
/// # Errors
/// As [`Batches::new`].
pub fn batches(data: &dyn Dataset, seed: u64, size: u32) -> Result<Batches, TrainError> {
    let draw = data
        .count()
        .map_or(Draw::Fresh, |count| Draw::Shuffled { count: count as u32 });
    Batches::new(seed, size, draw)
}

/// AdamW at a rate that rises over `warm_up` steps and stays; the rest as [`Settings::default`].
pub fn settings(steps: u64, rate: f64, warm_up: u64, seed: u64) -> Settings {
    Settings {
        steps,
        method: Method::AdamW(adamw::Settings::default()),
        schedule: Schedule {
            peak: rate,
            warm_up,
            shape: Shape::Constant,
        },
        seed,
        ..Settings::default()
    }
}

/// Parameters in the order of an objective, by name, as a folder holds them.
pub fn tensors(objective: &impl Objective, parameters: &[Vec<f32>]) -> BTreeMap<String, TensorF32> {
    let named = objective.names().iter().zip(objective.shapes()).zip(parameters);
    named
        .map(|((name, shape), values)| {
            let (shape, values) = (shape.clone(), values.clone());
            (name.clone(), TensorF32 { shape, values })
        })
        .collect()
}

impl Objective for NoisePrediction<'_> {
    type Error = TrainingError;

    fn names(&self) -> &[String] {
        &self.names
    }

    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn description(&self) -> String {
        self.description.clone()
    }

    fn gradient(
        &mut self,
        step: u64,
        parameters: &[Vec<f32>],
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, TrainingError> {
        self.net.set_parameters(parameters)?;
        self.batches.fill(step, &mut self.indices);
        let batch = self.indices.len();
        let mut loss = 0.0;
        for first in (0..batch).step_by(self.part) {
            let part = first..batch.min(first + self.part);
            self.draw(step, part.clone())?;
            loss += self.part_of_gradient(part, batch, gradients)?;
        }
        Ok(loss / batch as f64)
    }
}

impl NoisePrediction<'_> {
    /// Adds the gradients of a part, and gives the sum of its losses.
    fn part_of_gradient(
        &mut self,
        part: Range<usize>,
        batch: usize,
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, TrainingError> {
        let Memory {
            noisy,
            noise,
            times,
            losses,
            cotangents,
            gradients: own,
            ..
        } = &mut self.memory;
        losses.resize(part.len(), 0.0);
        cotangents.clear();
        cotangents.resize(part.len(), 1.0 / batch as f32);
        let inputs = [
            (self.places.x, noisy.as_slice()),
            (self.places.t, times.as_slice()),
            (self.noise, noise.as_slice()),
        ];
        self.pass.evaluate(&self.net, part.len(), &inputs, losses)?;
        if part.start == 0 {
            self.pass.gradient(&self.net, cotangents, gradients)?;
        } else {
            own.resize_with(gradients.len(), Vec::new);
            for (own, gradient) in own.iter_mut().zip(gradients.iter()) {
                own.resize(gradient.len(), 0.0);
            }
            self.pass.gradient(&self.net, cotangents, own)?;
            for (sum, own) in gradients.iter_mut().zip(own.iter()) {
                for (sum, own) in sum.iter_mut().zip(own) {
                    *sum += own;
                }
            }
        }
        Ok(losses.iter().map(|loss| f64::from(*loss)).sum())
    }
}
