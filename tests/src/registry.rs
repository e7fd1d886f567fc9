//! The registry of methods (`fixtures/methods.toml`, `fixtures/citations.toml`): what each method is built on and
//! which tests stand behind it, checked against the tree, and the book's table made from it.

use crate::{Failure, footprint, read, read_toml, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use toml::{Table, Value};

/// The kinds of test, in order of trust.
pub const EVIDENCE: [&str; 4] = ["oracle", "law", "edge", "golden"];

/// Folders whose public modules must all be registered, as methods or as plumbing.
pub const WATCHED: [&str; 12] = [
    "gibbs_core::diffusion",
    "gibbs_core::garrote",
    "gibbs_core::ising",
    "gibbs_core::ising::lattice",
    "gibbs::garrote",
    "gibbs::baseline",
    "gibbs::ising",
    "gibbs::ising::oracle",
    "gibbs::net",
    "gibbs::train",
    "gibbs::diffusion",
    "gibbs::diffusion::pullback",
];

/// Both files.
pub struct Registry {
    /// `fixtures/methods.toml`.
    pub methods: Table,
    /// `fixtures/citations.toml`.
    pub citations: Table,
}

impl Registry {
    /// Reads both files.
    ///
    /// # Errors
    /// A file that is missing or not TOML.
    pub fn read() -> Result<Self, Failure> {
        let fixtures = root().join("fixtures");
        Ok(Self {
            methods: read_toml(&fixtures.join("methods.toml"))?,
            citations: read_toml(&fixtures.join("citations.toml"))?,
        })
    }

    /// The entries of one kind: `method`, `data` or `plumbing`.
    pub fn entries(&self, kind: &str) -> impl Iterator<Item = &Table> {
        let list = self.methods.get(kind).and_then(Value::as_array);
        list.into_iter().flatten().filter_map(Value::as_table)
    }

    /// Everything that does not hold, one line each.
    ///
    /// # Errors
    /// A file of the tree that cannot be read.
    pub fn problems(&self) -> Result<Vec<String>, Failure> {
        let mut problems = Vec::new();
        let (mut ids, mut cited, mut known) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let hashes = read_toml(&root().join("fixtures/hashes.toml"))?;
        let budgets = read_toml(&footprint::budgets_file())?;
        for method in self.entries("method") {
            let id = text(method, "id");
            let mut problem = |line: String| problems.push(format!("{id}: {line}"));
            if id.is_empty() || text(method, "name").is_empty() || !ids.insert(id) {
                problem("no id or name, or the id twice".to_owned());
            }
            for key in words(method, "source") {
                cited.insert(key);
                if !self.citations.contains_key(key) {
                    problem(format!("source {key} is not in citations.toml"));
                }
            }
            for module in words(method, "modules") {
                known.insert(module);
                if file_of(module).is_none() {
                    problem(format!("module {module} does not exist"));
                }
            }
            for (list, least) in [("source", 1), ("modules", 1), ("targets", 1)] {
                if words(method, list).len() < least {
                    problem(format!("{list} is empty"));
                }
            }
            let (mcu, core) = (
                words(method, "targets").contains(&"mcu"),
                words(method, "modules")
                    .iter()
                    .any(|m| m.starts_with("gibbs_core")),
            );
            if mcu != core {
                problem("target mcu and a module of gibbs_core go together".to_owned());
            }
            for kind in EVIDENCE {
                let tests = words(method, kind);
                let why = method
                    .get("why")
                    .and_then(|why| why.get(kind))
                    .and_then(Value::as_str);
                if tests.is_empty() != why.is_some_and(|why| !why.trim().is_empty()) {
                    problem(format!("{kind}: either tests or a reason why there are none"));
                }
                for test in tests {
                    if !is_test(test)? {
                        problem(format!("{kind}: no test {test}"));
                    }
                }
            }
            if words(method, "oracle").is_empty() && words(method, "law").is_empty() {
                problem("neither an oracle nor a law".to_owned());
            }
            let hashed = |name: &str| hashes.contains_key(name);
            if let Some(bits) = method.get("bits").and_then(Value::as_str)
                && !hashed(bits)
                && !["f32", "f64"].iter().all(|t| hashed(&format!("{bits}-{t}")))
            {
                problem(format!("{bits} is not in hashes.toml"));
            }
            if let Some(program) = method.get("footprint").and_then(Value::as_str)
                && !budgets.contains_key(program)
            {
                problem(format!("{program} is not in firmware/budgets.toml"));
            }
        }
        for data in self.entries("data") {
            let (id, file) = (text(data, "id"), text(data, "file"));
            let sources = words(data, "source");
            cited.extend(&sources);
            let known = |key: &&str| self.citations.contains_key(*key);
            let sound = !sources.is_empty() && sources.iter().all(known) && root().join(file).is_file();
            if !sound || id.is_empty() || !ids.insert(id) {
                problems.push(format!(
                    "data {id}: no source, an unknown one, no file, or the id twice"
                ));
            }
        }
        for entry in self.entries("plumbing") {
            let module = text(entry, "module");
            if file_of(module).is_none() || text(entry, "why").is_empty() || !known.insert(module) {
                problems.push(format!(
                    "plumbing {module}: no such module, no reason, or named twice"
                ));
            }
        }
        for module in WATCHED {
            for public in public_modules(module)? {
                if !known.contains(public.as_str()) {
                    problems.push(format!("{public} has no entry"));
                }
            }
        }
        let unused = self.citations.keys().filter(|key| !cited.contains(key.as_str()));
        problems.extend(unused.map(|key| format!("citation {key} is used by no method")));
        Ok(problems)
    }

    /// The book's table of methods.
    pub fn table(&self) -> String {
        let mut table = String::from(
            "| method | `gibbs cite` | runs on | same bits | oracle | law | edge | golden |\n\
             |---|---|---|---|---:|---:|---:|---:|\n",
        );
        for method in self.entries("method") {
            let targets = words(method, "targets").join(", ").to_uppercase();
            let bits = if method.contains_key("bits") { "yes" } else { "" };
            let (name, id) = (text(method, "name"), text(method, "id"));
            let _ = write!(table, "| {name} | `{id}` | {targets} | {bits} |");
            for kind in EVIDENCE {
                let _ = write!(table, " {} |", words(method, kind).len());
            }
            table.push('\n');
        }
        table
    }
}

fn text<'a>(entry: &'a Table, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn words<'a>(entry: &'a Table, key: &str) -> Vec<&'a str> {
    let list = entry.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// The source file of a module path such as `gibbs_core::garrote::sweep`.
