//! Runs: the same bits however often they are stopped, and what they refuse.

use crate::keep::{Identity, Keeper, Wish};
use crate::progress::Silent;
use crate::train::{Method, Objective, Schedule, Settings, Shape, TrainError, Trainer, adamw, ema, sgd};
use crate::work::testing::stopped_every;
use crate::work::{Stopped, Work};
use gibbs_core::random::{normal, stream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

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
    let report = trainer.run(&mut bowl, &work(&never)).unwrap();
    assert_eq!((report.steps, report.window), (20, 4));
    assert_eq!(report.loss, trainer.losses()[19]);
    assert_eq!(report.mean, trainer.losses()[16..].iter().sum::<f64>() / 4.0);
    assert!(report.steps_per_second > 0.0 && report.norm.unwrap() > 0.0);
    trainer
}

// stopped after every number of steps, once and again and again
#[test] // law: train
fn a_resumed_run_ends_in_the_same_bits() {
    let never = AtomicBool::new(false);
    for settings in [adam(), nesterov()] {
        let expected = whole(settings.clone());
        assert_ne!(expected.losses()[0], expected.losses()[19]);
        for stride in 1..20 {
            let (found, stops) = stopped_every(stride, |work| {
                let mut bowl = Bowl::new(&never);
                let mut trainer = Trainer::new(settings.clone(), &bowl, start())?;
                trainer.run(&mut bowl, work)?;
                Ok::<_, TrainError>(bits(&trainer))
            });
            assert_eq!(
                stops,
                20 / stride - u64::from(20 % stride == 0),
                "stride {stride}"
            );
            assert_eq!(found, bits(&expected), "stride {stride}");
        }
    }
}

/// The run of these settings in a folder, gone on with what is kept there.
fn kept(folder: &Path, settings: Settings, bowl: &mut Bowl<'_>, wish: Wish) -> Result<Trainer, TrainError> {
    let never = AtomicBool::new(false);
    let mut trainer = Trainer::new(settings, bowl, start())?;
    let identity = trainer.identify(Identity::new("test.train", 5));
    let keeper = Keeper::open(folder, &identity, wish).map_err(Stopped::from)?;
    let work = Work {
        keeper: Some(&keeper),
        ..work(&never)
    };
    trainer.run(bowl, &work)?;
    keeper.write().map_err(Stopped::from)?;
    Ok(trainer)
}

#[test] // a run that is done is the beginning of a longer one
fn runs_can_be_prolonged() {
    let folder = tempfile::tempdir().unwrap();
    let never = AtomicBool::new(false);
    let mut bowl = Bowl::new(&never);
    let short = Settings { steps: 7, ..adam() };
    let first = kept(folder.path(), short.clone(), &mut bowl, Wish::Unsaid).unwrap();
    assert_eq!(first.steps(), 7);
    let mut second = kept(folder.path(), adam(), &mut bowl, Wish::Resume).unwrap();
    assert_eq!(bits(&second), bits(&whole(adam())));
    let done = second.run(&mut bowl, &work(&never)).unwrap();
    assert_eq!((done.steps, done.steps_per_second), (20, 0.0));
    // It cannot be made shorter.
    let refused = kept(folder.path(), short, &mut bowl, Wish::Resume).unwrap_err();
    assert!(
        refused.to_string().contains("7, but the kept run has done 20"),
        "{refused}"
    );
}

#[test] // the clip is felt, the average lags behind, no average is the parameters
fn the_parts_are_joined() {
    let first = |settings: Settings| {
        let never = AtomicBool::new(false);
        let mut bowl = Bowl::new(&never);
        bowl.noise = 0.0;
        let settings = Settings { steps: 1, ..settings };
        let mut trainer = Trainer::new(settings, &bowl, start()).unwrap();
        let report = trainer.run(&mut bowl, &work(&never)).unwrap();
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
            let message = trainer.run(&mut bowl, &work(&never)).unwrap_err().to_string();
            assert!(expected.iter().all(|part| message.contains(part)), "{message}");
            // The step left no trace: without the trouble the run ends as it would have.
            assert_eq!(trainer.steps(), 6);
            bowl.spoil = None;
            trainer.run(&mut bowl, &work(&never)).unwrap();
            assert_eq!(bits(&trainer), bits(&whole(settings)));
        }
    }
}

#[test]
fn an_interrupted_run_without_a_file_says_so() {
    let stop = AtomicBool::new(true);
    let mut bowl = Bowl::new(&stop);
    let mut trainer = Trainer::new(adam(), &bowl, start()).unwrap();
    let stopped = trainer.run(&mut bowl, &work(&stop)).unwrap_err();
    assert!(
        stopped.to_string().starts_with("interrupted; nothing was kept"),
        "{stopped}"
    );
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

#[test] // edge: train
fn a_kept_run_of_other_settings_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let never = AtomicBool::new(false);
    let mut bowl = Bowl::new(&never);
    kept(folder.path(), adam(), &mut bowl, Wish::Unsaid).unwrap();
    let slow = adamw::Settings {
        first: 0.8,
        ..adamw::Settings::default()
    };
    let slow = Settings {
        method: Method::AdamW(slow),
        ..adam()
    };
    let constant = Settings {
        schedule: Schedule::constant(0.1),
        ..adam()
    };
    let unclipped = Settings { clip: None, ..adam() };
    let alone = Settings {
        average: None,
        ..adam()
    };
    for (settings, expected) in [
        (slow, ["optimiser", "0.8"]),
        (nesterov(), ["optimiser", "Sgd"]),
        (constant, ["rate", "warm_up: 3"]),
        (unclipped, ["clip", "None"]),
        (alone, ["average", "0.999"]),
    ] {
        let refused = kept(folder.path(), settings, &mut bowl, Wish::Resume)
            .unwrap_err()
            .to_string();
        assert!(expected.iter().all(|part| refused.contains(part)), "{refused}");
    }
    let mut louder = Bowl::new(&never);
    louder.noise = 0.5;
    let refused = kept(folder.path(), adam(), &mut louder, Wish::Resume).unwrap_err();
    assert!(
        refused.to_string().contains("objective bowl, noise 0.3"),
        "{refused}"
    );
    // Tensors of other names or shapes are not taken for its own.
    let mut renamed = Bowl::new(&never);
    renamed.names[0] = "linear.weight".to_owned();
    let mut turned = Bowl::new(&never);
    turned.shapes[0] = vec![2, 3];
    for (mut bowl, expected) in [
        (renamed, "parameter/linear.weight"),
        (turned, "parameter/conv.weight"),
    ] {
        let refused = kept(folder.path(), adam(), &mut bowl, Wish::Resume).unwrap_err();
        assert!(refused.to_string().contains(expected), "{refused}");
    }
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
    let report = trainer.run(&mut bowl, &work(&never)).unwrap();
    assert!(report.loss < 1e-6, "{}", report.loss);
    for (tensor, values) in trainer.parameters().iter().enumerate() {
        assert!(values.iter().all(|value| (value - tensor as f32).abs() < 1e-3));
    }
}
