//! Pages: their blocks, the commands in their text, the names that they use, their links.

use std::path::{Path, PathBuf};

/// The root of the repository.
pub(crate) fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("a workspace")
        .to_path_buf()
}

/// A page of the book, or the README.
pub(crate) struct Page {
    /// Its path from the root of the repository.
    pub(crate) name: String,
    /// Its lines.
    pub(crate) lines: Vec<String>,
}

/// A fenced block.
pub(crate) struct Block<'a> {
    /// The word behind the fence.
    pub(crate) language: &'a str,
    /// The first line inside, counted from 0.
    pub(crate) first: usize,
    /// What stands inside.
    pub(crate) lines: &'a [String],
}

impl Page {
    /// The README and every page under `docs/src`.
    pub(crate) fn all() -> Vec<Self> {
        let mut files = vec![repository().join("README.md")];
        collect(&repository().join("docs/src"), "md", &mut files);
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Self {
        let name = file
            .strip_prefix(repository())
            .expect("inside")
            .display()
            .to_string();
        let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{name}: {error}"));
        Self {
            name,
            lines: text.lines().map(str::to_owned).collect(),
        }
    }

    fn folder(&self) -> PathBuf {
        repository()
            .join(&self.name)
            .parent()
            .expect("a folder")
            .to_path_buf()
    }

    /// All fenced blocks.
    fn all_blocks(&self) -> Vec<Block<'_>> {
        let mut blocks = Vec::new();
        let mut open: Option<(&str, usize)> = None;
        for (at, line) in self.lines.iter().enumerate() {
            let Some(rest) = line.trim_start().strip_prefix("```") else {
                continue;
            };
            open = match open {
                None => Some((rest.trim(), at + 1)),
                Some((language, first)) => {
                    let lines = &self.lines[first..at];
                    blocks.push(Block {
                        language,
                        first,
                        lines,
                    });
                    None
                }
            };
        }
        assert!(open.is_none(), "{}: a block is not closed", self.name);
        blocks
    }

    /// The blocks of a language.
    pub(crate) fn blocks(&self, language: &'static str) -> impl Iterator<Item = Block<'_>> {
        let all = self.all_blocks().into_iter();
        all.filter(move |block| block.language == language)
    }

    /// Generated pages quote the help, whose examples name files that are not there.
    fn is_generated(&self) -> bool {
        self.name.starts_with("docs/src/reference/")
    }

    /// Blocks that show a `gibbs` command and are not marked `console`.
    pub(crate) fn blocks_that_are_not_run(&self) -> Vec<String> {
        let blocks = self.all_blocks().into_iter();
        let shown = |line: &String| line.starts_with("gibbs ") || line.starts_with("$ gibbs ");
        blocks
            .filter(|block| !self.is_generated() && block.language != "console")
            .filter(|block| block.lines.iter().any(shown))
            .map(|block| format!("{}:{}: mark this block `console`", self.name, block.first))
            .collect()
    }

    /// Code within lines of text, without the blocks.
    fn spans(&self) -> Vec<String> {
        let mut inside = false;
        let mut text = String::new();
        for line in &self.lines {
            if line.trim_start().starts_with("```") {
                inside = !inside;
            } else if !inside {
                text.push_str(line);
                text.push('\n');
            }
        }
        text.split('`')
            .skip(1)
            .step_by(2)
            .map(|span| span.split_whitespace().collect::<Vec<_>>().join(" "))
            .collect()
    }

    /// The `gibbs` commands within lines of text.
    pub(crate) fn commands(&self) -> impl Iterator<Item = String> {
        let spans = self.spans().into_iter();
        spans.filter(|span| span.starts_with("gibbs ") || span.starts_with("cargo run --release -- "))
    }

    /// Tests (`file.rs::name`), modules (`gibbs::a::b`) and files that are named and do not exist.
    pub(crate) fn names_of_nothing(&self) -> Vec<String> {
        let spans = self.spans().into_iter();
        let missing = spans.filter(|span| !exists(span));
        missing
            .map(|span| format!("{}: `{span}` does not exist", self.name))
            .collect()
    }

    /// Links to files that are not there.
    pub(crate) fn broken_links(&self) -> Vec<String> {
        let text = self.lines.join("\n");
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        let local =
            links.filter(|link| !link.contains("://") && !link.starts_with('#') && !link.contains(' '));
        local
            .filter(|link| !link.is_empty())
            .filter(|link| {
                !self
                    .folder()
                    .join(link.split('#').next().unwrap_or(link))
                    .exists()
            })
            .map(|link| format!("{}: {link} leads nowhere", self.name))
            .collect()
    }

    /// Pages that the summary does not list. (The fields of answers are written by the tests of the verbs, a page a family.)
    pub(crate) fn outside_the_summary() -> Vec<String> {
        let summary = repository().join("docs/src/SUMMARY.md");
        let summary = std::fs::read_to_string(summary).expect("the summary");
        let pages = Self::all().into_iter();
        let names = pages.filter_map(|page| page.name.strip_prefix("docs/src/").map(str::to_owned));
        names
            .filter(|name| !name.starts_with("reference/json-"))
            .filter(|name| name != "SUMMARY.md" && !summary.contains(&format!("({name})")))
            .map(|name| format!("docs/src/SUMMARY.md does not list {name}"))
            .collect()
    }
}

/// All files of a folder with this extension.
fn collect(folder: &Path, extension: &str, files: &mut Vec<PathBuf>) {
    let entries = std::fs::read_dir(folder).expect("a folder");
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.expect("an entry").path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() && path.file_name().is_some_and(|name| name != "target") {
            collect(&path, extension, files);
        } else if path.extension().is_some_and(|found| found == extension) {
            files.push(path);
        }
    }
}

