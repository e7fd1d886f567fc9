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
