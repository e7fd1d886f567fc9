//! The problem file and the options that the verbs share.

use super::remark;
use crate::cli::Common;
use crate::cli::checkpoint::Checkpoint;
use crate::cli::error::CliError;
use crate::ising::anneal::SolveError;
use crate::ising::problem::ProblemError;
use crate::ising::{Kind, Problem};
use crate::work::Stopped;
use clap::Args;
use std::path::{Path, PathBuf};

/// Where the problem is and how it is read.
#[derive(Debug, Args)]
pub(super) struct Reading {
    /// Edge list: lines `i,j,value` or `i j value`, spins numbered from 0
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The entries are a QUBO, E = sum of Q_ij x_i x_j with x = 0 or 1, to be minimised; entries add
    #[arg(long)]
    pub(super) qubo: bool,
    /// Number of spins, where the last ones are isolated [default: the largest index + 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1 << 26))]
    spins: Option<u32>,
}

impl Reading {
    /// Reads the problem; says on standard error what was assumed.
    pub(super) fn problem(&self, common: &Common) -> Result<Problem, CliError> {
        let kind = if self.qubo { Kind::Qubo } else { Kind::Ising };
        let problem = Problem::read(&self.file, kind, self.spins.map(|n| n as usize))?;
        for note in problem.notes() {
            remark(common, &format!("note: {}: {note}", self.file.display()));
        }
        Ok(problem)
    }
}

/// A refusal of a solver, about the problem in `file`.
pub(super) fn refused(error: &SolveError, file: &Path) -> CliError {
    let message = error.to_string();
    match error {
        SolveError::Stopped(Stopped::Keep(_)) => CliError::failed(message),
        SolveError::Stopped(Stopped::Interrupted) => {
            CliError::interrupted("interrupted; nothing was written\nhint: with --out DIR it can go on later")
        }
        SolveError::Option(_) => CliError::input(message),
        SolveError::Weights(trouble) => CliError::input(message)
            .with("kind", trouble.code())
            .in_file(file),
        SolveError::Core(_) => CliError::input(message).in_file(file),
    }
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

/// A run that ended early: an interrupted one leaves its checkpoint, a refused one leaves nothing.
pub(super) fn stopped(error: &SolveError, checkpoint: Option<Checkpoint>, file: &Path) -> CliError {
    match (error, checkpoint) {
        (SolveError::Stopped(Stopped::Interrupted), Some(checkpoint)) => return checkpoint.interrupted(),
        (SolveError::Stopped(_), _) | (_, None) => {}
        (_, Some(checkpoint)) => checkpoint.remove(),
    }
    refused(error, file)
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

/// A finite number.
pub(super) fn finite(text: &str) -> Result<f64, String> {
    let value = text.parse().ok().filter(|value: &f64| value.is_finite());
    value.ok_or_else(|| "a number was expected".to_owned())
}