/// The sources below a folder of the repository: their names and texts.
fn sources(folder: &str) -> Vec<(String, String)> {
    let mut files = Vec::new();
    collect(&repository().join(folder), "rs", &mut files);
    let named = files.into_iter().map(|file| {
        let name = file
            .strip_prefix(repository())
            .expect("inside")
            .display()
            .to_string();
        (name, std::fs::read_to_string(&file).expect("a source file"))
    });
    named.collect()
}

/// The kinds of files that the program writes: words such as `gibbs.garrote.model`. (With a slash they are schemas of
/// answers.)
pub(crate) fn kinds() -> std::collections::BTreeSet<String> {
    let mut kinds = std::collections::BTreeSet::new();
    for (name, text) in sources("host/src") {
        if name.ends_with("tests.rs") || name.contains("/tests/") || name.contains("testing") {
            continue;
        }
        let text = text.split("#[cfg(test)]").next().unwrap_or_default();
        let words = text.split('"').filter(|word| word.starts_with("gibbs."));
        let clean = |word: &&str| {
            word.chars()
                .all(|c| c.is_ascii_alphanumeric() || "._-".contains(c))
        };
        kinds.extend(words.filter(clean).map(str::to_owned));
    }
    kinds
}

/// Comments that cite a document outside the repository.
pub(crate) fn citations_of_nothing() -> Vec<String> {
    let folders = [
        "core",
        "host/src",
        "tests",
        "benches",
        "firmware/common",
        "fixtures",
    ];
    let mut found = Vec::new();
    for (name, text) in folders.iter().flat_map(|folder| sources(folder)) {
        for (at, line) in text.lines().enumerate() {
            let marks = ["// ", "//! "];
            let comment = marks.iter().find_map(|mark| line.split_once(mark));
            let comment = comment.map_or("", |(_, comment)| comment);
            let mut words = comment.split(|c: char| !c.is_alphanumeric());
            let outside = ["spec", "Spec", "specification", "DESIGN"];
            if words.any(|word| outside.contains(&word)) || comment.contains("methods guide") {
                found.push(format!("{name}:{}: cites a document that is not here", at + 1));
            }
        }
    }
    found
}

/// Whether a name in code leads somewhere; what is neither a test, a module nor a path of the repository is not judged.
fn exists(span: &str) -> bool {
    let root = repository();
    if let Some((file, test)) = span.split_once(".rs::") {
        let source = std::fs::read_to_string(root.join(format!("{file}.rs")));
        return source.is_ok_and(|source| source.contains(&format!("fn {test}(")));
    }
    for (prefix, folder) in [("gibbs_core::", "core/src"), ("gibbs::", "host/src")] {
        if let Some(path) = span.strip_prefix(prefix)
            && path.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ':')
        {
            return is_item(&root.join(folder), path);
        }
    }
    let rooms = [
        "core/",
        "host/",
        "firmware/",
        "fixtures/",
        "tests/",
        "benches/",
        "docs/",
    ];
    let path = span.split(':').next().unwrap_or(span);
    let is_path = rooms.iter().any(|room| path.starts_with(room)) && !path.contains([' ', '*', '…']);
    !is_path || root.join(path).exists()
}

/// Whether `a::b::c` is a module, or an item of the module before it.
fn is_item(folder: &Path, path: &str) -> bool {
    let parts: Vec<&str> = path.split("::").collect();
    let source = |parts: &[&str]| {
        let base = parts
            .iter()
            .fold(folder.to_path_buf(), |path, part| path.join(part));
        [
            base.with_extension("rs"),
            base.join("mod.rs"),
            base.join("lib.rs"),
        ]
        .iter()
        .find_map(|file| std::fs::read_to_string(file).ok())
    };
    let (last, before) = parts.split_last().expect("a name");
    let named = |text: String| {
        text.split(|c: char| !c.is_alphanumeric() && c != '_')
            .any(|word| word == *last)
    };
    source(&parts).is_some() || source(before).is_some_and(named)
}
