//! Fitted models and kept runs on disk: f64, f32, u64 and u8 tensors and string metadata in one safetensors file.
//!
//! The metadata names the kind and the version; both must match before anything else is looked at. Files of
//! equal content are equal byte for byte.

use super::safetensors::{Header, LONGEST_OWN, Piece, serialize};
use super::shorten::{shorten, shorten_list};
use super::source::read_bytes;
pub use super::tensor::Tensor;
use super::{DataError, write_atomic};
use ::safetensors::Dtype;
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Type, shape and little-endian bytes.
type Data<'a> = (Dtype, &'a [usize], Vec<u8>);

mod sealed {
    pub trait Sealed {}
    impl Sealed for f64 {}
    impl Sealed for f32 {}
    impl Sealed for u64 {}
    impl Sealed for u8 {}
}

/// What the entries of a tensor may be: f64, f32, u64 or u8.
pub trait Element: sealed::Sealed + Copy + std::fmt::Display + 'static {
    /// Its type in the file.
    const DTYPE: Dtype;
    /// Appends its little-endian bytes.
    fn write(self, bytes: &mut Vec<u8>);
    /// The entries in a block of little-endian bytes.
    fn read(bytes: &[u8]) -> Vec<Self>;
    /// Neither NaN nor infinite.
    fn is_finite(self) -> bool;
    /// The tensors of this type.
    fn of(file: &TensorFile) -> &BTreeMap<String, Tensor<Self>>;
    /// The tensors of this type.
    fn of_mut(file: &mut TensorFile) -> &mut BTreeMap<String, Tensor<Self>>;
}

macro_rules! element {
    ($t:ty, $dtype:ident, $field:ident, $finite:expr) => {
        impl Element for $t {
            const DTYPE: Dtype = Dtype::$dtype;
            fn write(self, bytes: &mut Vec<u8>) {
                bytes.extend_from_slice(&self.to_le_bytes());
            }
            fn read(bytes: &[u8]) -> Vec<Self> {
                let (words, _) = bytes.as_chunks();
                words
                    .iter()
                    .map(|word| Self::from_le_bytes(*word))
                    .collect()
            }
            fn is_finite(self) -> bool {
                $finite(self)
            }
            fn of(file: &TensorFile) -> &BTreeMap<String, Tensor<Self>> {
                &file.$field
            }
            fn of_mut(file: &mut TensorFile) -> &mut BTreeMap<String, Tensor<Self>> {
                &mut file.$field
            }
        }
    };
}

element!(f64, F64, tensors, f64::is_finite);
element!(f32, F32, singles, f32::is_finite);
element!(u64, U64, integers, |_| true);
element!(u8, U8, bytes, |_| true);

/// What a model file holds, in memory.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorFile {
    /// Text entries, `kind` and `version` among them.
    pub metadata: BTreeMap<String, String>,
    /// Tensors of f64 by name. A name stands in one of the four maps.
    pub tensors: BTreeMap<String, Tensor>,
    /// Tensors of f32 by name.
    pub singles: BTreeMap<String, Tensor<f32>>,
    /// Tensors of u64 by name.
    pub integers: BTreeMap<String, Tensor<u64>>,
    /// Tensors of u8 by name.
    pub bytes: BTreeMap<String, Tensor<u8>>,
    /// Where it came from, for messages.
    path: PathBuf,
}

impl TensorFile {
    /// Metadata entry of [`TensorFile::seal`].
    pub(crate) const DIGEST: &str = "digest";

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
    /// `Tensor` when a shape and its entries do not fit together or two tensors share a name; `NotSafetensors` if
    /// the format refuses.
    pub fn to_bytes(&self) -> Result<Vec<u8>, DataError> {
        let pieces = self
            .data()?
            .into_iter()
            .map(|(name, (dtype, shape, bytes))| Piece {
                name,
                dtype,
                shape,
                bytes,
            });
        serialize(&self.path, &pieces.collect::<Vec<_>>(), &self.metadata)
    }

