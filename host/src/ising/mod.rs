//! Ising models beyond one device: what is known exactly, the statistics of what is measured.

pub mod oracle;
pub mod statistics;
pub mod transition;
