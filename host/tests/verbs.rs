//! What every verb promises, held by every row of the table in `support/verb.rs`.
//!
//! The fields of the JSON objects are the pages `docs/src/reference/json-*.md`; after a change they are made again by
//! `GIBBS_WRITE=1 cargo test -p gibbs --test verbs fields`.

#[path = "support/cli.rs"]
mod cli;
#[path = "support/verb.rs"]
mod table;

use cli::{err, gibbs, object, text};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Stdio;
use std::sync::LazyLock;
use std::time::Duration;
use table::{Place, VERBS, Verb, shape, timeless};

static PLACE: LazyLock<Place> = LazyLock::new(Place::new);

/// The rows to be held, and what the call of each answers, with --out `answers-…` where it takes files.
static ANSWERS: LazyLock<Vec<(&Verb, Value)>> = LazyLock::new(|| {
    let answer = |verb| (verb, PLACE.object(verb, &folder("answers", verb), &[]));
    VERBS.iter().map(answer).collect()
});

/// A folder name of its own for each use.
fn folder(test: &str, verb: &Verb) -> String {
    let call = format!("{test} {} {}", verb.words, verb.arguments);
    call.replace(|c: char| !c.is_alphanumeric(), "-")
}

/// The commands that the help of these words lists.
fn commands(words: &[&str]) -> Vec<String> {
    let help = cli::out(&cli::run(&[words, &["--help"]].concat()));
    let list = help.lines().skip_while(|line| *line != "Commands:").skip(1);
    let names = list.map_while(|line| line.split_whitespace().next());
    names.filter(|name| *name != "help").map(str::to_owned).collect()
}

#[test] // law
fn every_verb_has_a_row() {
    // What runs nothing, and what takes minutes without optimisation.
    let others = ["cite", "completions", "man", "ising verify"];
    let rows: Vec<&str> = VERBS.iter().map(|verb| verb.words).collect();
    for family in commands(&[]) {
        let verbs = commands(&[&family]);
        let calls = verbs.iter().map(|verb| format!("{family} {verb}"));
        let calls: Vec<String> = if verbs.is_empty() {
            vec![family.clone()]
        } else {
            calls.collect()
        };
        for call in &calls {
            let known = rows.contains(&call.as_str()) || others.contains(&call.as_str());
            assert!(known, "{call}: a row is missing");
        }
    }
}

#[test] // edge
fn an_example_stands_in_the_help_of_every_verb() {
    for verb in VERBS {
        let words: Vec<&str> = verb.words.split(' ').chain(["--help"]).collect();
        let help = cli::out(&cli::run(&words));
        assert!(help.contains("Example"), "{}", verb.words);
        assert!(help.contains(&format!("gibbs {}", verb.words)), "{}", verb.words);
    }
}

#[test] // law
fn every_object_has_the_common_fields_and_lists_its_files() {
    for (verb, found) in &*ANSWERS {
        let out = folder("answers", verb);
        let schema = found["schema"].as_str().unwrap_or_default();
        let family = format!("gibbs.{}", verb.words.replace(' ', "."));
        assert!(schema.starts_with(&family), "{}: {schema}", verb.words);
        if verb.arguments == "--list" {
            continue;
        }
        assert!(found["seed"].is_u64(), "{}", verb.words);
        assert!(found["ended"].is_string(), "{}", verb.words);
        assert!(found["timing"]["seconds"].is_f64(), "{}", verb.words);
        let listed = found["files"]
            .as_array()
            .unwrap_or_else(|| panic!("{}", verb.words));
        let mut listed: Vec<&str> = listed.iter().filter_map(Value::as_str).collect();
        listed.sort_unstable();
        if verb.files {
            let there = PLACE.files(&out);
            let there: Vec<&str> = there.iter().map(|(name, _)| name.as_str()).collect();
            assert!(!there.is_empty(), "{}", verb.words);
            assert_eq!(listed, there, "{}", verb.words);
        }
    }
}

#[test] // golden: the committed pages
fn fields_are_those_of_the_reference() {
    let mut pages: BTreeMap<&str, String> = BTreeMap::new();
    for (verb, found) in &*ANSWERS {
        let family = verb.words.split(' ').next().unwrap_or_default();
        let lines: Vec<String> = shape(found).iter().map(|line| format!("- {line}\n")).collect();
        let schema = found["schema"].as_str().unwrap_or_default();
        let page = pages.entry(family).or_insert_with(|| {
            format!(
                "# JSON of `gibbs {family}`\n\nThe fields of the objects on standard output, as the call shown gives them. Made by the tests of the verbs.\n"
            )
        });
        let _ = write!(
            page,
            "\n## `{schema}`\n\n`gibbs {} {}`\n\n{}",
            verb.words,
            verb.arguments,
            lines.concat()
        );
    }
    let reference = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/src/reference");
    for (family, page) in pages {
        let path = reference.join(format!("json-{family}.md"));
        if std::env::var_os("GIBBS_WRITE").is_some() {
            std::fs::create_dir_all(&reference).unwrap();
            std::fs::write(&path, &page).unwrap();
        }
        let committed = std::fs::read_to_string(&path).unwrap_or_default();
        assert_eq!(
            page, committed,
            "{family}: make the page again, see the head of this file"
        );
    }
}

#[test] // edge
fn an_unwritable_folder_is_exit_2_before_any_work() {
    for verb in VERBS.iter().filter(|verb| verb.files) {
        std::fs::write(PLACE.path("taken"), "a file").unwrap();
        let output = PLACE.run(verb, "taken", &[]);
        let found = object(&output, 2);
        assert_eq!(found["schema"], "gibbs.error/1", "{}", verb.words);
        assert!(err(&output).contains("taken"), "{}: {}", verb.words, err(&output));
    }
}

