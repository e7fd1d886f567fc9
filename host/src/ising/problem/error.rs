//! Why an edge list was refused: file, line, what was expected, what to do.

use crate::data::DataError;
use std::path::{Path, PathBuf};

/// Why a file gave no problem.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemError {
    /// The file cannot be read.
    #[error(transparent)]
    Data(#[from] DataError),
    /// One line cannot be taken.
    #[error("{path}: line {line}: {trouble}", path = .path.display())]
    Line {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        trouble: Trouble,
    },
    /// The whole cannot be taken.
    #[error("{path}: {trouble}", path = .path.display())]
    Whole {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What is wrong with it.
        trouble: Trouble,
    },
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Trouble {
    /// No entry.
    #[error("no entry, so no spin (N = 0)\nhint: lines `i,j,value`, or `i j value`, with indices from 0")]
    Empty,
    /// States of another problem, or none.
    #[error("{0}")]
    States(String),
    /// Bytes that are no text.
    #[error("not UTF-8 text\nhint: an edge list is text, lines `i,j,value` or `i j value`")]
    Encoding,
    /// Not three cells.
    #[error("{found} cells, expected 3: {form}{hint}")]
    Cells {
        /// How many there are.
        found: usize,
        /// The form of the file.
        form: &'static str,
        /// What may be the matter.
        hint: &'static str,
    },
    /// An index that is no index.
    #[error("index `{text}` is {what}, a whole number from {from} was expected\nhint: {hint}")]
    Index {
        /// The cell.
        text: String,
        /// What it is.
        what: &'static str,
        /// The first index.
        from: u64,
        /// What to do.
        hint: &'static str,
    },
    /// A value that is no number.
    #[error("value `{text}` is no number\nhint: a decimal point, an optional exponent: 1, -0.5, 2.5e-3")]
    Value {
        /// The cell.
        text: String,
    },
    /// A value that is NaN, infinite, or beyond the range of f64.
    #[error(
        "value `{text}` is not finite, or beyond the range of f64\nhint: leave out pairs that do not interact"
    )]
    NonFinite {
        /// The cell.
        text: String,
    },
    /// An index that would make the problem absurdly large.
    #[error("index {index} means {spins} spins, in a file of {entries} entries\nhint: number the spins from 0 without gaps, or confirm with --spins {spins}", spins = .index + 1)]
    Gap {
        /// The largest index.
        index: u64,
        /// Entries of the file.
        entries: usize,
    },
    /// An index beyond what is offered.
    #[error("index {index} is too large: at most {limit} spins are offered", limit = super::MOST_SPINS)]
    TooMany {
        /// The index.
        index: u64,
    },
    /// An index beyond `--spins`.
    #[error(
        "index {index} is not below --spins {spins}\nhint: indices count from 0; raise or leave out --spins"
    )]
    BeyondSpins {
        /// The index.
        index: u64,
        /// Spins asked for.
        spins: usize,
    },
    /// An ordered pair stands in the file twice.
    #[error("the pair {i}, {j} is already on line {first}\nhint: give each pair once{qubo}", qubo = if i == j { "; i = j is the field of spin i" } else { "; with --qubo entries add" })]
    Repeated {
        /// First index.
        i: u32,
        /// Second index.
        j: u32,
        /// Where it stood first.
        first: u64,
    },
    /// (i, j) and (j, i) with different values.
    #[error(
        "J({i}, {j}) = {value}, but line {first} says J({j}, {i}) = {other}: couplings must be symmetric\nhint: give each pair once, or twice with one value; with --qubo entries add"
    )]
    Asymmetric {
        /// First index.
        i: u32,
        /// Second index.
        j: u32,
        /// The value here.
        value: String,
        /// Where the other stood.
        first: u64,
        /// The other value.
        other: String,
    },
    /// What the file says of itself does not agree with its content, with the options, or with what is read here.
    #[error("the file says {says}\nhint: {hint}")]
    Form {
        /// What it says.
        says: String,
        /// What to do.
        hint: &'static str,
    },
    /// An edge from a vertex to itself, of a graph to be cut.
    #[error(
        "an edge from vertex {vertex} to itself cannot be cut\nhint: leave it out, or leave out --max-cut"
    )]
    Loop {
        /// The vertex, as it is numbered here, from 0.
        vertex: u32,
    },
    /// More bonds than 32-bit offsets hold.
    #[error("more than 2^31 - 1 bonds")]
    TooManyBonds,
    /// Couplings whose sums leave the range of f64.
    #[error("the sum of all magnitudes is beyond the range of f64\nhint: use a larger unit of energy")]
    Overflow,
}

impl Trouble {
    /// The stable name of the kind, as in the `kind` field of `gibbs.error/1`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Empty => "empty_file",
            Self::States(_) => "not_states",
            Self::Encoding => "not_utf8",
            Self::Cells { .. } => "ragged_row",
            Self::Index { .. } => "bad_index",
            Self::Value { .. } => "not_a_number",
            Self::NonFinite { .. } => "non_finite",
            Self::Gap { .. } | Self::TooMany { .. } => "too_many_spins",
            Self::BeyondSpins { .. } => "index_out_of_range",
            Self::Repeated { .. } => "repeated_pair",
            Self::Asymmetric { .. } => "asymmetric",
            Self::Form { .. } => "wrong_kind",
            Self::Loop { .. } => "loop",
            Self::TooManyBonds => "too_many_bonds",
            Self::Overflow => "overflow",
        }
    }

    pub(super) fn at(self, path: &Path, line: u64) -> ProblemError {
        let path = path.to_owned();
        ProblemError::Line {
            path,
            line,
            trouble: self,
        }
    }

    pub(super) fn of(self, path: &Path) -> ProblemError {
        let path = path.to_owned();
        ProblemError::Whole { path, trouble: self }
    }
}
