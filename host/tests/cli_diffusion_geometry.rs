//! `gibbs diffusion basis | spectrum | distances | edit | transport` as a user meets them, on small random U-Nets.
//!
//! Mutations seen red: the Jacobian taken at time 0; exit code 0 at the limit; the plain sample drawn from the edited x;
//! a folder's bases earliest time first; times up to T.

#[path = "support/cli.rs"]
mod cli;
#[path = "../../fixtures/tolerances.rs"]
#[allow(dead_code, unreachable_pub)] // each binary uses a part
mod tolerance;

use cli::{err, object, out, run, text};
use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32, save_f32};
use gibbs::diffusion::pullback::distance::{Subspace, principal_angles};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use tempfile::TempDir;
use tolerance::{NET_SINGULAR_VALUE, NET_SUBSPACE, ROUNDING, VECTORS_SINGLE};

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../fixtures/unet")
        .join(name)
}

/// Runs a verb with `--json --quiet`, to this exit code.
fn diffusion(arguments: &[&str], code: i32) -> Value {
    object(
        &run(&[&["diffusion"], arguments, &["--json", "--quiet"]].concat()),
        code,
    )
}

/// The words of a refusal with exit code 2.
fn refused(arguments: &[&str], words: &str) {
    let object = diffusion(arguments, 2);
    assert_eq!(object["schema"], "gibbs.error/1");
    let message = object["message"].as_str().unwrap();
    assert!(message.contains(words), "`{words}` is not in: {message}");
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect()
}

/// A column of the triplets of a basis.
fn column(found: &Value, name: &str) -> Vec<f64> {
    let rows = found["triplets"].as_array().unwrap();
    rows.iter().map(|row| row[name].as_f64().unwrap()).collect()
}

fn tensor(path: &Path, name: &str) -> TensorF32 {
    SafetensorsFile::open(path)
        .unwrap()
        .read_f32(name, Finite::Check)
        .unwrap()
}

/// The sine of the largest angle between two spans.
fn sine(a: &[f32], b: &[f32], d: usize) -> f64 {
    let [a, b] = [a, b].map(|rows| Subspace::new(rows, d).unwrap());
    principal_angles(&a, &b).unwrap().last().unwrap().sin()
}

/// A basis of the small net `padded` from noise, at a time; its folder.
fn padded(dir: &TempDir, name: &str, timestep: &str, more: &[&str]) -> PathBuf {
    let (model, out) = (fixture("padded"), dir.path().join(name));
    let head = [
        "basis",
        text(&model),
        "--timestep",
        timestep,
        "--count",
        "3",
        "--steps",
        "2",
        "--out",
        text(&out),
    ];
    diffusion(&[&head, more].concat(), 0);
    out
}

#[test]
fn the_basis_is_that_of_the_dense_jacobian() {
    let dir = TempDir::new().unwrap();
    let (model, out) = (fixture("cifar"), dir.path().join("out"));
    let (io, exact) = (model.join("io.safetensors"), model.join("svd.safetensors"));
    let t = tensor(&io, "t").values[0].to_string();
    let exact = SafetensorsFile::open(&exact).unwrap();
    let singular_values = exact.read_f64("singular_values", Finite::Check).unwrap().values;
    let [v, u] = ["V", "U"].map(|name| exact.read_f32(name, Finite::Check).unwrap().values);
    let io = text(&io);
    for k in [6, 1] {
        let found = diffusion(
            &[
                "basis",
                text(&model),
                "--x",
                io,
                "--timestep",
                &t,
                "--count",
                &k.to_string(),
                "--tolerance",
                "1e-5",
                "--blocks",
                "200",
                "--out",
                text(&out),
            ],
            0,
        );
        assert_eq!(found["schema"], "gibbs.diffusion.basis/2");
        assert_eq!(found["timestep"].as_f64().unwrap().to_string(), t);
        assert_eq!(found["dimensions"]["h"], serde_json::json!([16, 4, 4]));
        assert_eq!(found["ended"], "converged");
        assert_eq!(
            found["tangents"].as_u64(),
            found["passes"].as_u64().map(|passes| k as u64 * passes)
        );
        let errors = column(&found, "error");
        for ((found, exact), error) in (column(&found, "singular_value").iter())
            .zip(&singular_values)
            .zip(errors)
        {
            // What is printed as an error is one, but for the rounding of the products.
            assert!((found - exact).abs() <= error + NET_SINGULAR_VALUE * singular_values[0]);
            assert!(
                (found - exact).abs() <= NET_SINGULAR_VALUE * exact,
                "{found} {exact}"
            );
        }
        let file = out.join("basis.safetensors");
        let (found_v, found_u) = (tensor(&file, "V"), tensor(&file, "U"));
        assert_eq!(
            (found_v.shape, found_u.shape),
            (vec![k, 3, 32, 32], vec![k, 16, 4, 4])
        );
        let sines = [
            sine(&found_v.values, &v[..k * 3072], 3072),
            sine(&found_u.values, &u[..k * 256], 256),
        ];
        assert!(sines.iter().all(|sine| *sine <= NET_SUBSPACE), "{sines:?}");
        let file = SafetensorsFile::open(&file).unwrap();
        let metadata = file.metadata();
        assert_eq!(metadata["kind"], "gibbs.diffusion.basis");
        assert_eq!(metadata["version"], "2");
        assert_eq!(metadata["timestep"], t);
        assert!(out.join("basis.png").is_file());
    }
}

