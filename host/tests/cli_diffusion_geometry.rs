//! `gibbs diffusion basis | spectrum | distances | edit | transport` as a user meets them, on small random U-Nets.
//!
//! Mutations seen red: the Jacobian taken at time 0; exit code 0 at the limit; the plain sample drawn from the edited x;
//! a folder's bases earliest time first; times up to T.

#[path = "support/cli.rs"]
mod cli;
#[path = "../../fixtures/tolerances.rs"]
#[allow(dead_code, unreachable_pub)] // each binary uses a part
mod tolerance;

use cli::{Place, column, numbers, out};
use gibbs::data::safetensors::{Finite, SafetensorsFile, TensorF32, save_f32};
use gibbs::diffusion::pullback::distance::{Subspace, principal_angles};
use std::collections::BTreeMap;
use tolerance::{NET_SINGULAR_VALUE, NET_SUBSPACE, ROUNDING, VECTORS_SINGLE};

/// The sine of the largest angle between two spans.
fn sine(a: &[f32], b: &[f32], d: usize) -> f64 {
    let [a, b] = [a, b].map(|rows| Subspace::new(rows, d).unwrap());
    principal_angles(&a, &b).unwrap().last().unwrap().sin()
}

/// A basis of the small net `padded` from noise, at a time, in a folder.
fn padded(place: &Place, folder: &str, timestep: u32, more: &str) {
    place.json(&format!(
        "diffusion basis unet/padded --timestep {timestep} --count 3 --steps 2 --out {folder} {more}"
    ));
}

#[test]
fn the_basis_is_that_of_the_dense_jacobian() {
    let place = Place::new();
    let t = place.tensor("unet/cifar/io.safetensors", "t").values[0].to_string();
    let exact = SafetensorsFile::open(&place.path("unet/cifar/svd.safetensors")).unwrap();
    let singular_values = exact.read_f64("singular_values", Finite::Check).unwrap().values;
    let [v, u] = ["V", "U"].map(|name| exact.read_f32(name, Finite::Check).unwrap().values);
    for k in [6, 1] {
        let found = place.json(&format!(
            "diffusion basis unet/cifar --x unet/cifar/io.safetensors --timestep {t} --count {k} \
             --tolerance 1e-5 --blocks 200 --out out"
        ));
        assert_eq!(found["timestep"].as_f64().unwrap().to_string(), t);
        assert_eq!(found["dimensions"]["h"], serde_json::json!([16, 4, 4]));
        assert_eq!(found["ended"], "converged");
        assert_eq!(
            found["tangents"].as_u64(),
            found["passes"].as_u64().map(|passes| k as u64 * passes)
        );
        let errors = column(&found["triplets"], "error");
        for ((found, exact), error) in (column(&found["triplets"], "singular_value").iter())
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
        let [found_v, found_u] = ["V", "U"].map(|name| place.tensor("out/basis.safetensors", name));
        assert_eq!(
            (found_v.shape, found_u.shape),
            (vec![k, 3, 32, 32], vec![k, 16, 4, 4])
        );
        let sines = [
            sine(&found_v.values, &v[..k * 3072], 3072),
            sine(&found_u.values, &u[..k * 256], 256),
        ];
        assert!(sines.iter().all(|sine| *sine <= NET_SUBSPACE), "{sines:?}");
        let file = SafetensorsFile::open(&place.path("out/basis.safetensors")).unwrap();
        let metadata = file.metadata();
        assert_eq!(metadata["kind"], "gibbs.diffusion.basis");
        assert_eq!(metadata["version"], "2");
        assert_eq!(metadata["timestep"], t);
        assert!(place.path("out/basis.png").is_file());
    }
}

