//! `gibbs diffusion train | sample | invert` as a user meets them: JSON, files, refusals. Stops and resumes: `verbs.rs`.
//!
//! Samples are drawn from the golden nets of fixtures/unet, whose weights are random: what they show is of no interest.
//!
//! Mutations tried, each seen red: `train --resume` ignored; `sample --allow-extra` ignored; a layer
//! that overflows with exit code 2; the way back compared with the latent; pictures made of four
//! channels.

#[path = "support/cli.rs"]
mod cli;

use cli::{Place, err};
use gibbs::data::images::{Depth, Image, read_png, write_png};
use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32, save_f32};
use gibbs::diffusion::datasets::{Dataset, Digits};
use serde_json::Value;
use std::collections::BTreeMap;

fn save(place: &Place, file: &str, name: &str, shape: &[usize], values: Vec<f32>) {
    let shape = shape.to_vec();
    let tensor = TensorF32 { shape, values };
    save_f32(&place.path(file), [(name, &tensor)], &BTreeMap::new()).unwrap();
}

/// Numbers in [-1, 1] that look random.
fn numbers(count: usize, factor: f32) -> Vec<f32> {
    (0..count).map(|i| (factor * (i as f32 + 1.0)).sin()).collect()
}

/// A picture of 8 x 8 pixels, grey.
fn picture(place: &Place, file: &str, values: Vec<f32>) {
    let shape = [1, 8, 8];
    write_png(&place.path(file), &Image { shape, values }, Depth::Eight).unwrap();
}

#[test]
fn a_net_is_trained_saved_and_sampled_from() {
    let place = Place::new();
    let found = place.json("diffusion train --data digits --steps 3 --batch 2 --out model");
    assert_eq!(
        (&found["parameters"], &found["steps"], &found["window"]),
        (&280_177.into(), &3.into(), &3.into())
    );
    let expected = "loss.csv loss.png loss.svg model_index.json scheduler train.checkpoint unet";
    assert_eq!(place.names("model").join(" "), expected);
    let table = place.read("model/loss.csv");
    let loss = |line: &str| -> f64 { line.split_once(',').unwrap().1.parse().unwrap() };
    let losses: Vec<f64> = table.lines().skip(1).map(loss).collect();
    let mean = losses.iter().sum::<f64>() / 3.0;
    assert_eq!(found["loss"].as_f64(), losses.last().copied());
    assert!((found["mean_loss"].as_f64().unwrap() - mean).abs() < 1e-12 && losses.len() == 3);
    let found = place.json("diffusion sample model --count 3 --sampler heun --steps 2 --out samples");
    assert_eq!((&found["count"], &found["evaluations"]), (&3.into(), &3.into()));
    let expected = "grid.png sample-0000.png sample-0001.png sample-0002.png samples.safetensors";
    assert_eq!(place.names("samples").join(" "), expected);
    let x = place.tensor("samples/samples.safetensors", "x");
    assert_eq!(x.shape, [3, 1, 8, 8]);
    let picture = read_png(&place.path("samples/sample-0001.png")).unwrap();
    for (level, x) in picture.values.iter().zip(&x.values[64..]) {
        assert!((level - x.clamp(-1.0, 1.0)).abs() <= 1.0 / 255.0 + 1e-6);
    }
    // Two columns and two rows of 8 pixels, a margin of one.
    let grid = read_png(&place.path("samples/grid.png")).unwrap();
    assert_eq!(grid.shape, [1, 19, 19]);
}

#[test] // every sampler, and every table of text
fn samples_follow_the_seed_the_start_and_the_text() {
    let place = Place::new();
    let sample = |words: &str| {
        place.json(&format!(
            "diffusion sample unet/legacy --steps 3 {words} --out out"
        ));
        place.tensor("out/samples.safetensors", "x")
    };
    let mut all = Vec::new();
    for sampler in ["ddpm", "ddim", "euler", "heun", "dpm"] {
        let words = format!("--count 2 --sampler {sampler} --spacing trailing");
        let x = sample(&words);
        assert_eq!(x, sample(&words), "{sampler}");
        assert_ne!(x, sample(&format!("{words} --seed 1")), "{sampler}");
        assert!(!all.contains(&x), "{sampler}");
        all.push(x);
    }
    let plain = sample("--count 2 --sampler ddim");
    assert_ne!(plain, sample("--count 2 --sampler ddim --eta 1"));
    // One more sample leaves the others as they are.
    let three = sample("--count 3 --sampler ddpm --spacing trailing");
    assert_eq!(three.values[..128], all[0].values);
    // Noise of a file: of two kinds of files the same.
    let noise = numbers(128, 1.7);
    save(&place, "noise.safetensors", "x", &[2, 1, 8, 8], noise.clone());
    gibbs::data::npy::write_array(&place.path("noise.npy"), &[2, 1, 8, 8], &noise).unwrap();
    let started = sample("--start noise.safetensors");
    assert_eq!(started.shape, [2, 1, 8, 8]);
    assert_eq!(started, sample("--start noise.npy"));
    assert_ne!(started, plain);
}

