//! Diffusion models against closed forms, exact identities, golden values and refusals.
//!
//! Mutations tried, each seen red:
//!
//! * schedules: betas spaced over T; the scaled root not squared; equal entries taken; interpolation backwards; the
//!   rescaled table without a_0. Timesteps: linspace from T; trailing one step lower; N points for N + 1 of the
//!   multistep rule; an offset one past the end taken.
//! * plans: the final ab ignored; DDIM one step further; inversion without the reversal, without the swap; r = 6 for 7.
//! * predictions: each sign of v. DDPM: sqrt(ab_t) for sqrt(ab_p); no floor of the variance; large taken for small; noise
//!   at step 0. DDIM: eta not squared; sign of s²; no clip.
//! * Euler backwards; input not scaled; Heun without 1/2, without its correction near the data, its second evaluation at
//!   the first level; DPM-Solver++ with r inverted, r for 2r, a hop of no width taken; the history not kept; the start of
//!   leading spacing as of the others.
//! * bounds: the noise not derived again; sign of the data in v; no exception at data.
//! * guidance: w = 1 and gamma = 0 by the general formula; sign in x-space.
//! * mixture: no determinants; weights not normalised; gain without signal; sign of the score; factor of the Jacobian.
//!   Spins: 1 / noise for 1 / noise²; bits of the other sense. Perceptron: SiLU on the last layer; cosines first; no bias.
//! * subspace iteration: sign; s for s² in the residual; the worst vector chosen to fill up; V not advanced.
//! * decompositions: sign of the rotation; scale lost (both); unsorted; one pass of Gram and Schmidt; no threshold; V for
//!   V' in the polar factor; sines in the order of the cosines; no projection.
#![allow(clippy::doc_markdown)] // formulas in prose

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod ancestral;
mod bounded;
mod flow;
mod goldens;
mod guidance;
mod inversion;
mod linalg;
mod mixture;
mod mlp;
mod oracle;
mod plans;
mod prediction;
mod refusals;
mod resume;
mod schedules;
mod spins;
mod subspace;