#[test] // a Jacobian of 16 rows whose last value is far below the first: closed by two blocks, and measured
fn the_smallest_value_is_right_within_its_error() {
    let model = fixture("small");
    let x = model.join("x.npy");
    for seed in ["0", "1", "2"] {
        let words = ["basis", text(&model), "--x", text(&x), "--timestep", "811"];
        let more = ["--count", "16", "--seed", seed];
        let found = diffusion(&[&words[..], &more].concat(), 0);
        let (s, error) = (column(&found, "singular_value")[15], column(&found, "error")[15]);
        // By a dense decomposition in f64.
        assert!((s - 0.008_729).abs() <= 2e-6, "{seed}: {s}");
        assert!(error < 1e-4 && error > 0.0, "{seed}: {error}");
        assert_eq!(found["triplets"][15]["resolved"], true);
    }
}

#[test] // one pass is not enough, and the result says so
fn a_basis_that_did_not_converge_is_printed_with_exit_code_1() {
    let model = fixture("padded");
    let head = [
        "basis",
        text(&model),
        "--timestep",
        "999",
        "--count",
        "2",
        "--blocks",
    ];
    let found = diffusion(&[&head[..], &["1"]].concat(), 1);
    assert_eq!(found["ended"], "blocks");
    assert_eq!(found["passes"], 1);
    assert_eq!(column(&found, "residual").len(), 2);
    let output = run(&[&["diffusion"], &head[..], &["1"]].concat());
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("no: "), "{}", out(&output));
}

#[test]
fn the_seed_alone_decides() {
    let dir = TempDir::new().unwrap();
    let bytes = |name: &str, more: &[&str]| {
        std::fs::read(padded(&dir, name, "700", more).join("basis.safetensors")).unwrap()
    };
    let first = bytes("a", &[]);
    assert!(first == bytes("b", &["--threads", "1"]));
    assert!(first != bytes("c", &["--seed", "1"]));
    let io = fixture("padded").join("io.safetensors");
    let x = ["--x", text(&io), "--blocks", "30"];
    assert!(bytes("d", &x) == bytes("e", &[&x[..], &["--threads", "1"]].concat()));
}

