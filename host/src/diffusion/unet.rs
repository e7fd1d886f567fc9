//! U-Nets of diffusion models as graphs: `UNet2DModel` and `UNet2DConditionModel` of diffusers, with the names of their
//! tensors.
//!
//! ```text
//! x -> conv_in -> down blocks -> mid block = h -> up blocks -> conv_norm_out, SiLU, conv_out = eps
//! t -> sinusoidal embedding -> linear, SiLU, linear, SiLU -> every resnet
//! context -> cross-attention (UNet2DConditionModel)
//! ```
//! Images are [height, width, channels] inside, [channels, height, width] at the door (`crate::diffusion::layout`).
//! Source: the forward passes of diffusers 0.42.1, restated.

use super::folder::{DownsamplePadding, UnetClass, UnetConfig};
use crate::net::graph::{Graph, GraphError, Value};
use crate::net::primitive::{
    Activation, Add, AddRow, Attention, Concat, Conv2d, Geglu, GroupNorm, LayerNorm, Linear, Padding, Scale,
    Shift, Sinusoidal, Upsample,
};
use crate::net::shape::Shape;

/// Groups of the norms inside transformers have this epsilon whatever the configuration says.
const TRANSFORMER_EPSILON: f64 = 1e-6;

/// From this many tokens on, attention computes its probabilities again rather than store them.
const RECOMPUTE: usize = 1024;

/// Where the values of a U-Net's graph are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Places {
    /// The image [H, W, in_channels].
    pub x: Value,
    /// The value of the time, `[1]`.
    pub t: Value,
    /// The text states [rows, cross_attention_dim].
    pub context: Option<Value>,
    /// The output of the mid block.
    pub h: Value,
    /// The value of the output eps.
    pub eps: Value,
}

/// Why a U-Net has no graph.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum UnetError {
    /// The sides do not go through all levels.
    #[error(
        "images of {height} x {width}: both sides must be multiples of {multiple} (2 to the number of levels less 1)"
    )]
    Sides {
        /// The number of rows of the image.
        height: usize,
        /// The number of columns of the image.
        width: usize,
        /// The number that must divide both sides.
        multiple: usize,
    },
    /// Cross-attention without rows to attend to, or rows without cross-attention.
    #[error("{rows} context rows, expected {expected}")]
    Context {
        /// The number of rows that was given.
        rows: usize,
        /// What is expected, in words.
        expected: &'static str,
    },
    /// Shapes that do not fit, which a validated configuration does not give.
    #[error(transparent)]
    Graph(#[from] GraphError),
}

/// The graph for images of `height` x `width`, with `context` rows of text states (0 for `UNet2DModel`).
///
/// # Errors
/// [`UnetError`].
pub fn graph(
    config: &UnetConfig,
    [height, width]: [usize; 2],
    context: usize,
) -> Result<(Graph, Places), UnetError> {
    let multiple = side_multiple(config);
    let fits = |side: usize| side > 0 && side.is_multiple_of(multiple);
    if !fits(height) || !fits(width) {
        return Err(UnetError::Sides {
            height,
            width,
            multiple,
        });
    }
    let mut graph = Graph::new();
    let x = graph.input("x", Shape::image(height, width, config.in_channels));
    let t = graph.input("t", Shape::vector(1));
    let context = match (&config.class, context) {
        (UnetClass::Unconditional { .. }, 0) => None,
        (
            UnetClass::Conditional {
                cross_attention_dim, ..
            },
            rows @ 1..,
        ) => Some(graph.input("context", Shape::rows(rows, *cross_attention_dim))),
        (UnetClass::Unconditional { .. }, rows) => {
            let expected = "none: the net has no cross-attention";
            return Err(UnetError::Context { rows, expected });
        }
        (UnetClass::Conditional { .. }, rows) => {
            let expected = "at least one: the net has cross-attention";
            return Err(UnetError::Context { rows, expected });
        }
    };
    let mut build = Build {
        config,
        graph,
        context,
        time: t,
    };
    let (h, eps) = build.net(x, t)?;
    let places = Places {
        x,
        t,
        context,
        h,
        eps,
    };
    Ok((build.graph, places))
}

/// Every name and shape that the file of a net must hold, in the order of the forward pass: those of diffusers 0.42.1.
/// Convolutions are [out, in, height, width], linear layers [out, in].
///
/// # Panics
/// Unless the configuration satisfies [`UnetConfig::validate`].
pub fn expected_tensors(config: &UnetConfig) -> Vec<(String, Vec<usize>)> {
    // They do not depend on the size of the images.
    let smallest = [side_multiple(config); 2];
    let rows = usize::from(matches!(config.class, UnetClass::Conditional { .. }));
    let (graph, _) = graph(config, smallest, rows).expect("a sound configuration has a graph");
    let parameters = graph.parameters().iter();
    parameters
        .map(|parameter| (parameter.name.clone(), parameter.shape.clone()))
        .collect()
}

