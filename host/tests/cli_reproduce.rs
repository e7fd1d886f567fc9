//! The command as a user meets it: help, refusals, exit codes, `reproduce`, resume, signals.
//!
//! Mutations seen red: usage errors with exit code 1; no object on standard output with `--json`; a closed
//! pipe reported as a failure; the signal handler not installed; stale figures left.

use serde_json::Value;
use std::error::Error;
use std::path::Path;
use std::process::{Command, Output, Stdio};

type Test = Result<(), Box<dyn Error>>;

fn gibbs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gibbs"));
    command.args(arguments).stdin(Stdio::null());
    command
}

fn run(arguments: &[&str]) -> std::io::Result<Output> {
    gibbs(arguments).output()
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn path(dir: &Path) -> &str {
    dir.to_str().unwrap_or_default()
}

#[test]
fn help_goes_to_stdout_and_documents_exit_codes() -> Test {
    let help = run(&["--help"])?;
    assert_eq!(help.status.code(), Some(0));
    assert!(err(&help).is_empty());
    for word in [
        "Exit codes",
        "130",
        "reproduce",
        "completions",
        "--seed",
        "--json",
    ] {
        assert!(out(&help).contains(word), "{word}");
    }
    let verb = run(&["reproduce", "--help"])?;
    assert!(out(&verb).contains("Examples:") && out(&verb).contains("--resume"));
    assert!(out(&run(&["--version"])?).contains(env!("CARGO_PKG_VERSION")));
    Ok(())
}

#[test]
fn wrong_usage_is_exit_2_and_with_json_an_object() -> Test {
    for wrong in [
        &["reproduce", "--no-such-flag"][..],
        &["no-such-verb"],
        &[],
        &["--seed", "x", "man"],
    ] {
        let output = run(wrong)?;
        assert_eq!(output.status.code(), Some(2), "{wrong:?}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong:?}");
    }
    let unknown: [&[&str]; 2] = [
        &["reproduce", "--no-such-flag", "--json"],
        &["reproduce", "no-such-name", "--json"],
    ];
    for wrong in unknown {
        let output = run(wrong)?;
        assert_eq!(output.status.code(), Some(2));
        let object: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(object["schema"], "gibbs.error/1");
        assert_eq!(object["code"], 2);
        let message = object["message"].as_str().unwrap_or_default();
        assert!(
            message.contains("no-such") && !message.starts_with("error:"),
            "{message}"
        );
        assert!(err(&output).starts_with("error: ") && err(&output).contains("no-such"));
    }
    // After `--` it is an argument, not the flag.
    assert!(run(&["no-such-verb", "--", "--json"])?.stdout.is_empty());
    Ok(())
}

#[test]
fn reproduce_writes_the_report_whatever_the_threads() -> Test {
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let object = |dir: &Path, more: &[&str]| -> Result<Value, Box<dyn Error>> {
        let words = ["reproduce", "random-moments", "--json", "--out", path(dir)];
        let output = run(&[&words, more].concat())?;
        assert_eq!(output.status.code(), Some(0), "{}", err(&output));
        let mut object: Value = serde_json::from_slice(&output.stdout)?;
        assert!(object["timing"]["experiments"]["random-moments"].is_f64());
        object["timing"] = Value::Null;
        Ok(object)
    };
    std::fs::write(first.path().join("ising-glass-energies.svg"), "of an earlier run")?;
    std::fs::write(first.path().join("mine.svg"), "of the user")?;
    let fresh = object(first.path(), &["--quiet"])?;
    assert_eq!(fresh["schema"], "gibbs.reproduce/2");
    assert_eq!(
        (&fresh["seed"], &fresh["claims"]["not_met"]),
        (&Value::from(0), &Value::from(0))
    );
    assert_eq!(fresh["experiments"][0]["rows"].as_array().map(Vec::len), Some(6));
    let files = [
        "index.html",
        "random-moments-error.svg",
        "random-moments-error.png",
    ];
    let read = |dir: &Path| files.map(|file| std::fs::read(dir.join(file)).unwrap_or_default());
    let before = read(first.path());
    assert!(before.iter().all(|content| !content.is_empty()));
    // Figures of an earlier run are gone, what is not ours stays, nothing is kept.
    let there: Result<Vec<_>, _> = std::fs::read_dir(first.path())?.collect();
    assert_eq!(there?.len(), 4);
    assert!(first.path().join("mine.svg").exists());

    assert_eq!(object(second.path(), &["--threads", "1"])?, fresh);
    assert!(read(second.path()) == before);
    assert_ne!(
        object(second.path(), &["--seed", "1"])?["experiments"][0]["rows"],
        fresh["experiments"][0]["rows"]
    );
    Ok(())
}

#[test]
fn the_screen_is_plain_and_progress_stays_off_stdout() -> Test {
    let dir = tempfile::tempdir()?;
    let loud = run(&["reproduce", "--out", path(dir.path()), "random-moments"])?;
    let text = out(&loud);
    assert!(!text.contains("uniform, mean") && text.contains("random-moments") && text.contains("seed 0"));
    assert!(text.lines().count() < 12, "one screen: {text}");
    let rows = out(&run(&[
        "reproduce",
        "--rows",
        "--out",
        path(dir.path()),
        "random-moments",
    ])?);
    assert!(rows.contains("uniform, mean") && rows.contains("oracle: closed form"));
    assert!(!text.contains('\u{1b}'), "no escape codes into a pipe");
    assert!(err(&loud).contains("random-moments: done"), "{}", err(&loud));
    let quiet = run(&[
        "reproduce",
        "--quiet",
        "--out",
        path(dir.path()),
        "random-moments",
    ])?;
    assert!(quiet.stderr.is_empty(), "{}", err(&quiet));
    let list: Value = serde_json::from_slice(&run(&["reproduce", "--list", "--json"])?.stdout)?;
    assert_eq!(list["experiments"][0]["name"], "random-moments");
    Ok(())
}

#[test]
fn an_unwritable_output_folder_is_exit_2() -> Test {
    let file = tempfile::NamedTempFile::new()?;
    let output = run(&["reproduce", "--json", "--out", path(file.path())])?;
    assert_eq!(output.status.code(), Some(2));
    let object: Value = serde_json::from_slice(&output.stdout)?;
    assert_eq!(
        (
            &object["code"],
            object["folder"].as_str().is_some() || object["file"].as_str().is_some()
        ),
        (&Value::from(2), true)
    );
    assert!(err(&output).contains(path(file.path())), "{}", err(&output));
    Ok(())
}

#[test]
fn completions_and_manual_pages() -> Test {
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = run(&["completions", shell])?;
        assert!(
            script.status.success() && out(&script).contains("reproduce"),
            "{shell}"
        );
    }
    assert!(out(&run(&["man"])?).starts_with(".ie"));
    let dir = tempfile::tempdir()?;
    assert!(run(&["man", "--out", path(dir.path())])?.status.success());
    assert!(dir.path().join("gibbs-reproduce.1").exists());
    Ok(())
}

