//! Plans and samplers of all scheduler files against diffusers; noise, batches, and resumption of trajectories.
//!
//! Mutations tried, each seen red: `set_alpha_to_one` taken the other way round; times of Euler rounded under linspace; no
//! upper bound of the number of steps; samples numbered within their batch; history forgotten when resumed; the text of
//! sample 0 given to all.

use super::{Model, Trajectories, drawn};
use crate::diffusion::eps::{EpsModel, Guidance, States};
use crate::diffusion::error::DiffusionError;
use crate::diffusion::folder::{LoadOptions, ModelFolder, SchedulerConfig};
use crate::diffusion::model::Unet;
use crate::diffusion::schedule::{Clipping, Kind, NoiseSchedule};
use crate::garrote::testing::tolerance::{GOLDEN_SAMPLE, ROUNDING};
use crate::net::pass::Stop;
use crate::progress::Silent;
use crate::work::testing::stopped_every;
use crate::work::{Stopped, Work};
use gibbs_core::diffusion::{Denoiser, Hop, Level};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// e(x) = 0.3 x + 0.1 at every time.
struct Line;

impl Denoiser<f64> for Line {
    type Error = DiffusionError;
    fn predict(&mut self, x: &[f64], _: &Level, output: &mut [f64]) -> Result<(), DiffusionError> {
        for (output, x) in output.iter_mut().zip(x) {
            *output = 0.3 * x + 0.1;
        }
        Ok(())
    }
}

impl Model<f64> for Line {}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures")
}

fn goldens() -> Value {
    serde_json::from_slice(&std::fs::read(fixtures().join("samplers.json")).unwrap()).unwrap()
}

fn numbers(value: &Value) -> Vec<f64> {
    let entries = value.as_array().unwrap();
    entries.iter().map(|x| x.as_f64().unwrap()).collect()
}

/// The `scheduler_config.json` that a case of the goldens stands for, as a file would say it.
fn config(case: &Value) -> SchedulerConfig {
    let schedule = case["schedule"].as_str().unwrap();
    let mut file = json!({
        "_class_name": "DDPMScheduler",
        "num_train_timesteps": 1000,
        "beta_schedule": schedule,
        "prediction_type": if case["prediction"] == "v" { "v_prediction" } else { "epsilon" },
        "timestep_spacing": case["spacing"],
        "steps_offset": 0,
        "clip_sample": !case["clip"].is_null(),
        "clip_sample_range": case["clip"].as_f64().unwrap_or(1.0),
        "variance_type": case["variance"].as_str().unwrap_or("fixed_small"),
        "set_alpha_to_one": schedule != "scaled_linear",
    });
    match schedule {
        "linear" => {
            file["beta_start"] = json!(1e-4);
            file["beta_end"] = json!(0.02);
        }
        "scaled_linear" => {
            file["beta_start"] = json!(0.000_85);
            file["beta_end"] = json!(0.012);
            file["steps_offset"] = json!(1);
        }
        _ => {}
    }
    if case["sampler"] != "ddpm" {
        file["_class_name"] = json!("DDIMScheduler");
    }
    SchedulerConfig::from_bytes(Path::new("case"), file.to_string().as_bytes()).unwrap()
}

fn kind(case: &Value) -> Kind {
    match case["sampler"].as_str().unwrap() {
        "ddpm" => Kind::Ddpm,
        "ddim" | "ddim_inverse" => Kind::Ddim {
            eta: case["eta"].as_f64().unwrap_or(0.0),
        },
        "euler" => Kind::Euler,
        "heun" => Kind::Heun,
        "dpmpp2m" => Kind::DpmSolver,
        other => panic!("{other}"),
    }
}

fn largest(values: impl Iterator<Item = f64>) -> f64 {
    values.fold(0.0, |most, x| most.max(x.abs()))
}