#[test]
fn distances_spectra_and_transport_of_bases() {
    let dir = TempDir::new().unwrap();
    let folders = ["800", "400", "100"].map(|t| padded(&dir, &format!("bases/t{t}"), t, &[]));
    let files: Vec<PathBuf> = folders
        .iter()
        .map(|folder| folder.join("basis.safetensors"))
        .collect();
    let figures = dir.path().join("figures");

    let found = diffusion(
        &[
            "distances",
            text(&dir.path().join("bases")),
            "--out",
            text(&figures),
        ],
        0,
    );
    assert_eq!(found["schema"], "gibbs.diffusion.distances/2");
    assert_eq!(numbers(&found["timesteps"]), [800.0, 400.0, 100.0]);
    assert_eq!((&found["count"], &found["dimension"]), (&3.into(), &576.into()));
    let matrix: Vec<Vec<f64>> = found["distances"]
        .as_array()
        .unwrap()
        .iter()
        .map(numbers)
        .collect();
    for (i, row) in matrix.iter().enumerate() {
        assert_eq!(row[i], 0.0);
        for (j, x) in row.iter().enumerate() {
            assert_eq!(*x, matrix[j][i]);
            assert!(i == j || *x > 1e-3 && *x <= found["largest"].as_f64().unwrap());
        }
    }
    let turn = found["total_turn"].as_f64().unwrap();
    assert!((turn - matrix[0][1] - matrix[1][2]).abs() <= ROUNDING);
    // Three random dimensions of 576 are nearly orthogonal to any three others.
    let (chance, largest) = (
        found["chance"]["mean"].as_f64().unwrap(),
        found["largest"].as_f64().unwrap(),
    );
    assert!(chance < largest && chance > 0.9 * largest, "{chance} {largest}");
    for name in ["distances.csv", "distances.svg", "distances.png"] {
        assert!(figures.join(name).is_file(), "{name}");
    }
    let table = std::fs::read_to_string(figures.join("distances.csv")).unwrap();
    assert_eq!(table.lines().count(), 4);

    // The given order is kept, and the way back is as long.
    let [a, b, c] = [&files[0], &files[1], &files[2]].map(|path| text(path));
    let back = diffusion(&["distances", c, b, a], 0);
    assert_eq!(numbers(&back["timesteps"]), [100.0, 400.0, 800.0]);
    assert!((back["total_turn"].as_f64().unwrap() - turn).abs() <= ROUNDING);
    // One vector of x: the distance is the angle between the two.
    let one = diffusion(&["distances", a, b, "--space", "x", "--count", "1"], 0);
    let [first, second] = [&files[0], &files[1]].map(|file| tensor(file, "V").values[..384].to_vec());
    let cosine: f64 = first
        .iter()
        .zip(&second)
        .map(|(a, b)| f64::from(*a) * f64::from(*b))
        .sum();
    let angle = cosine.abs().min(1.0).acos();
    assert!((one["distances"][0][1].as_f64().unwrap() - angle).abs() <= VECTORS_SINGLE);
    let output = run(&["diffusion", "distances", a, b]);
    assert!(out(&output).contains("chance"), "{}", err(&output));

    // Parseval: the power of unit vectors over all frequencies is 1 / channels.
    let found = diffusion(&["spectrum", a, c, "--out", text(&figures)], 0);
    assert_eq!(found["schema"], "gibbs.diffusion.spectrum/2");
    let frequencies = numbers(&found["frequencies"]);
    assert_eq!(frequencies.iter().sum::<f64>(), 24.0 * 16.0);
    for basis in found["bases"].as_array().unwrap() {
        let power: f64 = numbers(&basis["power"])
            .iter()
            .zip(&frequencies)
            .map(|(p, n)| p * n)
            .sum();
        assert!((power - 1.0).abs() <= VECTORS_SINGLE, "{power}");
        assert!(basis["centroid"].as_f64().unwrap() > 0.0);
    }
    assert!(figures.join("spectrum.svg").is_file());

    // Onto its own basis a direction is brought as it is.
    let brought = dir.path().join("brought");
    let found = diffusion(&["transport", a, a, "--direction", "1"], 0);
    assert_eq!(found["schema"], "gibbs.diffusion.transport/2");
    assert!((found["kept"].as_f64().unwrap() - 1.0).abs() <= VECTORS_SINGLE);
    for (at, x) in numbers(&found["coordinates"]).iter().enumerate() {
        assert!((x - f64::from(u8::from(at == 1))).abs() <= VECTORS_SINGLE);
    }
    let found = diffusion(
        &["transport", a, b, "--direction", "0", "--out", text(&brought)],
        0,
    );
    let kept = found["kept"].as_f64().unwrap();
    assert!(kept > 0.0 && kept < 1.0, "{kept}");
    // An edit takes what transport wrote.
    let (model, edited) = (fixture("padded"), dir.path().join("edited"));
    let direction = brought.join("direction.safetensors");
    let found = diffusion(
        &[
            "edit",
            text(&model),
            "--timestep",
            "400",
            "--direction-file",
            text(&direction),
            "--steps",
            "2",
            "--steps-of-guidance",
            "1",
            "--out",
            text(&edited),
        ],
        0,
    );
    assert!(found["change"]["x"].as_f64().unwrap() > 0.0);
    assert_eq!(
        tensor(&edited.join("edit.safetensors"), "v"),
        tensor(&direction, "v")
    );
}

