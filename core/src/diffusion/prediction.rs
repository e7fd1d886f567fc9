//! What the output of a model means, and the conversion to data and noise.
//!
//! ```text
//! noise      eps         x0 = (x - noise eps) / signal
//! sample     x0          eps = (x - signal x0) / noise
//! velocity   v = signal eps - noise x0:     x0 = signal x - noise v,   eps = signal v + noise x
//! ```
//! The velocity is of Salimans and Ho 2022, section 4 and appendix D.

use super::level::Level;
use crate::Error;
use crate::math::Real;

/// What a model predicts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prediction {
    /// The model predicts the noise, eps.
    Noise,
    /// The model predicts the velocity, v = signal eps - noise x0.
    Velocity,
    /// The model predicts the data, x0.
    Sample,
}

/// A conversion at one level, checked: x0 and eps are linear in the state and the output.
#[derive(Clone, Copy, Debug)]
pub(super) struct Split<T> {
    prediction: Prediction,
    signal: T,
    noise: T,
}

impl<T: Real> Split<T> {
    /// `Domain` where the output does not determine both.
    pub(super) fn new(prediction: Prediction, level: &Level) -> Result<Self, Error> {
        let (signal, noise) = (T::of(level.signal()), T::of(level.noise()));
        let undetermined = match prediction {
            Prediction::Noise => signal == T::ZERO,
            Prediction::Sample => noise == T::ZERO,
            Prediction::Velocity => false,
        };
        if undetermined {
            return Err(Error::Domain);
        }
        Ok(Self {
            prediction,
            signal,
            noise,
        })
    }

    /// Data and noise (x0, eps) from one entry of the state and of the output.
    #[inline]
    pub(super) fn of(&self, x: T, output: T) -> (T, T) {
        match self.prediction {
            Prediction::Noise => ((x - self.noise * output) / self.signal, output),
            Prediction::Sample => (output, (x - self.signal * output) / self.noise),
            Prediction::Velocity => (
                self.signal * x - self.noise * output,
                self.signal * output + self.noise * x,
            ),
        }
    }
}

impl<T: Real> Split<T> {
    /// The output that says of `x` that it holds `data`. There must be noise.
    #[inline]
    fn output_of(&self, x: T, data: T) -> T {
        match self.prediction {
            Prediction::Noise => (x - self.signal * data) / self.noise,
            Prediction::Sample => data,
            // v = signal eps - noise x0 with eps = (x - signal x0) / noise and signal² + noise² = 1
            Prediction::Velocity => (self.signal * x - data) / self.noise,
        }
    }
}

impl Prediction {
    /// Splits a state into the data and the noise that a model's `output` says it holds. All slices have one length.
    ///
    /// # Errors
    /// `Shape`; `NonFinite` for the input or the result (the two outputs are then overwritten); `Domain` where the
    /// output does not determine both: noise predicted at signal 0, data at noise 0.
    pub fn split<T: Real>(
        self,
        x: &[T],
        output: &[T],
        level: &Level,
        data: &mut [T],
        noise: &mut [T],
    ) -> Result<(), Error> {
        let split = Split::new(self, level)?;
        if [output.len(), data.len(), noise.len()] != [x.len(); 3] {
            return Err(Error::Shape);
        }
        for (((x, output), data), noise) in x.iter().zip(output).zip(data.iter_mut()).zip(noise.iter_mut()) {
            (*data, *noise) = split.of(*x, *output);
        }
        if data.iter().chain(&*noise).all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(Error::NonFinite)
        }
    }

    /// Keeps the data that a model's `output` says `x` holds within ± `bound`: x0' is x0hat cut there, and the noise is derived
    /// again, eps' = (x - signal x0') / noise, so that the two still make up x. Entries within the bound keep their bits;
    /// at a level without noise nothing changes, for there x is the data whatever the model says.
    ///
    /// (`use_clipped_model_output` of the diffusers library. Without the derivation each step leaves a part of the cut in the
    /// state as noise that nobody removes: the more steps, the fainter the image.)
    ///
    /// # Errors
    /// `Shape`; `NonFinite` (for a result that is not finite, `output` is overwritten); `Domain` for a bound <= 0, and as
    /// [`Prediction::split`].
    pub fn bound<T: Real>(self, x: &[T], output: &mut [T], level: &Level, bound: f64) -> Result<(), Error> {
        let (split, clip) = (Split::new(self, level)?, Clip::new(Some(bound))?);
        check(&[x], output)?;
        finite(output)?;
        if split.noise == T::ZERO {
            return Ok(());
        }
        for (output, x) in output.iter_mut().zip(x) {
            let data = split.of(*x, *output).0;
            let cut = clip.of(data);
            if cut != data {
                *output = split.output_of(*x, cut);
            }
        }
        finite(output)
    }

    /// What a model of this kind would have put out for known data and noise: the target of training. All slices
    /// have one length.
    ///
    /// # Errors
    /// `Shape`; `NonFinite` (`target` is then overwritten).
    pub fn target<T: Real>(
        self,
        data: &[T],
        noise: &[T],
        level: &Level,
        target: &mut [T],
    ) -> Result<(), Error> {
        if [noise.len(), target.len()] != [data.len(); 2] {
            return Err(Error::Shape);
        }
        let (signal, strength) = (T::of(level.signal()), T::of(level.noise()));
        for ((x0, eps), target) in data.iter().zip(noise).zip(target.iter_mut()) {
            *target = match self {
                Self::Noise => *eps,
                Self::Sample => *x0,
                Self::Velocity => signal * *eps - strength * *x0,
            };
        }
        if target.iter().all(|x| x.is_finite()) {
            Ok(())
        } else {
            Err(Error::NonFinite)
        }
    }
}

/// Equal lengths and finite inputs, as every step asks.
pub(super) fn check<T: Real>(inputs: &[&[T]], next: &[T]) -> Result<(), Error> {
    if next.is_empty() || inputs.iter().any(|x| x.len() != next.len()) {
        return Err(Error::Shape);
    }
    if inputs.iter().any(|input| !input.iter().all(|x| x.is_finite())) {
        return Err(Error::NonFinite);
    }
    Ok(())
}

/// Refuses a state that holds NaN or infinity.
pub(super) fn finite<T: Real>(next: &[T]) -> Result<(), Error> {
    if next.iter().all(|x| x.is_finite()) {
        Ok(())
    } else {
        Err(Error::NonFinite)
    }
}

/// A clip of the predicted data to ± a positive range; none is no clip.
#[derive(Clone, Copy, Debug)]
pub(super) struct Clip<T>(Option<T>);

impl<T: Real> Clip<T> {
    pub(super) fn new(range: Option<f64>) -> Result<Self, Error> {
        match range {
            Some(range) if !range.is_finite() => Err(Error::NonFinite),
            Some(range) if range <= 0.0 => Err(Error::Domain),
            range => Ok(Self(range.map(T::of))),
        }
    }

    #[inline]
    pub(super) fn of(&self, x: T) -> T {
        match self.0 {
            Some(range) if x > range => range,
            Some(range) if x < -range => -range,
            _ => x,
        }
    }
}
