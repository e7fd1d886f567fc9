//! `config.json` and the list of tensors.
//!
//! Oracle of the keys: numbers of tensors and parameters of the four reference nets, counted in the library.
//!
//! Mutations seen red: the skip of the finer level taken from the same level; `conv_shortcut` for `>` in place
//! of `!=`; the width of a head taken as the number of heads; up blocks in the order of levels where heads are
//! checked; divisibility by the groups not checked; a head of width 0 let through; unknown fields let through
//! unless they are texts; one more value of `attention_type`; lists of a wrong length; padding 0 read as 1;
//! the prefix of old block names not taken off.

use super::super::testing::{parse, references, small, small_conditional};
use super::super::{DownsamplePadding, FolderError, UnetClass, UnetConfig};
use crate::diffusion::unet::expected_tensors;
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::path::Path;

#[test]
fn the_reference_nets_have_their_tensors_and_parameters() {
    for (name, config, tensors, parameters) in references() {
        let keys = expected_tensors(&parse(&config).unwrap());
        let names: BTreeSet<&str> = keys.iter().map(|(key, _)| key.as_str()).collect();
        let size: usize = keys
            .iter()
            .map(|(_, shape)| shape.iter().product::<usize>())
            .sum();
        assert_eq!(
            (keys.len(), names.len(), size),
            (tensors, tensors, parameters),
            "{name}"
        );
    }
}

#[test]
fn shapes_of_chosen_tensors() {
    let [cifar, _, old, new] = references().map(|(_, config, _, _)| {
        expected_tensors(&parse(&config).unwrap())
            .into_iter()
            .collect::<std::collections::BTreeMap<_, _>>()
    });
    for (name, shape) in [
        ("conv_in.weight", vec![128, 3, 3, 3]),
        ("time_embedding.linear_1.weight", vec![512, 128]),
        (
            "down_blocks.1.resnets.0.conv_shortcut.weight",
            vec![256, 128, 1, 1],
        ),
        ("down_blocks.1.attentions.1.to_out.0.bias", vec![256]),
        ("up_blocks.2.attentions.2.group_norm.weight", vec![256]),
        // 256 channels from below beside the skip of the first downsampler.
        ("up_blocks.2.resnets.2.norm1.weight", vec![384]),
        ("up_blocks.3.resnets.0.conv1.weight", vec![128, 384, 3, 3]),
        ("up_blocks.3.resnets.2.conv1.weight", vec![128, 256, 3, 3]),
        ("up_blocks.2.upsamplers.0.conv.weight", vec![256, 256, 3, 3]),
    ] {
        assert_eq!(cifar.get(name), Some(&shape), "{name}");
    }
    for absent in [
        "down_blocks.2.resnets.0.conv_shortcut.weight",
        "down_blocks.3.downsamplers.0.conv.weight",
        "up_blocks.3.upsamplers.0.conv.weight",
        "down_blocks.0.attentions.0.to_q.weight",
    ] {
        assert!(!cifar.contains_key(absent), "{absent}");
    }
    let block = "down_blocks.2.attentions.0.transformer_blocks.0";
    for (name, shape) in [
        ("attn2.to_k.weight", vec![1280, 768]),
        ("attn2.to_q.weight", vec![1280, 1280]),
        ("attn1.to_v.weight", vec![1280, 1280]),
        ("ff.net.0.proj.weight", vec![10240, 1280]),
        ("ff.net.2.weight", vec![1280, 5120]),
    ] {
        assert_eq!(old.get(&format!("{block}.{name}")), Some(&shape), "{name}");
    }
    assert!(!old.contains_key(&format!("{block}.attn1.to_q.bias")));
    let projection = "mid_block.attentions.0.proj_in.weight";
    assert_eq!(old[projection], [1280, 1280, 1, 1]);
    assert_eq!(new[projection], [1280, 1280]);
}

#[test]
fn heads_are_widths_in_one_class_and_numbers_in_the_other() {
    let [cifar, _, old, new] = references().map(|(_, config, _, _)| config);
    let heads = |config: &Value| {
        let config = parse(config).unwrap();
        (0..5).map(|level| config.heads(level)).collect::<Vec<_>>()
    };
    assert_eq!(heads(&cifar), [Some(1), Some(1), Some(1), Some(1), None]);
    assert_eq!(heads(&old), [Some(8), Some(8), Some(8), Some(8), None]);
    assert_eq!(heads(&new), [Some(5), Some(10), Some(20), Some(20), None]);
    let mut wide = cifar;
    wide["attention_head_dim"] = json!(64);
    assert_eq!(heads(&wide), [Some(2), Some(4), Some(4), Some(4), None]);
    wide.as_object_mut().unwrap().remove("attention_head_dim");
    assert_eq!(heads(&wide)[0], Some(16), "8 channels a head unless told");
}

