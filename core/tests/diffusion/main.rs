//! Diffusion models against closed forms, exact identities, golden values and refusals.
#![allow(clippy::doc_markdown)] // formulas in prose

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod ancestral;
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
