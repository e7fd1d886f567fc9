//! Diffusion models: schedules, samplers, exact denoisers, and the geometry of a Jacobian.
//!
//! Conventions, of the whole project. A level of noise mixes data and noise so that variances add to one,
//!
//! ```text
//! x = sqrt(ab) x0 + sqrt(1 - ab) e,     ab in [0, 1] falls with the time t = 0 .. T-1,     ab = 1: data
//! sigma = sqrt((1 - ab) / ab)           SNR = ab / (1 - ab) = 1 / sigma²
//! eps*(x) = E[e | x] = -sqrt(1 - ab) ∇ ln p(x)         x0hat = (x - sqrt(1 - ab) eps) / sqrt(ab)
//! ```
//! A model always sees this x and its [`Level`]; samplers that work on x / sqrt(ab) ([`euler`], [`heun`]) scale it
//! themselves. Coefficients are computed in f64 for both scalars, states are in the scalar of the caller. A state
//! may hold a batch: samplers act entry by entry.
//!
//! Start here: a schedule, a plan of hops, a model, a run. The method fixes the lengths of the memory that is lent.
//!
//! ```
//! use gibbs_core::diffusion::plan::{self, Ending};
//! use gibbs_core::diffusion::timesteps::{Spacing, timesteps};
//! use gibbs_core::diffusion::*;
//! use gibbs_core::random::stream;
//!
//! # fn main() -> Result<(), gibbs_core::Error> {
//! const METHOD: Method = Method::Ddim { eta: 0.0, clip: None };
//! let table = Table::<f32, 1000>::new(Betas::DDPM)?;
//! let (mut chosen, mut hops) = ([0; 10], [Hop::NONE; 10]);
//! timesteps(Spacing::Trailing, 1000, &mut chosen)?;
//! plan::ddim(&table.schedule(), &chosen, Ending::Data, &mut hops)?;
//!
//! // Data at -1 and 1: the exact denoiser of two points with a little width.
//! let mixture = GaussianMixture::new(&[1.0, 1.0], &[-1.0, 1.0], Spread::Isotropic(&[0.01; 2]))?;
//! let (mut weights, mut mean) = ([0.0; 2], [0.0; 1]);
//! let mut model = MixtureDenoiser::new(mixture, &mut weights, &mut mean)?;
//!
//! let (mut state, mut history) = ([0.0_f32; 1], [0.0; METHOD.history_len(1)]);
//! gaussian(&mut stream(0, "first", 0))(&mut state);
//! let sampler = Sampler::new(METHOD, Prediction::Noise)?;
//! let mut run = Run::new(sampler, &hops, &mut state, &mut history)?;
//! run.finish(&mut model, &mut |_: &mut [f32]| (), &mut [0.0; METHOD.scratch_len(1)])?;
//! assert!((state[0].abs() - 1.0).abs() < 0.6);
//! # Ok(())
//! # }
//! ```
//!
//! Map: [`schedule`] makes the table of ab, [`timesteps`] chooses N of T, [`plan`] turns them into [`Hop`]s from level to
//! level. [`ddpm`], [`ddim`], [`euler`], [`heun`], [`dpm_solver`] make one hop each; [`sampler`] runs a [`Denoiser`] along a
//! plan, one step at a time. [`prediction`] says what a model's output means, [`guidance`] combines outputs.
//! [`mixture`] and [`spins`] are exact denoisers, [`mlp`] a small learned one. [`subspace`] finds the leading singular
//! triplets of a [`LinearOperator`].

pub mod ddim;
pub mod ddpm;
pub mod dpm_solver;
pub mod euler;
pub mod guidance;
pub mod heun;
pub mod level;
pub mod mixture;
pub mod mlp;
pub mod plan;
pub mod prediction;
pub mod sampler;
pub mod schedule;
pub mod spins;
pub mod subspace;
pub mod timesteps;

pub use level::{Hop, Level};
pub use mixture::{GaussianMixture, MixtureDenoiser, Posterior, Spread};
pub use mlp::{Layer, Mlp, MlpDenoiser};
pub use prediction::Prediction;
pub use sampler::{Denoiser, Method, Progress, Run, Sampler, gaussian};
pub use schedule::{Betas, Schedule, Table};
pub use subspace::{Basis, LinearOperator, Outcome, SubspaceIteration, Triplets};
pub use timesteps::Spacing;
