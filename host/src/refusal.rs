//! What every error of the library can say of itself, so that the command line needs one conversion only.

use std::path::PathBuf;

/// How a refusal or a failure ends the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Failed while running: exit code 1.
    Failed,
    /// Wrong usage or bad input, an unwritable output included: exit code 2.
    Input,
    /// Stopped by the user: exit code 130.
    Interrupted,
}

impl Kind {
    /// The exit code.
    pub fn code(self) -> u8 {
        match self {
            Self::Failed => 1,
            Self::Input => 2,
            Self::Interrupted => 130,
        }
    }
}

/// Where the trouble is, as far as it is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub file: Option<PathBuf>,
    /// The line of a text file, from 1.
    pub line: Option<u64>,
    /// The column of a table, by name.
    pub column: Option<String>,
    /// The field of a configuration.
    pub field: Option<String>,
    /// The kept run of work that was stopped.
    pub checkpoint: Option<PathBuf>,
    /// How many steps or parts of that work are done, and how many there are.
    pub progress: Option<(u64, u64)>,
}

impl Place {
    /// Somewhere in this file.
    pub fn in_file(path: impl Into<PathBuf>) -> Self {
        Self {
            file: Some(path.into()),
            ..Self::default()
        }
    }
}

/// An error that knows how the program ends with it, its stable name and its place.
pub trait Refusal: std::error::Error {
    /// How the program ends.
    fn kind(&self) -> Kind {
        Kind::Input
    }
    /// A stable name of the trouble; empty where there is none.
    fn code(&self) -> &'static str {
        ""
    }
    /// Where the trouble is.
    fn place(&self) -> Place {
        Place::default()
    }
}
