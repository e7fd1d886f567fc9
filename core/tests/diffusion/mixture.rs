//! The mixture oracle: against Bayes by hand, finite differences, Tweedie, limits, and samples of the mixture itself.

use crate::oracle::{DDIM, farthest, hops, relative, run, table, wide};
use crate::tolerances::{MIXTURE_DIFFERENCE, ROUNDING, SINGLE};
use gibbs_core::Error;
use gibbs_core::diffusion::plan::Ending;
use gibbs_core::diffusion::{
    Betas, Denoiser, GaussianMixture, Level, Method, MixtureDenoiser, Posterior, Prediction, Spacing, Spread,
};
use gibbs_core::linalg::LinearOperator;
use gibbs_core::math::dot;
use gibbs_core::random::{normal, stream, uniform};

const D: usize = 4;
const K: usize = 3;

/// A random mixture.
pub(crate) struct Example {
    pub(crate) weights: Vec<f64>,
    pub(crate) means: Vec<f64>,
    pub(crate) isotropic: Vec<f64>,
    pub(crate) diagonal: Vec<f64>,
}

impl Example {
    pub(crate) fn new(index: u64) -> Self {
        let mut rng = stream(6, "mixture", index);
        let mut positive = |n: usize| (0..n).map(|_| 0.1 + uniform::<f64>(&mut rng)).collect::<Vec<_>>();
        let (weights, isotropic, diagonal) = (positive(K), positive(K), positive(K * D));
        let means = (0..K * D).map(|_| normal(&mut rng)).collect();
        Self {
            weights,
            means,
            isotropic,
            diagonal,
        }
    }

    pub(crate) fn mixtures(&self) -> [GaussianMixture<'_, f64>; 2] {
        [
            Spread::Isotropic(&self.isotropic),
            Spread::Diagonal(&self.diagonal),
        ]
        .map(|spread| GaussianMixture::new(&self.weights, &self.means, spread).unwrap())
    }

    fn variance(&self, diagonal: bool, k: usize, i: usize) -> f64 {
        if diagonal {
            self.diagonal[k * D + i]
        } else {
            self.isotropic[k]
        }
    }
}

