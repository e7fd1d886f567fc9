//! `gibbs diffusion global`, directions from elsewhere, latents to start from and the boost, as a user meets
//! them, on small random U-Nets and the trained one of digits.
//!
//! Mutations seen red: one noise for all samples; a latent taken to be of the last time; the boost ignored.

#[path = "support/cli.rs"]
mod cli;
#[path = "../../fixtures/tolerances.rs"]
#[allow(dead_code, unreachable_pub)] // each binary uses a part
mod tolerance;

use cli::Place;
use gibbs::data::images::{Depth, Image, write_png};
use gibbs::diffusion::datasets::{Dataset, Digits};
use gibbs::diffusion::geometry::global::StoredGlobal;
use gibbs::diffusion::geometry::stored::StoredBasis;
use gibbs::diffusion::pullback::distance::{Subspace, distance};
use gibbs::diffusion::pullback::frechet::{Matching, Options, global_basis};
use serde_json::Value;
use tolerance::{ROUNDING, VECTORS_SINGLE};

const HEAD: &str = "--timestep 700 --count 2 --steps 2 --blocks 30";

fn product(a: &[f32], b: &[f32]) -> f64 {
    let pairs = a.iter().zip(b);
    pairs.map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
}

/// The global basis of three samples of `legacy`, its folder `global`; the object and the bases of the samples.
fn global(place: &Place) -> (Value, Vec<StoredBasis>) {
    let found = place.json(&format!(
        "diffusion global unet/legacy --samples 3 {HEAD} --out global"
    ));
    let file = |index: usize| place.path(&format!("global/bases/{index:04}.safetensors"));
    let bases = (0..3).map(|index| StoredBasis::load(&file(index)).unwrap());
    (found, bases.collect())
}

#[test]
fn the_global_basis_is_the_mean_of_the_local_ones() {
    let place = Place::new();
    let (found, bases) = global(&place);
    let frames: Vec<&[f32]> = bases.iter().map(|stored| &stored.basis.u[..]).collect();
    let stored = StoredGlobal::load(&place.path("global/global.safetensors")).unwrap();
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
    place.json(&format!("diffusion basis unet/legacy {HEAD} --out alone"));
    let alone = StoredBasis::load(&place.path("alone/basis.safetensors")).unwrap();
    assert_eq!(alone, bases[0]);
    assert!(bases[1].x != bases[0].x && bases[2].x != bases[1].x);
    // The bases are files as any other.
    let found = place.json("diffusion distances global/bases --out alone");
    assert_eq!(found["bases"].as_array().unwrap().len(), 3);
}

#[test] // u = U' of another sample: v = V U^T u, of unit length
fn a_direction_from_elsewhere_is_brought_here() {
    let place = Place::new();
    let (_, bases) = global(&place);
    let stored = StoredGlobal::load(&place.path("global/global.safetensors")).unwrap();
    let d: usize = stored.hidden.iter().product();
    let here = &bases[0].basis;
    for (from, u) in [
        ("global/global.safetensors", stored.vector(1).unwrap()),
        ("global/bases/0002.safetensors", &bases[2].basis.u[d..]),
    ] {
        let found = place.json(&format!(
            "diffusion edit unet/legacy --timestep 700 --steps 2 --direction-from {from} --direction 1 \
             --steps-of-guidance 1 --out edited"
        ));
        let brought = found["brought"].as_f64().unwrap();
        let along = [0, 1].map(|i| product(&here.u[i * d..(i + 1) * d], u));
        let kept = along[0].hypot(along[1]);
        assert!((brought - kept).abs() <= VECTORS_SINGLE, "{brought} {kept}");
        let v = place.tensor("edited/edit.safetensors", "v").values;
        for (at, x) in v.iter().enumerate() {
            let expected = (0..2).map(|i| along[i] / kept * f64::from(here.v[i * 64 + at]));
            assert!((f64::from(*x) - expected.sum::<f64>()).abs() <= VECTORS_SINGLE);
        }
    }
}

/// A picture of a digit as `latent/latent.safetensors`, a latent of 40 steps; the picture, and how far off the way back printed.
fn latent(place: &Place) -> (Vec<f32>, f64) {
    let shape = [1, 8, 8];
    let mut values = vec![0.0; 64];
    Digits::included().unwrap().fill(3, &mut values).unwrap();
    let held = values.iter().map(|x| ((x + 1.0) * 127.5).round() / 127.5 - 1.0); // as the picture holds it
    let held = held.collect();
    write_png(&place.path("image.png"), &Image { shape, values }, Depth::Eight).unwrap();
    let found = place.json("diffusion invert digits image.png --steps 40 --out latent");
    assert_eq!(found["timestep"], 975.0);
    (held, found["round_trip_rms"].as_f64().unwrap())
}

