//! The tensors of a U-Net: every name and shape that its file must hold.
//!
//! ```text
//! conv_in, time_embedding.linear_{1,2},
//! down_blocks.{i}.{resnets.{j}, attentions.{j}, downsamplers.0.conv}   no downsampler at the last
//! mid_block.{resnets.0, attentions.0, resnets.1},
//! up_blocks.{i}.{resnets.{j}, attentions.{j}, upsamplers.0.conv}       no upsampler at the last
//! conv_norm_out, conv_out
//! ```
//! A resnet has `conv_shortcut` exactly when it changes the number of channels. Convolutions are
//! [out, in, height, width], linear layers [out, in].
//! Source: the names of diffusers 0.42.1.

use super::{UnetClass, UnetConfig};

/// Names and shapes, in the order in which the forward pass meets them (level by level: the resnets, then the
/// attentions, then the resampling).
///
/// The configuration must satisfy [`UnetConfig::validate`].
pub fn expected_tensors(config: &UnetConfig) -> Vec<(String, Vec<usize>)> {
    let mut list = List {
        config,
        tensors: Vec::new(),
    };
    let channels = &config.block_out_channels;
    let levels = channels.len();
    let (Some(first), Some(last)) = (channels.first().copied(), channels.last().copied()) else {
        return list.tensors;
    };
    list.conv("conv_in", first, config.in_channels, 3);
    list.linear("time_embedding.linear_1", config.time_embedding_dim, first);
    list.linear(
        "time_embedding.linear_2",
        config.time_embedding_dim,
        config.time_embedding_dim,
    );

    let mut before = first;
    for (i, (width, attends)) in channels.iter().copied().zip(&config.down_attention).enumerate() {
        let block = format!("down_blocks.{i}");
        for j in 0..config.layers_per_block {
            let input = if j == 0 { before } else { width };
            list.resnet(&format!("{block}.resnets.{j}"), input, width);
        }
        for j in 0..config.layers_per_block * usize::from(*attends) {
            list.attention(&format!("{block}.attentions.{j}"), width);
        }
        if i + 1 < levels {
            list.conv(&format!("{block}.downsamplers.0.conv"), width, width, 3);
        }
        before = width;
    }

    list.resnet("mid_block.resnets.0", last, last);
    list.attention("mid_block.attentions.0", last);
    list.resnet("mid_block.resnets.1", last, last);

    for (i, (width, attends)) in channels
        .iter()
        .copied()
        .rev()
        .zip(&config.up_attention)
        .enumerate()
    {
        let block = format!("up_blocks.{i}");
        // The last skip of a level comes from above it: the downsampled output of the next finer level, or
        // the output of conv_in.
        let finer = channels[(levels - 1 - i).saturating_sub(1)];
        for j in 0..=config.layers_per_block {
            let from_below = if j == 0 { before } else { width };
            let skip = if j == config.layers_per_block {
                finer
            } else {
                width
            };
            list.resnet(&format!("{block}.resnets.{j}"), from_below + skip, width);
        }
        for j in 0..(config.layers_per_block + 1) * usize::from(*attends) {
            list.attention(&format!("{block}.attentions.{j}"), width);
        }
        if i + 1 < levels {
            list.conv(&format!("{block}.upsamplers.0.conv"), width, width, 3);
        }
        before = width;
    }

    list.norm("conv_norm_out", first);
    list.conv("conv_out", config.out_channels, first, 3);
    list.tensors
}

struct List<'a> {
    config: &'a UnetConfig,
    tensors: Vec<(String, Vec<usize>)>,
}

impl List<'_> {
    fn weight(&mut self, layer: &str, shape: &[usize]) {
        self.tensors.push((format!("{layer}.weight"), shape.to_vec()));
    }

    fn bias(&mut self, layer: &str, outputs: usize) {
        self.tensors.push((format!("{layer}.bias"), vec![outputs]));
    }

    fn conv(&mut self, layer: &str, outputs: usize, inputs: usize, side: usize) {
        self.weight(layer, &[outputs, inputs, side, side]);
        self.bias(layer, outputs);
    }

    fn linear(&mut self, layer: &str, outputs: usize, inputs: usize) {
        self.weight(layer, &[outputs, inputs]);
        self.bias(layer, outputs);
    }

    fn norm(&mut self, layer: &str, channels: usize) {
        self.weight(layer, &[channels]);
        self.bias(layer, channels);
    }

    fn resnet(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.norm(&format!("{name}.norm1"), inputs);
        self.conv(&format!("{name}.conv1"), outputs, inputs, 3);
        self.linear(
            &format!("{name}.time_emb_proj"),
            outputs,
            self.config.time_embedding_dim,
        );
        self.norm(&format!("{name}.norm2"), outputs);
        self.conv(&format!("{name}.conv2"), outputs, outputs, 3);
        if inputs != outputs {
            self.conv(&format!("{name}.conv_shortcut"), outputs, inputs, 1);
        }
    }

    fn attention(&mut self, name: &str, channels: usize) {
        match self.config.class {
            UnetClass::Unconditional { .. } => {
                self.norm(&format!("{name}.group_norm"), channels);
                for layer in ["to_q", "to_k", "to_v", "to_out.0"] {
                    self.linear(&format!("{name}.{layer}"), channels, channels);
                }
            }
            UnetClass::Conditional {
                cross_attention_dim,
                use_linear_projection,
                ..
            } => self.transformer(name, channels, cross_attention_dim, use_linear_projection),
        }
    }

    fn transformer(&mut self, name: &str, channels: usize, context: usize, linear: bool) {
        let block = format!("{name}.transformer_blocks.0");
        self.norm(&format!("{name}.norm"), channels);
        self.projection(&format!("{name}.proj_in"), channels, linear);
        for (k, source) in [(1, channels), (2, context)] {
            self.norm(&format!("{block}.norm{k}"), channels);
            for (layer, inputs) in [("to_q", channels), ("to_k", source), ("to_v", source)] {
                self.weight(&format!("{block}.attn{k}.{layer}"), &[channels, inputs]);
            }
            self.linear(&format!("{block}.attn{k}.to_out.0"), channels, channels);
        }
        self.norm(&format!("{block}.norm3"), channels);
        self.linear(&format!("{block}.ff.net.0.proj"), 8 * channels, channels);
        self.linear(&format!("{block}.ff.net.2"), channels, 4 * channels);
        self.projection(&format!("{name}.proj_out"), channels, linear);
    }

    fn projection(&mut self, layer: &str, channels: usize, linear: bool) {
        if linear {
            self.linear(layer, channels, channels);
        } else {
            self.conv(layer, channels, channels, 1);
        }
    }
}
