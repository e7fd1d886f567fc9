//! Tensors in safetensors files of any origin: checkpoints of other programs, inputs and outputs to compare.
//!
//! Foreign files are read strictly ([`Fault`] lists the rejections) over a memory map. Floating types F64,
//! F32, F16, BF16 are converted to f32 or f64 on reading; I64, I32, U8 are read where indices or step numbers
//! are meant. Fitted models of this project, whose kind and version are checked, are
//! [`TensorFile`](super::tensors::TensorFile).

pub(super) mod convert;
pub(super) mod fault;
mod header;
mod write;

use super::shorten::shorten_name;
use super::source::refuse_pointer;
use super::tensor::Tensor;
use super::{DataError, pickle};
use crate::raw::Mapped;
pub use convert::Finite;
pub use fault::Fault;
pub use header::Entry;
use header::LONGEST;
pub(super) use header::{Header, LONGEST_OWN};
pub use safetensors::Dtype;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
pub(crate) use write::{Piece, serialize};
pub use write::{save_f32, to_bytes_f32};

/// A tensor of f32: its shape and its entries, last index fastest.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TensorF32 {
    /// Length of each dimension; none for a single number.
    pub shape: Vec<usize>,
    /// The entries, as many as the product of the shape.
    pub values: Vec<f32>,
}

/// A safetensors file whose header was checked; numbers are read tensor by tensor.
#[derive(Debug)]
pub struct SafetensorsFile {
    path: PathBuf,
    source: Source,
    header: Header,
}

#[derive(Debug)]
enum Source {
    Mapped(Mapped),
    Memory(Vec<u8>),
}

impl SafetensorsFile {
    /// Maps a file and checks its header. No tensor is read.
    ///
    /// # Errors
    /// The file missing or unreadable; `Pickle`; `Safetensors` with the [`Fault`].
    pub fn open(path: &Path) -> Result<Self, DataError> {
        let map = Mapped::open(path).map_err(|error| DataError::reading(path, error))?;
        Self::check(path, Source::Mapped(map))
    }

    /// A safetensors file in memory; otherwise as [`SafetensorsFile::open`]. `path` is for messages.
    ///
    /// # Errors
    /// As [`SafetensorsFile::open`].
    pub fn from_bytes(path: &Path, bytes: Vec<u8>) -> Result<Self, DataError> {
        Self::check(path, Source::Memory(bytes))
    }

    fn check(path: &Path, source: Source) -> Result<Self, DataError> {
        let mut file = Self {
            path: path.to_owned(),
            source,
            header: Header::default(),
        };
        let bytes = file.bytes()?;
        refuse_pointer(path, bytes)?;
        if pickle::is_pickle(path, bytes) {
            return Err(pickle::refuse(path));
        }
        file.header = Header::parse(bytes, LONGEST).map_err(|fault| DataError::Safetensors {
            path: path.to_owned(),
            fault: Box::new(fault),
        })?;
        file.unchanged()?;
        Ok(file)
    }

    /// The file, as it was given.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Text entries of the header, sorted by name.
    pub fn metadata(&self) -> &BTreeMap<String, String> {
        &self.header.metadata
    }

    /// Types and shapes of the tensors, sorted by name.
    pub fn entries(&self) -> &BTreeMap<String, Entry> {
        &self.header.entries
    }

    /// Reads a tensor as f32. F16 and BF16 are exact; F64 is rounded to nearest.
    ///
    /// # Errors
    /// `Tensor` when it is missing, of an integer type, beyond the range of f32, or not finite (unless that
    /// is not to be checked); `Read` when the file changed meanwhile.
    pub fn read_f32(&self, name: &str, finite: Finite) -> Result<TensorF32, DataError> {
        let entry = self.entry(name)?;
        let values = self.convert(name, entry, |bytes| convert::to_f32(entry.dtype, bytes, finite))?;
        let shape = entry.shape.clone();
        Ok(TensorF32 { shape, values })
    }

    /// Reads a tensor as f64, exactly. Integer types are taken up to 2^53.
    ///
    /// # Errors
    /// `Tensor` when it is missing, of another type, or not finite (unless that is not to be checked); `Read`
    /// when the file changed meanwhile.
    pub fn read_f64(&self, name: &str, finite: Finite) -> Result<Tensor, DataError> {
        let entry = self.entry(name)?;
        let values = self.convert(name, entry, |bytes| convert::to_f64(entry.dtype, bytes, finite))?;
        let shape = entry.shape.clone();
        Ok(Tensor { shape, values })
    }

    /// Reads a tensor of I64, I32 or U8: its shape and its entries.
    ///
    /// # Errors
    /// `Tensor` when it is missing or of another type; `Read` when the file changed meanwhile.
    pub fn read_i64(&self, name: &str) -> Result<(Vec<usize>, Vec<i64>), DataError> {
        let entry = self.entry(name)?;
        let values = self.convert(name, entry, |bytes| convert::to_i64(entry.dtype, bytes))?;
        Ok((entry.shape.clone(), values))
    }

    /// The error for a tensor of this file.
    pub(crate) fn bad(&self, tensor: &str, reason: String) -> DataError {
        DataError::Tensor {
            path: self.path.clone(),
            tensor: shorten_name(tensor),
            reason,
        }
    }

    fn entry(&self, name: &str) -> Result<&Entry, DataError> {
        let missing = || self.bad(name, "is missing".to_owned());
        self.header.entries.get(name).ok_or_else(missing)
    }

    fn convert<T>(
        &self,
        name: &str,
        entry: &Entry,
        convert: impl FnOnce(&[u8]) -> Result<T, String>,
    ) -> Result<T, DataError> {
        let past_end = || self.bad(name, "lies beyond the end of the file".to_owned());
        let bytes = self.bytes()?.get(entry.bytes.clone()).ok_or_else(past_end)?;
        let values = convert(bytes).map_err(|reason| self.bad(name, reason));
        // A file changed under the map explains strange numbers better than the numbers do.
        self.unchanged()?;
        values
    }

    fn bytes(&self) -> Result<&[u8], DataError> {
        self.unchanged()?;
        Ok(match &self.source {
            Source::Mapped(map) => map.bytes(),
            Source::Memory(bytes) => bytes,
        })
    }

    fn unchanged(&self) -> Result<(), DataError> {
        match &self.source {
            Source::Mapped(map) => map.check().map_err(|error| DataError::reading(&self.path, error)),
            Source::Memory(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests;
