//! `config.json` to a [`UnetConfig`], and back.
//!
//! A field that is absent has the value that diffusers 0.42.1 gives it, but for those that shape the net:
//! channels, block types, layers, context width must be there.

use super::fields::{Fields, count, list};
use super::{DownsamplePadding, FolderError, InvalidConfig, UnetClass, UnetConfig};
use crate::data::read_bytes;
use serde_json::{Value, json};
use std::path::Path;

/// Fields of both classes with one supported value, which is also the library's default.
const FIXED: [(&str, &str); 5] = [
    ("act_fn", r#""silu" or "swish""#),
    ("time_embedding_type", r#""positional""#),
    ("resnet_time_scale_shift", r#""default""#),
    ("class_embed_type", "null"),
    ("num_class_embeds", "null"),
];

const FIXED_UNCONDITIONAL: [(&str, &str); 4] = [
    ("mid_block_type", r#""UNetMidBlock2D""#),
    ("downsample_type", r#""conv""#),
    ("upsample_type", r#""conv""#),
    ("add_attention", "true"),
];

const FIXED_CONDITIONAL: [(&str, &str); 22] = [
    ("mid_block_type", r#""UNetMidBlock2DCrossAttn""#),
    ("only_cross_attention", "false"),
    ("mid_block_only_cross_attention", "null or false"),
    ("dual_cross_attention", "false"),
    ("transformer_layers_per_block", "1"),
    ("reverse_transformer_layers_per_block", "null"),
    ("num_attention_heads", "null"),
    ("attention_type", r#""default""#),
    ("cross_attention_norm", "null"),
    ("encoder_hid_dim", "null"),
    ("encoder_hid_dim_type", "null"),
    ("addition_embed_type", "null"),
    ("addition_time_embed_dim", "null"),
    ("projection_class_embeddings_input_dim", "null"),
    ("class_embeddings_concat", "false"),
    ("resnet_skip_time_act", "false"),
    ("resnet_out_scale_factor", "1"),
    ("time_embedding_act_fn", "null"),
    ("timestep_post_act", "null"),
    ("time_cond_proj_dim", "null"),
    ("conv_in_kernel", "3"),
    ("conv_out_kernel", "3"),
];

/// Fields without effect on what is computed here: dropout rests outside training, attention is in f32
/// anyway, heads of an embedding and the length of a table that [`FIXED`] excludes.
const IDLE_UNCONDITIONAL: [&str; 2] = ["dropout", "num_train_timesteps"];
const IDLE_CONDITIONAL: [&str; 3] = ["dropout", "upcast_attention", "addition_embed_type_num_heads"];

impl UnetConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    /// The file missing or unreadable; `Json`; [`FolderError::Field`] with the first field that is missing,
    /// malformed, unknown, not supported, or in contradiction with another.
    pub fn read(path: &Path) -> Result<Self, FolderError> {
        Self::from_bytes(path, &read_bytes(path)?, None)
    }

    /// As [`UnetConfig::read`], from bytes; `path` is for messages. `class` is the class that another file
    /// names, for a configuration that names none.
    ///
    /// # Errors
    /// As [`UnetConfig::read`]; a class that is not `class` is refused too.
    pub fn from_bytes(path: &Path, bytes: &[u8], class: Option<&str>) -> Result<Self, FolderError> {
        let mut fields = Fields::new(path, bytes)?;
        let config = read(&mut fields, class)?;
        config.validate().map_err(
            |InvalidConfig {
                 field,
                 found,
                 expected,
             }| { fields.refuse(field, &found, &expected) },
        )?;
        fields.finish()?;
        Ok(config)
    }

    /// The content of a `config.json` that diffusers reads as this net.
    pub fn to_json(&self) -> Value {
        let kinds = |attends: &[bool], stage: Stage| -> Vec<&'static str> {
            attends
                .iter()
                .map(|attends| self.class.block(stage, *attends))
                .collect()
        };
        let size = match self.sample_size {
            Some([height, width]) if height == width => json!(height),
            Some(size) => json!(size),
            None => Value::Null,
        };
        let usual = self
            .block_out_channels
            .first()
            .map(|first| first.saturating_mul(4));
        let time = Some(self.time_embedding_dim).filter(|width| Some(*width) != usual);
        let mut object = json!({
            "_class_name": self.class.name(),
            "_diffusers_version": "0.42.1",
            "act_fn": "silu",
            "block_out_channels": self.block_out_channels,
            "center_input_sample": self.center_input_sample,
            "class_embed_type": null,
            "down_block_types": kinds(&self.down_attention, Stage::Down),
            "downsample_padding": match self.downsample_padding {
                DownsamplePadding::Asymmetric => 0,
                DownsamplePadding::Symmetric => 1,
            },
            "dropout": 0.0,
            "flip_sin_to_cos": self.flip_sin_to_cos,
            "freq_shift": plain(self.freq_shift),
            "in_channels": self.in_channels,
            "layers_per_block": self.layers_per_block,
            "mid_block_scale_factor": plain(self.mid_block_scale_factor),
            "norm_eps": self.norm_eps,
            "norm_num_groups": self.norm_num_groups,
            "num_class_embeds": null,
            "out_channels": self.out_channels,
            "resnet_time_scale_shift": "default",
            "sample_size": size,
            "time_embedding_dim": time,
            "time_embedding_type": "positional",
            "up_block_types": kinds(&self.up_attention, Stage::Up),
        });
        match &self.class {
            UnetClass::Unconditional { head_width } => {
                object["attention_head_dim"] = json!(head_width);
                object["mid_block_type"] = json!("UNetMidBlock2D");
            }
            UnetClass::Conditional {
                heads,
                cross_attention_dim,
                use_linear_projection,
            } => {
                let alike = heads.len() == self.levels() && heads.iter().all(|n| *n == heads[0]);
                object["attention_head_dim"] = if alike { json!(heads.first()) } else { json!(heads) };
                object["cross_attention_dim"] = json!(cross_attention_dim);
                object["use_linear_projection"] = json!(use_linear_projection);
                object["mid_block_type"] = json!("UNetMidBlock2DCrossAttn");
            }
        }
        object
    }
}

/// A whole number without a decimal point: some fields are annotated as integers.
pub(super) fn plain(x: f64) -> Value {
    if x.fract() == 0.0 && x.abs() < 1e9 {
        json!(x as i64)
    } else {
        json!(x)
    }
}

#[derive(Clone, Copy)]
enum Stage {
    Down,
    Up,
}

impl UnetClass {
    fn block(&self, stage: Stage, attends: bool) -> &'static str {
        match (stage, attends, self) {
            (Stage::Down, false, _) => "DownBlock2D",
            (Stage::Up, false, _) => "UpBlock2D",
            (Stage::Down, true, Self::Unconditional { .. }) => "AttnDownBlock2D",
            (Stage::Up, true, Self::Unconditional { .. }) => "AttnUpBlock2D",
            (Stage::Down, true, Self::Conditional { .. }) => "CrossAttnDownBlock2D",
            (Stage::Up, true, Self::Conditional { .. }) => "CrossAttnUpBlock2D",
        }
    }
}

fn read(fields: &mut Fields, named: Option<&str>) -> Result<UnetConfig, FolderError> {
    let conditional = is_conditional(fields, named)?;
    let block_out_channels = fields.read("block_out_channels", None, "a list of whole numbers", |value| {
        list(value, count)
    })?;
    let levels = block_out_channels.len();
    let norm_num_groups = fields.count("norm_num_groups", Some(32))?;
    let class = if conditional {
        conditional_class(fields, levels)?
    } else {
        unconditional_class(fields, norm_num_groups)?
    };
    for (field, allowed) in FIXED {
        fields.only(field, allowed)?;
    }
    let first = block_out_channels.first().copied().unwrap_or(0);
    Ok(UnetConfig {
        sample_size: fields.maybe("sample_size", None, "a whole number, two of them,", size)?,
        in_channels: fields.count("in_channels", None)?,
        out_channels: fields.count("out_channels", None)?,
        down_attention: blocks(fields, "down_block_types", &class, Stage::Down)?,
        up_attention: blocks(fields, "up_block_types", &class, Stage::Up)?,
        layers_per_block: fields.read(
            "layers_per_block",
            None,
            "a whole number, the same for every level",
            |value| alike(value, levels),
        )?,
        norm_num_groups,
        norm_eps: fields.number("norm_eps", Some(1e-5))?,
        center_input_sample: fields.flag("center_input_sample", false)?,
        flip_sin_to_cos: fields.flag("flip_sin_to_cos", true)?,
        freq_shift: fields.number("freq_shift", Some(0.0))?,
        time_embedding_dim: fields
            .maybe("time_embedding_dim", None, "a whole number", count)?
            .unwrap_or_else(|| first.saturating_mul(4)),
        downsample_padding: fields.read(
            "downsample_padding",
            Some(DownsamplePadding::Symmetric),
            "0 or 1",
            |value| match value.as_u64()? {
                0 => Some(DownsamplePadding::Asymmetric),
                1 => Some(DownsamplePadding::Symmetric),
                _ => None,
            },
        )?,
        mid_block_scale_factor: fields.number("mid_block_scale_factor", Some(1.0))?,
        block_out_channels,
        class,
    })
}

fn is_conditional(fields: &mut Fields, named: Option<&str>) -> Result<bool, FolderError> {
    let classes = [("UNet2DModel", false), ("UNet2DConditionModel", true)];
    let of = |name: &str| {
        classes
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, is)| *is)
    };
    let found = fields.choice("_class_name", named.and_then(of), &classes)?;
    match named {
        Some(name) if of(name) != Some(found) => {
            let own = if found { classes[1].0 } else { classes[0].0 };
            let expected = format!("\"{name}\", as model_index.json says");
            Err(fields.refuse("_class_name", &format!("\"{own}\""), &expected))
        }
        _ => Ok(found),
    }
}

fn unconditional_class(fields: &mut Fields, groups: usize) -> Result<UnetClass, FolderError> {
    let head_width = fields.maybe("attention_head_dim", Some(8), "a whole number", count)?;
    for (field, allowed) in FIXED_UNCONDITIONAL {
        fields.only(field, allowed)?;
    }
    // The groups of the mid block's attention: null means those of all other norms.
    fields.only("attn_norm_num_groups", &format!("null or {groups}"))?;
    for field in IDLE_UNCONDITIONAL {
        fields.take(field);
    }
    Ok(UnetClass::Unconditional { head_width })
}

fn conditional_class(fields: &mut Fields, levels: usize) -> Result<UnetClass, FolderError> {
    let heads = fields.read(
        "attention_head_dim",
        Some(vec![8; levels]),
        "a whole number or a list of them (numbers of heads)",
        |value| match count(value) {
            Some(heads) => Some(vec![heads; levels]),
            None => list(value, count),
        },
    )?;
    let cross_attention_dim = fields.read(
        "cross_attention_dim",
        None,
        "a whole number, the same for every level",
        |value| alike(value, levels),
    )?;
    let use_linear_projection = fields.flag("use_linear_projection", false)?;
    for (field, allowed) in FIXED_CONDITIONAL {
        fields.only(field, allowed)?;
    }
    for field in IDLE_CONDITIONAL {
        fields.take(field);
    }
    Ok(UnetClass::Conditional {
        heads,
        cross_attention_dim,
        use_linear_projection,
    })
}

/// Which blocks attend. Old files put `UNetRes` before the name of a block.
fn blocks(
    fields: &mut Fields,
    field: &str,
    class: &UnetClass,
    stage: Stage,
) -> Result<Vec<bool>, FolderError> {
    let [plain, attends] = [false, true].map(|attends| class.block(stage, attends));
    let expected = format!("a list of \"{plain}\" and \"{attends}\" in {}", class.name());
    let value = fields.read(field, None, &expected, |value| Some(value.clone()))?;
    let names = value.as_array().ok_or(&value);
    let read = |value: &Value| {
        let name = value.as_str()?;
        let name = name.strip_prefix("UNetRes").unwrap_or(name);
        [(plain, false), (attends, true)]
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, attends)| *attends)
    };
    let list = names.and_then(|names| names.iter().map(|name| read(name).ok_or(name)).collect());
    list.map_err(|bad: &Value| fields.refuse(field, &crate::data::json::show(bad), &expected))
}

/// A number, or a list with the same number for every level.
fn alike(value: &Value, levels: usize) -> Option<usize> {
    match list(value, count) {
        None => count(value),
        Some(all) => {
            let first = *all.first()?;
            (all.len() == levels && all.iter().all(|n| *n == first)).then_some(first)
        }
    }
}

fn size(value: &Value) -> Option<[usize; 2]> {
    match count(value) {
        Some(side) => Some([side, side]),
        None => list(value, count)?.try_into().ok(),
    }
}
