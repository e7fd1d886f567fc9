//! Files there and back, nets of velocity against nets of noise, boosts; ways there and back of whole models.
//!
//! Mutations of the boost seen red: the threshold included; the stream of hop 0 throughout.

use super::global::StoredGlobal;
use super::stored::{StoredBasis, StoredDirection};
use super::*;
use crate::data::DataError;
use crate::diffusion::folder::{LoadOptions, ModelFolder, Prediction as Predicts, SchedulerConfig};
use crate::diffusion::pullback::Ended;
use crate::diffusion::pullback::operator::Passes;
use crate::diffusion::pullback::transport::Direction;
use crate::diffusion::sampling::drawn;
use crate::garrote::testing::tolerance::SINGLE_STEPS;
use std::path::Path;

fn schedule() -> NoiseSchedule {
    NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap()
}

fn geometry<'a>(unet: &'a Unet<f32>, schedule: &'a NoiseSchedule) -> Geometry<'a> {
    Geometry::new(unet, schedule, Guidance::None, Work::plain()).unwrap()
}

fn fixture(folder: &str) -> ModelFolder {
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures");
    ModelFolder::load(&fixtures.join(folder), LoadOptions::default()).unwrap()
}

#[test] // each hop is a step of the core, random where it starts below the threshold
fn boost_adds_the_noise_of_its_stream_below_the_threshold() {
    use gibbs_core::diffusion::ddim;
    use gibbs_core::random;
    let unet = legacy();
    let schedule = schedule();
    let hops = schedule.way(Some(400.0), None, 10).unwrap();
    let start = drawn(3, 1, 64);
    let sampled = |boost| {
        let mut geometry = geometry(&unet, &schedule);
        geometry.boost(boost);
        let mut x = start.clone();
        geometry.sample(&mut x, &hops).unwrap();
        x
    };
    let mut expected = start.clone();
    for (index, hop) in hops.iter().enumerate() {
        let mut geometry = geometry(&unet, &schedule);
        let (mut output, mut next) = (vec![0.0; 64], vec![0.0; 64]);
        geometry.output(&expected, &hop.from, &mut output).unwrap();
        let noise = Prediction::Noise;
        noise.bound(&expected, &mut output, &hop.from, 1.0).unwrap();
        let mut rng = random::stream(7, "diffusion/boost", index as u64);
        let z: Vec<f32> = (0..64).map(|_| random::normal(&mut rng)).collect();
        // Times 400, 300, 200, 100, 0: three are below 300.
        let eta = if index >= 2 { 1.0 } else { 0.0 };
        ddim::step(&expected, &output, &z, hop, noise, eta, None, &mut next).unwrap();
        expected = next;
    }
    let boost = |below| Some(Boost { below, seed: 7 });
    assert_eq!(sampled(boost(300.0)), expected);
    assert!(sampled(None) != expected);
    // The last hop ends at data, where no noise is left to add.
    assert_eq!(sampled(boost(100.0)), sampled(None));
    assert_eq!(sampled(boost(0.0)), sampled(None));
}

/// Root of the mean square of the difference.
fn off(a: &[f32], b: &[f32]) -> f64 {
    let squares = a.iter().zip(b).map(|(a, b)| f64::from(a - b).powi(2));
    (squares.sum::<f64>() / a.len() as f64).sqrt()
}

#[test] // the way to data by way of a time is the way back of inversion: within the error of that way
fn inversion_and_the_way_of_an_edit_return() {
    let folder = fixture("models/digits");
    let unet = Unet::from_folder(&folder, None, 0).unwrap();
    let schedule = NoiseSchedule::new(&folder.scheduler().unwrap().unwrap()).unwrap();
    let digit = crate::diffusion::datasets::Digits::included().unwrap();
    let mut picture = vec![0.0; 64];
    crate::diffusion::datasets::Dataset::fill(&digit, 0, &mut picture).unwrap();
    let mut geometry = geometry(&unet, &schedule);
    let steps = 100;
    let mut latent = picture.clone();
    let there = schedule.inversion(steps).unwrap();
    geometry.sample(&mut latent, &there).unwrap();
    let from = there[steps - 1].to.timestep();
    let mut back = |ways: &[Vec<Hop>]| {
        let mut x = latent.clone();
        for way in ways {
            geometry.sample(&mut x, way).unwrap();
        }
        off(&x, &picture)
    };
    let way = |from, to| schedule.way(from, to, steps).unwrap();
    let printed = back(&[schedule.plan(Kind::Ddim { eta: 0.0 }, steps).unwrap()]);
    assert!(printed < 0.05, "{printed}");
    assert!(back(&[way(Some(from), Some(600.0)), way(Some(600.0), None)]) <= printed);
    // A time between two steps adds a hop.
    assert!(back(&[way(Some(from), Some(604.0)), way(Some(604.0), None)]) <= 1.05 * printed);
    // With the noise kept on the way back, as diffusers does, it would be another digit.
    let kept = schedule
        .clone()
        .clipped(crate::diffusion::schedule::Clipping::KeepNoise);
    let mut x = latent.clone();
    let mut other = self::geometry(&unet, &kept);
    other.sample(&mut x, &way(Some(from), None)).unwrap();
    assert!(off(&x, &picture) > 5.0 * printed, "{}", off(&x, &picture));
}

fn legacy() -> Unet<f32> {
    Unet::from_folder(&fixture("unet/legacy"), None, 0).unwrap()
}

