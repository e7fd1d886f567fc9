//! Answers there and back; bases and edits stopped after every few passes end in the bits of a run that was left alone.
//!
//! Mutations seen red: questions not compared; the parts of another run left where a new one begins; a stop that writes
//! nothing; the point left out of the question to its Jacobian.

use super::*;
use crate::diffusion::eps::Guidance as Told;
use crate::diffusion::folder::{LoadOptions, ModelFolder, SchedulerConfig};
use crate::diffusion::geometry::editing::{Edit, run as edit};
use crate::diffusion::geometry::{Boost, Geometry};
use crate::diffusion::model::Unet;
use crate::diffusion::pullback::edit::Guidance;
use crate::diffusion::pullback::krylov::Search;
use crate::diffusion::pullback::{GeometryError, PullbackError};
use crate::diffusion::sampling::drawn;
use crate::diffusion::schedule::NoiseSchedule;
use crate::progress::Progress;
use crate::work::Work;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use tempfile::TempDir;

const LONG: Duration = Duration::from_secs(3600);

fn ask(answers: &mut Answers, question: u64, length: usize, value: f32) -> Result<Vec<f32>, DiffusionError> {
    let mut out = vec![0.0; length];
    answers.answer(question, &mut out, |out| {
        out.fill(value);
        Ok::<(), DiffusionError>(())
    })?;
    Ok(out)
}

fn open(folder: &Path, run: &str, pause: Duration, resume: bool) -> Answers {
    Answers::open(folder, run, pause, resume).unwrap()
}

#[test]
fn answers_come_again_in_order_and_then_anew() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path().join("run.checkpoint");
    // Without a pause each answer is a part of its own, but for the last.
    let mut first = open(&folder, "net", Duration::ZERO, true);
    for at in 0..3 {
        ask(&mut first, at, at as usize, at as f32).unwrap();
    }
    assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 3);
    first.flush().unwrap();
    drop(first);
    let mut second = open(&folder, "net", LONG, true);
    for at in 0..3 {
        // Not asked of the net.
        let answer = ask(&mut second, at, at as usize, f32::NAN).unwrap();
        assert_eq!(answer, vec![at as f32; at as usize]);
    }
    assert_eq!(ask(&mut second, 3, 2, 7.0).unwrap(), [7.0, 7.0]);
    second.flush().unwrap();
    drop(second);
    let mut third = open(&folder, "net", LONG, true);
    for at in 0..4 {
        ask(&mut third, at, [0, 1, 2, 2][at as usize], f32::NAN).unwrap();
    }
    assert_eq!((third.count(), third.chapter()), (4, 0));
    third.remove();
    assert!(!folder.exists());
}

#[test]
fn another_run_is_refused_and_a_new_one_forgets() {
    let dir = TempDir::new().unwrap();
    let folder = dir.path();
    let mut first = open(folder, "net", LONG, false);
    ask(&mut first, 1, 2, 1.0).unwrap();
    ask(&mut first, 2, 2, 2.0).unwrap();
    first.flush().unwrap();
    for (question, length) in [(3, 2), (1, 3)] {
        let refused = ask(&mut open(folder, "net", LONG, true), question, length, 0.0).unwrap_err();
        let words = refused.to_string();
        assert!(
            matches!(refused, DiffusionError::Other { .. }) && words.contains("was asked for"),
            "{words}"
        );
    }
    let other = Answers::open(folder, "another net", LONG, true).unwrap_err();
    assert!(
        matches!(other, DiffusionError::Other { what: "run", .. }),
        "{other}"
    );
    // A part that was changed after it was written.
    let part = folder.join("part-000001.safetensors");
    let mut bytes = std::fs::read(&part).unwrap();
    let last = bytes.len() - 2;
    bytes[last] ^= 1;
    std::fs::write(&part, bytes).unwrap();
    let refused = ask(&mut open(folder, "net", LONG, true), 1, 2, 0.0).unwrap_err();
    assert!(refused.to_string().contains("damaged"), "{refused}");
    let mut anew = open(folder, "another net", LONG, false);
    assert_eq!(std::fs::read_dir(folder).unwrap().count(), 1);
    assert_eq!(ask(&mut anew, 1, 2, 5.0).unwrap(), [5.0, 5.0]);
}

#[test]
fn a_chapter_begins_empty_and_its_number_is_kept() {
    let dir = TempDir::new().unwrap();
    let mut first = open(dir.path(), "net", Duration::ZERO, false);
    for at in 0..3 {
        ask(&mut first, at, 1, 1.0).unwrap();
    }
    first.turn().unwrap();
    ask(&mut first, 9, 1, 9.0).unwrap();
    first.flush().unwrap();
    let mut second = open(dir.path(), "net", LONG, true);
    assert_eq!(second.chapter(), 1);
    assert_eq!(ask(&mut second, 9, 1, 0.0).unwrap(), [9.0]);
}

