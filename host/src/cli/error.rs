//! Errors of the command line and their exit codes.

use super::output;
use crate::data::DataError;
use crate::diffusion::folder::FolderError;
use crate::refusal::{Kind, Refusal};
use serde_json::{Map, Value, json};
use std::io::Write as _;
use std::process::ExitCode;

/// Why a verb gave no result.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{message}")]
pub struct CliError {
    kind: Kind,
    message: String,
    details: Map<String, Value>,
    /// The message already says "error:", as clap's do.
    complete: bool,
}

impl CliError {
    fn new(kind: Kind, message: String) -> Self {
        Self {
            kind,
            message,
            details: Map::new(),
            complete: false,
        }
    }

    /// Failed while running: exit code 1.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Kind::Failed, message.into())
    }

    /// Wrong usage or bad input: exit code 2.
    pub fn input(message: impl Into<String>) -> Self {
        Self::new(Kind::Input, message.into())
    }

    /// Stopped by the user: exit code 130.
    pub fn interrupted(message: impl Into<String>) -> Self {
        Self::new(Kind::Interrupted, message.into())
    }

    /// A refusal of clap, in its words: exit code 2.
    pub(super) fn usage(refusal: &clap::Error) -> Self {
        Self {
            complete: true,
            ..Self::new(Kind::Input, refusal.to_string().trim_end().to_owned())
        }
    }

    /// Adds a field to the JSON object: the file, the row, the column.
    #[must_use]
    pub fn with(mut self, field: &str, value: impl Into<Value>) -> Self {
        self.details.insert(field.to_owned(), value.into());
        self
    }

    /// Whether the JSON object has this detail.
    pub(super) fn has(&self, field: &str) -> bool {
        self.details.contains_key(field)
    }

    /// Puts the file before a message that does not name it, and into the JSON object.
    #[must_use]
    pub fn in_file(mut self, path: &std::path::Path) -> Self {
        if !self.has("file") {
            self.message = format!("{}: {}", path.display(), self.message);
            self = self.with("file", path.display().to_string());
        }
        self
    }

    /// The folder that it is about, in the JSON object.
    #[must_use]
    pub(super) fn in_folder(self, path: &std::path::Path) -> Self {
        self.with("folder", path.display().to_string())
    }

    /// What kind of end it is.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// Standard output could not be written to.
    #[allow(clippy::needless_pass_by_value)] // as `map_err` gives it
    pub(super) fn unwritten(error: std::io::Error) -> Self {
        Self::failed(error.to_string())
    }

    fn to_json(&self) -> Value {
        let message = self.message.strip_prefix("error: ").unwrap_or(&self.message);
        let mut object = self.details.clone();
        for (field, value) in [
            ("schema", json!("gibbs.error/1")),
            ("code", json!(self.kind.code())),
            ("message", json!(message)),
        ] {
            object.insert(field.to_owned(), value);
        }
        Value::Object(object)
    }

    /// Message on standard error, with `json` the object on standard output as well; gives the exit code.
    pub(super) fn report(&self, json: bool) -> ExitCode {
        let head = if self.complete { "" } else { "error: " };
        // Nobody is left to be told when standard error is closed.
        let _ = writeln!(std::io::stderr(), "{head}{}", self.message);
        if json {
            let _ = output::json(&self.to_json());
        }
        ExitCode::from(self.kind.code())
    }
}

/// With the fields `kind`, a stable name of the trouble, and where it is: `file`, `line`, `column`, `field`, `checkpoint`,
/// `finished`, `total`, as far as they are known.
impl<R: Refusal> From<R> for CliError {
    fn from(refusal: R) -> Self {
        let mut error = Self::new(refusal.kind(), refusal.to_string());
        let place = refusal.place();
        let path = |path: std::path::PathBuf| Value::from(path.display().to_string());
        let details = [
            (
                "kind",
                Some(refusal.code())
                    .filter(|code| !code.is_empty())
                    .map(Value::from),
            ),
            ("file", place.file.map(path)),
            ("line", place.line.map(Value::from)),
            ("column", place.column.map(Value::from)),
            ("field", place.field.map(Value::from)),
            ("checkpoint", place.checkpoint.map(path)),
            ("finished", place.progress.map(|(done, _)| Value::from(done))),
            ("total", place.progress.map(|(_, total)| Value::from(total))),
        ];
        for (field, value) in details {
            if let Some(value) = value {
                error = error.with(field, value);
            }
        }
        error
    }
}

impl From<DataError> for CliError {
    /// With the fields `kind` (a stable name of the trouble) and, where they are known, `file`, `line`, `column`.
    fn from(error: DataError) -> Self {
        let make = if error.is_runtime() {
            Self::failed
        } else {
            Self::input
        };
        let mut result = make(error.to_string()).with("kind", error.code());
        if let Some(path) = error.path() {
            result = result.with("file", path.display().to_string());
        }
        if let Some(line) = error.line() {
            result = result.with("line", line);
        }
        if let Some(column) = error.column() {
            result = result.with("column", column);
        }
        result
    }
}

impl From<FolderError> for CliError {
    /// With the fields `kind` (a stable name of the trouble) and, where they are known, `file` and `field`.
    fn from(error: FolderError) -> Self {
        let error = match error {
            FolderError::Data(error) => return error.into(),
            other => other,
        };
        let mut result = Self::input(error.to_string()).with("kind", error.code());
        if let Some(path) = error.path() {
            result = result.with("file", path.display().to_string());
        }
        match error {
            FolderError::Field { field, .. } => result.with("field", field),
            _ => result,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_object_has_schema_code_message_and_details() {
        let object = CliError::input("data.csv, row 3: not a number")
            .with("row", 3)
            .to_json();
        let message = "data.csv, row 3: not a number";
        assert_eq!(
            object,
            json!({"schema": "gibbs.error/1", "code": 2, "message": message, "row": 3})
        );
    }

    #[test]
    fn a_refused_field_is_named_in_the_object() {
        let bytes = br#"{"_class_name": "UNet2DModel", "block_out_channels": "many"}"#;
        let path = std::path::Path::new("config.json");
        let error = crate::diffusion::folder::UnetConfig::from_bytes(path, bytes, None).unwrap_err();
        let object = CliError::from(error).to_json();
        let wanted = ("config.json", "block_out_channels", "bad_config_field", 2);
        assert_eq!(object["file"], wanted.0);
        assert_eq!(object["field"], wanted.1);
        assert_eq!(object["kind"], wanted.2);
        assert_eq!(object["code"], wanted.3);
    }

    #[test] // a detail cannot overwrite what every reader relies on
    fn details_do_not_hide_the_code() {
        assert_eq!(
            CliError::interrupted("stop").with("code", 0).to_json()["code"],
            json!(130)
        );
    }
}
