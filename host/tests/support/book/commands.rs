//! Commands: running those of a page, and reading those of the text.

use super::pages::{Page, repository};
use clap::CommandFactory;
use std::path::Path;
use std::process::{Command, Stdio};

/// Runs the blocks of a page in a folder of their own; what does not match, or with `write` the page made anew.
pub(crate) fn run_page(page: &Page, write: bool) -> Vec<String> {
    if page.blocks("console").next().is_none() {
        return Vec::new();
    }
    let folder = tempfile::tempdir().expect("a folder");
    let fixtures = repository().join("fixtures");
    std::os::unix::fs::symlink(fixtures, folder.path().join("fixtures")).expect("a link");
    let mut fresh = page.lines.clone();
    let mut problems = Vec::new();
    let mut moved = 0_isize;
    for block in page.blocks("console") {
        let mut new = Vec::new();
        for (line, command, expected) in steps(block.lines) {
            let printed = run(&command, folder.path());
            let printed = printed.unwrap_or_else(|reason| {
                problems.push(format!(
                    "{}:{}: {command}\n{reason}",
                    page.name,
                    block.first + line + 1
                ));
                Vec::new()
            });
            if !matches(&expected, &printed) {
                let shown = printed.join("\n");
                problems.push(format!(
                    "{}:{}: `{command}` prints\n{shown}",
                    page.name,
                    block.first + line + 1
                ));
            }
            new.extend(command.split('\n').enumerate().map(|(at, part)| {
                let mark = if at == 0 { "$ " } else { "" };
                format!("{mark}{part}")
            }));
            new.extend(merged(&expected, printed));
        }
        let first = block.first.checked_add_signed(moved).expect("a line");
        moved += new.len() as isize - block.lines.len() as isize;
        fresh.splice(first..first + block.lines.len(), new);
    }
    if write {
        std::fs::write(repository().join(&page.name), fresh.join("\n") + "\n").expect("the page is written");
        return Vec::new();
    }
    problems
}

/// The commands of a block, each with its place and the lines that it should print.
fn steps(lines: &[String]) -> Vec<(usize, String, Vec<String>)> {
    let mut steps: Vec<(usize, String, Vec<String>)> = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        match (line.strip_prefix("$ "), steps.last_mut()) {
            (Some(command), _) => steps.push((at, command.to_owned(), Vec::new())),
            (None, Some((_, command, expected))) if expected.is_empty() && command.ends_with('\\') => {
                command.push('\n');
                command.push_str(line);
            }
            (None, Some((_, _, expected))) => expected.push(line.clone()),
            (None, None) => panic!("a block begins with output: {line}"),
        }
    }
    steps
}

/// The lines of standard output.
fn run(command: &str, folder: &Path) -> Result<Vec<String>, String> {
    let programs = Path::new(env!("CARGO_BIN_EXE_gibbs")).parent().expect("a folder");
    let path = std::env::var("PATH").unwrap_or_default();
    let output = Command::new("sh")
        .args(["-c", command])
        .current_dir(folder)
        .env("PATH", format!("{}:{path}", programs.display()))
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    }
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    Ok(text.lines().map(|line| line.trim_end().to_owned()).collect())
}

/// Whether the lines are the expected ones, `...` being any lines.
fn matches(expected: &[String], printed: &[String]) -> bool {
    match expected.split_first() {
        None => printed.is_empty(),
        Some((line, rest)) if line == "..." => {
            (0..=printed.len()).any(|skipped| matches(rest, &printed[skipped..]))
        }
        Some((line, rest)) => printed
            .split_first()
            .is_some_and(|(first, printed)| matches_line(line, first) && matches(rest, printed)),
    }
}

/// Whether a line is the expected one, `[..]` being any text.
fn matches_line(expected: &str, printed: &str) -> bool {
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = printed.strip_prefix(first) else {
        return false;
    };
    let mut parts = parts.peekable();
    if parts.peek().is_none() {
        return rest.is_empty();
    }
    while let Some(part) = parts.next() {
        if parts.peek().is_none() {
            return rest.ends_with(part);
        }
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    true
}

/// The expected lines where they match, else those that were printed.
fn merged(expected: &[String], printed: Vec<String>) -> Vec<String> {
    if matches(expected, &printed) {
        return expected.to_vec();
    }
    let keep = expected.len() == printed.len();
    let lines = printed.into_iter().enumerate();
    lines
        .map(|(at, line)| {
            if keep && matches_line(&expected[at], &line) {
                expected[at].clone()
            } else {
                line
            }
        })
        .collect()
}

/// Whether the verbs and options of a command exist.
pub(crate) fn spelled(command: &str) -> Result<(), String> {
    let mut at = gibbs::cli::Cli::command();
    let common = at.clone();
    let words = command.trim_start_matches("cargo run --release -- ");
    let mut words = words.trim_start_matches("gibbs ").split_whitespace().peekable();
    while let Some(verb) = words
        .peek()
        .and_then(|word| at.find_subcommand(word.trim_end_matches([',', '.'])))
    {
        at = verb.clone();
        words.next();
    }
    if at.has_subcommands()
        && let Some(word) = words.peek()
        && word.chars().all(char::is_alphabetic)
        && word.chars().all(char::is_lowercase)
    {
        return Err(format!("no verb {word}"));
    }
    for option in words.filter_map(|word| word.strip_prefix("--")) {
        let name = option.split('=').next().unwrap_or(option);
        let known = |command: &clap::Command| command.get_arguments().any(|a| a.get_long() == Some(name));
        let anywhere = ["", "help", "version"];
        if !anywhere.contains(&name) && !known(&at) && !known(&common) {
            return Err(format!("no option --{name}"));
        }
    }
    Ok(())
}
