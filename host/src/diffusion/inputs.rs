//! What a model is given from files: images at a time, noise, text states. One reader for all verbs.
//!
//! ```text
//! samples       x [B, C, H, W] or [C, H, W]: safetensors, by the name `x` or as the only tensor, or NPY
//! text states   [L, D] or [B, L, D]: the same with `context` or `ctx`
//! metadata      timestep: the time of the samples, 0 for images; steps: those of the inversion that led there
//! ```
//! A file that says of which time its samples are is believed: whoever reads them brings them to the time that is asked for,
//! or refuses.

use super::error::DiffusionError;
use crate::data::DataError;
use crate::data::npy::read_array;
use crate::data::safetensors::{Finite, SafetensorsFile};
use crate::data::tensors::{self, TensorFile};
use std::collections::BTreeMap;
use std::path::Path;

/// Where samples are on their way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct At {
    /// Their time.
    pub timestep: f64,
    /// Steps of the inversion that led there, if it was one: those of the way back.
    pub steps: Option<usize>,
}

/// Samples of a file.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    /// Their number.
    pub count: usize,
    /// [C, H, W] of each.
    pub shape: [usize; 3],
    /// One after another.
    pub values: Vec<f32>,
    /// Their time, if the file tells it.
    pub at: Option<At>,
}

/// A tensor of any shape with what the file says of its time.
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
    at: Option<At>,
}

fn refuse<T>(path: &Path, reason: String) -> Result<T, DiffusionError> {
    Err(DiffusionError::Input {
        path: path.to_owned(),
        reason,
    })
}

/// From safetensors, by the first of `names` that is there, or the only tensor; or the one array of an NPY file.
fn read(path: &Path, names: &[&str]) -> Result<Tensor, DiffusionError> {
    let extension = path.extension().map(std::ffi::OsStr::to_ascii_lowercase);
    match extension.as_ref().and_then(|end| end.to_str()) {
        Some("npy") => read_npy(path),
        Some("png") => {
            let reason = "a picture holds data, not a noisy sample\nhint: `gibbs diffusion invert` makes a latent of it";
            refuse(path, reason.to_owned())
        }
        _ => {
            let file = SafetensorsFile::open(path)?;
            let entries = file.entries();
            let named = names.iter().copied().find(|name| entries.contains_key(*name));
            let only = entries.keys().next().filter(|_| entries.len() == 1);
            let Some(name) = named.or(only.map(String::as_str)) else {
                return refuse(path, format!("no tensor `{}` among {}", names[0], entries.len()));
            };
            let tensor = file.read_f32(name, Finite::Check)?;
            Ok(Tensor {
                shape: tensor.shape,
                values: tensor.values,
                at: told(path, file.metadata())?,
            })
        }
    }
}

fn read_npy(path: &Path) -> Result<Tensor, DiffusionError> {
    let array = read_array(path)?;
    let values: Vec<f32> = array.values.iter().map(|x| *x as f32).collect();
    if let Some(index) = values.iter().position(|x| !x.is_finite()) {
        let reason = format!(
            "entry {index} is {}, beyond the range of f32",
            array.values[index]
        );
        let path = path.to_owned();
        return Err(DataError::Npy { path, reason }.into());
    }
    Ok(Tensor {
        shape: array.shape,
        values,
        at: None,
    })
}

/// What the metadata say of the time.
fn told(path: &Path, metadata: &BTreeMap<String, String>) -> Result<Option<At>, DiffusionError> {
    let Some(text) = metadata.get("timestep") else {
        return Ok(None);
    };
    let Some(timestep) = text.parse().ok().filter(|t: &f64| t.is_finite() && *t >= 0.0) else {
        let reason = format!("its metadata say timestep `{text}`, expected a number from 0");
        return refuse(path, reason);
    };
    let steps = metadata.get("steps").and_then(|text| text.parse().ok());
    Ok(Some(At { timestep, steps }))
}

/// Reads samples.
///
/// # Errors
/// `Data`: the file missing, of another format, an entry that is not finite; `Input`: no such tensor, another number of
/// dimensions, a picture, a time that is none.
pub fn read_samples(path: &Path) -> Result<Samples, DiffusionError> {
    let Tensor { shape, values, at } = read(path, &["x"])?;
    let (count, shape) = match shape[..] {
        [c, h, w] => (1, [c, h, w]),
        [b, c, h, w] => (b, [c, h, w]),
        _ => return refuse(path, format!("shape {shape:?}, expected [C,H,W] or [B,C,H,W]")),
    };
    if values.is_empty() {
        return refuse(path, format!("shape [{count}, {shape:?}] holds no data"));
    }
    Ok(Samples {
        count,
        shape,
        values,
        at,
    })
}

/// Reads one of the samples of a file, by its number.
///
/// # Errors
/// As [`read_samples`]; `Input` when there is none of this number.
pub fn read_sample(path: &Path, index: usize) -> Result<Samples, DiffusionError> {
    let all = read_samples(path)?;
    let length: usize = all.shape.iter().product();
    let Some(values) = all.values.chunks_exact(length).nth(index) else {
        let samples = if all.count == 1 { "sample" } else { "samples" };
        let held = format!("the file holds {} {samples}, numbers from 0", all.count);
        return refuse(path, format!("--sample {index}: {held}"));
    };
    Ok(Samples {
        count: 1,
        values: values.to_vec(),
        ..all
    })
}

/// Reads text states: their shape and values.
///
/// # Errors
/// As [`read_samples`].
pub fn read_states(path: &Path) -> Result<(Vec<usize>, Vec<f32>), DiffusionError> {
    let Tensor { shape, values, .. } = read(path, &["context", "ctx"])?;
    Ok((shape, values))
}

/// Reads the text states [L, D] of one sample: the only ones of the file, or those of its number.
///
/// # Errors
/// As [`read_states`]; `Input` when there are none of this number, or another number of dimensions.
pub fn read_states_of(path: &Path, index: usize) -> Result<(Vec<usize>, Vec<f32>), DiffusionError> {
    let (shape, values) = read_states(path)?;
    match shape[..] {
        [_, _] => Ok((shape, values)),
        [count, rows, width] => {
            let index = if count == 1 { 0 } else { index };
            match values.get(index * rows * width..(index + 1) * rows * width) {
                Some(one) => Ok((vec![rows, width], one.to_vec())),
                None => refuse(
                    path,
                    format!(
                        "--sample {index}: the file holds text states of {count} samples, numbers from 0"
                    ),
                ),
            }
        }
        _ => refuse(path, format!("shape {shape:?}, expected [L,D] or [B,L,D]")),
    }
}

/// Samples [B, C, H, W] with their time, as a file.
pub fn samples_file(values: &[f32], shape: [usize; 3], at: At) -> TensorFile {
    let length: usize = shape.iter().product::<usize>().max(1);
    let mut file = TensorFile::new("gibbs.diffusion.samples", "1");
    let tensor = tensors::Tensor {
        shape: [&[values.len() / length], &shape[..]].concat(),
        values: values.to_vec(),
    };
    file.singles.insert("x".to_owned(), tensor);
    let steps = at.steps.map(|steps| ("steps", steps.to_string()));
    for (key, text) in [("timestep", at.timestep.to_string())].into_iter().chain(steps) {
        file.metadata.insert(key.to_owned(), text);
    }
    file
}
