//! A net to a folder that diffusers reads (`UNet2DModel.from_pretrained`, `DDPMScheduler.from_pretrained`).

use super::find::{CONFIG, INDEX, SCHEDULER, WEIGHTS};
use super::tensors::compare;
use super::{FolderError, InvalidConfig, SchedulerConfig, UnetConfig};
use crate::data::safetensors::{Dtype, TensorF32, to_bytes_f32};
use crate::data::{DataError, ensure_output_dir, shorten_name, write_atomic};
use crate::diffusion::unet::expected_tensors;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Writes `config.json`, `diffusion_pytorch_model.safetensors` and, if there is a schedule,
/// `scheduler_config.json` into `folder`, which is made if need be. Equal content gives equal bytes.
///
/// Everything is checked before anything is written; each file appears whole or not at all, the weights first. Gives the paths.
///
/// # Errors
/// [`FolderError::Field`] when the configuration is not sound; [`FolderError::Tensors`] when the tensors are
/// not exactly those of [`expected_tensors`]; `Tensor` for an entry that is not finite; `OutputNotWritable`,
/// `Write`.
pub fn save(
    folder: &Path,
    config: &UnetConfig,
    scheduler: Option<&SchedulerConfig>,
    tensors: &BTreeMap<String, TensorF32>,
) -> Result<Vec<PathBuf>, FolderError> {
    let invalid = |InvalidConfig {
                       field,
                       found,
                       expected,
                   }: InvalidConfig| FolderError::Field {
        path: folder.join(CONFIG),
        field: field.to_owned(),
        found,
        expected,
    };
    config.validate().map_err(invalid)?;
    let weights = folder.join(WEIGHTS);
    let found = tensors
        .iter()
        .map(|(name, tensor)| (name.as_str(), (Dtype::F32, tensor.shape.as_slice())));
    let (_, problems) = compare(expected_tensors(config), &found.collect(), false);
    if !problems.is_empty() {
        return Err(FolderError::Tensors {
            path: weights,
            problems: Box::new(problems),
        });
    }
    for (name, tensor) in tensors {
        if let Some(index) = tensor.values.iter().position(|x| !x.is_finite()) {
            return Err(FolderError::Data(DataError::Tensor {
                path: weights,
                tensor: shorten_name(name),
                reason: format!(
                    "entry {index} is {}, expected a finite number",
                    tensor.values[index]
                ),
            }));
        }
    }
    let metadata = BTreeMap::from([("format".to_owned(), "pt".to_owned())]);
    let pairs = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    let bytes = to_bytes_f32(&weights, pairs, &metadata)?;
    ensure_output_dir(folder)?;
    write_atomic(&weights, &bytes)?;
    let mut written = vec![weights];
    let scheduler = scheduler.map(|scheduler| (SCHEDULER, scheduler.to_json()));
    for (name, value) in [(CONFIG, config.to_json())].into_iter().chain(scheduler) {
        let path = folder.join(name);
        write_atomic(&path, &text(&value))?;
        written.push(path);
    }
    Ok(written)
}

/// Writes a pipeline that `DDPMPipeline.from_pretrained` of diffusers reads: `model_index.json`, the net in `unet/`, the schedule in
/// `scheduler/`. The index comes last, so that a folder with it is whole.
///
/// # Errors
/// As [`save`].
pub fn save_pipeline(
    folder: &Path,
    config: &UnetConfig,
    scheduler: &SchedulerConfig,
    tensors: &BTreeMap<String, TensorF32>,
) -> Result<Vec<PathBuf>, FolderError> {
    let mut written = save(&folder.join("unet"), config, None, tensors)?;
    let index = json!({
        "_class_name": "DDPMPipeline",
        "_diffusers_version": "0.42.1",
        "scheduler": ["diffusers", scheduler.class],
        "unet": ["diffusers", config.class.name()],
    });
    let place = folder.join("scheduler");
    ensure_output_dir(&place)?;
    for (path, value) in [
        (place.join(SCHEDULER), scheduler.to_json()),
        (folder.join(INDEX), index),
    ] {
        write_atomic(&path, &text(&value))?;
        written.push(path);
    }
    Ok(written)
}

fn text(value: &Value) -> Vec<u8> {
    format!("{value:#}\n").into_bytes()
}
