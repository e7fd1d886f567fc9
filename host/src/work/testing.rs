//! Work that is stopped again and again, for tests of what goes on.

use super::Work;
use crate::keep::{Identity, Keeper, Wish};
use crate::progress::Progress;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Asks the work to stop once so many steps are done, those of earlier runs among them.
struct Stopping {
    done: AtomicU64,
    limit: u64,
    stop: AtomicBool,
    /// The kept run, and its bytes when the work was asked to stop: all that a kill in this moment leaves.
    file: PathBuf,
    left: Mutex<Vec<u8>>,
}

impl Progress for Stopping {
    fn begin(&self, _: &str, _: u64) {}

    fn advance(&self, steps: u64) {
        let done = self.done.fetch_add(steps, Ordering::SeqCst) + steps;
        if done >= self.limit && !self.stop.load(Ordering::SeqCst) {
            *self.left.lock().unwrap() = std::fs::read(&self.file).unwrap();
            self.stop.store(true, Ordering::SeqCst);
        }
    }

    fn end(&self, _: &str) {}
}

/// Runs `body` until it ends, stopped after every `steps` further steps, each time with what the run before has kept on
/// disk; then the same with kills, which leave only what was written before, each time that something was kept. Gives the
/// result and how often it was stopped.
pub(crate) fn stopped_every<T: PartialEq, E: std::fmt::Display>(
    steps: u64,
    body: impl Fn(&Work<'_>) -> Result<T, E>,
) -> (T, u64) {
    let (killed, kills) = run(steps, true, &body);
    let (result, stops) = run(steps, false, &body);
    assert!(
        result == killed,
        "{steps} steps: killed runs differ from stopped ones"
    );
    (result, stops.min(kills))
}

fn run<T, E: std::fmt::Display>(
    steps: u64,
    killed: bool,
    body: impl Fn(&Work<'_>) -> Result<T, E>,
) -> (T, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut wish = Wish::Unsaid;
    for stops in 0.. {
        let keeper = Keeper::open(folder.path(), &Identity::new("test.stopped", 0), wish).unwrap();
        let keeper = if killed { keeper.eager() } else { keeper };
        wish = Wish::Resume;
        let progress = Stopping {
            done: AtomicU64::new(0),
            limit: (stops + 1) * steps,
            stop: AtomicBool::new(false),
            file: keeper.path().to_owned(),
            left: Mutex::default(),
        };
        let work = Work {
            keeper: Some(&keeper),
            ..Work::new(&progress, &progress.stop)
        };
        match body(&work) {
            Ok(result) => return (result, stops),
            Err(error) => assert!(progress.stop.load(Ordering::SeqCst), "{error}"),
        }
        if killed {
            std::fs::write(keeper.path(), &*progress.left.lock().unwrap()).unwrap();
        }
    }
    unreachable!("a run that never ends")
}
