//! The reference of the book: the help of every verb, as the program prints it.

use super::pages::repository;
use clap::CommandFactory;
use std::fmt::Write;

/// The page, from the root of the repository.
pub(crate) const VERBS: &str = "docs/src/reference/verbs.md";

const HEAD: &str = "\
# Verbs

What `gibbs VERB --help` prints. The options that all verbs share stand at the end. This page is made by
`GIBBS_WRITE=1 cargo test -p gibbs --test book`, and a test holds it to the program.
";

/// The options of every verb begin with this line of the help.
const COMMON: &str = "Common options:";

/// The page as it should be.
pub(crate) fn verbs() -> String {
    let mut root = gibbs::cli::Cli::command().term_width(100);
    root.build();
    let mut page = HEAD.to_owned();
    let mut common = String::new();
    for family in root.get_subcommands_mut() {
        if family.get_name() == "help" {
            continue;
        }
        if family.has_subcommands() {
            for verb in family
                .get_subcommands_mut()
                .filter(|verb| verb.get_name() != "help")
            {
                section(&mut page, verb, &mut common);
            }
        } else {
            section(&mut page, family, &mut common);
        }
    }
    let _ = write!(page, "\n## Options of every verb\n\n```text\n{common}\n```\n");
    page
}

fn section(page: &mut String, verb: &mut clap::Command, common: &mut String) {
    let name = verb.get_bin_name().unwrap_or_default().to_owned();
    let help = verb.clone().term_width(100).render_long_help().to_string();
    let (own, rest) = help.split_once(COMMON).unwrap_or((&help, ""));
    // What follows the common options begins at the first line that is not indented.
    let mut lines = rest.lines().skip(1);
    let shared: Vec<&str> = lines
        .by_ref()
        .take_while(|line| line.is_empty() || line.starts_with(' '))
        .collect();
    let after: Vec<&str> = rest.lines().skip(1 + shared.len()).collect();
    if common.is_empty() {
        *common = trimmed(&shared.join("\n"));
    }
    let text = format!("{}\n\n{}", trimmed(own), trimmed(&after.join("\n")));
    let _ = write!(page, "\n## {name}\n\n```text\n{}\n```\n", trimmed(&text));
}

/// Lines without trailing blanks, and without empty lines at either end.
fn trimmed(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Whether the page is as it should be; with `write` it is made so.
pub(crate) fn is_current(write: bool) -> bool {
    let file = repository().join(VERBS);
    let wanted = verbs();
    if write {
        std::fs::write(&file, &wanted).expect("the page is written");
    }
    std::fs::read_to_string(&file).is_ok_and(|page| page == wanted)
}
