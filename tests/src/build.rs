//! Child builds. Each kind has its own folder below `target/firmware`: the outer cargo may hold the lock of its
//! target folder while the tests run.

use crate::{Failure, failed, root};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Cargo with `workspace` as working directory (that is where it looks for `.cargo/config.toml`) and without
/// the flags of the outer build, which would override that file.
pub fn cargo(workspace: &Path) -> Command {
    let program = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut command = Command::new(program);
    command.current_dir(workspace).stdin(Stdio::null());
    for name in [
        "RUSTFLAGS",
        "CARGO_ENCODED_RUSTFLAGS",
        "CARGO_BUILD_RUSTFLAGS",
        "CARGO_BUILD_TARGET",
        "CARGO_BUILD_TARGET_DIR",
        "CARGO_TARGET_DIR",
    ] {
        command.env_remove(name);
    }
    command
}

/// Where a kind of child build puts its files.
pub fn folder(kind: &str) -> PathBuf {
    root().join("target").join("firmware").join(kind)
}

/// Runs `cargo build --release --locked` with more arguments.
///
/// # Errors
/// The whole output of a build that fails.
pub fn release(workspace: &Path, kind: &str, arguments: &[&str], flags: &str) -> Result<(), Failure> {
    let mut command = cargo(workspace);
    command
        .args(["build", "--release", "--locked", "--target-dir"])
        .arg(folder(kind))
        .args(arguments);
    if !flags.is_empty() {
        command.env("RUSTFLAGS", flags);
    }
    run(&mut command).map(|_| ())
}

/// Runs a command to its end and gives its standard output.
///
/// # Errors
/// The command line and all that it printed, when it cannot start or ends with a failure.
pub fn run(command: &mut Command) -> Result<String, Failure> {
    let output = command.output().map_err(failed(format!("{command:?}")))?;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if output.status.success() {
        Ok(text)
    } else {
        let errors = String::from_utf8_lossy(&output.stderr);
        Err(Failure(format!("{command:?}: {}\n{text}{errors}", output.status)))
    }
}
