//! Configurations of nets that this project trains.

use super::folder::{DownsamplePadding, UnetClass, UnetConfig};

/// The small U-Net: three levels of 16, 32 and 32 channels, one resnet a level, attention at the second and in the middle
/// (280,177 parameters for one channel). `side` must be a multiple of 4.
pub fn small(channels: usize, side: usize) -> UnetConfig {
    sized(channels, [side, side], &[16, 32, 32], 1)
}

/// A U-Net of a level for each of `widths`, its channels, with `layers` resnets a level, attention at the last level but one
/// and in the middle. Sides must be multiples of 2^(levels - 1); groups of the norms are the most of 8, 4, 2 and 1 that divide
/// all widths.
pub fn sized(channels: usize, sides: [usize; 2], widths: &[usize], layers: usize) -> UnetConfig {
    let levels = widths.len();
    let attends = |level: usize| levels > 1 && level + 2 == levels;
    let groups = [8, 4, 2]
        .into_iter()
        .find(|n| widths.iter().all(|w| w.is_multiple_of(*n)));
    UnetConfig {
        class: UnetClass::Unconditional { head_width: None },
        sample_size: Some(sides),
        in_channels: channels,
        out_channels: channels,
        block_out_channels: widths.to_vec(),
        down_attention: (0..levels).map(attends).collect(),
        up_attention: (0..levels).rev().map(attends).collect(),
        layers_per_block: layers,
        norm_num_groups: groups.unwrap_or(1),
        norm_eps: 1e-6,
        center_input_sample: false,
        flip_sin_to_cos: false,
        freq_shift: 1.0,
        time_embedding_dim: 4 * widths.first().copied().unwrap_or(1),
        downsample_padding: DownsamplePadding::Asymmetric,
        mid_block_scale_factor: 1.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nets_of_any_size_are_sound() {
        for (widths, layers, groups) in [(&[16, 32, 32][..], 1, 8), (&[12, 20], 2, 4), (&[6], 1, 2)] {
            let config = sized(3, [8, 16], widths, layers);
            config.validate().unwrap();
            assert_eq!(config.norm_num_groups, groups);
        }
        assert!(sized(1, [8, 8], &[], 1).validate().is_err());
        assert!(sized(1, [8, 8], &[0], 1).validate().is_err());
    }
}