#[test]
fn what_is_not_finite_is_not_kept() {
    let dir = TempDir::new().unwrap();
    let mut first = open(dir.path(), "net", LONG, false);
    assert!(ask(&mut first, 1, 1, f32::NAN).unwrap()[0].is_nan());
    first.flush().unwrap();
    assert_eq!(
        ask(&mut open(dir.path(), "net", LONG, true), 1, 1, 3.0).unwrap(),
        [3.0]
    );
}

/// A basis, or an edit with bases, of the net `legacy`: all the bits that come out.
fn result(latent: &mut Geometry<'_>, edited: bool) -> Result<Vec<f32>, PullbackError<DiffusionError>> {
    let t = 300.0;
    let mut x = drawn(0, 1, 64);
    let hops = latent
        .schedule()
        .way(None, Some(t), 5)
        .map_err(PullbackError::Operator)?;
    latent.sample(&mut x, &hops).map_err(PullbackError::Operator)?;
    let search = Search {
        limit: 5,
        ..Search::new(2)
    };
    let basis = latent.basis(&x, t, &search)?;
    if !edited {
        return Ok([basis.v, basis.u].concat());
    }
    let what = Edit {
        guidance: Guidance {
            steps: 2,
            ..Guidance::new(1.0)
        },
        shoot: Some(search),
        keep_contrast: true,
    };
    let hops = latent
        .schedule()
        .way(Some(t), None, 10)
        .map_err(PullbackError::Operator)?;
    latent.boost(Some(Boost {
        below: 200.0,
        seed: 4,
    }));
    let direction = basis.direction(0).map_err(GeometryError::widen)?;
    let edited = edit(latent, &x, t, direction, &what, &hops)?;
    Ok([edited.x, edited.original, edited.edited].concat())
}

/// The user who stops a run once it has advanced by so much.
struct Impatient<'a> {
    left: AtomicU64,
    interrupted: &'a AtomicBool,
}

impl Progress for Impatient<'_> {
    fn begin(&self, _: &str, _: u64) {}
    fn advance(&self, steps: u64) {
        if self.left.fetch_sub(steps, Ordering::SeqCst) == steps {
            self.interrupted.store(true, Ordering::SeqCst);
        }
    }
    fn end(&self, _: &str) {}
}

#[test] // a stop after every second step further, until the run is through
fn stopped_bases_and_edits_end_in_the_same_bits() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/unet/legacy");
    let checkpoint = ModelFolder::load(&folder, LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&checkpoint, None, 0).unwrap();
    let schedule = NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap();
    for edited in [false, true] {
        let whole = result(
            &mut Geometry::new(&unet, &schedule, Told::None, Work::plain()).unwrap(),
            edited,
        )
        .unwrap();
        let dir = TempDir::new().unwrap();
        let mut stops = 0;
        let resumed = loop {
            let interrupted = AtomicBool::new(false);
            let work = Work {
                progress: &Impatient {
                    left: AtomicU64::new(2 * (stops + 1)),
                    interrupted: &interrupted,
                },
                interrupted: &interrupted,
                keeper: None,
                scope: "",
            };
            let mut latent = Geometry::new(&unet, &schedule, Told::None, work).unwrap();
            latent.keep(open(dir.path(), "net", LONG, true));
            match result(&mut latent, edited) {
                Ok(found) => break found,
                Err(PullbackError::Operator(DiffusionError::Interrupted { done, .. })) => {
                    // An empty part of the start, and one of every stop.
                    let parts = std::fs::read_dir(dir.path()).unwrap().count() as u64;
                    assert!(done > stops && parts == stops + 2, "{done} {parts} {stops}");
                }
                Err(error) => panic!("{error}"),
            }
            stops += 1;
        };
        assert!(stops >= 3, "{stops}");
        assert!(resumed == whole, "{edited}");
    }
}

#[test] // the first block of a basis is the same everywhere, what J makes of it is not
fn a_basis_at_another_sample_or_time_is_refused() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/unet/legacy");
    let checkpoint = ModelFolder::load(&folder, LoadOptions::default()).unwrap();
    let unet = Unet::from_folder(&checkpoint, None, 0).unwrap();
    let schedule = NoiseSchedule::new(&SchedulerConfig::ddpm(1000)).unwrap();
    let dir = TempDir::new().unwrap();
    let basis = |sample: u64, t: f64, resume: bool| {
        let mut latent = Geometry::new(&unet, &schedule, Told::None, Work::plain()).unwrap();
        latent.keep(open(dir.path(), "net", Duration::ZERO, resume));
        latent.basis(&drawn(sample, 1, 64), t, &Search::new(2))
    };
    let whole = basis(1, 300.0, false).unwrap();
    assert_eq!(basis(1, 300.0, true).unwrap(), whole);
    for (sample, t) in [(2, 300.0), (1, 301.0)] {
        let refused = basis(sample, t, true).unwrap_err();
        assert!(
            matches!(refused, PullbackError::Operator(DiffusionError::Other { .. })),
            "{refused}"
        );
    }
}
