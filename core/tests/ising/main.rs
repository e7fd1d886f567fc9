//! Ising models against enumeration, exact identities, golden instances and refusals.
#![allow(clippy::doc_markdown)] // formulas in prose

#[allow(dead_code, unreachable_pub)] // one table for every room
#[path = "../../../fixtures/tolerances.rs"]
mod tolerances;

mod anneal;
mod balance;
mod bifurcation;
mod exponential;
mod instances;
mod integer;
mod oracle;