    /// FNV-1a over the metadata and the tensors with their names, types and shapes: for a file that is to be
    /// refused when a byte of it has changed.
    ///
    /// # Errors
    /// As [`TensorFile::to_bytes`].
    pub fn digest(&self) -> Result<u64, DataError> {
        let mut hash = FNV_OFFSET;
        let mut part = |bytes: &[u8]| hash = fnv1a(fnv1a(hash, &(bytes.len() as u64).to_le_bytes()), bytes);
        for (key, text) in &self.metadata {
            part(key.as_bytes());
            part(text.as_bytes());
        }
        for (name, (dtype, shape, bytes)) in self.data()? {
            part(name.as_bytes());
            part(format!("{dtype} {shape:?}").as_bytes());
            part(&bytes);
        }
        Ok(hash)
    }

    /// Writes the digest into the metadata, after everything else.
    ///
    /// # Errors
    /// As [`TensorFile::to_bytes`].
    pub fn seal(&mut self) -> Result<(), DataError> {
        let digest = format!("{:016x}", self.digest()?);
        self.metadata.insert(Self::DIGEST.to_owned(), digest);
        Ok(())
    }

    /// Takes the digest out: whether the file is as it was sealed.
    ///
    /// # Errors
    /// `Metadata` when there is none; as [`TensorFile::to_bytes`].
    pub fn unseal(&mut self) -> Result<bool, DataError> {
        let digest: String = self.entry(Self::DIGEST, |text| Some(text.to_owned()))?;
        self.metadata.remove(Self::DIGEST);
        Ok(digest == format!("{:016x}", self.digest()?))
    }

    /// The first metadata entry that is not as wanted: its key, what it is, what was wanted.
    ///
    /// # Errors
    /// `Metadata` when one is missing.
    pub fn differing<const N: usize>(
        &self,
        wanted: [(&'static str, String); N],
    ) -> Result<Option<(&'static str, String, String)>, DataError> {
        for (key, wanted) in wanted {
            let found: String = self.entry(key, |text| Some(text.to_owned()))?;
            if found != wanted {
                return Ok(Some((key, found, wanted)));
            }
        }
        Ok(None)
    }

    /// Every tensor as it stands in the file, sorted by name.
    fn data(&self) -> Result<BTreeMap<&str, Data<'_>>, DataError> {
        let mut data = BTreeMap::new();
        self.gather::<f64>(&mut data)?;
        self.gather::<f32>(&mut data)?;
        self.gather::<u64>(&mut data)?;
        self.gather::<u8>(&mut data)?;
        Ok(data)
    }

    fn gather<'a, T: Element>(&'a self, data: &mut BTreeMap<&'a str, Data<'a>>) -> Result<(), DataError> {
        for (name, tensor) in T::of(self) {
            let product = tensor
                .shape
                .iter()
                .try_fold(1_usize, |n, length| n.checked_mul(*length));
            if product != Some(tensor.values.len()) {
                return Err(self.bad(name, "its shape does not fit its number of entries"));
            }
            let mut bytes = Vec::with_capacity(size_of_val(&tensor.values[..]));
            for value in &tensor.values {
                value.write(&mut bytes);
            }
            if data.insert(name, (T::DTYPE, &tensor.shape, bytes)).is_some() {
                return Err(self.bad(name, "its name is taken by a tensor of another type"));
            }
        }
        Ok(())
    }

    /// Writes the file whole or not at all.
    ///
    /// # Errors
    /// As [`TensorFile::to_bytes`]; `Write`.
    pub fn save(&self, path: &Path) -> Result<(), DataError> {
        write_atomic(path, &self.to_bytes()?)
    }

