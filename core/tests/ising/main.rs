//! Ising models against enumeration, exact identities, golden instances and refusals.
#![allow(clippy::doc_markdown)] // formulas in prose

mod anneal;
mod balance;
mod bifurcation;
mod exponential;
mod instances;
mod integer;
mod oracle;
