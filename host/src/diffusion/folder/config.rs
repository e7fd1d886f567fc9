//! What a U-Net computes: the fields of `config.json` that matter, and what must hold between them.

use std::fmt::Debug;

/// A U-Net, read from a configuration or written by hand; [`UnetConfig::validate`] says whether it is sound.
///
/// Levels are numbered from the finest; level i works at the input's size divided by 2^i.
#[derive(Clone, Debug, PartialEq)]
pub struct UnetConfig {
    /// Which of the two nets, with what only it has.
    pub class: UnetClass,
    /// Height and width it was trained at, when known. Other sizes divisible by 2^(levels - 1) run as well.
    pub sample_size: Option<[usize; 2]>,
    /// Channels of the input.
    pub in_channels: usize,
    /// Channels of the output.
    pub out_channels: usize,
    /// Channels of each level; their number is the number of levels.
    pub block_out_channels: Vec<usize>,
    /// Per down block, that is per level: attention after each of its resnets. 2-D self-attention in
    /// `UNet2DModel`, a transformer with cross-attention in `UNet2DConditionModel`.
    pub down_attention: Vec<bool>,
    /// Which up blocks have attention, in the order of the file: up block i works at level `levels - 1 - i`.
    pub up_attention: Vec<bool>,
    /// Resnets of a down block; an up block has one more.
    pub layers_per_block: usize,
    /// Groups of every group norm.
    pub norm_num_groups: usize,
    /// Epsilon of the group norms (those inside transformers have 1e-6 always).
    pub norm_eps: f64,
    /// The input x becomes 2x - 1 first.
    pub center_input_sample: bool,
    /// Cosines before sines in the timestep embedding.
    pub flip_sin_to_cos: bool,
    /// Shift in the frequencies exp(-ln(10000) i / (half - shift)) of the timestep embedding.
    pub freq_shift: f64,
    /// Width of the time embedding after its two linear layers.
    pub time_embedding_dim: usize,
    /// Zeros around the input of a strided convolution.
    pub downsample_padding: DownsamplePadding,
    /// Divisor of the outputs of the mid block's resnets, and of its attention in `UNet2DModel`.
    pub mid_block_scale_factor: f64,
}

/// The two nets, and what only one of them has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnetClass {
    /// A net without text, `UNet2DModel`.
    Unconditional {
        /// Channels of one attention head; none: one head as wide as the level. (`attention_head_dim`)
        head_width: Option<usize>,
    },
    /// A net with cross-attention to text states, `UNet2DConditionModel`.
    Conditional {
        /// Number of attention heads per level: the file calls it `attention_head_dim`.
        heads: Vec<usize>,
        /// Width of the context rows.
        cross_attention_dim: usize,
        /// The projections around a transformer are linear layers, else 1x1 convolutions.
        use_linear_projection: bool,
    },
}

/// How a level is halved by a 3x3 convolution of stride 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DownsamplePadding {
    /// One zero column on the right, one zero row at the bottom (`downsample_padding` 0).
    Asymmetric,
    /// One row or column of zeros on every side (`downsample_padding` 1).
    Symmetric,
}

/// A rule between the fields that is broken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("field `{field}` is {found}, expected {expected}")]
pub struct InvalidConfig {
    /// Name of the field in the file.
    pub field: &'static str,
    /// The value of the field in the file.
    pub found: String,
    /// The values of the field that are expected.
    pub expected: String,
}

/// Bounds that keep every size computed from a configuration far from overflow.
const MOST_LEVELS: usize = 12;
const MOST_LAYERS: usize = 64;
const MOST_CHANNELS: usize = 1 << 16;
const MOST_PIXELS: usize = 1 << 20;

impl UnetClass {
    /// The name in `_class_name`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Unconditional { .. } => "UNet2DModel",
            Self::Conditional { .. } => "UNet2DConditionModel",
        }
    }
}

impl UnetConfig {
    /// Number of levels.
    pub fn levels(&self) -> usize {
        self.block_out_channels.len()
    }

    /// Number of attention heads at a level that has attention; the mid block is at the last level.
    ///
    /// `None` past the last level, or when the width of a head exceeds the level.
    pub fn heads(&self, level: usize) -> Option<usize> {
        let channels = *self.block_out_channels.get(level)?;
        match &self.class {
            UnetClass::Unconditional { head_width: None } => Some(1),
            UnetClass::Unconditional {
                head_width: Some(width),
            } => channels.checked_div(*width),
            UnetClass::Conditional { heads, .. } => heads.get(level).copied(),
        }
        .filter(|heads| *heads > 0)
    }

    /// Whether the level attends: in its down block, its up block, or as the level of the mid block.
    fn attends(&self, level: usize) -> bool {
        let at = |list: &[bool], position: Option<usize>| {
            position.and_then(|position| list.get(position)).copied() == Some(true)
        };
        let last = self.levels().checked_sub(1);
        last == Some(level)
            || at(&self.down_attention, Some(level))
            || at(&self.up_attention, last.and_then(|last| last.checked_sub(level)))
    }

