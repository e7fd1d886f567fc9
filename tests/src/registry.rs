//! The registry of methods: `fixtures/methods/FAMILY.toml` and `fixtures/citations.toml` say what each method is built
//! on, the tests say what is evidence of it ([`Evidence`]); both are checked against the tree, and the table of
//! methods is made from them.

use crate::evidence::{CLASSES, Evidence};
use crate::{Failure, failed, footprint, read, read_toml, root};
use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::PathBuf;
use toml::{Table, Value};

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

/// The entries of all families, the citations, and the evidence.
pub struct Registry {
    /// The files of `fixtures/methods/`, in order of their names.
    pub families: Vec<Table>,
    /// `fixtures/citations.toml`.
    pub citations: Table,
    /// What the tests say.
    pub evidence: Evidence,
}

impl Registry {
    /// Reads all files, and the tests.
    ///
    /// # Errors
    /// A file that is missing, not TOML, or cannot be read.
    pub fn read() -> Result<Self, Failure> {
        let folder = root().join("fixtures/methods");
        let entries = std::fs::read_dir(&folder).map_err(failed(folder.display()))?;
        let files: Result<Vec<PathBuf>, _> = entries.map(|entry| entry.map(|entry| entry.path())).collect();
        let mut files = files.map_err(failed(folder.display()))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == "toml"));
        files.sort();
        Ok(Self {
            families: files
                .iter()
                .map(|file| read_toml(file))
                .collect::<Result<_, _>>()?,
            citations: read_toml(&root().join("fixtures/citations.toml"))?,
            evidence: Evidence::collect()?,
        })
    }

    /// The entries of one kind, `method` or `data`, with their ids.
    pub fn entries<'a>(&'a self, kind: &'a str) -> impl Iterator<Item = (&'a str, &'a Table)> {
        self.families.iter().flat_map(move |family| entries(family, kind))
    }

    /// Everything that does not hold, one line each.
    ///
    /// # Errors
    /// A file of the tree that cannot be read.
    pub fn problems(&self) -> Result<Vec<String>, Failure> {
        let mut problems = Vec::new();
        for family in &self.families {
            self.check_reasons(family, &mut problems);
        }
        self.check_entries(&mut problems)?;
        self.check_modules(&mut problems)?;
        problems.extend(
            self.evidence
                .problems(|id| self.entries("method").any(|(known, _)| known == id)),
        );
        Ok(problems)
    }

    /// Each class of evidence has tests, or a reason of the method or its family why it has none; and an oracle or a
    /// law there must be.
    fn check_reasons(&self, family: &Table, problems: &mut Vec<String>) {
        let mut used = BTreeSet::new();
        for (id, method) in entries(family, "method") {
            let mut problem = |line: String| problems.push(format!("{id}: {line}"));
            for class in CLASSES {
                let none = self.evidence.of(id, class).is_empty();
                let (own, shared) = (reason(method, class), reason(family, class));
                if none && own.is_none() && shared.is_some() {
                    used.insert(class);
                }
                if none != (own.is_some() || (none && shared.is_some())) {
                    problem(format!("{class}: either tests or a reason why there are none"));
                }
            }
            let none = |class| self.evidence.of(id, class).is_empty();
            if none("oracle") && none("law") {
                problem("neither an oracle nor a law".to_owned());
            }
        }
        for class in CLASSES {
            if reason(family, class).is_some() && !used.contains(class) {
                let title = text(family, "title");
                problems.push(format!("{title}: why.{class} serves no method"));
            }
        }
    }

    /// Names, sources and modules are there, and so are the hashes, budgets and data files that an entry names.
    fn check_entries(&self, problems: &mut Vec<String>) -> Result<(), Failure> {
        let hashes = read_toml(&root().join("fixtures/hashes.toml"))?;
        let budgets = read_toml(&footprint::budgets_file())?;
        let (mut ids, mut cited) = (BTreeSet::new(), BTreeSet::new());
        for (id, entry) in self.entries("method").chain(self.entries("data")) {
            let mut problem = |line: String| problems.push(format!("{id}: {line}"));
            if text(entry, "name").is_empty() || !ids.insert(id) {
                problem("no name, or the id twice".to_owned());
            }
            let sources = words(entry, "source");
            if sources.is_empty() {
                problem("source is empty".to_owned());
            }
            for key in sources {
                cited.insert(key);
                if !self.citations.contains_key(key) {
                    problem(format!("source {key} is not in citations.toml"));
                }
            }
            let hashed = |name: &str| hashes.contains_key(name);
            if let Some(bits) = entry.get("bits").and_then(Value::as_str)
                && !hashed(bits)
                && !["f32", "f64"].iter().all(|t| hashed(&format!("{bits}-{t}")))
            {
                problem(format!("{bits} is not in hashes.toml"));
            }
            if let Some(program) = entry.get("footprint").and_then(Value::as_str)
                && !budgets.contains_key(program)
            {
                problem(format!("{program} is not in firmware/budgets.toml"));
            }
        }
        for (id, data) in self.entries("data") {
            if !root().join(text(data, "file")).is_file() {
                problems.push(format!("data {id}: no such file"));
            }
        }
        let unused = self.citations.keys().filter(|key| !cited.contains(key.as_str()));
        problems.extend(unused.map(|key| format!("citation {key} is used by no method")));
        Ok(())
    }

    /// Every module that an entry names exists, and every public module of the watched folders has an entry.
    fn check_modules(&self, problems: &mut Vec<String>) -> Result<(), Failure> {
        let mut known = BTreeSet::new();
        for (id, method) in self.entries("method") {
            let modules = words(method, "modules");
            if modules.is_empty() {
                problems.push(format!("{id}: modules is empty"));
            }
            for module in modules {
                known.insert(module);
                if file_of(module).is_none() {
                    problems.push(format!("{id}: module {module} does not exist"));
                }
            }
        }
        let plumbing = self
            .families
            .iter()
            .filter_map(|family| family.get("plumbing")?.as_table());
        for (module, why) in plumbing.flatten() {
            let reason = why.as_str().is_some_and(|why| !why.trim().is_empty());
            if file_of(module).is_none() || !reason || !known.insert(module) {
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
        Ok(())
    }

    /// The table of methods, family by family, as Markdown.
    pub fn table(&self) -> String {
        let mut table = String::new();
        for family in &self.families {
            let _ = write!(
                table,
                "\n**{}**\n\n\
                 | method | `gibbs cite` | runs on | same bits | oracle | law | edge | golden |\n\
                 |---|---|---|---|---:|---:|---:|---:|\n",
                text(family, "title")
            );
            for (id, method) in entries(family, "method") {
                let bits = if method.contains_key("bits") { "yes" } else { "" };
                let (name, targets) = (text(method, "name"), targets(method));
                let _ = write!(table, "| {name} | `{id}` | {targets} | {bits} |");
                for class in CLASSES {
                    let _ = write!(table, " {} |", self.evidence.of(id, class).len());
                }
                table.push('\n');
            }
        }
        table.push('\n');
        table
    }

    /// Every test behind one method, or behind all of them, by class.
    pub fn listing(&self, wanted: Option<&str>) -> String {
        let mut listing = String::new();
        for (id, _) in self
            .entries("method")
            .filter(|(id, _)| wanted.is_none_or(|w| w == *id))
        {
            for class in CLASSES {
                for test in self.evidence.of(id, class) {
                    let _ = writeln!(listing, "{id} {class} {test}");
                }
            }
        }
        listing
    }
}

fn entries<'a>(family: &'a Table, kind: &str) -> impl Iterator<Item = (&'a str, &'a Table)> {
    let table = family.get(kind).and_then(Value::as_table);
    let entries = table.into_iter().flatten();
    entries.filter_map(|(id, entry)| Some((id.as_str(), entry.as_table()?)))
}

/// Why there are no tests of a class, as a method or its family says.
fn reason<'a>(entry: &'a Table, class: &str) -> Option<&'a str> {
    let reason = entry.get("why")?.get(class)?.as_str()?;
    (!reason.trim().is_empty()).then_some(reason)
}

fn text<'a>(entry: &'a Table, key: &str) -> &'a str {
    entry.get(key).and_then(Value::as_str).unwrap_or_default()
}

fn words<'a>(entry: &'a Table, key: &str) -> Vec<&'a str> {
    let list = entry.get(key).and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

/// Where a method runs follows from where it lives: what `gibbs-core` holds needs no heap.
fn targets(method: &Table) -> &'static str {
    let core = words(method, "modules")
        .iter()
        .any(|m| m.starts_with("gibbs_core"));
    if core { "MCU, CPU" } else { "CPU" }
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