#[test] // all 450 cases; the noise of step i is row i
fn every_sampler_ends_where_that_of_diffusers_does() {
    let goldens = goldens();
    let start = numbers(&goldens["start"]);
    let noise: Vec<Vec<f64>> = goldens["noise"].as_array().unwrap().iter().map(numbers).collect();
    let cases = goldens["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 450);
    for case in cases {
        // Without `use_clipped_model_output`.
        let schedule = NoiseSchedule::new(&config(case))
            .unwrap()
            .clipped(Clipping::KeepNoise);
        let steps = case["steps"].as_u64().unwrap() as usize;
        let kind = kind(case);
        let (sampler, hops) = if case["sampler"] == "ddim_inverse" {
            (
                schedule.sampler(kind).unwrap(),
                schedule.inversion(steps).unwrap(),
            )
        } else {
            (
                schedule.sampler(kind).unwrap(),
                schedule.plan(kind, steps).unwrap(),
            )
        };
        let spacing = schedule.spacing();
        let mut run =
            Trajectories::from_noise(sampler, hops, spacing, start.clone(), start.len(), 1, 0).unwrap();
        let mut states = Vec::new();
        while !run.is_finished() {
            run.hop(&mut Line, &mut |_, hop, out| out.copy_from_slice(&noise[hop]))
                .unwrap();
            states.push(run.states().to_vec());
        }
        let wanted = numbers(&case["final"]);
        let off = largest(wanted.iter().zip(run.states()).map(|(a, b)| a - b));
        let tolerance = GOLDEN_SAMPLE * largest(wanted.iter().copied());
        assert!(off <= tolerance, "{off:.2e} of {tolerance:.2e}: {case}");
        for (wanted, found) in case["states"].as_array().into_iter().flatten().zip(&states) {
            let wanted = numbers(wanted);
            let off = largest(wanted.iter().zip(found).map(|(a, b)| a - b));
            assert!(off <= GOLDEN_SAMPLE * largest(wanted.iter().copied()), "{case}");
        }
    }
}

#[test]
fn tables_and_times_are_those_of_diffusers() {
    let goldens = goldens();
    for row in goldens["schedules"].as_array().unwrap() {
        let case = json!({"schedule": row["name"], "spacing": "linspace"});
        let schedule = NoiseSchedule::new(&config(&case)).unwrap();
        for (index, product) in numbers(&row["indices"]).iter().zip(numbers(&row["products"])) {
            let found = schedule.alpha_bar()[*index as usize];
            // The smallest is a product of a thousand factors.
            assert!(
                (found - product).abs() <= 1e3 * ROUNDING * product,
                "{index} {found}"
            );
        }
        let hops = schedule.plan(Kind::Euler, 10).unwrap();
        for (hop, sigma) in hops.iter().zip(numbers(&row["euler_linspace_10_sigmas"])) {
            assert!((hop.from.sigma() - sigma).abs() <= 1e3 * ROUNDING * sigma);
        }
    }
    for row in goldens["timesteps"].as_array().unwrap() {
        let scaled = row["offset"] == 1;
        let case =
            json!({"schedule": if scaled { "scaled_linear" } else { "linear" }, "spacing": row["spacing"]});
        let schedule = NoiseSchedule::new(&config(&case)).unwrap();
        let steps = row["steps"].as_u64().unwrap() as usize;
        let plan = |kind| schedule.plan(kind, steps).unwrap();
        let (hops, at): (_, fn(&Hop) -> f64) = match row["family"].as_str().unwrap() {
            "ddim" => (plan(Kind::Ddpm), |hop| hop.from.timestep()),
            "euler" => (plan(Kind::Heun), |hop| hop.from.timestep()),
            "dpm" => (plan(Kind::DpmSolver), |hop| hop.from.timestep()),
            // The times of inversion are those it arrives at.
            _ => (schedule.inversion(steps).unwrap(), |hop| hop.to.timestep()),
        };
        let found: Vec<f64> = hops.iter().map(at).collect();
        let wanted = numbers(&row["times"]);
        assert!(
            found.len() == wanted.len()
                && found
                    .iter()
                    .zip(&wanted)
                    .all(|(a, b)| (a - b).abs() <= 1e3 * ROUNDING),
            "{row}: {found:?}"
        );
    }
}

#[test]
fn steps_that_no_schedule_has_are_refused() {
    let schedule = NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap();
    for kind in [
        Kind::Ddpm,
        Kind::Ddim { eta: 0.0 },
        Kind::Euler,
        Kind::Heun,
        Kind::DpmSolver,
    ] {
        for steps in [0, 1001] {
            let message = schedule.plan(kind, steps).unwrap_err().to_string();
            assert!(
                message.contains(&format!("{steps} steps, expected 1 to 1000")),
                "{message}"
            );
        }
        assert_eq!(schedule.plan(kind, 1).unwrap().len(), 1);
        let full = schedule.plan(kind, 1000);
        if kind == Kind::DpmSolver {
            // floor(T / (N + 1)) = 0
            assert!(full.unwrap_err().to_string().contains("Leading"));
        } else {
            assert_eq!(full.unwrap().len(), 1000);
        }
    }
    let offset = SchedulerConfig {
        steps_offset: 1,
        ..SchedulerConfig::ddpm(1000)
    };
    let schedule = NoiseSchedule::new(&offset).unwrap();
    assert!(
        schedule
            .plan(Kind::Ddpm, 1000)
            .unwrap_err()
            .to_string()
            .contains("steps_offset 1")
    );
    for eta in [-0.1, 1.1, f64::NAN] {
        let refused = schedule.sampler(Kind::Ddim { eta }).unwrap_err();
        assert!(matches!(refused, DiffusionError::Eta { .. }));
    }
}

/// A golden net with random weights, without text.
fn net() -> (ModelFolder, Unet<f32>) {
    let checkpoint = ModelFolder::load(&fixtures().join("unet/legacy"), LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&checkpoint, Some([8, 8]), 0).unwrap();
    (checkpoint, unet)
}

/// Three samples from noise by a random sampler or a multistep one, `batch` at a time.
fn three(kind: Kind, batch: usize, seed: u64) -> Trajectories<f32> {
    let config = SchedulerConfig {
        clip_sample: true,
        ..SchedulerConfig::ddpm(1000)
    };
    let schedule = NoiseSchedule::new(&config).unwrap();
    let (sampler, hops) = (schedule.sampler(kind).unwrap(), schedule.plan(kind, 4).unwrap());
    let noise = drawn(seed, 3, 64);
    Trajectories::from_noise(sampler, hops, schedule.spacing(), noise, 64, batch, seed).unwrap()
}

#[test] // bit for bit
fn samples_depend_on_their_number_and_the_seed_alone() {
    let (_, unet) = net();
    let mut model = EpsModel::new(&unet, Guidance::None).unwrap();
    for kind in [Kind::Ddpm, Kind::Ddim { eta: 0.7 }, Kind::Heun, Kind::DpmSolver] {
        let mut ends = [1, 2, 3].map(|batch| {
            let mut run = three(kind, batch, 5);
            run.finish("t", &mut model, &Work::plain()).unwrap();
            assert_eq!(run.advanced(), run.total());
            run.states().to_vec()
        });
        assert_eq!(ends[0], ends[1], "{kind:?}");
        assert_eq!(ends[0], ends[2], "{kind:?}");
        let mut other = three(kind, 3, 6);
        other.finish("t", &mut model, &Work::plain()).unwrap();
        assert_ne!(ends[0], other.states());
        // The samples differ from each other: no stream is used twice.
        let (first, rest) = ends[0].split_at_mut(64);
        assert_ne!(first, &rest[..64]);
        assert_ne!(&rest[..64], &rest[64..]);
    }
    // The first samples of a larger set are the samples of a smaller one.
    assert_eq!(drawn(5, 3, 64)[..128], drawn(5, 2, 64));
}

/// Stops the work within a pass of the net.
struct Stopping<'a> {
    model: EpsModel<'a>,
    left: usize,
    flag: &'a AtomicBool,
}