    /// Checks what must hold between the fields.
    ///
    /// # Errors
    /// [`InvalidConfig`] with the first rule that is broken.
    pub fn validate(&self) -> Result<(), InvalidConfig> {
        let levels = self.levels();
        let channels = &self.block_out_channels;
        rule(
            "block_out_channels",
            channels,
            (1..=MOST_LEVELS).contains(&levels),
            || format!("1 to {MOST_LEVELS} levels"),
        )?;
        let size = |n: &usize| (1..=MOST_CHANNELS).contains(n);
        let sizes = || format!("1 to {MOST_CHANNELS}");
        rule("block_out_channels", channels, channels.iter().all(size), sizes)?;
        rule("in_channels", &self.in_channels, size(&self.in_channels), sizes)?;
        rule(
            "out_channels",
            &self.out_channels,
            size(&self.out_channels),
            sizes,
        )?;
        let per_level = || format!("{levels} entries, one per level of `block_out_channels`");
        let (down, up) = (&self.down_attention, &self.up_attention);
        rule("down_block_types", &down.len(), down.len() == levels, per_level)?;
        rule("up_block_types", &up.len(), up.len() == levels, per_level)?;
        let layers = self.layers_per_block;
        rule(
            "layers_per_block",
            &layers,
            (1..=MOST_LAYERS).contains(&layers),
            || format!("1 to {MOST_LAYERS}"),
        )?;
        let groups = self.norm_num_groups;
        let divides = channels.iter().all(|c| groups > 0 && c % groups == 0);
        rule("norm_num_groups", &groups, divides, || {
            format!("a divisor of every number of channels {channels:?}")
        })?;
        let positive = |x: f64| x.is_finite() && x > 0.0;
        rule("norm_eps", &self.norm_eps, positive(self.norm_eps), || {
            "a positive number".into()
        })?;
        let scale = self.mid_block_scale_factor;
        rule(
            "mid_block_scale_factor",
            &scale,
            scale.is_finite() && scale != 0.0,
            || "a number other than 0".into(),
        )?;
        rule(
            "block_out_channels",
            channels,
            channels[0].is_multiple_of(2),
            || "an even first entry, the width of the timestep embedding".into(),
        )?;
        let (shift, half) = (self.freq_shift, channels[0] / 2);
        rule(
            "freq_shift",
            &shift,
            shift.is_finite() && shift < half as f64,
            || format!("a number below {half}, half the first entry of `block_out_channels`"),
        )?;
        let width = self.time_embedding_dim;
        rule(
            "time_embedding_dim",
            &width,
            (1..=4 * MOST_CHANNELS).contains(&width),
            || format!("1 to {}", 4 * MOST_CHANNELS),
        )?;
        let pixels = self.sample_size.unwrap_or([1, 1]);
        rule(
            "sample_size",
            &pixels,
            pixels.iter().all(|n| (1..=MOST_PIXELS).contains(n)),
            || format!("1 to {MOST_PIXELS}"),
        )?;
        self.validate_attention()
    }

    fn validate_attention(&self) -> Result<(), InvalidConfig> {
        if let UnetClass::Conditional {
            heads,
            cross_attention_dim,
            ..
        } = &self.class
        {
            let levels = self.levels();
            rule("attention_head_dim", heads, heads.len() == levels, || {
                format!("{levels} entries, one per level of `block_out_channels`")
            })?;
            let inside = (1..=MOST_CHANNELS).contains(cross_attention_dim);
            rule("cross_attention_dim", cross_attention_dim, inside, || {
                format!("1 to {MOST_CHANNELS}")
            })?;
        }
        for (level, channels) in self.block_out_channels.iter().enumerate() {
            let fits = match &self.class {
                UnetClass::Unconditional { head_width: None } => true,
                UnetClass::Unconditional {
                    head_width: Some(width),
                } => *width > 0 && channels % width == 0,
                UnetClass::Conditional { heads, .. } => heads[level] > 0 && channels % heads[level] == 0,
            };
            let found = match &self.class {
                UnetClass::Unconditional { head_width } => format!("{:?}", head_width.unwrap_or(0)),
                UnetClass::Conditional { heads, .. } => format!("{heads:?}"),
            };
            if self.attends(level) && !fits {
                return Err(InvalidConfig {
                    field: "attention_head_dim",
                    found,
                    expected: format!("a divisor of the {channels} channels of level {level}"),
                });
            }
        }
        Ok(())
    }
}

fn rule<T: Debug + ?Sized>(
    field: &'static str,
    found: &T,
    holds: bool,
    expected: impl FnOnce() -> String,
) -> Result<(), InvalidConfig> {
    if holds {
        return Ok(());
    }
    Err(InvalidConfig {
        field,
        found: crate::data::shorten(&format!("{found:?}")),
        expected: expected(),
    })
}
