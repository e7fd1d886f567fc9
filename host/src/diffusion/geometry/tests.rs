//! Plans against their definition, files there and back, nets of velocity against nets of noise.
//!
//! Mutations of the boost and of the grid seen red: the threshold included; the stream of hop 0 throughout; the table
//! interpolated on the authors' grid.

use super::noise::Noise;
use super::stored::{StoredBasis, StoredDirection};
use super::*;
use crate::data::DataError;
use crate::diffusion::folder::{Checkpoint, LoadOptions, Prediction as Predicts, SchedulerConfig};
use crate::diffusion::pullback::operator::Passes;
use crate::diffusion::pullback::transport::Direction;
use crate::diffusion::pullback::{Ended, Method};
use crate::garrote::testing::tolerance::{ROUNDING, SINGLE_STEPS};
use std::path::Path;

fn noise() -> Noise {
    Noise::new(&SchedulerConfig::ddpm(1000)).unwrap()
}

fn times(hops: &[Hop]) -> Vec<f64> {
    hops.iter().map(|hop| hop.from.timestep()).collect()
}

#[test]
fn plans_are_evenly_spaced_and_end_where_asked() {
    let noise = noise();
    let hops = noise.hops(600.0, None, 3).unwrap();
    assert_eq!(times(&hops), [600.0, 400.0, 200.0]);
    assert_eq!(hops[0].to, hops[1].from);
    assert_eq!(hops[2].to, Level::DATA);
    let product: f64 = (0..=400)
        .map(|i| 1.0 - (1e-4 + 0.0199 * f64::from(i) / 999.0))
        .product();
    assert!((hops[1].from.alpha_bar() - product).abs() <= ROUNDING);

    let hops = noise.hops(999.0, Some(500.5), 4).unwrap();
    assert_eq!(times(&hops), [999.0, 874.0, 750.0, 625.0]);
    assert_eq!(hops[3].to.timestep(), 500.5);
    assert_eq!(noise.hops(7.0, Some(7.0), 5).unwrap(), []);
    assert_eq!(times(&noise.hops(0.0, None, 1).unwrap()), [0.0]);
    assert_eq!(noise.hops(5.0, None, 5).unwrap().len(), 5);

    let mut config = SchedulerConfig::ddpm(1000);
    config.set_alpha_to_one = false;
    let noise = Noise::new(&config).unwrap();
    assert_eq!(
        noise.hops(600.0, None, 3).unwrap()[2].to,
        noise.level(0.0).unwrap()
    );
}

#[test]
fn times_and_steps_that_are_not_there() {
    let noise = noise();
    for t in [-1.0, 999.5, 1000.0, f64::NAN, f64::INFINITY] {
        assert!(
            matches!(noise.level(t), Err(LatentError::Timestep { last: 999, .. })),
            "{t}"
        );
        assert!(noise.hops(t, None, 1).is_err(), "{t}");
    }
    for (from, to, steps, most) in [
        (5.0, None, 6, 5),
        (0.0, None, 2, 1),
        (9.0, Some(4.0), 6, 5),
        (5.0, None, 0, 5),
    ] {
        let expected = LatentError::Steps { found: steps, most };
        assert_eq!(noise.hops(from, to, steps), Err(expected));
    }
    assert!(matches!(
        noise.hops(5.0, Some(6.0), 1),
        Err(LatentError::Timestep { last: 5, .. })
    ));
}

#[test]
fn plans_on_the_authors_grid_lie_between_the_nearest_points() {
    let noise = noise().on_authors_grid(4).unwrap();
    assert_eq!(
        [0.0, 166.0, 170.0, 600.0, 999.0].map(|t| noise.nearest(t)),
        [0.0, 0.0, 333.0, 666.0, 999.0]
    );
    assert_eq!(
        times(&noise.hops(999.0, Some(333.0), 50).unwrap()),
        [999.0, 666.0]
    );
    let hops = noise.hops(666.0, None, 50).unwrap();
    assert_eq!(times(&hops), [666.0, 333.0]);
    // It ends at time 0 and not at data; between whole times the table is read below.
    assert_eq!(hops[1].to, super::Level::of_alpha_bar(0.0, 1.0 - 1e-4).unwrap());
    let level = noise.level(332.7).unwrap();
    assert_eq!(
        (level.timestep(), level.alpha_bar()),
        (332.7, noise.level(332.0).unwrap().alpha_bar())
    );
    let points = LatentError::Grid {
        points: 1,
        most: 1000,
    };
    assert_eq!(self::noise().on_authors_grid(1), Err(points));
}

