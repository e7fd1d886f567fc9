//! The tangent spaces of one net: at each time and sample, and what is read from them.
//!
//! Sample i is an image of the set that was not trained on, x_t = sqrt(ab_t) x_0 + sqrt(1 - ab_t) e with the same x_0 and
//! e at every time.

use super::trained::{Set, Trained};
use crate::diffusion::datasets::{Dataset, Disc, Discs};
use crate::diffusion::eps::Guidance;
use crate::diffusion::error::DiffusionError;
use crate::diffusion::geometry::Geometry;
use crate::diffusion::model::{Denoiser, Point, Unet};
use crate::diffusion::pullback::distance::{Subspace, distance, distance_matrix};
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::spectrum::{Spectrum, spectrum};
use crate::diffusion::pullback::{Basis, Ended, PullbackError};
use crate::diffusion::schedule::NoiseSchedule;
use crate::experiments::diffusion::compare::failed;
use crate::experiments::{Context, ExperimentError};
use crate::progress::Silent;
use crate::work::Work;
use gibbs_core::diffusion::Level;
use gibbs_core::random::{normal, stream};
use serde::{Deserialize, Serialize};

/// Directions of a basis.
pub(super) const COUNT: usize = 5;
/// And of a smaller one: discs have four factors, so that there the fifth direction has nothing to follow.
pub(super) const FEW: usize = 3;
/// Samples of a net.
pub(super) const SAMPLES: usize = 8;
/// Training takes the samples from 0 on.
const UNSEEN: u64 = 1 << 40;
/// The pilot's times, and those at which two sets are compared, latest noise first.
pub(super) const TIMES: [u32; 13] = [950, 900, 800, 700, 650, 600, 500, 400, 350, 300, 200, 100, 50];
/// Those of the pilot.
pub(super) const PILOT: [u32; 8] = [950, 800, 650, 500, 350, 200, 100, 50];

/// The place of a time in [`TIMES`].
pub(super) fn place(t: u32) -> usize {
    TIMES.iter().position(|time| *time == t).unwrap_or(0)
}

/// A sample of a set with its noise.
pub(super) struct Sample {
    pub(super) index: u64,
    image: Vec<f32>,
    pub(super) noise: Vec<f32>,
}

impl Sample {
    pub(super) fn new(data: &dyn Dataset, seed: u64, index: usize) -> Result<Self, ExperimentError> {
        let index = UNSEEN + index as u64;
        let mut image = vec![0.0; data.shape().iter().product()];
        data.fill(index, &mut image)
            .map_err(ExperimentError::other("a sample"))?;
        let mut rng = stream(seed, "experiment/diffusion-tangents/noise", index);
        let noise = image.iter().map(|_| normal(&mut rng)).collect();
        Ok(Self { index, image, noise })
    }

    /// x_t.
    pub(super) fn at(&self, level: &Level) -> Vec<f32> {
        noisy(&self.image, &self.noise, level)
    }
}

fn noisy(image: &[f32], noise: &[f32], level: &Level) -> Vec<f32> {
    let (s, n) = (level.signal() as f32, level.noise() as f32);
    image.iter().zip(noise).map(|(x, e)| s * x + n * e).collect()
}

/// A net with its schedule, silent but for the user's wish to stop.
pub(super) fn geometry<'a>(
    unet: &'a Unet<f32>,
    schedule: &'a NoiseSchedule,
    context: &Context<'a>,
) -> Result<Geometry<'a>, ExperimentError> {
    let work = Work::new(&Silent, context.work.interrupted);
    Geometry::new(unet, schedule, Guidance::None, work).map_err(ExperimentError::other("a net"))
}

/// [`COUNT`] directions to a residual of 1e-5: J is small, so that as many blocks as that takes are allowed.
pub(super) fn search(seed: u64) -> Search {
    Search {
        tolerance: 1e-5,
        limit: 40,
        seed,
        ..Search::new(COUNT)
    }
}

pub(super) fn level(schedule: &NoiseSchedule, t: u32) -> Result<Level, ExperimentError> {
    schedule
        .level(f64::from(t))
        .map_err(ExperimentError::other("a time"))
}

