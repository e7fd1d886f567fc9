//! `gibbs diffusion global`, directions from elsewhere, latents to start from and the boost, as a user meets
//! them, on small random U-Nets and the trained one of digits.
//!
//! Mutations seen red: one noise for all samples; a latent taken to be of the last time; the boost ignored.

#[path = "support/cli.rs"]
mod cli;
#[path = "../../fixtures/tolerances.rs"]
#[allow(dead_code, unreachable_pub)] // each binary uses a part
mod tolerance;

use cli::{object, run, text};
use gibbs::data::images::{Depth, Image, write_png};
use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32};
use gibbs::diffusion::datasets::{Dataset, Digits};
use gibbs::diffusion::geometry::global::StoredGlobal;
use gibbs::diffusion::geometry::stored::StoredBasis;
use gibbs::diffusion::pullback::distance::{Subspace, distance};
use gibbs::diffusion::pullback::frechet::{Matching, Options, global_basis};
use serde_json::Value;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tolerance::{ROUNDING, VECTORS_SINGLE};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures")
        .join(name)
}

/// Runs a verb with `--json --quiet` into a folder, to this exit code.
fn diffusion(arguments: &[&str], out: &Path, code: i32) -> Value {
    let common = ["--json", "--quiet", "--out", text(out)];
    object(&run(&[&["diffusion"], arguments, &common].concat()), code)
}

fn refused(arguments: &[&str], out: &Path, words: &str) {
    let found = diffusion(arguments, out, 2);
    let message = found["message"].as_str().unwrap();
    assert!(message.contains(words), "`{words}` is not in: {message}");
}

fn tensor(path: &Path, name: &str) -> TensorF32 {
    let file = SafetensorsFile::open(path).unwrap();
    file.read_f32(name, Finite::Check).unwrap()
}

const HEAD: [&str; 8] = [
    "--timestep",
    "700",
    "--count",
    "2",
    "--steps",
    "2",
    "--blocks",
    "30",
];

