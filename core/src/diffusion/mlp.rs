//! A small denoiser that a microcontroller can run: dense layers with SiLU between them, forward only.
//!
//! ```text
//! a_0 = (x, sin(t w), cos(t w))        w_i = 10000^(-i/half), i = 0 .. half-1      (2 half time features)
//! a_{l+1} = silu(W_l a_l + b_l)        the last layer without silu        silu(u) = u sigmoid(u)
//! ```
//! The time features are those of Vaswani et al. 2017, section 3.5, sines first; SiLU is of Elfwing, Uchibe, Doya
//! 2018. Weights are lent (constants in flash, or a host's tensor), `W` row-major, one row per output.

use super::level::Level;
use super::sampler::Denoiser;
use crate::Error;
use crate::math::{Real, dot, sigmoid};

/// Numbers of scratch of a perceptron with layers of these widths, inputs first: twice the widest. Constant widths
/// make it the length of an array; [`Mlp::scratch_len`] is the same number of layers that are there.
pub const fn scratch_len(widths: &[usize]) -> usize {
    let (mut widest, mut rest) = (0, widths);
    while let [width, after @ ..] = rest {
        if *width > widest {
            widest = *width;
        }
        rest = after;
    }
    widest.saturating_mul(2)
}

/// One dense layer of a perceptron: weights and biases, lent.
#[derive(Clone, Copy, Debug)]
pub struct Layer<'a, T> {
    /// outputs x inputs, row by row.
    pub weight: &'a [T],
    /// The biases, as many as there are outputs.
    pub bias: &'a [T],
}

impl<T> Layer<'_, T> {
    fn inputs(&self) -> usize {
        self.weight.len().checked_div(self.bias.len()).unwrap_or(0)
    }

    fn outputs(&self) -> usize {
        self.bias.len()
    }
}

/// sin(t w_i), then cos(t w_i), into `features` (an even number).
///
/// # Errors
/// `Shape` for none or an odd number; `NonFinite`.
pub fn time_features<T: Real>(timestep: T, features: &mut [T]) -> Result<(), Error> {
    let half = features.len() / 2;
    if half == 0 || half.saturating_mul(2) != features.len() {
        return Err(Error::Shape);
    }
    if !timestep.is_finite() {
        return Err(Error::NonFinite);
    }
    let Some((sines, cosines)) = features.split_at_mut_checked(half) else {
        return Err(Error::Shape);
    };
    let rate = -T::of(10_000.0).ln() / T::of_count(half);
    for (i, (sine, cosine)) in sines.iter_mut().zip(cosines).enumerate() {
        let angle = timestep * (rate * T::of_count(i)).exp();
        (*sine, *cosine) = (angle.sin(), angle.cos());
    }
    Ok(())
}

/// A multilayer perceptron of a state and a time.
#[derive(Clone, Copy, Debug)]
pub struct Mlp<'a, T> {
    layers: &'a [Layer<'a, T>],
    state: usize,
    widest: usize,
}

impl<'a, T: Real> Mlp<'a, T> {
    /// The last layer's outputs are as many as the state's entries; what the first layer takes beyond them are time
    /// features, a positive even number.
    ///
    /// # Errors
    /// `Shape` when the layers do not fit together; `NonFinite`.
    pub fn new(layers: &'a [Layer<'a, T>]) -> Result<Self, Error> {
        let (Some(first), Some(last)) = (layers.first(), layers.last()) else {
            return Err(Error::Shape);
        };
        let features = first.inputs().saturating_sub(last.outputs());
        if features == 0 || features & 1 == 1 {
            return Err(Error::Shape);
        }
        let mut inputs = first.inputs();
        let mut widest = inputs;
        for layer in layers {
            let outputs = layer.outputs();
            if outputs == 0
                || layer.inputs() != inputs
                || inputs.checked_mul(outputs) != Some(layer.weight.len())
            {
                return Err(Error::Shape);
            }
            if !layer.weight.iter().chain(layer.bias).all(|x| x.is_finite()) {
                return Err(Error::NonFinite);
            }
            inputs = outputs;
            widest = widest.max(outputs);
        }
        Ok(Self {
            layers,
            state: last.outputs(),
            widest,
        })
    }

    /// The number of entries of the state x.
    pub const fn state_len(&self) -> usize {
        self.state
    }

    /// Numbers of scratch of [`Self::forward`]: twice the widest layer.
    pub const fn scratch_len(&self) -> usize {
        self.widest.saturating_mul(2)
    }

    /// Evaluates at a state `x` and a time into `output`, both of [`Self::state_len`] entries. Cost: one multiply-add
    /// per weight.
    ///
    /// # Errors
    /// `Shape`; `NonFinite` (for a result that is not finite, `output` is overwritten).
    pub fn forward(&self, x: &[T], timestep: T, output: &mut [T], scratch: &mut [T]) -> Result<(), Error> {
        super::prediction::check(&[x], output)?;
        let (mut input, mut result) = scratch
            .get_mut(..self.scratch_len())
            .and_then(|scratch| scratch.split_at_mut_checked(self.widest))
            .ok_or(Error::Shape)?;
        let inputs = self.layers.first().map_or(0, Layer::inputs);
        let (state, features) = input
            .get_mut(..inputs)
            .and_then(|input| input.split_at_mut_checked(self.state))
            .ok_or(Error::Shape)?;
        if x.len() != state.len() {
            return Err(Error::Shape);
        }
        for (entry, x) in state.iter_mut().zip(x) {
            *entry = *x;
        }
        time_features(timestep, features)?;
        let hidden = self.layers.len().saturating_sub(1);
        for (at, layer) in self.layers.iter().enumerate() {
            let given = input.get(..layer.inputs()).ok_or(Error::Shape)?;
            let rows = layer.weight.chunks_exact(layer.inputs().max(1));
            for ((out, row), bias) in result.iter_mut().zip(rows).zip(layer.bias) {
                let u = dot(row, given) + *bias;
                *out = if at < hidden { u * sigmoid(u) } else { u };
            }
            core::mem::swap(&mut input, &mut result);
        }
        for (out, x) in output.iter_mut().zip(&*input) {
            *out = *x;
        }
        super::prediction::finite(output)
    }
}

/// A perceptron as a model, for one state or a batch, with lent scratch. What it predicts is a matter of training.
#[derive(Debug)]
pub struct MlpDenoiser<'a, T> {
    mlp: Mlp<'a, T>,
    scratch: &'a mut [T],
}

impl<'a, T: Real> MlpDenoiser<'a, T> {
    /// The denoiser of a perceptron with [`Mlp::scratch_len`] numbers of scratch.
    ///
    /// # Errors
    /// `Shape`.
    pub fn new(mlp: Mlp<'a, T>, scratch: &'a mut [T]) -> Result<Self, Error> {
        if scratch.len() < mlp.scratch_len() {
            return Err(Error::Shape);
        }
        Ok(Self { mlp, scratch })
    }
}

impl<T: Real> Denoiser<T> for MlpDenoiser<'_, T> {
    type Error = Error;

    fn predict(&mut self, x: &[T], level: &Level, output: &mut [T]) -> Result<(), Error> {
        let n = self.mlp.state_len().max(1);
        if x.len() != output.len() || x.len().checked_rem(n) != Some(0) {
            return Err(Error::Shape);
        }
        let timestep = T::of(level.timestep());
        for (x, output) in x.chunks_exact(n).zip(output.chunks_exact_mut(n)) {
            self.mlp.forward(x, timestep, output, self.scratch)?;
        }
        Ok(())
    }
}
