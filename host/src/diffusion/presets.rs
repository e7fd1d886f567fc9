//! Configurations of nets that this project trains.

use super::folder::{DownsamplePadding, UnetClass, UnetConfig};

/// The small U-Net: three levels of 16, 32 and 32 channels, one resnet a level, attention at the second and in the middle
/// (280,177 parameters for one channel). `side` must be a multiple of 4.
pub fn small(channels: usize, side: usize) -> UnetConfig {
    UnetConfig {
        class: UnetClass::Unconditional { head_width: None },
        sample_size: Some([side, side]),
        in_channels: channels,
        out_channels: channels,
        block_out_channels: vec![16, 32, 32],
        down_attention: vec![false, true, false],
        up_attention: vec![false, true, false],
        layers_per_block: 1,
        norm_num_groups: 8,
        norm_eps: 1e-6,
        center_input_sample: false,
        flip_sin_to_cos: false,
        freq_shift: 1.0,
        time_embedding_dim: 64,
        downsample_padding: DownsamplePadding::Asymmetric,
        mid_block_scale_factor: 1.0,
    }
}