impl Denoiser<f32> for Stopping<'_> {
    type Error = DiffusionError;
    fn predict(&mut self, x: &[f32], level: &Level, output: &mut [f32]) -> Result<(), DiffusionError> {
        self.left = self.left.saturating_sub(1);
        if self.left == 0 {
            self.flag.store(true, Ordering::SeqCst);
        }
        self.model.predict(x, level, output)
    }
}

impl Model<f32> for Stopping<'_> {
    fn select(&mut self, samples: std::ops::Range<usize>) {
        self.model.select(samples);
    }
}

#[test] // after every few hops, within a batch and between two
fn a_run_that_was_stopped_ends_in_the_same_bits() {
    let (_, unet) = net();
    let model = || EpsModel::new(&unet, Guidance::None).unwrap();
    for kind in [Kind::Ddpm, Kind::DpmSolver] {
        let mut whole = three(kind, 2, 1);
        whole.finish("t", &mut model(), &Work::plain()).unwrap();
        for steps in [1, 2, 5] {
            let (states, stops) = stopped_every(steps, |work| {
                let mut run = three(kind, 2, 1);
                run.finish("t", &mut model(), work)?;
                Ok::<_, DiffusionError>(run.states().to_vec())
            });
            assert!(stops >= 2, "{stops}");
            assert_eq!(states, whole.states(), "{kind:?}, {steps}");
        }
    }
}

