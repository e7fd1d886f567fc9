//! Diffusion models: schedules and plans, every sampler on the mixture oracle, spins, subspace iteration, the
//! perceptron; and the decompositions beneath them.

use crate::Hash;
use core::hint::black_box;
use gibbs_core::Error;
use gibbs_core::diffusion::ddpm::Variance;
use gibbs_core::diffusion::plan::{self, Ending, KarrasGrid, invert};
use gibbs_core::diffusion::schedule::rescale_to_zero_terminal;
use gibbs_core::diffusion::spins::posterior_mean;
use gibbs_core::diffusion::timesteps::{fractional, multistep, timesteps};
use gibbs_core::diffusion::{
    Betas, GaussianMixture, Hop, Layer, Level, Method, MixtureDenoiser, Mlp, MlpDenoiser, Prediction, Run,
    Sampler, Spacing, Spread, Table, gaussian,
};
use gibbs_core::linalg::{
    Basis, Rotations, SubspaceIteration, orthonormalise, polar, polar_scratch, principal_angles,
    principal_angles_scratch, singular_values, symmetric_eigen,
};
use gibbs_core::math::Real;
use gibbs_core::random::{normal, stream};

/// Training steps of the tables here.
const STEPS: usize = 40;
/// Hops of the plans here.
const HOPS: usize = 6;

/// Betas that leave 40 steps about as noisy as 1000 of the usual ones.
const BETAS: Betas = Betas::ScaledLinear {
    first: 2e-3,
    last: 0.3,
};

fn level(hash: &mut Hash, level: &Level) {
    hash.reals(&[level.timestep(), level.signal(), level.noise()]);
}

/// Tables of all betas, the rescaled table, and the plans of all spacings.
#[inline(never)]
pub(crate) fn schedules<T: Real>() -> u64 {
    let mut hash = Hash::default();
    for betas in [Betas::DDPM, BETAS, Betas::SquaredCosine] {
        let Some(table) = hash.outcome(Table::<T, STEPS>::new(black_box(betas))) else {
            continue;
        };
        let schedule = table.schedule();
        hash.reals(schedule.alpha_bar());
        let mut rescaled = [T::ZERO; STEPS];
        for (to, from) in rescaled.iter_mut().zip(schedule.alpha_bar()) {
            *to = *from;
        }
        hash.outcome(rescale_to_zero_terminal(&mut rescaled));
        hash.reals(&rescaled);
        if let Some(lambda) = hash.outcome(schedule.log_signal_to_noise(black_box(3))) {
            hash.real(lambda);
        }
        for spacing in [
            Spacing::Leading { offset: 1 },
            Spacing::Linspace,
            Spacing::Trailing,
        ] {
            let (mut whole, mut times, mut hops) = ([0; HOPS], [0.0; HOPS], [Hop::NONE; HOPS]);
            hash.outcome(multistep(spacing, schedule.steps(), &mut whole));
            for t in whole {
                hash.word(u64::from(t));
            }
            hash.outcome(timesteps(spacing, schedule.steps(), &mut whole));
            hash.outcome(plan::ddpm(&schedule, &whole, &mut hops));
            visit(&mut hash, &hops);
            hash.outcome(plan::ddim(&schedule, &whole, Ending::FirstStep, &mut hops));
            invert(&mut hops);
            visit(&mut hash, &hops);
            hash.outcome(fractional(spacing, schedule.steps(), &mut times));
            hash.outcome(plan::sigmas(&schedule, &times, &mut hops));
            visit(&mut hash, &hops);
        }
    }
    hash.value()
}

fn visit(hash: &mut Hash, hops: &[Hop]) {
    for hop in hops {
        level(hash, &hop.from);
        level(hash, &hop.to);
    }
}

const METHODS: [Method; 6] = [
    Method::Ddpm {
        variance: Variance::FixedLarge,
        clip: Some(1.5),
    },
    Method::Ddpm {
        variance: Variance::FixedSmall,
        clip: None,
    },
    Method::Ddim { eta: 0.5, clip: None },
    Method::Euler,
    Method::Heun,
    Method::DpmSolver,
];

