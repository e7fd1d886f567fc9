//! `gibbs_core::diffusion`: schedules, plans, every sampler, guidance, exact denoisers, the perceptron, subspace
//! iteration. Both floats, lengths that the compiler does not know and that need not fit together.
#![no_std]
#![no_main]

use gibbs_core::diffusion::ddpm::{self, Variance};
use gibbs_core::diffusion::dpm_solver::{self, Previous};
use gibbs_core::diffusion::guidance::{classifier_free, shifted, x_space};
use gibbs_core::diffusion::mlp::time_features;
use gibbs_core::diffusion::plan::{self, Ending, KarrasGrid, invert};
use gibbs_core::diffusion::schedule::{alpha_bars, rescale_to_zero_terminal};
use gibbs_core::diffusion::spins::posterior_mean;
use gibbs_core::diffusion::timesteps::{fractional, multistep, timesteps};
use gibbs_core::diffusion::{
    Betas, Denoiser, GaussianMixture, Hop, Layer, Level, Method, MixtureDenoiser, Mlp, MlpDenoiser,
    Prediction, Run, Sampler, Schedule, Spacing, Spread, Table, ddim, euler, gaussian, heun,
};
use gibbs_core::linalg::subspace::{self, Basis};
use gibbs_core::linalg::{LinearOperator, SubspaceIteration, Triplets};
use gibbs_core::math::Real;
use gibbs_core::random::{Xoshiro256PlusPlus, stream};
use gibbs_panic_proof::{given, taken};

gibbs_panic_proof::program!(diffusion);

fn diffusion() {
    let mut rng = stream(given(1), given("name"), given(2));
    both_scalars::<f32>(&mut rng);
    both_scalars::<f64>(&mut rng);
}

/// A slice of a length that only the running program knows.
fn some<T>(values: &mut [T]) -> &mut [T] {
    let length = given(values.len());
    values.get_mut(..length).unwrap_or_default()
}

fn both_scalars<T: Real>(rng: &mut Xoshiro256PlusPlus) {
    plans::<T>(rng);
    steps::<T>();
    denoisers::<T>(rng);
    iteration::<T>(rng);
}

fn plans<T: Real>(rng: &mut Xoshiro256PlusPlus) {
    let mut table = given([T::HALF; 9]);
    taken(alpha_bars(given(Betas::DDPM), some(&mut table)));
    taken(rescale_to_zero_terminal(some(&mut table)));
    taken(Schedule::zero_terminal(some(&mut table)).is_ok());
    if let Ok(table) = Table::<T, 9>::new(given(Betas::SquaredCosine)) {
        taken((table.schedule().steps(), table.schedule().alpha_bar().len()));
    }
    let (mut whole, mut times, mut hops) = (given([3_u32; 9]), given([2.5; 9]), given([Hop::NONE; 9]));
    let (whole, times, hops) = (some(&mut whole), some(&mut times), some(&mut hops));
    taken(timesteps(given(Spacing::Trailing), given(9), whole));
    taken(multistep(given(Spacing::Leading { offset: 1 }), given(9), whole));
    taken(fractional(given(Spacing::Linspace), given(9), times));
    taken(KarrasGrid::EDM.plan(given, hops));
    if let Ok(schedule) = Schedule::new(some(&mut table)) {
        taken((schedule.level(given(3)), schedule.signal_to_noise(given(3))));
        taken((schedule.log_signal_to_noise(given(3)), schedule.sigma(given(1.5))));
        taken(schedule.interpolated(given(1.5)));
        taken(plan::ddpm(&schedule, whole, hops));
        taken(plan::ddim(&schedule, whole, given(Ending::Data), hops));
        taken(plan::sigmas(&schedule, times, hops));
    }
    invert(hops);
    for method in [
        Method::Ddpm {
            variance: given(Variance::FixedSmall),
            clip: given(Some(1.0)),
        },
        Method::Ddim {
            eta: given(0.5),
            clip: given(None),
        },
        given(Method::Euler),
        given(Method::Heun),
        given(Method::DpmSolver),
    ] {
        if let Ok(sampler) = Sampler::new(given(method), given(Prediction::Velocity))
            && let Ok(sampler) = sampler.bounded(given(Some(1.0)))
        {
            runs::<T>(sampler, hops, rng);
        }
    }
}

