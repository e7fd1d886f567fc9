//! What a diffusion model learns: the noise in a noisy image.
//!
//! loss = mean over the batch and the entries of (e - eps(sqrt(ab_t) x0 + sqrt(1 - ab_t) e, t))^2, x0 from a data set,
//! t uniform on 0..T, e standard normal (Ho et al. 2020, eq. 14). Entry i of the batch of step s draws t and e from
//! the stream (seed, "diffusion/noise", s B + i), so that a step depends on its number alone.
//!
//! A batch is taken in parts of as many images as `PART` numbers of a pass allow: memory and the time until a stop is seen
//! do not grow with the batch. Gradients of parts are added in their order; the parts depend on the sizes alone, so that no bit
//! depends on the machine.

use super::datasets::{Dataset, DatasetError};
use super::eps::{EpsModel, Guidance};
use super::error::DiffusionError;
use super::folder::{SchedulerConfig, UnetConfig};
use super::layout::channels_last;
use super::model::{ModelError, Unet};
use super::sampling::{Trajectories, drawn};
use super::schedule::{Kind, NoiseSchedule};
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
use crate::work::Work;
use gibbs_core::random;
use std::collections::BTreeMap;
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
        /// The channels of the net's input.
        net: usize,
        /// The channels of the net's output.
        out: usize,
        /// Name of the set.
        set: &'static str,
        /// The channels of the images.
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
            "noise prediction, {config:?}, {} {:?} {:x}, {} times, alpha_bar end {:e}, {batches:?}",
            data.name(),
            data.shape(),
            data.hash(),
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

    /// Fills the memory with noisy images; the i-th draws from the stream (seed, `name`, `first` + i).
    fn draw(&mut self, name: &str, first: u64, indices: &[u64]) -> Result<(), TrainingError> {
        let shape = self.data.shape();
        let elements: usize = shape.iter().product();
        let batch = indices.len();
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
        for (i, index) in indices.iter().enumerate() {
            if self.stop.load(Ordering::Relaxed) {
                return Err(NetError::Interrupted.into());
            }
            self.data.fill(*index, image)?;
            let mut rng = random::stream(self.seed, name, first + i as u64);
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

/// Batches of a set: each image once an epoch, the last `withheld` left out, or always new ones of a set without end.
///
/// # Errors
/// As [`Batches::new`]: no image is left.
pub fn batches(data: &dyn Dataset, seed: u64, size: u32, withheld: u32) -> Result<Batches, TrainError> {
    let draw = data.count().map_or(Draw::Fresh, |count| Draw::Shuffled {
        count: (count as u32).saturating_sub(withheld),
    });
    Batches::new(seed, size, draw)
}

/// Images that [`batches`] with as many withheld does not show.
pub fn withheld(data: &dyn Dataset, count: u32) -> Vec<u64> {
    /// Training takes the samples of a set without end from 0 on.
    const UNSEEN: u64 = 1 << 40;
    let end = data.count();
    let first = end.map_or(UNSEEN, |end| end.saturating_sub(u64::from(count)));
    (first..first + u64::from(count)).collect()
}

/// Samples of a net in training, from the noise of the seed, by DDIM: [count, C, H, W].
///
/// # Errors
/// [`DiffusionError`].
pub fn picture(
    config: &UnetConfig,
    scheduler: &SchedulerConfig,
    tensors: &BTreeMap<String, TensorF32>,
    (count, steps, seed): (usize, usize, u64),
    work: &Work<'_>,
) -> Result<Vec<f32>, DiffusionError> {
    let size = config.sample_size.ok_or(ModelError::Size)?;
    let unet = Unet::new(config, size, 0, |parameter| {
        tensors
            .get(&parameter.name)
            .map(|tensor| tensor.values.as_slice())
    })?;
    let schedule = NoiseSchedule::new(scheduler)?;
    let kind = Kind::Ddim { eta: 0.0 };
    let (sampler, hops) = (schedule.sampler(kind)?, schedule.plan(kind, steps)?);
    let length = unet.image().iter().product();
    let noise = drawn(seed, count, length);
    let mut run = Trajectories::from_noise(sampler, hops, schedule.spacing(), noise, length, count, seed)?;
    let mut model = EpsModel::new(&unet, Guidance::None)?.until(Stop::when(work.interrupted));
    let unkept = Work {
        keeper: None,
        ..*work
    };
    run.finish("samples", &mut model, &unkept)?;
    Ok(run.states().to_vec())
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
        let indices = std::mem::take(&mut self.indices);
        let loss = self.gradient_of(step, &indices, gradients);
        self.indices = indices;
        loss
    }
}

impl NoisePrediction<'_> {
    /// The mean loss on images that are not trained on, each with the same time and noise at every call: the i-th draws from
    /// the stream (seed, "diffusion/validation", i).
    ///
    /// # Errors
    /// [`TrainingError`]; `Interrupted` among those of the net.
    pub fn validation(&mut self, parameters: &[Vec<f32>], indices: &[u64]) -> Result<f64, TrainingError> {
        self.net.set_parameters(parameters)?;
        let mut sum = 0.0;
        for (number, part) in indices.chunks(self.part).enumerate() {
            self.draw("diffusion/validation", (number * self.part) as u64, part)?;
            sum += self.losses_of_part(part.len())?;
        }
        Ok(sum / indices.len().max(1) as f64)
    }

    /// The sum of the losses of the images that were drawn.
    fn losses_of_part(&mut self, images: usize) -> Result<f64, TrainingError> {
        let Memory {
            noisy,
            noise,
            times,
            losses,
            ..
        } = &mut self.memory;
        losses.resize(images, 0.0);
        let inputs = [
            (self.places.x, noisy.as_slice()),
            (self.places.t, times.as_slice()),
            (self.noise, noise.as_slice()),
        ];
        self.pass.evaluate(&self.net, images, &inputs, losses)?;
        Ok(losses.iter().map(|loss| f64::from(*loss)).sum())
    }

    /// The gradients of a batch, part by part, and its mean loss.
    fn gradient_of(
        &mut self,
        step: u64,
        indices: &[u64],
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, TrainingError> {
        let batch = indices.len();
        let mut sum = 0.0;
        for (number, part) in indices.chunks(self.part).enumerate() {
            let first = step * batch as u64 + (number * self.part) as u64;
            self.draw("diffusion/noise", first, part)?;
            sum += self.part_of_gradient(part.len(), batch, number == 0, gradients)?;
        }
        Ok(sum / batch as f64)
    }

    /// Adds the gradients of a part, and gives the sum of its losses.
    fn part_of_gradient(
        &mut self,
        images: usize,
        batch: usize,
        is_first: bool,
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, TrainingError> {
        let loss = self.losses_of_part(images)?;
        let Memory {
            cotangents,
            gradients: own,
            ..
        } = &mut self.memory;
        cotangents.clear();
        cotangents.resize(images, 1.0 / batch as f32);
        if is_first {
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
        Ok(loss)
    }
}
