//! The noise to start from: drawn, or read from a tensor file so that runs can be compared with other programs.

use super::SamplingError;
use crate::data::DataError;
use crate::data::npy::read_array;
use crate::data::safetensors::{Finite, SafetensorsFile};
use gibbs_core::random;
use std::path::Path;

/// Standard normal noise for samples 0 .. `count` of `length` values each, one after another.
pub fn drawn(seed: u64, count: usize, length: usize) -> Vec<f32> {
    (0..count).flat_map(|i| drawn_at(seed, i, length)).collect()
}

/// Standard normal noise for sample `index`.
pub fn drawn_at(seed: u64, index: usize, length: usize) -> Vec<f32> {
    let mut rng = random::stream(seed, "diffusion/start", index as u64);
    (0..length).map(|_| random::normal(&mut rng)).collect()
}

/// A tensor of any shape: from safetensors, by the first of `names` that is there, or the one array of an NPY file.
///
/// # Errors
/// `DataError`: the file, the tensor missing, or an entry that is not finite.
pub fn read_tensor(path: &Path, names: &[&str]) -> Result<(Vec<usize>, Vec<f32>), DataError> {
    if path
        .extension()
        .is_some_and(|end| end.eq_ignore_ascii_case("npy"))
    {
        let array = read_array(path)?;
        let values: Vec<f32> = array.values.iter().map(|x| *x as f32).collect();
        return match values.iter().position(|x| !x.is_finite()) {
            Some(index) => Err(DataError::Npy {
                path: path.to_owned(),
                reason: format!(
                    "entry {index} is {}, beyond the range of f32",
                    array.values[index]
                ),
            }),
            None => Ok((array.shape, values)),
        };
    }
    let file = SafetensorsFile::open(path)?;
    let there = names.iter().find(|name| file.entries().contains_key(**name));
    let name = there.or(names.first()).copied().unwrap_or_default();
    let tensor = file.read_f32(name, Finite::Check)?;
    Ok((tensor.shape, tensor.values))
}

/// Images `x` [B, C, H, W] or one [C, H, W]: their number, their shape, their values.
///
/// # Errors
/// `Data`: as [`read_tensor`], or other numbers of dimensions.
pub fn read_images(path: &Path) -> Result<(usize, [usize; 3], Vec<f32>), SamplingError> {
    let (shape, values) = read_tensor(path, &["x"])?;
    match shape[..] {
        [c, h, w] => Ok((1, [c, h, w], values)),
        [b, c, h, w] if b > 0 => Ok((b, [c, h, w], values)),
        _ => Err(SamplingError::Data(DataError::Tensor {
            path: path.to_owned(),
            tensor: "x".to_owned(),
            reason: format!("shape {shape:?}, expected [B, C, H, W] or [C, H, W]"),
        })),
    }
}