/// What is read from the bases of one net; lists over [`TIMES`].
#[derive(Serialize, Deserialize)]
pub(super) struct Local {
    /// dim h.
    pub(super) hidden: usize,
    /// Mean loss at the end of training.
    pub(super) loss: f64,
    /// Of the v_i of all samples.
    pub(super) spectra: Vec<Spectrum>,
    /// Mean distance of pairs of samples: of the tangent spaces (spans of u_i), of the spans of v_i, and of those of the
    /// first [`FEW`] u_i.
    pub(super) across: Vec<[f64; 3]>,
    /// Distances between the tangent spaces of one sample at two times, mean over samples, [times, times].
    pub(super) between: Vec<f64>,
    /// Of a set of discs: share of the motion of h (of x) along the four factors in the span of the first three u_i
    /// (v_i) at t = 700, mean over samples.
    pub(super) explained: Option<[[f64; 2]; 4]>,
    /// Bases that did not converge.
    pub(super) unconverged: usize,
}

fn subspaces(
    bases: &[Basis<f32>],
    vectors: impl Fn(&Basis<f32>) -> (&[f32], usize),
) -> Result<Vec<Subspace>, ExperimentError> {
    let spanned = bases.iter().map(|basis| {
        let (vectors, dimension) = vectors(basis);
        Subspace::new(vectors, dimension)
    });
    spanned
        .collect::<Result<_, _>>()
        .map_err(ExperimentError::other("a tangent space"))
}

fn mean_of_pairs(spaces: &[Subspace]) -> Result<f64, ExperimentError> {
    let n = spaces.len();
    let matrix = distance_matrix(spaces).map_err(ExperimentError::other("a distance"))?;
    Ok(matrix.iter().sum::<f64>() / (n * (n - 1)) as f64)
}

/// Bases at all times and samples.
pub(super) fn study(
    context: &Context<'_>,
    (set, seed): (Set, u64),
    trained: &Trained,
    schedule: &NoiseSchedule,
) -> Result<Local, ExperimentError> {
    let data = set.make(seed)?;
    let unet = &trained.unet()?;
    let mut geometry = geometry(unet, schedule, context)?;
    let samples = (0..SAMPLES).map(|i| Sample::new(&*data, seed, i));
    let samples: Vec<Sample> = samples.collect::<Result<_, _>>()?;
    let mut local = Local {
        hidden: unet.hidden().iter().product(),
        loss: trained.loss,
        spectra: Vec::new(),
        across: Vec::new(),
        between: vec![0.0; TIMES.len() * TIMES.len()],
        explained: None,
        unconverged: 0,
    };
    let mut tangents: Vec<Vec<Subspace>> = Vec::new();
    for t in TIMES {
        let level = level(schedule, t)?;
        let mut bases = Vec::new();
        for sample in &samples {
            let found = geometry.basis(&sample.at(&level), f64::from(t), &search(seed));
            bases.push(found.map_err(failed(&format!("a basis at t = {t}")))?);
        }
        local.unconverged += bases.iter().filter(|basis| basis.ended == Ended::Limit).count();
        let vectors: Vec<f32> = bases.iter().flat_map(|basis| basis.v.iter().copied()).collect();
        let found = spectrum(&vectors, unet.image());
        local
            .spectra
            .push(found.map_err(ExperimentError::other("a spectrum"))?);
        let spaces = subspaces(&bases, |b| (&b.u, b.dimensions.0))?;
        let latent_spaces = subspaces(&bases, |b| (&b.v, b.dimensions.1))?;
        let few = subspaces(&bases, |b| (&b.u[..FEW * b.dimensions.0], b.dimensions.0))?;
        local.across.push([
            mean_of_pairs(&spaces)?,
            mean_of_pairs(&latent_spaces)?,
            mean_of_pairs(&few)?,
        ]);
        tangents.push(spaces);
        if set == Set::Discs && t == 700 {
            let discs = Discs::new(super::trained::SIDE, seed).map_err(ExperimentError::other("discs"))?;
            local.explained = Some(explained(unet, &discs, &level, &samples, &bases)?);
        }
    }
    for (i, early) in tangents.iter().enumerate() {
        for (j, late) in tangents.iter().enumerate() {
            let mut sum = 0.0;
            for (a, b) in early.iter().zip(late) {
                sum += distance(a, b).map_err(ExperimentError::other("a distance"))?;
            }
            local.between[i * TIMES.len() + j] = sum / SAMPLES as f64;
        }
    }
    Ok(local)
}

