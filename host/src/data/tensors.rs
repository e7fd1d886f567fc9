//! Fitted models on disk: f64 tensors and string metadata in one safetensors file.
//!
//! The metadata names the kind and the version; both must match before anything else is looked at. Files of
//! equal content are equal byte for byte: keys are sorted (the safetensors crate takes its metadata from a
//! hash map, whose order changes from run to run).

use super::error::{read_bytes, shorten};
use super::{DataError, write_atomic};
use safetensors::{Dtype, SafeTensors, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};
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
        let refuse = |reason: String| DataError::NotSafetensors {
            path: self.path.clone(),
            reason,
        };
        let mut data = Vec::with_capacity(self.tensors.len());
        for (name, tensor) in &self.tensors {
            if checked_product(&tensor.shape) != Some(tensor.values.len()) {
                return Err(self.bad(name, "its shape does not fit its number of entries"));
            }
            let bytes: Vec<u8> = tensor
                .values
                .iter()
                .flat_map(|value| value.to_le_bytes())
                .collect();
            data.push((name, &tensor.shape, bytes));
        }
        let mut views = Vec::with_capacity(data.len());
        for (name, shape, bytes) in &data {
            let view = TensorView::new(Dtype::F64, (*shape).clone(), bytes);
            views.push((name.as_str(), view.map_err(|error| refuse(error.to_string()))?));
        }
        let metadata: HashMap<String, String> = self.metadata.clone().into_iter().collect();
        let bytes =
            safetensors::serialize(views, Some(metadata)).map_err(|error| refuse(error.to_string()))?;
        sort_header(bytes).ok_or_else(|| refuse("the header could not be put in order".to_owned()))
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
        let refuse = |error: safetensors::SafeTensorError| DataError::NotSafetensors {
            path: path.to_owned(),
            reason: error.to_string(),
        };
        let (_, header) = SafeTensors::read_metadata(bytes).map_err(refuse)?;
        let metadata: BTreeMap<String, String> = header
            .metadata()
            .clone()
            .unwrap_or_default()
            .into_iter()
            .collect();
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
        for (name, view) in SafeTensors::deserialize(bytes).map_err(refuse)?.tensors() {
            if view.dtype() != Dtype::F64 {
                return Err(file.bad(&name, &format!("type {}, expected F64", view.dtype())));
            }
            let (words, _) = view.data().as_chunks::<8>();
            let values: Vec<f64> = words.iter().map(|word| f64::from_le_bytes(*word)).collect();
            if let Some(index) = values.iter().position(|value| !value.is_finite()) {
                return Err(file.bad(
                    &name,
                    &format!("entry {index} is {}, expected a finite number", values[index]),
                ));
            }
            file.tensors.insert(
                name,
                Tensor {
                    shape: view.shape().to_vec(),
                    values,
                },
            );
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

fn checked_product(shape: &[usize]) -> Option<usize> {
    shape
        .iter()
        .try_fold(1_usize, |product, length| product.checked_mul(*length))
}

/// The same file with the keys of its JSON header sorted. The header keeps its length: the same entries,
/// compact, in another order.
fn sort_header(mut bytes: Vec<u8>) -> Option<Vec<u8>> {
    let length = usize::try_from(u64::from_le_bytes(*bytes.first_chunk()?)).ok()?;
    let header = bytes.get_mut(8..length.checked_add(8)?)?;
    let value: serde_json::Value = serde_json::from_slice(header).ok()?;
    let sorted = serde_json::to_vec(&value).ok()?;
    let (text, padding) = header.split_at_mut_checked(sorted.len())?;
    text.copy_from_slice(&sorted);
    padding.fill(b' ');
    Some(bytes)
}
