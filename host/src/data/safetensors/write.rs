//! Writing safetensors: files of equal content are equal byte for byte. The `safetensors` crate lays out and
//! writes; it takes its metadata from a hash map, whose order changes from run to run, so the keys are put in
//! order afterwards.

use super::TensorF32;
use crate::data::shorten_name;
use crate::data::{DataError, write_atomic};
use safetensors::{Dtype, tensor::TensorView};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;

/// One tensor on its way into a file.
pub(crate) struct Piece<'a> {
    pub name: &'a str,
    pub dtype: Dtype,
    pub shape: &'a [usize],
    /// The entries of the tensor, little-endian.
    pub bytes: Vec<u8>,
}

/// The bytes of a file of f32 tensors.
///
/// Cost: twice the bytes of the tensors in memory.
///
/// # Errors
/// `Tensor` when a shape does not fit its entries; `NotSafetensors` if the format refuses. `path` is for
/// messages.
pub fn to_bytes_f32<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a TensorF32)>,
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, DataError> {
    let pieces = tensors.into_iter().map(|(name, tensor)| Piece {
        name,
        dtype: Dtype::F32,
        shape: &tensor.shape,
        bytes: tensor.values.iter().flat_map(|x| x.to_le_bytes()).collect(),
    });
    serialize(path, &pieces.collect::<Vec<_>>(), metadata)
}

/// Writes a file of f32 tensors whole or not at all.
///
/// # Errors
/// As [`to_bytes_f32`]; `Write`.
pub fn save_f32<'a>(
    path: &Path,
    tensors: impl IntoIterator<Item = (&'a str, &'a TensorF32)>,
    metadata: &BTreeMap<String, String>,
) -> Result<(), DataError> {
    write_atomic(path, &to_bytes_f32(path, tensors, metadata)?)
}

/// The bytes of a file of tensors.
pub(crate) fn serialize(
    path: &Path,
    pieces: &[Piece<'_>],
    metadata: &BTreeMap<String, String>,
) -> Result<Vec<u8>, DataError> {
    let refuse = |reason: String| DataError::NotSafetensors {
        path: path.to_owned(),
        reason,
    };
    let mut views = Vec::with_capacity(pieces.len());
    for piece in pieces {
        let view = TensorView::new(piece.dtype, piece.shape.to_vec(), &piece.bytes);
        let view = view.map_err(|_| DataError::Tensor {
            path: path.to_owned(),
            tensor: shorten_name(piece.name),
            reason: "its shape does not fit its number of entries".to_owned(),
        })?;
        views.push((piece.name, view));
    }
    // None for no entries: with neither entries nor tensors the crate (0.8.0) would write broken JSON.
    let metadata: Option<HashMap<String, String>> =
        (!metadata.is_empty()).then(|| metadata.clone().into_iter().collect());
    let bytes = safetensors::serialize(views, metadata).map_err(|error| refuse(error.to_string()))?;
    sort_header(bytes).ok_or_else(|| refuse("the header could not be put in order".to_owned()))
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
