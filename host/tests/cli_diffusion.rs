//! `gibbs diffusion train | sample | invert` as a user meets them: JSON, files, signals and resume, refusals.
//!
//! Samples are drawn from the golden nets of fixtures/unet, whose weights are random: what they show is of no interest.
//!
//! Mutations tried, each seen red: `train --resume` ignored; `sample --allow-extra` ignored; a layer
//! that overflows with exit code 2; the way back compared with the latent; pictures made of four
//! channels.

#[path = "support/cli.rs"]
mod cli;

use cli::{object, out, run, text};
use gibbs::data::images::{Depth, Image, read_png, write_png};
use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32, save_f32};
use gibbs::diffusion::datasets::{Dataset, Digits};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/unet")
        .join(name)
}

fn diffusion(arguments: &[&str]) -> Output {
    run(&[&["diffusion"], arguments].concat())
}

/// The result of a verb into `folder`.
fn json(arguments: &[&str], folder: &Path) -> Value {
    let common = ["--json", "--quiet", "--out", text(folder)];
    object(&diffusion(&[arguments, &common].concat()), 0)
}

/// Refused with these words, before anything is written to `folder`.
fn refused(arguments: &[&str], folder: &Path, words: &[&str]) -> Value {
    let common = ["--json", "--quiet", "--out", text(folder)];
    let found = object(&diffusion(&[arguments, &common].concat()), 2);
    assert_eq!(found["schema"], "gibbs.error/1");
    let message = found["message"].as_str().unwrap();
    for word in words {
        assert!(message.contains(word), "{word:?} not in {message:?}");
    }
    let left = folder.read_dir().map_or(0, Iterator::count);
    assert_eq!(left, 0, "something was written: {message}");
    found
}

