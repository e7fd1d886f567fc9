//! The eps-model: a U-Net as a denoiser of the core, a batch of samples at one time, with text states and guidance if it has
//! them. What its output means and where it is cut is the business of the [`schedule`](super::schedule).

use super::error::DiffusionError;
use super::model::{Denoiser, Point, Unet};
use super::sampling::Model;
use crate::net::pass::Stop;
use gibbs_core::diffusion::guidance::classifier_free;
use gibbs_core::diffusion::{self, Level};
use std::ops::Range;

/// Text states [rows, width], one for all samples or one for each.
#[derive(Clone, Debug, PartialEq)]
pub struct States {
    samples: usize,
    rows: usize,
    width: usize,
    values: Vec<f32>,
}

impl States {
    /// From a tensor [L, D] or [B, L, D] for nets with `width` = D, for `count` samples.
    ///
    /// # Errors
    /// `Context` for another shape.
    pub fn new(
        shape: &[usize],
        values: Vec<f32>,
        width: usize,
        count: usize,
    ) -> Result<Self, DiffusionError> {
        let (samples, rows) = match *shape {
            [rows, found] if found == width => (1, rows),
            [samples, rows, found] if found == width && (samples == 1 || samples == count) => (samples, rows),
            _ => {
                let message = format!(
                    "text states of shape {shape:?}, expected [L, {width}], [1, L, {width}] or [{count}, L, {width}]"
                );
                return Err(DiffusionError::Context(message));
            }
        };
        if rows == 0 || values.len() != samples * rows * width {
            let message = format!("text states of shape {shape:?} with {} values", values.len());
            return Err(DiffusionError::Context(message));
        }
        Ok(Self {
            samples,
            rows,
            width,
            values,
        })
    }

    /// Those of one sample, [L, D].
    pub fn sample(&self, index: usize) -> &[f32] {
        let length = self.rows * self.width;
        let place = if self.samples == 1 { 0 } else { index * length };
        &self.values[place..place + length]
    }

    /// L, rows of the states of one sample.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Those of a range of samples, one after another.
    fn of(&self, samples: &Range<usize>, out: &mut Vec<f32>) {
        out.clear();
        for sample in samples.clone() {
            out.extend_from_slice(self.sample(sample));
        }
    }
}

/// What a net is told beside image and time.
#[derive(Clone, Debug, PartialEq)]
pub enum Guidance {
    /// Nothing: a net without cross-attention.
    None,
    /// With text states.
    Conditional(States),
    /// e_u + w (e_c - e_u) of two passes; one where w is 0 or 1 (Ho, Salimans 2022).
    ClassifierFree {
        /// The text states of the conditional prediction e_c.
        condition: States,
        /// The text states of the prediction e_u to lead away from.
        negative: States,
        /// The weight w of the guidance.
        weight: f32,
    },
}

/// A U-Net with its guidance. Holds the memory of its pass.
pub struct EpsModel<'a> {
    pass: Denoiser<'a, f32>,
    guidance: Guidance,
    length: usize,
    samples: Range<usize>,
    times: Vec<f32>,
    context: Vec<f32>,
    second: Vec<f32>,
    first: Vec<f32>,
}

impl Guidance {
    /// Rows of the text states of a sample; 0 without them.
    pub fn rows(&self) -> usize {
        self.condition().map_or(0, States::rows)
    }

    /// The text states that lead to the sample.
    pub fn condition(&self) -> Option<&States> {
        match self {
            Self::None => None,
            Self::Conditional(states) => Some(states),
            Self::ClassifierFree { condition, .. } => Some(condition),
        }
    }
}

impl<'a> EpsModel<'a> {
    /// A denoiser that says for each batch which samples it holds, from 0 on, until told otherwise.
    ///
    /// # Errors
    /// `Channels` when input and output differ; `Context` when text states are missing, not wanted, or of other
    /// numbers of rows than the net was made for.
    pub fn new(unet: &'a Unet<f32>, guidance: Guidance) -> Result<Self, DiffusionError> {
        let ([inputs, height, width], [outputs, ..]) = (unet.image(), unet.output());
        if inputs != outputs {
            return Err(DiffusionError::Channels { inputs, outputs });
        }
        let wanted = unet
            .places()
            .context
            .map_or(0, |value| unet.net().graph().shape(value).row_count());
        let given = match &guidance {
            Guidance::None => vec![0],
            Guidance::Conditional(states) => vec![states.rows],
            Guidance::ClassifierFree {
                condition, negative, ..
            } => vec![condition.rows, negative.rows],
        };
        if let Some(rows) = given.into_iter().find(|rows| *rows != wanted) {
            let message = format!("text states of {rows} rows, expected {wanted}");
            return Err(DiffusionError::Context(message));
        }
        Ok(Self {
            pass: unet.denoiser(),
            guidance,
            length: inputs * height * width,
            samples: 0..0,
            times: Vec::new(),
            context: Vec::new(),
            first: Vec::new(),
            second: Vec::new(),
        })
    }

    /// The same, its passes ended early (`NetError::Interrupted`) when they are told to.
    #[must_use]
    pub fn until(self, stop: Stop<'a>) -> Self {
        let pass = self.pass.until(stop);
        Self { pass, ..self }
    }

    /// What it is told beside image and time.
    pub fn guidance(&self) -> &Guidance {
        &self.guidance
    }

    fn pass(&mut self, x: &[f32], states: Option<&States>, output: &mut [f32]) -> Result<(), DiffusionError> {
        let context = states.map(|states| {
            states.of(&self.samples, &mut self.context);
            self.context.as_slice()
        });
        let point = Point {
            x,
            t: &self.times,
            context,
        };
        Ok(self.pass.eps(point, output, None)?)
    }
}

impl Model<f32> for EpsModel<'_> {
    fn select(&mut self, samples: Range<usize>) {
        self.samples = samples;
    }
}

impl diffusion::Denoiser<f32> for EpsModel<'_> {
    type Error = DiffusionError;

    fn predict(&mut self, x: &[f32], level: &Level, output: &mut [f32]) -> Result<(), DiffusionError> {
        let batch = x.len() / self.length;
        if self.samples.len() != batch {
            self.samples = 0..batch;
        }
        self.times.clear();
        self.times.resize(batch, level.timestep() as f32);
        let guidance = std::mem::replace(&mut self.guidance, Guidance::None);
        let done = match &guidance {
            Guidance::None => self.pass(x, None, output),
            Guidance::Conditional(states) => self.pass(x, Some(states), output),
            Guidance::ClassifierFree {
                condition, weight, ..
            } if *weight == 1.0 => self.pass(x, Some(condition), output),
            Guidance::ClassifierFree { negative, weight, .. } if *weight == 0.0 => {
                self.pass(x, Some(negative), output)
            }
            Guidance::ClassifierFree {
                condition,
                negative,
                weight,
            } => self.guided(x, [condition, negative], *weight, output),
        };
        self.guidance = guidance;
        done
    }
}

impl EpsModel<'_> {
    fn guided(
        &mut self,
        x: &[f32],
        [condition, negative]: [&States; 2],
        weight: f32,
        output: &mut [f32],
    ) -> Result<(), DiffusionError> {
        let (mut with, mut without) = (std::mem::take(&mut self.first), std::mem::take(&mut self.second));
        with.resize(x.len(), 0.0);
        without.resize(x.len(), 0.0);
        let passed = self
            .pass(x, Some(condition), &mut with)
            .and_then(|()| self.pass(x, Some(negative), &mut without));
        let done = passed.and_then(|()| Ok(classifier_free(&without, &with, weight, output)?));
        (self.first, self.second) = (with, without);
        done
    }
}
