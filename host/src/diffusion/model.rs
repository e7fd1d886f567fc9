//! A U-Net with its weights, ready for images of one size: [channels, height, width] at the door.

use super::folder::{ModelFolder, UnetConfig};
use super::layout::{channels_first, channels_last};
use super::unet::{Places, UnetError, graph};
use crate::net::backend::Cpu;
use crate::net::element::Element;
use crate::net::graph::{Parameter, Value};
use crate::net::pass::{Forward, Linearised, Stop};
use crate::net::{Net, NetError};

/// Why a model cannot be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModelError {
    /// No graph for this configuration and size.
    #[error(transparent)]
    Graph(#[from] UnetError),
    /// The weights do not fit, or a pass fails.
    #[error(transparent)]
    Net(#[from] NetError),
    /// No weights of this name.
    #[error("tensor {name} is missing")]
    Tensor {
        /// The name.
        name: String,
    },
    /// The configuration names no size, and none was asked for.
    #[error("the configuration has no `sample_size`: say which height and width")]
    Size,
}

/// Images of a model, or of its h-space: channels, height, width.
pub type Dimensions = [usize; 3];

/// A U-Net for images of one size. Shared by the passes that [`Unet::denoiser`] and [`Unet::encoder`] make.
pub struct Unet<T: Element> {
    net: Net<Cpu<T>>,
    places: Places,
}

/// A batch of inputs: `x` `[batch, C, H, W]`, `t` `[batch]`, `context` `[batch, rows, width]` for a net that has it.
#[derive(Clone, Copy, Debug)]
pub struct Point<'a, T> {
    /// The noisy images x.
    pub x: &'a [T],
    /// Times, which may be fractional.
    pub t: &'a [T],
    /// The text states, for a net with cross-attention.
    pub context: Option<&'a [T]>,
}

impl<T: Element> Unet<T> {
    /// A U-Net with weights by name, in the layout of files.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn new<'a>(
        config: &UnetConfig,
        size: [usize; 2],
        context_rows: usize,
        weight: impl Fn(&Parameter) -> Option<&'a [f32]>,
    ) -> Result<Self, ModelError> {
        let (graph, places) = graph(config, size, context_rows)?;
        let parameters = graph
            .parameters()
            .iter()
            .map(|parameter| {
                let name = || parameter.name.clone();
                let values = weight(parameter).ok_or_else(|| ModelError::Tensor { name: name() })?;
                Ok(values.iter().map(|x| T::of(f64::from(*x))).collect())
            })
            .collect::<Result<Vec<Vec<T>>, ModelError>>()?;
        let net = Net::new(graph, parameters, Cpu::new())?;
        Ok(Self { net, places })
    }

    /// From a folder that was read, at a size or else at the one of its configuration.
    ///
    /// # Errors
    /// [`ModelError`].
    pub fn from_folder(
        folder: &ModelFolder,
        size: Option<[usize; 2]>,
        context_rows: usize,
    ) -> Result<Self, ModelError> {
        let size = size.or(folder.config.sample_size).ok_or(ModelError::Size)?;
        Self::new(&folder.config, size, context_rows, |parameter| {
            folder
                .tensors
                .get(&parameter.name)
                .map(|tensor| tensor.values.as_slice())
        })
    }

    /// The graph of the U-Net with its parameters.
    pub fn net(&self) -> &Net<Cpu<T>> {
        &self.net
    }

    /// The graph with its parameters, for training.
    pub fn net_mut(&mut self) -> &mut Net<Cpu<T>> {
        &mut self.net
    }

    /// Where inputs and outputs stand in the graph.
    pub fn places(&self) -> Places {
        self.places
    }

    /// Dimensions of the input.
    pub fn image(&self) -> Dimensions {
        self.dimensions(self.places.x)
    }

    /// Dimensions of the output.
    pub fn output(&self) -> Dimensions {
        self.dimensions(self.places.eps)
    }

    /// The dimensions of h, the output of the middle block.
    pub fn hidden(&self) -> Dimensions {
        self.dimensions(self.places.h)
    }

    fn dimensions(&self, value: Value) -> Dimensions {
        let [height, width, channels] = self.net.graph().shape(value).as_image().unwrap_or([0; 3]);
        [channels, height, width]
    }

    /// A pass that gives the noise prediction eps.
    pub fn denoiser(&self) -> Denoiser<'_, T> {
        Denoiser {
            unet: self,
            pass: Forward::new(&self.net, &[self.places.eps, self.places.h]),
            x: Vec::new(),
            eps: Vec::new(),
            h: Vec::new(),
        }
    }

    /// The map from x to h at a point.
    pub fn encoder(&self) -> Encoder<'_, T> {
        Encoder {
            unet: self,
            map: Linearised::new(&self.net, &[self.places.x], self.places.h),
            x: Vec::new(),
            h: Vec::new(),
        }
    }

    /// The inputs of a pass, `x` being the image with channels last.
    fn inputs<'a>(&self, x: &'a [T], point: &Point<'a, T>) -> Vec<(Value, &'a [T])> {
        let mut inputs = vec![(self.places.x, x), (self.places.t, point.t)];
        if let (Some(value), Some(context)) = (self.places.context, point.context) {
            inputs.push((value, context));
        }
        inputs
    }
}

