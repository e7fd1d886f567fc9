//! A folder to a net's configuration, schedule and weights.

use super::find::{Files, find};
use super::tensors::{Match, compare};
use super::{FolderError, SchedulerConfig, UnetClass, UnetConfig};
use crate::data::read_bytes;
use crate::data::safetensors::{Finite, SafetensorsFile, TensorF32};
use crate::diffusion::unet::expected_tensors;
use rayon::prelude::*;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// What a reader of checkpoints may let pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// Tensors that the net does not have are left out instead of refused.
    pub allow_extra: bool,
    /// Whether entries that are not finite are refused.
    pub finite: Finite,
}

/// A folder with a net, read and checked.
#[derive(Clone, Debug, PartialEq)]
pub struct ModelFolder {
    /// The configuration of the net.
    pub config: UnetConfig,
    /// Where its noise schedule is, if there is one: see [`ModelFolder::scheduler`].
    scheduler: Option<PathBuf>,
    /// The tensors of [`expected_tensors`], by name: all of them, in their shapes.
    pub tensors: BTreeMap<String, TensorF32>,
    /// Names of tensors of the file that were left out (`allow_extra`), sorted.
    pub left_out: Vec<String>,
}

impl ModelFolder {
    /// Reads a folder. Names and shapes are checked before any number is read; the attention of old files of
    /// `UNet2DModel` (`query`, `key`, `value`, `proj_attn`, the weights [C, C] or [C, C, 1, 1]) comes under
    /// today's names.
    ///
    /// Cost: 4 bytes per parameter; the file is mapped, its pages are read once, on several threads.
    ///
    /// # Errors
    /// [`FolderError`]: a file that is missing or of a wrong format, a field of a configuration, all tensors
    /// that do not fit at once, or the first entry (in the order of [`expected_tensors`]) that is not finite.
    pub fn load(folder: &Path, options: LoadOptions) -> Result<Self, FolderError> {
        let Files {
            config,
            weights,
            scheduler,
            class,
        } = find(folder)?;
        let config = UnetConfig::from_bytes(&config, &read_bytes(&config)?, class.as_deref())?;
        let file = SafetensorsFile::open(&weights)?;
        let found = file
            .entries()
            .iter()
            .map(|(name, entry)| (name.as_str(), (entry.dtype, entry.shape.as_slice())));
        let legacy = matches!(config.class, UnetClass::Unconditional { .. });
        let (matches, mut problems) = compare(expected_tensors(&config), &found.collect(), legacy);
        let mut left_out = Vec::new();
        if options.allow_extra {
            left_out.append(&mut problems.unexpected);
        }
        if !problems.is_empty() {
            return Err(FolderError::Tensors {
                path: weights,
                problems: Box::new(problems),
            });
        }
        let read = |one: Match| {
            let values = file.read_f32(&one.stored, options.finite)?.values;
            let shape = one.shape;
            Ok((one.name, TensorF32 { shape, values }))
        };
        // Each outcome in its place, so that of several bad tensors the same is named whatever the threads do.
        let outcomes: Vec<Result<_, FolderError>> = matches.into_par_iter().map(read).collect();
        Ok(Self {
            config,
            scheduler,
            tensors: outcomes.into_iter().collect::<Result<_, _>>()?,
            left_out,
        })
    }

    /// The noise schedule it was trained with, if the folder holds one. Read when it is asked for: what runs the net at a given
    /// time has no use for it.
    ///
    /// # Errors
    /// As [`SchedulerConfig::read`].
    pub fn scheduler(&self) -> Result<Option<SchedulerConfig>, FolderError> {
        self.scheduler.as_deref().map(SchedulerConfig::read).transpose()
    }
}
