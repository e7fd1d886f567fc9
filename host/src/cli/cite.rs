//! `gibbs cite [METHOD …]`: what a method is built on, as BibTeX. Made from the registry of methods.

use super::error::CliError;
use super::session::{Common, Ended, Folder, Session, Status, Verb};
use crate::report::answer::Answer;
use crate::report::table::{Style, Table};
use clap::Args;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The registry of methods, family by family.
const FAMILIES: [&str; 5] = [
    include_str!(concat!(env!("GIBBS_FIXTURES"), "/methods/diffusion.toml")),
    include_str!(concat!(env!("GIBBS_FIXTURES"), "/methods/garrote.toml")),
    include_str!(concat!(env!("GIBBS_FIXTURES"), "/methods/ground.toml")),
    include_str!(concat!(env!("GIBBS_FIXTURES"), "/methods/ising.toml")),
    include_str!(concat!(env!("GIBBS_FIXTURES"), "/methods/net.toml")),
];
const CITATIONS: &str = include_str!(concat!(env!("GIBBS_FIXTURES"), "/citations.toml"));

/// Order of the fields of a BibTeX entry; others follow by name.
const ORDER: [&str; 14] = [
    "author",
    "title",
    "journal",
    "booktitle",
    "edition",
    "publisher",
    "volume",
    "number",
    "pages",
    "year",
    "doi",
    "eprint",
    "archiveprefix",
    "note",
];

const VERB: Verb = Verb {
    name: "cite",
    version: 2,
    folder: Folder::Unused,
    keeps: false,
};

/// Arguments of `gibbs cite`.
#[derive(Debug, Args)]
#[command(after_help = "\
A METHOD is one of the list, or the first part of its name: `garrote` means all that begin with `garrote-`.

Examples:
  gibbs cite
  gibbs cite garrote-ascent lasso > references.bib
  gibbs cite garrote --json")]
pub struct Arguments {
    /// Methods (or data sets) to cite; without any, they are listed
    #[arg(value_name = "METHOD")]
    methods: Vec<String>,
}

/// One family of the registry: entries in the order of its file, by id.
#[derive(Debug, Deserialize)]
struct Family {
    method: toml::Table,
    #[serde(default)]
    data: toml::Table,
}

/// A method, or a data set (which has no modules and no targets).
#[derive(Debug, Deserialize, Serialize)]
struct Method {
    #[serde(skip_deserializing)]
    id: String,
    name: String,
    #[serde(default)]
    modules: Vec<String>,
    source: Vec<String>,
    #[serde(skip_deserializing)]
    targets: Vec<&'static str>,
}

/// Methods, then data sets.
fn registered() -> Result<Vec<Method>, CliError> {
    let (mut methods, mut data) = (Vec::new(), Vec::new());
    for family in FAMILIES {
        let family: Family = parsed("methods", family)?;
        for (entries, found) in [(family.method, &mut methods), (family.data, &mut data)] {
            for (id, entry) in entries {
                let entry = entry.try_into::<Method>();
                let mut entry = entry.map_err(|error| CliError::failed(format!("{id}: {error}")))?;
                entry.targets = targets(&entry.modules);
                found.push(Method { id, ..entry });
            }
        }
    }
    methods.append(&mut data);
    Ok(methods)
}

/// Where a method runs follows from where it lives: what `gibbs_core` holds needs no heap.
fn targets(modules: &[String]) -> Vec<&'static str> {
    let mcu = modules.iter().any(|module| module.starts_with("gibbs_core"));
    let cpu = !modules.is_empty();
    [(mcu, "mcu"), (cpu, "cpu")]
        .into_iter()
        .filter_map(|(runs, target)| runs.then_some(target))
        .collect()
}

/// The fields of one entry; `type` is its kind.
type Citation = BTreeMap<String, String>;

pub(super) fn run(arguments: &Arguments, common: &Common) -> Result<Status, CliError> {
    let session = Session::begin(common, VERB)?;
    let registered = registered()?;
    let citations: BTreeMap<String, Citation> = parsed("citations.toml", CITATIONS)?;
    let methods = chosen(&registered, &arguments.methods)?;
    let mut entries: Vec<(&String, &Citation)> = Vec::new();
    for key in methods.iter().flat_map(|method| &method.source) {
        let entry = citations
            .get_key_value(key)
            .ok_or_else(|| CliError::failed(format!("citations.toml has no {key}")))?;
        if !entries.contains(&entry) {
            entries.push(entry);
        }
    }
    let mut answer = Answer::new();
    answer.hidden("methods", &methods);
    answer.hidden("citations", objects(&entries));
    answer.alone(if arguments.methods.is_empty() {
        listed(&methods)
    } else {
        entries.iter().map(|(key, entry)| bibtex(key, entry)).collect()
    });
    session.done(answer, Ended::DONE)
}