fn runs<T: Real>(sampler: Sampler, hops: &[Hop], rng: &mut Xoshiro256PlusPlus) {
    let (mut state, mut history, mut scratch) = (given([T::ONE; 6]), given([T::ONE; 6]), given([T::ONE; 30]));
    taken((sampler.method(), sampler.prediction(), sampler.is_scaled()));
    taken(sampler.bound());
    taken((
        sampler.history_len(given(6)),
        sampler.scratch_len(given(6)),
        sampler.evaluations(hops),
    ));
    taken(sampler.scale_start(&given(Level::DATA), given(Spacing::Linspace), some(&mut state)));
    taken(Run::resume(sampler, hops, some(&mut state), some(&mut history), given(2)).is_ok());
    if let Ok(mut run) = Run::new(sampler, hops, some(&mut state), some(&mut history)) {
        let (mut weights, mut means, mut variances) =
            (given([T::ONE; 2]), given([T::ONE; 6]), given([T::ONE; 6]));
        let spread = Spread::Diagonal(some(&mut variances));
        let (mut responsibilities, mut mean) = (given([T::ONE; 2]), given([T::ONE; 3]));
        if let Ok(mixture) = GaussianMixture::new(some(&mut weights), some(&mut means), spread)
            && let Ok(mut model) = MixtureDenoiser::new(mixture, some(&mut responsibilities), some(&mut mean))
        {
            let mut noise = gaussian(rng);
            taken(run.step(&mut model, &mut noise, some(&mut scratch)));
            taken(run.finish(&mut model, &mut noise, some(&mut scratch)));
        }
        taken((run.state().len(), run.history().len(), run.done(), run.progress()));
    }
}

fn steps<T: Real>() {
    let (mut a, mut b, mut c) = (given([T::ONE; 6]), given([T::HALF; 6]), given([T::TWO; 6]));
    let (mut d, mut next) = (given([T::ONE; 6]), given([T::ONE; 6]));
    let (a, b, c, d) = (some(&mut a), some(&mut b), some(&mut c), some(&mut d));
    let next = some(&mut next);
    let (hop, told) = (given(Hop::NONE), given(Prediction::Sample));
    let (clip, variance) = (given(Some(1.0)), given(Variance::FixedLarge));
    taken((ddpm::is_random(&hop), heun::is_corrected(&hop)));
    taken(ddpm::step(a, b, c, &hop, told, variance, clip, next));
    taken(ddim::step(a, b, c, &hop, told, given(0.5), clip, next));
    taken(told.bound(a, next, &hop.from, given(1.0)));
    taken(euler::scaled(a, &hop.from, next));
    taken(euler::step(a, b, &hop, told, next));
    taken(heun::correct(a, b, c, d, &hop, told, next));
    taken(dpm_solver::predicted_data(a, next, &hop, told));
    taken(dpm_solver::step(
        a,
        b,
        given(Some(Previous { data: c, hop: &hop })),
        &hop,
        next,
    ));
    taken(classifier_free(a, b, given(T::TWO), next));
    taken(shifted(a, b, given(T::TWO), next));
    taken(x_space(a, b, c, given(T::TWO), next));
    taken(told.target(a, b, &hop.from, next));
    taken(told.split(a, b, &hop.from, next, d));
    taken((
        Level::of_alpha_bar(given(1.0), given(0.5)),
        Level::of_sigma(given(1.0), given(0.5)),
    ));
    let level = hop.to.at(given(3.0));
    taken((
        level.timestep(),
        level.signal(),
        level.noise(),
        level.alpha_bar(),
        level.sigma(),
    ));
    let mut weights = given([T::ONE; 64]);
    taken(posterior_mean(some(&mut weights), a, &hop.from, next));
}

