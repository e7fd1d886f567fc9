//! Long work in parts that do not depend on each other (folds, bootstrap replicas): run in parallel, counted
//! for the user, stopped when asked, and kept so that a later run can go on.
//!
//! A part is a list of numbers. Taken back from a [`Keeper`] or computed anew, it has the same bits, and the
//! parts are handed over in order, so the result depends neither on threads nor on interruptions.

use super::design::FitError;
use crate::progress::{Progress, Silent};
use rayon::prelude::*;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

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
    pub fn check(&self) -> Result<(), FitError> {
        if self.interrupted.load(Ordering::SeqCst) {
            Err(FitError::Interrupted)
        } else {
            Ok(())
        }
    }

    /// Parts 0..`count`, in order: recalled, or made by `make` and kept.
    ///
    /// # Errors
    /// The first error of `make`; `Interrupted`; `Keep` when a part cannot be kept.
    pub fn parts(
        &self,
        task: &str,
        count: usize,
        make: impl Fn(usize) -> Result<Vec<f64>, FitError> + Sync,
    ) -> Result<Vec<Vec<f64>>, FitError> {
        self.progress.begin(task, count as u64);
        let part = |index| {
            self.check()?;
            let kept = self.keeper.and_then(|keeper| keeper.recall(index));
            let part = match kept {
                Some(part) => part,
                None => self.kept(index, make(index)?)?,
            };
            self.progress.advance(1);
            Ok(part)
        };
        let parts = (0..count).into_par_iter().map(part).collect();
        let how = match &parts {
            Ok(_) => "done",
            Err(FitError::Interrupted) => "interrupted",
            Err(_) => "failed",
        };
        self.progress.end(&format!("{task}: {how}"));
        parts
    }

    fn kept(&self, index: usize, part: Vec<f64>) -> Result<Vec<f64>, FitError> {
        if let Some(keeper) = self.keeper {
            let kept = keeper.keep(index, &part);
            kept.map_err(|error| FitError::Keep(error.to_string()))?;
        }
        Ok(part)
    }
}
