//! The book and the README say what is: commands print what stands below them, and what is named exists.
//!
//! A block marked `console` is run. Lines that begin with `$ ` are given to a shell, in order, in a folder of its own for each
//! page, where `gibbs` is the command and `fixtures` the folder of that name; the lines below are the standard output.
//! `[..]` stands for any text within a line, where a number depends on time or on the processor, and a line `...` for any
//! lines. `GIBBS_WRITE=1 cargo test -p gibbs --test book` puts what is printed into the pages; lines that match stay.
//!
//! Mutations tried, each seen red: a digit of a printed number; a command without output; a test, an option and a page
//! under another name; a page left out of the summary.
#![cfg(unix)]

#[path = "support/book.rs"]
mod support;

use support::commands::{run_page, spelled};
use support::pages::{Page, repository};
use support::reference;

/// Whether pages are to be written rather than judged.
fn write() -> bool {
    std::env::var_os("GIBBS_WRITE").is_some()
}

/// All that does not hold, at once.
fn none(problems: &[String]) {
    assert!(problems.is_empty(), "\n{}\n", problems.join("\n"));
}

#[test]
fn commands_print_what_they_show() {
    let pages = Page::all();
    let commands: usize = pages.iter().map(|page| page.blocks("console").count()).sum();
    assert!(commands > 3, "the blocks are not found");
    none(
        &pages
            .iter()
            .flat_map(|page| run_page(page, write()))
            .collect::<Vec<_>>(),
    );
}

#[test]
fn commands_and_options_in_the_text_exist() {
    let all: Vec<(String, String)> = Page::all()
        .iter()
        .flat_map(|page| page.commands().map(|command| (page.name.clone(), command)))
        .collect();
    assert!(all.len() > 20, "the commands are not found: {all:?}");
    let wrong = all.iter().filter_map(|(page, command)| {
        spelled(command)
            .err()
            .map(|reason| format!("{page}: `{command}`: {reason}"))
    });
    none(&wrong.collect::<Vec<_>>());
}

#[test]
fn every_block_of_gibbs_is_run() {
    let problems = Page::all()
        .iter()
        .flat_map(Page::blocks_that_are_not_run)
        .collect::<Vec<_>>();
    none(&problems);
}

#[test]
fn every_block_of_rust_is_a_doc_test() {
    let tested = ["tests/src/lib.rs", "host/src/lib.rs"].map(|file| repository().join(file));
    let tested = tested.map(|file| std::fs::read_to_string(file).expect("a source file"));
    let missing = Page::all()
        .into_iter()
        .filter(|page| page.blocks("rust").next().is_some())
        .filter(|page| !tested.iter().any(|source| source.contains(&page.name)))
        .map(|page| format!("{}: not among the doc tests of tests/src/lib.rs", page.name));
    none(&missing.collect::<Vec<_>>());
}

#[test]
fn the_reference_is_the_help() {
    assert!(
        reference::is_current(write()),
        "{} is out of date; hint: GIBBS_WRITE=1 cargo test -p gibbs --test book",
        reference::VERBS
    );
}

#[test]
fn every_kind_of_file_and_answer_is_in_the_reference() {
    let page = repository().join("docs/src/reference/files.md");
    let page = std::fs::read_to_string(page).expect("the page of files");
    let kinds = support::pages::kinds();
    assert!(kinds.len() > 5, "the kinds are not found: {kinds:?}");
    let missing = kinds.iter().filter(|kind| !page.contains(&format!("`{kind}`")));
    let missing = missing.map(|kind| format!("docs/src/reference/files.md does not name `{kind}`"));
    none(&missing.collect::<Vec<_>>());
}

#[test]
fn comments_cite_nothing_that_is_not_here() {
    none(&support::pages::citations_of_nothing());
}

#[test]
fn tests_modules_and_files_named_in_the_text_exist() {
    let problems: Vec<String> = Page::all().iter().flat_map(Page::names_of_nothing).collect();
    none(&problems);
}

#[test]
fn every_page_is_in_the_summary_and_every_link_leads_somewhere() {
    let problems: Vec<String> = Page::all().iter().flat_map(Page::broken_links).collect();
    none(&problems);
    none(&Page::outside_the_summary());
}

#[test]
fn the_readme_is_short() {
    let readme = std::fs::read_to_string(repository().join("README.md")).expect("the README");
    let lines = readme.lines().count();
    assert!(lines <= 120, "README.md has {lines} lines, at most 120 are meant");
    for command in ["cargo run --release -- reproduce", "cargo test --workspace"] {
        assert!(readme.contains(command), "README.md: {command}");
    }
}
