//! Runs: the same bits however often they are stopped, and what they refuse.

use crate::data::tensors::{Tensor, TensorFile};
use crate::progress::Silent;
use crate::train::{
    Keep, Method, Objective, Schedule, Settings, Shape, TrainError, Trainer, adamw, ema, sgd,
};
use crate::work::Work;
use gibbs_core::random::{normal, stream};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const KIND: &str = "gibbs.train.checkpoint";

/// Σ (p - target)² / 2 with noise on every gradient, and what may go wrong at a step.
struct Bowl<'a> {
    names: Vec<String>,
    shapes: Vec<Vec<usize>>,
    noise: f32,
    stop: &'a AtomicBool,
    stop_after: u64,
    spoil: Option<(u64, Spoil)>,
}

#[derive(Clone, Copy)]
enum Spoil {
    Loss(f64),
    Gradient(f32),
    Fail,
}

#[derive(Debug, thiserror::Error)]
#[error("out of data")]
struct OutOfData;

impl<'a> Bowl<'a> {
    fn new(stop: &'a AtomicBool) -> Self {
        Self {
            names: vec!["conv.weight".to_owned(), "conv.bias".to_owned()],
            shapes: vec![vec![3, 2], vec![2]],
            noise: 0.3,
            stop,
            stop_after: u64::MAX,
            spoil: None,
        }
    }
}

impl Objective for Bowl<'_> {
    type Error = OutOfData;

    fn names(&self) -> &[String] {
        &self.names
    }

    fn shapes(&self) -> &[Vec<usize>] {
        &self.shapes
    }

    fn description(&self) -> String {
        format!("bowl, noise {}", self.noise)
    }

    fn gradient(
        &mut self,
        step: u64,
        parameters: &[Vec<f32>],
        gradients: &mut [Vec<f32>],
    ) -> Result<f64, OutOfData> {
        let mut rng = stream(5, "bowl", step);
        let mut loss = 0.0;
        for (tensor, (values, gradients)) in parameters.iter().zip(gradients.iter_mut()).enumerate() {
            for (value, gradient) in values.iter().zip(gradients) {
                let distance = value - tensor as f32;
                loss += f64::from(distance * distance) / 2.0;
                *gradient += distance + self.noise * normal::<f32>(&mut rng);
            }
        }
        match self.spoil {
            Some((at, Spoil::Loss(value))) if at == step => loss = value,
            Some((at, Spoil::Gradient(value))) if at == step => gradients[1][1] = value,
            Some((at, Spoil::Fail)) if at == step => return Err(OutOfData),
            _ => {}
        }
        if step + 1 == self.stop_after {
            self.stop.store(true, Ordering::SeqCst);
        }
        Ok(loss)
    }
}

fn start() -> Vec<Vec<f32>> {
    vec![vec![4.0, -3.0, 2.0, 1.0, 0.5, -2.0], vec![-1.0, 6.0]]
}

fn adam() -> Settings {
    Settings {
        steps: 20,
        schedule: Schedule {
            peak: 0.1,
            warm_up: 3,
            shape: Shape::Cosine { steps: 18, end: 0.01 },
        },
        seed: 5,
        window: 4,
        ..Settings::default()
    }
}

fn nesterov() -> Settings {
    Settings {
        method: Method::Sgd(sgd::Settings {
            momentum: 0.9,
            nesterov: true,
            decay: 0.01,
        }),
        clip: None,
        average: None,
        schedule: Schedule::constant(0.05),
        ..adam()
    }
}

fn work(stop: &AtomicBool) -> Work<'_> {
    Work::new(&Silent, stop)
}

fn bits(trainer: &Trainer) -> Vec<u64> {
    let tensors = trainer.parameters().iter().chain(trainer.averaged()).flatten();
    let losses = trainer.losses().iter().map(|loss| loss.to_bits());
    tensors
        .map(|value| u64::from(value.to_bits()))
        .chain(losses)
        .collect()
}

fn whole(settings: Settings) -> Trainer {
    let never = AtomicBool::new(false);
    let mut bowl = Bowl::new(&never);
    let mut trainer = Trainer::new(settings, &bowl, start()).unwrap();
    let report = trainer.run(&mut bowl, work(&never), None).unwrap();
    assert_eq!((report.steps, report.window), (20, 4));
    assert_eq!(report.loss, trainer.losses()[19]);
    assert_eq!(report.mean, trainer.losses()[16..].iter().sum::<f64>() / 4.0);
    assert!(report.steps_per_second > 0.0 && report.norm.unwrap() > 0.0);
    trainer
}

