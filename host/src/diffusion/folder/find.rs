//! Where the files of a checkpoint stand.

use super::FolderError;
use crate::data::json::{read_object, show};
use crate::data::{DataError, pickle};
use std::path::{Path, PathBuf};

pub(super) const CONFIG: &str = "config.json";
pub(super) const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";
pub(super) const SCHEDULER: &str = "scheduler_config.json";
const HALF_WEIGHTS: &str = "diffusion_pytorch_model.fp16.safetensors";
const SHARDS: &str = "diffusion_pytorch_model.safetensors.index.json";
pub(super) const INDEX: &str = "model_index.json";

/// The files of one checkpoint.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Files {
    pub(super) config: PathBuf,
    pub(super) weights: PathBuf,
    pub(super) scheduler: Option<PathBuf>,
    /// The class that `model_index.json` gives the U-Net.
    pub(super) class: Option<String>,
}

/// Looks for the files in `folder` itself first, then in `unet/` and `scheduler/`.
pub(super) fn find(folder: &Path) -> Result<Files, FolderError> {
    if !folder.is_dir() {
        return Err(match folder.try_exists() {
            Ok(true) if pickle::has_pickle_name(folder) => pickle::refuse(folder).into(),
            Ok(true) => FolderError::NotAFolder {
                path: folder.to_owned(),
            },
            Ok(false) => DataError::NotFound {
                path: folder.to_owned(),
            }
            .into(),
            Err(error) => DataError::reading(folder, error).into(),
        });
    }
    let lacking = |what, looked: Vec<String>| FolderError::Lacking {
        folder: folder.to_owned(),
        what,
        looked,
    };
    let first = |places: &[String]| {
        places
            .iter()
            .map(|place| folder.join(place))
            .find(|path| path.is_file())
    };
    let places = |name: &str, inner: &str| vec![name.to_owned(), format!("{inner}/{name}")];

    let configs = places(CONFIG, "unet");
    let config = first(&configs).ok_or_else(|| lacking("configuration of a U-Net", configs))?;
    let inner = if config == folder.join(CONFIG) {
        ""
    } else {
        "unet/"
    };
    let candidates = [WEIGHTS, HALF_WEIGHTS]
        .map(|name| format!("{inner}{name}"))
        .to_vec();
    let Some(weights) = first(&candidates) else {
        let model = folder.join(inner);
        let shards = model.join(SHARDS);
        if shards.is_file() {
            return Err(FolderError::Sharded { path: shards });
        }
        return Err(match pickled(&model) {
            Some(path) => pickle::refuse(&path).into(),
            None => lacking("weights", candidates),
        });
    };
    Ok(Files {
        scheduler: first(&places(SCHEDULER, "scheduler")),
        class: named_class(&folder.join(INDEX))?,
        config,
        weights,
    })
}

/// The first pickle of a folder, by name.
fn pickled(folder: &Path) -> Option<PathBuf> {
    let entries = std::fs::read_dir(folder).ok()?;
    entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.is_file() && pickle::has_pickle_name(path))
        .min()
}

/// The class that a `model_index.json`, if there is one, gives its `unet`: `["library", "class"]`.
fn named_class(path: &Path) -> Result<Option<String>, FolderError> {
    if !path.is_file() {
        return Ok(None);
    }
    let index = read_object(path)?;
    let Some(unet) = index.get("unet") else {
        return Ok(None);
    };
    let class = unet.get(1).and_then(|class| class.as_str());
    match class {
        Some(class) => Ok(Some(class.to_owned())),
        None => Err(FolderError::Field {
            path: path.to_owned(),
            field: "unet".to_owned(),
            found: show(unet),
            expected: "[library, class]".to_owned(),
        }),
    }
}
