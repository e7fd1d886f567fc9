//! What a state or a part puts into the file of a kept run, and takes back.

use super::KeepError;
use crate::data::DataError;
use crate::data::tensors::{Element, Tensor, TensorFile};
use std::fmt::Display;
use std::path::Path;

/// A place in the file of a kept run: names put here do not meet those of other places.
#[derive(Debug)]
pub struct Shelf<'a> {
    file: &'a mut TensorFile,
    path: &'a Path,
    place: String,
}

impl<'a> Shelf<'a> {
    pub(super) fn new(file: &'a mut TensorFile, path: &'a Path, place: &str) -> Self {
        Self {
            file,
            path,
            place: format!("{place}/"),
        }
    }

    fn name(&self, name: &str) -> String {
        format!("{}{name}", self.place)
    }

    /// The error that says that the file is damaged.
    pub fn damaged(&self, reason: impl Display) -> KeepError {
        KeepError::Damaged {
            path: self.path.to_owned(),
            reason: reason.to_string(),
        }
    }

    /// Puts a tensor here, entries with the last index fastest.
    pub fn put<T: Element>(&mut self, name: &str, shape: &[usize], values: Vec<T>) {
        let tensor = Tensor {
            shape: shape.to_vec(),
            values,
        };
        let name = self.name(name);
        T::of_mut(self.file).insert(name, tensor);
    }

    /// Puts a list of numbers here.
    pub fn list<T: Element>(&mut self, name: &str, values: Vec<T>) {
        self.put(name, &[values.len()], values);
    }

    /// Puts numbers here whose bits count, NaN and infinity included.
    pub fn bits(&mut self, name: &str, values: &[f64]) {
        self.list(name, values.iter().map(|value| value.to_bits()).collect());
    }

    /// Puts a text here.
    pub fn text(&mut self, name: &str, text: impl Display) {
        let name = self.name(name);
        self.file.metadata.insert(name, text.to_string());
    }

    /// Takes a tensor of this shape from here.
    ///
    /// # Errors
    /// `Damaged` when it is missing or of another type or shape.
    pub fn take<T: Element>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<T>, KeepError> {
        let name = self.name(name);
        let taken = self.file.take(&name, shape);
        taken.map_err(|error: DataError| self.damaged(error))
    }

    /// Takes a list of numbers of any length from here.
    ///
    /// # Errors
    /// `Damaged` when it is missing, of another type, or no list.
    pub fn take_list<T: Element>(&mut self, name: &str) -> Result<Vec<T>, KeepError> {
        let length = T::of(self.file)
            .get(&self.name(name))
            .map_or(0, |tensor| tensor.values.len());
        self.take(name, &[length])
    }

    /// Takes what [`Shelf::bits`] put here.
    ///
    /// # Errors
    /// `Damaged` when it is missing.
    pub fn take_bits(&mut self, name: &str) -> Result<Vec<f64>, KeepError> {
        let bits = self.take_list::<u64>(name)?;
        Ok(bits.into_iter().map(f64::from_bits).collect())
    }

    /// Takes `N` whole numbers from here.
    ///
    /// # Errors
    /// `Damaged` when they are missing or of another number.
    pub fn take_counts<const N: usize>(&mut self, name: &str) -> Result<[u64; N], KeepError> {
        let numbers = self.take::<u64>(name, &[N])?;
        numbers
            .try_into()
            .map_err(|_| self.damaged(format_args!("`{name}` is not {N} numbers")))
    }

    /// Takes a text from here and reads it.
    ///
    /// # Errors
    /// `Damaged` when it is missing or `parse` refuses it.
    pub fn take_text<T>(&mut self, name: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, KeepError> {
        let text = self.file.metadata.remove(&self.name(name));
        let value = text.as_deref().and_then(parse);
        value.ok_or_else(|| self.damaged(format_args!("`{name}` is missing or cannot be read")))
    }

    /// Whether nothing is here.
    pub fn is_empty(&self) -> bool {
        let here = |name: &str| name.starts_with(&self.place);
        !self.file.names().any(here) && !self.file.metadata.keys().any(|key| here(key))
    }

    /// Removes everything that is here.
    pub(super) fn clear(&mut self) {
        let place = &self.place;
        self.file.metadata.retain(|key, _| !key.starts_with(place));
        self.file.retain(|name| !name.starts_with(place));
    }
}

/// The state of a loop that can stop after each step and go on later.
pub trait Resumable {
    /// Steps done.
    fn done(&self) -> u64;
    /// Puts everything that the next step depends on, `done` included.
    fn put(&self, shelf: &mut Shelf<'_>);
    /// Becomes the state that [`Resumable::put`] put there.
    ///
    /// # Errors
    /// `Damaged` when something is missing or does not fit together; the state may then hold anything.
    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError>;
}

/// A finished part of work: what it left.
pub trait Part: Sized + Send {
    /// Puts it there.
    fn put(&self, shelf: &mut Shelf<'_>);
    /// Takes it back.
    ///
    /// # Errors
    /// `Damaged` when something is missing or does not fit together.
    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError>;
}

impl Part for Vec<f64> {
    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.bits("values", self);
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        shelf.take_bits("values")
    }
}
