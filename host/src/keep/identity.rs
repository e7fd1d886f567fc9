//! What a run depends on.

use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::fmt::{Debug, Display};

/// Everything that the bits of a run depend on, in words: family and verb, version of the program, seed, options, a hash of
/// the data.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    run: &'static str,
    entries: Vec<(&'static str, String)>,
}

impl Identity {
    /// A run of this family and verb, such as `ising.anneal`, with this seed.
    pub fn new(run: &'static str, seed: u64) -> Self {
        Self {
            run,
            entries: vec![
                ("program", env!("CARGO_PKG_VERSION").to_owned()),
                ("seed", seed.to_string()),
            ],
        }
    }

    /// That depends on `value` as well, which messages call `what`.
    #[must_use]
    pub fn with(mut self, what: &'static str, value: impl Display) -> Self {
        self.entries.push((what, value.to_string()));
        self
    }

    /// That depends on all that `options` prints for debugging: kept as its hash.
    #[must_use]
    pub fn options(self, options: &impl Debug) -> Self {
        let hash = fnv1a(FNV_OFFSET, format!("{options:?}").as_bytes());
        self.with("options", format_args!("{hash:016x}"))
    }

    /// That depends on these bytes of data: kept as their hash.
    #[must_use]
    pub fn data(self, hash: u64) -> Self {
        self.with("data", format_args!("{hash:016x}"))
    }

    /// Family and verb.
    pub fn run(&self) -> &'static str {
        self.run
    }

    /// The name of the file: the verb's.
    pub fn file(&self) -> String {
        format!("{}.checkpoint", self.run.rsplit('.').next().unwrap_or(self.run))
    }

    /// What the run depends on, entry by entry, the run itself first.
    pub(super) fn entries(&self) -> impl Iterator<Item = (&'static str, &str)> {
        let rest = self.entries.iter().map(|(what, value)| (*what, value.as_str()));
        std::iter::once(("run", self.run)).chain(rest)
    }
}
