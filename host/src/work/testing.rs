//! Work that is stopped again and again, for tests of what goes on.

use super::Work;
use crate::keep::{Identity, Keeper, Wish};
use crate::progress::Progress;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Asks the work to stop once so many steps are done, those of earlier runs among them.
struct Stopping {
    done: AtomicU64,
    limit: u64,
    stop: AtomicBool,
}

impl Progress for Stopping {
    fn begin(&self, _: &str, _: u64) {}

    fn advance(&self, steps: u64) {
        if self.done.fetch_add(steps, Ordering::SeqCst) + steps >= self.limit {
            self.stop.store(true, Ordering::SeqCst);
        }
    }

    fn end(&self, _: &str) {}
}

/// Runs `body` until it ends, stopped after every `steps` further steps, each time with what the run before has kept on
/// disk; gives its result and how often it was stopped.
pub(crate) fn stopped_every<T, E: std::fmt::Display>(
    steps: u64,
    body: impl Fn(&Work<'_>) -> Result<T, E>,
) -> (T, u64) {
    let folder = tempfile::tempdir().unwrap();
    let mut wish = Wish::Unsaid;
    for stops in 0.. {
        let keeper = Keeper::open(folder.path(), &Identity::new("test.stopped", 0), wish).unwrap();
        wish = Wish::Resume;
        let progress = Stopping {
            done: AtomicU64::new(0),
            limit: (stops + 1) * steps,
            stop: AtomicBool::new(false),
        };
        let work = Work {
            keeper: Some(&keeper),
            ..Work::new(&progress, &progress.stop)
        };
        match body(&work) {
            Ok(result) => return (result, stops),
            Err(error) => assert!(progress.stop.load(Ordering::SeqCst), "{error}"),
        }
    }
    unreachable!("a run that never ends")
}