#[test]
fn an_edit_without_strength_is_the_plain_sample() {
    let dir = TempDir::new().unwrap();
    let basis = padded(&dir, "basis", "600", &[]).join("basis.safetensors");
    let (model, out) = (fixture("padded"), dir.path().join("out"));
    let edit = |more: &[&str]| {
        let head = [
            "edit",
            text(&model),
            "--timestep",
            "600",
            "--basis",
            text(&basis),
            "--direction",
            "1",
            "--steps",
            "3",
            "--steps-of-guidance",
            "2",
            "--out",
            text(&out),
        ];
        let found = diffusion(&[&head, more].concat(), 0);
        let file = out.join("edit.safetensors");
        let read = ["x", "x_edited", "original", "edited"].map(|name| tensor(&file, name).values);
        assert!(out.join("edit.png").is_file());
        (found, read)
    };
    let (found, [x, x_edited, original, edited]) = edit(&["--gamma", "0"]);
    assert_eq!(found["schema"], "gibbs.diffusion.edit/2");
    assert_eq!(x, tensor(&basis, "x").values);
    assert_eq!((&x, &original), (&x_edited, &edited));
    for more in [
        &["--gamma", "0", "--shoot", "--keep-contrast"][..],
        &["--delta", "0"],
    ] {
        let (_, [_, still, plain, edited]) = edit(more);
        assert_eq!((&still, &plain, &edited), (&x, &original, &original), "{more:?}");
    }
    let (found, [_, there, plain, edited]) = edit(&[]);
    assert_eq!((found["gamma"].as_f64(), &plain), (Some(4.0), &original));
    assert!(edited != original && there != x);
    // v fixed, and v transported to the basis of where the first step led.
    let (found, [_, shot, plain, _]) = edit(&["--shoot", "--count", "3", "--blocks", "30"]);
    assert!(shot != there && plain == original);
    let kept = found["kept"].as_f64().unwrap();
    assert!(kept > 0.0 && kept < 1.0, "{kept}");
    let (_, [_, kept_contrast, _, _]) = edit(&["--keep-contrast"]);
    assert!(kept_contrast != there);
}

