//! Ising models on a host: large lattices, problems from files, exact results, statistics.

pub mod lattice;
