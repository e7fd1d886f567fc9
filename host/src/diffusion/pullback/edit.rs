//! Editing along a direction of the latent space.
//!
//! x-space guidance (Park et al. 2023): x <- x + gamma [eps(x + delta v, t) - eps(x, t)], S times. To first order in delta
//! this adds gamma delta (d eps / dx) v: what the model itself makes of the direction, so that x stays near its data.
//! v is kept through the steps, as in the authors' code, or transported with the local basis (geodesic shooting).

use super::transport::{Direction, transport};
use super::{Basis, GeometryError, PullbackError, length};
use crate::net::element::Element;

#[cfg(test)]
mod tests;

/// A denoiser at one sample: the noise it sees in x at time t.
pub trait Model<T> {
    /// Why it may fail.
    type Error;

    /// `out` = eps(x, t).
    ///
    /// # Errors
    /// Its own.
    fn eps(&mut self, x: &[T], t: f64, out: &mut [T]) -> Result<(), Self::Error>;
}

/// x-space guidance.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Guidance {
    /// The strength gamma of a step of guidance.
    pub gamma: f64,
    /// How far along v the model is asked.
    pub delta: f64,
    /// The number S of steps of guidance.
    pub steps: usize,
}

impl Guidance {
    /// delta = 1 and S = 16, the authors' (64 with an edit prompt).
    pub fn new(gamma: f64) -> Self {
        Self {
            gamma,
            delta: 1.0,
            steps: 16,
        }
    }
}

/// Which table of gamma.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Family {
    /// Models of images without conditions.
    Unconditional,
    /// Stable Diffusion.
    StableDiffusion,
}

/// The gamma of the authors' tables for an edit at `time` = t / T: of the entry at `time` or, between entries, of the next
/// larger one. Unconditional: 1 -> 0.5, 0.8 -> 1, 0.6 -> 4, 0.4 and 0.2 -> 16. Stable Diffusion: 1 and 0.9 -> 0.5, 0.8 and
/// 0.7 -> 1, 0.6 and less -> 2. (Their scripts for CelebA and for Stable Diffusion set 0.1 and 1.)
///
/// # Errors
/// [`PullbackError::Option`] unless 0 < time <= 1.
pub fn gamma(family: Family, time: f64) -> Result<f64, GeometryError> {
    if !(time > 0.0 && time <= 1.0) {
        return Err(PullbackError::Option {
            name: "time",
            found: time,
            expected: "above 0, up to 1 (t / T)",
        });
    }
    // Half a thousandth: times are whole steps of a thousand.
    let time = time - 5e-4;
    Ok(match family {
        _ if time > 0.8 => 0.5,
        _ if time > 0.6 => 1.0,
        Family::StableDiffusion => 2.0,
        Family::Unconditional if time > 0.4 => 4.0,
        Family::Unconditional => 16.0,
    })
}

/// One step in place; gamma = 0 leaves `x` bit for bit and does not ask the model.
///
/// # Errors
/// [`PullbackError::Length`]; [`PullbackError::Operator`] with the model's error; [`PullbackError::NotFinite`]. Then `x` is
/// as it was.
pub fn step<T: Element, M: Model<T>>(
    model: &mut M,
    x: &mut [T],
    t: f64,
    v: &[T],
    guidance: &Guidance,
) -> Result<(), PullbackError<M::Error>> {
    length("direction", v.len(), x.len())?;
    if guidance.gamma == 0.0 {
        return Ok(());
    }
    let (mut here, mut there) = (vec![T::ZERO; x.len()], vec![T::ZERO; x.len()]);
    let (gamma, delta) = (T::of(guidance.gamma), T::of(guidance.delta));
    let moved: Vec<T> = x.iter().zip(v).map(|(x, v)| *x + delta * *v).collect();
    model.eps(x, t, &mut here).map_err(PullbackError::Operator)?;
    (model.eps(&moved, t, &mut there)).map_err(PullbackError::Operator)?;
    let change: Vec<T> = there
        .iter()
        .zip(&here)
        .map(|(there, here)| gamma * (*there - *here))
        .collect();
    if let Some(index) = change.iter().position(|x| !x.is_finite()) {
        return Err(PullbackError::NotFinite {
            map: "eps",
            direction: 0,
            index,
        });
    }
    x.iter_mut().zip(change).for_each(|(x, change)| *x += change);
    Ok(())
}

