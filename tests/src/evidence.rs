//! The evidence behind the methods, collected from the tests themselves.
//!
//! A test says beside its mark what it is evidence of: the class, and the methods of `fixtures/methods/`.
//!
//! ```text
//! #[test] // oracle: ising-enumerate, ising-temper; law: random
//! ```
//!
//! Any other comment there is prose: a sentence after a class is not counted. Prose about evidence goes to the line above.

use crate::{Failure, failed, read, root};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The classes of evidence, in order of trust: against a closed form, brute force or an independent route; exact
/// identities and properties; limits and bad input; numbers of a trusted peer.
pub const CLASSES: [&str; 4] = ["oracle", "law", "edge", "golden"];

/// Folders whose tests may be evidence.
const SEARCHED: [&str; 4] = ["core", "host", "tests", "benches"];

/// What a line says, in its own words: classes with their methods.
type Mark<'a> = Vec<(&'a str, Vec<&'a str>)>;

/// All evidence of the tree.
#[derive(Default)]
pub struct Evidence {
    /// Tests as `FILE::NAME`, by method and class.
    tests: BTreeMap<(String, String), Vec<String>>,
    /// Marks that stand beside no test that runs, with their place.
    astray: Vec<(String, String)>,
}

impl Evidence {
    /// Reads every Rust file of the four folders.
    ///
    /// # Errors
    /// A folder or file that cannot be read.
    pub fn collect() -> Result<Self, Failure> {
        let mut evidence = Self::default();
        for folder in SEARCHED {
            for file in rust_files(&root().join(folder))? {
                let name = file.strip_prefix(root()).unwrap_or(&file).display().to_string();
                evidence.add(&name, &read(&file)?);
            }
        }
        Ok(evidence)
    }

    /// Adds what the tests in one file say.
    pub fn add(&mut self, file: &str, source: &str) {
        let lines: Vec<&str> = source.lines().map(str::trim).collect();
        for (at, line) in lines.iter().enumerate() {
            let place = format!("{file}:{}", at + 1);
            let Some(words) = line.strip_prefix("#[test] // ") else {
                let comment = line.strip_prefix("// ").and_then(mark);
                for (class, methods) in comment.into_iter().flatten() {
                    if CLASSES.contains(&class) {
                        self.stray(&place, &methods);
                    }
                }
                continue;
            };
            let Some(marks) = mark(words) else { continue };
            let after = lines.get(at + 1..).unwrap_or_default();
            let name = test_below(after);
            for (class, methods) in marks {
                match name {
                    Some(name) if CLASSES.contains(&class) => {
                        for method in methods {
                            let key = (method.to_owned(), class.to_owned());
                            self.tests.entry(key).or_default().push(format!("{file}::{name}"));
                        }
                    }
                    _ => self.stray(&place, &methods),
                }
            }
        }
    }

    fn stray(&mut self, place: &str, methods: &[&str]) {
        let methods = methods
            .iter()
            .map(|method| (place.to_owned(), (*method).to_owned()));
        self.astray.extend(methods);
    }

    /// The tests of one method and class, as `FILE::NAME`.
    pub fn of(&self, method: &str, class: &str) -> &[String] {
        let key = (method.to_owned(), class.to_owned());
        self.tests.get(&key).map_or(&[], Vec::as_slice)
    }

    /// Forgets the tests of one method and class: the mutation that the check of the registry must see.
    pub fn forget(&mut self, method: &str, class: &str) {
        self.tests.remove(&(method.to_owned(), class.to_owned()));
    }

    /// Marks that name no method, and marks of a method that have no class or no test that runs.
    pub fn problems(&self, known: impl Fn(&str) -> bool) -> Vec<String> {
        let unknown = self.tests.iter().filter(|((method, _), _)| !known(method));
        let unknown =
            unknown.map(|((method, class), tests)| format!("{class}: no method {method}: {tests:?}"));
        let astray = self.astray.iter().filter(|(_, method)| known(method));
        let astray = astray.map(|(place, method)| {
            format!("{place}: {method}: evidence is `#[test] // CLASS: METHOD` above a test that runs, CLASS one of {CLASSES:?}")
        });
        unknown.chain(astray).collect()
    }
}

/// `oracle: one, two; law: three` taken apart, or `None` where the words are prose.
fn mark(words: &str) -> Option<Mark<'_>> {
    let parts = words.split("; ").map(|part| {
        let (class, methods) = part.split_once(": ")?;
        let methods: Vec<&str> = methods.split(", ").collect();
        let name = |word: &&str| {
            let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
            !word.is_empty() && word.chars().all(plain)
        };
        // Single words that look like names but are none are a slip, to be told; a sentence is prose.
        (name(&class) && methods.iter().all(name)).then_some((class, methods))
    });
    parts.collect()
}

/// The name of the function that follows, if only comments and attributes lie between and none says `ignore`.
fn test_below<'a>(lines: &[&'a str]) -> Option<&'a str> {
    let beside = |line: &&&str| line.starts_with('#') || line.starts_with("//");
    let above = lines.iter().take_while(beside);
    let ignored = above.clone().any(|line| line.starts_with("#[ignore"));
    let head = lines.get(above.count())?.strip_prefix("fn ")?;
    let (name, _) = head.split_once('(')?;
    (!ignored).then_some(name)
}

/// All Rust files below a folder, in order of their names; build outputs are left out.
fn rust_files(folder: &Path) -> Result<Vec<PathBuf>, Failure> {
    let mut found = Vec::new();
    let entries = std::fs::read_dir(folder).map_err(failed(folder.display()))?;
    for entry in entries {
        let path = entry.map_err(failed(folder.display()))?.path();
        if path.is_dir() && !path.ends_with("target") {
            found.extend(rust_files(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}