/// Three components in two dimensions.
fn mixture<R>(look: impl FnOnce(GaussianMixture<'_, R>) -> Result<(), Error>) -> Result<(), Error>
where
    R: Real,
{
    let weights = [0.5, 0.3, 0.2].map(R::of);
    let means = [1.0, 0.5, -1.0, 0.25, 0.0, -1.5].map(R::of);
    let variances = [0.1, 0.2, 0.05, 0.0, 0.3, 0.1].map(R::of);
    look(GaussianMixture::new(
        &weights,
        &means,
        Spread::Diagonal(&variances),
    )?)
}

/// A batch of two through every sampler, with the exact noise of a mixture.
#[inline(never)]
pub(crate) fn samplers<T: Real>() -> u64 {
    let mut hash = Hash::default();
    for (method, bound) in METHODS
        .into_iter()
        .zip([None, None, Some(0.5), None, Some(0.5), None])
    {
        let sampled = mixture::<T>(|mixture| sample(&mut hash, mixture, black_box((method, bound))));
        hash.outcome(sampled);
    }
    hash.value()
}

#[inline(never)]
fn sample<T: Real>(
    hash: &mut Hash,
    mixture: GaussianMixture<'_, T>,
    (method, bound): (Method, Option<f64>),
) -> Result<(), Error> {
    let mut hops = [Hop::NONE; HOPS];
    KarrasGrid::EDM.plan(|sigma| sigma, &mut hops)?;
    let sampler = Sampler::new(method, Prediction::Noise)?.bounded(bound)?;
    let mut rng = stream(black_box(11), "workload/diffusion", 0);
    let mut noise = gaussian(&mut rng);
    let (mut state, mut history, mut scratch) = ([T::ZERO; 4], [T::ZERO; 4], [T::ZERO; 20]);
    noise(&mut state);
    if let Some(first) = hops.first() {
        sampler.scale_start(&first.from, Spacing::Linspace, &mut state)?;
    }
    let (mut responsibilities, mut mean) = ([T::ZERO; 3], [T::ZERO; 2]);
    let mut model = MixtureDenoiser::new(mixture, &mut responsibilities, &mut mean)?;
    let mut run = Run::new(sampler, &hops, &mut state, &mut history)?;
    run.finish(&mut model, &mut noise, &mut scratch)?;
    hash.reals(run.state());
    hash.reals(run.history());
    Ok(())
}

/// What the exact denoisers say: density, mean, score, Jacobian; spins.
#[inline(never)]
pub(crate) fn oracles<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let seen = mixture::<T>(|mixture| {
        for (alpha_bar, x) in [(0.9, [0.3, -0.7]), (0.2, [-1.5, 0.1])] {
            let level = Level::of_alpha_bar(1.0, black_box(alpha_bar))?;
            let (x, mut out) = (x.map(T::of), [T::ZERO; 2]);
            let (mut responsibilities, mut mean) = ([T::ZERO; 3], [T::ZERO; 2]);
            let posterior = mixture.posterior(&x, &level, &mut responsibilities, &mut mean)?;
            hash.real(posterior.log_density());
            hash.reals(posterior.mean());
            hash.reals(posterior.responsibilities());
            posterior.score(&mut out)?;
            hash.reals(&out);
            posterior.jacobian_product(&[T::ONE, T::HALF], &mut out)?;
            hash.reals(&out);
            let weights = [0.0, -1.0, 0.5, 2.0].map(T::of);
            posterior_mean(&weights, &x, &level, &mut out)?;
            hash.reals(&out);
        }
        Ok(())
    });
    hash.outcome(seen);
    hash.value()
}

/// The Jacobian's leading triplets.
#[inline(never)]
pub(crate) fn subspace<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let found = mixture::<T>(|mixture| {
        let level = Level::of_alpha_bar(1.0, black_box(0.4))?;
        let x = [0.3, -0.2].map(T::of);
        let (mut responsibilities, mut mean) = ([T::ZERO; 3], [T::ZERO; 2]);
        let mut posterior = mixture.posterior(&x, &level, &mut responsibilities, &mut mean)?;
        let mut basis = Basis::<T, 2, 2, 1>::new();
        basis.scatter(&mut stream(black_box(12), "workload/subspace", 0));
        let options = SubspaceIteration {
            tolerance: 1e-4,
            max_passes: 40,
        };
        let outcome = basis.run(&options, &mut posterior)?;
        hash.word(u64::from(outcome.passes) << 1 | u64::from(outcome.converged));
        hash.reals(&[outcome.sine, outcome.residual]);
        hash.reals(basis.right().as_flattened());
        hash.reals(basis.left().as_flattened());
        hash.reals(basis.values());
        Ok(())
    });
    hash.outcome(found);
    hash.value()
}

