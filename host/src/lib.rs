//! The statistical physics of learning: library and the `gibbs` command.
//!
//! * [`cli`]: the command line; one file per family.
//! * [`experiments`]: the reproduced papers, and the runner that checks them.
//! * [`progress`]: how long work tells that it advances.
//! * [`report`]: figures, tables and the page of results.
#![deny(unsafe_code)]

pub mod cli;
pub mod experiments;
pub mod progress;
pub mod report;
