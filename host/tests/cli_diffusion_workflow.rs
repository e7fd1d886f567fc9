//! Verbs of diffusion that read what others wrote: every pair in one way from pictures to edits; and what an earlier run left.

#[path = "support/cli.rs"]
mod cli;

use cli::{object, run, text};
use gibbs::data::images::{Depth, Image, read_png, write_png};
use gibbs::data::safetensors::{Finite, SafetensorsFile};
use gibbs::diffusion::datasets::{Dataset, Digits};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;

fn digits() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/models/digits")
}

/// Runs a verb into a folder, to this exit code.
fn diffusion(call: &str, paths: &[&Path], out: &Path, code: i32) -> Value {
    let mut paths = paths.iter();
    let words = call.split_whitespace().map(|word| match word {
        "{}" => text(paths.next().unwrap()),
        word => word,
    });
    let words: Vec<&str> = words.collect();
    let common = ["--json", "--quiet", "--out", text(out)];
    object(&run(&[&["diffusion"], &words[..], &common].concat()), code)
}

fn tensor(path: &Path, name: &str) -> Vec<f32> {
    let file = SafetensorsFile::open(path).unwrap();
    file.read_f32(name, Finite::Check).unwrap().values
}

fn names(folder: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(folder).unwrap();
    let mut names: Vec<String> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    names
}

#[test] // law: pictures -> model -> samples -> latent -> basis -> edit
fn every_verb_reads_what_the_others_wrote() {
    let dir = TempDir::new().unwrap();
    let at = |name: &str| dir.path().join(name);
    let pictures = at("pictures");
    std::fs::create_dir(&pictures).unwrap();
    let set = Digits::included().unwrap();
    for index in 0..40 {
        let mut values = vec![0.0; 64];
        set.fill(index, &mut values).unwrap();
        let (shape, path) = ([1, 8, 8], pictures.join(format!("{index}.png")));
        write_png(&path, &Image { shape, values }, Depth::Eight).unwrap();
    }
    let model = at("model");
    let call = "train --data {} --channels 8,16 --steps 6 --batch 4 --samples-every 3";
    let found = diffusion(call, &[&pictures], &model, 0);
    assert_eq!(
        (&found["validation"], &found["data"]),
        (&4.into(), &"pictures".into())
    );
    assert!(found["validation_loss"].as_f64().unwrap() > 0.0);
    for name in [
        "model_index.json",
        "step-000003.png",
        "step-000006.png",
        "validation.csv",
    ] {
        assert!(model.join(name).is_file(), "{name}");
    }
    let table = std::fs::read_to_string(model.join("validation.csv")).unwrap();
    assert_eq!(table.lines().count(), 3);
    // What was trained here is read by all the others.
    let samples = at("samples");
    diffusion("sample {} --count 2 --steps 4", &[&model], &samples, 0);
    let (picture, latent) = (samples.join("sample-0001.png"), at("latent"));
    diffusion("invert {} {} --steps 4", &[&model, &picture], &latent, 0);
    let latent = latent.join("latent.safetensors");
    diffusion("sample {} --start {}", &[&model, &latent], &at("back"), 0);
    let [early, late] = ["early", "late"].map(|name| at("bases").join(name));
    for (out, t) in [(&early, "700"), (&late, "200")] {
        let call = format!("basis {{}} --start {{}} --timestep {t} --count 2 --blocks 30");
        diffusion(&call, &[&model, &latent], out, 0);
    }
    let [a, b] = [&early, &late].map(|folder| folder.join("basis.safetensors"));
    let found = diffusion("distances {}", &[&at("bases")], &at("figures"), 0);
    assert_eq!(found["timesteps"], serde_json::json!([700.0, 200.0]));
    diffusion("spectrum {} {}", &[&a, &b], &at("figures"), 0);
    let brought = at("brought");
    diffusion("transport {} {} --direction 0", &[&a, &b], &brought, 0);
    let direction = brought.join("direction.safetensors");
    let call = "edit {} --start {} --timestep 200 --direction-file {} --steps-of-guidance 1";
    let edited = at("edited");
    diffusion(call, &[&model, &latent, &direction], &edited, 0);
    let edited = edited.join("edit.safetensors");
    // x of an edit is of its time, and is brought on.
    let call = "basis {} --x {} --timestep 100 --count 1 --blocks 30";
    let found = diffusion(call, &[&model, &edited], &at("moved"), 0);
    assert_eq!(found["timestep"], 100.0);
    let moved = tensor(&at("moved").join("basis.safetensors"), "x");
    assert_ne!(moved, tensor(&edited, "x"));
    let global = at("global");
    let call = "global {} --timestep 500 --count 1 --samples 2 --blocks 30";
    diffusion(call, &[&model], &global, 0);
    let global = global.join("global.safetensors");
    let call = "edit {} --timestep 500 --direction-from {} --direction 0 --steps-of-guidance 1 --blocks 30";
    diffusion(call, &[&model, &global], &at("elsewhere"), 0);
}

