//! What each column of a file is: looked up among all of them, before any is left out.

use super::{DataError, TableOptions, shorten};
use std::collections::{HashMap, HashSet};
use std::path::Path;

/// What is done with a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// Not looked at.
    Skipped,
    /// Its cells are numbers.
    Number,
    /// Its cells may be numbers.
    Optional,
    /// Its cells are the names of the rows.
    Label,
}

/// The columns of a file and their roles.
pub(super) struct Layout {
    /// Names of all columns.
    pub(super) names: Vec<String>,
    /// Role of each column.
    pub(super) roles: Vec<Role>,
    /// Number of the target.
    pub(super) target: Option<usize>,
    /// Whether a table without columns is a result: rows may be all that is wanted.
    pub(super) may_be_empty: bool,
    needed: HashSet<usize>,
}

/// The columns of a file, to look up keys in.
struct Names<'a> {
    names: &'a [String],
    /// The array that each column is a part of; empty for tables.
    groups: &'a [String],
}

impl Names<'_> {
    /// The columns that a key means: those of this name, else those of the array of this name, else the one of this
    /// number.
    fn find(&self, key: &str) -> Option<Vec<usize>> {
        let equal = |names: &[String]| -> Vec<usize> {
            let numbered = names.iter().enumerate();
            numbered
                .filter(|(_, name)| *name == key)
                .map(|(at, _)| at)
                .collect()
        };
        let by_name = Some(equal(self.names)).filter(|found| !found.is_empty());
        by_name
            .or_else(|| Some(equal(self.groups)).filter(|found| !found.is_empty()))
            .or_else(|| self.number(key).map(|position| vec![position]))
    }

    fn number(&self, key: &str) -> Option<usize> {
        let (count, index) = (self.names.len(), key.parse::<i64>().ok()?);
        let index = if index < 0 {
            index.checked_add_unsigned(count as u64)?
        } else {
            index
        };
        usize::try_from(index).ok().filter(|index| *index < count)
    }

    fn get(&self, key: &str) -> Result<Vec<usize>, DataError> {
        self.find(key).ok_or_else(|| self.not_found(key))
    }

    /// The one column that a key means.
    fn one(&self, path: &Path, key: &str) -> Result<usize, DataError> {
        match self.get(key)?[..] {
            [position] => Ok(position),
            [first, second, ..] => Err(duplicate(path, self.names, first, second)),
            [] => Err(self.not_found(key)),
        }
    }

    fn not_found(&self, key: &str) -> DataError {
        not_found(key, self.names.iter().map(String::as_str))
    }

    /// The columns that a value of `--ignore` means.
    fn ignored(&self, value: &str) -> Result<Vec<usize>, DataError> {
        if let Some(whole) = self.find(value) {
            return Ok(whole);
        }
        let mut columns = Vec::new();
        for key in value.split(',').map(str::trim).filter(|key| !key.is_empty()) {
            columns.extend(self.get(key)?);
        }
        if columns.is_empty() {
            return Err(self.not_found(value));
        }
        Ok(columns)
    }
}

impl Layout {
    /// Gives each column its role. `groups` names the array that each column is a part of, for archives; `line` is that
    /// of the header, for text.
    ///
    /// # Errors
    /// `ColumnNotFound`; `ColumnLeftOut` for a column that is needed; `UnnamedColumn` and `DuplicateColumn` among those
    /// that are read; `NothingLeft`.
    pub(super) fn new(
        path: &Path,
        names: Vec<String>,
        groups: &[String],
        options: &TableOptions,
        line: u64,
    ) -> Result<Self, DataError> {
        let all = Names {
            names: &names,
            groups,
        };
        let mut roles = vec![Role::Number; names.len()];
        let mut needed = HashSet::new();
        if let Some(only) = &options.only {
            roles.fill(Role::Skipped);
            let there: HashMap<&str, Role> = (only.optional.iter().map(|name| (name, Role::Optional)))
                .chain(only.needed.iter().map(|name| (name, Role::Number)))
                .map(|(name, role)| (name.as_str(), role))
                .collect();
            let known: HashSet<&str> = names.iter().map(String::as_str).collect();
            if let Some(missing) = only.needed.iter().find(|name| !known.contains(name.as_str())) {
                return Err(all.not_found(missing));
            }
            for (position, name) in names.iter().enumerate() {
                roles[position] = there.get(name.as_str()).copied().unwrap_or(Role::Skipped);
            }
            needed.extend((0..names.len()).filter(|at| roles[*at] == Role::Number));
        }
        let target = options
            .target
            .as_ref()
            .map(|key| all.one(path, key))
            .transpose()?;
        needed.extend(target);
        let mut ignored = Vec::new();
        for value in &options.ignore {
            ignored.extend(all.ignored(value)?);
        }
        let index = options.index.as_ref().map(|key| all.one(path, key)).transpose()?;
        for at in &ignored {
            roles[*at] = Role::Skipped;
        }
        if let Some(at) = index {
            roles[at] = Role::Label;
        }
        let layout = Self {
            may_be_empty: options.only.is_some(),
            names,
            roles,
            target,
            needed,
        };
        let both = |columns: &[usize]| columns.iter().copied().find(|at| layout.needed.contains(at));
        if let Some(position) = both(&ignored) {
            return Err(layout.left_out(path, position, "is left out by --ignore"));
        }
        if let Some(position) = index.filter(|at| layout.needed.contains(at)) {
            return Err(layout.left_out(path, position, "is the --index-column"));
        }
        layout.refuse_unfit_names(path, line)?;
        Ok(layout)
    }

