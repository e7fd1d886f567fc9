//! A level of noise: how much data and how much noise a state holds.
//!
//! x = signal x0 + noise e with signal² + noise² = 1: signal = sqrt(ab), noise = sqrt(1 - ab). Both are kept, since
//! neither can be had from the other without loss at its own end.

use crate::Error;
use crate::math::Real;

/// A level of noise and the time that a model is told.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Level {
    timestep: f64,
    signal: f64,
    noise: f64,
}

impl Level {
    /// Data without noise, at time 0.
    pub const DATA: Self = Self {
        timestep: 0.0,
        signal: 1.0,
        noise: 0.0,
    };

    /// The level of a given ab in [0, 1].
    ///
    /// # Errors
    /// `NonFinite`; `Domain` outside [0, 1].
    pub fn of_alpha_bar(timestep: f64, alpha_bar: f64) -> Result<Self, Error> {
        if !timestep.is_finite() || !alpha_bar.is_finite() {
            return Err(Error::NonFinite);
        }
        if !(0.0..=1.0).contains(&alpha_bar) {
            return Err(Error::Domain);
        }
        Ok(Self {
            timestep,
            signal: Real::sqrt(alpha_bar),
            noise: Real::sqrt(1.0 - alpha_bar),
        })
    }

    /// The level of a given sigma = noise / signal >= 0, below 1e150.
    ///
    /// # Errors
    /// `NonFinite`; `Domain` outside [0, 1e150).
    pub fn of_sigma(timestep: f64, sigma: f64) -> Result<Self, Error> {
        if !timestep.is_finite() || !sigma.is_finite() {
            return Err(Error::NonFinite);
        }
        if !(0.0..1e150).contains(&sigma) {
            return Err(Error::Domain);
        }
        let signal = 1.0 / Real::sqrt(1.0 + sigma * sigma);
        Ok(Self {
            timestep,
            signal,
            noise: sigma * signal,
        })
    }

    /// The time that a model is told, in steps of its training schedule; may be fractional.
    pub const fn timestep(&self) -> f64 {
        self.timestep
    }

    /// The share of data, sqrt(ab), in [0, 1].
    pub const fn signal(&self) -> f64 {
        self.signal
    }

    /// sqrt(1 - ab), in [0, 1].
    pub const fn noise(&self) -> f64 {
        self.noise
    }

    /// The share of data in the variance, ab, in [0, 1].
    pub fn alpha_bar(&self) -> f64 {
        self.signal * self.signal
    }

    /// sigma = noise / signal; infinite for pure noise.
    pub fn sigma(&self) -> f64 {
        self.noise / self.signal
    }

    /// This level at another time.
    #[must_use]
    pub const fn at(self, timestep: f64) -> Self {
        Self { timestep, ..self }
    }
}

/// One step of a sampler: from a level to a less noisy one, or, in inversion, to a noisier one.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// Where the model is evaluated.
    pub from: Level,
    /// The level at which the hop ends.
    pub to: Level,
}

impl Hop {
    /// A hop from data to data, to fill buffers before they are planned.
    pub const NONE: Self = Self {
        from: Level::DATA,
        to: Level::DATA,
    };
}