#[test]
fn a_configuration_is_read_back_as_it_was_written() {
    for config in [small(), small_conditional()] {
        assert_eq!(parse(&config.to_json()).unwrap(), config);
    }
    for (_, json, _, _) in references() {
        let config = parse(&json).unwrap();
        assert_eq!(parse(&config.to_json()).unwrap(), config);
    }
    let no_size = UnetConfig {
        sample_size: None,
        class: UnetClass::Unconditional { head_width: None },
        ..small()
    };
    assert_eq!(parse(&no_size.to_json()).unwrap(), no_size);
}

#[test]
fn absent_fields_have_the_values_of_the_library() {
    let least = json!({
        "_class_name": "UNet2DModel", "in_channels": 1, "out_channels": 2, "block_out_channels": [32, 64],
        "down_block_types": ["UNetResDownBlock2D", "AttnDownBlock2D"],
        "up_block_types": ["UNetResAttnUpBlock2D", "UpBlock2D"], "layers_per_block": 3,
    });
    let wanted = UnetConfig {
        class: UnetClass::Unconditional { head_width: Some(8) },
        sample_size: None,
        in_channels: 1,
        out_channels: 2,
        block_out_channels: vec![32, 64],
        layers_per_block: 3,
        norm_num_groups: 32,
        norm_eps: 1e-5,
        flip_sin_to_cos: true,
        freq_shift: 0.0,
        time_embedding_dim: 128,
        downsample_padding: DownsamplePadding::Symmetric,
        ..small()
    };
    assert_eq!(parse(&least).unwrap(), wanted);
    for field in least.as_object().unwrap().keys() {
        let mut without = least.clone();
        without.as_object_mut().unwrap().remove(field);
        let message = parse(&without).unwrap_err().to_string();
        assert!(
            message.starts_with(&format!("config.json: field `{field}` is missing, expected ")),
            "{message}"
        );
    }
    let mut conditional = references()[2].1.clone();
    conditional.as_object_mut().unwrap().remove("cross_attention_dim");
    assert!(
        parse(&conditional)
            .unwrap_err()
            .to_string()
            .contains("`cross_attention_dim` is missing")
    );
}

/// The refusal of `field` with this value names both.
#[track_caller]
fn refused(base: &Value, field: &str, value: &Value) {
    let mut config = base.clone();
    config[field] = value.clone();
    let error = parse(&config).unwrap_err();
    assert_eq!(error.code(), "bad_config_field", "{error}");
    assert!(
        matches!(&error, FolderError::Field { field: named, .. } if named == field),
        "{error}"
    );
    if let FolderError::Field { found, .. } = &error
        && !value.is_array()
    {
        assert_eq!(*found, crate::data::json::show(value));
    }
}

#[test] // whatever a field holds, the refusal is a few lines
fn messages_stay_short() {
    let long = [
        json!(vec![32; 5_000]),
        json!(vec!["DownBlock2D"; 5_000]),
        json!("x".repeat(5_000)),
    ];
    for (_, config, _, _) in references() {
        for (field, value) in config
            .as_object()
            .unwrap()
            .keys()
            .flat_map(|f| long.iter().map(move |v| (f, v)))
        {
            let mut config = config.clone();
            config[field] = value.clone();
            let text = parse(&config).map_or_else(|error| error.to_string(), |_| String::new());
            assert!(text.len() < 600, "{field}: {} bytes", text.len());
        }
    }
}