/// A perceptron 4 + 4 - 8 - 4 of random weights, by DDIM.
#[inline(never)]
pub(crate) fn perceptron<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let sampled = sample_perceptron::<T>(&mut hash);
    hash.outcome(sampled);
    hash.value()
}

fn sample_perceptron<T: Real>(hash: &mut Hash) -> Result<(), Error> {
    let mut rng = stream(black_box(13), "workload/perceptron", 0);
    let (mut first, mut second) = ([T::ZERO; 64], [T::ZERO; 32]);
    for weight in first.iter_mut().chain(&mut second) {
        *weight = T::of(0.3) * normal::<T>(&mut rng);
    }
    let layers = [
        Layer {
            weight: &first,
            bias: &[T::HALF; 8],
        },
        Layer {
            weight: &second,
            bias: &[T::ZERO; 4],
        },
    ];
    let mlp = Mlp::new(&layers)?;
    let table = Table::<T, STEPS>::new(BETAS)?;
    let (mut chosen, mut hops) = ([0; HOPS], [Hop::NONE; HOPS]);
    timesteps(Spacing::Trailing, table.schedule().steps(), &mut chosen)?;
    plan::ddim(&table.schedule(), &chosen, Ending::Data, &mut hops)?;
    let (mut state, mut scratch, mut inner) = ([T::ZERO; 4], [T::ZERO; 8], [T::ZERO; 16]);
    let mut noise = gaussian(&mut rng);
    noise(&mut state);
    let sampler = Sampler::new(Method::Ddim { eta: 0.0, clip: None }, Prediction::Velocity)?;
    let mut model = MlpDenoiser::new(mlp, &mut inner)?;
    let mut run = Run::new(sampler, &hops, &mut state, &mut [])?;
    run.finish(&mut model, &mut noise, &mut scratch)?;
    hash.reals(run.state());
    Ok(())
}

fn ended(hash: &mut Hash, end: Result<Rotations, Error>) {
    if let Some(end) = hash.outcome(end) {
        hash.word(u64::from(end.sweeps) << 1 | u64::from(end.converged));
    }
}

/// Gram and Schmidt, singular values, eigenvalues, the polar factor, angles.
#[inline(never)]
pub(crate) fn decompositions<T: Real>() -> u64 {
    let mut hash = Hash::default();
    let mut rng = stream(black_box(14), "workload/decompositions", 0);
    let (mut a, mut b) = ([T::ZERO; 15], [T::ZERO; 15]);
    for x in a.iter_mut().chain(&mut b) {
        *x = normal(&mut rng);
    }
    let (mut u, mut values, mut square) = (a, [T::ZERO; 3], [T::ZERO; 9]);
    ended(&mut hash, singular_values(&mut u, 5, &mut values, &mut square));
    hash.reals(&u);
    hash.reals(&values);
    hash.reals(&square);
    for a in [&mut a, &mut b] {
        if let Some(rank) = hash.outcome(orthonormalise(a, 5, T::EPSILON)) {
            hash.word(rank as u64);
        }
        hash.reals(a);
    }
    let mut scratch = [T::ZERO; principal_angles_scratch(5, 3)];
    ended(&mut hash, principal_angles(&a, &b, 5, &mut values, &mut scratch));
    hash.reals(&values);
    let mut scratch = [T::ZERO; polar_scratch(3)];
    ended(&mut hash, polar(&mut square, 3, &mut scratch));
    hash.reals(&square);
    let mut symmetric = [2.0, 1.0, 0.5, 1.0, -1.0, 0.25, 0.5, 0.25, 3.0].map(T::of);
    ended(
        &mut hash,
        symmetric_eigen(&mut symmetric, &mut values, &mut square),
    );
    hash.reals(&values);
    hash.reals(&square);
    hash.value()
}
