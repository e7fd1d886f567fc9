//! Fitted models on disk: f64 tensors and string metadata in one safetensors file.
//!
//! The metadata names the kind and the version; both must match before anything else is looked at. Files of
//! equal content are equal byte for byte.

use super::error::{read_bytes, shorten};
use super::safetensors::convert::{Finite, to_f64};
use super::safetensors::{Header, serialize};
use super::{DataError, write_atomic};
use ::safetensors::Dtype;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// A tensor: its shape and its entries, last index fastest.
#[derive(Clone, Debug, PartialEq)]
pub struct Tensor {
    /// Length of each dimension.
    pub shape: Vec<usize>,
    /// As many entries as the product of the shape.
    pub values: Vec<f64>,
}

/// What a model file holds, in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFile {
    /// Text entries, `kind` and `version` among them.
    pub metadata: BTreeMap<String, String>,
    /// Tensors by name.
    pub tensors: BTreeMap<String, Tensor>,
    /// Where it came from, for messages.
    path: PathBuf,
}

impl TensorFile {
    /// An empty file of this kind and version.
    pub fn new(kind: &str, version: &str) -> Self {
        let entry = |key: &str, value: &str| (key.to_owned(), value.to_owned());
        let metadata = BTreeMap::from([entry("kind", kind), entry("version", version)]);
        Self {
            metadata,
            ..Self::default()
        }
    }

    /// The bytes of the safetensors file.
    ///
    /// # Errors
    /// `Tensor` when a shape and its entries do not fit together; `NotSafetensors` if the format refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        let pieces = self.tensors.iter().map(|(name, tensor)| {
            let bytes = tensor.values.iter().flat_map(|x| x.to_le_bytes()).collect();
            (name.as_str(), tensor.shape.as_slice(), bytes)
        });
        serialize(
            &self.path,
            Dtype::F64,
            &pieces.collect::<Vec<_>>(),
            &self.metadata,
        )
    }

    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// As [`TensorFile::to_bytes`]; `Write`.
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        write_atomic(path, &self.to_bytes()?)
    }

    /// Reads a file and checks its kind and version, and that every f64 entry is finite.
    ///
    /// # Errors
    /// The file missing or unreadable; `NotSafetensors`, `WrongKind`, `WrongVersion`, `Tensor`.
    pub fn load(path: &Path, kind: &'static str, version: &'static str) -> Result<Self, DataError> {
        Self::from_bytes(path, &read_bytes(path)?, kind, version)
    }

    /// As [`TensorFile::load`], from bytes; `path` is for messages.
    ///
    /// # Errors
    /// As [`TensorFile::load`].
    pub fn from_bytes(
        path: &Path,
        bytes: &[u8],
        kind: &'static str,
        version: &'static str,
    ) -> Result<Self, DataError> {
        let Header { entries, metadata } =
            Header::parse(bytes).map_err(|fault| DataError::NotSafetensors {
                path: path.to_owned(),
                reason: fault.to_string(),
            })?;
        let mut file = Self {
            metadata,
            tensors: BTreeMap::new(),
            path: path.to_owned(),
        };
        let found = file
            .metadata
            .get("kind")
            .map_or_else(|| "no kind".to_owned(), |kind| shorten(kind));
        if found != kind {
            return Err(DataError::WrongKind {
                path: path.to_owned(),
                found,
                expected: kind,
            });
        }
        let found = file
            .metadata
            .get("version")
            .map_or_else(|| "none".to_owned(), |text| shorten(text));
        if found != version {
            return Err(DataError::WrongVersion {
                path: path.to_owned(),
                kind,
                found,
                expected: version,
            });
        }
        for (name, entry) in entries {
            if entry.dtype != Dtype::F64 {
                return Err(file.bad(&name, &format!("type {}, expected F64", entry.dtype)));
            }
            let past_end = || file.bad(&name, "lies beyond the end of the file");
            let bytes = bytes.get(entry.bytes).ok_or_else(past_end)?;
            let values =
                to_f64(entry.dtype, bytes, Finite::Check).map_err(|reason| file.bad(&name, &reason))?;
            let shape = entry.shape;
            file.tensors.insert(name, Tensor { shape, values });
        }
        Ok(file)
    }

    /// Takes a tensor of this shape out of the file.
    ///
    /// # Errors
    /// `Tensor` when it is missing or of another shape.
    pub fn take(&mut self, name: &str, shape: &[usize]) -> Result<Vec<f64>, DataError> {
        match self.tensors.remove(name) {
            Some(tensor) if tensor.shape == shape => Ok(tensor.values),
            Some(tensor) => Err(self.bad(name, &format!("shape {:?}, expected {shape:?}", tensor.shape))),
            None => Err(self.bad(name, "is missing")),
        }
    }

    /// Takes a metadata entry and reads it.
    ///
    /// # Errors
    /// `Metadata` when it is missing or `parse` refuses it.
    pub fn entry<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, DataError> {
        let refuse = |reason| DataError::Metadata {
            path: self.path.clone(),
            key: key.to_owned(),
            reason,
        };
        let text = self
            .metadata
            .get(key)
            .ok_or_else(|| refuse("is missing".to_owned()))?;
        parse(text).ok_or_else(|| refuse(format!("`{}` cannot be read", shorten(text))))
    }

    fn bad(&self, tensor: &str, reason: &str) -> DataError {
        DataError::Tensor {
            path: self.path.clone(),
            tensor: shorten(tensor),
            reason: reason.to_owned(),
        }
    }
}