#[test]
fn the_global_basis_is_the_mean_of_the_local_ones() {
    let dir = TempDir::new().unwrap();
    let model = fixture("unet/legacy");
    let out = dir.path().join("global");
    let global = [&["global", text(&model), "--samples", "3"][..], &HEAD].concat();
    let found = diffusion(&global, &out, 0);
    assert_eq!(found["schema"], "gibbs.diffusion.global/2");
    assert!(!out.join("global.checkpoint").exists());
    let local = |index: usize| {
        let path = out.join(format!("bases/{index:04}.safetensors"));
        StoredBasis::load(&path).unwrap()
    };
    let bases: Vec<StoredBasis> = (0..3).map(local).collect();
    let frames: Vec<&[f32]> = bases.iter().map(|stored| &stored.basis.u[..]).collect();
    let stored = StoredGlobal::load(&out.join("global.safetensors")).unwrap();
    let d = stored.hidden.iter().product();
    let mean = global_basis(&frames, d, Matching::Signs, &Options::default()).unwrap();
    for (found, expected) in stored.u.iter().zip(&mean.vectors) {
        assert!((f64::from(*found) - expected).abs() <= VECTORS_SINGLE);
    }
    let mut sum = 0.0;
    for (frame, found) in frames.iter().zip(&stored.distances) {
        let span = Subspace::new(frame, d).unwrap();
        let expected = distance(&mean.subspace.mean, &span).unwrap();
        assert!((found - expected).abs() <= ROUNDING && *found > 0.0);
        sum += found;
    }
    assert!((found["mean_distance"].as_f64().unwrap() - sum / 3.0).abs() <= ROUNDING);
    // Samples differ; the first is that of `basis`.
    let alone = dir.path().join("alone");
    diffusion(&[&["basis", text(&model)], &HEAD[..]].concat(), &alone, 0);
    assert_eq!(
        StoredBasis::load(&alone.join("basis.safetensors")).unwrap(),
        bases[0]
    );
    assert!(bases[1].x != bases[0].x && bases[2].x != bases[1].x);
    // The bases are files as any other.
    let folder = out.join("bases");
    let found = diffusion(&["distances", text(&folder)], &alone, 0);
    assert_eq!(found["bases"].as_array().unwrap().len(), 3);

    // u = U' of another sample: v = V U^T u, of unit length.
    let file = out.join("global.safetensors");
    let edited = dir.path().join("edited");
    let edit = |from: &Path| {
        let words = [
            "--direction-from",
            text(from),
            "--direction",
            "1",
            "--steps-of-guidance",
            "1",
        ];
        let at = ["--timestep", "700", "--steps", "2"];
        let found = diffusion(&[&["edit", text(&model)], &at[..], &words].concat(), &edited, 0);
        let v = tensor(&edited.join("edit.safetensors"), "v").values;
        (found["brought"].as_f64().unwrap(), v)
    };
    for (from, u) in [
        (file, stored.vector(1).unwrap().to_vec()),
        (out.join("bases/0002.safetensors"), bases[2].basis.u[d..].to_vec()),
    ] {
        let (brought, v) = edit(&from);
        let here = &bases[0].basis;
        let product = |a: &[f32], b: &[f32]| -> f64 {
            let pairs = a.iter().zip(b);
            pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        let along = [0, 1].map(|i| product(&here.u[i * d..(i + 1) * d], &u));
        let kept = along[0].hypot(along[1]);
        assert!((brought - kept).abs() <= VECTORS_SINGLE, "{brought} {kept}");
        for (at, x) in v.iter().enumerate() {
            let expected = (0..2).map(|i| along[i] / kept * f64::from(here.v[i * 64 + at]));
            assert!((f64::from(*x) - expected.sum::<f64>()).abs() <= VECTORS_SINGLE);
        }
    }
}

#[test]
fn a_latent_is_started_from_and_edited() {
    let dir = TempDir::new().unwrap();
    let model = fixture("models/digits");
    let (model, image) = (text(&model), dir.path().join("image.png"));
    let shape = [1, 8, 8];
    let mut values = vec![0.0; 64];
    Digits::included().unwrap().fill(3, &mut values).unwrap();
    write_png(
        &image,
        &Image {
            shape,
            values: values.clone(),
        },
        Depth::Eight,
    )
    .unwrap();
    let out = dir.path().join("edited");
    let off = |file: &Path, name: &str| {
        let picture = tensor(file, name).values;
        let squares = picture
            .iter()
            .zip(&values)
            .map(|(a, b)| (a, ((b + 1.0) * 127.5).round() / 127.5 - 1.0)) // as the picture holds it
            .map(|(a, b)| f64::from((a - b).powi(2)));
        (squares.sum::<f64>() / 64.0).sqrt()
    };
    let folder = dir.path().join("latent");
    let found = diffusion(&["invert", model, text(&image), "--steps", "40"], &folder, 0);
    assert_eq!(found["timestep"], 975.0);
    let printed = found["round_trip_rms"].as_f64().unwrap();
    let latent = folder.join("latent.safetensors");
    // Without motion the image comes back through the time of the edit, by the steps that the latent tells of.
    for (t, hops) in [("500", 21), ("610", 26)] {
        let head = ["edit", model, "--start", text(&latent), "--timestep", t];
        let rest = [
            "--gamma",
            "0",
            "--direction",
            "0",
            "--count",
            "1",
            "--blocks",
            "30",
        ];
        let found = diffusion(&[&head[..], &rest].concat(), &out, 0);
        assert_eq!(found["steps"], hops);
        let error = off(&out.join("edit.safetensors"), "original");
        // A time between two steps adds one.
        assert!(error <= 1.02 * printed, "{t}: {error} {printed}");
    }
    // So it does by `sample`, whose steps by default are those of the latent.
    let sampled = dir.path().join("sampled");
    let found = diffusion(&["sample", model, "--start", text(&latent)], &sampled, 0);
    assert_eq!(found["steps"], 40);
    let error = off(&sampled.join("samples.safetensors"), "x");
    assert!(error <= printed * (1.0 + 1e-6), "{error} {printed}");
    let words = [
        "sample",
        model,
        "--start",
        text(&latent),
        "--sampler",
        "heun",
        "--steps",
        "30",
    ];
    refused(
        &words,
        &dir.path().join("never"),
        "of t = 975, but 30 steps of heun begin at t = 957",
    );
    // A file that says of which time it is is brought from there, whatever it is given as.
    let basis = |name: &str, as_what: &str, file: &Path, t: &str| {
        let folder = dir.path().join(name);
        let words = [
            "basis",
            model,
            as_what,
            text(file),
            "--timestep",
            t,
            "--count",
            "1",
        ];
        diffusion(&[&words[..], &["--blocks", "30"]].concat(), &folder, 0);
        folder.join("basis.safetensors")
    };
    let [one, other] = ["--x", "--start"].map(|as_what| basis(as_what, as_what, &latent, "500"));
    assert_eq!(tensor(&one, "x"), tensor(&other, "x"));
    assert_ne!(tensor(&one, "x").values, tensor(&latent, "x").values);
    // A basis of t = 500 used at 300: its sample is brought there, and not at 600.
    let at = [
        "edit",
        model,
        "--basis",
        text(&one),
        "--direction",
        "0",
        "--gamma",
        "0",
    ];
    diffusion(&[&at[..], &["--timestep", "300"]].concat(), &out, 0);
    let moved = tensor(&out.join("edit.safetensors"), "x").values;
    assert_ne!(moved, tensor(&one, "x").values);
    let error = off(&out.join("edit.safetensors"), "original");
    assert!(error <= 1.2 * printed, "{error} {printed}");
    let late = [&at[..], &["--timestep", "600"]].concat();
    refused(&late, &dir.path().join("never"), "the sample is of t = 500");
    // Images are no noise.
    let images = sampled.join("samples.safetensors");
    let words = [
        "basis",
        model,
        "--x",
        text(&images),
        "--timestep",
        "500",
        "--count",
        "1",
    ];
    refused(&words, &dir.path().join("never"), "the sample is of t = 0");
    let words = ["sample", model, "--start", text(&images)];
    refused(&words, &dir.path().join("never"), "images, of t = 0");
    let at = [
        "basis",
        model,
        "--count",
        "1",
        "--start",
        text(&latent),
        "--timestep",
    ];
    let never = dir.path().join("never");
    refused(&[&at[..], &["990"]].concat(), &never, "the sample is of t = 975");
    refused(
        &[&at[..], &["500", "--x", text(&latent)]].concat(),
        &never,
        "cannot be used with",
    );
}

#[test]
fn both_pictures_have_the_noise_of_the_boost() {
    let dir = TempDir::new().unwrap();
    let (model, out) = (fixture("unet/legacy"), dir.path().join("out"));
    let pictures = |more: &[&str]| {
        let head = [
            "edit",
            text(&model),
            "--timestep",
            "500",
            "--direction",
            "0",
            "--steps",
            "5",
        ];
        let rest = ["--steps-of-guidance", "1", "--blocks", "30"];
        let found = diffusion(&[&head[..], &rest, more].concat(), &out, 0);
        let read = |name| tensor(&out.join("edit.safetensors"), name).values;
        (found, [read("original"), read("edited")])
    };
    let (plain, [unedited, _]) = pictures(&["--gamma", "0"]);
    assert_eq!(plain["boost"], Value::Null);
    let (found, [original, edited]) = pictures(&["--gamma", "0", "--boost"]);
    assert_eq!(found["boost"], 0.2);
    // Times 500, 400, 200, 0: below 200 is the last hop alone, which ends at data and adds nothing.
    assert_eq!((&original, &edited), (&unedited, &unedited));
    let (_, [original, edited]) = pictures(&["--gamma", "0", "--boost=0.35"]);
    assert!(original == edited && original != unedited);
    let (_, [boosted, edited]) = pictures(&["--boost=0.35"]);
    assert!(boosted == original && edited != original);
    for part in ["-0.1", "1.5", "x"] {
        let words = [
            "edit",
            text(&model),
            "--timestep",
            "500",
            "--direction",
            "0",
            &format!("--boost={part}"),
        ];
        refused(&words, &dir.path().join("never"), "--boost");
    }
}

#[test]
fn bad_input_is_refused_and_nothing_written() {
    let dir = TempDir::new().unwrap();
    let out = dir.path().join("never");
    let model = fixture("unet/legacy");
    let model = text(&model);
    let global = |more: &[&str], words: &str| {
        refused(
            &[&["global", model, "--timestep", "700"], more].concat(),
            &out,
            words,
        );
    };
    global(
        &["--count", "65"],
        "65 singular vectors asked for, expected 1 to 64",
    );
    global(&["--count", "1", "--samples", "1"], "1 is not in 2..=9999");
    global(&["--count", "1", "--steps", "0"], "0 steps");
    let good = dir.path().join("good");
    diffusion(&[&["basis", model], &HEAD[..]].concat(), &good, 0);
    let basis = good.join("basis.safetensors");
    let edit = |from: &Path, index: &str, words: &str| {
        let at = ["edit", model, "--timestep", "700", "--direction", index];
        refused(
            &[&at[..], &["--direction-from", text(from)]].concat(),
            &out,
            words,
        );
    };
    edit(&basis, "2", "--direction 2: the basis holds 2");
    edit(
        &fixture("unet/legacy/io.safetensors"),
        "0",
        "expected `gibbs.diffusion.basis`",
    );
    let other = fixture("unet/padded");
    let words = ["edit", text(&other), "--timestep", "700", "--direction", "0"];
    let words = [&words[..], &["--direction-from", text(&basis)]].concat();
    refused(&words, &out, "made for h of");
    assert_eq!(out.read_dir().map_or(0, Iterator::count), 0);
}