#[test]
fn global_bases_come_back_from_files_and_skew_ones_are_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("global.safetensors");
    let (first, second) = ([0.6, 0.8, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let mut stored = StoredGlobal {
        u: [first, second].concat(),
        hidden: [1, 2, 3],
        distances: vec![0.5, 0.25, 1.0],
        timestep: 612.5,
    };
    stored.to_file().save(&path).unwrap();
    let read = StoredGlobal::load(&path).unwrap();
    assert_eq!(read, stored);
    assert_eq!(
        (read.count(), read.vector(1), read.vector(2)),
        (2, Some(&second[..]), None)
    );
    stored.u[6] = 0.1;
    stored.to_file().save(&path).unwrap();
    let refused = StoredGlobal::load(&path).unwrap_err();
    assert!(
        matches!(&refused, DataError::Tensor { tensor, .. } if tensor == "U"),
        "{refused}"
    );
    assert!(matches!(
        StoredBasis::load(&path),
        Err(DataError::WrongKind { .. })
    ));
}

fn stored() -> StoredBasis {
    let unit = |at: usize, d: usize| (0..d).map(move |i| f32::from(u8::from(i == at)));
    StoredBasis {
        basis: Basis {
            dimensions: (8, 12),
            singular_values: vec![2.0, 0.5, 0.0],
            v: (0..3).flat_map(|i| unit(i, 12)).collect(),
            u: unit(7, 8).chain(unit(2, 8)).chain([0.0; 8]).collect(),
            zero: vec![false, false, true],
            errors: vec![1e-7, 0.25, 0.0],
            residuals: vec![1e-9, 0.1, 0.0],
            blocks: 4,
            passes: Passes {
                tangents: 12,
                cotangents: 12,
            },
            measure: 0.1,
            ended: Ended::Limit,
        },
        x: (0..12_u8).map(f32::from).collect(),
        dimensions: [[3, 2, 2], [2, 2, 2]],
        timestep: 12.5,
    }
}

#[test]
fn bases_and_directions_come_back_from_files() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("basis.safetensors");
    let basis = stored();
    basis.to_file().save(&path).unwrap();
    assert_eq!(StoredBasis::load(&path).unwrap(), basis);
    let direction = StoredDirection {
        direction: Direction {
            v: basis.basis.v[12..24].to_vec(),
            u: basis.basis.u[8..16].to_vec(),
        },
        dimensions: basis.dimensions,
        timestep: 3.0,
    };
    let other = folder.path().join("direction.safetensors");
    direction.to_file().save(&other).unwrap();
    assert_eq!(StoredDirection::load(&other).unwrap(), direction);
    assert!(matches!(
        StoredBasis::load(&other),
        Err(DataError::WrongKind { .. })
    ));
    assert!(matches!(
        StoredDirection::load(&path),
        Err(DataError::WrongKind { .. })
    ));
}

/// Why an altered basis is refused.
fn refusal(change: impl FnOnce(&mut StoredBasis)) -> String {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("basis.safetensors");
    let mut basis = stored();
    change(&mut basis);
    basis.to_file().save(&path).unwrap();
    StoredBasis::load(&path).unwrap_err().to_string()
}

#[test]
fn altered_bases_are_refused() {
    let cases = [
        (refusal(|b| b.basis.v[0] = 0.9), "vectors 0 and 0"),
        (refusal(|b| b.basis.v[12] = 0.1), "vectors 0 and 1"),
        (refusal(|b| b.basis.u[7] = 1.1), "`U`"),
        (refusal(|b| b.basis.singular_values[2] = 3.0), "descending"),
        (refusal(|b| b.basis.singular_values[2] = -1.0), "descending"),
        (refusal(|b| b.x[3] = f32::NAN), "`x`: entry 3"),
        (refusal(|b| b.timestep = -1.0), "timestep"),
        (refusal(|b| b.basis.measure = f64::INFINITY), "measure"),
    ];
    for (message, words) in cases {
        assert!(message.contains(words), "`{words}` is not in: {message}");
    }
}

#[test] // with v = the output of the same net, eps = sqrt(ab) v + sqrt(1 - ab) x
fn the_noise_of_a_net_of_velocity() {
    let unet: Unet<f32> = Unet::from_folder(&fixture("unet/padded"), None, 0).unwrap();
    let mut config = SchedulerConfig::ddpm(1000);
    let noise = NoiseSchedule::new(&config).unwrap();
    config.prediction = Predicts::Velocity;
    let velocity = NoiseSchedule::new(&config).unwrap();
    let size = unet.image().iter().product();
    let x: Vec<f32> = (0..size).map(|i: usize| (i as f32 * 0.7).sin()).collect();
    let (mut output, mut eps) = (vec![0.0; size], vec![0.0; size]);
    let t = 333.25;
    geometry(&unet, &noise).eps(&x, t, &mut output).unwrap();
    geometry(&unet, &velocity).eps(&x, t, &mut eps).unwrap();
    let alpha_bar = noise.level(t).unwrap().alpha_bar();
    for ((x, v), eps) in x.iter().zip(&output).zip(&eps) {
        let expected = alpha_bar.sqrt() * f64::from(*v) + (1.0 - alpha_bar).sqrt() * f64::from(*x);
        assert!((f64::from(*eps) - expected).abs() <= SINGLE_STEPS);
    }
}
