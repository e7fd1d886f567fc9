//! The problem file and the options that the verbs share.

use crate::cli::error::CliError;
use crate::cli::session::Session;
use crate::ising::anneal::SolveError;
use crate::ising::problem::ProblemError;
use crate::ising::{Energy, Kind, Problem};
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the problem is and how it is read.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Edge list, rudy/G-set graph, .qubo, or BQM JSON of dimod (see gibbs ising --help); - is standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The entries are a QUBO, E = sum of Q_ij x_i x_j with x = 0 or 1, to be minimised; entries add
    #[arg(long)]
    pub(super) qubo: bool,
    /// The entries are the edges of a graph whose cut is to be maximised: the energy is minus the cut
    #[arg(long, conflicts_with = "qubo")]
    max_cut: bool,
    /// Number of spins, where the last ones are isolated [default: the largest index + 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 26))]
    spins: Option<u32>,
}

impl Reading {
    /// Reads the problem; says on standard error what was assumed.
    pub(super) fn problem(&self, session: &Session<'_>) -> Result<Problem, CliError> {
        let kind = match (self.qubo, self.max_cut) {
            (true, _) => Kind::Qubo,
            (_, true) => Kind::MaxCut,
            (false, false) => Kind::Ising,
        };
        let problem = Problem::read(&self.file, kind, self.spins.map(|n| n as usize))?;
        session.remark(&format!("{}: {}", self.file.display(), problem.taken_for()));
        for note in problem.notes() {
            session.remark(&format!("note: {}: {note}", self.file.display()));
        }
        Ok(problem)
    }
}

/// A refusal of a solver: what is wrong with the problem names its file.
pub(super) fn refused(error: SolveError, file: &Path) -> CliError {
    let about_file = matches!(error, SolveError::Weights(_) | SolveError::Core(_));
    let error = CliError::from(error);
    if about_file { error.in_file(file) } else { error }
}

impl From<ProblemError> for CliError {
    /// With the fields `kind`, `file` and, where it is known, `line`.
    fn from(error: ProblemError) -> Self {
        let message = error.to_string();
        match error {
            ProblemError::Data(error) => error.into(),
            ProblemError::Line { path, line, trouble } => Self::input(message)
                .with("kind", trouble.code())
                .with("file", path.display().to_string())
                .with("line", line),
            ProblemError::Whole { path, trouble } => Self::input(message)
                .with("kind", trouble.code())
                .with("file", path.display().to_string()),
        }
    }
}

/// `FIRST,LAST`: two numbers above 0 that do not fall.
pub(super) fn range(text: &str) -> Result<(f64, f64), String> {
    let numbers: Vec<Option<f64>> = text.split(',').map(|word| word.trim().parse().ok()).collect();
    match numbers[..] {
        [Some(hot), Some(cold)] if hot > 0.0 && hot <= cold && cold.is_finite() => Ok((hot, cold)),
        [Some(hot), Some(cold)] if cold > 0.0 && cold < hot => {
            Err("inverse temperatures rise: the smaller (hot) comes first".to_owned())
        }
        _ => Err("two inverse temperatures above 0 were expected, such as 0.1,5".to_owned()),
    }
}

/// An energy, with all its digits.
pub(super) fn energy(text: &str) -> Result<Energy, String> {
    Energy::parse(text).ok_or_else(|| "a number was expected".to_owned())
}

/// A finite number.
pub(super) fn finite(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| "a number was expected".to_owned())
}