/// S steps along the fixed direction `v`. Cost 2 S evaluations.
///
/// # Errors
/// As [`step`]; then `x` is where the steps before had brought it.
pub fn guide<T: Element, M: Model<T>>(
    model: &mut M,
    x: &mut [T],
    t: f64,
    v: &[T],
    guidance: &Guidance,
) -> Result<(), PullbackError<M::Error>> {
    (0..guidance.steps).try_for_each(|_| step(model, x, t, v, guidance))
}

/// S steps, the direction transported to the local basis of each new x. `basis_at` gives it; the last step needs none.
/// Returns the direction of the last step and the smallest part of it that a transport kept.
///
/// # Errors
/// As [`step`] and [`transport`], or that of `basis_at`.
pub fn shoot<T: Element, M: Model<T>>(
    model: &mut M,
    x: &mut [T],
    t: f64,
    start: Direction<T>,
    guidance: &Guidance,
    mut basis_at: impl FnMut(&mut M, &[T]) -> Result<Basis<T>, PullbackError<M::Error>>,
) -> Result<(Direction<T>, f64), PullbackError<M::Error>> {
    let mut direction = start;
    let mut kept = 1.0;
    for index in 0..guidance.steps {
        if index > 0 {
            let basis = basis_at(model, x)?;
            let moved = transport(&basis, &direction.u).map_err(GeometryError::widen)?;
            direction = moved.direction;
            if moved.kept < kept {
                kept = moved.kept;
            }
        }
        step(model, x, t, &direction.v, guidance)?;
    }
    Ok((direction, kept))
}

/// The standard deviation of the sample that the model predicts, x0 = (x - sqrt(1 - a) eps) / sqrt(a), a = alpha bar of t.
pub fn contrast<T: Element>(x: &[T], eps: &[T], alpha_bar: f64) -> f64 {
    let predicted: Vec<f64> = predict(x, eps, alpha_bar).collect();
    deviation(&predicted).1
}

/// Rescales the predicted x0 of one image about its mean to the standard deviation `wanted` (that of before the edit), its
/// noise kept: x = sqrt(a) x0' + sqrt(1 - a) eps. This is ours (derived; the authors' code has such regularisers by name
/// only, and the description in Park et al. 2023, arXiv 2302.12469, is recalled). An image without contrast stays.
///
/// # Errors
/// [`PullbackError::Length`]; [`PullbackError::Option`] unless 0 < alpha bar <= 1 and `wanted` is a number from 0.
pub fn keep_contrast<T: Element>(
    x: &mut [T],
    eps: &[T],
    alpha_bar: f64,
    wanted: f64,
) -> Result<(), GeometryError> {
    length("eps", eps.len(), x.len())?;
    let option = |name, found, expected| PullbackError::Option {
        name,
        found,
        expected,
    };
    if !(alpha_bar > 0.0 && alpha_bar <= 1.0) {
        return Err(option("alpha bar", alpha_bar, "above 0, up to 1"));
    }
    if !(wanted >= 0.0 && wanted.is_finite()) {
        return Err(option("contrast", wanted, "a number from 0"));
    }
    let predicted: Vec<f64> = predict(x, eps, alpha_bar).collect();
    let (mean, found) = deviation(&predicted);
    if found > 0.0 {
        // x moves by what its prediction moves by: no rounding where nothing is to be done.
        let factor = alpha_bar.sqrt() * (wanted / found - 1.0);
        for (x, x0) in x.iter_mut().zip(predicted) {
            *x = T::of(x.wide() + factor * (x0 - mean));
        }
    }
    Ok(())
}

fn predict<T: Element>(x: &[T], eps: &[T], alpha_bar: f64) -> impl Iterator<Item = f64> {
    let (signal, noise) = (alpha_bar.sqrt(), (1.0 - alpha_bar).sqrt());
    x.iter()
        .zip(eps)
        .map(move |(x, eps)| (x.wide() - noise * eps.wide()) / signal)
}

/// Mean and standard deviation (over n).
fn deviation(values: &[f64]) -> (f64, f64) {
    let n = values.len().max(1) as f64;
    let mean = values.iter().sum::<f64>() / n;
    let square = values.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>();
    (mean, (square / n).sqrt())
}