/// Elements of one sample.
fn elements(dimensions: Dimensions) -> usize {
    dimensions.iter().product()
}

/// Makes room and changes the layout.
fn last<T: Element>(from: &[T], dimensions: Dimensions, to: &mut Vec<T>) {
    to.resize(from.len(), T::ZERO);
    channels_last(from, dimensions, to);
}

/// Gives eps, and h beside it. Holds the memory of its pass.
pub struct Denoiser<'a, T: Element> {
    unet: &'a Unet<T>,
    pass: Forward<'a, Cpu<T>>,
    x: Vec<T>,
    eps: Vec<T>,
    h: Vec<T>,
}

impl<'a, T: Element> Denoiser<'a, T> {
    /// The same, its passes ended early when they are told to.
    #[must_use]
    pub fn until(self, stop: Stop<'a>) -> Self {
        let pass = self.pass.until(stop);
        Self { pass, ..self }
    }

    /// Numbers that the pass holds per sample.
    pub fn elements_per_sample(&self) -> usize {
        self.pass.elements_per_sample()
    }

    /// eps [batch, C, H, W] at a point, and h [batch, dimensions of h-space] if asked for.
    ///
    /// # Errors
    /// [`NetError`]: a wrong length, or something not finite, with the layer's name.
    ///
    /// # Panics
    /// If an output is of another length.
    pub fn eps(&mut self, point: Point<'_, T>, eps: &mut [T], h: Option<&mut [T]>) -> Result<(), NetError> {
        let batch = point.t.len();
        let (image, hidden, output) = (self.unet.image(), self.unet.hidden(), self.unet.output());
        if batch == 0 || point.x.len() != batch * elements(image) {
            return Err(wrong_length(point.x.len(), batch, image));
        }
        last(point.x, image, &mut self.x);
        self.eps.resize(batch * elements(output), T::ZERO);
        self.h.resize(batch * elements(hidden), T::ZERO);
        let inputs = self.unet.inputs(&self.x, &point);
        self.pass
            .run(&self.unet.net, batch, &inputs, &mut [&mut self.eps, &mut self.h])?;
        channels_first(&self.eps, output, eps);
        if let Some(h) = h {
            channels_first(&self.h, hidden, h);
        }
        Ok(())
    }
}

fn wrong_length(found: usize, batch: usize, image: Dimensions) -> NetError {
    NetError::InputLength {
        name: "x".to_owned(),
        found,
        batch,
        shape: format!("{image:?}"),
    }
}

/// The map from x to h, its Jacobian and the transpose. Holds the memory of its passes.
pub struct Encoder<'a, T: Element> {
    unet: &'a Unet<T>,
    map: Linearised<'a, Cpu<T>>,
    x: Vec<T>,
    h: Vec<T>,
}

impl<'a, T: Element> Encoder<'a, T> {
    /// The same, its passes ended early when they are told to.
    #[must_use]
    pub fn until(self, stop: Stop<'a>) -> Self {
        let map = self.map.until(stop);
        Self { map, ..self }
    }

    /// Dimensions of x and of h.
    pub fn dimensions(&self) -> [Dimensions; 2] {
        [self.unet.image(), self.unet.hidden()]
    }

    /// Moves to a point (or several, as a batch) and gives h there.
    ///
    /// # Errors
    /// As [`Denoiser::eps`].
    ///
    /// # Panics
    /// If the output is of another length.
    pub fn move_to(&mut self, point: Point<'_, T>, h: &mut [T]) -> Result<(), NetError> {
        let (batch, image, hidden) = (point.t.len(), self.unet.image(), self.unet.hidden());
        if batch == 0 || point.x.len() != batch * elements(image) {
            return Err(wrong_length(point.x.len(), batch, image));
        }
        last(point.x, image, &mut self.x);
        self.h.resize(batch * elements(hidden), T::ZERO);
        let inputs = self.unet.inputs(&self.x, &point);
        self.map.evaluate(&self.unet.net, batch, &inputs, &mut self.h)?;
        channels_first(&self.h, hidden, h);
        Ok(())
    }

    /// J v for `directions` tangents [C, H, W] at each point.
    ///
    /// # Errors
    /// `Interrupted`; the output then holds anything.
    ///
    /// # Panics
    /// Before [`Encoder::move_to`]; if a slice is of another length.
    pub fn jvp(&mut self, directions: usize, tangents: &[T], moved: &mut [T]) -> Result<(), NetError> {
        last(tangents, self.unet.image(), &mut self.x);
        self.h.resize(moved.len(), T::ZERO);
        self.map
            .jvp(&self.unet.net, directions, &[&self.x], &mut self.h)?;
        channels_first(&self.h, self.unet.hidden(), moved);
        Ok(())
    }

    /// J^T u for `directions` cotangents at each point.
    ///
    /// # Errors
    /// As [`Encoder::jvp`].
    ///
    /// # Panics
    /// As [`Encoder::jvp`].
    pub fn vjp(&mut self, directions: usize, cotangents: &[T], pulled: &mut [T]) -> Result<(), NetError> {
        last(cotangents, self.unet.hidden(), &mut self.h);
        self.x.resize(pulled.len(), T::ZERO);
        self.map
            .vjp(&self.unet.net, directions, &self.h, &mut [&mut self.x])?;
        channels_first(&self.x, self.unet.image(), pulled);
        Ok(())
    }
}
