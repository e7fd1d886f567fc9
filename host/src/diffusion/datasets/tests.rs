//! Laws of the factors, closed forms of what is painted, exact results for the Ising set.
//!
//! Mutations seen red: softer edge of the disc, pixels at their corner, lengths not scaled, radius up to 4, the stream of
//! another set; bars: sign of the rotation, harder edge, heights added, two bars at 0.6, half of the directions; Ising:
//! 3 sweeps, the temperature of the next sample, beta 5 % low, start from all -1 (by the bits alone: the law
//! forgets it); digits: 15 for white, fractions taken, labels to 16.
//!
//! Statistical tests: fixed seeds; each bound of six standard errors fails by chance with probability 2e-9.

use super::*;
use crate::data::npy::write_array;
use crate::garrote::testing::tolerance::{SOFT_BAR, SOFT_EDGE};
use crate::ising::oracle::{kaufman, magnetisation};
use gibbs_core::random::{FNV_OFFSET, fnv1a};
use std::f64::consts::PI;

fn sample(set: &dyn Dataset, index: u64) -> Vec<f32> {
    let mut pixels = vec![f32::NAN; set.shape().iter().product()];
    set.fill(index, &mut pixels).unwrap();
    pixels
}

fn sets(seed: u64) -> Vec<Box<dyn Dataset>> {
    vec![
        Box::new(Discs::new(16, seed).unwrap()),
        Box::new(DiscsAndBars::new(16, seed).unwrap()),
        Box::new(Configurations::new(16, &Configurations::TEMPERATURES, seed).unwrap()),
    ]
}

#[test] // law: diffusion-datasets
fn a_sample_depends_on_seed_name_and_index_alone() {
    for (set, other) in sets(1).iter().zip(sets(2)) {
        assert_eq!((set.count(), set.shape()), (None, [1, 16, 16]));
        let third = sample(set.as_ref(), 3);
        for index in [0, u64::MAX, 4] {
            assert_ne!(sample(set.as_ref(), index), third);
        }
        assert_eq!(sample(set.as_ref(), 3), third);
        assert_ne!(sample(other.as_ref(), 3), third);
        assert!(third.iter().all(|value| (-1.0..=1.0).contains(value)));
    }
    let (plain, busy) = (Discs::new(16, 1).unwrap(), DiscsAndBars::new(16, 1).unwrap());
    assert_ne!(plain.disc(3), busy.scene(3).disc);
}

#[test] // what a model was trained on must not change unseen: regression, all mathematics through libm
fn the_bits_of_the_sets_are_kept() {
    let hash = |set: &dyn Dataset| {
        let pixels = (0..6).flat_map(|index| sample(set, index));
        pixels.fold(FNV_OFFSET, |hash, pixel| fnv1a(hash, &pixel.to_le_bytes()))
    };
    let hashes: Vec<u64> = sets(0).iter().map(|set| hash(set.as_ref())).collect();
    assert_eq!(
        hashes,
        [
            0x105B_ED4B_1A2B_88D6,
            0xBE5D_0AB9_E5E4_6A3D,
            0xFCCF_0D08_9F27_10A5
        ]
    );
}

/// Mean and variance of draws that should be uniform: variance of the variance (b - a)^4 / 180.
fn is_uniform(name: &str, draws: &[f64], low: f64, high: f64) {
    assert!(draws.iter().all(|x| (low..high).contains(x)), "{name}");
    let (n, width) = (draws.len() as f64, high - low);
    let middle = f64::midpoint(low, high);
    let mean = draws.iter().sum::<f64>() / n - middle;
    let variance = draws.iter().map(|x| (x - middle).powi(2)).sum::<f64>() / n - width.powi(2) / 12.0;
    assert!(
        mean.abs() < 6.0 * width / (12.0 * n).sqrt(),
        "{name}: mean {mean}"
    );
    let error = width.powi(2) / (180.0 * n).sqrt();
    assert!(variance.abs() < 6.0 * error, "{name}: variance {variance}");
}

