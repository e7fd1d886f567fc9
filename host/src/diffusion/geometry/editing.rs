//! One edit: x_t is guided along a direction, then both x_t are sampled to pictures (Park et al. 2023, section 3.3).

use super::{Failure, Geometry};
use crate::diffusion::error::DiffusionError;
use crate::diffusion::pullback::edit::{Guidance, Model, contrast, guide, keep_contrast, shoot};
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::transport::Direction;
use crate::diffusion::pullback::{Ended, GeometryError, PullbackError};
use gibbs_core::diffusion::Hop;

/// Options of an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Edit {
    /// The guidance in x-space.
    pub guidance: Guidance,
    /// Geodesic shooting: a basis at every step, to which the direction is transported.
    pub shoot: Option<Search>,
    /// Rescale the predicted image to its contrast of before.
    pub keep_contrast: bool,
}

/// The outcome of an edit.
#[derive(Clone, Debug, PartialEq)]
pub struct Edited {
    /// x_t after the guidance.
    pub x: Vec<f32>,
    /// The picture without the edit.
    pub original: Vec<f32>,
    /// The picture after the edit.
    pub edited: Vec<f32>,
    /// The direction at the last step.
    pub direction: Direction<f32>,
    /// The smallest part of the direction that a transport kept; 1 without.
    pub kept: f64,
    /// Bases of the shooting that did not converge.
    pub unconverged: usize,
}

/// Edits `x` at time `t` along `direction`; `hops` lead from t to data. gamma = 0 gives the original twice, bit for bit.
/// Cost: 2 S evaluations of the net and 2 N of the sampler; shooting adds S - 1 bases.
///
/// # Errors
/// [`PullbackError`] with [`DiffusionError`].
pub fn run(
    geometry: &mut Geometry<'_>,
    x: &[f32],
    t: f64,
    direction: Direction<f32>,
    edit: &Edit,
    hops: &[Hop],
) -> Result<Edited, Failure> {
    let level = geometry.schedule().level(t).map_err(PullbackError::Operator)?;
    let alpha_bar = level.alpha_bar();
    let mut eps = vec![0.0; x.len()];
    let wanted = if edit.keep_contrast {
        geometry.eps(x, t, &mut eps).map_err(PullbackError::Operator)?;
        Some(contrast(x, &eps, alpha_bar))
    } else {
        None
    };
    let mut moved = x.to_vec();
    let (mut kept, mut unconverged) = (1.0, 0);
    let direction = match &edit.shoot {
        None => {
            guide(geometry, &mut moved, t, &direction.v, &edit.guidance)?;
            direction
        }
        // Nothing moves, so that no basis is asked for.
        Some(_) if edit.guidance.gamma == 0.0 => direction,
        Some(search) => {
            let basis_at = |geometry: &mut Geometry<'_>, x: &[f32]| {
                let basis = geometry.basis(x, t, search)?;
                unconverged += usize::from(basis.ended == Ended::Limit);
                Ok(basis)
            };
            let (direction, least) = shoot(geometry, &mut moved, t, direction, &edit.guidance, basis_at)?;
            kept = least;
            direction
        }
    };
    if let Some(wanted) = wanted.filter(|_| edit.guidance.gamma != 0.0) {
        geometry
            .eps(&moved, t, &mut eps)
            .map_err(PullbackError::Operator)?;
        keep_contrast(&mut moved, &eps, alpha_bar, wanted).map_err(GeometryError::widen::<DiffusionError>)?;
    }
    let (mut original, mut edited) = (x.to_vec(), moved.clone());
    for x in [&mut original, &mut edited] {
        geometry.sample(x, hops).map_err(PullbackError::Operator)?;
    }
    Ok(Edited {
        x: moved,
        original,
        edited,
        direction,
        kept,
        unconverged,
    })
}

/// Root of the mean square of the difference.
pub fn deviation(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    let squares = pairs.map(|(a, b)| (f64::from(*a) - f64::from(*b)).powi(2));
    (squares.sum::<f64>() / a.len().max(1) as f64).sqrt()
}
