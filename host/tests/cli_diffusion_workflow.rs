//! Verbs of diffusion that read what others wrote: every pair in one way from pictures to edits; and what an earlier run left.

#[path = "support/cli.rs"]
mod cli;

use cli::Place;
use gibbs::data::images::{Depth, Image, read_png, write_png};
use gibbs::diffusion::datasets::{Dataset, Digits};

#[test] // law: pictures -> model -> samples -> latent -> basis -> edit
fn every_verb_reads_what_the_others_wrote() {
    let place = Place::new();
    std::fs::create_dir(place.path("pictures")).unwrap();
    let set = Digits::included().unwrap();
    for index in 0..40 {
        let mut values = vec![0.0; 64];
        set.fill(index, &mut values).unwrap();
        let (shape, path) = ([1, 8, 8], place.path(&format!("pictures/{index}.png")));
        write_png(&path, &Image { shape, values }, Depth::Eight).unwrap();
    }
    let diffusion = |call: &str| place.json(&format!("diffusion {call}"));
    let found =
        diffusion("train --data pictures --channels 8,16 --steps 6 --batch 4 --samples-every 3 --out model");
    assert_eq!(
        (&found["validation"], &found["data"]),
        (&4.into(), &"pictures".into())
    );
    assert!(found["validation_loss"].as_f64().unwrap() > 0.0);
    for name in ["model_index.json", "step-000003.png", "step-000006.png"] {
        assert!(place.path("model").join(name).is_file(), "{name}");
    }
    assert_eq!(place.read("model/validation.csv").lines().count(), 3);
    // What was trained here is read by all the others.
    diffusion("sample model --count 2 --steps 4 --out samples");
    diffusion("invert model samples/sample-0001.png --steps 4 --out latent");
    let start = "--start latent/latent.safetensors";
    diffusion(&format!("sample model {start} --out back"));
    for (folder, t) in [("early", 700), ("late", 200)] {
        diffusion(&format!(
            "basis model {start} --timestep {t} --count 2 --blocks 30 --out bases/{folder}"
        ));
    }
    let pair = "bases/early/basis.safetensors bases/late/basis.safetensors";
    let found = diffusion("distances bases --out figures");
    assert_eq!(found["timesteps"], serde_json::json!([700.0, 200.0]));
    diffusion(&format!("spectrum {pair} --out figures"));
    diffusion(&format!("transport {pair} --direction 0 --out brought"));
    let along = "--direction-file brought/direction.safetensors --steps-of-guidance 1";
    diffusion(&format!("edit model {start} --timestep 200 {along} --out edited"));
    // x of an edit is of its time, and is brought on.
    let edited = "edited/edit.safetensors";
    let found = diffusion(&format!(
        "basis model --x {edited} --timestep 100 --count 1 --blocks 30 --out moved"
    ));
    assert_eq!(found["timestep"], 100.0);
    assert_ne!(
        place.tensor("moved/basis.safetensors", "x").values,
        place.tensor(edited, "x").values
    );
    diffusion("global model --timestep 500 --count 1 --samples 2 --blocks 30 --out global");
    diffusion(
        "edit model --timestep 500 --direction-from global/global.safetensors --direction 0 \
         --steps-of-guidance 1 --blocks 30 --out elsewhere",
    );
}

#[test] // law: without a direction to go, an edit from the seed is the sample of the seed
fn the_original_of_an_edit_is_the_sample_of_its_seed() {
    let place = Place::new();
    place.json("diffusion sample digits --count 1 --steps 20 --out samples");
    let rest = "--direction 0 --count 1 --gamma 0 --blocks 30 --out edited";
    place.json(&format!("diffusion edit digits --timestep 500 --steps 20 {rest}"));
    assert_eq!(
        place.tensor("samples/samples.safetensors", "x").values,
        place.tensor("edited/edit.safetensors", "original").values
    );
}

#[test] // edge: fewer files than before, and none of before
fn files_of_an_earlier_run_are_removed() {
    let place = Place::new();
    place.json("diffusion sample digits --count 5 --steps 2 --out out");
    place.write("out/sample-mine.png", place.bytes("out/grid.png"));
    place.json("diffusion sample digits --count 2 --steps 2 --out out");
    let expected = "grid.png sample-0000.png sample-0001.png sample-mine.png samples.safetensors";
    assert_eq!(place.names("out").join(" "), expected);
    let grid = read_png(&place.path("out/grid.png")).unwrap();
    assert_eq!(grid.shape, [1, 10, 19]);
    let global = "diffusion global digits --count 1 --steps 3 --blocks 30 --out global";
    place.json(&format!("{global} --timestep 700 --samples 4"));
    place.json(&format!("{global} --timestep 300 --samples 2"));
    assert_eq!(
        place.names("global/bases"),
        ["0000.safetensors", "0001.safetensors"]
    );
    let found = place.json("diffusion distances global/bases --out d");
    assert_eq!(found["timesteps"], serde_json::json!([300.0, 300.0]));
}

#[test] // edge: the product of the arguments is looked at before anything is allocated
fn what_does_not_fit_into_memory_is_refused() {
    let place = Place::new();
    for call in [
        "sample digits --count 1 --size 32768",
        "sample digits --count 4000000000",
        "basis digits --timestep 500 --count 1 --size 32768",
        "train --data discs --size 256 --channels 4096,4096,4096 --batch 1",
    ] {
        let begun = std::time::Instant::now();
        let found = place.refused(&format!("diffusion {call} --out out"), "of memory");
        assert!(
            found["bytes_needed"].as_u64() > found["bytes_free"].as_u64(),
            "{found}"
        );
        assert!(begun.elapsed().as_secs() < 30, "{call}");
    }
}