#[test] // law: diffusion-datasets
fn the_factors_follow_their_laws() {
    let discs = Discs::new(16, 5).unwrap();
    let drawn: Vec<Disc> = (0..4000).map(|index| discs.disc(index)).collect();
    let column = |f: fn(&Disc) -> f64| drawn.iter().map(f).collect::<Vec<f64>>();
    let factors = [
        ("x", column(|d| d.x), 4.0, 12.0),
        ("y", column(|d| d.y), 4.0, 12.0),
        ("radius", column(|d| d.radius), 2.0, 4.5),
        ("brightness", column(|d| d.brightness), 0.4, 1.6),
    ];
    for (name, values, low, high) in &factors {
        is_uniform(name, values, *low, *high);
        for (_, others, bottom, top) in factors.iter().filter(|factor| factor.0 != *name) {
            let unit =
                |x: f64, low: f64, high: f64| (x - f64::midpoint(low, high)) / (high - low) * 12_f64.sqrt();
            let pairs = values.iter().zip(others);
            let sum: f64 = pairs
                .map(|(a, b)| unit(*a, *low, *high) * unit(*b, *bottom, *top))
                .sum();
            assert!(sum.abs() < 6.0 * 4000_f64.sqrt(), "{name} is correlated: {sum}");
        }
    }
    let busy = DiscsAndBars::new(16, 5).unwrap();
    let scenes: Vec<Scene> = (0..4000).map(|index| busy.scene(index)).collect();
    let two = scenes.iter().filter(|scene| scene.second.is_some()).count() as f64;
    assert!((two - 2000.0).abs() < 6.0 * 1000_f64.sqrt(), "{two}");
    let bars: Vec<Bar> = scenes
        .iter()
        .flat_map(|scene| [Some(scene.bar), scene.second])
        .flatten()
        .collect();
    let column = |f: fn(&Bar) -> f64| bars.iter().map(f).collect::<Vec<f64>>();
    is_uniform("bar x", &column(|b| b.x), 4.0, 12.0);
    is_uniform("bar y", &column(|b| b.y), 4.0, 12.0);
    is_uniform("angle", &column(|b| b.angle), 0.0, PI);
    is_uniform("length", &column(|b| b.length), 3.0, 6.0);
    is_uniform("width", &column(|b| b.width), 0.6, 1.2);
    is_uniform("bar brightness", &column(|b| b.brightness), 0.4, 1.6);
}

/// Σ height over all pixels, in units of the area of a sixteenth squared, with its first and second moments.
fn moments(side: usize, pixels: &[f32]) -> [f64; 6] {
    let unit = 16.0 / side as f64;
    let mut sums = [0.0; 6];
    for (index, pixel) in pixels.iter().enumerate() {
        let mass = (f64::from(*pixel) + 1.0) * unit * unit;
        let (x, y) = ((index % side) as f64, (index / side) as f64);
        let (x, y) = ((x + 0.5) * unit, (y + 0.5) * unit);
        for (sum, weight) in sums.iter_mut().zip([1.0, x, y, x * x, x * y, y * y]) {
            *sum += mass * weight;
        }
    }
    sums
}

// mass 2 pi b (r²/2 + pi²/(6 k²) + Li2(-e^-kr)/k²) with k = 2, centre of mass at the centre; at any fineness
#[test] // oracle: diffusion-datasets
fn the_disc_has_the_mass_of_its_law() {
    let disc = Disc {
        x: 7.5,
        y: 8.25,
        radius: 2.5,
        brightness: 1.25,
    };
    let z = (-5.0_f64).exp();
    let tail = -z + z * z / 4.0;
    let mass = 2.0 * PI * 1.25 * (2.5 * 2.5 / 2.0 + (PI * PI / 6.0 + tail) / 4.0);
    for side in [16, 32, 64] {
        let mut pixels = vec![0.0; side * side];
        disc.render(side, &mut pixels).unwrap();
        let [got, x, y, ..] = moments(side, &pixels);
        let near = |got: f64, expected: f64| (got / expected - 1.0).abs() < SOFT_EDGE;
        assert!(near(got, mass), "{got} against {mass}");
        assert!(
            near(x / got, 7.5) && near(y / got, 8.25),
            "{} {}",
            x / got,
            y / got
        );
    }
    // On the rim, a pixel's centre at distance r, the value is half way.
    let disc = Disc {
        x: 8.5,
        y: 8.5,
        radius: 3.0,
        brightness: 1.0,
    };
    let mut pixels = vec![0.0; 256];
    disc.render(16, &mut pixels).unwrap();
    assert_eq!((pixels[8 * 16 + 11], pixels[5 * 16 + 8]), (-0.5, -0.5));
}