#[test] // each hop is a step of the core, random where it starts below the threshold
fn boost_adds_the_noise_of_its_stream_below_the_threshold() {
    use gibbs_core::diffusion::{Prediction, ddim};
    use gibbs_core::random;
    let unet = legacy();
    let noise = noise();
    let hops = noise.hops(400.0, None, 4).unwrap();
    let start = crate::diffusion::sampling::start::drawn(3, 1, 64);
    let sampled = |boost| {
        let mut latent = Latent::new(&unet, &noise, None, Work::plain());
        latent.boost(boost);
        let mut x = start.clone();
        latent.sample(&mut x, &hops).unwrap();
        x
    };
    let mut expected = start.clone();
    for (index, hop) in hops.iter().enumerate() {
        let mut latent = Latent::new(&unet, &noise, None, Work::plain());
        let (mut output, mut next) = (vec![0.0; 64], vec![0.0; 64]);
        latent
            .output(&expected, hop.from.timestep(), &mut output)
            .unwrap();
        let mut rng = random::stream(7, "diffusion/boost", index as u64);
        let z: Vec<f32> = (0..64).map(|_| random::normal(&mut rng)).collect();
        // Times 400, 300, 200, 100: two are below 300.
        let eta = if index >= 2 { 1.0 } else { 0.0 };
        let clip = noise.clip();
        ddim::step(
            &expected,
            &output,
            &z,
            hop,
            Prediction::Noise,
            eta,
            clip,
            &mut next,
        )
        .unwrap();
        expected = next;
    }
    let boost = |below| Some(Boost { below, seed: 7 });
    assert_eq!(sampled(boost(300.0)), expected);
    assert!(sampled(None) != expected);
    // The last hop ends at data, where no noise is left to add.
    assert_eq!(sampled(boost(200.0)), sampled(None));
    assert_eq!(sampled(boost(0.0)), sampled(None));
}

fn legacy() -> Unet<f32> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/unet/legacy");
    let checkpoint = Checkpoint::load(&folder, LoadOptions::default()).unwrap();
    Unet::from_checkpoint(&checkpoint, None, 0).unwrap()
}

#[test]
fn global_bases_come_back_from_files_and_skew_ones_are_refused() {
    let dir = tempfile::TempDir::new().unwrap();
    let path = dir.path().join("global.safetensors");
    let (first, second) = ([0.6, 0.8, 0.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0, 0.0, 0.0]);
    let mut stored = super::global::StoredGlobal {
        u: [first, second].concat(),
        hidden: [1, 2, 3],
        distances: vec![0.5, 0.25, 1.0],
        timestep: 612.5,
    };
    stored.to_file().save(&path).unwrap();
    let read = super::global::StoredGlobal::load(&path).unwrap();
    assert_eq!(read, stored);
    assert_eq!(
        (read.count(), read.vector(1), read.vector(2)),
        (2, Some(&second[..]), None)
    );
    stored.u[6] = 0.1;
    stored.to_file().save(&path).unwrap();
    let refused = super::global::StoredGlobal::load(&path).unwrap_err();
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
            residuals: vec![1e-9, 0.1, 0.0],
            blocks: 4,
            passes: Passes {
                tangents: 12,
                cotangents: 12,
            },
            measure: 0.1,
            ended: Ended::Limit,
            method: Method::Subspace,
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
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/unet/padded");
    let checkpoint = Checkpoint::load(&folder, LoadOptions::default()).unwrap();
    let unet: Unet<f32> = Unet::from_checkpoint(&checkpoint, None, 0).unwrap();
    let mut config = SchedulerConfig::ddpm(1000);
    let noise = Noise::new(&config).unwrap();
    config.prediction = Predicts::Velocity;
    let velocity = Noise::new(&config).unwrap();
    let size = unet.image().iter().product();
    let x: Vec<f32> = (0..size).map(|i: usize| (i as f32 * 0.7).sin()).collect();
    let (mut output, mut eps) = (vec![0.0; size], vec![0.0; size]);
    let t = 333.25;
    Latent::new(&unet, &noise, None, Work::plain())
        .eps(&x, t, &mut output)
        .unwrap();
    Latent::new(&unet, &velocity, None, Work::plain())
        .eps(&x, t, &mut eps)
        .unwrap();
    let alpha_bar = noise.level(t).unwrap().alpha_bar();
    for ((x, v), eps) in x.iter().zip(&output).zip(&eps) {
        let expected = alpha_bar.sqrt() * f64::from(*v) + (1.0 - alpha_bar).sqrt() * f64::from(*x);
        assert!((f64::from(*eps) - expected).abs() <= SINGLE_STEPS);
    }
}