// stopped after every number of steps, once and again and again
#[test] // law: train
fn a_resumed_run_ends_in_the_same_bits() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run.safetensors");
    let keep = Keep {
        path: &path,
        pause: Duration::from_secs(1000),
    };
    for settings in [adam(), nesterov()] {
        let expected = whole(settings.clone());
        assert_ne!(expected.losses()[0], expected.losses()[19]);
        for stride in 1..20 {
            let (mut done, mut stops) = (0, 0);
            let trainer = loop {
                let stop = AtomicBool::new(false);
                let mut bowl = Bowl::new(&stop);
                bowl.stop_after = done + stride;
                let mut trainer = if done == 0 {
                    Trainer::new(settings.clone(), &bowl, start()).unwrap()
                } else {
                    Trainer::resume(settings.clone(), &bowl, &path).unwrap()
                };
                assert_eq!(trainer.steps(), done);
                match trainer.run(&mut bowl, work(&stop), Some(keep)) {
                    Ok(_) => break trainer,
                    Err(TrainError::Interrupted { steps, checkpoint }) => {
                        assert_eq!((steps, checkpoint.as_ref()), (done + stride, Some(&path)));
                    }
                    Err(other) => panic!("{other}"),
                }
                (done, stops) = (done + stride, stops + 1);
            };
            assert_eq!(stops, (20 - 1) / stride);
            assert_eq!(bits(&trainer), bits(&expected), "stride {stride}");
        }
    }
}

#[test] // and the same file, byte for byte, from either
fn checkpoints_of_equal_runs_are_equal() {
    let folder = tempfile::tempdir().unwrap();
    let [first, second] = ["a", "b"].map(|name| folder.path().join(name));
    let never = AtomicBool::new(false);
    whole(adam()).save(&first).unwrap();
    Trainer::resume(adam(), &Bowl::new(&never), &first)
        .unwrap()
        .save(&second)
        .unwrap();
    assert_eq!(fs::read(first).unwrap(), fs::read(second).unwrap());
}

#[test] // written while it runs, not only at the end; a longer run goes on from it
fn runs_keep_themselves_and_can_be_prolonged() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let never = AtomicBool::new(false);
    let mut bowl = Bowl::new(&never);
    let short = Settings { steps: 7, ..adam() };
    let keep = Keep {
        path: &path,
        pause: Duration::ZERO,
    };
    Trainer::new(short, &bowl, start())
        .unwrap()
        .run(&mut bowl, work(&never), Some(keep))
        .unwrap();
    let mut trainer = Trainer::resume(adam(), &bowl, &path).unwrap();
    assert!(trainer.steps() >= 1);
    trainer.run(&mut bowl, work(&never), None).unwrap();
    assert_eq!(bits(&trainer), bits(&whole(adam())));
    let done = trainer.run(&mut bowl, work(&never), None).unwrap();
    assert_eq!((done.steps, done.norm, done.steps_per_second), (20, None, 0.0));
}

#[test] // the clip is felt, the average lags behind, no average is the parameters
fn the_parts_are_joined() {
    let first = |settings: Settings| {
        let never = AtomicBool::new(false);
        let mut bowl = Bowl::new(&never);
        bowl.noise = 0.0;
        let settings = Settings { steps: 1, ..settings };
        let mut trainer = Trainer::new(settings, &bowl, start()).unwrap();
        let report = trainer.run(&mut bowl, work(&never), None).unwrap();
        (trainer, report.norm.unwrap())
    };
    let plain = Settings {
        method: Method::Sgd(sgd::Settings::default()),
        schedule: Schedule::constant(0.5),
        clip: None,
        average: None,
        ..adam()
    };
    // Gradients (4, -3, 2, 1, .5, -2) and (-2, 5): squares 34.25 and 29.
    let (trainer, norm) = first(plain.clone());
    assert_eq!(norm, 63.25_f64.sqrt());
    assert_eq!(trainer.losses(), [63.25 / 2.0]);
    assert_eq!(trainer.parameters()[1], [0.0, 3.5]);
    assert_eq!(trainer.averaged(), trainer.parameters());
    let (clipped, norm) = first(Settings {
        clip: Some(63.25_f64.sqrt() / 2.0),
        average: Some(ema::Settings {
            decay: 0.75,
            warm_up: false,
        }),
        ..plain
    });
    assert_eq!(norm, 63.25_f64.sqrt());
    super::near(clipped.parameters()[1][1], 4.75);
    super::near(clipped.averaged()[1][1], 6.0 - 0.25 * 1.25);
}

