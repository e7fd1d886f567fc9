//! Whole folders: round trip, layouts, old names, and every way to be refused.
//!
//! Mutations seen red: the half-precision file preferred; the weights looked for at the root only; shards not
//! recognised; the class of `model_index.json` ignored; unexpected tensors counted as missing; `allow_extra`
//! negated; finiteness not checked on loading, or on saving; old names taken for both classes, or before
//! today's; today's names squeezed; lists not cut in the message; a tensor too few let through on saving.

use super::super::testing::{Folder, parse, references, schedule, small, small_conditional, tensors};
use super::super::{FolderError, LoadOptions, ModelFolder, Problems, UnetConfig, save};
use crate::data::safetensors::{Finite, TensorF32};
use proptest::prelude::*;
use serde_json::json;
use std::path::Path;

const WEIGHTS: &str = "diffusion_pytorch_model.safetensors";

fn load(folder: &Folder) -> Result<ModelFolder, FolderError> {
    ModelFolder::load(&folder.path, LoadOptions::default())
}

#[track_caller]
fn problems(result: Result<impl std::fmt::Debug, FolderError>) -> Problems {
    match result.unwrap_err() {
        FolderError::Tensors { problems, path } => {
            assert!(path.ends_with(WEIGHTS));
            *problems
        }
        other => panic!("{other}"),
    }
}

#[test]
fn what_was_saved_is_loaded() {
    for config in [small(), small_conditional()] {
        let folder = Folder::with(&config);
        let found = load(&folder).unwrap();
        assert_eq!((&found.config, &found.tensors), (&config, &tensors(&config)));
        assert_eq!(found.scheduler().unwrap(), Some(schedule()));
        let bytes = |name: &str| std::fs::read(folder.path.join(name)).unwrap();
        for name in [WEIGHTS, "config.json", "scheduler_config.json"] {
            let before = bytes(name);
            save(
                &folder.path,
                &config,
                found.scheduler().unwrap().as_ref(),
                &found.tensors,
            )
            .unwrap();
            assert_eq!(bytes(name), before, "{name}");
        }
    }
}

#[test]
fn pipelines_and_single_nets_are_found() {
    let folder = Folder::with(&small());
    let load = |folder: &Folder| {
        let loaded = load(folder).unwrap();
        let scheduler = loaded.scheduler().unwrap();
        (loaded.config, loaded.tensors, scheduler)
    };
    let wanted = load(&folder);
    folder.rename(WEIGHTS, "diffusion_pytorch_model.fp16.safetensors");
    assert_eq!(load(&folder), wanted, "the half-precision variant alone");

    folder.rename("config.json", "unet/config.json");
    folder.rename(
        "diffusion_pytorch_model.fp16.safetensors",
        &format!("unet/{WEIGHTS}"),
    );
    folder.rename("scheduler_config.json", "scheduler/scheduler_config.json");
    assert_eq!(load(&folder), wanted);

    folder.write(
        "model_index.json",
        json!({"unet": ["diffusers", "UNet2DModel"], "scheduler": 1}).to_string(),
    );
    assert_eq!(load(&folder), wanted);
    folder.write("model_index.json", "{}");
    assert_eq!(load(&folder), wanted);

    std::fs::remove_dir_all(folder.path.join("scheduler")).unwrap();
    assert_eq!(load(&folder).2, None);
}

#[test] // the full precision file is preferred
fn of_two_weight_files_the_full_one_is_read() {
    let folder = Folder::with(&small());
    folder.write("diffusion_pytorch_model.fp16.safetensors", b"");
    load(&folder).unwrap();
}

