//! Long work: counted for the user, stopped when asked, kept so that a later run goes on to the same bits.
//!
//! Two shapes serve everything. A loop over one state, step after step ([`Work::advance`]); and parts that do not depend on
//! each other, such as folds, replicas and reads ([`Work::parts`]), which run in parallel and are handed over in order
//! ([`Work::in_turn`] where each needs all of the machine, or keeps work of its own).
//! Taken back from a [`Keeper`] or computed anew, a state and a part have the same bits, so the result depends neither on
//! threads nor on interruptions. What is kept stands under the name of the task, behind that of the scope.

use crate::keep::{KeepError, Keeper, Part, Resumable, Shelf};
use crate::progress::{Progress, Silent};
use crate::refusal::{Kind, Place, Refusal};
use rayon::prelude::*;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

/// Why work ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Stopped {
    /// Stopped by the user.
    #[error("{}", interrupted(*done, *total, kept.as_deref()))]
    Interrupted {
        /// Steps or parts done.
        done: u64,
        /// Steps or parts in all.
        total: u64,
        /// The file of the kept run, if it is kept.
        kept: Option<PathBuf>,
    },
    /// The run cannot be kept, or cannot go on.
    #[error(transparent)]
    Keep(#[from] KeepError),
}

fn interrupted(done: u64, total: u64, kept: Option<&std::path::Path>) -> String {
    match kept {
        // Of a search nobody knows how long it will be.
        Some(path) if total == 0 => format!(
            "interrupted: what is done is kept in {}\nhint: go on with --resume",
            path.display()
        ),
        Some(path) => format!(
            "interrupted: {done} of {total} are done and kept in {}\nhint: go on with --resume",
            path.display()
        ),
        None => {
            "interrupted; nothing was kept\nhint: where a verb takes --out DIR it can go on later".to_owned()
        }
    }
}

impl Stopped {
    /// Stopped by the user, somewhere inside; the loop around it knows how far it was.
    pub const INSIDE: Self = Self::Interrupted {
        done: 0,
        total: 0,
        kept: None,
    };
}

impl Refusal for Stopped {
    fn kind(&self) -> Kind {
        match self {
            Self::Interrupted { .. } => Kind::Interrupted,
            Self::Keep(error) => error.kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Interrupted { .. } => "interrupted",
            Self::Keep(error) => error.code(),
        }
    }

    fn place(&self) -> Place {
        match self {
            Self::Interrupted { done, total, kept } => Place {
                checkpoint: kept.clone(),
                progress: kept.as_ref().map(|_| (*done, *total)),
                ..Place::default()
            },
            Self::Keep(error) => error.place(),
        }
    }
}

/// What long work tells, who may stop it, and where it is kept.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// Receives the advance.
    pub progress: &'a dyn Progress,
    /// True once the user wants to stop.
    pub interrupted: &'a AtomicBool,
    /// The kept run, if there is one.
    pub keeper: Option<&'a Keeper>,
    /// Stands before the names of tasks in the kept run: work inside other work has its own.
    pub scope: &'a str,
}

impl Work<'static> {
    /// Silent, to the end, nothing kept.
    pub fn plain() -> Self {
        static NEVER: AtomicBool = AtomicBool::new(false);
        Self::new(&Silent, &NEVER)
    }
}

impl<'a> Work<'a> {
    /// Work that nobody keeps.
    pub fn new(progress: &'a dyn Progress, interrupted: &'a AtomicBool) -> Self {
        Self {
            progress,
            interrupted,
            keeper: None,
            scope: "",
        }
    }