fn denoisers<T: Real>(rng: &mut Xoshiro256PlusPlus) {
    let (mut first, mut second) = (given([T::ONE; 40]), given([T::ONE; 15]));
    let (mut bias, mut last) = (given([T::ONE; 5]), given([T::ONE; 3]));
    let (mut x, mut out, mut scratch) = (given([T::ONE; 6]), given([T::ONE; 6]), given([T::ONE; 16]));
    taken(time_features(given(T::TWO), some(&mut out)));
    let mut layers = given([
        Layer {
            weight: some(&mut first),
            bias: some(&mut bias),
        },
        Layer {
            weight: some(&mut second),
            bias: some(&mut last),
        },
    ]);
    if let Ok(mlp) = Mlp::new(some(&mut layers)) {
        taken((mlp.state_len(), mlp.scratch_len()));
        taken(mlp.forward(some(&mut x), given(T::TWO), some(&mut out), some(&mut scratch)));
        if let Ok(mut model) = MlpDenoiser::new(mlp, some(&mut scratch)) {
            taken(model.predict(some(&mut x), &given(Level::DATA), some(&mut out)));
        }
    }
    let (mut weights, mut means, mut variances) =
        (given([T::ONE; 2]), given([T::ONE; 12]), given([T::ONE; 2]));
    let spread = Spread::Isotropic(some(&mut variances));
    if let Ok(mixture) = GaussianMixture::new(some(&mut weights), some(&mut means), spread) {
        taken((mixture.dimension(), mixture.components()));
        let (mut r, mut mean) = (given([T::ONE; 2]), given([T::ONE; 6]));
        let posterior = mixture.posterior(some(&mut x), &given(Level::DATA), some(&mut r), some(&mut mean));
        if let Ok(mut posterior) = posterior {
            taken((
                posterior.mean().len(),
                posterior.responsibilities().len(),
                posterior.log_density(),
            ));
            taken((posterior.score(some(&mut out)), posterior.noise(some(&mut out))));
            let mut tangent = given([T::ONE; 6]);
            taken(posterior.jacobian_product(some(&mut tangent), some(&mut out)));
            taken(posterior.apply_transposed(some(&mut tangent), some(&mut out)));
            fixed(&mut posterior, rng);
        }
    }
}

fn fixed<T: Real, J: LinearOperator<T, Error = gibbs_core::Error>>(
    operator: &mut J,
    rng: &mut Xoshiro256PlusPlus,
) {
    let options = given(SubspaceIteration {
        tolerance: 1e-3,
        max_passes: 9,
    });
    let mut basis = given(Basis::<T, 6, 6, 2>::new());
    basis.scatter(rng);
    taken(basis.run(&options, operator).is_ok());
    taken((
        basis.right().len(),
        basis.left().len(),
        basis.values().len(),
        basis.residuals().len(),
    ));
}

/// The operator that keeps the first entries.
struct Cut {
    inputs: usize,
    outputs: usize,
}

impl<T: Real> LinearOperator<T> for Cut {
    type Error = gibbs_core::Error;

    fn inputs(&self) -> usize {
        self.inputs
    }

    fn outputs(&self) -> usize {
        self.outputs
    }

    fn apply(&mut self, vectors: &[T], images: &mut [T]) -> Result<(), Self::Error> {
        let columns = images.chunks_exact_mut(self.outputs.max(1));
        for (image, vector) in columns.zip(vectors.chunks_exact(self.inputs.max(1))) {
            for (y, x) in image.iter_mut().zip(vector) {
                *y = *x;
            }
        }
        Ok(())
    }

    fn apply_transposed(&mut self, covectors: &[T], images: &mut [T]) -> Result<(), Self::Error> {
        let turned = &mut Self {
            inputs: self.outputs,
            outputs: self.inputs,
        };
        turned.apply(covectors, images)
    }
}

fn iteration<T: Real>(rng: &mut Xoshiro256PlusPlus) {
    let (mut right, mut left) = (given([T::ONE; 12]), given([T::ONE; 12]));
    let (mut values, mut residuals) = (given([T::ONE; 3]), given([T::ONE; 3]));
    let mut scratch = given([T::ONE; 60]);
    subspace::scatter(some(&mut right), rng);
    let mut triplets = Triplets {
        right: some(&mut right),
        left: some(&mut left),
        values: some(&mut values),
        residuals: some(&mut residuals),
    };
    let mut operator = given(Cut {
        inputs: 4,
        outputs: 4,
    });
    let options = given(SubspaceIteration {
        tolerance: 1e-3,
        max_passes: 9,
    });
    taken(SubspaceIteration::scratch_len(given(4), given(3)));
    taken(
        options
            .run(&mut operator, &mut triplets, some(&mut scratch))
            .is_ok(),
    );
}