#[test]
fn values_that_are_not_supported_are_named() {
    let [cifar, _, stable, _] = references().map(|(_, config, _, _)| config);
    let both = [
        ("act_fn", json!("gelu")),
        ("act_fn", json!(null)),
        ("resnet_time_scale_shift", json!("scale_shift")),
        ("class_embed_type", json!("timestep")),
        ("num_class_embeds", json!(10)),
        ("time_embedding_type", json!("fourier")),
        ("mid_block_type", json!(null)),
        ("mid_block_type", json!("UNetMidBlock2DSimpleCrossAttn")),
        ("downsample_padding", json!(2)),
        ("center_input_sample", json!(1)),
        ("flip_sin_to_cos", json!(null)),
        ("freq_shift", json!("1")),
        ("norm_eps", json!(null)),
        ("norm_num_groups", json!(null)),
        ("in_channels", json!(-1)),
        ("in_channels", json!(3.0)),
        ("layers_per_block", json!([1, 2, 2, 2])),
        ("layers_per_block", json!([2, 2])),
        ("sample_size", json!([8, 8, 8])),
        ("sample_size", json!("big")),
        ("block_out_channels", json!(64)),
        ("block_out_channels", json!([64, "128"])),
        ("time_embedding_dim", json!("wide")),
        ("a_field_of_tomorrow", json!(0)),
        ("a_field_of_tomorrow", json!(false)),
    ];
    let own = [
        ("downsample_type", json!("resnet")),
        ("upsample_type", json!("resnet")),
        ("add_attention", json!(false)),
        ("attn_norm_num_groups", json!(16)),
        ("cross_attention_dim", json!(768)),
        ("attention_head_dim", json!([8, 8, 8, 8])),
    ];
    let conditional = [
        ("only_cross_attention", json!(true)),
        ("only_cross_attention", json!([false, true, false, false])),
        ("mid_block_only_cross_attention", json!(true)),
        ("dual_cross_attention", json!(true)),
        ("transformer_layers_per_block", json!(2)),
        ("transformer_layers_per_block", json!([1, 2, 1, 1])),
        ("reverse_transformer_layers_per_block", json!([[1]])),
        ("num_attention_heads", json!(8)),
        ("attention_head_dim", json!(null)),
        ("attention_type", json!("gated")),
        ("cross_attention_norm", json!("layer_norm")),
        ("cross_attention_dim", json!([768, 768, 768, 1024])),
        ("encoder_hid_dim", json!(64)),
        ("encoder_hid_dim_type", json!("text_proj")),
        ("addition_embed_type", json!("text_time")),
        ("addition_time_embed_dim", json!(256)),
        ("projection_class_embeddings_input_dim", json!(2816)),
        ("class_embeddings_concat", json!(true)),
        ("resnet_skip_time_act", json!(true)),
        ("resnet_out_scale_factor", json!(1.5)),
        ("time_embedding_act_fn", json!("silu")),
        ("timestep_post_act", json!("silu")),
        ("time_cond_proj_dim", json!(256)),
        ("conv_in_kernel", json!(5)),
        ("conv_out_kernel", json!(1)),
        ("use_linear_projection", json!("no")),
    ];
    for (field, value) in &both {
        refused(&cifar, field, value);
        refused(&stable, field, value);
    }
    for (field, value) in &own {
        refused(&cifar, field, value);
    }
    for (field, value) in &conditional {
        refused(&stable, field, value);
    }
}

#[test]
fn blocks_that_are_not_known_are_named() {
    let [cifar, _, stable, _] = references().map(|(_, config, _, _)| config);
    for (config, field, block) in [
        (&cifar, "down_block_types", "SkipDownBlock2D"),
        (&cifar, "down_block_types", "AttnUpBlock2D"),
        (&cifar, "up_block_types", "CrossAttnUpBlock2D"),
        (&stable, "up_block_types", "AttnUpBlock2D"),
        (&stable, "down_block_types", "SimpleCrossAttnDownBlock2D"),
    ] {
        let mut config = config.clone();
        config[field][1] = json!(block);
        let message = parse(&config).unwrap_err().to_string();
        let head = format!("config.json: field `{field}` is \"{block}\", expected a list of ");
        assert!(message.starts_with(&head), "{message}");
    }
    let mut config = cifar.clone();
    config["_class_name"] = json!("UNet3DConditionModel");
    assert!(
        parse(&config)
            .unwrap_err()
            .to_string()
            .contains("`_class_name` is \"UNet3DCond")
    );
}

#[test]
fn values_without_effect_are_taken() {
    let [cifar, _, stable, _] = references().map(|(_, config, _, _)| config);
    for (config, field, value) in [
        (&cifar, "dropout", json!(0.1)),
        (&cifar, "act_fn", json!("swish")),
        (&cifar, "num_train_timesteps", json!(1000)),
        (&cifar, "attn_norm_num_groups", json!(32)),
        (&cifar, "a_field_of_tomorrow", json!(null)),
        (&cifar, "_name_or_path", json!("somewhere")),
        (&cifar, "layers_per_block", json!([2, 2, 2, 2])),
        (&stable, "upcast_attention", json!(true)),
        (&stable, "addition_embed_type_num_heads", json!(64)),
        (&stable, "transformer_layers_per_block", json!([1, 1, 1, 1])),
        (&stable, "cross_attention_dim", json!([768, 768, 768, 768])),
        (&stable, "resnet_out_scale_factor", json!(1.0)),
        (
            &stable,
            "only_cross_attention",
            json!([false, false, false, false]),
        ),
    ] {
        let mut with = config.clone();
        with[field] = value;
        assert_eq!(parse(&with).unwrap(), parse(config).unwrap(), "{field}");
    }
}