#[test] // edge: train
fn what_is_not_finite_stops_the_run_and_is_named() {
    for (spoil, expected) in [
        (Spoil::Loss(f64::NAN), ["step 6", "loss is NaN"]),
        (Spoil::Loss(f64::INFINITY), ["step 6", "loss is inf"]),
        (
            Spoil::Gradient(f32::NAN),
            ["step 6", "`conv.bias` is NaN at entry 1"],
        ),
        (
            Spoil::Gradient(f32::INFINITY),
            ["step 6", "`conv.bias` is inf at entry 1"],
        ),
        (Spoil::Fail, ["step 6", "out of data"]),
    ] {
        for settings in [adam(), nesterov()] {
            let never = AtomicBool::new(false);
            let mut bowl = Bowl::new(&never);
            bowl.spoil = Some((6, spoil));
            let mut trainer = Trainer::new(settings.clone(), &bowl, start()).unwrap();
            let message = trainer
                .run(&mut bowl, work(&never), None)
                .unwrap_err()
                .to_string();
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
            // The step left no trace: without the trouble the run ends as it would have.
            assert_eq!(trainer.steps(), 6);
            bowl.spoil = None;
            trainer.run(&mut bowl, work(&never), None).unwrap();
            assert_eq!(bits(&trainer), bits(&whole(settings)));
        }
    }
}

#[test]
fn an_interrupted_run_without_a_file_says_so() {
    let stop = AtomicBool::new(true);
    let mut bowl = Bowl::new(&stop);
    let mut trainer = Trainer::new(adam(), &bowl, start()).unwrap();
    let stopped = trainer.run(&mut bowl, work(&stop), None).unwrap_err();
    assert_eq!(stopped.to_string(), "interrupted after 0 steps");
}

#[test]
fn parameters_that_do_not_fit_are_named() {
    let never = AtomicBool::new(false);
    let refused = |bowl: &Bowl<'_>, parameters: Vec<Vec<f32>>, expected: &str| {
        let message = Trainer::new(adam(), bowl, parameters).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    };
    let bowl = Bowl::new(&never);
    refused(&bowl, vec![vec![0.0; 6]], "2 names, 2 shapes, 1 tensors");
    refused(
        &bowl,
        vec![vec![0.0; 6], vec![0.0; 3]],
        "`conv.bias`: 3 values for shape [2]",
    );
    refused(
        &bowl,
        vec![vec![f32::NAN; 6], vec![0.0; 2]],
        "`conv.weight`: entry 0 is NaN",
    );
    let mut twins = Bowl::new(&never);
    twins.names[1] = "conv.weight".to_owned();
    refused(&twins, start(), "two of this name");
    let mut empty = Bowl::new(&never);
    (empty.names, empty.shapes) = (Vec::new(), Vec::new());
    refused(&empty, Vec::new(), "0 names");
    for (settings, expected) in [
        (Settings { steps: 0, ..adam() }, "steps"),
        (Settings { window: 0, ..adam() }, "window"),
        (
            Settings {
                clip: Some(0.0),
                ..adam()
            },
            "clip",
        ),
        (
            Settings {
                schedule: Schedule::constant(f64::NAN),
                ..adam()
            },
            "rate",
        ),
    ] {
        let message = Trainer::new(settings, &bowl, start()).unwrap_err().to_string();
        assert!(message.contains(expected), "{message}");
    }
}

fn resume(settings: Settings, bowl: &Bowl<'_>, path: &Path, expected: &[&str]) {
    let message = Trainer::resume(settings, bowl, path).unwrap_err().to_string();
    for part in expected {
        assert!(message.contains(part), "{message} lacks {part}");
    }
}

#[test]
fn a_checkpoint_of_another_run_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    whole(adam()).save(&path).unwrap();
    let never = AtomicBool::new(false);
    let bowl = Bowl::new(&never);
    let slow = adamw::Settings {
        first: 0.8,
        ..adamw::Settings::default()
    };
    for (settings, expected) in [
        (
            Settings {
                method: Method::AdamW(slow),
                ..adam()
            },
            ["optimiser", "0.8"],
        ),
        (nesterov(), ["optimiser", "Sgd"]),
        (
            Settings {
                schedule: Schedule::constant(0.1),
                ..adam()
            },
            ["schedule", "Cosine"],
        ),
        (Settings { clip: None, ..adam() }, ["clip", "None was asked for"]),
        (
            Settings {
                average: None,
                ..adam()
            },
            ["average", "0.999"],
        ),
        (Settings { seed: 6, ..adam() }, ["seed is 5", "6 was asked for"]),
        (
            Settings { steps: 19, ..adam() },
            ["steps done is 20", "run of 19"],
        ),
    ] {
        resume(settings, &bowl, &path, &expected);
    }
    let mut louder = Bowl::new(&never);
    louder.noise = 0.5;
    resume(adam(), &louder, &path, &["objective", "noise 0.3", "noise 0.5"]);
    let mut renamed = Bowl::new(&never);
    renamed.names[0] = "linear.weight".to_owned();
    resume(adam(), &renamed, &path, &["parameter/linear.weight", "missing"]);
    let mut turned = Bowl::new(&never);
    turned.shapes[0] = vec![2, 3];
    resume(
        adam(),
        &turned,
        &path,
        &["parameter/conv.weight", "[3, 2]", "[2, 3]"],
    );
    let mut smaller = Bowl::new(&never);
    (smaller.names, smaller.shapes) = (vec!["conv.weight".to_owned()], vec![vec![3, 2]]);
    resume(adam(), &smaller, &path, &["average/conv.bias", "no such tensor"]);
    resume(adam(), &bowl, &folder.path().join("none"), &["no such file"]);
}