#[test] // law: without a direction to go, an edit from the seed is the sample of the seed
fn the_original_of_an_edit_is_the_sample_of_its_seed() {
    let dir = TempDir::new().unwrap();
    let [samples, edited] = ["samples", "edited"].map(|name| dir.path().join(name));
    let model = digits();
    diffusion("sample {} --count 1 --steps 20", &[&model], &samples, 0);
    let call = "edit {} --timestep 500 --steps 20 --direction 0 --count 1 --gamma 0 --blocks 30";
    diffusion(call, &[&model], &edited, 0);
    assert_eq!(
        tensor(&samples.join("samples.safetensors"), "x"),
        tensor(&edited.join("edit.safetensors"), "original")
    );
}

#[test] // edge: fewer files than before, and none of before
fn files_of_an_earlier_run_are_removed() {
    let dir = TempDir::new().unwrap();
    let (out, model) = (dir.path().join("out"), digits());
    diffusion("sample {} --count 5 --steps 2", &[&model], &out, 0);
    let mine = out.join("sample-mine.png");
    std::fs::copy(out.join("grid.png"), &mine).unwrap();
    diffusion("sample {} --count 2 --steps 2", &[&model], &out, 0);
    let expected = [
        "grid.png",
        "sample-0000.png",
        "sample-0001.png",
        "sample-mine.png",
        "samples.safetensors",
    ];
    assert_eq!(names(&out), expected);
    assert_eq!(read_png(&out.join("grid.png")).unwrap().shape, [1, 10, 19]);
    let global = dir.path().join("global");
    let call = "global {} --timestep 700 --count 1 --samples 4 --steps 3 --blocks 30";
    diffusion(call, &[&model], &global, 0);
    let call = "global {} --timestep 300 --count 1 --samples 2 --steps 3 --blocks 30";
    diffusion(call, &[&model], &global, 0);
    assert_eq!(
        names(&global.join("bases")),
        ["0000.safetensors", "0001.safetensors"]
    );
    let found = diffusion("distances {}", &[&global.join("bases")], &dir.path().join("d"), 0);
    assert_eq!(found["timesteps"], serde_json::json!([300.0, 300.0]));
}

#[test] // edge: the product of the arguments is looked at before anything is allocated
fn what_does_not_fit_into_memory_is_refused() {
    let dir = TempDir::new().unwrap();
    let (out, model) = (dir.path().join("out"), digits());
    for (call, paths) in [
        ("sample {} --count 1 --size 32768", &[model.as_path()][..]),
        ("sample {} --count 4000000000", &[model.as_path()]),
        (
            "basis {} --timestep 500 --count 1 --size 32768",
            &[model.as_path()],
        ),
        (
            "train --data discs --size 256 --channels 4096,4096,4096 --batch 1",
            &[],
        ),
    ] {
        let begun = std::time::Instant::now();
        let found = diffusion(call, paths, &out, 2);
        let message = found["message"].as_str().unwrap();
        assert!(message.contains("of memory"), "{message}");
        assert!(
            found["bytes_needed"].as_u64() > found["bytes_free"].as_u64(),
            "{found}"
        );
        assert!(begun.elapsed().as_secs() < 30, "{call}");
    }
}
