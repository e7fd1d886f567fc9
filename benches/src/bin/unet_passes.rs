//! Milliseconds of this library's passes through U-Nets, for `peers/diffusion.py`.
//!
//! `unet_passes --folder DIR --directions K --threads N --rounds R --json` times, R times each after one call to warm up, the
//! forward pass at batch 1 and K, and x -> h, its jvp and its vjp with K directions (the primal pass included), of the
//! checkpoint in DIR on the inputs of its io.safetensors, and prints one JSON object with the milliseconds per image or
//! direction, the errors against the stored outputs, and the peak of resident memory.
//! `unet_passes --train-step --batch B --rounds R --json` times a training step (gradients, AdamW) of the small U-Net.

use gibbs::data::safetensors::{Finite, SafetensorsFile};
use gibbs::diffusion::compare::compare;
use gibbs::diffusion::datasets::Discs;
use gibbs::diffusion::folder::{LoadOptions, ModelFolder};
use gibbs::diffusion::model::{Point, Unet};
use gibbs::diffusion::presets;
use gibbs::diffusion::training::NoisePrediction;
use gibbs::train::{Batches, Draw, Settings, Trainer};
use gibbs_core::diffusion::{Betas, Table};
use serde_json::{Map, Value, json};
use std::error::Error;
use std::path::Path;
use std::time::Instant;

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let option = |name: &str| {
        let place = arguments.iter().position(|argument| argument == name)?;
        arguments.get(place + 1).cloned()
    };
    let number = |name: &str, default: usize| -> Outcome<usize> {
        option(name).map_or(Ok(default), |text| text.parse().map_err(Into::into))
    };
    rayon::ThreadPoolBuilder::new()
        .num_threads(number("--threads", 2)?)
        .build_global()?;
    let rounds = number("--rounds", 5)?;
    let mut result = if arguments.iter().any(|argument| argument == "--train-step") {
        training(number("--batch", 64)?, rounds)?
    } else {
        let folder = option("--folder").ok_or("--folder DIR or --train-step")?;
        passes(Path::new(&folder), number("--directions", 10)?, rounds)?
    };
    result.insert("peak_rss_bytes".to_owned(), json!(peak()?));
    println!("{}", Value::Object(result));
    Ok(())
}

/// The peak of resident memory.
fn peak() -> Outcome<u64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .ok_or("no VmHWM")?;
    let kilobytes: u64 = line.split_whitespace().next().ok_or("no number")?.parse()?;
    Ok(1024 * kilobytes)
}

/// Milliseconds of `rounds` calls, each divided by `parts`, after one that is not counted.
fn time(rounds: usize, parts: usize, mut call: impl FnMut() -> Outcome<()>) -> Outcome<Value> {
    call()?;
    let mut all = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = Instant::now();
        call()?;
        all.push(start.elapsed().as_secs_f64() * 1e3 / parts as f64);
    }
    Ok(json!(all))
}

fn passes(folder: &Path, directions: usize, rounds: usize) -> Outcome<Map<String, Value>> {
    let checkpoint = ModelFolder::load(folder, LoadOptions::default())?;
    let io = folder.join("io.safetensors");
    let file = SafetensorsFile::open(&io)?;
    let read = |name: &str| -> Outcome<Vec<f32>> { Ok(file.read_f32(name, Finite::Check)?.values) };
    let (x, t) = (read("x")?, read("t")?);
    let (tangents, cotangents) = (read("tangents")?, read("cotangents")?);
    let unet: Unet<f32> = Unet::from_folder(&checkpoint, None, 0)?;
    let elements = |dimensions: [usize; 3]| dimensions.iter().product::<usize>();
    let (image, hidden) = (elements(unet.image()), elements(unet.hidden()));
    if tangents.len() != directions * image || cotangents.len() != directions * hidden {
        return Err("tangents and cotangents are not as many as --directions".into());
    }
    let (many, times) = (x.repeat(directions), t.repeat(directions));
    let one = Point {
        x: &x,
        t: &t,
        context: None,
    };
    let batch = Point {
        x: &many,
        t: &times,
        context: None,
    };
    let mut result = Map::new();
    {
        let mut denoiser = unet.denoiser();
        let mut eps = vec![0.0; directions * image];
        let single = time(rounds, 1, || Ok(denoiser.eps(one, &mut eps[..image], None)?))?;
        let several = time(rounds, directions, || Ok(denoiser.eps(batch, &mut eps, None)?))?;
        result.insert("forward_ms".to_owned(), single);
        result.insert("forward_ms_per_image".to_owned(), several);
    }
    let mut h = vec![0.0; directions * hidden];
    let mut encoder = unet.encoder();
    let mut moved = vec![0.0; directions * hidden];
    let jvp = time(rounds, directions, || {
        encoder.move_to(one, &mut h[..hidden])?;
        encoder.jvp(directions, &tangents, &mut moved)?;
        Ok(())
    })?;
    let mut pulled = vec![0.0; directions * image];
    let vjp = time(rounds, directions, || {
        encoder.move_to(one, &mut h[..hidden])?;
        encoder.vjp(directions, &cotangents, &mut pulled)?;
        Ok(())
    })?;
    let single = time(rounds, 1, || Ok(encoder.move_to(one, &mut h[..hidden])?))?;
    let several = time(rounds, directions, || Ok(encoder.move_to(batch, &mut h)?))?;
    result.insert("jvp_ms_per_direction".to_owned(), jvp);
    result.insert("vjp_ms_per_direction".to_owned(), vjp);
    result.insert("encoder_ms".to_owned(), single);
    result.insert("encoder_ms_per_image".to_owned(), several);
    let errors = compare::<f32>(&checkpoint, &io)?;
    let errors: Map<String, Value> = errors
        .into_iter()
        .map(|one| (one.output.to_owned(), json!(one.error)))
        .collect();
    result.insert("errors".to_owned(), Value::Object(errors));
    Ok(result)
}

fn training(batch: usize, rounds: usize) -> Outcome<Map<String, Value>> {
    let data = Discs::new(16, 0)?;
    let schedule = Table::<f32, 1000>::new(Betas::DDPM)?;
    let batches = Batches::new(0, u32::try_from(batch)?, Draw::Fresh)?;
    let (mut objective, parameters) = NoisePrediction::new(
        &presets::small(1, 16),
        &data,
        schedule.schedule().alpha_bar(),
        batches,
        0,
    )?;
    let settings = Settings {
        steps: u64::MAX >> 1,
        ..Settings::default()
    };
    let mut trainer = Trainer::new(settings, &objective, parameters)?;
    let mut milliseconds = Vec::with_capacity(rounds);
    for round in 0..=rounds {
        let start = Instant::now();
        trainer.step(&mut objective)?;
        if round > 0 {
            milliseconds.push(start.elapsed().as_secs_f64() * 1e3);
        }
    }

    Ok(Map::from_iter([(
        "train_step_ms".to_owned(),
        json!(milliseconds),
    )]))
}