#[test]
fn model_index_names_the_class() {
    let folder = Folder::with(&small());
    let mut config = small().to_json();
    config.as_object_mut().unwrap().remove("_class_name");
    folder.write("config.json", config.to_string());
    let error = load(&folder).unwrap_err().to_string();
    assert!(error.contains("`_class_name` is missing"), "{error}");
    folder.write("model_index.json", r#"{"unet": ["diffusers", "UNet2DModel"]}"#);
    assert_eq!(load(&folder).unwrap().config, small());
    for (class, trouble) in [
        ("UNet2DConditionModel", "cross_attention_dim"),
        ("UNet3DConditionModel", "_class_name"),
    ] {
        folder.write(
            "model_index.json",
            format!(r#"{{"unet": ["diffusers", "{class}"]}}"#),
        );
        let error = load(&folder).unwrap_err().to_string();
        assert!(error.contains(trouble), "{error}");
    }
    folder.write("config.json", small().to_json().to_string());
    folder.write(
        "model_index.json",
        r#"{"unet": ["diffusers", "UNet2DConditionModel"]}"#,
    );
    let error = load(&folder).unwrap_err().to_string();
    assert!(
        error.contains("`_class_name` is \"UNet2DModel\", expected \"UNet2DConditionModel\""),
        "{error}"
    );
    folder.write("model_index.json", r#"{"unet": [1]}"#);
    let error = load(&folder).unwrap_err().to_string();
    assert!(error.contains("model_index.json: field `unet` is [1]"), "{error}");
}

#[test]
fn files_that_are_not_there_are_named() {
    let folder = Folder::empty();
    let message = |folder: &Folder| load(folder).unwrap_err().to_string();
    let text = message(&folder);
    assert!(
        text.contains("no configuration of a U-Net (looked for config.json, unet/config.json)"),
        "{text}"
    );
    folder.write("unet/config.json", small().to_json().to_string());
    let text = message(&folder);
    assert!(
        text.contains(&format!(
            "no weights (looked for unet/{WEIGHTS}, unet/diffusion_py"
        )),
        "{text}"
    );
    assert_eq!(load(&folder).unwrap_err().code(), "incomplete_checkpoint");
    folder.write("unet/diffusion_pytorch_model.bin", b"PK\x03\x04");
    let error = load(&folder).unwrap_err();
    assert_eq!(error.code(), "pickle");
    assert!(error.to_string().contains("save_file("), "{error}");
    folder.write("unet/diffusion_pytorch_model.safetensors.index.json", "{}");
    assert_eq!(load(&folder).unwrap_err().code(), "sharded_checkpoint");

    let at = |name: &str| ModelFolder::load(&folder.path.join(name), LoadOptions::default()).unwrap_err();
    assert_eq!(at("nowhere").code(), "file_not_found");
    assert_eq!(at("unet/config.json").code(), "not_a_folder");
    folder.write("old.ckpt", "");
    assert_eq!(at("old.ckpt").code(), "pickle");
}

#[test]
fn spoilt_files_are_refused() {
    let folder = Folder::with(&small());
    folder.write("scheduler_config.json", "[]");
    // The net is sound; its schedule is looked at when it is asked for.
    let loaded = load(&folder).unwrap();
    assert_eq!(loaded.scheduler().unwrap_err().code(), "bad_json");
    let folder = Folder::with(&small());
    let bytes = std::fs::read(folder.path.join(WEIGHTS)).unwrap();
    folder.write(WEIGHTS, &bytes[..bytes.len() - 1]);
    let error = load(&folder).unwrap_err();
    assert_eq!(error.code(), "bad_safetensors");
    assert!(error.to_string().contains("truncated?"), "{error}");
}

#[test]
fn all_tensors_that_do_not_fit_are_listed_at_once() {
    let folder = Folder::with(&small());
    folder.edit(&small(), |all| {
        all.remove("conv_in.bias");
        all.remove("mid_block.attentions.0.to_q.weight");
        all.insert(
            "ema.decay".to_owned(),
            TensorF32 {
                shape: vec![],
                values: vec![1.0],
            },
        );
        let conv = all.get_mut("conv_out.weight").unwrap();
        conv.shape = vec![4, 1, 3, 3];
        let square = all.get_mut("time_embedding.linear_2.weight").unwrap();
        square.shape = vec![16, 16, 1, 1];
    });
    let found = problems(load(&folder));
    assert_eq!(
        found.missing,
        ["conv_in.bias", "mid_block.attentions.0.to_q.weight"]
    );
    assert_eq!(found.unexpected, ["ema.decay"]);
    let shapes: Vec<_> = found.misshapen.iter().map(|one| one.tensor.as_str()).collect();
    assert_eq!(shapes, ["time_embedding.linear_2.weight", "conv_out.weight"]);
    assert_eq!(found.misshapen[1].expected, [1, 4, 3, 3]);
    assert_eq!(found.misshapen[1].found, [4, 1, 3, 3]);
    let text = load(&folder).unwrap_err().to_string();
    for part in [
        "2 missing: `conv_in.bias`, `mid_block.attentions.0.to_q.weight`",
        "1 unexpected: `ema.decay`",
        "2 of another shape: `time_embedding.linear_2.weight` is [16, 16, 1, 1], expected [16, 16], `conv_out",
    ] {
        assert!(text.contains(part), "{text}");
    }
    assert!(!text.contains("--allow-extra"));
}

#[test]
fn long_lists_are_cut_in_the_message_only() {
    let folder = Folder::with(&small());
    folder.edit(&small(), std::collections::BTreeMap::clear);
    let error = load(&folder).unwrap_err().to_string();
    assert!(error.len() < 1500, "{error}");
    let all = tensors(&small()).len();
    assert!(error.contains(&format!("{all} missing: ")) && error.contains(&format!("and {} more", all - 8)));
    assert_eq!(problems(load(&folder)).missing.len(), all);
}

#[test]
fn extra_tensors_pass_only_when_allowed() {
    let folder = Folder::with(&small());
    folder.edit(&small(), |all| {
        all.insert(
            "extra".to_owned(),
            TensorF32 {
                shape: vec![],
                values: vec![f32::NAN],
            },
        );
    });
    let text = load(&folder).unwrap_err().to_string();
    assert!(
        text.contains("1 unexpected: `extra`") && text.contains("hint: --allow-extra"),
        "{text}"
    );
    let options = LoadOptions {
        allow_extra: true,
        ..LoadOptions::default()
    };
    let loaded = ModelFolder::load(&folder.path, options).unwrap();
    assert_eq!(
        (loaded.tensors, loaded.left_out),
        (tensors(&small()), vec!["extra".to_owned()])
    );
    folder.edit(&small(), |all| drop(all.remove("conv_in.bias")));
    assert_eq!(
        problems(ModelFolder::load(&folder.path, options)).missing,
        ["conv_in.bias"]
    );
}

#[test]
fn entries_that_are_not_finite_are_named() {
    let folder = Folder::with(&small());
    folder.edit(&small(), |all| {
        all.get_mut("conv_out.bias").unwrap().values[0] = f32::INFINITY;
        all.get_mut("conv_in.weight").unwrap().values[7] = f32::NAN;
    });
    for _ in 0..5 {
        let text = load(&folder).unwrap_err().to_string();
        assert!(text.contains("tensor `conv_in.weight`: entry 7 is NaN"), "{text}");
    }
    let options = LoadOptions {
        finite: Finite::Skip,
        ..LoadOptions::default()
    };
    let loaded = ModelFolder::load(&folder.path, options).unwrap();
    assert!(loaded.tensors["conv_in.weight"].values[7].is_nan());
}

/// Gives the attention its old names; its weights become 1x1 convolutions if `squares`.
fn make_old(all: &mut std::collections::BTreeMap<String, TensorF32>, squares: bool) {
    for name in all.keys().cloned().collect::<Vec<_>>() {
        let mut old = name.clone();
        for (new, was) in [
            ("to_q", "query"),
            ("to_k", "key"),
            ("to_v", "value"),
            ("to_out.0", "proj_attn"),
        ] {
            old = old.replace(&format!(".{new}."), &format!(".{was}."));
        }
        if old != name {
            let mut tensor = all.remove(&name).unwrap();
            if squares && tensor.shape.len() == 2 {
                tensor.shape.extend([1, 1]);
            }
            all.insert(old, tensor);
        }
    }
}

#[test]
fn old_names_of_the_attention_are_understood() {
    let folder = Folder::with(&small());
    let wanted = load(&folder).unwrap();
    for squares in [false, true] {
        folder.edit(&small(), |all| make_old(all, squares));
        assert_eq!(load(&folder).unwrap(), wanted);
    }
    // Both names: the old one is a stranger. Not square after the squeeze: of another shape.
    folder.edit(&small(), |all| {
        let copy = all["mid_block.attentions.0.to_q.bias"].clone();
        all.insert("mid_block.attentions.0.query.bias".to_owned(), copy);
    });
    assert_eq!(
        problems(load(&folder)).unexpected,
        ["mid_block.attentions.0.query.bias"]
    );
    folder.edit(&small(), |all| {
        make_old(all, false);
        all.get_mut("mid_block.attentions.0.key.weight").unwrap().shape = vec![8, 4, 2, 1];
    });
    let found = problems(load(&folder));
    assert_eq!(found.misshapen[0].tensor, "mid_block.attentions.0.key.weight");
    // Today's names come with today's shapes.
    folder.edit(&small(), |all| {
        all.get_mut("mid_block.attentions.0.to_k.weight").unwrap().shape = vec![8, 8, 1, 1];
    });
    assert_eq!(problems(load(&folder)).misshapen.len(), 1);
    // The transformers of the other class never had other names.
    let folder = Folder::with(&small_conditional());
    folder.edit(&small_conditional(), |all| make_old(all, false));
    assert!(!problems(load(&folder)).missing.is_empty());
}

#[test]
fn half_precision_weights_are_widened_and_integers_refused() {
    let folder = Folder::with(&small());
    let write = |dtype: &str| {
        let (mut header, mut data) = (serde_json::Map::new(), Vec::new());
        for (name, tensor) in tensors(&small()) {
            let begin = data.len();
            // 1.5 as binary16 and as bfloat16.
            let word: [u8; 2] = if dtype == "BF16" { 0x3fc0_u16 } else { 0x3e00 }.to_le_bytes();
            data.extend(tensor.values.iter().flat_map(|_| word));
            let entry = json!({"dtype": dtype, "shape": tensor.shape, "data_offsets": [begin, data.len()]});
            header.insert(name, entry);
        }
        let header = serde_json::Value::Object(header).to_string();
        let length = (header.len() as u64).to_le_bytes();
        folder.write(WEIGHTS, [&length[..], header.as_bytes(), &data].concat());
    };
    for dtype in ["F16", "BF16"] {
        write(dtype);
        let loaded = load(&folder).unwrap();
        assert!(
            loaded
                .tensors
                .values()
                .all(|tensor| tensor.values.iter().all(|x| *x == 1.5))
        );
    }
    write("I16");
    let found = problems(load(&folder));
    assert_eq!(found.not_floating.len(), tensors(&small()).len());
    assert_eq!(
        found.not_floating[0],
        ("time_embedding.linear_1.weight".to_owned(), "I16".to_owned())
    );
}

#[test]
fn nothing_is_saved_that_would_not_be_loaded() {
    let folder = Folder::empty();
    let target = folder.path.join("net");
    let refuse = |config: &UnetConfig, edit: &dyn Fn(&mut std::collections::BTreeMap<String, TensorF32>)| {
        let mut all = tensors(&small());
        edit(&mut all);
        let error = save(&target, config, None, &all).unwrap_err();
        assert!(!target.exists());
        error
    };
    let unsound = UnetConfig {
        norm_num_groups: 3,
        ..small()
    };
    assert_eq!(refuse(&unsound, &|_| ()).code(), "bad_config_field");
    assert_eq!(refuse(&small_conditional(), &|_| ()).code(), "wrong_tensors");
    let lacking = refuse(&small(), &|all| drop(all.remove("conv_in.bias")));
    assert_eq!(lacking.code(), "wrong_tensors");
    let nan = refuse(&small(), &|all| {
        all.get_mut("conv_in.bias").unwrap().values[1] = f32::NAN;
    });
    assert!(
        nan.to_string().contains("tensor `conv_in.bias`: entry 1 is NaN"),
        "{nan}"
    );
    let short = refuse(&small(), &|all| {
        all.get_mut("conv_in.bias").unwrap().values.truncate(1);
    });
    assert_eq!(short.code(), "bad_tensor");
}

#[test] // shapes are compared before anything is read: the file of the reference net need not exist
fn a_net_of_another_configuration_is_refused() {
    let folder = Folder::with(&small());
    let (_, config, tensors, _) = references().into_iter().next().unwrap();
    parse(&config).unwrap();
    folder.write("config.json", config.to_string());
    let found = problems(load(&folder));
    assert!(found.missing.len() + found.misshapen.len() == tensors && !found.missing.is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn mutated_folders_are_refused_or_sound(
        file in 0..3_usize,
        edits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let folder = Folder::with(&small());
        let name = [WEIGHTS, "config.json", "scheduler_config.json"][file];
        let mut bytes = std::fs::read(folder.path.join(name)).unwrap();
        for (place, byte) in edits {
            let place = place.index(bytes.len());
            bytes[place] = byte;
        }
        folder.write(name, bytes);
        match ModelFolder::load(&folder.path, LoadOptions::default()) {
            Ok(loaded) => prop_assert!(
                loaded.tensors.values().all(|tensor| tensor.values.iter().all(|x| x.is_finite())
                    && tensor.shape.iter().product::<usize>() == tensor.values.len())
            ),
            Err(error) => prop_assert!(error.path().is_some_and(|path| path.starts_with(Path::new(&folder.path)))),
        }
    }
}
