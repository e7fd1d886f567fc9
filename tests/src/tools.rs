//! Tools that a machine may lack: looked for first, so that a missing one is a printed line and not a red test.

use crate::{build, root};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

/// Something a test needs beyond Rust for this machine.
#[derive(Clone, Copy, Debug)]
pub enum Tool<'a> {
    /// A program on the search path that answers `--version`.
    Program(&'a str),
    /// A Rust target with its core library.
    Target(&'a str),
    /// The locked dependencies of a workspace below `firmware/`, on disk or within reach.
    Crates(&'a str),
}

impl Tool<'_> {
    /// `None` if the tool is there, otherwise what is missing and how to get it.
    fn missing(self) -> Option<String> {
        match self {
            Self::Program(name) => (!answers(Command::new(name).arg("--version")))
                .then(|| format!("{name} is not installed (hint: .ci/run installs it)")),
            Self::Target(name) => (!has_core(name))
                .then(|| format!("Rust target {name} is not installed (hint: rustup target add {name})")),
            Self::Crates(name) => {
                let workspace = root().join("firmware").join(name);
                (!answers(build::cargo(&workspace).args(["fetch", "--locked"]))).then(|| {
                    format!(
                        "dependencies of firmware/{name} are neither on disk nor within reach (hint: cargo fetch)"
                    )
                })
            }
        }
    }
}

fn answers(command: &mut Command) -> bool {
    let quiet = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}

fn has_core(target: &str) -> bool {
    let answer = Command::new("rustc")
        .args(["--print", "target-libdir", "--target", target])
        .output();
    answer.is_ok_and(|answer| {
        let folder = String::from_utf8_lossy(&answer.stdout).trim().to_owned();
        answer.status.success()
            && Path::new(&folder)
                .read_dir()
                .is_ok_and(|mut files| files.next().is_some())
    })
}

/// True if `test` can run here. Otherwise [`skip`]s it, naming the first missing tool.
///
/// # Panics
/// As [`skip`].
pub fn available(test: &str, tools: &[Tool<'_>]) -> bool {
    let missing = tools.iter().find_map(|tool| tool.missing());
    if let Some(missing) = &missing {
        skip(test, missing);
    }
    missing.is_none()
}

/// Prints one line to stderr itself: the test harness captures `eprintln!` and would hide it.
///
/// # Panics
/// With `GIBBS_REQUIRE_TOOLS=1`: there a skipped test is a failed one.
pub fn skip(test: &str, why: &str) {
    let required = std::env::var("GIBBS_REQUIRE_TOOLS").is_ok_and(|value| value == "1");
    assert!(!required, "{test} must run (GIBBS_REQUIRE_TOOLS=1), but {why}");
    // A closed stderr is no reason to fail.
    let _ = std::io::stderr()
        .lock()
        .write_all(format!("skipped {test}: {why}\n").as_bytes());
}