fn listing(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

fn tensor(path: &Path, name: &str) -> TensorF32 {
    SafetensorsFile::open(path)
        .unwrap()
        .read_f32(name, Finite::Check)
        .unwrap()
}

fn save(path: &Path, name: &str, shape: &[usize], values: Vec<f32>) {
    let shape = shape.to_vec();
    save_f32(path, [(name, &TensorF32 { shape, values })], &BTreeMap::new()).unwrap();
}

/// Numbers in [-1, 1] that look random.
fn numbers(count: usize, factor: f32) -> Vec<f32> {
    (0..count).map(|i| (factor * (i as f32 + 1.0)).sin()).collect()
}

#[test]
fn a_net_is_trained_saved_and_sampled_from() {
    let dir = TempDir::new().unwrap();
    let (model, samples) = (dir.path().join("model"), dir.path().join("samples"));
    let found = json(
        &["train", "--data", "digits", "--steps", "3", "--batch", "2"],
        &model,
    );
    assert_eq!(found["schema"], "gibbs.diffusion.train/2");
    assert_eq!(
        (&found["parameters"], &found["steps"], &found["window"]),
        (&280_177.into(), &3.into(), &3.into())
    );
    let expected = [
        "loss.csv",
        "loss.png",
        "loss.svg",
        "model_index.json",
        "scheduler",
        "train.checkpoint",
        "unet",
    ];
    assert_eq!(listing(&model), expected);
    let table = std::fs::read_to_string(model.join("loss.csv")).unwrap();
    let losses: Vec<f64> = table
        .lines()
        .skip(1)
        .map(|line| line.split_once(',').unwrap().1.parse().unwrap())
        .collect();
    let mean = losses.iter().sum::<f64>() / 3.0;
    assert_eq!(found["loss"].as_f64(), losses.last().copied());
    assert!((found["mean_loss"].as_f64().unwrap() - mean).abs() < 1e-12 && losses.len() == 3);
    let found = json(
        &[
            "sample",
            text(&model),
            "--count",
            "3",
            "--sampler",
            "heun",
            "--steps",
            "2",
        ],
        &samples,
    );
    assert_eq!(found["schema"], "gibbs.diffusion.sample/2");
    assert_eq!((&found["count"], &found["evaluations"]), (&3.into(), &3.into()));
    let expected = [
        "grid.png",
        "sample-0000.png",
        "sample-0001.png",
        "sample-0002.png",
        "samples.safetensors",
    ];
    assert_eq!(listing(&samples), expected);
    let x = tensor(&samples.join("samples.safetensors"), "x");
    assert_eq!(x.shape, [3, 1, 8, 8]);
    let picture = read_png(&samples.join("sample-0001.png")).unwrap();
    for (level, x) in picture.values.iter().zip(&x.values[64..]) {
        assert!((level - x.clamp(-1.0, 1.0)).abs() <= 1.0 / 255.0 + 1e-6);
    }
    // Two columns and two rows of 8 pixels, a margin of one.
    assert_eq!(read_png(&samples.join("grid.png")).unwrap().shape, [1, 19, 19]);
}

#[test] // every sampler, and every table of text
fn samples_follow_the_seed_the_start_and_the_text() {
    let dir = TempDir::new().unwrap();
    let net = fixture("legacy");
    let folder = |name: &str| dir.path().join(name);
    let sample = |arguments: &[&str], name: &str| {
        let arguments = [&["sample", text(&net), "--steps", "3"], arguments].concat();
        json(&arguments, &folder(name));
        tensor(&folder(name).join("samples.safetensors"), "x")
    };
    let mut all = Vec::new();
    for sampler in ["ddpm", "ddim", "euler", "heun", "dpm"] {
        let words = ["--count", "2", "--sampler", sampler, "--spacing", "trailing"];
        let x = sample(&words, sampler);
        assert_eq!(x, sample(&words, "again"), "{sampler}");
        assert_ne!(
            x,
            sample(&[&words[..], &["--seed", "1"]].concat(), "seed"),
            "{sampler}"
        );
        assert!(!all.contains(&x), "{sampler}");
        all.push(x);
    }
    let ddim = ["--count", "2", "--sampler", "ddim"];
    let random = sample(&[&ddim[..], &["--eta", "1"]].concat(), "eta");
    assert_ne!(random, sample(&ddim, "plain"));
    // One more sample leaves the others as they are.
    let three = sample(
        &["--count", "3", "--sampler", "ddpm", "--spacing", "trailing"],
        "three",
    );
    assert_eq!(three.values[..128], all[0].values);
    // Noise of a file: of two kinds of files the same.
    let noise = numbers(128, 1.7);
    let [tensors, array] = ["noise.safetensors", "noise.npy"].map(folder);
    save(&tensors, "x", &[2, 1, 8, 8], noise.clone());
    gibbs::data::npy::write_array(&array, &[2, 1, 8, 8], &noise).unwrap();
    let started = sample(&["--start", text(&tensors)], "started");
    assert_eq!(started.shape, [2, 1, 8, 8]);
    assert_eq!(started, sample(&["--start", text(&array)], "array"));
    assert_ne!(started, sample(&ddim, "plain"));
}

#[test]
fn text_states_and_guidance() {
    let dir = TempDir::new().unwrap();
    let net = fixture("sd21");
    let width = {
        let config: Value = serde_json::from_slice(&std::fs::read(net.join("config.json")).unwrap()).unwrap();
        config["cross_attention_dim"].as_u64().unwrap() as usize
    };
    let [cat, none] = ["cat.safetensors", "none.safetensors"].map(|name| dir.path().join(name));
    save(&cat, "context", &[5, width], numbers(5 * width, 1.3));
    save(&none, "ctx", &[1, 5, width], numbers(5 * width, 0.4));
    let folder = dir.path().join("out");
    let base = ["sample", text(&net), "--steps", "2", "--count", "1"];
    let sample = |more: &[&str]| {
        json(&[&base[..], more].concat(), &folder);
        // Latents of four channels: no pictures.
        assert_eq!(listing(&folder), ["samples.safetensors"]);
        tensor(&folder.join("samples.safetensors"), "x").values
    };
    let (cat, none) = (text(&cat), text(&none));
    let with = sample(&["--context", cat]);
    let guided = |weight| sample(&["--context", cat, "--negative", none, "--guidance", weight]);
    assert_eq!(with, guided("1"));
    assert_eq!(sample(&["--context", none]), guided("0"));
    assert!(guided("3") != with);
    let empty = dir.path().join("empty");
    refused(&base, &empty, &["cross-attention", "--context FILE"]);
    let wide = dir.path().join("wide.safetensors");
    save(&wide, "context", &[5, width + 1], numbers(5 * width + 5, 1.0));
    refused(
        &[&base[..], &["--context", text(&wide)]].concat(),
        &empty,
        &["wide.safetensors", "expected [L, "],
    );
    let legacy = fixture("legacy");
    let words = ["sample", text(&legacy), "--context", cat];
    refused(&words, &empty, &["no cross-attention"]);
}

#[test] // with more steps the way back comes nearer
fn an_image_is_inverted_and_found_again() {
    let dir = TempDir::new().unwrap();
    let (image, folder) = (dir.path().join("image.png"), dir.path().join("out"));
    let shape = [1, 8, 8];
    let mut values = vec![0.0; 64];
    Digits::included().unwrap().fill(3, &mut values).unwrap();
    write_png(&image, &Image { shape, values }, Depth::Eight).unwrap();
    // A trained net: a random one is no denoiser, and no way back.
    let net = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/models/digits");
    let errors = ["10", "100"].map(|steps| {
        let found = json(&["invert", text(&net), text(&image), "--steps", steps], &folder);
        assert_eq!(found["schema"], "gibbs.diffusion.invert/2");
        found["round_trip_rms"].as_f64().unwrap()
    });
    assert!(0.0 < errors[1] && errors[1] < 0.3 * errors[0], "{errors:?}");
    assert_eq!(listing(&folder), ["back.png", "latent.safetensors"]);
    let latent = folder.join("latent.safetensors");
    assert_eq!(tensor(&latent, "x").shape, [1, 1, 8, 8]);
    let empty = dir.path().join("empty");
    let colour = fixture("cifar");
    let words = ["8 x 8 pixels, grey", "32 x 32 pixels, colour"];
    refused(&["invert", text(&colour), text(&image)], &empty, &words);
    let text_file = dir.path().join("no.png");
    std::fs::write(&text_file, "no picture").unwrap();
    refused(&["invert", text(&net), text(&text_file)], &empty, &["no.png"]);
}

#[test] // a run that is done goes on: the bits of one that was never at rest
fn finished_training_goes_on_with_more_steps() {
    let dir = TempDir::new().unwrap();
    let [first, whole] = ["first", "whole"].map(|name| dir.path().join(name));
    let train = |folder: &Path, more: &[&str]| {
        let words = ["train", "--data", "digits", "--batch", "2"];
        json(&[&words, more].concat(), folder)
    };
    train(&first, &["--steps", "4"]);
    let common = ["--json", "--quiet", "--out", text(&first)];
    let unsaid = ["train", "--data", "digits", "--batch", "2", "--steps", "9"];
    let refusal = object(&diffusion(&[&unsaid[..], &common].concat()), 2);
    assert_eq!(refusal["kind"], "kept_run_lies_here");
    let found = train(&first, &["--steps", "9", "--resume"]);
    let direct = train(&whole, &["--steps", "9"]);
    assert_eq!(
        (&found["steps"], &found["mean_loss"]),
        (&9.into(), &direct["mean_loss"])
    );
    for name in ["unet/diffusion_pytorch_model.safetensors", "loss.csv"] {
        let [one, other] = [&first, &whole].map(|folder| std::fs::read(folder.join(name)).unwrap());
        assert!(one == other, "{name}");
    }
    let fewer = [
        "train", "--data", "digits", "--batch", "2", "--steps", "5", "--resume",
    ];
    let refusal = object(&diffusion(&[&fewer[..], &common].concat()), 2);
    assert!(
        refusal["message"]
            .as_str()
            .unwrap()
            .contains("the kept run has done 9")
    );
}

/// The folder of `legacy` with another file of weights.
fn with_weights(dir: &TempDir, name: &str, change: impl FnOnce(&mut BTreeMap<String, TensorF32>)) -> PathBuf {
    let (from, to) = (fixture("legacy"), dir.path().join(name));
    std::fs::create_dir(&to).unwrap();
    for file in ["config.json", "scheduler_config.json"] {
        std::fs::copy(from.join(file), to.join(file)).unwrap();
    }
    let weights = "diffusion_pytorch_model.safetensors";
    let file = SafetensorsFile::open(&from.join(weights)).unwrap();
    let read = |name: &String| (name.clone(), file.read_f32(name, Finite::Check).unwrap());
    let mut tensors: BTreeMap<String, TensorF32> = file.entries().keys().map(read).collect();
    change(&mut tensors);
    let named = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    save_f32(&to.join(weights), named, &BTreeMap::new()).unwrap();
    to
}

#[test]
fn extra_tensors_are_left_out_when_asked() {
    let dir = TempDir::new().unwrap();
    let empty = dir.path().join("empty");
    let folder = with_weights(&dir, "extra", |tensors| {
        let (shape, values) = (vec![1], vec![0.0]);
        tensors.insert("ema.decay".to_owned(), TensorF32 { shape, values });
    });
    let model = fixture("legacy");
    let sample = ["sample", text(&folder), "--steps", "2", "--count", "1"];
    let words = ["unexpected: `ema.decay`", "hint: --allow-extra"];
    refused(&sample, &empty, &words);
    let out = dir.path().join("out");
    let found = json(&[&sample[..], &["--allow-extra"]].concat(), &out);
    let plain = json(&["sample", text(&model), "--steps", "2", "--count", "1"], &out);
    assert_eq!(found["mean"], plain["mean"]);
}

#[test] // finite weights, and a layer that overflows: named with its folder by every verb, exit code 1
fn a_layer_that_overflows_is_named() {
    let dir = TempDir::new().unwrap();
    let folder = with_weights(&dir, "large", |tensors| {
        let tensor = tensors.get_mut("mid_block.resnets.0.conv1.weight").unwrap();
        tensor.values.fill(3e38);
    });
    let image = dir.path().join("image.png");
    let (shape, values) = ([1, 8, 8], vec![0.0; 64]);
    write_png(&image, &Image { shape, values }, Depth::Eight).unwrap();
    let (folder, image, out) = (text(&folder), text(&image), dir.path().join("out"));
    for verb in [
        &["sample", folder, "--steps", "2", "--count", "1"][..],
        &["invert", folder, image, "--steps", "2"],
        &["basis", folder, "--timestep", "999", "--count", "1"],
        &["edit", folder, "--timestep", "999", "--direction", "0"],
        &["global", folder, "--timestep", "999", "--count", "1"],
    ] {
        let words = [verb, &["--json", "--quiet", "--out", text(&out)]].concat();
        let found = object(&diffusion(&words), 1);
        let message = found["message"].as_str().unwrap();
        assert!(message.contains("layer mid_block.resnets.0.conv1"), "{message}");
        assert_eq!(found["file"].as_str(), Some(folder), "{message}");
    }
}

#[test]
fn bad_input_is_refused_with_the_reason() {
    let dir = TempDir::new().unwrap();
    let empty = dir.path().join("empty");
    let net = fixture("legacy");
    let net = text(&net);
    let nan = dir.path().join("nan.safetensors");
    let mut noise = numbers(64, 1.0);
    noise[7] = f32::NAN;
    save_unchecked(&nan, &noise);
    let large = dir.path().join("large.safetensors");
    save(&large, "x", &[1, 1, 16, 16], numbers(256, 1.0));
    let flat = dir.path().join("flat.safetensors");
    save(&flat, "x", &[64], numbers(64, 1.0));
    for (arguments, words) in [
        (
            &["sample", net, "--steps", "0"][..],
            &["0 steps, expected 1 to "][..],
        ),
        (
            &["sample", net, "--steps", "1001"],
            &["1001 steps, expected 1 to 1000"],
        ),
        (&["invert", net, "image.png", "--steps", "0"], &["0 steps"]),
        (&["sample", net, "--size", "9"], &["9 x 9", "multiples of 2"]),
        (&["sample", net, "--size", "8x9"], &["8 x 9"]),
        (&["sample", net, "--size", "no"], &["16x24"]),
        (
            &["sample", net, "--start", text(&nan)],
            &["nan.safetensors", "`x`", "entry 7 is NaN"],
        ),
        (
            &["sample", net, "--start", text(&large)],
            &["large.safetensors", "[1, 16, 16]", "[1, 8, 8]"],
        ),
        (
            &["sample", net, "--start", text(&flat)],
            &["flat.safetensors", "[B,C,H,W]"],
        ),
        (
            &["sample", net, "--start", text(&large), "--count", "2"],
            &["holds 1"],
        ),
        (
            &["sample", net, "--eta", "2"],
            &["eta 2", "0 (deterministic) to 1"],
        ),
        (
            &["sample", net, "--eta", "0.5", "--sampler", "heun"],
            &["--eta", "ddim"],
        ),
        (&["sample", net, "--guidance", "3"], &["--negative"]),
        (&["sample", "no-such-folder"], &["no-such-folder", "no such file"]),
        (
            &["train", "--data", "discs", "--size", "10"],
            &["10 x 10", "multiples of 4"],
        ),
        (&["train", "--data", "digits", "--size", "16"], &["8 x 8"]),
        (&["train", "--data", "digits", "--rate", "nan"], &["rate", "NaN"]),
        (&["train", "--data", "cats"], &["--data cats", "discs"]),
    ] {
        refused(arguments, &empty, words);
    }
    // A checkpoint in a pickle, and one without a schedule.
    let folder = dir.path().join("pickled");
    std::fs::create_dir(&folder).unwrap();
    std::fs::copy(fixture("legacy/config.json"), folder.join("config.json")).unwrap();
    std::fs::write(folder.join("diffusion_pytorch_model.bin"), b"\x80\x02}q\x00.").unwrap();
    refused(
        &["sample", text(&folder)],
        &empty,
        &["diffusion_pytorch_model.bin", "safetensors"],
    );
    let weights = "diffusion_pytorch_model.safetensors";
    std::fs::copy(fixture("legacy").join(weights), folder.join(weights)).unwrap();
    refused(
        &["sample", text(&folder)],
        &empty,
        &["noise schedule", "scheduler_config.json"],
    );
    // No folder, or one that cannot be.
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = file.join("below");
    for (verb, more) in [
        ("train", &["--data", "digits"][..]),
        ("sample", &[net]),
        ("invert", &[net, "image.png"]),
    ] {
        let words = [&[verb], more].concat();
        refused(&words, &below, &["output directory is not writable", "--out"]);
        let output = diffusion(&words);
        assert_eq!(output.status.code(), Some(2));
        assert!(out(&output).is_empty() && cli::err(&output).contains("--out DIR"));
    }
}

/// A tensor `x` [1, 1, 8, 8] whatever it holds.
fn save_unchecked(path: &Path, values: &[f32]) {
    let header = format!(
        r#"{{"x":{{"dtype":"F32","shape":[1,1,8,8],"data_offsets":[0,{}]}}}}"#,
        4 * values.len()
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    std::fs::write(path, bytes).unwrap();
}