/// Half the difference of a factor: a hundredth of a pixel's width and of the brightness.
const STEP: f64 = 0.05;
/// Directions that are to explain the factors.
const LEADING: usize = 3;

/// For each factor (x, y, radius, brightness) the shares in H and in X.
fn explained(
    unet: &Unet<f32>,
    discs: &Discs,
    level: &Level,
    samples: &[Sample],
    bases: &[Basis<f32>],
) -> Result<[[f64; 2]; 4], ExperimentError> {
    let mut denoiser = unet.denoiser();
    let mut shares = [[0.0; 2]; 4];
    for (sample, basis) in samples.iter().zip(bases) {
        let disc = discs.disc(sample.index);
        for (factor, shares) in shares.iter_mut().enumerate() {
            let mut ends = Vec::new();
            for step in [STEP, -STEP] {
                ends.push(seen(
                    unet,
                    &mut denoiser,
                    &moved(disc, factor, step),
                    level,
                    &sample.noise,
                )?);
            }
            let (rows, columns) = basis.dimensions;
            let motion = |pick: usize| -> Vec<f64> {
                ends[0][pick]
                    .iter()
                    .zip(&ends[1][pick])
                    .map(|(a, b)| f64::from(*a) - f64::from(*b))
                    .collect()
            };
            shares[0] += share(&motion(1), &basis.u[..LEADING * rows]) / SAMPLES as f64;
            shares[1] += share(&motion(0), &basis.v[..LEADING * columns]) / SAMPLES as f64;
        }
    }
    Ok(shares)
}

/// A disc with one of its factors changed.
fn moved(mut disc: Disc, factor: usize, step: f64) -> Disc {
    match factor {
        0 => disc.x += step,
        1 => disc.y += step,
        2 => disc.radius += step,
        _ => disc.brightness += step,
    }
    disc
}

/// x_t of a disc, and its h.
fn seen(
    unet: &Unet<f32>,
    denoiser: &mut Denoiser<'_, f32>,
    disc: &Disc,
    level: &Level,
    noise: &[f32],
) -> Result<[Vec<f32>; 2], ExperimentError> {
    let mut image = vec![0.0; noise.len()];
    disc.render(super::trained::SIDE, &mut image)
        .map_err(ExperimentError::other("a disc"))?;
    let x = noisy(&image, noise, level);
    let mut eps = vec![0.0; x.len()];
    let mut h = vec![0.0; unet.hidden().iter().product()];
    let time = [level.timestep() as f32];
    let point = Point {
        x: &x,
        t: &time,
        context: None,
    };
    let asked = denoiser.eps(point, &mut eps, Some(&mut h));
    asked.map_err(|error| failed("h of a disc")(PullbackError::Operator(DiffusionError::Net(error))))?;
    Ok([x, h])
}

/// Σ_i (row_i . motion)² / |motion|² of orthonormal rows.
fn share(motion: &[f64], rows: &[f32]) -> f64 {
    let whole: f64 = motion.iter().map(|x| x * x).sum();
    let along = rows.chunks(motion.len()).map(|row| {
        let along: f64 = row.iter().zip(motion).map(|(r, x)| f64::from(*r) * x).sum();
        along * along
    });
    along.sum::<f64>() / whole
}

#[cfg(test)]
mod tests {
    //! Oracle: a motion in a plane, by hand. Mutations seen red: lengths instead of squares; the length of the motion
    //! for its square; a sum for a product.
    use super::*;

    #[test]
    fn shares_of_a_motion_by_hand() {
        let rows = [1.0, 0.0, 0.0, 0.0, 0.6, 0.8];
        // along the first axis 3, along the second 0.6 * 5 = 3, of 9 + 25 = 34
        assert!((share(&[3.0, 5.0, 0.0], &rows) - 18.0 / 34.0).abs() < 1e-7); // rows are f32
        assert!((share(&[0.0, -6.0, -8.0], &rows) - 1.0).abs() < 1e-7);
        assert!(share(&[0.0, 8.0, -6.0], &rows) < 1e-13);
    }
}