#[test]
fn fields_that_contradict_each_other_are_named() {
    let broken = |field: &str, edit: &dyn Fn(&mut UnetConfig)| {
        for base in [small(), small_conditional()] {
            let mut config = base;
            edit(&mut config);
            let invalid = config.validate().unwrap_err();
            assert_eq!(invalid.field, field, "{invalid}");
            assert!(parse(&config.to_json()).is_err());
        }
    };
    for config in [small(), small_conditional()] {
        config.validate().unwrap();
    }
    broken("block_out_channels", &|c| c.block_out_channels.clear());
    broken("block_out_channels", &|c| c.block_out_channels = vec![4; 13]);
    broken("block_out_channels", &|c| c.block_out_channels[1] = 0);
    broken("block_out_channels", &|c| c.block_out_channels[1] = (1 << 16) + 4);
    broken("block_out_channels", &|c| {
        c.block_out_channels = vec![3, 6];
        c.norm_num_groups = 3;
    });
    broken("in_channels", &|c| c.in_channels = 0);
    broken("out_channels", &|c| c.out_channels = 0);
    broken("down_block_types", &|c| c.down_attention.truncate(1));
    broken("up_block_types", &|c| c.up_attention.push(false));
    broken("layers_per_block", &|c| c.layers_per_block = 0);
    broken("layers_per_block", &|c| c.layers_per_block = 65);
    broken("norm_num_groups", &|c| c.norm_num_groups = 3);
    broken("norm_num_groups", &|c| c.norm_num_groups = 8);
    broken("norm_num_groups", &|c| c.norm_num_groups = 0);
    broken("norm_eps", &|c| c.norm_eps = 0.0);
    broken("norm_eps", &|c| c.norm_eps = f64::NAN);
    broken("freq_shift", &|c| c.freq_shift = 2.0);
    broken("freq_shift", &|c| c.freq_shift = f64::NEG_INFINITY);
    broken("time_embedding_dim", &|c| c.time_embedding_dim = 0);
    broken("mid_block_scale_factor", &|c| c.mid_block_scale_factor = 0.0);
    broken("sample_size", &|c| c.sample_size = Some([8, 0]));
    broken("attention_head_dim", &|c| match &mut c.class {
        UnetClass::Unconditional { head_width } => *head_width = Some(3),
        UnetClass::Conditional { heads, .. } => heads[1] = 3,
    });
    broken("attention_head_dim", &|c| match &mut c.class {
        UnetClass::Unconditional { head_width } => *head_width = Some(0),
        UnetClass::Conditional { heads, .. } => heads[1] = 0,
    });
    broken("attention_head_dim", &|c| match &mut c.class {
        UnetClass::Unconditional { head_width } => *head_width = Some(16),
        UnetClass::Conditional { heads, .. } => heads.truncate(1),
    });
}

#[test] // wherever a level attends its heads must fit; elsewhere they do not matter
fn heads_are_checked_where_there_is_attention() {
    let config = |down: [bool; 3], up: [bool; 3], channels: [usize; 3]| UnetConfig {
        block_out_channels: channels.to_vec(),
        down_attention: down.to_vec(),
        up_attention: up.to_vec(),
        class: UnetClass::Unconditional { head_width: Some(8) },
        ..small()
    };
    let (none, first, last) = ([false; 3], [true, false, false], [false, false, true]);
    config(none, none, [4, 12, 8]).validate().unwrap();
    config(none, first, [4, 12, 8]).validate().unwrap();
    for bad in [
        config(first, none, [4, 12, 8]),
        config(none, last, [4, 12, 8]),
        config(none, none, [8, 8, 12]),
        config(none, [false, true, false], [8, 12, 8]),
    ] {
        assert_eq!(bad.validate().unwrap_err().field, "attention_head_dim");
    }
}

/// Bytes of a configuration after some edits.
fn mutated(config: &Value, edits: &[(prop::sample::Index, u8)]) -> Vec<u8> {
    let mut bytes = config.to_string().into_bytes();
    for (place, byte) in edits {
        let place = place.index(bytes.len());
        bytes[place] = *byte;
    }
    bytes
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, ..ProptestConfig::default() })]

    #[test]
    fn mutated_configurations_are_sound_or_refused(
        which in 0..4_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), prop_oneof![any::<u8>(), b'0'..=b'9']), 1..5),
    ) {
        let bytes = mutated(&references()[which].1, &edits);
        match UnetConfig::from_bytes(Path::new("c.json"), &bytes, None) {
            Ok(config) => {
                prop_assert_eq!(config.validate(), Ok(()));
                prop_assert!(expected_tensors(&config).len() >= 328 - 100);
                prop_assert_eq!(parse(&config.to_json()).unwrap(), config);
            }
            Err(error) => prop_assert!(error.to_string().starts_with("c.json: ")),
        }
    }
}
