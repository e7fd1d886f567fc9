//! The fields of a configuration, taken one by one; what nobody took is refused.

use super::FolderError;
use crate::data::json::{parse_object, show};
use serde_json::{Map, Value};
use std::path::Path;

/// An object whose fields are being taken.
pub(super) struct Fields<'a> {
    path: &'a Path,
    left: Map<String, Value>,
}

impl<'a> Fields<'a> {
    /// The object in `bytes`; `path` is for messages.
    pub(super) fn new(path: &'a Path, bytes: &[u8]) -> Result<Self, FolderError> {
        let left = parse_object(path, bytes)?;
        Ok(Self { path, left })
    }

    /// The error for a field.
    pub(super) fn refuse(&self, field: &str, found: &str, expected: &str) -> FolderError {
        FolderError::Field {
            path: self.path.to_owned(),
            field: field.to_owned(),
            found: found.to_owned(),
            expected: expected.to_owned(),
        }
    }

    /// Takes a field out; `None` when it is not there.
    pub(super) fn take(&mut self, field: &str) -> Option<Value> {
        self.left.remove(field)
    }

    /// Forgets a field that is null, so that it counts as absent.
    pub(super) fn drop_null(&mut self, field: &str) {
        if self.left.get(field).is_some_and(Value::is_null) {
            self.left.remove(field);
        }
    }

    /// Takes a field and reads it; one that is not there becomes `default`, or is refused without one.
    pub(super) fn read<T>(
        &mut self,
        field: &str,
        default: Option<T>,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<T, FolderError> {
        match (self.take(field), default) {
            (Some(value), _) => read(&value).ok_or_else(|| self.refuse(field, &show(&value), expected)),
            (None, Some(default)) => Ok(default),
            (None, None) => Err(self.refuse(field, "missing", expected)),
        }
    }

    /// As [`Fields::read`] for a field that may be null, which is read as `None`.
    pub(super) fn maybe<T>(
        &mut self,
        field: &str,
        default: Option<T>,
        expected: &str,
        read: impl FnOnce(&Value) -> Option<T>,
    ) -> Result<Option<T>, FolderError> {
        match self.take(field) {
            None => Ok(default),
            Some(Value::Null) => Ok(None),
            Some(value) => {
                let refuse = || self.refuse(field, &show(&value), &format!("{expected} or null"));
                read(&value).map(Some).ok_or_else(refuse)
            }
        }
    }

    pub(super) fn count(&mut self, field: &str, default: Option<usize>) -> Result<usize, FolderError> {
        self.read(field, default, "a whole number", count)
    }

    pub(super) fn number(&mut self, field: &str, default: Option<f64>) -> Result<f64, FolderError> {
        self.read(field, default, "a number", Value::as_f64)
    }

    pub(super) fn flag(&mut self, field: &str, default: bool) -> Result<bool, FolderError> {
        self.read(field, Some(default), "true or false", Value::as_bool)
    }

    /// Takes a field that names one of several choices.
    pub(super) fn choice<T: Copy>(
        &mut self,
        field: &str,
        default: Option<T>,
        choices: &[(&str, T)],
    ) -> Result<T, FolderError> {
        let names: Vec<String> = choices.iter().map(|(name, _)| format!("\"{name}\"")).collect();
        let find = |value: &Value| {
            let name = value.as_str()?;
            let found = choices.iter().find(|(known, _)| *known == name)?;
            Some(found.1)
        };
        self.read(field, default, &names.join(" or "), find)
    }

    /// Takes a field that may be absent or have one of the values of `allowed` (JSON, separated by ` or `), or
    /// be a list of such values.
    pub(super) fn only(&mut self, field: &str, allowed: &str) -> Result<(), FolderError> {
        let allows = |value: &Value| {
            allowed
                .split(" or ")
                .filter_map(|text| serde_json::from_str::<Value>(text).ok())
                .any(|choice| same(&choice, value))
        };
        let Some(value) = self.take(field) else {
            return Ok(());
        };
        let taken = match value.as_array() {
            Some(list) => list.iter().all(allows),
            None => allows(&value),
        };
        if taken {
            return Ok(());
        }
        let expected = format!("{allowed}: nothing else is supported");
        Err(self.refuse(field, &show(&value), &expected))
    }

    /// Refuses what was not taken, but for nulls and for notes of the library (`_diffusers_version`).
    pub(super) fn finish(self) -> Result<(), FolderError> {
        let unknown = |(name, value): &(&String, &Value)| !name.starts_with('_') && !value.is_null();
        match self.left.iter().find(unknown) {
            None => Ok(()),
            Some((name, value)) => {
                let name = crate::data::shorten_name(name);
                Err(self.refuse(
                    &name,
                    &show(value),
                    "no such field: it is not known here what it changes",
                ))
            }
        }
    }
}

/// Equal as JSON, where 1 and 1.0 are the same number.
fn same(a: &Value, b: &Value) -> bool {
    match (a.as_f64(), b.as_f64()) {
        (Some(a), Some(b)) => a == b,
        _ => a == b,
    }
}

pub(super) fn count(value: &Value) -> Option<usize> {
    usize::try_from(value.as_u64()?).ok()
}

/// A list read entry by entry.
pub(super) fn list<T>(value: &Value, read: impl FnMut(&Value) -> Option<T>) -> Option<Vec<T>> {
    value.as_array()?.iter().map(read).collect()
}