#[test] // a pass that ends early leaves the state before its hop
fn a_stop_within_a_pass_is_seen() {
    let (_, unet) = net();
    let flag = AtomicBool::new(false);
    let model = EpsModel::new(&unet, Guidance::None).unwrap();
    let mut stopping = Stopping {
        model: model.until(Stop::when(&flag)),
        left: 3,
        flag: &flag,
    };
    let mut run = three(Kind::Ddpm, 2, 1);
    let stopped = run
        .finish("t", &mut stopping, &Work::new(&Silent, &flag))
        .unwrap_err();
    let DiffusionError::Stopped(Stopped::Interrupted { done, total, .. }) = stopped else {
        panic!("{stopped}")
    };
    assert_eq!((done, total, run.advanced()), (4, 12, 4));
    let mut whole = three(Kind::Ddpm, 2, 1);
    let mut model = EpsModel::new(&unet, Guidance::None).unwrap();
    whole.finish("t", &mut model, &Work::plain()).unwrap();
    run.finish("t", &mut model, &Work::plain()).unwrap();
    assert_eq!(run.states(), whole.states());
}

/// Text states of a golden net, and the net.
fn conditional() -> (Unet<f32>, usize) {
    let checkpoint = ModelFolder::load(&fixtures().join("unet/sd21"), LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&checkpoint, Some([8, 16]), 3).unwrap();
    let width = super::super::folder::UnetClass::clone(&checkpoint.config.class);
    let super::super::folder::UnetClass::Conditional {
        cross_attention_dim, ..
    } = width
    else {
        panic!("no text")
    };
    (unet, cross_attention_dim)
}

