//! The optimisers under one name, for the loop and the checkpoint.

use super::{AdamW, Sgd, TrainError, adamw, sgd};
use serde::{Deserialize, Serialize};

/// The rule of the updates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Method {
    /// Adam with decoupled weight decay.
    AdamW(adamw::Settings),
    /// Gradient descent with momentum.
    Sgd(sgd::Settings),
}

/// A rule and its memory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Optimiser {
    AdamW(AdamW),
    Sgd(Sgd),
}

impl Optimiser {
    pub(super) fn new(method: Method, parameters: &[Vec<f32>]) -> Result<Self, TrainError> {
        Ok(match method {
            Method::AdamW(settings) => Self::AdamW(AdamW::new(settings, parameters)?),
            Method::Sgd(settings) => Self::Sgd(Sgd::new(settings, parameters)?),
        })
    }

    pub(super) fn update(&mut self, rate: f64, parameters: &mut [Vec<f32>], gradients: &[Vec<f32>]) {
        match self {
            Self::AdamW(rule) => rule.update(rate, parameters, gradients),
            Self::Sgd(rule) => rule.update(rate, parameters, gradients),
        }
    }

    /// What it remembers, by name.
    pub(super) fn memory(&self) -> Vec<(&'static str, &Vec<Vec<f32>>)> {
        match self {
            Self::AdamW(rule) => vec![("mean", &rule.mean), ("square", &rule.square)],
            Self::Sgd(rule) => vec![("momentum", &rule.momentum)],
        }
    }

    /// The same, to be filled, after `updates` updates.
    pub(super) fn restore(&mut self, updates: u64) -> Vec<(&'static str, &mut Vec<Vec<f32>>)> {
        match self {
            Self::AdamW(rule) => {
                rule.updates = updates;
                vec![("mean", &mut rule.mean), ("square", &mut rule.square)]
            }
            Self::Sgd(rule) => vec![("momentum", &mut rule.momentum)],
        }
    }
}
