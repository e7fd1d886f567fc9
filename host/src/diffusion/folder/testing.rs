//! Configurations and small folders for the tests.

use super::{DownsamplePadding, SchedulerConfig, UnetClass, UnetConfig};
use crate::data::safetensors::{TensorF32, to_bytes_f32};
use crate::diffusion::unet::expected_tensors;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// The four reference nets: configuration, tensors in the file, parameters.
pub(super) fn references() -> [(&'static str, Value, usize, usize); 4] {
    let ddpm = |channels: Value, attends: usize, size: usize| {
        let levels = channels.as_array().unwrap().len();
        let blocks = |plain: &str, attention: &str, at: usize| {
            let name = |i| if i == at { attention } else { plain };
            (0..levels).map(name).map(str::to_owned).collect::<Vec<_>>()
        };
        json!({
            "_class_name": "UNet2DModel", "_diffusers_version": "0.0.4", "act_fn": "silu",
            "attention_head_dim": null, "block_out_channels": channels, "center_input_sample": false,
            "down_block_types": blocks("DownBlock2D", "AttnDownBlock2D", attends),
            "downsample_padding": 0, "flip_sin_to_cos": false, "freq_shift": 1, "in_channels": 3,
            "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-6, "norm_num_groups": 32,
            "out_channels": 3, "sample_size": size, "time_embedding_type": "positional",
            "up_block_types": blocks("UpBlock2D", "AttnUpBlock2D", levels - 1 - attends),
        })
    };
    let stable = |heads: Value, context: usize, linear: bool| {
        json!({
            "_class_name": "UNet2DConditionModel", "_diffusers_version": "0.6.0", "act_fn": "silu",
            "attention_head_dim": heads, "block_out_channels": [320, 640, 1280, 1280],
            "center_input_sample": false, "cross_attention_dim": context,
            "down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "CrossAttnDownBlock2D", "DownBlock2D"],
            "downsample_padding": 1, "flip_sin_to_cos": true, "freq_shift": 0, "in_channels": 4,
            "layers_per_block": 2, "mid_block_scale_factor": 1, "norm_eps": 1e-5, "norm_num_groups": 32,
            "out_channels": 4, "sample_size": 64,
            "up_block_types": ["UpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D", "CrossAttnUpBlock2D"],
            "use_linear_projection": linear,
        })
    };
    [
        (
            "ddpm-cifar10-32",
            ddpm(json!([128, 256, 256, 256]), 1, 32),
            328,
            35_746_307,
        ),
        (
            "ddpm-celebahq-256",
            ddpm(json!([128, 128, 256, 256, 512, 512]), 4, 256),
            450,
            113_673_219,
        ),
        (
            "stable diffusion 1.5",
            stable(json!(8), 768, false),
            686,
            859_520_964,
        ),
        (
            "stable diffusion 2.1-base",
            stable(json!([5, 10, 20, 20]), 1024, true),
            686,
            865_910_724,
        ),
    ]
}

pub(super) fn parse(config: &Value) -> Result<UnetConfig, super::FolderError> {
    UnetConfig::from_bytes(Path::new("config.json"), config.to_string().as_bytes(), None)
}

/// Two levels of 4 and 8 channels, attention at the coarser.
pub(super) fn small() -> UnetConfig {
    UnetConfig {
        class: UnetClass::Unconditional { head_width: Some(4) },
        sample_size: Some([8, 8]),
        in_channels: 1,
        out_channels: 1,
        block_out_channels: vec![4, 8],
        down_attention: vec![false, true],
        up_attention: vec![true, false],
        layers_per_block: 1,
        norm_num_groups: 2,
        norm_eps: 1e-6,
        center_input_sample: false,
        flip_sin_to_cos: false,
        freq_shift: 1.0,
        time_embedding_dim: 16,
        downsample_padding: DownsamplePadding::Asymmetric,
        mid_block_scale_factor: 1.0,
    }
}

/// The same size with cross-attention, heads and fields other than the defaults.
pub(super) fn small_conditional() -> UnetConfig {
    UnetConfig {
        class: UnetClass::Conditional {
            heads: vec![1, 2],
            cross_attention_dim: 6,
            use_linear_projection: true,
        },
        sample_size: Some([8, 16]),
        center_input_sample: true,
        flip_sin_to_cos: true,
        freq_shift: 0.5,
        time_embedding_dim: 10,
        downsample_padding: DownsamplePadding::Symmetric,
        mid_block_scale_factor: 1.5,
        layers_per_block: 2,
        ..small()
    }
}

pub(super) fn schedule() -> SchedulerConfig {
    SchedulerConfig::ddpm(1000)
}

/// Every entry of every tensor differs from all others.
pub(super) fn tensors(config: &UnetConfig) -> BTreeMap<String, TensorF32> {
    let mut counter = 0_u32;
    let fill = |(name, shape): (String, Vec<usize>)| {
        let count = shape.iter().product();
        let values = std::iter::repeat_with(|| {
            counter += 1;
            counter as f32 / 4096.0
        });
        let values = values.take(count).collect();
        (name, TensorF32 { shape, values })
    };
    expected_tensors(config).into_iter().map(fill).collect()
}

/// A folder with a small net, to be spoilt.
pub(super) struct Folder {
    _kept: tempfile::TempDir,
    pub(super) path: PathBuf,
}

impl Folder {
    pub(super) fn empty() -> Self {
        let kept = tempfile::tempdir().unwrap();
        let path = kept.path().to_owned();
        Self { _kept: kept, path }
    }

    pub(super) fn with(config: &UnetConfig) -> Self {
        let folder = Self::empty();
        super::save(&folder.path, config, Some(&schedule()), &tensors(config)).unwrap();
        folder
    }

    pub(super) fn write(&self, name: &str, content: impl AsRef<[u8]>) {
        let path = self.path.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(super) fn rename(&self, from: &str, to: &str) {
        let to = self.path.join(to);
        std::fs::create_dir_all(to.parent().unwrap()).unwrap();
        std::fs::rename(self.path.join(from), to).unwrap();
    }

    /// Replaces the weights by those of `config` after an edit.
    pub(super) fn edit(&self, config: &UnetConfig, edit: impl FnOnce(&mut BTreeMap<String, TensorF32>)) {
        let mut all = tensors(config);
        edit(&mut all);
        let pairs = all.iter().map(|(name, tensor)| (name.as_str(), tensor));
        let bytes = to_bytes_f32(Path::new(""), pairs, &BTreeMap::new()).unwrap();
        self.write(super::find::WEIGHTS, bytes);
    }
}
