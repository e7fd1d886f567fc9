//! Long work in parts that do not depend on each other (folds, bootstrap replicas): run in parallel, counted
//! for the user, stopped when asked, and kept so that a later run can go on.
//!
//! A part is a list of numbers. Taken back from a [`Keeper`] or computed anew, it has the same bits, and the
//! parts are handed over in order, so the result depends neither on threads nor on interruptions. A part may
//! have stages: it is kept, and can be stopped, after each.

use crate::progress::{Progress, Silent};
use rayon::prelude::*;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

/// Why work ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// A finished part could not be kept.
    #[error("cannot keep the finished part: {0}")]
    Keep(String),
    /// Stopped by the user.
    #[error("interrupted")]
    Interrupted,
}

/// Keeps finished parts.
pub trait Keeper: Sync {
    /// The part number `index`, if it is there.
    fn recall(&self, index: usize) -> Option<Vec<f64>>;
    /// Keeps a part.
    ///
    /// # Errors
    /// What the file system reports.
    fn keep(&self, index: usize, part: &[f64]) -> io::Result<()>;
}

/// What long work tells, and who may stop it.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Receives the advance.
    pub progress: &'a dyn Progress,
    /// True once the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// Where finished parts are kept, if anywhere.
    pub keeper: Option<&'a dyn Keeper>,
}

impl Work<'static> {
    /// Silent, to the end, nothing kept.
    pub fn plain() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self {
            progress: &Silent,
            interrupted: &NEVER,
            keeper: None,
        }
    }
}

impl Work<'_> {
    /// Ends the work when the user asked for it.
    ///
    /// # Errors
    /// `Interrupted`.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.interrupted.load(Ordering::SeqCst) {
            Err(Stopped::Interrupted)
        } else {
            Ok(())
        }
    }

    /// The part number `index`, if it was kept.
    pub fn recall(&self, index: usize) -> Option<Vec<f64>> {
        self.keeper.and_then(|keeper| keeper.recall(index))
    }

    /// Keeps a part, where parts are kept.
    ///
    /// # Errors
    /// `Keep`.
    pub fn keep(&self, index: usize, part: &[f64]) -> Result<(), Stopped> {
        let kept = self.keeper.map_or(Ok(()), |keeper| keeper.keep(index, part));
        kept.map_err(|error| Stopped::Keep(error.to_string()))
    }

    /// Parts 0..`count`, in order: recalled, or made by `make` and kept.
    ///
    /// # Errors
    /// The first error of `make`; `Interrupted`; `Keep` when a part cannot be kept.
    pub fn parts<E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        make: impl Fn(usize) -> Result<Vec<f64>, E> + Sync,
    ) -> Result<Vec<Vec<f64>>, E> {
        self.each(task, count, 1, |index| {
            let kept = self.recall(index);
            let part = match kept {
                Some(part) => part,
                None => self.kept(index, make(index)?)?,
            };
            self.progress.advance(1);
            Ok(part)
        })
    }

    /// Parts 0..`count`, in order, each advanced through `stages` stages by `advance(index, stage, part)`, from
    /// an empty list of numbers or from where it was kept.
    ///
    /// # Errors
    /// As [`Self::parts`].
    pub fn staged<E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        stages: usize,
        advance: impl Fn(usize, usize, &mut Vec<f64>) -> Result<(), E> + Sync,
    ) -> Result<Vec<Vec<f64>>, E> {
        self.each(task, count, stages, |index| {
            // The number of finished stages stands at the end.
            let mut part = self.recall(index).unwrap_or_default();
            let done = part.pop().unwrap_or(0.0) as usize;
            self.progress.advance(done.min(stages) as u64);
            for stage in done..stages {
                self.check()?;
                advance(index, stage, &mut part)?;
                part.push((stage + 1) as f64);
                self.keep(index, &part)?;
                part.pop();
                self.progress.advance(1);
            }
            Ok(part)
        })
    }

    fn kept(&self, index: usize, part: Vec<f64>) -> Result<Vec<f64>, Stopped> {
        self.keep(index, &part)?;
        Ok(part)
    }

    fn each<E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        stages: usize,
        part: impl Fn(usize) -> Result<Vec<f64>, E> + Sync,
    ) -> Result<Vec<Vec<f64>>, E> {
        self.progress.begin(task, count as u64 * stages as u64);
        let checked = |index| {
            self.check()?;
            part(index)
        };
        let parts = (0..count).into_par_iter().map(checked).collect();
        let how = match &parts {
            Ok(_) => "done",
            Err(_) if self.check().is_err() => "interrupted",
            Err(_) => "failed",
        };
        self.progress.end(&format!("{task}: {how}"));
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ising::testing::Memory;

    #[test] // stopped after every single stage, then whole: the same numbers
    fn stages_go_on_where_they_stopped() {
        let advance = |index: usize, stage: usize, part: &mut Vec<f64>| {
            part.push((10 * index + stage) as f64);
            Ok::<(), Stopped>(())
        };
        let whole = Work::plain().staged("t", 3, 4, advance).unwrap();
        assert_eq!(whole[2], [20.0, 21.0, 22.0, 23.0]);
        let memory = Memory::default();
        let mut stops = 0;
        let resumed = loop {
            memory.stop_after(1);
            match memory.work().staged("t", 3, 4, advance) {
                Ok(parts) => break parts,
                Err(stopped) => assert_eq!(stopped, Stopped::Interrupted),
            }
            stops += 1;
        };
        assert_eq!(resumed, whole);
        assert!(stops >= 3, "{stops}");
        // Nothing is done twice.
        memory.stop_after(usize::MAX);
        let again = memory
            .work()
            .staged("t", 3, 4, |_, _, _| Err(Stopped::Keep("again".to_owned())));
        assert_eq!(again.unwrap(), whole);
    }

    #[test]
    fn a_part_that_cannot_be_kept_ends_the_work() {
        struct Full;
        impl Keeper for Full {
            fn recall(&self, _: usize) -> Option<Vec<f64>> {
                None
            }
            fn keep(&self, _: usize, _: &[f64]) -> io::Result<()> {
                Err(io::Error::other("full"))
            }
        }
        let work = Work {
            keeper: Some(&Full),
            ..Work::plain()
        };
        let stopped = work.parts("t", 2, |_| Ok::<_, Stopped>(vec![1.0])).unwrap_err();
        assert_eq!(stopped, Stopped::Keep("full".to_owned()));
    }
}