#[test] // a Jacobian of 16 rows whose last value is far below the first: closed by two blocks, and measured
fn the_smallest_value_is_right_within_its_error() {
    let place = Place::new();
    for seed in [0, 1, 2] {
        let found = place.json(&format!(
            "diffusion basis unet/small --x unet/small/x.npy --timestep 811 --count 16 --seed {seed}"
        ));
        let [s, error] = ["singular_value", "error"].map(|field| column(&found["triplets"], field)[15]);
        // By a dense decomposition in f64.
        assert!((s - 0.008_729).abs() <= 2e-6, "{seed}: {s}");
        assert!(error < 1e-4 && error > 0.0, "{seed}: {error}");
        assert_eq!(found["triplets"][15]["resolved"], true);
    }
}

#[test] // one pass is not enough, and the result says so
fn a_basis_that_did_not_converge_is_printed_with_exit_code_1() {
    let place = Place::new();
    let call = "diffusion basis unet/padded --timestep 999 --count 2 --blocks 1";
    let found = place.answer(call, 1);
    assert_eq!(found["ended"], "blocks");
    assert_eq!(found["passes"], 1);
    assert_eq!(column(&found["triplets"], "residual").len(), 2);
    let output = place.call(call);
    assert_eq!(output.status.code(), Some(1));
    assert!(out(&output).contains("no: "), "{}", out(&output));
}

#[test]
fn the_seed_alone_decides() {
    let place = Place::new();
    let bytes = |more: &str| {
        padded(&place, "out", 700, more);
        place.bytes("out/basis.safetensors")
    };
    let first = bytes("");
    assert!(first == bytes("--threads 1"));
    assert!(first != bytes("--seed 1"));
    let x = "--x unet/padded/io.safetensors --blocks 30";
    assert!(bytes(x) == bytes(&format!("{x} --threads 1")));
}

const A: &str = "bases/t800/basis.safetensors";
const B: &str = "bases/t400/basis.safetensors";
const C: &str = "bases/t100/basis.safetensors";

/// Three bases of `padded` at three times.
fn bases() -> Place {
    let place = Place::new();
    for t in [800, 400, 100] {
        padded(&place, &format!("bases/t{t}"), t, "");
    }
    place
}

#[test]
fn distances_of_bases() {
    let place = bases();
    let found = place.json("diffusion distances bases --out figures");
    assert_eq!(numbers(&found["timesteps"]), [800.0, 400.0, 100.0]);
    assert_eq!((&found["count"], &found["dimension"]), (&3.into(), &576.into()));
    let rows = found["distances"].as_array().unwrap();
    let matrix: Vec<Vec<f64>> = rows.iter().map(numbers).collect();
    let largest = found["largest"].as_f64().unwrap();
    for (i, row) in matrix.iter().enumerate() {
        assert_eq!(row[i], 0.0);
        for (j, x) in row.iter().enumerate() {
            assert_eq!(*x, matrix[j][i]);
            assert!(i == j || *x > 1e-3 && *x <= largest);
        }
    }
    let turn = found["total_turn"].as_f64().unwrap();
    assert!((turn - matrix[0][1] - matrix[1][2]).abs() <= ROUNDING);
    // Three random dimensions of 576 are nearly orthogonal to any three others.
    let chance = found["chance"]["mean"].as_f64().unwrap();
    assert!(chance < largest && chance > 0.9 * largest, "{chance} {largest}");
    assert_eq!(
        place.names("figures"),
        ["distances.csv", "distances.png", "distances.svg"]
    );
    assert_eq!(place.read("figures/distances.csv").lines().count(), 4);

    // The given order is kept, and the way back is as long.
    let back = place.json(&format!("diffusion distances {C} {B} {A}"));
    assert_eq!(numbers(&back["timesteps"]), [100.0, 400.0, 800.0]);
    assert!((back["total_turn"].as_f64().unwrap() - turn).abs() <= ROUNDING);
    // One vector of x: the distance is the angle between the two.
    let one = place.json(&format!("diffusion distances {A} {B} --space x --count 1"));
    let [first, second] = [A, B].map(|file| place.tensor(file, "V").values[..384].to_vec());
    let products = first
        .iter()
        .zip(&second)
        .map(|(a, b)| f64::from(*a) * f64::from(*b));
    let angle = products.sum::<f64>().abs().min(1.0).acos();
    assert!((one["distances"][0][1].as_f64().unwrap() - angle).abs() <= VECTORS_SINGLE);
    assert!(
        place
            .shown(&format!("diffusion distances {A} {B}"))
            .contains("chance")
    );
}