#[test] // `gibbs … | head -1`: the reader is gone before the first write
fn a_closed_pipe_is_no_error() -> Test {
    let (reader, writer) = std::io::pipe()?;
    drop(reader);
    let output = gibbs(&["completions", "zsh"])
        .stdout(writer)
        .stderr(Stdio::piped())
        .output()?;
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
    Ok(())
}

/// `reproduce --full` of the self-check takes seconds: long enough to be stopped by a signal once it has
/// written its first checkpoint (which it does before the work).
#[cfg(target_os = "linux")]
#[test]
fn signals_leave_a_checkpoint_and_exit_130() -> Test {
    for signal in ["-INT", "-TERM"] {
        let dir = tempfile::tempdir()?;
        // A shell that runs the tests in the background has them ignore INT, and what is ignored stays so.
        let child = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_gibbs")])
            .args(["reproduce", "random-moments", "--full", "--json", "--out"])
            .arg(dir.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        let checkpoint = dir.path().join("reproduce.checkpoint");
        for _ in 0..1000 {
            if checkpoint.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        assert!(
            Command::new("kill")
                .args([signal, &child.id().to_string()])
                .status()?
                .success()
        );
        let output = child.wait_with_output()?;
        assert_eq!(output.status.code(), Some(130), "{signal}: {}", err(&output));
        let object: Value = serde_json::from_slice(&output.stdout)?;
        assert_eq!(
            (&object["code"], &object["total"]),
            (&Value::from(130), &Value::from(1))
        );
        assert!(err(&output).contains("--resume"), "{}", err(&output));
        assert!(checkpoint.exists() && !dir.path().join("index.html").exists());
    }
    Ok(())
}