/// What the sides of images must be multiples of: they are halved between levels.
fn side_multiple(config: &UnetConfig) -> usize {
    1 << (config.levels() - 1)
}

struct Build<'a> {
    config: &'a UnetConfig,
    graph: Graph,
    context: Option<Value>,
    /// SiLU of the time embedding.
    time: Value,
}

impl Build<'_> {
    fn net(&mut self, x: Value, t: Value) -> Result<(Value, Value), GraphError> {
        let config = self.config;
        let channels = &config.block_out_channels;
        let (first, last) = (channels[0], channels.len() - 1);
        self.time = self.time_embedding(t)?;
        let mut h = if config.center_input_sample {
            let doubled = self
                .graph
                .add("center_input_sample.double", Scale { factor: 2.0 }, &[x])?;
            self.graph
                .add("center_input_sample", Shift { offset: -1.0 }, &[doubled])?
        } else {
            x
        };
        h = self
            .graph
            .add("conv_in", Conv2d::same(config.in_channels, first), &[h])?;
        let mut skips = vec![h];
        for (level, width) in channels.iter().copied().enumerate() {
            let block = format!("down_blocks.{level}");
            for j in 0..config.layers_per_block {
                h = self.resnet(&format!("{block}.resnets.{j}"), h, width, 1.0)?;
                if config.down_attention[level] {
                    h = self.attention(&format!("{block}.attentions.{j}"), h, level, 1.0)?;
                }
                skips.push(h);
            }
            if level < last {
                let down = Conv2d {
                    stride: 2,
                    padding: match config.downsample_padding {
                        DownsamplePadding::Symmetric => Padding::Symmetric,
                        DownsamplePadding::Asymmetric => Padding::RightBottom,
                    },
                    ..Conv2d::same(width, width)
                };
                h = self
                    .graph
                    .add(&format!("{block}.downsamplers.0.conv"), down, &[h])?;
                skips.push(h);
            }
        }
        let (width, factor) = (channels[last], config.mid_block_scale_factor);
        h = self.resnet("mid_block.resnets.0", h, width, factor)?;
        h = self.attention("mid_block.attentions.0", h, last, factor)?;
        h = self.resnet("mid_block.resnets.1", h, width, factor)?;
        let mid = h;
        for (i, level) in (0..channels.len()).rev().enumerate() {
            let (block, width) = (format!("up_blocks.{i}"), channels[level]);
            for j in 0..=config.layers_per_block {
                let name = format!("{block}.resnets.{j}");
                if let Some(skip) = skips.pop() {
                    h = self.graph.add(&format!("{name}.concat"), Concat, &[h, skip])?;
                }
                h = self.resnet(&name, h, width, 1.0)?;
                if config.up_attention[i] {
                    h = self.attention(&format!("{block}.attentions.{j}"), h, level, 1.0)?;
                }
            }
            if level > 0 {
                h = self
                    .graph
                    .add(&format!("{block}.upsamplers.0"), Upsample { factor: 2 }, &[h])?;
                h = self.graph.add(
                    &format!("{block}.upsamplers.0.conv"),
                    Conv2d::same(width, width),
                    &[h],
                )?;
            }
        }
        h = self.norm_silu("conv_norm_out", h)?;
        let eps = self
            .graph
            .add("conv_out", Conv2d::same(first, config.out_channels), &[h])?;
        Ok((mid, eps))
    }

    fn channels(&self, value: Value) -> usize {
        self.graph.shape(value).channels()
    }

    fn linear(&mut self, name: &str, input: Value, outputs: usize, bias: bool) -> Result<Value, GraphError> {
        let inputs = self.channels(input);
        let linear = Linear {
            inputs,
            outputs,
            bias,
        };
        self.graph.add(name, linear, &[input])
    }

    fn silu(&mut self, name: &str, input: Value) -> Result<Value, GraphError> {
        self.graph
            .add(&format!("{name}.silu"), Activation::Silu, &[input])
    }

    fn norm(&mut self, name: &str, input: Value, epsilon: f64) -> Result<Value, GraphError> {
        let norm = GroupNorm {
            channels: self.channels(input),
            groups: self.config.norm_num_groups,
            epsilon,
            silu: false,
        };
        self.graph.add(name, norm, &[input])
    }

    fn norm_silu(&mut self, name: &str, input: Value) -> Result<Value, GraphError> {
        let h = self.norm(name, input, self.config.norm_eps)?;
        self.silu(name, h)
    }

    fn time_embedding(&mut self, t: Value) -> Result<Value, GraphError> {
        let config = self.config;
        let embedding = Sinusoidal {
            channels: config.block_out_channels[0],
            flip_sin_to_cos: config.flip_sin_to_cos,
            freq_shift: config.freq_shift,
            max_period: 10_000.0,
        };
        let e = self.graph.add("time_proj", embedding, &[t])?;
        let e = self.linear("time_embedding.linear_1", e, config.time_embedding_dim, true)?;
        let e = self.silu("time_embedding.linear_1", e)?;
        let e = self.linear("time_embedding.linear_2", e, config.time_embedding_dim, true)?;
        self.silu("time_embedding.linear_2", e)
    }

    /// The sum of a branch and what went around it, over `divisor`.
    fn residual(
        &mut self,
        name: &str,
        branch: Value,
        around: Value,
        divisor: f64,
    ) -> Result<Value, GraphError> {
        let sum = self
            .graph
            .add(&format!("{name}.residual"), Add, &[branch, around])?;
        if divisor == 1.0 {
            return Ok(sum);
        }
        let scale = Scale {
            factor: 1.0 / divisor,
        };
        self.graph.add(&format!("{name}.scale"), scale, &[sum])
    }

    fn resnet(
        &mut self,
        name: &str,
        input: Value,
        outputs: usize,
        divisor: f64,
    ) -> Result<Value, GraphError> {
        let inputs = self.channels(input);
        let part = |part: &str| format!("{name}.{part}");
        let h = self.norm_silu(&part("norm1"), input)?;
        let h = self
            .graph
            .add(&part("conv1"), Conv2d::same(inputs, outputs), &[h])?;
        let time = self.linear(&part("time_emb_proj"), self.time, outputs, true)?;
        let h = self.graph.add(&part("time"), AddRow, &[h, time])?;
        let h = self.norm_silu(&part("norm2"), h)?;
        let h = self
            .graph
            .add(&part("conv2"), Conv2d::same(outputs, outputs), &[h])?;
        let around = if inputs == outputs {
            input
        } else {
            self.graph.add(
                &part("conv_shortcut"),
                Conv2d::pointwise(inputs, outputs),
                &[input],
            )?
        };
        self.residual(name, h, around, divisor)
    }

    fn attention(
        &mut self,
        name: &str,
        input: Value,
        level: usize,
        divisor: f64,
    ) -> Result<Value, GraphError> {
        let heads = self.config.heads(level).unwrap_or(1);
        let channels = self.channels(input);
        match self.config.class {
            UnetClass::Unconditional { .. } => {
                let z = self.norm(&format!("{name}.group_norm"), input, self.config.norm_eps)?;
                let o = self.attend(name, z, z, heads, true)?;
                self.residual(name, o, input, divisor)
            }
            UnetClass::Conditional {
                use_linear_projection,
                ..
            } => {
                let project = |build: &mut Self, name: String, z: Value| {
                    if use_linear_projection {
                        build.linear(&name, z, channels, true)
                    } else {
                        build
                            .graph
                            .add(&name, Conv2d::pointwise(channels, channels), &[z])
                    }
                };
                let z = self.norm(&format!("{name}.norm"), input, TRANSFORMER_EPSILON)?;
                let z = project(self, format!("{name}.proj_in"), z)?;
                let z = self.transformer(&format!("{name}.transformer_blocks.0"), z, heads)?;
                let z = project(self, format!("{name}.proj_out"), z)?;
                self.residual(name, z, input, 1.0)
            }
        }
    }

    fn transformer(&mut self, name: &str, input: Value, heads: usize) -> Result<Value, GraphError> {
        let channels = self.channels(input);
        let norm = LayerNorm {
            channels,
            epsilon: 1e-5,
        };
        let mut z = input;
        for k in [1, 2] {
            let attention = format!("{name}.attn{k}");
            let n = self.graph.add(&format!("{name}.norm{k}"), norm, &[z])?;
            let from = if k == 1 { n } else { self.context.unwrap_or(n) };
            let o = self.attend(&attention, n, from, heads, false)?;
            z = self.residual(&attention, o, z, 1.0)?;
        }
        let n = self.graph.add(&format!("{name}.norm3"), norm, &[z])?;
        let f = self.linear(&format!("{name}.ff.net.0.proj"), n, 8 * channels, true)?;
        let f = self.graph.add(&format!("{name}.ff.net.0"), Geglu, &[f])?;
        let f = self.linear(&format!("{name}.ff.net.2"), f, channels, true)?;
        self.residual(&format!("{name}.ff"), f, z, 1.0)
    }

    /// Queries from `z`, keys and values from `from`.
    fn attend(
        &mut self,
        name: &str,
        z: Value,
        from: Value,
        heads: usize,
        bias: bool,
    ) -> Result<Value, GraphError> {
        let channels = self.channels(z);
        let q = self.linear(&format!("{name}.to_q"), z, channels, bias)?;
        let k = self.linear(&format!("{name}.to_k"), from, channels, bias)?;
        let v = self.linear(&format!("{name}.to_v"), from, channels, bias)?;
        let attention = Attention {
            heads,
            recompute: self.graph.shape(z).row_count() >= RECOMPUTE,
        };
        let o = self
            .graph
            .add(&format!("{name}.attention"), attention, &[q, k, v])?;
        self.linear(&format!("{name}.to_out.0"), o, channels, true)
    }
}
