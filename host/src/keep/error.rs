//! Why a run cannot be kept, or cannot go on: one text each, in words of the user.

use crate::refusal::{Kind, Place, Refusal};
use std::path::PathBuf;

/// Why a run cannot be kept, or cannot go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepError {
    /// The file cannot be read or written.
    #[error("{}: {reason}", path.display())]
    Io {
        /// The file of the kept run.
        path: PathBuf,
        /// What the system reported.
        reason: String,
    },
    /// A kept run is there, and nobody said what is to become of it.
    #[error("a kept run lies here: {}\nhint: --resume to go on with it, --anew to discard it", path.display())]
    Lies {
        /// The file of the kept run.
        path: PathBuf,
    },
    /// The kept run is another one.
    #[error(
        "{}: kept with {what} {found}, this run has {wanted}\nhint: --resume with the same options goes on with it, \
         --anew discards it", path.display()
    )]
    Other {
        /// The file of the kept run.
        path: PathBuf,
        /// What differs: an option, the seed, the data.
        what: &'static str,
        /// The value in the file.
        found: String,
        /// The value of the run that was asked for.
        wanted: String,
    },
    /// The file was made by a version of the program with another format.
    #[error("{}: {found}, which this version does not read\nhint: finish it with the version that made it, or --anew to discard it", path.display())]
    Format {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// What it is.
        found: String,
    },
    /// The file is not as it was written.
    #[error("{}: damaged: {reason}\nhint: --anew discards it and starts from the beginning", path.display())]
    Damaged {
        /// The file of the kept run.
        path: PathBuf,
        /// What is wrong with it, in words.
        reason: String,
    },
}

impl KeepError {
    fn path(&self) -> &PathBuf {
        match self {
            Self::Io { path, .. }
            | Self::Lies { path }
            | Self::Other { path, .. }
            | Self::Format { path, .. }
            | Self::Damaged { path, .. } => path,
        }
    }
}

impl Refusal for KeepError {
    fn kind(&self) -> Kind {
        match self {
            Self::Io { .. } => Kind::Failed,
            _ => Kind::Input,
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Io { .. } => "kept_run_io",
            Self::Lies { .. } => "kept_run_lies_here",
            Self::Other { .. } => "kept_run_of_another",
            Self::Format { .. } => "kept_run_format",
            Self::Damaged { .. } => "kept_run_damaged",
        }
    }

    fn place(&self) -> Place {
        Place::in_file(self.path())
    }
}
