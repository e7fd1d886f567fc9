//! Meant to be seen: the state not written when stopped; `done` not kept; a part recalled under another index; the
//! file written without its seal.
use super::*;
use crate::keep::{Identity, Wish};
use std::path::Path;

fn open(folder: &Path, wish: Wish) -> Keeper {
    Keeper::open(folder, &Identity::new("test.work", 7), wish).unwrap()
}

fn work<'a>(keeper: &'a Keeper, stop: &'a AtomicBool) -> Work<'a> {
    Work {
        keeper: Some(keeper),
        ..Work::new(&Silent, stop)
    }
}

#[test] // stopped after every single stage, then whole: the same numbers
fn stages_go_on_where_they_stopped() {
    let advance = |index: usize, stage: u64, part: &mut Vec<f64>| {
        part.push(10.0 * index as f64 + stage as f64);
        Ok::<(), Stopped>(())
    };
    let whole = Work::plain().staged("t", 3, 4, advance).unwrap();
    assert_eq!(whole[2], [20.0, 21.0, 22.0, 23.0]);
    let folder = tempfile::tempdir().unwrap();
    let (mut stops, mut wish) = (0, Wish::Unsaid);
    let resumed = loop {
        let keeper = open(folder.path(), wish);
        let stop = AtomicBool::new(false);
        let once = |index: usize, stage: u64, part: &mut Vec<f64>| {
            stop.store(true, Ordering::SeqCst);
            advance(index, stage, part)
        };
        match work(&keeper, &stop).staged("t", 3, 4, once) {
            Ok(parts) => break parts,
            Err(Stopped::Interrupted { total, kept, .. }) => {
                assert_eq!(total, 3);
                assert_eq!(kept.as_deref(), Some(keeper.path()));
            }
            Err(other) => panic!("{other}"),
        }
        (stops, wish) = (stops + 1, Wish::Resume);
    };
    assert_eq!(resumed, whole);
    assert!(stops >= 3, "{stops}");
}

/// Sums 0 + 1 + 2 + ...
#[derive(Default)]
struct Sum {
    done: u64,
    sum: f64,
}

impl Resumable for Sum {
    fn done(&self) -> u64 {
        self.done
    }

    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("done", vec![self.done]);
        shelf.bits("sum", &[self.sum]);
    }

    fn take(&mut self, shelf: &mut Shelf<'_>) -> Result<(), KeepError> {
        [self.done] = shelf.take_counts("done")?;
        self.sum = shelf.take_bits("sum")?[0];
        Ok(())
    }
}

#[test] // stopped after every step; a loop after it begins where the first one ended
fn a_loop_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let mut wish = Wish::Unsaid;
    for stops in 0_u32.. {
        let keeper = open(folder.path(), wish);
        wish = Wish::Resume;
        let stop = AtomicBool::new(false);
        let mut state = Sum::default();
        let step = |sum: &mut Sum| {
            stop.store(true, Ordering::SeqCst);
            sum.sum += sum.done as f64;
            sum.done += 1;
            Ok::<(), Stopped>(())
        };
        match work(&keeper, &stop).advance("sum", 5, &mut state, step) {
            Ok(()) => {
                // The fifth step ends the loop: nothing is left to stop.
                assert_eq!((stops, state.done, state.sum), (4, 5, 10.0));
                return;
            }
            Err(Stopped::Interrupted { done, total, .. }) => {
                assert_eq!((done, total), (u64::from(stops) + 1, 5));
            }
            Err(other) => panic!("{other}"),
        }
    }
}

#[test] // two scopes do not meet
fn scopes_are_apart() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = open(folder.path(), Wish::Unsaid);
    let stop = AtomicBool::new(false);
    let work = work(&keeper, &stop);
    let part = |value: f64| move |_| Ok::<_, Stopped>(vec![value]);
    assert_eq!(work.within("a").parts("t", 1, part(1.0)).unwrap(), [[1.0]]);
    assert_eq!(work.within("b").parts("t", 1, part(2.0)).unwrap(), [[2.0]]);
    let never = |_| Err::<Vec<f64>, _>(Stopped::INSIDE);
    assert_eq!(work.within("a").parts("t", 1, never).unwrap(), [[1.0]]);
    work.within("a").forget("t");
    assert_eq!(work.within("a").parts("t", 1, part(3.0)).unwrap(), [[3.0]]);
}

#[test] // a full disk in between does not end the work
#[cfg(unix)]
fn a_folder_that_vanishes_does_not_end_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let keeper = open(folder.path(), Wish::Unsaid);
    let stop = AtomicBool::new(false);
    std::fs::remove_dir_all(folder.path()).unwrap();
    let parts = work(&keeper, &stop).parts("t", 2, |index| Ok::<_, Stopped>(vec![index as f64]));
    assert_eq!(parts.unwrap(), [[0.0], [1.0]]);
}
