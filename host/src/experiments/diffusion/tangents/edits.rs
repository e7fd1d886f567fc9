//! Edits by x-space guidance along v_1, early and late: how fine is what they change?

use super::local::{SAMPLES, Sample, geometry, level, search};
use super::trained::Set;
use crate::diffusion::geometry::editing::{self, Edit};
use crate::diffusion::model::Unet;
use crate::diffusion::pullback::edit::Guidance;
use crate::diffusion::pullback::spectrum::{Spectrum, spectrum};
use crate::diffusion::schedule::NoiseSchedule;
use crate::experiments::diffusion::compare::failed;
use crate::experiments::{Context, ExperimentError};
use serde::{Deserialize, Serialize};

/// 0.8 T and 0.2 T.
pub(super) const WHEN: [u32; 2] = [800, 200];
/// The strength of the authors' script for small edits, 16 steps with delta = 1.
const GAMMA: f64 = 0.1;
/// Steps of DDIM, of the whole schedule.
const STEPS: usize = 50;
/// Coarse: |f| below three cycles per image.
const COARSE: usize = 3;

/// What the edits of one net changed at the two times, mean over samples.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub(super) struct Change {
    /// Mean frequency of the change, cycles per image.
    pub(super) centroid: f64,
    /// Share of its power below three cycles per image.
    pub(super) coarse: f64,
    /// Its root mean square per pixel.
    pub(super) size: f64,
}

/// Edits of all samples at both times.
pub(super) fn study(
    context: &Context<'_>,
    (set, seed): (Set, u64),
    unet: &Unet<f32>,
    schedule: &NoiseSchedule,
) -> Result<[Change; 2], ExperimentError> {
    let data = set.make(seed)?;
    let mut geometry = geometry(unet, schedule, context)?;
    let mut changes = [Change::default(); 2];
    for (t, change) in WHEN.iter().zip(&mut changes) {
        let time = f64::from(*t);
        let level = level(schedule, *t)?;
        let hops = schedule
            .way(Some(time), None, STEPS)
            .map_err(ExperimentError::other("a plan"))?;
        for index in 0..SAMPLES {
            let x = Sample::new(&*data, seed, index)?.at(&level);
            let what = format!("edit at t = {t}");
            let basis = geometry.basis(&x, time, &search(seed)).map_err(failed(&what))?;
            let direction = basis.direction(0).map_err(ExperimentError::other(what.clone()))?;
            let edit = Edit {
                guidance: Guidance::new(GAMMA),
                shoot: None,
                keep_contrast: false,
            };
            let edited =
                editing::run(&mut geometry, &x, time, direction, &edit, &hops).map_err(failed(&what))?;
            let pairs = edited.edited.iter().zip(&edited.original);
            let difference: Vec<f32> = pairs.map(|(a, b)| a - b).collect();
            let found = spectrum(&difference, unet.image()).map_err(ExperimentError::other(what))?;
            let share = 1.0 / SAMPLES as f64;
            change.centroid += share * found.centroid;
            change.coarse += share * coarse(&found);
            let square: f64 = difference.iter().map(|x| f64::from(*x).powi(2)).sum();
            change.size += share * (square / difference.len() as f64).sqrt();
        }
    }
    Ok(changes)
}

/// The share of the power below [`COARSE`].
fn coarse(spectrum: &Spectrum) -> f64 {
    let power = spectrum.power.iter().zip(&spectrum.frequencies);
    let power: Vec<f64> = power.map(|(mean, count)| mean * *count as f64).collect();
    power.iter().take(COARSE).sum::<f64>() / power.iter().sum::<f64>()
}

#[cfg(test)]
mod tests {
    //! Oracle: two waves of known power. Mutations seen red: the mean power of a ring instead of its sum; the limit off by
    //! one, and twice as high.
    use super::*;

    #[test]
    fn coarse_is_the_share_of_the_low_wave() {
        let wave = |f: f64, x: usize| (std::f64::consts::TAU * f * x as f64 / 16.0).cos();
        let image: Vec<f64> = (0..256)
            .map(|at| 2.0 * wave(2.0, at % 16) + wave(5.0, at / 16))
            .collect();
        let found = coarse(&spectrum(&image, [1, 16, 16]).expect("a whole image"));
        assert!((found - 0.8).abs() < 1e-12, "{found}"); // amplitudes 2 and 1
    }
}