#[test] // mass b ln(1 + e^2L) ln(1 + e^2W); the long axis of its second moments is its direction
fn the_bar_has_the_mass_and_the_direction_of_its_law() {
    let softplus = |t: f64| t.exp().ln_1p();
    for angle in [0.0, 0.4, PI / 2.0, 2.5] {
        let bar = Bar {
            x: 8.0,
            y: 7.75,
            angle,
            length: 3.0,
            width: 0.75,
            brightness: 0.8,
        };
        let dark = Disc {
            x: 8.0,
            y: 8.0,
            radius: 2.0,
            brightness: 0.0,
        };
        let scene = Scene {
            disc: dark,
            bar,
            second: None,
        };
        let side = 64;
        let mut pixels = vec![0.0; side * side];
        scene.render(side, &mut pixels).unwrap();
        let [mass, x, y, xx, xy, yy] = moments(side, &pixels);
        let expected = 0.8 * softplus(6.0) * softplus(1.5);
        // The corners |u| = 0 of the profile are kinks: second order in the pixel.
        assert!(
            (mass / expected - 1.0).abs() < SOFT_BAR,
            "{mass} against {expected}"
        );
        let (x, y) = (x / mass, y / mass);
        assert!(
            (x - 8.0).abs() < SOFT_BAR && (y - 7.75).abs() < SOFT_BAR,
            "{x} {y}"
        );
        let (xx, xy, yy) = (xx / mass - x * x, xy / mass - x * y, yy / mass - y * y);
        let axis = (2.0 * xy).atan2(xx - yy) / 2.0;
        assert!((axis - angle).sin().abs() < SOFT_BAR, "{axis} against {angle}");
    }
}

#[test]
fn overlapping_shapes_show_the_highest() {
    let scene = (0..).map(|index| DiscsAndBars::new(16, 3).unwrap().scene(index));
    let scene = scene.into_iter().find(|scene| scene.second.is_some()).unwrap();
    let dark = |mut scene: Scene, keep: usize| {
        for (place, brightness) in [
            (0, &mut scene.disc.brightness),
            (1, &mut scene.bar.brightness),
            (2, &mut scene.second.as_mut().unwrap().brightness),
        ] {
            if place != keep {
                *brightness = 0.0;
            }
        }
        let mut pixels = vec![0.0; 256];
        scene.render(16, &mut pixels).unwrap();
        pixels
    };
    let alone = [0, 1, 2].map(|keep| dark(scene, keep));
    let mut whole = vec![0.0; 256];
    scene.render(16, &mut whole).unwrap();
    for (index, value) in whole.iter().enumerate() {
        let highest = alone.iter().map(|pixels| pixels[index]).fold(-1.0, f32::max);
        assert_eq!(*value, highest);
    }
}

// mean energy of Kaufman's finite torus, with its exact variance
#[test] // oracle: diffusion-datasets
fn ising_energies_are_those_of_the_finite_lattice() {
    let side = 16;
    let set = Configurations::new(side, &Configurations::TEMPERATURES, 11).unwrap();
    let samples = 100;
    for which in 0..3 {
        let beta = 1.0 / set.temperature(which);
        let exact = kaufman::torus(side, side, beta).unwrap();
        let mut sum = 0.0;
        for index in 0..samples {
            let pixels = sample(&set, 3 * index + which);
            assert!(pixels.iter().all(|value| value.abs() == 1.0));
            let at = |x: usize, y: usize| pixels[y % side * side + x % side];
            let sites = (0..side * side).map(|site| (site % side, site / side));
            sum -= sites
                .map(|(x, y)| f64::from(at(x, y) * (at(x + 1, y) + at(x, y + 1))))
                .sum::<f64>();
        }
        let error = exact.heat_capacity.sqrt() / beta / (samples as f64).sqrt();
        let deviation = (sum / samples as f64 - exact.energy) / error;
        assert!(deviation.abs() < 6.0, "T = {}: {deviation}", 1.0 / beta);
    }
}