    /// The same work, what it keeps under `scope`.
    #[must_use]
    pub fn within<'b>(self, scope: &'b str) -> Work<'b>
    where
        'a: 'b,
    {
        Work { scope, ..self }
    }

    /// The name of what a task keeps.
    pub(crate) fn place(&self, task: &str) -> String {
        if self.scope.is_empty() {
            task.to_owned()
        } else {
            format!("{}/{task}", self.scope)
        }
    }

    fn is_interrupted(&self) -> bool {
        self.interrupted.load(Ordering::SeqCst)
    }

    /// Ends the work when the user asked for it: to be called at least twice a second.
    ///
    /// # Errors
    /// `Interrupted`.
    pub fn check(&self) -> Result<(), Stopped> {
        if self.is_interrupted() {
            Err(Stopped::INSIDE)
        } else {
            Ok(())
        }
    }

    /// Steps `state` until `total` steps are done, from where it was kept; keeps it now and then, and when stopped.
    ///
    /// A step that ends with an error while the user wants to stop counts as not done: `step` must then have left the state
    /// as it was before. A step keeps nothing itself: it would be written without this state, and be taken for the work of
    /// another step.
    ///
    /// # Errors
    /// `Interrupted`, with the steps that are done; the first error of `step`; `Keep` when the kept state does not fit or
    /// cannot be written when stopped.
    pub fn advance<S: Resumable, E: From<Stopped>>(
        &self,
        task: &str,
        total: u64,
        state: &mut S,
        mut step: impl FnMut(&mut S) -> Result<(), E>,
    ) -> Result<(), E> {
        let place = self.place(task);
        if let Some(keeper) = self.keeper {
            keeper.recall(&place, state).map_err(Stopped::from)?;
        }
        self.progress.begin(task, total);
        self.progress.advance(state.done().min(total));
        while state.done() < total {
            let before = state.done();
            let stepped = self.check().map_err(E::from).and_then(|()| step(state));
            if let Err(error) = stepped {
                return Err(self.ended(task, &place, state, total, error));
            }
            self.progress.advance(state.done() - before);
            if let Some(keeper) = self.keeper
                && keeper.is_due()
                && let Err(error) = keeper.write_with(&place, state)
            {
                self.progress.note(&format!("not kept: {error}"));
            }
        }
        if let Some(keeper) = self.keeper {
            keeper.settle(&place, state);
        }
        self.progress.end(&format!("{task}: done"));
        Ok(())
    }

    /// The error of a loop that ended early: its own, or how far it was when the user stopped it.
    fn ended<S: Resumable, E: From<Stopped>>(
        &self,
        task: &str,
        place: &str,
        state: &S,
        total: u64,
        error: E,
    ) -> E {
        if !self.is_interrupted() {
            self.progress.end(&format!("{task}: failed"));
            return error;
        }
        self.progress.end(&format!("{task}: interrupted"));
        let written = self.keeper.map(|keeper| keeper.write_with(place, state));
        match written {
            Some(Err(failure)) => E::from(failure.into()),
            _ => E::from(Stopped::Interrupted {
                done: state.done(),
                total,
                kept: self.keeper.map(|keeper| keeper.path().to_owned()),
            }),
        }
    }

    /// Parts 0..`count`, in order: kept ones, or made by `make`.
    ///
    /// # Errors
    /// The first error of `make`; `Interrupted`, with the parts that are done; `Keep` when a kept part does not fit.
    pub fn parts<P: Part, E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        make: impl Fn(usize) -> Result<P, E> + Sync,
    ) -> Result<Vec<P>, E> {
        self.staged(task, count, 1, |index, _, part: &mut Option<P>| {
            *part = Some(make(index)?);
            Ok(())
        })
        .map(|parts| parts.into_iter().flatten().collect())
    }

    /// Parts 0..`count`, in order, each advanced through `stages` stages by `advance(index, stage, part)`, from the default
    /// or from where it was kept.
    ///
    /// # Errors
    /// As [`Self::parts`].
    pub fn staged<P: Part + Default, E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        stages: u64,
        advance: impl Fn(usize, u64, &mut P) -> Result<(), E> + Sync,
    ) -> Result<Vec<P>, E> {
        self.staged_while(task, count, stages, |_| true, advance)
    }

    /// As [`Self::staged`], where parts begin in their order, those that `begins` says: the parts before the first that
    /// did not.
    ///
    /// # Errors
    /// As [`Self::parts`].
    pub fn staged_while<P: Part + Default, E: From<Stopped> + Send>(
        &self,
        task: &str,
        count: usize,
        stages: u64,
        begins: impl Fn(usize) -> bool + Sync,
        advance: impl Fn(usize, u64, &mut P) -> Result<(), E> + Sync,
    ) -> Result<Vec<P>, E> {
        self.progress.begin(task, count as u64 * stages);
        let [next, finished] = [const { AtomicUsize::new(0) }; 2];
        let one = |_| -> Result<(usize, Option<P>), E> {
            // Whichever thread is free takes the next one.
            let index = next.fetch_add(1, Ordering::Relaxed);
            if !begins(index) {
                return Ok((index, None));
            }
            let part = self.part(task, index, stages, |stage, part| advance(index, stage, part))?;
            finished.fetch_add(1, Ordering::Relaxed);
            Ok((index, Some(part)))
        };
        let parts: Result<Vec<_>, E> = (0..count).into_par_iter().map(one).collect();
        let in_order = |mut parts: Vec<(usize, Option<P>)>| {
            parts.sort_unstable_by_key(|part| part.0);
            parts.into_iter().map_while(|part| part.1).collect()
        };
        self.all(task, count, finished.into_inner(), parts.map(in_order))
    }

    /// Parts 0..`count` one after the other, in this thread: kept ones, or made by `make`. What `make` keeps inside must
    /// stand under a scope of that part alone.
    ///
    /// # Errors
    /// As [`Self::parts`].
    pub fn in_turn<P: Part, E: From<Stopped>>(
        &self,
        task: &str,
        count: usize,
        mut make: impl FnMut(usize) -> Result<P, E>,
    ) -> Result<Vec<P>, E> {
        self.progress.begin(task, count as u64);
        let mut finished = 0;
        let mut one = |index: usize| -> Result<Option<P>, E> {
            let part = self.part(task, index, 1, |_, part: &mut Option<P>| {
                *part = Some(make(index)?);
                Ok::<(), E>(())
            })?;
            finished += 1;
            Ok(part)
        };
        let parts: Result<Vec<Option<P>>, E> = (0..count).map(&mut one).collect();
        let parts = self.all(task, count, finished, parts)?;
        Ok(parts.into_iter().flatten().collect())
    }

    /// One part, from the default or from where it was kept.
    fn part<P: Part + Default, E: From<Stopped>>(
        &self,
        task: &str,
        index: usize,
        stages: u64,
        mut advance: impl FnMut(u64, &mut P) -> Result<(), E>,
    ) -> Result<P, E> {
        let place = self.place(&format!("{task}/{index}"));
        let kept: Option<Stage<P>> = match self.keeper {
            Some(keeper) => keeper.part(&place).map_err(Stopped::from)?,
            None => None,
        };
        let Stage { mut done, mut part } = kept.unwrap_or_default();
        self.progress.advance(done.min(stages));
        while done < stages {
            self.check()?;
            advance(done, &mut part)?;
            done += 1;
            self.progress.advance(1);
            let stage = Stage { done, part };
            if let Some(keeper) = self.keeper
                && let Err(error) = keeper.keep(&place, &stage)
            {
                self.progress.note(&format!("not kept: {error}"));
            }
            part = stage.part;
        }
        Ok(part)
    }

    /// All parts, or why they are not there; what is done is written when the user stopped them.
    fn all<P, E: From<Stopped>>(
        &self,
        task: &str,
        count: usize,
        finished: usize,
        parts: Result<Vec<P>, E>,
    ) -> Result<Vec<P>, E> {
        match parts {
            Ok(parts) => {
                self.progress.end(&format!("{task}: done"));
                Ok(parts)
            }
            Err(_) if self.is_interrupted() => {
                self.progress.end(&format!("{task}: interrupted"));
                if let Some(keeper) = self.keeper {
                    keeper.write().map_err(Stopped::from)?;
                }
                Err(E::from(Stopped::Interrupted {
                    done: finished as u64,
                    total: count as u64,
                    kept: self.keeper.map(|keeper| keeper.path().to_owned()),
                }))
            }
            Err(error) => {
                self.progress.end(&format!("{task}: failed"));
                Err(error)
            }
        }
    }

    /// Forgets what was kept of this task: what comes of it is kept elsewhere.
    pub fn forget(&self, task: &str) {
        if let Some(keeper) = self.keeper {
            keeper.forget(&self.place(task));
        }
    }
}

/// A part and how many of its stages are done.
#[derive(Default)]
struct Stage<P> {
    done: u64,
    part: P,
}

impl<P: Part> Part for Stage<P> {
    fn put(&self, shelf: &mut Shelf<'_>) {
        shelf.list("stages", vec![self.done]);
        self.part.put(shelf);
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        let [done] = shelf.take_counts("stages")?;
        let part = P::take(shelf)?;
        Ok(Self { done, part })
    }
}

impl<P: Part> Part for Option<P> {
    fn put(&self, shelf: &mut Shelf<'_>) {
        if let Some(part) = self {
            part.put(shelf);
        }
    }

    fn take(shelf: &mut Shelf<'_>) -> Result<Self, KeepError> {
        P::take(shelf).map(Some)
    }
}

#[cfg(test)]
pub(crate) mod testing;
#[cfg(test)]
mod tests;