/// Both files are part of the program, so a refusal is a defect of it, never of the user.
fn parsed<'a, T: Deserialize<'a>>(name: &str, text: &'a str) -> Result<T, CliError> {
    toml::from_str(text).map_err(|error| CliError::failed(format!("{name}: {error}")))
}

/// The methods asked for, in the order of the registry; all of them when none is.
fn chosen<'r>(methods: &'r [Method], wanted: &[String]) -> Result<Vec<&'r Method>, CliError> {
    let is = |method: &Method, name: &str| {
        let rest = method.id.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    if let Some(unknown) = wanted.iter().find(|name| !methods.iter().any(|m| is(m, name))) {
        let message = format!("no method {unknown:?}\nhint: `gibbs cite` lists the methods");
        return Err(CliError::input(message).with("method", unknown.as_str()));
    }
    let asked = |method: &&Method| wanted.is_empty() || wanted.iter().any(|name| is(method, name));
    Ok(methods.iter().filter(asked).collect())
}

fn objects(entries: &[(&String, &Citation)]) -> Vec<Value> {
    let object = |(key, entry): &(&String, &Citation)| {
        let fields: Citation = fields(entry).map(|(k, v)| (k.clone(), v.clone())).collect();
        json!({"key": key, "type": entry.get("type"), "fields": fields, "bibtex": bibtex(key, entry)})
    };
    entries.iter().map(object).collect()
}

fn listed(methods: &[&Method]) -> String {
    let mut table = Table::new(&["method", "what it is", "sources"]);
    for method in methods {
        table.push([method.id.clone(), method.name.clone(), method.source.join(", ")]);
    }
    table.to_text(Style::of_stdout())
}

fn fields(entry: &Citation) -> impl Iterator<Item = (&String, &String)> {
    let first = ORDER.iter().filter_map(|name| entry.get_key_value(*name));
    let other = |(name, _): &(&String, &String)| *name != "type" && !ORDER.contains(&name.as_str());
    first.chain(entry.iter().filter(other))
}

fn bibtex(key: &str, entry: &Citation) -> String {
    let kind = entry.get("type").map_or("misc", String::as_str);
    let mut text = format!("@{kind}{{{key},\n");
    for (name, value) in fields(entry) {
        let _ = writeln!(text, "  {name} = {{{value}}},");
    }
    text.push_str("}\n");
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_has_what_its_kind_needs_and_balanced_braces() {
        let citations: BTreeMap<String, Citation> = parsed("citations.toml", CITATIONS).unwrap();
        assert!(citations.len() > 15);
        for (key, entry) in &citations {
            let needs: &[&str] = match entry.get("type").map(String::as_str) {
                Some("article") => &["author", "title", "year", "journal", "volume"],
                Some("book") => &["author", "title", "year", "publisher"],
                Some("inproceedings") => &["author", "title", "year", "booktitle"],
                Some("misc") if entry.contains_key("howpublished") => &["author", "title", "year"],
                Some("misc") => &["author", "title", "year", "eprint"],
                other => panic!("{key}: {other:?}"),
            };
            for field in needs {
                assert!(entry.get(*field).is_some_and(|v| !v.is_empty()), "{key}: {field}");
            }
            let text = bibtex(key, entry);
            assert_eq!(text.matches('{').count(), text.matches('}').count(), "{text}");
            assert_eq!(text.lines().count(), entry.len() + 1, "{text}"); // no field lost, `type` in the head
        }
    }

    #[test] // a family that is registered and not named here would not be cited
    fn every_family_is_part_of_the_program() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/methods");
        let files = std::fs::read_dir(folder).unwrap().count();
        assert_eq!(files, FAMILIES.len());
    }

    #[test] // "garrote" is a family, "garrote-as" nothing
    fn names_are_whole_parts() {
        let registered = registered().unwrap();
        let count = |name: &str| chosen(&registered, &[name.to_owned()]).map(|found| found.len());
        assert_eq!(count("garrote-ascent").unwrap(), 1);
        assert!(count("garrote").unwrap() > 10);
        for unknown in ["garrote-as", "", "-", "LASSO"] {
            assert!(count(unknown).is_err(), "{unknown:?}");
        }
    }
}
