//! Running the `gibbs` command and reading what it says.

#![allow(dead_code)] // each binary uses a part

use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

/// The command with these arguments and no standard input.
pub(crate) fn gibbs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gibbs"));
    command.args(arguments).stdin(Stdio::null());
    command
}

/// Runs it to the end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    gibbs(arguments).output().expect("gibbs starts")
}

/// Standard output as text.
pub(crate) fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Standard error as text.
pub(crate) fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// The path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("UTF-8")
}

/// The JSON object on standard output, after an end with exit code `code`.
pub(crate) fn object(output: &Output, code: i32) -> Value {
    assert_eq!(output.status.code(), Some(code), "{}", err(output));
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}", out(output)))
}

/// The fields of a JSON object, sorted.
pub(crate) fn fields(value: &Value) -> Vec<&str> {
    let mut keys: Vec<&str> = value
        .as_object()
        .expect("an object")
        .keys()
        .map(String::as_str)
        .collect();
    keys.sort_unstable();
    keys
}
