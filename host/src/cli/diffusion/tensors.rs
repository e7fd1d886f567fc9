//! Tensors that are given to a model: one sample, or the text states of one.

use crate::cli::error::CliError;
use crate::data::safetensors::{Finite, SafetensorsFile};
use crate::diffusion::sampling::start::read_tensor;
use std::path::Path;

/// One of several, and what the file says of it.
pub(super) struct One {
    pub(super) shape: Vec<usize>,
    pub(super) values: Vec<f32>,
    /// The time that the metadata name, if they do.
    pub(super) timestep: Option<f64>,
}

/// A tensor of `rank` dimensions, or entry `index` of one that has one more.
pub(super) fn one_of(path: &Path, names: &[&str], rank: usize, index: usize) -> Result<One, CliError> {
    let One {
        shape,
        values,
        timestep,
    } = read(path, names)?;
    let bad = |message: String| Err(CliError::input(message).in_file(path));
    if shape.contains(&0) {
        return bad(format!("shape {shape:?} holds no data"));
    }
    if shape.len() == rank {
        return match index {
            0 => Ok(One {
                shape,
                values,
                timestep,
            }),
            _ => bad(format!("--sample {index}: the file holds one sample, number 0")),
        };
    }
    if shape.len() != rank + 1 {
        let expected = if rank == 3 {
            "[C,H,W] or [B,C,H,W]"
        } else {
            "[L,D] or [B,L,D]"
        };
        return bad(format!("shape {shape:?}, expected {expected}"));
    }
    let size: usize = shape[1..].iter().product();
    match values.get(index * size..(index + 1) * size) {
        Some(one) => Ok(One {
            shape: shape[1..].to_vec(),
            values: one.to_vec(),
            timestep,
        }),
        None => bad(format!(
            "--sample {index}: the file holds {} samples, numbers from 0",
            shape[0]
        )),
    }
}

/// A tensor from NPY, or from safetensors by the first of the names that is there, or because it is the only one.
fn read(path: &Path, names: &[&str]) -> Result<One, CliError> {
    let extension = path
        .extension()
        .and_then(|e| e.to_str())
        .map(str::to_ascii_lowercase);
    match extension.as_deref() {
        Some("npy") => {
            let (shape, values) = read_tensor(path, names)?;
            Ok(One {
                shape,
                values,
                timestep: None,
            })
        }
        Some("png") => {
            let message = "a picture holds data, not a noisy sample\nhint: `gibbs diffusion invert` makes a latent of it, for --start";
            Err(CliError::input(message).in_file(path))
        }
        _ => {
            let file = SafetensorsFile::open(path)?;
            let entries = file.entries();
            let named = names.iter().copied().find(|name| entries.contains_key(*name));
            let only = entries.keys().next().filter(|_| entries.len() == 1);
            let Some(name) = named.or(only.map(String::as_str)) else {
                let message = format!("no tensor `{}` among {}", names[0], entries.len());
                return Err(CliError::input(message).in_file(path));
            };
            let tensor = file.read_f32(name, Finite::Check)?;
            let timestep = file.metadata().get("timestep");
            Ok(One {
                shape: tensor.shape,
                values: tensor.values,
                timestep: timestep.and_then(|text| text.parse().ok()),
            })
        }
    }
}