    /// Reads a file and checks its kind and version, and that every entry is finite.
    ///
    /// # Errors
    /// The file missing or unreadable; `NotSafetensors`, `WrongKind`, `WrongVersion`, `Tensor`.
    pub fn load(path: &Path, kind: &'static str, version: &'static str) -> Result<Self, DataError> {
        Self::from_bytes(path, &read_bytes(path)?, kind, version)
    }

    /// The tensors in the bytes of a file; otherwise as [`TensorFile::load`]. `path` is for messages.
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
            Header::parse(bytes, LONGEST_OWN).map_err(|fault| DataError::NotSafetensors {
                path: path.to_owned(),
                reason: fault.to_string(),
            })?;
        let mut file = Self {
            metadata,
            path: path.to_owned(),
            ..Self::default()
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
            let Some(bytes) = bytes.get(entry.bytes.clone()) else {
                return Err(file.bad(&name, "lies beyond the end of the file"));
            };
            match entry.dtype {
                Dtype::F64 => file.admit::<f64>(name, entry.shape, bytes)?,
                Dtype::F32 => file.admit::<f32>(name, entry.shape, bytes)?,
                Dtype::U64 => file.admit::<u64>(name, entry.shape, bytes)?,
                Dtype::U8 => file.admit::<u8>(name, entry.shape, bytes)?,
                other => return Err(file.bad(&name, &format!("type {other}, expected F64, F32, U64 or U8"))),
            }
        }
        Ok(file)
    }

    fn admit<T: Element>(&mut self, name: String, shape: Vec<usize>, bytes: &[u8]) -> Result<(), DataError> {
        let values = T::read(bytes);
        if let Some((index, value)) = values.iter().enumerate().find(|(_, value)| !value.is_finite()) {
            let reason = format!("entry {index} is {value}, expected a finite number");
            return Err(self.bad(&name, &reason));
        }
        T::of_mut(self).insert(name, Tensor { shape, values });
        Ok(())
    }

    /// Takes a tensor of this type and shape out of the file.
    ///
    /// # Errors
    /// `Tensor` when it is missing or of another type or shape.
    pub fn take<T: Element>(&mut self, name: &str, shape: &[usize]) -> Result<Vec<T>, DataError> {
        match T::of_mut(self).remove(name) {
            Some(tensor) if tensor.shape == shape => Ok(tensor.values),
            Some(tensor) => Err(self.bad(
                name,
                &format!(
                    "shape {}, expected {}",
                    shorten_list(&tensor.shape),
                    shorten_list(shape)
                ),
            )),
            None => {
                let found = [
                    (Dtype::F64, self.tensors.contains_key(name)),
                    (Dtype::F32, self.singles.contains_key(name)),
                    (Dtype::U64, self.integers.contains_key(name)),
                    (Dtype::U8, self.bytes.contains_key(name)),
                ];
                let other = found.iter().find(|(_, there)| *there);
                Err(other.map_or_else(
                    || self.bad(name, "is missing"),
                    |(dtype, _)| self.bad(name, &format!("type {dtype}, expected {}", T::DTYPE)),
                ))
            }
        }
    }

    /// The names of all tensors that are in the file, or have not been taken.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        let names = self
            .tensors
            .keys()
            .chain(self.singles.keys())
            .chain(self.integers.keys())
            .chain(self.bytes.keys());
        names.map(String::as_str)
    }

    /// Removes the tensors whose names are not to stay.
    pub(crate) fn retain(&mut self, stays: impl Fn(&str) -> bool) {
        self.tensors.retain(|name, _| stays(name));
        self.singles.retain(|name, _| stays(name));
        self.integers.retain(|name, _| stays(name));
        self.bytes.retain(|name, _| stays(name));
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

    /// The error that names this file, a tensor of it, and what is wrong.
    pub(crate) fn bad(&self, tensor: &str, reason: &str) -> DataError {
        DataError::Tensor {
            path: self.path.clone(),
            tensor: shorten(tensor),
            reason: reason.to_owned(),
        }
    }
}

#[cfg(test)]
mod tests;