#[test]
fn bad_input_is_refused_and_nothing_written() {
    let dir = TempDir::new().unwrap();
    let (model, file) = (fixture("padded"), dir.path().join("file"));
    let (model, out) = (text(&model), dir.path().join("never"));
    std::fs::write(&file, "no folder").unwrap();
    let basis = |more: &[&str], words: &str| {
        let head = ["basis", model, "--out", text(&out)];
        refused(&[&head, more].concat(), words);
    };
    let last = &["--timestep", "999", "--count", "2"][..];
    basis(
        &["--timestep", "999", "--count", "0"],
        "0 singular vectors asked for, expected 1 to 384",
    );
    basis(&["--timestep", "999", "--count", "385"], "expected 1 to 384");
    for t in ["-1", "1000", "NaN"] {
        basis(
            &["--timestep", t, "--count", "2"],
            "expected a number from 0 to 999",
        );
    }
    basis(
        &["--timestep", "990", "--count", "2", "--steps", "1001"],
        "1001 steps, expected 1 to 1000",
    );
    basis(&[last, &["--tolerance", "0"]].concat(), "tolerance: found 0");
    basis(&[last, &["--blocks", "0"]].concat(), "expected at least 1");

    let x = dir.path().join("x.safetensors");
    let save = |shape: &[usize], value: f32| {
        let mut values = vec![0.5; shape.iter().product()];
        values[7] = value;
        let tensor = TensorF32 {
            shape: shape.to_vec(),
            values,
        };
        save_f32(&x, [("x", &tensor)], &BTreeMap::new()).unwrap();
    };
    let with_x = [last, &["--x", text(&x)]].concat();
    save(&[1, 24, 16], f32::NAN);
    basis(&with_x, "NaN");
    save(&[3, 24, 16], 0.0);
    basis(&with_x, "x has 3 channels, expected 1");
    save(&[24, 16], 0.0);
    basis(&with_x, "expected [C,H,W] or [B,C,H,W]");
    save(&[1, 24, 18], 0.0);
    basis(&with_x, "24 x 18");
    save(&[2, 1, 24, 16], 0.0);
    basis(
        &[&with_x[..], &["--sample", "2"]].concat(),
        "the file holds 2 samples",
    );
    let picture = dir.path().join("x.png");
    basis(&[last, &["--x", text(&picture)]].concat(), "a picture holds data");
    basis(
        &[last, &["--x", text(&dir.path().join("none.npy"))]].concat(),
        "no such file",
    );
    basis(&[last, &["--context", text(&x)]].concat(), "no cross-attention");
    refused(
        &[&["basis", model, "--out", text(&file)], last].concat(),
        "output directory is not writable",
    );
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);

    let other = fixture("cifar").join("svd.safetensors");
    refused(&["spectrum", text(&other)], "expected `gibbs.diffusion.basis`");
    let good = padded(&dir, "good", "999", &[]).join("basis.safetensors");
    let bytes = std::fs::read(&good).unwrap();
    let short = dir.path().join("short.safetensors");
    std::fs::write(&short, &bytes[..bytes.len() - 9]).unwrap();
    refused(&["distances", text(&good), text(&short)], "truncated");
    refused(
        &["distances", text(&good), "--count", "4"],
        "the basis holds 3 vectors",
    );
    refused(
        &["transport", text(&good), text(&good), "--direction", "3"],
        "the basis holds 3, from 0",
    );
    let edit = [
        "edit",
        model,
        "--timestep",
        "999",
        "--basis",
        text(&good),
        "--direction",
    ];
    refused(&[&edit[..], &["0"]].concat(), "--out DIR");
    refused(
        &[&edit[..], &["3", "--out", text(&out)]].concat(),
        "the basis holds 3",
    );
    let cifar = fixture("cifar");
    refused(
        &[
            "edit",
            text(&cifar),
            "--timestep",
            "5",
            "--basis",
            text(&good),
            "--direction",
            "0",
            "--out",
            text(&out),
        ],
        "channels",
    );
    refused(
        &[
            "edit",
            model,
            "--timestep",
            "0",
            "--direction",
            "0",
            "--out",
            text(&out),
        ],
        "hint: give --gamma",
    );
    assert_eq!(std::fs::read_dir(&out).unwrap().count(), 0);
}

#[test] // the schedule is not used, so that whatever stands there does no harm; and what compares nothing does not pass
fn nets_are_checked_by_what_is_stored() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("net");
    std::fs::create_dir(&folder).unwrap();
    for file in ["config.json", "diffusion_pytorch_model.safetensors"] {
        std::fs::copy(fixture("cifar").join(file), folder.join(file)).unwrap();
    }
    let other = r#"{"_class_name": "UniPCMultistepScheduler", "solver_order": 3}"#;
    std::fs::write(folder.join("scheduler_config.json"), other).unwrap();
    let check = |io: &Path, code| {
        let output = run(&["net", "check", text(&folder), text(io), "--json", "--quiet"]);
        object(&output, code)
    };
    assert_eq!(
        check(&fixture("cifar").join("io.safetensors"), 0)["ended"],
        "passed"
    );
    // Verbs that move samples do look at it.
    let never = dir.path().join("never");
    let words = ["sample", text(&folder), "--out", text(&never)];
    refused(&words, "UniPCMultistepScheduler");
    let empty = dir.path().join("empty.safetensors");
    let tensors = |count: usize| {
        let of = |shape: &[usize]| TensorF32 {
            shape: shape.to_vec(),
            values: vec![0.0; shape.iter().product()],
        };
        [
            ("x", of(&[2, 3, 32, 32])),
            ("t", of(&[2])),
            ("tangents", of(&[count, 3, 32, 32])),
            ("jvp", of(&[count, 16, 4, 4])),
        ]
    };
    for (count, why) in [(0, "no entries"), (2, "all is zero")] {
        let tensors = tensors(count);
        let named = tensors.iter().map(|(name, tensor)| (*name, tensor));
        save_f32(&empty, named, &BTreeMap::new()).unwrap();
        let message = check(&empty, 2)["message"].as_str().unwrap().to_owned();
        assert!(
            message.contains("nothing to compare in `jvp`") && message.contains(why),
            "{message}"
        );
    }
}
