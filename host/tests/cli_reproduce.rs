//! The command as a user meets it: help, refusals, exit codes, `reproduce`, signals. Resume: `verbs.rs`.
//!
//! Mutations seen red: usage errors with exit code 1; no object on standard output with `--json`; a closed
//! pipe reported as a failure; the signal handler not installed; stale figures left.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, err, gibbs, object, out, run};
use std::process::{Command, Stdio};

#[test]
fn help_goes_to_stdout_and_documents_exit_codes() {
    let help = run(&["--help"]);
    assert_eq!((help.status.code(), err(&help)), (Some(0), String::new()));
    let words = "Exit codes,130,reproduce,completions,--seed,--json";
    for word in words.split(',') {
        assert!(out(&help).contains(word), "{word}");
    }
    let verb = out(&run(&["reproduce", "--help"]));
    assert!(verb.contains("Examples:") && verb.contains("--resume"));
    assert!(out(&run(&["--version"])).contains(env!("CARGO_PKG_VERSION")));
}

#[test]
fn wrong_usage_is_exit_2_and_with_json_an_object() {
    let place = Place::new();
    // After `--` it is an argument, not the flag.
    for wrong in [
        "reproduce --no-such-flag",
        "no-such-verb",
        "",
        "--seed x man",
        "no-such-verb -- --json",
    ] {
        let output = place.call(wrong);
        assert_eq!(output.status.code(), Some(2), "{wrong}");
        assert!(output.stdout.is_empty() && !output.stderr.is_empty(), "{wrong}");
    }
    for wrong in ["reproduce --no-such-flag", "reproduce no-such-name"] {
        let refusal = place.refused(wrong, "no-such");
        let message = refusal["message"].as_str().unwrap();
        assert!(!message.starts_with("error:"), "{message}");
        assert!(err(&place.call(wrong)).starts_with("error: "));
    }
}

#[test]
fn reproduce_writes_the_report_whatever_the_threads() {
    let place = Place::new();
    let report = |call: &str| {
        let mut found = place.json(&format!("reproduce random-moments {call}"));
        assert!(found["timing"]["experiments"]["random-moments"].is_f64());
        found.as_object_mut().unwrap().remove("timing");
        found
    };
    std::fs::create_dir(place.path("first")).unwrap();
    place.write("first/ising-glass-energies.svg", "of an earlier run");
    place.write("first/mine.svg", "of the user");
    let fresh = report("--out first");
    assert_eq!(
        (&fresh["seed"], &fresh["claims"]["not_met"]),
        (&0.into(), &0.into())
    );
    assert_eq!(fresh["experiments"][0]["rows"].as_array().map(Vec::len), Some(6));
    // Figures of an earlier run are gone, what is not ours stays, nothing is kept.
    let files = "index.html mine.svg random-moments-error.png random-moments-error.svg";
    assert_eq!(place.names("first").join(" "), files);

    assert_eq!(report("--out second --threads 1"), fresh);
    for file in files.split(' ').filter(|file| *file != "mine.svg") {
        let [one, other] = ["first", "second"].map(|folder| place.bytes(&format!("{folder}/{file}")));
        assert!(one == other && !one.is_empty(), "{file}");
    }
    let other = report("--out second --seed 1");
    assert_ne!(other["experiments"][0]["rows"], fresh["experiments"][0]["rows"]);
}

#[test]
fn the_screen_is_plain_and_progress_stays_off_stdout() {
    let place = Place::new();
    let loud = place.call("reproduce --out out random-moments");
    let text = out(&loud);
    assert!(!text.contains("uniform, mean") && text.contains("random-moments") && text.contains("seed 0"));
    assert!(text.lines().count() < 12, "one screen: {text}");
    assert!(!text.contains('\u{1b}'), "no escape codes into a pipe");
    assert!(err(&loud).contains("random-moments: done"), "{}", err(&loud));
    let rows = place.shown("reproduce --rows --out out random-moments");
    assert!(rows.contains("uniform, mean") && rows.contains("oracle: closed form"));
    let list = place.json("reproduce --list");
    assert_eq!(list["experiments"][0]["name"], "random-moments");
}

#[test]
fn completions_and_manual_pages() {
    let place = Place::new();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = place.shown(&format!("completions {shell}"));
        assert!(script.contains("reproduce"), "{shell}");
    }
    assert!(place.shown("man").starts_with(".ie"));
    place.shown("man --out pages");
    assert!(place.path("pages/gibbs-reproduce.1").exists());
}

#[test] // `gibbs … | head -1`: the reader is gone before the first write
fn a_closed_pipe_is_no_error() {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut command = gibbs(&["completions", "zsh"]);
    let output = command.stdout(writer).stderr(Stdio::piped()).output().unwrap();
    assert_eq!((output.status.code(), err(&output)), (Some(0), String::new()));
}

/// `reproduce --full` of the self-check takes seconds: long enough to be stopped by a signal once it has
/// written its first checkpoint (which it does before the work). `verbs.rs` sends TERM to every verb.
#[cfg(target_os = "linux")]
#[test]
fn signals_leave_a_checkpoint_and_exit_130() {
    for signal in ["-INT", "-TERM"] {
        let place = Place::new();
        // A shell that runs the tests in the background has them ignore INT, and what is ignored stays so.
        let child = Command::new("env")
            .args(["--default-signal=INT", env!("CARGO_BIN_EXE_gibbs")])
            .args(["reproduce", "random-moments", "--full", "--json", "--out"])
            .arg(place.path("out"))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let checkpoint = place.path("out/reproduce.checkpoint");
        for _ in 0..1000 {
            if checkpoint.exists() {
                break;
            }
            std::thread::sleep(std::time::Duration::from_millis(5));
        }
        let mut kill = Command::new("kill");
        let sent = kill.args([signal, &child.id().to_string()]).status();
        assert!(sent.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let stopped = object(&output, 130);
        assert_eq!((&stopped["code"], &stopped["total"]), (&130.into(), &1.into()));
        assert!(err(&output).contains("--resume"), "{}", err(&output));
        assert!(checkpoint.exists() && !place.path("out/index.html").exists());
    }
}