#[test] // Parseval: the power of unit vectors over all frequencies is 1 / channels
fn spectra_of_bases() {
    let place = bases();
    let found = place.json(&format!("diffusion spectrum {A} {C} --out figures"));
    let frequencies = numbers(&found["frequencies"]);
    assert_eq!(frequencies.iter().sum::<f64>(), 24.0 * 16.0);
    for basis in found["bases"].as_array().unwrap() {
        let power = numbers(&basis["power"]);
        let power: f64 = power.iter().zip(&frequencies).map(|(p, n)| p * n).sum();
        assert!((power - 1.0).abs() <= VECTORS_SINGLE, "{power}");
        assert!(basis["centroid"].as_f64().unwrap() > 0.0);
    }
    assert!(place.path("figures/spectrum.svg").is_file());
}

#[test]
fn directions_are_brought_from_basis_to_basis() {
    let place = bases();
    // Onto its own basis a direction is brought as it is.
    let found = place.json(&format!("diffusion transport {A} {A} --direction 1"));
    assert!((found["kept"].as_f64().unwrap() - 1.0).abs() <= VECTORS_SINGLE);
    for (at, x) in numbers(&found["coordinates"]).iter().enumerate() {
        assert!((x - f64::from(u8::from(at == 1))).abs() <= VECTORS_SINGLE);
    }
    let found = place.json(&format!(
        "diffusion transport {A} {B} --direction 0 --out brought"
    ));
    let kept = found["kept"].as_f64().unwrap();
    assert!(kept > 0.0 && kept < 1.0, "{kept}");
    // An edit takes what transport wrote.
    let direction = "brought/direction.safetensors";
    let found = place.json(&format!(
        "diffusion edit unet/padded --timestep 400 --direction-file {direction} --steps 2 \
         --steps-of-guidance 1 --out edited"
    ));
    assert!(found["change"]["x"].as_f64().unwrap() > 0.0);
    assert_eq!(
        place.tensor("edited/edit.safetensors", "v"),
        place.tensor(direction, "v")
    );
}

#[test]
fn an_edit_without_strength_is_the_plain_sample() {
    let place = Place::new();
    padded(&place, "basis", 600, "");
    let edit = |more: &str| {
        let found = place.json(&format!(
            "diffusion edit unet/padded --timestep 600 --basis basis/basis.safetensors --direction 1 \
             --steps 3 --steps-of-guidance 2 --out out {more}"
        ));
        assert!(place.path("out/edit.png").is_file());
        let names = ["x", "x_edited", "original", "edited"];
        (
            found,
            names.map(|name| place.tensor("out/edit.safetensors", name).values),
        )
    };
    let (_, [x, x_edited, original, edited]) = edit("--gamma 0");
    assert_eq!(x, place.tensor("basis/basis.safetensors", "x").values);
    assert_eq!((&x, &original), (&x_edited, &edited));
    for more in ["--gamma 0 --shoot --keep-contrast", "--delta 0"] {
        let (_, [_, still, plain, edited]) = edit(more);
        assert_eq!((&still, &plain, &edited), (&x, &original, &original), "{more:?}");
    }
    let (found, [_, there, plain, edited]) = edit("");
    assert_eq!((found["gamma"].as_f64(), &plain), (Some(4.0), &original));
    assert!(edited != original && there != x);
    // v fixed, and v transported to the basis of where the first step led.
    let (found, [_, shot, plain, _]) = edit("--shoot --count 3 --blocks 30");
    assert!(shot != there && plain == original);
    let kept = found["kept"].as_f64().unwrap();
    assert!(kept > 0.0 && kept < 1.0, "{kept}");
    let (_, [_, kept_contrast, _, _]) = edit("--keep-contrast");
    assert!(kept_contrast != there);
}