#[test]
fn a_latent_is_started_from_and_edited() {
    let place = Place::new();
    let (picture, printed) = latent(&place);
    let off = |file: &str, name: &str| {
        let found = place.tensor(file, name).values;
        let squares = picture
            .iter()
            .zip(&found)
            .map(|(a, b)| f64::from((a - b).powi(2)));
        (squares.sum::<f64>() / 64.0).sqrt()
    };
    let start = "--start latent/latent.safetensors";
    // Without motion the image comes back through the time of the edit, by the steps that the latent tells of.
    for (t, hops) in [(500, 21), (610, 26)] {
        let rest = "--gamma 0 --direction 0 --count 1 --blocks 30 --out edited";
        let found = place.json(&format!("diffusion edit digits {start} --timestep {t} {rest}"));
        assert_eq!(found["steps"], hops);
        let error = off("edited/edit.safetensors", "original");
        // A time between two steps adds one.
        assert!(error <= 1.02 * printed, "{t}: {error} {printed}");
    }
    // So it does by `sample`, whose steps by default are those of the latent.
    let found = place.json(&format!("diffusion sample digits {start} --out sampled"));
    assert_eq!(found["steps"], 40);
    let error = off("sampled/samples.safetensors", "x");
    assert!(error <= printed * (1.0 + 1e-6), "{error} {printed}");
    // A file that says of which time it is is brought from there, whatever it is given as.
    let [one, other] = ["x", "start"].map(|given_as| {
        place.json(&format!(
            "diffusion basis digits --{given_as} latent/latent.safetensors --timestep 500 --count 1 \
             --blocks 30 --out {given_as}"
        ));
        place.tensor(&format!("{given_as}/basis.safetensors"), "x").values
    });
    assert_eq!(one, other);
    assert_ne!(one, place.tensor("latent/latent.safetensors", "x").values);
    // A basis of t = 500 used at 300: its sample is brought there, and not at 600.
    let edit = "diffusion edit digits --basis x/basis.safetensors --direction 0 --gamma 0";
    place.json(&format!("{edit} --timestep 300 --out edited"));
    assert_ne!(place.tensor("edited/edit.safetensors", "x").values, one);
    let error = off("edited/edit.safetensors", "original");
    assert!(error <= 1.2 * printed, "{error} {printed}");
    // Images are no noise.
    place.refusals(
        "diffusion",
        "
        sample digits --start latent/latent.safetensors --sampler heun --steps 30 --out never => of t = 975, but 30 steps of heun begin at t = 957
        edit digits --basis x/basis.safetensors --direction 0 --gamma 0 --timestep 600 --out never => the sample is of t = 500
        basis digits --x sampled/samples.safetensors --timestep 500 --count 1 --out never => the sample is of t = 0
        sample digits --start sampled/samples.safetensors --out never => images, of t = 0
        basis digits --count 1 --start latent/latent.safetensors --timestep 990 --out never => the sample is of t = 975
        basis digits --count 1 --start latent/latent.safetensors --timestep 500 --x latent/latent.safetensors => cannot be used with
        ",
    );
}

#[test]
fn both_pictures_have_the_noise_of_the_boost() {
    let place = Place::new();
    let edit = "diffusion edit unet/legacy --timestep 500 --direction 0";
    let pictures = |more: &str| {
        let found = place.json(&format!(
            "{edit} --steps 5 --steps-of-guidance 1 --blocks 30 --out out {more}"
        ));
        let read = |name| place.tensor("out/edit.safetensors", name).values;
        (found, [read("original"), read("edited")])
    };
    let (plain, [unedited, _]) = pictures("--gamma 0");
    assert_eq!(plain["boost"], Value::Null);
    let (found, [original, edited]) = pictures("--gamma 0 --boost");
    assert_eq!(found["boost"], 0.2);
    // Times 500, 400, 200, 0: below 200 is the last hop alone, which ends at data and adds nothing.
    assert_eq!((&original, &edited), (&unedited, &unedited));
    let (_, [original, edited]) = pictures("--gamma 0 --boost=0.35");
    assert!(original == edited && original != unedited);
    let (_, [boosted, edited]) = pictures("--boost=0.35");
    assert!(boosted == original && edited != original);
    for part in ["-0.1", "1.5", "x"] {
        place.refused(&format!("{edit} --boost={part} --out never"), "--boost");
    }
}

#[test]
fn bad_input_is_refused_and_nothing_written() {
    let place = Place::new();
    place.json(&format!("diffusion basis unet/legacy {HEAD} --out good"));
    place.refusals(
        "diffusion",
        "
        global unet/legacy --timestep 700 --count 65 --out never => 65 singular vectors asked for, expected 1 to 64
        global unet/legacy --timestep 700 --count 1 --samples 1 --out never => 1 is not in 2..=9999
        global unet/legacy --timestep 700 --count 1 --steps 0 --out never => 0 steps
        edit unet/legacy --timestep 700 --direction 2 --direction-from good/basis.safetensors --out never => --direction 2: the basis holds 2
        edit unet/legacy --timestep 700 --direction 0 --direction-from unet/legacy/io.safetensors --out never => expected `gibbs.diffusion.basis`
        edit unet/padded --timestep 700 --direction 0 --direction-from good/basis.safetensors --out never => made for h of
        ",
    );
}