// <m²> and its variance <m⁴> - <m²>² from the exact law of the 8 x 8 torus; <m> = 0
#[test] // oracle: diffusion-datasets
fn ising_magnetisations_follow_the_exact_law() {
    let side = 8;
    let set = Configurations::new(side, &Configurations::TEMPERATURES, 12).unwrap();
    let samples = 300;
    for which in 0..3 {
        let law = magnetisation::torus(side, 1.0 / set.temperature(which)).unwrap();
        let (mut first, mut second) = (0.0, 0.0);
        for index in 0..samples {
            let pixels = sample(&set, 3 * index + which);
            let m = pixels.iter().map(|value| f64::from(*value)).sum::<f64>() / 64.0;
            (first, second) = (first + m, second + m * m);
        }
        let n = samples as f64;
        let variance = law.mean(|m| m.powi(4)) - law.square().powi(2);
        let deviation = (second / n - law.square()) / (variance / n).sqrt();
        assert!(deviation.abs() < 6.0, "<m²>: {deviation}");
        let deviation = first / n / (law.square() / n).sqrt();
        assert!(deviation.abs() < 6.0, "<m>: {deviation}");
    }
}

#[test]
fn temperatures_take_turns() {
    let set = Configurations::new(8, &[1.5, 4.0], 0).unwrap();
    assert_eq!(
        [0, 1, 2, 3].map(|index| set.temperature(index)),
        [1.5, 4.0, 1.5, 4.0]
    );
    for bad in [&[][..], &[0.0], &[1.0, -2.0], &[f64::NAN], &[f64::INFINITY]] {
        let message = Configurations::new(8, bad, 0).unwrap_err().to_string();
        assert!(message.contains("temperatures"), "{message}");
    }
}

#[test]
fn digits_are_scaled_and_labelled() {
    let folder = tempfile::tempdir().unwrap();
    let (images, labels) = (folder.path().join("i.npy"), folder.path().join("l.npy"));
    let grey: Vec<f32> = (0..128).map(|k| (k % 17) as f32).collect();
    write_array(&images, &[2, 64], &grey).unwrap();
    write_array(&labels, &[2], &[7.0, 0.0]).unwrap();
    let set = Digits::read(&images, &labels).unwrap();
    assert_eq!(
        (set.count(), set.shape(), set.labels()),
        (Some(2), [1, 8, 8], &[7, 0][..])
    );
    let pixels = sample(&set, 1);
    assert_eq!(pixels[..6], [0.625, 0.75, 0.875, 1.0, -1.0, -0.875]);
    let mut buffer = vec![0.0; 64];
    let missing = set.fill(2, &mut buffer).unwrap_err().to_string();
    assert_eq!(missing, "sample 2 of 2");
    let short = set.fill(0, &mut buffer[1..]).unwrap_err().to_string();
    assert!(short.contains("63 values for an image of 64"), "{short}");

    let refused = |shape: &[usize], grey: &[f32], marks: &[f32], expected: &str| {
        write_array(&images, shape, grey).unwrap();
        write_array(&labels, &[marks.len()], marks).unwrap();
        let message = Digits::read(&images, &labels).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    refused(&[4, 32], &grey, &[0.0; 4], "i.npy: shape [4, 32]");
    refused(&[2, 64], &grey, &[0.0; 3], "l.npy: shape [3], expected [2]");
    refused(&[2, 64], &grey, &[0.0, 10.0], "l.npy: entry 1 is 10");
    for bad in [17.0, -1.0, 0.5] {
        let mut grey = grey.clone();
        grey[100] = bad;
        refused(&[2, 64], &grey, &[0.0; 2], "i.npy: entry 100");
    }
    let none = Digits::read(&folder.path().join("none.npy"), &labels).unwrap_err();
    assert!(none.to_string().contains("no such file"));
}

#[test] // edge: diffusion-datasets
fn sides_and_buffers_out_of_range_are_refused() {
    for side in [0, 3, 4097] {
        assert!(Discs::new(side, 0).is_err() && DiscsAndBars::new(side, 0).is_err());
    }
    for side in [0, 2, 257] {
        assert!(Configurations::new(side, &[1.0], 0).is_err());
    }
    for set in sets(0) {
        let message = set.fill(0, &mut [0.0; 255]).unwrap_err().to_string();
        assert!(message.contains("255 values for an image of 256"), "{message}");
    }
}