#[test] // edge: train
fn a_damaged_checkpoint_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let trainer = whole(adam());
    trainer.save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    let never = AtomicBool::new(false);
    let bowl = Bowl::new(&never);
    for cut in [0, 7, 8, 100, good.len() / 2, good.len() - 1] {
        fs::write(&path, &good[..cut]).unwrap();
        resume(adam(), &bowl, &path, &["safetensors"]);
    }
    let header = 8 + u64::from_le_bytes(good[..8].try_into().unwrap()) as usize;
    for place in (header..good.len()).step_by(3) {
        let mut bytes = good.clone();
        bytes[place] ^= 1;
        fs::write(&path, &bytes).unwrap();
        resume(adam(), &bowl, &path, &["damaged"]);
    }
    let edited = |edit: &dyn Fn(&mut TensorFile), expected: &[&str]| {
        let mut file = TensorFile::from_bytes(&path, &good, KIND, "1").unwrap();
        edit(&mut file);
        file.metadata.remove("digest");
        let digest = format!("{:016x}", file.digest().unwrap());
        file.metadata.insert("digest".to_owned(), digest);
        fs::write(&path, file.to_bytes().unwrap()).unwrap();
        resume(adam(), &bowl, &path, expected);
    };
    let set = |key: &'static str, text: &'static str| {
        move |file: &mut TensorFile| drop(file.metadata.insert(key.to_owned(), text.to_owned()))
    };
    edited(
        &set("kind", "gibbs.garrote.model"),
        &["holds `gibbs.garrote.model`", KIND],
    );
    edited(&set("version", "2"), &["version `2`"]);
    edited(&set("program", "9.9.9"), &["program is 9.9.9"]);
    edited(&|file| drop(file.metadata.remove("seed")), &["seed", "missing"]);
    edited(&|file| drop(file.integers.remove("step")), &["step", "missing"]);
    edited(
        &|file| file.integers.get_mut("step").unwrap().values[0] = 3,
        &["losses", "[20]", "[3]"],
    );
    edited(
        &|file| drop(file.singles.remove("square/conv.bias")),
        &["square/conv.bias", "missing"],
    );
    edited(
        &|file| {
            let shape = vec![2];
            let values = vec![0.0; 2];
            file.singles.remove("mean/conv.bias");
            file.tensors
                .insert("mean/conv.bias".to_owned(), Tensor { shape, values });
        },
        &["mean/conv.bias", "type F64, expected F32"],
    );
}

#[test] // a moment beyond f32 is not kept, and the last good file stays
fn a_broken_state_is_not_written() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    let mut trainer = whole(nesterov());
    trainer.save(&path).unwrap();
    let good = fs::read(&path).unwrap();
    trainer.parameters[1][0] = f32::INFINITY;
    let message = trainer.save(&path).unwrap_err().to_string();
    assert!(message.contains("parameter/conv.bias"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), good);
}

#[test] // names are labels alone: what is minimised is found
fn the_bowl_is_emptied() {
    let never = AtomicBool::new(false);
    let mut bowl = Bowl::new(&never);
    bowl.noise = 0.0;
    let settings = Settings {
        steps: 400,
        schedule: Schedule {
            peak: 0.1,
            warm_up: 10,
            shape: Shape::Cosine { steps: 400, end: 0.0 },
        },
        method: Method::AdamW(adamw::Settings {
            decay: 0.0,
            ..adamw::Settings::default()
        }),
        ..adam()
    };
    let mut trainer = Trainer::new(settings, &bowl, start()).unwrap();
    let report = trainer.run(&mut bowl, work(&never), None).unwrap();
    assert!(report.loss < 1e-6, "{}", report.loss);
    for (tensor, values) in trainer.parameters().iter().enumerate() {
        assert!(values.iter().all(|value| (value - tensor as f32).abs() < 1e-3));
    }
}
