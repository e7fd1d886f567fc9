//! What the cross-room tests share: which tools the machine has ([`tools`]), child builds ([`build`]), boards
//! under QEMU ([`boards`]), the footprint of the firmware against its budgets ([`footprint`]), the registry of methods
//! ([`registry`]) with the evidence that the tests say they are ([`evidence`]), the tables of the book ([`book`]) and its
//! gallery ([`gallery`]).
//!
//! A test whose tools are missing passes with one line on stderr. `GIBBS_REQUIRE_TOOLS=1` (set by `.ci/run`)
//! makes the same case a failure, so that nothing is skipped unseen where it must run.

pub mod boards;
pub mod book;
pub mod build;
pub mod evidence;
pub mod footprint;
pub mod gallery;
pub mod registry;
pub mod tools;

/// The code of the book, run as tests: each page with a block of Rust.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../docs/src/five-minutes/firmware.md")]
    pub struct Firmware;
}

use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .map_or_else(PathBuf::new, Path::to_path_buf)
}

/// A failed step: what was tried and what it said.
pub struct Failure(pub String);

/// The text as it is: a test that returns a failure prints its `Debug` form, and a linker's message with its
/// line breaks escaped cannot be read.
impl std::fmt::Debug for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Failure {}

/// Adds what was being done to any error.
pub(crate) fn failed<E: std::fmt::Display>(what: impl std::fmt::Display) -> impl FnOnce(E) -> Failure {
    move |error| Failure(format!("{what}: {error}"))
}

/// A file of the repository as text.
///
/// # Errors
/// Names the file and the reason when it cannot be read.
pub fn read(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path).map_err(failed(path.display()))
}

/// A file of the repository as a TOML table.
///
/// # Errors
/// Names the file and the reason when it cannot be read or parsed.
pub fn read_toml(path: &Path) -> Result<toml::Table, Failure> {
    read(path)?.parse().map_err(failed(path.display()))
}