#[test] // e_u + w (e_c - e_u), of each sample its own text
fn guidance_combines_two_passes() {
    let (unet, width) = conditional();
    let length: usize = unet.image().iter().product();
    let text = |seed| drawn(seed, 2, 3 * width);
    let both = |seed| States::new(&[2, 3, width], text(seed), width, 2).unwrap();
    let x = drawn(9, 2, length);
    let level = Level::of_alpha_bar(500.0, 0.3).unwrap();
    let predict = |guidance: Guidance| {
        let mut output = vec![0.0; x.len()];
        EpsModel::new(&unet, guidance)
            .unwrap()
            .predict(&x, &level, &mut output)
            .unwrap();
        output
    };
    let with = predict(Guidance::Conditional(both(1)));
    let without = predict(Guidance::Conditional(both(2)));
    let guided = |weight| {
        predict(Guidance::ClassifierFree {
            condition: both(1),
            negative: both(2),
            weight,
        })
    };
    assert_eq!(guided(1.0), with);
    assert_eq!(guided(0.0), without);
    let wanted: Vec<f32> = without
        .iter()
        .zip(&with)
        .map(|(u, c)| u + 3.0 * (c - u))
        .collect();
    assert_eq!(guided(3.0), wanted);
    assert_ne!(with, without);
    // One text for all, and the text of the second sample when the batch holds that one alone.
    let one = States::new(&[3, width], text(1)[..3 * width].to_vec(), width, 2).unwrap();
    assert_eq!(predict(Guidance::Conditional(one))[..length], with[..length]);
    let other = States::new(&[3, width], text(1)[3 * width..].to_vec(), width, 2).unwrap();
    let other = predict(Guidance::Conditional(other));
    assert!(other[length..] == with[length..] && other[..length] != with[..length]);
    let mut model = EpsModel::new(&unet, Guidance::Conditional(both(1))).unwrap();
    model.select(1..2);
    let mut second = vec![0.0; length];
    model.predict(&x[length..], &level, &mut second).unwrap();
    assert_eq!(second, with[length..]);
    // Refusals.
    assert!(States::new(&[3, width + 1], vec![0.0; 3 * width + 3], width, 2).is_err());
    assert!(States::new(&[4, 3, width], vec![0.0; 12 * width], width, 2).is_err());
    assert!(EpsModel::new(&unet, Guidance::None).is_err());
    let longer = States::new(&[4, width], vec![0.0; 4 * width], width, 2).unwrap();
    assert!(EpsModel::new(&unet, Guidance::Conditional(longer)).is_err());
    let (_, unconditional) = net();
    assert!(EpsModel::new(&unconditional, Guidance::Conditional(both(1))).is_err());
}

/// Samples of a trained model of the fixtures, from the noise of seed 0; their values.
fn trained(name: &str, (kind, steps): (Kind, usize), clipping: Clipping, count: usize) -> Vec<f32> {
    let folder = ModelFolder::load(&fixtures().join("models").join(name), LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&folder, None, 0).unwrap();
    let scheduler = folder.scheduler().unwrap().unwrap();
    let schedule = NoiseSchedule::new(&scheduler).unwrap().clipped(clipping);
    let (sampler, hops) = (
        schedule.sampler(kind).unwrap(),
        schedule.plan(kind, steps).unwrap(),
    );
    let length = unet.image().iter().product();
    let (noise, spacing) = (drawn(0, count, length), schedule.spacing());
    let mut run = Trajectories::from_noise(sampler, hops, spacing, noise, length, count, 0).unwrap();
    let mut model = EpsModel::new(&unet, Guidance::None).unwrap();
    run.finish("t", &mut model, &Work::plain()).unwrap();
    run.states().to_vec()
}

fn deviation(values: &[f32]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().map(|x| f64::from(*x)).sum::<f64>() / n;
    let squares = values.iter().map(|x| (f64::from(*x) - mean).powi(2));
    (squares.sum::<f64>() / n).sqrt()
}

#[test] // with the noise kept, images fade with the number of steps
fn more_steps_do_not_fade_the_image() {
    let ddim = Kind::Ddim { eta: 0.0 };
    let found = [50, 1000].map(|steps| deviation(&trained("discs", (ddim, steps), Clipping::Derive, 1)));
    assert!(found[1] >= 0.93 * found[0], "{found:?}");
    let kept = deviation(&trained("discs", (ddim, 200), Clipping::KeepNoise, 1));
    assert!(kept < 0.93 * found[0], "{kept} {found:?}");
}

#[test] // x0hat = (x - noise eps) / signal: at the noisy end an error of eps counts 150 times, and nothing takes it back
fn every_sampler_stays_in_the_range_of_the_images() {
    let most = |kind, clipping| {
        let values = trained("discs", (kind, 10), clipping, 3);
        values.iter().fold(0.0, |most: f32, x| most.max(x.abs()))
    };
    for kind in [Kind::Euler, Kind::Heun, Kind::DpmSolver] {
        assert!(most(kind, Clipping::Derive) <= 1.0 + 1e-4, "{kind:?}");
    }
    assert!(most(Kind::Euler, Clipping::Off) > 1.5);
}