    /// The columns of this role, in order.
    pub(super) fn of(&self, role: Role) -> impl Iterator<Item = usize> + '_ {
        let numbered = self.roles.iter().enumerate();
        numbered
            .filter(move |(_, of)| **of == role)
            .map(|(position, _)| position)
    }

    /// Whether the table is of no use without this column.
    pub(super) fn is_needed(&self, position: usize) -> bool {
        self.needed.contains(&position)
    }

    /// The error for a column that is needed.
    pub(super) fn left_out(&self, path: &Path, position: usize, reason: &'static str) -> DataError {
        let target = self.target == Some(position);
        DataError::ColumnLeftOut {
            path: path.to_owned(),
            column: shorten(&self.names[position]),
            what: if target { "the target" } else { "the column" },
            reason,
        }
    }

    /// What to write on the command line for this column.
    pub(super) fn argument(&self, position: usize) -> String {
        argument(&self.names, position)
    }

    /// The columns that are read have names, no two the same.
    fn refuse_unfit_names(&self, path: &Path, line: u64) -> Result<(), DataError> {
        let mut seen = HashMap::with_capacity(self.names.len());
        let mut numbers = 0;
        for (position, (name, role)) in self.names.iter().zip(&self.roles).enumerate() {
            if !matches!(role, Role::Number | Role::Optional) {
                continue;
            }
            numbers += usize::from(*role == Role::Number);
            if name.is_empty() {
                return Err(DataError::UnnamedColumn {
                    path: path.to_owned(),
                    line,
                    position: position + 1,
                    hint: if position == 0 {
                        "--index-column if it holds the names of the rows".to_owned()
                    } else {
                        format!(
                            "name every column in the header, or leave this one out with `--ignore {position}`"
                        )
                    },
                });
            }
            if let Some(first) = seen.insert(name, position) {
                return Err(duplicate(path, &self.names, first, position));
            }
        }
        if numbers == 0 && !self.may_be_empty {
            return Err(DataError::NothingLeft {
                path: path.to_owned(),
                what: "column",
            });
        }
        Ok(())
    }
}

/// What to write on the command line for a column: its name, in quotation marks where a shell would take it apart, or
/// its number where the name cannot be typed.
fn argument(names: &[String], position: usize) -> String {
    let plain = |c: char| c.is_alphanumeric() || "_.-:/%@".contains(c);
    let typed = |c: char| !c.is_control() && !"\"\\$`!".contains(c);
    let (name, number) = (&names[position], position.to_string());
    let awkward = name.is_empty() || name.starts_with('-') || name.chars().nth(40).is_some();
    if (awkward || !name.chars().all(typed)) && !names.contains(&number) {
        number
    } else if !awkward && name.chars().all(plain) {
        name.clone()
    } else {
        format!("\"{}\"", shorten(name))
    }
}

fn duplicate(path: &Path, names: &[String], first: usize, second: usize) -> DataError {
    DataError::DuplicateColumn {
        path: path.to_owned(),
        column: shorten(&names[first]),
        first: first + 1,
        second: second + 1,
        ignore: argument(names, first),
    }
}

/// The error for a key that no column answers to, with the first names that there are and the one that is most alike.
pub(super) fn not_found<'a>(key: &str, names: impl ExactSizeIterator<Item = &'a str>) -> DataError {
    const SHOWN: usize = 12;
    // Alike means that a slip of the finger or of memory lies between them.
    let likeness = |name: &str| strsim::jaro_winkler(&name.to_lowercase(), &key.to_lowercase());
    let names: Vec<&str> = names.collect();
    let alike = names.iter().filter(|name| likeness(name) > 0.8);
    let closest = alike.max_by(|a, b| likeness(a).total_cmp(&likeness(b)));
    let hint = closest.map_or(String::new(), |name| {
        format!("\nhint: did you mean `{}`?", shorten(name))
    });
    let rest = names.len().saturating_sub(SHOWN);
    let mut known = names
        .iter()
        .take(SHOWN)
        .map(|name| format!("`{}`", shorten(name)))
        .collect::<Vec<_>>()
        .join(", ");
    if rest > 0 {
        known += " and ";
        known += &rest.to_string();
        known += " more";
    }
    DataError::ColumnNotFound {
        column: shorten(key),
        known,
        hint,
    }
}
