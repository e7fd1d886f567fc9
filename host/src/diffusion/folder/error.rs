//! Why a checkpoint folder was refused.

use super::Problems;
use crate::data::DataError;
use std::path::{Path, PathBuf};

/// Why a folder gave no checkpoint, or a checkpoint could not be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FolderError {
    /// A file is missing, unreadable, not of its format, or holds a tensor that is not finite.
    #[error(transparent)]
    Data(#[from] DataError),
    /// A file where a folder was expected.
    #[error("{path}: is a file, a checkpoint folder was expected\nhint: give the folder that holds config.json", path = .path.display())]
    NotAFolder {
        /// The path asked for.
        path: PathBuf,
    },
    /// A file that a checkpoint needs is in none of its places.
    #[error("{folder}: no {what} (looked for {looked})", folder = .folder.display(), looked = .looked.join(", "))]
    Lacking {
        /// The folder.
        folder: PathBuf,
        /// What the file is for.
        what: &'static str,
        /// Where it could have been, relative to the folder.
        looked: Vec<String>,
    },
    /// Weights in several files.
    #[error("{path}: weights spread over several files are not read\nhint: save the model in one file (save_pretrained(FOLDER, max_shard_size='100GB'))", path = .path.display())]
    Sharded {
        /// The index of the files.
        path: PathBuf,
    },
    /// A field of a configuration that is missing, malformed, unknown, or of a value that is not supported.
    #[error("{path}: field `{field}` is {found}, expected {expected}", path = .path.display())]
    Field {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// Name of the field.
        field: String,
        /// The value of the field, as JSON; or `missing`.
        found: String,
        /// What was expected.
        expected: String,
    },
    /// The tensors are not those of the net that the configuration describes.
    #[error("{path}: not the tensors of the net in config.json:{problems}", path = .path.display())]
    Tensors {
        /// The path of the file that the error is about.
        path: PathBuf,
        /// All that is wrong.
        problems: Box<Problems>,
    },
}

impl FolderError {
    /// The stable name of the kind, as in the `kind` field of `gibbs.error/1`.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Data(error) => error.code(),
            Self::NotAFolder { .. } => "not_a_folder",
            Self::Lacking { .. } => "incomplete_checkpoint",
            Self::Sharded { .. } => "sharded_checkpoint",
            Self::Field { .. } => "bad_config_field",
            Self::Tensors { .. } => "wrong_tensors",
        }
    }

    /// The file or folder that the message names.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Self::Data(error) => error.path(),
            Self::NotAFolder { path }
            | Self::Lacking { folder: path, .. }
            | Self::Sharded { path }
            | Self::Field { path, .. }
            | Self::Tensors { path, .. } => Some(path),
        }
    }

    /// True for trouble that arose while writing a result (exit code 1); all else is bad input (2).
    pub fn is_runtime(&self) -> bool {
        matches!(self, Self::Data(error) if error.is_runtime())
    }
}