fn file_of(module: &str) -> Option<PathBuf> {
    let mut parts = module.split("::");
    let mut path = match parts.next()? {
        "gibbs_core" => root().join("core/src"),
        "gibbs" => root().join("host/src"),
        _ => return None,
    };
    path.extend(parts);
    [path.with_extension("rs"), path.join("mod.rs")]
        .into_iter()
        .find(|file| file.is_file())
}

fn public_modules(parent: &str) -> Result<Vec<String>, Failure> {
    let file = file_of(parent).ok_or_else(|| Failure(format!("no module {parent}")))?;
    let text = read(&file)?;
    let names = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';'));
    Ok(names.map(|name| format!("{parent}::{name}")).collect())
}

/// Whether `FILE::NAME` names a function marked as a test.
fn is_test(place: &str) -> Result<bool, Failure> {
    let Some((file, name)) = place.split_once("::") else {
        return Ok(false);
    };
    let file = root().join(file);
    if !file.is_file() {
        return Ok(false);
    }
    let text = read(&file)?;
    let lines: Vec<&str> = text.lines().map(str::trim_start).collect();
    let head = format!("fn {name}(");
    Ok(lines.iter().enumerate().any(|(at, line)| {
        // Between the mark and the function stand only comments and other attributes.
        let above = lines.get(..at).unwrap_or_default().iter().rev();
        let mut marks = above.take_while(|line| line.starts_with('#') || line.starts_with("//"));
        line.starts_with(&head) && marks.any(|line| line.starts_with("#[test]"))
    }))
}