#[test]
fn text_states_and_guidance() {
    let place = Place::new();
    let config: Value = serde_json::from_str(&place.read("unet/sd21/config.json")).unwrap();
    let width = config["cross_attention_dim"].as_u64().unwrap() as usize;
    for (name, tensor, shape, factor) in [
        ("cat", "context", &[5, width][..], 1.3),
        ("none", "ctx", &[1, 5, width], 0.4),
        ("wide", "context", &[5, width + 1], 1.0),
    ] {
        let values = numbers(shape.iter().product(), factor);
        save(&place, &format!("{name}.safetensors"), tensor, shape, values);
    }
    let sample = |more: &str| {
        let call = format!("diffusion sample unet/sd21 --steps 2 --count 1 --out out {more}");
        place.json(&call);
        // Latents of four channels: no pictures.
        assert_eq!(place.names("out"), ["samples.safetensors"]);
        place.tensor("out/samples.safetensors", "x").values
    };
    let guided = |weight: u32| {
        sample(&format!(
            "--context cat.safetensors --negative none.safetensors --guidance {weight}"
        ))
    };
    let with = sample("--context cat.safetensors");
    assert_eq!(with, guided(1));
    assert_eq!(sample("--context none.safetensors"), guided(0));
    assert!(guided(3) != with);
    place.refusals(
        "diffusion sample",
        "
        unet/sd21 --out empty => cross-attention & --context FILE
        unet/sd21 --context wide.safetensors --out empty => wide.safetensors & expected [L,
        unet/legacy --context cat.safetensors --out empty => no cross-attention
        ",
    );
}

#[test] // with more steps the way back comes nearer
fn an_image_is_inverted_and_found_again() {
    let place = Place::new();
    let mut values = vec![0.0; 64];
    Digits::included().unwrap().fill(3, &mut values).unwrap();
    picture(&place, "image.png", values);
    // A trained net: a random one is no denoiser, and no way back.
    let errors = [10, 100].map(|steps| {
        let found = place.json(&format!(
            "diffusion invert digits image.png --steps {steps} --out out"
        ));
        found["round_trip_rms"].as_f64().unwrap()
    });
    assert!(0.0 < errors[1] && errors[1] < 0.3 * errors[0], "{errors:?}");
    assert_eq!(place.names("out"), ["back.png", "latent.safetensors"]);
    let latent = place.tensor("out/latent.safetensors", "x");
    assert_eq!(latent.shape, [1, 1, 8, 8]);
    place.write("no.png", "no picture");
    place.refusals(
        "diffusion invert",
        "
        unet/cifar image.png --out empty => 8 x 8 pixels, grey & 32 x 32 pixels, colour
        digits no.png --out empty => no.png
        ",
    );
}

#[test] // a run that is done goes on: the bits of one that was never at rest
fn finished_training_goes_on_with_more_steps() {
    let place = Place::new();
    let train = "diffusion train --data digits --batch 2";
    place.json(&format!("{train} --out first --steps 4"));
    let refusal = place.refused(&format!("{train} --out first --steps 9"), "--anew");
    assert_eq!(refusal["kind"], "kept_run_lies_here");
    let found = place.json(&format!("{train} --out first --steps 9 --resume"));
    let direct = place.json(&format!("{train} --out whole --steps 9"));
    assert_eq!(
        (&found["steps"], &found["mean_loss"]),
        (&9.into(), &direct["mean_loss"])
    );
    for name in ["unet/diffusion_pytorch_model.safetensors", "loss.csv"] {
        let [one, other] = ["first", "whole"].map(|folder| place.bytes(&format!("{folder}/{name}")));
        assert!(one == other, "{name}");
    }
    let fewer = format!("{train} --out first --steps 5 --resume");
    place.refused(&fewer, "the kept run has done 9");
}

/// A folder with the net `legacy` and other weights.
fn with_weights(place: &Place, folder: &str, change: impl FnOnce(&mut BTreeMap<String, TensorF32>)) {
    std::fs::create_dir(place.path(folder)).unwrap();
    for file in ["config.json", "scheduler_config.json"] {
        place.write(
            &format!("{folder}/{file}"),
            place.bytes(&format!("unet/legacy/{file}")),
        );
    }
    let weights = "diffusion_pytorch_model.safetensors";
    let file = SafetensorsFile::open(&place.path("unet/legacy").join(weights)).unwrap();
    let read = |name: &String| (name.clone(), file.read_f32(name, Finite::Check).unwrap());
    let mut tensors: BTreeMap<String, TensorF32> = file.entries().keys().map(read).collect();
    change(&mut tensors);
    let named = tensors.iter().map(|(name, tensor)| (name.as_str(), tensor));
    save_f32(&place.path(folder).join(weights), named, &BTreeMap::new()).unwrap();
}

#[test]
fn extra_tensors_are_left_out_when_asked() {
    let place = Place::new();
    with_weights(&place, "extra", |tensors| {
        let (shape, values) = (vec![1], vec![0.0]);
        tensors.insert("ema.decay".to_owned(), TensorF32 { shape, values });
    });
    let sample = "diffusion sample extra --steps 2 --count 1 --out out";
    place.refused(sample, "unexpected: `ema.decay` & hint: --allow-extra");
    let found = place.json(&format!("{sample} --allow-extra"));
    let plain = place.json("diffusion sample unet/legacy --steps 2 --count 1 --out out");
    assert_eq!(found["mean"], plain["mean"]);
}

#[test] // finite weights, and a layer that overflows: named with its folder by every verb, exit code 1
fn a_layer_that_overflows_is_named() {
    let place = Place::new();
    with_weights(&place, "large", |tensors| {
        let tensor = tensors.get_mut("mid_block.resnets.0.conv1.weight").unwrap();
        tensor.values.fill(3e38);
    });
    picture(&place, "image.png", vec![0.0; 64]);
    for call in [
        "sample large --steps 2 --count 1",
        "invert large image.png --steps 2",
        "basis large --timestep 999 --count 1",
        "edit large --timestep 999 --direction 0",
        "global large --timestep 999 --count 1",
    ] {
        let found = place.answer(&format!("diffusion {call} --out out"), 1);
        let message = found["message"].as_str().unwrap();
        assert!(message.contains("layer mid_block.resnets.0.conv1"), "{message}");
        assert_eq!(found["file"], "large", "{message}");
    }
}

#[test]
fn bad_input_is_refused_with_the_reason() {
    let place = Place::new();
    let mut noise = numbers(64, 1.0);
    noise[7] = f32::NAN;
    save_unchecked(&place, "nan.safetensors", &noise);
    save(
        &place,
        "large.safetensors",
        "x",
        &[1, 1, 16, 16],
        numbers(256, 1.0),
    );
    save(&place, "flat.safetensors", "x", &[64], numbers(64, 1.0));
    place.write("file", "");
    // A checkpoint in a pickle, and one without a schedule.
    for folder in ["pickled", "timeless"] {
        std::fs::create_dir(place.path(folder)).unwrap();
        let config = place.bytes("unet/legacy/config.json");
        place.write(&format!("{folder}/config.json"), config);
    }
    place.write("pickled/diffusion_pytorch_model.bin", b"\x80\x02}q\x00.");
    let weights = "diffusion_pytorch_model.safetensors";
    let content = place.bytes(&format!("unet/legacy/{weights}"));
    place.write(&format!("timeless/{weights}"), content);
    place.refusals(
        "diffusion",
        "
        sample unet/legacy --out empty --steps 0 => 0 steps, expected 1 to
        sample unet/legacy --out empty --steps 1001 => 1001 steps, expected 1 to 1000
        sample unet/legacy --out empty --size 9 => 9 x 9 & multiples of 2
        sample unet/legacy --out empty --size 8x9 => 8 x 9
        sample unet/legacy --out empty --size no => 16x24
        sample unet/legacy --out empty --start nan.safetensors => nan.safetensors & `x` & entry 7 is NaN
        sample unet/legacy --out empty --start large.safetensors => large.safetensors & [1, 16, 16] & [1, 8, 8]
        sample unet/legacy --out empty --start flat.safetensors => flat.safetensors & [B,C,H,W]
        sample unet/legacy --out empty --start large.safetensors --count 2 => holds 1
        sample unet/legacy --out empty --eta 2 => eta 2 & 0 (deterministic) to 1
        sample unet/legacy --out empty --eta 0.5 --sampler heun => --eta & ddim
        sample unet/legacy --out empty --guidance 3 => --negative
        sample no-such-folder --out empty => no-such-folder & no such file
        sample pickled --out empty => diffusion_pytorch_model.bin & safetensors
        sample timeless --out empty => noise schedule & scheduler_config.json
        invert unet/legacy image.png --out empty --steps 0 => 0 steps
        train --data discs --size 10 --out empty => 10 x 10 & multiples of 4
        train --data digits --size 16 --out empty => 8 x 8
        train --data digits --rate nan --out empty => rate & NaN
        train --data cats --out empty => --data cats & discs
        train --data digits --out file/below => output directory is not writable & --out
        sample unet/legacy --out file/below => output directory is not writable & --out
        invert unet/legacy image.png --out file/below => output directory is not writable & --out
        train --data digits => --out DIR
        sample unet/legacy => --out DIR
        invert unet/legacy image.png => --out DIR
        ",
    );
    let output = place.call("diffusion train --data digits");
    assert!(output.stdout.is_empty() && err(&output).contains("--out DIR"));
}

/// A file with a tensor `x` [1, 1, 8, 8] whatever it holds.
fn save_unchecked(place: &Place, file: &str, values: &[f32]) {
    let header = format!(
        r#"{{"x":{{"dtype":"F32","shape":[1,1,8,8],"data_offsets":[0,{}]}}}}"#,
        4 * values.len()
    );
    let mut bytes = (header.len() as u64).to_le_bytes().to_vec();
    bytes.extend(header.as_bytes());
    bytes.extend(values.iter().flat_map(|x| x.to_le_bytes()));
    place.write(file, bytes);
}