fn with<R>(
    mixture: &GaussianMixture<'_, f64>,
    x: &[f64],
    level: &Level,
    look: impl FnOnce(&mut Posterior<'_, f64>) -> R,
) -> R {
    let (mut responsibilities, mut mean) = (vec![0.0; mixture.components()], vec![0.0; mixture.dimension()]);
    look(
        &mut mixture
            .posterior(x, level, &mut responsibilities, &mut mean)
            .unwrap(),
    )
}

fn point(index: u64) -> Vec<f64> {
    let mut rng = stream(7, "point", index);
    (0..D).map(|_| normal(&mut rng)).collect()
}

const LEVELS: [f64; 4] = [0.99, 0.7, 0.2, 0.01];

// densities written out; x0hat as the mean of component posteriors, score by its definition
#[test] // oracle: diffusion-mixture
fn the_posterior_is_that_of_bayes() {
    for index in 0..10 {
        let (example, x) = (Example::new(index), point(index));
        for alpha_bar in LEVELS {
            let level = Level::of_alpha_bar(2.0, alpha_bar).unwrap();
            for (diagonal, mixture) in example.mixtures().iter().enumerate() {
                let signal = alpha_bar.sqrt();
                let total: f64 = example.weights.iter().sum();
                let (mut density, mut mean, mut score) = (0.0, [0.0; D], [0.0; D]);
                for k in 0..K {
                    let v = |i| alpha_bar * example.variance(diagonal == 1, k, i) + 1.0 - alpha_bar;
                    let off = |i: usize| x[i] - signal * example.means[k * D + i];
                    let mut p = example.weights[k] / total;
                    for i in 0..D {
                        p *= (-off(i) * off(i) / (2.0 * v(i))).exp() / (std::f64::consts::TAU * v(i)).sqrt();
                    }
                    density += p;
                    for i in 0..D {
                        let c = example.variance(diagonal == 1, k, i);
                        mean[i] += p * (example.means[k * D + i] + signal * c * off(i) / v(i));
                        score[i] -= p * off(i) / v(i);
                    }
                }
                with(mixture, &x, &level, |posterior| {
                    assert!((posterior.log_density() - density.ln()).abs() < 10.0 * ROUNDING);
                    let expected = mean.map(|m| m / density);
                    assert!(relative(posterior.mean(), &expected) < 100.0 * ROUNDING);
                    let (mut got, mut noise) = ([0.0; D], [0.0; D]);
                    posterior.score(&mut got).unwrap();
                    posterior.noise(&mut noise).unwrap();
                    assert!(relative(&got, &score.map(|s| s / density)) < 100.0 * ROUNDING);
                    // eps* = -noise score, and the data that it predicts are x0hat (Tweedie)
                    let flipped = got.map(|s| -level.noise() * s);
                    assert!(relative(&noise, &flipped) < ROUNDING);
                    let (mut data, mut same) = ([0.0; D], [0.0; D]);
                    Prediction::Noise
                        .split(&x, &noise, &level, &mut data, &mut same)
                        .unwrap();
                    assert!(farthest(&data, posterior.mean()) < 1e3 * ROUNDING);
                    assert!((posterior.responsibilities().iter().sum::<f64>() - 1.0).abs() < ROUNDING);
                });
            }
        }
    }
}

// central differences of x0hat and of ln p; symmetry; positive semidefinite
#[test] // oracle: diffusion-mixture
fn jacobian_and_score_are_derivatives() {
    let step = 1e-5;
    for index in 0..5 {
        let (example, x) = (Example::new(index), point(index));
        for alpha_bar in [0.7, 0.2, 0.01] {
            let level = Level::of_alpha_bar(2.0, alpha_bar).unwrap();
            for mixture in example.mixtures() {
                let mut columns = [[0.0; D]; D];
                let mut score = [0.0; D];
                with(&mixture, &x, &level, |posterior| {
                    posterior.score(&mut score).unwrap();
                });
                for j in 0..D {
                    let moved = |by: f64| {
                        let mut y = x.clone();
                        y[j] += by;
                        with(&mixture, &y, &level, |p| (p.mean().to_vec(), p.log_density()))
                    };
                    let ((up, above), (down, below)) = (moved(step), moved(-step));
                    let slope: Vec<f64> = up
                        .iter()
                        .zip(&down)
                        .map(|(u, d)| (u - d) / (2.0 * step))
                        .collect();
                    let mut tangent = [0.0; D];
                    tangent[j] = 1.0;
                    with(&mixture, &x, &level, |p| {
                        p.jacobian_product(&tangent, &mut columns[j]).unwrap();
                    });
                    assert!(
                        farthest(&columns[j], &slope) < MIXTURE_DIFFERENCE,
                        "{:?} {slope:?}",
                        columns[j]
                    );
                    assert!(((above - below) / (2.0 * step) - score[j]).abs() < MIXTURE_DIFFERENCE);
                }
                for (i, column) in columns.iter().enumerate() {
                    let row: Vec<f64> = columns.iter().map(|other| other[i]).collect();
                    assert!(farthest(column, &row) < ROUNDING);
                }
                for trial in 0..10 {
                    let v = point(100 + trial);
                    let quadratic: f64 = (0..D).map(|j| v[j] * dot(&columns[j], &v)).sum();
                    assert!(quadratic > 0.0);
                }
            }
        }
    }
}

// the block product is column by column, and its own transpose
#[test] // law: diffusion-mixture
fn the_operator_is_the_jacobian() {
    let (example, x) = (Example::new(1), point(1));
    let level = Level::of_alpha_bar(2.0, 0.4).unwrap();
    let [_, mixture] = example.mixtures();
    with(&mixture, &x, &level, |posterior| {
        let vectors = [point(2), point(3)].concat();
        let (mut images, mut again, mut one) = ([0.0; 2 * D], [0.0; 2 * D], [0.0; D]);
        posterior.apply(&vectors, &mut images).unwrap();
        posterior.apply_transposed(&vectors, &mut again).unwrap();
        assert_eq!((images, posterior.inputs(), posterior.outputs()), (again, D, D));
        posterior.jacobian_product(&vectors[D..], &mut one).unwrap();
        assert_eq!(images[D..], one);
        assert_eq!(posterior.apply(&vectors[1..], &mut images), Err(Error::Shape));
        assert_eq!(posterior.apply(&vectors, &mut images[..D]), Err(Error::Shape));
    });
}

// one component: linear in x; points of data; far away, where all densities underflow
#[test] // edge: diffusion-mixture
fn limits() {
    let level = Level::of_alpha_bar(2.0, 0.36).unwrap();
    let mixture = GaussianMixture::new(&[5.0], &[1.0, -2.0], Spread::Isotropic(&[0.25])).unwrap();
    let x = [0.9, 4.0];
    let gain = 0.6 * 0.25 / (0.36 * 0.25 + 0.64);
    with(&mixture, &x, &level, |posterior| {
        let expected = [1.0 + gain * (0.9 - 0.6), -2.0 + gain * (4.0 + 1.2)];
        assert!(farthest(posterior.mean(), &expected) < ROUNDING);
        let mut image = [0.0; 2];
        posterior.jacobian_product(&[1.0, 0.5], &mut image).unwrap();
        assert!(farthest(&image, &[gain, 0.5 * gain]) < ROUNDING);
    });
    // two points ±1 with equal weights: x0hat = tanh(signal x / noise²), Jacobian its derivative
    let points = GaussianMixture::new(&[1.0, 1.0], &[1.0, -1.0], Spread::Isotropic(&[0.0; 2])).unwrap();
    with(&points, &[0.3], &level, |posterior| {
        let hyperbolic = (0.6_f64 * 0.3 / 0.64).tanh();
        assert!((posterior.mean()[0] - hyperbolic).abs() < ROUNDING);
        let mut image = [0.0];
        posterior.jacobian_product(&[1.0], &mut image).unwrap();
        assert!((image[0] - 0.6 / 0.64 * (1.0 - hyperbolic * hyperbolic)).abs() < ROUNDING);
    });
    with(&points, &[1e4], &level, |posterior| {
        assert_eq!(
            (posterior.mean()[0], posterior.responsibilities()),
            (1.0, &[1.0, 0.0][..])
        );
        assert!(posterior.log_density() < -1e7);
    });
    // without noise the state is the data
    with(&mixture, &x, &Level::DATA, |posterior| {
        assert!(farthest(posterior.mean(), &x) < ROUNDING);
        let mut noise = [1.0; 2];
        posterior.noise(&mut noise).unwrap();
        assert_eq!(noise, [0.0; 2]);
        assert_eq!(
            posterior.jacobian_product(&[1.0; 2], &mut noise),
            Err(Error::Domain)
        );
    });
}

// samplers carry noise to the mixture: weights, means and spread of 4000 samples of DDIM and the solver
#[test] // law: diffusion-mixture
fn samples_are_of_the_mixture() {
    let table = table::<f64>(Betas::DDPM);
    let mixture = GaussianMixture::new(&[0.7, 0.3], &[2.0, -2.0], Spread::Isotropic(&[0.09; 2])).unwrap();
    let mut rng = stream(8, "samples", 0);
    let start: Vec<f64> = (0..4000).map(|_| normal(&mut rng)).collect();
    for method in [DDIM, Method::DpmSolver] {
        let hops = hops(&table, method, 100, Spacing::Trailing, Ending::Data);
        let (mut r, mut m) = ([0.0; 2], [0.0]);
        let mut model = MixtureDenoiser::new(mixture, &mut r, &mut m).unwrap();
        let sample = run(method, Prediction::Noise, &hops, &start, &mut model);
        let right: Vec<f64> = sample.iter().copied().filter(|x| *x > 0.0).collect();
        let count = right.len() as f64;
        // five binomial deviations, and the 1e-2 by which ab_T > 0 tilts the start
        assert!(
            (count / 4000.0 - 0.7).abs() < 5.0 * (0.21_f64 / 4000.0).sqrt() + 1e-2,
            "{count}"
        );
        let mean = right.iter().sum::<f64>() / count;
        let spread = (right.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / count).sqrt();
        assert!(
            (mean - 2.0).abs() < 0.03 && (spread - 0.3).abs() < 0.03,
            "{method:?}: {mean} {spread}"
        );
    }
}

// 24 bits beside 53, and a batch is its members
#[test] // edge: diffusion-mixture
fn single_precision_and_batches() {
    let (example, level) = (Example::new(3), Level::of_alpha_bar(2.0, 0.5).unwrap());
    let narrow = |x: &[f64]| x.iter().map(|x| *x as f32).collect::<Vec<_>>();
    let (w, m, c) = (
        narrow(&example.weights),
        narrow(&example.means),
        narrow(&example.diagonal),
    );
    let single = GaussianMixture::new(&w, &m, Spread::Diagonal(&c)).unwrap();
    let batch = [point(1), point(2)].concat();
    let (mut r, mut mean, mut out) = ([0.0_f32; K], [0.0; D], [0.0; 2 * D]);
    let mut model = MixtureDenoiser::new(single, &mut r, &mut mean).unwrap();
    model.predict(&narrow(&batch), &level, &mut out).unwrap();
    let [_, mixture] = example.mixtures();
    for (x, got) in batch.chunks(D).zip(out.chunks(D)) {
        let mut expected = [0.0; D];
        with(&mixture, x, &level, |posterior| {
            posterior.noise(&mut expected).unwrap();
        });
        assert!(farthest(&wide(got), &expected) < SINGLE);
    }
    let mut model = MixtureDenoiser::new(mixture, &mut [0.0; K], &mut [0.0; D]).map(|_| ());
    assert_eq!(model, Ok(()));
    model = MixtureDenoiser::new(mixture, &mut [0.0; 2], &mut [0.0; D]).map(|_| ());
    assert_eq!(model, Err(Error::Shape));
}

#[test] // edge: diffusion-mixture
fn refusals() {
    let new = |w: &[f64], m: &[f64], spread: Spread<'_, f64>| GaussianMixture::new(w, m, spread).err();
    let two = Spread::Isotropic(&[1.0, 1.0]);
    assert_eq!(new(&[1.0, 2.0], &[0.0; 4], two), None);
    assert_eq!(new(&[], &[], Spread::Isotropic(&[])), Some(Error::Shape));
    assert_eq!(new(&[1.0, 2.0], &[0.0; 3], two), Some(Error::Shape));
    assert_eq!(
        new(&[1.0, 2.0], &[0.0; 4], Spread::Isotropic(&[1.0])),
        Some(Error::Shape)
    );
    assert_eq!(
        new(&[1.0, 2.0], &[0.0; 4], Spread::Diagonal(&[1.0; 2])),
        Some(Error::Shape)
    );
    assert_eq!(new(&[1.0, f64::NAN], &[0.0; 4], two), Some(Error::NonFinite));
    assert_eq!(
        new(&[1.0, 1.0], &[0.0, 0.0, 0.0, f64::INFINITY], two),
        Some(Error::NonFinite)
    );
    assert_eq!(
        new(
            &[1.0, 1.0],
            &[0.0; 4],
            Spread::Diagonal(&[1.0, 1.0, 1.0, f64::NAN])
        ),
        Some(Error::NonFinite)
    );
    assert_eq!(new(&[1.0, 0.0], &[0.0; 4], two), Some(Error::Domain));
    assert_eq!(
        new(&[1.0, 1.0], &[0.0; 4], Spread::Isotropic(&[1.0, -1e-9])),
        Some(Error::Domain)
    );

    let mixture = GaussianMixture::new(&[1.0, 1.0], &[0.0; 4], Spread::Isotropic(&[1.0, 0.0])).unwrap();
    let level = Level::of_alpha_bar(1.0, 0.5).unwrap();
    let refuse = |x: &[f64], level: &Level, k: usize, d: usize| {
        mixture
            .posterior(x, level, &mut vec![0.0; k], &mut vec![0.0; d])
            .err()
    };
    assert_eq!(refuse(&[0.1; 2], &level, 2, 2), None);
    assert_eq!(refuse(&[0.1; 3], &level, 2, 2), Some(Error::Shape));
    assert_eq!(refuse(&[0.1; 2], &level, 1, 2), Some(Error::Shape));
    assert_eq!(refuse(&[0.1; 2], &level, 2, 3), Some(Error::Shape));
    assert_eq!(refuse(&[0.1, f64::NAN], &level, 2, 2), Some(Error::NonFinite));
    assert_eq!(refuse(&[1e200; 2], &level, 2, 2), Some(Error::NonFinite));
    assert_eq!(refuse(&[0.1; 2], &Level::DATA, 2, 2), Some(Error::Domain));
    with(&mixture, &[0.1; 2], &level, |posterior| {
        assert_eq!(posterior.score(&mut [0.0; 3]), Err(Error::Shape));
        assert_eq!(posterior.noise(&mut [0.0; 1]), Err(Error::Shape));
        assert_eq!(
            posterior.jacobian_product(&[0.0; 3], &mut [0.0; 2]),
            Err(Error::Shape)
        );
        assert_eq!(
            posterior.jacobian_product(&[f64::NAN; 2], &mut [0.0; 2]),
            Err(Error::NonFinite)
        );
    });
}