#[test]
fn bad_input_is_refused_and_nothing_written() {
    let place = Place::new();
    place.write("file", "no folder");
    place.refusals(
        "diffusion basis unet/padded",
        "
        --timestep 999 --count 0 --out never => 0 singular vectors asked for, expected 1 to 384
        --timestep 999 --count 385 --out never => expected 1 to 384
        --timestep -1 --count 2 --out never => expected a number from 0 to 999
        --timestep 1000 --count 2 --out never => expected a number from 0 to 999
        --timestep NaN --count 2 --out never => expected a number from 0 to 999
        --timestep 990 --count 2 --steps 1001 --out never => 1001 steps, expected 1 to 1000
        --timestep 999 --count 2 --tolerance 0 --out never => tolerance: found 0
        --timestep 999 --count 2 --blocks 0 --out never => expected at least 1
        --timestep 999 --count 2 --x x.png --out never => a picture holds data
        --timestep 999 --count 2 --x none.npy --out never => no such file
        --timestep 999 --count 2 --out file => output directory is not writable
        ",
    );
    let call = "diffusion basis unet/padded --timestep 999 --count 2 --out never";
    for (shape, value, more, words) in [
        (&[1, 24, 16][..], f32::NAN, "", "NaN"),
        (&[3, 24, 16], 0.0, "", "x has 3 channels, expected 1"),
        (&[24, 16], 0.0, "", "expected [C,H,W] or [B,C,H,W]"),
        (&[1, 24, 18], 0.0, "", "24 x 18"),
        (&[2, 1, 24, 16], 0.0, "--sample 2", "the file holds 2 samples"),
    ] {
        let mut values = vec![0.5; shape.iter().product()];
        values[7] = value;
        let shape = shape.to_vec();
        let tensor = TensorF32 { shape, values };
        save_f32(&place.path("x.safetensors"), [("x", &tensor)], &BTreeMap::new()).unwrap();
        place.refused(&format!("{call} --x x.safetensors {more}"), words);
    }
    place.refused(&format!("{call} --context x.safetensors"), "no cross-attention");

    padded(&place, "good", 999, "");
    let bytes = place.bytes("good/basis.safetensors");
    place.write("basis.safetensors", &bytes);
    place.write("short.safetensors", &bytes[..bytes.len() - 9]);
    place.refusals(
        "diffusion",
        "
        spectrum unet/cifar/svd.safetensors => expected `gibbs.diffusion.basis`
        distances basis.safetensors short.safetensors => truncated
        distances basis.safetensors --count 4 => the basis holds 3 vectors
        transport basis.safetensors basis.safetensors --direction 3 => the basis holds 3, from 0
        edit unet/padded --timestep 999 --basis basis.safetensors --direction 0 => --out DIR
        edit unet/padded --timestep 999 --basis basis.safetensors --direction 3 --out never => the basis holds 3
        edit unet/cifar --timestep 5 --basis basis.safetensors --direction 0 --out never => channels
        edit unet/padded --timestep 0 --direction 0 --out never => hint: give --gamma
        ",
    );
}

#[test] // the schedule is not used, so that whatever stands there does no harm; and what compares nothing does not pass
fn nets_are_checked_by_what_is_stored() {
    let place = Place::new();
    std::fs::create_dir(place.path("net")).unwrap();
    for file in ["config.json", "diffusion_pytorch_model.safetensors"] {
        place.write(&format!("net/{file}"), place.bytes(&format!("unet/cifar/{file}")));
    }
    let other = r#"{"_class_name": "UniPCMultistepScheduler", "solver_order": 3}"#;
    place.write("net/scheduler_config.json", other);
    let found = place.json("net check net unet/cifar/io.safetensors");
    assert_eq!(found["ended"], "passed");
    // Verbs that move samples do look at it.
    place.refused("diffusion sample net --out never", "UniPCMultistepScheduler");
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
        save_f32(&place.path("empty.safetensors"), named, &BTreeMap::new()).unwrap();
        let words = format!("nothing to compare in `jvp` & {why}");
        place.refused("net check net empty.safetensors", &words);
    }
}