#[test] // edge
fn quiet_is_quiet_and_a_closed_pipe_is_no_error() {
    for verb in VERBS {
        let mut child = PLACE.start(verb, &folder("pipe", verb), &[]);
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        assert!(
            matches!(output.status.code(), Some(0 | 1)),
            "{}: {}",
            verb.words,
            err(&output)
        );
        assert_eq!(err(&output), "", "{}", verb.words);
    }
}

#[test] // edge
fn verbs_that_keep_nothing_say_so() {
    for verb in VERBS
        .iter()
        .filter(|verb| !verb.resumes() && verb.words != "reproduce")
    {
        for option in ["--resume", "--anew"] {
            let output = PLACE.run(verb, &folder("keeps", verb), &[option]);
            object(&output, 2);
            assert!(err(&output).contains(option), "{}: {}", verb.words, err(&output));
        }
    }
}

/// Waits for the kept run of a child.
fn kept(verb: &Verb, out: &str) {
    let file = PLACE.path(out).join(format!("{}.checkpoint", verb.name()));
    for _ in 0..4000 {
        if file.exists() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    panic!("{}: no kept run", verb.words);
}

#[cfg(unix)]
#[test] // law: a run killed outright again and again, with other numbers of threads, ends in the bits of one left alone
fn a_killed_run_goes_on_to_the_same_bits() {
    for verb in VERBS.iter().filter(|verb| verb.resumes()) {
        let (stopped, whole) = (folder("killed", verb), folder("whole", verb));
        let mut child = PLACE.start(verb, &stopped, &["--threads", "1"]);
        kept(verb, &stopped);
        child.kill().unwrap();
        let first = child.wait().unwrap();
        assert!(
            !first.success(),
            "{}: it was killed as soon as it kept something",
            verb.words
        );
        for (pause, threads) in [(30, "2"), (150, "3"), (400, "1")] {
            let resume = ["--resume", "--threads", threads];
            let mut child = PLACE.start(verb, &stopped, &resume);
            std::thread::sleep(Duration::from_millis(pause));
            child.kill().unwrap();
            if child.wait().unwrap().code().is_some() {
                break; // it was done before
            }
        }
        let resumed = PLACE.object(verb, &stopped, &["--resume"]);
        let direct = PLACE.object(verb, &whole, &[]);
        assert_eq!(timeless(resumed), timeless(direct), "{}", verb.words);
        let same = PLACE.files(&stopped) == PLACE.files(&whole);
        assert!(same, "{}: files differ", verb.words);
    }
}

#[cfg(unix)]
#[test] // edge: E3, R2: stopped, refused to another run and to a run that says nothing, then discarded
fn a_stopped_run_is_neither_overwritten_nor_taken_for_another() {
    for verb in VERBS.iter().filter(|verb| verb.resumes()) {
        let out = folder("interrupted", verb);
        let child = PLACE.start(verb, &out, &["--threads", "1"]);
        kept(verb, &out);
        // A second process at once is told that the folder is in use.
        let second = PLACE.run(verb, &out, &["--resume"]);
        let told = err(&second);
        let signal = std::process::Command::new("kill")
            .args(["-TERM", &child.id().to_string()])
            .status();
        assert!(signal.unwrap().success());
        let output = child.wait_with_output().unwrap();
        let refusal = object(&output, 130);
        assert_eq!(refusal["schema"], "gibbs.error/1");
        assert!(refusal["checkpoint"].is_string(), "{}: {refusal}", verb.words);
        assert!(err(&output).contains("--resume"), "{}", verb.words);
        let half_written = |(name, _): &(String, _)| name.contains(".gibbs-");
        assert!(!PLACE.files(&out).iter().any(half_written), "{}", verb.words);
        object(&second, 2);
        assert!(told.contains("in use"), "{}: {told}", verb.words);
        let refused = PLACE.run(verb, &out, &[]);
        object(&refused, 2);
        assert!(
            err(&refused).contains("--anew"),
            "{}: {}",
            verb.words,
            err(&refused)
        );
        let mut other: Vec<&str> = verb.other.split(' ').collect();
        other.push("--resume");
        let call = other_call(verb, &out, &other);
        object(&call, 2);
        assert!(
            err(&call).contains("this run has"),
            "{}: {}",
            verb.words,
            err(&call)
        );
    }
}

/// The row with an option replaced by another value.
#[cfg(unix)]
fn other_call(verb: &Verb, out: &str, other: &[&str]) -> std::process::Output {
    let mut words: Vec<&str> = verb.words.split(' ').chain(verb.arguments.split(' ')).collect();
    match words.iter().position(|word| *word == other[0]) {
        Some(at) => words[at + 1] = other[1],
        None => words.extend(&other[..2]),
    }
    words.extend(&other[2..]);
    words.extend(["--json", "--quiet", "--out", out]);
    let mut command = gibbs(&words);
    command.current_dir(PLACE.path("")).stdout(Stdio::piped());
    command.output().unwrap()
}

#[cfg(unix)]
#[test] // edge: R1: a run whose hang-up is ignored outlives it
fn ignored_signals_stay_ignored() {
    let verb = VERBS.iter().find(|verb| verb.words == "ising anneal").unwrap();
    let out = folder("nohup", verb);
    let words = format!(
        "trap '' HUP INT; exec {} {} {} --json --quiet --out {out}",
        text(Path::new(env!("CARGO_BIN_EXE_gibbs"))),
        verb.words,
        verb.arguments
    );
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", &words]).current_dir(PLACE.path(""));
    let child = shell
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    kept(verb, &out);
    for signal in ["-HUP", "-INT", "-HUP"] {
        let sent = std::process::Command::new("kill")
            .args([signal, &child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }
    object(&child.wait_with_output().unwrap(), 0);
}
